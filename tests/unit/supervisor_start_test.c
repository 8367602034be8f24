/* Starting supervisors: order, failures, bad specifications, who is whose parent (S9.1, S9.2, S9.13, S9.16, S9.18). */
#include "supervised.h"

#include <pthread.h>

#include "actor/signal.h"

/* -- S9.1 -- */

static void order_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 4, 0);
    uint64_t s = plan_start(&plan);
    EXPECT_LOG("+a +b +c +d");
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 4);
    stop_supervisor(s);
    EXPECT_LOG("+a +b +c +d -d -c -b -a");
}

static void children_start_in_order_and_stop_in_reverse_S9_1(void **state) {
    (void)state;
    everywhere(order_body);
}

/* Starts that take their time are still one after another. */
static void slow_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    atomic_store(&start_act[0], START_SLOWLY);
    plan_start(&plan);
    EXPECT_LOG("+a +b +c");
}

static void each_start_completes_before_the_next_S9_1(void **state) {
    (void)state;
    everywhere(slow_body);
}

/* -- S9.2 -- */

static void failure_body(const void *args) {
    static plan_t plan;
    static const struct {
        enum order act;
        const char *text;
    } failures[] = {{START_PANICS, "child c failed to start: no luck"},
                    {START_EXITS, "child c failed to start: gone"},
                    {START_NO_PID, "child c failed to start: no process"},
                    {START_SELF, "child c failed to start: no process"}};
    (void)args;
    for (int i = 0; i < 4; i++) {
        fresh();
        plan_make(&plan, BUSKIN_ONE_FOR_ONE, 5, 0);
        atomic_store(&start_act[2], failures[i].act);
        uint64_t ref;
        int32_t status;
        char text[64] = "";
        uint64_t s = buskin_supervisor_start(&plan.spec, BUSKIN_SPAWN_MONITOR, &ref, &status);
        EXPECT(status == BUSKIN_ESTART);
        EXPECT(s != 0);
        EXPECT(buskin_actor_is_alive(s) == 0);
        EXPECT(await_down(ref, text) == BUSKIN_REASON_PANIC);
        EXPECT(!strcmp(text, failures[i].text));
        EXPECT_LOG("+a +b -b -a");
        EXPECT(atomic_load(&starts[3]) == 0);
    }
}

static void a_failed_start_stops_those_before_S9_2(void **state) {
    (void)state;
    everywhere(failure_body);
}

/* -- Nested: the inner one's failure is the start's failure -- */

static plan_t inner_plan;
static uint64_t start_inner(const void *args) {
    (void)args;
    return buskin_supervisor_start(&inner_plan.spec, 0, NULL, NULL);
}

static void nested_failure_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&inner_plan, BUSKIN_ONE_FOR_ONE, 2, 2);
    atomic_store(&start_act[3], START_PANICS);
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    plan.child[1].start = start_inner;
    uint64_t ref;
    int32_t status;
    char text[64] = "";
    buskin_supervisor_start(&plan.spec, BUSKIN_SPAWN_MONITOR, &ref, &status);
    EXPECT(status == BUSKIN_ESTART);
    EXPECT(await_down(ref, text) == BUSKIN_REASON_PANIC);
    EXPECT(!strcmp(text, "child b failed to start: child d failed to start: no luck") ||
           !strncmp(text, "child b failed to start: child d failed to start: no luck", 57));
    EXPECT_LOG("+a +c -c -a");
}

static void an_inner_supervisor_that_does_not_come_up_is_a_failed_start_S9_2(void **state) {
    (void)state;
    everywhere(nested_failure_body);
}

/* -- S9.16 -- */

static int32_t spec_status(void (*spoil)(plan_t *plan)) {
    static plan_t plan;
    int32_t status;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    spoil(&plan);
    int32_t checked = buskin_supervisor_check(&plan.spec);
    char text[400], few[8];
    int64_t length = buskin_supervisor_explain(&plan.spec, text, sizeof text);
    EXPECT(length > 20 && length == (int64_t)strlen(text));
    EXPECT(!strncmp(text, "supervisor", 10));
    EXPECT(buskin_supervisor_explain(&plan.spec, NULL, 0) == length);
    EXPECT(buskin_supervisor_explain(&plan.spec, few, sizeof few) == length);
    EXPECT(!strcmp(few, "supervi"));
    uint64_t s = buskin_supervisor_start(&plan.spec, 0, NULL, &status);
    EXPECT(s == 0);
    EXPECT(status == checked);
    return status;
}

