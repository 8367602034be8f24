/* tidy.c - what a burst leaves goes back to the system when it is over.
 *
 * A worker tidies up when it has slept for TIDY_NS after some turns, in rounds: it gives its free pieces to the depot and shrinks what
 * grows by doubling; sorts the depot; gives pages below the frames of its stacks to the system; then units that are wholly free and
 * have been of no use for POOL_AGE_NS. A round goes in portions of some ten microseconds, and between any two of them it may be
 * left: a worker without timers works for STEP_NS at most and rests as long, a worker with timers until the next one is due.
 * Who is called goes to work at once. When nothing is left it sleeps for good: idle costs no processor time.
 *
 * While it tidies up it stays parked: whoever wakes it finds that as ever (worker.c), and it goes to work after the portion.
 * A worker with timers never sleeps for good; it goes on with its round on the way to sleep, if there is time before the next timer.
 *
 * What stays: the blocks of the actor table, which other threads may look at for ever (160 bytes for each actor that ever
 * lived at once), and units in which anything lives.
 */
#include "sched/tidy.h"

#include "port/port.h"
#include "sched/external.h"

enum { PORTION_BATCHES = 1, PORTION_SLOTS = 16, PORTION_UNITS = 4, SCRATCH_KEPT = 1024 };
static const int64_t TIDY_NS = 100000000, STEP_NS = 2000000;
static const uint64_t PORTION_NS = 100000; /* what a portion takes, but for the first of a round */

/* ORDER of a round */
enum { TIDY_LISTS, TIDY_DEPOT, TIDY_STACKS, TIDY_UNITS };

int64_t tidy_wait(const worker_t *w) { return w->turns == w->tidied ? -1 : TIDY_NS; }

static void tidy_lists(worker_t *w) {
    pool_release(&w->pool);
    if (w->id == 0) {
        pool_release(external_lock());
        external_unlock();
    }
    if (w->scratch.capacity > SCRATCH_KEPT) scratch_free(&w->scratch);
    for (int i = 0; i < QUEUES; i++) runq_shrink(&w->queues[i]);
}

/* How long until the next portion; -1: nothing is left to do. */
static int64_t tidy_portion(worker_t *w) {
    switch (w->tidy_phase) {
    case TIDY_LISTS:
        tidy_lists(w);
        w->tidy_phase = TIDY_DEPOT;
        return 0;
    case TIDY_DEPOT:
        if (pool_sort(PORTION_BATCHES)) w->tidy_phase = TIDY_STACKS;
        return 0;
    case TIDY_STACKS:
        w->tidy_slot = stacks_trim(&w->stacks, w->tidy_slot, PORTION_SLOTS);
        if (!w->tidy_slot) w->tidy_phase = TIDY_UNITS;
        return 0;
    default: break;
    }
    enum pool_left left = pool_trim_aged(clock_ns(), PORTION_UNITS);
    if (left == POOL_SURPLUS) return 0;
    w->tidy_phase = TIDY_LISTS;
    if (left == POOL_AGING) return TIDY_NS;
    w->tidied = w->turns;
    return -1;
}

/* Portions until something is to be done, at the latest at until_ns; then how long until the next. */
static int64_t tidy_until(worker_t *w, uint64_t until_ns) {
    uint32_t parked = load_relaxed(&w->parked); /* as it is when nobody has woken us */
    int64_t next;
    do next = tidy_portion(w);
    while (!next && clock_ns() + PORTION_NS < until_ns && load_relaxed(&w->parked) == parked &&
           !load_relaxed(&w->inbox));
    return next;
}

int64_t tidy_step(worker_t *w) {
    int64_t next = tidy_until(w, clock_ns() + (uint64_t)STEP_NS);
    return next ? next : STEP_NS;
}

void tidy_on_the_way(worker_t *w, uint64_t until_ns) {
    if (w->turns == w->tidied) return;
    uint64_t now = clock_ns();
    if (now < w->tidy_ns || now + PORTION_NS > until_ns) return;
    int64_t next = w->tidy_ns ? tidy_until(w, until_ns) : TIDY_NS;
    w->tidy_ns = now + (uint64_t)(next < 0 ? TIDY_NS : next);
}
