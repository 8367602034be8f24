/* post.c - to actors with a bounded mailbox.
 *
 * The mailbox decides under its lock (actor/bounded.c); here its home is told, and senders that must wait are parked. A blocked
 * send is a request like any other: the sender waits in WAIT_ANSWER for a SIGNAL_ANSWER under a reference of its own, whose code
 * is the send's status. The answer is made before the sender waits, and lies in the mailbox with the message, so nothing can
 * fail later, and nothing points into the sender's stack. A thread without a pid waits on a futex in its own frame.
 *
 *   sender                                         home of the receiver
 *   1  lock; full: append answer and message       1  lock; take a message: the oldest sender's comes in
 *   2  unlock; park, waiting for that reference    2  unlock; deliver the answer to the sender
 *
 * A sender that ends while it waits takes its message back (S10.2); if the answer is on its way already, the reference or the pid
 * no longer matches. A receiver that ends answers ENOPROC.
 */
#include "sched/post.h"

#include "actor/signal.h"
#include "sched/deliver.h"
#include "sched/external.h"
#include "sched/receive.h"

/* A thread without a pid that waits for space. */
typedef struct thread_wait {
    int32_t status;
    _Atomic uint32_t done;
} thread_wait_t;

static void post_free_one(worker_t *w, fragment_t *f) {
    if (w)
        fragment_free(&w->pool, f);
    else
        external_free(f);
}

static void post_free(worker_t *w, fragment_t *f) {
    for (fragment_t *next; f; f = next) {
        next = f->next;
        post_free_one(w, f);
    }
}

static void post_answer(worker_t *w, fragment_t *f) {
    if (f->owner) {
        if (w)
            deliver(w, f);
        else
            deliver_foreign(f);
        return;
    }
    thread_wait_t *wait = (thread_wait_t *)(uintptr_t)reason_notice(f)->from;
    wait->status = (int32_t)reason_notice(f)->code;
    store_release(&wait->done, 1); /* pairs with the load in post_from_thread; its frame may be gone afterwards */
    futex_wake(&wait->done, 1);
    post_free_one(w, f);
}

/* -- Sending -- */

static bool post_is_home(worker_t *w, const actor_t *a) { return w && load_acquire(&a->remote->home) == w->id; }

/* After an operation of the mailbox. f belongs to the mailbox now, and may be gone, unless the actor was. */
static void post_after(worker_t *w, actor_t *a, fragment_t *f, const posted_t *done, bool wake) {
    if (unlikely(done->gone)) {
        deliver_bounce(w, f);
        return;
    }
    if (done->notify) deliver_notify(w, a);
    if (wake && waits_for_message(a)) worker_ready_soon(w, a);
    if (done->discard) post_free(w, done->discard);
}

static int32_t post_status(const posted_t *done) { return done->gone ? BUSKIN_OK : done->status; }

/* `waiter` is used up only if the sender has to wait. */
static posted_t post(worker_t *w, actor_t *a, fragment_t *f, enum bounded_sender sender, fragment_t *waiter) {
    bool local = post_is_home(w, a);
    posted_t done = bounded_post(a, f, sender, waiter, local);
    if (done.status < POST_MUST_WAIT) post_after(w, a, f, &done, local && done.status >= 0);
    return done;
}

/* The answer that self will wait for. NULL: no memory. */
static fragment_t *post_waiter(pool_t *pool, worker_t *w, actor_t *self, uint64_t to) {
    cold_t *cold = cold_ensure(self, pool);
    uint64_t ref = worker_ref(w);
    fragment_t *waiter = cold ? signal_new(pool, SIGNAL_ANSWER, self->ctx.pid, to, ref) : NULL;
    if (!waiter) return NULL;
    cold->asked = ref;
    cold->sending_to = to;
    return waiter;
}

int32_t post_from_actor(worker_t *w, actor_t *self, actor_t *a, fragment_t *f) {
    bool cannot_wait = self == a || self->ctx.flags & ACTOR_CLEANING;
    enum bounded_sender sender = cannot_wait ? SENDER_SELF : SENDER_OTHER;
    posted_t done = post(w, a, f, sender, NULL);
    if (likely(done.status != POST_MUST_WAIT)) return post_status(&done);
    fragment_t *waiter = post_waiter(&w->pool, w, self, f->owner);
    if (!waiter) {
        fragment_free(&w->pool, f);
        return BUSKIN_ENOMEM;
    }
    done = post(w, a, f, sender, waiter);
    if (done.status == POST_WAITS) return POST_WAITS;
    fragment_free(&w->pool, waiter);
    actor_cold(self)->asked = 0;
    return post_status(&done);
}

/* The thread that called init has a pid, and may be killed by nobody: it waits like an actor, on its futex. */
static int32_t post_wait_main(actor_t *self) {
    cold_t *cold = actor_cold(self);
    while (!cold->answer) external_take_in(0);
    fragment_t *f = cold->answer;
    int32_t status = (int32_t)reason_notice(f)->code;
    cold->answer = NULL;
    cold->asked = 0;
    external_free(f);
    return status;
}

static int32_t post_wait_thread(thread_wait_t *wait) {
    while (!load_acquire(&wait->done)) futex_wait(&wait->done, 0, -1); /* pairs with the store in answer */
    return wait->status;
}

