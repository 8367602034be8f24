/* end.c - from a reason to a free block (S2.8, S2.11).
 *
 *   0  the cleanups that its functions have registered, with their frames as they are (cleanup.h); not for KILLED
 *   1  the terminate callback, as the actor, on its stack reset to the top; not for KILLED, not before the first run
 *   2  its names are free
 *   3  the pid dies: from here on lookups fail, and sends are dropped
 *   4  EXIT to the linked, DOWN to the watchers, in this order
 *   5  what others asked since its end was certain, or sent and was not yet taken in, is answered or dropped
 *   6  heap, stack, mailbox and cold block are freed, and the block may be used again; what is large of it the worker frees in
 *      steps between turns (mem/remains.h)
 *
 * So whoever has heard of the end, by EXIT, DOWN or an answer, finds the names free. A lookup of the pid that fails says the
 * same although it is a relaxed load: the registry's lock orders the release of the names, which precedes 3, before every
 * whereis that follows such a lookup; or else that whereis, and so the lookup, would happen before 3.
 *
 * All of it happens on the worker's stack; the actor's own frames are simply dropped after 0.
 */
#include "sched/end.h"

#include "actor/signal.h"
#include "mem/remains.h"
#include "sched/attempt.h"
#include "sched/cleanup.h"
#include "sched/deliver.h"
#include "sched/post.h"
#include "sched/quiesce.h"
#include "sched/registry.h"
#include "sched/seeded.h"
#include "sched/tell.h"
#include "sched/timer.h"

static const uint64_t TERMINATE_NS = 5000000000u; /* S2.11 */

uint64_t end_stack_size(const actor_t *a) {
    const buskin_spawn_desc_t *desc = actor_desc(a);
    return desc ? desc->stack_size : 0;
}

/* Whether it must end already, or an attempt of its has failed: then this is no new reason. */
enum { END_HAS_BEGUN = ACTOR_DYING | ACTOR_ENDING | ACTOR_CLEANING };

void end_because(worker_t *w, actor_t *a, uint32_t code, const void *bytes, uint64_t length) {
    if (a->ctx.flags & END_HAS_BEGUN) return;
    cold_t *cold = cold_ensure(a, &w->pool);
    if (!cold) return; /* ends without a reason: as NORMAL */
    cold->reason = reason_new(&w->pool, code, bytes, length);
    if (!cold->reason) cold->reason = reason_new(&w->pool, code, NULL, 0);
    if (cold->reason) reason_notice(cold->reason)->from = a->ctx.pid;
    cold->code = code; /* if there is no memory even for that */
}

void end_crash(worker_t *w, actor_t *a, uint32_t code, uint32_t detail, const char *text, uint64_t length,
               const crash_place_t *place) {
    bool first = !(a->ctx.flags & END_HAS_BEGUN);
    crash_report(a, code, detail, text, length, place);
    end_because(w, a, code, text, length);
    cold_t *cold = actor_cold(a);
    if (first && cold && cold->reason) reason_notice(cold->reason)->detail = detail;
}

static uint32_t end_code(const actor_t *a) {
    const cold_t *cold = actor_cold(a);
    if (!cold) return BUSKIN_REASON_NORMAL;
    return cold->reason ? reason_notice(cold->reason)->code : cold->code;
}

static bool end_cleans(const actor_t *a) { return a->ctx.cleanups && end_code(a) != BUSKIN_REASON_KILLED; }

static bool end_terminates(const actor_t *a) {
    const buskin_spawn_desc_t *desc = actor_desc(a);
    if (likely(!desc || !desc->terminate) || end_code(a) == BUSKIN_REASON_KILLED) return false;
    const cold_t *cold = actor_cold(a);
    return !(cold && cold->end_by_ns); /* once */
}

bool end_runs_code(const actor_t *a) { return end_cleans(a) || end_terminates(a); }

/* Without a reason it ends normally, and says so to its callback. */
static bool end_has_reason(worker_t *w, actor_t *a) {
    if (!actor_cold(a) || !actor_cold(a)->reason) end_because(w, a, BUSKIN_REASON_NORMAL, NULL, 0);
    return actor_cold(a) && actor_cold(a)->reason;
}

static bool end_terminate(worker_t *w, actor_t *a) {
    if (!end_terminates(a) || !end_has_reason(w, a)) {
        end_now(w, a);
        return false;
    }
    cold_t *cold = actor_cold(a);
    a->ctx.flags |= ACTOR_ENDING;
    a->ctx.cleanups = NULL;
    cold->end_by_ns = now_ns() + TERMINATE_NS;
    timer_arm(w, a, cold->end_by_ns);
    heap_t *heap = heap_of(&a->ctx);
    stack_reset(a, (void (*)(void))actor_desc(a)->terminate, heap ? heap->state : NULL, reason_notice(cold->reason));
    a->state = ACTOR_RUNNING;
    a->ctx.budget = ACTOR_TURN;
    w->current = a;
    return true;
}

