/* Trees of supervisors: S9.11, S9.15, and the order in which they end with the program (S11.3). */
#include "supervised.h"

static plan_t inner_plan, middle_plan;
static _Atomic uint64_t inner_pid, middle_pid;
static atomic_uint inner_starts;

static uint64_t start_inner(const void *args) {
    (void)args;
    atomic_fetch_add(&inner_starts, 1);
    uint64_t pid = buskin_supervisor_start(&inner_plan.spec, 0, NULL, NULL);
    atomic_store(&inner_pid, pid);
    return pid;
}

static uint64_t start_middle(const void *args) {
    (void)args;
    uint64_t pid = buskin_supervisor_start(&middle_plan.spec, 0, NULL, NULL);
    atomic_store(&middle_pid, pid);
    return pid;
}

static void set_supervisor(plan_t *plan, int i, uint64_t (*callback)(const void *), uint32_t restart) {
    plan->child[i].start = callback;
    plan->child[i].restart = restart;
    plan->child[i].flags |= BUSKIN_CHILD_SUPERVISOR;
    plan->child[i].shutdown_ms = BUSKIN_SHUTDOWN_INFINITY;
}

/* -- S9.11 -- */

static uint64_t outer_with(plan_t *plan, uint32_t restart) {
    fresh();
    atomic_store(&inner_starts, 0);
    plan_make(&inner_plan, BUSKIN_ONE_FOR_ONE, 2, 2);
    inner_plan.spec.max_restarts = 0;
    plan_make(plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    set_supervisor(plan, 1, start_inner, restart);
    return plan_start(plan);
}

static void escalation_body(const void *args) {
    static plan_t plan;
    (void)args;
    uint64_t s = outer_with(&plan, BUSKIN_PERMANENT), ref = buskin_actor_monitor(atomic_load(&inner_pid));
    end_child(2, END_CRASH);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    EXPECT(atomic_load(&inner_starts) == 2);
    EXPECT(log_is("+a +c +d -c -d +c +d"));
    stop_supervisor(s);

    s = outer_with(&plan, BUSKIN_TRANSIENT); /* shutdown is no abnormal end */
    ref = buskin_actor_monitor(atomic_load(&inner_pid));
    end_child(3, END_CRASH);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SUPERVISORS) == 1);
    EXPECT(atomic_load(&inner_starts) == 1);
    EXPECT(log_is("+a +c +d -d -c"));
    stop_supervisor(s);
}

static void an_inner_supervisor_gives_up_S9_11(void **state) {
    (void)state;
    everywhere(escalation_body);
}

/* Each level has its limit: the crash climbs until one restarts. */
static void three_levels(plan_t *plan, uint32_t outer_restarts) {
    fresh();
    plan_make(&inner_plan, BUSKIN_ONE_FOR_ONE, 1, 2);
    inner_plan.spec.max_restarts = 1;
    plan_make(&middle_plan, BUSKIN_ONE_FOR_ALL, 2, 1);
    set_supervisor(&middle_plan, 1, start_inner, BUSKIN_PERMANENT);
    middle_plan.spec.max_restarts = 1;
    plan_make(plan, BUSKIN_REST_FOR_ONE, 2, 0);
    set_supervisor(plan, 1, start_middle, BUSKIN_PERMANENT);
    plan->spec.max_restarts = outer_restarts;
    inner_plan.spec.window_ms = middle_plan.spec.window_ms = plan->spec.window_ms = 3600000;
}

/* Waits until child c of the innermost one runs again, as a new actor. */
static bool is_another(const void *pid) { return atomic_load(&live[2]) != *(const uint64_t *)pid; }

static void climb_body(const void *args) {
    static plan_t plan;
    (void)args;
    three_levels(&plan, 1);
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    EXPECT(log_is("+a +b +c"));
    static const char *const steps[] = {"-c +c", "-c -b +b +c", "-c +c", "-c -b +b +c",
                                        "-c +c", "-c -b +b +c", "-c +c"};
    for (int i = 0; i < 7; i++) {
        forget_events();
        uint64_t before = atomic_load(&live[2]);
        end_child(2, END_CRASH);
        EXPECT(eventually(is_another, &before));
        if (!EXPECT(log_is(steps[i]))) fprintf(stderr, "  step %d: %s\n", i, event_log);
    }
    forget_events();
    end_child(2, END_CRASH); /* all three have had their one */
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(log_is("-c -b -a"));
}

static void a_crash_climbs_three_levels_S9_11(void **state) {
    (void)state;
    everywhere(climb_body);
}

/* -- S9.15 -- */

