/* map.h - from addresses to numbers: open addressing, grows by doubling, no removal.
 *
 * LLVM-C gives blocks and functions no number, and analyses over a module of 100,000 instructions must find
 * one's data in constant time.
 */
#ifndef BUSKIN_CG_MAP_H
#define BUSKIN_CG_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct map_entry {
    const void *key; /* NULL: free */
    uintptr_t value;
} map_entry_t;

typedef struct map {
    map_entry_t *entries;
    size_t used, room; /* room is 0 or a power of two */
} map_t;

#define MAP_NONE UINTPTR_MAX

bool map_put(map_t *map, const void *key, uintptr_t value); /* replaces; false: no memory */
uintptr_t map_get(const map_t *map, const void *key);       /* MAP_NONE: absent */
void map_clear(map_t *map);                                 /* keeps the memory of a small one */
void map_free(map_t *map);

#endif /* BUSKIN_CG_MAP_H */
