/* seeded.h - a run in which every choice is drawn from a seed, so that the same run can be had again (docs/seeded.md).
 *
 * BUSKIN_SEED=n. All that costs a normal run is one test where the clock is read anyway and at an actor's end: the choices
 * themselves are reached through a bit of scheduler.notice, which the worker looks at in any case.
 */
#ifndef BUSKIN_SEEDED_H
#define BUSKIN_SEEDED_H

#include "port/port.h"
#include "sched/worker.h"

typedef struct seeded {
    bool on;         /* does not change while workers run */
    uint64_t now_ns; /* virtual time, if on */
} seeded_t;

extern seeded_t seeded;

void seeded_start(uint64_t seed);
void seeded_stop(void);

/* What every part of the scheduler and every entry takes the time from. */
static inline uint64_t now_ns(void) { return unlikely(seeded.on) ? seeded.now_ns : clock_ns(); }

/* One of [0, below). */
uint64_t seeded_draw(uint64_t below);

/* -- For the worker -- */

/* Before each choice: the thread that called init may get its turn. false: the scheduler stops. */
bool seeded_turn(worker_t *w);
/* Nothing is ready: time jumps, or the init thread gets its turn. */
void seeded_idle(worker_t *w);
/* One of the ready actors; there is one. */
actor_t *seeded_pick(worker_t *w);
/* Reductions until the actor is preempted. */
int64_t seeded_budget(void);
/* Whether a signal is on its way still, as if it came from another worker: when it is sent, and when its target takes turns. */
static inline bool seeded_late(void) { return unlikely(seeded.on) && seeded_draw(2); }

/* -- For the init thread, which runs only while the worker does not -- */

/* Lets the worker run until it has poked, or until deadline_ns (0: none). seen: scheduler.event, as it was before the caller
 * found that it has to wait. */
void seeded_wait(uint32_t seen, uint64_t deadline_ns);
/* Lets it run for good. */
void seeded_leave(void);
/* There is something for the init thread to look at. */
void seeded_poke(void);

/* -- The trace -- */

void seeded_note(uint64_t what);
void seeded_note_bytes(const void *bytes, uint64_t length);
/* The hash of all notes, and how many choices there were. */
uint64_t seeded_trace(uint64_t *choices);

#endif
