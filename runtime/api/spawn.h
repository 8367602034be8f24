/* spawn.h - for entries that start actors of their own kind. */
#ifndef BUSKIN_API_SPAWN_H
#define BUSKIN_API_SPAWN_H

#include "sched/spawn.h"

/* Continue BUSKIN_SPAWN_LINK and _MONITOR. */
enum {
    SPAWN_JOB = 1 << 8,       /* its result is for the caller */
    SPAWN_SUPERVISOR = 1 << 9 /* it is a supervisor */
};

bool spawn_desc_is_valid(const buskin_spawn_desc_t *desc);
/* Like buskin_spawn, for actors and the thread that called init; desc is valid. */
uint64_t spawn_kind(const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref);

#endif
