/* verify: a heap and a pool that are as they should be pass; with each kind of damage planted they do not, and the line says which. */
#include "capture.h"

#include "mem/share.h"
#include "mem/verify.h"
#include "sched/worker.h"

#include <signal.h>

__extension__ static const buskin_desc_t tree = {.size = 24, .npointers = 2, .name = "tree", .offsets = {0, 8}};
__extension__ static const buskin_desc_t array = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};
static const buskin_desc_t bytes = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};
__extension__ static const buskin_desc_t root = {.size = 8, .npointers = 1, .name = "root", .offsets = {0}};
__extension__ static const buskin_desc_t bad_desc = {.size = 8, .npointers = 1, .name = "bad", .offsets = {8}};
static const struct {
    header_t header;
    uint64_t payload;
} constant = {(header_t)(uintptr_t)&(const buskin_desc_t){.size = 8, .flags = BUSKIN_DESC_IMMORTAL, .name = "constant"},
              5};

static pool_t pool;
static scratch_t scratch;
static buskin_context_t ctx = {.pid = 1ull << 32 | 5}, other = {.pid = 1ull << 32 | 6};

/* What is in the heap. */
static uint64_t *small[200], *list, *large, *elsewhere;
static share_t *block, *foreign_block;
static fragment_t *word_message, *graph_message;
static run_t *short_run, *long_run;

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }

static uint64_t *allocate(buskin_context_t *c, const buskin_desc_t *desc, uint64_t count) {
    uint64_t total = 8 + desc_payload(desc, count);
    header_t header = (header_t)(uintptr_t)desc;
    uint64_t *p = total >= HEAP_LARGE ? heap_large(c, &pool, header, total, 8) : heap_bump(c, header, total);
    if (!p) {
        assert_true(heap_refill(c, &pool, total));
        p = heap_bump(c, header, total);
    }
    if (desc->flags & BUSKIN_DESC_ARRAY) p[0] = count;
    return p;
}

static run_t *make_gap(uint64_t *object, uint64_t total) {
    *object_header(object) = header_sized(HEADER_GAP, total);
    run_t *run = (run_t *)(void *)object_header(object);
    heap_add_run(heap_of(&ctx), run);
    return run;
}

static share_t *make_block(buskin_context_t *c) {
    share_t *s = share_new(&pool, (header_t)(uintptr_t)&bytes, 8 + 8 + 100);
    s->payload[0] = 100;
    assert_true(shares_reserve(heap_of(c), &pool, 1));
    shares_add(heap_of(c), &pool, s);
    return s;
}

static int make_heap(void **state) {
    (void)state;
    if (!arena_init()) return -1;
    list = allocate(&ctx, &array, 100);
    for (int i = 0; i < 200; i++) {
        small[i] = allocate(&ctx, &tree, 0);
        if (i) small[i][0] = word(small[i - 1]);
        list[1 + i / 2] = word(small[i]);
    }
    large = allocate(&ctx, &array, 2000);
    large[1] = word(list);
    large[2] = word(&constant.payload);
    heap_forget_runs(heap_of(&ctx), &pool);
    uint64_t *gap = allocate(&ctx, &array, 19), *room = allocate(&ctx, &array, 99);
    short_run = make_gap(gap, 8 + 8 + 19 * 8);
    long_run = make_gap(room, 8 + 8 + 99 * 8);
    elsewhere = allocate(&other, &tree, 0);
    block = make_block(&ctx);
    foreign_block = make_block(&other);
    small[7][1] = word(block->payload);
    word_message = fragment_word(&pool, 5);
    uint64_t value = word(list);
    graph_message = fragment_copy(&pool, &scratch, &root, &value);
    assert_true(word_message && graph_message && heap_adopt(&ctx, &pool, word_message) &&
                heap_adopt(&ctx, &pool, graph_message));
    small[8][1] = graph_message->data[0];
    return 0;
}

static int drop_heap(void **state) {
    (void)state;
    heap_free(&ctx, &pool);
    heap_free(&other, &pool);
    pool_drain(&pool);
    scratch_free(&scratch);
    return 0;
}

static void is_sound(void) {
    verdict_t v = verify_heap(&ctx);
    if (v.what) fprintf(stderr, "found: %s\n", v.what);
    assert_null(v.what);
}

static void is_found(const char *what, const void *at) {
    verdict_t v = verify_heap(&ctx);
    assert_non_null(v.what);
    assert_string_equal(v.what, what);
    if (at) assert_ptr_equal(v.at, at);
}

/* Plants the value, looks, and takes it out again. */
#define DAMAGED(place, value, what, at)       \
    do {                                      \
        __typeof__(place) was = (place);      \
        (place) = (__typeof__(place))(value); \
        is_found(what, at);                   \
        (place) = was;                        \
        is_sound();                           \
    } while (0)

static void test_a_sound_heap(void **state) {
    (void)state;
    is_sound();
    buskin_context_t none = {.pid = 3};
    assert_null(verify_heap(&none).what);
}

