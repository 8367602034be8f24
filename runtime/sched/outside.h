/* outside.h - code of the program that runs on the runtime's threads while they run no actor: blocking calls, crash hooks, release
 * functions of handles. */
#ifndef BUSKIN_OUTSIDE_H
#define BUSKIN_OUTSIDE_H

#include "actor/actor.h"

/* The context of every thread that runs no actor: no budget is ever used up, nothing is allocated inline. Lies in a block, because
 * the switch saves a stack pointer behind the context, and a forked child may come there with it. */
extern actor_t outside_block;
#define outside_context (&outside_block.ctx)

/* Calls fn(arg) with that context: for the entries it is a thread of the program's own. */
void outside_call(void (*fn)(void *arg), void *arg);

/* share_bury, with that context. */
void outside_bury(pool_t *pool);

/* From now on a child that is forked runs no actor: seen is called in it, and the calling thread has that context. Once per process. */
void outside_watch_forks(void (*seen)(void));

#endif
