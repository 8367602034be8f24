/* collections in slices: a large heap is collected in turns of its owner, between which others run; whatever happens to the
 * owner meanwhile, what it refers to stays whole and what it waits for comes (S2.10, S2.11, S5.4). */
#include "runtime_test.h"

#include "actor/table.h"
#include "mem/collect.h"

__extension__ static const buskin_desc_t tree = {.size = 24, .npointers = 2, .name = "tree", .offsets = {0, 8}};
__extension__ static const buskin_desc_t root = {.size = 8, .npointers = 1, .name = "root", .offsets = {0}};
__extension__ static const buskin_desc_t array = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};

enum { DEPTH = 14, NODES = (1 << DEPTH) - 1 }; /* half a megabyte: some thirty slices */

static atomic_int collecting; /* the keeper is in its call that collects */

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }
static uint64_t *at(uint64_t slot) { return (uint64_t *)(uintptr_t)slot; }

static uint64_t *grow(unsigned depth) {
    if (!depth) return NULL;
    uint64_t *left = grow(depth - 1), *right = grow(depth - 1);
    uint64_t *t = buskin_alloc(&tree);
    t[0] = word(left);
    t[1] = word(right);
    t[2] = depth;
    return t;
}

static uint64_t whole(const uint64_t *t, uint64_t depth) {
    if (!depth) return t == NULL;
    return t && t[2] == depth ? whole(at(t[0]), depth - 1) + whole(at(t[1]), depth - 1) : 0;
}
static bool tree_is_whole(const uint64_t *t) { return whole(t, DEPTH) == NODES + 1; }

static void collect_now(void) {
    atomic_store(&collecting, 1);
    EXPECT(buskin_gc_collect() == BUSKIN_OK);
    atomic_store(&collecting, 0);
}

static void wait_for_collection(void) {
    while (!atomic_load(&collecting)) buskin_actor_yield();
}

static uint64_t spawn_monitored(const buskin_spawn_desc_t *desc) {
    uint64_t ref;
    return buskin_spawn(desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
}

static const buskin_notice_t *wait_for_down(void) {
    const buskin_message_t *m = buskin_actor_receive(30000);
    EXPECT(m && ((const buskin_message_header_t *)(const void *)m - 1)->kind == BUSKIN_MSG_DOWN);
    return m ? (const buskin_notice_t *)(const void *)(m + 1) : NULL;
}

/* -- Who runs -- */

static void keep(const void *args) {
    (void)args;
    uint64_t *t = grow(DEPTH);
    for (int i = 0; i < 3; i++) {
        collect_now();
        EXPECT(tree_is_whole(t));
    }
}

static void count_turns(const void *args) {
    (void)args;
    int turns = 0;
    wait_for_collection();
    for (; atomic_load(&collecting); turns++) buskin_actor_yield();
    EXPECT(turns > 5);
}

/* On one worker: without slices the other one would see nothing of a collection. */
static void test_others_run_between_slices(void **state) {
    (void)state;
    start(1);
    buskin_actor_spawn(count_turns, NULL, 0, BUSKIN_NORMAL);
    buskin_actor_spawn(keep, NULL, 0, BUSKIN_NORMAL);
    assert_int_equal(finish(), 0);
}

/* -- Ends -- */

static const buskin_spawn_desc_t keeper = {.size = sizeof keeper, .entry = keep, .priority = BUSKIN_NORMAL};

static void kill_it(const void *args) {
    (void)args;
    uint64_t pid = spawn_monitored(&keeper);
    wait_for_collection();
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == BUSKIN_OK);
    const buskin_notice_t *down = wait_for_down();
    EXPECT(down && down->code == BUSKIN_REASON_KILLED && down->from == pid);
    atomic_store(&collecting, 0);
}

static void test_killed_while_collected(void **state) {
    (void)state;
    run(1, kill_it, NULL, 0);
}

static atomic_int terminated;

static void keep_as_state(const void *args) {
    (void)args;
    buskin_actor_set_state(grow(DEPTH));
    collect_now();
    EXPECT(!"reached");
}

/* Copies what was being marked: no mark may be left in it. */
static void send_state(void *state, const buskin_notice_t *why) {
    EXPECT(why->code == BUSKIN_REASON_USER && tree_is_whole(state));
    uint64_t slots[] = {word(state)};
    EXPECT(buskin_send(buskin_actor_whereis("parent", 6), 5, &root, slots) == BUSKIN_OK);
    grow(DEPTH);
    EXPECT(tree_is_whole(state));
    atomic_store(&terminated, 1);
}

