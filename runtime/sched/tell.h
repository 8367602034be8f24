/* tell.h - who hears of an actor's end. */
#ifndef BUSKIN_TELL_H
#define BUSKIN_TELL_H

#include "actor/cold.h"
#include "sched/worker.h"

enum { TELL_AGAIN_NS = 10000000 }; /* between two tries while memory is short and nothing else is to be done */

/* EXIT to the linked, DOWN to the watchers, DEMONITOR to the watched (S2.8), of the actor that was pid; it has a cold block. Without
 * memory for all of them the block is kept by w, and the rest is told later. */
void tell_others(worker_t *w, actor_t *a, uint64_t pid);
/* Tries again what is still to be told: true if all is. When memory may be back. */
bool tell_late(worker_t *w);
/* Nobody is left to be told. */
void tell_nobody(worker_t *w);

#endif
