/* What follows from a child's end: S9.3 with table T-3, S9.4, S9.5, S9.8, and that whoever has heard of the end finds the
 * supervisor informed.
 */
#include "supervised.h"

static const uint32_t kinds[] = {BUSKIN_PERMANENT, BUSKIN_TRANSIENT, BUSKIN_TEMPORARY};
static const enum order ends[] = {END_NORMAL, END_SHUTDOWN, END_SHUTDOWN_MORE, END_CRASH, END_USER, END_KILLED};
enum { ENDS = sizeof ends / sizeof *ends };

/* -- T-3 -- */

static bool is_restarted(uint32_t kind, enum order end) {
    if (kind == BUSKIN_TRANSIENT) return end == END_CRASH || end == END_USER || end == END_KILLED;
    return kind == BUSKIN_PERMANENT;
}

static void table_row(uint32_t strategy, uint32_t kind, enum order end) {
    static plan_t plan;
    bool simple = strategy == BUSKIN_SIMPLE_ONE_FOR_ONE, restarted = is_restarted(kind, end);
    fresh();
    plan_make(&plan, strategy, 1, 0);
    plan.child[0].restart = kind;
    uint64_t s = plan_start(&plan);
    if (simple) start_dynamic(s, 0);
    end_child(0, end);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == restarted);
    EXPECT(atomic_load(&starts[0]) == 1u + restarted);
    if (simple)
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_WORKERS) == restarted);
    else
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == (kind != BUSKIN_TEMPORARY));
    if (kind == BUSKIN_TRANSIENT && !restarted && !simple) EXPECT(child_state(s, 0) == BUSKIN_CHILD_STOPPED);
    stop_supervisor(s);
}

static void table_body(const void *args) {
    (void)args;
    for (uint32_t strategy = BUSKIN_ONE_FOR_ONE; strategy <= BUSKIN_SIMPLE_ONE_FOR_ONE; strategy++)
        for (int k = 0; k < 3; k++)
            for (int e = 0; e < ENDS; e++) table_row(strategy, kinds[k], ends[e]);
}

static void every_kind_and_reason_T_3(void **state) { /* T-3, S9.3 */
    (void)state;
    everywhere(table_body);
}

/* -- S9.4 -- */

enum { GROUP = 5 };

static void expect_events(char *text, char what, int child) {
    sprintf(text + strlen(text), "%s%c%c", *text ? " " : "", what, 'a' + child);
}

/* The log after child c of five, all permanent, has crashed. */
static void group_expected(uint32_t strategy, int c, char *text) {
    int first = strategy == BUSKIN_ONE_FOR_ALL ? 0 : c, last = strategy == BUSKIN_ONE_FOR_ONE ? c : GROUP - 1;
    *text = 0;
    for (int i = 0; i < GROUP; i++) expect_events(text, '+', i);
    expect_events(text, '-', c);
    for (int i = last; i >= first; i--)
        if (i != c) expect_events(text, '-', i);
    for (int i = first; i <= last; i++) expect_events(text, '+', i);
}

static void strategies_body(const void *args) {
    static plan_t plan;
    char text[200];
    (void)args;
    for (uint32_t strategy = BUSKIN_ONE_FOR_ONE; strategy <= BUSKIN_REST_FOR_ONE; strategy++)
        for (int c = 0; c < GROUP; c++) {
            fresh();
            plan_make(&plan, strategy, GROUP, 0);
            uint64_t s = plan_start(&plan), before[GROUP];
            for (int i = 0; i < GROUP; i++) before[i] = atomic_load(&live[i]);
            end_child((uint64_t)c, END_CRASH);
            EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == GROUP);
            group_expected(strategy, c, text);
            if (!EXPECT(log_is(text))) fprintf(stderr, "  %s, not %s\n", event_log, text);
            for (int i = 0; i < GROUP; i++) {
                bool stays = strategy == BUSKIN_ONE_FOR_ONE ? i != c : strategy == BUSKIN_REST_FOR_ONE && i < c;
                EXPECT((before[i] == atomic_load(&live[i])) == stays);
                EXPECT(buskin_supervisor_child(s, child_names[i], 1) == atomic_load(&live[i]));
            }
            stop_supervisor(s);
        }
}

