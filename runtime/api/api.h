/* api.h - what the entries of the ABI share: where am I, and may I.
 *
 * An entry tries its fast way first, as a leaf on the caller's stack; what may wait or needs room goes on in a slow_* gate
 * and its handle_* function on the thread's stack (port/switch.h). Threads that run no worker never get that far: they
 * take the thread_* way of the same file, on their own stacks.
 */
#ifndef BUSKIN_API_H
#define BUSKIN_API_H

#include "abi_kinds.h"
#include "port/port.h"
#include "sched/seeded.h"

extern _Thread_local buskin_context_t *BUSKIN_ABI_CONTEXT_SYMBOL __attribute__((tls_model("initial-exec")));

enum runtime_state { RUNTIME_DOWN, RUNTIME_STARTING, RUNTIME_UP, RUNTIME_ENDING, RUNTIME_STUCK, RUNTIME_FORKED };
extern _Atomic uint32_t runtime_state;
extern _Thread_local char *switch_thread_sp __attribute__((tls_model("initial-exec")));

static inline buskin_context_t *here(void) { return BUSKIN_ABI_CONTEXT_SYMBOL; }

/* Atomic, because in foreign code the worker that goes on without the caller may write them (an exit signal). */
static inline uint32_t context_flags(const buskin_context_t *ctx) {
    return __atomic_load_n(&ctx->flags, __ATOMIC_RELAXED);
}

/* Code of an actor that a worker runs, outside foreign-call brackets. */
static inline bool is_actor(const buskin_context_t *ctx) {
    return (context_flags(ctx) & (BUSKIN_CTX_ACTOR | ACTOR_THREAD | ACTOR_FOREIGN)) == BUSKIN_CTX_ACTOR;
}

_Noreturn void slow_overflow(void);

/* Before an entry does anything that must not be left half done: is there room on the actor's stack? Emitted code runs
 * into the guard, and faults; the runtime must not. */
static inline bool has_room(const buskin_context_t *ctx) { return stack_pointer() >= ctx->stack_limit; }
static inline void need_room(const buskin_context_t *ctx) {
    if (unlikely(!has_room(ctx))) slow_overflow();
}

static inline bool is_main_thread(const buskin_context_t *ctx) { return context_flags(ctx) & ACTOR_THREAD; }
/* One with a mailbox: what the table calls HOME. */
static inline bool is_home(const buskin_context_t *ctx) { return is_actor(ctx) || is_main_thread(ctx); }
static inline bool is_up(void) { return load_relaxed(&runtime_state) == RUNTIME_UP; }
/* Any thread may send and spawn while the runtime is up; in a seeded run only actors and the init thread. */
static inline bool is_open(void) { return is_up() && (!seeded.on || context_flags(here()) & BUSKIN_CTX_ACTOR); }

/* The worker of an actor that called a slow gate: the thread that runs the handler runs that worker. */
static inline worker_t *worker_of(const actor_t *a) { return workers[load_relaxed(&a->remote->home)]; }

#endif
