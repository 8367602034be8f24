/* link.c - the entries for links, exit signals and the trap flag. The protocol is that of actor/signal.c. */
#include "api/caller.h"

static uint64_t link_run(caller_t *c, uint64_t pid, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a2, (void)a3, (void)a4;
    if (pid == c->self->ctx.pid) return BUSKIN_OK;
    cold_t *cold = caller_cold(c);
    if (!cold) return (uint64_t)BUSKIN_ENOMEM;
    uint64_t *link = map_find(&cold->links, pid);
    if (link && !*link) return BUSKIN_OK;
    if (pid && !map_put(&cold->links, pid, 0)) return (uint64_t)BUSKIN_ENOMEM; /* 0 is nobody: that answer is certain */
    if (caller_signal(c, SIGNAL_LINK, pid, 0)) return BUSKIN_OK;
    map_remove(&cold->links, pid);
    return (uint64_t)BUSKIN_ENOMEM;
}

int32_t buskin_actor_link(uint64_t pid) { return (int32_t)caller_run(link_run, pid, 0, 0, 0, (uint64_t)BUSKIN_ESTATE); }

static uint64_t unlink_run(caller_t *c, uint64_t pid, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a2, (void)a3, (void)a4;
    cold_t *cold = actor_cold(c->self);
    uint64_t *link = cold ? map_find(&cold->links, pid) : NULL;
    if (!link || *link) return BUSKIN_OK;
    *link = worker_ref(c->w);
    return caller_signal(c, SIGNAL_UNLINK, pid, *link) ? BUSKIN_OK : (uint64_t)BUSKIN_ENOMEM;
}

int32_t buskin_actor_unlink(uint64_t pid) {
    return (int32_t)caller_run(unlink_run, pid, 0, 0, 0, (uint64_t)BUSKIN_ESTATE);
}

static uint64_t exit_run(caller_t *c, uint64_t to, uint64_t code, uint64_t bytes, uint64_t length) {
    fragment_t *f = reason_new(caller_pool(c), (uint32_t)code, (const void *)(uintptr_t)bytes, length);
    caller_done(c);
    if (!f) return (uint64_t)BUSKIN_ENOMEM;
    f->kind = SIGNAL_EXIT;
    f->owner = to;
    reason_notice(f)->from = c->self->ctx.pid;
    caller_deliver(c, f);
    return BUSKIN_OK;
}

int32_t buskin_actor_exit_signal(uint64_t to, uint32_t code, const void *bytes, uint64_t length) {
    if (length && !bytes) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    return (int32_t)caller_run(exit_run, to, code, (uint64_t)(uintptr_t)bytes, length, (uint64_t)BUSKIN_ESTATE);
}

int32_t buskin_actor_trap_exit(int32_t on) {
    buskin_context_t *ctx = here();
    if (on != 0 && on != 1) return BUSKIN_EINVAL;
    if (is_main_thread(ctx)) return 1; /* it has nothing to end */
    if (!is_actor(ctx)) return BUSKIN_ESTATE;
    int32_t old = (ctx->flags & ACTOR_TRAPS) != 0;
    ctx->flags = on ? ctx->flags | ACTOR_TRAPS : ctx->flags & ~(uint32_t)ACTOR_TRAPS;
    return old;
}
