/* worker: turns, fairness, priorities, sharing of work. */
#include "runtime_test.h"

#include <unistd.h>

#include <pthread.h>

static atomic_uint counts[4];
static atomic_bool over;

/* -- R16, R17: turns -- */

static void take_turns(const void *args) {
    unsigned me = *(const unsigned *)args;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&counts[me], 1);
        buskin_reduction_check();
    }
}

static void watch_turns(const void *args) {
    (void)args;
    for (unsigned i = 0; i < 3; i++) buskin_actor_spawn(take_turns, &i, sizeof i, BUSKIN_NORMAL);
    for (int i = 0; i < 100; i++) buskin_actor_yield();
    atomic_store(&over, true);
    unsigned low = atomic_load(&counts[0]), high = low;
    for (int i = 1; i < 3; i++) {
        unsigned n = atomic_load(&counts[i]);
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    EXPECT(low > 90 * 4000);        /* R16: a preempted actor lets another one run */
    EXPECT(high - low <= 2 * 4001); /* R17: each turn is its own 4,000 reductions */
}

static void test_busy_actors_take_equal_turns(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) atomic_store(&counts[i], 0);
    atomic_store(&over, false);
    run(1, watch_turns, NULL, 0);
}

static void look_at_budget(const void *args) {
    (void)args;
    buskin_context_t *context = buskin_context();
    EXPECT(context->flags & BUSKIN_CTX_ACTOR && context->pid == buskin_actor_self());
    for (int i = 0; i < 3; i++) {
        for (int n = 0; n < 100; n++) buskin_reduction_check();
        EXPECT(context->budget <= 3900);
        buskin_actor_yield();
        EXPECT(context->budget > 3900 && context->budget <= 4000); /* whoever ran in between used up his own */
    }
    context->budget = -7; /* as an emitted check leaves it before it calls */
    buskin_reduction_slow();
    EXPECT(context->budget > 3900);
}

static void test_the_budget_is_the_actors_own(void **state) {
    (void)state;
    start(1);
    for (int i = 0; i < 5; i++) buskin_actor_spawn(look_at_budget, NULL, 0, BUSKIN_NORMAL);
    finish();
}

/* -- The LIFO place does not starve the queue -- */

static void chatter(const void *args) {
    uint64_t partner = *(const uint64_t *)args;
    while (!atomic_load(&over)) {
        if (!partner) partner = take_word();
        buskin_send_word(partner, 1, 1);
        buskin_receive_t r = {.timeout_ms = 100};
        if (buskin_receive_peek(&r)) buskin_receive_drop(&r);
    }
}

static void count_down(const void *args) {
    (void)args;
    for (int i = 0; i < 50; i++) buskin_actor_yield();
    atomic_store(&over, true);
}

static void start_chatter(const void *args) {
    (void)args;
    uint64_t none = 0, a = buskin_actor_spawn(chatter, &none, 8, BUSKIN_NORMAL);
    uint64_t b = buskin_actor_spawn(chatter, &a, 8, BUSKIN_NORMAL);
    buskin_send_word(a, 1, b);
    buskin_actor_spawn(count_down, NULL, 0, BUSKIN_NORMAL);
}

static void test_a_pair_that_wakes_each_other_starves_nobody(void **state) {
    (void)state;
    atomic_store(&over, false);
    run(1, start_chatter, NULL, 0); /* a hang if it does */
}

/* -- Priorities -- */

static void count_turns(const void *args) {
    unsigned me = *(const unsigned *)args;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&counts[me], 1);
        buskin_actor_yield();
        if (me == BUSKIN_HIGH && atomic_load(&counts[BUSKIN_HIGH]) > 20000) atomic_store(&over, true);
    }
}

/* All three by one actor, so that none runs before all are there. */
static void start_counting(const void *args) {
    (void)args;
    for (unsigned i = BUSKIN_HIGH; i <= BUSKIN_LOW; i++) buskin_actor_spawn(count_turns, &i, sizeof i, (uint8_t)i);
}

static void test_priorities_without_starvation(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) atomic_store(&counts[i], 0);
    atomic_store(&over, false);
    run(1, start_counting, NULL, 0);
    assert_true(atomic_load(&counts[BUSKIN_HIGH]) > 2 * atomic_load(&counts[BUSKIN_NORMAL]));
    assert_true(atomic_load(&counts[BUSKIN_NORMAL]) > 2 * atomic_load(&counts[BUSKIN_LOW]));
    assert_true(atomic_load(&counts[BUSKIN_LOW]) > 20);
}

/* -- Sharing: what one worker spawned, the others run too -- */

static atomic_uint begun;

static void begin_and_compute(const void *args) {
    (void)args;
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(&over)) buskin_reduction_check();
}

/* Actors that were put up for other workers, and that nobody took before all workers were busy, never ran. */
static void test_busy_workers_leave_nobody_behind(void **state) {
    (void)state;
    for (int i = 0; i < 6 * ROUNDS; i++) {
        uint32_t workers = 2 + (uint32_t)i % 3;
        atomic_store(&begun, 0);
        atomic_store(&over, false);
        start(workers);
        for (int n = 0; n < 12; n++) buskin_actor_spawn(begin_and_compute, NULL, 0, BUSKIN_NORMAL);
        while (atomic_load(&begun) < 12) usleep(100);
        atomic_store(&over, true);
        finish();
    }
}

static _Atomic uintptr_t first_thread;
static atomic_bool shared;

/* Goes on until another thread runs one of them, too: a hang if the idle worker gets none. */
static void busy_child(const void *args) {
    (void)args;
    while (!atomic_load(&shared)) {
        uintptr_t none = 0, self = (uintptr_t)pthread_self();
        if (!atomic_compare_exchange_strong(&first_thread, &none, self) && none != self) atomic_store(&shared, true);
        spin_ms(1);
        buskin_actor_yield();
    }
}

static void spawn_busy(const void *args) {
    (void)args;
    for (int i = 0; i < 12; i++) buskin_actor_spawn(busy_child, NULL, 0, BUSKIN_NORMAL);
}

static void test_idle_workers_get_work(void **state) {
    (void)state;
    atomic_store(&first_thread, 0);
    atomic_store(&shared, false);
    run(2, spawn_busy, NULL, 0);
    assert_true(atomic_load(&shared));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_busy_actors_take_equal_turns),
        BOTH(test_the_budget_is_the_actors_own),
        BOTH(test_a_pair_that_wakes_each_other_starves_nobody),
        BOTH(test_priorities_without_starvation),
        BOTH(test_busy_workers_leave_nobody_behind),
        BOTH(test_idle_workers_get_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
