/* receive.c - the entries that receive. A message that is there already is found by a leaf; only an empty mailbox, or
 * taking a message to the heap, goes to the worker's stack. */
#include "sched/receive.h"

#include "api/caller.h"
#include "sched/collect.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/external.h"
#include "sched/post.h"
#include "sched/seeded.h"
#include "sched/timer.h"

uint64_t slow_receive(int64_t timeout_ms);
uint64_t slow_peek(buskin_receive_t *r);
uint64_t slow_take(buskin_receive_t *r);
uint64_t slow_take_bounded(buskin_receive_t *r);

static const int64_t TIMEOUT_MAX = UINT32_MAX;

static inline const void *result_pointer(uint64_t result) { return (const void *)(uintptr_t)result; }

/* -- Peek, skip, take, drop -- */

static const void *thread_peek(buskin_receive_t *r);

const void *buskin_receive_peek(buskin_receive_t *r) {
    buskin_context_t *ctx = here();
    if (unlikely(!is_actor(ctx))) return is_main_thread(ctx) ? thread_peek(r) : NULL;
    actor_t *a = actor_of(ctx);
    if (receive_is_fresh(r)) r->private0[RECEIVE_BEFORE] = 0;
    fragment_t *f = receive_candidate(a, r);
    if (unlikely(!f)) return result_pointer(slow_peek(r));
    if (receive_is_fresh(r)) {
        r->private0[RECEIVE_DEADLINE] = 0;
        receive_enter(r, RECEIVE_GOING);
    }
    return fragment_message(f);
}

/* Sets the timer of a receive that is about to wait for the first time, or again after skipping. */
static void peek_arm(worker_t *w, actor_t *self, buskin_receive_t *r) {
    int64_t ms = r->timeout_ms < TIMEOUT_MAX ? r->timeout_ms : TIMEOUT_MAX;
    uint64_t now = ms ? now_ns() : 0;
    if (ms && !r->private0[RECEIVE_DEADLINE]) r->private0[RECEIVE_DEADLINE] = now + (uint64_t)ms * 1000000u;
    uint64_t deadline = r->private0[RECEIVE_DEADLINE];
    if (!ms || deadline <= now || !timer_arm(w, self, deadline)) self->ctx.flags |= ACTOR_TIMED_OUT;
}

/* Takes in what came from elsewhere, then looks again. */
static __attribute__((noinline)) fragment_t *peek_pending(worker_t *w, actor_t *self, buskin_receive_t *r) {
    deliver_pending(w, self);
    if (!actor_is_bounded(self)) {
        receive_enter(r, RECEIVE_GOING);
        return receive_candidate(self, r);
    }
    if (receive_is_fresh(r)) receive_begin_bounded(w, self);
    receive_enter(r, RECEIVE_BOUNDED);
    return bounded_peek(self);
}

actor_t *handle_peek(actor_t *self, buskin_receive_t *r) {
    worker_t *w = worker_of(self);
    if (receive_is_fresh(r)) r->private0[RECEIVE_DEADLINE] = 0;
    *actor_result(self) = (uint64_t)(uintptr_t)r;
    if (likely(!remote_pending(self))) {
        receive_enter(r, RECEIVE_GOING);
    } else {
        fragment_t *f = peek_pending(w, self, r);
        if (f) {
            *actor_result(self) = (uint64_t)(uintptr_t)fragment_message(f);
            return self->ctx.flags & ACTOR_DYING ? end_current(w, self) : self;
        }
    }
    if (unlikely(r->timeout_ms >= 0)) {
        peek_arm(w, self, r);
        actor_set_wait(self, WAIT_PEEK);
        if (self->ctx.flags & ACTOR_TIMED_OUT && receive_finish(w, self)) return self;
    }
    return worker_wait(w, self, WAIT_PEEK);
}

/* Beyond what else the receive has no use for. */
static uint64_t pass_run(caller_t *c, uint64_t receive_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    buskin_receive_t *r = (buskin_receive_t *)(uintptr_t)receive_address;
    (void)a2, (void)a3, (void)a4;
    r->private0[RECEIVE_PATIENCE] = INDEX_AFTER;
    if (!c->w || !caller_cold(c)) return 0;
    index_filter_t filter = index_filter(receive_filter(r));
    uint32_t passed;
    r->private0[RECEIVE_BEFORE] = (uint64_t)(uintptr_t)index_pass(c->self, receive_before(r), &filter, &passed);
    if (passed >= INDEX_AFTER) r->private0[RECEIVE_PATIENCE] = 0; /* it was worth asking */
    return 0;
}

