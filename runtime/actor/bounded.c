/* bounded.c - the queue of a bounded mailbox, and what a full one does with the next message (S10).
 *
 * Order (S1.2, S10.6). Everything that is sent to the actor, messages and signals, goes into the one ring in the order of its
 * arrival. The home applies signals in place: one that becomes a message (EXIT, DOWN, REPLY, CALL) stays where it was. So no
 * kind overtakes another.
 *
 * The bound counts user messages, wherever in the queue they are, those that a selective receive has set aside included
 * (S10.1). Only they are dropped, evicted or replaced (S10.5).
 *
 * A receive looks at one message at a time without the lock. If a sender evicts or replaces just that one, it only leaves the
 * ring, and `looked_is` says so. A receive that skips it then frees it; one that takes it has been the faster: the message
 * counts as accepted after all.
 *
 *   looked_is   the receive skips it           the receive takes it
 *   QUEUED      stays; goes on behind it       leaves the ring; the oldest waiting sender comes in
 *   EVICTED     freed                          dropped - 1, accepted + 1
 *   REPLACED    freed; looks at the new one    coalesced - 1, accepted + 1
 *
 * Invariants: used <= capacity; senders wait only while used == capacity; every queued fragment's `next` is its position.
 * Each operation takes the lock of the block for itself; no other lock is taken under it.
 */
#include "actor/bounded.h"

#include "actor/reason.h"
#include "actor/signal.h"

#include <stdlib.h>

/* Keeps the place of a signal that is being applied. */
#define BOUNDED_HELD ((fragment_t *)(uintptr_t)1)

enum { RING_FIRST = 16, RING_RESERVE = 8 /* entries that only signals may use when there is no memory for more */ };

static inline bounded_t *list_bounded(const fragment_t *list) {
    return (bounded_t *)((uintptr_t)list & ~(uintptr_t)REMOTE_BOUNDED);
}

/* The lock is held, or a is at home. */
static inline bounded_t *bounded_of(const actor_t *a) { return list_bounded(load_relaxed(&a->remote->list)); }

/* NULL, without the lock: the actor of that pid has ended. */
static bounded_t *bounded_lock(actor_t *a, uint64_t pid) {
    lock_take(&a->remote->mailbox_lock);
    if (load_relaxed(&a->remote->pid) == pid && actor_is_bounded(a)) return bounded_of(a);
    lock_drop(&a->remote->mailbox_lock);
    return NULL;
}

static bounded_t *bounded_lock_own(actor_t *a) {
    lock_take(&a->remote->mailbox_lock);
    return bounded_of(a);
}

static void bounded_unlock(actor_t *a) { lock_drop(&a->remote->mailbox_lock); }

/* -- The ring -- */

static inline fragment_t **ring_at(const bounded_t *b, uint32_t i) { return &b->ring[i & b->mask]; }
static inline bool ring_before(uint32_t i, uint32_t j) { return (int32_t)(i - j) < 0; }
static inline bool queued_user(const fragment_t *f) { return f > BOUNDED_HELD && f->kind == BUSKIN_MSG_USER; }
static inline bool queued_signal(const fragment_t *f) { return f == BOUNDED_HELD || (f && f->kind >= SIGNAL_FIRST); }
static inline uint32_t ring_position(const fragment_t *f) { return (uint32_t)(uintptr_t)f->next; }

static inline void ring_put(bounded_t *b, uint32_t i, fragment_t *f) {
    *ring_at(b, i) = f;
    if (f > BOUNDED_HELD) f->next = (fragment_t *)(uintptr_t)i;
}

/* Moves all entries together, to a ring of that size; places follow their entries. */
static void ring_pack(bounded_t *b, fragment_t **ring, uint32_t mask) {
    uint32_t *places[] = {&b->taken, &b->oldest, &b->cursor, &b->looking}, moved[4], to = b->head;
    for (unsigned p = 0; p < 4; p++) moved[p] = b->head;
    for (uint32_t i = b->head; i != b->tail; i++) {
        fragment_t *f = *ring_at(b, i);
        if (!f) continue;
        ring[to & mask] = f;
        if (f > BOUNDED_HELD) f->next = (fragment_t *)(uintptr_t)to;
        to++;
        for (unsigned p = 0; p < 4; p++)
            if (ring_before(i, *places[p])) moved[p] = to;
    }
    for (unsigned p = 0; p < 4; p++) *places[p] = moved[p];
    b->tail = to;
    b->ring = ring;
    b->mask = mask;
}

