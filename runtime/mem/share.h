/* share.h - counted blocks: objects outside all heaps that actors share instead of copying.
 *
 * There are two kinds. A binary is an array of bytes whose descriptor says BUSKIN_DESC_BINARY, from BUSKIN_BINARY_MIN bytes
 * up; a handle is the runtime's own object that keeps one object of the shared heap. Both are immutable, without managed
 * pointers, and look like any object: a header, then the payload, which typed slots point to.
 *
 * Who counts. A block's count is the number of holders: heaps, and fragments on their way. A heap holds each block that its
 * objects or frames refer to once, in a set (a hash table of addresses), whose marks the collector sets and whose unmarked
 * entries it lets go. A fragment has the list of its blocks as an object of bytes right behind its slots, and holds one
 * count for each entry; adoption moves the counts to the heap's set. So nothing is counted when a pointer is stored.
 *
 *   made ──> heap's set ──copy──> fragment's list ──adopt──> another heap's set ──collector, end──> 0: freed
 *                                       └──dropped unread──> 0: freed
 *
 * A block is a piece of fragment units that begins as all areas do, with owner 0: it is never mistaken for an area of any
 * heap, and any word that points into it leads to its start in O(1).
 */
#ifndef BUSKIN_SHARE_H
#define BUSKIN_SHARE_H

#include "base/atomic.h"
#include "mem/heap.h"

typedef struct share {
    _Atomic uint64_t count; /* holders */
    uint64_t owner;         /* 0 */
    uint32_t reserved;
    uint32_t flags; /* AREA_SHARE, size class */
    header_t header;
    uint64_t payload[];
} share_t;

_Static_assert(offsetof(share_t, owner) == offsetof(area_t, owner), "common head");
_Static_assert(offsetof(share_t, flags) == offsetof(area_t, flags), "common head");
_Static_assert(offsetof(share_t, header) == offsetof(area_t, objects), "common head");

/* Payload of a handle; the first word is ABI. */
typedef struct handle {
    void *object;
    void (*release)(void *object); /* called when nobody holds the handle any more; or NULL */
    void *root;                    /* what keeps the object alive for the shared heap's collector; or NULL */
    struct handle *next;           /* in the list of the dead */
} handle_t;

_Static_assert(sizeof(handle_t) == sizeof(buskin_handle_t), "the ABI's record");

extern const buskin_desc_t share_handle_desc;

static inline share_t *share_of(const void *payload) {
    return (share_t *)(void *)((char *)(uintptr_t)payload - offsetof(share_t, payload));
}
static inline uint64_t share_held(const share_t *s) { return fragment_held((const fragment_t *)(const void *)s); }

/* Does this object, which may lie anywhere, lie in a block? */
bool is_share(const void *object);

/* A zeroed block of total bytes, the header included, with one count. NULL: no memory. */
share_t *share_new(pool_t *pool, header_t header, uint64_t total);
static inline void share_hold(share_t *s) { add_relaxed(&s->count, 1); } /* the caller's heap holds it meanwhile */
/* One holder less. */
void share_drop(pool_t *pool, share_t *s);

/* -- The set of a heap: its owner's thread only -- */

/* Room for n blocks more. false: no memory. */
bool shares_reserve(heap_t *heap, pool_t *pool, uint64_t n);
/* The caller's count goes to the heap, which counts the block's bytes as its own. There must be room. */
void shares_add(heap_t *heap, pool_t *pool, share_t *s);
/* The block whose object this is, if the heap holds it, or NULL. Any pointer: it may be to memory that others write. */
share_t *shares_find(const heap_t *heap, const void *object);
/* The heap lets it go now. false: it did not hold it. */
bool shares_remove(heap_t *heap, pool_t *pool, share_t *s);
/* Marks the block that the word points to or into, if the heap holds one there. */
void shares_mark(const heap_t *heap, uint64_t word);
/* Lets go all that are not marked, and unmarks the others; keep: only unmarks. Begins; goes on through n places of the set, true: it is
 * done. Until then the set must not change, but may be freed. */
void shares_sweep_begin(heap_t *heap, pool_t *pool, bool keep);
bool shares_sweep(heap_t *heap, pool_t *pool, uint64_t n);
/* Lets go all, at most *n at a time, which it counts off; true: nothing is left. The heap is of no other use any more. */
void shares_drain_begin(heap_t *heap);
bool shares_drain(heap_t *heap, pool_t *pool, uint64_t *n);

/* For verify.c: what is wrong with the set, or with a block *at in it, or NULL; adds up the bytes that they hold. */
const char *shares_verify(const heap_t *heap, const void **at, uint64_t *held);
/* In how many places the block is looked for that lies farthest from its own. For tests. */
uint64_t shares_longest_search(const heap_t *heap);

/* -- Dead handles -- */

/* For the finaliser of a handle that is an object of the whole heap. */
void share_handle_dies(void *handle);
/* Called when there is a first dead handle; set by the layer that has a place to call user code. */
extern void (*share_dead_hook)(void);
/* Calls the release functions of dead handles, and frees them. */
void share_bury(pool_t *pool);

#endif
