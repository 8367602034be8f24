/* monitor.c - the entries for monitors. */
#include "actor/mailbox.h"
#include "api/caller.h"
#include "sched/registry.h"

static void forget_name(caller_t *c, cold_t *cold, uint64_t ref) {
    fragment_t *name = cold_name_take(cold, ref);
    if (!name) return;
    fragment_free(caller_pool(c), name);
    caller_done(c);
}

static uint64_t monitor_run(caller_t *c, uint64_t pid, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a2, (void)a3, (void)a4;
    cold_t *cold = caller_cold(c);
    uint64_t ref = worker_ref(c->w);
    if (!cold || !map_put(&cold->watching, ref, pid)) return 0;
    if (pid == c->self->ctx.pid) return ref; /* never fires (S4.4) */
    if (caller_signal(c, SIGNAL_MONITOR, pid, ref)) return ref;
    map_remove(&cold->watching, ref);
    return 0;
}

uint64_t buskin_actor_monitor(uint64_t pid) { return caller_run(monitor_run, pid, 0, 0, 0, 0); }

/* The monitor is one on the pid that has the name now; only its DOWN tells the name (S4.5). */
static uint64_t monitor_name_run(caller_t *c, uint64_t pid, uint64_t name, uint64_t length, uint64_t a4) {
    (void)a4;
    cold_t *cold = caller_cold(c);
    uint64_t ref = worker_ref(c->w);
    if (!cold || !map_put(&cold->watching, ref, pid)) return 0;
    bool kept = cold_name_put(cold, caller_pool(c), ref, (const char *)(uintptr_t)name, length);
    caller_done(c);
    if (kept && (pid == c->self->ctx.pid || caller_signal(c, SIGNAL_MONITOR, pid, ref))) return ref;
    map_remove(&cold->watching, ref);
    forget_name(c, cold, ref);
    return 0;
}

uint64_t buskin_actor_monitor_name(const char *name, uint64_t length) {
    if (!is_up() || !registry_name_is_valid(name, length)) return 0;
    return caller_run(monitor_name_run, registry_find(name, length), (uint64_t)(uintptr_t)name, length, 0, 0);
}

/* An alias is a reference that only its owner's replies look for. It has no target: its own pid stands there. */
static uint64_t alias_run(caller_t *c, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a1, (void)a2, (void)a3, (void)a4;
    cold_t *cold = caller_cold(c);
    uint64_t ref = worker_ref(c->w);
    return cold && map_put(&cold->watching, ref, c->self->ctx.pid) ? ref : 0;
}

uint64_t buskin_actor_alias(void) { return caller_run(alias_run, 0, 0, 0, 0, 0); }
int32_t buskin_actor_unalias(uint64_t ref) { return buskin_actor_demonitor(ref, 0); }

/* The queued DOWN of that reference is taken out of the mailbox. */
static bool flush_down(caller_t *c, uint64_t ref) {
    fragment_t *down = actor_is_bounded(c->self) ? bounded_take_down(c->self, ref) : NULL;
    if (down) fragment_free(&c->w->pool, down);
    if (down) return true;
    fragment_t *before = NULL;
    for (fragment_t *f = c->self->head; f; before = f, f = f->next) {
        if (f->kind != BUSKIN_MSG_DOWN || reason_notice(f)->ref != ref) continue;
        mailbox_unlink(c->self, before);
        fragment_free(caller_pool(c), f);
        caller_done(c);
        return true;
    }
    return false;
}

static uint64_t demonitor_run(caller_t *c, uint64_t ref, uint64_t flush, uint64_t a3, uint64_t a4) {
    (void)a3, (void)a4;
    cold_t *cold = actor_cold(c->self);
    uint64_t *pid = cold ? map_find(&cold->watching, ref) : NULL;
    if (pid) {
        uint64_t watched = *pid;
        map_remove(&cold->watching, ref);
        forget_name(c, cold, ref);
        if (watched != c->self->ctx.pid) caller_signal(c, SIGNAL_DEMONITOR, watched, ref);
        return BUSKIN_OK;
    }
    return flush && flush_down(c, ref) ? BUSKIN_OK : (uint64_t)BUSKIN_ENOTFOUND;
}

int32_t buskin_actor_demonitor(uint64_t ref, uint32_t flush) {
    return (int32_t)caller_run(demonitor_run, ref, flush, 0, 0, (uint64_t)BUSKIN_ESTATE);
}
