/* pool.c - pieces between the workers' pools and the depot, and the return of empty units.
 *
 * A pool keeps at most two batches of each size; what is more goes to the depot a batch at a time, and comes back so, in O(1) under
 * one lock. When a worker has time (sched/tidy.c), batches are sorted by unit: a unit chains those of its pieces that lie in
 * the depot, and knows how many there are. Per use and class there are two lists of units: some pieces in the depot, and all of them
 * ("whole"). So trimming looks at nothing but units that it gives back. Refills prefer batches, then units that are in use
 * already, so that the others stay whole.
 *
 * Age. A whole unit may be wanted again a moment later, and costs a page fault for each of its pages then. So `least` notes the
 * smallest number of whole units since the last look: so many have been of no use in all that time, and may go.
 *
 * A unit that a pool is cutting is not whole in the depot before its last piece is cut; the pool gives it back itself when all
 * that it has cut are in the depot.
 */
#include "mem/pool.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "mem/backend.h"
#include "mem/remains.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 32768, BATCH_MIN = 4, BATCH_MAX = 256 };

const uint16_t piece_bytes[PIECE_CLASSES] = {
    64,   96,   128,  160,  192,  224,  256,  320,  384,  448,   512,   640,   768,   896,   1024,  1280,  1536, 1792,
    2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192, 10240, 12288, 14336, 16384, 20480, 24576, 28672, 32768};

/* Rounded up, which is exact for numerators of 16 bits. */
#define INVERSE(bytes) (uint32_t)(((1ull << 32) + (bytes) - 1) / (bytes))
const uint32_t piece_inverse[PIECE_CLASSES] = {
    INVERSE(64),    INVERSE(96),    INVERSE(128),   INVERSE(160),   INVERSE(192),   INVERSE(224),   INVERSE(256),
    INVERSE(320),   INVERSE(384),   INVERSE(448),   INVERSE(512),   INVERSE(640),   INVERSE(768),   INVERSE(896),
    INVERSE(1024),  INVERSE(1280),  INVERSE(1536),  INVERSE(1792),  INVERSE(2048),  INVERSE(2560),  INVERSE(3072),
    INVERSE(3584),  INVERSE(4096),  INVERSE(5120),  INVERSE(6144),  INVERSE(7168),  INVERSE(8192),  INVERSE(10240),
    INVERSE(12288), INVERSE(14336), INVERSE(16384), INVERSE(20480), INVERSE(24576), INVERSE(28672), INVERSE(32768)};
#undef INVERSE

const uint8_t piece_small_class[PIECE_MIN / 2 + 1] = {0,  0,  0,  1,  2,  3,  4,  5,  6,  7,  7,
                                                      8,  8,  9,  9,  10, 10, 11, 11, 11, 11, 12,
                                                      12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14};

typedef struct depot {
    piece_t *batches;
    uint32_t some, whole; /* lists of units, by index; 0: none */
    uint32_t wholes, least, surplus;
} depot_t;

static depot_t depots[PIECE_USES][PIECE_CLASSES];
static lock_t depot_lock;
static uint64_t depot_looked_ns;

static uint32_t pool_batch(unsigned size_class) {
    if (unlikely(alloc_watched)) return 1; /* so that most pieces are cut or fetched, which may fail */
    uint32_t n = BATCH_BYTES / piece_bytes[size_class];
    return n < BATCH_MIN ? BATCH_MIN : n > BATCH_MAX ? BATCH_MAX : n;
}

/* -- Units in the depot: the lock is held -- */

static char *unit_start(const unit_t *unit) { return arena_base + ((uint64_t)(unit - arena_units) << UNIT_SHIFT); }
static bool unit_is_whole(const unit_t *unit) { return unit->in_depot == UNIT_BYTES / piece_bytes[unit->size_class]; }

static void unit_link(uint32_t *list, unit_t *unit) {
    uint32_t index = (uint32_t)(unit - arena_units);
    unit->prev = 0;
    unit->next = *list;
    if (*list) arena_units[*list].prev = index;
    *list = index;
}

static void unit_unlink(uint32_t *list, const unit_t *unit) {
    if (unit->prev)
        arena_units[unit->prev].next = unit->next;
    else
        *list = unit->next;
    if (unit->next) arena_units[unit->next].prev = unit->prev;
}

static void depot_put(depot_t *depot, piece_t *p) {
    unit_t *unit = unit_of(p);
    p->next = unit->in_depot ? (piece_t *)(void *)(unit_start(unit) + unit->first_piece) : NULL;
    unit->first_piece = (uint32_t)((char *)p - unit_start(unit));
    if (!unit->in_depot++) unit_link(&depot->some, unit);
    if (!unit_is_whole(unit)) return;
    unit_unlink(&depot->some, unit);
    unit_link(&depot->whole, unit);
    depot->wholes++;
}

/* The unit's pieces are no longer in the depot. */
static void depot_take_out(depot_t *depot, unit_t *unit) {
    if (unit_is_whole(unit)) {
        unit_unlink(&depot->whole, unit);
        if (--depot->wholes < depot->least) depot->least = depot->wholes;
    } else {
        unit_unlink(&depot->some, unit);
    }
    unit->in_depot = 0;
    unit->length = 1;
}

