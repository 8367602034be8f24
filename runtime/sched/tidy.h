/* tidy.h - memory that is of no use any more goes back to the system while a worker has nothing to do. */
#ifndef BUSKIN_TIDY_H
#define BUSKIN_TIDY_H

#include "sched/worker.h"

/* How long the worker, which is about to sleep without a timer, should sleep before its first tidy_step; -1: for ever. */
int64_t tidy_wait(const worker_t *w);
/* A step of a worker that has no current actor; after how long the next one should come, -1: nothing is left to do. */
int64_t tidy_step(worker_t *w);
/* For a worker that sleeps until its next timer: goes on, if that is due and there is time. */
void tidy_on_the_way(worker_t *w, uint64_t until_ns);

#endif
