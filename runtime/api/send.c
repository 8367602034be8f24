/* send.c - the entries that send. The fast way, between actors of one worker, is a piece from the pool, a copy and two
 * plain stores; graphs of objects are copied on the worker's stack. */
#include "api/caller.h"
#include "api/config.h"
#include "mem/share.h"
#include "sched/deliver.h"
#include "sched/external.h"
#include "sched/post.h"

enum {
    SEND_COST = 3,  /* reductions, so that four senders do not outrun one receiver */
    COPY_BYTES = 16 /* that are copied for one reduction: a copy costs its receiver cache misses, too */
};

uint64_t slow_post(actor_t *a, fragment_t *f);
/* Moves copy, so that the sender's own can be overwritten: whoever still reads it is found out. */
#ifdef BUSKIN_DEBUG
#define CHECKS_MOVES true
#else
#define CHECKS_MOVES config.gc_stress
#endif

uint64_t slow_send(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value);

/* To another worker, behind what others have sent, or to a bounded mailbox, which may have to wait. */
static __attribute__((noinline)) int32_t send_otherwise(worker_t *w, actor_t *a, fragment_t *f) {
    if (actor_is_bounded(a)) return (int32_t)slow_post(a, f);
    if (load_acquire(&a->remote->home) == w->id)
        deliver_message(w, a, f);
    else
        deliver_remote(w, a, f);
    return BUSKIN_OK;
}

/* From actor code, which runs on w, on the actor's stack. f's tag is set. */
static inline int32_t send_from_actor(worker_t *w, buskin_context_t *ctx, uint64_t to, fragment_t *f) {
    actor_t *a = table_find(to);
    actor_charge(ctx, SEND_COST);
    if (unlikely(!a)) {
        fragment_free(&w->pool, f);
        return BUSKIN_OK;
    }
    f->owner = to;
    if (unlikely(load_acquire(&a->remote->home) != w->id || remote_pending(a))) return send_otherwise(w, a, f);
    mailbox_push(a, f);
    if (waits_for_message(a)) worker_ready_soon(w, a);
    return BUSKIN_OK;
}

static int32_t send_from_thread(uint64_t to, fragment_t *f) {
    actor_t *a = table_find(to);
    f->owner = to;
    if (a && actor_is_bounded(a)) return post_from_thread(a, f, is_main_thread(here()) ? actor_of(here()) : NULL);
    deliver_foreign(f);
    return BUSKIN_OK;
}

/* The frame's result word says meanwhile where the answer's bytes go: nowhere. */
actor_t *handle_post(actor_t *self, actor_t *a, fragment_t *f) {
    worker_t *w = worker_of(self);
    *actor_result(self) = 0;
    int32_t status = post_from_actor(w, self, a, f);
    if (status == POST_WAITS) return worker_wait_or_go_on(w, self, WAIT_ANSWER);
    *actor_result(self) = (uint64_t)(int64_t)status;
    return self;
}

/* A graph for a bounded mailbox: one that is full may refuse it before it is copied. */
static actor_t *send_bounded(worker_t *w, actor_t *self, actor_t *a, uint64_t to, uint64_t tag,
                             const buskin_desc_t *desc, const void *value) {
    int32_t status = bounded_refuses(a, to);
    fragment_t *f = status ? NULL : fragment_copy(&w->pool, &w->scratch, desc, value);
    *actor_result(self) = (uint64_t)(int64_t)(status ? status : BUSKIN_ENOMEM);
    actor_charge(&self->ctx, SEND_COST + (f ? (int64_t)(fragment_held(f) / COPY_BYTES) : 0));
    if (!f) return self;
    f->owner = to;
    f->tag = tag;
    return handle_post(self, a, f);
}

static __attribute__((noinline)) int32_t send_word_slow(uint64_t to, uint64_t tag, uint64_t word) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    bool actor = is_actor(ctx);
    if (!actor && !is_open()) return BUSKIN_ESTATE;
    fragment_t *f = fragment_word(actor ? &this_worker->pool : external_lock(), word);
    if (!actor) external_unlock();
    if (!f) return BUSKIN_ENOMEM;
    f->tag = tag;
    return actor ? send_from_actor(this_worker, ctx, to, f) : send_from_thread(to, f);
}