int32_t post_from_thread(actor_t *a, fragment_t *f, actor_t *self) {
    posted_t done = post(NULL, a, f, SENDER_OTHER, NULL);
    if (likely(done.status != POST_MUST_WAIT)) return post_status(&done);
    thread_wait_t wait = {.status = BUSKIN_OK};
    pool_t *pool = external_lock();
    fragment_t *waiter = self ? post_waiter(pool, NULL, self, f->owner)
                              : signal_new(pool, SIGNAL_ANSWER, 0, (uint64_t)(uintptr_t)&wait, 0);
    external_unlock();
    if (!waiter) {
        external_free(f);
        return BUSKIN_ENOMEM;
    }
    done = post(NULL, a, f, SENDER_OTHER, waiter);
    if (done.status == POST_WAITS) return self ? post_wait_main(self) : post_wait_thread(&wait);
    external_free(waiter);
    return post_status(&done);
}

void post_signal(worker_t *w, actor_t *a, fragment_t *f) {
    if (f->kind < SIGNAL_FIRST) { /* a timer's: where a sender would wait, it is dropped */
        post(w, a, f, SENDER_NOBODY, NULL);
        return;
    }
    bool local = post_is_home(w, a);
    posted_t done = bounded_signal(a, f, local);
    if (done.status == BUSKIN_ENOMEM) done.gone = true; /* the same as if the actor could not be found */
    post_after(w, a, f, &done, false);
    if (local && !done.gone) post_take_in(w, a);
}

/* -- At the receiver's home -- */

static void post_apply(worker_t *w, actor_t *a, fragment_t *f) {
    fragment_t *reply = NULL;
    if (unlikely(f->owner != a->ctx.pid)) { /* for an earlier occupant of the block */
        bounded_place(a, NULL);
        deliver_bounce(w, f);
        return;
    }
    enum signal_effect effect = signal_apply(&w->pool, a, f, &reply);
    fragment_t *message = a->head;
    a->head = a->tail = NULL;
    bounded_place(a, message);
    if (a->ctx.flags & ACTOR_FOREIGN) effect = SIGNAL_NOTHING; /* as in deliver_here */
    if (a->state == ACTOR_WAITING && effect == SIGNAL_MUST_RUN) worker_ready_soon(w, a);
    if (reply) deliver(w, reply);
}

void post_take_in(worker_t *w, actor_t *a) {
    do {
        for (fragment_t *f; (f = bounded_take_signal(a));) post_apply(w, a, f);
        if (bounded_news(a) && waits_for_message(a) && !(a->ctx.flags & ACTOR_FOREIGN)) worker_ready_soon(w, a);
    } while (a->state == ACTOR_WAITING && !bounded_sleep(a));
}

/* The message of a sender that has waited in vain. */
static void post_drop_message(worker_t *w, fragment_t *waiter) {
    if (waiter->tag) fragment_free(&w->pool, (fragment_t *)(uintptr_t)waiter->tag);
    waiter->tag = 0;
}

fragment_t *post_received(worker_t *w, actor_t *a) {
    fragment_t *answers, *f = bounded_take(a, &answers);
    for (fragment_t *next; answers; answers = next) {
        next = answers->next;
        post_drop_message(w, answers); /* for want of memory it did not come in */
        post_answer(w, answers);
    }
    return f;
}

/* -- Ends -- */

void post_withdraw(worker_t *w, actor_t *self) {
    cold_t *cold = actor_cold(self);
    actor_t *a = table_find(cold->sending_to);
    fragment_t *waiter = a ? bounded_withdraw(a, cold->sending_to, cold->asked) : NULL;
    cold->asked = cold->sending_to = 0;
    if (cold->answer) fragment_free(&w->pool, cold->answer);
    cold->answer = NULL;
    if (!waiter) return;
    post_drop_message(w, waiter);
    fragment_free(&w->pool, waiter);
}

static bool post_is_waiter(const fragment_t *f) { return f->kind == SIGNAL_ANSWER && f->tag; }

static void post_refuse(worker_t *w, fragment_t *waiter, int32_t status) {
    post_drop_message(w, waiter);
    reason_notice(waiter)->code = (uint32_t)status;
    post_answer(w, waiter);
}

void post_close(worker_t *w, actor_t *a) {
    bounded_t *b = bounded_close(a, REMOTE_IDLE);
    for (fragment_t *f; (f = bounded_empty(b, &w->pool));)
        if (post_is_waiter(f))
            post_refuse(w, f, BUSKIN_ENOPROC);
        else
            deliver_bounce(w, f);
}

void post_discard_all(worker_t *w, actor_t *a) {
    bounded_t *b = bounded_close(a, REMOTE_IDLE);
    for (fragment_t *f; (f = bounded_empty(b, &w->pool));) {
        if (post_is_waiter(f) && !f->owner) {
            post_refuse(w, f, BUSKIN_ESTATE);
            continue;
        }
        if (post_is_waiter(f)) post_drop_message(w, f);
        fragment_free(&w->pool, f);
    }
}

void post_undo(pool_t *pool, actor_t *a) {
    bounded_t *b = bounded_close(a, REMOTE_IDLE);
    for (fragment_t *f; (f = bounded_empty(b, pool));) fragment_free(pool, f);
}
