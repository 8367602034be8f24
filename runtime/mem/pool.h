/* pool.h - pieces of a few dozen sizes, taken and given back without atomics by the worker that owns the pool.
 *
 * A piece may be given back to another pool than it came from: messages do so all the time. A pool that grows too
 * long hands a batch to the common depot, one that runs dry takes a batch from there. Pieces with objects
 * and plain ones come from different units, so that the collector can trust what it reads at the start of a piece (see
 * area.h); so do fragments and chunks, because an object in a chunk always belongs to the heap that refers to it.
 */
#ifndef BUSKIN_POOL_H
#define BUSKIN_POOL_H

#include "base/check.h"
#include "mem/arena.h"

enum piece_use { PIECE_PLAIN, PIECE_FRAGMENTS, PIECE_CHUNKS, PIECE_USES };

enum {
    PIECE_MIN = 64,
    PIECE_MAX = 32768, /* anything larger is a span of its own */
    PIECE_CLASSES = 35,
    PIECE_LARGE = 255 /* "class" of such a span */
};

/* A free piece. The second word of an object piece is 0 while it is free: it has no owner. */
typedef struct piece {
    struct piece *next;
    uint64_t owner;
    struct piece *next_batch; /* in the depot: the first piece of the next batch */
} piece_t;

typedef struct piece_list {
    piece_t *free;
    uint32_t count;
    uint32_t batch;   /* how many pieces move to or from the depot at once; 0 until first use */
    char *bump, *end; /* a unit that is being cut */
} piece_list_t;

/* What is freed in steps; see remains.h. */
typedef struct remains {
    void *spans; /* the first word of each is the next one */
    struct fragment *messages;
    struct heap *heaps;
} remains_t;

typedef struct pool {
    piece_list_t lists[PIECE_USES][PIECE_CLASSES];
    remains_t remains;
    void (*set_aside)(struct pool *pool); /* there are remains now; NULL: all is freed at once */
} pool_t;

extern const uint16_t piece_bytes[PIECE_CLASSES];
extern const uint32_t
    piece_inverse[PIECE_CLASSES]; /* x / piece_bytes[c] is x * piece_inverse[c] >> 32, for x < UNIT_BYTES */
extern const uint8_t piece_small_class[PIECE_MIN / 2 + 1]; /* by (size + 31) / 32, up to 1024 bytes */

/* The smallest class that holds `bytes` <= PIECE_MAX. */
static inline unsigned piece_class(size_t bytes) {
    if (bytes <= 1024) return piece_small_class[(bytes + 31) / 32];
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 2^log < bytes <= 2^(log+1) */
    unsigned quarter = (unsigned)((bytes - 1) >> (log - 2)) & 3;
    return 15 + (log - 10) * 4 + quarter;
}

void *pool_refill(pool_t *pool, enum piece_use use, unsigned size_class); /* NULL: no memory */
void pool_overflow(pool_t *pool, enum piece_use use, unsigned size_class);
/* Gives all free pieces to the depot. What the pool is cutting stays with it, unless all of it is free. */
void pool_release(pool_t *pool);
/* Gives that up too: when a worker ends. */
void pool_drain(pool_t *pool);
/* Sorts at most n batches of the depot by unit, which the next two need. false: some are left. */
bool pool_sort(uint32_t n);
/* Gives units back to the system whose pieces all lie in the depot; returns the bytes. All of them: */
uint64_t pool_trim(void);
/* or at most n, and only such as nobody has wanted for POOL_AGE_NS. For idle moments. */
enum pool_left { POOL_TRIMMED, POOL_AGING, POOL_SURPLUS }; /* nothing more to give back; later; now */
enum pool_left pool_trim_aged(uint64_t now_ns, uint32_t n);
enum { POOL_AGE_NS = 100000000 };

static inline void *piece_take(pool_t *pool, enum piece_use use, unsigned size_class) {
    piece_list_t *list = &pool->lists[use][size_class];
    piece_t *piece = list->free;
    if (unlikely(!piece)) return pool_refill(pool, use, size_class);
    list->free = piece->next;
    list->count--;
    return piece;
}

static inline void piece_give(pool_t *pool, enum piece_use use, unsigned size_class, void *p) {
    piece_list_t *list = &pool->lists[use][size_class];
    piece_t *piece = p;
    piece->next = list->free;
    if (use != PIECE_PLAIN) piece->owner = 0;
    list->free = piece;
    if (unlikely(++list->count > 2 * list->batch)) pool_overflow(pool, use, size_class);
}

/* Bytes of any size: a piece, or a span of its own. *size_class says which, for bytes_give. NULL: no memory. */
void *bytes_take(pool_t *pool, enum piece_use use, size_t bytes, uint8_t *size_class);
void bytes_give(pool_t *pool, enum piece_use use, void *p, uint8_t size_class);

#endif
