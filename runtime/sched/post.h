/* post.h - to actors with a bounded mailbox, and what happens when a sender has to wait. */
#ifndef BUSKIN_POST_H
#define BUSKIN_POST_H

#include "actor/bounded.h"
#include "sched/worker.h"

/* Sends the user message f to f->owner, a's pid as it was found. Returns the send's status or, from an actor, POST_WAITS: it
 * waits for an answer (WAIT_ANSWER) that brings the status. */
int32_t post_from_actor(worker_t *w, actor_t *self, actor_t *a, fragment_t *f);
/* The same from a thread without a worker, which sleeps if it has to. self: the actor of the init thread, or NULL. */
int32_t post_from_thread(actor_t *a, fragment_t *f, actor_t *self);
/* Anything else that is on its way to a: a signal, or a timer's message, for which nobody waits. w: this worker or NULL. */
void post_signal(worker_t *w, actor_t *a, fragment_t *f);
/* Applies the signals that have come, and makes a, whose home is w, ready if something is there for it. */
void post_take_in(worker_t *w, actor_t *a);

/* The message that a's receive looks at is taken out: those who waited for the space go on. */
fragment_t *post_received(worker_t *w, actor_t *a);
/* self ends: forgets the answer that it waits for, and takes back what it waits to send. */
void post_withdraw(worker_t *w, actor_t *self);
/* a has ended: answers what was on its way, and the senders that wait. */
void post_close(worker_t *w, actor_t *a);
/* The same after the workers have stopped: only threads still wait. */
void post_discard_all(worker_t *w, actor_t *a);
/* a was never started. */
void post_undo(pool_t *pool, actor_t *a);

#endif
