/* worker.h - a worker: queues, stacks, pools and timers for the actors whose home it is.
 *
 * A thread runs a worker; the two are different things, because a long foreign call keeps its thread while the worker
 * goes on with another one. All fields but the last group belong to the thread that runs the worker.
 */
#ifndef BUSKIN_WORKER_H
#define BUSKIN_WORKER_H

#include "actor/stack.h"
#include "actor/table.h"
#include "port/trap.h"
#include "sched/runq.h"
#include "sched/wheel.h"

#include <pthread.h>

enum {
    LIFO_BOUND = 200,   /* runs out of the LIFO place before the queues get their turn */
    CLOCK_EVERY = 32,   /* turns between looks at the clock while timers are set */
    FRESH_BOUND = 4096, /* new actors in a row before one of the others runs; */
    FRESH_TURN = 64,    /* one that used up its turn counts as that many */
    FRESH_OLDEST = 64,  /* every so many the oldest new one runs */
    LOW_EVERY = 8,      /* every so many turns the oldest of a lower priority runs */
    PUBLIC_MAX = 4096
};

/* New actors of normal priority: the newest runs first, so a tree of actors is walked in depth and few of them live at a
 * time; what waits is offered to other workers oldest first. */
enum { QUEUE_FRESH = 3, QUEUES = 4 };
/* A bit of `queued` above those of the queues: the pool has remains, which are work too. */
enum { QUEUED_REMAINS = 1 << QUEUES };

/* See placement.c. */
typedef struct placement {
    uint32_t pushes;      /* messages to other workers */
    uint32_t turn;        /* turns when the last one was sent to an actor that did not wait for it, */
    uint32_t turn_pushes; /* how many of those in that turn, */
    actor_t *pushed;      /* and the last one's receiver */
    uint32_t took;        /* actors that were taken from others, whose worth is not known yet; */
    uint32_t took_pushes; /* pushes then, */
    uint64_t took_ns;     /* and the time */
    uint64_t asks_ns;     /* idle, it does not ask for work before; or 0 */
    uint64_t back_off_ns; /* how long it did not ask the last time; 0: it gained since */
} placement_t;

typedef struct worker {
    actor_t *current; /* who runs, or NULL */
    actor_t *lifo;    /* just woken: runs next, its data is in the cache */
    pool_t pool;
    runq_t queues[QUEUES]; /* by priority, and QUEUE_FRESH */
    uint32_t queued;       /* bit p: queues[p] is not empty; QUEUED_REMAINS */
    uint32_t fresh_streak;
    uint32_t lifo_streak;
    uint32_t turns;
    uint8_t id;
    bool look_at_clock;
    table_cache_t blocks;
    stacks_t stacks;
    scratch_t scratch;
    wheel_t wheel;
    trap_t trap;            /* of the current actor, from the signal handler to handle_fault */
    uint64_t tidy_ns;       /* see tidy.c: when the next step is due on the way, */
    uint32_t tidied;        /* turns when all was tidy, */
    uint32_t tidy_slot;     /* the stack slot to go on with, */
    uint8_t tidy_phase;     /* and what to do next */
    uint64_t last_sweep_ns; /* of timers that are of no use any more: when it began, */
    uint32_t sweep_at;      /* and where it goes on, or 0 */
    uint64_t last_ref;      /* see worker_ref */
    placement_t placement;
    fragment_t *answers, *last_answer; /* to signals that were taken in: oldest first; see deliver.c */
    bool answering;
    struct cold *untold; /* of actors whose end is not known to all yet; see tell.c */

    /* Other threads write these. */
    _Atomic(actor_t *) inbox __attribute__((aligned(128))); /* actors to look at, newest first */
    _Atomic uint32_t parked;                                /* enum parked; a futex */
    _Atomic uint32_t cancelled;    /* timers that other threads have cancelled, still in the wheel */
    _Atomic uint32_t foreign;      /* see foreign.c */
    _Atomic(pthread_t) thread;     /* that runs it now, or did last; 0: none yet */
    _Atomic int32_t thread_number; /* the same, as the system counts */
    _Atomic uint32_t watch_answer; /* see watchdog.c */
} __attribute__((aligned(128))) worker_t;

enum parked {
    PARKED_NO,
    PARKED_IDLE,     /* nothing to wait for: does not count as active */
    PARKED_FOR_TIMER /* will wake by itself: counts */
};