static void each_strategy_and_child_S9_4(void **state) {
    (void)state;
    everywhere(strategies_body);
}

/* -- S9.5 -- */

static void set_kinds(plan_t *plan, const char *letters) {
    for (int i = 0; letters[i]; i++)
        plan->child[i].restart = letters[i] == 'p'   ? BUSKIN_PERMANENT
                                 : letters[i] == 't' ? BUSKIN_TRANSIENT
                                                     : BUSKIN_TEMPORARY;
}

static void siblings_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 5, 0);
    set_kinds(&plan, "pxtpx"); /* x: temporary */
    uint64_t s = plan_start(&plan);
    end_child(2, END_NORMAL);
    EXPECT(child_state(s, 2) == BUSKIN_CHILD_STOPPED);
    forget_events();
    end_child(3, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 3);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 3);
    EXPECT_LOG("-d -e -b -a +a +c +d");
    stop_supervisor(s);

    fresh();
    plan_make(&plan, BUSKIN_REST_FOR_ONE, 5, 0);
    set_kinds(&plan, "pxptx");
    s = plan_start(&plan);
    end_child(3, END_SHUTDOWN);
    forget_events();
    end_child(2, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 4);
    EXPECT_LOG("-c -e +c +d");
    stop_supervisor(s);
}

static void group_restarts_drop_temporary_and_start_transient_siblings_S9_5(void **state) {
    (void)state;
    everywhere(siblings_body);
}

/* A temporary child's crash concerns nobody else. */
static void temporary_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 3, 0);
    set_kinds(&plan, "pxp");
    plan.spec.max_restarts = 0;
    uint64_t s = plan_start(&plan);
    end_child(1, END_CRASH);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    EXPECT_LOG("+a +b +c -b");
}

static void a_temporary_childs_crash_restarts_nobody_S9_5(void **state) {
    (void)state;
    everywhere(temporary_body);
}

/* -- S9.8 -- */

static void failed_restart_row(uint32_t strategy, const char *expected) {
    static plan_t plan;
    fresh();
    plan_make(&plan, strategy, 3, 0);
    plan.spec.max_restarts = 2;
    plan.spec.window_ms = 3600000;
    uint64_t s = plan_start(&plan);
    forget_events();
    atomic_store(&fail_starts[strategy == BUSKIN_ONE_FOR_ONE ? 0 : 1], 1);
    end_child(0, END_CRASH);
    EXPECT_ALIVE(s, 3);
    if (!EXPECT(log_is(expected))) fprintf(stderr, "  %s, not %s\n", event_log, expected);
    uint64_t ref = buskin_actor_monitor(s); /* two were used up: one crash, one failed start */
    end_child(2, END_CRASH);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
}

static void failed_restarts_body(const void *args) {
    (void)args;
    failed_restart_row(BUSKIN_ONE_FOR_ONE, "-a +a");
    failed_restart_row(BUSKIN_ONE_FOR_ALL, "-a -c -b +a -a +a +b +c");
    failed_restart_row(BUSKIN_REST_FOR_ONE, "-a -c -b +a +b +c");
}

static void a_restart_that_fails_is_tried_again_and_counts_S9_8(void **state) {
    (void)state;
    everywhere(failed_restarts_body);
}

static void hopeless_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan.spec.window_ms = 3600000;
    uint64_t s = plan_start(&plan), ref = buskin_actor_monitor(s);
    atomic_store(&fail_starts[1], 1000);
    end_child(1, END_CRASH);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(atomic_load(&starts[1]) == 4); /* the first, and three tries: the fourth failure is one too many */
    EXPECT_LOG("+a +b -b -a");
}

static void each_try_counts_S9_8(void **state) {
    (void)state;
    everywhere(hopeless_body);
}

