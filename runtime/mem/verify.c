/* verify.c - two walks over a heap. The first looks at each area and each header, and fills in the bitmaps of object starts, which mean
 * nothing between collections; it ends at the first thing that cannot be walked. The second looks where slots and gaps
 * lead. A heap that passes can be collected, copied from and freed without meeting anything that it does not know.
 *
 * After a collection all that is left lives, so every slot must lead to an object: of this heap, of a message that has not been
 * taken yet, of a block that the heap holds, or of the program's constant data.
 */
#include "mem/verify.h"

#include "mem/share.h"

#include <stdio.h>

enum { ADDRESS_BITS = 47, FIRST_PAGE = 4096 };

typedef struct verifier {
    const buskin_context_t *ctx;
    heap_t *heap;
    verdict_t verdict;
    uint64_t held; /* bytes of what has been seen */
} verifier_t;

static bool wrong(verifier_t *v, const void *at, const char *what) {
    if (!v->verdict.what) v->verdict = (verdict_t){what, at};
    return false;
}

/* -- Areas and headers -- */

static bool area_is_sound(verifier_t *v, const area_t *area, bool chunk) {
    if (area_at((uint64_t)(uintptr_t)area) != area) return wrong(v, area, "an area that is no piece");
    const unit_t *unit = unit_of(area);
    uint32_t flags = area->flags;
    bool large = unit->use == UNIT_LARGE;
    if (area->owner != v->ctx->pid) return wrong(v, area, "an area of another owner");
    if (!(flags & AREA_HEAP) || !(flags & AREA_CHUNK) == chunk || flags & AREA_SHARE)
        return wrong(v, area, "an area of another kind than its list");
    if (flags & (AREA_MAPPED | AREA_LIVES)) return wrong(v, area, "an area with flags of a collection");
    if (!large && unit->use != (chunk ? UNIT_CHUNKS : UNIT_FRAGMENTS))
        return wrong(v, area, "an area in a unit of another use");
    if ((flags & AREA_CLASS) != (large ? (unsigned)PIECE_LARGE : unit->size_class))
        return wrong(v, area, "an area of another size than its unit's pieces");
    if (chunk && !(flags & AREA_LARGE) && area->bytes_or_kind != piece_bytes[unit->size_class])
        return wrong(v, area, "a chunk of another size than its piece");
    if (chunk && !(flags & AREA_FIRST) != (area->next != NULL))
        return wrong(v, area, "a first chunk that is not the last in its list");
    v->held += area_held(area);
    return true;
}

/* Could a descriptor lie there? Nothing is read that may not be. */
static bool is_address(const void *p) {
    uint64_t a = (uint64_t)(uintptr_t)p;
    return a >= FIRST_PAGE && a >> ADDRESS_BITS == 0 && a % 8 == 0 && !arena_holds(a);
}

static bool desc_is_sound(const buskin_desc_t *desc) {
    if (!is_address(desc)) return false;
    bool array = desc->flags & BUSKIN_DESC_ARRAY;
    if (desc->flags >> 4 || (array && desc->size < 8) || (!array && desc->elem_pointers)) return false;
    for (unsigned i = 0; i < desc->npointers; i++)
        if (desc->offsets[i] % 8 || desc->offsets[i] + 8ull > desc->size) return false;
    for (unsigned i = 0; i < desc->elem_pointers; i++)
        if (desc->offsets[desc->npointers + i] + 8u > desc->elem_size) return false;
    return true;
}

/* The bytes of the object, or 0: it has none that fit. */
static uint64_t sound_total(verifier_t *v, const area_t *area, const header_t *h, uint64_t room) {
    const uint64_t *payload = h + 1;
    uint64_t total = 0;
    if (*h & HEADER_MARK) return wrong(v, h, "an object that is marked");
    switch (header_kind(*h)) {
    case HEADER_DESC:
    case HEADER_MESSAGE: {
        const buskin_desc_t *desc = header_desc(*h);
        bool message = header_kind(*h) == HEADER_MESSAGE;
        if (!desc_is_sound(desc)) return wrong(v, h, "an object whose descriptor is none");
        if (message && (h != area->objects || area->flags & AREA_CHUNK)) return wrong(v, h, "a message amid objects");
        bool counted = !message && desc->flags & BUSKIN_DESC_ARRAY && desc->elem_size && room >= 16;
        if (counted && *payload > room / desc->elem_size) return wrong(v, h, "an array longer than its area");
        total = object_total(payload, *h);
        break;
    }
    case HEADER_RAW:
    case HEADER_GAP:
    case HEADER_BYTES: total = header_total(*h); break;
    default: return wrong(v, h, "a header of no kind");
    }
    if (total < 8 || total % 8 || total > room) return wrong(v, h, "an object that does not fit its area");
    return total;
}