bool end_begin(worker_t *w, actor_t *a) {
    bool cleans = unlikely(a->ctx.cleanups) && !end_is_forced(a) && end_cleans(a);
    a->ctx.flags &= ~(uint32_t)ACTOR_DYING;
    if (unlikely(a->ctx.flags & ACTOR_ATTEMPT)) attempt_drop(a);
    if (a->ctx.private0) timer_disarm(w, a);
    if (unlikely(actor_cold(a) && actor_cold(a)->asked)) post_withdraw(w, a);
    actor_set_wait(a, WAIT_NONE);
    if (unlikely(cleans)) {
        if (end_has_reason(w, a)) a->ctx.flags |= ACTOR_ENDING;
        if (cleanup_begin(w, a, stack_frames_top(a))) return true;
    }
    return end_terminate(w, a);
}

/* The cleanups are done: of the frames that a failed attempt drops, or of all. */
static bool end_go_on(worker_t *w, actor_t *a) {
    if (a->ctx.flags & ACTOR_ATTEMPT) {
        attempt_resume(a);
        return true;
    }
    if (!end_is_forced(a)) return end_terminate(w, a);
    end_now(w, a);
    return false;
}

void end_check_time(actor_t *a) {
    if (now_ns() >= actor_cold(a)->end_by_ns) a->ctx.flags |= ACTOR_DYING;
}

static void drop_mailbox(worker_t *w, actor_t *a) {
    remains_messages(&w->pool, a->head, a->tail);
    a->head = a->tail = NULL;
}

/* Fragments for an actor that has just ended. */
static void answer_all(worker_t *w, fragment_t *f) {
    for (fragment_t *next; f; f = next) {
        next = f->next;
        deliver_bounce(w, f);
    }
}

static void free_all(worker_t *w, actor_t *a) {
    drop_mailbox(w, a);
    heap_free(&a->ctx, &w->pool);
    if (!actor_is_new(a))
        stack_free(&w->stacks, &w->pool, a);
    else if (a->spilled)
        fragment_free(&w->pool, a->spilled);
    cold_free(a, &w->pool);
    table_give(&w->blocks, a);
}

void end_now(worker_t *w, actor_t *a) {
    uint64_t pid = a->ctx.pid;
    cold_t *cold = actor_cold(a);
    if (a->ctx.private0) timer_disarm(w, a);
    if (unlikely(seeded.on)) seeded_note(end_code(a));
    if (unlikely(cold && cold->named)) registry_release(cold);
    table_retire_pid(a);
    a->state = ACTOR_FREE;
    fragment_t *late = cold ? signal_take_late(a) : NULL;
    if (unlikely(cold)) tell_others(w, a, pid);
    answer_all(w, late);
    if (unlikely(actor_is_bounded(a)))
        post_close(w, a);
    else
        answer_all(w, mailbox_take_remote(a, REMOTE_IDLE));
    if (unlikely(a->ctx.flags & ACTOR_MAIN))
        quiesce_main_ended(cold && cold->reason ? reason_notice(cold->reason) : NULL);
    if (unlikely(a->ctx.flags & ACTOR_SUPERVISOR)) quiesce_tree_ended();
    free_all(w, a);
    if (unlikely(w->untold)) tell_late(w);
}

void end_forget_late(worker_t *w, actor_t *a) {
    for (fragment_t *f = mailbox_take_remote(a, REMOTE_IDLE), *next; f; f = next) {
        next = f->next;
        fragment_free(&w->pool, f);
    }
    store_relaxed(&a->remote->in_inbox, 0);
}

void end_discard(worker_t *w, actor_t *a) {
    table_retire_pid(a);
    a->state = ACTOR_FREE;
    if (actor_is_bounded(a)) post_discard_all(w, a);
    end_forget_late(w, a);
    free_all(w, a);
}

void end_without_memory(worker_t *w, actor_t *a) {
    static const char text[] = "no memory for the actor's stack";
    end_crash(w, a, BUSKIN_REASON_LIMIT, 0, text, sizeof text - 1, &(crash_place_t){.pc = (uint64_t)(uintptr_t)a->sp});
    end_now(w, a);
}

bool end_resumed(worker_t *w, actor_t *a) {
    if (unlikely(a->ctx.flags & ACTOR_CLEANING)) return cleanup_next(w, a) || end_go_on(w, a);
    if (unlikely(a->ctx.flags & ACTOR_ATTEMPT) && attempt_fails(w, a))
        return cleanup_begin(w, a, attempt_end_of_frames(a)) || end_go_on(w, a);
    return end_begin(w, a);
}

actor_t *end_current(worker_t *w, actor_t *self) { return end_resumed(w, self) ? self : worker_next(w); }
