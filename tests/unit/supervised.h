/* supervised.h - children for the tests of supervisors: actors that note their starts and ends in one log, and do as they are
 * told. Child i of a test is named "a" + i; `live[i]` is its pid. The log reads "+a +b -b" for two starts and an end; an end
 * is noted by the terminate callback, so a killed child leaves none. A start returns when the child has begun to run: one
 * that is ended before runs no terminate callback.
 */
#ifndef SUPERVISED_H
#define SUPERVISED_H

#include "runtime_test.h"

enum { CHILDREN_MAX = 26 };

/* What a child may be told, or may do by itself. */
enum order {
    STAY,
    END_NORMAL,
    END_SHUTDOWN,
    END_SHUTDOWN_MORE, /* with bytes: {shutdown, x} */
    END_CRASH,
    END_USER,
    END_KILLED,
    TRAP,         /* ignores every exit that can be trapped */
    TRAP_UNLINK,  /* and leaves its supervisor's link */
    START_PANICS, /* from here: what its start callback does */
    START_EXITS,
    START_NO_PID,
    START_SELF,
    START_TWO, /* spawns a helper, too */
    START_SLOWLY
};

static char event_log[1 << 16];
static atomic_uint event_length;
static atomic_uint event_lock;
static _Atomic uint64_t live[CHILDREN_MAX], helpers[CHILDREN_MAX];
static atomic_uint starts[CHILDREN_MAX], begun[CHILDREN_MAX];
static atomic_uint fail_starts[CHILDREN_MAX]; /* so many of its next starts fail */
static atomic_uint crash_first[CHILDREN_MAX]; /* so many of its next lives end at once */
static atomic_int linger_ms[CHILDREN_MAX];    /* it traps exits, and takes so long to end when it gets one */
static _Atomic enum order first_act[CHILDREN_MAX], start_act[CHILDREN_MAX];

static inline void lock_events(void) {
    while (atomic_exchange(&event_lock, 1)) continue;
}
static inline void unlock_events(void) { atomic_store(&event_lock, 0); }

static inline void note(char what, uint64_t child) {
    lock_events();
    unsigned n = atomic_load(&event_length);
    if (n + 4 < sizeof event_log) {
        n += (unsigned)snprintf(event_log + n, 4, "%s%c%c", n ? " " : "", what, (char)('a' + child));
        atomic_store(&event_length, n);
    }
    unlock_events();
}

static inline void forget_events(void) {
    lock_events();
    atomic_store(&event_length, 0);
    event_log[0] = 0;
    unlock_events();
}

static inline void fresh(void) {
    forget_events();
    for (int i = 0; i < CHILDREN_MAX; i++) {
        atomic_store(&live[i], 0);
        atomic_store(&helpers[i], 0);
        atomic_store(&starts[i], 0);
        atomic_store(&begun[i], 0);
        atomic_store(&fail_starts[i], 0);
        atomic_store(&crash_first[i], 0);
        atomic_store(&linger_ms[i], 0);
        atomic_store(&first_act[i], STAY);
        atomic_store(&start_act[i], STAY);
    }
}

/* -- Waiting, by an actor -- */

/* How long, in ms, something that must come is waited for: a failure takes so long, and no busy machine does. */
enum { PATIENCE = 100000 };

static inline bool eventually(bool (*holds)(const void *), const void *arg) {
    for (int64_t end = buskin_now_ms() + PATIENCE; !holds(arg);) {
        if (buskin_now_ms() > end) return false;
        buskin_actor_sleep(1);
    }
    return true;
}

/* Asked again and again while others write. */
static inline bool log_is(const void *text) {
    lock_events();
    bool same = !strcmp(event_log, text);
    unlock_events();
    return same;
}

#define EXPECT_LOG(text)                \
    (eventually(log_is, text) ? (void)0 \
                              : (void)(EXPECT(!"the log is " text), fprintf(stderr, "  but is %s\n", event_log)))

static inline bool is_dead(const void *pid) { return buskin_actor_is_alive(*(const uint64_t *)pid) == 0; }
#define EXPECT_DEAD(pid) EXPECT(eventually(is_dead, &(const uint64_t){pid}))

/* Waits for the DOWN of ref; its code, and its text into text[0..63]. */
static inline uint32_t await_down(uint64_t ref, char *text) {
    buskin_receive_t r = {.timeout_ms = PATIENCE};
    const char *m;
    while ((m = buskin_receive_peek(&r))) {
        const buskin_notice_t *n = (const buskin_notice_t *)(const void *)(m + 16);
        if (*(const uint32_t *)(const void *)(m - 16) == BUSKIN_MSG_DOWN && n->ref == ref) {
            uint32_t code = n->code;
            if (text) snprintf(text, 64, "%.*s", (int)n->length, (const char *)(n + 1));
            buskin_receive_drop(&r);
            return code;
        }
        buskin_receive_skip(&r);
    }
    EXPECT(!"a DOWN");
    return UINT32_MAX;
}

