/* wheel.h - a worker's timers: a hierarchical wheel, O(1) to add, to cancel and to fire.
 *
 * Time is counted in ticks of 2^18 ns (about a quarter of a millisecond). Deadlines round up, so nothing fires early.
 * Level l has 64 slots of 64^l ticks each; a timer moves down a level when its slot comes up. A bitmap per level
 * finds the next slot that holds anything. Only the owning worker calls these functions.
 */
#ifndef BUSKIN_WHEEL_H
#define BUSKIN_WHEEL_H

#include "base/atomic.h"
#include "mem/area.h"

#include <stdbool.h>
#include <string.h>

enum { TICK_SHIFT = 18, WHEEL_LEVELS = 8, WHEEL_SLOTS = 64, WHEEL_TIMERS_MAX = 1 << 24 };

typedef struct wheel_timer {
    uint32_t next, prev; /* of its slot; 0 ends */
    uint16_t slot;       /* level * 64 + slot, or WHEEL_NOT_QUEUED */
    uint16_t reserved;
    _Atomic uint32_t claim; /* generation of this record << 2 | CLAIM_* */
    uint64_t deadline;      /* tick */
    uint64_t pid;           /* whom it concerns */
    fragment_t *message;    /* to deliver; NULL: the end of a wait */
} wheel_timer_t;

enum { WHEEL_NOT_QUEUED = 0xffff };

/* What a reference may still do to a record: nothing, unless a message is in it that was neither fired nor cancelled. */
enum { CLAIM_NONE = 0, CLAIM_ARMED = 1, CLAIM_TAKEN = 2, CLAIM_BITS = 2 };

/* Fire and cancel contend for a message; one gets it. claim: the record's, as far as the caller knows it. */
static inline bool wheel_claim(wheel_timer_t *t, uint32_t claim) {
    uint32_t armed = claim >> CLAIM_BITS << CLAIM_BITS | CLAIM_ARMED;
    return cas_seq_cst(&t->claim, &armed, armed + (CLAIM_TAKEN - CLAIM_ARMED));
}

typedef struct wheel {
    wheel_timer_t *timers; /* reserved array; index 0 is never used */
    _Atomic uint32_t made; /* records that were ever used, + 1 */
    uint32_t committed, free;
    uint32_t count, messages; /* queued, and how many of them have a message */
    uint64_t now;             /* tick up to which all have fired */
    uint64_t occupied[WHEEL_LEVELS];
    uint32_t first[WHEEL_LEVELS * WHEEL_SLOTS];
} wheel_t;

bool wheel_open(wheel_t *wheel, uint64_t now_ns);
void wheel_close(wheel_t *wheel);

/* The index of a new timer that fires at deadline_ns or up to a tick later; 0 at the limit. */
uint32_t wheel_add(wheel_t *wheel, uint64_t deadline_ns, uint64_t pid, fragment_t *message);
/* Whether wheel_add will find a record without asking the system for memory. */
static inline bool wheel_is_at_hand(const wheel_t *wheel) {
    return wheel->free || load_relaxed(&wheel->made) < wheel->committed;
}
/* Takes a queued timer out and frees its record. */
void wheel_cancel(wheel_t *wheel, uint32_t timer);
/* Takes out the next timer that is due, into *fired; false when none is. The record is free again. */
bool wheel_expire(wheel_t *wheel, uint64_t now_ns, uint32_t *index, wheel_timer_t *fired);
/* When to look again: at or before the next deadline, in ns. Only if count > 0. */
uint64_t wheel_next_ns(const wheel_t *wheel);

static inline uint64_t tick_ceil(uint64_t ns) { return (ns + (1u << TICK_SHIFT) - 1) >> TICK_SHIFT; }

#endif