/* What all workers share. */
enum {
    SCHEDULER_IDLE = (1 << 12) - 1,
    SCHEDULER_BURY = 1 << 12,
    SCHEDULER_WATCH = 1 << 13,
    SCHEDULER_COLLECT = 1 << 14,
    SCHEDULER_SEEDED = 1 << 15,
    SCHEDULER_STOP = 1 << 16
};

typedef struct scheduler {
    unsigned workers;
    unsigned spins; /* looks for work before a worker parks */
    /* SCHEDULER_IDLE: workers that look for work or sleep, a hint for those that have too much. SCHEDULER_STOP: leave, now.
     * SCHEDULER_SEEDED: choose as seeded.c says. SCHEDULER_COLLECT: see world.c. SCHEDULER_WATCH: see watchdog.c. SCHEDULER_BURY: handles have died (mem/share.h). One word, so that a worker that
     * chooses its next actor looks once. */
    _Atomic uint32_t notice;
    /* How many things can still make progress: workers that are not PARKED_IDLE, blocking calls, keepalives. */
    _Atomic uint32_t active;
    _Atomic uint32_t event; /* a futex: changes when the thread in run_scheduler should look again */
} scheduler_t;

extern scheduler_t scheduler;
extern void (*worker_idle_hook)(void); /* before a worker parks: flushes output. A test may put its own, before init */
extern worker_t *workers[WORKERS_MAX];
extern _Thread_local worker_t *this_worker __attribute__((tls_model("initial-exec")));

/* -- worker.c: called on the thread's own stack -- */

bool worker_make(uint8_t id); /* false: no memory. Once for each number; a second time it is true and does nothing */
bool worker_open(uint8_t id);
void worker_close(worker_t *w);
/* The calling thread runs w from now on. */
void worker_attach(worker_t *w);
/* Runs actors until the scheduler stops; the body of the worker's thread. */
void worker_run(worker_t *w);
/* The next actor to resume, ready to be resumed; waits for one. NULL: stop. */
actor_t *worker_next(worker_t *w);
/* The current actor goes on: gives it a new turn without asking the queues, if it may. */
actor_t *worker_continue(worker_t *w, actor_t *self);
/* The current actor is put at the end of its queue. */
actor_t *worker_requeue(worker_t *w, actor_t *self);
/* The current actor waits; its timer, if any, is armed. It is resumed with the result of that wait. */
actor_t *worker_wait(worker_t *w, actor_t *self, enum actor_wait wait);
/* The same for a wait that may be over already. */
actor_t *worker_wait_or_go_on(worker_t *w, actor_t *self, enum actor_wait wait);
void worker_wake(worker_t *w);
void scheduler_bury(void); /* there are dead handles: share_dead_hook. Any thread */
void scheduler_poke(void); /* bump scheduler.event */

static inline void worker_enqueue(worker_t *w, actor_t *a) {
    unsigned priority = actor_priority(a);
    w->queued |= 1u << priority;
    runq_push(&w->queues[priority], a);
}

static inline void worker_enqueue_new(worker_t *w, actor_t *a) {
    unsigned queue = actor_priority(a) == BUSKIN_NORMAL ? QUEUE_FRESH : actor_priority(a);
    a->state = ACTOR_READY;
    w->queued |= 1u << queue;
    runq_push(&w->queues[queue], a);
}

static inline void worker_ready(worker_t *w, actor_t *a) {
    a->state = ACTOR_READY;
    worker_enqueue(w, a);
}

/* A local message has come: run it next, unless its priority says otherwise. */
static inline void worker_ready_soon(worker_t *w, actor_t *a) {
    a->state = ACTOR_READY;
    actor_t *before = w->lifo;
    if (unlikely(actor_priority(a) != BUSKIN_NORMAL))
        before = a;
    else
        w->lifo = a;
    if (before) worker_enqueue(w, before);
}

/* A number that no other call in this run returns, > 0 and < 2^63; w NULL: a thread without a worker. */
uint64_t worker_ref(worker_t *w);

static inline bool worker_has_ready(const worker_t *w) { return w->lifo || w->queued; }
/* Whether all workers should look up: to stop, for good or for a collection, to answer the watchdog, or to release what dead handles held. */
static inline bool scheduler_calls(void) {
    return load_relaxed(&scheduler.notice) & (SCHEDULER_STOP | SCHEDULER_COLLECT | SCHEDULER_WATCH | SCHEDULER_BURY);
}
static inline bool scheduler_stops(void) { return load_relaxed(&scheduler.notice) >= SCHEDULER_STOP; }

#endif