/* The head moves on over what is gone, and the places with it. */
static void ring_trim(bounded_t *b) {
    while (b->head != b->tail && !*ring_at(b, b->head)) b->head++;
    uint32_t *places[] = {&b->taken, &b->oldest, &b->cursor};
    for (unsigned p = 0; p < 3; p++)
        if (ring_before(*places[p], b->head)) *places[p] = b->head;
}

/* Room for one more entry; for a user message some is left over for signals. */
static bool ring_room(bounded_t *b, uint32_t reserve) {
    ring_trim(b);
    if (b->tail - b->head + reserve <= b->mask) return true;
    if (b->present < b->mask / 2) {
        ring_pack(b, b->ring, b->mask);
        return true;
    }
    fragment_t **old = b->ring, **ring = calloc(2 * ((size_t)b->mask + 1), sizeof *ring);
    if (ring) {
        ring_pack(b, ring, 2 * b->mask + 1);
        free(old);
        return true;
    }
    ring_pack(b, b->ring, b->mask);
    return b->tail - b->head + reserve <= b->mask;
}

static bool ring_append(bounded_t *b, fragment_t *f, uint32_t reserve) {
    if (unlikely(b->tail - b->head + reserve > b->mask) && !ring_room(b, reserve)) return false;
    ring_put(b, b->tail++, f);
    b->present++;
    return true;
}

static void ring_remove(bounded_t *b, uint32_t i) {
    *ring_at(b, i) = NULL;
    b->present--;
}

/* -- Keys of a coalescing mailbox -- */

static bool key_of(const bounded_t *b, const fragment_t *f, uint64_t *key) {
    if (f->length < (uint64_t)b->key + sizeof *key) return false;
    memcpy(key, (const char *)f->data + b->key, sizeof *key);
    return true;
}

static uint64_t key_hash(uint64_t tag, uint64_t key) {
    uint64_t h = (tag ^ (key * 0x9e3779b97f4a7c15u)) * 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h ? h : 1;
}

static bool keys_equal(const bounded_t *b, const fragment_t *f, uint64_t tag, uint64_t key) {
    uint64_t its = 0;
    return queued_user(f) && f->tag == tag && key_of(b, f, &its) && its == key;
}

/* The queued message of that tag and key, or NULL. */
static fragment_t *key_find(bounded_t *b, uint64_t tag, uint64_t key) {
    uint64_t *at = map_find(&b->keys, key_hash(tag, key));
    fragment_t *f = at ? (fragment_t *)(uintptr_t)*at : NULL;
    if (f && keys_equal(b, f, tag, key)) return f;
    if (!b->plain_keys) return NULL;
    for (uint32_t i = b->head; i != b->tail; i++)
        if (keys_equal(b, *ring_at(b, i), tag, key)) return *ring_at(b, i);
    return NULL;
}

static void key_add(bounded_t *b, fragment_t *f) {
    uint64_t key;
    if (b->policy != BUSKIN_POLICY_COALESCE || !key_of(b, f, &key)) return;
    uint64_t hash = key_hash(f->tag, key);
    if (map_find(&b->keys, hash) || !map_put(&b->keys, hash, (uint64_t)(uintptr_t)f))
        b->plain_keys = true; /* two of one hash, or no memory */
}

static void key_remove(bounded_t *b, const fragment_t *f) {
    uint64_t key;
    if (b->policy != BUSKIN_POLICY_COALESCE || !key_of(b, f, &key)) return;
    uint64_t hash = key_hash(f->tag, key), *at = map_find(&b->keys, hash);
    if (at && *at == (uint64_t)(uintptr_t)f) map_remove(&b->keys, hash);
    if (!b->keys.count && !b->used) b->plain_keys = false;
}

/* -- Life -- */

bool bounded_options_valid(const buskin_spawn_desc_t *desc) {
    return desc->mailbox_policy <= BUSKIN_POLICY_COALESCE && desc->mailbox_fallback < BUSKIN_POLICY_COALESCE &&
           desc->mailbox_capacity <= BUSKIN_MAILBOX_MAX;
}