static char long_name[257];
static void bad_size(plan_t *p) { p->spec.size = 8; }
static void bad_reserved(plan_t *p) { p->spec.reserved = 1; }
static void bad_list(plan_t *p) { p->spec.children = NULL; }
static void bad_child(plan_t *p) { p->list[1] = NULL; }
static void bad_child_size(plan_t *p) { p->child[1].size++; }
static void bad_child_flags(plan_t *p) { p->child[1].flags = 4; }
static void bad_strategy(plan_t *p) { p->spec.strategy = 4; }
static void bad_intensity(plan_t *p) { p->spec.max_restarts = UINT32_MAX; }
static void bad_window(plan_t *p) { p->spec.window_ms = 0; }
static void bad_window_negative(plan_t *p) { p->spec.window_ms = -1; }
static void bad_auto_shutdown(plan_t *p) { p->spec.auto_shutdown = 3; }
static void bad_template(plan_t *p) { p->spec.strategy = BUSKIN_SIMPLE_ONE_FOR_ONE; }
static void bad_template_none(plan_t *p) {
    p->spec.strategy = BUSKIN_SIMPLE_ONE_FOR_ONE;
    p->spec.child_count = 0;
}
static void bad_name_missing(plan_t *p) { p->child[2].name = NULL; }
static void bad_name_empty(plan_t *p) { p->child[2].name = ""; }
static void bad_name_long(plan_t *p) { p->child[2].name = memset(long_name, 'x', 256); }
static void bad_duplicate(plan_t *p) { p->child[2].name = "a"; }
static void bad_start(plan_t *p) { p->child[2].start = NULL; }
static void bad_restart(plan_t *p) { p->child[2].restart = 3; }
static void bad_shutdown(plan_t *p) { p->child[2].shutdown_ms = -3; }
static void bad_significant_permanent(plan_t *p) {
    p->spec.auto_shutdown = BUSKIN_AUTO_SHUTDOWN_ANY;
    p->child[2].flags = BUSKIN_CHILD_SIGNIFICANT;
}
static void bad_significant_never(plan_t *p) {
    p->child[2].flags = BUSKIN_CHILD_SIGNIFICANT;
    p->child[2].restart = BUSKIN_TEMPORARY;
}
static void bad_backoff(plan_t *p) {
    p->child[2].backoff_min_ms = 10;
    p->child[2].backoff_max_ms = 9;
}
static void bad_breaker_window(plan_t *p) {
    p->child[2].breaker_failures = 1;
    p->child[2].breaker_cooldown_ms = 1;
}
static void bad_breaker_alone(plan_t *p) { p->child[2].breaker_cooldown_ms = 1; }
static void bad_shutdown_long(plan_t *p) { p->child[2].shutdown_ms = 1ll << 32; }
static void bad_window_long(plan_t *p) { p->spec.window_ms = 1ll << 32; }
static void bad_template_auto(plan_t *p) {
    p->spec.strategy = BUSKIN_SIMPLE_ONE_FOR_ONE;
    p->spec.child_count = 1;
    p->spec.auto_shutdown = BUSKIN_AUTO_SHUTDOWN_ALL;
}
static void bad_child_reserved(plan_t *p) { p->child[0].reserved = 1; }
static void bad_backoff_long(plan_t *p) { p->child[2].backoff_max_ms = 1u << 31; }
static void bad_breaker_cooldown(plan_t *p) {
    p->child[2].breaker_failures = 1;
    p->child[2].breaker_window_ms = 1;
}

