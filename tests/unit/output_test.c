/* output: pieces are never mixed, none is lost, panics are one line. */
#include "capture.h"

enum { WRITERS = 20, LINES = 200 };

static void write_lines(const void *args) {
    char letter = (char)('a' + *(const uint64_t *)args), line[300];
    for (int i = 0; i < LINES; i++) {
        size_t n = 1 + (size_t)(i * 7 % 290);
        memset(line, letter, n);
        line[n] = '\n';
        EXPECT(buskin_print(1, line, n + 1) == BUSKIN_OK);
    }
}

static int many_writers(void) {
    if (buskin_rt_init_actor(4)) return 1;
    for (uint64_t i = 0; i < WRITERS; i++) buskin_actor_spawn(write_lines, &i, 8, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}

static void test_pieces_are_never_mixed(void **state) {
    (void)state;
    captured_t *c = capture(many_writers);
    assert_int_equal(c->status, 0);
    int next[WRITERS] = {0};
    for (char *line = c->text, *end; *line; line = end + 1) {
        assert_non_null(end = strchr(line, '\n'));
        int who = line[0] - 'a';
        assert_true(who >= 0 && who < WRITERS);
        assert_int_equal(end - line, 1 + next[who]++ * 7 % 290); /* whole, and in its writer's order */
        for (char *p = line; p < end; p++) assert_int_equal(*p, line[0]);
    }
    for (int i = 0; i < WRITERS; i++) assert_int_equal(next[i], LINES);
}

static void write_large(const void *args) {
    (void)args;
    static char block[100000];
    memset(block, 'x', sizeof block);
    EXPECT(buskin_print(1, "before\n", 7) == BUSKIN_OK);
    EXPECT(buskin_print(1, block, sizeof block) == BUSKIN_OK);
    EXPECT(buskin_print(1, NULL, 0) == BUSKIN_OK);
    EXPECT(buskin_print(2, "after\n", 6) == BUSKIN_OK); /* what was printed before comes before it */
    EXPECT(buskin_print(1, "end\n", 4) == BUSKIN_OK);
    EXPECT(buskin_print(0, "a", 1) == BUSKIN_EINVAL);
    EXPECT(buskin_print(3, "a", 1) == BUSKIN_EINVAL);
    EXPECT(buskin_print(1, NULL, 1) == BUSKIN_EINVAL);
}

static int one_large(void) {
    if (buskin_rt_init_actor(1)) return 1;
    buskin_actor_spawn(write_large, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}

static void test_large_pieces_and_the_order_of_both_streams(void **state) {
    (void)state;
    captured_t *c = capture(one_large);
    assert_int_equal(c->status, 0);
    assert_int_equal(c->length, 7 + 100000 + 6 + 4);
    assert_memory_equal(c->text, "before\nxxx", 10);
    assert_string_equal(c->text + 7 + 100000, "after\nend\n");
}

static uint64_t panicked;
static void panic_here(const void *args) {
    (void)args;
    panicked = buskin_actor_self();
    char line[100];
    snprintf(line, sizeof line, "%llu\n", (unsigned long long)panicked);
    buskin_print(1, line, strlen(line));
    buskin_panic("it broke", 8, "some.skit", 12, 3);
}

static int one_panic(void) {
    if (buskin_rt_init_actor(1)) return 1;
    buskin_actor_spawn(panic_here, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}

static void test_a_panic_is_one_line(void **state) {
    (void)state;
    captured_t *c = capture(one_panic);
    assert_int_equal(c->status, 0); /* it was not main */
    char expected[200];
    unsigned long long pid = strtoull(c->text, NULL, 10);
    snprintf(expected, sizeof expected, "%llu\npanic in Pid(%llu): it broke at some.skit:12:3\n", pid, pid);
    assert_string_equal(c->text, expected);
}

static void print_and_wait(const void *args) {
    (void)args;
    buskin_print(1, "visible", 7);
    buskin_actor_sleep(50);
    char text[64];
    snprintf(text, sizeof text, " still here");
    buskin_print(1, text, strlen(text));
}

static int print_then_idle(void) {
    if (buskin_rt_init_actor(1)) return 1;
    buskin_actor_spawn(print_and_wait, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}

static void test_nothing_stays_in_the_buffer(void **state) {
    (void)state;
    assert_string_equal(capture(print_then_idle)->text, "visible still here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_never_mixed),
        cmocka_unit_test(test_large_pieces_and_the_order_of_both_streams),
        cmocka_unit_test(test_a_panic_is_one_line),
        cmocka_unit_test(test_nothing_stays_in_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