static uint64_t *start_bits(area_t *area) { return (uint64_t *)(void *)area_end(area); }
static uint64_t start_bit(const area_t *area, const void *h) {
    return (uint64_t)((const char *)h - (const char *)area) / 8;
}

/* A large chunk ends after its one object, and so does a message without further ones. */
static bool is_last(const area_t *area, const header_t *h) {
    if (area->flags & AREA_LARGE) return header_kind(*h) != HEADER_GAP;
    return !(area->flags & AREA_CHUNK) && h == area->objects &&
           (header_kind(*h) == HEADER_BYTES || !header_desc(*h)->npointers);
}

/* Calls visit for each object; false: it has. */
typedef bool object_visitor(verifier_t *v, area_t *area, header_t *h);

static bool walk_area(verifier_t *v, area_t *area, object_visitor *visit) {
    char *end = area_end(area), *at = (char *)area_first(area);
    while (at + 8 <= end) {
        header_t *h = (header_t *)(void *)at;
        uint64_t total = sound_total(v, area, h, (uint64_t)(end - at));
        if (!total || !visit(v, area, h)) return false;
        if (is_last(area, h)) return true;
        at += total;
    }
    return true;
}

static bool note_start(verifier_t *v, area_t *area, header_t *h) {
    (void)v;
    uint64_t bit = start_bit(area, h);
    if (area->flags & AREA_MAP) start_bits(area)[bit / 64] |= 1ull << bit % 64;
    return true;
}

static bool first_walk(verifier_t *v, area_t *area, bool chunk) {
    if (!area_is_sound(v, area, chunk)) return false;
    if (area->flags & AREA_MAP) memset(start_bits(area), 0, area_map_bytes(area_held(area)));
    return walk_area(v, area, note_start);
}

/* -- Where slots lead -- */

static bool starts_at(area_t *area, const header_t *h) {
    if ((const void *)h < (const void *)area_first(area) || (const char *)h >= area_end(area)) return false;
    if (area->flags & AREA_MAP) return start_bits(area)[start_bit(area, h) / 64] >> start_bit(area, h) % 64 & 1;
    const char *at = (const char *)area_first(area);
    for (; at < (const char *)h && !is_last(area, (const header_t *)(const void *)at);)
        at += object_total(at + 8, *(const header_t *)(const void *)at);
    return at == (const char *)h;
}

static void slot_leads_somewhere(uint64_t *slot, void *data) {
    verifier_t *v = data;
    uint64_t target = *slot;
    if (!target) return;
    if (target % 8) {
        wrong(v, slot, "a slot that holds no address");
        return;
    }
    const header_t *h = object_header((const void *)(uintptr_t)target);
    if (!arena_holds(target - 8)) {
        const buskin_desc_t *desc = is_address(h) ? header_desc(*h) : NULL;
        if (!desc || header_kind(*h) != HEADER_DESC || !is_address(desc) || !(desc->flags & BUSKIN_DESC_IMMORTAL))
            wrong(v, slot, "a slot that leads outside the heap");
        return;
    }
    area_t *area = area_at(target - 8);
    if (area && area->owner == v->ctx->pid) {
        if (area->flags & AREA_HEAP && (!starts_at(area, h) || header_kind(*h) == HEADER_GAP))
            wrong(v, slot, "a slot that leads to no object");
    } else if (!area || !shares_find(v->heap, (const void *)(uintptr_t)target)) {
        wrong(v, slot,
              area && area->flags & AREA_SHARE ? "a slot that leads to a block that the heap does not hold"
                                               : "a slot that leads to another heap");
    }
}

