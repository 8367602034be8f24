/* receive.c - the end of a wait: a message or the timeout, never both (S5.6).
 *
 * A waiting actor has called a slow_* gate; its result is written into the saved frame here, just before it resumes.
 * While a peek waits, that same word of the frame holds the address of its buskin_receive_t.
 */
#include "sched/receive.h"

#include "actor/signal.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/post.h"
#include "sched/seeded.h"
#include "sched/timer.h"

uint64_t receive_deadline(int64_t timeout_ms) {
    return now_ns() + (uint64_t)(timeout_ms < UINT32_MAX ? timeout_ms : UINT32_MAX) * 1000000u;
}

static bool wait_over(worker_t *w, actor_t *a, uint64_t result) {
    if (a->ctx.private0) timer_disarm(w, a);
    a->ctx.flags &= ~(uint32_t)ACTOR_TIMED_OUT;
    actor_set_wait(a, WAIT_NONE);
    *actor_result(a) = result;
    return true;
}

void receive_begin_bounded(worker_t *w, actor_t *a) {
    fragment_t *given_up = bounded_begin(a);
    if (given_up) fragment_free(&w->pool, given_up);
}

/* It must end, and waits no more than a moment. */
static bool no_memory(worker_t *w, actor_t *a) {
    static const char text[] = "no memory for the actor's heap";
    end_crash(w, a, BUSKIN_REASON_LIMIT, 0, text, sizeof text - 1, &(crash_place_t){0});
    a->ctx.flags |= ACTOR_DYING;
    return false;
}

static bool finish_receive(worker_t *w, actor_t *a) {
    if (a->head || (actor_is_bounded(a) && bounded_peek(a))) {
        if (unlikely(!heap_ensure(&a->ctx, &w->pool))) return no_memory(w, a);
        fragment_t *f = a->head ? mailbox_unlink(a, NULL) : post_received(w, a);
        heap_adopt(&a->ctx, &w->pool, f);
        return wait_over(w, a, (uint64_t)(uintptr_t)fragment_message(f));
    }
    return a->ctx.flags & ACTOR_TIMED_OUT ? wait_over(w, a, 0) : false;
}

static bool finish_peek(worker_t *w, actor_t *a) {
    buskin_receive_t *r = (buskin_receive_t *)(uintptr_t)*actor_result(a);
    fragment_t *f = receive_is_bounded(r) ? bounded_peek(a) : receive_candidate(a, r);
    if (f) return wait_over(w, a, (uint64_t)(uintptr_t)fragment_message(f));
    if (a->ctx.flags & ACTOR_TIMED_OUT) {
        receive_end(r);
        return wait_over(w, a, 0);
    }
    /* it came from another worker, which had to disarm the timer */
    if (r->private0[RECEIVE_DEADLINE] && !a->ctx.private0 && !timer_arm(w, a, r->private0[RECEIVE_DEADLINE]))
        return wait_over(w, a, 0);
    return false;
}

/* The frame's result word holds where the answer's bytes go, or 0. */
static bool finish_answer(worker_t *w, actor_t *a) {
    cold_t *cold = actor_cold(a);
    fragment_t *f = cold->answer;
    if (!f) return false;
    void *to = (void *)(uintptr_t)*actor_result(a);
    const buskin_notice_t *n = reason_notice(f);
    if (to && n->length) memcpy(to, reason_bytes(f), n->length);
    uint64_t result = (uint64_t)(int64_t)(int32_t)n->code;
    cold->answer = NULL;
    cold->asked = 0;
    fragment_free(&w->pool, f);
    return wait_over(w, a, result);
}

/* The server need not tell of its end any more, and a reply that comes is nobody's (S8.2). */
static void call_forget(worker_t *w, actor_t *a, cold_t *cold) {
    const uint64_t *server = map_find(&cold->watching, cold->asked);
    fragment_t *f = server ? signal_new(&w->pool, SIGNAL_DEMONITOR, *server, a->ctx.pid, cold->asked) : NULL;
    map_take(&cold->watching, cold->asked);
    cold->asked = 0;
    if (f) deliver(w, f);
}

/* The frame's result word holds where the status goes, or 0. */
static bool call_over(worker_t *w, actor_t *a, int32_t status, uint64_t result) {
    int32_t *to = (int32_t *)(uintptr_t)*actor_result(a);
    if (to) *to = status;
    return wait_over(w, a, result);
}

bool receive_answer(worker_t *w, actor_t *a, cold_t *cold) {
    fragment_t *f = cold->answer;
    if (unlikely(!heap_adopt(&a->ctx, &w->pool, f))) return no_memory(w, a);
    cold->answer = NULL;
    cold->asked = 0;
    return call_over(w, a, f->kind == BUSKIN_MSG_REPLY ? BUSKIN_OK : BUSKIN_ENOPROC,
                     (uint64_t)(uintptr_t)fragment_message(f));
}

static bool finish_call(worker_t *w, actor_t *a) {
    cold_t *cold = actor_cold(a);
    if (cold->answer) return receive_answer(w, a, cold);
    bool over = a->ctx.flags & ACTOR_TIMED_OUT;
    /* it came from another worker, which had to disarm the timer */
    if (!over && cold->answer_by && !a->ctx.private0) over = !timer_arm(w, a, cold->answer_by);
    if (!over) return false;
    call_forget(w, a, cold);
    return call_over(w, a, BUSKIN_ETIMEOUT, 0);
}

bool receive_finish_slow(worker_t *w, actor_t *a) {
    switch (actor_wait(a)) {
    case WAIT_NONE: return true;
    case WAIT_RECEIVE: return finish_receive(w, a);
    case WAIT_PEEK: return finish_peek(w, a);
    case WAIT_SLEEP: return a->ctx.flags & ACTOR_TIMED_OUT ? wait_over(w, a, 0) : false;
    case WAIT_CALL: return false;
    case WAIT_ANSWER: return finish_answer(w, a);
    case WAIT_REPLY: return finish_call(w, a);
    }
    return true;
}
