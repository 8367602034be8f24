/* runq.h - a worker's run queue: a growing ring of actors. Only its worker touches it. */
#ifndef BUSKIN_RUNQ_H
#define BUSKIN_RUNQ_H

#include "actor/actor.h"

typedef struct runq {
    actor_t **ring;
    uint32_t head, tail; /* free-running; head is the oldest */
    uint32_t mask;       /* capacity - 1 */
} runq_t;

bool runq_open(runq_t *q);
void runq_close(runq_t *q);
void runq_grow(runq_t *q);   /* ends the process when there is no memory: a runnable actor cannot be dropped */
void runq_shrink(runq_t *q); /* to the size of a new one, if it is empty */

static inline uint32_t runq_length(const runq_t *q) { return q->tail - q->head; }

static inline void runq_push(runq_t *q, actor_t *a) {
    if (unlikely(q->tail - q->head > q->mask)) runq_grow(q);
    q->ring[q->tail++ & q->mask] = a;
}

static inline actor_t *runq_pop_newest(runq_t *q) { return q->ring[--q->tail & q->mask]; }

/* Takes out the i-th oldest; the oldest comes to its place. */
static inline actor_t *runq_take(runq_t *q, uint32_t i) {
    actor_t **at = &q->ring[(q->head + i) & q->mask], *a = *at;
    *at = q->ring[q->head++ & q->mask];
    return a;
}

static inline actor_t *runq_peek(const runq_t *q) { return q->ring[q->head & q->mask]; }

static inline actor_t *runq_pop(runq_t *q) {
    __builtin_prefetch(q->ring[(q->head + 4) & q->mask], 1);
    return q->ring[q->head++ & q->mask];
}

#endif
