/* arena.c - spans of units: segregated free lists with coalescing.
 *
 * The free spans of each length up to BINS-1 have a list of their own, longer ones share the last. The first and
 * last unit of a free span carry its length, so a span that comes back finds free neighbours in O(1). Address
 * space that was never used lies above `frontier` and is committed in steps.
 */
#include "mem/arena.h"

#include "base/check.h"
#include "base/lock.h"
#include "port/port.h"

enum { BINS = 65, COMMIT_STEP = 64 };
static const uint64_t RESERVE_MAX = 1ull << 38, RESERVE_MIN = 1ull << 28;

char *arena_base;
uint64_t arena_bytes;
unit_t *arena_units;

static lock_t arena_lock;
static uint32_t bins[BINS]; /* index of the first free span, 0 = none: unit 0 is never handed out */
static uint32_t frontier, committed, unit_limit;
static uint64_t units_in_use;

static inline uint32_t arena_bin(uint32_t length) { return length < BINS - 1 ? length : BINS - 1; }

bool arena_init(void) {
    if (arena_base) return true;
    uint64_t share = vm_limit() / 4; /* stacks, the actor table and timers need theirs */
    for (uint64_t bytes = RESERVE_MAX; bytes >= RESERVE_MIN; bytes >>= 1) {
        if (bytes > share) continue;
        char *base = vm_reserve(bytes + UNIT_BYTES);
        if (!base) continue;
        uint64_t units = bytes >> UNIT_SHIFT;
        arena_units = vm_map(units * sizeof(unit_t));
        if (!arena_units) {
            vm_unmap(base, bytes + UNIT_BYTES);
            continue;
        }
        arena_base = (char *)(((uint64_t)base + UNIT_BYTES - 1) & ~(uint64_t)(UNIT_BYTES - 1));
        arena_bytes = bytes;
        unit_limit = (uint32_t)units;
        frontier = committed = 1;
        return true;
    }
    return false;
}

static char *unit_address(uint32_t index) { return arena_base + ((uint64_t)index << UNIT_SHIFT); }

static void free_insert(uint32_t first, uint32_t length) {
    uint32_t *head = &bins[arena_bin(length)];
    unit_t *unit = &arena_units[first];
    *unit = (unit_t){.use = UNIT_FREE, .length = length, .next = *head};
    if (*head) arena_units[*head].prev = first;
    arena_units[first + length - 1].use = UNIT_FREE;
    arena_units[first + length - 1].length = length;
    *head = first;
}

static void free_remove(uint32_t first) {
    unit_t *unit = &arena_units[first];
    uint32_t length = unit->length;
    if (unit->prev)
        arena_units[unit->prev].next = unit->next;
    else
        bins[arena_bin(length)] = unit->next;
    if (unit->next) arena_units[unit->next].prev = unit->prev;
    arena_units[first + length - 1].use = UNIT_UNUSED;
    unit->use = UNIT_UNUSED;
}

/* First fit in the smallest list that has one. */
static uint32_t take_free(uint32_t count) {
    for (uint32_t bin = arena_bin(count); bin < BINS; bin++) {
        for (uint32_t at = bins[bin]; at; at = arena_units[at].next) {
            uint32_t length = arena_units[at].length;
            if (length < count) continue;
            free_remove(at);
            if (length > count) free_insert(at + count, length - count);
            return at;
        }
    }
    return 0;
}

static uint32_t take_frontier(uint32_t count) {
    if (count > unit_limit - frontier) return 0;
    if (frontier + count > committed) {
        uint32_t step = frontier + count - committed;
        step = (step + COMMIT_STEP - 1) / COMMIT_STEP * COMMIT_STEP;
        if (step > unit_limit - committed) step = unit_limit - committed;
        char *start = unit_address(committed);
        uint64_t bytes = (uint64_t)step << UNIT_SHIFT;
        if (!vm_commit(start, bytes)) return 0;
        committed += step;
    }
    uint32_t at = frontier;
    frontier += count;
    return at;
}

void *arena_take(uint32_t count, enum unit_use use) {
    lock_take(&arena_lock);
    uint32_t at = take_free(count);
    if (!at) at = take_frontier(count);
    if (at) {
        units_in_use += count;
        arena_units[at] = (unit_t){.use = (uint8_t)use, .length = count};
        if (use == UNIT_LARGE)
            for (uint32_t i = 1; i < count; i++) arena_units[at + i] = (unit_t){.use = UNIT_LARGE_REST, .length = i};
    }
    lock_drop(&arena_lock);
    return at ? unit_address(at) : NULL;
}

void arena_give(void *span) {
    uint32_t first = (uint32_t)(((char *)span - arena_base) >> UNIT_SHIFT);
    uint32_t length = arena_units[first].length;
    CHECK(arena_units[first].use >= UNIT_PLAIN && arena_units[first].use <= UNIT_LARGE);
    vm_give_back(span, (size_t)length << UNIT_SHIFT);
    lock_take(&arena_lock);
    units_in_use -= length;
    for (uint32_t i = 0; i < length; i++) arena_units[first + i].use = UNIT_UNUSED;
    if (first + length < frontier && arena_units[first + length].use == UNIT_FREE) {
        uint32_t after = first + length;
        length += arena_units[after].length;
        free_remove(after);
    }
    if (arena_units[first - 1].use == UNIT_FREE) {
        uint32_t before = first - arena_units[first - 1].length;
        length += arena_units[before].length;
        free_remove(before);
        first = before;
    }
    free_insert(first, length);
    lock_drop(&arena_lock);
}

bool arena_give_end(void *span, uint32_t n) {
    unit_t *first = unit_of(span);
    if (first->length <= n) {
        arena_give(span);
        return true;
    }
    first->length -= n;
    unit_t *end = first + first->length;
    *end = (unit_t){.use = UNIT_PLAIN, .length = n};
    arena_give(unit_address((uint32_t)(end - arena_units)));
    return false;
}

uint64_t arena_in_use(void) {
    lock_take(&arena_lock);
    uint64_t bytes = units_in_use << UNIT_SHIFT;
    lock_drop(&arena_lock);
    return bytes;
}
