/* stress.h - what the race tests share: a run of the runtime on so many workers, and counters that any actor adds to.
 *
 * A test starts actors that each check what they see and count what is wrong; when the program is quiet, the counts are
 * compared. cmocka's assertions are for the thread of main only: they leave by longjmp.
 */
#ifndef BUSKIN_STRESS_H
#define BUSKIN_STRESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buskin.h"

/* Sanitizers are ten times slower and find a race without it happening to do harm. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define STRESS_DIVISOR 10
#endif
#endif
#ifndef STRESS_DIVISOR
#define STRESS_DIVISOR 1
#endif

static _Atomic uint64_t stress_good, stress_bad;

/* In an actor: counts what does not hold, and ends the actor. */
#define REQUIRE(holds)   \
    do {                 \
        if (!(holds)) {  \
            count_bad(); \
            return;      \
        }                \
    } while (0)

static inline void count_good(void) { atomic_fetch_add(&stress_good, 1); }
static inline void count_bad(void) { atomic_fetch_add(&stress_bad, 1); }
static inline void count_if(int good) { atomic_fetch_add(good ? &stress_good : &stress_bad, 1); }

/* The data of a message of one word. */
static inline uint64_t word_of(const void *message) { return ((const uint64_t *)message)[2]; }

static inline uint64_t receive_word(int64_t timeout_ms) {
    const void *message = buskin_actor_receive(timeout_ms);
    if (!message) return UINT64_MAX;
    uint64_t word = word_of(message);
    buskin_message_release(message);
    return word;
}

/* Cheap randomness, one state for each actor. */
static inline uint64_t stress_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Starts `actor` n times, with the numbers 0..n-1 as its argument, on so many workers, and waits until all is quiet. */
static inline void stress_run(uint32_t workers, void (*actor)(const void *number), uint64_t n) {
    stress_good = stress_bad = 0;
    assert_int_equal(buskin_rt_init_actor(workers), BUSKIN_OK);
    for (uint64_t i = 0; i < n; i++) assert_int_not_equal(buskin_actor_spawn(actor, &i, sizeof i, BUSKIN_NORMAL), 0);
    assert_int_equal(buskin_rt_run_scheduler(), 0);
}

static inline uint64_t number_of(const void *argument) {
    uint64_t number;
    memcpy(&number, argument, sizeof number);
    return number;
}

#endif
