/* spawn.h - a new actor. */
#ifndef BUSKIN_SPAWN_H
#define BUSKIN_SPAWN_H

#include "sched/worker.h"

typedef struct spawn_order {
    const buskin_spawn_desc_t *desc; /* or NULL */
    void (*entry)(const void *args);
    fragment_t *args; /* or NULL; belongs to the actor if there is one */
    uint8_t priority;
    uint32_t flags;  /* ACTOR_MAIN, ACTOR_SUPERVISOR */
    actor_t *parent; /* with a tie: who is linked to it, or watches it, from before its first act (S4.6) */
    bool link;
    bool kept;    /* the monitor is a supervisor's */
    uint64_t ref; /* of the monitor, or 0 */
    uint64_t job; /* the reference of its result, or 0 */
} spawn_order_t;

/* Fills a free block and ties it to its parent. NULL: the limit of actors is reached, or no memory. */
actor_t *spawn_block(table_cache_t *blocks, pool_t *pool, const spawn_order_t *order);
/* Starts an actor at this worker. 0: the limit is reached. */
uint64_t spawn_here(worker_t *w, const spawn_order_t *order);
/* Starts an actor from a thread without a worker, at the next worker in turn. */
uint64_t spawn_foreign(const spawn_order_t *order);

#endif