static void test_headers(void **state) {
    (void)state;
    header_t *h = object_header(small[3]);
    DAMAGED(*h, *h | HEADER_MARK, "an object that is marked", h);
    DAMAGED(*h, 4, "a header of no kind", h);
    DAMAGED(*h, *h | HEADER_FORWARD, "a header of no kind", h);
    DAMAGED(*h, 0, "an object whose descriptor is none", h);
    DAMAGED(*h, 0xdbdbdbdbdbdbd8, "an object whose descriptor is none", h);
    DAMAGED(*h, word(small[0]), "an object whose descriptor is none", h);
    DAMAGED(*h, word(&bad_desc), "an object whose descriptor is none", h);
    DAMAGED(*h, header_sized(HEADER_RAW, 1 << 20), "an object that does not fit its area", h);
    DAMAGED(*h, header_sized(HEADER_BYTES, 0), "an object that does not fit its area", h);
    DAMAGED(*h, header_sized(HEADER_GAP, 12), "an object that does not fit its area", h);
    DAMAGED(*h, word(&root) | HEADER_MESSAGE, "a message amid objects", h);
    DAMAGED(list[0], 100000, "an array longer than its area", object_header(list));
    DAMAGED(large[0], 1ull << 40, "an array longer than its area", object_header(large));
    DAMAGED(*object_header(large), 6, "a header of no kind", object_header(large));
    DAMAGED(graph_message->header, 6, "a header of no kind", &graph_message->header);
}

static void test_slots(void **state) {
    (void)state;
    DAMAGED(small[9][0], word(small[3]) + 8, "a slot that leads to no object", &small[9][0]);
    DAMAGED(small[9][0], word(small[3]) + 4, "a slot that holds no address", &small[9][0]);
    DAMAGED(small[9][1], word(short_run) + 8, "a slot that leads to no object", &small[9][1]);
    DAMAGED(small[9][1], word(elsewhere), "a slot that leads to another heap", &small[9][1]);
    DAMAGED(small[9][1], word(&ctx), "a slot that leads outside the heap", &small[9][1]);
    DAMAGED(small[9][1], 8, "a slot that leads outside the heap", &small[9][1]);
    DAMAGED(small[9][1], word(foreign_block->payload), "a slot that leads to a block that the heap does not hold",
            &small[9][1]);
    DAMAGED(small[9][1], word(block->payload) + 8, "a slot that leads to a block that the heap does not hold",
            &small[9][1]);
    DAMAGED(large[2000], word(large) + 8, "a slot that leads to no object", &large[2000]);
    DAMAGED(graph_message->data[0], graph_message->data[0] + 8, "a slot that leads to no object",
            &graph_message->data[0]);
}

static void test_areas(void **state) {
    (void)state;
    area_t *area = area_at(word(small[0])), *big = area_at(word(large));
    area_t *message = (area_t *)(void *)graph_message;
    area_t *const all[] = {area, big, message};
    for (int i = 0; i < 3; i++) {
        area_t *a = all[i];
        DAMAGED(a->owner, other.pid, "an area of another owner", a);
        DAMAGED(a->flags, a->flags & ~(uint32_t)AREA_HEAP, "an area of another kind than its list", a);
        DAMAGED(a->flags, a->flags ^ AREA_CHUNK, "an area of another kind than its list", a);
        DAMAGED(a->flags, a->flags | AREA_SHARE, "an area of another kind than its list", a);
        DAMAGED(a->flags, a->flags | AREA_LIVES, "an area with flags of a collection", a);
        DAMAGED(a->flags, a->flags | AREA_MAPPED, "an area with flags of a collection", a);
        DAMAGED(a->flags, a->flags ^ 1, "an area of another size than its unit's pieces", a);
    }
    DAMAGED(unit_of(area)->use, UNIT_FRAGMENTS, "an area in a unit of another use", area);
    DAMAGED(area->bytes_or_kind, area->bytes_or_kind / 2, "a chunk of another size than its piece", area);
    DAMAGED(big->flags, big->flags | AREA_FIRST, "a first chunk that is not the last in its list", big);
    DAMAGED(heap_of(&ctx)->chunks, (area_t *)(void *)((char *)heap_of(&ctx)->chunks + 8), "an area that is no piece",
            NULL);
    DAMAGED(heap_of(&ctx)->chunks, area_at(word(elsewhere)), "an area of another owner", NULL);
    DAMAGED(heap_of(&ctx)->fragments, word_message, "a heap that holds another number of bytes than it says",
            heap_of(&ctx));
    DAMAGED(heap_of(&ctx)->held, heap_of(&ctx)->held + 8, "a heap that holds another number of bytes than it says",
            heap_of(&ctx));
}

