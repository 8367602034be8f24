/* collections in slices: a large heap is collected in turns of its owner, between which others run; whatever happens to the
 * owner meanwhile, what it refers to stays whole and what it waits for comes (S2.10, S2.11, S5.4). */
#include "runtime_test.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
