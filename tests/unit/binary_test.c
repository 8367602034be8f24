/* Binaries: byte arrays from BUSKIN_BINARY_MIN bytes up are shared, not copied, by everything that crosses between actors (S1.10),
 * and freed when the last heap or message lets them go.
 */
#include "runtime_test.h"

#include "mem/share.h"

static const buskin_desc_t bytes_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};
static const union {
    buskin_desc_t desc;
    uint8_t room[sizeof(buskin_desc_t) + 2 * sizeof(uint32_t)];
} one_slot = {.desc = {.size = 16, .npointers = 1, .name = "one slot"}}; /* a word, and at 8 the object */

static const buskin_desc_t *slot_desc(void) {
    static buskin_desc_t *desc; /* the offset lies behind the record */
    if (!desc) {
        desc = calloc(1, sizeof one_slot);
        *desc = one_slot.desc;
        desc->offsets[0] = 8;
    }
    return desc;
}

typedef struct slots {
    uint64_t word;
    uint64_t *object;
} slots_t;

static uint64_t *make(uint64_t length) {
    uint64_t *b = buskin_alloc_array(&bytes_desc, length);
    memset(b + 1, (int)(length & 0x7f) | 1, length);
    return b;
}

static bool intact(const uint64_t *b, uint64_t length) {
    const uint8_t *bytes = (const uint8_t *)(b + 1);
    for (uint64_t i = 0; i < length; i++)
        if (bytes[i] != ((length & 0x7f) | 1)) return false;
    return b[0] == length;
}

static uint64_t count_of(const uint64_t *b) { return load_relaxed(&share_of(b)->count); }

/* The object of the next message, kept on the receiver's heap. */
static uint64_t *receive_object(uint64_t *word) {
    const uint64_t *m = buskin_actor_receive(-1);
    if (word) *word = m[2];
    return (uint64_t *)(uintptr_t)m[3];
}

/* -- Where they lie -- */

static void place_main(const void *args) {
    (void)args;
    EXPECT(!is_share(make(BUSKIN_BINARY_MIN - 1)));
    EXPECT(is_share(make(BUSKIN_BINARY_MIN)));
    for (uint64_t n = BUSKIN_BINARY_MIN; n < 3u << 20; n = n * 3 + 1) {
        uint64_t *b = buskin_alloc_array(&bytes_desc, n);
        EXPECT(b[0] == n && (uintptr_t)b % 16 == 0);
        for (uint64_t i = 0; i < n; i++)
            if (((uint8_t *)(b + 1))[i]) EXPECT(!"zero");
        EXPECT(is_share(b) && !is_share(b + 1) && count_of(b) == 1);
    }
}

static void test_from_the_minimum_up_they_lie_outside_the_heap(void **state) {
    (void)state;
    run(1, place_main, NULL, 0);
}

/* -- Who shares them -- */

typedef struct party {
    uint64_t parent;
    uint64_t address, length;
} party_t;

/* Says whether the object that came is the sender's own, and waits to be told to end. */
static void echo_entry(const void *args) {
    const party_t *p = args;
    uint64_t word, *b = receive_object(&word);
    bool same = (uint64_t)(uintptr_t)b == p->address && intact(b, p->length);
    buskin_send_word(p->parent, 1, same);
    take_word();
}

static void wait_dead(uint64_t pid) {
    while (buskin_actor_is_alive(pid)) buskin_actor_yield();
}

/* An end is told before all of the actor's memory is gone. */
static bool falls_to(const uint64_t *b, uint64_t count) {
    while (count_of(b) > count) buskin_actor_yield();
    return count_of(b) == count;
}

