/* cold.h - what few actors need, outside the hot block; made when first needed, freed at the actor's end. */
#ifndef BUSKIN_COLD_H
#define BUSKIN_COLD_H

#include "actor/actor.h"
#include "base/map.h"

typedef struct cold {
    const buskin_spawn_desc_t *desc;
    fragment_t *reason;  /* why it must end, or is ending: data is a buskin_notice and the reason's bytes */
    map_t links;         /* pid -> 0, or the id of an unlink that is not yet acknowledged */
    map_t watching;      /* reference -> pid that this actor monitors, or calls */
    map_t watchers;      /* reference -> pid that monitors this actor, or waits for its reply */
    uint64_t asked;      /* reference of the request or call that the actor waits for (WAIT_ANSWER, WAIT_REPLY), or 0 */
    fragment_t *answer;  /* to it: SIGNAL_ANSWER, the REPLY or the DOWN; or NULL as yet */
    uint64_t answer_by;  /* WAIT_REPLY: when the call times out, in ns; 0: never */
    uint64_t sending_to; /* the request is to take a message: the bounded mailbox that it waits for; else 0 */
    fragment_t *late;    /* requests that came when its end was certain, newest first: answered when it is over */
    map_t *by_name;      /* reference -> fragment with the name, of monitors that were made by name; or NULL */
    map_t *jobs;         /* pid -> reference of the jobs that this actor has not awaited yet, or NULL */
    uint64_t job;        /* this actor is a job: the reference that its result bears; else 0 */
    uint64_t
        keeper; /* a supervisor's monitor on this actor, which ends at the latest when that supervisor does; or 0 */
    struct attempt *attempt;     /* under way, on the actor's own stack (ACTOR_ATTEMPT) */
    uint64_t turns;              /* used up so far */
    uint64_t end_by_ns;          /* when its terminate callback must be done */
    struct mailbox_index *index; /* of a long mailbox, or NULL; see index.h */
    struct name *names;          /* that it owns; guarded by the registry's lock once it is not NULL */
    uint64_t pid, told;          /* after its end: who it was, and how many know of it; see sched/tell.c */
    struct cold *next_untold;
    uint32_t code; /* of the reason, should there be no memory for that */
    bool named;    /* has owned a name: the registry is asked at its end */
} cold_t;

static inline cold_t *actor_cold(const actor_t *a) { return a->meta & 1 ? (cold_t *)(a->meta & ~(uintptr_t)1) : NULL; }

static inline const buskin_spawn_desc_t *actor_desc(const actor_t *a) {
    const cold_t *cold = actor_cold(a);
    return cold ? cold->desc : (const buskin_spawn_desc_t *)a->meta;
}

static inline const char *actor_name(const actor_t *a) {
    const buskin_spawn_desc_t *desc = actor_desc(a);
    return desc && desc->name ? desc->name : "actor";
}

/* NULL: no memory. */
cold_t *cold_make(actor_t *a, pool_t *pool);
static inline cold_t *cold_ensure(actor_t *a, pool_t *pool) {
    cold_t *cold = actor_cold(a);
    return cold ? cold : cold_make(a, pool);
}
void cold_free(actor_t *a, pool_t *pool);
/* The same for a block that no actor has any more. */
void cold_discard(cold_t *cold, pool_t *pool);
/* The map of jobs, made if there is none. NULL: no memory. */
map_t *cold_jobs(cold_t *cold, pool_t *pool);
/* Keeps the name of a monitor; false: no memory. */
bool cold_name_put(cold_t *cold, pool_t *pool, uint64_t ref, const char *name, uint64_t length);
/* Takes it out, for the caller to free; NULL: that monitor has none. */
fragment_t *cold_name_take(cold_t *cold, uint64_t ref);

#endif
