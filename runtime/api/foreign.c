/* foreign.c - the entries around foreign code. */
#include "sched/foreign.h"

#include "api/api.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/outside.h"
#include "sched/seeded.h"

uint64_t slow_foreign(void);
uint64_t slow_blocking(void (*fn)(void *arg), void *arg);

int32_t buskin_foreign_enter(void) {
    buskin_context_t *ctx = here();
    if (!is_actor(ctx) || !(ctx->flags & BUSKIN_CTX_OWN_STACK) || backend_whole) return BUSKIN_ESTATE;
    if (ctx->flags & ACTOR_CLEANING) return BUSKIN_ESTATE; /* its stack is its worker's */
    need_room(ctx);
    foreign_enter(this_worker, actor_of(ctx));
    return BUSKIN_OK;
}

void buskin_foreign_leave(void) {
    buskin_context_t *ctx = here();
    if (!foreign_under_way()) return; /* not from ctx->flags: they are the new thread's, if the worker is lost */
    actor_t *a = actor_of(ctx);
    if (!foreign_leave(this_worker, a))
        slow_foreign();
    else if (unlikely(remote_pending(a)))
        buskin_reduction_slow(); /* a kill that came during the call acts now (S2.10) */
}

actor_t *handle_foreign(actor_t *self) { return foreign_come_back(self); }

int32_t buskin_blocking_call(void (*fn)(void *arg), void *arg) {
    buskin_context_t *ctx = here();
    if (!fn) return BUSKIN_EINVAL;
    if (ctx->flags & ACTOR_CLEANING) return BUSKIN_ESTATE;
    if (is_actor(ctx)) return (int32_t)slow_blocking(fn, arg);
    if (!is_main_thread(ctx)) return BUSKIN_ESTATE;
    outside_call(fn, arg);
    return BUSKIN_OK;
}

actor_t *handle_blocking(actor_t *self, void (*fn)(void *arg), void *arg) {
    worker_t *w = worker_of(self);
    *actor_result(self) = BUSKIN_OK;
    if (seeded.on) {
        outside_call(fn, arg);
        return self;
    }
    if (!foreign_call(fn, arg, self->ctx.pid)) {
        *actor_result(self) = (uint64_t)BUSKIN_ENOMEM;
        return self;
    }
    self->ctx.flags |= ACTOR_FOREIGN; /* a thread uses what is the actor's: its end waits for the call's */
    return worker_wait(w, self, WAIT_CALL);
}
