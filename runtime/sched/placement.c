/* placement.c - which worker an actor is best on.
 *
 * A message within a worker costs some 10 ns, one between two some 100, and moving an actor as much as a thousand. So actors
 * that mostly talk belong together, however many workers there are, and those that compute belong apart. Three rules, which
 * cost nothing where nothing crosses:
 *
 * - A waiting actor follows whoever wakes it from elsewhere twice in a row (placement_follow). When both workers have nothing
 *   else, only towards the lower number: or else the two ends of a chain chase each other for ever.
 * - A sender whose turn was mostly messages to another worker goes there (placement_attracts), by where the last receiver is now.
 * - A worker that took actors from another judges what that was worth, when it is idle again: the time they kept it busy,
 *   less what their messages to other workers cost, against the moves. If it was a loss, it does not ask for a while, and fewer are
 *   offered the next time; each loss doubles the one and divides the other, a gain does the opposite. While it does not ask, the busy
 *   workers do not even see it. Whoever waits for a message of those it left behind may be busy again in a moment, so there is
 *   a pause before the judgement.
 *
 * All fields belong to the worker, but for `appetite`, which is a hint for all.
 */
#include "sched/placement.h"

#include "port/port.h"
#include "sched/deliver.h"
#include "sched/public.h"
#include "sched/timer.h"

enum {
    MOVE_NS = 1000,      /* what moving an actor costs: the lines of its block and stack, and of those it talks to */
    PUSH_NS = 250,       /* what a message to another worker costs more than one within it */
    TAKE_NS = 2000,      /* what a judgement costs at least, whatever was taken */
    GRACE_NS = 5000,     /* from idle to the judgement */
    BACK_OFF_NS = 50000, /* after a first loss; */
    BACK_OFF_MAX = 3200000,
    ATTRACT_PUSHES = ACTOR_TURN / 16, /* in a turn: they took most of it */
    APPETITE_MAX = 256,
    APPETITE_STEP = 4,
    SPINS_A_LOOK = 16 /* at the clock */
};

static _Atomic uint32_t appetite = APPETITE_MAX;

/* -- Towards the partner -- */

bool placement_follow(worker_t *w, actor_t *a, uint8_t waker) {
    if (!waker || a->state != ACTOR_WAITING) return false;
    if (a->last_waker != waker) {
        a->last_waker = waker;
        return false;
    }
    if (waker - 1 > w->id && !worker_has_ready(w)) return false;
    enum actor_wait wait = actor_wait(a);
    if (wait > WAIT_PEEK && wait != WAIT_REPLY) return false;
    if (a->ctx.private0) { /* a timed wait: some know their deadline, and can set the timer again over there */
        if (wait != WAIT_PEEK && wait != WAIT_REPLY) return false;
        timer_disarm(w, a);
    }
    a->last_waker = 0;
    if (public_hand_over(w, a, workers[waker - 1])) return true;
    deliver_pending(w, a);
    /* its timer was disarmed for the move: let it look, and set it again */
    if (a->state == ACTOR_WAITING) worker_ready_soon(w, a);
    return true;
}

worker_t *placement_attracts(worker_t *w, const actor_t *self) {
    placement_t *p = &w->placement;
    if (likely(p->turn != w->turns)) return NULL;
    uint32_t pushes = p->turn_pushes;
    p->turn_pushes = 0;
    if (pushes < ATTRACT_PUSHES || actor_priority(self) != BUSKIN_NORMAL || self->ctx.private0) return NULL;
    uint8_t home = load_acquire(&p->pushed->remote->home); /* pairs with public_hand_over and take, like any sender's */
    if (home == w->id || home >= HOME_THREAD) return NULL;
    if (p->took) p->took_ns = clock_ns(); /* nothing was gained so far */
    return workers[home];
}

/* -- Towards the idle -- */

void placement_took(worker_t *w, uint32_t n) {
    placement_t *p = &w->placement;
    if (!n) return;
    if (!p->took) {
        p->took_pushes = p->pushes;
        p->took_ns = clock_ns();
    }
    p->took += n;
}

static void placement_gain(placement_t *p) {
    uint32_t n = load_relaxed(&appetite);
    p->took = 0;
    p->back_off_ns /= APPETITE_STEP;
    if (n < APPETITE_MAX) store_relaxed(&appetite, n * APPETITE_STEP < APPETITE_MAX ? n * APPETITE_STEP : APPETITE_MAX);
}

static void placement_loss(placement_t *p) {
    uint32_t n = load_relaxed(&appetite);
    p->took = 0;
    p->back_off_ns = p->back_off_ns > BACK_OFF_NS ? p->back_off_ns * 2 : BACK_OFF_NS * 2;
    if (p->back_off_ns > BACK_OFF_MAX) p->back_off_ns = BACK_OFF_MAX;
    if (n > 1) store_relaxed(&appetite, n < APPETITE_STEP ? 1 : n / APPETITE_STEP);
}

void placement_idle(worker_t *w) {
    placement_t *p = &w->placement;
    if (likely(!p->took)) return;
    uint64_t now = clock_ns(),
             cost = TAKE_NS + (uint64_t)p->took * MOVE_NS + (uint64_t)(p->pushes - p->took_pushes) * PUSH_NS;
    if (now - p->took_ns > cost) {
        placement_gain(p);
        p->asks_ns = 0;
    } else {
        p->asks_ns = now + GRACE_NS;
    }
}

bool placement_asks(worker_t *w, unsigned spins) {
    placement_t *p = &w->placement;
    if (likely(!p->asks_ns)) return true;
    if (spins % SPINS_A_LOOK) return false;
    uint64_t now = clock_ns();
    if (now < p->asks_ns) return false;
    p->asks_ns = 0;
    if (!p->took) return true;
    placement_loss(p);
    p->asks_ns = now + p->back_off_ns;
    return false;
}

uint32_t placement_offer(void) { return load_relaxed(&appetite); }
