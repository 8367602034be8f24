/* heap: bump allocation, large and aligned objects, adopted messages; areas can be walked, and all of it goes back. */
#include "runtime_test.h"

#include "mem/heap.h"

static pool_t pool;
static const buskin_desc_t small = {.size = 24, .name = "small"};

static int open_arena(void **state) {
    (void)state;
    return arena_init() ? 0 : -1;
}

static uint64_t *allocate(buskin_context_t *ctx, uint64_t payload) {
    header_t header = header_sized(HEADER_RAW, 8 + round8(payload));
    if (8 + payload >= HEAP_LARGE) return heap_large(ctx, &pool, header, 8 + round8(payload), 8);
    uint64_t *p = heap_bump(ctx, header, 8 + round8(payload));
    if (p) return p;
    assert_true(heap_refill(ctx, &pool, 8 + round8(payload)));
    return heap_bump(ctx, header, 8 + round8(payload));
}

static bool is_zero(const uint64_t *p, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes / 8; i++)
        if (p[i]) return false;
    return true;
}

static void test_objects_are_zero_and_disjoint(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 5};
    enum { N = 4000 };
    static uint64_t *objects[N], sizes[N];
    uint64_t x = 99;
    for (uint64_t i = 0; i < N; i++) {
        sizes[i] = 8 + next_random(&x) % (i % 50 ? 200 : 30000) / 8 * 8;
        objects[i] = allocate(&ctx, sizes[i]);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 8, 0);
        assert_true(is_zero(objects[i], sizes[i]));
        for (uint64_t w = 0; w < sizes[i] / 8; w++) objects[i][w] = i;
    }
    for (uint64_t i = 0; i < N; i++)
        for (uint64_t w = 0; w < sizes[i] / 8; w++) assert_int_equal(objects[i][w], i);
    heap_free(&ctx, &pool);
    assert_null(ctx.private1);
    assert_true(ctx.hp == ctx.hplim);
}

/* Sealed chunks can be walked from the first header to the last, and the walk meets every object. */
static void test_areas_can_be_walked(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 6};
    uint64_t made = 500, met = 0;
    for (uint64_t i = 0; i < made; i++) *allocate(&ctx, 8 + i % 40 * 8) = 0x1234567;
    heap_seal(&ctx);
    for (area_t *area = heap_of(&ctx)->chunks; area; area = area->next) {
        assert_int_equal(area->owner, ctx.pid);
        char *at = (char *)area_first(area), *end = area_end(area);
        while (at + 8 <= end && !(area->flags & AREA_LARGE)) {
            header_t h = *(header_t *)(void *)at;
            assert_true(header_total(h) >= 8);
            met += header_kind(h) == HEADER_RAW && *(uint64_t *)(void *)(at + 8) == 0x1234567;
            at += header_total(h);
        }
        assert_true(at <= end || area->flags & AREA_LARGE);
    }
    assert_int_equal(met, made);
    heap_free(&ctx, &pool);
}

static void test_large_objects_keep_every_alignment(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 7};
    for (uint64_t align = 8; align <= 4096; align *= 2)
        for (uint64_t size = 8; size <= 300000; size = size * 3 + 8) {
            uint64_t *p = heap_large(&ctx, &pool, header_sized(HEADER_RAW, 8 + round8(size)), 8 + round8(size), align);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % align, 0);
            assert_true(is_zero(p, round8(size)));
            memset(p, 0x77, round8(size));
            assert_int_equal(header_total(p[-1]), 8 + round8(size));
        }
    heap_free(&ctx, &pool);
}

static void test_sizes_that_no_memory_holds(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 8};
    assert_null(heap_large(&ctx, &pool, header_sized(HEADER_RAW, 1ull << 45), 1ull << 45, 8));
    assert_null(heap_large(&ctx, &pool, 0, UINT64_MAX, 8));
    assert_null(heap_large(&ctx, &pool, 0, UINT64_MAX - 4096, 4096));
    assert_non_null(allocate(&ctx, 64));
    heap_free(&ctx, &pool);
}

