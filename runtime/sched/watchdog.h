/* watchdog.h - says which actors keep their worker from the others. */
#ifndef BUSKIN_WATCHDOG_H
#define BUSKIN_WATCHDOG_H

#include "sched/worker.h"

enum { WATCHDOG_MS = 1000, WATCHDOG_MS_MIN = 10, WATCHDOG_MS_MAX = 3600000 };

/* Starts the thread that reports, once each, workers whose actor passes no safepoint for limit_ms; 0: none is started. The
 * workers run. false: the system refused. */
bool watchdog_start(uint32_t limit_ms);
/* While the workers' threads are still there. */
void watchdog_stop(void);

extern _Atomic uint32_t watchdog_round; /* of its questions */
extern _Atomic uint32_t watchdog_asleep;
void watchdog_wake(void);

/* A worker chooses its next actor and sees SCHEDULER_WATCH. */
static inline void watchdog_answer(worker_t *w) { store_relaxed(&w->watch_answer, load_relaxed(&watchdog_round)); }

/* A worker was parked and is not any more. */
static inline void watchdog_unpark(void) {
    if (load_seq_cst(&watchdog_asleep)) watchdog_wake(); /* pairs with the store in watchdog_sleep */
}

#endif