static void end_it(const void *args) {
    (void)args;
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = keep_as_state, .terminate = send_state, .priority = BUSKIN_NORMAL};
    EXPECT(buskin_actor_register("parent", 6, buskin_actor_self()) == BUSKIN_OK);
    uint64_t pid = spawn_monitored(&desc);
    wait_for_collection();
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_USER, NULL, 0) == BUSKIN_OK);
    const uint64_t *m = buskin_actor_receive(30000);
    EXPECT(m && m[0] == 5 && tree_is_whole(at(m[2])));
    const buskin_notice_t *down = wait_for_down();
    EXPECT(down && down->code == BUSKIN_REASON_USER && atomic_load(&terminated));
    atomic_store(&collecting, 0);
}

static void test_terminate_sees_a_heap_without_marks(void **state) {
    (void)state;
    atomic_store(&terminated, 0);
    run(1, end_it, NULL, 0);
}

static void grow_without_end(const void *args) {
    (void)args;
    for (uint64_t *list = NULL;;) {
        uint64_t *t = buskin_alloc(&tree);
        t[0] = word(list);
        list = t;
    }
}

static void watch_limit(const void *args) {
    (void)args;
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = grow_without_end, .heap_limit = 1 << 20, .priority = BUSKIN_NORMAL};
    uint64_t pid = spawn_monitored(&desc);
    const buskin_notice_t *down = wait_for_down();
    EXPECT(down && down->code == BUSKIN_REASON_LIMIT && down->from == pid);
}

static void test_the_limit_holds(void **state) {
    (void)state;
    run(1, watch_limit, NULL, 0);
}

/* -- Calls that collect on their way -- */

enum { LETTERS = 60, LETTER = 30000 };

static void take_letters(const void *args) {
    (void)args;
    uint64_t *t = grow(DEPTH);
    buskin_heap_stats_t stats = {.size = sizeof stats}, after = stats;
    buskin_heap_stats(&stats);
    for (uint64_t i = 0; i < LETTERS; i++) {
        const uint64_t *m = buskin_actor_receive(i % 2 ? -1 : 30000);
        if (!EXPECT(m && m[1] == LETTER && m[2] == i && m[1 + LETTER / 8] == i)) return;
    }
    EXPECT(buskin_actor_receive(1) == NULL && buskin_actor_receive(0) == NULL);
    buskin_heap_stats(&after);
    EXPECT(after.collections > stats.collections && tree_is_whole(t));
}

static void post_letters(const void *args) {
    (void)args;
    static uint64_t letter[LETTER / 8];
    uint64_t to = buskin_actor_spawn(take_letters, NULL, 0, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < LETTERS; i++) {
        letter[0] = letter[LETTER / 8 - 1] = i;
        buskin_actor_send(to, letter, sizeof letter);
        buskin_actor_yield();
    }
}

static void test_receives_that_collect(void **state) {
    (void)state;
    run(1, post_letters, NULL, 0);
    run(2, post_letters, NULL, 0);
}

/* -- Wide objects: scanned a part at a time -- */

static void keep_wide(const void *args) {
    (void)args;
    enum { WIDE = 20000 };
    uint64_t *typed = buskin_alloc_array(&array, WIDE), *untyped = buskin_gc_alloc_actor(WIDE * 8, 8);
    for (uint64_t i = 0; i < WIDE; i++) {
        uint64_t *a = buskin_alloc(&tree);
        a[2] = i;
        typed[1 + i] = word(a);
        uint64_t *b = buskin_alloc(&tree);
        b[2] = ~i;
        untyped[i] = word(b) + i % 24; /* into it */
    }
    buskin_gc_collect();
    for (int i = 0; i < 2 * WIDE; i++) at(word(buskin_alloc(&tree)))[2] = 77; /* into what was freed, if anything was */
    for (uint64_t i = 0; i < WIDE; i++) EXPECT(at(typed[1 + i])[2] == i && at(untyped[i] - i % 24)[2] == ~i);
}

static void test_wide_objects(void **state) {
    (void)state;
    run(1, keep_wide, NULL, 0);
}

/* -- Many blocks: the set of them is swept a part at a time, and an end may come anywhere in between -- */

__extension__ static const buskin_desc_t bytes = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};

enum { BLOCKS = 2500, BLOCK = 64 };

static uint64_t *keep_blocks(void) {
    uint64_t *blocks = buskin_alloc_array(&array, BLOCKS);
    for (uint64_t i = 0; i < BLOCKS; i++) {
        uint64_t *block = buskin_alloc_array(&bytes, BLOCK + i % 100);
        memset(block + 1, (int)i, BLOCK + i % 100);
        blocks[1 + i] = word(block);
    }
    return blocks;
}