static void bad_specs_body(const void *args) {
    static const struct {
        void (*spoil)(plan_t *);
        int32_t status;
    } bad[] = {{bad_size, BUSKIN_ESPEC_SIZE},
               {bad_reserved, BUSKIN_ESPEC_SIZE},
               {bad_list, BUSKIN_ESPEC_SIZE},
               {bad_child, BUSKIN_ESPEC_SIZE},
               {bad_child_size, BUSKIN_ESPEC_SIZE},
               {bad_child_flags, BUSKIN_ESPEC_SIZE},
               {bad_strategy, BUSKIN_ESPEC_STRATEGY},
               {bad_intensity, BUSKIN_ESPEC_INTENSITY},
               {bad_window, BUSKIN_ESPEC_WINDOW},
               {bad_window_negative, BUSKIN_ESPEC_WINDOW},
               {bad_auto_shutdown, BUSKIN_ESPEC_AUTO_SHUTDOWN},
               {bad_template, BUSKIN_ESPEC_TEMPLATE},
               {bad_template_none, BUSKIN_ESPEC_TEMPLATE},
               {bad_name_missing, BUSKIN_ESPEC_NAME},
               {bad_name_empty, BUSKIN_ESPEC_NAME},
               {bad_name_long, BUSKIN_ESPEC_NAME},
               {bad_duplicate, BUSKIN_ESPEC_DUPLICATE},
               {bad_start, BUSKIN_ESPEC_START},
               {bad_restart, BUSKIN_ESPEC_RESTART},
               {bad_shutdown, BUSKIN_ESPEC_SHUTDOWN},
               {bad_significant_permanent, BUSKIN_ESPEC_SIGNIFICANT},
               {bad_significant_never, BUSKIN_ESPEC_SIGNIFICANT},
               {bad_backoff, BUSKIN_ESPEC_BACKOFF},
               {bad_breaker_window, BUSKIN_ESPEC_BREAKER},
               {bad_breaker_alone, BUSKIN_ESPEC_BREAKER},
               {bad_shutdown_long, BUSKIN_ESPEC_SHUTDOWN},
               {bad_window_long, BUSKIN_ESPEC_WINDOW},
               {bad_template_auto, BUSKIN_ESPEC_AUTO_SHUTDOWN},
               {bad_child_reserved, BUSKIN_ESPEC_SIZE},
               {bad_backoff_long, BUSKIN_ESPEC_BACKOFF},
               {bad_breaker_cooldown, BUSKIN_ESPEC_BREAKER}};
    (void)args;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!EXPECT(spec_status(bad[i].spoil) == bad[i].status)) fprintf(stderr, "  row %zu\n", i);
    for (int i = 0; i < 3; i++) EXPECT(atomic_load(&starts[i]) == 0);
    EXPECT(buskin_supervisor_start(NULL, 0, NULL, NULL) == 0);
}

/* What people are told. */
static void explained(void **state) {
    static plan_t plan;
    char text[100] = "?";
    (void)state;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 3, 0);
    assert_int_equal(buskin_supervisor_explain(&plan.spec, text, sizeof text), 0);
    assert_string_equal(text, "");
    plan.child[1].restart = 7;
    buskin_supervisor_explain(&plan.spec, text, sizeof text);
    assert_string_equal(text, "supervisor plan, child b: restart is none of permanent, transient, temporary");
    plan.child[0].name = "";
    buskin_supervisor_explain(&plan.spec, text, sizeof text);
    assert_string_equal(text, "supervisor plan, child 1: the name is missing, empty or longer than 255 bytes");
    plan.spec.window_ms = 0;
    buskin_supervisor_explain(&plan.spec, text, sizeof text);
    assert_string_equal(text, "supervisor plan: window_ms is not in 1..4294967295");
    plan.spec.name = "";
    buskin_supervisor_explain(&plan.spec, text, sizeof text);
    assert_string_equal(text, "supervisor: window_ms is not in 1..4294967295");
    assert_true(buskin_supervisor_explain(NULL, text, sizeof text) > 0);
}

static void bad_specifications_are_refused_before_anything_starts_S9_16(void **state) {
    (void)state;
    assert_int_equal(buskin_supervisor_check(NULL), BUSKIN_ESPEC_SIZE); /* also before init */
    everywhere(bad_specs_body);
}

/* -- S9.13: parents and strangers -- */

static void stranger(const void *args) {
    uint64_t s = *(const uint64_t *)args;
    buskin_actor_link(s);
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    buskin_actor_exit_signal(s, BUSKIN_REASON_USER, "x", 1);
    buskin_send_word(s, 1, END_CRASH);
    buskin_actor_send(s, "text", 4);
    buskin_request_t request = {0};
    static const buskin_desc_t desc = {.size = sizeof request};
    int32_t status;
    EXPECT(!buskin_call(s, CALL_SUPERVISOR, &desc, &request, -1, &status)); /* nobody can forge a request */
    EXPECT(status == BUSKIN_EINVAL);
    EXPECT(!buskin_call(s, 77, &desc, &request, 1, &status));
    EXPECT(status == BUSKIN_ETIMEOUT);
    buskin_actor_exit(BUSKIN_REASON_PANIC, "over the link", 13);
}

static void strangers_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ALL, 2, 0);
    uint64_t s = plan_start(&plan), ref;
    static const buskin_desc_t stranger_args = {.size = 8};
    static const buskin_spawn_desc_t stranger_desc = {
        .size = sizeof stranger_desc, .entry = stranger, .args = &stranger_args, .priority = BUSKIN_NORMAL};
    buskin_spawn(&stranger_desc, &s, BUSKIN_SPAWN_MONITOR, &ref);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_PANIC);
    buskin_actor_exit_signal(s, BUSKIN_REASON_NORMAL, NULL, 0); /* from the parent, and yet nothing */
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 2);
    EXPECT(atomic_load(&starts[0]) == 1);
    ref = buskin_actor_monitor(s);
    char text[64];
    buskin_actor_exit_signal(s, BUSKIN_REASON_USER, "enough", 6);
    EXPECT(await_down(ref, text) == BUSKIN_REASON_USER);
    EXPECT(!strcmp(text, "enough"));
    EXPECT_LOG("+a +b -b -a");
}

