/* side.h - a second stack for each worker, on which an actor's cleanups run (sched/cleanup.h).
 *
 * The actor's own frames stay as they are, to the last byte, and there is room even if its own stack has none. What runs
 * here never waits, so one stack for each worker is enough, and none is ever copied. While an actor is on it (ACTOR_CLEANING)
 * stack_top and stack_bottom are those of the side stack.
 */
#ifndef BUSKIN_SIDE_H
#define BUSKIN_SIDE_H

#include "actor/actor.h"

enum { SIDE_BYTES = 256 << 10 };

/* Lies at the top of the side stack. */
typedef struct side {
    char *frames;            /* the lowest live byte of the actor's own frames */
    char *stack_limit;       /* of its own stack */
    const char *until;       /* frames from here up stay, and so do their cleanups */
    buskin_cleanup_t *older; /* what is registered when the one that runs has returned */
    uint64_t by_ns;          /* when they all should be done; 0: none has used up a turn yet */
} side_t;

bool side_init(unsigned workers); /* once per init; false: no address space */
/* Of the worker that is the actor's home. */
side_t *side_of(const actor_t *a);
char *side_bottom(const actor_t *a); /* the lowest usable address */

/* The actor, whose own frames end at a->sp, goes to the side stack; and back. */
side_t *side_enter(actor_t *a);
void side_leave(actor_t *a);

#endif
