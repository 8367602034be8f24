/* kill_before_wait_test.c - an exit signal that arrives while its target runs, just before the target waits (S1.5, S2.10).
 *
 * The signal was taken in on the way into the wait, marked the actor as ending, and the actor slept all the same: it
 * never ended, and its watcher got no DOWN. Each round watches and ends a child that is about to wait.
 */
#include "buskin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CHILDREN = 8, ROUNDS = 400, WORKERS = 4 };

static _Atomic unsigned heard;

/* Computes for a while without a reduction check, so that a signal finds it running. */
static void compute(uint64_t turns) {
    for (volatile uint64_t i = 0; i < turns; i++) continue;
}

static void child(const void *args) {
    compute(*(const uint64_t *)args);
    buskin_actor_receive(-1);
}

static const buskin_desc_t turns_desc = {.size = 8, .name = "turns"};

/* The children are more than one worker's share: the idle ones take some, and the signals cross. */
static void parent(const void *args) {
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = child, .name = "child", .args = &turns_desc, .priority = BUSKIN_NORMAL};
    (void)args;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t pids[CHILDREN];
        for (uint64_t i = 0; i < CHILDREN; i++) {
            uint64_t turns = 2000 + (round * 37 + i * 911) % 40000, ref;
            pids[i] = buskin_spawn(&desc, &turns, BUSKIN_SPAWN_MONITOR, &ref);
        }
        buskin_actor_yield();
        compute(round * 53 % 20000);
        for (int i = 0; i < CHILDREN; i++)
            buskin_actor_exit_signal(pids[i], i % 2 ? BUSKIN_REASON_SHUTDOWN : BUSKIN_REASON_KILL, NULL, 0);
        for (int i = 0; i < CHILDREN; i++)
            if (buskin_actor_receive(-1))
                heard++; /* for ever, if one never ends: the program's end is then the parent's, too */
    }
}

static void every_child_gives_its_down(void **state) {
    (void)state;
    assert_int_equal(buskin_rt_init_actor(WORKERS), BUSKIN_OK);
    assert_true(buskin_actor_spawn(parent, NULL, 0, BUSKIN_NORMAL));
    assert_int_equal(buskin_rt_run_scheduler(), 0);
    assert_int_equal(heard, ROUNDS * CHILDREN);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_child_gives_its_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
