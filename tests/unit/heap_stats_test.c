/* heap_stats: what buskin_heap_stats tells of chunks, large objects, messages, shared blocks, what lives, collections and the limit. */
#include "runtime_test.h"

#include "mem/heap.h"

static const buskin_desc_t bytes = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t words = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .name = "words"};

static buskin_heap_stats_t stats_now(void) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK && stats.size == sizeof stats);
    return stats;
}

enum { LIMIT = 64 << 20, LARGE_WORDS = 4000, BINARY = 100000, MESSAGE = 5000, SMALL = 2000 };

static void nothing_yet(void) {
    buskin_heap_stats_t s = stats_now();
    EXPECT(!s.held && !s.since_collection && !s.collections && !s.live && !s.messages && !s.large && !s.shared);
    EXPECT(s.limit == LIMIT);
}

/* Each part is found under its own name, and held is all of them and the usual chunks. */
static void parts(void) {
    static char block[MESSAGE];
    void *volatile kept[SMALL];
    uint64_t chunks, large, messages;
    for (int i = 0; i < SMALL; i++) kept[i] = buskin_gc_alloc_actor(48, 8);
    chunks = stats_now().held;
    EXPECT(chunks >= SMALL * 56 && !stats_now().large && !stats_now().shared && !stats_now().messages);
    void *volatile array = buskin_alloc_array(&words, LARGE_WORDS);
    large = stats_now().large;
    EXPECT(large >= LARGE_WORDS * 8 && stats_now().held == chunks + large);
    buskin_actor_send(buskin_actor_self(), block, sizeof block);
    const void *volatile message = buskin_actor_receive(-1);
    messages = stats_now().messages;
    EXPECT(messages >= MESSAGE && stats_now().held == chunks + large + messages);
    void *volatile binary = buskin_alloc_array(&bytes, BINARY);
    buskin_heap_stats_t s = stats_now();
    EXPECT(s.shared >= BINARY && s.held == chunks + large + messages + s.shared);
    EXPECT(s.since_collection <= s.held && s.threshold > 0 && s.limit == LIMIT);
    buskin_gc_collect();
    s = stats_now();
    EXPECT(kept[0] && array && message && binary);
    EXPECT(s.large == large && s.messages == messages && s.shared >= BINARY && s.since_collection == 0);
    EXPECT(s.live >= SMALL * 56 + LARGE_WORDS * 8 + BINARY && s.live <= s.held && s.collections >= 1);
    buskin_message_release((const void *)message);
    EXPECT(stats_now().messages == 0);
}

/* What dies is counted no more after the next collection. Frames are scanned conservatively, so some of it may seem to live. */
static __attribute__((noinline)) void make_garbage(void) {
    for (int i = 0; i < 20; i++) {
        buskin_alloc_array(&words, LARGE_WORDS);
        buskin_alloc_array(&bytes, BINARY);
    }
}

static void garbage(void) {
    make_garbage();
    buskin_gc_collect();
    buskin_heap_stats_t s = stats_now();
    EXPECT(s.large < 10 * LARGE_WORDS * 8 && s.shared < 10 * BINARY && s.live <= s.held);
}

static void limited_entry(const void *args) {
    (void)args;
    nothing_yet();
    parts();
    garbage();
}

static const buskin_spawn_desc_t limited = {
    .size = sizeof limited, .entry = limited_entry, .heap_limit = LIMIT, .priority = BUSKIN_NORMAL};

static void test_each_part_has_its_name(void **state) {
    (void)state;
    start(1);
    assert_int_not_equal(buskin_spawn(&limited, NULL, 0, NULL), 0);
    assert_int_equal(finish(), 0);
}

static void test_the_main_thread_has_figures_too(void **state) {
    (void)state;
    start(1);
    buskin_actor_send(buskin_actor_self(), "hello", 5);
    assert_non_null(buskin_actor_receive(-1));
    buskin_heap_stats_t s = stats_now();
    assert_true(s.messages > 0 && s.held >= s.messages && s.limit == 0);
    assert_int_equal(finish(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {BOTH(test_each_part_has_its_name), BOTH(test_the_main_thread_has_figures_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
