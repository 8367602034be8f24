/* cleanup.c - see cleanup.h. */
#include "sched/cleanup.h"

#include "actor/cold.h"
#include "actor/side.h"
#include "port/switch.h"
#include "sched/crash.h"
#include "sched/end.h"
#include "sched/receive.h"
#include "sched/seeded.h"
#include "sched/timer.h"
#include "sched/watchdog.h"
#include "sched/world.h"

static const uint64_t CLEANUPS_NS = 5000000000u; /* S2.11 */
enum { CLEANUP_ROOM = 32 << 10 };

static bool lies_in(const buskin_cleanup_t *record, const char *low, const char *high) {
    const char *start = (const char *)record;
    return start >= low && start <= high - sizeof *record;
}

static void cleanup_report(const actor_t *a, const char *text) {
    const crash_place_t place = {.pc = (uint64_t)(uintptr_t)buskin_cleanup_pop}; /* which was not called */
    crash_report(a, BUSKIN_REASON_CRASH, 0, text, strlen(text), &place);
}

/* The newest record that is left, if it must run now, taken out: *run is a copy. What is in no live frame was never popped by a
 * function that has returned: it may be overwritten, and so may its way to the older ones. */
static bool cleanup_take(actor_t *a, side_t *side, buskin_cleanup_t *run, bool *nested) {
    buskin_cleanup_t *record = a->ctx.cleanups;
    if (!record) return false;
    bool aligned = (uintptr_t)record % 8 == 0, own = aligned && lies_in(record, side->frames, stack_frames_top(a));
    if (own && (const char *)record >= side->until) return false;
    *nested = aligned && lies_in(record, a->sp, (const char *)side);
    if ((!own && !*nested) || !record->run) {
        a->ctx.cleanups = NULL;
        cleanup_report(a, "a cleanup was left behind: its function did not pop it");
        return false;
    }
    *run = *record;
    record->run = NULL;
    a->ctx.cleanups = side->older = run->next;
    return true;
}

/* Where the next one's frame goes: below those that registered it, if these are on the side stack themselves. NULL: no room. */
static char *cleanup_top(const actor_t *a, side_t *side, bool nested) {
    if (!nested) return (char *)side;
    char *top = a->sp;
    return top - side_bottom(a) < CLEANUP_ROOM ? NULL : top;
}

bool cleanup_next(worker_t *w, actor_t *a) {
    side_t *side = side_of(a);
    buskin_cleanup_t run;
    bool nested;
    if (end_is_forced(a)) a->ctx.cleanups = NULL;
    while (cleanup_take(a, side, &run, &nested)) {
        char *top = cleanup_top(a, side, nested);
        if (unlikely(!top)) {
            cleanup_report(a, "no room for a cleanup of a cleanup");
            continue;
        }
        a->sp = switch_first_frame(top, (void (*)(void))run.run, run.arg, NULL);
        a->state = ACTOR_RUNNING;
        a->ctx.budget = unlikely(seeded.on) ? seeded_budget() : ACTOR_TURN;
        w->current = a;
        return true;
    }
    side_leave(a);
    return false;
}

bool cleanup_begin(worker_t *w, actor_t *a, const char *until) {
    if (likely(!a->ctx.cleanups)) return false;
    side_enter(a)->until = until;
    return cleanup_next(w, a);
}

void cleanup_returned(actor_t *a) { a->ctx.cleanups = side_of(a)->older; }

actor_t *cleanup_turn(worker_t *w, actor_t *a) {
    static const char text[] = "cleanups took more than 5 seconds";
    side_t *side = side_of(a);
    uint32_t notice = load_relaxed(&scheduler.notice);
    if (notice >= SCHEDULER_STOP) return NULL;
    if (notice & SCHEDULER_WATCH) watchdog_answer(w);
    if (notice & SCHEDULER_COLLECT) world_pause();
    uint64_t now = now_ns();
    if (!side->by_ns) side->by_ns = now + CLEANUPS_NS;
    if (now < side->by_ns) return worker_continue(w, a);
    end_crash(w, a, BUSKIN_REASON_LIMIT, 0, text, sizeof text - 1, &(crash_place_t){0});
    return end_current(w, a);
}

actor_t *cleanup_refuse_wait(worker_t *w, actor_t *a, enum actor_wait wait) {
    actor_set_wait(a, wait);
    if (wait == WAIT_RECEIVE || wait == WAIT_PEEK || wait == WAIT_REPLY) a->ctx.flags |= ACTOR_TIMED_OUT;
    if (receive_finish(w, a)) return a;
    if (wait == WAIT_ANSWER) actor_cold(a)->asked = 0; /* whose answer will be dropped */
    if (a->ctx.private0) timer_disarm(w, a);
    actor_set_wait(a, WAIT_NONE);
    *actor_result(a) = (uint64_t)(int64_t)BUSKIN_ESTATE;
    return a;
}
