/* foreign.pml - a long foreign call loses its worker to another thread, and comes back (runtime/sched/foreign.c: foreign_enter,
 * foreign_leave, hand_over, take_over, foreign_come_back).
 *
 * One worker, its actors, and as many threads; `word` is worker->foreign: 0, or the token of the call that the worker's current
 * actor is in. The monitor takes the worker away from a call whose token it has seen twice.
 *
 * Holds: one thread at a time runs the worker; every call comes back once, and every actor finishes.
 *
 * Planted: BUG_ANY_TOKEN    foreign_leave takes whatever token stands there for its own
 * Planted: BUG_PLAIN_LEAVE  foreign_leave looks, and stores 0 afterwards
 * Planted: BUG_NO_SLEEP     take_over does not say that the actor waits: the call's end finds nobody to tell
 */
#define ACTORS 2
#define CALLS 2
#define THREADS 3
#define NOBODY 255

mtype = { READY, RUNNING, WAITING, DONE };
mtype state[ACTORS] = READY;
byte calls[ACTORS];
bool wake[ACTORS], idle[ACTORS], inbox[ACTORS]; /* the SIGNAL_WAKE, the remote word, the home's inbox */
byte word = 0, tokens = 0, current = NOBODY, orphans = 0, runs = 0, done = 0;

inline one_more_call(a) {
    calls[a]++;
    if
    :: calls[a] == CALLS -> state[a] = DONE; done++
    :: else -> state[a] = READY
    fi
}

inline take_in(a) {                 /* deliver_pending: the SIGNAL_WAKE ends the wait, and its call */
    atomic {
        inbox[a] = false;
        assert(wake[a] && state[a] == WAITING);
        wake[a] = false;
        one_more_call(a)
    }
}

proctype Monitor() {
    byte seen = 0, now;
end:
    do
    :: word != seen -> seen = word
    :: seen != 0 && word == seen ->             /* the same token again: hand_over */
        atomic {
            if
            :: word == seen -> word = 0; runs--; orphans++
            :: else -> skip
            fi
        }
    od
}

proctype Thread(bool has_worker) {
    byte a, token;
    bool own;
    if
    :: has_worker -> runs++; goto loop
    :: else -> goto spare
    fi;
spare:
end:
    atomic { orphans > 0 -> orphans--; runs++ } /* spare_wait */
    assert(runs == 1);
    a = current;                                /* take_over: the actor is filed as waiting */
    state[a] = WAITING;
    atomic {                                    /* mailbox_sleep */
        if
        :: wake[a] -> inbox[a] = true
#ifndef BUG_NO_SLEEP
        :: else -> idle[a] = true
#else
        :: else -> skip
#endif
        fi
    }
loop:
    current = NOBODY;
end_loop:
    if                                          /* worker_choose */
    :: state[0] == READY -> a = 0
    :: state[1] == READY -> a = 1
    :: inbox[0] -> take_in(0); goto loop
    :: inbox[1] -> take_in(1); goto loop
    fi;
    atomic { state[a] = RUNNING; current = a }
    atomic { tokens++; token = tokens }         /* foreign_enter */
    word = token;
    skip;                                       /* the call */
#ifdef BUG_PLAIN_LEAVE
    own = (word == token);
    if
    :: own -> word = 0
    :: else -> skip
    fi;
#else
    atomic {                                    /* foreign_leave: a CAS */
#ifdef BUG_ANY_TOKEN
        own = (word != 0);
#else
        own = (word == token);
#endif
        if
        :: own -> word = 0
        :: else -> skip
        fi
    }
#endif
    if
    :: own ->
        assert(runs == 1);
        one_more_call(a);
        goto loop
    :: else ->                                  /* foreign_come_back */
        atomic { wake[a] = true; own = idle[a]; idle[a] = false }
        if
        :: own -> inbox[a] = true
        :: else -> skip
        fi;
        goto spare
    fi
}

proctype End() {
    timeout;
    assert(done == ACTORS && runs <= 1)
}

init {
    byte i;
    atomic { run Monitor(); run End(); run Thread(true); for (i : 2 .. THREADS) { run Thread(false) } }
}
