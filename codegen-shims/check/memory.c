/* memory.c - two arenas, and the way out when there is no more memory. */
#include "check.h"

#include <stdlib.h>

typedef struct arena_block {
    struct arena_block *before;
    size_t used, room;
    max_align_t bytes[];
} arena_block_t;

enum { BLOCK = 64 * 1024 };

static _Noreturn void memory_out(check_t *c) { longjmp(c->no_memory, 1); }

void *check_take(check_t *c, arena_t *arena, size_t bytes) {
    bytes = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    arena_block_t *block = arena->last;
    if (!block || block->room - block->used < bytes) {
        size_t room = bytes > BLOCK ? bytes : BLOCK;
        block = calloc(1, sizeof *block + room);
        if (!block) memory_out(c);
        block->room = room;
        block->before = arena->last;
        arena->last = block;
    }
    void *result = (char *)block->bytes + block->used;
    block->used += bytes;
    return result;
}

void *check_grow(check_t *c, arena_t *arena, void *array, size_t n, size_t *room, size_t size) {
    if (n < *room) return array;
    size_t more = *room ? 2 * *room : 8;
    void *grown = check_take(c, arena, more * size);
    if (n) memcpy(grown, array, n * size);
    *room = more;
    return grown;
}

void check_put(check_t *c, map_t *map, const void *key, uintptr_t value) {
    if (!map_put(map, key, value)) memory_out(c);
}

void arena_free(arena_t *arena) {
    while (arena->last) {
        arena_block_t *block = arena->last;
        arena->last = block->before;
        free(block);
    }
}