static void message_main(const void *args) {
    uint64_t length = *(const uint64_t *)args;
    uint64_t *b = make(length);
    party_t p = {buskin_actor_self(), (uint64_t)(uintptr_t)b, length};
    uint64_t to[20];
    for (int i = 0; i < 20; i++) to[i] = buskin_actor_spawn(echo_entry, &p, sizeof p, BUSKIN_NORMAL);
    slots_t s = {7, b};
    for (int i = 0; i < 20; i++) EXPECT(buskin_send(to[i], 9, slot_desc(), &s) == BUSKIN_OK);
    uint64_t shared = 0;
    for (int i = 0; i < 20; i++) shared += take_word();
    EXPECT(shared == (length >= BUSKIN_BINARY_MIN ? 20 : 0));
    if (shared) EXPECT(count_of(b) == 21);
    for (int i = 0; i < 20; i++) buskin_send_word(to[i], 1, 0);
    if (shared) EXPECT(falls_to(b, 1));
    EXPECT(intact(b, length));
}

static void test_messages_share_them(void **state) {
    (void)state;
    for (unsigned workers = 1; workers <= 2; workers++)
        for (uint64_t length = 40; length <= 300000; length = length * 5 + 3)
            run(workers, message_main, &length, sizeof length);
}

static void spawned_entry(const void *args) {
    const slots_t *s = args;
    buskin_gc_collect(); /* the arguments are roots for as long as they are on the frame */
    buskin_send_word(s->word, 1, intact(s->object, 500) && count_of(s->object) >= 2);
    take_word();
}

static void other_ways_main(const void *args) {
    static buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = spawned_entry, .priority = BUSKIN_NORMAL};
    (void)args;
    desc.args = slot_desc();
    uint64_t *b = make(500);
    slots_t s = {buskin_actor_self(), b};
    uint64_t child = buskin_spawn(&desc, &s, 0, NULL);
    EXPECT(take_word() == 1);
    EXPECT(count_of(b) == 2);
    EXPECT(buskin_timer_send_after(child, 0, 1, slot_desc(), &s) != 0);
    EXPECT(falls_to(b, 1));
    uint64_t ref = buskin_timer_send_after(s.word, 100000, 1, slot_desc(), &s);
    EXPECT(count_of(b) == 2);
    EXPECT(buskin_timer_cancel(ref) > 0);
    EXPECT(count_of(b) == 1);
}

static void test_arguments_and_timers_share_them(void **state) {
    (void)state;
    run(1, other_ways_main, NULL, 0);
}

/* A slot that is a request's first word is the runtime's; the object follows. */
static const buskin_desc_t *request_desc(void) {
    static buskin_desc_t *desc;
    if (!desc) {
        desc = calloc(1, sizeof one_slot);
        *desc = (buskin_desc_t){.size = sizeof(buskin_request_t) + 8, .npointers = 1, .name = "request"};
        desc->offsets[0] = sizeof(buskin_request_t);
    }
    return desc;
}

/* Answers with what came. */
static void server_entry(const void *args) {
    (void)args;
    const uint64_t *m = buskin_actor_receive(-1);
    const buskin_request_t *request = (const buskin_request_t *)(const void *)(m + 2);
    slots_t s = {0, *(uint64_t **)(uintptr_t)(request + 1)};
    EXPECT(buskin_reply(request->from, request->ref, slot_desc(), &s) == BUSKIN_OK);
}

static void call_main(const void *args) {
    (void)args;
    uint64_t *b = make(1000), pid = buskin_actor_spawn(server_entry, NULL, 0, BUSKIN_NORMAL);
    struct {
        buskin_request_t request;
        uint64_t *object;
    } value = {.object = b};
    int32_t status;
    const uint64_t *m = buskin_call(pid, 5, request_desc(), &value, -1, &status);
    EXPECT(status == BUSKIN_OK && m && (const uint64_t *)(uintptr_t)m[3] == b);
    EXPECT(falls_to(b, 1)); /* this heap holds it once, however many ways lead to it */
}

static void test_requests_and_replies_share_them(void **state) {
    (void)state;
    run(1, call_main, NULL, 0);
}

/* -- When they go -- */

