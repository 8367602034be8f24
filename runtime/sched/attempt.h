/* attempt.h - a call in an actor that may fail without ending the actor: a supervisor's start callbacks (S9.2, S9.8).
 *
 * An attempt works like setjmp. It keeps a copy of the frame that the slow gate saved; while it goes on, an end of the actor's
 * own (a panic, an exit, a native fault, a limit) runs the cleanups that were registered meanwhile, puts that frame back, keeps the
 * reason for the caller, and resumes. What others
 * do to the actor, a kill for example, ends it as ever.
 *
 * Whatever the actor spawns meanwhile is linked to it and watched by it from before its first act (S4.6), and ends with it at
 * the latest: which of them is the child is known only when the callback returns.
 */
#ifndef BUSKIN_ATTEMPT_H
#define BUSKIN_ATTEMPT_H

#include "sched/spawn.h"

enum { ATTEMPT_TIES = 4, ATTEMPT_FRAME = 8 };

typedef struct attempt {
    uint64_t frame[ATTEMPT_FRAME]; /* as port/switch.h lays it out */
    char *sp;
    buskin_cleanup_t *cleanups;     /* registered when it began */
    const buskin_notice_t *failure; /* why it failed, on the actor's heap; NULL for lack of memory */
    uint32_t tied;
    struct {
        uint64_t pid, ref;
    } ties[ATTEMPT_TIES]; /* the first that it spawned */
} attempt_t;

/* The current actor, whose frame is saved, begins one. false: no memory. */
bool attempt_begin(worker_t *w, actor_t *self, attempt_t *attempt);
/* The callback has returned. */
void attempt_end(actor_t *self);
/* The actor ends all the same. */
void attempt_drop(actor_t *self);
/* The current actor is about to end. true: it will resume instead, and attempt->failure says why; false: it must end. */
bool attempt_fails(worker_t *w, actor_t *self);
/* Below it are the frames that this drops. */
const char *attempt_end_of_frames(const actor_t *self);
/* Where it began the attempt. What the frames below had registered has run. */
void attempt_resume(actor_t *self);
/* Ties an actor that self is about to spawn. */
void attempt_order(worker_t *w, actor_t *self, spawn_order_t *order);
/* And keeps note of it. */
void attempt_spawned(actor_t *self, uint64_t pid, const spawn_order_t *order);

#endif
