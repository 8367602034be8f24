/* Messages of a pair arrive in the order in which they were sent, wherever the two are and however they move.
 *
 * The dangerous case: a sender's remote messages still lie in the receiver's remote list when one of the two moves to the
 * other's worker and the next message goes straight into the mailbox.
 */
#include "stress.h"

enum { MESSAGES = 20000 / STRESS_DIVISOR, ROUNDS = 40 / (STRESS_DIVISOR > 1 ? 4 : 1) };

static void receiver(const void *args) {
    (void)args;
    for (uint64_t expected = 0; expected < MESSAGES; expected++) REQUIRE(receive_word(-1) == expected);
    count_good();
}

/* Bursts with work between them: the receiver catches up, parks, is woken from the other worker, and follows the sender. Now
 * and then the sender gives its turn away, so that an idle worker takes one of the two. */
static void sender(const void *args) {
    uint64_t random = number_of(args) * 2654435761u + 1;
    uint64_t to = buskin_actor_spawn(receiver, NULL, 0, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        buskin_send_word(to, 1, i);
        uint64_t dice = stress_random(&random);
        if (dice % 4 == 0)
            for (uint64_t spin = dice >> 32 & 2047; spin; spin--) __asm__ volatile("");
        if (dice % 1024 == 1) buskin_actor_yield();
    }
}

static void one_pair(uint32_t workers) {
    for (int round = 0; round < ROUNDS; round++) {
        stress_run(workers, sender, 1);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, 1);
    }
}

static void many_pairs(uint32_t workers) {
    stress_run(workers, sender, 50);
    assert_int_equal(stress_bad, 0);
    assert_int_equal(stress_good, 50);
}

static void test_one_pair_on_two_workers(void **state) {
    (void)state;
    one_pair(2);
}

static void test_one_pair_on_eight_workers(void **state) {
    (void)state;
    one_pair(8);
}

static void test_many_pairs(void **state) {
    (void)state;
    many_pairs(1);
    many_pairs(2);
    many_pairs(8);
}

/* Several senders to one receiver, which checks each sender's order: data is sender << 32 | number. */
enum { SENDERS = 8 };

static _Atomic uint64_t shared_receiver;

static void sender_of_many(const void *args) {
    uint64_t number = number_of(args), random = number + 99;
    for (uint64_t i = 0; i < MESSAGES; i++) {
        buskin_send_word(shared_receiver, 1, number << 32 | i);
        if (stress_random(&random) % 500 == 0) buskin_actor_yield();
    }
}

static void receiver_of_many(const void *args) {
    (void)args;
    uint64_t next[SENDERS] = {0};
    shared_receiver = buskin_actor_self();
    for (uint64_t i = 0; i < SENDERS; i++) buskin_actor_spawn(sender_of_many, &i, sizeof i, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < (uint64_t)SENDERS * MESSAGES; i++) {
        uint64_t word = receive_word(-1);
        REQUIRE((uint32_t)word == next[word >> 32 & (SENDERS - 1)]++);
    }
    count_good();
}

static void test_fan_in(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, receiver_of_many, 1);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_pair_on_two_workers),
        cmocka_unit_test(test_one_pair_on_eight_workers),
        cmocka_unit_test(test_many_pairs),
        cmocka_unit_test(test_fan_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
