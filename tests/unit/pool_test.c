/* pool: classes fit, pieces are disjoint, wander between pools through the depot, and go back to the system. */
#include "runtime_test.h"

#include "mem/pool.h"

#include <pthread.h>

static int open_arena(void **state) {
    (void)state;
    return arena_init() ? 0 : -1;
}

static void test_the_class_is_the_smallest_that_fits(void **state) {
    (void)state;
    for (size_t bytes = 1; bytes <= PIECE_MAX; bytes++) {
        unsigned c = piece_class(bytes);
        assert_true(c < PIECE_CLASSES && piece_bytes[c] >= bytes);
        assert_true(c == 0 || piece_bytes[c - 1] < bytes);
    }
    for (unsigned c = 0; c < PIECE_CLASSES; c++) {
        assert_int_equal(piece_bytes[c] % 32, 0);
        for (uint64_t x = 0; x < UNIT_BYTES; x++) assert_true(x / piece_bytes[c] == x * piece_inverse[c] >> 32);
    }
}

static void test_pieces_are_disjoint_and_come_back(void **state) {
    (void)state;
    static pool_t pool;
    enum { N = 3000 };
    static uint64_t *pieces[N];
    for (unsigned c = 0; c < PIECE_CLASSES; c += 3) {
        unsigned n = piece_bytes[c] > 4096 ? N / 20 : N;
        for (unsigned i = 0; i < n; i++) {
            pieces[i] = piece_take(&pool, PIECE_CHUNKS, c);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % 32, 0);
            assert_int_equal(unit_of(pieces[i])->use, UNIT_CHUNKS);
            assert_int_equal(unit_of(pieces[i])->size_class, c);
            for (unsigned w = 0; w < piece_bytes[c] / 8; w++) pieces[i][w] = i;
        }
        for (unsigned i = 0; i < n; i++)
            for (unsigned w = 0; w < piece_bytes[c] / 8; w++) assert_int_equal(pieces[i][w], i);
        for (unsigned i = 0; i < n; i++) piece_give(&pool, PIECE_CHUNKS, c, pieces[i]);
        for (unsigned i = 0; i < n; i++) assert_true(((piece_t *)(void *)pieces[i])->owner == 0); /* nobody's */
    }
    pool_drain(&pool);
}

static void test_drained_pools_give_their_memory_back(void **state) {
    (void)state;
    static pool_t pool;
    pool_drain(&pool);
    pool_trim();
    uint64_t before = arena_in_use();
    enum { N = 20000 };
    static void *pieces[N];
    for (unsigned i = 0; i < N; i++) pieces[i] = piece_take(&pool, PIECE_FRAGMENTS, piece_class(640));
    assert_true(arena_in_use() > before + N * 640ull * 9 / 10);
    for (unsigned i = 0; i < N; i++) piece_give(&pool, PIECE_FRAGMENTS, piece_class(640), pieces[i]);
    pool_drain(&pool);
    assert_true(pool_trim() > 0);
    assert_int_equal(arena_in_use(), before);
}

/* A unit goes back when it has been whole for an age, and not when it was wanted meanwhile. */
static void test_only_the_aged_go_back(void **state) {
    (void)state;
    static pool_t pool;
    enum { N = 400 };
    static void *pieces[N];
    unsigned c = piece_class(4096);
    pool_drain(&pool);
    pool_trim();
    uint64_t before = arena_in_use(), now = 1000000000000;
    pool_trim_aged(now, 0);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < N; i++) pieces[i] = piece_take(&pool, PIECE_CHUNKS, c);
        for (unsigned i = 0; i < N; i++) piece_give(&pool, PIECE_CHUNKS, c, pieces[i]);
        pool_release(&pool);
        assert_false(pool_sort(1)); /* one of many batches */
        assert_true(pool_sort(1000));
        assert_int_equal(pool_trim_aged(now += POOL_AGE_NS, 1000), POOL_AGING);
        assert_true(arena_in_use() >= before + N * 4096ull * 9 / 10); /* all were in use just before */
    }
    assert_int_equal(pool_trim_aged(now + 1, 1000), POOL_AGING); /* too early to look again */
    assert_int_equal(pool_trim_aged(now += POOL_AGE_NS, 3), POOL_SURPLUS);
    uint64_t left = arena_in_use();
    assert_int_equal(pool_trim_aged(now, 2), POOL_SURPLUS);
    assert_int_equal(arena_in_use(), left - 2 * UNIT_BYTES);
    assert_int_equal(pool_trim_aged(now, 1000), POOL_TRIMMED);
    assert_int_equal(arena_in_use(), before);
}

/* The smallest and the largest pieces, of the first and the last use, age like the others. */
static void test_all_classes_age(void **state) {
    (void)state;
    static pool_t pool;
    static void *pieces[4096];
    uint64_t now = 2000000000000;
    for (enum piece_use use = 0; use < PIECE_USES; use++)
        for (unsigned c = 0; c < PIECE_CLASSES; c++) {
            pool_drain(&pool);
            pool_trim();
            pool_trim_aged(now += POOL_AGE_NS, 0);
            uint64_t before = arena_in_use();
            unsigned n = 4 * UNIT_BYTES / piece_bytes[c];
            for (unsigned i = 0; i < n; i++) pieces[i] = piece_take(&pool, use, c);
            for (unsigned i = 0; i < n; i++) piece_give(&pool, use, c, pieces[i]);
            pool_drain(&pool);
            pool_sort(UINT32_MAX);
            pool_trim_aged(now += POOL_AGE_NS, 1000);
            assert_true(arena_in_use() > before);
            assert_int_equal(pool_trim_aged(now += POOL_AGE_NS, 1000), POOL_TRIMMED);
            assert_int_equal(arena_in_use(), before);
        }
}

