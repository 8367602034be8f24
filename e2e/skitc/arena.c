/*
 * arena.c - a compilation allocates many small things that all die together, so an allocation is a pointer bump in
 * a block, and freeing walks the blocks. Tables here grow by copying; the old copy stays in the arena, which at
 * most doubles the memory of a table.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    arena_block *next;
    char pad[8];
    char bytes[];
};

enum { BLOCK_SIZE = 1 << 16 };

static void arena_grow(arena *a, size_t need) {
    size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
    arena_block *b = calloc(1, sizeof *b + size);
    if (!b) {
        fputs("skitc: out of memory\n", stderr);
        exit(1);
    }
    b->next = a->blocks;
    a->blocks = b;
    a->at = b->bytes;
    a->limit = b->bytes + size;
}

void *arena_alloc(arena *a, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (!a->at || (size_t)(a->limit - a->at) < size) arena_grow(a, size);
    void *p = a->at;
    a->at += size;
    return p;
}

char *arena_copy(arena *a, const char *text, size_t len) {
    char *copy = arena_alloc(a, len + 1);
    if (len) memcpy(copy, text, len);
    return copy;
}

char *arena_printf(arena *a, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(a, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_free(arena *a) {
    for (arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (arena){0};
}

void *vec_grow(arena *a, void *items, int32_t n, int32_t *room, size_t size) {
    *room = *room ? *room * 2 : 4;
    void *bigger = arena_alloc(a, (size_t)*room * size);
    if (n) memcpy(bigger, items, (size_t)n * size);
    return bigger;
}

/* -- Maps ---------------------------------------------------------------------------------------------------- */

static uint32_t hash_pointer(const void *p) { return (uint32_t)(((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u >> 32); }

static uint32_t map_slot(const map *m, const char *key) {
    uint32_t i = hash_pointer(key) & (m->room - 1);
    while (m->keys[i] && m->keys[i] != key) i = (i + 1) & (m->room - 1);
    return i;
}

void *map_get(const map *m, const char *key) { return m->room ? m->values[map_slot(m, key)] : NULL; }

static void map_grow(arena *a, map *m) {
    map old = *m;
    m->room = old.room ? old.room * 2 : 16;
    m->keys = NEW_ARRAY(a, const char *, m->room);
    m->values = NEW_ARRAY(a, void *, m->room);
    for (uint32_t i = 0; i < old.room; i++) {
        if (!old.keys[i]) continue;
        uint32_t slot = map_slot(m, old.keys[i]);
        m->keys[slot] = old.keys[i];
        m->values[slot] = old.values[i];
    }
}

void map_put(arena *a, map *m, const char *key, void *value) {
    if (m->n * 2 >= m->room) map_grow(a, m);
    uint32_t slot = map_slot(m, key);
    if (!m->keys[slot]) m->n++;
    m->keys[slot] = key;
    m->values[slot] = value;
}

/* -- Names --------------------------------------------------------------------------------------------------- */

static uint32_t hash_text(const char *text, size_t len) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

static uint32_t name_slot(const name_table *t, const char *text, size_t len) {
    uint32_t i = hash_text(text, len) & (t->room - 1);
    while (t->items[i] && (strncmp(t->items[i], text, len) != 0 || t->items[i][len])) i = (i + 1) & (t->room - 1);
    return i;
}

static void names_grow(arena *a, name_table *t) {
    name_table old = *t;
    t->room = old.room ? old.room * 2 : 256;
    t->items = NEW_ARRAY(a, const char *, t->room);
    for (uint32_t i = 0; i < old.room; i++)
        if (old.items[i]) t->items[name_slot(t, old.items[i], strlen(old.items[i]))] = old.items[i];
}

const char *name_intern(arena *a, name_table *table, const char *text, size_t len) {
    if (table->n * 2 >= table->room) names_grow(a, table);
    uint32_t slot = name_slot(table, text, len);
    if (!table->items[slot]) {
        table->items[slot] = arena_copy(a, text, len);
        table->n++;
    }
    return table->items[slot];
}
