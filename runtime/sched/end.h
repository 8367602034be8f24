/* end.h - the end of an actor. */
#ifndef BUSKIN_END_H
#define BUSKIN_END_H

#include "actor/cold.h"
#include "sched/crash.h"

/* Ends a, whose cold->reason is set and whose frames are present: its cleanups and then its terminate callback run first if it
 * has any and may run them. true: a is the current actor again, running the first of them. */
bool end_begin(worker_t *w, actor_t *a);
/* Whether end_begin will run anything of a, which is dying. */
bool end_runs_code(const actor_t *a);
/* While its cleanups or its terminate callback run: it was killed, or has taken too long. */
static inline bool end_is_forced(const actor_t *a) {
    return (a->ctx.flags & (ACTOR_DYING | ACTOR_ENDING)) == (ACTOR_DYING | ACTOR_ENDING);
}
/* Makes a, whose terminate callback runs, end if its time is over. */
void end_check_time(actor_t *a);
/* Ends a, which is not running, at once. */
void end_now(worker_t *w, actor_t *a);
/* After the workers have stopped: drops what was on its way to a, which has ended. */
void end_forget_late(worker_t *w, actor_t *a);
/* Frees what a holds, telling nobody: after the workers have stopped. */
void end_discard(worker_t *w, actor_t *a);
void end_without_memory(worker_t *w, actor_t *a);
/* Sets the reason of the current actor, unless it has one. */
void end_because(worker_t *w, actor_t *a, uint32_t code, const void *bytes, uint64_t length);
/* The same for a crash of its own, which is reported. */
void end_crash(worker_t *w, actor_t *a, uint32_t code, uint32_t detail, const char *text, uint64_t length,
               const crash_place_t *place);
/* What to do with the current actor, whose function returned or that asked to end; reason is set. */
actor_t *end_current(worker_t *w, actor_t *self);
/* The same for one that is about to be resumed. true: it can be, in a cleanup's place, its attempt's or its
 * terminate callback's. */
bool end_resumed(worker_t *w, actor_t *a);
/* Bytes of stack that the actor's descriptor asks for; 0: a shared slot. */
uint64_t end_stack_size(const actor_t *a);

#endif
