/* registry.c - name to pid: a chained hash table under one lock.
 *
 * Only the home of an actor adds a name for it (others ask it to, by SIGNAL_REGISTER), and the same home releases the
 * actor's names before its pid dies and before anybody hears of its end (S2.8, S6.2). So an entry's owner is always
 * alive, no lookup needs to check, and the list of an actor's names can lie in its cold block, under the same lock.
 */
#include "sched/registry.h"

#include "base/alloc.h"
#include "base/lock.h"

#include <stdlib.h>

typedef struct name {
    struct name *next;         /* of the bucket */
    struct name *owner_next;   /* of the same owner */
    struct name **owner_first; /* the owner's list, in its cold block */
    uint64_t hash, pid;
    uint8_t length;
    char bytes[];
} name_t;

static lock_t registry_lock;
static name_t **buckets;
static uint32_t bucket_count, name_count;

bool registry_name_is_valid(const char *name, uint64_t length) {
    return name && length >= 1 && length <= NAME_MAX_BYTES && !memchr(name, 0, length);
}

static uint64_t name_hash(const char *name, uint64_t length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3u;
    return hash;
}

static name_t **name_place(const char *name, uint64_t length, uint64_t hash) {
    name_t **place = &buckets[hash & (bucket_count - 1)];
    while (*place && !((*place)->hash == hash && (*place)->length == length && !memcmp((*place)->bytes, name, length)))
        place = &(*place)->next;
    return place;
}

static bool registry_grow(void) {
    uint32_t count = bucket_count ? 2 * bucket_count : 64;
    name_t **grown = alloc_zeroed(count, sizeof *grown);
    if (!grown) return false;
    for (uint32_t i = 0; i < bucket_count; i++)
        for (name_t *n = buckets[i], *next; n; n = next) {
            next = n->next;
            n->next = grown[n->hash & (count - 1)];
            grown[n->hash & (count - 1)] = n;
        }
    free(buckets);
    buckets = grown;
    bucket_count = count;
    return true;
}

static int32_t add_locked(uint64_t pid, cold_t *cold, const char *name, uint64_t length) {
    uint64_t hash = name_hash(name, length);
    if (name_count >= bucket_count && !registry_grow() && !bucket_count) return BUSKIN_ENOMEM;
    name_t **place = name_place(name, length, hash);
    if (*place) return BUSKIN_ETAKEN;
    name_t *n = alloc_zeroed(1, sizeof *n + length);
    if (!n) return BUSKIN_ENOMEM;
    *n = (name_t){.hash = hash, .pid = pid, .length = (uint8_t)length, .owner_first = &cold->names};
    n->owner_next = cold->names;
    cold->names = n;
    memcpy(n->bytes, name, length);
    *place = n;
    name_count++;
    return BUSKIN_OK;
}

int32_t registry_add(actor_t *a, const char *name, uint64_t length) {
    cold_t *cold = actor_cold(a); /* made by the caller */
    if (a->ctx.flags & (ACTOR_DYING | ACTOR_ENDING)) return BUSKIN_ENOPROC;
    if (!cold) return BUSKIN_ENOMEM;
    lock_take(&registry_lock);
    int32_t status = add_locked(a->ctx.pid, cold, name, length);
    lock_drop(&registry_lock);
    if (status == BUSKIN_OK) cold->named = true;
    return status;
}

static void name_free(name_t **place) {
    name_t *n = *place;
    *place = n->next;
    name_t **own = n->owner_first;
    while (*own != n) own = &(*own)->owner_next;
    *own = n->owner_next;
    free(n);
    name_count--;
}

int32_t registry_remove(const char *name, uint64_t length) {
    lock_take(&registry_lock);
    name_t **place = bucket_count ? name_place(name, length, name_hash(name, length)) : NULL;
    bool found = place && *place;
    if (found) name_free(place);
    lock_drop(&registry_lock);
    return found ? BUSKIN_OK : BUSKIN_ENOTFOUND;
}

uint64_t registry_find(const char *name, uint64_t length) {
    lock_take(&registry_lock);
    name_t **place = bucket_count ? name_place(name, length, name_hash(name, length)) : NULL;
    uint64_t pid = place && *place ? (*place)->pid : 0;
    lock_drop(&registry_lock);
    return pid;
}

void registry_release(cold_t *cold) {
    lock_take(&registry_lock);
    while (cold->names) name_free(name_place(cold->names->bytes, cold->names->length, cold->names->hash));
    lock_drop(&registry_lock);
}

void registry_clear(void) {
    lock_take(&registry_lock);
    for (uint32_t i = 0; i < bucket_count; i++)
        for (name_t *n = buckets[i], *next; n; n = next) {
            next = n->next;
            free(n);
        }
    free(buckets);
    buckets = NULL;
    bucket_count = name_count = 0;
    lock_drop(&registry_lock);
}
