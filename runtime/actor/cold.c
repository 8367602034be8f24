/* cold.c - making and freeing cold blocks. */
#include "actor/index.h"

cold_t *cold_make(actor_t *a, pool_t *pool) {
    cold_t *cold = piece_take(pool, PIECE_PLAIN, piece_class(sizeof *cold));
    if (!cold) return NULL;
    *cold = (cold_t){.desc = (const buskin_spawn_desc_t *)a->meta};
    a->meta = (uintptr_t)cold | 1;
    return cold;
}

static map_t *map_ensure(map_t **map, pool_t *pool) {
    if (!*map) {
        *map = piece_take(pool, PIECE_PLAIN, piece_class(sizeof **map));
        if (*map) **map = (map_t){0};
    }
    return *map;
}

static void map_give(map_t *map, pool_t *pool) {
    if (!map) return;
    map_free(map);
    piece_give(pool, PIECE_PLAIN, piece_class(sizeof *map), map);
}

map_t *cold_jobs(cold_t *cold, pool_t *pool) { return map_ensure(&cold->jobs, pool); }

/* -- Names of monitors -- */

static fragment_t *name_of(uint64_t value) { return (fragment_t *)(uintptr_t)value; }

bool cold_name_put(cold_t *cold, pool_t *pool, uint64_t ref, const char *name, uint64_t length) {
    fragment_t *f = map_ensure(&cold->by_name, pool) ? fragment_bytes(pool, name, length) : NULL;
    if (f && map_put(cold->by_name, ref, (uint64_t)(uintptr_t)f)) return true;
    if (f) fragment_free(pool, f);
    return false;
}

fragment_t *cold_name_take(cold_t *cold, uint64_t ref) {
    uint64_t *value = cold->by_name ? map_find(cold->by_name, ref) : NULL;
    if (!value) return NULL;
    fragment_t *f = name_of(*value);
    map_remove(cold->by_name, ref);
    return f;
}

static void cold_free_names(cold_t *cold, pool_t *pool) {
    if (!cold->by_name) return;
    for (map_entry_t *e = map_first(cold->by_name); e; e = map_next(cold->by_name, e))
        fragment_free(pool, name_of(e->value));
    map_give(cold->by_name, pool);
}

void cold_discard(cold_t *cold, pool_t *pool) {
    if (cold->reason) fragment_free(pool, cold->reason);
    if (cold->answer) fragment_free(pool, cold->answer);
    for (fragment_t *f = cold->late, *next; f; f = next) {
        next = f->next;
        fragment_free(pool, f);
    }
    map_free(&cold->links);
    map_free(&cold->watching);
    map_free(&cold->watchers);
    map_give(cold->jobs, pool);
    cold_free_names(cold, pool);
    index_free(cold);
    piece_give(pool, PIECE_PLAIN, piece_class(sizeof *cold), cold);
}

void cold_free(actor_t *a, pool_t *pool) {
    cold_t *cold = actor_cold(a);
    if (!cold) return;
    a->meta = (uintptr_t)cold->desc;
    cold_discard(cold, pool);
}
