/* spawn.c - the entries that start actors. */
#include "api/spawn.h"

#include "api/caller.h"
#include "sched/attempt.h"
#include "sched/external.h"

uint64_t slow_spawn(const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref);

static uint64_t spawn_tied_run(caller_t *c, uint64_t order_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    spawn_order_t *order = (spawn_order_t *)(uintptr_t)order_address;
    (void)a2, (void)a3, (void)a4;
    attempt_order(c->w, c->self, order);
    uint64_t pid = spawn_here(c->w, order);
    attempt_spawned(c->self, pid, order);
    return pid;
}

/* The raw form in a start callback. */
static uint64_t spawn_raw_tied(spawn_order_t *order, const void *args, uint64_t size) {
    if (size && !(order->args = fragment_bytes(&this_worker->pool, args, size))) return 0;
    uint64_t pid = caller_run(spawn_tied_run, (uint64_t)(uintptr_t)order, 0, 0, 0, 0);
    if (!pid && order->args) fragment_free(&this_worker->pool, order->args);
    return pid;
}

/* The raw form: bytes, no descriptor. */
uint64_t buskin_actor_spawn(void (*entry)(const void *args), const void *args, uint64_t size, uint8_t priority) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (!is_open() || !entry || priority > BUSKIN_LOW || (size && !args)) return 0;
    spawn_order_t order = {.entry = entry, .priority = priority};
    if (unlikely(ctx->flags & ACTOR_ATTEMPT)) return spawn_raw_tied(&order, args, size);
    if (is_actor(ctx)) {
        worker_t *w = this_worker;
        if (size && !(order.args = fragment_bytes(&w->pool, args, size))) return 0;
        actor_charge(ctx, 4 + (int64_t)(size / 64));
        uint64_t pid = spawn_here(w, &order);
        if (!pid && order.args) fragment_free(&w->pool, order.args);
        return pid;
    }
    if (size) {
        order.args = fragment_bytes(external_lock(), args, size);
        external_unlock();
        if (!order.args) return 0;
    }
    uint64_t pid = spawn_foreign(&order);
    if (!pid && order.args) external_free(order.args);
    return pid;
}

/* What every descriptor must satisfy; the rest of its fields have no bad values here. */
bool spawn_desc_is_valid(const buskin_spawn_desc_t *desc) {
    return desc && desc->size == sizeof *desc && desc->entry && desc->priority <= BUSKIN_LOW &&
           bounded_options_valid(desc) && desc->stack_size <= (1ull << 32);
}

static inline spawn_order_t order_from(const buskin_spawn_desc_t *desc) {
    return (spawn_order_t){.desc = desc, .entry = desc->entry, .priority = desc->priority};
}

enum { SPAWN_FLAGS = BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR };

/* What ties the child to the caller. */
static void order_ties(spawn_order_t *order, actor_t *self, worker_t *w, uint32_t flags) {
    if (!(flags | (self->ctx.flags & ACTOR_ATTEMPT))) return;
    order->parent = self;
    order->link = flags & BUSKIN_SPAWN_LINK;
    order->ref = flags & BUSKIN_SPAWN_MONITOR ? worker_ref(w) : 0;
    order->job = flags & SPAWN_JOB ? worker_ref(w) : 0;
    if (flags & SPAWN_SUPERVISOR) order->flags |= ACTOR_SUPERVISOR;
    if (self->ctx.flags & ACTOR_ATTEMPT) attempt_order(w, self, order);
}

static uint64_t spawn_on(worker_t *w, actor_t *self, const buskin_spawn_desc_t *desc, const void *args, uint32_t flags,
                         uint64_t *ref) {
    spawn_order_t order = order_from(desc);
    order_ties(&order, self, w, flags);
    if (desc->args && desc->args->size) {
        order.args = fragment_copy(&w->pool, &w->scratch, desc->args, args);
        if (unlikely(!order.args)) return 0;
    }
    uint64_t pid = spawn_here(w, &order);
    if (unlikely(!pid) && order.args) fragment_free(&w->pool, order.args);
    if (unlikely(self->ctx.flags & ACTOR_ATTEMPT)) attempt_spawned(self, pid, &order);
    if (ref) *ref = pid && flags & BUSKIN_SPAWN_MONITOR ? order.ref : 0;
    return pid;
}

static uint64_t spawn_from_thread(const buskin_spawn_desc_t *desc, const void *args, uint32_t kind, uint32_t flags,
                                  uint64_t *ref) {
    spawn_order_t order = order_from(desc);
    order.flags = kind;
    order_ties(&order, external_main(), NULL, flags);
    if (desc->args && desc->args->size) {
        order.args = fragment_copy(external_lock(), external_scratch(), desc->args, args);
        external_unlock();
        if (!order.args) return 0;
    }
    uint64_t pid = spawn_foreign(&order);
    if (!pid && order.args) external_free(order.args);
    if (ref) *ref = pid ? order.ref : 0;
    return pid;
}

uint64_t spawn_kind(const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref) {
    const buskin_context_t *ctx = here();
    if (is_actor(ctx)) return slow_spawn(desc, args, flags, ref);
    return is_main_thread(ctx) ? spawn_from_thread(desc, args, 0, flags, ref) : 0;
}

uint64_t buskin_spawn(const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref) {
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (ref) *ref = 0;
    if (!is_open() || !spawn_desc_is_valid(desc) || (desc->args && desc->args->size && !args) ||
        flags & ~(uint32_t)SPAWN_FLAGS)
        return 0;
    if (!is_actor(ctx)) return flags && !is_main_thread(ctx) ? 0 : spawn_from_thread(desc, args, 0, flags, ref);
    actor_charge(ctx, 4);
    if (!(flags | (ctx->flags & ACTOR_ATTEMPT)) && (!desc->args || desc_is_flat(desc->args)))
        return spawn_on(this_worker, actor_of(ctx), desc, args, 0, NULL);
    return slow_spawn(desc, args, flags, ref);
}

actor_t *handle_spawn(actor_t *self, const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref) {
    worker_t *w = worker_of(self);
    *actor_result(self) = spawn_on(w, self, desc, args, flags, ref);
    return self;
}

uint64_t buskin_spawn_main(const buskin_spawn_desc_t *desc, const void *args) {
    static buskin_spawn_desc_t main_desc;
    if (!is_up() || !is_main_thread(here()) || !spawn_desc_is_valid(desc)) return 0;
    main_desc = *desc;
    if (!main_desc.stack_size) main_desc.stack_size = MAIN_STACK;
    return spawn_from_thread(&main_desc, args, ACTOR_MAIN, 0, NULL);
}
