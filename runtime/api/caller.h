/* caller.h - entries that are on no hot path run on the worker's stack, through one gate, whoever calls.
 *
 * buskin_x checks its arguments and calls caller_run(x, a, b, c, d). x runs with the calling actor and its worker, or, for the
 * thread that called init, with w == NULL on that thread's own stack. If the actor must end after it, it ends here.
 */
#ifndef BUSKIN_CALLER_H
#define BUSKIN_CALLER_H

#include "actor/signal.h"
#include "api/api.h"
#include "sched/deliver.h"
#include "sched/external.h"

typedef struct caller {
    actor_t *self;
    worker_t *w; /* NULL: the thread that called init */
} caller_t;

typedef uint64_t caller_fn(caller_t *c, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

uint64_t slow_run(caller_fn *fn, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

/* otherwise: the answer for callers that may not. */
static inline uint64_t caller_run(caller_fn *fn, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                                  uint64_t otherwise) {
    buskin_context_t *ctx = here();
    if (likely(is_actor(ctx))) return slow_run(fn, a1, a2, a3, a4);
    if (!is_main_thread(ctx)) return otherwise;
    caller_t c = {.self = actor_of(ctx)};
    return fn(&c, a1, a2, a3, a4);
}

/* The pool of the caller; caller_done gives it back. */
static inline pool_t *caller_pool(const caller_t *c) { return c->w ? &c->w->pool : external_lock(); }
static inline void caller_done(const caller_t *c) {
    if (!c->w) external_unlock();
}

static inline void caller_deliver(caller_t *c, fragment_t *f) {
    if (c->w)
        deliver(c->w, f);
    else
        deliver_foreign(f);
}

static inline cold_t *caller_cold(caller_t *c) {
    cold_t *cold = cold_ensure(c->self, caller_pool(c));
    caller_done(c);
    return cold;
}

/* Sends a signal without bytes. false: no memory. */
static inline bool caller_signal(caller_t *c, enum signal_kind kind, uint64_t to, uint64_t ref) {
    fragment_t *f = signal_new(caller_pool(c), kind, to, c->self->ctx.pid, ref);
    caller_done(c);
    if (f) caller_deliver(c, f);
    return f != NULL;
}

/* Sends a request of that kind to the home of its target and waits for the answer (api/ask.c). bytes may be NULL; the
 * answer's bytes go to `to_bytes` if it is not NULL. Returns the answer's code, or status if the target is dead. Called
 * from the entry itself, not from within caller_run. */
int32_t ask(enum signal_kind kind, uint64_t pid, const void *bytes, uint64_t length, void *to_bytes);

#endif
