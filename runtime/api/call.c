/* call.c - request and reply (S8).
 *
 * The request is one signal: it installs the server's half of a monitor and becomes a message. What ends the call comes back to
 * the caller as a signal, too, and never as a message: cold->asked says which call is in progress, the REPLY or DOWN with that
 * reference goes to cold->answer, and receive_finish hands it to the caller. So a call costs the same however long the mailbox
 * is, bounded or not, and no message that comes meanwhile wakes the caller. A reply counts only while the caller still watches
 * the reference, so a call that timed out never gets its reply later.
 *
 *   caller                               server                               caller
 *   1  watching += ref, asked = ref      1  watchers += ref                   1  watching -= ref; is it asked?
 *   2  send CALL                         2  message; later watchers -= ref    2  answer = it; run
 *   3  wait (WAIT_REPLY)                 3  send REPLY, or DOWN at its end    3  the heap adopts it
 *
 * All of a call happens in one stay on the worker's stack; a small reply to a caller of the same worker is a leaf.
 */
#include "api/call.h"

#include "sched/collect.h"
#include "sched/end.h"
#include "sched/receive.h"
#include "sched/timer.h"

uint64_t slow_call(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                   int32_t *status);

static fragment_t *call_copy(const caller_t *c, const buskin_desc_t *desc, const void *value) {
    if (likely(c->w && desc_is_small(desc))) return fragment_small(&c->w->pool, desc, value);
    pool_t *pool = caller_pool(c);
    fragment_t *f = fragment_copy(pool, c->w ? &c->w->scratch : external_scratch(), desc, value);
    caller_done(c);
    return f;
}

/* The usual case of delivering a request, with the effect that signal.c gives it: the server is at home here, and nothing has to
 * be taken in before, put off or refused. */
static inline bool call_arrives(worker_t *w, fragment_t *f, uint64_t from, uint64_t ref) {
    const uint32_t looked_at = ACTOR_DYING | ACTOR_ENDING | ACTOR_SUPERVISOR;
    actor_t *a = table_find(f->owner);
    if (unlikely(!a || load_acquire(&a->remote->home) != w->id || remote_pending(a) || f->tag == CALL_SUPERVISOR ||
                 a->ctx.flags & looked_at || !actor_cold(a) || !map_add(&actor_cold(a)->watchers, ref, from)))
        return false;
    f->kind = BUSKIN_MSG_CALL;
    mailbox_push(a, f);
    if (waits_for_message(a)) worker_ready_soon(w, a);
    return true;
}

/* Sends the request. The caller's cold block, where its end is waited for; NULL: no memory. */
static cold_t *call_send(caller_t *c, uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value) {
    cold_t *cold = actor_cold(c->self);
    if (unlikely(!cold)) cold = caller_cold(c);
    fragment_t *f = cold ? call_copy(c, desc, value) : NULL;
    if (!f) return NULL;
    uint64_t ref = worker_ref(c->w);
    if (!map_add(&cold->watching, ref, to)) {
        fragment_free(caller_pool(c), f);
        caller_done(c);
        return NULL;
    }
    *(buskin_request_t *)(void *)f->data = (buskin_request_t){.from = c->self->ctx.pid, .ref = ref};
    f->kind = SIGNAL_CALL;
    f->owner = to;
    f->tag = tag;
    cold->asked = ref;
    cold->sending_to = cold->answer_by = 0;
    if (likely(c->w && call_arrives(c->w, f, c->self->ctx.pid, ref))) return cold;
    caller_deliver(c, f);
    return cold;
}

/* -- Actors -- */

/* Also when a collection that went on in turns is done. */
static bool call_waits(worker_t *w, actor_t *self, const uint64_t args[3]) {
    (void)args;
    actor_set_wait(self, WAIT_REPLY);
    return likely(!collect_over_limit(self)) || collect_failed(w, self, "heap limit");
}

static void call_limit(worker_t *w, actor_t *self, cold_t *cold, int64_t timeout_ms) {
    if (timeout_ms) cold->answer_by = receive_deadline(timeout_ms);
    if (!timeout_ms || !timer_arm(w, self, cold->answer_by)) self->ctx.flags |= ACTOR_TIMED_OUT;
}

actor_t *handle_call(actor_t *self, uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value,
                     int64_t timeout_ms) {
    caller_t c = {.self = self, .w = worker_of(self)};
    self->ctx.flags &= ~(uint32_t)ACTOR_TIMED_OUT;
    cold_t *cold = call_send(&c, to, tag, desc, value);
    if (unlikely(!cold)) {
        int32_t *status = (int32_t *)(uintptr_t)*actor_result(self);
        if (status) *status = BUSKIN_ENOMEM;
        *actor_result(self) = 0;
        return self;
    }
    if (timeout_ms >= 0 && !cold->answer) call_limit(c.w, self, cold, timeout_ms);
    if (unlikely(heap_wants_collection(&self->ctx) || collect_over_limit(self))) {
        if (!collect_self(c.w, self)) return collect_later(c.w, self, call_waits, 0, 0, 0);
        if (!call_waits(c.w, self, NULL)) return end_current(c.w, self);
    }
    if (unlikely(cold->answer || self->ctx.flags & ACTOR_TIMED_OUT)) return worker_wait_or_go_on(c.w, self, WAIT_REPLY);
    return worker_wait(c.w, self, WAIT_REPLY);
}

