/* context.c - who am I, and how much of my turn is left. */
#include "api/api.h"

#include "port/port.h"
#include "sched/cleanup.h"
#include "sched/end.h"
#include "sched/fault.h"
#include "sched/receive.h"
#include "sched/timer.h"

#include <unistd.h>

uint64_t slow_reduction(void);
uint64_t slow_yield(void);
uint64_t slow_sleep(int64_t ms);

buskin_context_t *buskin_context(void) { return here(); }

uint64_t buskin_actor_self(void) { return here()->pid; }

void buskin_reduction_slow(void) {
    buskin_context_t *ctx = here();
    if (is_actor(ctx))
        slow_reduction();
    else
        ctx->budget = INT64_MAX;
}

void buskin_reduction_check(void) {
    buskin_context_t *ctx = here();
    if (!is_actor(ctx)) return;
    if (likely(ctx->budget > 0))
        ctx->budget--;
    else
        slow_reduction();
}

actor_t *handle_reduction(actor_t *self) { return worker_requeue(worker_of(self), self); }

void buskin_actor_yield(void) {
    if (is_actor(here()))
        slow_yield();
    else
        thread_yield();
}

actor_t *handle_yield(actor_t *self) {
    *actor_result(self) = BUSKIN_OK; /* of a sleep of no time */
    return worker_requeue(worker_of(self), self);
}

static int32_t thread_sleep(int64_t ms) {
    uint64_t deadline = receive_deadline(ms);
    if (seeded.on) {
        while (now_ns() < deadline) seeded_wait(0, deadline);
        return BUSKIN_OK;
    }
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&t, &t)) continue; /* a signal of the program's, or of the second collector's */
    return BUSKIN_OK;
}

int32_t buskin_actor_sleep(int64_t ms) {
    buskin_context_t *ctx = here();
    if (ms > (int64_t)UINT32_MAX) return BUSKIN_EINVAL;
    if (is_actor(ctx)) return (int32_t)(ms > 0 ? slow_sleep(ms) : slow_yield());
    if (!is_main_thread(ctx)) return BUSKIN_ESTATE;
    return ms > 0 ? thread_sleep(ms) : BUSKIN_OK;
}

actor_t *handle_sleep(actor_t *self, int64_t ms) {
    worker_t *w = worker_of(self);
    *actor_result(self) = BUSKIN_OK;
    self->ctx.flags &= ~(uint32_t)ACTOR_TIMED_OUT;
    if (!timer_arm(w, self, receive_deadline(ms))) {
        *actor_result(self) = (uint64_t)BUSKIN_ELIMIT;
        return self;
    }
    return worker_wait(w, self, WAIT_SLEEP);
}

/* The entry function of an actor has returned: normally, or it was its terminate callback, or one of its cleanups. */
actor_t *handle_return(actor_t *self) {
    if (unlikely(load_relaxed(&runtime_state) == RUNTIME_FORKED)) _exit(0); /* its child, which has no worker */
    if (unlikely(self->ctx.flags & ACTOR_CLEANING)) cleanup_returned(self);
    return end_current(worker_of(self), self);
}

/* A native fault in actor code: its frames will never go on. */
actor_t *handle_fault(actor_t *self) {
    fault_reason(worker_of(self), self);
    return end_current(worker_of(self), self);
}

/* An entry found no room on the actor's stack. */
actor_t *handle_overflow(actor_t *self) {
    fault_overflow(worker_of(self), self, &(crash_place_t){0});
    return end_current(worker_of(self), self);
}
