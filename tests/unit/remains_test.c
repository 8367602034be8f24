/* remains: what takes long to free is freed in steps between the turns of others, whatever it consists of, and all of it; and it counts
 * as free memory meanwhile. */
#include "runtime_test.h"

#include "actor/actor.h"
#include "mem/collect.h"
#include "mem/remains.h"
#include "mem/share.h"
#include "sched/worker.h"

#include <sys/resource.h>

static const buskin_desc_t bytes_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};
__extension__ static const buskin_desc_t array = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};
__extension__ static const buskin_desc_t root = {.size = 8, .npointers = 1, .name = "root", .offsets = {0}};
static const buskin_desc_t plain = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "plain"};

static pool_t pool;
static int noted;
static void note(pool_t *p) { noted += p == &pool; }

static uint64_t in_use(void) {
    pool_drain(&pool);
    pool_trim();
    return arena_in_use();
}

static int steps_to_the_end(void) {
    int steps = 1;
    while (!remains_step(&pool)) steps++;
    return steps;
}

static int open_pool(void **state) {
    (void)state;
    if (!arena_init()) return -1;
    memset(&pool, 0, sizeof pool);
    noted = 0;
    return 0;
}

/* -- Pieces by hand -- */

static share_t *new_block(uint64_t bytes) { return share_new(&pool, (header_t)(uintptr_t)&bytes_desc, 16 + bytes); }

static fragment_t *words(int n) {
    fragment_t *list = NULL;
    for (int i = 0; i < n; i++) {
        fragment_t *f = fragment_word(&pool, 1);
        f->next = list;
        list = f;
    }
    return list;
}

static fragment_t *last(fragment_t *f) {
    while (f->next) f = f->next;
    return f;
}

static void test_a_pool_that_does_not_ask_frees_at_once(void **state) {
    (void)state;
    uint64_t before = in_use();
    fragment_t *list = words(5000);
    remains_messages(&pool, list, last(list));
    bytes_give(&pool, PIECE_PLAIN, arena_take(1000, UNIT_LARGE), PIECE_LARGE);
    assert_null(pool.remains.messages);
    assert_null(pool.remains.spans);
    assert_int_equal(in_use(), before);
}

static void test_messages_in_steps(void **state) {
    (void)state;
    uint64_t before = in_use();
    pool.set_aside = note;
    fragment_t *list = words(500);
    remains_messages(&pool, list, last(list));
    remains_messages(&pool, NULL, NULL);
    assert_int_equal(noted, 0); /* few go at once */
    for (int i = 0; i < 3; i++) {
        list = words(5000);
        remains_messages(&pool, list, last(list));
    }
    assert_int_equal(noted, 3);
    int steps = steps_to_the_end();
    assert_in_range(steps, 3 * 4, 3 * 5);
    assert_int_equal(in_use(), before);
}

static void test_a_span_in_steps(void **state) {
    (void)state;
    uint64_t before = in_use();
    pool.set_aside = note;
    uint64_t *span = arena_take(10 * SPAN_STEP, UNIT_LARGE);
    for (uint64_t i = 0; i < 10 * SPAN_STEP * (UNIT_BYTES / 8); i += 512) span[i] = ~0ull;
    bytes_give(&pool, PIECE_PLAIN, span, PIECE_LARGE);
    assert_int_equal(noted, 1);
    assert_int_equal(((area_t *)(void *)span)->owner, 0);
    assert_int_equal(steps_to_the_end(), 10);
    assert_int_equal(in_use(), before);
    uint64_t *again = arena_take(10 * SPAN_STEP, UNIT_LARGE);
    for (uint64_t i = 0; i < 10 * SPAN_STEP * (UNIT_BYTES / 8); i += 64) assert_int_equal(again[i], 0);
    arena_give(again);
}