int32_t buskin_send_word(uint64_t to, uint64_t tag, uint64_t word) {
    buskin_context_t *ctx = here();
    if (unlikely(!is_actor(ctx) || !has_room(ctx))) return send_word_slow(to, tag, word);
    worker_t *w = this_worker;
    actor_t *a = table_find(to);
    /* one worker, nothing pending, a piece at hand: all that follows is stores; only the queue may have to grow */
    if (unlikely(!a || load_acquire(&a->remote->home) != w->id || remote_pending(a) ||
                 !w->pool.lists[PIECE_FRAGMENTS][0].free))
        return send_word_slow(to, tag, word);
    fragment_t *f = fragment_word(&w->pool, word);
    f->owner = to;
    f->tag = tag;
    actor_charge(ctx, SEND_COST);
    mailbox_push(a, f);
    if (waits_for_message(a)) worker_ready_soon(w, a);
    return BUSKIN_OK;
}

int32_t buskin_actor_send(uint64_t to, const void *bytes, uint64_t size) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    fragment_t *f;
    if (size && !bytes) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    if (likely(is_actor(ctx))) {
        worker_t *w = this_worker;
        f = fragment_bytes(&w->pool, bytes, size);
        if (unlikely(!f)) return BUSKIN_ENOMEM;
        actor_charge(ctx, (int64_t)(size / COPY_BYTES));
        return send_from_actor(w, ctx, to, f);
    }
    if (!is_open()) return BUSKIN_ESTATE;
    f = fragment_bytes(external_lock(), bytes, size);
    external_unlock();
    return f ? send_from_thread(to, f) : BUSKIN_ENOMEM;
}

static __attribute__((noinline)) int32_t send_slow(uint64_t to, uint64_t tag, const buskin_desc_t *desc,
                                                   const void *value) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (desc->size && !value) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    if (is_actor(ctx)) return (int32_t)slow_send(to, tag, desc, value);
    if (!is_up() || !is_main_thread(ctx)) return BUSKIN_ESTATE;
    fragment_t *f = fragment_copy(external_lock(), external_scratch(), desc, value);
    external_unlock();
    if (!f) return BUSKIN_ENOMEM;
    f->tag = tag;
    return send_from_thread(to, f);
}

int32_t buskin_send(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value) {
    buskin_context_t *ctx = here();
    if (!desc) desc = &fragment_empty_desc;
    if (unlikely(!is_actor(ctx) || !has_room(ctx) || !desc_is_small(desc) || !value))
        return send_slow(to, tag, desc, value);
    worker_t *w = this_worker;
    actor_t *a = table_find(to);
    if (unlikely(!a || load_acquire(&a->remote->home) != w->id || remote_pending(a) ||
                 !fragment_is_at_hand(&w->pool, desc)))
        return send_slow(to, tag, desc, value);
    fragment_t *f = fragment_small(&w->pool, desc, value);
    f->owner = to;
    f->tag = tag;
    actor_charge(ctx, SEND_COST);
    mailbox_push(a, f);
    if (waits_for_message(a)) worker_ready_soon(w, a);
    return BUSKIN_OK;
}

actor_t *handle_send(actor_t *self, uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value) {
    worker_t *w = worker_of(self);
    *actor_result(self) = BUSKIN_OK;
    actor_t *a = table_find(to);
    if (!a) return self;
    if (unlikely(actor_is_bounded(a))) return send_bounded(w, self, a, to, tag, desc, value);
    fragment_t *f = fragment_copy(&w->pool, &w->scratch, desc, value);
    if (unlikely(!f)) {
        *actor_result(self) = (uint64_t)BUSKIN_ENOMEM;
        return self;
    }
    f->tag = tag;
    actor_charge(&self->ctx, (int64_t)(fragment_held(f) / COPY_BYTES));
    actor_charge(&self->ctx, SEND_COST);
    f->owner = to;
    deliver(w, f);
    return self;
}

/* -- Moves -- */

enum { MOVE_LOOK = 32 }; /* newer messages that are looked through for the one to unlink; behind them it is copied */

