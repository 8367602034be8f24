/* ask.c - requests to another actor's home: is it alive, own this name, tell about yourself.
 *
 * The request travels as a signal, so its answer comes after all earlier signals of the caller were handled (S1.7), and a dead
 * target's home answers at once. The caller waits in WAIT_ANSWER; messages that come meanwhile just queue up.
 */
#include "api/caller.h"
#include "port/port.h"
#include "sched/end.h"

enum { ASK_COST = 8 }; /* reductions; a target at the same worker answers at once, and nobody waits */

uint64_t slow_ask(enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length, void *to_bytes);

actor_t *handle_run(actor_t *self, caller_fn *fn, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    caller_t c = {.self = self, .w = worker_of(self)};
    *actor_result(self) = fn(&c, a1, a2, a3, a4);
    return unlikely(self->ctx.flags & ACTOR_DYING) ? end_current(c.w, self) : self;
}

/* Sends the request. 0: no memory. */
static uint64_t ask_send(caller_t *c, enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length) {
    cold_t *cold = caller_cold(c);
    fragment_t *f = cold ? reason_new(caller_pool(c), 0, bytes, length) : NULL;
    if (cold) caller_done(c);
    if (!f) return 0;
    uint64_t ref = worker_ref(c->w);
    f->kind = kind;
    f->owner = pid;
    reason_notice(f)->from = c->self->ctx.pid;
    reason_notice(f)->ref = ref;
    cold->asked = ref;
    cold->sending_to = 0;
    caller_deliver(c, f);
    return ref;
}

actor_t *handle_ask(actor_t *self, enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length,
                    void *to_bytes) {
    caller_t c = {.self = self, .w = worker_of(self)};
    actor_charge(&self->ctx, ASK_COST);
    if (!ask_send(&c, kind, pid, bytes, length)) {
        *actor_result(self) = (uint64_t)(int64_t)BUSKIN_ENOMEM;
        return self;
    }
    *actor_result(self) = (uint64_t)(uintptr_t)to_bytes;
    return worker_wait_or_go_on(c.w, self, WAIT_ANSWER);
}

static int32_t ask_from_thread(enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length,
                               void *to_bytes) {
    caller_t c = {.self = actor_of(here())};
    if (!ask_send(&c, kind, pid, bytes, length)) return BUSKIN_ENOMEM;
    cold_t *cold = actor_cold(c.self);
    while (!cold->answer) external_take_in(0);
    fragment_t *f = cold->answer;
    const buskin_notice_t *n = reason_notice(f);
    int32_t code = (int32_t)n->code;
    if (to_bytes && n->length) memcpy(to_bytes, reason_bytes(f), n->length);
    cold->answer = NULL;
    cold->asked = 0;
    external_free(f);
    return code;
}

int32_t ask(enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length, void *to_bytes) {
    buskin_context_t *ctx = here();
    if (likely(is_actor(ctx))) return (int32_t)slow_ask(kind, pid, bytes, length, to_bytes);
    return is_main_thread(ctx) ? ask_from_thread(kind, pid, bytes, length, to_bytes) : BUSKIN_ESTATE;
}

int32_t buskin_actor_is_alive(uint64_t pid) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (pid == here()->pid) return 1;
    return ask(SIGNAL_ALIVE, pid, NULL, 0, NULL);
}

int32_t buskin_process_info(uint64_t pid, buskin_process_info_t *info) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (!info || info->size != sizeof *info) return BUSKIN_EINVAL;
    buskin_process_info_t room = *info;
    return ask(SIGNAL_INFO, pid, &room, sizeof room, info);
}