/* One fragment with a long list of blocks, half of which somebody else holds, too. */
static void test_a_message_with_many_blocks_in_steps(void **state) {
    (void)state;
    enum { BLOCKS = 5000 };
    static share_t *blocks[BLOCKS];
    uint64_t before = in_use();
    uint64_t *list = malloc((1 + BLOCKS) * sizeof *list);
    scratch_t scratch = {0};
    buskin_context_t ctx = {.pid = 77};
    list[0] = BLOCKS;
    uint64_t *copied = heap_large(&ctx, &pool, (header_t)(uintptr_t)&array, (2 + BLOCKS) * 8, 8);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = new_block(64 + (uint64_t)i % 100);
        list[1 + i] = (uint64_t)(uintptr_t)blocks[i]->payload;
    }
    memcpy(copied, list, (1 + BLOCKS) * 8);
    fragment_t *f = fragment_copy(&pool, &scratch, &root, &copied);
    for (int i = 0; i < BLOCKS; i += 2) share_drop(&pool, blocks[i]);
    pool.set_aside = note;
    fragment_free(&pool, f);
    assert_int_equal(noted, 1);
    assert_in_range(steps_to_the_end(), BLOCKS / REMAINS_STEP - 1, BLOCKS / REMAINS_STEP + 1);
    for (int i = 1; i < BLOCKS; i += 2) {
        assert_int_equal(load_relaxed(&blocks[i]->count), 1);
        share_drop(&pool, blocks[i]);
    }
    heap_free(&ctx, &pool);
    scratch_free(&scratch);
    free(list);
    assert_int_equal(in_use(), before);
}

/* A heap of chunks, messages, blocks, and one object of some megabytes. */
static void test_a_heap_in_steps(void **state) {
    (void)state;
    enum { MESSAGES = 3000, BLOCKS = 3000, CHUNKS = 1000 };
    static share_t *blocks[BLOCKS];
    uint64_t before = in_use();
    pool.set_aside = note;
    buskin_context_t ctx = {.pid = 78};
    for (int i = 0; i < MESSAGES; i++) assert_true(heap_adopt(&ctx, &pool, words(1)));
    for (int i = 0; i < CHUNKS; i++) assert_true(heap_refill(&ctx, &pool, HEAP_LARGE - 8));
    assert_non_null(heap_large(&ctx, &pool, (header_t)(uintptr_t)&plain, 3 * SPAN_STEP * UNIT_BYTES, 8));
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = new_block(64);
        share_hold(blocks[i]);
        assert_true(shares_reserve(heap_of(&ctx), &pool, 1));
        shares_add(heap_of(&ctx), &pool, blocks[i]);
    }
    heap_free(&ctx, &pool);
    assert_true(noted > 0);
    assert_true(steps_to_the_end() > 5);
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(load_relaxed(&blocks[i]->count), 1);
        share_drop(&pool, blocks[i]);
    }
    assert_int_equal(in_use(), before);
}

#ifndef RUNTIME_TEST_SLOW /* the limit on address space is no limit of ours there */
static void test_remains_are_free_memory(void **state) {
    (void)state;
    uint8_t size_class;
    uint64_t before = in_use(), most = arena_bytes / 10 * 6;
    pool.set_aside = note;
    void *span = bytes_take(&pool, PIECE_PLAIN, most, &size_class);
    assert_non_null(span);
    assert_null(bytes_take(&pool, PIECE_PLAIN, most, &size_class));
    bytes_give(&pool, PIECE_PLAIN, span, PIECE_LARGE);
    assert_non_null(pool.remains.spans);
    span = bytes_take(&pool, PIECE_PLAIN, most, &size_class);
    assert_non_null(span);
    arena_give(span);
    assert_int_equal(in_use(), before);
}
#endif

/* -- Actors -- */

static atomic_int over; /* the one with much memory is about to end */

static void wait_and_count(const void *args) {
    (void)args;
    int turns = 0;
    while (!atomic_load(&over)) buskin_actor_yield();
    do buskin_actor_yield();
    while (!(this_worker->queued & QUEUED_REMAINS));
    for (; this_worker->queued & QUEUED_REMAINS; turns++) buskin_actor_yield();
    EXPECT(turns > 3);
}

