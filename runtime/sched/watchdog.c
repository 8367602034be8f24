/* watchdog.c - actors that pass no safepoint, at no cost to those that do.
 *
 *   watchdog                                      workers
 *   1  raises watchdog_round, sets SCHEDULER_WATCH
 *                                                 2  choose their next actor, see the flag in a word that they read
 *                                                    anyway, and store the round as their answer
 *   3  a moment later: all have answered or are parked: clears the flag, sleeps an eighth of the limit
 *      else: the flag stays; who has not answered within the limit is reported. Time in which the worker's thread was ready but had
 *      no processor does not count: on a busy machine that can be seconds
 *
 * The report needs the actor's pid, name and frames, which are the worker's own: the worker's thread is probed (a signal), its
 * handler fills in `probed` and the watchdog prints that. A thread that blocks the signal gives a line without them.
 *
 * While all workers are parked the watchdog sleeps without a time limit, so idle programs cost nothing:
 *
 *   watchdog                                      worker
 *   1  stores asleep (seq_cst)                    1  stores parked = NO (seq_cst)
 *   2  looks whether a worker is not parked       2  loads asleep (seq_cst), wakes the watchdog
 *   3  futex wait
 *
 * A call between foreign_enter and foreign_leave is none of its business: the worker goes on without it. Seeded runs have no
 * watchdog, because their time is not the clock's.
 */
#include "sched/watchdog.h"

#include "actor/cold.h"
#include "port/port.h"
#include "port/probe.h"
#include "sched/fault.h"
#include "sched/frames.h"
#include "sched/output.h"

enum { ANSWER_NS = 2000000, FOUND_NS = 100000000, PROBES = 3 };

_Atomic uint32_t watchdog_round, watchdog_asleep;

static _Atomic uint32_t watchdog_event; /* a futex: changes when the thread should look up */
static _Atomic bool watchdog_stops;
static bool watchdog_runs;
static pthread_t watchdog_pthread;
static uint64_t limit_ns;

/* -- On the probed thread, in its signal handler -- */

enum found { FOUND_IDLE, FOUND_WANTED, FOUND_BUSY, FOUND_ACTOR, FOUND_NOBODY };

/* Written by the handler while `state` is FOUND_BUSY, read by the watchdog afterwards. */
static struct {
    _Atomic uint32_t state; /* enum found; a futex */
    worker_t *_Atomic worker;
    uint64_t pid;
    const char *name;
    frames_t frames;
} probed;

/* Foreign code may keep no frame pointers: then the stack is searched for the frame that called it. */
static void find_frames(const actor_t *a, const probe_t *at) {
    frames_from(&probed.frames, a, at->pc, at->fp);
    for (unsigned i = 0; i < probed.frames.count; i++)
        if (fault_is_actor_code(probed.frames.pcs[i])) return;
    uint64_t top = (uint64_t)(uintptr_t)stack_top(a) - 16;
    for (uint64_t p = (at->sp + 7) & ~(uint64_t)7; p <= top; p += 8) {
        const uint64_t *frame = (const uint64_t *)(uintptr_t)p;
        if (frame[0] <= p || frame[0] > top || !fault_is_actor_code(frame[1] - 1)) continue;
        frames_from(&probed.frames, a, at->pc, p);
        return;
    }
}

static bool answer_probe(const probe_t *at) {
    const worker_t *w = this_worker;
    uint32_t state = FOUND_WANTED;
    /* acquire: pairs with the release in probe_worker */
    if (!w || load_relaxed(&probed.worker) != w || !cas_acquire(&probed.state, &state, FOUND_BUSY)) return false;
    const actor_t *a = w->current;
    state = FOUND_NOBODY;
    if (a && a->state == ACTOR_RUNNING && !(a->ctx.flags & ACTOR_FOREIGN)) {
        probed.pid = a->ctx.pid;
        probed.name = actor_name(a);
        probed.frames.count = 0; /* it may be in the runtime, on the thread's stack */
        bool on_stack = at->sp >= (uint64_t)(uintptr_t)stack_bottom(a) && at->sp < (uint64_t)(uintptr_t)stack_top(a);
        if (on_stack) find_frames(a, at);
        state = FOUND_ACTOR;
    }
    store_release(&probed.state, state); /* pairs with the load in probe_worker */
    futex_wake(&probed.state, 1);
    return true;
}

/* -- The watchdog's thread -- */

typedef struct watched {
    uint64_t since; /* when the question was put that it has not answered; 0: it has answered */
    uint64_t delay; /* how long its thread had waited for a processor by then */
    int32_t thread;
    bool reported;
    uint8_t probes; /* that it did not answer */
} watched_t;

static void nap(int64_t ns) {
    uint32_t event = load_seq_cst(&watchdog_event);
    if (!load_seq_cst(&watchdog_stops)) futex_wait(&watchdog_event, event, ns); /* pairs with watchdog_stop */
}

/* What the worker's thread says of its actor. FOUND_WANTED: nothing in time. */
static uint32_t probe_worker(worker_t *w) {
    store_relaxed(&probed.worker, w);
    store_release(&probed.state, FOUND_WANTED); /* pairs with the load in answer_probe */
    probe_send(load_relaxed(&w->thread));
    uint64_t until = clock_ns() + FOUND_NS;
    for (;;) {
        uint32_t state = load_acquire(&probed.state); /* pairs with the store in answer_probe */
        uint64_t now = clock_ns();
        if (state > FOUND_BUSY) return state;
        /* given up, unless the handler has just begun */
        if (now >= until && cas_seq_cst(&probed.state, &state, FOUND_IDLE)) return FOUND_WANTED;
        futex_wait(&probed.state, state, now < until ? (int64_t)(until - now) : ANSWER_NS);
    }
}

