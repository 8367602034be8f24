/* foreign.h - threads for workers, for long foreign calls, and for blocking calls. */
#ifndef BUSKIN_FOREIGN_H
#define BUSKIN_FOREIGN_H

#include "sched/worker.h"

/* -- Threads -- */

/* Starts a thread; foreign_join_threads waits for all. false: the system refused. */
bool foreign_start_thread(void *(*body)(void *), void *arg);
/* The body of a thread that begins by running w: runs it, and later others that need a thread, until the end. */
void foreign_thread_body(worker_t *w);
/* Ends and joins them all, but does not wait beyond that time of clock_ns. How many are left, in code of the program. */
unsigned foreign_join_threads(uint64_t deadline_ns);
/* The calling thread ends. If it is within an actor or a blocking call, that is seen to. */
void foreign_thread_lost(void);

/* -- Brackets: called by the actor, on its own stack -- */

void foreign_enter(worker_t *w, actor_t *a);
/* true: the actor still has its worker. false: the worker went on without it; call foreign_come_back from the thread's
 * stack. */
bool foreign_leave(worker_t *w, actor_t *a);
/* Whether the calling thread is between the two. */
bool foreign_under_way(void);
/* The actor, whose frame is saved, becomes ready at its home. This thread takes over another worker or ends. */
actor_t *foreign_come_back(actor_t *a);

/* -- Blocking calls -- */

/* Runs fn(arg) on a pool thread, which then wakes the actor. false: no thread and no memory for one. */
bool foreign_call(void (*fn)(void *arg), void *arg, uint64_t pid);

#endif
