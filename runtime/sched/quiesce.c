/* quiesce.c - when and how a program ends (S11.3).
 *
 *   running --- active == 0 --------------------------------> quiet
 *   running --- main ended abnormally, or a request --------> ending   (rt_shutdown, SIGTERM, SIGINT)
 *   quiet   --- main still waits: status 2, one line -------> ending
 *   quiet   --- else ---------------------------------------> ending
 *   ending  --- supervision trees stop, from their tops, in their order, within half the time
 *           --- every actor that has cleanups or a terminate callback gets SIGNAL_END; the rest just stop
 *           --- active == 0, or the time is over -----------> done
 *
 * `active` counts workers that are not asleep for good, blocking calls and keepalives (worker.c), so 0 means that nothing
 * in the process can make progress. The thread in buskin_rt_run_scheduler waits on scheduler.event.
 */
#include "sched/quiesce.h"

#include "actor/cold.h"
#include "actor/reason.h"
#include "actor/signal.h"
#include "port/port.h"
#include "sched/crash.h"
#include "sched/deliver.h"
#include "sched/end.h"
#include "sched/external.h"
#include "sched/seeded.h"

#include <stdio.h>

enum { ENDING_MS = 5000, LINGER_NS = 120000000 };

static uint64_t main_pid;
static _Atomic uint32_t main_state; /* MAIN_* */
static _Atomic int32_t main_status;
static _Atomic uint32_t trees;     /* supervisors alive */
static _Atomic int64_t request_ms; /* < 0: none */
static _Atomic int32_t ended_by;   /* signal that asked for the end, or 0 */

enum { MAIN_NONE, MAIN_RUNS, MAIN_ENDED, MAIN_FAILED };

void quiesce_init(void) {
    main_pid = 0;
    store_relaxed(&main_state, MAIN_NONE);
    store_relaxed(&main_status, 0);
    store_relaxed(&request_ms, -1);
    store_relaxed(&trees, 0);
    store_relaxed(&ended_by, 0);
}

void quiesce_main_started(uint64_t pid) {
    main_pid = pid;
    store_relaxed(&main_state, MAIN_RUNS);
}

void quiesce_main_ended(const buskin_notice_t *why) {
    bool fine = !why || why->code == BUSKIN_REASON_NORMAL || why->code == BUSKIN_REASON_SHUTDOWN;
    if (load_relaxed(&main_state) != MAIN_RUNS) return;
    if (!fine) crash_report_main(main_pid, why);
    store_relaxed(&main_status, fine ? 0 : 1);
    store_release(&main_state, fine && !why                                ? MAIN_ENDED
                               : fine && why->code == BUSKIN_REASON_NORMAL ? MAIN_ENDED
                                                                           : MAIN_FAILED);
    scheduler_poke();
}

void quiesce_request(int64_t timeout_ms) {
    if (timeout_ms > UINT32_MAX) timeout_ms = UINT32_MAX;
    store_release(&request_ms, timeout_ms < 0 ? ENDING_MS : timeout_ms);
    scheduler_poke();
}

void quiesce_signal(int signal) {
    store_relaxed(&ended_by, signal);
    quiesce_request(-1);
}

void quiesce_tree_started(void) { add_relaxed(&trees, 1); }

void quiesce_tree_ended(void) {
    if (sub_seq_cst(&trees, 1) == 1) scheduler_poke(); /* pairs with the load in stop_trees */
}

/* Sleeps until the event counter moves on from seen, or until deadline_ns (0: none). */
static void wait_event(uint32_t seen, uint64_t deadline_ns) {
    if (seeded.on) {
        seeded_wait(seen, deadline_ns);
        return;
    }
    int64_t wait = -1;
    if (deadline_ns) {
        uint64_t now = now_ns();
        if (now >= deadline_ns) return;
        wait = (int64_t)(deadline_ns - now);
    }
    futex_wait(&scheduler.event, seen, wait);
}

