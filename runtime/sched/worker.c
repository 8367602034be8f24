/* worker.c - the loop that every actor returns to: choose the next one, prepare it, resume it; wait when there is none.
 *
 * All of it runs on the thread's own stack, between a handler's call and its return (see port/switch.h), so no actor's
 * stack is in use while actors are chosen, moved, spilled and loaded (row R18).
 *
 * Choice. The LIFO place first, at most LIFO_BOUND times in a row; then the queues by priority, with every LOW_EVERY-th
 * turn given to the next lower one, so that nothing starves. The inbox and, while timers are set, the clock are
 * looked at on the way.
 *
 * Parking, against wakers (deliver.c, public.c):
 *
 *   parker                                    waker
 *   1  store parked (seq_cst)                 1  publish work (inbox CAS, public queue)
 *   2  look for work once more                2  load parked (seq_cst), exchange it with NO
 *   3  futex wait                             3  futex wake
 *
 * Either the parker's second look finds the work, or the waker finds it parked. A parker without timers stops
 * counting as active; its waker counts it again before it may wake, so `active` reaches 0 only when all sleep
 * (tests/model/park.pml).
 */
#include "sched/worker.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "mem/remains.h"
#include "mem/share.h"
#include "port/fibre.h"
#include "port/switch.h"
#include "sched/cleanup.h"
#include "sched/collect.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/output.h"
#include "sched/outside.h"
#include "sched/placement.h"
#include "sched/public.h"
#include "sched/receive.h"
#include "sched/seeded.h"
#include "sched/tell.h"
#include "sched/tidy.h"
#include "sched/timer.h"
#include "sched/watchdog.h"
#include "sched/world.h"

#include <stdlib.h>

void (*worker_idle_hook)(void) = output_idle;
scheduler_t scheduler;
worker_t *workers[WORKERS_MAX];
_Thread_local worker_t *this_worker __attribute__((tls_model("initial-exec")));

/* -- Inbox -- */

/* Looks after one actor that was put into the inbox. */
static void inbox_visit(worker_t *w, actor_t *a, uint8_t waker) {
    uint8_t home = load_acquire(&a->remote->home); /* pairs with its stores in spawn_foreign and public_hand_over */
    if (home != w->id) {
        public_forward(a, home);
        return;
    }
    if (waker == INBOX_HAND_OVER) {
        stack_adopt(&w->stacks, a);
        worker_ready(w, a);
        return;
    }
    if (remote_pending(a)) deliver_pending(w, a);
}

/* a has ended here. Its block may lie in the depot, or in the cache of another worker, which cannot make a new actor of it as long as
 * in_inbox is ours (block_claim): so all that is pending is for actors that have ended. */
static void inbox_visit_free(worker_t *w, actor_t *a) {
    fragment_t *f = mailbox_take_remote(a, REMOTE_IDLE);
    store_seq_cst(&a->remote->in_inbox, 0); /* pairs with the exchanges in block_claim and deliver_notify */
    /* who pushed in between has found in_inbox taken; seq_cst: either we see his push or he our store */
    bool again = (uintptr_t)load_seq_cst(&a->remote->list) > (uintptr_t)REMOTE_IDLE;
    for (fragment_t *next; f; f = next) {
        next = f->next;
        deliver_bounce(w, f);
    }
    if (again) deliver_notify(NULL, a);
}

/* Looks after one actor that was put into the inbox, and gives in_inbox back. */
static void inbox_take(worker_t *w, actor_t *a) {
    remote_t *remote = a->remote;
    uint8_t waker = remote->waker;
    remote->waker = 0;
    bool ours = load_acquire(&remote->home) == w->id; /* if so, it stays so */
    if (unlikely(ours && a->state == ACTOR_FREE)) {
        inbox_visit_free(w, a);
        return;
    }
    store_seq_cst(&remote->in_inbox, 0); /* pairs with the exchange in deliver_notify */
    if (waker != INBOX_HAND_OVER && ours && remote_pending(a) && placement_follow(w, a, waker)) return;
    inbox_visit(w, a, waker); /* loads home again: a stranger may have got another one while in_inbox was ours */
}

static void worker_take_inbox(worker_t *w) {
    /* seq_cst: acquire pairs with the pushers' CAS */
    actor_t *a = exchange_seq_cst(&w->inbox, NULL), *oldest = NULL;
    while (a) {
        actor_t *next = a->remote->inbox_next;
        a->remote->inbox_next = oldest;
        oldest = a;
        a = next;
    }
    for (actor_t *next; oldest; oldest = next) {
        next = oldest->remote->inbox_next;
        inbox_take(w, oldest);
    }
}

