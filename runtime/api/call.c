/* call.c - request and reply (S8).
 *
 * The request is one signal: it installs the server's half of a monitor and becomes a message. The reply carries the
 * reference and counts only while the caller still watches it, so a call that timed out never gets its reply later. The
 * reference is new, so no message that was queued before the request can be the answer: the scan starts behind them,
 * and a call costs the same however long the mailbox is.
 */
#include "api/call.h"
#include "sched/receive.h"

typedef struct call {
    uint64_t to, tag;
    const buskin_desc_t *desc;
    const void *value;
    buskin_receive_t receive;
} call_t;

/* Sends the request; returns its reference, 0: no memory. */
static uint64_t call_send(caller_t *c, uint64_t call_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    call_t *call = (call_t *)(uintptr_t)call_address;
    (void)a2, (void)a3, (void)a4;
    cold_t *cold = caller_cold(c);
    if (!cold) return 0;
    pool_t *pool = caller_pool(c);
    fragment_t *f = fragment_copy(pool, c->w ? &c->w->scratch : external_scratch(), call->desc, call->value);
    caller_done(c);
    if (!f) return 0;
    uint64_t ref = worker_ref(c->w);
    if (!map_put(&cold->watching, ref, call->to)) {
        fragment_free(caller_pool(c), f);
        caller_done(c);
        return 0;
    }
    *(buskin_request_t *)(void *)f->data = (buskin_request_t){.from = c->self->ctx.pid, .ref = ref};
    f->kind = SIGNAL_CALL;
    f->owner = call->to;
    f->tag = call->tag;
    call->receive.state = RECEIVE_GOING;
    call->receive.private0[RECEIVE_BEFORE] = (uint64_t)(uintptr_t)(c->self->head ? c->self->tail : NULL);
    call->receive.private0[RECEIVE_DEADLINE] = c->w ? 0 : external_deadline(call->receive.timeout_ms);
    if (unlikely(actor_is_bounded(c->self))) {
        receive_begin_bounded(c->w, c->self, false);
        call->receive.state = RECEIVE_BOUNDED;
    }
    caller_deliver(c, f);
    return ref;
}

static bool is_answer(const void *message, uint64_t ref) {
    const fragment_t *f = fragment_of_message(message);
    if (f->kind == BUSKIN_MSG_REPLY) return f->tag == ref;
    return f->kind == BUSKIN_MSG_DOWN && ((const buskin_notice_t *)(const void *)f->data)->ref == ref;
}

const void *call_await(buskin_receive_t *r, uint64_t ref, int32_t *status) {
    const void *message;
    while ((message = buskin_receive_peek(r)) && !is_answer(message, ref)) buskin_receive_skip(r);
    *status = BUSKIN_ETIMEOUT;
    if (!message) return NULL;
    *status = fragment_of_message(message)->kind == BUSKIN_MSG_REPLY ? BUSKIN_OK : BUSKIN_ENOPROC;
    buskin_receive_take(r);
    return message;
}

const void *call_any(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                     int32_t *status) {
    int32_t unused;
    if (!status) status = &unused;
    *status = !is_up() ? BUSKIN_ESTATE : BUSKIN_EINVAL;
    if (*status == BUSKIN_ESTATE || !desc || desc->size < sizeof(buskin_request_t) || !value) return NULL;
    if (to == here()->pid) return NULL;
    call_t call = {.to = to, .tag = tag, .desc = desc, .value = value, .receive = {.timeout_ms = timeout_ms}};
    uint64_t ref = caller_run(call_send, (uint64_t)(uintptr_t)&call, 0, 0, 0, 0);
    *status = BUSKIN_ENOMEM;
    if (!ref) return NULL;
    const void *message = call_await(&call.receive, ref, status);
    if (!message) buskin_actor_demonitor(ref, 1);
    return message;
}

const void *buskin_call(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                        int32_t *status) {
    if (unlikely(tag == CALL_SUPERVISOR)) desc = NULL;
    return call_any(to, tag, desc, value, timeout_ms, status);
}

uint64_t call_reply(caller_t *c, uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value) {
    cold_t *cold = actor_cold(c->self);
    if (cold) map_remove(&cold->watchers, ref);
    pool_t *pool = caller_pool(c);
    fragment_t *f =
        fragment_copy(pool, c->w ? &c->w->scratch : external_scratch(), desc ? desc : &fragment_empty_desc, value);
    caller_done(c);
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

int32_t buskin_reply(uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value) {
    if (desc && desc->size && !value) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    return (int32_t)caller_run(reply_run, from, ref, (uint64_t)(uintptr_t)desc, (uint64_t)(uintptr_t)value,
                               (uint64_t)BUSKIN_ESTATE);
}
