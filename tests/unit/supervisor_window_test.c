/* How many restarts are too many: S9.6 and S9.7. */
#include "supervised.h"

#include "api/supervisor/supervisor.h"

/* -- S9.6 -- */

static void exact_row(uint32_t strategy, uint32_t most, enum order end) {
    static plan_t plan;
    fresh();
    plan_make(&plan, strategy, 3, 0);
    plan.spec.max_restarts = most;
    plan.spec.window_ms = 3600000;
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    for (uint32_t i = 0; i < most; i++) {
        end_child(i % 3, end);
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 3);
    }
    forget_events();
    end_child(1, end);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(log_is(end == END_KILLED ? "-c -a" : "-b -c -a"));
    for (int i = 0; i < 3; i++) EXPECT(buskin_actor_is_alive(atomic_load(&live[i])) == 0);
}

static void exact_body(const void *args) {
    static const uint32_t most[] = {0, 1, 2, 3, 17};
    (void)args;
    for (int i = 0; i < 5; i++) {
        exact_row(BUSKIN_ONE_FOR_ONE, most[i], END_CRASH);
        exact_row(BUSKIN_ONE_FOR_ONE, most[i], END_NORMAL); /* permanent: it counts, too */
        exact_row(BUSKIN_ONE_FOR_ALL, most[i], END_CRASH);
        exact_row(BUSKIN_REST_FOR_ONE, most[i], END_KILLED);
    }
}

static void as_many_as_allowed_and_not_one_more_S9_6(void **state) {
    (void)state;
    everywhere(exact_body);
}

static void template_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_SIMPLE_ONE_FOR_ONE, 1, 0);
    plan.spec.max_restarts = 2;
    plan.spec.window_ms = 3600000;
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    for (uint64_t i = 0; i < 4; i++) start_dynamic(s, i);
    end_child(0, END_CRASH);
    end_child(1, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 4);
    end_child(2, END_CRASH); /* counted for all of them together */
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    for (int i = 0; i < 4; i++) EXPECT(buskin_actor_is_alive(atomic_load(&live[i])) == 0);
}

static void dynamic_children_share_the_limit_S9_6(void **state) {
    (void)state;
    everywhere(template_body);
}

/* -- S9.7 -- */

/* Events at times of one clock: together exactly if less than the span apart. */
static void exact_span_body(const void *args) {
    (void)args;
    for (int64_t span = 1; span <= 1000; span = 10 * span) {
        for (int64_t gap = span - 1; gap <= span + 1; gap++) {
            window_t w = {0};
            EXPECT(!window_add(&w, 5000, span, 1));
            EXPECT(window_add(&w, 5000 + gap, span, 1) == (gap < span));
        }
    }
    window_t w = {0};
    for (int64_t i = 0; i < 1000; i++) EXPECT(!window_add(&w, 10 * i, 100, 10)); /* ten in any 100 ms */
    EXPECT(window_add(&w, 9990, 100, 10));
    EXPECT(w.capacity <= 16); /* what is past is forgotten */
    window_t burst = {0};
    for (int i = 0; i < 100000; i++) window_add(&burst, 7, 1000, UINT32_MAX);
    EXPECT(burst.events == 100000);
    EXPECT(burst.capacity <= 8); /* one entry for each millisecond */
}

static void two_events_a_span_apart_are_not_together_S9_7(void **state) {
    (void)state;
    run(1, exact_span_body, NULL, 0);
}

/* Through the supervisor: crashes further apart than the window never add up; closer ones do. */
static void apart_body(const void *args) {
    static plan_t plan;
    enum { SPAN = 40 };
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
    plan.spec.max_restarts = 1;
    plan.spec.window_ms = SPAN;
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    for (int i = 0; i < 5; i++) {
        end_child(0, END_CRASH);
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
        buskin_actor_sleep(SPAN + 1);
    }
    for (int64_t last = 0, now;; last = now) { /* a machine that stalls between the two tries again */
        now = buskin_now_ms();
        end_child(0, END_CRASH);
        if (buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) < 0) break; /* it has ended */
        EXPECT(last == 0 ||
               buskin_now_ms() - last >= SPAN); /* both lie between: before the last, and after its answer */
    }
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
}

static void crashes_further_apart_than_the_window_never_add_up_S9_7(void **state) {
    (void)state;
    everywhere(apart_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_allowed_and_not_one_more_S9_6),
        cmocka_unit_test(dynamic_children_share_the_limit_S9_6),
        cmocka_unit_test(two_events_a_span_apart_are_not_together_S9_7),
        cmocka_unit_test(crashes_further_apart_than_the_window_never_add_up_S9_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
