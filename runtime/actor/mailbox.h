/* mailbox.h - the mailbox: a list that only the home worker touches, and the remote list in front of it.
 *
 * remote is a stack of fragments, newest first, with three states:
 *
 *   NULL    the owner is awake and will look          --push-->  list
 *   list    there is something to take in             --take-->  NULL or IDLE
 *   IDLE    the owner sleeps (or the block is free)   --push-->  list; the pusher must notify home
 *
 * A fourth state belongs to actors with a bounded mailbox, which use neither list: see bounded.h.
 *
 * Lost wake-ups cannot happen: the owner goes to sleep only by a CAS from NULL to IDLE, which fails if anything was
 * pushed before, and whoever pushes after it sees IDLE. A push is complete, and visible to the owner, before send
 * returns (S1.4).
 */
#ifndef BUSKIN_MAILBOX_H
#define BUSKIN_MAILBOX_H

#include "actor/bounded.h"
#include "actor/index.h"

static inline void mailbox_push(actor_t *a, fragment_t *f) {
    f->next = NULL;
    if (a->head)
        a->tail->next = f;
    else
        a->head = f;
    a->tail = f;
}

/* The message after `before`; NULL: the oldest. */
static inline fragment_t *mailbox_after(const actor_t *a, const fragment_t *before) {
    return before ? before->next : a->head;
}

/* Takes f, the message after `before`, out of the list. Only if no index knows it. */
static inline void mailbox_cut(actor_t *a, fragment_t *before, fragment_t *f) {
    if (before)
        before->next = f->next;
    else
        a->head = f->next;
    if (a->tail == f) a->tail = before;
}

/* Takes the message after `before` out of the list. */
static inline fragment_t *mailbox_unlink(actor_t *a, fragment_t *before) {
    fragment_t *f = mailbox_after(a, before);
    if (unlikely(f->flags & AREA_INDEXED)) index_forget(a, f);
    mailbox_cut(a, before, f);
    return f;
}

enum push { PUSH_DONE, PUSH_NOTIFY, PUSH_BOUNDED };

/* Any thread. NOTIFY: the owner sleeps, notify its home. BOUNDED: nothing was done, the mailbox is of the other kind. */
static inline enum push mailbox_push_remote(actor_t *a, fragment_t *f) {
    fragment_t *seen = load_relaxed(&a->remote->list);
    do {
        if (unlikely(list_is_bounded(seen))) return PUSH_BOUNDED;
        f->next = (fragment_t *)((uintptr_t)seen & ~(uintptr_t)1); /* IDLE: none */
        /* seq_cst: release for the fragment's bytes, pairs with mailbox_take_remote; and its order before the load of
         * home in deliver_remote pairs with the change of home before the sleeper's CAS */
    } while (!cas_weak_seq_cst(&a->remote->list, &seen, f));
    return seen == REMOTE_IDLE ? PUSH_NOTIFY : PUSH_DONE;
}

/* Owner. What was pushed, oldest first; leaves `then` (NULL or REMOTE_IDLE). */
static inline fragment_t *mailbox_take_remote(actor_t *a, fragment_t *then) {
    /* seq_cst: acquire pairs with the push */
    fragment_t *f = exchange_seq_cst(&a->remote->list, then), *oldest = NULL;
    if (f == REMOTE_IDLE) return NULL;
    while (f) {
        fragment_t *next = f->next;
        f->next = oldest;
        oldest = f;
        f = next;
    }
    return oldest;
}

/* Owner, before it sleeps. false: something was pushed; take it in first. */
static inline bool mailbox_sleep(actor_t *a) {
    fragment_t *seen = load_relaxed(&a->remote->list);
    if (seen == REMOTE_IDLE) return true;
    seen = NULL;
    if (cas_seq_cst(&a->remote->list, &seen, REMOTE_IDLE)) return true;
    return list_is_bounded(seen) && bounded_sleep(a);
}

#endif