static void unread_main(const void *args) {
    (void)args;
    uint64_t *b = make(5000), self = buskin_actor_self(), dead = buskin_actor_spawn(echo_entry, NULL, 0, BUSKIN_NORMAL);
    slots_t s = {1, b};
    buskin_actor_exit_signal(dead, BUSKIN_REASON_KILL, NULL, 0);
    wait_dead(dead);
    EXPECT(buskin_send(dead, 1, slot_desc(), &s) == BUSKIN_OK);
    EXPECT(falls_to(b, 1));
    buskin_send(self, 1, slot_desc(), &s);
    EXPECT(count_of(b) == 2);
    EXPECT(take_word() == 1); /* drops the message */
    EXPECT(count_of(b) == 1);
    uint64_t busy = buskin_actor_spawn(echo_entry, NULL, 0, BUSKIN_LOW);
    for (int i = 0; i < 50; i++) buskin_send(busy, 1, slot_desc(), &s);
    EXPECT(count_of(b) == 51);
    buskin_actor_exit_signal(busy, BUSKIN_REASON_KILL, NULL, 0); /* its mailbox goes with it */
    EXPECT(falls_to(b, 1));
}

static void test_messages_that_nobody_reads_let_them_go(void **state) {
    (void)state;
    run(1, unread_main, NULL, 0);
}

/* The only reference lies deep in the heap, or in a frame, or points into the bytes or one past their end. */
static __attribute__((noinline)) void use(const volatile void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

static void garbage_main(const void *args) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    uint64_t most = 0;
    (void)args;
    uint64_t *kept = make(3000);
    uint64_t **cell = buskin_gc_alloc_actor(8, 8);
    *cell = make(777);
    const char *inside = (const char *)make(888) + 400, *end = (const char *)(make(96) + 1) + 96;
    for (int i = 0; i < 2000 * ROUNDS; i++) {
        use(make(64 + (uint64_t)i % 5000));
        buskin_heap_stats(&stats);
        if (stats.held > most) most = stats.held;
    }
    EXPECT(stats.collections > 10);
    EXPECT(most < 200000); /* of 5 MB and more */
    buskin_gc_collect();
    EXPECT(intact(kept, 3000) && intact(*cell, 777));
    EXPECT(intact((const uint64_t *)(const void *)(inside - 400), 888));
    EXPECT(intact((const uint64_t *)(const void *)(end - 104), 96));
    *cell = NULL;
    use(cell), use(inside), use(end);
}

static void test_the_collector_frees_them(void **state) {
    (void)state;
    run(1, garbage_main, NULL, 0);
}

static void test_the_collector_frees_them_under_stress(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run(1, garbage_main, NULL, 0);
    unsetenv("BUSKIN_GC_STRESS");
}

static void hoarder_entry(const void *args) {
    uint64_t **cells = buskin_gc_alloc_actor(1000 * 8, 8);
    uint64_t parent = *(const uint64_t *)args;
    for (uint64_t i = 0; i < 1000; i++) {
        cells[i] = make(1000);
        if (i == 20) buskin_send_word(parent, 1, i); /* well within the limit */
    }
    EXPECT(!"the limit ends it");
}

static void limit_main(const void *args) {
    static const buskin_desc_t word = {.size = 8};
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = hoarder_entry, .args = &word, .heap_limit = 100000, .priority = BUSKIN_NORMAL};
    (void)args;
    uint64_t self = buskin_actor_self(), ref;
    buskin_spawn(&desc, &self, BUSKIN_SPAWN_MONITOR, &ref);
    EXPECT(take_word() == 20);
    const uint64_t *m = buskin_actor_receive(-1);
    const buskin_notice_t *why = (const buskin_notice_t *)(const void *)(m + 2);
    EXPECT(why->ref == ref && why->code == BUSKIN_REASON_LIMIT);
}

static void test_they_count_toward_the_limit(void **state) {
    (void)state;
    setenv("BUSKIN_CRASH", "off", 1);
    run(1, limit_main, NULL, 0);
    unsetenv("BUSKIN_CRASH");
}

