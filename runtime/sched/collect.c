/* collect.c - collections of an actor's heap: at an allocation or a taken message past the threshold. Only this actor
 * stops; its frames end where it called, and its registers lie in the saved frame.
 *
 * A heap of up to AT_ONCE bytes is collected in the turn that needs it, in less time than an ordinary turn takes. A larger one
 * is collected in turns of SLICE units: the actor stays READY, with ACTOR_COLLECTING set, so that it is queued, stolen and
 * killed like any other; worker_prepare calls collect_turn instead of resuming it. An actor that is killed meanwhile ends at
 * its next turn and its heap goes as a whole; one that has a terminate callback to run first needs a heap without marks, so
 * its collection goes on to the end. Seeded runs never slice: a choice of whom to run would depend on what conservative
 * words happen to keep.
 */
#include "sched/collect.h"

#include "actor/cold.h"
#include "actor/side.h"
#include "mem/collect.h"
#include "mem/verify.h"
#include "sched/end.h"
#include "sched/seeded.h"
#include "sched/world.h"

enum { AT_ONCE = 256 << 10, SLICE = 2000, STRESS_SLICE = 50, STRESS_EVERY = 8, VERIFY_SMALL = 16 << 10 };

bool collect_stress;

/* How much the current slice of this heap may do. */
static int64_t collect_budget(const heap_t *heap) {
    if (seeded.on) return INT64_MAX;
    if (unlikely(collect_stress) && heap->collections % STRESS_EVERY == 0) return STRESS_SLICE;
    return heap->held <= AT_ONCE ? INT64_MAX : SLICE;
}

/* In debug builds after each collection; with BUSKIN_GC_STRESS, where they are many, after each of a small heap. */
static void verify_now(worker_t *w, actor_t *a) {
#ifdef BUSKIN_DEBUG
    bool wanted = true;
#else
    const heap_t *heap = heap_of(&a->ctx);
    bool wanted = unlikely(collect_stress) && (heap->held <= VERIFY_SMALL || heap->collections % STRESS_EVERY == 0);
#endif
    if (wanted) verify_or_abort(&a->ctx, &w->pool);
}

/* A cleanup runs: its frames are on another stack, and nothing of it waits. */
static void collect_for_cleanup(worker_t *w, actor_t *self) {
    const frames_part_t parts[] = {{self->sp, stack_top(self)}, {side_of(self)->frames, stack_frames_top(self)}};
    collect_both(&self->ctx, &w->pool, &w->scratch, parts, collect_stress);
}

bool collect_self(worker_t *w, actor_t *self) {
    if (unlikely(backend_whole)) {
        world_collect(true);
        return true;
    }
    if (unlikely(self->ctx.flags & ACTOR_CLEANING)) {
        collect_for_cleanup(w, self);
        return true;
    }
    const heap_t *heap = heap_of(&self->ctx);
    if (!heap) return true;
    if (!seeded.on) actor_charge(&self->ctx, (int64_t)(heap->held / 512)); /* what a conservative scan keeps varies */
    if (collect_begin(&self->ctx, &w->pool, &w->scratch, self->sp, stack_top(self), collect_stress,
                      collect_budget(heap)))
        return false;
    verify_now(w, self);
    return true;
}

actor_t *collect_later(worker_t *w, actor_t *self, collect_then *then, uint64_t a1, uint64_t a2, uint64_t a3) {
    uint64_t *after = heap_of(&self->ctx)->collection->after;
    after[0] = a1;
    after[1] = a2;
    after[2] = a3;
    after[3] = (uint64_t)(uintptr_t)then;
    self->ctx.flags |= ACTOR_COLLECTING;
    actor_set_wait(self, WAIT_NONE);
    stack_leave(self);
    worker_ready(w, self);
    return worker_next(w);
}

enum collect_turn collect_turn(worker_t *w, actor_t *a) {
    heap_t *heap = heap_of(&a->ctx);
    uint64_t after[4];
    memcpy(after, heap->collection->after, sizeof after);
    bool dying = a->ctx.flags & ACTOR_DYING;
    if (!dying || end_runs_code(a)) {
        w->look_at_clock = true; /* a slice lasts as long as a turn */
        if (!collect_go_on(&a->ctx, &w->pool, collect_budget(heap))) return COLLECT_AGAIN;
        verify_now(w, a);
    }
    a->ctx.flags &= ~(uint32_t)ACTOR_COLLECTING;
    if (dying || ((collect_then *)(uintptr_t)after[3])(w, a, after)) return COLLECT_DONE;
    return COLLECT_ENDS;
}

bool collect_over_limit(const actor_t *self) {
    const buskin_spawn_desc_t *desc = actor_desc(self);
    const heap_t *heap = heap_of(&self->ctx);
    return unlikely(desc && desc->heap_limit && heap) && heap->held > desc->heap_limit &&
           !(self->ctx.flags & ACTOR_CLEANING); /* whose frames still hold what was too much */
}

bool collect_failed(worker_t *w, actor_t *self, const char *why) {
    end_crash(w, self, BUSKIN_REASON_LIMIT, 0, why, strlen(why), &(crash_place_t){0});
    return false;
}
