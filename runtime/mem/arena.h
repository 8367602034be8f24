/* arena.h - the runtime's address space: one reservation, handed out in spans of 64 KiB units.
 *
 * One reservation makes "is this word a pointer of ours, and to what" one subtraction and one table load, which
 * is what the conservative collector asks for every word of a stack. Any thread may call; a lock guards it.
 */
#ifndef BUSKIN_ARENA_H
#define BUSKIN_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNIT_SHIFT = 16, UNIT_BYTES = 1 << UNIT_SHIFT };

/* What a unit is used for. */
enum unit_use {
    UNIT_UNUSED = 0, /* never handed out, or inside a span */
    UNIT_FREE,       /* first or last unit of a free span */
    UNIT_PLAIN,      /* pieces that hold no objects: spilled stacks, records (ORDER enum piece_use) */
    UNIT_FRAGMENTS,  /* pieces that are fragments */
    UNIT_CHUNKS,     /* pieces that are chunks of heaps */
    UNIT_LARGE,      /* first unit of a span that holds one area of objects */
    UNIT_LARGE_REST  /* the units after it; `length` is the distance to the first */
};

typedef struct unit {
    uint8_t use;
    uint8_t size_class; /* which size of pieces */
    uint16_t in_depot;  /* pieces: how many of them lie in the pools' depot; see pool.c */
    union {
        uint32_t length;      /* units of the span, see above */
        uint32_t first_piece; /* pieces, some in the depot: offset of the first of these */
    };
    uint32_t next, prev; /* FREE: neighbours in the list of its length; pieces: in the depot's list */
} unit_t;

extern char *arena_base;
extern uint64_t arena_bytes;
extern unit_t *arena_units;

/* Once per process. false: no address space. */
bool arena_init(void);

/* A span of count units; its contents are zero if the units are new or were given back. The caller sets the use of
 * the first unit (UNIT_LARGE fills in the rest). NULL: no memory. */
void *arena_take(uint32_t count, enum unit_use use);
/* The span's memory goes back to the system. */
void arena_give(void *span);

/* The last n units of it, or all if it has no more; true: all. */
bool arena_give_end(void *span, uint32_t n);

/* Bytes in spans that are handed out. */
uint64_t arena_in_use(void);

static inline bool arena_holds(uint64_t address) { return address - (uint64_t)arena_base < arena_bytes; }

static inline unit_t *unit_of(const void *p) {
    return &arena_units[((uint64_t)p - (uint64_t)arena_base) >> UNIT_SHIFT];
}

#endif