static void end_with_a_large_object(const void *args) {
    (void)args;
    EXPECT(buskin_alloc_array(&plain, 20 * SPAN_STEP * UNIT_BYTES));
    atomic_store(&over, 1);
}

static void end_with_a_long_mailbox(const void *args) {
    (void)args;
    for (int i = 0; i < 20 * REMAINS_STEP; i++) buskin_send_word(buskin_actor_self(), 1, 2);
    atomic_store(&over, 1);
}

static void end_with_many_blocks(const void *args) {
    (void)args;
    enum { BLOCKS = 10 * REMAINS_STEP };
    uint64_t *blocks = buskin_alloc_array(&array, BLOCKS);
    for (int i = 0; i < BLOCKS; i++) blocks[1 + i] = (uint64_t)(uintptr_t)buskin_alloc_array(&bytes_desc, 64);
    atomic_store(&over, 1);
}

static void test_others_run_between_steps(void **state) {
    (void)state;
    static entry_fn *const ends[] = {end_with_a_large_object, end_with_a_long_mailbox, end_with_many_blocks};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        atomic_store(&over, 0);
        start(1);
        buskin_actor_spawn(wait_and_count, NULL, 0, BUSKIN_NORMAL);
        buskin_actor_spawn(ends[i], NULL, 0, BUSKIN_NORMAL);
        assert_int_equal(finish(), 0);
    }
}

/* Two actors that wake each other by messages leave no turn to a queue; what is left goes all the same. */
static void answer(const void *args) {
    (void)args;
    for (uint64_t from; (from = take_word());) buskin_send_word(from, 1, 1);
}

static void ask_while_something_is_left(const void *args) {
    uint64_t other = *(const uint64_t *)args;
    while (!atomic_load(&over) || this_worker->queued & QUEUED_REMAINS) {
        buskin_send_word(other, 1, buskin_actor_self());
        take_word();
    }
    buskin_send_word(other, 1, 0);
}

static void test_steps_while_messages_go_round(void **state) {
    (void)state;
    atomic_store(&over, 0);
    start(1);
    uint64_t other = buskin_actor_spawn(answer, NULL, 0, BUSKIN_NORMAL);
    buskin_actor_spawn(ask_while_something_is_left, &other, sizeof other, BUSKIN_NORMAL);
    buskin_actor_spawn(end_with_a_large_object, NULL, 0, BUSKIN_NORMAL);
    assert_int_equal(finish(), 0);
}

/* The program ends before the steps do. */
static void test_an_end_with_remains(void **state) {
    (void)state;
    pool_trim();
    uint64_t before = arena_in_use();
    for (uint32_t n = 1; n <= 2; n++) {
        run(n, end_with_a_large_object, NULL, 0);
        run(n, end_with_many_blocks, NULL, 0);
        pool_trim();
        assert_true(arena_in_use() <= before + 8 * UNIT_BYTES);
    }
}

int main(void) {
#ifndef RUNTIME_TEST_SLOW
    setrlimit(RLIMIT_AS, &(struct rlimit){8ull << 30, 8ull << 30});
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_pool_that_does_not_ask_frees_at_once, open_pool),
        cmocka_unit_test_setup(test_messages_in_steps, open_pool),
        cmocka_unit_test_setup(test_a_span_in_steps, open_pool),
        cmocka_unit_test_setup(test_a_message_with_many_blocks_in_steps, open_pool),
        cmocka_unit_test_setup(test_a_heap_in_steps, open_pool),
#ifndef RUNTIME_TEST_SLOW
        cmocka_unit_test_setup(test_remains_are_free_memory, open_pool),
#endif
        cmocka_unit_test(test_others_run_between_steps),
        cmocka_unit_test(test_steps_while_messages_go_round),
        cmocka_unit_test(test_an_end_with_remains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
