/* fragment.h - making and freeing fragments: raw bytes, one word, or a graph of objects copied by descriptor. */
#ifndef BUSKIN_FRAGMENT_H
#define BUSKIN_FRAGMENT_H

#include "mem/area.h"
#include "mem/backend.h"
#include "mem/pool.h"

#include <string.h>

/* Entries of the copy's and the collector's work lists; one per worker, reused, grows as needed. */
typedef struct scratch {
    struct scratch_entry {
        uint64_t *object;
        header_t header;
    } *entries;
    uint64_t count, capacity;
    struct share **shares; /* the counted blocks that the copied graph refers to, once for each slot */
    uint64_t nshares, shares_capacity;
} scratch_t;

bool scratch_grow(scratch_t *scratch);
void scratch_free(scratch_t *scratch);

/* All return NULL when there is no memory. The caller fills in owner, kind and tag. */
fragment_t *fragment_bytes(pool_t *pool, const void *bytes, uint64_t size);
fragment_t *fragment_copy(pool_t *pool, scratch_t *scratch, const buskin_desc_t *desc, const void *value);

/* One that its sender fills in itself: the slots of desc, and behind them room for objects, which are to lie one behind the other. */
fragment_t *fragment_open(pool_t *pool, const buskin_desc_t *desc, uint64_t room);

/* Does nothing in it refer to an object outside, other than immortal ones and the blocks that it lists? Walks all of it. */
bool fragment_is_closed(fragment_t *f);

extern const buskin_desc_t fragment_word_desc;  /* one slot without pointers */
extern const buskin_desc_t fragment_empty_desc; /* no slots */

/* True if a value of desc needs no graph copy. */
static inline bool desc_is_flat(const buskin_desc_t *desc) {
    return !desc->npointers && !(desc->flags & BUSKIN_DESC_ARRAY);
}

static inline fragment_t *fragment_new(pool_t *pool, uint64_t data_bytes) {
    uint8_t size_class;
    fragment_t *f = bytes_take(pool, PIECE_FRAGMENTS, sizeof(fragment_t) + data_bytes, &size_class);
    if (unlikely(!f)) return NULL;
    f->kind = BUSKIN_MSG_USER;
    f->flags = size_class;
    f->length = data_bytes;
    return f;
}

static inline fragment_t *fragment_word(pool_t *pool, uint64_t word) {
    fragment_t *f = piece_take(pool, PIECE_FRAGMENTS, 0);
    if (unlikely(!f)) return NULL;
    f->kind = BUSKIN_MSG_USER;
    f->flags = 0; /* class 0 */
    f->header = (header_t)(uintptr_t)&fragment_word_desc | HEADER_MESSAGE;
    f->length = 8;
    f->data[0] = word;
    return f;
}

/* Of the values that need no graph copy, those that are copied word by word, even on an actor's stack. */
enum { FRAGMENT_SMALL = 64 }; /* bytes of slots */
static inline bool desc_is_small(const buskin_desc_t *desc) {
    return desc_is_flat(desc) && desc->size - 1 < FRAGMENT_SMALL;
}
static inline unsigned fragment_small_class(const buskin_desc_t *desc) {
    return piece_small_class[(sizeof(fragment_t) + desc->size + 31) / 32];
}
/* Whether fragment_small will find a piece at hand, and so is a leaf. */
static inline bool fragment_is_at_hand(const pool_t *pool, const buskin_desc_t *desc) {
    return pool->lists[PIECE_FRAGMENTS][fragment_small_class(desc)].free;
}
static inline fragment_t *fragment_small(pool_t *pool, const buskin_desc_t *desc, const void *value) {
    unsigned size_class = fragment_small_class(desc);
    fragment_t *f = piece_take(pool, PIECE_FRAGMENTS, size_class);
    if (unlikely(!f)) return NULL;
    f->kind = BUSKIN_MSG_USER;
    f->flags = size_class;
    f->header = (header_t)(uintptr_t)desc | HEADER_MESSAGE;
    f->length = round8(desc->size);
    const uint64_t *words = value;
    for (uint32_t i = 0; i < (desc->size + 7) / 8; i++) f->data[i] = words[i];
    return f;
}

/* The list of the counted blocks of a fragment with AREA_LIST; dropping and taking one count of each (share.c, remains.c). */
struct share **fragment_shares(const fragment_t *f, uint64_t *n);
/* At most *n of them, which it counts off; true: none is left. */
bool fragment_drop_some(pool_t *pool, fragment_t *f, uint64_t *n);
void fragment_free_counted(pool_t *pool, fragment_t *f);
void fragment_hold_shares(fragment_t *f);

static inline void fragment_free(pool_t *pool, fragment_t *f) {
    if (unlikely(f->flags & AREA_COUNTS)) {
        fragment_free_counted(pool, f);
        return;
    }
    bytes_give(pool, PIECE_FRAGMENTS, f, (uint8_t)(f->flags & AREA_CLASS));
}

/* Bytes of memory that the fragment holds. */
static inline uint64_t fragment_held(const fragment_t *f) {
    unsigned size_class = f->flags & AREA_CLASS;
    if (likely(size_class != PIECE_LARGE)) return piece_bytes[size_class];
    return unlikely(backend_whole) ? backend_fragment_bytes(f) : (uint64_t)unit_of(f)->length << UNIT_SHIFT;
}

#endif
