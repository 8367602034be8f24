/* Supervisors: restarts against stops, requests, kills and their own end. LIMIT: 300 */
#include "seeded.h"

enum { CHILDREN = 3, STARTS = 512 };

static const uint64_t numbers[CHILDREN] = {0, 1, 2};
static const char *const names[CHILDREN] = {"a", "b", "c"};
static _Atomic uint64_t current[CHILDREN], all_pids[STARTS], nstarts;
static _Atomic bool by_hand; /* a child may have been started without its group */
static uint32_t strategy;
static uint64_t supervisor;

/* -- Children: what each does with its life is drawn -- */

static void child(const void *args) {
    (void)args;
    if (!draw(4)) buskin_actor_trap_exit(1);
    steps(6);
    switch (draw(5)) {
    case 0: return;
    case 1: buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
    case 2: buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0);
    case 3: buskin_actor_receive(-1); break;
    default:
        for (;;) buskin_actor_receive(-1);
    }
}

/* A life begins after the last one has ended; in a group, also after the later ones have. */
static uint64_t starts_child(const void *args) {
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = child, .name = "child", .args = &rows_word, .priority = BUSKIN_NORMAL};
    uint64_t me = word_of(args);
    bool group = strategy != BUSKIN_ONE_FOR_ONE && !atomic_load(&by_hand);
    for (uint64_t i = me; i < (group ? CHILDREN : me + 1); i++)
        if (atomic_load(&current[i]) && buskin_actor_is_alive(atomic_load(&current[i])))
            rows_fail(__FILE__, __LINE__, "what is started again has ended");
    if (!draw(6)) buskin_actor_exit(BUSKIN_REASON_USER, "no", 2);
    uint64_t pid = buskin_spawn(&desc, &me, 0, NULL), n = atomic_fetch_add(&nstarts, 1);
    if (n >= STARTS) return 0;
    atomic_store(&current[me], pid);
    atomic_store(&all_pids[n], pid);
    return pid;
}

static buskin_child_spec_t specs[CHILDREN];
static const buskin_child_spec_t *const list[CHILDREN] = {&specs[0], &specs[1], &specs[2]};
static buskin_supervisor_spec_t spec;

static void draw_spec(void) {
    for (int i = 0; i < CHILDREN; i++) {
        static const int64_t times[] = {BUSKIN_SHUTDOWN_KILL, 0, 1, 5000};
        specs[i] = (buskin_child_spec_t){.size = sizeof specs[i],
                                         .name = names[i],
                                         .start = starts_child,
                                         .args = &numbers[i],
                                         .shutdown_ms = times[draw(4)],
                                         .restart = (uint32_t)draw(3),
                                         .backoff_min_ms = (uint32_t)draw(2),
                                         .backoff_max_ms = 2};
        atomic_store(&current[i], 0);
    }
    strategy = (uint32_t)draw(3);
    spec = (buskin_supervisor_spec_t){.size = sizeof spec,
                                      .name = "raced",
                                      .children = list,
                                      .child_count = CHILDREN,
                                      .strategy = strategy,
                                      .max_restarts = draw(2) ? 50 : 2,
                                      .window_ms = 5000};
    atomic_store(&nstarts, 0);
    atomic_store(&by_hand, false);
}

/* -- Who disturbs -- */

static void kills_children(const void *args) {
    (void)args;
    for (uint64_t i = draw(4); i; i--) {
        steps(3);
        uint64_t pid = atomic_load(&current[draw(CHILDREN)]);
        if (pid) buskin_actor_exit_signal(pid, draw(2) ? BUSKIN_REASON_KILL : BUSKIN_REASON_USER, NULL, 0);
    }
}

static bool is_one_of(int32_t status, int32_t a, int32_t b, int32_t c) {
    return status == BUSKIN_OK || status == a || status == b || status == c;
}

static void request(const char *name) {
    int32_t status;
    uint64_t pid;
    switch (draw(5)) {
    case 0:
        status = buskin_supervisor_stop_child(supervisor, name, 1);
        EXPECT(is_one_of(status, BUSKIN_ENOTFOUND, BUSKIN_ENOPROC, BUSKIN_OK));
        break;
    case 1:
        atomic_store(&by_hand, true);
        pid = buskin_supervisor_restart_child(supervisor, name, 1, &status);
        EXPECT((pid != 0) == (status == BUSKIN_OK));
        EXPECT(is_one_of(status, BUSKIN_ERUNNING, BUSKIN_ERESTARTING, BUSKIN_ENOTFOUND) || status == BUSKIN_ESTART ||
               status == BUSKIN_ENOPROC);
        break;
    case 2:
        pid = atomic_load(&current[draw(CHILDREN)]);
        status = buskin_supervisor_terminate_child(supervisor, pid);
        EXPECT(is_one_of(status, BUSKIN_ENOTFOUND, BUSKIN_ENOPROC, BUSKIN_OK));
        if (status == BUSKIN_OK) EXPECT(!buskin_actor_is_alive(pid));
        break;
    case 3:
        status = buskin_supervisor_delete_child(supervisor, name, 1);
        EXPECT(is_one_of(status, BUSKIN_ERUNNING, BUSKIN_ERESTARTING, BUSKIN_ENOTFOUND) || status == BUSKIN_ENOPROC);
        break;
    default: EXPECT(buskin_supervisor_count_children(supervisor, BUSKIN_COUNT_ALIVE) <= CHILDREN);
    }
}