static uint64_t significant(plan_t *plan, uint32_t rule, const char *kinds) {
    fresh();
    plan_make(plan, BUSKIN_ONE_FOR_ONE, 4, 0);
    plan->spec.auto_shutdown = rule;
    for (int i = 0; i < 4; i++) {
        plan->child[i].restart = kinds[i] == 'p'   ? BUSKIN_PERMANENT
                                 : kinds[i] == 't' ? BUSKIN_TRANSIENT
                                                   : BUSKIN_TEMPORARY;
        plan->child[i].flags = kinds[i] == 'p' ? 0 : BUSKIN_CHILD_SIGNIFICANT;
    }
    uint64_t s = plan_start(plan);
    forget_events();
    return s;
}

static void any_body(const void *args) {
    static plan_t plan;
    (void)args;
    uint64_t s = significant(&plan, BUSKIN_AUTO_SHUTDOWN_ANY, "ptxp"), ref = buskin_actor_monitor(s);
    end_child(1, END_CRASH); /* restarted: no end */
    end_child(0, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 4);
    EXPECT(buskin_supervisor_stop_child(s, "b", 1) == BUSKIN_OK); /* on request: nothing follows */
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 3);
    forget_events();
    end_child(2, END_CRASH); /* a temporary one's crash is its end */
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(log_is("-c -d -a"));

    s = significant(&plan, BUSKIN_AUTO_SHUTDOWN_ANY, "ptxp");
    ref = buskin_actor_monitor(s);
    end_child(1, END_NORMAL);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(log_is("-b -d -c -a"));
}

static void the_first_end_of_a_significant_child_S9_15(void **state) {
    (void)state;
    everywhere(any_body);
}

static void all_body(const void *args) {
    static plan_t plan;
    static const enum order last[] = {END_NORMAL, END_SHUTDOWN, END_SHUTDOWN_MORE};
    (void)args;
    for (int i = 0; i < 3; i++) {
        uint64_t s = significant(&plan, BUSKIN_AUTO_SHUTDOWN_ALL, "ptxt"), ref = buskin_actor_monitor(s);
        end_child(3, END_NORMAL);
        end_child(2, END_CRASH);
        end_child(1, END_CRASH);
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
        end_child(1, last[i]);
        EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
        EXPECT(log_is("-d -c -b +b -b -a"));
    }
}

static void the_last_end_of_the_significant_children_S9_15(void **state) {
    (void)state;
    everywhere(all_body);
}

/* Significant or not, where no rule says so nothing follows; and those that are not do not count. */
static void ordinary_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    plan.spec.auto_shutdown = BUSKIN_AUTO_SHUTDOWN_ANY;
    plan.child[0].restart = plan.child[1].restart = BUSKIN_TRANSIENT;
    plan.child[0].flags = BUSKIN_CHILD_SIGNIFICANT;
    uint64_t s = plan_start(&plan);
    end_child(1, END_NORMAL);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    stop_supervisor(s);
}

static void ends_of_other_children_do_not_count_S9_15(void **state) {
    (void)state;
    everywhere(ordinary_body);
}

/* -- The end of the program: S11.3 -- */

static void exit_body(const void *args) {
    static plan_t plan;
    (void)args;
    three_levels(&plan, 3);
    plan_start(&plan); /* and returns: nothing can make progress any more */
}

static void at_the_end_trees_stop_in_reverse_S9_1(void **state) {
    (void)state;
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) {
        run(workers[i], exit_body, NULL, 0);
        assert_string_equal(event_log, "+a +b +c -c -b -a");
    }
    on_seeds(exit_body, 2 * ROUNDS);
    assert_string_equal(event_log, "+a +b +c -c -b -a");
}

static void shutdown_body(const void *args) {
    exit_body(args);
    buskin_rt_shutdown(PATIENCE);
    buskin_actor_sleep(PATIENCE);
}

static void at_a_shutdown_trees_stop_in_reverse_S9_1(void **state) {
    (void)state;
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) {
        run(workers[i], shutdown_body, NULL, 0);
        assert_string_equal(event_log, "+a +b +c -c -b -a");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inner_supervisor_gives_up_S9_11),
        cmocka_unit_test(a_crash_climbs_three_levels_S9_11),
        cmocka_unit_test(the_first_end_of_a_significant_child_S9_15),
        cmocka_unit_test(the_last_end_of_the_significant_children_S9_15),
        cmocka_unit_test(ends_of_other_children_do_not_count_S9_15),
        cmocka_unit_test(at_the_end_trees_stop_in_reverse_S9_1),
        cmocka_unit_test(at_a_shutdown_trees_stop_in_reverse_S9_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
