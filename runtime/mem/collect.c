/* collect.c - mark and sweep of one actor's heap, in slices: conservative stack, precise heap, nothing moves.
 *
 * Slices. A collection is a record of how far it has come: the list of objects still to scan, then the place in the list of
 * areas, and the place within the area. Each unit of work (an object marked, a slot looked at, a few objects swept) is
 * taken from the slice's budget, and no unit is long: wide objects are scanned, and areas swept, a few hundred slots at a
 * time. Its owner does not run meanwhile, so nothing changes between slices and no write barrier is needed.
 *
 * Mark. Every word of the frames that points into an area of this heap marks the object that it points into; a pointer
 * to an object's first byte, into it, or one past its end counts. From there the descriptors lead on. The mark is bit 63 of the
 * header, so marking touches only what lives. Objects without a descriptor (HEADER_RAW) are scanned like the stack.
 *
 * A word is resolved in O(1): the arena's unit table gives the size of the pieces it lies among, hence the area's start;
 * owner and flags say whether the area is ours; and a bitmap of object starts, filled in by one walk of the area when a
 * word first points into it, gives the object. Small fragments have no bitmap and are walked. The walk goes in steps, too: the
 * word is looked at again when the bitmap is complete.
 *
 * A typed slot holds an object start, so it needs no resolving, with one exception: a message that was looked at but not
 * taken yet is not part of the heap, and must not be marked, because no sweep would unmark it. Chunks are always the
 * heap's own, so only targets outside chunk units are looked up.
 *
 * Sweep. An area in which nothing was marked goes back to the pool unseen, whether chunk or fragment: what dies together was mostly
 * made together. The others are walked from start to end; neighbouring dead objects become one gap, gaps of HEAP_RUN_MIN bytes
 * and more become runs to allocate from. Marking notes the area of what it marks, mostly that of the last one. The threshold of the
 * next collection is what is missing to twice of what lives, at least HEAP_FIRST_THRESHOLD; what is allocated in gaps counts as much as
 * new chunks do.
 */
#include "mem/collect.h"

#include "base/atomic.h"
#include "mem/remains.h"
#include "mem/share.h"

enum {
    MARK_STEP = 512,   /* slots of one object, or words of frames, that are looked at in a row */
    FILL_STEP = 512,   /* objects entered in a bitmap in a row, */
    SWEEP_STEP = 512,  /* and swept in a row, */
    SWEEP_CHEAPER = 4, /* both cost a quarter of marked ones: they lie side by side */
    WORDS_CHEAPER = 8  /* as most words of a conservative scan point nowhere */
};

/* -- From a word to an object -- */

/* Another thread may be writing what we read, if the area is not ours; then it does not match. */
__attribute__((no_sanitize("thread"))) static bool area_is_ours(const area_t *area, uint64_t pid) {
    const volatile area_t *seen = area; /* plain loads: clang reports atomic ones even here */
    return seen->owner == pid && seen->flags & AREA_HEAP;
}

/* The area of this heap that the address lies in, or NULL. */
static area_t *area_of(uint64_t address, uint64_t pid) {
    area_t *area = area_at(address);
    return area && area_is_ours(area, pid) ? area : NULL;
}

static uint64_t *area_map(area_t *area) { return (uint64_t *)(void *)area_end(area); }

static uint64_t area_bit(const area_t *area, const header_t *h) {
    return (uint64_t)((const char *)h - (const char *)area) / 8;
}

static header_t *next_object(header_t *h) {
    return (header_t *)(void *)((char *)h + object_total(h + 1, *h & ~HEADER_MARK));
}

/* Starts to fill in the area's bitmap of object starts. */
static void fill_begin(collection_t *c, area_t *area) {
    c->filling = area;
    c->fill_at = area_first(area);
    c->fill_clear = 0;
}

static void fill_clear_to(collection_t *c, uint64_t *map, uint64_t words) {
    while (c->fill_clear < words) map[c->fill_clear++] = 0;
}

