/* deliver.c - from a sender to a mailbox, on one worker or between two.
 *
 * Every actor has a home worker. If that is the sender's own, the fragment goes to the mailbox's list with plain
 * stores, and the receiver, if it waits, becomes ready. Otherwise it is pushed to the actor's remote list; only the
 * push that finds the owner asleep notifies the home worker, by putting the actor into that worker's inbox.
 *
 *   sender (any thread)                           home worker
 *   1  push f on remote (CAS)                     1  CAS remote NULL -> IDLE, state WAITING
 *   2  found IDLE: load home                      2  ...
 *   3  in_inbox 0 -> 1: push actor on inbox       3  take the inbox, in_inbox = 0,
 *   4  load parked; unpark                           take remote, make the actor ready
 *
 * home may change between 2 and 3: the worker that finds a stranger in its inbox passes it on, and one without a home
 * (in the public queue, or not yet started) is awake and looks at remote itself before it sleeps. A block whose actor has ended
 * keeps remote at IDLE, so late pushes reach its last home, which answers or drops them: see inbox_visit_free. The models are
 * tests/model/inbox.pml and block.pml. Fragments carry the full pid of
 * their target: one that is for an earlier occupant of the block never reaches the present one (row R7).
 *
 * Answers. What is taken in may be answered, and whoever gets the answer takes in first what waits for it, and answers that. Answers
 * wait in one queue of the worker until the list in hand is done: one that went out at once could come back, as an answer of the
 * same sender, before what that sender had sent earlier and is still in the list (S1.2; an acknowledgement of an unlink before a LINK
 * of the same sender left one end linked for ever, S3.5).
 */
#include "sched/deliver.h"

#include "actor/signal.h"
#include "sched/external.h"
#include "sched/placement.h"
#include "sched/post.h"
#include "sched/seeded.h"

void deliver_notify(worker_t *w, actor_t *a) {
    uint8_t home = load_seq_cst(&a->remote->home); /* ordered after the push; see the table above */
    if (home == HOME_THREAD) {
        external_notify();
        return;
    }
    if (home == HOME_NONE) return;
    /* seq_cst: pairs with the store of 0 in worker_take_inbox: either that worker takes f in, or this succeeds */
    if (exchange_seq_cst(&a->remote->in_inbox, 1)) return;
    a->remote->waker = w ? (uint8_t)(w->id + 1) : 0;
    worker_t *to = workers[home];
    actor_t *seen = load_relaxed(&to->inbox);
    do a->remote->inbox_next = seen;
    while (!cas_weak_seq_cst(&to->inbox, &seen, a)); /* release a's fields; pairs with the exchange that takes it */
    if (!seen) worker_wake(to);
}

void deliver_remote(worker_t *w, actor_t *a, fragment_t *f) {
    enum push pushed = mailbox_push_remote(a, f);
    if (likely(w != NULL)) w->placement.pushes++;
    if (pushed == PUSH_NOTIFY)
        deliver_notify(w, a);
    else if (unlikely(pushed == PUSH_BOUNDED))
        post_signal(w, a, f);
    else if (likely(w != NULL))
        placement_pushed(w, a);
}

/* -- Answers -- */

static void answer_later(worker_t *w, fragment_t *f) {
    f->next = NULL;
    if (w->answers)
        w->last_answer->next = f;
    else
        w->answers = f;
    w->last_answer = f;
}

/* true: nobody sends answers yet; it is for the caller to do, by answers_go. */
static inline bool answers_hold(worker_t *w) {
    bool first = !w->answering;
    w->answering = true;
    return first;
}

static void deliver_one(worker_t *w, fragment_t *f);

static inline void answers_go(worker_t *w) {
    for (fragment_t *f; unlikely((f = w->answers) != NULL);) {
        w->answers = f->next;
        deliver_one(w, f);
    }
    w->answering = false;
}

void deliver_bounce(worker_t *w, fragment_t *f) {
    fragment_t *answer = signal_bounce(f);
    if (!answer && w) {
        fragment_free(&w->pool, f);
    } else if (!answer) {
        external_free(f);
    } else if (!w) {
        deliver_foreign(answer);
    } else {
        bool first = answers_hold(w);
        answer_later(w, answer);
        if (first) answers_go(w);
    }
}

/* -- To an actor at home -- */

static void deliver_here(worker_t *w, actor_t *a, fragment_t *f) {
    if (likely(f->kind < SIGNAL_FIRST)) {
        mailbox_push(a, f);
        if (waits_for_message(a)) worker_ready_soon(w, a);
        return;
    }
    fragment_t *answer = NULL;
    enum signal_effect effect = signal_apply(&w->pool, a, f, &answer);
    if (a->ctx.flags & ACTOR_FOREIGN)
        effect = SIGNAL_NOTHING; /* another thread has its stack or its heap: its end waits for the call's */
    if (a->state == ACTOR_WAITING && (effect == SIGNAL_MUST_RUN || (effect == SIGNAL_MESSAGE && waits_for_message(a))))
        worker_ready_soon(w, a);
    if (answer) answer_later(w, answer);
}

void deliver_pending(worker_t *w, actor_t *a) {
    if (unlikely(actor_is_bounded(a))) {
        post_take_in(w, a);
        return;
    }
    bool first = answers_hold(w);
    fragment_t *f = mailbox_take_remote(a, a->state == ACTOR_WAITING || a->state == ACTOR_FREE ? REMOTE_IDLE : NULL);
    for (fragment_t *next; f; f = next) {
        next = f->next;
        if (likely(f->owner == a->ctx.pid) && a->state != ACTOR_FREE)
            deliver_here(w, a, f);
        else
            deliver_bounce(w, f);
    }
    if (first) answers_go(w);
}

/* Seeded runs have one worker, and races all the same: the signal waits where those of other workers do. */
static void deliver_late(actor_t *a, fragment_t *f) {
    if (mailbox_push_remote(a, f) == PUSH_NOTIFY) deliver_notify(NULL, a);
}

static void deliver_one(worker_t *w, fragment_t *f) {
    actor_t *a = table_find(f->owner);
    if (!a) {
        deliver_bounce(w, f);
    } else if (load_acquire(&a->remote->home) == w->id) { /* pairs with public_hand_over and public_take */
        if (unlikely(seeded.on) && a != w->current && !actor_is_bounded(a) && seeded_late()) {
            deliver_late(a, f);
            return;
        }
        if (remote_pending(a)) {
            if (actor_is_bounded(a)) {
                post_signal(w, a, f);
                return;
            }
            deliver_pending(w, a);
        }
        if (likely(a->ctx.pid == f->owner)) /* taking in the rest may have ended it */
            deliver_here(w, a, f);
        else
            deliver_bounce(w, f);
    } else {
        deliver_remote(w, a, f);
    }
}

void deliver(worker_t *w, fragment_t *f) {
    if (unlikely(!answers_hold(w))) { /* it follows from something that is taken in, too */
        answer_later(w, f);
        return;
    }
    deliver_one(w, f);
    answers_go(w);
}

void deliver_foreign(fragment_t *f) {
    actor_t *a = table_find(f->owner);
    if (a)
        deliver_remote(NULL, a, f);
    else
        deliver_bounce(NULL, f);
}