/* -- Clock -- */

static void worker_look_at_clock(worker_t *w) {
    w->look_at_clock = false;
    if (w->wheel.count) timer_fire_due(w, now_ns());
}

/* -- Choice -- */

static inline actor_t *pop_queue(worker_t *w, unsigned p) {
    actor_t *a = runq_pop(&w->queues[p]);
    if (!runq_length(&w->queues[p])) w->queued &= ~(1u << p);
    return a;
}

static actor_t *pop_fresh(worker_t *w) {
    runq_t *q = &w->queues[QUEUE_FRESH];
    actor_t *a = w->turns % FRESH_OLDEST ? runq_pop_newest(q) : runq_pop(q);
    if (!runq_length(q)) w->queued &= ~(1u << QUEUE_FRESH);
    return a;
}

/* The turn of those below the highest priority that is ready; new actors of normal priority count as such. NULL: there are
 * none. */
static actor_t *pop_lower(worker_t *w) {
    uint32_t queued = w->queued & ~(uint32_t)QUEUED_REMAINS;
    uint32_t classes = (queued & ~(1u << QUEUE_FRESH)) | (queued >> QUEUE_FRESH & 1) << BUSKIN_NORMAL;
    uint32_t lower = classes & (classes - 1); /* without the highest */
    if (!lower) return NULL;
    if (lower & (lower - 1) && w->turns % (LOW_EVERY * LOW_EVERY) == 0) lower &= lower - 1;
    unsigned p = (unsigned)__builtin_ctz(lower);
    bool only_new = !(w->queued & 1u << p), turn_of_new = w->turns & LOW_EVERY;
    if (p == BUSKIN_NORMAL && (only_new || (turn_of_new && w->queued & 1u << QUEUE_FRESH))) return pop_fresh(w);
    return pop_queue(w, p);
}

/* The queues alone; at least one is not empty. */
static inline actor_t *pop_queues(worker_t *w) {
    uint32_t queued = w->queued & ((1u << QUEUE_FRESH) - 1);
    if (w->queued & 1u << QUEUE_FRESH && !(queued & 1u << BUSKIN_HIGH) && (!queued || ++w->fresh_streak < FRESH_BOUND))
        return pop_fresh(w);
    w->fresh_streak = 0;
    if (unlikely(w->turns % LOW_EVERY == 0 && w->queued & (w->queued - 1))) {
        actor_t *a = pop_lower(w);
        if (a) return a;
    }
    return pop_queue(w, (unsigned)__builtin_ctz(queued));
}

static inline actor_t *pop_ready(worker_t *w) {
    actor_t *a = w->lifo;
    if (a) {
        w->lifo = NULL;
        if (likely(!w->queued || ++w->lifo_streak < LIFO_BOUND)) return a;
        worker_enqueue(w, a);
    }
    w->lifo_streak = 0;
    return pop_queues(w);
}

/* -- Waiting for work -- */

