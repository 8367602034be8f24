/* Stopping children: S9.9, S9.10, S9.12, S9.14, S9.17, S9.18. */
#include "supervised.h"

enum { HOUR = 3600000 };

/* -- S9.9 -- */

static void stop_row(int64_t shutdown_ms, int linger, enum order act, bool logged, int64_t at_least) {
    static plan_t plan;
    fresh();
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan.child[0].shutdown_ms = shutdown_ms;
    atomic_store(&linger_ms[0], linger);
    atomic_store(&first_act[0], act);
    uint64_t s = plan_start(&plan);
    forget_events();
    int64_t before = buskin_now_ms();
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_OK);
    EXPECT(buskin_now_ms() - before >= at_least);
    EXPECT(buskin_actor_is_alive(atomic_load(&live[0])) == 0);
    EXPECT(log_is(logged ? "-a" : ""));
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
    stop_supervisor(s);
}

static void shutdown_times_body(const void *args) {
    (void)args;
    stop_row(HOUR, 0, STAY, true, 0);
    stop_row(HOUR, 30, STAY, true, 30);  /* it traps, and takes its time */
    stop_row(30, HOUR, STAY, false, 30); /* too much of it: killed */
    stop_row(30, 0, TRAP, false, 30);    /* it does not listen */
    stop_row(0, HOUR, STAY, false, 0);   /* no time at all */
    stop_row(BUSKIN_SHUTDOWN_KILL, 0, STAY, false, 0);
    stop_row(BUSKIN_SHUTDOWN_KILL, HOUR, STAY, false, 0);
    stop_row(BUSKIN_SHUTDOWN_INFINITY, 30, STAY, true, 30);
    stop_row(30, 0, TRAP_UNLINK, false, 30); /* nor is it linked any more: the monitor tells */
}

static void each_shutdown_time_S9_9(void **state) {
    (void)state;
    everywhere(shutdown_times_body);
}

/* The same in order, for all. */
static void stop_order_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 4, 0);
    atomic_store(&linger_ms[2], 20);
    atomic_store(&linger_ms[1], 5);
    plan.child[3].shutdown_ms = BUSKIN_SHUTDOWN_KILL;
    uint64_t s = plan_start(&plan);
    forget_events();
    stop_supervisor(s);
    EXPECT(log_is("-c -b -a"));
}

static void a_slow_child_delays_those_before_it_S9_9(void **state) {
    (void)state;
    everywhere(stop_order_body);
}

/* -- S9.10 -- */

static void requests_body(const void *args) {
    static plan_t plan;
    int32_t status;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    plan.spec.max_restarts = 0; /* nothing here counts */
    plan.child[2].restart = BUSKIN_TEMPORARY;
    uint64_t s = plan_start(&plan);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == 0);
    EXPECT(status == BUSKIN_ERUNNING);
    EXPECT(buskin_supervisor_delete_child(s, "a", 1) == BUSKIN_ERUNNING);
    EXPECT(buskin_supervisor_add_child(s, plan.list[0], &status) == 0);
    EXPECT(status == BUSKIN_ERUNNING);
    EXPECT(buskin_supervisor_terminate_child(s, atomic_load(&live[0])) == BUSKIN_OK);
    EXPECT(buskin_supervisor_terminate_child(s, atomic_load(&live[0])) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_terminate_child(s, buskin_actor_self()) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_OK); /* it is */
    EXPECT(buskin_supervisor_child(s, "a", 1) == 0);
    EXPECT(child_state(s, 0) == BUSKIN_CHILD_STOPPED);
    EXPECT(buskin_supervisor_add_child(s, plan.list[0], &status) == 0);
    EXPECT(status == BUSKIN_EPRESENT);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == atomic_load(&live[0]));
    EXPECT(status == BUSKIN_OK);
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_OK);
    EXPECT(buskin_supervisor_delete_child(s, "a", 1) == BUSKIN_OK);
    EXPECT(buskin_supervisor_delete_child(s, "a", 1) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == 0);
    EXPECT(status == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_stop_child(s, "c", 1) == BUSKIN_OK); /* temporary: forgotten */
    EXPECT(buskin_supervisor_restart_child(s, "c", 1, &status) == 0);
    EXPECT(status == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_add_child(s, plan.list[0], &status) == atomic_load(&live[0]));
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 2);
    forget_events();
    stop_supervisor(s);
    EXPECT(log_is("-a -b")); /* the new one is the last */
}

