/* config: values that cannot be used are refused with one line that names the variable. */
#include "capture.h"

static int try_init(void) {
    int32_t status = buskin_rt_init_actor(2);
    if (status == BUSKIN_OK) return buskin_rt_run_scheduler();
    return buskin_actor_self() == 0 ? -status : 77;
}

static void refused(const char *name, const char *value) {
    setenv(name, value, 1);
    captured_t *c = capture(try_init);
    unsetenv(name);
    assert_int_equal(c->status, -BUSKIN_EINVAL);
    assert_non_null(strstr(c->text, name));
    char *end = strchr(c->text, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], 0); /* one line */
}

static void accepted(const char *name, const char *value) {
    setenv(name, value, 1);
    captured_t *c = capture(try_init);
    unsetenv(name);
    assert_string_equal(c->text, "");
    assert_int_equal(c->status, 0);
}

static void test_bad_values_are_refused(void **state) {
    (void)state;
    static const char *const workers[] = {"abc", "", "0", "-1", "+2", " 2", "2 ", "2x", "129", "18446744073709551617",
                                          "1e1"};
    for (unsigned i = 0; i < sizeof workers / sizeof *workers; i++) refused("BUSKIN_WORKERS", workers[i]);
    static const char *const actors[] = {"abc", "15", "16777215", "0x100"};
    for (unsigned i = 0; i < sizeof actors / sizeof *actors; i++) refused("BUSKIN_MAX_ACTORS", actors[i]);
    static const char *const stacks[] = {"", "both", "OWN", "own "};
    for (unsigned i = 0; i < sizeof stacks / sizeof *stacks; i++) refused("BUSKIN_STACKS", stacks[i]);
    refused("BUSKIN_GC_STRESS", "yes");
    static const char *const watchdog[] = {"", "9", "3600001", "on", "-1", "OFF"};
    for (unsigned i = 0; i < sizeof watchdog / sizeof *watchdog; i++) refused("BUSKIN_WATCHDOG", watchdog[i]);
}

static void test_good_values_are_taken(void **state) {
    (void)state;
    accepted("BUSKIN_WORKERS", "1");
    accepted("BUSKIN_WORKERS", "128");
    accepted("BUSKIN_MAX_ACTORS", "16");
    accepted("BUSKIN_STACKS", "own");
    accepted("BUSKIN_STACKS", "shared");
    accepted("BUSKIN_GC_STRESS", "1");
    accepted("BUSKIN_WATCHDOG", "off");
    accepted("BUSKIN_WATCHDOG", "10");
    accepted("BUSKIN_WATCHDOG", "3600000");
}

static int try_many(void) { return -buskin_rt_init_actor(100000); }

static void test_too_many_workers(void **state) {
    (void)state;
    assert_int_equal(capture(try_many)->status, -BUSKIN_EINVAL);
}

static int init_after_a_refusal(void) {
    setenv("BUSKIN_WORKERS", "abc", 1);
    if (buskin_rt_init_actor(1) != BUSKIN_EINVAL) return 1;
    if (buskin_rt_run_scheduler() != BUSKIN_ESTATE) return 2;
    unsetenv("BUSKIN_WORKERS");
    if (buskin_rt_init_actor(1) != BUSKIN_OK) return 3;
    if (buskin_rt_init_actor(1) != BUSKIN_ESTATE) return 4;
    return buskin_rt_run_scheduler();
}

static void test_a_refused_init_can_be_repeated(void **state) {
    (void)state;
    assert_int_equal(capture(init_after_a_refusal)->status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_values_are_refused),
        cmocka_unit_test(test_good_values_are_taken),
        cmocka_unit_test(test_too_many_workers),
        cmocka_unit_test(test_a_refused_init_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
