/* table.c - blocks of actors in one reserved array, cached per worker.
 *
 * A remote_t's pid is the pid of its slot's occupant, or 0 in a free block, so a lookup needs no "is it alive" bit. The pid of the
 * next occupant is in the block, and found by nobody before there is one: it may be guessed. Caches exchange batches under a lock.
 * The limit is one of blocks that live or lie in a cache, so near it the caches hold few: what one worker has free
 * another may want.
 *
 * A free block still has a home, the last one, which answers what late senders push (sched/worker.c). It holds in_inbox while it
 * does, and so must whoever changes the home; then nobody but the home of a block ever looks into it (tests/model/block.pml).
 */
#include "actor/table.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "port/port.h"

#include <stdlib.h>

enum { TABLE_BATCH = 64, TABLE_CACHE_MAX = 1024 * TABLE_BATCH };

actor_t *table_base;
remote_t *table_remotes;
uint32_t table_slots;

static lock_t table_lock;
static uint32_t table_next;
static uint32_t table_lent;  /* blocks outside the depot */
static uint32_t table_batch; /* how many a cache takes */
static uint32_t table_spare; /* how many it may have free */
static uint32_t *table_depot;
static uint32_t table_depot_count, table_depot_capacity;

bool table_init(uint32_t max_actors) {
    if (max_actors >= TABLE_SLOTS_MAX) max_actors = TABLE_SLOTS_MAX - 1;
    if (!table_base) table_base = vm_map((size_t)TABLE_SLOTS_MAX * sizeof(actor_t));
    if (!table_base) return false;
    if (!table_remotes) {
        table_remotes = vm_map((size_t)TABLE_SLOTS_MAX * sizeof(remote_t));
        if (!table_remotes) return false;
        table_next = 1;
        store_relaxed(&table_remotes[0].pid, 1); /* would be slot 1: never matches */
    }
    table_slots = max_actors + 1;
    table_spare = table_slots / 64 < TABLE_CACHE_MAX ? table_slots / 64 + 1 : TABLE_CACHE_MAX;
    table_batch = table_spare < TABLE_BATCH ? (table_spare + 1) / 2 : TABLE_BATCH;
    return true;
}

uint32_t table_used(void) {
    lock_take(&table_lock);
    uint32_t n = table_next;
    lock_drop(&table_lock);
    return n;
}

static bool cache_grow(uint32_t **items, uint32_t *capacity, uint32_t want) {
    uint32_t n = *capacity ? *capacity : 4 * TABLE_BATCH;
    while (n < want) n *= 2;
    if (n == *capacity) return true;
    void *grown = alloc_grown(*items, n * sizeof **items);
    if (!grown) return false;
    *items = grown;
    *capacity = n;
    return true;
}

static void block_make(uint32_t slot, uint8_t home) {
    store_relaxed(&table_remotes[slot].home, home);
    table_base[slot].remote = &table_remotes[slot];
    table_base[slot].ctx.pid = 1ull << 32 | slot;
    store_relaxed(&table_remotes[slot].pid, 0);
    store_relaxed(&table_remotes[slot].list, REMOTE_IDLE);
}

/* Adds some blocks. false: there are none. */
static bool table_refill(table_cache_t *cache) {
    uint32_t before = cache->count;
    if (!cache_grow(&cache->free, &cache->capacity, before + TABLE_BATCH)) return false;
    lock_take(&table_lock);
    uint32_t n = table_batch, room = table_lent < table_slots - 1 ? table_slots - 1 - table_lent : 0;
    if (n > room) n = room;
    while (table_depot_count && cache->count < before + n)
        cache->free[cache->count++] = table_depot[--table_depot_count];
    if (cache->count == before) {
        CHECK(!n || table_next + n <= table_slots); /* all that were ever made are lent now */
        for (uint32_t i = n; i; i--) {              /* the lowest slot is taken first */
            block_make(table_next + i - 1, cache->home);
            cache->free[cache->count++] = table_next + i - 1;
        }
        table_next += n;
    }
    table_lent += cache->count - before;
    lock_drop(&table_lock);
    return cache->count > before;
}

/* false: the block's last home is about to look at what came late. */
static bool block_claim(actor_t *a, uint8_t home) {
    remote_t *remote = a->remote;
    if (likely(load_relaxed(&remote->home) == home)) return true;
    if (exchange_seq_cst(&remote->in_inbox, 1)) return false; /* acquire: pairs with the release in inbox_visit_free */
    store_seq_cst(&remote->home, home); /* before in_inbox: whoever takes that sees this. Pairs with deliver_notify */
    store_seq_cst(&remote->in_inbox, 0);
    return true;
}

actor_t *table_take(table_cache_t *cache) {
    do
        for (uint32_t i = cache->count; i--;) {
            actor_t *a = &table_base[cache->free[i]];
            if (unlikely(!block_claim(a, cache->home))) continue;
            cache->free[i] = cache->free[--cache->count];
            return a;
        }
    while (table_refill(cache));
    return NULL;
}

void table_retire_pid(actor_t *a) {
    uint64_t next = a->ctx.pid + (1ull << 32);
    if (next >> 32 == 0xffffffffu) next = 0; /* never found, never given out again */
    a->ctx.pid = next;
    store_relaxed(&a->remote->pid, 0);
}

static void table_spill(table_cache_t *cache, uint32_t keep) {
    lock_take(&table_lock);
    uint32_t n = cache->count - keep;
    if (cache_grow(&table_depot, &table_depot_capacity, table_depot_count + n)) {
        table_lent -= n;
        while (cache->count > keep) table_depot[table_depot_count++] = cache->free[--cache->count];
    }
    lock_drop(&table_lock);
}

void table_give(table_cache_t *cache, actor_t *a) {
    if (!a->ctx.pid) return; /* the generations of this slot are used up */
    if (unlikely(cache->count == cache->capacity) && !cache_grow(&cache->free, &cache->capacity, cache->count + 1))
        return; /* the block is lost, not the program */
    cache->free[cache->count++] = (uint32_t)(a - table_base);
    if (unlikely(cache->count > table_spare)) table_spill(cache, table_spare / 2);
}

void table_drain(table_cache_t *cache) {
    if (cache->count) table_spill(cache, 0);
    free(cache->free);
    *cache = (table_cache_t){.home = cache->home};
}
