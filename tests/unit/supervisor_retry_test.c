/* Backoff and circuit breakers: both off unless a specification asks for them. In virtual time, where delays are exact but for
 * the millisecond in which a timer fires. */
#include "supervised.h"

enum { HOUR = 3600000 };

static bool runs_again(const void *number) { return atomic_load(&starts[0]) >= *(const unsigned *)number; }

/* Ends child a and waits for its next start: how long that took, in ms. */
static int64_t restart_time(enum order how) {
    unsigned number = atomic_load(&starts[0]) + 1;
    int64_t before = buskin_now_ms();
    end_child(0, how);
    EXPECT(eventually(runs_again, &number));
    return buskin_now_ms() - before;
}

static uint64_t start_with(plan_t *plan, uint32_t min, uint32_t max) {
    fresh();
    plan_make(plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan->spec.max_restarts = 1000;
    plan->child[0].backoff_min_ms = min;
    plan->child[0].backoff_max_ms = max;
    return plan_start(plan);
}

/* Never early; and late by what the machine, or the virtual clock, adds. */
static bool about(int64_t ms, int64_t wanted) { return ms >= wanted && ms <= wanted + 5; }

/* -- Backoff -- */

static void doubling_body(const void *args) {
    static plan_t plan;
    static const int64_t wanted[] = {10, 20, 40, 80, 100, 100, 100};
    (void)args;
    uint64_t s = start_with(&plan, 10, 100);
    for (int i = 0; i < 7; i++) EXPECT(about(restart_time(END_CRASH), wanted[i]));
    buskin_actor_sleep(100); /* as long as the longest delay: all is forgiven */
    EXPECT(about(restart_time(END_CRASH), 10));
    EXPECT(about(restart_time(END_CRASH), 20));
    int64_t before = buskin_now_ms();
    end_child(1, END_CRASH); /* the other child asks for none */
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    EXPECT(buskin_now_ms() - before <= 5);
}

static void delays_double_up_to_the_longest_S9_8(void **state) {
    (void)state;
    on_seeds(doubling_body, 2 * ROUNDS);
}

static void failed_starts_body(const void *args) {
    static plan_t plan;
    (void)args;
    start_with(&plan, 10, 1000);
    atomic_store(&fail_starts[0], 3);
    unsigned number = 5; /* the first, three that fail, one that does not */
    int64_t before = buskin_now_ms();
    end_child(0, END_CRASH);
    EXPECT(eventually(runs_again, &number));
    int64_t took = buskin_now_ms() - before;
    EXPECT(took >= 10 + 20 + 40 + 80);
    EXPECT(took <= 10 + 20 + 40 + 80 + 20);
}

static void starts_that_fail_wait_longer_and_longer_S9_8(void **state) {
    (void)state;
    on_seeds(failed_starts_body, 2 * ROUNDS);
}

/* While it waits, the child is RESTARTING; requests end that, and the supervisor can be stopped. */
static void waiting_body(const void *args) {
    static plan_t plan;
    int32_t status;
    (void)args;
    uint64_t s = start_with(&plan, HOUR, HOUR);
    end_child(0, END_CRASH);
    EXPECT(child_state(s, 0) == BUSKIN_CHILD_RESTARTING);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == 0);
    EXPECT(status == BUSKIN_ERESTARTING);
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_OK);
    EXPECT(child_state(s, 0) == BUSKIN_CHILD_STOPPED);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == atomic_load(&live[0]));
    end_child(0, END_CRASH);
    stop_supervisor(s);
    EXPECT(atomic_load(&starts[0]) == 2);
}

static void a_child_that_waits_can_be_stopped_S9_10(void **state) {
    (void)state;
    on_workers(waiting_body);
    on_seeds(waiting_body, 2 * ROUNDS);
}

/* The group stops at once, and starts when the time has come. */
static void group_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 3, 0);
    plan.child[1].backoff_min_ms = plan.child[1].backoff_max_ms = 20;
    uint64_t s = plan_start(&plan);
    forget_events();
    end_child(1, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 0);
    EXPECT(log_is("-b -c -a"));
    EXPECT_ALIVE(s, 3);
    EXPECT(log_is("-b -c -a +a +b +c"));
}

static void a_group_waits_with_its_child_S9_4(void **state) {
    (void)state;
    on_seeds(group_body, 2 * ROUNDS);
}

