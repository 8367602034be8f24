/* bounded.h - the mailbox of an actor that says how many messages may wait (spawn descriptor: mailbox_capacity).
 *
 * Such a mailbox is a queue under a lock, for local and remote senders alike, because a sender must know at once what became
 * of its message, and because drop_old and coalesce change what is queued already. remote->list of such an actor holds the
 * address of its bounded_t, tagged, which every fast way of sending and receiving takes for "something is pending"; and the
 * list that the home worker owns stays empty. So an unbounded mailbox pays nothing.
 *
 * The lock is in the block's remote_t, which outlives actors: a sender takes it, and finds either the mailbox of that very pid
 * or that the actor has ended.
 */
#ifndef BUSKIN_BOUNDED_H
#define BUSKIN_BOUNDED_H

#include "actor/actor.h"
#include "base/map.h"
#include "mem/fragment.h"

typedef struct bounded {
    /* The queue: positions [head, tail) of a growing ring. An entry is a message, a signal that the home has not applied yet,
     * BOUNDED_HELD, or NULL where something was. A queued fragment's `next` is its position. */
    fragment_t **ring;
    uint32_t mask, head, tail;
    uint32_t present; /* entries that are not NULL */
    uint32_t taken;   /* no signal lies before it */
    uint32_t oldest;  /* no user message lies before it */

    /* The receive in progress. */
    uint32_t cursor;  /* where it goes on */
    uint32_t looking; /* the position of `looked` */
    fragment_t *looked;
    uint8_t looked_is; /* enum looked */

    bool held;        /* a signal is being applied */
    bool asleep;      /* the home must be notified of the next arrival */
    bool news;        /* something arrived since the home looked last */
    bool plain_keys;  /* COALESCE: `keys` does not have them all */
    uint8_t policy;   /* enum buskin_policy */
    uint8_t fallback; /* the same, for COALESCE */
    uint32_t key;     /* COALESCE: offset in the data */
    uint32_t signals; /* in the ring */
    uint64_t used;    /* user messages that count; at most capacity */
    uint64_t capacity;
    map_t keys; /* COALESCE: hash of tag and key -> message */

    /* Senders that wait for space, oldest first: the answer to each, its message in `tag`. Only while used == capacity. */
    fragment_t *senders, *last_sender;
    uint64_t sender_count;

    /* What became of each attempt to send; one that waits is in none. */
    uint64_t accepted, dropped, failed, coalesced;
} bounded_t;

/* What happened to the message that a receive looks at, while it does. */
enum looked { LOOKED_QUEUED, LOOKED_EVICTED, LOOKED_REPLACED };

/* Who sends: only others can wait for space. */
enum bounded_sender { SENDER_OTHER, SENDER_SELF, SENDER_NOBODY };

/* Statuses of a send that are none. */
enum { POST_MUST_WAIT = 1000, POST_WAITS };

/* What the caller has to do after an operation, without the lock. */
typedef struct posted {
    int32_t status;
    bool notify;         /* the home is asleep */
    bool gone;           /* the actor has ended: nothing was done */
    fragment_t *discard; /* to be freed, chained by next */
} posted_t;

static inline bool list_is_bounded(const fragment_t *list) { return (uintptr_t)list & REMOTE_BOUNDED; }
static inline bool actor_is_bounded(const actor_t *a) { return list_is_bounded(load_relaxed(&a->remote->list)); }

/* -- Life -- */

bool bounded_options_valid(const buskin_spawn_desc_t *desc);
/* Gives a new actor the mailbox that its descriptor asks for. What was on its way to the block's last occupant is queued as
 * it is. false: no memory. */
bool bounded_open(actor_t *a, const buskin_spawn_desc_t *desc, pool_t *pool);
/* The mailbox of an actor that has ended, which no sender finds any more; `idle` is what the list holds from now on. */
bounded_t *bounded_close(actor_t *a, fragment_t *idle);
/* The next fragment that it still held, in order: messages, signals, and answers to its senders; NULL: no more, and b is freed. */
fragment_t *bounded_empty(bounded_t *b, pool_t *pool);

/* -- Senders: any thread -- */

/* Applies the policy to f, a user message. local: the caller is a's home, and looks after it itself. waiter: the answer that
 * tells the sender later, if it has to wait; without one POST_MUST_WAIT says that it would have to. */
posted_t bounded_post(actor_t *a, fragment_t *f, enum bounded_sender sender, fragment_t *waiter, bool local);
/* Whether a message would be refused; counted as an attempt. For senders that have not copied theirs yet. */
int32_t bounded_refuses(actor_t *a, uint64_t pid);
/* A signal, which is never refused. status: OK, or ENOMEM and nothing was done. */
posted_t bounded_signal(actor_t *a, fragment_t *f, bool local);
/* Takes back the sender that waits under ref; its answer, with the message in `tag`, or NULL. */
fragment_t *bounded_withdraw(actor_t *a, uint64_t pid, uint64_t ref);

/* -- The home of the actor -- */

/* The oldest signal not yet applied, or NULL. Its place is kept until bounded_place. */
fragment_t *bounded_take_signal(actor_t *a);
/* What became of that signal: a message, or NULL. */
void bounded_place(actor_t *a, fragment_t *message);
/* Whether something came since the last time. */
bool bounded_news(actor_t *a);
/* The home will look again only when it is notified. false: something arrived; take it in first. */
bool bounded_sleep(actor_t *a);

/* Begins a receive, at the oldest message. Returns what is to be freed, or NULL. */
fragment_t *bounded_begin(actor_t *a);
/* The message that the receive looks at now; NULL: no more. */
fragment_t *bounded_peek(actor_t *a);
/* Goes on to the next one; what is to be freed, or NULL. */
fragment_t *bounded_skip(actor_t *a);
/* Takes out the message that it looks at; there is one. *answers: to senders whose messages came in for it, chained by next. */
fragment_t *bounded_take(actor_t *a, fragment_t **answers);
/* Takes out the queued DOWN of that reference, or NULL. */
fragment_t *bounded_take_down(actor_t *a, uint64_t ref);

void bounded_info(const actor_t *a, buskin_process_info_t *info);

#endif
