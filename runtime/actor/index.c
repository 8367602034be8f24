/* index.c - the index of a long mailbox. */
#include "actor/index.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_START = 256, MARK_HOLE = 7 /* no message is of that kind */ };

_Static_assert(INDEX_START % SCAN_BLOCK == 0, "marks are scanned by whole blocks");
_Static_assert((int)BUSKIN_MSG_CALL < (int)MARK_HOLE, "kinds fit into three bits");

typedef struct mailbox_index {
    uint32_t count;    /* entries in use, holes included */
    uint32_t live;     /* of them messages */
    uint32_t capacity; /* a multiple of SCAN_BLOCK */
    uint32_t first;    /* nothing but holes before it */
    uint32_t at;       /* the entry that was asked for last */
    uint32_t oldest;   /* of `seen`, to be replaced next */
    uint32_t *marks;
    uintptr_t *entries; /* the message; a hole: 2 * p + 1, and the message before it is entry p - 1 or before that */
    struct seen {
        index_filter_t filter;
        uint32_t clear; /* no entry before this one fits */
    } seen[INDEX_SEEN];
} index_t;

/* -- Marks -- */

static uint32_t mark_tag(uint64_t tag) { return (uint32_t)(tag * 0x9E3779B97F4A7C15u >> 51) << 3; }
static uint32_t mark_word(uint64_t word) { return (uint32_t)(word * 0xD6E8FEB86659FD93u >> 48) << 16; }
enum { MARK_KIND_BITS = 0x7, MARK_TAG_BITS = 0xfff8 };
static const uint32_t mark_word_bits = 0xffff0000u;

/* A message of fewer than 8 bytes is untyped, and its tag repeats them. */
static uint64_t first_word(const fragment_t *f) { return f->length >= 8 ? f->data[0] : f->length ? f->tag : 0; }

static uint32_t mark_of(const fragment_t *f) { return f->kind | mark_tag(f->tag) | mark_word(first_word(f)); }

static scan_pattern_t pattern_of(const buskin_filter_entry_t *e) {
    scan_pattern_t p = {.value = e->kind & MARK_KIND_BITS, .mask = MARK_KIND_BITS};
    if (e->flags & BUSKIN_FILTER_TAG) {
        p.value |= mark_tag(e->tag);
        p.mask |= MARK_TAG_BITS;
    }
    if (e->flags & BUSKIN_FILTER_WORD) {
        p.value |= mark_word(e->word);
        p.mask |= mark_word_bits;
    }
    return p;
}

index_filter_t index_filter(const buskin_filter_t *filter) {
    index_filter_t patterns = {.count = 0};
    if (filter->count > BUSKIN_FILTER_MAX) return patterns;
    while (patterns.count < filter->count) {
        patterns.patterns[patterns.count] = pattern_of(&filter->entries[patterns.count]);
        patterns.count++;
    }
    return patterns;
}

/* -- Entries -- */

static bool is_hole(const index_t *ix, uint32_t i) { return ix->entries[i] & 1; }
static fragment_t *message_at(const index_t *ix, uint32_t i) { return (fragment_t *)ix->entries[i]; }

static void make_hole(index_t *ix, uint32_t i, uint32_t before) {
    ix->entries[i] = (uintptr_t)before * 2 + 1;
    ix->marks[i] = MARK_HOLE;
}

/* How many entries to the last message among the first n: 0 if all are holes. What was found is kept in the last hole. */
static uint32_t trim(index_t *ix, uint32_t n) {
    uint32_t found = n;
    while (found && is_hole(ix, found - 1)) found = (uint32_t)(ix->entries[found - 1] >> 1);
    if (found != n) make_hole(ix, n - 1, found);
    return found;
}

/* The last message among the first n entries, or NULL. */
static fragment_t *last_of(index_t *ix, uint32_t n) {
    n = trim(ix, n);
    return n ? message_at(ix, n - 1) : NULL;
}

/* Receives go forward from where they asked last, or begin at the first. */
static uint32_t find(index_t *ix, const fragment_t *f) {
    for (uint32_t i = ix->at; i < ix->count; i++)
        if (ix->entries[i] == (uintptr_t)f) return i;
    for (uint32_t i = ix->first; i < ix->at; i++)
        if (ix->entries[i] == (uintptr_t)f) return i;
    BUG_IF(true);
    return 0;
}

/* -- Room -- */

