/* timer.c - waits with an end.
 *
 * The timer lies in the wheel of the worker where the wait began. An actor that moves to another worker disarms it
 * first, so a timer that fires always finds its actor at home, or ended: then the pid does not match.
 */
#include "sched/timer.h"

#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/registry.h"
#include "sched/seeded.h"

enum {
    SWEEP_NS = 100000000, /* between two looks for timers whose targets are dead */
    SWEEP_PORTION = 256   /* records, in some ten microseconds */
};

bool timer_arm(worker_t *w, actor_t *a, uint64_t deadline_ns) {
    if (unlikely(a->ctx.flags & ACTOR_ENDING)) { /* instead of the timer that bounds its end, and no later */
        uint64_t end_by_ns = actor_cold(a)->end_by_ns;
        timer_disarm(w, a);
        if (end_by_ns && deadline_ns > end_by_ns) deadline_ns = end_by_ns;
    }
    uint32_t i = wheel_add(&w->wheel, deadline_ns, a->ctx.pid, NULL);
    if (!i) return false;
    a->ctx.private0 = (uint32_t)(w->id + 1) << 24 | i;
    return true;
}

void timer_disarm(worker_t *w, actor_t *a) {
    uint32_t handle = a->ctx.private0;
    if (!handle) return;
    CHECK(handle >> 24 == w->id + 1u);
    wheel_cancel(&w->wheel, handle & 0xffffff);
    a->ctx.private0 = 0;
}

/* -- Messages -- */

/* While it waits, a message for a name has the name in a fragment of its own behind it. */
static void free_message(worker_t *w, fragment_t *message) {
    if (message->next) fragment_free(&w->pool, message->next);
    fragment_free(&w->pool, message);
}

static void send_message(worker_t *w, fragment_t *message) {
    fragment_t *name = message->next;
    message->next = NULL;
    if (name) { /* resolved now; an unknown one is nobody (S7.3) */
        message->owner = registry_find((const char *)name->data, name->length);
        fragment_free(&w->pool, name);
    }
    deliver(w, message);
}

uint64_t timer_add_message(worker_t *w, uint64_t deadline_ns, fragment_t *message) {
    uint32_t i = wheel_add(&w->wheel, deadline_ns, message->owner, message);
    if (!i) {
        free_message(w, message);
        return 0;
    }
    uint32_t generation = load_relaxed(&w->wheel.timers[i].claim) >> CLAIM_BITS;
    return (uint64_t)generation << 32 | (uint64_t)w->id << 24 | i;
}

int64_t timer_cancel(worker_t *w, uint64_t ref) {
    uint32_t index = ref & 0xffffff, id = ref >> 24 & 0xff;
    if (!index || id >= scheduler.workers || ref >> (64 - CLAIM_BITS)) return BUSKIN_ENOTFOUND;
    worker_t *owner = workers[id];
    if (index >= load_acquire(&owner->wheel.made)) return BUSKIN_ENOTFOUND; /* pairs with the release in wheel.c */
    wheel_timer_t *t = &owner->wheel.timers[index];
    uint64_t deadline = __atomic_load_n(&t->deadline, __ATOMIC_RELAXED);
    /* whatever number it is given: a record that holds no message, such as another actor's wait, is never claimed */
    if (!wheel_claim(t, (uint32_t)(ref >> 32) << CLAIM_BITS)) return BUSKIN_ENOTFOUND;
    uint64_t now = now_ns(), due = deadline << TICK_SHIFT;
    if (owner == w) {
        free_message(w, t->message);
        wheel_cancel(&w->wheel, index);
    } else {
        add_seq_cst(&owner->cancelled, 1);
        worker_wake(owner);
    }
    return due > now ? (int64_t)((due - now) / 1000000u) : 0;
}

static void sweep_one(worker_t *w, uint32_t i) {
    wheel_timer_t *t = &w->wheel.timers[i];
    if (t->slot == WHEEL_NOT_QUEUED || !t->message) return;
    uint32_t claim = load_relaxed(&t->claim);
    bool armed = (claim & ((1u << CLAIM_BITS) - 1)) == CLAIM_ARMED;
    if (armed && (t->message->next || table_find(t->pid) || !wheel_claim(t, claim))) return;
    free_message(w, t->message);
    wheel_cancel(&w->wheel, i);
}

/* A look at all records is due: one of them was cancelled elsewhere, or none was looked at for a while. */
static bool sweep_begin(worker_t *w) {
    uint64_t now = now_ns();
    if (!load_relaxed(&w->cancelled) && now - w->last_sweep_ns <= SWEEP_NS) return false;
    store_relaxed(&w->cancelled, 0);
    w->last_sweep_ns = now;
    w->sweep_at = 1;
    return true;
}

void timer_sweep(worker_t *w, uint64_t until_ns) {
    while (w->sweep_at || sweep_begin(w)) {
        uint32_t made = load_relaxed(&w->wheel.made), end = w->sweep_at + SWEEP_PORTION;
        for (; w->sweep_at < made && w->sweep_at < end; w->sweep_at++) sweep_one(w, w->sweep_at);
        if (w->sweep_at >= made) w->sweep_at = 0;
        if (now_ns() >= until_ns) return;
    }
}

static void timer_fire(worker_t *w, uint32_t index, const wheel_timer_t *t) {
    if (t->message) {
        if (load_relaxed(&t->claim) == CLAIM_ARMED)
            send_message(w, t->message);
        else
            free_message(w, t->message);
        return;
    }
    actor_t *a = table_find(t->pid);
    if (!a || a->ctx.private0 != ((uint32_t)(w->id + 1) << 24 | index)) return;
    a->ctx.private0 = 0;
    a->ctx.flags |= ACTOR_TIMED_OUT;
    if (unlikely(a->ctx.flags & ACTOR_ENDING)) end_check_time(a);
    if (a->state == ACTOR_WAITING && !(a->ctx.flags & ACTOR_FOREIGN)) worker_ready_soon(w, a);
}

void timer_fire_due(worker_t *w, uint64_t now_ns) {
    uint32_t index;
    wheel_timer_t fired;
    while (wheel_expire(&w->wheel, now_ns, &index, &fired)) timer_fire(w, index, &fired);
}