/* -- Circuit breaker -- */

static uint64_t start_with_breaker(plan_t *plan, uint32_t strategy) {
    fresh();
    plan_make(plan, strategy, 2, 0);
    plan->child[0].breaker_failures = 3;
    plan->child[0].breaker_window_ms = 1000;
    plan->child[0].breaker_cooldown_ms = 100;
    plan->spec.max_restarts = 2; /* two before it opens; opening counts none */
    plan->spec.window_ms = HOUR;
    return plan_start(plan);
}

static void breaker_body(const void *args) {
    static plan_t plan;
    (void)args;
    uint64_t s = start_with_breaker(&plan, BUSKIN_ONE_FOR_ONE), ref = buskin_actor_monitor(s);
    EXPECT(restart_time(END_CRASH) <= 5);
    EXPECT(restart_time(END_CRASH) <= 5);
    int64_t opened = buskin_now_ms();
    end_child(0, END_CRASH); /* the third within the window */
    EXPECT(child_state(s, 0) == BUSKIN_CHILD_OPEN);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
    EXPECT_ALIVE(s, 2); /* half open: it is tried once */
    EXPECT(about(buskin_now_ms() - opened, 100));
    opened = buskin_now_ms();
    end_child(0, END_CRASH); /* too soon: open again */
    EXPECT(child_state(s, 0) == BUSKIN_CHILD_OPEN);
    EXPECT_ALIVE(s, 2);
    EXPECT(about(buskin_now_ms() - opened, 100));
    atomic_store(&fail_starts[0], 2);
    opened = buskin_now_ms();
    end_child(0, END_CRASH);
    EXPECT_ALIVE(s, 2); /* two tries fail to start at all */
    EXPECT(buskin_now_ms() - opened >= 300);
    buskin_actor_sleep(100); /* it has lived as long as it cools down: closed */
    forget_events();
    end_child(0, END_CRASH); /* now it is an ordinary failure again, and the supervisor's third */
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
}

static void a_breaker_opens_and_closes(void **state) {
    (void)state;
    on_seeds(breaker_body, 2 * ROUNDS);
}

/* Failures further apart than its window do not open it. */
static void slow_failures_body(const void *args) {
    static plan_t plan;
    (void)args;
    uint64_t s = start_with_breaker(&plan, BUSKIN_ONE_FOR_ONE);
    (void)s;
    plan.spec.max_restarts = 1000; /* read when it is needed */
    for (int i = 0; i < 6; i++) {
        EXPECT(restart_time(END_CRASH) <= 5);
        buskin_actor_sleep(501);
    }
}

static void failures_far_apart_do_not_open_it(void **state) {
    (void)state;
    on_seeds(slow_failures_body, 2 * ROUNDS);
}

static void open_requests_body(const void *args) {
    static plan_t plan;
    int32_t status;
    (void)args;
    uint64_t s = start_with_breaker(&plan, BUSKIN_ONE_FOR_ONE);
    plan.spec.max_restarts = 1000;
    for (int i = 0; i < 2; i++) restart_time(END_CRASH);
    end_child(0, END_CRASH);
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == 0);
    EXPECT(status == BUSKIN_ERESTARTING);
    EXPECT(buskin_supervisor_delete_child(s, "a", 1) == BUSKIN_ERESTARTING);
    EXPECT(buskin_supervisor_stop_child(s, "a", 1) == BUSKIN_OK); /* nothing to stop but the timer */
    EXPECT(buskin_supervisor_restart_child(s, "a", 1, &status) == atomic_load(&live[0]));
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    stop_supervisor(s);
}

static void an_open_breaker_can_be_overruled_S9_10(void **state) {
    (void)state;
    everywhere(open_requests_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_up_to_the_longest_S9_8),
        cmocka_unit_test(starts_that_fail_wait_longer_and_longer_S9_8),
        cmocka_unit_test(a_child_that_waits_can_be_stopped_S9_10),
        cmocka_unit_test(a_group_waits_with_its_child_S9_4),
        cmocka_unit_test(a_breaker_opens_and_closes),
        cmocka_unit_test(failures_far_apart_do_not_open_it),
        cmocka_unit_test(an_open_breaker_can_be_overruled_S9_10),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
