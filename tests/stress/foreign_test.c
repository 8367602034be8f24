/* Foreign calls: a worker that is left goes on with another thread, the actor gets it back or another one, and nothing is
 * lost on the way.
 */
#include <time.h>

#include "stress.h"

enum { CALLERS = 12, CALLS = 200 / STRESS_DIVISOR, TICKS = 400 / STRESS_DIVISOR };

static void work(uint64_t microseconds) { nanosleep(&(struct timespec){.tv_nsec = (long)microseconds * 1000}, NULL); }

/* On a stack of its own: short calls return before anybody notices, long ones lose their worker. Between calls it talks to
 * its partner on a shared slot, and what it has in its frame is there after each call. */
static void echo(const void *args) {
    uint64_t peer = number_of(args);
    for (;;) buskin_send_word(peer, 1, receive_word(-1));
}

static void caller(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), random = self;
    uint64_t peer = buskin_actor_spawn(echo, &self, sizeof self, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < CALLS; i++) {
        uint64_t pause = stress_random(&random) % 4 ? 0 : stress_random(&random) % 300, mark = stress_random(&random);
        REQUIRE(buskin_foreign_enter() == BUSKIN_OK);
        if (pause) work(pause);
        buskin_foreign_leave();
        REQUIRE(buskin_actor_self() == self);
        buskin_send_word(peer, 1, mark);
        REQUIRE(receive_word(-1) == mark);
    }
    count_good();
}

static const buskin_spawn_desc_t caller_desc = {
    .size = sizeof caller_desc, .entry = caller, .name = "caller", .stack_size = 256 << 10, .priority = BUSKIN_NORMAL};

static void start_callers(const void *args) {
    (void)args;
    for (int i = 0; i < CALLERS; i++) REQUIRE(buskin_spawn(&caller_desc, NULL, 0, NULL));
}

static void test_brackets(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, start_callers, 1);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, CALLERS);
    }
}

/* On shared slots the call goes to a thread of the pool. */
static void on_the_pool(void *arg) {
    _Atomic uint64_t *sum = arg;
    work(50);
    atomic_fetch_add(sum, 1);
}

static _Atomic uint64_t pool_calls;

static void blocking_caller(const void *args) {
    (void)args;
    REQUIRE(buskin_foreign_enter() == BUSKIN_ESTATE);
    for (uint64_t i = 0; i < CALLS; i++) REQUIRE(buskin_blocking_call(on_the_pool, &pool_calls) == BUSKIN_OK);
    count_good();
}

static void test_blocking_calls(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        pool_calls = 0;
        stress_run(workers, blocking_caller, CALLERS);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, CALLERS);
        assert_int_equal(pool_calls, CALLERS * CALLS);
    }
}

/* While one actor is in a call that takes long, the others of its only worker go on. */
static _Atomic uint64_t ticks;
static _Atomic int in_call;

static void ticker(const void *args) {
    (void)args;
    while (!in_call) buskin_actor_sleep(1);
    for (int i = 0; i < TICKS && in_call; i++, ticks++) buskin_actor_yield();
}

static void long_caller(const void *args) {
    (void)args;
    uint64_t nothing = 0;
    buskin_actor_spawn(ticker, &nothing, sizeof nothing, BUSKIN_NORMAL);
    in_call = 1;
    REQUIRE(buskin_foreign_enter() == BUSKIN_OK);
    while (ticks < TICKS) work(1000); /* for ever, if it does not */
    in_call = 0;
    buskin_foreign_leave();
    count_if(ticks == TICKS);
}

static const buskin_spawn_desc_t long_desc = {
    .size = sizeof long_desc, .entry = long_caller, .stack_size = 256 << 10, .priority = BUSKIN_NORMAL};

static void start_long_caller(const void *args) {
    (void)args;
    REQUIRE(buskin_spawn(&long_desc, NULL, 0, NULL));
}

static void test_the_worker_goes_on(void **state) {
    (void)state;
    ticks = 0;
    stress_run(1, start_long_caller, 1);
    assert_int_equal(stress_bad, 0);
    assert_int_equal(stress_good, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brackets),
        cmocka_unit_test(test_blocking_calls),
        cmocka_unit_test(test_the_worker_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
