/* timer.h - the timer of a waiting actor, whose ctx.private0 holds (worker + 1) << 24 | index, or 0; and messages that are
 * sent at a time. */
#ifndef BUSKIN_TIMER_H
#define BUSKIN_TIMER_H

#include "sched/worker.h"

/* Sets the timer of an actor that is about to wait. false: no timers left; the wait counts as timed out. */
bool timer_arm(worker_t *w, actor_t *a, uint64_t deadline_ns);
void timer_disarm(worker_t *w, actor_t *a);
/* Sends the message to its owner at that time or up to a tick later. Returns a reference, or 0 at the limit of timers; then
 * the message is freed. */
uint64_t timer_add_message(worker_t *w, uint64_t deadline_ns, fragment_t *message);
/* Any thread; w: its worker or NULL. The remaining ms, or BUSKIN_ENOTFOUND. */
int64_t timer_cancel(worker_t *w, uint64_t ref);
/* Takes out timers that were cancelled elsewhere, and those whose target is dead; goes on another time if it is not done at
 * until_ns. */
void timer_sweep(worker_t *w, uint64_t until_ns);
/* Fires what is due. */
void timer_fire_due(worker_t *w, uint64_t now_ns);

#endif