static void depot_put_all(depot_t *depot, piece_t *first) {
    for (piece_t *next; first; first = next) {
        next = first->next;
        depot_put(depot, first);
    }
}

/* At most as many pieces of a unit as the list has room for. */
static void depot_take(depot_t *depot, unit_t *unit, piece_list_t *list) {
    piece_t *p = (piece_t *)(void *)(unit_start(unit) + unit->first_piece);
    uint32_t n = unit->in_depot;
    depot_take_out(depot, unit);
    for (piece_t *next; p && list->count < list->batch; p = next, n--) {
        next = p->next;
        p->next = list->free;
        list->free = p;
        list->count++;
    }
    if (!p) return;
    unit->first_piece = (uint32_t)((char *)p - unit_start(unit)); /* the rest stays, chained as it is */
    unit->in_depot = (uint16_t)n;
    unit_link(&depot->some, unit);
}

static bool pool_take_batch(piece_list_t *list, enum piece_use use, unsigned size_class) {
    depot_t *depot = &depots[use][size_class];
    lock_take(&depot_lock);
    if (depot->batches) {
        list->free = depot->batches;
        depot->batches = list->free->next_batch;
        for (const piece_t *p = list->free; p; p = p->next) list->count++;
    }
    while (list->count < list->batch && (depot->some || depot->whole))
        depot_take(depot, &arena_units[depot->some ? depot->some : depot->whole], list);
    lock_drop(&depot_lock);
    return list->count != 0;
}

static void pool_give_batch(piece_t *first, enum piece_use use, unsigned size_class) {
    depot_t *depot = &depots[use][size_class];
    lock_take(&depot_lock);
    first->next_batch = depot->batches;
    depot->batches = first;
    lock_drop(&depot_lock);
}

bool pool_sort(uint32_t n) {
    for (unsigned i = 0; i < PIECE_USES * PIECE_CLASSES; i++) {
        depot_t *depot = &depots[0][0] + i;
        for (bool more = true; more; n--) {
            lock_take(&depot_lock);
            piece_t *batch = depot->batches;
            if (batch && n) {
                depot->batches = batch->next_batch;
                depot_put_all(depot, batch);
            }
            more = depot->batches != NULL;
            lock_drop(&depot_lock);
            if (!batch) break;
            if (!n) return false;
        }
    }
    return true;
}

/* -- Pools -- */

/* What the pool has put aside is as good as free. */
static void *span_take(pool_t *pool, uint32_t units, enum unit_use use) {
    void *span = arena_take(units, use);
    if (likely(span != NULL)) return span;
    remains_finish(pool);
    return arena_take(units, use);
}

static void span_give(pool_t *pool, void *span) {
    if (!pool->set_aside || unit_of(span)->length <= SPAN_STEP) {
        arena_give(span);
        return;
    }
    piece_t *p = span;
    p->next = pool->remains.spans;
    p->owner = 0; /* what still points into it leads nowhere */
    pool->remains.spans = p;
    pool->set_aside(pool);
}

/* The next piece of the unit that is being cut. With its last one the unit is as any other, and anybody may give it back: it must be
 * forgotten here, or release_cut would give it back once more, whosever it is by then. */
static void *cut(piece_list_t *list, uint32_t bytes) {
    char *p = list->bump;
    list->bump += bytes;
    if (list->bump + bytes > list->end) list->bump = list->end = NULL;
    return p;
}

void *pool_refill(pool_t *pool, enum piece_use use, unsigned size_class) {
    if (alloc_fails()) return NULL;
    if (unlikely(backend_whole && use == PIECE_FRAGMENTS)) return backend_fragment_take(piece_bytes[size_class]);
    piece_list_t *list = &pool->lists[use][size_class];
    uint32_t bytes = piece_bytes[size_class];
    list->batch = pool_batch(size_class);
    if (list->bump) return cut(list, bytes);
    if (pool_take_batch(list, use, size_class)) return piece_take(pool, use, size_class);
    char *unit = span_take(pool, 1, (enum unit_use)(UNIT_PLAIN + use));
    if (!unit) return NULL;
    unit_of(unit)->size_class = (uint8_t)size_class;
    list->bump = unit;
    list->end = unit + UNIT_BYTES;
    return cut(list, bytes);
}

void pool_overflow(pool_t *pool, enum piece_use use, unsigned size_class) {
    piece_list_t *list = &pool->lists[use][size_class];
    if (unlikely(backend_whole && use == PIECE_FRAGMENTS)) { /* no free list: batch stays 0 */
        backend_fragment_give(list->free);
        list->free = NULL;
        list->count = 0;
        return;
    }
    if (!list->batch) list->batch = pool_batch(size_class);
    if (list->count <= 2 * list->batch) return;
    /* keep the newest pieces, which are in the cache; the older ones go */
    piece_t *last = list->free;
    for (uint32_t i = 1; i < list->batch; i++) last = last->next;
    pool_give_batch(last->next, use, size_class);
    last->next = NULL;
    list->count = list->batch;
}

