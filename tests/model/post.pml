/* post.pml - senders wait for space in a bounded mailbox, while the receiver takes, and a kill or the receiver's end comes between
 * (S10.2; post_from_actor and post_withdraw in runtime/sched/post.c, bounded_post, bounded_take, bounded_withdraw and
 * bounded_close in runtime/actor/bounded.c). What happens under the mailbox's lock is one step.
 *
 * Each sender sends SENT messages to a mailbox of one place; sender 0 may be killed. The receiver takes some of them, and ends.
 *
 * Holds: every sender ends; each attempt is accepted, failed or answered with the receiver's end, once; nothing of a sender comes
 * in after its end; nobody waits while there is space.
 *
 * Planted: BUG_APPEND_BLINDLY   a sender that found the mailbox full appends itself later without looking again
 * Planted: BUG_NO_WITHDRAW      a sender that is killed leaves its message waiting
 * Planted: BUG_CLOSE_FORGETS    the receiver's end does not answer who waits
 * Planted: BUG_ANY_ANSWER       a sender takes an answer to an earlier send of its own for that to this one
 */
#define SENDERS 2
#define SENT 2
#define TAKES 2

bool occupied = false, closed = false;
byte holds;                           /* whose message is in the mailbox */
chan waiting = [SENDERS] of { byte, byte };              /* sender, number of its send */
chan answers[SENDERS] = [SENDERS * SENT] of { byte, bool }; /* to which send; whether it came in */
bool killed = false, ended[SENDERS];
byte accepted = 0, failed = 0, refused = 0, attempts = 0;

proctype Sender(byte me) {
    byte n = 0, which;
    bool in, out = false;
    do
    :: n == SENT -> break
    :: n < SENT ->
        n++;
        attempts++;
        out = false;
        atomic {                      /* bounded_post */
            if
            :: closed -> refused++; out = true
            :: !closed && !occupied -> occupied = true; holds = me; accepted++; out = true
            :: else -> skip           /* POST_MUST_WAIT */
            fi
        }
        if
        :: out -> skip
        :: else ->                    /* the answer is made, and bounded_post tries again with it */
            atomic {
#ifndef BUG_APPEND_BLINDLY
                if
                :: closed -> refused++; out = true
                :: !closed && !occupied -> occupied = true; holds = me; accepted++; out = true
                :: else -> waiting ! me, n
                fi
#else
                waiting ! me, n
#endif
            }
        fi;
        do                            /* WAIT_ANSWER */
        :: out -> break
        :: !out && nempty(answers[me]) ->
            answers[me] ? which, in;
            if
#ifndef BUG_ANY_ANSWER
            :: which == n -> out = true
            :: else -> skip           /* apply_answer: another reference */
#else
            :: true -> assert(which == n); out = true
#endif
            fi
        :: !out && me == 0 && killed -> goto dies
        od;
        if
        :: me == 0 && killed -> goto dies
        :: else -> skip
        fi
    od;
dies:
    atomic {                          /* end_begin: post_withdraw */
#ifndef BUG_NO_WITHDRAW
        if
        :: !out && !closed && waiting ?? [eval(me), eval(n)] -> waiting ?? eval(me), eval(n); failed++
        :: else -> skip
        fi;
#endif
        ended[me] = true
    }
    /* its terminate callback may send again: what answers it must be an answer to that */
    if
    :: me == 0 && killed && n < SENT + 1 ->
        n++;
        attempts++;
        out = false;
        atomic {
            if
            :: closed -> refused++; out = true
            :: !closed && !occupied -> occupied = true; holds = SENDERS; accepted++; out = true
            :: else -> waiting ! me, n; ended[me] = false
            fi
        }
        do
        :: out -> break
        :: !out && nempty(answers[me]) ->
            answers[me] ? which, in;
            if
#ifndef BUG_ANY_ANSWER
            :: which == n -> out = true
            :: else -> skip
#else
            :: true -> assert(which == n); out = true
#endif
            fi
        od;
        ended[me] = true
    :: else -> skip
    fi
}

proctype Receiver() {
    byte taken = 0, who, n;
    bool tell;
    do
    :: taken == TAKES -> break
    :: taken < TAKES && occupied ->
        tell = false;
        atomic {                      /* bounded_take: the oldest sender's message comes in */
            occupied = false;
            taken++;
            if
            :: nempty(waiting) ->
                waiting ? who, n;
                assert(!ended[who]);
                occupied = true;
                holds = who;
                accepted++;
                tell = true
            :: empty(waiting) -> skip
            fi
        }
        if
        :: tell -> answers[who] ! n, true
        :: else -> skip
        fi
    :: true -> break                  /* it ends before */
    od;
    closed = true;                    /* end_now: bounded_close; who comes later finds it closed */
#ifndef BUG_CLOSE_FORGETS
    do
    :: nempty(waiting) -> atomic { waiting ? who, n; refused++ }; answers[who] ! n, false
    :: empty(waiting) -> break
    od
#endif
}

proctype Killer() { killed = true }

active proctype Check() {
    atomic {
        run Sender(0);
        run Sender(1);
        run Receiver();
        run Killer()
    }
    (_nr_pr == 1);
    assert(accepted + failed + refused == attempts);
    assert(empty(waiting))
}