static void requests(const void *args) {
    (void)args;
    for (uint64_t i = draw(5); i; i--) {
        steps(3);
        request(names[draw(CHILDREN)]);
    }
}

/* Whatever happens to it, it ends when it is told to, with the reason that it should, and no child of any life is left. */
static void restarts_against_stops(void) {
    enum { OTHERS = 3 };
    uint64_t refs[OTHERS], ref;
    int32_t status;
    buskin_actor_trap_exit(1);
    draw_spec();
    supervisor = buskin_supervisor_start(&spec, BUSKIN_SPAWN_MONITOR, &ref, &status);
    EXPECT(supervisor != 0);
    EXPECT(status == BUSKIN_OK || status == BUSKIN_ESTART);
    START(BUSKIN_SPAWN_MONITOR, &refs[0], 0, kills_children);
    for (int i = 1; i < OTHERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], 0, requests);
    steps(8);
    bool kill = draw(2);
    uint32_t ending = kill ? BUSKIN_REASON_KILL : BUSKIN_REASON_SHUTDOWN;
    EXPECT(buskin_actor_exit_signal(supervisor, ending, NULL, 0) == BUSKIN_OK);
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->from == supervisor);
    uint32_t code = notice_of(m)->code;
    if (status == BUSKIN_ESTART)
        EXPECT(code == BUSKIN_REASON_PANIC);
    else
        EXPECT(code == BUSKIN_REASON_SHUTDOWN || (kill && code == BUSKIN_REASON_KILLED)); /* or it has given up */
    uint64_t n = atomic_load(&nstarts);
    EXPECT(n <= STARTS);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t pid = atomic_load(&all_pids[i]);
        if (code == BUSKIN_REASON_KILLED) AWAIT(!buskin_actor_is_alive(pid));
        EXPECT(!buskin_actor_is_alive(pid));
    }
    for (int i = 0; i < OTHERS; i++) {
        EXPECT((m = await_down(refs[i])) != NULL);
        EXPECT(notice_of(m)->code == BUSKIN_REASON_NORMAL);
    }
    EXPECT(atomic_load(&nstarts) == n);
    EXPECT(mailbox_is_empty());
}

/* -- A template -- */

static uint64_t starts_dynamic(const void *args) {
    uint64_t me = word_of(args) % CHILDREN;
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = child, .name = "dynamic", .args = &rows_word, .priority = BUSKIN_NORMAL};
    uint64_t pid = buskin_spawn(&desc, &me, 0, NULL), n = atomic_fetch_add(&nstarts, 1);
    if (n < STARTS) atomic_store(&all_pids[n], pid);
    return n < STARTS ? pid : 0;
}

static void starts_and_ends(const void *args) {
    (void)args;
    for (uint64_t i = draw(5); i; i--) {
        int32_t status;
        uint64_t pid = buskin_supervisor_start_child(supervisor, &rows_word, &i, &status);
        EXPECT(pid ? status == BUSKIN_OK : status == BUSKIN_ENOPROC);
        steps(2);
        if (pid && draw(2)) {
            status = buskin_supervisor_terminate_child(supervisor, pid);
            EXPECT(is_one_of(status, BUSKIN_ENOTFOUND, BUSKIN_ENOPROC, BUSKIN_OK));
            if (status == BUSKIN_OK) EXPECT(!buskin_actor_is_alive(pid));
        }
    }
}

static void dynamic_children(void) {
    enum { STARTERS = 2 };
    static const buskin_child_spec_t template = {
        .size = sizeof template, .name = "t", .start = starts_dynamic, .shutdown_ms = 1, .restart = BUSKIN_TEMPORARY};
    static const buskin_child_spec_t *const only[] = {&template};
    static const buskin_supervisor_spec_t pool = {.size = sizeof pool,
                                                  .name = "pool",
                                                  .children = only,
                                                  .child_count = 1,
                                                  .strategy = BUSKIN_SIMPLE_ONE_FOR_ONE,
                                                  .max_restarts = 3,
                                                  .window_ms = 5000};
    uint64_t ref, refs[STARTERS];
    int32_t status;
    atomic_store(&nstarts, 0);
    supervisor = buskin_supervisor_start(&pool, BUSKIN_SPAWN_MONITOR, &ref, &status);
    EXPECT(status == BUSKIN_OK);
    for (int i = 0; i < STARTERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], 0, starts_and_ends);
    steps(8);
    EXPECT(buskin_actor_exit_signal(supervisor, BUSKIN_REASON_SHUTDOWN, NULL, 0) == BUSKIN_OK);
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->code == BUSKIN_REASON_SHUTDOWN);
    for (uint64_t i = 0; i < atomic_load(&nstarts); i++) EXPECT(!buskin_actor_is_alive(atomic_load(&all_pids[i])));
    for (int i = 0; i < STARTERS; i++) {
        EXPECT((m = await_down(refs[i])) != NULL);
        EXPECT(notice_of(m)->code == BUSKIN_REASON_NORMAL);
    }
    EXPECT(mailbox_is_empty());
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S9.1 S9.3 S9.4 S9.9 S9.10 S9.12 S9.13 S9.14", restarts_against_stops},
        {"S9.10 S9.17", dynamic_children},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