/* All pieces that were cut from the unit that the list is cutting lie in the depot: it goes back. */
static void release_cut(piece_list_t *list, enum piece_use use, unsigned size_class) {
    if (!list->bump) return;
    char *start = list->end - UNIT_BYTES;
    unit_t *unit = unit_of(start);
    lock_take(&depot_lock);
    bool all = unit->in_depot == (uint64_t)(list->bump - start) / piece_bytes[size_class];
    if (all) depot_take_out(&depots[use][size_class], unit);
    lock_drop(&depot_lock);
    if (!all) return;
    list->bump = list->end = NULL;
    arena_give(start);
}

void pool_release(pool_t *pool) {
    for (enum piece_use use = 0; use < PIECE_USES; use++)
        for (unsigned c = 0; c < PIECE_CLASSES; c++) {
            piece_list_t *list = &pool->lists[use][c];
            lock_take(&depot_lock);
            depot_put_all(&depots[use][c], list->free);
            lock_drop(&depot_lock);
            list->free = NULL;
            list->count = 0;
            release_cut(list, use, c);
        }
}

void pool_drain(pool_t *pool) {
    pool_release(pool);
    for (enum piece_use use = 0; use < PIECE_USES; use++)
        for (unsigned c = 0; c < PIECE_CLASSES; c++) {
            piece_list_t *list = &pool->lists[use][c];
            for (; list->bump && list->bump + piece_bytes[c] <= list->end; list->bump += piece_bytes[c]) {
                piece_t *p = (piece_t *)(void *)list->bump;
                p->next = list->free;
                p->owner = 0;
                list->free = p;
            }
            if (list->free) pool_give_batch(list->free, use, c);
            memset(list, 0, sizeof *list);
        }
}

/* -- Trimming -- */

static uint64_t trim_depot(depot_t *depot, uint64_t n) {
    uint64_t freed = 0;
    for (; n; n--, freed += UNIT_BYTES) {
        lock_take(&depot_lock);
        unit_t *unit = depot->whole ? &arena_units[depot->whole] : NULL;
        if (unit) depot_take_out(depot, unit);
        lock_drop(&depot_lock);
        if (!unit) break;
        arena_give(unit_start(unit));
    }
    return freed;
}

uint64_t pool_trim(void) {
    uint64_t freed = 0;
    pool_sort(UINT32_MAX);
    for (enum piece_use use = 0; use < PIECE_USES; use++)
        for (unsigned c = 0; c < PIECE_CLASSES; c++) freed += trim_depot(&depots[use][c], UINT64_MAX);
    return freed;
}

/* Once in POOL_AGE_NS: what was of no use since the last time is surplus. */
static void trim_look(uint64_t now_ns) {
    lock_take(&depot_lock);
    bool due = now_ns - depot_looked_ns >= POOL_AGE_NS;
    if (due) depot_looked_ns = now_ns;
    for (unsigned i = 0; due && i < PIECE_USES * PIECE_CLASSES; i++) {
        depot_t *depot = &depots[0][0] + i;
        depot->surplus = depot->least;
        depot->least = depot->wholes;
    }
    lock_drop(&depot_lock);
}

enum pool_left pool_trim_aged(uint64_t now_ns, uint32_t n) {
    enum pool_left left = POOL_TRIMMED;
    trim_look(now_ns);
    for (unsigned i = 0; i < PIECE_USES * PIECE_CLASSES; i++) {
        depot_t *depot = &depots[0][0] + i;
        lock_take(&depot_lock);
        uint32_t some = depot->surplus < n ? depot->surplus : n;
        depot->surplus -= some;
        if (depot->surplus)
            left = POOL_SURPLUS;
        else if (depot->wholes > some && left == POOL_TRIMMED)
            left = POOL_AGING;
        lock_drop(&depot_lock);
        trim_depot(depot, some);
        n -= some;
    }
    return left;
}

void *bytes_take(pool_t *pool, enum piece_use use, size_t bytes, uint8_t *size_class) {
    if (likely(bytes <= PIECE_MAX)) {
        unsigned c = piece_class(bytes);
        *size_class = (uint8_t)c;
        return piece_take(pool, use, c);
    }
    *size_class = PIECE_LARGE;
    if (bytes > arena_bytes || alloc_fails()) return NULL;
    if (unlikely(backend_whole && use == PIECE_FRAGMENTS)) return backend_fragment_take(bytes);
    return span_take(pool, (uint32_t)((bytes + UNIT_BYTES - 1) >> UNIT_SHIFT), UNIT_LARGE);
}

void bytes_give(pool_t *pool, enum piece_use use, void *p, uint8_t size_class) {
    if (likely(size_class != PIECE_LARGE))
        piece_give(pool, use, size_class, p);
    else if (unlikely(backend_whole && use == PIECE_FRAGMENTS))
        backend_fragment_give(p);
    else
        span_give(pool, p);
}
