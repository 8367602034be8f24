/* A message for a dead actor never reaches the next one in its place, however late it arrives.
 *
 * Each message carries the pid that it was sent to. Actors live for one message or none, so their blocks are used again at
 * once, while senders on all workers go on sending to the pids that they remember.
 */
#include <stdlib.h>

#include "stress.h"

enum { LIVES = 60000 / STRESS_DIVISOR, REMEMBERED = 256, SENDERS = 6 };

static _Atomic uint64_t remembered[REMEMBERED];

/* Waits a moment for a message, or does not. Whatever comes must be for this pid. */
static void mayfly(const void *args) {
    uint64_t number = number_of(args), self = buskin_actor_self();
    remembered[number % REMEMBERED] = self;
    for (uint64_t i = 0; i < number % 3; i++) {
        uint64_t word = receive_word(0);
        if (word == UINT64_MAX)
            buskin_actor_yield();
        else
            count_if(word == self);
    }
}

static void breeder(const void *args) {
    for (uint64_t i = 0; i < LIVES; i++) {
        uint64_t number = i * SENDERS + number_of(args);
        REQUIRE(buskin_actor_spawn(mayfly, &number, sizeof number, BUSKIN_NORMAL));
        uint64_t pid = remembered[(number * 31) % REMEMBERED];
        if (pid) buskin_send_word(pid, 1, pid);
        if (i % 64 == 0) buskin_actor_yield();
    }
}

static void test_stale_messages_are_dropped(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        for (int i = 0; i < REMEMBERED; i++) remembered[i] = 0;
        stress_run(workers, breeder, SENDERS);
        assert_int_equal(stress_bad, 0);
        assert_true(stress_good > 0); /* some arrived: the race was on */
    }
}

/* No two living actors have the same pid, and no pid comes twice. */
enum { PIDS = 20000 / STRESS_DIVISOR };

static uint64_t seen[SENDERS * PIDS];
static _Atomic uint64_t seen_count;

static void note_pid(const void *args) {
    (void)args;
    seen[atomic_fetch_add(&seen_count, 1)] = buskin_actor_self();
}

static void spawner(const void *args) {
    (void)args;
    for (uint64_t i = 0; i < PIDS; i++) {
        buskin_actor_spawn(note_pid, NULL, 0, BUSKIN_NORMAL);
        if (i % 16 == 0) buskin_actor_yield();
    }
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void test_no_pid_comes_twice(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        seen_count = 0;
        stress_run(workers, spawner, SENDERS);
        assert_int_equal(seen_count, SENDERS * PIDS);
        qsort(seen, SENDERS * PIDS, sizeof *seen, by_value);
        assert_int_not_equal(seen[0], 0);
        assert_true(seen[SENDERS * PIDS - 1] != UINT64_MAX);
        for (uint64_t i = 1; i < SENDERS * PIDS; i++) assert_true(seen[i - 1] != seen[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stale_messages_are_dropped),
        cmocka_unit_test(test_no_pid_comes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
