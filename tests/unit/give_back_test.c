/* memory that a burst of actors took goes back to the system when they are gone, on one worker and several, whether the program is
 * idle or ticks on; and an idle program then uses no processor time. What is measured is waited for, never timed. */
#include "runtime_test.h"

#include "mem/arena.h"
#include "mem/pool.h"

#include <sys/resource.h>
#include <unistd.h>

enum { ACTORS = 300 * ROUNDS, OBJECTS = 400, MESSAGES = 20 };

static uint64_t resident(void) {
#ifdef RUNTIME_TEST_SLOW
    return arena_in_use(); /* sanitizers keep memory of their own for each byte ever touched */
#else
    unsigned long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2) pages = 0;
    if (f) fclose(f);
    return pages * 4096ull;
#endif
}

static uint64_t frames(const volatile char *above, int depth) {
    volatile char here[1000] = {above ? above[0] : (char)1};
    return depth ? frames(here, depth - 1) + (uint64_t)here[0] : (uint64_t)here[0];
}

/* Heap, stack and mailbox: some pages of each. Then waits for the word to end. */
static void hold(const void *args) {
    uint64_t starter = *(const uint64_t *)args;
    void *volatile kept[OBJECTS];
    for (int i = 0; i < OBJECTS; i++) kept[i] = memset(buskin_gc_alloc_actor(100, 8), 1, 100);
    EXPECT(frames(NULL, 40) == 41);
    buskin_actor_send(starter, NULL, 0);
    uint64_t tag = 7;
    EXPECT(buskin_receive_tags(&tag, 1, -1) && kept[0]);
}

static uint64_t burst(int actors) {
    static uint64_t pids[ACTORS];
    static const char text[300];
    uint64_t self = buskin_actor_self();
    for (int i = 0; i < actors; i++) {
        pids[i] = buskin_actor_spawn(hold, &self, sizeof self, BUSKIN_NORMAL);
        for (int k = 0; k < MESSAGES; k++) buskin_actor_send(pids[i], text, sizeof text);
    }
    for (int i = 0; i < actors; i++) take_word();
    uint64_t most = resident();
    for (int i = 0; i < actors; i++) buskin_send_word(pids[i], 7, 0);
    return most;
}

static void tick_on(const void *args) {
    (void)args;
    for (uint64_t tag = 9; !buskin_receive_tags(&tag, 1, 1);) continue;
}

/* On a worker that ticks, memory goes back a little at a time. */
static void check_burst(uint32_t workers, bool ticks) {
    start(workers);
    uint64_t ticker = ticks ? buskin_actor_spawn(tick_on, NULL, 0, BUSKIN_NORMAL) : 0;
    burst(10);
    uint64_t before = resident(), most = burst(ACTORS);
    assert_true(most > before + ACTORS * 20000ull); /* part of it may lie in what the start has not given back yet */
    while (resident() > before + before / 5 + (4 << 20)) usleep(20000);
    if (ticker) buskin_send_word(ticker, 9, 0);
    assert_int_equal(finish(), 0);
}

static void test_a_burst_is_given_back(void **state) {
    (void)state;
    check_burst(1, false);
    check_burst(2, false);
}

static void test_a_burst_is_given_back_by_one_that_ticks(void **state) {
    (void)state;
    check_burst(1, true);
    check_burst(2, true);
}

/* An actor that waits keeps its frames, not the pages below that it once used. */
static void wait_deep(const void *args) {
    uint64_t starter = *(const uint64_t *)args;
    volatile uint64_t mine = 12345;
    EXPECT(frames(NULL, 500) == 501);
    buskin_actor_send(starter, NULL, 0);
    uint64_t tag = 7;
    EXPECT(buskin_receive_tags(&tag, 1, -1) && mine == 12345);
    EXPECT(frames(NULL, 500) == 501);
}

static void test_deep_pages_are_given_back(void **state) {
    (void)state;
    enum { DEEP = 30 }; /* fewer than slots, so that all keep theirs */
    static uint64_t pids[DEEP];
    start(1);
    burst(10);
    uint64_t self = buskin_actor_self(), before = resident();
    for (int i = 0; i < DEEP; i++) pids[i] = buskin_actor_spawn(wait_deep, &self, sizeof self, BUSKIN_NORMAL);
    for (int i = 0; i < DEEP; i++) take_word();
#ifndef RUNTIME_TEST_SLOW
    assert_true(resident() > before + DEEP * 400000ull);
#endif
    while (resident() > before + (4 << 20)) usleep(20000);
    for (int i = 0; i < DEEP; i++) buskin_send_word(pids[i], 7, 0);
    assert_int_equal(finish(), 0);
}

#ifndef RUNTIME_TEST_SLOW /* TSan has a thread of its own that wakes */
/* When nothing is left to give back, no worker wakes any more: a second passes in which the process uses no time at all. Tidying up
 * may take some seconds of a busy machine, so it is asked again until it is so. */
static uint64_t processor_us(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static uint64_t wakes(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)r.ru_nvcsw;
}

static void test_idle_costs_nothing_afterwards(void **state) {
    (void)state;
    start(2);
    burst(100);
    uint64_t slept, used;
    do {
        slept = wakes(), used = processor_us();
        usleep(500000);
        slept = wakes() - slept, used = processor_us() - used;
    } while (slept > 2 || used > 2000); /* this thread's own sleep is one */
    assert_int_equal(finish(), 0);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_a_burst_is_given_back),
        BOTH(test_a_burst_is_given_back_by_one_that_ticks),
        BOTH(test_deep_pages_are_given_back),
#ifndef RUNTIME_TEST_SLOW
        cmocka_unit_test(test_idle_costs_nothing_afterwards),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
