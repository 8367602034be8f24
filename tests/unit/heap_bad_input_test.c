/* heap_bad_input: what docs/memory.md says of unusable sizes, alignments and descriptors. Whoever passes one ends alone or gets NULL;
 * the others live on. */
#include "runtime_test.h"

static const buskin_desc_t pair = {.size = 16, .name = "pair"};
static const buskin_desc_t bytes = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t countless = {.size = 0, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .name = "countless"};
static const buskin_desc_t flat = {.size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .name = "flat"};

/* -- Answers -- */

static void ask(const void *args) {
    static const struct {
        uint64_t size, align;
        bool given;
    } cases[] = {
        {0, 1, true},           {0, 8, true},           {1, 4096, true},
        {100, 16, true},        {24, 0, false},         {24, 3, false},
        {24, 24, false},        {24, 8192, false},      {24, 1ull << 63, false},
        {1ull << 47, 8, false}, {UINT64_MAX, 8, false}, {UINT64_MAX - 7, 16, false},
    };
    (void)args;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char *p = buskin_gc_alloc_actor(cases[i].size, cases[i].align);
        if (!EXPECT((p != NULL) == cases[i].given)) fprintf(stderr, "  in case %zu\n", i);
        if (!p) continue;
        EXPECT((uintptr_t)p % cases[i].align == 0);
        for (uint64_t n = 0; n < (cases[i].size ? cases[i].size : 8); n++) EXPECT(p[n] == 0);
    }
    buskin_heap_stats_t stats = {.size = sizeof stats + 64};
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_EINVAL);
    stats.size = 0;
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_EINVAL);
    EXPECT(buskin_heap_stats(NULL) == BUSKIN_EINVAL);
    stats = (buskin_heap_stats_t){.size = offsetof(buskin_heap_stats_t, live), .live = 77};
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK && stats.held > 0); /* as it once was */
    EXPECT(stats.size == offsetof(buskin_heap_stats_t, live) && stats.live == 77);
}

static void test_sizes_and_alignments(void **state) {
    (void)state;
    run(1, ask, NULL, 0);
}

static void test_outside_actors(void **state) {
    (void)state;
    EXPECT(!buskin_alloc(NULL));
    start(1);
    EXPECT(!buskin_alloc(NULL));
    EXPECT(!buskin_alloc_array(NULL, 3));
    EXPECT(!buskin_alloc_array(&countless, 3));
    EXPECT(!buskin_alloc_array(&bytes, UINT64_MAX - 1));
    EXPECT(!buskin_gc_alloc_actor(8, 12));
    EXPECT(buskin_gc_collect() == BUSKIN_ESTATE);
    finish();
}

/* -- Ends -- */

static void no_descriptor(const void *args) { EXPECT(buskin_alloc(NULL) == args && !"reached"); }
static void no_array_descriptor(const void *args) { EXPECT(buskin_alloc_array(NULL, 8) == args && !"reached"); }
static void no_room_for_a_count(const void *args) { EXPECT(buskin_alloc_array(&countless, 8) == args && !"reached"); }
static void no_element_size(const void *args) { EXPECT(buskin_alloc_array(&flat, 200) == args && !"reached"); }
static void too_many(const void *args) { EXPECT(buskin_alloc_array(&bytes, 1ull << 60) == args && !"reached"); }

static void never_enough(const void *args) {
    void *kept[64];
    (void)args;
    for (unsigned i = 0;; i++) {
        kept[i % 64] = buskin_alloc_array(&bytes, 4000);
        __asm__ volatile("" : : "r"(kept) : "memory");
    }
}

static void lives(const void *args) {
    buskin_actor_receive(-1);
    buskin_send_word(*(const uint64_t *)args, 7, buskin_alloc(&pair) != NULL);
}

static void watch(const void *args) {
    static const struct {
        buskin_spawn_desc_t desc;
        uint32_t code;
    } cases[] = {
#define ENDS(fn, why, ...) \
    {{.size = sizeof(buskin_spawn_desc_t), .entry = fn, .priority = BUSKIN_NORMAL, __VA_ARGS__}, why}
        ENDS(no_descriptor, BUSKIN_REASON_PANIC, .name = "no_descriptor"),
        ENDS(no_array_descriptor, BUSKIN_REASON_PANIC, .name = "no_array_descriptor"),
        ENDS(no_room_for_a_count, BUSKIN_REASON_PANIC, .name = "no_room_for_a_count"),
        ENDS(no_element_size, BUSKIN_REASON_PANIC, .name = "no_element_size"),
        ENDS(too_many, BUSKIN_REASON_LIMIT, .name = "too_many"),
        ENDS(never_enough, BUSKIN_REASON_LIMIT, .name = "never_enough", .heap_limit = 100000),
    };
    (void)args;
    uint64_t self = buskin_actor_self(), other = buskin_actor_spawn(lives, &self, 8, BUSKIN_NORMAL), ref;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EXPECT(buskin_spawn(&cases[i].desc, &self, BUSKIN_SPAWN_MONITOR, &ref) != 0);
        const buskin_message_t *m = buskin_actor_receive(-1);
        const buskin_notice_t *why = (const void *)(m + 1);
        if (!EXPECT(why->ref == ref && why->code == cases[i].code))
            fprintf(stderr, "  %s ended with %u\n", cases[i].desc.name, why->code);
    }
    buskin_send_word(other, 1, 1);
    EXPECT(take_word() == 1);
}

static void test_ends_of_their_own(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) run(workers, watch, NULL, 0);
}

int main(void) {
    setenv("BUSKIN_CRASH", "off", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_alignments),
        cmocka_unit_test(test_outside_actors),
        BOTH(test_ends_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