static void wait_for_end(void) {
    for (;;) {
        uint32_t seen = load_seq_cst(&scheduler.event);
        if (load_acquire(&request_ms) >= 0 || load_acquire(&main_state) == MAIN_FAILED) return;
        if (load_seq_cst(&scheduler.active) == 0) return;
        /* perhaps only timers to dead actors are left; they cost no virtual time */
        bool lingers = load_relaxed(&main_state) != MAIN_RUNS && !seeded.on;
        wait_event(seen, lingers ? now_ns() + LINGER_NS : 0);
        if (lingers && load_seq_cst(&scheduler.event) == seen)
            for (unsigned i = 0; i < scheduler.workers; i++) worker_wake(workers[i]);
    }
}

static fragment_t *end_signal(uint64_t pid, uint32_t code, uint64_t which) {
    fragment_t *f = external_reason(code);
    if (!f) return NULL;
    f->kind = SIGNAL_END;
    f->owner = pid;
    reason_notice(f)->ref = which;
    return f;
}

/* Every supervisor that has none above it stops its children in reverse order and ends; those below it follow. */
static void stop_trees(uint64_t deadline_ns) {
    if (!load_seq_cst(&trees)) return;
    uint32_t used = table_used();
    for (uint32_t i = 1; i < used; i++) {
        uint64_t pid = actor_pid_relaxed(&table_base[i]);
        if (!pid || load_relaxed(&table_base[i].remote->home) == HOME_THREAD) continue;
        fragment_t *f = end_signal(pid, BUSKIN_REASON_SHUTDOWN, SIGNAL_TREES);
        if (f) deliver_foreign(f);
    }
    for (;;) {
        uint32_t seen = load_seq_cst(&scheduler.event);
        if (!load_seq_cst(&trees) || load_seq_cst(&scheduler.active) == 0 || now_ns() >= deadline_ns) return;
        wait_event(seen, deadline_ns);
    }
}

/* Tells every live actor to end; with `all` false only those that would notice: the others are asleep for good. Their
 * blocks are read while nobody runs, so all are found before the first is told. */
static void end_actors(uint32_t code, bool all) {
    uint32_t used = table_used();
    fragment_t *orders = NULL;
    for (uint32_t i = 1; i < used; i++) {
        actor_t *a = &table_base[i];
        uint64_t pid = actor_pid_relaxed(a);
        if (!pid || load_relaxed(&a->remote->home) == HOME_THREAD) continue;
        if (!all && (a->state == ACTOR_FREE || !end_runs_code(a))) continue;
        fragment_t *f = end_signal(pid, code, 0);
        if (!f) break;
        f->next = orders;
        orders = f;
    }
    for (fragment_t *next; orders; orders = next) {
        next = orders->next;
        deliver_foreign(orders);
    }
}

static void wait_until_quiet(uint64_t deadline_ns) {
    for (;;) {
        uint32_t seen = load_seq_cst(&scheduler.event);
        if (load_seq_cst(&scheduler.active) == 0 || now_ns() >= deadline_ns) return;
        wait_event(seen, deadline_ns);
    }
}

uint64_t quiesce_limit_ms(void) {
    int64_t asked = load_acquire(&request_ms);
    return asked >= 0 ? (uint64_t)asked : ENDING_MS;
}

int quiesce_run(void) {
    wait_for_end();
    bool quiet = load_seq_cst(&scheduler.active) == 0;
    bool asked = load_acquire(&request_ms) >= 0;
    uint64_t limit = quiesce_limit_ms();
    if (quiet && !asked && load_acquire(&main_state) == MAIN_RUNS) {
        fprintf(stderr,
                "buskin: the main actor still waits, and nothing can run that would wake it; the program ends\n");
        store_relaxed(&main_status, 2);
        store_relaxed(&main_state, MAIN_FAILED);
    }
    uint64_t now = now_ns(), limit_ns = limit * 1000000u;
    stop_trees(now + limit_ns / 2);
    end_actors(BUSKIN_REASON_SHUTDOWN, load_seq_cst(&scheduler.active) != 0);
    wait_until_quiet(now + limit_ns);
    int32_t by = load_relaxed(&ended_by);
    return by ? 128 + by : load_acquire(&main_status);
}
