/* remains.c - the steps. A list is shortened at its head, a large span at its end, and a set of blocks notes how far it has got; so there
 * is no other record of what has been freed, and none has to be made at a time when memory may be short. Heaps hang
 * together by their `state`, which nobody asks for any more. */
#include "mem/remains.h"

#include "mem/share.h"

static heap_t *next_heap(const heap_t *heap) { return heap->state; }

/* Each frees at most about *n pieces, and counts them off; true: nothing is left. */

static bool free_one(pool_t *pool, fragment_t *f, uint64_t *n) {
    if (unlikely(f->flags & AREA_COUNTS) && !fragment_drop_some(pool, f, n)) return false;
    fragment_free(pool, f);
    if (*n) --*n;
    return true;
}

static bool free_messages(pool_t *pool, fragment_t **list, uint64_t *n) {
    while (*list && *n) {
        fragment_t *next = (*list)->next;
        if (!free_one(pool, *list, n)) return false;
        *list = next;
    }
    return !*list;
}

/* The first chunk, with the record, is the last. */
static bool free_heap(pool_t *pool, heap_t *heap, uint64_t *n) {
    if (!shares_drain(heap, pool, n) || !free_messages(pool, &heap->fragments, n)) return false;
    for (area_t *chunk = heap->chunks, *next; *n; chunk = next, *n -= *n < CHUNK_COST ? *n : CHUNK_COST) {
        next = heap->chunks = chunk->next;
        if (!next && heap->gaps) piece_give(pool, PIECE_PLAIN, piece_class(sizeof(gaps_t)), heap->gaps);
        bytes_give(pool, PIECE_CHUNKS, chunk, (uint8_t)(chunk->flags & AREA_CLASS));
        if (!next) return true;
    }
    return false;
}

void remains_heap(pool_t *pool, heap_t *heap) {
    uint64_t n = pool->set_aside ? REMAINS_STEP : UINT64_MAX;
    shares_drain_begin(heap);
    if (likely(free_heap(pool, heap, &n))) return;
    heap->state = pool->remains.heaps;
    pool->remains.heaps = heap;
    pool->set_aside(pool);
}

void remains_messages(pool_t *pool, fragment_t *head, fragment_t *tail) {
    uint64_t n = pool->set_aside ? REMAINS_STEP : UINT64_MAX;
    if (likely(free_messages(pool, &head, &n))) return;
    tail->next = pool->remains.messages;
    pool->remains.messages = head;
    pool->set_aside(pool);
}

static void shorten_span(remains_t *r) {
    void *span = r->spans, *next = *(void **)span;
    if (arena_give_end(span, SPAN_STEP)) r->spans = next;
}

bool remains_step(pool_t *pool) {
    remains_t *r = &pool->remains;
    uint64_t n = REMAINS_STEP;
    if (r->spans) {
        shorten_span(r);
    } else if (r->messages) {
        free_messages(pool, &r->messages, &n);
    } else if (r->heaps) {
        heap_t *heap = r->heaps, *next = next_heap(heap);
        if (free_heap(pool, heap, &n)) r->heaps = next;
    }
    return !r->spans && !r->messages && !r->heaps;
}

void remains_finish(pool_t *pool) {
    while (!remains_step(pool)) continue;
}
