/* collect.h - collecting the current actor's heap, in turns if it is large. Called by handlers: the actor's frames are saved.
 *
 * A handler that needs a collection asks collect_self. true: it is done, or not needed any more. false: the heap is large, and the
 * collection goes on in turns of its owner, between which the worker runs others; the handler then returns what collect_later
 * returns, and `then` is called when the collection is done.
 */
#ifndef BUSKIN_SCHED_COLLECT_H
#define BUSKIN_SCHED_COLLECT_H

#include "sched/worker.h"

/* Fills in the result of the call that had to collect; or sets what the actor waits for, which is then looked at. false: the
 * actor, whose reason is set, must end. */
typedef bool collect_then(worker_t *w, actor_t *a, const uint64_t args[3]);

extern bool collect_stress; /* BUSKIN_GC_STRESS: overwrite what is freed, and take tiny slices now and then */

/* With the second collector (mem/backend.h) all heaps are collected, at once. */
bool collect_self(worker_t *w, actor_t *self);
actor_t *collect_later(worker_t *w, actor_t *self, collect_then *then, uint64_t a1, uint64_t a2, uint64_t a3);

/* Whether the heap holds more than the actor's descriptor allows. */
bool collect_over_limit(const actor_t *self);
/* The reason of an actor that must end for lack of memory; false, for collect_then. */
bool collect_failed(worker_t *w, actor_t *self, const char *why);

/* A turn of an actor whose collection goes on (ACTOR_COLLECTING). */
enum collect_turn {
    COLLECT_AGAIN, /* another turn is needed */
    COLLECT_DONE,  /* `then` has been called; or the actor is about to end, by another's hand */
    COLLECT_ENDS   /* `then` has failed */
};
enum collect_turn collect_turn(worker_t *w, actor_t *a);

#endif
