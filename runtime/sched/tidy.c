/* tidy.c - what a burst leaves goes back to the system when it is over.
 *
 * A worker tidies up when it has slept for TIDY_NS after some turns: it gives its free pieces to the depot, pages below
 * the frames of its stacks to the system, and shrinks what grows by doubling. Units that are wholly free go when they
 * have been of no use for POOL_AGE_NS. It goes in steps of some hundred microseconds at most, so that work that
 * comes meanwhile waits no longer than for any turn. When nothing is left it sleeps for good: idle costs no processor time.
 *
 * While it tidies up it stays parked: whoever wakes it finds that as ever (worker.c), and it goes to work after the step.
 * A worker with timers never sleeps for good; it takes a step on its way to sleep when one is due.
 *
 * What stays: the blocks of the actor table, which other threads may look at for ever (160 bytes for each actor that ever
 * lived at once), and units in which anything lives.
 */
#include "sched/tidy.h"

#include "port/port.h"
#include "sched/external.h"

enum { STEP_UNITS = 32, STEP_BATCHES = 64, STEP_SLOTS = 256, SCRATCH_KEPT = 1024 };
static const int64_t TIDY_NS = 100000000, STEP_NS = 2000000;

int64_t tidy_wait(const worker_t *w) { return w->turns == w->tidied ? -1 : TIDY_NS; }

static void tidy_lists(worker_t *w) {
    if (w->scratch.capacity > SCRATCH_KEPT) scratch_free(&w->scratch);
    for (int i = 0; i < QUEUES; i++) runq_shrink(&w->queues[i]);
}

int64_t tidy_step(worker_t *w) {
    bool sorted = pool_sort(STEP_BATCHES);
    pool_release(&w->pool);
    if (w->id == 0) {
        pool_release(external_lock());
        external_unlock();
    }
    if (!w->tidy_slot) tidy_lists(w);
    w->tidy_slot = stacks_trim(&w->stacks, w->tidy_slot, STEP_SLOTS);
    enum pool_left left = pool_trim_aged(clock_ns(), STEP_UNITS);
    if (!sorted || w->tidy_slot || left == POOL_SURPLUS) return STEP_NS;
    if (left == POOL_AGING) return TIDY_NS;
    w->tidied = w->turns;
    return -1;
}

void tidy_on_the_way(worker_t *w) {
    if (w->turns == w->tidied) return;
    uint64_t now = clock_ns();
    if (now < w->tidy_ns) return;
    int64_t next = w->tidy_ns ? tidy_step(w) : TIDY_NS;
    w->tidy_ns = now + (uint64_t)(next < 0 ? TIDY_NS : next);
}
