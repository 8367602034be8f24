/* share.c - blocks, and the sets that heaps hold them by.
 *
 * A set is a table of addresses with linear probing, at most half full; the mark is bit 0 of an entry. Sweeping moves the marked
 * to a new table, because mostly few live; taking each dead one out of its run of neighbours costs several times as much. The
 * new table is the heap's from the start, and the old one hangs beside it until it is empty: so a sweep can stop anywhere,
 * and the end of the actor finds all.
 *
 * Rejected: the mark in the block (several heaps mark it at once); a proxy object on each heap that refers to the block (all
 * readers of strings would have to look through it); counts per reference (each store of a pointer would be an atomic).
 */
#include "mem/share.h"

#include "mem/remains.h"

enum { SET_FIRST_LOG = 3 };

typedef struct share_set {
    uint32_t count;
    uint32_t marked; /* how many of them are */
    uint32_t at;     /* the next place that a sweep, or the end, looks at */
    uint8_t log, size_class;
    uint16_t reserved;
    uint64_t factor;  /* of the hash */
    uint64_t slots[]; /* 1 << log of them; address and mark, or 0 */
} share_set_t;

#define SHARE_MARK 1ull

const buskin_desc_t share_handle_desc = {
    .size = sizeof(handle_t), .flags = BUSKIN_DESC_BINARY | BUSKIN_DESC_CONSERVATIVE, .name = "handle"};

/* -- Blocks -- */

bool is_share(const void *object) {
    const area_t *area = area_at((uint64_t)object);
    return area && !area->owner && area->flags & AREA_SHARE && (const void *)(area->objects + 1) == object;
}

share_t *share_new(pool_t *pool, header_t header, uint64_t total) {
    uint8_t size_class;
    if (total > arena_bytes / 2) return NULL;
    share_t *s = bytes_take(pool, PIECE_FRAGMENTS, offsetof(share_t, header) + total, &size_class);
    if (!s) return NULL;
    store_relaxed(&s->count, 1);
    s->owner = 0;
    s->reserved = 0;
    s->flags = size_class | AREA_SHARE;
    s->header = header;
    memset(s->payload, 0, total - sizeof(header_t));
    return s;
}

static void share_free(pool_t *pool, share_t *s) {
#ifdef BUSKIN_DEBUG
    memset(s->payload, 0xdb, 8);
#endif
    uint8_t size_class = (uint8_t)(s->flags & AREA_CLASS);
    s->flags = 0; /* a free piece is no block, whatever points there */
    bytes_give(pool, PIECE_FRAGMENTS, s, size_class);
}

static _Atomic(handle_t *) dead_handles;
void (*share_dead_hook)(void);

/* The release function is the user's: it is not called here, in the middle of anything. */
void share_handle_dies(void *dead) {
    handle_t *handle = dead, *seen = load_relaxed(&dead_handles);
    do handle->next = seen;
    while (!cas_weak_seq_cst(&dead_handles, &seen, handle)); /* release of the handle; pairs with share_bury */
    if (share_dead_hook) share_dead_hook();
}

void share_bury(pool_t *pool) {
    handle_t *handle = exchange_acq_rel(&dead_handles, NULL); /* acquire: pairs with share_handle_dies */
    for (handle_t *next; handle; handle = next) {
        next = handle->next;
        if (handle->release) handle->release(handle->object);
        if (handle->root) buskin_gc_backend.unroot(handle->root);
        if (!backend_whole) share_free(pool, share_of(handle));
    }
}

void share_drop(pool_t *pool, share_t *s) {
    /* acq_rel: the last holder frees what all others have finished with. The load pairs with their subtractions, too: with a
     * count of one nobody else can hold it, nor hand it on. */
    if (load_acquire(&s->count) != 1 && sub_acq_rel(&s->count, 1) != 1) return;
    if (unlikely(header_desc(s->header) == &share_handle_desc))
        share_handle_dies(s->payload);
    else
        share_free(pool, s);
}

/* -- Sets -- */

static uint64_t set_bytes(unsigned log) { return sizeof(share_set_t) + (8ull << log); }

static uint64_t set_home(const share_set_t *set, const share_t *s) {
    return ((uint64_t)(uintptr_t)s >> 5) * set->factor >> (64 - set->log);
}

/* Sets of another size have another order. Blocks that one set lets go of are made again in the order of its places, and would fill a
 * smaller set with the same order from one end: each would probe past all before it. */
