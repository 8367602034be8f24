/* world.c - stop the world, cooperatively.
 *
 * `running` counts the workers that may run actors. A worker leaves while it sleeps; the collector sets SCHEDULER_COLLECT,
 * which workers see when they choose their next actor, and waits until nobody runs. All of them then stand in handlers,
 * so every actor's frames are [sp, top of its stack), present in the slot or spilled, with its registers among them.
 * A worker whose actor computes for long is waited for until that uses up its turn.
 *
 * An actor in a foreign-call bracket would run on with frames that nobody has saved; so with this heap
 * buskin_foreign_enter answers ESTATE, as it does on shared slots, and buskin_blocking_call is the way.
 */
#include "sched/world.h"

#include "actor/side.h"
#include "sched/worker.h"

static pthread_mutex_t world_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t world_changed = PTHREAD_COND_INITIALIZER;
static unsigned running;
static bool collecting;
static uint32_t slots_to_scan; /* of the actor table; known before threads are stopped that may hold its lock */

/* -- Roots -- */

static void push_frames(const actor_t *a, backend_push *push) {
    const char *top = stack_top(a);
    if (unlikely(a->ctx.flags & ACTOR_CLEANING)) {
        push(a->sp, top);
        push(side_of(a)->frames, stack_frames_top(a));
        return;
    }
    bool present = a->ctx.flags & BUSKIN_CTX_OWN_STACK || slots[a->slot].occupant == a;
    if (present) {
        push(a->sp, top);
    } else {
        const char *copy = a->spilled; /* ends where the top's line ends */
        size_t bytes = (size_t)(top - a->sp + 63) & ~(size_t)63;
        push(copy, copy + bytes);
    }
}

static void push_actors(backend_push *push) {
    for (uint32_t i = 1; i < slots_to_scan; i++) {
        const actor_t *a = &table_base[i];
        if (a->state == ACTOR_FREE) continue;
        const heap_t *heap = heap_of(&a->ctx);
        if (heap) push(&heap->state, &heap->state + 1);
        if (!actor_is_new(a)) push_frames(a, push); /* nor has the thread that called init a stack of ours */
    }
}

bool world_open(void) {
    running = 0;
    collecting = false;
    return backend_open_whole(push_actors);
}

/* -- Stopping -- */

void world_enter(void) {
    if (likely(!backend_whole)) return;
    pthread_mutex_lock(&world_mutex);
    while (collecting) pthread_cond_wait(&world_changed, &world_mutex);
    running++;
    pthread_mutex_unlock(&world_mutex);
}

void world_leave(void) {
    if (likely(!backend_whole)) return;
    pthread_mutex_lock(&world_mutex);
    if (!--running) pthread_cond_broadcast(&world_changed);
    pthread_mutex_unlock(&world_mutex);
}

void world_pause(void) {
    world_leave();
    world_enter();
}

void world_collect(bool inside) {
    pthread_mutex_lock(&world_mutex);
    if (inside && !--running) pthread_cond_broadcast(&world_changed);
    bool mine = !collecting; /* else another one is at it: that will do for us */
    if (mine) {
        collecting = true;
        atomic_fetch_or(&scheduler.notice, SCHEDULER_COLLECT); /* pairs with the loads in worker.c */
        while (running) pthread_cond_wait(&world_changed, &world_mutex);
        pthread_mutex_unlock(&world_mutex);
        slots_to_scan = table_used();
        backend_collect();
        pthread_mutex_lock(&world_mutex);
        atomic_fetch_and(&scheduler.notice, ~(uint32_t)SCHEDULER_COLLECT);
        collecting = false;
        pthread_cond_broadcast(&world_changed);
    }
    while (collecting) pthread_cond_wait(&world_changed, &world_mutex);
    if (inside) running++;
    pthread_mutex_unlock(&world_mutex);
}
