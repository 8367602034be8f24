/* collect.h - collecting one actor's heap, at once or in slices.
 *
 * While heap->collection is set, the heap must not change and its owner must not run; it may be freed. Called by the
 * thread that runs the owner's home worker, on another stack than the owner's.
 */
#ifndef BUSKIN_COLLECT_H
#define BUSKIN_COLLECT_H

#include "mem/heap.h"

enum collect_phase { COLLECT_MARK, COLLECT_SWEEP_SHARES, COLLECT_SWEEP_CHUNKS, COLLECT_SWEEP_FRAGMENTS };

#define MARK_REST 0ull /* an entry's header: the entry below is scanned up to the element that `object` says */

typedef struct collection {
    buskin_context_t *ctx;
    scratch_t *scratch; /* objects to scan; the worker's, or own */
    scratch_t own;
    int64_t budget; /* left of the slice */
    enum collect_phase phase;
    uint8_t size_class; /* of this record */
    bool poison;        /* overwrite what is freed */
    bool failed;        /* no memory to mark all: frees nothing */
    /* mark */
    const uint64_t *low, *high;               /* words not yet scanned: the state, then the frames, */
    const uint64_t *frames_low, *frames_high; /* which are these */
    area_t *filling;                          /* the area whose bitmap is filled in now, or NULL */
    header_t *fill_at;                        /* the next object in it */
    uint64_t fill_clear;                      /* words of the bitmap that are clear */
    uint64_t marked_low, marked_bytes;        /* the area of the last marked object, known to be AREA_LIVES */
    /* sweep */
    area_link_t *place; /* where the area hangs that is swept now */
    header_t *at;       /* the next object in it; NULL: the first */
    header_t *gap;      /* dead objects from here on */
    uint64_t live;      /* bytes that live, so far */
    uint64_t kept;      /* bytes of the areas that stay, so far */
    uint64_t after[4];  /* for the caller: what comes after it */
} collection_t;

/* Collects the heap of ctx. [low, high) are its frames, with its registers among them, and lie there unchanged until the
 * collection is done. NULL: it is; else it has used up its budget of about so many objects and slots, and goes on with
 * collect_go_on, for which it is kept in heap->collection. */
collection_t *collect_begin(buskin_context_t *ctx, pool_t *pool, scratch_t *scratch, const void *low, const void *high,
                            bool poison, int64_t budget);
/* The same at once, for frames that lie on two stacks. */
typedef struct frames_part {
    const void *low, *high;
} frames_part_t;
void collect_both(buskin_context_t *ctx, pool_t *pool, scratch_t *scratch, const frames_part_t parts[2], bool poison);
/* true: done. */
bool collect_go_on(buskin_context_t *ctx, pool_t *pool, int64_t budget);
/* Forgets a collection, if there is one: the heap is about to be freed. */
void collect_drop(heap_t *heap, pool_t *pool);

#endif
