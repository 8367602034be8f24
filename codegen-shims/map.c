/* map.c - see map.h. Linear probing over a power of two, at most three quarters full; the hash is a
 * multiplication, whose high bits mix all bits of an address. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

static size_t map_slot(const map_t *map, const void *key) {
    uint64_t hash = (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (map->room - 1);
    while (map->entries[i].key && map->entries[i].key != key) i = (i + 1) & (map->room - 1);
    return i;
}

static bool map_grow(map_t *map) {
    map_t bigger = {.room = map->room ? 2 * map->room : 64, .used = map->used};
    bigger.entries = calloc(bigger.room, sizeof *bigger.entries);
    if (!bigger.entries) return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->entries[i].key) bigger.entries[map_slot(&bigger, map->entries[i].key)] = map->entries[i];
    free(map->entries);
    *map = bigger;
    return true;
}

bool map_put(map_t *map, const void *key, uintptr_t value) {
    if (4 * map->used >= 3 * map->room && !map_grow(map)) return false;
    map_entry_t *entry = &map->entries[map_slot(map, key)];
    map->used += !entry->key;
    *entry = (map_entry_t){key, value};
    return true;
}

uintptr_t map_get(const map_t *map, const void *key) {
    if (!map->room) return MAP_NONE;
    const map_entry_t *entry = &map->entries[map_slot(map, key)];
    return entry->key ? entry->value : MAP_NONE;
}

void map_free(map_t *map) {
    free(map->entries);
    *map = (map_t){0};
}

/* A large table is given back: clearing it would cost a later small user as much as the large one. */
void map_clear(map_t *map) {
    if (map->room > 256) map_free(map);
    if (map->room) memset(map->entries, 0, map->room * sizeof *map->entries);
    map->used = 0;
}