/* -- The child -- */

static inline void obey(uint64_t child, enum order order) {
    switch (order) {
    case END_SHUTDOWN: buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0);
    case END_SHUTDOWN_MORE: buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, "x", 1);
    case END_CRASH: buskin_actor_exit(BUSKIN_REASON_PANIC, "boom", 4);
    case END_USER: buskin_actor_exit(BUSKIN_REASON_USER, "u", 1);
    case END_KILLED: buskin_actor_exit(BUSKIN_REASON_KILLED, NULL, 0);
    case TRAP: buskin_actor_trap_exit(1); break;
    case TRAP_UNLINK:
        buskin_actor_trap_exit(1);
        buskin_actor_unlink(atomic_load(&helpers[child])); /* there: the supervisor's pid */
        break;
    default: break;
    }
}

/* Takes one off; false: there was none. */
static inline bool use_one(atomic_uint *count) {
    unsigned n = atomic_load(count);
    while (n && !atomic_compare_exchange_weak(count, &n, n - 1)) continue;
    return n != 0;
}

static inline void child_entry(const void *args) {
    uint64_t child = *(const uint64_t *)args;
    int linger = atomic_load(&linger_ms[child]);
    if (linger) buskin_actor_trap_exit(1);
    buskin_actor_set_state((void *)(uintptr_t)(child + 1)); /* no object: the callback only wants the number */
    enum order order = use_one(&crash_first[child]) ? END_CRASH : atomic_load(&first_act[child]);
    if (order == TRAP || order == TRAP_UNLINK) obey(child, order);
    atomic_fetch_add(&begun[child], 1);
    while (order != END_NORMAL) {
        obey(child, order);
        buskin_receive_t r = {.timeout_ms = -1};
        const char *m = buskin_receive_peek(&r);
        bool user = *(const uint32_t *)(const void *)(m - 16) == BUSKIN_MSG_USER;
        order = user ? (enum order) * (const uint64_t *)(const void *)(m + 16) : STAY;
        bool asked = linger && !user;
        buskin_receive_drop(&r);
        if (asked) {
            buskin_actor_sleep(linger);
            return;
        }
    }
}

static inline void child_terminate(void *state, const buskin_notice_t *why) {
    (void)why;
    note('-', (uint64_t)(uintptr_t)state - 1);
}

static const buskin_desc_t child_args = {.size = 8, .name = "child"};
static const buskin_spawn_desc_t child_desc = {.size = sizeof child_desc,
                                               .entry = child_entry,
                                               .name = "child",
                                               .args = &child_args,
                                               .terminate = child_terminate,
                                               .priority = BUSKIN_NORMAL};

static inline void helper_entry(const void *args) {
    (void)args;
    buskin_actor_trap_exit(1);
    for (;;) buskin_message_release(buskin_actor_receive(-1));
}
static const buskin_spawn_desc_t helper_desc = {
    .size = sizeof helper_desc, .entry = helper_entry, .name = "helper", .priority = BUSKIN_NORMAL};

/* args: the child's number. */
static inline uint64_t child_start_callback(const void *args) {
    uint64_t child = *(const uint64_t *)args;
    atomic_fetch_add(&starts[child], 1);
    if (use_one(&fail_starts[child])) buskin_actor_exit(BUSKIN_REASON_USER, "not now", 7);
    switch (atomic_load(&start_act[child])) {
    case START_PANICS: buskin_panic("no luck", 7, NULL, 0, 0);
    case START_EXITS: buskin_actor_exit(BUSKIN_REASON_USER, "gone", 4);
    case START_NO_PID: return 0;
    case START_SELF: return buskin_actor_self();
    case START_TWO: atomic_store(&helpers[child], buskin_spawn(&helper_desc, NULL, 0, NULL)); break;
    case START_SLOWLY: buskin_actor_sleep(20); break;
    default: break;
    }
    if (atomic_load(&first_act[child]) == TRAP_UNLINK) atomic_store(&helpers[child], buskin_actor_self());
    note('+', child);
    unsigned before = atomic_load(&begun[child]);
    uint64_t pid = buskin_spawn(&child_desc, &child, 0, NULL);
    atomic_store(&live[child], pid);
    while (pid && atomic_load(&begun[child]) == before) buskin_actor_yield();
    return pid;
}

/* -- Specifications -- */

static const uint64_t child_numbers[CHILDREN_MAX] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                                     13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};
static const char *const child_names[CHILDREN_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
                                                      "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z"};

