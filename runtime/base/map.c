/* map.c - the map: a handful of inline entries, then a table of a power of two, at most three quarters full. */
#include "base/map.h"

#include "base/alloc.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum { MAP_START = 8 };

static uint32_t map_home(uint64_t key, uint32_t capacity) {
    return (uint32_t)(key * 0x9E3779B97F4A7C15u >> 32) & (capacity - 1);
}

static map_entry_t *map_entries(map_t *map) { return map->capacity ? map->entries : map->few; }
static uint32_t map_size(const map_t *map) { return map->capacity ? map->capacity : MAP_INLINE; }

static map_entry_t *map_slot(map_t *map, uint64_t key) {
    map_entry_t *entries = map_entries(map);
    if (!map->capacity) {
        for (uint32_t i = 0; i < MAP_INLINE; i++)
            if (entries[i].key == key) return &entries[i];
        return NULL;
    }
    uint32_t i = map_home(key, map->capacity);
    while (entries[i].key && entries[i].key != key) i = (i + 1) & (map->capacity - 1);
    return &entries[i];
}

uint64_t *map_find(map_t *map, uint64_t key) {
    if (!map->count || !key) return NULL; /* 0, which callers may pass on unseen, would be found in any empty place */
    map_entry_t *e = map_slot(map, key);
    return e && e->key == key ? &e->value : NULL;
}

static bool map_grow(map_t *map) {
    uint32_t capacity = map->capacity ? 2 * map->capacity : MAP_START;
    map_entry_t *entries = alloc_zeroed(capacity, sizeof *entries);
    if (!entries) return false;
    map_t grown = {.count = map->count, .capacity = capacity, .entries = entries};
    for (map_entry_t *e = map_first(map); e; e = map_next(map, e)) *map_slot(&grown, e->key) = *e;
    if (map->capacity) free(map->entries);
    *map = grown;
    return true;
}

bool map_put(map_t *map, uint64_t key, uint64_t value) {
    CHECK(key);
    uint64_t *present = map_find(map, key);
    if (present) {
        *present = value;
        return true;
    }
    if (map->capacity ? 4 * (map->count + 1) > 3 * map->capacity : map->count == MAP_INLINE)
        if (!map_grow(map)) return false;
    map_entry_t *e = map_slot(map, map->capacity ? key : 0);
    *e = (map_entry_t){key, value};
    map->count++;
    return true;
}

bool map_remove(map_t *map, uint64_t key) {
    if (!map_find(map, key)) return false;
    map_entry_t *entries = map_entries(map);
    uint32_t mask = map->capacity - 1, hole = (uint32_t)(map_slot(map, key) - entries);
    map->count--;
    entries[hole].key = 0;
    if (!map->capacity) return true;
    for (uint32_t i = (hole + 1) & mask; entries[i].key; i = (i + 1) & mask) {
        uint32_t home = map_home(entries[i].key, map->capacity);
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* it may not move before its home */
        entries[hole] = entries[i];
        entries[i].key = 0;
        hole = i;
    }
    return true;
}

void map_free(map_t *map) {
    if (map->capacity) free(map->entries);
    memset(map, 0, sizeof *map);
}

static map_entry_t *map_from(map_t *map, uint32_t i) {
    map_entry_t *entries = map_entries(map);
    for (; i < map_size(map); i++)
        if (entries[i].key) return &entries[i];
    return NULL;
}

map_entry_t *map_first(map_t *map) { return map->count ? map_from(map, 0) : NULL; }
map_entry_t *map_next(map_t *map, map_entry_t *e) { return map_from(map, (uint32_t)(e - map_entries(map)) + 1); }
