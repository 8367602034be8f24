/* runq.c - growth of the run queue, and its end. */
#include "sched/runq.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { RUNQ_START = 256 };

bool runq_open(runq_t *q) {
    *q = (runq_t){.ring = alloc_zeroed(RUNQ_START, sizeof(actor_t *)), .mask = RUNQ_START - 1};
    return q->ring != NULL;
}

void runq_close(runq_t *q) {
    free(q->ring);
    *q = (runq_t){0};
}

void runq_grow(runq_t *q) {
    uint32_t capacity = q->mask + 1;
    actor_t **ring = calloc((size_t)capacity * 2, sizeof *ring);
    BUG_IF(!ring);
    for (uint32_t i = 0; i < capacity; i++) ring[i] = q->ring[(q->head + i) & q->mask];
    free(q->ring);
    *q = (runq_t){.ring = ring, .tail = capacity, .mask = 2 * capacity - 1};
}

void runq_shrink(runq_t *q) {
    runq_t fresh;
    if (runq_length(q) || q->mask < RUNQ_START || !runq_open(&fresh)) return;
    runq_close(q);
    *q = fresh;
}