void worker_wake(worker_t *w) {
    if (load_seq_cst(&w->parked) == PARKED_NO) return; /* pairs with the store in worker_park */
    add_seq_cst(&scheduler.active,
                1); /* before the exchange: it may wake and park again while we are held up behind that */
    uint32_t was = exchange_seq_cst(&w->parked, PARKED_NO);
    if (was != PARKED_IDLE && sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke(); /* it was counted already */
    if (was) futex_wake(&w->parked, 1);
}

void scheduler_poke(void) {
    if (seeded.on) seeded_poke();
    add_seq_cst(&scheduler.event, 1);
    futex_wake(&scheduler.event, 1);
}

static bool worker_sees_work(worker_t *w) {
    uint32_t notice = load_seq_cst(&scheduler.notice);
    return load_seq_cst(&w->inbox) || public_waiting() || notice >= SCHEDULER_STOP || notice & SCHEDULER_BURY;
}

void scheduler_bury(void) {
    atomic_fetch_or(&scheduler.notice,
                    SCHEDULER_BURY); /* pairs with the loads here, of which a parking worker's is the last */
    if (!this_worker) worker_wake(workers[0]);
}

/* The bit goes first: a handle that dies meanwhile sets it again. */
static __attribute__((noinline, cold)) void worker_bury(worker_t *w) {
    atomic_fetch_and(&scheduler.notice, ~(uint32_t)SCHEDULER_BURY);
    outside_bury(&w->pool);
}

static void worker_park(worker_t *w) {
    if (w->wheel.messages) timer_sweep(w, wheel_next_ns(&w->wheel));
    bool timed = w->wheel.count > 0;
    int64_t wait;
    if (timed) {
        uint64_t next = wheel_next_ns(&w->wheel);
        tidy_on_the_way(w, next);
        uint64_t now = now_ns();
        if (next <= now) return;
        wait = (int64_t)(next - now);
    } else {
        wait = tidy_wait(w);
    }
    if (w->placement.asks_ns) {
        int64_t left = (int64_t)(w->placement.asks_ns - clock_ns());
        if (left <= 0) return;
        wait = timed && wait < left ? wait : left;
        timed = true;
    }
    if (unlikely(w->untold)) {
        bool all = tell_late(w);
        if (worker_has_ready(w)) return;
        if (!all) wait = timed && wait < TELL_AGAIN_NS ? wait : TELL_AGAIN_NS;
        timed |= !all;
    }
    uint32_t kind = timed ? PARKED_FOR_TIMER : PARKED_IDLE;
    store_seq_cst(&w->parked, kind); /* pairs with the load in worker_wake */
    if (worker_sees_work(w)) {
        /* whoever exchanged it before us has counted us once more */
        if (exchange_seq_cst(&w->parked, PARKED_NO) == PARKED_NO && !timed) sub_seq_cst(&scheduler.active, 1);
        watchdog_unpark();
        return;
    }
    if (!timed && sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke();
    world_leave();
    while (load_seq_cst(&w->parked) == kind) {
        futex_wait(&w->parked, kind, wait);
        if (timed) break;
        if (wait >= 0 && load_seq_cst(&w->parked) == kind) wait = tidy_step(w);
    }
    world_enter();
    uint32_t was = exchange_seq_cst(&w->parked, PARKED_NO);
    if (was == PARKED_IDLE) add_seq_cst(&scheduler.active, 1);
    watchdog_unpark();
}

/* Spins a little, then parks, until something is ready. false: stop. */
static bool worker_find_work(worker_t *w) {
    bool counted = false, found = false;
    placement_idle(w);
    for (unsigned spins = 0; !scheduler_stops(); spins++) {
        if (load_relaxed(&w->inbox)) worker_take_inbox(w);
        if (unlikely(load_relaxed(&scheduler.notice) & SCHEDULER_BURY)) worker_bury(w);
        bool asks = placement_asks(w, spins);
        unsigned took = asks && !worker_has_ready(w) ? public_take(w) : 0;
        if (took) placement_took(w, took);
        if (worker_has_ready(w)) {
            found = true;
            break;
        }
        if (asks && !counted) {
            add_seq_cst(&scheduler.notice, 1);
            counted = true;
        }
        if (spins % 64 == 63 && w->wheel.count) {
            timer_fire_due(w, now_ns());
            if (worker_has_ready(w)) continue;
        }
        if (spins >= scheduler.spins) {
            if (worker_idle_hook) worker_idle_hook();
            worker_park(w);
            if (w->wheel.count) timer_fire_due(w, now_ns());
            spins = 0;
        }
        cpu_relax();
    }
    /* pairs with the load in public_offer */
    uint32_t notice = counted ? sub_seq_cst(&scheduler.notice, 1) - 1 : load_seq_cst(&scheduler.notice);
    if (found) placement_took(w, public_left(w, notice));
    return found;
}

/* -- Remains -- */

static void worker_sets_aside(pool_t *pool) {
    worker_t *w = (worker_t *)(void *)((char *)pool - offsetof(worker_t, pool));
    w->queued |= QUEUED_REMAINS;
}

/* A step before each turn, until nothing is left. true: actors are ready, too. */
static __attribute__((noinline, cold)) bool worker_free_some(worker_t *w) {
    if (remains_step(&w->pool)) w->queued &= ~(uint32_t)QUEUED_REMAINS;
    w->look_at_clock = true; /* it lasts as long as a turn */
    return w->lifo || w->queued & ~(uint32_t)QUEUED_REMAINS;
}

/* -- Turns -- */

/* One in foreign code ends after that. */
static inline bool worker_must_end(const actor_t *a) {
    return (a->ctx.flags & (ACTOR_DYING | ACTOR_FOREIGN)) == ACTOR_DYING;
}

/* An actor whose terminate callback runs waits at most until that must be over (S2.11). */
static __attribute__((noinline)) void worker_bound_wait(worker_t *w, actor_t *a) {
    if (a->ctx.flags & ACTOR_ENDING && !a->ctx.private0) timer_arm(w, a, actor_cold(a)->end_by_ns);
}

/* A wake that changed nothing for a: it waits on. false: it does; true: something came in between, it can run. */
static bool worker_sleeps_again(worker_t *w, actor_t *a) {
    while (!mailbox_sleep(a)) {
        deliver_pending(w, a);
        if (a->ctx.flags & ACTOR_DYING) break; /* ends at its next turn */
        if (receive_finish(w, a)) return true;
    }
    a->state = ACTOR_WAITING;
    stack_leave(a);
    if (unlikely(a->ctx.flags & ACTOR_ENDING)) worker_bound_wait(w, a);
    if (a->ctx.flags & ACTOR_DYING) worker_ready(w, a);
    return false;
}

/* The turn of an actor that is dying, or whose heap is collected in turns. NOT_RESUMED: nobody's turn; RESUMED: it runs what
 * must come first; else its wait is to be looked at. */
enum special { NOT_RESUMED, RESUMED, AS_EVER };

static __attribute__((noinline)) enum special prepare_special(worker_t *w, actor_t *a) {
    if (a->ctx.flags & ACTOR_COLLECTING) {
        switch (collect_turn(w, a)) {
        case COLLECT_AGAIN:
            stack_leave(a);
            worker_ready(w, a);
            return NOT_RESUMED;
        case COLLECT_ENDS:
            if (!end_resumed(w, a)) return NOT_RESUMED;
            break;
        case COLLECT_DONE: break;
        }
    }
    if (!(a->ctx.flags & ACTOR_DYING)) return AS_EVER;
    return end_begin(w, a) ? RESUMED : NOT_RESUMED;
}

/* Brings its frames back, unless it ends without them. false: it does, or they cannot come now. */
static __attribute__((noinline)) bool worker_load(worker_t *w, actor_t *a) {
    bool ends = (a->ctx.flags & (ACTOR_DYING | ACTOR_COLLECTING | ACTOR_FOREIGN | ACTOR_ATTEMPT)) == ACTOR_DYING &&
                !end_runs_code(a);
    if (ends && stack_is_ours(a)) {
        end_begin(w, a);
        return false;
    }
    if (stack_load_slow(&w->pool, a)) return true;
    worker_ready(w, a);
    return false;
}

/* Ready a for its turn: its stack, its signals, the result it waits for. false: not now. */
static inline bool worker_prepare(worker_t *w, actor_t *a) {
    if (unlikely(actor_is_new(a))) {
        if (unlikely(remote_pending(a))) deliver_pending(w, a);
        if (unlikely(a->ctx.flags & ACTOR_DYING)) {
            end_now(w, a);
            return false;
        }
        if (unlikely(!stack_bind(&w->stacks, &w->pool, a, end_stack_size(a)))) {
            end_without_memory(w, a);
            return false;
        }
    } else {
        if (unlikely(!stack_is_present(a)) && !worker_load(w, a)) return false;
        if (unlikely(remote_pending(a)) && !seeded_late()) deliver_pending(w, a);
        if (unlikely(a->ctx.flags & (ACTOR_DYING | ACTOR_COLLECTING))) {
            enum special special = prepare_special(w, a);
            if (special != AS_EVER) return special == RESUMED;
        }
        if (!receive_finish(w, a) && !worker_sleeps_again(w, a)) return false;
    }
    a->state = ACTOR_RUNNING;
    a->ctx.budget = ACTOR_TURN;
    w->current = a;
    return true;
}

/* The same loop as worker_choose, with its choices drawn. */
static __attribute__((noinline, cold)) actor_t *choose_seeded(worker_t *w) {
    while (seeded_turn(w)) {
        if (load_relaxed(&scheduler.notice) & SCHEDULER_BURY) worker_bury(w);
        if (w->wheel.count) timer_fire_due(w, now_ns());
        if (load_relaxed(&w->inbox)) worker_take_inbox(w);
        if (!worker_has_ready(w)) {
            if (!load_relaxed(&w->inbox)) seeded_idle(w); /* answers may be late, too */
            continue;
        }
        actor_t *a = seeded_pick(w);
        if (!worker_prepare(w, a)) continue;
        a->ctx.budget = seeded_budget();
        return a;
    }
    return NULL;
}

static __attribute__((noinline)) actor_t *worker_choose(worker_t *w) {
    w->current = NULL;
    for (;;) {
        w->turns++;
        uint32_t notice = load_relaxed(&scheduler.notice);
        if (unlikely(notice)) {
            if (notice >= SCHEDULER_STOP) return NULL;
            if (notice & SCHEDULER_SEEDED) return choose_seeded(w);
            if (notice & SCHEDULER_WATCH) watchdog_answer(w);
            if (notice & SCHEDULER_COLLECT) world_pause();
            if (notice & SCHEDULER_BURY) worker_bury(w);
            if (notice & SCHEDULER_IDLE && w->queued) public_offer(w);
        }
        if (unlikely(load_relaxed(&w->inbox) != NULL)) worker_take_inbox(w);
        if (unlikely(w->wheel.count && (w->look_at_clock || w->turns % CLOCK_EVERY == 0))) worker_look_at_clock(w);
        if (unlikely(!worker_has_ready(w)) && !worker_find_work(w)) return NULL;
        if (unlikely(w->queued & QUEUED_REMAINS) && !worker_free_some(w)) continue;
        actor_t *a = pop_ready(w);
        if (likely(worker_prepare(w, a))) return a;
    }
}

/* Whether nobody has stopped us, sent to us or wants work from us, and the clock can wait. */
static inline bool worker_is_quiet(const worker_t *w) {
    uint32_t notice = load_relaxed(&scheduler.notice);
    return likely(!load_relaxed(&w->inbox) &&
                  (!w->wheel.count || ((w->turns + 1) % CLOCK_EVERY && !w->look_at_clock))) &&
           (!notice || (notice <= SCHEDULER_IDLE && !w->queued));
}

/* Whether a can be resumed as it is, with the message or reply that it waits for if that has come. Who sits in a slot is looked
 * at only if the slot is not shared (stack.c). */
static inline bool worker_resumes_at_once(worker_t *w, actor_t *a) {
    const slot_t *slot = &slots[a->slot];
    if (unlikely(a->ctx.flags & (ACTOR_DYING | ACTOR_COLLECTING | BUSKIN_CTX_OWN_STACK) || actor_is_new(a) ||
                 remote_pending(a) || load_relaxed(&slot->shared) || slot->occupant != a))
        return false;
    enum actor_wait wait = actor_wait(a);
    if (likely(wait == WAIT_PEEK)) return receive_finish(w, a);
    return wait == WAIT_NONE || (wait == WAIT_REPLY && actor_cold(a)->answer && receive_answer(w, a, actor_cold(a)));
}

/* The way of a message between two actors of one worker, and of those in a queue that is the only one; worker_choose is the
 * whole truth. */
actor_t *worker_next(worker_t *w) {
    actor_t *a = w->lifo;
    if (unlikely(!worker_is_quiet(w))) return worker_choose(w);
    if (likely(a != NULL)) {
        if (unlikely(w->queued && ++w->lifo_streak >= LIFO_BOUND)) return worker_choose(w);
    } else {
        if (w->queued != 1u << BUSKIN_NORMAL) return worker_choose(w);
        a = runq_peek(&w->queues[BUSKIN_NORMAL]);
    }
    if (unlikely(!worker_resumes_at_once(w, a))) return worker_choose(w);
    if (likely(w->lifo != NULL)) {
        w->lifo = NULL;
    } else {
        pop_queue(w, BUSKIN_NORMAL);
        w->lifo_streak = w->fresh_streak = 0;
    }
    w->turns++;
    a->state = ACTOR_RUNNING;
    a->ctx.budget = ACTOR_TURN;
    w->current = a;
    return a;
}

actor_t *worker_continue(worker_t *w, actor_t *self) {
    (void)w;
    self->ctx.budget = unlikely(seeded.on) ? seeded_budget() : ACTOR_TURN;
    return self;
}

actor_t *worker_requeue(worker_t *w, actor_t *self) {
    if (unlikely(self->ctx.flags & ACTOR_CLEANING)) return cleanup_turn(w, self);
    cold_t *cold = actor_cold(self);
    if (cold) cold->turns++;
    if (unlikely(remote_pending(self)) && !seeded_late()) deliver_pending(w, self);
    if (unlikely(self->ctx.flags & ACTOR_ENDING)) end_check_time(self);
    if (unlikely(self->ctx.flags & ACTOR_DYING)) return end_begin(w, self) ? self : worker_next(w);
    w->look_at_clock = true;
    w->fresh_streak += FRESH_TURN;
    if (w->wheel.count) worker_look_at_clock(w);
    worker_t *to = placement_attracts(w, self);
    if (!to && !worker_has_ready(w) && !load_relaxed(&w->inbox) && !scheduler_calls())
        return worker_continue(w, self); /* nobody else wants the worker */
    stack_leave(self);
    actor_set_wait(self, WAIT_NONE);
    if (likely(!to) || !public_hand_over(w, self, to)) worker_ready(w, self);
    return worker_next(w);
}

/* Something arrived while the current actor was about to sleep. */
static __attribute__((noinline)) actor_t *worker_wait_pending(worker_t *w, actor_t *self) {
    do {
        deliver_pending(w, self);
        if (worker_must_end(self)) return end_begin(w, self) ? self : worker_next(w);
        if (receive_finish(w, self)) return worker_continue(w, self);
    } while (!mailbox_sleep(self));
    self->state = ACTOR_WAITING;
    stack_leave(self);
    return worker_next(w);
}

actor_t *worker_wait_or_go_on(worker_t *w, actor_t *self, enum actor_wait wait) {
    actor_set_wait(self, wait);
    if (unlikely(self->ctx.flags & (ACTOR_DYING | ACTOR_CLEANING))) {
        if (self->ctx.flags & ACTOR_CLEANING) return cleanup_refuse_wait(w, self, wait);
        return end_begin(w, self) ? self : worker_next(w);
    }
    if (!receive_finish(w, self)) return worker_wait(w, self, wait);
    return self->ctx.budget > 0 ? self : worker_requeue(w, self);
}

actor_t *worker_wait(worker_t *w, actor_t *self, enum actor_wait wait) {
    /* what was taken in on the way here may have ended it; nobody would tell it again */
    if (unlikely(self->ctx.flags & (ACTOR_DYING | ACTOR_ENDING | ACTOR_CLEANING))) {
        if (self->ctx.flags & ACTOR_CLEANING) return cleanup_refuse_wait(w, self, wait);
        if (worker_must_end(self)) return end_begin(w, self) ? self : worker_next(w);
        worker_bound_wait(w, self);
    }
    actor_set_wait(self, wait);
    if (unlikely(!mailbox_sleep(self))) return worker_wait_pending(w, self);
    self->state = ACTOR_WAITING;
    stack_leave(self);
    return worker_next(w);
}

uint64_t worker_ref(worker_t *w) {
    static _Atomic uint64_t last_foreign;
    uint64_t n = w ? ++w->last_ref : add_relaxed(&last_foreign, 1) + 1;
    return n << 8 | (w ? w->id : 0xff);
}

/* -- Life of a worker -- */

void worker_close(worker_t *w) {
    tell_nobody(w);
    remains_finish(&w->pool);
    pool_drain(&w->pool);
    table_drain(&w->blocks);
    stacks_close(&w->stacks);
    scratch_free(&w->scratch);
    wheel_close(&w->wheel);
    for (int i = 0; i < QUEUES; i++) runq_close(&w->queues[i]);
}

bool worker_make(uint8_t id) {
    if (!workers[id]) workers[id] = alloc_aligned_to(128, sizeof(worker_t));
    return workers[id] != NULL;
}

bool worker_open(uint8_t id) {
    worker_t *w = workers[id];
    memset(w, 0, sizeof *w);
    w->id = w->blocks.home = id;
    if (!seeded.on) w->pool.set_aside = worker_sets_aside;
    bool ok = stacks_open(&w->stacks, id) && wheel_open(&w->wheel, now_ns());
    for (int i = 0; i < QUEUES; i++) ok = ok && runq_open(&w->queues[i]);
    return ok;
}

static actor_t *worker_first(void *w) { return worker_next(w); }

void worker_attach(worker_t *w) {
    this_worker = w;
    store_relaxed(&w->thread_number, thread_number());
    store_relaxed(&w->thread, pthread_self());
}

void worker_run(worker_t *w) {
    worker_attach(w);
    world_enter();
    switch_enter(worker_first, w);
    world_leave();
    this_worker = NULL;
}
