/* wheel.c - the hierarchical timer wheel (Varghese and Lauck's scheme 7).
 *
 * Timers are records in one reserved array, linked by index: a handle is 24 bits, and a million of them are one
 * mapping. `now` is the tick up to which everything has fired. Advancing visits only slots that the bitmaps show as
 * occupied: to the next bit of level 0, or else to the next boundary at which a higher level's slot comes down.
 */
#include "sched/wheel.h"

#include "base/alloc.h"
#include "base/check.h"
#include "port/port.h"

enum { WHEEL_COMMIT = 1 << 12 }; /* records; a whole number of pages */
_Static_assert(WHEEL_COMMIT * sizeof(wheel_timer_t) % PORT_PAGE == 0, "commits are page-aligned");

bool wheel_open(wheel_t *wheel, uint64_t now_ns) {
    memset(wheel, 0, sizeof *wheel);
    wheel->timers = vm_reserve((size_t)WHEEL_TIMERS_MAX * sizeof(wheel_timer_t));
    store_relaxed(&wheel->made, 1);
    wheel->now = now_ns >> TICK_SHIFT;
    return wheel->timers != NULL;
}

void wheel_close(wheel_t *wheel) {
    if (wheel->timers) vm_unmap(wheel->timers, (size_t)WHEEL_TIMERS_MAX * sizeof(wheel_timer_t));
    wheel->timers = NULL;
}

static uint32_t timer_take(wheel_t *wheel) {
    uint32_t i = wheel->free;
    if (i) {
        wheel->free = wheel->timers[i].next;
        return i;
    }
    i = load_relaxed(&wheel->made);
    if (i >= wheel->committed) {
        if (i >= WHEEL_TIMERS_MAX) return 0;
        if (alloc_fails() || !vm_commit(wheel->timers + wheel->committed, WHEEL_COMMIT * sizeof(wheel_timer_t)))
            return 0;
        wheel->committed += WHEEL_COMMIT;
    }
    store_release(&wheel->made, i + 1); /* pairs with timer_cancel on other threads */
    return i;
}

static void timer_give(wheel_t *wheel, uint32_t i) {
    wheel_timer_t *t = &wheel->timers[i];
    t->slot = WHEEL_NOT_QUEUED;
    uint32_t claim = load_relaxed(&t->claim);
    store_relaxed(&t->claim, ((claim >> CLAIM_BITS) + 1) << CLAIM_BITS | CLAIM_NONE);
    t->next = wheel->free;
    wheel->free = i;
}

static void slot_insert(wheel_t *wheel, uint32_t i) {
    wheel_timer_t *t = &wheel->timers[i];
    uint64_t away = t->deadline - wheel->now;
    unsigned level = away < WHEEL_SLOTS ? 0 : (63u - (unsigned)__builtin_clzll(away)) / 6;
    if (level >= WHEEL_LEVELS) level = WHEEL_LEVELS - 1;
    unsigned slot = (unsigned)(t->deadline >> (6 * level)) & (WHEEL_SLOTS - 1);
    uint32_t *head = &wheel->first[level * WHEEL_SLOTS + slot];
    t->slot = (uint16_t)(level * WHEEL_SLOTS + slot);
    t->prev = 0;
    t->next = *head;
    if (*head) wheel->timers[*head].prev = i;
    *head = i;
    wheel->occupied[level] |= 1ull << slot;
}

static void slot_remove(wheel_t *wheel, uint32_t i) {
    wheel_timer_t *t = &wheel->timers[i];
    if (t->next) wheel->timers[t->next].prev = t->prev;
    if (t->prev) {
        wheel->timers[t->prev].next = t->next;
    } else {
        wheel->first[t->slot] = t->next;
        if (!t->next) wheel->occupied[t->slot / WHEEL_SLOTS] &= ~(1ull << t->slot % WHEEL_SLOTS);
    }
}

