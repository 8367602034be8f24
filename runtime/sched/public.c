/* public.c - sharing work. Only the owner gives actors away, and only while another worker is idle, so a worker's own
 * queue needs no atomics at all; stealing from it would put a fence on every push.
 *
 * An actor that is given away has home == HOME_NONE while it lies in the public queue. It is awake in the sense of
 * mailbox.h: whoever takes it will look at its remote list before it sleeps. The queue's lock publishes the
 * actor's fields, and those of its stack slot, to the taker.
 *
 * Busy workers never look there, so what lies there must have an idle worker that will:
 *
 *   offerer                                   worker that stops being idle
 *   1  store public_count (seq_cst)           1  count itself out of scheduler.notice (seq_cst)
 *   2  wake an idle worker;                   2  load public_count: if something is left, wake another idle
 *      load notice: if there is none             worker; if there is none, take it all
 *      any more, take all back
 */
#include "sched/public.h"

#include "base/lock.h"
#include "sched/deliver.h"
#include "sched/placement.h"
#include "sched/timer.h"

enum { TAKE_MAX = 64 };

static lock_t public_lock;
static actor_t *public_queue[PUBLIC_MAX];
static _Atomic uint32_t public_count;
static uint32_t public_head;

bool public_waiting(void) { return load_seq_cst(&public_count) > 0; }

static void public_wake_one(const worker_t *w) {
    for (unsigned i = 0; i < scheduler.workers; i++)
        if (i != w->id && load_relaxed(&workers[i]->parked)) {
            worker_wake(workers[i]);
            return;
        }
}

static void let_go(worker_t *w, actor_t *a) {
    if (a->ctx.private0) timer_disarm(w, a);
    stack_publish(&w->stacks, a);
}

/* The oldest of those that wait: first the new ones, which have no stack yet and perhaps much work below them. */
static actor_t *oldest(worker_t *w) {
    unsigned queue = runq_length(&w->queues[QUEUE_FRESH]) ? QUEUE_FRESH : BUSKIN_NORMAL;
    actor_t *a = runq_pop(&w->queues[queue]);
    if (!runq_length(&w->queues[queue])) w->queued &= ~(1u << queue);
    return a;
}

static unsigned take(worker_t *w, bool all) {
    lock_take(&public_lock);
    uint32_t count = load_relaxed(&public_count), n = (count + 1) / 2;
    if (n > TAKE_MAX) n = TAKE_MAX;
    if (all) n = count;
    for (uint32_t i = 0; i < n; i++) {
        actor_t *a = public_queue[public_head++ % PUBLIC_MAX];
        stack_adopt(&w->stacks, a);
        store_seq_cst(&a->remote->home, w->id); /* before it can sleep: pairs with the load in deliver_remote */
        worker_enqueue(w, a);
    }
    store_seq_cst(&public_count, count - n);
    lock_drop(&public_lock);
    return n;
}

unsigned public_take(worker_t *w) { return load_relaxed(&public_count) ? take(w, false) : 0; }

unsigned public_left(worker_t *w, uint32_t notice) {
    if (likely(!load_seq_cst(&public_count))) return 0;
    if (!(notice & SCHEDULER_IDLE)) return take(w, true);
    public_wake_one(w);
    return 0;
}

void public_offer(worker_t *w) {
    uint32_t n = runq_length(&w->queues[BUSKIN_NORMAL]) + runq_length(&w->queues[QUEUE_FRESH]);
    if (n + (w->lifo != NULL) < 2 || load_relaxed(&public_count)) return;
    n = (n + 1) / 2;
    if (n > placement_offer()) n = placement_offer();
    lock_take(&public_lock);
    uint32_t count = load_relaxed(&public_count);
    while (n && count < PUBLIC_MAX) {
        actor_t *a = oldest(w);
        let_go(w, a);
        store_seq_cst(&a->remote->home, HOME_NONE); /* pairs with the load in deliver_remote */
        public_queue[(public_head + count++) % PUBLIC_MAX] = a;
        n--;
    }
    store_seq_cst(&public_count, count); /* pairs with public_waiting in worker_park */
    lock_drop(&public_lock);
    public_left(w, load_seq_cst(&scheduler.notice)); /* pairs with the subtraction in worker_find_work */
}

static void inbox_push(worker_t *to, actor_t *a) {
    actor_t *seen = load_relaxed(&to->inbox);
    do a->remote->inbox_next = seen;
    while (!cas_weak_seq_cst(&to->inbox, &seen, a)); /* releases a's fields; pairs with worker_take_inbox */
    if (!seen) worker_wake(to);
}

bool public_hand_over(worker_t *w, actor_t *a, worker_t *to) {
    /* While in_inbox is taken nobody else pushes a. If somebody has, he has pushed it to us: a stays here. */
    if (exchange_seq_cst(&a->remote->in_inbox, 1)) return false;
    a->state = ACTOR_READY;
    let_go(w, a);
    a->remote->waker = INBOX_HAND_OVER;
    store_seq_cst(&a->remote->home, to->id);
    inbox_push(to, a);
    return true;
}

void public_forward(actor_t *a, uint8_t home) {
    if (home == HOME_NONE || home == HOME_THREAD) return;
    if (exchange_seq_cst(&a->remote->in_inbox, 1)) return;
    a->remote->waker = 0;
    inbox_push(workers[home], a);
}

void public_clear(void) {
    store_relaxed(&public_count, 0);
    public_head = 0;
}