bool bounded_open(actor_t *a, const buskin_spawn_desc_t *desc, pool_t *pool) {
    bounded_t *b = piece_take(pool, PIECE_PLAIN, piece_class(sizeof *b));
    fragment_t **ring = b ? calloc(RING_FIRST, sizeof *ring) : NULL;
    if (!ring) {
        if (b) piece_give(pool, PIECE_PLAIN, piece_class(sizeof *b), b);
        return false;
    }
    *b = (bounded_t){.ring = ring,
                     .mask = RING_FIRST - 1,
                     .asleep = true, /* nobody has looked yet, and a foreign thread's spawn waits for the notice */
                     .capacity = desc->mailbox_capacity,
                     .policy = (uint8_t)desc->mailbox_policy,
                     .fallback = (uint8_t)desc->mailbox_fallback,
                     .key = desc->mailbox_key};
    lock_take(&a->remote->mailbox_lock);
    /* seq_cst: acquire pairs with the CAS of mailbox_push_remote, by which a late sender may have pushed */
    fragment_t *late = exchange_seq_cst(&a->remote->list, (fragment_t *)((uintptr_t)b | REMOTE_BOUNDED)),
               *oldest = NULL;
    for (fragment_t *next; late > REMOTE_IDLE; late = next) {
        next = late->next;
        late->next = oldest;
        oldest = late;
    }
    for (fragment_t *next; oldest; oldest = next) {
        next = oldest->next;
        if (oldest->kind < SIGNAL_FIRST || !ring_append(b, oldest, 0))
            fragment_free(pool, oldest);
        else
            b->signals++;
    }
    bounded_unlock(a);
    return true;
}

bounded_t *bounded_close(actor_t *a, fragment_t *idle) {
    lock_take(&a->remote->mailbox_lock);
    /* seq_cst: pairs with the CAS of mailbox_push_remote, which may push from now on */
    bounded_t *b = list_bounded(exchange_seq_cst(&a->remote->list, idle));
    bounded_unlock(a);
    return b;
}

fragment_t *bounded_empty(bounded_t *b, pool_t *pool) {
    while (b->head != b->tail) {
        fragment_t *f = *ring_at(b, b->head++);
        if (f == b->looked) b->looked = NULL;
        if (f > BOUNDED_HELD) return f;
    }
    fragment_t *f = b->looked;
    b->looked = NULL;
    if (!f && (f = b->senders)) b->senders = f->next;
    if (f) return f;
    map_free(&b->keys);
    free(b->ring);
    piece_give(pool, PIECE_PLAIN, piece_class(sizeof *b), b);
    return NULL;
}

/* -- Senders -- */

static void post_discard(posted_t *done, fragment_t *f) {
    f->next = done->discard;
    done->discard = f;
}

static bool post_append(bounded_t *b, fragment_t *f) {
    if (unlikely(!ring_append(b, f, RING_RESERVE))) return false;
    key_add(b, f);
    b->used++;
    b->accepted++;
    return true;
}

/* Replaces the queued message `old` by f, in its place (S10.4). */
static int32_t post_replace(bounded_t *b, fragment_t *old, fragment_t *f, posted_t *done) {
    uint32_t i = ring_position(old);
    key_remove(b, old);
    ring_put(b, i, f);
    key_add(b, f);
    if (old == b->looked)
        b->looked_is = LOOKED_REPLACED;
    else
        post_discard(done, old);
    if (ring_before(i, b->cursor)) b->cursor = i; /* the receive has not seen the new one */
    b->coalesced++;
    return BUSKIN_COALESCED;
}

static void post_evict(bounded_t *b, posted_t *done) {
    while (!queued_user(*ring_at(b, b->oldest))) b->oldest++;
    fragment_t *f = *ring_at(b, b->oldest);
    key_remove(b, f);
    ring_remove(b, b->oldest);
    if (f == b->looked)
        b->looked_is = LOOKED_EVICTED;
    else
        post_discard(done, f);
    b->used--;
    b->accepted--;
    b->dropped++;
}

static int32_t post_wait(bounded_t *b, fragment_t *f, fragment_t *waiter) {
    waiter->tag = (uint64_t)(uintptr_t)f;
    waiter->next = NULL;
    if (b->senders)
        b->last_sender->next = waiter;
    else
        b->senders = waiter;
    b->last_sender = waiter;
    b->sender_count++;
    return POST_WAITS;
}

static int32_t post_refused(uint64_t *count, int32_t status, fragment_t *f, posted_t *done) {
    ++*count;
    post_discard(done, f);
    return status;
}