uint32_t wheel_add(wheel_t *wheel, uint64_t deadline_ns, uint64_t pid, fragment_t *message) {
    uint32_t i = timer_take(wheel);
    if (!i) return 0;
    wheel_timer_t *t = &wheel->timers[i];
    uint64_t deadline = tick_ceil(deadline_ns);
    if (deadline <= wheel->now) deadline = wheel->now + 1;
    __atomic_store_n(&t->deadline, deadline, __ATOMIC_RELAXED); /* cancellers read it */
    t->pid = pid;
    t->message = message;
    if (message)
        store_release(&t->claim, load_relaxed(&t->claim) | CLAIM_ARMED); /* pairs with the CAS of a canceller */
    slot_insert(wheel, i);
    wheel->count++;
    wheel->messages += message != NULL;
    return i;
}

void wheel_cancel(wheel_t *wheel, uint32_t timer) {
    CHECK(timer && wheel->timers[timer].slot != WHEEL_NOT_QUEUED);
    slot_remove(wheel, timer);
    wheel->messages -= wheel->timers[timer].message != NULL;
    timer_give(wheel, timer);
    wheel->count--;
}

/* Everything in the slot moves to where it belongs now: a level further down. */
static void cascade(wheel_t *wheel, unsigned level, unsigned slot) {
    uint32_t i = wheel->first[level * WHEEL_SLOTS + slot];
    wheel->first[level * WHEEL_SLOTS + slot] = 0;
    wheel->occupied[level] &= ~(1ull << slot);
    for (uint32_t next; i; i = next) {
        next = wheel->timers[i].next;
        slot_insert(wheel, i);
    }
}

/* The next tick after now at which something fires or cascades; only if count > 0. */
static uint64_t wheel_next_tick(const wheel_t *wheel) {
    uint64_t best = UINT64_MAX;
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t occupied = wheel->occupied[level];
        if (!occupied) continue;
        uint64_t base = wheel->now >> (6 * level);
        unsigned at = (unsigned)base & (WHEEL_SLOTS - 1);
        /* slots after the current one in this round, else those of the next round */
        unsigned turn = (at + 1) & (WHEEL_SLOTS - 1);
        uint64_t rotated = turn ? occupied >> turn | occupied << (WHEEL_SLOTS - turn) : occupied;
        uint64_t tick = (base + 1 + (unsigned)__builtin_ctzll(rotated)) << (6 * level);
        if (tick < best) best = tick;
    }
    return best;
}

bool wheel_expire(wheel_t *wheel, uint64_t now_ns, uint32_t *index, wheel_timer_t *fired) {
    uint64_t now = now_ns >> TICK_SHIFT;
    for (;;) {
        uint32_t i = wheel->first[wheel->now & (WHEEL_SLOTS - 1)];
        if (i && wheel->timers[i].deadline <= wheel->now) {
            wheel_timer_t *t = &wheel->timers[i];
            slot_remove(wheel, i);
            *index = i;
            /* all but claim, which other threads may be changing */
            fired->deadline = t->deadline;
            fired->pid = t->pid;
            fired->message = t->message;
            /* a canceller on another thread may come first */
            bool ours = !t->message || wheel_claim(t, load_relaxed(&t->claim));
            store_relaxed(&fired->claim, ours ? CLAIM_ARMED : CLAIM_TAKEN);
            wheel->messages -= t->message != NULL;
            timer_give(wheel, i);
            wheel->count--;
            return true;
        }
        if (!wheel->count) {
            if (now > wheel->now) wheel->now = now;
            return false;
        }
        uint64_t next = wheel_next_tick(wheel);
        if (next > now) {
            /* no slot between is occupied, so nothing needs to come down on the way */
            if (now > wheel->now) wheel->now = now;
            return false;
        }
        wheel->now = next;
        for (unsigned level = WHEEL_LEVELS - 1; level; level--)
            if (!(next & ((1ull << (6 * level)) - 1)))
                cascade(wheel, level, (unsigned)(next >> (6 * level)) & (WHEEL_SLOTS - 1));
    }
}

uint64_t wheel_next_ns(const wheel_t *wheel) { return wheel_next_tick(wheel) << TICK_SHIFT; }
