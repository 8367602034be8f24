/* table: pids are never found again, never given twice, and a slot whose generations are used up is retired. */
#include "runtime_test.h"

#include "actor/table.h"

enum { LIMIT = 503 }; /* no multiple of what a cache takes at once */
static table_cache_t cache, other;

static int open_table(void **state) {
    (void)state;
    return table_init(LIMIT) ? 0 : -1;
}

static void test_no_pid_is_found_before_any_is_given(void **state) {
    (void)state;
    assert_null(table_find(0));
    assert_null(table_find(UINT64_MAX));
    assert_null(table_find(1));
    assert_null(table_find(1ull << 32));
    assert_null(table_find(1ull << 32 | 123456));
}

static void test_a_pid_lives_once(void **state) {
    (void)state;
    actor_t *a = table_take(&cache);
    assert_non_null(a);
    uint64_t pid = a->ctx.pid;
    assert_int_not_equal(pid, 0);
    assert_null(table_find(pid)); /* a guess finds nobody who is not there yet */
    table_publish_pid(a);
    assert_ptr_equal(table_find(pid), a);
    for (int i = 0; i < 1000; i++) {
        table_retire_pid(a);
        assert_null(table_find(pid)); /* R7: what is for the last occupant finds nobody */
        table_give(&cache, a);
        assert_ptr_equal(table_take(&cache), a); /* the warm block comes first */
        assert_int_equal((uint32_t)a->ctx.pid, (uint32_t)pid);
        assert_true(a->ctx.pid > pid);
        pid = a->ctx.pid;
        assert_null(table_find(pid));
        table_publish_pid(a);
        assert_ptr_equal(table_find(pid), a);
    }
    table_retire_pid(a);
    table_give(&cache, a);
}

static void test_the_limit_answers_null(void **state) {
    (void)state;
    static actor_t *all[LIMIT + 1];
    unsigned n = 0;
    while (n <= LIMIT && (all[n] = table_take(&cache))) n++;
    assert_int_equal(n, LIMIT);
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < i; j++) assert_ptr_not_equal(all[i], all[j]);
        table_retire_pid(all[i]);
        table_give(&cache, all[i]);
    }
    assert_non_null(all[0] = table_take(&cache));
    table_retire_pid(all[0]);
    table_give(&cache, all[0]);
}

/* A runtime that is started again with a lower limit keeps to it, whatever blocks there are from before. */
static void test_a_lower_limit_holds(void **state) {
    (void)state;
    enum { LOWER = 100, HELD = 40 };
    static actor_t *held[HELD], *all[LIMIT];
    table_drain(&cache);
    assert_true(table_init(LOWER));
    for (unsigned i = 0; i < HELD; i++) assert_non_null(held[i] = table_take(&other));
    table_drain(&other); /* what it has free */
    unsigned n = 0;
    while (n < LIMIT && (all[n] = table_take(&cache))) n++;
    assert_int_equal(n, LOWER - HELD);
    assert_true(table_init(HELD / 2)); /* fewer than there are */
    assert_null(table_take(&other));
    while (n) table_retire_pid(all[--n]), table_give(&cache, all[n]);
    for (unsigned i = 0; i < HELD; i++) table_retire_pid(held[i]), table_give(&other, held[i]);
    table_drain(&cache);
    table_drain(&other);
    assert_true(table_init(LIMIT));
}

static void test_the_largest_limit(void **state) {
    (void)state;
    assert_true(table_init(UINT32_MAX));
    assert_int_equal(table_slots, TABLE_SLOTS_MAX);
    assert_true(table_init(LIMIT));
    assert_int_equal(table_slots, LIMIT + 1);
}

/* A block whose last home is about to look at what came late is passed over; it does not count twice. */
static void test_a_block_that_is_looked_into_is_passed_over(void **state) {
    (void)state;
    static actor_t *all[LIMIT];
    table_drain(&cache);
    for (unsigned round = 0; round < 3; round++) {
        actor_t *a = table_take(&cache);
        uint8_t home = load_relaxed(&a->remote->home);
        store_relaxed(&a->remote->home, (uint8_t)(home + 1));
        store_relaxed(&a->remote->in_inbox, 1);
        table_give(&cache, a);
        unsigned n = 0;
        while (n < LIMIT && (all[n] = table_take(&cache))) assert_ptr_not_equal(all[n++], a);
        assert_int_equal(n, LIMIT - 1);
        store_relaxed(&a->remote->in_inbox, 0);
        assert_ptr_equal(all[n++] = table_take(&cache), a);
        assert_int_equal(load_relaxed(&a->remote->home), home);
        while (n) table_retire_pid(all[--n]), table_give(&cache, all[n]);
        table_drain(&cache);
    }
}

/* Blocks that one worker frees come to another in the end. */
static void test_blocks_wander_through_the_depot(void **state) {
    (void)state;
    table_drain(&cache);
    unsigned n = 0;
    static actor_t *all[LIMIT];
    while (n < LIMIT && (all[n] = table_take(&other))) n++;
    assert_int_equal(n, LIMIT);
    while (n) table_retire_pid(all[--n]), table_give(&other, all[n]);
    table_drain(&other);
}

static void test_generations_do_not_wrap(void **state) {
    (void)state;
    actor_t *a = table_take(&cache);
    while (a->ctx.pid >> 32 < 0xfffffffeu) { /* jump to the last generation, as table_retire_pid would get there */
        a->ctx.pid = 0xfffffffdull << 32 | (uint32_t)a->ctx.pid;
        table_retire_pid(a);
    }
    table_publish_pid(a);
    assert_ptr_equal(table_find(a->ctx.pid), a);
    table_retire_pid(a);
    assert_int_equal(a->ctx.pid, 0);
    assert_null(table_find(UINT64_MAX));
    assert_null(table_find(0));
    table_give(&cache, a);
    unsigned n = 0;
    for (actor_t *b; (b = table_take(&cache)); n++) assert_ptr_not_equal(a, b); /* retired for good */
    assert_int_equal(n, LIMIT - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_pid_is_found_before_any_is_given),
        cmocka_unit_test(test_a_pid_lives_once),
        cmocka_unit_test(test_the_limit_answers_null),
        cmocka_unit_test(test_a_lower_limit_holds),
        cmocka_unit_test(test_the_largest_limit),
        cmocka_unit_test(test_a_block_that_is_looked_into_is_passed_over),
        cmocka_unit_test(test_blocks_wander_through_the_depot),
        cmocka_unit_test(test_generations_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, open_table, NULL);
}