static int32_t post_full(bounded_t *b, uint32_t policy, fragment_t *f, enum bounded_sender sender, fragment_t *waiter,
                         posted_t *done) {
    switch ((enum buskin_policy)policy) {
    case BUSKIN_POLICY_BLOCK:
        if (sender == SENDER_OTHER) return waiter ? post_wait(b, f, waiter) : POST_MUST_WAIT;
        if (sender == SENDER_SELF) return post_refused(&b->failed, BUSKIN_EFULL, f, done);
        return post_refused(&b->dropped, BUSKIN_EDROPPED, f, done);
    case BUSKIN_POLICY_DROP_OLD:
        post_evict(b, done);
        if (likely(post_append(b, f))) return BUSKIN_EVICTED;
        return post_refused(&b->failed, BUSKIN_ENOMEM, f, done);
    case BUSKIN_POLICY_FAIL: return post_refused(&b->failed, BUSKIN_EFULL, f, done);
    default: return post_refused(&b->dropped, BUSKIN_EDROPPED, f, done);
    }
}

static int32_t post_locked(bounded_t *b, fragment_t *f, enum bounded_sender sender, fragment_t *waiter,
                           posted_t *done) {
    uint32_t policy = b->policy;
    uint64_t key;
    if (policy == BUSKIN_POLICY_COALESCE) {
        fragment_t *old = key_of(b, f, &key) ? key_find(b, f->tag, key) : NULL;
        if (old) return post_replace(b, old, f, done);
        policy = b->fallback;
    }
    if (unlikely(b->used >= b->capacity)) return post_full(b, policy, f, sender, waiter, done);
    return likely(post_append(b, f)) ? BUSKIN_OK : post_refused(&b->failed, BUSKIN_ENOMEM, f, done);
}

/* Something came in: who looks after it? */
static void posted_news(bounded_t *b, bool local, posted_t *done) {
    b->news = true;
    if (local || !b->asleep) return;
    b->asleep = false;
    done->notify = true;
}

posted_t bounded_post(actor_t *a, fragment_t *f, enum bounded_sender sender, fragment_t *waiter, bool local) {
    posted_t done = {.status = BUSKIN_OK};
    bounded_t *b = bounded_lock(a, f->owner);
    if (!b) {
        done.gone = true;
        return done;
    }
    done.status = post_locked(b, f, sender, waiter, &done);
    if (done.status >= 0 && done.status < POST_MUST_WAIT) posted_news(b, local, &done);
    bounded_unlock(a);
    return done;
}

int32_t bounded_refuses(actor_t *a, uint64_t pid) {
    bounded_t *b = bounded_lock(a, pid);
    int32_t status = BUSKIN_OK;
    if (!b) return status;
    if (b->used >= b->capacity && b->policy == BUSKIN_POLICY_DROP_NEW) b->dropped++, status = BUSKIN_EDROPPED;
    if (b->used >= b->capacity && b->policy == BUSKIN_POLICY_FAIL) b->failed++, status = BUSKIN_EFULL;
    bounded_unlock(a);
    return status;
}

posted_t bounded_signal(actor_t *a, fragment_t *f, bool local) {
    posted_t done = {.status = BUSKIN_OK};
    bounded_t *b = bounded_lock(a, f->owner);
    if (!b) {
        done.gone = true;
        return done;
    }
    if (likely(ring_append(b, f, 0))) {
        b->signals++;
        posted_news(b, local, &done);
    } else {
        done.status = BUSKIN_ENOMEM;
    }
    bounded_unlock(a);
    return done;
}

fragment_t *bounded_withdraw(actor_t *a, uint64_t pid, uint64_t ref) {
    bounded_t *b = bounded_lock(a, pid);
    if (!b) return NULL;
    fragment_t *waiter = b->senders, *before = NULL;
    while (waiter && reason_notice(waiter)->ref != ref) before = waiter, waiter = waiter->next;
    if (waiter) {
        if (before)
            before->next = waiter->next;
        else
            b->senders = waiter->next;
        if (b->last_sender == waiter) b->last_sender = before;
        b->sender_count--;
        b->failed++;
    }
    bounded_unlock(a);
    return waiter;
}

/* -- The home: signals -- */

fragment_t *bounded_take_signal(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    fragment_t *f = NULL;
    if (b->signals) {
        ring_trim(b);
        while (!queued_signal(*ring_at(b, b->taken))) b->taken++;
        f = *ring_at(b, b->taken);
        ring_put(b, b->taken, BOUNDED_HELD);
        b->held = true;
        b->signals--;
    }
    bounded_unlock(a);
    return f;
}