static void terminate_restart_delete_add_S9_10(void **state) {
    (void)state;
    everywhere(requests_body);
}

static void bad_requests_body(const void *args) {
    static plan_t plan;
    static char long_name[300];
    int32_t status;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
    uint64_t s = plan_start(&plan), number = 1;
    memset(long_name, 'n', sizeof long_name);
    EXPECT(buskin_supervisor_start_child(s, &child_number, &number, &status) == 0); /* it has no template */
    EXPECT(status == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_start_child(s, &child_number, NULL, &status) == 0);
    EXPECT(status == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_stop_child(s, NULL, 1) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_stop_child(s, "", 0) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_stop_child(s, long_name, 256) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_stop_child(s, long_name, 255) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_supervisor_count_children(s, 77) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_which_children(s, NULL, 1) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_which_children(s, NULL, 0) == 1);
    EXPECT(buskin_supervisor_add_child(s, NULL, &status) == 0);
    EXPECT(status == BUSKIN_ESPEC_SIZE);
    buskin_child_spec_t bad = plan_child(1, 9);
    EXPECT(buskin_supervisor_add_child(s, &bad, &status) == 0);
    EXPECT(status == BUSKIN_ESPEC_RESTART);
    bad = plan_child(1, BUSKIN_PERMANENT);
    atomic_store(&fail_starts[1], 1);
    EXPECT(buskin_supervisor_add_child(s, &bad, &status) == 0); /* its start fails: no trace of it */
    EXPECT(status == BUSKIN_ESTART);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 1);
    plan_make(&plan, BUSKIN_SIMPLE_ONE_FOR_ONE, 1, 0);
    uint64_t pool = plan_start(&plan);
    EXPECT(buskin_supervisor_stop_child(pool, "a", 1) == BUSKIN_EINVAL);
    EXPECT(buskin_supervisor_add_child(pool, plan.list[0], &status) == 0);
    EXPECT(status == BUSKIN_EINVAL);
    atomic_store(&fail_starts[0], 1);
    EXPECT(start_dynamic(pool, 0) == 0);
    EXPECT(buskin_supervisor_count_children(pool, BUSKIN_COUNT_WORKERS) == 0);
}

static void requests_that_cannot_be_met_say_why_S9_10(void **state) {
    (void)state;
    on_workers(bad_requests_body);
}

/* -- S9.12 -- */

static plan_t inner_plan;
static _Atomic uint64_t inner_pid;
static uint64_t start_inner(const void *args) {
    (void)args;
    uint64_t pid = buskin_supervisor_start(&inner_plan.spec, 0, NULL, NULL);
    atomic_store(&inner_pid, pid);
    return pid;
}

static void orphans_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&inner_plan, BUSKIN_ONE_FOR_ONE, 3, 3);
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    plan.child[1].start = start_inner;
    plan.child[0].flags = plan.child[1].flags = BUSKIN_CHILD_SUPERVISOR; /* only counted: a is none */
    plan.child[1].shutdown_ms = BUSKIN_SHUTDOWN_INFINITY;
    atomic_store(&first_act[0], TRAP_UNLINK);
    atomic_store(&linger_ms[2], HOUR);
    atomic_store(&linger_ms[3], HOUR);
    inner_plan.child[0].shutdown_ms = 10;
    atomic_store(&start_act[4], START_TWO); /* a helper that traps all */
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SUPERVISORS) == 2);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_WORKERS) == 1);
    buskin_actor_exit_signal(s, BUSKIN_REASON_KILL, NULL, 0);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_KILLED);
    EXPECT_DEAD(atomic_load(&live[0]));
    EXPECT_DEAD(atomic_load(&inner_pid));
    for (int i = 2; i < 6; i++) EXPECT_DEAD(atomic_load(&live[i]));
    EXPECT_DEAD(atomic_load(&helpers[4]));
}

static void a_killed_supervisor_leaves_no_orphan_S9_12(void **state) {
    (void)state;
    everywhere(orphans_body);
}