static bool look_at_slots(verifier_t *v, area_t *area, header_t *h) {
    (void)area;
    object_slots(h + 1, *h, slot_leads_somewhere, v);
    return !v->verdict.what;
}

/* -- Gaps to allocate from -- */

static bool runs_are_sound(verifier_t *v) {
    for (unsigned list = 0; list < 8 && v->heap->gaps; list++) {
        uint64_t left = v->heap->held / HEAP_RUN_MIN;
        for (const run_t *run = v->heap->gaps->lists[list]; run; run = run->next, left--) {
            area_t *area = (uintptr_t)run % 8 ? NULL : area_at((uint64_t)(uintptr_t)run);
            if (!left) return wrong(v, run, "a list of gaps that goes round");
            if (!area || area->owner != v->ctx->pid || !(area->flags & AREA_CHUNK) || !starts_at(area, &run->header))
                return wrong(v, run, "a gap in no chunk of the heap");
            if (header_kind(run->header) != HEADER_GAP) return wrong(v, run, "a gap in which something lives");
            if (header_total(run->header) < HEAP_RUN_MIN || gap_list(header_total(run->header)) != list)
                return wrong(v, run, "a gap in the list of another length");
        }
    }
    return true;
}

/* -- All of it -- */

static bool all_is_sound(verifier_t *v) {
    heap_t *heap = v->heap;
    for (area_t *area = heap->chunks; area; area = area->next)
        if (!first_walk(v, area, true)) return false;
    for (fragment_t *f = heap->fragments; f; f = f->next)
        if (!first_walk(v, (area_t *)(void *)f, false)) return false;
    const void *block = NULL;
    const char *what = shares_verify(heap, &block, &v->held);
    if (what) return wrong(v, block, what);
    if (v->held != heap->held) return wrong(v, heap, "a heap that holds another number of bytes than it says");
    for (area_t *area = heap->chunks; area; area = area->next)
        if (!walk_area(v, area, look_at_slots)) return false;
    for (fragment_t *f = heap->fragments; f; f = f->next)
        if (!walk_area(v, (area_t *)(void *)f, look_at_slots)) return false;
    return runs_are_sound(v);
}

verdict_t verify_heap(buskin_context_t *ctx) {
    verifier_t v = {.ctx = ctx, .heap = heap_of(ctx)};
    if (!v.heap) return v.verdict;
    heap_seal(ctx);
    all_is_sound(&v);
    return v.verdict;
}

/* -- Pools -- */

static verdict_t verify_list(const piece_list_t *list, enum piece_use use, unsigned size_class) {
    uint32_t left = list->count;
    for (const piece_t *p = list->free; p; p = p->next) {
        uint64_t a = (uint64_t)(uintptr_t)p;
        if (!left--) return (verdict_t){"a free list longer than it says", p};
        if (!arena_holds(a) || unit_of(p)->use != (unsigned)UNIT_PLAIN + use || unit_of(p)->size_class != size_class)
            return (verdict_t){"a free piece in a unit of another kind", p};
        if ((a & (UNIT_BYTES - 1)) % piece_bytes[size_class]) return (verdict_t){"a free piece that is none", p};
        if (use != PIECE_PLAIN && p->owner) return (verdict_t){"a free piece that has an owner", p};
    }
    return left ? (verdict_t){"a free list shorter than it says", list} : (verdict_t){NULL, NULL};
}

verdict_t verify_pool(const pool_t *pool) {
    for (unsigned i = 0; i < PIECE_USES * PIECE_CLASSES; i++) {
        enum piece_use use = (enum piece_use)(i / PIECE_CLASSES);
        verdict_t verdict = verify_list(&pool->lists[use][i % PIECE_CLASSES], use, i % PIECE_CLASSES);
        if (verdict.what) return verdict;
    }
    return (verdict_t){NULL, NULL};
}

void verify_or_abort(buskin_context_t *ctx, const pool_t *pool) {
    char text[160];
    verdict_t verdict = verify_heap(ctx);
    if (!verdict.what) verdict = verify_pool(pool);
    if (likely(!verdict.what)) return;
    snprintf(text, sizeof text, "the heap of Pid(%llu) is damaged: %s, at %p", (unsigned long long)ctx->pid,
             verdict.what, verdict.at);
    bug(__FILE__, __LINE__, text);
}