/* -- The thread that called init -- */

static void call_forget_thread(caller_t *c, cold_t *cold, uint64_t to) {
    map_take(&cold->watching, cold->asked);
    caller_signal(c, SIGNAL_DEMONITOR, to, cold->asked);
}

static const void *call_from_thread(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value,
                                    int64_t timeout_ms, int32_t *status) {
    caller_t c = {.self = actor_of(here())};
    uint64_t deadline = external_deadline(timeout_ms);
    *status = BUSKIN_ENOMEM;
    cold_t *cold = call_send(&c, to, tag, desc, value);
    if (!cold) return NULL;
    while (!cold->answer && external_take_in(deadline)) continue;
    fragment_t *f = cold->answer;
    if (f) {
        BUG_IF(!heap_adopt(&c.self->ctx, external_lock(), f)); /* its heap was made at init */
        external_unlock();
    } else {
        call_forget_thread(&c, cold, to);
    }
    cold->answer = NULL;
    cold->asked = 0;
    *status = !f ? BUSKIN_ETIMEOUT : f->kind == BUSKIN_MSG_REPLY ? BUSKIN_OK : BUSKIN_ENOPROC;
    return f ? fragment_message(f) : NULL;
}

/* -- Entries -- */

static __attribute__((noinline)) const void *call_otherwise(uint64_t to, uint64_t tag, const buskin_desc_t *desc,
                                                            const void *value, int64_t timeout_ms, int32_t *status) {
    int32_t unused;
    if (!status) status = &unused;
    *status = !is_up() ? BUSKIN_ESTATE : BUSKIN_EINVAL;
    if (*status == BUSKIN_ESTATE || !desc || desc->size < sizeof(buskin_request_t) || !value) return NULL;
    if (to == here()->pid || !is_main_thread(here())) return NULL;
    return call_from_thread(to, tag, desc, value, timeout_ms, status);
}

const void *call_any(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                     int32_t *status) {
    const buskin_context_t *ctx = here();
    if (likely(is_actor(ctx) && is_up() && desc && desc->size >= sizeof(buskin_request_t) && value && to != ctx->pid))
        return (const void *)(uintptr_t)slow_call(to, tag, desc, value, timeout_ms, status);
    return call_otherwise(to, tag, desc, value, timeout_ms, status);
}

const void *buskin_call(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                        int32_t *status) {
    if (unlikely(tag == CALL_SUPERVISOR)) desc = NULL;
    return call_any(to, tag, desc, value, timeout_ms, status);
}

uint64_t call_reply(caller_t *c, uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value) {
    cold_t *cold = actor_cold(c->self);
    if (cold) map_take(&cold->watchers, ref);
    fragment_t *f = call_copy(c, desc ? desc : &fragment_empty_desc, value);
    if (!f) return (uint64_t)BUSKIN_ENOMEM;
    f->kind = SIGNAL_REPLY;
    f->owner = from;
    f->tag = ref;
    caller_deliver(c, f);
    return BUSKIN_OK;
}

static uint64_t reply_run(caller_t *c, uint64_t from, uint64_t ref, uint64_t desc_address, uint64_t value) {
    return call_reply(c, from, ref, (const buskin_desc_t *)(uintptr_t)desc_address, (const void *)(uintptr_t)value);
}

static __attribute__((noinline)) int32_t reply_otherwise(uint64_t from, uint64_t ref, const buskin_desc_t *desc,
                                                         const void *value) {
    if (desc && desc->size && !value) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    return (int32_t)caller_run(reply_run, from, ref, (uint64_t)(uintptr_t)desc, (uint64_t)(uintptr_t)value,
                               (uint64_t)BUSKIN_ESTATE);
}

/* Whether a, which lives at w, waits for just this reply, and nothing has to be taken in before it. */
static inline bool reply_is_awaited(const worker_t *w, const actor_t *a, uint64_t ref) {
    const uint32_t looked_at = ACTOR_DYING | ACTOR_FOREIGN | 7u << ACTOR_WAIT_SHIFT;
    return load_acquire(&a->remote->home) == w->id && !remote_pending(a) && a->state == ACTOR_WAITING &&
           (a->ctx.flags & looked_at) == (uint32_t)WAIT_REPLY << ACTOR_WAIT_SHIFT && actor_cold(a)->asked == ref;
}

int32_t buskin_reply(uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value) {
    const buskin_context_t *ctx = here();
    worker_t *w = this_worker;
    if (unlikely(!is_actor(ctx) || !has_room(ctx) || !desc || !desc_is_small(desc) || !value ||
                 !fragment_is_at_hand(&w->pool, desc)))
        return reply_otherwise(from, ref, desc, value);
    actor_t *a = table_find(from);
    cold_t *cold = actor_cold(actor_of(here()));
    if (unlikely(!a || !cold || cold->watchers.capacity || !reply_is_awaited(w, a, ref)))
        return reply_otherwise(from, ref, desc, value);
    map_take(&cold->watchers, ref);
    map_take(&actor_cold(a)->watching, ref);
    fragment_t *f = fragment_small(&w->pool, desc, value);
    f->kind = BUSKIN_MSG_REPLY;
    f->tag = ref;
    actor_cold(a)->answer = f;
    worker_ready_soon(w, a);
    return BUSKIN_OK;
}