static void test_gaps(void **state) {
    (void)state;
    heap_t *heap = heap_of(&ctx);
    DAMAGED(long_run->next, long_run, "a list of gaps that goes round", NULL);
    DAMAGED(short_run->next, long_run, "a gap in the list of another length", long_run);
    DAMAGED(short_run->next, (run_t *)(void *)(small[5] + 1), "a gap in no chunk of the heap", small[5] + 1);
    DAMAGED(heap->gaps->lists[1], (run_t *)(void *)object_header(small[5]), "a gap in which something lives",
            object_header(small[5]));
    DAMAGED(heap->gaps->lists[1], (run_t *)(void *)object_header(elsewhere), "a gap in no chunk of the heap",
            object_header(elsewhere));
    DAMAGED(heap->gaps->lists[3], short_run, "a gap in the list of another length", short_run);
}

static void test_blocks(void **state) {
    (void)state;
    DAMAGED(block->flags, 0, "a block that is none", block);
    DAMAGED(block->owner, 7, "a block that is none", block);
    uint64_t count = load_relaxed(&block->count);
    store_relaxed(&block->count, 0);
    is_found("a block that nobody holds", block);
    store_relaxed(&block->count, count);
    shares_mark(heap_of(&ctx), word(block->payload));
    is_found("a block that is marked", block);
    shares_sweep_begin(heap_of(&ctx), &pool, true);
    while (!shares_sweep(heap_of(&ctx), &pool, 100)) continue;
    is_sound();
    struct share_set *shares = heap_of(&ctx)->shares;
    DAMAGED(heap_of(&ctx)->old_shares, shares, "a set of blocks that miscounts", NULL);
    DAMAGED(heap_of(&ctx)->shares, NULL, "a heap that holds another number of bytes than it says", NULL);
    ++*(uint32_t *)(void *)shares;
    is_found("a set of blocks that miscounts", shares);
    --*(uint32_t *)(void *)shares;
    is_sound();
}

static void test_free_lists(void **state) {
    (void)state;
    static pool_t p;
    piece_list_t *l = &p.lists[PIECE_CHUNKS][piece_class(512)];
    piece_t *pieces[10];
    for (int i = 0; i < 10; i++) pieces[i] = piece_take(&p, PIECE_CHUNKS, piece_class(512));
    for (int i = 0; i < 10; i++) piece_give(&p, PIECE_CHUNKS, piece_class(512), pieces[i]);
    piece_t *fragment = piece_take(&p, PIECE_FRAGMENTS, piece_class(512));
    assert_null(verify_pool(&p).what);
    piece_t *second = l->free->next;
#define POOL_DAMAGED(place, value, text)                 \
    do {                                                 \
        __typeof__(place) was = (place);                 \
        (place) = (__typeof__(place))(value);            \
        assert_non_null(verify_pool(&p).what);           \
        assert_string_equal(verify_pool(&p).what, text); \
        (place) = was;                                   \
        assert_null(verify_pool(&p).what);               \
    } while (0)
    POOL_DAMAGED(second->owner, ctx.pid, "a free piece that has an owner");
    POOL_DAMAGED(second->next, second, "a free list longer than it says");
    POOL_DAMAGED(second->next, NULL, "a free list shorter than it says");
    POOL_DAMAGED(l->count, l->count - 1, "a free list longer than it says");
    POOL_DAMAGED(second->next, (piece_t *)(void *)((char *)second + 64), "a free piece that is none");
    POOL_DAMAGED(second->next, fragment, "a free piece in a unit of another kind");
    POOL_DAMAGED(second->next, (piece_t *)&ctx, "a free piece in a unit of another kind");
    piece_give(&p, PIECE_FRAGMENTS, piece_class(512), fragment);
    pool_drain(&p);
}

/* -- In a program -- */

static void damage_and_collect(const void *args) {
    (void)args;
    uint64_t *volatile kept = buskin_alloc(&tree);
    buskin_gc_collect();
    heap_of(&this_worker->current->ctx)->held += 8;
    buskin_gc_collect();
    (void)kept;
}

static int damaged_program(void) {
    setenv("BUSKIN_GC_STRESS", "1", 1);
    if (buskin_rt_init_actor(1) || !buskin_actor_spawn(damage_and_collect, NULL, 0, BUSKIN_NORMAL)) return 1;
    return buskin_rt_run_scheduler();
}

static void test_a_program_ends_by_it(void **state) {
    (void)state;
    const captured_t *c = capture(damaged_program);
    if (c->status != 256 + SIGABRT) fprintf(stderr, "%d: %s\n", c->status, c->text);
    assert_int_equal(c->status, 256 + SIGABRT);
    assert_non_null(strstr(c->text, "is damaged: a heap that holds another number of bytes than it says, at 0x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_sound_heap, make_heap, drop_heap),
        cmocka_unit_test_setup_teardown(test_headers, make_heap, drop_heap),
        cmocka_unit_test_setup_teardown(test_slots, make_heap, drop_heap),
        cmocka_unit_test_setup_teardown(test_areas, make_heap, drop_heap),
        cmocka_unit_test_setup_teardown(test_gaps, make_heap, drop_heap),
        cmocka_unit_test_setup_teardown(test_blocks, make_heap, drop_heap),
        cmocka_unit_test(test_free_lists),
        cmocka_unit_test(test_a_program_ends_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
