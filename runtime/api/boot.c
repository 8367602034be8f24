/* boot.c - init and shutdown: a state machine that can go round again in one process.
 *
 *   DOWN ---init---> STARTING ---> UP ---run_scheduler---> ENDING ---> DOWN
 *                       |                                    |
 *                       +--- it cannot: DOWN                 +--- threads do not stop: STUCK --- init, once they have ---> STARTING
 *   all but DOWN ---fork---> FORKED, in the child, for good
 *
 * init refuses bad BUSKIN_* values with one line each, then brings up, in this order, address space, table, workers and
 * their threads. run_scheduler waits for the end of the program, stops the workers and takes everything down again. A failed
 * init takes down what it has brought up. Each step is one that take_down can undo, also if it was never made.
 *
 * A thread in code that passes no safepoint, or in a blocking call, cannot be stopped. After the time limit of the end it
 * gets as much again, at least STOP_MS_MIN: a thread may just wait for a processor. Then it is reported and left behind, with all that it may use.
 */
#include "actor/side.h"
#include "actor/signal.h"
#include "api/api.h"
#include "api/config.h"
#include "base/alloc.h"
#include "mem/share.h"
#include "port/port.h"
#include "port/quit.h"
#include "port/switch.h"
#include "sched/collect.h"
#include "sched/end.h"
#include "sched/external.h"
#include "sched/fault.h"
#include "sched/foreign.h"
#include "sched/output.h"
#include "sched/outside.h"
#include "sched/public.h"
#include "sched/quiesce.h"
#include "sched/registry.h"
#include "sched/watchdog.h"
#include "sched/world.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t STOP_MS_MIN = 2000;

_Thread_local buskin_context_t *BUSKIN_ABI_CONTEXT_SYMBOL __attribute__((tls_model("initial-exec"))) =
    &outside_block.ctx;
_Thread_local char *switch_thread_sp __attribute__((tls_model("initial-exec")));

const uint8_t BUSKIN_ABI_EPOCH_SYMBOL = 1;

_Atomic uint32_t runtime_state;
/* The references of rt_keepalive, which scheduler.active counts too: nobody can give back what he did not take. */
static _Atomic uint32_t kept_alive;

static void *worker_thread(void *arg) {
    worker_t *w = arg;
    foreign_thread_body(w);
    return NULL;
}

/* scheduler.workers counts those that take_down has to close. */
static bool open_workers(unsigned count) {
    for (scheduler.workers = 0; scheduler.workers < count;) {
        if (!worker_make((uint8_t)scheduler.workers)) return false;
        scheduler.workers++;
        if (!worker_open((uint8_t)(scheduler.workers - 1))) return false;
    }
    return true;
}

static bool start_workers(unsigned count) {
    scheduler.spins = count == 1 ? 1 : count <= cpu_count() ? 2000 : 100;
    store_relaxed(&scheduler.notice, seeded.on ? SCHEDULER_SEEDED : 0);
    store_relaxed(&scheduler.active, count);
    if (!open_workers(count)) return false;
    for (unsigned i = 0; i < count; i++) workers[i]->stacks.own_always = config.own_stacks;
    for (unsigned i = 0; i < count; i++)
        if (!foreign_start_thread(worker_thread, workers[i])) return false;
    return true;
}

/* How many threads do not stop. */
static unsigned stop_threads(void) {
    watchdog_stop();
    atomic_fetch_or(&scheduler.notice, SCHEDULER_STOP); /* pairs with worker_sees_work */
    for (unsigned i = 0; i < scheduler.workers; i++) worker_wake(workers[i]);
    if (seeded.on) seeded_leave();
    uint64_t ms = quiesce_limit_ms();
    return foreign_join_threads(clock_ns() + (ms > STOP_MS_MIN ? ms : STOP_MS_MIN) * 1000000u);
}

/* Frees what actors that never ended still hold, so that a later init starts clean. */
static void free_actors(void) {
    uint32_t used = table_used();
    for (uint32_t i = 1; i < used; i++) {
        actor_t *a = &table_base[i];
        if (load_relaxed(&a->remote->home) == HOME_THREAD) continue;
        if (a->state == ACTOR_FREE)
            end_forget_late(workers[0], a);
        else
            end_discard(workers[0], a);
    }
}

static bool open_boehm(void) {
    if (world_open()) return true;
    fprintf(stderr, "buskin: BUSKIN_GC=boehm cannot be used: %s\n",
            backend_present() ? "libgc does not start" : "the program was linked without libbuskin-gc.a");
    return false;
}

/* The threads have stopped. */
static void take_down(void) {
    if (scheduler.workers) free_actors();
    public_clear();
    registry_clear();
    for (unsigned i = 0; i < scheduler.workers; i++) worker_close(workers[i]);
    scheduler.workers = 0;
    external_close();
    backend_close_whole();
    seeded_stop();
    traps_remove();
}

/* Everything, in order; what it leaves half done is taken down. An enum buskin_status. */
static int32_t bring_up(unsigned count) {
    if (config.gc_boehm && !open_boehm()) return BUSKIN_EINVAL;
    store_relaxed(&kept_alive, 0);
    quiesce_init();
    output_init();
    signal_register = registry_add;
    share_dead_hook = scheduler_bury;
    collect_stress = config.gc_stress;
    crash_init(config.crash);
    if (arena_init() && table_init(config.max_actors) && stack_init(count) && side_init(count) && external_open() &&
        fault_init() && start_workers(count) && watchdog_start(seeded.on ? 0 : config.watchdog_ms))
        return BUSKIN_OK;
    fprintf(stderr,
            "buskin: not enough memory or address space to start %u workers (see ulimit -v; fewer "
            "BUSKIN_WORKERS need less)\n",
            count);
    return BUSKIN_ENOMEM;
}