static void say_stalled(const worker_t *w, uint32_t state, uint64_t ns) {
    text_t t = {.length = 0};
    unsigned long long ms = ns / 1000000;
    if (state == FOUND_ACTOR)
        say(&t, "buskin: Pid(%llu) (%s) has passed no safepoint for %llu ms\n", (unsigned long long)probed.pid,
            probed.name, ms);
    else
        say(&t, "buskin: an actor of worker %u has passed no safepoint for %llu ms, and its thread takes no signals\n",
            w->id, ms);
    if (state == FOUND_ACTOR) say_frames(&t, &probed.frames);
    output_write(2, t.bytes, t.length);
}

/* The worker has not answered within the limit. */
static void report(worker_t *w, watched_t *seen, uint64_t ns) {
    uint32_t state = probe_worker(w);
    if (state == FOUND_WANTED && ++seen->probes < PROBES) return; /* perhaps another thread runs it by now */
    seen->reported = true;
    if (state != FOUND_NOBODY) say_stalled(w, state, ns);
}

static bool has_answered(const worker_t *w, uint32_t round) {
    return load_relaxed(&w->watch_answer) == round || load_seq_cst(&w->parked) || load_relaxed(&w->foreign) ||
           !load_relaxed(&w->thread); /* which the system has not started yet */
}

/* For how long the worker could have answered: without the time in which its thread had no processor. */
static uint64_t unanswered_ns(const worker_t *w, watched_t *seen, uint64_t asked) {
    int32_t thread = load_relaxed(&w->thread_number);
    uint64_t now = clock_ns();
    if (!seen->since || thread != seen->thread)
        *seen = (watched_t){.since = seen->since ? now : asked, .delay = thread_delay_ns(thread), .thread = thread};
    if (now - seen->since < limit_ns || seen->reported) return now - seen->since;
    uint64_t delay = thread_delay_ns(thread) - seen->delay;
    return now - seen->since > delay ? now - seen->since - delay : 0;
}

/* Whether somebody has not answered yet and is not reported either. */
static bool look(watched_t *all, uint32_t round, uint64_t asked) {
    bool waiting = false;
    for (unsigned i = 0; i < scheduler.workers; i++) {
        watched_t *seen = &all[i];
        if (has_answered(workers[i], round)) {
            *seen = (watched_t){0};
            continue;
        }
        uint64_t ns = unanswered_ns(workers[i], seen, asked);
        if (!seen->reported && ns >= limit_ns) report(workers[i], seen, ns);
        waiting |= !seen->reported;
    }
    return waiting;
}

static bool all_parked(void) {
    for (unsigned i = 0; i < scheduler.workers; i++)
        if (!load_seq_cst(&workers[i]->parked)) return false;
    return true;
}

static void watchdog_sleep(void) {
    uint32_t event = load_seq_cst(&watchdog_event);
    store_seq_cst(&watchdog_asleep, 1); /* pairs with the load in watchdog_unpark */
    if (all_parked() && !load_seq_cst(&watchdog_stops)) futex_wait(&watchdog_event, event, -1);
    store_seq_cst(&watchdog_asleep, 0);
}

/* One question, and the wait for its answers. */
static void watchdog_ask(watched_t *all, uint64_t pause_ns) {
    uint64_t asked = clock_ns(), before = asked;
    uint32_t round = add_relaxed(&watchdog_round, 1) + 1;
    atomic_fetch_or(&scheduler.notice, SCHEDULER_WATCH); /* pairs with the load in worker_choose */
    nap(ANSWER_NS);
    while (!load_seq_cst(&watchdog_stops) && look(all, round, asked)) {
        before = clock_ns();
        nap((int64_t)pause_ns);
        /* the whole process was stopped meanwhile, or the machine slept: nobody had the time */
        if (clock_ns() - before < 2 * pause_ns + limit_ns / 2) continue;
        for (unsigned i = 0; i < scheduler.workers; i++) all[i].since = clock_ns();
    }
    atomic_fetch_and(&scheduler.notice, ~(uint32_t)SCHEDULER_WATCH);
}

static void *watchdog_thread(void *unused) {
    watched_t all[WORKERS_MAX] = {{0}};
    uint64_t pause_ns = limit_ns / 8;
    (void)unused;
    while (!load_seq_cst(&watchdog_stops)) {
        watchdog_sleep();
        watchdog_ask(all, pause_ns);
        nap((int64_t)pause_ns);
    }
    return NULL;
}

/* -- Life -- */

void watchdog_wake(void) {
    add_seq_cst(&watchdog_event, 1); /* pairs with the load in watchdog_sleep */
    futex_wake(&watchdog_event, 1);
}

bool watchdog_start(uint32_t limit_ms) {
    if (!limit_ms) return true;
    limit_ns = (uint64_t)limit_ms * 1000000u;
    store_relaxed(&watchdog_stops, false);
    if (!probe_install(answer_probe)) return false;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    watchdog_runs = pthread_create(&watchdog_pthread, NULL, watchdog_thread, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!watchdog_runs) probe_remove();
    return watchdog_runs;
}

void watchdog_stop(void) {
    if (!watchdog_runs) return;
    store_seq_cst(&watchdog_stops, true); /* pairs with the loads in nap and watchdog_sleep */
    watchdog_wake();
    pthread_join(watchdog_pthread, NULL);
    watchdog_runs = false;
    probe_remove();
}
