/* supervisor_storm_test.c - crash storms: children that crash all the time, while others kill them, ask
 * for more, or kill their supervisors (S9.3, S9.8, S9.12, S9.14). Nothing is
 * lost, nothing runs twice, and nobody is left behind. */
#include "unit/runtime_test.h"

enum { CHILDREN = 64, CRASHES = 300 * ROUNDS, EVER = CHILDREN + 2 * CRASHES + 4096 };

static _Atomic uint64_t ever[EVER]; /* all pids of children */
static atomic_uint starts;
static _Atomic int64_t budget;
static atomic_int alive[CHILDREN];

static const buskin_desc_t number_desc = {.size = 8, .name = "number"};

static void gone(void *state, const buskin_notice_t *why) {
    (void)why;
    atomic_fetch_sub(&alive[(uintptr_t)state - 1], 1);
}

/* Crashes while the budget lasts, at once or after a while. */
static void crasher(const void *args) {
    uint64_t number = *(const uint64_t *)args, x = buskin_actor_self() * 0x9E3779B97F4A7C15u | 1;
    atomic_fetch_add(&alive[number], 1);
    buskin_actor_set_state((void *)(uintptr_t)(number + 1));
    for (uint64_t n = next_random(&x) % 8; n; n--) buskin_actor_yield();
    if (atomic_fetch_sub(&budget, 1) > 0) buskin_actor_exit(BUSKIN_REASON_USER, "storm", 5);
    for (;;) buskin_message_release(buskin_actor_receive(-1));
}

static const buskin_spawn_desc_t crasher_desc = {
    .size = sizeof crasher_desc, .entry = crasher, .args = &number_desc, .terminate = gone, .priority = BUSKIN_NORMAL};

static uint64_t start_crasher(const void *args) {
    uint64_t pid = buskin_spawn(&crasher_desc, args, 0, NULL);
    unsigned n = atomic_fetch_add(&starts, 1);
    if (n < EVER) atomic_store(&ever[n], pid);
    return pid;
}

static buskin_child_spec_t child_of(const char *name, const void *args) {
    return (buskin_child_spec_t){.size = sizeof(buskin_child_spec_t),
                                 .name = name,
                                 .start = start_crasher,
                                 .args = args,
                                 .shutdown_ms = 5000,
                                 .restart = BUSKIN_PERMANENT};
}

static buskin_supervisor_spec_t supervisor_of(const buskin_child_spec_t *const *list, uint64_t n, uint32_t strategy) {
    return (buskin_supervisor_spec_t){.size = sizeof(buskin_supervisor_spec_t),
                                      .name = "storm",
                                      .children = list,
                                      .child_count = n,
                                      .strategy = strategy,
                                      .max_restarts = 1000000000,
                                      .window_ms = 1};
}

static void fresh_storm(int64_t crashes) {
    atomic_store(&starts, 0);
    atomic_store(&budget, crashes);
    for (int i = 0; i < CHILDREN; i++) atomic_store(&alive[i], 0);
}

static void await(bool (*holds)(void)) {
    while (!holds()) buskin_actor_sleep(1);
}

static bool each_lives_once(void) {
    if (atomic_load(&starts) < CHILDREN + CRASHES)
        return false; /* the last to crash has been counted, and may yet live */
    for (int i = 0; i < CHILDREN; i++)
        if (atomic_load(&alive[i]) != 1) return false;
    return true;
}

/* -- All crash at once, of one supervisor -- */

static void storm(const void *args) {
    static buskin_child_spec_t child;
    static const buskin_child_spec_t *const list[] = {&child};
    static buskin_supervisor_spec_t spec;
    (void)args;
    fresh_storm(CRASHES);
    child = child_of("template", NULL);
    spec = supervisor_of(list, 1, BUSKIN_SIMPLE_ONE_FOR_ONE);
    uint64_t s = buskin_supervisor_start(&spec, 0, NULL, NULL);
    for (uint64_t i = 0; i < CHILDREN; i++) EXPECT(buskin_supervisor_start_child(s, &number_desc, &i, NULL) != 0);
    await(each_lives_once);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == CHILDREN);
    EXPECT(atomic_load(&starts) == CHILDREN + CRASHES);
}

static void every_crash_is_one_restart_S9_3(void **state) {
    (void)state;
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) run(workers[i], storm, NULL, 0);
}

/* -- Groups in a storm, and a supervisor that is killed in the middle of it --
 */

static void group_storm(const void *args) {
    enum { GROUP = 4 };
    static const uint64_t numbers[GROUP] = {0, 1, 2, 3};
    static const char *const names[GROUP] = {"a", "b", "c", "d"};
    static buskin_child_spec_t child[GROUP];
    static const buskin_child_spec_t *const list[] = {&child[0], &child[1], &child[2], &child[3]};
    static buskin_supervisor_spec_t spec;
    uint64_t x = 88172645463325252u;
    (void)args;
    for (int round = 0; round < 5 * ROUNDS; round++) {
        fresh_storm(60 * ROUNDS); /* then they wait */
        for (int i = 0; i < GROUP; i++) child[i] = child_of(names[i], &numbers[i]);
        spec = supervisor_of(list, GROUP, round % 2 ? BUSKIN_ONE_FOR_ALL : BUSKIN_REST_FOR_ONE);
        int32_t status;
        uint64_t ref, s = buskin_supervisor_start(&spec, BUSKIN_SPAWN_MONITOR, &ref, &status);
        EXPECT(status == BUSKIN_OK);
        for (uint64_t n = next_random(&x) % 200; n; n--) {
            unsigned last = atomic_load(&starts);
            uint64_t victim = last ? atomic_load(&ever[(last - 1) % EVER]) : 0;
            if (n % 3 == 0 && victim) buskin_actor_exit_signal(victim, BUSKIN_REASON_KILL, NULL, 0);
            buskin_actor_yield();
        }
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == GROUP);
        buskin_actor_exit_signal(s, BUSKIN_REASON_KILL, NULL, 0);
        const char *m = buskin_actor_receive(-1);
        EXPECT(*(const uint32_t *)(const void *)(m - 16) == BUSKIN_MSG_DOWN);
        buskin_message_release(m);
        buskin_actor_demonitor(ref, 1);
        unsigned all = atomic_load(&starts) < EVER ? atomic_load(&starts) : EVER;
        for (unsigned i = 0; i < all; i++)
            while (buskin_actor_is_alive(atomic_load(&ever[i]))) buskin_actor_sleep(1);
    }
}

static void nobody_survives_a_killed_supervisor_S9_12(void **state) {
    (void)state;
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) run(workers[i], group_storm, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_crash_is_one_restart_S9_3),
        cmocka_unit_test(nobody_survives_a_killed_supervisor_S9_12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