static void drop_blocks(const void *args) {
    uint64_t every = *(const uint64_t *)args;
    uint64_t *t = grow(DEPTH), *blocks = keep_blocks();
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < BLOCKS; i++)
            if (!round && every && i % every) blocks[1 + i] = 0;
        collect_now();
        for (uint64_t i = 0; i < BLOCKS; i++) {
            const uint64_t *block = at(blocks[1 + i]);
            EXPECT(block ? block[0] == BLOCK + i % 100 && *(const uint8_t *)(block + 1) == (uint8_t)i
                         : every && i % every);
        }
    }
    EXPECT(tree_is_whole(t));
}

static void test_blocks_in_slices(void **state) {
    (void)state;
    for (uint64_t every = 0; every < 5; every++) run(1, drop_blocks, &every, sizeof every);
    for (uint64_t every = BLOCKS; every < BLOCKS + 2; every++) run(2, drop_blocks, &every, sizeof every);
}

static bool stressed(void) { return getenv("BUSKIN_GC_STRESS") != NULL; } /* most collections are whole then */

static void kill_after(const void *args) {
    static const buskin_desc_t slots = {.size = 8, .name = "every"};
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = drop_blocks, .args = &slots, .priority = BUSKIN_NORMAL};
    uint64_t ref, every = 3, pid = buskin_spawn(&desc, &every, BUSKIN_SPAWN_MONITOR, &ref);
    wait_for_collection();
    const heap_t *heap = heap_of(&table_find(pid)->ctx); /* it is at home here, and does not run */
    while (heap->collection && heap->collection->phase != COLLECT_SWEEP_SHARES) buskin_actor_yield();
    EXPECT(heap->collection || stressed());
    for (uint64_t turns = *(const uint64_t *)args; turns; turns--) buskin_actor_yield();
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == BUSKIN_OK);
    const buskin_notice_t *down = wait_for_down();
    EXPECT(down && down->from == pid);
    atomic_store(&collecting, 0);
}

static void test_killed_while_blocks_are_swept(void **state) {
    (void)state;
    pool_trim();
    uint64_t before = arena_in_use();
    for (uint64_t turns = 0; turns < 4; turns++) run(1, kill_after, &turns, sizeof turns);
    pool_trim();
    assert_true(arena_in_use() <= before + 8 * UNIT_BYTES); /* nobody holds any */
}

/* -- A large message: the bitmap of its objects is filled in a part at a time -- */

static void keep_message(const void *args) {
    (void)args;
    uint64_t slot = word(grow(DEPTH));
    EXPECT(buskin_send(buskin_actor_self(), 1, &root, &slot) == BUSKIN_OK);
    slot = 0;
    const uint64_t *volatile m = buskin_actor_receive(-1);
    const uint64_t *inner = at(at(m[2])[0]) + 1; /* into it */
    for (int i = 0; i < 3; i++) {
        collect_now();
        EXPECT(tree_is_whole(at(m[2])) && inner == at(at(m[2])[0]) + 1);
    }
}

static void test_others_run_while_a_message_is_marked(void **state) {
    (void)state;
    start(1);
    buskin_actor_spawn(count_turns, NULL, 0, BUSKIN_NORMAL);
    buskin_actor_spawn(keep_message, NULL, 0, BUSKIN_NORMAL);
    assert_int_equal(finish(), 0);
}

/* An object of plain words, each into another area whose bitmap is missing. */
static void keep_scattered(const void *args) {
    (void)args;
    enum { FAR = 300 };
    uint64_t *untyped = buskin_gc_alloc_actor(FAR * 8, 8);
    for (uint64_t i = 0; i < FAR; i++) {
        uint64_t *a = buskin_alloc(&tree);
        a[2] = i;
        untyped[i] = word(a) + i % 24;
        for (int k = 0; k < 100; k++) buskin_alloc(&tree);
    }
    for (int round = 0; round < 2; round++) {
        buskin_gc_collect();
        for (uint64_t i = 0; i < FAR; i++) EXPECT(at(untyped[i] - i % 24)[2] == i);
        for (int i = 0; i < 100 * FAR; i++) at(word(buskin_alloc(&tree)))[2] = 77;
    }
}

static void test_words_into_many_areas(void **state) {
    (void)state;
    run(1, keep_scattered, NULL, 0);
}

#define TESTS(test) \
    BOTH(test), { #test " (GC stress)", test, stress, no_stress, NULL }

int main(void) {
    const struct CMUnitTest tests[] = {
        TESTS(test_others_run_between_slices),
        TESTS(test_killed_while_collected),
        TESTS(test_terminate_sees_a_heap_without_marks),
        TESTS(test_the_limit_holds),
        TESTS(test_receives_that_collect),
        TESTS(test_wide_objects),
        TESTS(test_blocks_in_slices),
        TESTS(test_killed_while_blocks_are_swept),
        TESTS(test_others_run_while_a_message_is_marked),
        TESTS(test_words_into_many_areas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
