/* runq: first in, first out, over growth and the wrap of its counters. */
#include "runtime_test.h"

#include "sched/runq.h"

static void test_order_over_growth_and_wrap(void **state) {
    (void)state;
    static actor_t actors[5000];
    runq_t q;
    assert_true(runq_open(&q));
    q.head = q.tail = UINT32_MAX - 100; /* the counters wrap soon */
    uint64_t x = 3, in = 0, out = 0;
    while (out < 200000) {
        bool more = next_random(&x) % 16 < (in / 20000 % 2 ? 6 : 11); /* waves: it grows and empties again */
        if (more && in - out < sizeof actors / sizeof *actors)
            runq_push(&q, &actors[in++ % (sizeof actors / sizeof *actors)]);
        else if (in > out)
            assert_ptr_equal(runq_pop(&q), &actors[out++ % (sizeof actors / sizeof *actors)]);
        assert_int_equal(runq_length(&q), in - out);
    }
    runq_close(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_over_growth_and_wrap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
