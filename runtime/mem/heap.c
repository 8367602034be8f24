/* heap.c - chunks, runs and adopted fragments.
 *
 * Objects of all sizes are cut by bumping hp through a run: a whole new chunk at first, later the gaps that the last
 * collection found (see collect.c). A first chunk is 512 bytes, the next ones double up to 16 KiB: a million
 * actors with a few objects each fit, and a busy one soon pays for one refill per 16 KiB. Memory is zeroed when a run
 * becomes current, while it is about to be used anyway.
 *
 * Rejected: size classes within the chunks. They cost a register and a table load per inlined allocation, and bump
 * runs of mixed sizes keep the objects of one data structure together (docs/decisions.md).
 */
#include "mem/collect.h"

#include "mem/remains.h"
#include "mem/share.h"

enum { GAPS_LOOK = 8 };

static uint64_t round16(uint64_t n) { return (n + 15) & ~15ull; }

uint64_t area_held(const area_t *area) {
    if (area->flags & AREA_CHUNK && !(area->flags & AREA_LARGE)) return area->bytes_or_kind;
    return fragment_held((const fragment_t *)(const void *)area); /* by size class: the same for both */
}

header_t *area_first(area_t *area) {
    char *p = (char *)area->objects;
    if (area->flags & AREA_FIRST) p += round16(sizeof(heap_t));
    return (header_t *)(void *)p;
}

char *area_end(const area_t *area) {
    const char *start = (const char *)area;
    uint64_t held = area_held(area);
    if (area->flags & AREA_MAP) held -= area_map_bytes(held);
    return (char *)(uintptr_t)start + held;
}

void heap_seal(buskin_context_t *ctx) {
    if (ctx->hp < ctx->hplim) *(header_t *)(void *)ctx->hp = header_sized(HEADER_GAP, (uint64_t)(ctx->hplim - ctx->hp));
    ctx->hp = ctx->hplim = NULL;
}

void heap_park_run(buskin_context_t *ctx) {
    heap_t *heap = heap_of(ctx);
    run_t *run = (run_t *)(void *)ctx->hp;
    uint64_t left = (uint64_t)(ctx->hplim - ctx->hp);
    heap_seal(ctx);
    if (left < HEAP_RUN_MIN || !heap->gaps) return;
    heap->since -= heap->since < left ? heap->since : left; /* counted when it is taken again */
    heap_add_run(heap, run);
}

static area_t *chunk_new(buskin_context_t *ctx, pool_t *pool, uint64_t bytes, uint32_t flags) {
    uint8_t size_class;
    area_t *chunk = bytes_take(pool, PIECE_CHUNKS, bytes, &size_class);
    if (!chunk) return NULL;
    chunk->owner = ctx->pid;
    chunk->bytes_or_kind = (uint32_t)bytes;
    chunk->flags = size_class | AREA_HEAP | AREA_CHUNK | AREA_MAP | flags;
    return chunk;
}

/* The record and its chunk; `bytes` may be just large enough for the record. */
static heap_t *heap_new(buskin_context_t *ctx, pool_t *pool, uint64_t bytes) {
    area_t *chunk = chunk_new(ctx, pool, bytes, AREA_FIRST);
    if (!chunk) return NULL;
    chunk->next = NULL;
    heap_t *heap = (heap_t *)(void *)chunk->objects;
    *heap = (heap_t){.chunks = chunk, .held = bytes, .threshold = HEAP_FIRST_THRESHOLD, .next_chunk = HEAP_FIRST_CHUNK};
    ctx->private1 = heap;
    char *first = (char *)area_first(chunk), *end = area_end(chunk);
    if (first < end && !backend_whole) {
        memset(first, 0, (size_t)(end - first));
        ctx->hp = first;
        ctx->hplim = end;
    }
    return heap;
}

heap_t *heap_ensure(buskin_context_t *ctx, pool_t *pool) {
    heap_t *heap = heap_of(ctx);
    return heap ? heap : heap_new(ctx, pool, HEAP_RECORD_CHUNK);
}

void heap_forget_runs(heap_t *heap, pool_t *pool) {
    if (!heap->gaps) heap->gaps = piece_take(pool, PIECE_PLAIN, piece_class(sizeof(gaps_t)));
    if (heap->gaps) *heap->gaps = (gaps_t){0};
}

/* Where the first of the next few gaps hangs that has need bytes, or NULL. */
static run_t **gap_among(run_t **place, uint64_t need) {
    for (int look = 0; *place && look < GAPS_LOOK; look++, place = &(*place)->next)
        if (header_total((*place)->header) >= need) return place;
    return NULL;
}

/* The shortest gaps that may do, then those that will. What is too short stays for others: a heap in which each call threw away what did
 * not fit grew to almost four times of what lived (bench server). */
static run_t **gap_for(const heap_t *heap, uint64_t need) {
    for (unsigned list = gap_list(need); list < 8; list++) {
        run_t **place = gap_among(&heap->gaps->lists[list], need);
        if (place) return place;
    }
    return NULL;
}

/* A gap of at least need bytes becomes the current run. */
static bool heap_next_run(buskin_context_t *ctx, heap_t *heap, uint64_t need) {
    run_t **place = heap->gaps ? gap_for(heap, need) : NULL;
    if (!place) return false;
    run_t *run = *place;
    *place = run->next;
    uint64_t bytes = header_total(run->header);
    memset(run, 0, bytes);
    ctx->hp = (char *)run;
    ctx->hplim = (char *)run + bytes;
    heap->since += bytes;
    return true;
}

