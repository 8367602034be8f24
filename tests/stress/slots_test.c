/* Shared stack slots: far more actors than slots, each with data in its frame and pointers to it. Whoever is put out of a
 * slot and comes back finds its frame as it was, at the same address.
 */
#include "stress.h"

enum { ACTORS = 12000 / STRESS_DIVISOR, WAKES = 4, WORDS = 96 };

/* The frame's data depends on the actor and the round; the list runs through the frame by pointers. */
typedef struct node {
    struct node *next;
    uint64_t value;
} node_t;

__attribute__((noinline)) static void fill(node_t *nodes, uint64_t seed) {
    for (int i = 0; i < WORDS; i++) nodes[i] = (node_t){i + 1 < WORDS ? &nodes[i + 1] : NULL, stress_random(&seed)};
}

__attribute__((noinline)) static int is_filled(const node_t *nodes, uint64_t seed) {
    int n = 0;
    for (const node_t *node = nodes; node; node = node->next, n++)
        if (node->value != stress_random(&seed)) return 0;
    return n == WORDS;
}

/* Waits at a depth of its own, so that slots are left with different amounts of stack in use. */
__attribute__((noinline)) static int wait_deep(uint64_t depth, uint64_t seed) {
    node_t nodes[WORDS];
    fill(nodes, seed);
    int good = depth ? wait_deep(depth - 1, seed + 1) : receive_word(-1) == seed;
    return good && is_filled(nodes, seed);
}

static void sleeper(const void *args) {
    uint64_t number = number_of(args), depth = number % 5;
    for (uint64_t round = 1; round <= WAKES; round++) count_if(wait_deep(depth, number * WAKES + round));
}

/* Wakes all of them, in an order of its own in every round, with the word that each one's innermost frame expects. */
static void driver(const void *args) {
    static uint64_t pids[ACTORS];
    (void)args;
    for (uint64_t i = 0; i < ACTORS; i++) {
        pids[i] = buskin_actor_spawn(sleeper, &i, sizeof i, BUSKIN_NORMAL);
        REQUIRE(pids[i]);
    }
    for (uint64_t round = 1; round <= WAKES; round++)
        for (uint64_t k = 0; k < ACTORS; k++) {
            uint64_t i = (k * 7919 + round) % ACTORS;
            buskin_send_word(pids[i], 1, i * WAKES + round + i % 5);
        }
}

static void test_frames_survive(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        stress_run(workers, driver, 1);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, ACTORS * WAKES);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_frames_survive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
