/* fragment: deep copies keep sharing and cycles, restore the source, and fit whatever their size. */
#include "runtime_test.h"

#include "mem/fragment.h"

static pool_t pool;
static scratch_t scratch;

__extension__ static const buskin_desc_t pair = {.size = 16, .npointers = 2, .name = "pair", .offsets = {0, 8}};
__extension__ static const buskin_desc_t tree = {.size = 24, .npointers = 2, .name = "tree", .offsets = {0, 8}};
__extension__ static const buskin_desc_t one = {.size = 8, .npointers = 1, .name = "one", .offsets = {0}};
__extension__ static const buskin_desc_t node = {.size = 16, .npointers = 1, .name = "node", .offsets = {8}};
__extension__ static const buskin_desc_t pointers = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "pointers", .offsets = {0}};
/* An element is {pointer, word}, and the fixed part is {count, word}. */
__extension__ static const buskin_desc_t records = {
    .size = 16, .flags = BUSKIN_DESC_ARRAY, .elem_size = 16, .elem_pointers = 1, .name = "records", .offsets = {0}};
static const buskin_desc_t bytes = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t constant = {.size = 8, .flags = BUSKIN_DESC_IMMORTAL, .name = "constant"};

static uint64_t *object(header_t header, uint64_t payload) {
    uint64_t *p = calloc(1, payload + 8);
    assert_non_null(p);
    *p = header;
    return p + 1;
}
static uint64_t *made(const buskin_desc_t *desc, uint64_t count) {
    uint64_t *p = object((uint64_t)(uintptr_t)desc, desc_payload(desc, count));
    if (desc->flags & BUSKIN_DESC_ARRAY) p[0] = count;
    return p;
}
static void gone(uint64_t *object) { free(object - 1); }
static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }
static uint64_t *at(uint64_t slot) { return (uint64_t *)(uintptr_t)slot; }

static int open_arena(void **state) {
    (void)state;
    return arena_init() ? 0 : -1;
}

static fragment_t *copy(const buskin_desc_t *desc, const void *value) {
    fragment_t *f = fragment_copy(&pool, &scratch, desc, value);
    assert_non_null(f);
    assert_int_equal((uintptr_t)fragment_message(f) % 16, 0);
    assert_int_equal(f->length, round8(desc->size));
    return f;
}

static bool inside(const fragment_t *f, const void *p) {
    return (const char *)p > (const char *)f && (const char *)p < (const char *)f + fragment_held(f);
}

static void test_sharing_is_kept(void **state) {
    (void)state;
    uint64_t *leaf = made(&bytes, 5), slots[2] = {word(leaf), word(leaf)};
    memcpy(leaf + 1, "hello", 5);
    fragment_t *f = copy(&pair, slots);
    assert_int_equal(f->data[0], f->data[1]);
    assert_true(inside(f, at(f->data[0])));
    assert_ptr_not_equal(at(f->data[0]), leaf);
    assert_int_equal(at(f->data[0])[0], 5);
    assert_memory_equal(at(f->data[0]) + 1, "hello", 5);
    assert_int_equal(*object_header(leaf), word(&bytes)); /* the source is as it was */
    fragment_free(&pool, f);
    gone(leaf);
}

static void test_cycles_are_kept(void **state) {
    (void)state;
    uint64_t *a = made(&pair, 0), *b = made(&pair, 0), slot = word(a);
    a[0] = word(a), a[1] = word(b), b[0] = word(a), b[1] = 0;
    fragment_t *f = copy(&one, &slot);
    uint64_t *a2 = at(f->data[0]), *b2 = at(a2[1]);
    assert_int_equal(a2[0], word(a2));
    assert_int_equal(b2[0], word(a2));
    assert_int_equal(b2[1], 0);
    assert_true(inside(f, a2) && inside(f, b2));
    assert_int_equal(a[0], word(a));
    assert_int_equal(*object_header(b), word(&pair));
    fragment_free(&pool, f);
    gone(a), gone(b);
}

static void test_arrays_of_pointers_and_of_records(void **state) {
    (void)state;
    uint64_t *leaf = made(&bytes, 3), *list = made(&pointers, 100), *table = made(&records, 7);
    for (int i = 0; i < 100; i++) list[1 + i] = i % 3 ? word(leaf) : i % 2 ? word(list) : 0;
    table[1] = 4711;
    for (int i = 0; i < 7; i++) table[2 + 2 * i] = word(list), table[3 + 2 * i] = (uint64_t)i * word(leaf);
    uint64_t slots[2] = {word(table), word(list)};
    fragment_t *f = copy(&pair, slots);
    uint64_t *table2 = at(f->data[0]), *list2 = at(f->data[1]), *leaf2 = at(list2[2]);
    assert_int_equal(table2[0], 7);
    assert_int_equal(table2[1], 4711);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(table2[2 + 2 * i], word(list2));
        assert_int_equal(table2[3 + 2 * i], (uint64_t)i * word(leaf)); /* no pointer: copied as it is */
    }
    for (int i = 0; i < 100; i++) assert_int_equal(list2[1 + i], i % 3 ? word(leaf2) : i % 2 ? word(list2) : 0);
    fragment_free(&pool, f);
    gone(leaf), gone(list), gone(table);
}

static void test_immortal_objects_are_not_copied(void **state) {
    (void)state;
    static const struct {
        const buskin_desc_t *desc;
        uint64_t value;
    } nullary __attribute__((aligned(8))) = {&constant, 9}; /* read-only: a write would be a fault */
    uint64_t slots[2] = {word(&nullary.value), word(&nullary.value)};
    fragment_t *f = copy(&pair, slots);
    assert_int_equal(f->data[0], word(&nullary.value));
    assert_int_equal(f->data[1], word(&nullary.value));
    fragment_free(&pool, f);
}

