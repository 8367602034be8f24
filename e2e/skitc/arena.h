/*
 * arena.h - memory of one compilation: allocated piece by piece, freed all at once; interned names; growing arrays.
 */
#ifndef SKITC_ARENA_H
#define SKITC_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct arena_block arena_block;

typedef struct arena {
    arena_block *blocks;
    char *at, *limit;
} arena;

/* Zeroed, aligned to 16 bytes; ends the process with a message when there is no memory. */
void *arena_alloc(arena *a, size_t size);
char *arena_copy(arena *a, const char *text, size_t len); /* adds a NUL */
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(arena *a);

#define NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define NEW_ARRAY(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

/* Growing array: `VEC(int) v = {0}; vec_push(a, v, 7);` then v.items[0 .. v.n). */
#define VEC(T)           \
    struct {             \
        T *items;        \
        int32_t n, room; \
    }

#define vec_push(a, v, x)                                                                                 \
    do {                                                                                                  \
        if ((v).n == (v).room) (v).items = vec_grow((a), (v).items, (v).n, &(v).room, sizeof *(v).items); \
        (v).items[(v).n++] = (x);                                                                         \
    } while (0)

void *vec_grow(arena *a, void *items, int32_t n, int32_t *room, size_t size);

/* Map from interned names (compared by address) to pointers. */
typedef struct map {
    const char **keys;
    void **values;
    uint32_t n, room;
} map;

void *map_get(const map *m, const char *key);
void map_put(arena *a, map *m, const char *key, void *value);

/* All names of a compilation; equal names are one pointer. */
typedef struct name_table {
    const char **items;
    uint32_t n, room;
} name_table;

const char *name_intern(arena *a, name_table *table, const char *text, size_t len);

#endif
