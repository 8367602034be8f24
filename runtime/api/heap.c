/* heap.c - the entries that allocate: a bump on the caller's stack, all else on the worker's. */
#include "mem/share.h"

#include "actor/cold.h"
#include "api/api.h"
#include "api/config.h"
#include "sched/collect.h"
#include "sched/end.h"
#include "sched/external.h"
#include "sched/seeded.h"
#include "sched/world.h"

#include <string.h>

uint64_t slow_alloc(header_t header, uint64_t total, uint64_t align);

enum { BINARY_ALIGN = 0 }; /* in place of an alignment: the object is a binary */
enum { ALIGN_MAX = 4096, STRESS_BYTES = 2048, STRESS_MAX = 1 << 20 };
static const uint64_t TOTAL_MAX = 1ull << 46;

/* Outside actors: on the shared heap, or, without the second collector, in memory that lasts until the runtime ends. An
 * actor inside foreign-call brackets gets nothing. */
static void *alloc_outside(buskin_context_t *ctx, header_t header, uint64_t total, uint64_t align) {
    if (!is_up() || total > TOTAL_MAX || (ctx->flags & BUSKIN_CTX_ACTOR && !is_main_thread(ctx))) return NULL;
    if (backend_present()) {
        if (backend_whole && backend_wants_collection() && !seeded.on) world_collect(false);
        return backend_shared_object(header, total, align);
    }
    void *object = heap_large(&external_main()->ctx, external_lock(), header, total, align);
    external_unlock();
    return object;
}

static inline void *alloc(header_t header, uint64_t total) {
    buskin_context_t *ctx = here();
    void *object = heap_bump(ctx, header, total);
    if (likely(object != NULL)) return object;
    if (!is_actor(ctx)) return alloc_outside(ctx, header, total, 8);
    return (void *)(uintptr_t)slow_alloc(header, total, 8);
}

/* The size of an array object, or 0 if no address space holds it. */
static uint64_t array_total(const buskin_desc_t *desc, uint64_t count) {
    uint64_t elements;
    if (__builtin_mul_overflow(count, (uint64_t)desc->elem_size, &elements) || elements > TOTAL_MAX) return 0;
    return 8 + round8(desc->size + elements);
}

/* What no front end should emit: an actor ends by it, others get NULL. */
static __attribute__((cold, noinline)) void *refuse_descriptor(const char *text) {
    if (is_actor(here())) buskin_panic(text, strlen(text), NULL, 0, 0);
    return NULL;
}

void *buskin_alloc(const buskin_desc_t *desc) {
    if (unlikely(!desc)) return refuse_descriptor("an object without a descriptor");
    return alloc((header_t)(uintptr_t)desc | HEADER_DESC, 8 + round8(desc->size));
}

/* Shared, if an actor makes it. */
static inline bool is_binary(const buskin_desc_t *desc, uint64_t count) {
    return unlikely(desc->flags & BUSKIN_DESC_BINARY) && count >= BUSKIN_BINARY_MIN / desc->elem_size;
}

static void *alloc_binary(pool_t *pool, buskin_context_t *ctx, header_t header, uint64_t total) {
    heap_t *heap = heap_ensure(ctx, pool);
    if (!heap || !shares_reserve(heap, pool, 1)) return NULL;
    share_t *s = share_new(pool, header, total);
    if (!s) return NULL;
    shares_add(heap, pool, s);
    return s->payload;
}

/* On the caller's stack, if nothing but the making is to be done. */
static inline void *alloc_binary_here(buskin_context_t *ctx, header_t header, uint64_t total) {
    heap_t *heap = heap_of(ctx);
    const buskin_spawn_desc_t *desc = actor_desc(actor_of(ctx));
    if (!heap || heap->since + total >= heap->threshold || config.gc_stress || !has_room(ctx)) return NULL;
    if (desc && desc->heap_limit) return NULL;
    actor_charge(ctx, (int64_t)(total / 64));
    return alloc_binary(&this_worker->pool, ctx, header, total);
}

void *buskin_alloc_array(const buskin_desc_t *desc, uint64_t count) {
    if (unlikely(!desc)) return refuse_descriptor("an array without a descriptor");
    if (unlikely(desc->size < 8 || (desc->flags & BUSKIN_DESC_BINARY && !desc->elem_size)))
        return refuse_descriptor("an array whose descriptor is none of an array");
    uint64_t total = array_total(desc, count);
    header_t header = (header_t)(uintptr_t)desc | HEADER_DESC;
    if (!total) total = UINT64_MAX;
    buskin_context_t *ctx = here();
    uint64_t *object;
    if (is_binary(desc, count) && is_actor(ctx)) {
        object = alloc_binary_here(ctx, header, total);
        if (unlikely(!object)) object = (void *)(uintptr_t)slow_alloc(header, total, BINARY_ALIGN);
    } else {
        object = alloc(header, total);
    }
    if (object) object[0] = count;
    return object;
}

void *buskin_gc_alloc_actor(uint64_t size, uint64_t align) {
    if (!align || align & (align - 1) || align > ALIGN_MAX || size > TOTAL_MAX) return NULL;
    uint64_t total = 8 + round8(size ? size : 1);
    header_t header = header_sized(HEADER_RAW, total);
    if (align <= 8) return alloc(header, total);
    buskin_context_t *ctx = here();
    if (!is_actor(ctx)) return alloc_outside(ctx, header, total, align);
    return (void *)(uintptr_t)slow_alloc(header, total, align);
}

