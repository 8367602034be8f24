/* copies through the whole way: what actors allocate, send, receive and keep, with and without collections at every step. */
#include "runtime_test.h"

__extension__ static const buskin_desc_t tree = {.size = 24, .npointers = 2, .name = "tree", .offsets = {0, 8}};
__extension__ static const buskin_desc_t root = {.size = 16, .npointers = 1, .name = "root", .offsets = {8}};
static const buskin_desc_t bytes = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
__extension__ static const buskin_desc_t array = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }
static uint64_t *at(uint64_t slot) { return (uint64_t *)(uintptr_t)slot; }

/* -- Allocation -- */

static bool is_zero(const char *p, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (p[i]) return false;
    return true;
}

static void allocate_all_shapes(const void *args) {
    (void)args;
    for (uint64_t align = 1; align <= 4096; align *= 2)
        for (uint64_t size = 0; size < 40000; size = size * 2 + 1) {
            char *p = buskin_gc_alloc_actor(size, align);
            if (!EXPECT(p && word(p) % align == 0 && is_zero(p, size))) return;
            memset(p, 0xcd, size);
        }
    for (uint64_t count = 0; count < 100000; count = count * 3 + 1) {
        uint64_t *p = buskin_alloc_array(&bytes, count);
        if (!EXPECT(p && p[0] == count && is_zero((char *)(p + 1), count))) return;
        memset(p + 1, 0xcd, count);
    }
    EXPECT(!buskin_gc_alloc_actor(UINT64_MAX - 100, 8));
}

static void test_every_size_and_alignment(void **state) {
    (void)state;
    run(2, allocate_all_shapes, NULL, 0);
}

static void too_large(const void *args) {
    (void)args;
    buskin_alloc_array(&array, UINT64_MAX / 4);
    EXPECT(!"reached");
}
static void watch_too_large(const void *args) {
    (void)args;
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = too_large, .priority = BUSKIN_NORMAL};
    uint64_t ref;
    buskin_spawn(&desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    const buskin_message_t *m = buskin_actor_receive(10000);
    if (EXPECT(m != NULL)) EXPECT(((const buskin_notice_t *)(const void *)(m + 1))->code == BUSKIN_REASON_LIMIT);
}

static void test_no_memory_ends_the_actor_alone(void **state) {
    (void)state;
    run(1, watch_too_large, NULL, 0);
}

/* -- Trees that travel -- */

static uint64_t *grow(unsigned depth, uint64_t *count) {
    if (!depth) return NULL;
    uint64_t *t = buskin_alloc(&tree);
    t[2] = (*count)++;
    uint64_t *left = grow(depth - 1, count);
    t[0] = word(left);
    t[1] = word(grow(depth - 1, count));
    return t;
}

static uint64_t sum(const uint64_t *t) { return t ? t[2] + sum(at(t[0])) + sum(at(t[1])) : 0; }

/* Passes what it gets on, with garbage in between; what it keeps must stay as it is. */
static void traveller(const void *args) {
    uint64_t next = ((const uint64_t *)args)[0], rounds = ((const uint64_t *)args)[1], count = 0;
    uint64_t *mine = grow(6, &count), kept = sum(mine);
    for (uint64_t i = 0; i < rounds; i++) {
        const uint64_t *m = buskin_actor_receive(-1);
        EXPECT(word(m) % 16 == 0 && m[0] == 77 && m[1] == 16);
        EXPECT(sum(at(m[3])) == m[2]);
        uint64_t garbage = 0, slots[2] = {m[2], m[3]};
        grow(5, &garbage);
        EXPECT(buskin_send(next, 77, &root, slots) == BUSKIN_OK);
        grow(4, &garbage);
        EXPECT(sum(at(m[3])) == m[2]);
        if (i % 3 == 0) buskin_message_release(m);
        EXPECT(sum(mine) == kept);
    }
}

static void send_round(const void *args) {
    uint64_t rounds = *(const uint64_t *)args, order[2] = {buskin_actor_self(), rounds}, count = 0;
    for (int i = 0; i < 6; i++) order[0] = buskin_actor_spawn(traveller, order, sizeof order, BUSKIN_NORMAL);
    uint64_t *t = grow(8, &count);
    t[0] = t[1]; /* both halves are one */
    uint64_t expected = sum(t), slots[2] = {expected, word(t)};
    for (uint64_t i = 0; i < rounds; i++) {
        buskin_send(order[0], 77, &root, slots);
        const uint64_t *m = buskin_actor_receive(-1);
        EXPECT(m[2] == expected && at(m[3]) != t && sum(at(m[3])) == expected);
        EXPECT(at(m[3])[0] == at(m[3])[1]); /* still shared, after seven copies */
    }
}

static void test_trees_travel(void **state) {
    (void)state;
    uint64_t rounds = 10 * ROUNDS;
    run(1, send_round, &rounds, 8);
    run(4, send_round, &rounds, 8);
}

static void test_trees_travel_under_gc_stress(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    uint64_t rounds = 3;
    run(2, send_round, &rounds, 8);
}

/* -- Collections: what is referred to lives, what is not goes -- */

static void keep_a_window(const void *args) {
    (void)args;
    enum { WINDOW = 50 };
    uint64_t *window = buskin_alloc_array(&array, WINDOW);
    buskin_heap_stats_t stats = {.size = sizeof stats};
    for (uint64_t i = 0; i < 3000 * ROUNDS; i++) {
        uint64_t *text = buskin_alloc_array(&bytes, 100 + i % 200);
        memset(text + 1, (int)i, 100);
        text[1] = i;
        window[1 + i % WINDOW] = word(text);
        if (i >= WINDOW) EXPECT(at(window[1 + (i + 1) % WINDOW])[1] == i + 1 - WINDOW);
        if (i % 1000 == 999) EXPECT(buskin_gc_collect() == BUSKIN_OK);
    }
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK);
    EXPECT(stats.collections > 2 && stats.held < 400000);
}

static void interior_pointers(const void *args) {
    (void)args;
    /* volatile: the only references are these, to the middle and to one past the end */
    char *p = buskin_gc_alloc_actor(1000, 8), *q = buskin_gc_alloc_actor(96, 8);
    memset(p, 7, 1000), memset(q, 9, 96);
    char *volatile middle = p + 500, *volatile end = q + 96;
    p = q = NULL;
    for (int i = 0; i < 2000; i++) {
        memset(buskin_gc_alloc_actor(96, 8), 0xff, 96);
        memset(buskin_gc_alloc_actor(1000, 8), 0xff, 1000);
    }
    buskin_gc_collect();
    for (int i = 0; i < 2000; i++) memset(buskin_gc_alloc_actor(96, 8), 0xff, 96);
    for (int i = -500; i < 500; i++) EXPECT(middle[i] == 7);
    for (int i = -96; i < 0; i++) EXPECT(end[i] == 9);
}

static void test_collections(void **state) {
    (void)state;
    run(1, keep_a_window, NULL, 0);
    run(1, interior_pointers, NULL, 0);
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run(1, interior_pointers, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_every_size_and_alignment),
        BOTH(test_no_memory_ends_the_actor_alone),
        BOTH(test_trees_travel),
        cmocka_unit_test_teardown(test_trees_travel_under_gc_stress, no_stress),
        cmocka_unit_test_teardown(test_collections, no_stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
