/* placement.h - which worker an actor is best on: beside those it talks to, or with one that has nothing else to do. */
#ifndef BUSKIN_PLACEMENT_H
#define BUSKIN_PLACEMENT_H

#include "sched/worker.h"

/* A message has gone from w to a, whose home is elsewhere, and which did not wait for it. */
static inline void placement_pushed(worker_t *w, actor_t *a) {
    placement_t *p = &w->placement;
    if (p->turn != w->turns) {
        p->turn = w->turns;
        p->turn_pushes = 0;
    }
    p->turn_pushes++;
    p->pushed = a;
}

/* a, whose home is w, was woken by another worker (number + 1) and has not run yet. true: it has gone there. */
bool placement_follow(worker_t *w, actor_t *a, uint8_t waker);
/* self has used up its turn at w: where those are to whom it sends, if it should go there, or NULL. */
worker_t *placement_attracts(worker_t *w, const actor_t *self);

/* w was idle and has taken n actors from others. */
void placement_took(worker_t *w, uint32_t n);
/* w has nothing to do. */
void placement_idle(worker_t *w);
/* Whether w, idle, should ask others for work, at its spins-th look. */
bool placement_asks(worker_t *w, unsigned spins);
/* At most how many actors should be offered at once. */
uint32_t placement_offer(void);

#endif