static void close_holes(index_t *ix) {
    uint32_t to = 0, clear[INDEX_SEEN], at = 0;
    memset(clear, 0, sizeof clear);
    for (uint32_t i = 0; i < ix->count; i++) {
        if (is_hole(ix, i)) continue;
        for (int s = 0; s < INDEX_SEEN; s++) clear[s] += i < ix->seen[s].clear;
        at += i < ix->at;
        ix->marks[to] = ix->marks[i];
        ix->entries[to++] = ix->entries[i];
    }
    for (int s = 0; s < INDEX_SEEN; s++) ix->seen[s].clear = clear[s];
    ix->at = at;
    ix->first = 0;
    ix->count = to;
}

static bool grow(index_t *ix) {
    uint32_t capacity = ix->capacity ? 2 * ix->capacity : INDEX_START;
    if (!capacity) return false; /* 2^32 messages */
    uint32_t *marks = aligned_alloc(16, capacity * sizeof *marks);
    uintptr_t *entries = marks ? realloc(ix->entries, capacity * sizeof *entries) : NULL;
    if (!entries) {
        free(marks);
        return false;
    }
    if (ix->count) memcpy(marks, ix->marks, ix->count * sizeof *marks);
    free(ix->marks);
    ix->marks = marks;
    ix->entries = entries;
    ix->capacity = capacity;
    return true;
}

static bool make_room(index_t *ix) {
    if (ix->count < ix->capacity) return true;
    if (ix->live >= ix->capacity / 4 * 3) return grow(ix);
    close_holes(ix);
    return true;
}

/* Adds the rest of the list. false: no memory for all of it. */
static bool extend(index_t *ix, actor_t *a) {
    const fragment_t *last = last_of(ix, ix->count);
    for (fragment_t *f = last ? last->next : a->head; f; f = f->next) {
        if (!make_room(ix)) return false;
        ix->marks[ix->count] = mark_of(f);
        ix->entries[ix->count++] = (uintptr_t)f;
        ix->live++;
        f->flags |= AREA_INDEXED;
    }
    return true;
}

/* -- Passing over -- */

static struct seen *seen_of(index_t *ix, const index_filter_t *filter) {
    size_t bytes = filter->count * sizeof *filter->patterns;
    for (int s = 0; s < INDEX_SEEN; s++) {
        const index_filter_t *known = &ix->seen[s].filter;
        if (known->count == filter->count && !memcmp(known->patterns, filter->patterns, bytes)) return &ix->seen[s];
    }
    struct seen *s = &ix->seen[ix->oldest++ % INDEX_SEEN];
    *s = (struct seen){.filter = *filter};
    return s;
}

static uint32_t scan(const index_t *ix, uint32_t from, uint32_t to, const index_filter_t *filter) {
    return scan_words(ix->marks, from, to, filter->patterns, filter->count);
}

/* The first entry from `from` on that fits, or count. */
static uint32_t next_fit(index_t *ix, uint32_t from, const index_filter_t *filter) {
    struct seen *seen = seen_of(ix, filter);
    if (seen->clear < from) seen->clear = scan(ix, seen->clear, from, filter);
    if (seen->clear < from) return scan(ix, from, ix->count, filter); /* something before fits, and was skipped */
    return seen->clear = scan(ix, seen->clear, ix->count, filter);
}

static index_t *ensure(actor_t *a) {
    cold_t *cold = actor_cold(a);
    if (!cold->index) cold->index = calloc(1, sizeof *cold->index);
    if (cold->index) a->ctx.flags |= ACTOR_INDEXED;
    return cold->index;
}

fragment_t *index_pass(actor_t *a, fragment_t *skipped, const index_filter_t *filter, uint32_t *passed) {
    index_t *ix = filter->count ? ensure(a) : NULL;
    *passed = 0;
    if (!ix || !extend(ix, a)) return skipped;
    uint32_t from = find(ix, skipped) + 1;
    ix->at = next_fit(ix, from, filter);
    *passed = ix->at - from;
    return last_of(ix, ix->at);
}

void index_forget(actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    index_t *ix = cold->index;
    bool oldest = message_at(ix, ix->first) == f;
    uint32_t i = oldest ? ix->first : find(ix, f);
    f->flags &= ~(uint32_t)AREA_INDEXED;
    make_hole(ix, i, i);
    if (!--ix->live) {
        index_free(cold);
        a->ctx.flags &= ~(uint32_t)ACTOR_INDEXED;
        return;
    }
    while (is_hole(ix, ix->first)) ix->first++;
    if (!oldest) ix->at = i;
}

void index_free(cold_t *cold) {
    index_t *ix = cold->index;
    if (!ix) return;
    free(ix->marks);
    free(ix->entries);
    free(ix);
    cold->index = NULL;
}