void bounded_place(actor_t *a, fragment_t *message) {
    bounded_t *b = bounded_lock_own(a);
    b->held = false;
    if (message)
        ring_put(b, b->taken, message);
    else
        ring_remove(b, b->taken);
    bounded_unlock(a);
}

bool bounded_news(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    bool news = b->news;
    b->news = b->signals > 0;
    b->asleep = false;
    bounded_unlock(a);
    return news;
}

bool bounded_sleep(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    bool sleeps = !b->news;
    if (sleeps) b->asleep = true;
    bounded_unlock(a);
    return sleeps;
}

/* -- The home: receives -- */

fragment_t *bounded_begin(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    /* of a receive that was given up */
    fragment_t *f = b->looked_is == LOOKED_QUEUED ? NULL : b->looked;
    b->looked = NULL;
    ring_trim(b);
    b->cursor = b->head;
    bounded_unlock(a);
    return f;
}

fragment_t *bounded_peek(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    fragment_t *f = b->looked;
    for (; !f && b->cursor != b->tail; b->cursor++) {
        f = *ring_at(b, b->cursor);
        if (!f) continue;
        if (queued_signal(f)) {
            f = NULL;
            break;
        }
        b->looked = f;
        b->looked_is = LOOKED_QUEUED;
        b->looking = b->cursor;
        break;
    }
    bounded_unlock(a);
    return f;
}

fragment_t *bounded_skip(actor_t *a) {
    bounded_t *b = bounded_lock_own(a);
    fragment_t *f = b->looked_is == LOOKED_QUEUED ? NULL : b->looked;
    if (b->looked && !f && b->cursor == b->looking) b->cursor++; /* else a new one before it is to be looked at */
    b->looked = NULL;
    bounded_unlock(a);
    return f;
}

/* There is space: the oldest sender's message comes in. */
static void bounded_admit(bounded_t *b, fragment_t **answers) {
    fragment_t *last = NULL;
    while (b->senders && b->used < b->capacity) {
        fragment_t *waiter = b->senders, *f = (fragment_t *)(uintptr_t)waiter->tag;
        b->senders = waiter->next;
        b->sender_count--;
        bool in = post_append(b, f);
        if (in) waiter->tag = 0;
        if (!in) b->failed++;
        reason_notice(waiter)->code = (uint32_t)(in ? BUSKIN_OK : BUSKIN_ENOMEM);
        waiter->next = NULL;
        if (last)
            last->next = waiter;
        else
            *answers = waiter;
        last = waiter;
        b->news = true;
    }
}

fragment_t *bounded_take(actor_t *a, fragment_t **answers) {
    bounded_t *b = bounded_lock_own(a);
    fragment_t *f = b->looked;
    *answers = NULL;
    b->looked = NULL;
    if (b->looked_is == LOOKED_QUEUED) {
        if (queued_user(f)) {
            b->used--;
            key_remove(b, f);
        }
        ring_remove(b, b->looking);
    } else {
        b->accepted++;
        --*(b->looked_is == LOOKED_EVICTED ? &b->dropped : &b->coalesced);
    }
    if (unlikely(b->senders)) bounded_admit(b, answers);
    ring_trim(b);
    bounded_unlock(a);
    return f;
}

fragment_t *bounded_take_down(actor_t *a, uint64_t ref) {
    bounded_t *b = bounded_lock_own(a);
    fragment_t *f = NULL;
    for (uint32_t i = b->head; i != b->tail && !f; i++) {
        fragment_t *at = *ring_at(b, i);
        if (at <= BOUNDED_HELD || at->kind != BUSKIN_MSG_DOWN || reason_notice(at)->ref != ref) continue;
        ring_remove(b, i);
        f = at;
    }
    bounded_unlock(a);
    return f;
}

void bounded_info(const actor_t *a, buskin_process_info_t *info) {
    bounded_t *b = bounded_lock_own((actor_t *)(uintptr_t)a);
    info->mailbox_length = b->present - b->signals - b->held;
    info->mailbox_capacity = b->capacity;
    info->mailbox_policy = b->policy;
    info->mailbox_senders = (uint32_t)b->sender_count;
    info->mailbox_accepted = b->accepted;
    info->mailbox_dropped = b->dropped;
    info->mailbox_failed = b->failed;
    info->mailbox_coalesced = b->coalesced;
    bounded_unlock((actor_t *)(uintptr_t)a);
}
