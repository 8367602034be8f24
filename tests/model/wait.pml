/* wait.pml - a message, the timeout and a kill contend for one wait (S2.10, S5.4, S5.6; handle_peek in runtime/api/receive.c,
 * receive_finish in runtime/sched/receive.h, worker_wait and worker_prepare in runtime/sched/worker.c, timer_fire in
 * runtime/sched/timer.c).
 *
 * A call is such a wait: its reply or DOWN, which lies apart from the mailbox (cold->answer), is the message.
 *
 * One home worker does all but the pushes: the actor's code, the timer, the inbox. The actor makes TIMED receives with a timeout,
 * and from then on waits for ever.
 *
 * Holds: a receive gives a message, or the end of its own time; the kill ends the actor, whatever it does.
 *
 * Planted: BUG_FLAG_STAYS       a message that ends a wait leaves the mark of a timer that has fired too
 * Planted: BUG_TIMER_STAYS      a message that ends a wait leaves its timer in the wheel
 * Planted: BUG_NO_DYING_CHECK   worker_wait does not ask whether what was taken in on the way has ended the actor
 */
#define TIMED 2
#define MESSAGES 2

mtype = { RUNNING, WAITING, READY, DONE, MESSAGE, KILL };
mtype state = RUNNING;
chan remote = [MESSAGES + 1] of { mtype };
bool idle = false, inbox = false;   /* the remote word says IDLE; the actor is in the inbox */
bool dying = false, timed_out = false, armed = false;
byte mail = 0, receive = 0, armed_for, fired_for;

proctype Sender(mtype what) {
    bool was_idle;
    atomic { remote ! what; was_idle = idle; idle = false }  /* mailbox_push_remote */
    if
    :: was_idle -> inbox = true                              /* deliver_remote */
    :: else -> skip
    fi
}

inline take_in() {                  /* deliver_pending; afterwards the word says idle if the actor waits */
    atomic {
        do
        :: remote ? MESSAGE -> mail++
        :: remote ? KILL -> dying = true
        :: empty(remote) -> break
        od;
        idle = (state == WAITING)
    }
}

inline sleeps() {                   /* mailbox_sleep: false if something was pushed */
    atomic {
        if
        :: empty(remote) -> idle = true; state = WAITING
        :: nempty(remote) -> skip
        fi
    }
}

inline finish() {                   /* receive_finish: ends the wait if it can */
    atomic {
        if
        :: mail > 0 ->
            mail--;
#ifndef BUG_FLAG_STAYS
            timed_out = false;
#endif
#ifndef BUG_TIMER_STAYS
            armed = false;          /* timer_disarm */
#endif
            receive++;
            state = RUNNING
        :: mail == 0 && timed_out ->
            assert(fired_for == receive); /* never the timer of another receive */
            timed_out = false;
            receive++;
            state = RUNNING
        :: else -> skip
        fi
    }
}

proctype Home() {
    do
    :: state == RUNNING ->          /* handle_peek */
        take_in();
        if
        :: mail > 0 && !dying -> mail--; receive++
        :: mail > 0 && dying -> state = DONE /* end_current */
        :: mail == 0 ->
            if
            :: receive < TIMED -> atomic { armed = true; armed_for = receive }
            :: else -> skip
            fi;
            do                      /* worker_wait, worker_wait_pending */
#ifndef BUG_NO_DYING_CHECK
            :: dying -> state = DONE; break
            :: !dying ->
#else
            :: true ->
#endif
                sleeps();
                if
                :: state == WAITING -> break
                :: else -> take_in(); finish()
                fi;
                if
                :: mail == 0 && state == RUNNING && !dying && !idle -> skip
                :: else -> break
                fi
            od
        fi
    :: state == WAITING && inbox -> /* worker_take_inbox, deliver_here */
        inbox = false;
        take_in();
        if
        :: mail > 0 || dying -> state = READY
        :: else -> skip
        fi
    :: (state == WAITING || state == READY) && armed -> /* timer_fire */
        atomic {
            armed = false;
            timed_out = true;
            fired_for = armed_for;
            if
            :: state == WAITING -> state = READY
            :: else -> skip
            fi
        }
    :: state == READY ->            /* worker_prepare */
        take_in();
        if
        :: dying -> state = DONE    /* end_begin */
        :: else ->
            finish();
            if
            :: state == READY -> sleeps() /* worker_sleeps_again */
            :: else -> skip
            fi
        fi
    :: state == DONE -> break
    od
}

init {
    byte i;
    atomic { run Home(); run Sender(KILL); for (i : 1 .. MESSAGES) { run Sender(MESSAGE) } }
}