typedef struct plan {
    buskin_supervisor_spec_t spec;
    buskin_child_spec_t child[CHILDREN_MAX];
    const buskin_child_spec_t *list[CHILDREN_MAX];
} plan_t;

static inline buskin_child_spec_t plan_child(uint64_t number, uint32_t restart) {
    return (buskin_child_spec_t){.size = sizeof(buskin_child_spec_t),
                                 .name = child_names[number],
                                 .start = child_start_callback,
                                 .args = &child_numbers[number],
                                 .shutdown_ms = 3600000, /* a busy machine kills nobody */
                                 .restart = restart};
}

/* n permanent children, from the one of number `first`. */
static inline void plan_make(plan_t *plan, uint32_t strategy, uint64_t n, uint64_t first) {
    *plan = (plan_t){.spec = {.size = sizeof plan->spec,
                              .name = "plan",
                              .children = plan->list,
                              .child_count = n,
                              .strategy = strategy,
                              .max_restarts = 3,
                              .window_ms = 5000}};
    for (uint64_t i = 0; i < n; i++) {
        plan->child[i] = plan_child(first + i, BUSKIN_PERMANENT);
        plan->list[i] = &plan->child[i];
    }
}

static inline uint64_t plan_start(const plan_t *plan) {
    int32_t status;
    uint64_t pid = buskin_supervisor_start(&plan->spec, 0, NULL, &status);
    EXPECT(status == BUSKIN_OK);
    EXPECT(pid != 0);
    return pid;
}

/* Tells the child, and waits for the end that follows from it. */
static inline void tell_child(uint64_t child, enum order order) {
    uint64_t pid = atomic_load(&live[child]), ref = buskin_actor_monitor(pid);
    buskin_send_word(pid, 1, order);
    await_down(ref, NULL);
}

static inline void stop_supervisor(uint64_t pid) {
    uint64_t ref = buskin_actor_monitor(pid);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
}

typedef struct alive {
    uint64_t supervisor;
    int64_t count;
} alive_t;
static inline bool are_alive(const void *arg) {
    const alive_t *alive = arg;
    return buskin_supervisor_count_children(alive->supervisor, BUSKIN_COUNT_ALIVE) == alive->count;
}
#define EXPECT_ALIVE(pid, n) EXPECT(eventually(are_alive, &(const alive_t){pid, n}))

static inline uint32_t child_state(uint64_t supervisor, uint64_t child) {
    buskin_child_info_t info[CHILDREN_MAX];
    int64_t n = buskin_supervisor_which_children(supervisor, info, CHILDREN_MAX);
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(info[i].name, child_names[child])) return info[i].state;
    return UINT32_MAX;
}

/* Ends the child so, and waits for it. */
static inline void end_child(uint64_t child, enum order how) {
    if (how != END_KILLED) {
        tell_child(child, how);
        return;
    }
    uint64_t pid = atomic_load(&live[child]), ref = buskin_actor_monitor(pid);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_KILLED);
}

/* A template: its children get their number as argument. */
static const buskin_desc_t child_number = {.size = 8, .name = "number"};
static inline uint64_t start_dynamic(uint64_t supervisor, uint64_t number) {
    int32_t status;
    uint64_t pid = buskin_supervisor_start_child(supervisor, &child_number, &number, &status);
    EXPECT(status == (pid ? BUSKIN_OK : BUSKIN_ESTART));
    return pid;
}

/* -- Where bodies run, as actors -- */

/* On 1, 2 and 8 workers. */
static inline void on_workers(entry_fn *body) {
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) {
        fresh();
        run(workers[i], body, NULL, 0);
    }
}

/* In that many seeded schedules, in virtual time. BUSKIN_SEED in the environment: that one alone. */
static inline void on_seeds(entry_fn *body, unsigned seeds) {
    const char *given = getenv("BUSKIN_SEED");
    char text[24];
    for (unsigned seed = 1; seed <= (given ? 1 : seeds); seed++) {
        snprintf(text, sizeof text, "%u", seed);
        if (!given) setenv("BUSKIN_SEED", text, 1);
        fresh();
        start(1);
        assert_int_not_equal(buskin_actor_spawn(body, NULL, 0, BUSKIN_NORMAL), 0);
        int32_t status = buskin_rt_run_scheduler();
        if (!given) unsetenv("BUSKIN_SEED");
        if (atomic_load(&expectations_failed)) fail_msg("with BUSKIN_SEED=%s", given ? given : text);
        assert_int_equal(status, 0);
    }
}

static inline void everywhere(entry_fn *body) {
    on_workers(body);
    on_seeds(body, 2 * ROUNDS);
}

#endif