/* With a filter: after a number of messages, and whenever there is an index, it says where to go on. */
static inline void skip_filtered(buskin_context_t *ctx, buskin_receive_t *r, bool first) {
    if (first) r->private0[RECEIVE_PATIENCE] = ctx->flags & ACTOR_INDEXED ? 0 : INDEX_AFTER;
    if (r->private0[RECEIVE_PATIENCE]) {
        r->private0[RECEIVE_PATIENCE]--;
        return;
    }
    need_room(ctx);
    caller_run(pass_run, (uint64_t)(uintptr_t)r, 0, 0, 0, 0);
}

static uint64_t skip_bounded_run(caller_t *c, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    fragment_t *given_up = bounded_skip(c->self);
    (void)a1, (void)a2, (void)a3, (void)a4;
    if (given_up) fragment_free(&c->w->pool, given_up);
    return 0;
}

static uint64_t drop_bounded_run(caller_t *c, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a1, (void)a2, (void)a3, (void)a4;
    fragment_free(&c->w->pool, post_received(c->w, c->self));
    return 0;
}

void buskin_receive_skip(buskin_receive_t *r) {
    buskin_context_t *ctx = here();
    if (!(ctx->flags & BUSKIN_CTX_ACTOR)) return;
    const fragment_t *before = receive_before(r), *f = receive_candidate(actor_of(ctx), r);
    if (unlikely(!f)) {
        if (receive_is_bounded(r)) caller_run(skip_bounded_run, 0, 0, 0, 0, 0);
        return;
    }
    r->private0[RECEIVE_BEFORE] = (uint64_t)(uintptr_t)f;
    if (receive_filter(r)) skip_filtered(ctx, r, !before);
}

static __attribute__((noinline)) void drop_slow(buskin_receive_t *r) {
    buskin_context_t *ctx = here();
    if (!(ctx->flags & BUSKIN_CTX_ACTOR) || !receive_is_going(r)) {
        if (!receive_is_bounded(r)) return;
        receive_end(r);
        caller_run(drop_bounded_run, 0, 0, 0, 0, 0);
        return;
    }
    need_room(ctx);
    fragment_t *f = mailbox_unlink(actor_of(ctx), receive_before(r));
    receive_end(r);
    if (is_actor(ctx))
        fragment_free(&this_worker->pool, f);
    else
        external_free(f);
}

void buskin_receive_drop(buskin_receive_t *r) {
    buskin_context_t *ctx = here();
    if (likely(is_actor(ctx) && receive_is_going(r) && has_room(ctx))) {
        actor_t *a = actor_of(ctx);
        fragment_t *before = receive_before(r), *f = mailbox_after(a, before);
        unsigned size_class = f->flags;
        if (likely(size_class < PIECE_LARGE)) { /* nothing but that: one piece, and no index knows it */
            mailbox_cut(a, before, f);
            receive_end(r);
            piece_give(&this_worker->pool, PIECE_FRAGMENTS, size_class, f);
            return;
        }
    }
    drop_slow(r);
}

void buskin_receive_take(buskin_receive_t *r) {
    buskin_context_t *ctx = here();
    if (!(ctx->flags & BUSKIN_CTX_ACTOR) || !receive_is_going(r)) {
        if (receive_is_bounded(r) && is_actor(ctx)) slow_take_bounded(r);
        return;
    }
    if (likely(is_actor(ctx))) {
        slow_take(r);
        return;
    }
    fragment_t *f = mailbox_unlink(actor_of(ctx), receive_before(r));
    receive_end(r);
    BUG_IF(!heap_adopt(ctx, external_lock(), f)); /* its heap was made at init */
    external_unlock();
}

static bool take_finish(worker_t *w, actor_t *self, const uint64_t args[3]) {
    (void)args;
    return likely(!collect_over_limit(self)) || collect_failed(w, self, "heap limit");
}

static inline actor_t *take_message(worker_t *w, actor_t *self, buskin_receive_t *r, fragment_t *f) {
    receive_end(r);
    if (unlikely(!heap_adopt(&self->ctx, &w->pool, f))) {
        fragment_free(&w->pool, f);
        collect_failed(w, self, "no memory for the actor's heap");
        return end_current(w, self);
    }
    if (unlikely(heap_wants_collection(&self->ctx) || collect_over_limit(self)) && !collect_self(w, self))
        return collect_later(w, self, take_finish, 0, 0, 0);
    return likely(take_finish(w, self, NULL)) ? self : end_current(w, self);
}

actor_t *handle_take(actor_t *self, buskin_receive_t *r) {
    return take_message(worker_of(self), self, r, mailbox_unlink(self, receive_before(r)));
}

actor_t *handle_take_bounded(actor_t *self, buskin_receive_t *r) {
    worker_t *w = worker_of(self);
    return take_message(w, self, r, post_received(w, self));
}

/* -- The plain receive -- */

