/* foreign.c - what may block leaves the worker free.
 *
 * Brackets. worker->foreign is 0, or a token while the worker's current actor is in a foreign call:
 *
 *   actor                                  monitor thread
 *   enter: store token (release)           sees the same token for HAND_OVER_NS:
 *   ... foreign code ...                       CAS token -> 0: the worker is taken from this thread
 *   leave: CAS token -> 0 (acquire)              and given to a spare one
 *          fails: the worker is gone
 *
 * Exactly one CAS wins. If the monitor's does, the spare thread first files the actor as waiting (WAIT_CALL), and goes on
 * with the worker's others; the actor's thread, when the call ends, saves its frame, sends it the SIGNAL_WAKE that ends
 * the wait, and becomes a spare. The monitor sleeps while no call is under way, so idle programs cost nothing.
 *
 * The model is tests/model/foreign.pml. Blocking calls run on pool threads, which are the same spares: made when needed.
 */
#include "sched/foreign.h"

#include "actor/signal.h"
#include "base/alloc.h"
#include "base/lock.h"
#include "port/port.h"
#include "port/switch.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/external.h"
#include "sched/outside.h"
#include "sched/seeded.h"
#include "sched/threads.h"

#include <stdlib.h>

enum { HAND_OVER_NS = 20000, MONITOR_IDLE_NS = 1000000 };

typedef struct job {
    struct job *next;
    void (*fn)(void *arg);
    void *arg;
    fragment_t *wake; /* for the actor, when it is done: made before, so that it cannot fail */
} job_t;

static pthread_mutex_t spare_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t spare_cond = PTHREAD_COND_INITIALIZER;
static unsigned spare_count;
static worker_t *orphans[WORKERS_MAX]; /* workers that need a thread */
static unsigned orphan_count, job_count;
static job_t *jobs_first, *jobs_last;
static bool ending;
static _Atomic bool monitor_started;

static _Atomic uint32_t foreign_calls; /* under way */
static _Atomic uint32_t monitor_event;
static _Atomic uint32_t tokens;
static _Thread_local uint32_t my_token; /* 0: this thread is in no bracketed call */
static _Thread_local actor_t *my_actor; /* else whose */
static _Thread_local job_t *my_job;     /* the blocking call that this thread runs, or NULL */

/* -- Threads -- */

bool foreign_start_thread(void *(*body)(void *), void *arg) {
    pthread_mutex_lock(&spare_mutex);
    ending = false;
    bool ok = threads_start(body, arg);
    pthread_mutex_unlock(&spare_mutex);
    return ok;
}

/* What ends a WAIT_CALL. NULL: no memory. */
static fragment_t *new_wake(uint64_t pid) {
    fragment_t *wake = fragment_new(external_lock(), 0);
    external_unlock();
    if (!wake) return NULL;
    wake->kind = SIGNAL_WAKE;
    wake->owner = pid;
    return wake;
}

