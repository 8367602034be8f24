/* BUSKIN_GC_STRESS=1: how often it collects. A small heap at every allocation, a larger one less often. Each allocation there leaves the
 * rest of its run for the next one, and once counted that rest as used: a heap of any size was collected at every tenth allocation, and
 * service_values took a minute and a half under TSan. */
#include "runtime_test.h"

__extension__ static const buskin_desc_t node = {.size = 16, .npointers = 1, .name = "node", .offsets = {0}};

enum { NODES = 3000, GARBAGE = 20000 };

static buskin_heap_stats_t figures(void) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK);
    return stats;
}
static uint64_t collections(void) { return figures().collections; }
static uint64_t held(void) { return figures().held; }

/* How many collections so many allocations take. */
static uint64_t collections_of(uint64_t allocations) {
    uint64_t before = collections();
    while (allocations--) buskin_alloc(&node);
    return collections() - before;
}

static void live_small(const void *args) {
    (void)args;
    EXPECT(collections_of(500) > 490);
}

/* As many collections as the heap's size says, and no more. */
static void live_large(const void *args) {
    (void)args;
    uint64_t *list = NULL;
    for (uint64_t i = 0; i < NODES; i++) {
        uint64_t *n = buskin_alloc(&node);
        n[0] = (uint64_t)(uintptr_t)list;
        n[1] = i;
        list = n;
    }
    uint64_t often = GARBAGE / (held() / 2048);
    uint64_t were = collections_of(GARBAGE);
    EXPECT(were > often / 2 && were < often * 2);
    for (uint64_t i = NODES; i--; list = (uint64_t *)(uintptr_t)list[0]) EXPECT(list && list[1] == i);
    EXPECT(list == NULL);
}

static void test_a_small_heap_is_collected_at_every_allocation(void **state) {
    (void)state;
    run(1, live_small, NULL, 0);
}

static void test_a_larger_heap_is_collected_as_its_size_says(void **state) {
    (void)state;
    run(1, live_large, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"a small heap", test_a_small_heap_is_collected_at_every_allocation, stress, no_stress, NULL},
        {"a larger heap", test_a_larger_heap_is_collected_as_its_size_says, stress, no_stress, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
