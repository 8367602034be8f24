/* fault.h - native faults of actor code become ends of actors. */
#ifndef BUSKIN_FAULT_H
#define BUSKIN_FAULT_H

#include "port/trap.h"
#include "sched/crash.h"

enum { FAULT_RANGES_MAX = 64 };

bool fault_init(void);
/* Code in [start, start + bytes) is actor code too. false: no room for another range. */
bool fault_add_code(const void *start, uint64_t bytes);
/* In section buskin_code or one of those ranges. */
bool fault_is_actor_code(uint64_t pc);
/* The reason of the current actor, which has faulted: from the worker's trap. */
void fault_reason(worker_t *w, actor_t *a);
/* The same for an actor that has no room left on its stack. */
void fault_overflow(worker_t *w, actor_t *a, const crash_place_t *place);

#endif