const void *buskin_actor_receive(int64_t timeout_ms) {
    buskin_context_t *ctx = here();
    if (likely(is_actor(ctx))) return result_pointer(slow_receive(timeout_ms));
    if (!is_main_thread(ctx)) return NULL;
    buskin_receive_t r = {.timeout_ms = timeout_ms};
    const void *message = thread_peek(&r);
    if (message) buskin_receive_take(&r);
    return message;
}

static bool receive_finds(worker_t *w, actor_t *self) {
    if (likely(self->head || !actor_is_bounded(self))) return self->head;
    receive_begin_bounded(w, self);
    return bounded_peek(self);
}

/* What is waited for, and until when: timeout_ms and, if it is positive and known already, the deadline. */
static bool receive_begin(worker_t *w, actor_t *self, const uint64_t args[3]) {
    int64_t timeout_ms = (int64_t)args[0];
    if (remote_pending(self)) deliver_pending(w, self);
    self->ctx.flags &= ~(uint32_t)ACTOR_TIMED_OUT;
    if (!receive_finds(w, self) && timeout_ms >= 0) {
        uint64_t deadline = args[1] || !timeout_ms ? args[1] : receive_deadline(timeout_ms);
        if (!timeout_ms || !timer_arm(w, self, deadline)) self->ctx.flags |= ACTOR_TIMED_OUT;
    }
    actor_set_wait(self, WAIT_RECEIVE);
    return true;
}

actor_t *handle_receive(actor_t *self, int64_t timeout_ms) {
    worker_t *w = worker_of(self);
    if (timeout_ms > TIMEOUT_MAX) timeout_ms = TIMEOUT_MAX;
    if (unlikely(heap_wants_collection(&self->ctx)) && !collect_self(w, self)) {
        uint64_t deadline = timeout_ms > 0 ? receive_deadline(timeout_ms) : 0;
        return collect_later(w, self, receive_begin, (uint64_t)timeout_ms, deadline, 0);
    }
    receive_begin(w, self, (uint64_t[3]){(uint64_t)timeout_ms});
    return receive_finish(w, self) ? self : worker_wait(w, self, WAIT_RECEIVE);
}

/* -- By tag: a selective receive whose pattern is a set -- */

static bool tag_wanted(const void *message, const uint64_t *tags, uint64_t n) {
    const buskin_message_header_t *header = (const buskin_message_header_t *)message - 1;
    if (header->kind != BUSKIN_MSG_USER) return false;
    uint64_t tag = ((const buskin_message_t *)message)->tag;
    for (uint64_t i = 0; i < n; i++)
        if (tags[i] == tag) return true;
    return false;
}

/* A filter of its own, in the caller's frame. */
typedef struct tags_filter {
    uint64_t count;
    buskin_filter_entry_t entries[BUSKIN_FILTER_MAX];
} tags_filter_t;

static tags_filter_t filter_of_tags(const uint64_t *tags, uint64_t n) {
    tags_filter_t filter = {.count = n};
    for (uint64_t i = 0; i < n && n <= BUSKIN_FILTER_MAX; i++)
        filter.entries[i] =
            (buskin_filter_entry_t){.kind = BUSKIN_MSG_USER, .flags = BUSKIN_FILTER_TAG, .tag = tags[i]};
    return filter;
}

const void *buskin_receive_tags(const uint64_t *tags, uint64_t n, int64_t timeout_ms) {
    if (!tags || !n) return NULL;
    need_room(here());
    tags_filter_t filter = filter_of_tags(tags, n);
    buskin_receive_t r = {.timeout_ms = timeout_ms, .state = (uint64_t)(uintptr_t)&filter};
    const void *message;
    while ((message = buskin_receive_peek(&r)) && !tag_wanted(message, tags, n)) buskin_receive_skip(&r);
    if (message) buskin_receive_take(&r);
    return message;
}

void buskin_message_release(const void *message) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (!message || !(ctx->flags & BUSKIN_CTX_ACTOR)) return;
    fragment_t *f = fragment_of_message(message);
    if (likely(is_actor(ctx))) {
        heap_release(ctx, &this_worker->pool, f);
    } else {
        heap_release(ctx, external_lock(), f);
        external_unlock();
    }
}

/* -- The thread that called init -- */

static const void *thread_peek(buskin_receive_t *r) {
    actor_t *a = actor_of(here());
    if (receive_is_fresh(r)) {
        receive_enter(r, RECEIVE_GOING);
        r->private0[RECEIVE_BEFORE] = 0;
        r->private0[RECEIVE_DEADLINE] = external_deadline(r->timeout_ms);
    }
    fragment_t *f;
    while (!(f = receive_candidate(a, r)))
        if (!external_take_in(r->private0[RECEIVE_DEADLINE])) {
            receive_end(r);
            return NULL;
        }
    return fragment_message(f);
}