/* One unit of filling it in. */
static void fill_step(collection_t *c) {
    area_t *area = c->filling;
    uint64_t *map = area_map(area);
    const char *end = area_end(area);
    header_t *h = c->fill_at;
    int64_t steps = 0;
    for (; (char *)h < end && steps < FILL_STEP; h = next_object(h), steps++) {
        uint64_t bit = area_bit(area, h);
        fill_clear_to(c, map, bit / 64 + 1);
        map[bit / 64] |= 1ull << bit % 64;
    }
    c->budget -= 1 + steps / SWEEP_CHEAPER;
    c->fill_at = h;
    if ((char *)h < end) return;
    fill_clear_to(c, map, area_map_bytes(area_held(area)) / 8);
    area->flags |= AREA_MAPPED;
    c->filling = NULL;
}

/* The last object that starts at or before `at`, in an area whose bitmap is filled in. */
static header_t *area_last_start(area_t *area, uint64_t at) {
    const uint64_t *map = area_map(area);
    uint64_t bit = (at - (uint64_t)area) / 8, word = bit / 64;
    uint64_t bits = map[word] & (~0ull >> (63 - bit % 64));
    while (!bits && word) bits = map[--word];
    return bits ? (header_t *)(void *)((char *)area + (word * 64 + 63 - (unsigned)__builtin_clzll(bits)) * 8) : NULL;
}

/* A small fragment, or a chunk with one large object: walked. Messages without further objects end after the first. */
static header_t *area_walk_to(area_t *area, uint64_t at) {
    header_t *h = area_first(area), *last = NULL;
    const char *end = area_end(area);
    bool one = !(area->flags & AREA_CHUNK) && (header_kind(*h) == HEADER_BYTES || !header_desc(*h)->npointers);
    while ((uint64_t)h <= at && (char *)h + 8 <= end) {
        last = h;
        if (one || (area->flags & AREA_LARGE && header_kind(*h & ~HEADER_MARK) != HEADER_GAP)) break;
        h = next_object(h);
    }
    return last;
}

/* The header of the object that the word points to the start of, into, or one past; NULL: none of this heap, or, if c->filling is
 * set, to be asked again when that is done. */
static header_t *resolve(collection_t *c, uint64_t word) {
    uint64_t pid = c->ctx->pid;
    area_t *area = area_of(word, pid);
    if (!area && word % 8 == 0) area = area_of(word - 1, pid); /* one past the end of the area's last object */
    if (!area || word < (uint64_t)area + sizeof(area_t) + 8) return NULL;
    uint64_t at = (word - 8) & ~7ull;
    if (at >= (uint64_t)area_end(area) && !(area->flags & AREA_LARGE)) return NULL;
    if ((area->flags & (AREA_MAP | AREA_MAPPED)) == AREA_MAP) {
        fill_begin(c, area);
        return NULL;
    }
    header_t *h = area->flags & AREA_MAP ? area_last_start(area, at) : area_walk_to(area, at);
    if (!h || header_kind(*h & ~HEADER_MARK) == HEADER_GAP) return NULL;
    return word <= (uint64_t)next_object(h) ? h : NULL;
}

/* -- Mark -- */

static bool mark_push(collection_t *c, uint64_t *object, header_t header) {
    scratch_t *s = c->scratch;
    if (unlikely(s->count == s->capacity) && !scratch_grow(s)) {
        c->failed = true;
        return false;
    }
    s->entries[s->count++] = (struct scratch_entry){object, header};
    return true;
}

static void mark_area(collection_t *c, const header_t *h) {
    area_t *area = area_at((uint64_t)(uintptr_t)h);
    const unit_t *unit = unit_of(area);
    area->flags |= AREA_LIVES;
    c->marked_low = (uint64_t)(uintptr_t)area;
    c->marked_bytes = unit->use == UNIT_LARGE ? (uint64_t)unit->length << UNIT_SHIFT : piece_bytes[unit->size_class];
}

static void mark(collection_t *c, header_t *h) {
    if (*h & HEADER_MARK || !mark_push(c, (uint64_t *)(h + 1), *h)) return;
    *h |= HEADER_MARK;
    if (unlikely((uint64_t)(uintptr_t)h - c->marked_low >= c->marked_bytes)) mark_area(c, h);
}

static void mark_slot(uint64_t *slot, void *data) {
    collection_t *c = data;
    uint64_t target = *slot;
    if (!target) return;
    header_t *h = object_header((void *)(uintptr_t)target);
    if (*h & HEADER_MARK) return;
    if (header_kind(*h) == HEADER_DESC && header_desc(*h)->flags & BUSKIN_DESC_IMMORTAL) return;
    if (arena_units[((uint64_t)h - (uint64_t)arena_base) >> UNIT_SHIFT].use != UNIT_CHUNKS &&
        !area_of(target - 8, c->ctx->pid))
        shares_mark(heap_of(c->ctx), target - 8);
    else
        mark(c, h);
}