/* What a sender may hand on: the fragment of a message that its heap has adopted. The pointer may be anything. */
static fragment_t *own_message(const buskin_context_t *ctx, const void *message) {
    if (!message || (uintptr_t)message % 8) return NULL;
    fragment_t *f = fragment_of_message(message);
    if (!backend_whole && (const void *)area_at((uint64_t)(uintptr_t)message) != f) return NULL;
    bool own = f->owner == ctx->pid && (f->flags & (AREA_HEAP | AREA_CHUNK | AREA_SHARE | AREA_RELEASED)) == AREA_HEAP;
    bool data = f->kind == BUSKIN_MSG_USER || f->kind == BUSKIN_MSG_TIMER || f->kind == BUSKIN_MSG_REPLY;
    return own && data ? f : NULL;
}

static fragment_t *move_copy(pool_t *pool, scratch_t *scratch, const fragment_t *f) {
    if (header_kind(f->header) == HEADER_BYTES) return fragment_bytes(pool, f->data, f->length);
    return fragment_copy(pool, scratch, header_desc(f->header), f->data);
}

typedef struct move {
    const void *message;
    fragment_t *sent; /* what is to be sent, owned by nobody */
} move_t;

static uint64_t move_run(caller_t *c, uint64_t move_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    buskin_context_t *ctx = &c->self->ctx;
    move_t *move = (move_t *)(uintptr_t)move_address;
    fragment_t *f = own_message(ctx, move->message);
    (void)a2, (void)a3, (void)a4;
    if (!f) return (uint64_t)BUSKIN_EINVAL;
    if (CHECKS_MOVES && !fragment_is_closed(f)) return (uint64_t)BUSKIN_ESTATE;
    pool_t *pool = caller_pool(c);
    bool moves = !CHECKS_MOVES && !backend_whole && heap_unlink(ctx, f, MOVE_LOOK);
    move->sent = moves ? f : move_copy(pool, c->w ? &c->w->scratch : external_scratch(), f);
    if (move->sent && !moves) heap_forget(ctx, f);
    caller_done(c);
    return move->sent ? BUSKIN_OK : (uint64_t)BUSKIN_ENOMEM;
}

int32_t buskin_send_move(uint64_t to, uint64_t tag, const void *message) {
    buskin_context_t *ctx = here();
    move_t move = {.message = message};
    need_room(ctx);
    if (!is_up()) return BUSKIN_ESTATE;
    int32_t status = (int32_t)caller_run(move_run, (uint64_t)(uintptr_t)&move, 0, 0, 0, (uint64_t)BUSKIN_ESTATE);
    if (status) return status;
    move.sent->kind = BUSKIN_MSG_USER;
    move.sent->tag = tag;
    return is_actor(ctx) ? send_from_actor(this_worker, ctx, to, move.sent) : send_from_thread(to, move.sent);
}

/* -- Messages that are built in place --
 *
 * The fragment is nobody's until it is sent: no collector sees it, so between the two calls nothing may collect (C37). All that the
 * first one does is to take a piece and mark its end; nothing is copied, and nothing walks. */

void *buskin_message_new(uint64_t to, uint64_t tag, const buskin_desc_t *desc, uint64_t room) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (!desc) return NULL;
    bool actor = is_actor(ctx);
    if (unlikely(!actor && (!is_up() || !is_main_thread(ctx)))) return NULL;
    fragment_t *f = fragment_open(actor ? &this_worker->pool : external_lock(), desc, room);
    if (unlikely(!actor)) external_unlock();
    if (unlikely(!f)) return NULL;
    f->owner = to;
    f->tag = tag;
    return fragment_message(f);
}

/* The pointer may be anything. */
static fragment_t *open_message(void *message) {
    uint64_t address = (uint64_t)(uintptr_t)message;
    if (!message || address % 16 || (!backend_whole && !arena_holds(address))) return NULL;
    fragment_t *f = fragment_of_message(message);
    return f->flags & AREA_OPEN ? f : NULL;
}

int32_t buskin_message_send(void *message) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    bool actor = is_actor(ctx);
    if (unlikely(!actor && (!is_up() || !is_main_thread(ctx)))) return BUSKIN_ESTATE;
    fragment_t *f = open_message(message);
    if (unlikely(!f)) return BUSKIN_EINVAL;
    if (CHECKS_MOVES && !fragment_is_closed(f)) return BUSKIN_ESTATE;
    f->flags &= ~(uint32_t)AREA_OPEN;
    if (unlikely(!actor)) return send_from_thread(f->owner, f);
    actor_charge(ctx, (int64_t)(fragment_held(f) / COPY_BYTES));
    return send_from_actor(this_worker, ctx, f->owner, f);
}
