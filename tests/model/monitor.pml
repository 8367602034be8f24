/* monitor.pml - monitor, demonitor and is_alive cross the end of their target (S1.7, S2.8, S4.1 to S4.3; monitor_run and
 * demonitor_run in runtime/api/monitor.c, signal_put_off and apply_down in runtime/actor/signal.c, end_now in runtime/sched/end.c,
 * deliver_pending in runtime/sched/deliver.c).
 *
 * Each watcher sends MONITOR, then may send DEMONITOR, or asks ALIVE. The target is told to end at any moment; its terminate
 * callback then runs for a while, and it takes in signals meanwhile. After its end its home answers what still comes.
 *
 * Holds: one DOWN for each monitor, none after demonitor has returned; whoever has heard of the end, by DOWN or an answer, finds
 * the name free; every question is answered.
 *
 * Planted: BUG_ANSWER_AT_ONCE    requests that come when the end is certain are answered before the names are free
 * Planted: BUG_RETIRE_FIRST      end_now retires the pid, then releases the names
 */
#define WATCHERS 2

mtype = { MONITOR, DEMONITOR, ALIVE, DOWN, YES, NO };
chan target = [2 * WATCHERS + 1] of { mtype, byte };  /* its remote list */
chan late = [2 * WATCHERS] of { mtype, byte };        /* cold->late */
chan back[WATCHERS] = [4] of { mtype };               /* what comes back to a watcher, in order */
bool watched[WATCHERS];                               /* cold->watchers */
bool dead = false, named = true, dying = false;       /* dead: the pid is retired */
bool off[WATCHERS];                                   /* the watcher has demonitored */
byte finished = 0;

inline bounce(kind, who) {                            /* signal_bounce */
    if
    :: kind == MONITOR -> back[who] ! DOWN
    :: kind == ALIVE -> back[who] ! NO
    :: else -> skip
    fi
}

inline apply(kind, who) {                             /* signal_apply */
    if
    :: dying && kind != DEMONITOR ->
#ifdef BUG_ANSWER_AT_ONCE
        bounce(kind, who)
#else
        late ! kind(who)
#endif
    :: else ->
        if
        :: kind == MONITOR -> watched[who] = true
        :: kind == DEMONITOR -> watched[who] = false
        :: kind == ALIVE -> back[who] ! YES
        fi
    fi
}

proctype Home() {                                     /* the worker at which the target lives */
    mtype kind;
    byte who;
    do
    :: atomic { target ? kind(who) -> apply(kind, who) }
    :: !dying -> dying = true                         /* an exit signal, or its body returned */
    :: dying -> break                                 /* terminate has run */
    od;
#ifdef BUG_RETIRE_FIRST
    dead = true;
    named = false;
#else
    named = false;                                    /* registry_release */
    dead = true;                                      /* table_retire_pid */
#endif
    who = 0;
    do                                                /* tell_others */
    :: who < WATCHERS ->
        atomic {
            if
            :: watched[who] -> back[who] ! DOWN; watched[who] = false
            :: else -> skip
            fi;
            who++
        }
    :: else -> break
    od;
    do                                                /* signal_take_late */
    :: atomic { late ? kind(who) -> bounce(kind, who) }
    :: empty(late) -> break
    od;
end:
    do                                                /* what comes late: inbox_visit, deliver_pending */
    :: atomic { target ? kind(who) -> bounce(kind, who) }
    od
}

/* table_find, then the push; the pid may die in between. */
inline send(kind) {
    if
    :: dead -> bounce(kind, me)
    :: !dead -> target ! kind(me)
    fi
}

proctype Watcher(byte me) {
    send(MONITOR);
    if
    :: back[me] ? DOWN ->                             /* apply_down: the reference is still there */
        assert(!named)
    :: off[me] = true; send(DEMONITOR) /* final from here on */
    fi;
    send(ALIVE);
    do
    :: back[me] ? DOWN -> assert(off[me])             /* dropped: the reference is gone. Never a second one */
    :: back[me] ? YES -> assert(off[me]); break       /* never after a DOWN */
    :: back[me] ? NO -> assert(!named); break
    od;
    finished++
}

init {
    byte i;
    atomic { run Home(); for (i : 0 .. WATCHERS - 1) { run Watcher(i) } }
    finished == WATCHERS;
end:
    empty(target) && empty(late)
}
