/* Parking and waking: no wake is lost, and a message and a timeout that race both have their effect once. */
#include "stress.h"

enum { ROUND_TRIPS = 20000 / STRESS_DIVISOR, PAIRS = 16 };

static void echo(const void *args) {
    uint64_t peer = number_of(args);
    for (;;) {
        uint64_t word = receive_word(-1);
        buskin_send_word(peer, 1, word + 1);
        if (word == ROUND_TRIPS - 1) return;
    }
}

static void asker(const void *args) {
    uint64_t self = buskin_actor_self(), random = number_of(args) + 7;
    uint64_t peer = buskin_actor_spawn(echo, &self, sizeof self, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < ROUND_TRIPS; i++) {
        buskin_send_word(peer, 1, i);
        if (stress_random(&random) % 64 == 0)
            buskin_actor_yield(); /* the answer comes before, while or after it parks */
        REQUIRE(receive_word(-1) == i + 1);
    }
    count_good();
}

static void test_round_trips(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, asker, PAIRS);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, PAIRS);
    }
}

/* The asker's patience ends about when the answer comes. Every answer is received once, in order, in time or late. */
enum { RACES = 300 / (STRESS_DIVISOR > 1 ? 3 : 1) };

static void slow_echo(const void *args) {
    uint64_t peer = number_of(args);
    for (uint64_t word = 0; word < RACES; word++) {
        REQUIRE(receive_word(-1) == word);
        buskin_actor_sleep((int64_t)(word % 3));
        buskin_send_word(peer, 1, word);
    }
}

static void impatient(const void *args) {
    uint64_t self = buskin_actor_self(), number = number_of(args), answers = 0;
    uint64_t peer = buskin_actor_spawn(slow_echo, &self, sizeof self, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < RACES; i++) {
        buskin_send_word(peer, 1, i);
        uint64_t word = receive_word((int64_t)((number + i) % 4));
        if (word != UINT64_MAX) REQUIRE(word == answers++);
    }
    while (answers < RACES) REQUIRE(receive_word(-1) == answers++);
    count_if(receive_word(0) == UINT64_MAX);
}

static void test_timeouts_race_with_messages(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, impatient, PAIRS);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, PAIRS);
    }
}

/* Bursts with pauses between them: all workers go to sleep, and the first message of a burst wakes them. */
static void burst(const void *args) {
    uint64_t self = buskin_actor_self();
    (void)args;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 50; i++) {
            uint64_t pid = buskin_actor_spawn(echo, &self, sizeof self, BUSKIN_NORMAL);
            buskin_send_word(pid, 1, ROUND_TRIPS - 1);
        }
        for (int i = 0; i < 50; i++) REQUIRE(receive_word(-1) == ROUND_TRIPS);
        buskin_actor_sleep(2);
    }
    count_good();
}

static void test_bursts_wake_sleeping_workers(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, burst, 4);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_timeouts_race_with_messages),
        cmocka_unit_test(test_bursts_wake_sleeping_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