static uint64_t set_factor(unsigned log) {
    uint64_t x = (log + 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    return (x ^ x >> 27) | 1;
}

/* Where s is, or the empty place where it would go. */
static uint64_t *set_place(share_set_t *set, const share_t *s) {
    uint64_t mask = (1ull << set->log) - 1, at = set_home(set, s);
    while (set->slots[at] && (set->slots[at] & ~SHARE_MARK) != (uint64_t)(uintptr_t)s) at = (at + 1) & mask;
    return &set->slots[at];
}

static share_t *entry_share(uint64_t slot) { return (share_t *)(uintptr_t)(slot & ~SHARE_MARK); }

/* Takes out the entry at `at`, moving up those behind it that may lie there. */
static void set_take_out(share_set_t *set, uint64_t at) {
    uint64_t mask = (1ull << set->log) - 1;
    for (uint64_t from = (at + 1) & mask; set->slots[from]; from = (from + 1) & mask) {
        uint64_t home = set_home(set, entry_share(set->slots[from]));
        if (((from - home) & mask) < ((from - at) & mask)) continue; /* its home lies behind the gap */
        set->slots[at] = set->slots[from];
        at = from;
    }
    set->slots[at] = 0;
    set->count--;
}

static void set_free(pool_t *pool, share_set_t *set) { bytes_give(pool, PIECE_PLAIN, set, set->size_class); }

static share_set_t *set_new(pool_t *pool, unsigned log) {
    uint8_t size_class;
    share_set_t *set = bytes_take(pool, PIECE_PLAIN, set_bytes(log), &size_class);
    if (!set) return NULL;
    memset(set, 0, size_class == PIECE_LARGE ? sizeof *set : set_bytes(log)); /* a span is zero as it comes */
    set->log = (uint8_t)log;
    set->factor = set_factor(log);
    set->size_class = size_class;
    return set;
}

/* A set of that size with the same entries takes the old one's place. false: no memory, and nothing has changed. */
static bool set_resize(heap_t *heap, pool_t *pool, unsigned log) {
    share_set_t *old = heap->shares, *set = set_new(pool, log);
    if (!set) return false;
    for (uint64_t i = 0; old && i < 1ull << old->log; i++)
        if (old->slots[i]) *set_place(set, entry_share(old->slots[i])) = old->slots[i];
    if (old) {
        set->count = old->count;
        set_free(pool, old);
    }
    heap->shares = set;
    return true;
}

bool shares_reserve(heap_t *heap, pool_t *pool, uint64_t n) {
    const share_set_t *set = heap->shares;
    unsigned log = set ? set->log : SET_FIRST_LOG;
    uint64_t wanted = n + (set ? set->count : 0);
    while (wanted > 1ull << (log - 1)) log++;
    return (set && log == set->log) || set_resize(heap, pool, log);
}

static void heap_lets_go(heap_t *heap, pool_t *pool, share_t *s) {
    heap->held -= share_held(s);
    share_drop(pool, s);
}

void shares_add(heap_t *heap, pool_t *pool, share_t *s) {
    uint64_t *slot = set_place(heap->shares, s);
    if (*slot) { /* the heap's own count remains */
        share_drop(pool, s);
        return;
    }
    *slot = (uint64_t)(uintptr_t)s;
    heap->shares->count++;
    uint64_t held = share_held(s);
    heap->held += held;
    heap->since += held;
}

share_t *shares_find(const heap_t *heap, const void *object) {
    const area_t *area = heap->shares ? area_at((uint64_t)(uintptr_t)object) : NULL;
    if (!area || (const void *)(area->objects + 1) != object) return NULL;
    return entry_share(*set_place(heap->shares, (const share_t *)(const void *)area));
}

bool shares_remove(heap_t *heap, pool_t *pool, share_t *s) {
    uint64_t *slot = heap->shares ? set_place(heap->shares, s) : NULL;
    if (!slot || !*slot) return false;
    set_take_out(heap->shares, (uint64_t)(slot - heap->shares->slots));
    heap_lets_go(heap, pool, s);
    return true;
}

void shares_mark(const heap_t *heap, uint64_t word) {
    if (likely(!heap->shares)) return;
    const area_t *area = area_at(word);
    if (!area) return;
    uint64_t *slot = set_place(heap->shares, (const share_t *)(const void *)area);
    if (!*slot || *slot & SHARE_MARK) return;
    *slot |= SHARE_MARK;
    heap->shares->marked++;
}

/* Without memory for another set: slower, because each gap is closed by moving others. */
static void sweep_in_place(heap_t *heap, pool_t *pool) {
    share_set_t *set = heap->shares;
    for (uint64_t at = 0; at < 1ull << set->log; at++)
        while (set->slots[at] && !(set->slots[at] & SHARE_MARK)) {
            share_t *s = entry_share(set->slots[at]);
            set_take_out(set, at);
            heap_lets_go(heap, pool, s);
        }
}

/* The size of a set for n entries, and as many again before it grows. */
static unsigned set_log(uint64_t n) {
    unsigned log = SET_FIRST_LOG;
    while (n > 1ull << (log - 2)) log++;
    return log;
}

void shares_sweep_begin(heap_t *heap, pool_t *pool, bool keep) {
    share_set_t *set = heap->shares;
    if (likely(!set)) return;
    set->at = 0;
    if (keep || set->marked == set->count) return; /* all live: they need only be unmarked */
    unsigned log = set_log(set->marked);
    share_set_t *to = set_new(pool, log < set->log ? log : set->log);
    if (!to) {
        sweep_in_place(heap, pool);
        return;
    }
    heap->shares = to;
    heap->old_shares = set;
}

/* The marked ones move to the heap's new set. */
static void sweep_entry(heap_t *heap, pool_t *pool, uint64_t entry) {
    share_t *s = entry_share(entry);
    if (!entry) return;
    if (!(entry & SHARE_MARK)) {
        heap_lets_go(heap, pool, s);
        return;
    }
    *set_place(heap->shares, s) = (uint64_t)(uintptr_t)s;
    heap->shares->count++;
}

/* The end of the next n places of the set. */
static uint64_t set_step(const share_set_t *set, uint64_t n) {
    uint64_t left = (1ull << set->log) - set->at;
    return set->at + (left < n ? left : n);
}

bool shares_sweep(heap_t *heap, pool_t *pool, uint64_t n) {
    share_set_t *old = heap->old_shares, *set = old ? old : heap->shares;
    if (likely(!set)) return true;
    for (uint64_t end = set_step(set, n); set->at < end; set->at++)
        if (old)
            sweep_entry(heap, pool, set->slots[set->at]);
        else
            set->slots[set->at] &= ~SHARE_MARK;
    if (set->at < 1ull << set->log) return false;
    set->marked = set->at = 0;
    if (old) {
        set_free(pool, old);
        heap->old_shares = NULL;
    }
    return true;
}

/* true: nothing is left of it. */
static bool set_drain(pool_t *pool, share_set_t **place, uint64_t *n) {
    share_set_t *set = *place;
    if (likely(!set)) return true;
    uint64_t from = set->at;
    for (uint64_t end = set_step(set, *n); set->at < end; set->at++)
        if (set->slots[set->at]) share_drop(pool, entry_share(set->slots[set->at]));
    *n -= set->at - from;
    if (set->at < 1ull << set->log) return false;
    set_free(pool, set);
    *place = NULL;
    return true;
}

void shares_drain_begin(heap_t *heap) {
    if (unlikely(heap->shares != NULL))
        heap->shares->at = 0; /* the old set, if there is one, knows how far its sweep got */
}

bool shares_drain(heap_t *heap, pool_t *pool, uint64_t *n) {
    return set_drain(pool, &heap->old_shares, n) && set_drain(pool, &heap->shares, n);
}

static const char *entry_verdict(share_set_t *set, uint64_t *slot) {
    const share_t *s = entry_share(*slot);
    if (*slot & SHARE_MARK) return "a block that is marked";
    if (area_at(*slot) != (const void *)s || s->owner || !(s->flags & AREA_SHARE)) return "a block that is none";
    if (!load_relaxed(&s->count)) return "a block that nobody holds";
    return set_place(set, s) == slot ? NULL : "a block that its set does not find";
}

const char *shares_verify(const heap_t *heap, const void **at, uint64_t *held) {
    share_set_t *set = heap->shares;
    uint32_t n = 0;
    for (uint64_t i = 0; set && i < 1ull << set->log; i++) {
        if (!set->slots[i]) continue;
        const char *what = entry_verdict(set, &set->slots[i]);
        *at = entry_share(set->slots[i]);
        if (what) return what;
        *held += share_held(*at);
        n++;
    }
    *at = set;
    return heap->old_shares || (set && (n != set->count || set->marked)) ? "a set of blocks that miscounts" : NULL;
}

uint64_t shares_longest_search(const heap_t *heap) {
    const share_set_t *set = heap->shares;
    uint64_t longest = 0, mask = set ? (1ull << set->log) - 1 : 0;
    for (uint64_t at = 0; set && at <= mask; at++) {
        uint64_t places = 1 + ((at - set_home(set, entry_share(set->slots[at]))) & mask);
        if (set->slots[at] && places > longest) longest = places;
    }
    return longest;
}

/* -- Fragments -- */

share_t **fragment_shares(const fragment_t *f, uint64_t *n) {
    const header_t *list = (const header_t *)(const void *)((const char *)f->data + f->length);
    *n = (header_total(*list) - sizeof(header_t)) / sizeof(share_t *);
    return (share_t **)(uintptr_t)(list + 1);
}

bool fragment_drop_some(pool_t *pool, fragment_t *f, uint64_t *n) {
    uint64_t listed;
    share_t **list = fragment_shares(f, &listed);
    for (; listed && *n; --*n) share_drop(pool, list[--listed]);
    header_t *header = (header_t *)(void *)list - 1;
    *header = header_sized(HEADER_BYTES, sizeof(header_t) + listed * sizeof(share_t *));
    if (listed) return false;
    f->flags &= ~(uint32_t)AREA_COUNTS;
    return true;
}

void fragment_free_counted(pool_t *pool, fragment_t *f) {
    f->next = NULL;
    remains_messages(pool, f, f);
}

void fragment_hold_shares(fragment_t *f) {
    uint64_t n;
    share_t **list = fragment_shares(f, &n);
    for (uint64_t i = 0; i < n; i++) share_hold(list[i]);
    f->flags |= AREA_COUNTS;
}

void heap_take_counts(heap_t *heap, pool_t *pool, fragment_t *f) {
    uint64_t n;
    share_t **list = fragment_shares(f, &n);
    if (!shares_reserve(heap, pool, n)) return; /* it keeps them, and lives as long as the heap */
    for (uint64_t i = 0; i < n; i++) shares_add(heap, pool, list[i]);
    f->flags &= ~(uint32_t)AREA_COUNTS;
}
