/* verify.h - is a heap as it should be between collections? For debug builds, BUSKIN_GC_STRESS and tests. */
#ifndef BUSKIN_VERIFY_H
#define BUSKIN_VERIFY_H

#include "mem/heap.h"

/* What is wrong first, and where; what NULL: nothing. */
typedef struct verdict {
    const char *what;
    const void *at;
} verdict_t;

/* All areas, objects, slots, gaps and blocks of the heap. The current run is sealed; no collection is going on. */
verdict_t verify_heap(buskin_context_t *ctx);
/* The free lists of a pool. */
verdict_t verify_pool(const pool_t *pool);

/* Ends the process with a line if either is damaged. */
void verify_or_abort(buskin_context_t *ctx, const pool_t *pool);

#endif