static void only_the_parent_can_stop_a_supervisor_S9_13(void **state) {
    (void)state;
    everywhere(strangers_body);
}

static void parent_that_crashes(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    uint64_t s = buskin_supervisor_start(&plan.spec, BUSKIN_SPAWN_LINK, NULL, NULL);
    atomic_store(&helpers[0], s);
    buskin_actor_exit(BUSKIN_REASON_PANIC, "parent", 6);
}

static void linked_parent_body(const void *args) {
    (void)args;
    buskin_actor_spawn(parent_that_crashes, NULL, 0, BUSKIN_NORMAL);
    EXPECT_LOG("+a +b -b -a");
    EXPECT_DEAD(atomic_load(&helpers[0]));
}

static void a_linked_parents_end_stops_the_children_in_reverse_S9_13(void **state) {
    (void)state;
    everywhere(linked_parent_body);
}

/* -- The child's tie to its supervisor is atomic: its real reason is seen (S4.6) -- */

static void quick_body(const void *args) {
    static plan_t plan;
    (void)args;
    for (int i = 0; i < 20; i++) {
        fresh();
        plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
        plan.child[0].restart = BUSKIN_TRANSIENT;
        atomic_store(&first_act[0], END_NORMAL);
        uint64_t s = plan_start(&plan);
        EXPECT_ALIVE(s, 0);
        EXPECT(atomic_load(&starts[0]) == 1); /* noproc would have been a crash */
        EXPECT(child_state(s, 0) == BUSKIN_CHILD_STOPPED);
        stop_supervisor(s);
    }
}

static void a_child_that_ends_at_once_gives_its_real_reason_S4_6(void **state) {
    (void)state;
    everywhere(quick_body);
}

/* A start callback may hand out an actor that it did not spawn. */
static _Atomic uint64_t borrowed;
static uint64_t start_borrowed(const void *args) {
    (void)args;
    atomic_fetch_add(&starts[0], 1);
    return atomic_load(&borrowed);
}

static void borrowed_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
    plan.child[0].start = start_borrowed;
    plan.child[0].restart = BUSKIN_TEMPORARY;
    uint64_t number = 1;
    atomic_store(&borrowed, buskin_spawn(&child_desc, &number, 0, NULL));
    uint64_t s = plan_start(&plan);
    EXPECT(buskin_supervisor_child(s, "a", 1) == atomic_load(&borrowed));
    buskin_actor_exit_signal(atomic_load(&borrowed), BUSKIN_REASON_KILL, NULL, 0);
    EXPECT_ALIVE(s, 0);
    EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_SPECS) == 0);
}

/* It is linked as any other child: a supervisor that is killed takes it along (S9.12). */
static void borrowed_and_killed_body(const void *args) {
    static plan_t plan;
    (void)args;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
    plan.child[0].start = start_borrowed;
    uint64_t number = 1;
    atomic_store(&borrowed, buskin_spawn(&child_desc, &number, 0, NULL));
    uint64_t s = plan_start(&plan);
    buskin_actor_exit_signal(s, BUSKIN_REASON_KILL, NULL, 0);
    EXPECT_DEAD(atomic_load(&borrowed));
}

static void a_start_may_return_an_actor_of_another(void **state) {
    (void)state;
    everywhere(borrowed_body);
    everywhere(borrowed_and_killed_body);
}

/* -- S9.18: arguments are the supervisor's own copy -- */

static const buskin_desc_t number_desc = {.size = 8, .name = "number"};
__extension__ static const buskin_desc_t boxed_desc = {.size = 16, .npointers = 1, .name = "boxed", .offsets = {0}};
typedef struct boxed {
    uint64_t *number;
    uint64_t plain;
} boxed_t;
static atomic_uint sum;

static uint64_t start_boxed(const void *args) {
    const boxed_t *boxed = args;
    atomic_fetch_add(&sum, (unsigned)(*boxed->number + boxed->plain));
    buskin_spawn_desc_t const *desc = &child_desc;
    uint64_t number = boxed->plain;
    uint64_t pid = buskin_spawn(desc, &number, 0, NULL);
    atomic_store(&live[number], pid);
    return pid;
}

