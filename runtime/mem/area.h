/* area.h - what a piece with objects begins with, whether a chunk of a heap or a fragment.
 *
 *   offset  0  next area of the same list
 *           8  owner: pid of the actor whose heap it belongs to, or to whom it is on its way; 0 in a free piece
 *          16  chunks: bytes of the area; fragments: the message's kind
 *          20  AREA_* flags, with the size class in the low byte
 *          24  the first object's header
 *
 * The collector meets arbitrary words on a stack. If one points into a unit of object pieces, it reads owner and
 * flags of the piece: only an area that is its own heap's (owner matches and AREA_HEAP is set) counts. Another
 * thread may be writing those words at that moment, but never so that they match: a pid is not used twice.
 */
#ifndef BUSKIN_AREA_H
#define BUSKIN_AREA_H

#include "mem/arena.h"
#include "mem/object.h"
#include "mem/pool.h"

enum {
    AREA_CLASS = 0xff,       /* size class, for bytes_give */
    AREA_HEAP = 1 << 8,      /* belongs to its owner's heap */
    AREA_CHUNK = 1 << 9,     /* chunk, not fragment */
    AREA_FIRST = 1 << 10,    /* chunk with the heap's own record before its objects */
    AREA_RELEASED = 1 << 11, /* fragment given back early; freed by the next collection */
    AREA_LARGE = 1 << 12,    /* chunk that holds one object, perhaps after a gap */
    AREA_MAP = 1 << 13,      /* its last 64th is a bitmap of object starts, for the collector */
    AREA_MAPPED = 1 << 14,   /* the bitmap is filled in (during a collection) */
    AREA_LIVES = 1 << 15,    /* something in it is marked (during a collection) */
    AREA_INDEXED = 1 << 16,  /* message that its mailbox's index knows; see actor/index.h */
    AREA_SHARE = 1 << 20,    /* no area of objects but a counted block; see share.h */
    AREA_LIST = 1 << 21,     /* fragment: the object behind its slots is the list of the blocks that it refers to */
    AREA_OPEN = 1 << 23,     /* message that its sender is building in place */
    AREA_COUNTS = 1 << 22    /* and it holds them; on a heap only if there was no memory to move the counts there */
};

typedef struct area {
    struct area *next;
    uint64_t owner;
    uint32_t bytes_or_kind;
    uint32_t flags;
    header_t objects[];
} __attribute__((may_alias)) area_t; /* what is read through it may be a fragment's */

/* Where an area hangs in a list, of chunks or of fragments. */
typedef area_t *area_link_t __attribute__((may_alias));

/* A message, a signal or an argument buffer: the area and the one object that all others in it hang from. Signals use
 * tag, length and the data as signal.h says. */
typedef struct fragment {
    struct fragment *next;
    uint64_t owner;
    uint32_t kind; /* enum buskin_message_kind, or a signal of signal.h */
    uint32_t flags;
    header_t header; /* HEADER_MESSAGE or HEADER_BYTES */
    uint64_t tag;    /* the pointer that a receive returns points here */
    uint64_t length;
    uint64_t data[];
} fragment_t;

_Static_assert(offsetof(fragment_t, kind) == offsetof(area_t, bytes_or_kind), "common head");
_Static_assert(offsetof(fragment_t, flags) == offsetof(area_t, flags), "common head");
_Static_assert(offsetof(fragment_t, header) == offsetof(area_t, objects), "common head");
_Static_assert(offsetof(fragment_t, tag) - offsetof(fragment_t, kind) == sizeof(buskin_message_header_t),
               "the ABI's hidden header precedes the tag");

/* The start of the piece of objects that the address lies in, whosever it is; NULL: none. O(1). Any address. */
__attribute__((no_sanitize("thread"))) static inline area_t *area_at(uint64_t address) {
    if (!arena_holds(address)) return NULL;
    const unit_t *unit = unit_of((const void *)(uintptr_t)address);
    uint64_t start = (uint64_t)arena_base + ((uint64_t)(unit - arena_units) << UNIT_SHIFT);
    switch ((enum unit_use)unit->use) {
    case UNIT_CHUNKS:
    case UNIT_FRAGMENTS: {
        uint64_t bytes = piece_bytes[unit->size_class];
        uint64_t at = ((address - start) * piece_inverse[unit->size_class] >> 32) * bytes;
        if (at + bytes > UNIT_BYTES) return NULL;
        start += at;
        break;
    }
    case UNIT_LARGE: break;
    case UNIT_LARGE_REST: start -= (uint64_t)unit->length << UNIT_SHIFT; break;
    default: return NULL;
    }
    return (area_t *)(uintptr_t)start;
}

/* Bytes of the bitmap of an area that holds that many: a bit for each 8. */
static inline uint64_t area_map_bytes(uint64_t held) { return round8(held / 64); }

static inline void *fragment_message(fragment_t *f) { return &f->tag; }
static inline fragment_t *fragment_of_message(const void *message) {
    return (fragment_t *)(void *)((char *)(uintptr_t)message - offsetof(fragment_t, tag));
}

#endif
