/* map: against an array, over growth and deletion. */
#include "runtime_test.h"

#include "base/map.h"

static void test_random_operations_against_a_model(void **state) {
    (void)state;
    enum { KEYS = 400 };
    static uint64_t model[KEYS + 1]; /* 0: absent */
    uint64_t x = 11;
    map_t map = {0};
    for (int i = 0; i < 100000; i++) {
        uint64_t span = i / 5000 % 2 ? KEYS : 4, key = 1 + next_random(&x) % span, value = next_random(&x) | 1;
        if (next_random(&x) % 5 < 3) {
            assert_true(model[key] ? map_put(&map, key << 33, value) : map_add(&map, key << 33, value));
            model[key] = value;
        } else {
            assert_int_equal((value & 2 ? map_remove : map_take)(&map, key << 33), model[key] != 0);
            model[key] = 0;
        }
        uint64_t *found = map_find(&map, key << 33);
        assert_int_equal(found ? *found : 0, model[key]);
    }
    unsigned count = 0, met = 0;
    for (uint64_t key = 1; key <= KEYS; key++) count += model[key] != 0;
    for (map_entry_t *e = map_first(&map); e; e = map_next(&map, e), met++)
        assert_int_equal(e->value, model[e->key >> 33]);
    assert_int_equal(met, count);
    assert_int_equal(map.count, count);
    map_free(&map);
    assert_null(map_find(&map, 1ull << 33));
}

/* Callers pass on numbers that they were given: 0 must not be found in an empty place, nor take one away. */
static void test_zero_is_no_key(void **state) {
    (void)state;
    map_t map = {0};
    for (uint64_t n = 1; n <= 20; n++) {
        assert_true(map_put(&map, n, n));
        assert_null(map_find(&map, 0));
        assert_false(map_remove(&map, 0) || map_take(&map, 0));
        assert_int_equal(map.count, n);
    }
    map_free(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_operations_against_a_model),
                                       cmocka_unit_test(test_zero_is_no_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