/* Whatever moment it is killed at: starting, restarting, stopping. */
static void killed_at_any_moment_body(const void *args) {
    static plan_t plan;
    uint64_t x = 88172645463325252u;
    (void)args;
    for (int round = 0; round < 20 * ROUNDS; round++) {
        fresh();
        plan_make(&plan, BUSKIN_ONE_FOR_ALL, 4, 0);
        plan.spec.max_restarts = 1000;
        for (int i = 0; i < 4; i++) atomic_store(&linger_ms[i], i % 2 ? HOUR : 0);
        for (int i = 0; i < 4; i++) plan.child[i].shutdown_ms = i % 2 ? 1 : HOUR;
        uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
        buskin_send_word(atomic_load(&live[next_random(&x) % 2 * 2]), 1, END_CRASH);
        for (uint64_t n = next_random(&x) % 30; n; n--) buskin_actor_yield();
        buskin_actor_exit_signal(s, BUSKIN_REASON_KILL, NULL, 0);
        EXPECT(await_down(ref, NULL) == BUSKIN_REASON_KILLED);
        for (int i = 0; i < 4; i++) EXPECT_DEAD(atomic_load(&live[i]));
    }
}

static void no_orphan_whenever_it_is_killed_S9_12(void **state) {
    (void)state;
    everywhere(killed_at_any_moment_body);
}

/* -- S9.14 -- */

static void crash_during_stop_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    atomic_store(&linger_ms[2], 30);
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    end_child(0, END_CRASH); /* while c takes its time, or before */
    end_child(1, END_CRASH);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    for (int i = 0; i < 3; i++) EXPECT(atomic_load(&starts[i]) == 1);
    for (int i = 0; i < 3; i++) EXPECT(buskin_actor_is_alive(atomic_load(&live[i])) == 0);
}

static void crashes_during_the_stop_restart_nothing_S9_14(void **state) {
    (void)state;
    everywhere(crash_during_stop_body);
}

static void crash_during_start_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    atomic_store(&crash_first[0], 1);
    atomic_store(&start_act[1], START_SLOWLY);
    uint64_t s = plan_start(&plan);
    EXPECT_ALIVE(s, 3);
    EXPECT(atomic_load(&starts[0]) == 2);
    EXPECT(atomic_load(&starts[1]) == 1);
    EXPECT(atomic_load(&starts[2]) == 1);
    EXPECT(buskin_actor_is_alive(s) == 1);
}

static void crashes_during_the_start_are_handled_after_S9_14(void **state) {
    (void)state;
    everywhere(crash_during_start_body);
}

/* The parent's exit signal that comes while a group stops is not lost with the noise (S9.13). */
static void exit_during_group_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 2, 0);
    atomic_store(&linger_ms[1], 30);
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    end_child(0, END_CRASH);
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0); /* while b lingers, or before, or after */
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    for (int i = 0; i < 2; i++) EXPECT(buskin_actor_is_alive(atomic_load(&live[i])) == 0);
}

static void an_exit_while_a_group_stops_is_not_lost_S9_13(void **state) {
    (void)state;
    everywhere(exit_during_group_body);
}

/* A group that is being stopped: the crash of another of its children is part of it. */
static void crash_during_group_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 3, 0);
    plan.spec.max_restarts = 1;
    plan.spec.window_ms = HOUR;
    atomic_store(&linger_ms[2], 30);
    uint64_t s = plan_start(&plan);
    uint64_t b = atomic_load(&live[1]), ref = buskin_actor_monitor(b);
    end_child(0, END_CRASH);
    buskin_send_word(b, 1, END_CRASH); /* while c lingers: b has not been asked yet */
    await_down(ref, NULL);
    EXPECT_ALIVE(s, 3);
    for (int i = 0; i < 3; i++) EXPECT(atomic_load(&starts[i]) == 2);
}

static void a_crash_in_a_group_that_stops_counts_once_S9_14(void **state) {
    (void)state;
    on_seeds(crash_during_group_body, 2 * ROUNDS);
}

/* -- S9.17 -- */

enum { MANY = 1000 * ROUNDS };
static _Atomic uint64_t many[MANY];
static atomic_uint waiting;

static void many_entry(const void *args) {
    if (*(const uint64_t *)args % 2) buskin_actor_trap_exit(1);
    atomic_fetch_add(&waiting, 1);
    for (;;) buskin_message_release(buskin_actor_receive(-1));
}
static const buskin_spawn_desc_t many_desc = {
    .size = sizeof many_desc, .entry = many_entry, .args = &child_number, .priority = BUSKIN_NORMAL};
