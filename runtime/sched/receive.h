/* receive.h - what a receive finds, and how a waiting one ends. */
#ifndef BUSKIN_RECEIVE_H
#define BUSKIN_RECEIVE_H

#include "actor/cold.h"
#include "actor/mailbox.h"
#include "sched/worker.h"

/* state: the address of its filter, or 0, and in the low bits the phase. */
enum {
    RECEIVE_FRESH = 0,
    RECEIVE_GOING = 1,
    RECEIVE_BOUNDED = 2 /* going on; the place is in the mailbox */,
    RECEIVE_PHASE = 3
};
/* Index into private0: the last skipped message; how many more to skip one by one before the index is asked; ns or 0. */
enum { RECEIVE_BEFORE = 0, RECEIVE_PATIENCE = 1, RECEIVE_DEADLINE = 2 };

static inline bool receive_is_fresh(const buskin_receive_t *r) { return !(r->state & RECEIVE_PHASE); }
static inline bool receive_is_going(const buskin_receive_t *r) { return r->state & RECEIVE_GOING; }
static inline bool receive_is_bounded(const buskin_receive_t *r) { return r->state & RECEIVE_BOUNDED; }
/* Into another phase, from RECEIVE_FRESH or the same. */
static inline void receive_enter(buskin_receive_t *r, unsigned phase) { r->state |= phase; }
static inline void receive_end(buskin_receive_t *r) { r->state &= ~(uint64_t)RECEIVE_PHASE; }
static inline const buskin_filter_t *receive_filter(const buskin_receive_t *r) {
    return (const buskin_filter_t *)(uintptr_t)(r->state & ~(uint64_t)RECEIVE_PHASE);
}

static inline fragment_t *receive_before(const buskin_receive_t *r) {
    return (fragment_t *)(uintptr_t)r->private0[RECEIVE_BEFORE];
}

/* The first message that r has not skipped, or NULL. */
static inline fragment_t *receive_candidate(const actor_t *a, const buskin_receive_t *r) {
    return mailbox_after(a, receive_before(r));
}

/* Begins a receive of an actor with a bounded mailbox. */
void receive_begin_bounded(worker_t *w, actor_t *a);

/* A deadline that timeout_ms from now is over; never 0. */
uint64_t receive_deadline(int64_t timeout_ms);

/* The end of a call is there: a is given it. false: no memory. */
bool receive_answer(worker_t *w, actor_t *a, cold_t *cold);
bool receive_finish_slow(worker_t *w, actor_t *a);

/* Tries to end the wait of a, whose frames are present: fills in the result and clears the wait. false: it waits on, and
 * its timer is armed if it has a deadline. */
static inline bool receive_finish(worker_t *w, actor_t *a) {
    enum actor_wait wait = actor_wait(a);
    if (wait == WAIT_NONE) return true;
    if (likely(wait == WAIT_PEEK && !a->ctx.private0)) { /* the usual case: a message came, and no timer was set */
        fragment_t *f = receive_candidate(a, (const buskin_receive_t *)(uintptr_t)*actor_result(a));
        if (likely(f != NULL)) {
            /* the timer may have fired all the same, just before the message came: it must not end the next wait */
            a->ctx.flags &= ~(ACTOR_TIMED_OUT | 7u << ACTOR_WAIT_SHIFT);
            *actor_result(a) = (uint64_t)(uintptr_t)fragment_message(f);
            return true;
        }
    }
    return receive_finish_slow(w, a);
}

#endif