static void arguments_body(const void *args) {
    static plan_t plan;
    (void)args;
    atomic_store(&sum, 0);
    plan_make(&plan, BUSKIN_SIMPLE_ONE_FOR_ONE, 1, 0);
    plan.child[0].start = start_boxed;
    plan.spec.max_restarts = 100;
    uint64_t s = plan_start(&plan);
    boxed_t boxed = {buskin_alloc(&number_desc), 1};
    *boxed.number = 100;
    int32_t status;
    uint64_t pid = buskin_supervisor_start_child(s, &boxed_desc, &boxed, &status);
    EXPECT(status == BUSKIN_OK);
    EXPECT(pid == atomic_load(&live[1]));
    *boxed.number = 7; /* not seen by any restart */
    for (unsigned i = 2; i < 12; i++) {
        tell_child(1, END_CRASH);
        while (atomic_load(&sum) < i * 101) buskin_actor_sleep(0);
        EXPECT(atomic_load(&sum) == i * 101);
        EXPECT_ALIVE(s, 1);
    }
}

static void start_arguments_are_the_supervisors_copy_S9_18(void **state) {
    (void)state;
    everywhere(arguments_body);
}

/* -- From the thread that called init, and wrong callers -- */

static void the_thread_that_called_init_can_have_supervisors(void **state) {
    static plan_t plan;
    (void)state;
    fresh();
    int32_t status;
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 2, 0);
    assert_int_equal(buskin_supervisor_start(&plan.spec, 0, NULL, &status), 0);
    assert_int_equal(status, BUSKIN_ESTATE);
    start(2);
    uint64_t s = buskin_supervisor_start(&plan.spec, 0, NULL, &status);
    assert_int_equal(status, BUSKIN_OK);
    assert_int_equal(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE), 2);
    assert_int_equal(buskin_supervisor_child(s, "b", 1), atomic_load(&live[1]));
    assert_int_equal(buskin_supervisor_stop_child(s, "b", 1), BUSKIN_OK);
    assert_int_equal(finish(), 0);
    assert_string_equal(event_log, "+a +b -b -a");
}

static void *start_from_a_thread(void *plan) {
    int32_t status = BUSKIN_OK;
    EXPECT(buskin_supervisor_start(&((plan_t *)plan)->spec, 0, NULL, &status) == 0 && status == BUSKIN_ESTATE);
    return NULL;
}

static void other_threads_start_none(void **state) {
    static plan_t plan;
    pthread_t thread;
    (void)state;
    fresh();
    plan_make(&plan, BUSKIN_ONE_FOR_ONE, 1, 0);
    start(2);
    assert_int_equal(pthread_create(&thread, NULL, start_from_a_thread, &plan), 0);
    pthread_join(thread, NULL);
    assert_int_equal(finish(), 0);
    assert_int_equal(atomic_load(&starts[0]), 0);
}

static void no_supervisor_body(const void *args) {
    uint64_t number = 0;
    (void)args;
    uint64_t pid = buskin_spawn(&child_desc, &number, 0, NULL);
    EXPECT(buskin_supervisor_count_children(pid, BUSKIN_COUNT_ALIVE) == BUSKIN_ENOPROC); /* and it does not hang */
    EXPECT(buskin_supervisor_count_children(0, BUSKIN_COUNT_ALIVE) == BUSKIN_ENOPROC);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0);
    EXPECT(buskin_supervisor_terminate_child(pid, pid) == BUSKIN_ENOPROC);
    EXPECT(buskin_supervisor_child(buskin_actor_self(), "a", 1) == 0);
}

static void requests_to_others_are_refused(void **state) {
    (void)state;
    everywhere(no_supervisor_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_start_in_order_and_stop_in_reverse_S9_1),
        cmocka_unit_test(each_start_completes_before_the_next_S9_1),
        cmocka_unit_test(a_failed_start_stops_those_before_S9_2),
        cmocka_unit_test(an_inner_supervisor_that_does_not_come_up_is_a_failed_start_S9_2),
        cmocka_unit_test(explained),
        cmocka_unit_test(bad_specifications_are_refused_before_anything_starts_S9_16),
        cmocka_unit_test(only_the_parent_can_stop_a_supervisor_S9_13),
        cmocka_unit_test(a_linked_parents_end_stops_the_children_in_reverse_S9_13),
        cmocka_unit_test(a_child_that_ends_at_once_gives_its_real_reason_S4_6),
        cmocka_unit_test(a_start_may_return_an_actor_of_another),
        cmocka_unit_test(start_arguments_are_the_supervisors_copy_S9_18),
        cmocka_unit_test(the_thread_that_called_init_can_have_supervisors),
        cmocka_unit_test(other_threads_start_none),
        cmocka_unit_test(requests_to_others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
