/* gaps between living objects are allocated from, by whatever fits: a heap of which half dies and is made anew does not grow. */
#include "runtime_test.h"

__extension__ static const buskin_desc_t array = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};
static const buskin_desc_t of_112 = {.size = 104, .name = "of 112 bytes"}, of_64 = {.size = 56, .name = "of 64 bytes"},
                           of_512 = {.size = 504, .name = "of 512 bytes"};

enum { N = 1000, SLACK = 32768 /* a chunk that is new, and one that is not used up */ };

static uint64_t held(void) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK);
    return stats.held;
}

static void keep(uint64_t *kept, uint64_t at, const buskin_desc_t *desc) {
    uint64_t *object = buskin_alloc(desc);
    object[0] = at;
    kept[1 + at] = (uint64_t)(uintptr_t)object;
}

static void check(const uint64_t *kept) {
    for (uint64_t i = 0; i < N; i++) EXPECT(!kept[1 + i] || *(const uint64_t *)(uintptr_t)kept[1 + i] == i);
}

/* Between each two gaps something lives, so they stay as long as one object. */
static void equal_objects(const void *args) {
    (void)args;
    uint64_t *kept = buskin_alloc_array(&array, N);
    for (uint64_t i = 0; i < N; i++) keep(kept, i, &of_112);
    for (uint64_t i = 0; i < N; i += 2) kept[1 + i] = 0;
    buskin_gc_collect();
    uint64_t before = held();
    for (uint64_t i = 0; i < N * 8 / 10; i += 2) keep(kept, i, &of_112); /* frames may hold some that are dead */
    EXPECT(held() <= before + SLACK / 2);
    check(kept);
}

/* Large ones that fit in no gap take none away from the small ones. */
static void unequal_objects(const void *args) {
    (void)args;
    uint64_t *kept = buskin_alloc_array(&array, N), large = 0;
    for (uint64_t i = 0; i < N; i++) keep(kept, i, i % 2 ? &of_112 : &of_64);
    for (uint64_t i = 0; i < N; i += 2) kept[1 + i] = 0;
    buskin_gc_collect();
    uint64_t before = held();
    for (uint64_t i = 0; i < N * 8 / 10; i += 2) {
        if (i % 20 == 0 && i % 40)
            keep(kept, i, &of_512), large += 512;
        else
            keep(kept, i, &of_64);
    }
    EXPECT(held() <= before + large + SLACK);
    check(kept);
}

/* An object as long as the gap that another one like it has left. */
static void test_equal_objects_fit_where_others_were(void **state) {
    (void)state;
    run(1, equal_objects, NULL, 0);
}

static void test_gaps_that_are_too_short_stay(void **state) {
    (void)state;
    run(1, unequal_objects, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_equal_objects_fit_where_others_were),
        BOTH(test_gaps_that_are_too_short_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
