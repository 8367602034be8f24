/* external.h - threads that run no worker: the one that called init, which has a pid and a mailbox, and all others, which
 * may send and spawn. They share one pool and one block cache under a lock. */
#ifndef BUSKIN_EXTERNAL_H
#define BUSKIN_EXTERNAL_H

#include "sched/worker.h"

/* Gives the calling thread a pid; its context becomes that of the actor. false: no memory. */
bool external_open(void);
void external_close(void);
actor_t *external_main(void); /* the actor of the thread that called init, or NULL */

/* The shared pool, block cache and scratch; between lock and unlock only. */
pool_t *external_lock(void);
table_cache_t *external_blocks(void);
scratch_t *external_scratch(void);
void external_unlock(void);

void external_free(fragment_t *f);
fragment_t *external_reason(uint32_t code);
/* Wakes the thread in external_wait. */
void external_notify(void);
/* Takes in what was sent to the main thread's actor; if nothing was, waits for it until deadline_ns (0: no limit; 1: not
 * at all). false: the time is over. */
bool external_take_in(uint64_t deadline_ns);
/* The deadline of a timeout, as external_take_in wants it. */
uint64_t external_deadline(int64_t timeout_ms);

#endif
