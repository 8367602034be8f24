/* config.h - the BUSKIN_* environment variables, one row each. */
#ifndef BUSKIN_CONFIG_H
#define BUSKIN_CONFIG_H

#include "sched/crash.h"

typedef struct config {
    uint32_t workers;      /* BUSKIN_WORKERS: 1 to 128; 0 = not set */
    uint32_t max_actors;   /* BUSKIN_MAX_ACTORS: 16 to 16,777,214 */
    bool own_stacks;       /* BUSKIN_STACKS: shared or own */
    bool seeded;           /* BUSKIN_SEED is set: */
    uint64_t seed;         /* 0 to 2^64-1 */
    bool trace_hash;       /* BUSKIN_TRACE_HASH: 0 or 1; print the hash of a seeded run's trace at its end */
    bool gc_stress;        /* BUSKIN_GC_STRESS: 0 or 1; collect at every slow allocation and poison what is freed */
    bool gc_boehm;         /* BUSKIN_GC: own or boehm; the collector of all memory of actors */
    uint32_t watchdog_ms;  /* BUSKIN_WATCHDOG: 10 to 3,600,000 ms, or off, which is 0 */
    uint64_t fail_alloc;   /* BUSKIN_FAIL_ALLOC: K or K+; the allocation that fails on purpose, 0 = none */
    bool fail_all;         /* and all after it */
    enum crash_mode crash; /* BUSKIN_CRASH: off, line or full */
} config_t;

extern config_t config;

/* Reads them all. false: one line on standard error named the first that cannot be used. */
bool config_read(void);

#endif
