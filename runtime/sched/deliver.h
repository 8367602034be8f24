/* deliver.h - how a fragment gets from a sender to its target's mailbox. */
#ifndef BUSKIN_DELIVER_H
#define BUSKIN_DELIVER_H

#include "actor/mailbox.h"
#include "sched/worker.h"

/* Sends f to the actor f->owner from this worker; frees it, or answers it, if that actor is dead. */
void deliver(worker_t *w, fragment_t *f);
/* The same from any thread without a worker. */
void deliver_foreign(fragment_t *f);
/* Pushes f to a's remote list; the caller is not a's home. w: the sender's worker or NULL. */
void deliver_remote(worker_t *w, actor_t *a, fragment_t *f);
/* Puts a into its home's inbox, unless somebody is about to look at it. w: the caller's worker or NULL. */
void deliver_notify(worker_t *w, actor_t *a);
/* Takes in what other threads have sent to a, whose home is w. */
void deliver_pending(worker_t *w, actor_t *a);
/* What comes back to the sender of f when its target is dead. */
void deliver_bounce(worker_t *w, fragment_t *f);

static inline bool remote_pending(const actor_t *a) {
    return (uintptr_t)load_relaxed(&a->remote->list) > (uintptr_t)REMOTE_IDLE;
}

/* Whether a message can end what a waits for. */
static inline bool waits_for_message(const actor_t *a) {
    return a->state == ACTOR_WAITING && !(a->ctx.flags & (uint32_t)WAIT_NOT_MESSAGES << ACTOR_WAIT_SHIFT);
}

/* The fast way: a's home is w, a lives, f is an ordinary message for it. What others pushed before comes first, whoever sent
 * it: the sender or the receiver may have been elsewhere (S1.2), or a third actor's message may have caused this one (S1.4). */
static inline void deliver_message(worker_t *w, actor_t *a, fragment_t *f) {
    if (unlikely(remote_pending(a))) deliver_pending(w, a);
    mailbox_push(a, f);
    if (waits_for_message(a)) worker_ready_soon(w, a);
}

#endif
