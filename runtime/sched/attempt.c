/* attempt.c - attempts; see attempt.h. */
#include "sched/attempt.h"

#include "actor/cold.h"
#include "actor/reason.h"
#include "port/fibre.h"

_Static_assert(sizeof((attempt_t *)0)->frame == 64, "the saved frame: result, six registers, return address");

bool attempt_begin(worker_t *w, actor_t *self, attempt_t *attempt) {
    cold_t *cold = cold_ensure(self, &w->pool);
    if (!cold) return false;
    attempt->sp = self->sp;
    memcpy(attempt->frame, self->sp, sizeof attempt->frame);
    attempt->cleanups = self->ctx.cleanups;
    cold->attempt = attempt;
    self->ctx.flags |= ACTOR_ATTEMPT;
    return true;
}

void attempt_drop(actor_t *self) {
    self->ctx.flags &= ~(uint32_t)ACTOR_ATTEMPT;
    actor_cold(self)->attempt = NULL;
}

/* What the callback has not popped lies in frames that are no more. */
void attempt_end(actor_t *self) {
    self->ctx.cleanups = actor_cold(self)->attempt->cleanups;
    attempt_drop(self);
}

bool attempt_fails(worker_t *w, actor_t *self) {
    if (self->ctx.flags & ACTOR_DYING) return false;
    cold_t *cold = actor_cold(self);
    fragment_t *reason = cold->reason;
    cold->reason = NULL;
    if (reason && heap_adopt(&self->ctx, &w->pool, reason))
        cold->attempt->failure = reason_notice(reason);
    else if (reason)
        fragment_free(&w->pool, reason);
    return true;
}

/* The callback's frames begin where the saved one was: that has been popped. */
const char *attempt_end_of_frames(const actor_t *self) {
    const attempt_t *attempt = actor_cold(self)->attempt;
    return attempt->sp + sizeof attempt->frame;
}

void attempt_resume(actor_t *self) {
    attempt_t *attempt = actor_cold(self)->attempt;
    attempt_end(self);
    fibre_unpoison(stack_bottom(self), (size_t)(attempt->sp - stack_bottom(self)));
    memcpy(attempt->sp, attempt->frame, sizeof attempt->frame);
    self->sp = attempt->sp;
    *actor_result(self) = true;
}

void attempt_order(worker_t *w, actor_t *self, spawn_order_t *order) {
    if (order->ref) return; /* the callback watches it itself */
    order->parent = self;
    order->link = order->kept = true;
    order->ref = worker_ref(w);
}

void attempt_spawned(actor_t *self, uint64_t pid, const spawn_order_t *order) {
    attempt_t *attempt = actor_cold(self)->attempt;
    if (!pid || !order->kept || attempt->tied == ATTEMPT_TIES) return;
    attempt->ties[attempt->tied].pid = pid;
    attempt->ties[attempt->tied++].ref = order->ref;
}