static uint64_t start_many(const void *args) {
    uint64_t pid = buskin_spawn(&many_desc, args, 0, NULL);
    atomic_store(&many[*(const uint64_t *)args], pid);
    return pid;
}

static bool all_wait(const void *arg) {
    (void)arg;
    return atomic_load(&waiting) == MANY;
}

static void many_body(const void *args) {
    static plan_t plan;
    (void)args;
    atomic_store(&waiting, 0);
    plan_make(&plan, BUSKIN_SIMPLE_ONE_FOR_ONE, 1, 0);
    plan.child[0].start = start_many;
    plan.child[0].shutdown_ms = 20; /* half of them do not listen: together they get as long as one */
    uint64_t s = plan_start(&plan);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 1);
    for (uint64_t i = 0; i < MANY; i++) start_dynamic(s, i);
    EXPECT(eventually(all_wait, NULL));
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == MANY);
    stop_supervisor(s);
    buskin_process_info_t info = {.size = sizeof info};
    for (int i = 0; i < MANY; i++)
        EXPECT(buskin_process_info(atomic_load(&many[i]), &info) == BUSKIN_ENOPROC); /* nor ending */
}

/* They get their time, too: none is killed that would end by itself. */
static void slow_together_body(const void *args) {
    static plan_t plan;
    enum { SLOW = 5 };
    (void)args;
    plan_make(&plan, BUSKIN_SIMPLE_ONE_FOR_ONE, 1, 0);
    uint64_t s = plan_start(&plan);
    for (uint64_t i = 0; i < SLOW; i++) {
        atomic_store(&linger_ms[i], 10 + (int)i);
        EXPECT(start_dynamic(s, i) != 0);
    }
    forget_events();
    stop_supervisor(s);
    EXPECT(strlen(event_log) == 3 * SLOW - 1);
    for (int i = 0; i < SLOW; i++) EXPECT(strchr(event_log, 'a' + i) != NULL);
}

static void dynamic_children_get_their_time_S9_17(void **state) {
    (void)state;
    everywhere(slow_together_body);
}

static void ten_thousand_dynamic_children_stop_together_S9_17(void **state) {
    (void)state;
    on_workers(many_body);
    on_seeds(many_body, 2);
}

/* -- S9.18 -- */

static void others_run_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan.child[0].shutdown_ms = BUSKIN_SHUTDOWN_INFINITY;
    atomic_store(&linger_ms[0], 100);
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    uint64_t helper = buskin_spawn(&helper_desc, NULL, BUSKIN_SPAWN_LINK, NULL);
    for (int i = 0; i < 50; i++) EXPECT(buskin_actor_is_alive(helper) == 1); /* a round trip each */
    EXPECT(buskin_actor_is_alive(s) == 1);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    buskin_actor_exit_signal(helper, BUSKIN_REASON_KILL, NULL, 0);
    buskin_actor_unlink(helper);
}

/* In virtual time, where the time that all this takes is none. */
static void a_supervisor_that_waits_blocks_nobody_S9_18(void **state) {
    (void)state;
    on_seeds(others_run_body, 2 * ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shutdown_time_S9_9),
        cmocka_unit_test(a_slow_child_delays_those_before_it_S9_9),
        cmocka_unit_test(terminate_restart_delete_add_S9_10),
        cmocka_unit_test(requests_that_cannot_be_met_say_why_S9_10),
        cmocka_unit_test(a_killed_supervisor_leaves_no_orphan_S9_12),
        cmocka_unit_test(no_orphan_whenever_it_is_killed_S9_12),
        cmocka_unit_test(crashes_during_the_stop_restart_nothing_S9_14),
        cmocka_unit_test(crashes_during_the_start_are_handled_after_S9_14),
        cmocka_unit_test(an_exit_while_a_group_stops_is_not_lost_S9_13),
        cmocka_unit_test(a_crash_in_a_group_that_stops_counts_once_S9_14),
        cmocka_unit_test(dynamic_children_get_their_time_S9_17),
        cmocka_unit_test(ten_thousand_dynamic_children_stop_together_S9_17),
        cmocka_unit_test(a_supervisor_that_waits_blocks_nobody_S9_18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