/* A pool keeps the unit that it is cutting only while one of its pieces is in use. */
static void test_a_unit_that_is_cut_is_released(void **state) {
    (void)state;
    static pool_t pool;
    pool_trim();
    uint64_t before = arena_in_use();
    void *a = piece_take(&pool, PIECE_PLAIN, 5), *b = piece_take(&pool, PIECE_PLAIN, 5);
    piece_give(&pool, PIECE_PLAIN, 5, a);
    pool_release(&pool);
    assert_int_equal(arena_in_use(), before + UNIT_BYTES);
    piece_give(&pool, PIECE_PLAIN, 5, b);
    pool_release(&pool);
    assert_int_equal(arena_in_use(), before);
}

static void test_bytes_of_any_size(void **state) {
    (void)state;
    static pool_t pool;
    uint64_t before = arena_in_use();
    const size_t sizes[] = {1, 63, 64, 65, 1024, 1025, PIECE_MAX - 1, PIECE_MAX, PIECE_MAX + 1, 65536, 65537, 5 << 20};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t size_class;
        char *p = bytes_take(&pool, PIECE_PLAIN, sizes[i], &size_class);
        assert_non_null(p);
        assert_int_equal(size_class == PIECE_LARGE, sizes[i] > PIECE_MAX);
        memset(p, 0x5a, sizes[i]);
        bytes_give(&pool, PIECE_PLAIN, p, size_class);
    }
    uint8_t unused;
    assert_null(bytes_take(&pool, PIECE_PLAIN, SIZE_MAX / 2, &unused));
    pool_drain(&pool);
    pool_trim();
    assert_true(arena_in_use() <= before);
}

/* One thread takes, the other gives back: messages do so all the time. */
enum { RING = 1024 };
static _Atomic(uint64_t *) ring[RING];
static uint64_t count_passed;

static void *give_back(void *unused) {
    (void)unused;
    static pool_t pool;
    for (uint64_t i = 0; i < count_passed; i++) {
        uint64_t *p;
        while (!(p = atomic_load_explicit(&ring[i % RING], memory_order_acquire))) sched_yield();
        EXPECT(p[2] == i);
        atomic_store_explicit(&ring[i % RING], NULL, memory_order_release);
        piece_give(&pool, PIECE_FRAGMENTS, 0, p);
    }
    pool_drain(&pool);
    return NULL;
}

static void test_pieces_wander_without_new_memory(void **state) {
    (void)state;
    atomic_store(&expectations_failed, 0);
    static pool_t pool;
    count_passed = 50000 * ROUNDS;
    uint64_t before = arena_in_use();
    pthread_t thread;
    pthread_create(&thread, NULL, give_back, NULL);
    for (uint64_t i = 0; i < count_passed; i++) {
        uint64_t *p = piece_take(&pool, PIECE_FRAGMENTS, 0);
        assert_non_null(p);
        p[2] = i;
        while (atomic_load_explicit(&ring[i % RING], memory_order_acquire)) sched_yield();
        atomic_store_explicit(&ring[i % RING], p, memory_order_release);
    }
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&expectations_failed), 0);
    pool_drain(&pool);
    assert_true(arena_in_use() - before <= 8 * UNIT_BYTES); /* the ring, and two batches on each side */
}

/* A pool that had cut all of a unit remembered it, and gave it back a second time when as many pieces of its next user happened to
 * be in the depot: under living pieces (chaos runs ended in damaged heaps). */
static void test_a_unit_that_was_cut_to_the_end_is_forgotten(void **state) {
    (void)state;
    static pool_t first, second;
    enum { N = UNIT_BYTES / 640, MORE = 2 * N };
    static void *pieces[MORE];
    pool_trim();
    uint64_t before = arena_in_use();
    for (unsigned i = 0; i < N; i++) pieces[i] = piece_take(&first, PIECE_CHUNKS, piece_class(640));
    const unit_t *unit = unit_of(pieces[0]);
    for (unsigned i = 0; i < N; i++) assert_ptr_equal(unit_of(pieces[i]), unit);
    for (unsigned i = 0; i < N; i++) piece_give(&second, PIECE_CHUNKS, piece_class(640), pieces[i]);
    pool_release(&second);
    pool_trim();
    assert_int_equal(arena_in_use(), before);

    for (unsigned i = 0; i < MORE; i++) pieces[i] = piece_take(&second, PIECE_FRAGMENTS, 0);
    assert_ptr_equal(unit_of(pieces[0]), unit); /* the same one, in other use */
    for (unsigned i = 0; i < N; i++) piece_give(&second, PIECE_FRAGMENTS, 0, pieces[i]);
    pool_release(&second);
    pool_release(&first);
    assert_int_equal(arena_in_use(), before + UNIT_BYTES);
    assert_int_equal(unit_of(pieces[MORE - 1])->use, UNIT_FRAGMENTS);
    for (unsigned i = N; i < MORE; i++) piece_give(&second, PIECE_FRAGMENTS, 0, pieces[i]);
    pool_drain(&second);
    pool_drain(&first);
    pool_trim();
    assert_int_equal(arena_in_use(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_class_is_the_smallest_that_fits),
        cmocka_unit_test(test_pieces_are_disjoint_and_come_back),
        cmocka_unit_test(test_drained_pools_give_their_memory_back),
        cmocka_unit_test(test_only_the_aged_go_back),
        cmocka_unit_test(test_all_classes_age),
        cmocka_unit_test(test_a_unit_that_is_cut_is_released),
        cmocka_unit_test(test_a_unit_that_was_cut_to_the_end_is_forgotten),
        cmocka_unit_test(test_bytes_of_any_size),
        cmocka_unit_test(test_pieces_wander_without_new_memory),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
