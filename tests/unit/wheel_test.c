/* wheel: against a model of plain deadlines: never early, at most a tick late, each timer once. */
#include "runtime_test.h"

#include "sched/wheel.h"

static const uint64_t TICK = 1u << TICK_SHIFT, START = 123456789012345u;
static wheel_t wheel;

static int open_wheel(void **state) {
    (void)state;
    return wheel_open(&wheel, START) ? 0 : -1;
}
static int close_wheel(void **state) {
    (void)state;
    wheel_close(&wheel);
    return 0;
}

enum { TIMERS = 3000 };
static uint64_t deadlines[TIMERS]; /* 0: none */
static uint32_t indices[TIMERS];

static uint64_t pick_delay(uint64_t *x) {
    uint64_t magnitude = next_random(x) % 46; /* up to 2^45 ns: ten hours */
    return next_random(x) % (1ull << magnitude);
}

static void test_random_timers_against_a_model(void **state) {
    (void)state;
    uint64_t now = START, x = 31337, fired_in_all = 0;
    for (int round = 0; round < 3000 * ROUNDS; round++) {
        unsigned i = next_random(&x) % TIMERS;
        if (!deadlines[i]) {
            deadlines[i] = now + pick_delay(&x);
            indices[i] = wheel_add(&wheel, deadlines[i], i, NULL);
            assert_int_not_equal(indices[i], 0);
        } else if (next_random(&x) % 3 == 0) {
            wheel_cancel(&wheel, indices[i]);
            deadlines[i] = 0;
        }
        if (next_random(&x) % 4) continue;
        if (wheel.count && next_random(&x) % 2) {
            uint64_t next = wheel_next_ns(&wheel), first = UINT64_MAX;
            for (int t = 0; t < TIMERS; t++)
                if (deadlines[t] && deadlines[t] < first) first = deadlines[t];
            uint64_t due = tick_ceil(first) << TICK_SHIFT; /* what was due when it was added fires one tick later */
            assert_true(next <= (due > now ? due : now) + 2 * TICK);
            now = next > now ? next : now;
        } else {
            now += pick_delay(&x) % (1ull << (next_random(&x) % 40));
        }
        uint32_t index;
        wheel_timer_t fired;
        while (wheel_expire(&wheel, now, &index, &fired)) {
            assert_int_not_equal(deadlines[fired.pid], 0);
            assert_int_equal(indices[fired.pid], index);
            assert_true(deadlines[fired.pid] <= now); /* never early */
            deadlines[fired.pid] = 0;
            fired_in_all++;
        }
        for (int t = 0; t < TIMERS; t++)
            if (deadlines[t]) assert_true(deadlines[t] + 2 * TICK > now); /* none forgotten */
    }
    assert_true(fired_in_all > 100);
    for (int t = 0; t < TIMERS; t++)
        if (deadlines[t]) wheel_cancel(&wheel, indices[t]), deadlines[t] = 0;
    assert_int_equal(wheel.count, 0);
}

static void test_one_deadline_for_many(void **state) {
    (void)state;
    uint64_t now = wheel.now << TICK_SHIFT, deadline = now + 50000000, fired_in_all = 0;
    enum { MANY = 100000 };
    for (uint32_t i = 0; i < MANY; i++) assert_int_not_equal(wheel_add(&wheel, deadline, i, NULL), 0);
    uint32_t index;
    wheel_timer_t fired;
    assert_false(wheel_expire(&wheel, deadline - 1, &index, &fired));
    while (wheel_expire(&wheel, deadline + TICK, &index, &fired)) fired_in_all++;
    assert_int_equal(fired_in_all, MANY);
    assert_int_equal(wheel.count, 0);
}

/* The record of a timer that fired is used again: its claim differs, so an old reference cancels nothing. */
static void test_records_are_used_again_with_another_claim(void **state) {
    (void)state;
    uint64_t now = wheel.now << TICK_SHIFT;
    uint32_t i = wheel_add(&wheel, now + TICK, 1, NULL), claim = load_relaxed(&wheel.timers[i].claim), index;
    wheel_timer_t fired;
    while (!wheel_expire(&wheel, now += TICK, &index, &fired)) continue;
    assert_int_equal(index, i);
    assert_int_equal(wheel_add(&wheel, now + TICK, 1, NULL), i);
    assert_int_not_equal(load_relaxed(&wheel.timers[i].claim), claim);
    wheel_cancel(&wheel, i);
}

static void test_the_far_future(void **state) {
    (void)state;
    uint64_t now = wheel.now << TICK_SHIFT, years = 100ull * 365 * 86400 * 1000000000u;
    uint32_t i = wheel_add(&wheel, now + years, 1, NULL), index;
    wheel_timer_t fired;
    assert_false(wheel_expire(&wheel, now + years - TICK, &index, &fired));
    assert_true(wheel_expire(&wheel, now + years + TICK, &index, &fired));
    assert_int_equal(index, i);
}

/* What a sweep is for: those with a message, until they are fired or cancelled. */
static void test_messages_are_counted(void **state) {
    (void)state;
    fragment_t message = {0};
    uint64_t now = wheel.now << TICK_SHIFT;
    uint32_t waits[2], sends[3], index;
    wheel_timer_t fired;
    for (int i = 0; i < 2; i++) waits[i] = wheel_add(&wheel, now + TICK, 1, NULL);
    for (int i = 0; i < 3; i++) sends[i] = wheel_add(&wheel, now + TICK, 1, &message);
    assert_int_equal(wheel.messages, 3);
    wheel_cancel(&wheel, sends[1]);
    wheel_cancel(&wheel, waits[1]);
    assert_int_equal(wheel.messages, 2);
    unsigned left = 2;
    while (wheel_expire(&wheel, now + 3 * TICK, &index, &fired)) {
        left -= fired.message != NULL;
        assert_int_equal(wheel.messages, left);
    }
    assert_int_equal(wheel.count + wheel.messages, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_timers_against_a_model),
        cmocka_unit_test(test_one_deadline_for_many),
        cmocka_unit_test(test_records_are_used_again_with_another_claim),
        cmocka_unit_test(test_the_far_future),
        cmocka_unit_test(test_messages_are_counted),
    };
    return cmocka_run_group_tests(tests, open_wheel, close_wheel);
}