static void *alloc_aligned(worker_t *w, actor_t *self, header_t header, uint64_t total, uint64_t align) {
    buskin_context_t *ctx = &self->ctx;
    if (unlikely(backend_whole)) return backend_object(header, total, align ? align : 8);
    if (unlikely(align == BINARY_ALIGN)) return alloc_binary(&w->pool, ctx, header, total);
    if (total + align >= HEAP_LARGE) return heap_large(ctx, &w->pool, header, total, align);
    uint64_t need =
        total + (align > 8 ? align : 0); /* no more than it takes: or an object would never fit where one like it was */
    if ((uint64_t)(ctx->hplim - ctx->hp) < need && !heap_refill(ctx, &w->pool, need)) return NULL;
    uint64_t gap = -((uint64_t)(uintptr_t)ctx->hp + 8) & (align - 1);
    if (gap) heap_bump(ctx, header_sized(HEADER_GAP, gap), gap);
    void *object = heap_bump(ctx, header, total);
    if (unlikely(config.gc_stress) && heap_of(ctx)->held < STRESS_MAX)
        heap_park_run(ctx); /* the next allocation comes here too */
    return object;
}

/* With BUSKIN_GC_STRESS=1: at every slow allocation while heap and frames are small, less often the larger they are, and
 * above a megabyte as usual: or large programs would take for ever. */
static bool stress_now(const actor_t *self) {
    if (backend_whole) return load_relaxed(&backend_allocated) >= STRESS_MAX;
    heap_t *heap = heap_of(&self->ctx);
    if (!heap) return false;
    if (heap->spare) {
        heap->spare--;
        return false;
    }
    uint64_t bytes = heap->held + (uint64_t)(stack_top(self) - self->sp);
    heap->spare = (uint16_t)(bytes / STRESS_BYTES);
    return bytes < STRESS_MAX;
}

/* After a collection, or without one: header, total, align. */
static bool alloc_finish(worker_t *w, actor_t *self, const uint64_t args[3]) {
    uint64_t total = args[1];
    if (unlikely(collect_over_limit(self))) return collect_failed(w, self, "heap limit");
    void *object = total > TOTAL_MAX ? NULL : alloc_aligned(w, self, args[0], total, args[2]);
    if (unlikely(!object)) return collect_failed(w, self, "no memory for the actor's heap");
    actor_charge(&self->ctx, (int64_t)(total / 64));
    *actor_result(self) = (uint64_t)(uintptr_t)object;
    return true;
}

actor_t *handle_alloc(actor_t *self, header_t header, uint64_t total, uint64_t align) {
    worker_t *w = worker_of(self);
    bool collects =
        heap_wants_collection(&self->ctx) || collect_over_limit(self) || (config.gc_stress && stress_now(self));
    if (unlikely(collects) && !collect_self(w, self)) return collect_later(w, self, alloc_finish, header, total, align);
    return alloc_finish(w, self, (uint64_t[3]){header, total, align}) ? self : end_current(w, self);
}

void buskin_actor_set_state(void *state) {
    buskin_context_t *ctx = here();
    if (!is_actor(ctx)) return;
    need_room(ctx);
    heap_t *heap = heap_ensure(ctx, &this_worker->pool);
    if (heap) heap->state = state;
}

/* -- Collection and figures -- */

uint64_t slow_gc(void);

int32_t buskin_gc_collect(void) {
    if (!is_actor(here())) return BUSKIN_ESTATE;
    return (int32_t)slow_gc();
}

static bool gc_finish(worker_t *w, actor_t *self, const uint64_t args[3]) {
    (void)w, (void)self, (void)args;
    return true; /* the result is there already */
}

actor_t *handle_gc(actor_t *self) {
    worker_t *w = worker_of(self);
    *actor_result(self) = BUSKIN_OK;
    return collect_self(w, self) ? self : collect_later(w, self, gc_finish, 0, 0, 0);
}

/* Of all actors together. */
static void stats_of_all(buskin_heap_stats_t *stats) {
    stats->held = buskin_gc_backend.live();
    stats->since_collection = load_relaxed(&backend_allocated);
    stats->threshold = load_relaxed(&backend_threshold);
    stats->collections = backend_collections();
}

static void stats_of_heap(const heap_t *heap, buskin_heap_stats_t *stats) {
    stats->held = heap->held;
    stats->since_collection = heap->since;
    stats->threshold = heap->threshold;
    stats->collections = heap->collections;
    stats->live = heap->live;
    uint64_t chunks = 0;
    for (const fragment_t *f = heap->fragments; f; f = f->next) stats->messages += fragment_held(f);
    for (const area_t *chunk = heap->chunks; chunk; chunk = chunk->next) {
        chunks += area_held(chunk);
        if (chunk->flags & AREA_LARGE) stats->large += area_held(chunk);
    }
    stats->shared = heap->held - chunks - stats->messages;
}

/* The record has grown: who was compiled with its first part gets that. */
int32_t buskin_heap_stats(buskin_heap_stats_t *stats) {
    buskin_context_t *ctx = here();
    if (!(ctx->flags & BUSKIN_CTX_ACTOR)) return BUSKIN_ESTATE;
    need_room(ctx);
    if (!stats || (stats->size != sizeof *stats && stats->size != offsetof(buskin_heap_stats_t, live)))
        return BUSKIN_EINVAL;
    const buskin_spawn_desc_t *desc = is_main_thread(ctx) ? NULL : actor_desc(actor_of(ctx));
    buskin_heap_stats_t now = {.size = stats->size, .limit = desc ? desc->heap_limit : 0};
    const heap_t *heap = heap_of(ctx);
    if (backend_whole)
        stats_of_all(&now);
    else if (heap)
        stats_of_heap(heap, &now);
    memcpy(stats, &now, stats->size);
    return BUSKIN_OK;
}
