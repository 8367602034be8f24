/* cleanup.h - what an actor has registered for the case of its end (S2.11).
 *
 * The records lie in the frames of the functions that registered them, newest first; ctx.cleanups is the head. Emitted code pushes
 * and pops with stores of its own, so nothing here has seen a record before it is to run.
 *
 *   its own stack:   [ frames of the end ... record ... record ... ]     as they are, and scanned by collections
 *   side stack:      [ run(arg) ]                                        one at a time, as the actor (ACTOR_CLEANING)
 *
 * A record is taken out before it runs, so whatever becomes of it, it has run once: when it returns, panics, faults or exits, the
 * handler comes to end_resumed, which asks for the next one. A cleanup may register others, in its frames on the side stack; if it
 * fails, these run first, below its frames, which stay. Nothing waits here: the actor stays its worker's current one, what
 * would wait is over at once (cleanup_refuse_wait), and what uses up its turn gets another, for LIMIT_NS in all.
 */
#ifndef BUSKIN_SCHED_CLEANUP_H
#define BUSKIN_SCHED_CLEANUP_H

#include "sched/worker.h"

/* The current actor a, whose frames are present from a->sp up, drops those below until: what is registered in them runs. true: the
 * first one is about to run, and cleanup_next comes after it; false: there is none. */
bool cleanup_begin(worker_t *w, actor_t *a, const char *until);
/* The same for the next one. false: that was the last, and a's own stack is its stack again. */
bool cleanup_next(worker_t *w, actor_t *a);
/* The one that runs has returned. */
void cleanup_returned(actor_t *a);
/* The one that runs has used up its turn. What to return from the handler. */
actor_t *cleanup_turn(worker_t *w, actor_t *a);
/* The one that runs has called what would now wait. */
actor_t *cleanup_refuse_wait(worker_t *w, actor_t *a, enum actor_wait wait);

#endif