/* A word may point one past the end of a block's bytes, which is where the next piece begins. */
static void mark_share(const heap_t *heap, uint64_t word) {
    shares_mark(heap, word);
    if (word % 8 == 0) shares_mark(heap, word - 1);
}

/* Answers where to go on: before `to` if c->filling is set. */
static const uint64_t *mark_words(collection_t *c, const uint64_t *from, const uint64_t *to) {
    for (; from < to; from++) {
        if (!arena_holds(*from)) continue;
        header_t *h = resolve(c, *from);
        if (unlikely(c->filling)) break;
        if (h)
            mark(c, h);
        else
            mark_share(heap_of(c->ctx), *from);
    }
    return from;
}

/* A stack is full of words that no compiler meant to be read here. */
__attribute__((no_sanitize("address", "thread"))) static void mark_roots(collection_t *c) {
    const uint64_t *to = c->high - c->low > MARK_STEP ? c->low + MARK_STEP : c->high;
    c->budget -= 1 + (to - c->low) / WORDS_CHEAPER;
    for (; c->low < to; c->low++) {
        uint64_t word = *c->low;
        if (arena_holds(word) && mark_words(c, &word, &word + 1) == &word) return;
    }
}

/* What is left of an object after a step waits below what the step has found. */
static void mark_rest(collection_t *c, const struct scratch_entry *e, uint64_t from) {
    if (mark_push(c, e->object, e->header)) mark_push(c, (uint64_t *)(uintptr_t)from, MARK_REST);
}

/* The end of the next step through n slots. */
static uint64_t mark_step(collection_t *c, const struct scratch_entry *e, uint64_t from, uint64_t n) {
    if (n - from <= MARK_STEP) return n;
    mark_rest(c, e, from + MARK_STEP);
    return from + MARK_STEP;
}

static void mark_conservative(collection_t *c, const struct scratch_entry *e, uint64_t from) {
    uint64_t n = (object_total(e->object, e->header) - 8) / 8, below = c->scratch->count;
    uint64_t to = mark_step(c, e, from, n);
    c->budget -= (int64_t)(to - from) / WORDS_CHEAPER;
    const uint64_t *stop = mark_words(c, e->object + from, e->object + to);
    if (likely(!c->filling) || c->failed) return;
    if (to < n)
        c->scratch->entries[below + 1].object = (uint64_t *)(uintptr_t)(stop - e->object); /* the rest begins there */
    else
        mark_rest(c, e, (uint64_t)(stop - e->object));
}

static void mark_elements(collection_t *c, const struct scratch_entry *e, uint64_t from) {
    const buskin_desc_t *desc = header_desc(e->header);
    uint64_t to = mark_step(c, e, from, e->object[0]);
    c->budget -= (int64_t)((to - from) * desc->elem_pointers);
    char *element = (char *)e->object + desc->size + from * desc->elem_size;
    for (; from < to; from++, element += desc->elem_size)
        for (unsigned i = 0; i < desc->elem_pointers; i++)
            mark_slot((uint64_t *)(void *)(element + desc->offsets[desc->npointers + i]), c);
}

/* Scans an object whose slots, or elements, before `from` have been scanned. */
static void mark_object(collection_t *c, const struct scratch_entry *e, uint64_t from) {
    const buskin_desc_t *desc = header_desc(e->header);
    unsigned kind = header_kind(e->header);
    c->budget--;
    if (kind == HEADER_RAW || (kind == HEADER_DESC && desc->flags & BUSKIN_DESC_CONSERVATIVE)) {
        mark_conservative(c, e, from);
    } else if (kind == HEADER_DESC || kind == HEADER_MESSAGE) {
        uint64_t *payload = kind == HEADER_MESSAGE ? e->object + 2 : e->object;
        if (!from)
            for (unsigned i = 0; i < desc->npointers; i++) mark_slot(payload + desc->offsets[i] / 8, c);
        c->budget -= desc->npointers;
        if (kind == HEADER_DESC && desc->elem_pointers) mark_elements(c, e, from);
    }
}

