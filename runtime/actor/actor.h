/* actor.h - the block of an actor: 128 bytes, type-stable, found by pid in 0.6 ns.
 *
 * The first line is the context, which emitted code knows. The second is the runtime's. They belong
 * to the worker that is the actor's home, that is, to the thread that runs it. Other threads touch the remote_t of the same
 * slot and nothing else: list, home and in_inbox, while they own in_inbox also inbox_next and waker; and they read
 * pid, which only ever changes to the pid of the block's next occupant.
 *
 *   state     FREE -> READY <-> RUNNING -> WAITING -> READY ... RUNNING -> FREE
 *             READY    in a run queue, the LIFO place or the public queue; without a stack before the first run
 *             RUNNING  the current actor of its home worker
 *             WAITING  nothing to run until a message, a signal or a timer; wait says for what
 *
 * What few actors need (links, monitors, names, a reason to end) lies in a cold block, see cold.h.
 */
#ifndef BUSKIN_ACTOR_H
#define BUSKIN_ACTOR_H

#include "base/atomic.h"
#include "base/lock.h"
#include "mem/heap.h"

enum { ACTOR_TURN = 4000 }; /* reductions in a turn */

/* Private bits of ctx.flags; the low byte is ABI. */
enum {
    ACTOR_THREAD = 1 << 8,     /* the thread that called init: no worker runs it */
    ACTOR_TRAPS = 1 << 9,      /* exit signals become messages */
    ACTOR_TIMED_OUT = 1 << 10, /* the timer of the current wait has fired */
    ACTOR_DYING = 1 << 11,     /* must end with cold->reason at its next turn */
    ACTOR_ENDING = 1 << 12,    /* its terminate callback runs */
    ACTOR_MAIN = 1 << 13,      /* its end decides the exit status */
    ACTOR_FOREIGN = 1 << 14,   /* inside a foreign-call bracket, or a blocking call on a pool thread */
    ACTOR_ATTEMPT = 1 << 15,   /* inside a start callback: an end of its own goes back there; see sched/attempt.h */
    ACTOR_PRIORITY_SHIFT = 16, /* 2 bits */
    ACTOR_WAIT_SHIFT = 18,     /* 3 bits: enum actor_wait */
    ACTOR_SUPERVISOR = 1 << 21,
    ACTOR_COLLECTING = 1 << 22, /* its heap is collected in turns of its own; see sched/collect.h */
    ACTOR_CLEANING = 1 << 23,   /* its cleanups run, on its worker's side stack; see sched/cleanup.h */
    ACTOR_INDEXED = 1 << 24,    /* its mailbox has an index; see actor/index.h */
};

enum { WAIT_NOT_MESSAGES = 4 }; /* bit: no message ends the wait */

/* What a waiting actor waits for; its result goes into the saved frame when it resumes. */
enum actor_wait {
    WAIT_NONE,                      /* resume as it is */
    WAIT_RECEIVE,                   /* any message; result: the message */
    WAIT_PEEK,                      /* a message not yet skipped; the frame holds the buskin_receive_t */
    WAIT_SLEEP = WAIT_NOT_MESSAGES, /* the timer */
    WAIT_CALL,                      /* a blocking call on a pool thread */
    WAIT_ANSWER,                    /* the answer to a request; the frame holds where its bytes go, or 0 */
    WAIT_REPLY                      /* the end of a call; the frame holds where its status goes, or 0 */
};

enum actor_state { ACTOR_FREE, ACTOR_READY, ACTOR_RUNNING, ACTOR_WAITING };

enum { HOME_NONE = 255, HOME_THREAD = 254, WORKERS_MAX = 128 };

/* `remote` holds this while the owner sleeps (or nobody owns the block): who replaces it must notify home. */
#define REMOTE_IDLE ((fragment_t *)(uintptr_t)1)
/* Or, with this bit, the address of a bounded mailbox, for as long as its actor lives: see bounded.h. */
#define REMOTE_BOUNDED ((uintptr_t)2)

/* What other threads touch of an actor, away from the lines that its owner writes all the time: a remote sender and the
 * owner meet only when there is something to take in. Lies in an array of its own, by the same slot. */
typedef struct remote {
    _Atomic(fragment_t *) list; /* newest first: what other threads sent; see mailbox.h */
    struct actor *inbox_next;   /* in the inbox of the home worker */
    _Atomic uint64_t pid;       /* of the block's occupant, or, while it is free, of its next one */
    _Atomic uint8_t home;       /* worker, HOME_NONE in the public queue, HOME_THREAD */
    _Atomic uint8_t in_inbox;
    uint8_t waker;       /* who put it into the inbox: worker + 1, or 0 */
    lock_t mailbox_lock; /* of a bounded mailbox */
} remote_t;

_Static_assert(sizeof(remote_t) == 32, "two to a cache line");

typedef struct actor {
    buskin_context_t ctx;
    fragment_t *head, *tail; /* the mailbox, oldest first */
    remote_t *remote;        /* of this slot, for good */
    void *spilled;           /* the stack's bytes when another actor has the slot, or its own stack; before the first
                                run: the arguments' fragment or NULL */
    char *sp;                /* READY, WAITING: the saved frame. Before the first run: the entry */
    uintptr_t meta;          /* spawn descriptor or NULL; with bit 0 set, the cold block */
    uint32_t slot : 24;      /* stack slot, or own stack */
    uint32_t last_waker : 8; /* worker of the last remote wake, + 1 */
    uint8_t state;
    uint8_t spill_class; /* size class of `spilled`; like it, of whoever holds the slot, perhaps another worker */
    uint8_t reserved[10];
} actor_t;

_Static_assert(sizeof(actor_t) == 128, "an actor's block is two cache lines");
_Static_assert(offsetof(actor_t, sp) == 96, "known to switch.S");

static inline actor_t *actor_of(buskin_context_t *ctx) { return (actor_t *)(void *)ctx; }

/* Has never run: no stack is bound to it yet. */
static inline bool actor_is_new(const actor_t *a) { return !a->ctx.stack_limit; }

static inline unsigned actor_priority(const actor_t *a) { return a->ctx.flags >> ACTOR_PRIORITY_SHIFT & 3; }
static inline enum actor_wait actor_wait(const actor_t *a) {
    return (enum actor_wait)(a->ctx.flags >> ACTOR_WAIT_SHIFT & 7);
}
static inline void actor_set_wait(actor_t *a, enum actor_wait wait) {
    a->ctx.flags = (a->ctx.flags & ~(7u << ACTOR_WAIT_SHIFT)) | (uint32_t)wait << ACTOR_WAIT_SHIFT;
}

/* Where the value that the suspended call returns lies in the saved frame. */
static inline uint64_t *actor_result(actor_t *a) { return (uint64_t *)(void *)a->sp; }

/* Takes n reductions for work that the runtime did on the actor's behalf. Clamped: emitted checks test for borrow. */
static inline void actor_charge(buskin_context_t *ctx, int64_t n) {
    int64_t left = ctx->budget - n;
    ctx->budget = left > 0 ? left : 0;
}

#endif