static void test_adopted_messages_live_and_are_released(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 9};
    fragment_t *messages[3];
    for (int i = 0; i < 3; i++) {
        messages[i] = fragment_word(&pool, (uint64_t)i);
        assert_true(heap_adopt(&ctx, &pool, messages[i]));
    }
    heap_t *heap = heap_of(&ctx);
    uint64_t held = heap->held;
    heap_release(&ctx, &pool, messages[2]); /* the newest goes at once */
    assert_true(heap->held < held);
    heap_release(&ctx, &pool, messages[0]); /* another waits for the collector */
    assert_true(messages[0]->flags & AREA_RELEASED);
    assert_int_equal(messages[1]->data[0], 1);
    fragment_t *foreign = fragment_word(&pool, 7); /* never adopted: not ours to free */
    foreign->owner = 12;
    held = heap->held;
    heap_release(&ctx, &pool, foreign);
    assert_int_equal(heap->held, held);
    fragment_free(&pool, foreign);
    heap_free(&ctx, &pool);
}

/* What is handed on in a move leaves the heap, unless too many newer messages hide it. */
static void test_a_message_can_leave_the_heap(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 11};
    enum { N = 6 };
    fragment_t *messages[N];
    uint64_t held[N + 1];
    assert_non_null(heap_ensure(&ctx, &pool));
    heap_t *heap = heap_of(&ctx);
    for (uint64_t i = 0; i < N; i++) {
        held[i] = heap->held;
        messages[i] = fragment_word(&pool, i);
        assert_true(heap_adopt(&ctx, &pool, messages[i]));
    }
    uint64_t since = heap->since, one = heap->held - held[N - 1];
    assert_false(heap_unlink(&ctx, messages[2], 2)); /* three are newer */
    assert_int_equal(heap->held, held[N - 1] + one);
    assert_true(heap_unlink(&ctx, messages[2], 3));
    assert_true(heap_unlink(&ctx, messages[N - 1], 0));
    assert_true(heap_unlink(&ctx, messages[0], 100));
    assert_false(heap_unlink(&ctx, messages[0], 100)); /* it is gone */
    assert_int_equal(heap->held, held[N - 3]);
    assert_int_equal(heap->since, since - 3 * one);
    for (int i = 0; i < N; i++)
        assert_int_equal(messages[i]->flags & AREA_HEAP, i % (N - 1) == 0 || i == 2 ? 0 : AREA_HEAP);
    unsigned left = 0;
    for (fragment_t *f = heap->fragments; f; f = f->next) left++;
    assert_int_equal(left, N - 3);
    for (int i = 0; i < N; i++)
        if (!(messages[i]->flags & AREA_HEAP)) fragment_free(&pool, messages[i]);
    heap_free(&ctx, &pool);
}

/* Chunks double up to a limit, so a heap of n bytes has few. */
static void test_chunks_grow(void **state) {
    (void)state;
    buskin_context_t ctx = {.pid = 1ull << 32 | 12};
    for (int i = 0; i < 8000; i++) assert_non_null(allocate(&ctx, 56)); /* 512,000 bytes */
    uint64_t last = HEAP_CHUNK_MAX, count = 0;
    for (area_t *chunk = heap_of(&ctx)->chunks; chunk; chunk = chunk->next, count++) {
        assert_true(area_held(chunk) == last || area_held(chunk) == last / 2);
        last = area_held(chunk);
    }
    assert_int_equal(last, HEAP_FIRST_CHUNK);
    assert_true(count < 10 + 512000 / HEAP_CHUNK_MAX);
    heap_free(&ctx, &pool);
}

static void test_a_heap_that_ends_gives_all_back(void **state) {
    (void)state;
    pool_drain(&pool);
    pool_trim();
    uint64_t before = arena_in_use();
    for (int actor = 0; actor < 20; actor++) {
        buskin_context_t ctx = {.pid = 1ull << 32 | 10};
        for (uint64_t i = 0; i < 3000; i++) assert_non_null(allocate(&ctx, 16 + i % 7 * 100));
        assert_non_null(allocate(&ctx, 1 << 20));
        assert_true(heap_adopt(&ctx, &pool, fragment_bytes(&pool, "x", 1)));
        uint64_t *p = heap_bump(&ctx, (uint64_t)(uintptr_t)&small, 32);
        assert_true(p == NULL || is_zero(p, 24));
        heap_free(&ctx, &pool);
    }
    pool_drain(&pool);
    pool_trim();
    assert_int_equal(arena_in_use(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_zero_and_disjoint),
        cmocka_unit_test(test_areas_can_be_walked),
        cmocka_unit_test(test_large_objects_keep_every_alignment),
        cmocka_unit_test(test_sizes_that_no_memory_holds),
        cmocka_unit_test(test_adopted_messages_live_and_are_released),
        cmocka_unit_test(test_a_message_can_leave_the_heap),
        cmocka_unit_test(test_chunks_grow),
        cmocka_unit_test(test_a_heap_that_ends_gives_all_back),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