/* One unit of marking. false: nothing is left. */
static bool mark_next(collection_t *c) {
    scratch_t *s = c->scratch;
    if (unlikely(c->filling)) {
        fill_step(c);
        return true;
    }
    if (s->count) {
        struct scratch_entry e = s->entries[--s->count];
        uint64_t from = 0;
        if (unlikely(e.header == MARK_REST)) {
            from = (uint64_t)(uintptr_t)e.object;
            e = s->entries[--s->count];
        }
        mark_object(c, &e, from);
        return true;
    }
    if (c->low == c->high) {
        if (c->low == c->frames_high) return false;
        c->low = c->frames_low;
        c->high = c->frames_high;
    }
    mark_roots(c);
    return true;
}

/* -- Sweep -- */

static void gap_close(collection_t *c, char *end) {
    header_t *gap = c->gap;
    c->gap = NULL;
    if (!gap) return;
    uint64_t bytes = (uint64_t)(end - (char *)gap);
    *gap = header_sized(HEADER_GAP, bytes);
    if (c->poison && bytes > 16) memset(gap + 2, 0xdb, bytes - 16);
    if (bytes >= HEAP_RUN_MIN) heap_add_run(heap_of(c->ctx), (run_t *)(void *)gap);
}

/* A large chunk ends after its one object, and so does a message without further objects: no gap follows it. */
static bool sweep_is_last(const area_t *area, const header_t *h) {
    if (area->flags & AREA_LARGE) return header_kind(*h) != HEADER_GAP;
    return !(area->flags & AREA_CHUNK) && h == area->objects &&
           (header_kind(*h) == HEADER_BYTES || !header_desc(*h)->npointers);
}

/* Unmarks the living; in chunks joins the dead to gaps. true: the area is done. */
static bool sweep_area(collection_t *c, area_t *area) {
    bool chunk = area->flags & AREA_CHUNK && !(area->flags & AREA_LARGE), last = false;
    char *end = area_end(area);
    header_t *h = c->at ? c->at : area_first(area);
    int64_t steps = 0;
    for (; !last && (char *)h + 8 <= end && steps < SWEEP_STEP; steps++) {
        header_t *next = next_object(h), header = *h & ~HEADER_MARK;
        bool lives = *h & HEADER_MARK || (c->failed && header_kind(header) != HEADER_GAP);
        *h = header;
        if (lives) {
            c->live += (uint64_t)((char *)next - (char *)h);
            gap_close(c, (char *)h);
        } else if (chunk && !c->gap) {
            c->gap = h;
        }
        last = sweep_is_last(area, h);
        h = next;
    }
    c->budget -= 1 + steps / SWEEP_CHEAPER;
    c->at = h;
    if (!last && (char *)h + 8 <= end) return false;
    gap_close(c, end);
    area->flags &= ~(uint32_t)(AREA_MAPPED | AREA_LIVES);
    return true;
}

/* The area goes back to the pool; the place where it hung is that of the next one. */
static void sweep_out(collection_t *c, pool_t *pool, enum piece_use use, area_t *area) {
    *c->place = area->next;
    heap_of(c->ctx)->held -= area_held(area);
    if (c->poison) memset(area->objects, 0xdb, area_held(area) - offsetof(area_t, objects));
    bytes_give(pool, use, area, (uint8_t)(area->flags & AREA_CLASS));
    c->budget -= CHUNK_COST;
}

/* One unit of sweeping the list of areas that c->place is in. false: it is at its end. */
static bool sweep_next(collection_t *c, pool_t *pool, enum piece_use use) {
    area_t *area = *c->place;
    if (!area) return false;
    if (!c->failed && !(area->flags & (AREA_LIVES | (use == PIECE_CHUNKS ? AREA_FIRST : AREA_COUNTS)))) {
        sweep_out(c, pool, use, area);
    } else if (sweep_area(c, area)) {
        c->kept += area_held(area);
        c->place = (area_link_t *)&area->next;
        c->at = c->gap = NULL;
    }
    return true;
}

/* -- Slices -- */

/* Until the heap holds twice what lives: gaps that nobody fits in count, too, but not so much that there is no end of collecting. */
static uint64_t next_threshold(uint64_t live, uint64_t held) {
    uint64_t room = 2 * live > held ? 2 * live - held : 0;
    if (room > live) room = live;
    if (room < live / 2) room = live / 2;
    return room > HEAP_FIRST_THRESHOLD ? room : HEAP_FIRST_THRESHOLD;
}

