/* The block of an actor that has ended goes to another worker, while its last home still looks after what came late.
 *
 * The last home took the late signals in after it had said that it would not look again: by then the block could belong to a new
 * actor on another worker, whose messages it then handled. With few blocks in all, and old pids that are asked after all the
 * time, that happens soon. */
#include "stress.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, BLOCKS = 24, ACTORS = 8, PIDS = 16, ROUNDS = 40000 / STRESS_DIVISOR };

static _Atomic uint64_t known[PIDS]; /* of children that live, or have ended */

/* Gets one message from its parent alone, and answers. */
static void child(const void *args) {
    uint64_t parent = number_of(args);
    if (buskin_actor_send(parent, &(uint64_t){receive_word(-1)}, 8) != BUSKIN_OK) count_bad();
}

static void ask_after_old_ones(uint64_t *seed) {
    for (int i = 0; i < 3; i++) {
        uint64_t old = atomic_load(&known[stress_random(seed) % PIDS]);
        if (!old) continue;
        uint64_t ref = buskin_actor_monitor(old);
        buskin_actor_demonitor(ref, 1);
        buskin_send_word(old, 1, 2); /* only a child that has its word already can miss it */
    }
}

static void actor(const void *args) {
    uint64_t seed = number_of(args) + 1, self = buskin_actor_self();
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t pid = buskin_actor_spawn(child, &self, sizeof self, BUSKIN_NORMAL);
        ask_after_old_ones(&seed);
        if (!pid) { /* all blocks are taken */
            buskin_actor_yield();
            continue;
        }
        buskin_send_word(pid, 1, 2);
        REQUIRE(receive_word(-1) == 2);
        atomic_store(&known[stress_random(&seed) % PIDS], pid);
        if (round % 8 == 0) REQUIRE(buskin_actor_is_alive(atomic_load(&known[stress_random(&seed) % PIDS])) >= 0);
    }
    count_good();
}

static void late_signals_reach_nobody_else(void **state) {
    (void)state;
    char blocks[16];
    snprintf(blocks, sizeof blocks, "%d", BLOCKS);
    setenv("BUSKIN_MAX_ACTORS", blocks, 1);
    stress_run(WORKERS, actor, ACTORS);
    assert_int_equal(stress_bad, 0);
    assert_int_equal(stress_good, ACTORS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(late_signals_reach_nobody_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
