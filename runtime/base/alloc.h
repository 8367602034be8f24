/* alloc.h - libc's memory for the runtime's own tables, and allocations that fail on purpose.
 *
 * BUSKIN_FAIL_ALLOC=K makes the K-th allocation fail that goes beyond a free list: a piece that is cut from a unit, a span of the
 * arena, a table that grows, a stack. BUSKIN_FAIL_ALLOC=K+ makes all fail from the K-th on. Init counts too. The test is on slow
 * paths only. tools/alloc-failures goes through all K of a program.
 */
#ifndef BUSKIN_ALLOC_H
#define BUSKIN_ALLOC_H

#include "base/atomic.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Allocations until one fails; 0: none will. Negative: all fail. */
extern _Atomic int64_t alloc_countdown;
extern _Atomic uint64_t alloc_failed; /* how many did */
extern bool alloc_watched;            /* since init: BUSKIN_FAIL_ALLOC is set */

/* From now on the k-th fails, and those after it if `all`; k 0: none. */
void alloc_fail_at(uint64_t k, bool all);
bool alloc_count_down(void);

/* Whether this allocation is to fail. */
static inline bool alloc_fails(void) {
    return __builtin_expect(load_relaxed(&alloc_countdown) != 0, 0) && alloc_count_down();
}

/* As calloc, realloc and aligned_alloc. */
static inline void *alloc_zeroed(size_t n, size_t size) { return alloc_fails() ? NULL : calloc(n, size); }
static inline void *alloc_grown(void *p, size_t bytes) { return alloc_fails() ? NULL : realloc(p, bytes); }
static inline void *alloc_aligned_to(size_t align, size_t bytes) {
    return alloc_fails() ? NULL : aligned_alloc(align, bytes);
}

#endif
