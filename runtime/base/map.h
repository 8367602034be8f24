/* map.h - a small map from nonzero 64-bit keys to 64-bit values: the links and monitors of an actor.
 *
 * Open addressing with linear probing and deletion by shifting back, so there are no tombstones. The first MAP_INLINE
 * entries live in the record itself: most actors have no more. Not synchronised; the owner's alone.
 */
#ifndef BUSKIN_MAP_H
#define BUSKIN_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum { MAP_INLINE = 2 }; /* no more: map_add and map_take look at both */

typedef struct map_entry {
    uint64_t key; /* 0: empty */
    uint64_t value;
} map_entry_t;

typedef struct map {
    uint32_t count;
    uint32_t capacity; /* of entries; 0 while the inline ones suffice */
    union {
        map_entry_t few[MAP_INLINE];
        map_entry_t *entries;
    };
} map_t;

/* The value of key, or NULL, as for 0. Valid until the map changes. */
uint64_t *map_find(map_t *map, uint64_t key);
/* Adds or replaces. false: no memory. */
bool map_put(map_t *map, uint64_t key, uint64_t value);
/* false: it was not there. */
bool map_remove(map_t *map, uint64_t key);
void map_free(map_t *map);

/* map_put of a key that is not there, and map_remove: inline while the entries are. */
static inline bool map_add(map_t *map, uint64_t key, uint64_t value) {
    if (map->capacity || map->count == MAP_INLINE) return map_put(map, key, value);
    map->few[map->few[0].key != 0] = (map_entry_t){key, value};
    map->count++;
    return true;
}
static inline bool map_take(map_t *map, uint64_t key) {
    if (map->capacity) return map_remove(map, key);
    if (!key) return false;
    map_entry_t *e = &map->few[map->few[0].key != key];
    if (e->key != key) return false;
    e->key = 0;
    map->count--;
    return true;
}

/* All entries in no order: for (map_entry_t *e = map_first(m); e; e = map_next(m, e)). */
map_entry_t *map_first(map_t *map);
map_entry_t *map_next(map_t *map, map_entry_t *e);

#endif
