/* crash.h - what is said when an actor ends by a crash of its own: PANIC, CRASH or LIMIT. */
#ifndef BUSKIN_CRASH_H
#define BUSKIN_CRASH_H

#include "sched/worker.h"

enum crash_mode { CRASH_OFF, CRASH_LINE, CRASH_FULL };

void crash_init(enum crash_mode mode);
/* Any thread; NULL: none. */
void crash_set_hook(void (*hook)(const buskin_crash_t *crash));

/* Where it happened. */
typedef struct crash_place {
    const char *file; /* or NULL */
    uint32_t line, col;
    uint64_t pc; /* of the faulting instruction; 0: the actor called, and its frames lie above a->sp */
    uint64_t fp; /* its frame pointer */
} crash_place_t;

/* The current actor a, on the thread's stack; its frames are intact. */
void crash_report(const actor_t *a, uint32_t code, uint32_t detail, const char *text, uint64_t length,
                  const crash_place_t *place);
/* The main actor has ended abnormally: says why, unless it was by a crash of its own. Bytes follow *why. */
void crash_report_main(uint64_t pid, const buskin_notice_t *why);
/* A panic on a thread that runs no actor. */
void crash_report_outside(const char *text, uint64_t length, const crash_place_t *place);

#endif
