/* park.pml - a worker goes to sleep while others give it work (runtime/sched/worker.c: worker_park, worker_wake).
 *
 * `work` stands for the inbox and the public queue; `awake` is scheduler.active, which counts the workers that are not asleep for
 * good. Wakers are other workers: each counts as active until it has given its work.
 *
 * Holds: nobody sleeps for good while there is work (else spin finds an invalid end state), and whoever takes `awake` to 0
 * ends the program rightly: no work is left, and nobody runs.
 *
 * Planted: BUG_NO_SECOND_LOOK    worker_park does not look again after it has said that it sleeps
 * Planted: BUG_PARKER_COUNTS     a parker that finds work does not see that its waker has counted it
 * Planted: BUG_WAKER_COUNTS_LATE the waker counts the sleeper after the exchange: it may sleep again before
 */
#define WAKERS 2
#define NO 0
#define IDLE 1

byte parked = NO, work = 0, done = 0, running = 1 + WAKERS;
byte awake = 1 + WAKERS;

inline leave_awake() {
    d_step { awake--; quiet = (awake == 0) }
    assert(!quiet || (work == 0 && running == 0)) /* scheduler_poke: buskin_rt_run_scheduler goes on */
}

proctype Waker() {
    byte was;
    bool quiet;
    work++;                         /* the inbox CAS, or public_count */
    if                              /* worker_wake */
    :: parked == NO -> skip
    :: else ->
#ifndef BUG_WAKER_COUNTS_LATE
        awake++;                    /* for the sleeper */
        d_step { was = parked; parked = NO }
        if
        :: was == IDLE -> skip
        :: else -> leave_awake()
        fi                          /* futex_wake: the sleeper looks at `parked` */
#else
        d_step { was = parked; parked = NO }
        if
        :: was == IDLE -> awake++
        :: else -> skip
        fi
#endif
    fi;
    running--;
    leave_awake()
}

proctype Worker() {
    byte was;
    bool quiet;
    do
    :: work > 0 -> work--; done++
    :: work == 0 ->                 /* worker_find_work found nothing */
        parked = IDLE;
        if
#ifndef BUG_NO_SECOND_LOOK
        :: work > 0 ->              /* worker_sees_work */
            d_step { was = parked; parked = NO }
            if
#ifdef BUG_PARKER_COUNTS
            :: was == NO -> skip
#else
            :: was == NO -> awake-- /* never 0: this worker has still to be subtracted */
#endif
            :: else -> skip
            fi
        :: work == 0 ->
#else
        :: true ->
#endif
            running--;
            leave_awake();
end:        parked != IDLE;         /* futex_wait */
            running++;
            d_step { was = parked; parked = NO }
            if
            :: was == IDLE -> awake++
            :: else -> skip
            fi
        fi
    od
}

/* In the end: the worker sleeps, everything is done, and the count says so. */
proctype End() {
    timeout;
    assert(work == 0 && done == WAKERS && awake == 0 && parked == IDLE)
}

init {
    byte i;
    atomic { run Worker(); run End(); for (i : 1 .. WAKERS) { run Waker() } }
}