static void collect_finish(collection_t *c, pool_t *pool) {
    heap_t *heap = heap_of(c->ctx);
    heap->since = 0;
    c->live += heap->held - c->kept; /* counted blocks */
    heap->live = c->live;
    heap->threshold = next_threshold(c->live, heap->held);
    heap->collections++;
    collect_drop(heap, pool);
}

/* Goes on until the budget is used up. true: the collection is done. */
static bool collect_slice(collection_t *c, pool_t *pool, int64_t budget) {
    heap_t *heap = heap_of(c->ctx);
    c->budget = budget;
    while (c->budget > 0) switch (c->phase) {
        case COLLECT_MARK:
            if (mark_next(c)) break;
            heap_forget_runs(heap, pool);
            shares_sweep_begin(heap, pool, c->failed);
            c->phase = COLLECT_SWEEP_SHARES;
            break;
        case COLLECT_SWEEP_SHARES:
            if (heap->shares)
                c->budget -= 2 * SWEEP_STEP; /* half the places are in use, and each block is a cache miss */
            if (!shares_sweep(heap, pool, SWEEP_STEP)) break;
            c->place = (area_link_t *)&heap->chunks;
            c->phase = COLLECT_SWEEP_CHUNKS;
            break;
        case COLLECT_SWEEP_CHUNKS:
            if (sweep_next(c, pool, PIECE_CHUNKS)) break;
            c->place = (area_link_t *)(void *)&heap->fragments;
            c->phase = COLLECT_SWEEP_FRAGMENTS;
            break;
        case COLLECT_SWEEP_FRAGMENTS:
            if (sweep_next(c, pool, PIECE_FRAGMENTS)) break;
            collect_finish(c, pool);
            return true;
        }
    return false;
}

/* The record, until now on the caller's stack with the worker's list, becomes one of its own. NULL: no memory. */
static collection_t *collect_keep(const collection_t *c, pool_t *pool) {
    uint8_t size_class;
    collection_t *kept = bytes_take(pool, PIECE_PLAIN, sizeof *kept, &size_class);
    if (!kept) return NULL;
    *kept = *c;
    kept->size_class = size_class;
    kept->own = *c->scratch;
    *c->scratch = (scratch_t){0};
    kept->scratch = &kept->own;
    return kept;
}

static collection_t collect_open(buskin_context_t *ctx, scratch_t *scratch, const void *low, const void *high,
                                 bool poison) {
    const heap_t *heap = heap_of(ctx);
    heap_seal(ctx);
    scratch->count = 0;
    return (collection_t){.ctx = ctx,
                          .scratch = scratch,
                          .low = (const uint64_t *)(const void *)&heap->state,
                          .high = (const uint64_t *)(const void *)(&heap->state + 1),
                          .frames_low = low,
                          .frames_high = high,
                          .poison = poison};
}

collection_t *collect_begin(buskin_context_t *ctx, pool_t *pool, scratch_t *scratch, const void *low, const void *high,
                            bool poison, int64_t budget) {
    heap_t *heap = heap_of(ctx);
    if (!heap) return NULL;
    collection_t c = collect_open(ctx, scratch, low, high, poison);
    if (collect_slice(&c, pool, budget)) return NULL;
    heap->collection = collect_keep(&c, pool);
    if (!heap->collection) collect_slice(&c, pool, INT64_MAX);
    return heap->collection;
}

void collect_both(buskin_context_t *ctx, pool_t *pool, scratch_t *scratch, const frames_part_t parts[2], bool poison) {
    if (!heap_of(ctx)) return;
    collection_t c = collect_open(ctx, scratch, parts[0].low, parts[0].high, poison);
    while (mark_next(&c)) continue;
    c.frames_low = parts[1].low;
    c.frames_high = parts[1].high;
    collect_slice(&c, pool, INT64_MAX);
}

bool collect_go_on(buskin_context_t *ctx, pool_t *pool, int64_t budget) {
    return collect_slice(heap_of(ctx)->collection, pool, budget);
}

void collect_drop(heap_t *heap, pool_t *pool) {
    collection_t *c = heap->collection;
    heap->collection = NULL;
    if (!c) return;
    scratch_free(&c->own);
    bytes_give(pool, PIECE_PLAIN, c, c->size_class);
}
