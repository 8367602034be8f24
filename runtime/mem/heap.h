/* heap.h - one actor's heap: chunks that objects are cut from, and the fragments it has adopted.
 *
 * An actor without objects has no heap: context->private1 is NULL. The heap's record lies in its first chunk. All
 * functions are called by the thread that runs the heap's owner, or by the worker that frees it.
 */
#ifndef BUSKIN_HEAP_H
#define BUSKIN_HEAP_H

#include "mem/fragment.h"

enum {
    HEAP_FIRST_CHUNK = 512,
    HEAP_CHUNK_MAX = 16384,
    HEAP_LARGE = 8192,           /* objects from here up get a chunk of their own */
    HEAP_RUN_MIN = 64,           /* smaller gaps wait until a neighbour dies */
    HEAP_FIRST_THRESHOLD = 16384 /* bytes before the first collection */
};

/* A gap that is worth allocating from: its header says how long it is. */
typedef struct run {
    header_t header;
    struct run *next;
} run_t;

/* The gaps of a heap by their length: from HEAP_RUN_MIN << i up to twice that, the last without an end. */
typedef struct gaps {
    run_t *lists[8];
} gaps_t;

typedef struct heap {
    area_t *chunks;
    fragment_t *fragments;
    gaps_t *gaps;                  /* to allocate from, or NULL: there was no collection yet */
    struct share_set *shares;      /* the counted blocks that it holds, or NULL; see share.h */
    struct share_set *old_shares;  /* what a sweep has not looked at yet, or NULL */
    uint64_t held;                 /* bytes of all areas */
    uint64_t since;                /* bytes of areas added, and of gaps used, since the last collection */
    uint64_t threshold;            /* collect when since reaches it */
    uint64_t live;                 /* what the last collection has left */
    void *state;                   /* what the terminate callback gets; a root */
    struct collection *collection; /* one that goes on in slices, or NULL; see collect.h */
    uint16_t next_chunk;           /* bytes of the next chunk */
    uint16_t spare;                /* BUSKIN_GC_STRESS: allocations until the next collection */
    uint32_t collections;
} heap_t;

/* The record of an actor without objects, with what every chunk has, fills the second smallest piece. */
enum { HEAP_RECORD_CHUNK = 128, HEAP_RECORD_MAP = 8 };
_Static_assert(sizeof(area_t) + (sizeof(heap_t) + 15) / 16 * 16 + HEAP_RECORD_MAP <= HEAP_RECORD_CHUNK,
               "the record's chunk");

static inline heap_t *heap_of(const buskin_context_t *ctx) { return ctx->private1; }

/* The heap, made if there is none. NULL: no memory. */
heap_t *heap_ensure(buskin_context_t *ctx, pool_t *pool);
/* Makes hplim - hp >= need (< HEAP_LARGE) if it can; the space is zero. */
bool heap_refill(buskin_context_t *ctx, pool_t *pool, uint64_t need);
/* An object of total bytes (its header included) in a chunk of its own, zeroed; the payload is aligned to align, a
 * power of two of at most 4096. NULL: no memory. */
void *heap_large(buskin_context_t *ctx, pool_t *pool, header_t header, uint64_t total, uint64_t align);
/* The fragment becomes part of the heap. false: no memory, and nothing has changed. */
bool heap_adopt(buskin_context_t *ctx, pool_t *pool, fragment_t *f);
/* Moves the counts of an adopted fragment to the heap (share.c). */
void heap_take_counts(heap_t *heap, pool_t *pool, fragment_t *f);
/* The caller refers to nothing in this adopted fragment any more. */
void heap_release(buskin_context_t *ctx, pool_t *pool, fragment_t *f);
/* The fragment, adopted, is no part of the heap any more, and holds its own counts again; the caller owns it. false: more than
 * `look` newer ones hide it. */
bool heap_unlink(buskin_context_t *ctx, fragment_t *f, unsigned look);
/* Nothing refers to this adopted fragment any more, and its contents are overwritten; the next collection frees it. */
void heap_forget(buskin_context_t *ctx, fragment_t *f);
/* Frees everything. */
void heap_free(buskin_context_t *ctx, pool_t *pool);

static inline bool heap_wants_collection(const buskin_context_t *ctx) {
    const heap_t *heap = heap_of(ctx);
    return heap ? heap->since >= heap->threshold : unlikely(backend_whole) && backend_wants_collection();
}

/* Bump allocation; NULL when the current run is too short. need includes the header and is a multiple of 8. */
static inline void *heap_bump(buskin_context_t *ctx, header_t header, uint64_t need) {
    char *p = ctx->hp;
    if (unlikely((uint64_t)(ctx->hplim - p) < need)) return NULL;
    ctx->hp = p + need;
    *(header_t *)(void *)p = header;
    return p + 8;
}

/* The list for gaps of that many bytes. */
static inline unsigned gap_list(uint64_t bytes) {
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes / HEAP_RUN_MIN | 1);
    return log < 7 ? log : 7;
}
static inline void heap_add_run(heap_t *heap, run_t *run) {
    if (unlikely(!heap->gaps)) return;
    run_t **list = &heap->gaps->lists[gap_list(header_total(run->header))];
    run->next = *list;
    *list = run;
}
/* There are no gaps; those to come will be noted, if there is memory for that. */
void heap_forget_runs(heap_t *heap, pool_t *pool);

/* Bytes of memory that an area holds. */
uint64_t area_held(const area_t *area);
/* The objects of an area, for walks: first header and end. */
header_t *area_first(area_t *area);
char *area_end(const area_t *area);
/* Turns the unused rest of the current run into a gap, so that its chunk can be walked. */
void heap_seal(buskin_context_t *ctx);
/* The same, and the rest will be a run again: the next allocation must ask for one. */
void heap_park_run(buskin_context_t *ctx);

#endif
