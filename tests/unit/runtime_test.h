/* runtime_test.h - what the tests of the runtime share.
 *
 * cmocka's assertions leave by longjmp, which an actor must not do: actor code says EXPECT, which counts, and the test's
 * own thread fails at the end of the program. BOTH(test) runs a test on shared stack slots and on stacks of their own.
 */
#ifndef RUNTIME_TEST_H
#define RUNTIME_TEST_H

#include "buskin.h"

#include "mem/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Sanitizers are slow: loops there are a tenth as long. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define RUNTIME_TEST_SLOW 1
#endif
#endif
#ifdef RUNTIME_TEST_SLOW
enum { ROUNDS = 1 };
#else
enum { ROUNDS = 10 };
#endif

static atomic_uint expectations_failed;

static inline bool expect(bool holds, const char *what, const char *file, int line) {
    if (!holds && atomic_fetch_add(&expectations_failed, 1) < 10)
        fprintf(stderr, "%s:%d: expected %s\n", file, line, what);
    return holds;
}
#define EXPECT(condition) expect(condition, #condition, __FILE__, __LINE__)

typedef void entry_fn(const void *args);

static inline void start(uint32_t workers) {
    atomic_store(&expectations_failed, 0);
    assert_int_equal(buskin_rt_init_actor(workers), BUSKIN_OK);
}

/* Runs what was spawned to its end; returns the exit status. What the program has not given back may stay. */
static inline int32_t finish_leaving(void) {
    int32_t status = buskin_rt_run_scheduler();
    assert_int_equal(atomic_load(&expectations_failed), 0);
    return status;
}
static inline int32_t finish(void) {
    int32_t status = finish_leaving();
    pool_trim();
    assert_int_equal(arena_in_use(), 0); /* all memory has come back */
    return status;
}

/* One program: starts the entry on that many workers and waits for the end. */
static inline void run(uint32_t workers, entry_fn *entry, const void *args, uint64_t size) {
    start(workers);
    assert_int_not_equal(buskin_actor_spawn(entry, args, size, BUSKIN_NORMAL), 0);
    assert_int_equal(finish(), 0);
}

/* The word of the oldest message; waits for it. */
static inline uint64_t take_word(void) {
    buskin_receive_t r = {.timeout_ms = -1};
    const uint64_t *m = buskin_receive_peek(&r);
    uint64_t word = m[2];
    buskin_receive_drop(&r);
    return word;
}

/* Keeps the worker busy, without any call of the runtime. */
static inline void spin_ms(int64_t ms) {
    int64_t end = buskin_now_ms() + ms;
    while (buskin_now_ms() < end) continue;
}

static inline int stacks_shared(void **state) {
    (void)state;
    return setenv("BUSKIN_STACKS", "shared", 1);
}
static inline int stacks_own(void **state) {
    (void)state;
    return setenv("BUSKIN_STACKS", "own", 1);
}
static inline int stress(void **state) {
    (void)state;
    return setenv("BUSKIN_GC_STRESS", "1", 1);
}
static inline int no_stress(void **state) {
    (void)state;
    return unsetenv("BUSKIN_GC_STRESS");
}
#define BOTH(test) \
    {#test " (shared stacks)", test, stacks_shared, NULL, NULL}, { #test " (own stacks)", test, stacks_own, NULL, NULL }

/* A small generator, so that a failure can be run again: the seed is printed by nobody because it is fixed. */
static inline uint64_t next_random(uint64_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

#endif