static void job_done(job_t *job) {
    my_job = NULL;
    deliver_foreign(job->wake);
    free(job);
    if (sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke();
}

static void run_job(job_t *job) {
    my_job = job;
    outside_call(job->fn, job->arg);
    job_done(job);
}

/* Waits until a worker needs a thread, doing blocking calls meanwhile. NULL: the end. */
static worker_t *spare_wait(void) {
    worker_t *w = NULL;
    pthread_mutex_lock(&spare_mutex);
    while (!w) {
        if (orphan_count) {
            w = orphans[--orphan_count];
        } else if (jobs_first) {
            job_t *job = jobs_first;
            jobs_first = job->next;
            if (!jobs_first) jobs_last = NULL;
            job_count--;
            pthread_mutex_unlock(&spare_mutex);
            run_job(job);
            pthread_mutex_lock(&spare_mutex);
        } else if (ending) {
            break;
        } else {
            spare_count++;
            pthread_cond_wait(&spare_cond, &spare_mutex);
            spare_count--;
        }
    }
    pthread_mutex_unlock(&spare_mutex);
    return w;
}

/* The worker was taken over while its current actor was in a foreign call. */
static actor_t *take_over(void *arg) {
    worker_t *w = arg;
    actor_t *a = w->current;
    if (a && a->ctx.flags & ACTOR_FOREIGN) {
        a->state = ACTOR_WAITING;
        while (!mailbox_sleep(a)) deliver_pending(w, a);
    } else if (a && a->state == ACTOR_RUNNING) {
        return end_current(w, a); /* it has lost its thread: foreign_thread_lost */
    }
    return worker_next(w);
}

static void run_others(void) {
    for (worker_t *w; (w = spare_wait());) {
        worker_attach(w);
        switch_enter(take_over, w);
        this_worker = NULL;
    }
}

void foreign_thread_body(worker_t *w) {
    worker_run(w);
    run_others();
}

static void *spare_thread(void *unused) {
    (void)unused;
    run_others();
    return NULL;
}

/* Makes sure that a spare thread will look: one for each orphan and each job, for jobs may wait for each other. */
static bool wake_spare_locked(void) {
    if (spare_count >= orphan_count + job_count) {
        pthread_cond_signal(&spare_cond);
        return true;
    }
    return threads_start(spare_thread, NULL) || spare_count > 0 ||
           threads_count() > scheduler.workers + load_relaxed(&monitor_started);
}

unsigned foreign_join_threads(uint64_t deadline_ns) {
    pthread_mutex_lock(&spare_mutex);
    ending = true;
    pthread_cond_broadcast(&spare_cond);
    add_seq_cst(&monitor_event, 1);
    futex_wake(&monitor_event, 1);
    pthread_mutex_unlock(&spare_mutex);
    unsigned left = threads_join(deadline_ns);
    if (left) return left;
    orphan_count = 0;
    store_relaxed(&monitor_started, false);
    return 0;
}

/* -- The monitor -- */

static void hand_over(worker_t *w, uint32_t token) {
    /* acquire: pairs with the release in foreign_enter; the worker's fields are ours to pass on */
    if (!cas_acquire(&w->foreign, &token, 0)) return;
    add_seq_cst(&scheduler.active, 1); /* the call itself, until it comes back */
    pthread_mutex_lock(&spare_mutex);
    orphans[orphan_count++] = w;
    wake_spare_locked();
    pthread_mutex_unlock(&spare_mutex);
}

static void *monitor_thread(void *unused) {
    (void)unused;
    uint32_t seen[WORKERS_MAX] = {0};
    uint64_t quiet_since = clock_ns();
    for (;;) {
        uint32_t event = load_seq_cst(&monitor_event);
        if (scheduler_stops()) return NULL;
        if (load_seq_cst(&foreign_calls)) quiet_since = clock_ns();
        if (clock_ns() - quiet_since > MONITOR_IDLE_NS) {
            if (!load_seq_cst(&foreign_calls)) futex_wait(&monitor_event, event, -1); /* pairs with foreign_enter */
            quiet_since = clock_ns();
            continue;
        }
        for (unsigned i = 0; i < scheduler.workers; i++) {
            uint32_t token = load_relaxed(&workers[i]->foreign);
            if (token && token == seen[i]) hand_over(workers[i], token);
            seen[i] = token;
        }
        futex_wait(&monitor_event, event, HAND_OVER_NS);
    }
}

static void monitor_ensure(void) {
    pthread_mutex_lock(&spare_mutex);
    if (!load_relaxed(&monitor_started)) store_relaxed(&monitor_started, threads_start(monitor_thread, NULL));
    pthread_mutex_unlock(&spare_mutex);
}

/* -- Brackets -- */

void foreign_enter(worker_t *w, actor_t *a) {
    a->ctx.flags |= ACTOR_FOREIGN;
    actor_set_wait(a, WAIT_CALL); /* in case that it loses the worker; nobody looks before */
    my_token = UINT32_MAX;
    my_actor = a;
    if (seeded.on) return; /* the worker waits for it */
    uint32_t token = add_relaxed(&tokens, 1) + 1;
    if (!token) token = add_relaxed(&tokens, 1) + 1;
    if (!load_relaxed(&monitor_started)) monitor_ensure();
    if (add_seq_cst(&foreign_calls, 1) == 0) { /* pairs with the monitor's second look */
        add_seq_cst(&monitor_event, 1);
        futex_wake(&monitor_event, 1);
    }
    my_token = token;
    store_release(&w->foreign, token); /* pairs with the CAS in hand_over */
}

bool foreign_under_way(void) { return my_token != 0; }

static void still_at_home(actor_t *a) {
    a->ctx.flags &= ~(uint32_t)ACTOR_FOREIGN;
    actor_set_wait(a, WAIT_NONE);
}

bool foreign_leave(worker_t *w, actor_t *a) {
    uint32_t token = my_token; /* if the worker is lost, another call's token may stand there by now, never ours */
    my_token = 0;
    if (seeded.on) {
        still_at_home(a);
        return true;
    }
    sub_seq_cst(&foreign_calls, 1);
    if (cas_acquire(&w->foreign, &token, 0)) {
        still_at_home(a);
        return true;
    }
    return false;
}

actor_t *foreign_come_back(actor_t *a) {
    uint64_t pid = a->ctx.pid;
    this_worker = NULL;
    fragment_t *wake;
    while (!(wake = new_wake(pid))) thread_yield(); /* the actor has nowhere else to go: until memory is back */
    deliver_foreign(wake); /* releases the saved frame; from here on the actor belongs to its home */
    if (sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke();
    worker_t *w = spare_wait();
    if (!w) return NULL;
    worker_attach(w);
    return take_over(w);
}

/* -- Blocking calls -- */

bool foreign_call(void (*fn)(void *arg), void *arg, uint64_t pid) {
    job_t *job = alloc_zeroed(1, sizeof *job);
    if (!job) return false;
    *job = (job_t){.fn = fn, .arg = arg, .wake = new_wake(pid)};
    if (!job->wake) {
        free(job);
        return false;
    }
    add_seq_cst(&scheduler.active, 1);
    pthread_mutex_lock(&spare_mutex);
    job_count++;
    bool ok = wake_spare_locked();
    if (!ok) {
        job_count--;
    } else {
        if (jobs_last)
            jobs_last->next = job;
        else
            jobs_first = job;
        jobs_last = job;
    }
    pthread_mutex_unlock(&spare_mutex);
    if (ok) return true;
    external_free(job->wake);
    free(job);
    sub_seq_cst(&scheduler.active, 1);
    return false;
}

/* -- Threads that end where they should not -- */

static const char lost_text[] = "its thread ended: pthread_exit in an actor";

/* The worker goes on with another thread, which ends the actor first. */
static void give_away(worker_t *w, actor_t *a) {
    const crash_place_t place = {.pc = (uint64_t)(uintptr_t)pthread_exit};
    a->sp = stack_bottom(a); /* its frames are there, and end nobody knows where */
    end_crash(w, a, BUSKIN_REASON_CRASH, 0, lost_text, sizeof lost_text - 1, &place);
    pthread_mutex_lock(&spare_mutex);
    orphans[orphan_count++] = w;
    BUG_IF(!wake_spare_locked());
    pthread_mutex_unlock(&spare_mutex);
}

/* The worker has gone on already: its present thread ends the actor, as if the call had come back to be killed. */
static void end_from_afar(actor_t *a) {
    a->sp = stack_bottom(a);
    pool_t *pool = external_lock();
    fragment_t *end = reason_new(pool, BUSKIN_REASON_CRASH, lost_text, sizeof lost_text - 1);
    fragment_t *wake = fragment_new(pool, 0);
    external_unlock();
    BUG_IF(!end || !wake);
    end->kind = SIGNAL_END;
    wake->kind = SIGNAL_WAKE;
    end->owner = wake->owner = a->ctx.pid;
    deliver_foreign(end);
    deliver_foreign(wake);
    if (sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke();
}

void foreign_thread_lost(void) {
    worker_t *w = this_worker;
    if (my_job) job_done(my_job);
    this_worker = NULL;
    if (!w) return;
    if (foreign_under_way() && !foreign_leave(w, my_actor))
        end_from_afar(my_actor);
    else
        give_away(w, w->current);
}