static void test_raw_objects_are_copied_as_bytes(void **state) {
    (void)state;
    uint64_t *raw = object(header_sized(HEADER_RAW, 8 + 64), 64), slot = word(raw);
    for (uint64_t i = 0; i < 8; i++) raw[i] = i * i;
    fragment_t *f = copy(&one, &slot);
    assert_memory_equal(at(f->data[0]), raw, 64);
    assert_int_equal(*object_header(at(f->data[0])), header_sized(HEADER_RAW, 8 + 64));
    fragment_free(&pool, f);
    gone(raw);
}

/* Every size around every limit of a class, as a flat string and as one with objects around it. */
static void test_sizes_around_the_limits_of_classes(void **state) {
    (void)state;
    for (unsigned c = 0; c <= PIECE_CLASSES; c++) {
        uint64_t limit = c < PIECE_CLASSES ? piece_bytes[c] : UNIT_BYTES;
        for (int64_t n = (int64_t)limit - 130; n <= (int64_t)limit + 8; n++) {
            if (n < 0) continue;
            uint64_t *text = made(&bytes, (uint64_t)n), slot = word(text);
            memset(text + 1, n & 0x7f, (size_t)n);
            fragment_t *f = copy(&one, &slot);
            uint64_t *text2 = at(f->data[0]);
            assert_int_equal(text2[0], n);
            assert_memory_equal(text2 + 1, text + 1, (size_t)n);
            assert_true((char *)text2 + 8 + round8((uint64_t)n) <= (char *)f + fragment_held(f));
            fragment_free(&pool, f);
            fragment_t *flat = fragment_bytes(&pool, text + 1, (uint64_t)n);
            assert_non_null(flat);
            assert_int_equal(flat->length, n);
            assert_memory_equal(flat->data, text + 1, (size_t)n);
            uint64_t tag = 0;
            memcpy(&tag, text + 1, n < 8 ? (size_t)n : 8);
            assert_int_equal(flat->tag, tag); /* zero-padded */
            fragment_free(&pool, flat);
            gone(text);
        }
    }
}

static void test_a_list_of_many_nodes(void **state) {
    (void)state;
    enum { N = 200000 };
    uint64_t *head = NULL;
    for (uint64_t i = 0; i < N; i++) {
        uint64_t *n = made(&node, 0);
        n[0] = i, n[1] = word(head), head = n;
    }
    uint64_t slot = word(head), i = N;
    fragment_t *f = copy(&one, &slot);
    for (uint64_t *n = at(f->data[0]); n; n = at(n[1])) {
        assert_true(inside(f, n));
        assert_int_equal(n[0], --i);
    }
    assert_int_equal(i, 0);
    fragment_free(&pool, f);
    for (uint64_t *n = head, *next; n; n = next) {
        next = at(n[1]);
        assert_int_equal(*object_header(n), word(&node));
        gone(n);
    }
}

/* Random graphs: the copy, walked side by side with the source, is the same shape and shares nothing with it. */
enum { NODES = 300 };
static uint64_t *nodes[NODES], *seen[NODES];

static void same(const fragment_t *f, uint64_t *from, uint64_t *to) {
    assert_int_equal(from == NULL, to == NULL);
    if (!from) return;
    uint64_t i = from[2];
    assert_int_equal(to[2], i);
    assert_true(inside(f, to));
    if (seen[i]) {
        assert_ptr_equal(seen[i], to);
        return;
    }
    seen[i] = to;
    same(f, at(from[0]), at(to[0]));
    same(f, at(from[1]), at(to[1]));
}

static void test_random_graphs(void **state) {
    (void)state;
    uint64_t x = 4242;
    for (int i = 0; i < NODES; i++) nodes[i] = made(&tree, 0), nodes[i][2] = (uint64_t)i;
    for (int round = 0; round < 200 * ROUNDS; round++) {
        for (int i = 0; i < NODES; i++)
            for (int s = 0; s < 2; s++) {
                uint64_t r = next_random(&x);
                nodes[i][s] = r % 5 ? word(nodes[r / 8 % NODES]) : 0;
            }
        uint64_t slots[2] = {word(nodes[0]), word(nodes[round % NODES])};
        fragment_t *f = copy(&pair, slots);
        memset(seen, 0, sizeof seen);
        same(f, at(slots[0]), at(f->data[0]));
        same(f, at(slots[1]), at(f->data[1]));
        fragment_free(&pool, f);
    }
    for (int i = 0; i < NODES; i++) {
        assert_int_equal(*object_header(nodes[i]), word(&tree));
        gone(nodes[i]);
    }
}

static void test_no_memory_is_an_answer(void **state) {
    (void)state;
    static char one_byte;
    assert_null(fragment_bytes(&pool, &one_byte, UINT64_MAX - 4));
    assert_null(fragment_bytes(&pool, &one_byte, 1ull << 60));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharing_is_kept),
        cmocka_unit_test(test_cycles_are_kept),
        cmocka_unit_test(test_arrays_of_pointers_and_of_records),
        cmocka_unit_test(test_immortal_objects_are_not_copied),
        cmocka_unit_test(test_raw_objects_are_copied_as_bytes),
        cmocka_unit_test(test_sizes_around_the_limits_of_classes),
        cmocka_unit_test(test_a_list_of_many_nodes),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_no_memory_is_an_answer),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