static void busy_body(const void *args) {
    static plan_t plan;
    int32_t status;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan.spec.max_restarts = 1000000000;
    plan.child[1].backoff_min_ms = plan.child[1].backoff_max_ms = 2;
    uint64_t s = plan_start(&plan);
    atomic_store(&fail_starts[1], UINT32_MAX);
    end_child(1, END_CRASH);
    for (int i = 0; i < 50; i++) {
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
        EXPECT(child_state(s, 1) == BUSKIN_CHILD_RESTARTING);
        EXPECT(buskin_supervisor_restart_child(s, "b", 1, &status) == 0);
        EXPECT(status == BUSKIN_ERESTARTING);
        EXPECT(buskin_supervisor_delete_child(s, "b", 1) == BUSKIN_ERESTARTING);
    }
    atomic_store(&fail_starts[1], 0);
    EXPECT_ALIVE(s, 2);
    atomic_store(&fail_starts[1], UINT32_MAX);
    end_child(1, END_CRASH);
    EXPECT(buskin_supervisor_stop_child(s, "b", 1) == BUSKIN_OK); /* and that ends the tries */
    EXPECT(child_state(s, 1) == BUSKIN_CHILD_STOPPED);
    unsigned tries = atomic_load(&starts[1]);
    buskin_actor_sleep(5);
    EXPECT(atomic_load(&starts[1]) == tries);
}

static void stubborn_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_REST_FOR_ONE, 2, 0);
    plan.spec.max_restarts = 1000;
    atomic_store(&fail_starts[0], 0);
    uint64_t s = plan_start(&plan);
    atomic_store(&fail_starts[0], 200);
    end_child(0, END_CRASH);
    EXPECT_ALIVE(s, 2);
    EXPECT(atomic_load(&starts[0]) == 202);
    EXPECT(atomic_load(&starts[1]) == 2);
}

static void it_is_tried_until_it_works_S9_8(void **state) {
    (void)state;
    everywhere(stubborn_body);
}

static void between_tries_the_supervisor_serves_others_S9_8(void **state) {
    (void)state;
    everywhere(busy_body);
}

/* -- S2.8, S9.3: the supervisor hears of an end before all others -- */

static void informed_body(const void *args) {
    static plan_t plan;
    (void)args;
    for (int i = 0; i < 20 * ROUNDS; i++) {
        fresh();
        plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
        plan.child[0].restart = BUSKIN_TRANSIENT;
        uint64_t s = plan_start(&plan);
        buskin_actor_trap_exit(1);
        buskin_actor_link(atomic_load(&live[0]));
        buskin_send_word(atomic_load(&live[0]), 1, END_NORMAL);
        for (bool exit = false; !exit;) { /* by a link, this time */
            const char *m = buskin_actor_receive(-1);
            exit = *(const uint32_t *)(const void *)(m - 16) == BUSKIN_MSG_EXIT;
            buskin_message_release(m);
        }
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
        end_child(1, END_CRASH);
        EXPECT(buskin_supervisor_child(s, "b", 1) == atomic_load(&live[1]));
        EXPECT(atomic_load(&starts[1]) == 2);
        stop_supervisor(s);
    }
}

static void whoever_hears_of_an_end_finds_the_supervisor_informed_S9_3(void **state) {
    (void)state;
    on_workers(informed_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_reason_T_3),
        cmocka_unit_test(each_strategy_and_child_S9_4),
        cmocka_unit_test(group_restarts_drop_temporary_and_start_transient_siblings_S9_5),
        cmocka_unit_test(a_temporary_childs_crash_restarts_nobody_S9_5),
        cmocka_unit_test(a_restart_that_fails_is_tried_again_and_counts_S9_8),
        cmocka_unit_test(each_try_counts_S9_8),
        cmocka_unit_test(it_is_tried_until_it_works_S9_8),
        cmocka_unit_test(between_tries_the_supervisor_serves_others_S9_8),
        cmocka_unit_test(whoever_hears_of_an_end_finds_the_supervisor_informed_S9_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