bool heap_refill(buskin_context_t *ctx, pool_t *pool, uint64_t need) {
    heap_t *heap = heap_of(ctx);
    if (!heap) {
        uint64_t bytes = HEAP_FIRST_CHUNK;
        while (bytes - area_map_bytes(bytes) < need + sizeof(area_t) + round16(sizeof(heap_t))) bytes *= 2;
        heap = heap_new(ctx, pool, bytes);
        if (!heap) return false;
        heap->since += bytes;
        heap->next_chunk = (uint16_t)(bytes < HEAP_CHUNK_MAX ? bytes * 2 : HEAP_CHUNK_MAX);
        return true;
    }
    heap_park_run(ctx);
    if (heap_next_run(ctx, heap, need)) return true;
    uint64_t bytes = heap->next_chunk;
    while (bytes - area_map_bytes(bytes) < need + sizeof(area_t)) bytes *= 2;
    area_t *chunk = chunk_new(ctx, pool, bytes, 0);
    if (!chunk) return false;
    chunk->next = heap->chunks;
    heap->chunks = chunk;
    heap->held += bytes;
    heap->since += bytes;
    heap->next_chunk = (uint16_t)(bytes < HEAP_CHUNK_MAX ? bytes * 2 : HEAP_CHUNK_MAX);
    ctx->hp = (char *)area_first(chunk);
    ctx->hplim = area_end(chunk);
    memset(ctx->hp, 0, (size_t)(ctx->hplim - ctx->hp));
    return true;
}

void *heap_large(buskin_context_t *ctx, pool_t *pool, header_t header, uint64_t total, uint64_t align) {
    heap_t *heap = heap_ensure(ctx, pool);
    if (!heap || total > arena_bytes / 2) return NULL;
    uint64_t pad = align > 8 ? align : 0;
    uint64_t bytes = sizeof(area_t) + total + pad;
    uint8_t size_class;
    area_t *chunk = bytes_take(pool, PIECE_CHUNKS, bytes, &size_class);
    if (!chunk) return NULL;
    uint64_t held =
        size_class == PIECE_LARGE ? (uint64_t)unit_of(chunk)->length << UNIT_SHIFT : piece_bytes[size_class];
    chunk->owner = ctx->pid;
    chunk->bytes_or_kind = 0; /* a large chunk's end is that of its one object */
    chunk->flags = size_class | AREA_HEAP | AREA_CHUNK | AREA_LARGE;
    chunk->next = heap->chunks;
    heap->chunks = chunk;
    heap->held += held;
    heap->since += held;
    char *payload = (char *)(chunk->objects + 1);
    uint64_t gap = -(uint64_t)payload & (align - 1);
    if (gap) chunk->objects[0] = header_sized(HEADER_GAP, gap);
    payload += gap;
    *object_header(payload) = header;
    if (size_class != PIECE_LARGE) memset(payload, 0, total - 8); /* a span is zero as it comes */
    return payload;
}

bool heap_adopt(buskin_context_t *ctx, pool_t *pool, fragment_t *f) {
    if (unlikely(backend_whole)) {
        f->owner = ctx->pid;
        f->flags |= AREA_HEAP;
        f->next = NULL;
        backend_fragment_adopt(f);
        return true;
    }
    heap_t *heap = heap_ensure(ctx, pool);
    if (!heap) return false;
    f->owner = ctx->pid;
    f->flags |= AREA_HEAP;
    f->next = heap->fragments;
    heap->fragments = f;
    uint64_t held = fragment_held(f);
    heap->held += held;
    heap->since += held;
    if (unlikely(f->flags & AREA_COUNTS)) heap_take_counts(heap, pool, f);
    return true;
}

void heap_release(buskin_context_t *ctx, pool_t *pool, fragment_t *f) {
    heap_t *heap = heap_of(ctx);
    if (!(f->flags & AREA_HEAP) || f->owner != ctx->pid) return;
    if (!heap || unlikely(backend_whole)) {
        if (backend_whole) fragment_free(pool, f);
        return;
    }
    if (heap->fragments != f) { /* not the newest: the list is single; the next collection frees it */
        f->flags |= AREA_RELEASED;
        return;
    }
    uint64_t held = fragment_held(f);
    heap->fragments = f->next;
    heap->held -= held;
    heap->since -= heap->since < held ? heap->since : held;
    fragment_free(pool, f);
}

bool heap_unlink(buskin_context_t *ctx, fragment_t *f, unsigned look) {
    heap_t *heap = heap_of(ctx);
    fragment_t **place = &heap->fragments;
    while (*place != f && *place && look--) place = &(*place)->next;
    if (*place != f) return false;
    *place = f->next;
    uint64_t held = fragment_held(f);
    heap->held -= held;
    heap->since -= heap->since < held ? heap->since : held;
    f->flags &= ~(uint32_t)AREA_HEAP;
    if ((f->flags & (AREA_LIST | AREA_COUNTS)) == AREA_LIST) fragment_hold_shares(f);
    return true;
}

void heap_forget(buskin_context_t *ctx, fragment_t *f) {
    if (backend_whole || !heap_of(ctx)) return;
    uint64_t bytes = fragment_held(f) - offsetof(fragment_t, tag);
    if (f->flags & AREA_COUNTS) return; /* it stays, and what it lists is needed at its end */
    f->header = header_sized(HEADER_BYTES, sizeof(header_t) + bytes);
    f->flags = (f->flags & ~(uint32_t)(AREA_MAP | AREA_LIST)) | AREA_RELEASED;
    memset(&f->tag, 0xdb, bytes);
}

void heap_free(buskin_context_t *ctx, pool_t *pool) {
    heap_t *heap = heap_of(ctx);
    if (!heap) return;
    collect_drop(heap, pool);
    remains_heap(pool, heap);
    ctx->private1 = NULL;
    ctx->hp = ctx->hplim = NULL;
}