/* -- The set against a shadow -- */

static void test_a_set_holds_what_a_shadow_holds(void **state) {
    enum { N = 700 };
    static pool_t pool;
    static share_t *all[N];
    static bool held[N], marked[N];
    heap_t heap = {0};
    uint64_t x = 4711;
    (void)state;
    assert_true(arena_init());
    for (int i = 0; i < N; i++) {
        all[i] = share_new(&pool, (header_t)(uintptr_t)&bytes_desc, 8 + 8 + 64 + (uint64_t)i);
        assert_non_null(all[i]); /* the test holds one count of each */
    }
    for (int round = 0; round < 300; round++) {
        for (int n = 0; n < 100; n++) {
            unsigned i = (unsigned)(next_random(&x) % N), what = (unsigned)(next_random(&x) % 4);
            if (what) {
                assert_true(shares_reserve(&heap, &pool, 1));
                share_hold(all[i]);
                shares_add(&heap, &pool, all[i]);
                held[i] = true;
            } else {
                assert_int_equal(shares_remove(&heap, &pool, all[i]), held[i]);
                held[i] = false;
            }
        }
        for (int i = 0; i < N; i++)
            if ((marked[i] = next_random(&x) % (1 + (unsigned)round % 7) == 0))
                shares_mark(&heap, (uint64_t)(uintptr_t)all[i]->payload + next_random(&x) % 64);
        bool keep = round % 10 == 9;
        shares_sweep_begin(&heap, &pool, keep);
        while (!shares_sweep(&heap, &pool, 1 + next_random(&x) % 200)) continue;
        uint64_t bytes = 0;
        for (int i = 0; i < N; i++) {
            if (!keep) held[i] = held[i] && marked[i];
            if (held[i]) bytes += share_held(all[i]);
            assert_int_equal(load_relaxed(&all[i]->count), 1 + held[i]);
        }
        assert_int_equal(heap.held, bytes);
    }
    shares_drain_begin(&heap);
    for (uint64_t n = 10; !shares_drain(&heap, &pool, &n); n = 10) continue;
    for (int i = 0; i < N; i++) {
        assert_int_equal(load_relaxed(&all[i]->count), 1);
        share_drop(&pool, all[i]);
        assert_false(is_share(all[i]->payload));
    }
}

/* Blocks come in the order in which another set let go of them. */
static void test_blocks_in_the_order_of_another_set(void **state) {
    enum { N = 50000 };
    static pool_t pool;
    static share_t *all[N];
    (void)state;
    assert_true(arena_init());
    for (int round = 0; round < 3; round++) {
        heap_t heap = {0};
        for (int i = 0; i < N; i++) {
            assert_non_null(all[i] = share_new(&pool, (header_t)(uintptr_t)&bytes_desc, 8 + 8 + 64));
            assert_true(shares_reserve(&heap, &pool, 1));
            shares_add(&heap, &pool, all[i]);
            if (i % 97 == 0) assert_in_range(shares_longest_search(&heap), 1, 100);
        }
        shares_sweep_begin(&heap, &pool, false); /* lets go of all, in the order of its places */
        while (!shares_sweep(&heap, &pool, 1000)) continue;
        for (uint64_t n = N; !shares_drain(&heap, &pool, &n);) continue;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_the_minimum_up_they_lie_outside_the_heap),
        cmocka_unit_test(test_messages_share_them),
        cmocka_unit_test(test_arguments_and_timers_share_them),
        cmocka_unit_test(test_requests_and_replies_share_them),
        cmocka_unit_test(test_messages_that_nobody_reads_let_them_go),
        cmocka_unit_test(test_the_collector_frees_them),
        cmocka_unit_test(test_the_collector_frees_them_under_stress),
        cmocka_unit_test(test_they_count_toward_the_limit),
        cmocka_unit_test(test_a_set_holds_what_a_shadow_holds),
        cmocka_unit_test(test_blocks_in_the_order_of_another_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