static unsigned workers_wanted(uint32_t count) {
    if (config.seeded) return 1;
    if (config.workers) count = config.workers;
    if (!count) count = cpu_count();
    return count > WORKERS_MAX ? WORKERS_MAX : count;
}

/* false: another state than one in which init may start. */
static bool claim_start(void) {
    uint32_t down = RUNTIME_DOWN, stuck = RUNTIME_STUCK;
    if (cas_seq_cst(&runtime_state, &down, RUNTIME_STARTING)) return true;
    if (!cas_seq_cst(&runtime_state, &stuck, RUNTIME_STARTING)) return false;
    if (foreign_join_threads(0)) {
        store_seq_cst(&runtime_state, RUNTIME_STUCK);
        return false;
    }
    take_down(); /* who was left behind has come out */
    return true;
}

/* The only thread of a forked child. Nothing is touched, nor can be: locks may be held by threads that are not there. Between two
 * runs there are none. */
static void forked(void) {
    if (load_relaxed(&runtime_state) != RUNTIME_DOWN) store_relaxed(&runtime_state, RUNTIME_FORKED);
}

/* A program may end by exit() in an actor. */
static void flush_at_exit(void) {
    if (load_relaxed(&runtime_state) != RUNTIME_FORKED) output_flush();
}

static void watch_process(void) {
    static bool watched;
    if (watched) return;
    watched = true;
    outside_watch_forks(forked);
    atexit(flush_at_exit);
}

int32_t buskin_rt_init_actor(uint32_t count) {
    if (count > WORKERS_MAX) return BUSKIN_EINVAL;
    if (!claim_start()) return BUSKIN_ESTATE;
    watch_process();
    int32_t status = BUSKIN_EINVAL;
    if (config_read()) {
        alloc_watched = config.fail_alloc;
        alloc_fail_at(config.fail_alloc, config.fail_all);
        if (config.seeded) seeded_start(config.seed);
        status = bring_up(workers_wanted(count));
        if (status) {
            stop_threads();
            take_down();
        }
    }
    if (!status) {
        quit_install(quiesce_signal);
        BUSKIN_ABI_CONTEXT_SYMBOL = &external_main()->ctx;
    }
    store_seq_cst(&runtime_state, status ? RUNTIME_DOWN : RUNTIME_UP);
    return status;
}

/* One line on standard error, after all of the program's own output. */
static void print_trace(void) {
    uint64_t choices, hash = seeded_trace(&choices);
    fprintf(stderr, "buskin: seed %llu, trace %016llx of %llu choices\n", (unsigned long long)config.seed,
            (unsigned long long)hash, (unsigned long long)choices);
}

int32_t buskin_rt_run_scheduler(void) {
    if (!is_up() || !is_main_thread(here())) return BUSKIN_ESTATE;
    int32_t status = quiesce_run();
    quit_remove();
    store_seq_cst(&runtime_state, RUNTIME_ENDING);
    unsigned left = stop_threads();
    BUSKIN_ABI_CONTEXT_SYMBOL = outside_context;
    output_flush();
    if (left)
        fprintf(stderr, "buskin: %u %s code that does not come back; the program ends without %s\n", left,
                left > 1 ? "threads are in" : "thread is in", left > 1 ? "them" : "it");
    if (config.trace_hash) print_trace();
    if (!left) take_down();
    store_seq_cst(&runtime_state, left ? RUNTIME_STUCK : RUNTIME_DOWN);
    return status;
}

int32_t buskin_rt_shutdown(int64_t timeout_ms) {
    if (!is_up()) return BUSKIN_ESTATE;
    quiesce_request(timeout_ms);
    return BUSKIN_OK;
}

static int32_t keepalive_drop(void) {
    uint32_t held = load_relaxed(&kept_alive);
    do
        if (!held) return BUSKIN_ENOTFOUND;
    while (!cas_weak_seq_cst(&kept_alive, &held, held - 1)); /* the count alone matters; any order would do */
    if (sub_seq_cst(&scheduler.active, 1) == 1) scheduler_poke();
    return BUSKIN_OK;
}

int32_t buskin_rt_keepalive(int32_t delta) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (delta == -1) return keepalive_drop();
    if (delta != 1) return BUSKIN_EINVAL;
    add_seq_cst(&scheduler.active, 1);
    add_relaxed(&kept_alive, 1);
    return BUSKIN_OK;
}

int32_t buskin_rt_add_code(const void *start, uint64_t bytes) {
    if (!start || !bytes) return BUSKIN_EINVAL;
    if (load_relaxed(&runtime_state) == RUNTIME_FORKED) return BUSKIN_ESTATE;
    return fault_add_code(start, bytes) ? BUSKIN_OK : BUSKIN_ELIMIT;
}

int32_t buskin_rt_crash_hook(void (*hook)(const buskin_crash_t *crash)) {
    crash_set_hook(hook);
    return BUSKIN_OK;
}

const char *buskin_version(void) { return "0.1.0"; }
