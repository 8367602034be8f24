/* arena: spans do not overlap, come zeroed, coalesce, and go back. */
#include "runtime_test.h"

#include "mem/arena.h"

#include <pthread.h>

static int open_arena(void **state) {
    (void)state;
    return arena_init() ? 0 : -1;
}

static bool is_zero(const char *p, size_t n) { return !p[0] && !memcmp(p, p + 1, n - 1); }

static void test_spans_are_aligned_and_zero(void **state) {
    (void)state;
    for (uint32_t count = 1; count <= 80; count += 13) {
        char *span = arena_take(count, UNIT_LARGE);
        assert_non_null(span);
        assert_true(arena_holds((uint64_t)span));
        assert_int_equal((span - arena_base) % UNIT_BYTES, 0);
        assert_true(is_zero(span, (size_t)count * UNIT_BYTES));
        memset(span, 0xab, (size_t)count * UNIT_BYTES);
        for (uint32_t i = 1; i < count; i++) {
            const unit_t *rest = unit_of(span + (size_t)i * UNIT_BYTES);
            assert_int_equal(rest->use, UNIT_LARGE_REST);
            assert_int_equal(rest->length, i); /* the way back to the first */
        }
        arena_give(span);
        char *again = arena_take(count, UNIT_LARGE);
        assert_true(is_zero(again, (size_t)count * UNIT_BYTES)); /* what went back reads as zero */
        arena_give(again);
    }
}

static void test_neighbours_coalesce(void **state) {
    (void)state;
    char *parts[3];
    for (int i = 0; i < 3; i++) parts[i] = arena_take(100, UNIT_LARGE);
    char *all = parts[0];
    for (int i = 0; i < 3; i++) assert_ptr_equal(parts[i], all + 100l * i * UNIT_BYTES); /* nothing was free before */
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int o = 0; o < 6; o++) {
        for (int i = 0; i < 3; i++) arena_give(parts[orders[o][i]]);
        char *whole = arena_take(300, UNIT_LARGE);
        assert_ptr_equal(whole, all);
        arena_give(whole);
        for (int i = 0; i < 3; i++) parts[i] = arena_take(100, UNIT_LARGE);
    }
    for (int i = 0; i < 3; i++) arena_give(parts[i]);
}

enum { SPANS = 200 };

/* Takes and gives at random; each span is filled with its own number, which must still be there when it goes. */
static void *churn(void *seed) {
    uint64_t x = (uint64_t)(uintptr_t)seed;
    uint64_t *spans[SPANS] = {0};
    uint32_t lengths[SPANS] = {0};
    for (int round = 0; round < 400 * ROUNDS; round++) {
        unsigned i = next_random(&x) % SPANS;
        if (spans[i]) {
            uint64_t words = (uint64_t)lengths[i] * UNIT_BYTES / 8;
            for (uint64_t w = 0; w < words; w += UNIT_BYTES / 8) EXPECT(spans[i][w] == (uint64_t)(uintptr_t)&spans[i]);
            arena_give(spans[i]);
            spans[i] = NULL;
            continue;
        }
        lengths[i] = 1 + next_random(&x) % (next_random(&x) % 8 ? 6 : 90);
        spans[i] = arena_take(lengths[i], UNIT_LARGE);
        if (!EXPECT(spans[i] != NULL)) continue;
        for (uint64_t w = 0; w < (uint64_t)lengths[i] * UNIT_BYTES / 8; w += UNIT_BYTES / 8) {
            EXPECT(spans[i][w] == 0);
            spans[i][w] = (uint64_t)(uintptr_t)&spans[i];
        }
    }
    for (int i = 0; i < SPANS; i++)
        if (spans[i]) arena_give(spans[i]);
    return NULL;
}

static void test_two_threads_never_share_a_span(void **state) {
    (void)state;
    atomic_store(&expectations_failed, 0);
    uint64_t before = arena_in_use();
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++) pthread_create(&threads[i], NULL, churn, (void *)(i + 77));
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&expectations_failed), 0);
    assert_int_equal(arena_in_use(), before);
}

static void test_too_much_is_refused(void **state) {
    (void)state;
    assert_null(arena_take(UINT32_MAX, UNIT_LARGE));
    void *p = arena_take(1, UNIT_PLAIN); /* and nothing is broken afterwards */
    assert_non_null(p);
    arena_give(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_coalesce), /* first: it wants a new arena */
        cmocka_unit_test(test_spans_are_aligned_and_zero),
        cmocka_unit_test(test_two_threads_never_share_a_span),
        cmocka_unit_test(test_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
