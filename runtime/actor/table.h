/* table.h - the actor table: pid to block and back.
 *
 * A pid is (generation << 32) | slot. Blocks never move and are never unmapped, so a stale pid is found out by one
 * comparison with the block's own. A slot whose generation would wrap is retired.
 */
#ifndef BUSKIN_TABLE_H
#define BUSKIN_TABLE_H

#include "actor/actor.h"

enum { TABLE_SLOTS_MAX = 1 << 24 };

extern actor_t *table_base;
extern remote_t *table_remotes; /* by the same slot */
extern uint32_t table_slots;    /* how many fit */

/* Blocks that are free at one worker, or at the threads without one. */
typedef struct table_cache {
    uint32_t *free;
    uint32_t count, capacity;
    uint8_t home; /* of the blocks that are taken from here: the worker, or HOME_NONE */
} table_cache_t;

bool table_init(uint32_t max_actors); /* false: no address space */
/* A free block with its new pid and its home set, all else as its last occupant left it; NULL at the limit. What late senders to
 * that one have pushed may lie in its remote list: the new actor takes it in at its first turn. */
actor_t *table_take(table_cache_t *cache);
/* The actor is there: from now on its pid is found. Pairs with table_find: who has guessed the pid sees the block as it was made. */
static inline void table_publish_pid(actor_t *a) { store_release(&a->remote->pid, a->ctx.pid); }
/* The occupant has ended: its pid is found no more, and the block has that of the next one. */
void table_retire_pid(actor_t *a);
void table_give(table_cache_t *cache, actor_t *a);
void table_drain(table_cache_t *cache);
/* Slots that were ever used; [1, n). */
uint32_t table_used(void);

/* The pid of the block's occupant, from any thread; 0: none. */
static inline uint64_t actor_pid_relaxed(const actor_t *a) { return load_relaxed(&a->remote->pid); }

/* The live actor of this pid, or NULL. The array covers every slot number, used or not, so nothing but the comparison is
 * needed; no pid equals what stands in slot 0. From another thread the answer may be old when it is used. */
static inline actor_t *table_find(uint64_t pid) {
    uint64_t slot = pid & (TABLE_SLOTS_MAX - 1);
    /* pairs with table_publish_pid */
    return likely(load_acquire(&table_remotes[slot].pid) == pid) ? &table_base[slot] : NULL;
}

#endif
