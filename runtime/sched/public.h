/* public.h - how ready actors get from a worker that has too many to one that has none. */
#ifndef BUSKIN_PUBLIC_H
#define BUSKIN_PUBLIC_H

#include "sched/worker.h"

enum { INBOX_HAND_OVER = 255 }; /* "waker" of an actor that was handed over ready to run */

/* Puts the older half of w's queue up for others, if it has more than it needs and nothing is up yet. */
void public_offer(worker_t *w);
/* Takes some of what is up; how many. */
unsigned public_take(worker_t *w);
bool public_waiting(void);
/* Looks after what is still up, when w is not idle (any more) and notice was read since: others are woken for it, or w
 * takes all; how many. */
unsigned public_left(worker_t *w, uint32_t notice);
/* Gives a, which waits or could run at w, to another worker, where it becomes ready. false: not now. */
bool public_hand_over(worker_t *w, actor_t *a, worker_t *to);
/* a was found in the inbox of a worker that is not its home any more. */
void public_forward(actor_t *a, uint8_t home);
/* Discards all: after the workers have stopped. */
void public_clear(void);

#endif
