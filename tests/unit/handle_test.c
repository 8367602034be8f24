/* WITH: gc
 * Handles: objects outside actors' heaps, held by counted handles that are shared when they are sent, and released once when the
 * last holder has let go. All of it on our own heaps and with BUSKIN_GC=boehm, where release functions may come late.
 */
#include "capture.h"

#include "mem/share.h"

static const union {
    buskin_desc_t desc;
    uint8_t room[sizeof(buskin_desc_t) + sizeof(uint32_t)];
} slot_parts = {.desc = {.size = 8, .npointers = 1, .name = "slot"}}; /* offsets[0], behind it, is 0 */

static atomic_uint made, released, wrong;
static bool whole;

/* An object knows that it has not been released before. */
static void count_release(void *object) {
    if (atomic_exchange((_Atomic uint64_t *)object, 2) != 1) atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&released, 1);
}

static buskin_handle_t *new_handle(uint64_t size) {
    buskin_handle_t *h = buskin_shared_alloc(size, count_release);
    EXPECT(h && (uintptr_t)h->object % 16 == 0);
    atomic_store_explicit((_Atomic uint64_t *)h->object, 1, memory_order_relaxed);
    atomic_fetch_add(&made, 1);
    return h;
}

static void start_counts(void) {
    atomic_store(&made, 0);
    atomic_store(&released, 0);
    atomic_store(&wrong, 0);
}

static void check_counts(void) {
    assert_int_equal(atomic_load(&wrong), 0);
    if (!whole) assert_int_equal(atomic_load(&released), atomic_load(&made));
}

/* -- One holder -- */

static void dies_with_actor(const void *args) {
    (void)args;
    for (uint64_t size = 8; size < 100000; size *= 3) {
        buskin_handle_t *h = new_handle(size);
        const uint64_t *words = h->object;
        for (uint64_t i = 1; i < size / 8; i++)
            if (words[i]) EXPECT(!"zero");
    }
    EXPECT(whole || atomic_load(&released) < atomic_load(&made));
}

static void dies_with_collection(const void *args) {
    (void)args;
    buskin_handle_t *kept = new_handle(64);
    for (int i = 0; i < 300 * ROUNDS; i++) new_handle(64);
    buskin_gc_collect();
    buskin_actor_yield(); /* release functions run between turns */
    EXPECT(whole || atomic_load(&released) > 100);
    EXPECT(*(const uint64_t *)kept->object == 1);
}

static void dies_when_released(const void *args) {
    (void)args;
    buskin_handle_t *h = new_handle(100);
    EXPECT(buskin_shared_release(h) == BUSKIN_OK);
    while (!whole && atomic_load(&released) < 1) buskin_actor_yield();
    int32_t twice = buskin_shared_release(h);
    EXPECT(whole || twice == BUSKIN_EINVAL);
}

static void refusals(const void *args) {
    uint64_t *object = buskin_gc_alloc_actor(64, 8);
    (void)args;
    EXPECT(!buskin_shared_handle(NULL, count_release));
    EXPECT(!buskin_shared_alloc(UINT64_MAX, NULL));
    EXPECT(!buskin_shared_alloc(1ull << 60, NULL));
    EXPECT(buskin_shared_release(NULL) == BUSKIN_EINVAL);
    if (!whole) EXPECT(buskin_shared_release(object) == BUSKIN_EINVAL);
    buskin_handle_t *none = buskin_shared_handle(object, NULL); /* no release function: fine */
    EXPECT(none && none->object == object);
    EXPECT(buskin_shared_alloc(0, NULL) != NULL);
}

static void all_alone(uint32_t workers) {
    static entry_fn *const programs[] = {dies_with_actor, dies_with_collection, dies_when_released, refusals};
    for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++) {
        start_counts();
        run(workers, programs[i], NULL, 0);
        check_counts();
    }
}

/* -- What they may do -- */

/* It once ran with the context of the actor that had run last, whose stack is another one. */
static void says_goodbye(void *object) {
    (void)object;
    EXPECT(buskin_actor_self() == 0);
    EXPECT(buskin_print(1, "goodbye\n", 8) == BUSKIN_OK);
    atomic_fetch_add(&released, 1);
}

static void holds_for_a_moment(const void *args) {
    (void)args;
    buskin_shared_release(buskin_shared_alloc(8, says_goodbye));
    while (!atomic_load(&released)) buskin_actor_yield();
    buskin_print(1, "still here\n", 11);
    buskin_shared_alloc(8, says_goodbye); /* goes at its end */
}

static int run_goodbyes(void) {
    for (uint32_t workers = 1; workers <= 2; workers++) {
        atomic_store(&released, 0);
        run(workers, holds_for_a_moment, NULL, 0);
    }
    return 0;
}

static void test_release_functions_may_print(void **state) {
    (void)state;
    const captured_t *c = capture(run_goodbyes);
    assert_int_equal(c->status, 0);
    assert_string_equal(c->text, "goodbye\nstill here\ngoodbye\ngoodbye\nstill here\ngoodbye\n");
}

/* -- Many holders -- */

typedef struct hop {
    uint64_t main, hops;
} hop_t;

/* Passes handles on at random until the hops are used up; some messages are never read. */
static void passer(const void *args) {
    const hop_t *hop = args;
    uint64_t x = buskin_actor_self() * 77 + 1;
    uint64_t *peers = buskin_gc_alloc_actor(8 * 8, 8);
    const uint64_t *m = buskin_actor_receive(-1);
    memcpy(peers, m + 2, 8 * 8);
    void **kept = buskin_gc_alloc_actor(4 * 8, 8);
    for (uint64_t i = 0; i < hop->hops; i++) {
        void *slot = next_random(&x) % 3 && kept[i % 4] ? kept[i % 4] : new_handle(16 + next_random(&x) % 100);
        buskin_send(peers[next_random(&x) % 8], 7, &slot_parts.desc, &slot);
        m = buskin_actor_receive(0);
        if (!m) continue;
        buskin_handle_t *h = *(buskin_handle_t *const *)(const void *)(m + 2);
        EXPECT(*(const uint64_t *)h->object == 1);
        kept[next_random(&x) % 4] = h;
        if (next_random(&x) % 4 == 0) buskin_gc_collect();
    }
    buskin_send_word(hop->main, 1, 1);
}

static void party(const void *args) {
    uint64_t peers[8];
    hop_t hop = {buskin_actor_self(), 60 * ROUNDS};
    (void)args;
    for (int i = 0; i < 8; i++) peers[i] = buskin_actor_spawn(passer, &hop, sizeof hop, BUSKIN_NORMAL);
    for (int i = 0; i < 8; i++) buskin_actor_send(peers[i], peers, sizeof peers);
    for (int i = 0; i < 8; i++) take_word();
}

static void all_together(void) {
    for (uint32_t workers = 1; workers <= 4; workers *= 2) {
        start_counts();
        run(workers, party, NULL, 0);
        assert_true(atomic_load(&made) > 100);
        check_counts();
    }
}

static void test_an_object_goes_once_with_its_last_handle(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) all_alone(workers);
    all_together();
}

static void test_the_same_under_stress(void **state) {
    setenv("BUSKIN_GC_STRESS", "1", 1);
    test_an_object_goes_once_with_its_last_handle(state);
    unsetenv("BUSKIN_GC_STRESS");
}

static void test_the_same_with_the_whole_heap(void **state) {
    if (!backend_present()) skip();
    setenv("BUSKIN_GC", "boehm", 1);
    whole = true;
    test_an_object_goes_once_with_its_last_handle(state);
    whole = false;
    unsetenv("BUSKIN_GC");
}

/* -- The thread that called init -- */

static void reader(const void *args) {
    const buskin_handle_t *h = *(buskin_handle_t *const *)args;
    EXPECT(*(const uint64_t *)h->object == 1);
}

static void test_the_main_thread_hands_objects_to_actors(void **state) {
    buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = reader, .args = &slot_parts.desc, .priority = BUSKIN_NORMAL};
    (void)state;
    start_counts();
    start(2);
    void *slot = new_handle(1000);
    for (int i = 0; i < 10; i++) assert_int_not_equal(buskin_spawn(&desc, &slot, 0, NULL), 0);
    assert_int_equal(buskin_shared_release(slot), BUSKIN_OK);
    assert_int_equal(buskin_shared_release(slot), BUSKIN_EINVAL);
    finish();
    check_counts();
    assert_int_equal(atomic_load(&released), 1);
    assert_null(buskin_shared_handle(&desc, NULL)); /* the runtime is down */
    assert_int_equal(buskin_shared_release(slot), BUSKIN_ESTATE);
}

/* An object that only a handle refers to outlives collections of the shared heap, and what it refers to, too. */
static buskin_handle_t *to_check;

static void holder(const void *args) {
    buskin_handle_t *h = *(buskin_handle_t *const *)args;
    take_word();
    uint64_t *const *object = h->object;
    EXPECT(**object == 4711);
}

static __attribute__((noinline)) uint64_t spawn_holder(void) {
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = holder, .args = &slot_parts.desc, .priority = BUSKIN_NORMAL};
    uint64_t **object = buskin_gc_alloc_actor(sizeof *object, 8);
    *object = buskin_gc_alloc_actor(64, 8);
    **object = 4711;
    void *slot = to_check = buskin_shared_handle(object, NULL);
    uint64_t pid = buskin_spawn(&desc, &slot, 0, NULL);
    buskin_shared_release(slot);
    return pid;
}

static void test_a_handle_is_a_root_of_the_shared_heap(void **state) {
    (void)state;
    start(1);
    uint64_t pid = spawn_holder();
    for (int i = 0; i < 20000; i++) { /* several collections' worth, if there is a collector */
        uint64_t *garbage = buskin_gc_alloc_actor(1024, 8);
        assert_non_null(garbage);
        garbage[0] = garbage[8] = 1;
    }
    buskin_send_word(pid, 1, 0);
    finish();
}

static void test_roots(void **state) {
    static uint64_t words[16];
    (void)state;
    assert_int_equal(buskin_gc_add_roots(NULL, 8), BUSKIN_EINVAL);
    assert_int_equal(buskin_gc_add_roots(words, 0), BUSKIN_EINVAL);
    assert_int_equal(buskin_gc_add_roots((char *)words + 1, 8), BUSKIN_EINVAL);
    assert_int_equal(buskin_gc_add_roots(words, UINT64_MAX), BUSKIN_EINVAL);
    assert_int_equal(buskin_gc_add_roots(words, sizeof words), BUSKIN_OK);
    assert_int_equal(buskin_gc_add_roots(words, sizeof words), BUSKIN_OK);
    buskin_gc_write_hook(words, words + 1); /* does nothing */
    assert_int_equal(words[1], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_release_functions_may_print),
        cmocka_unit_test(test_an_object_goes_once_with_its_last_handle),
        cmocka_unit_test(test_the_same_under_stress),
        cmocka_unit_test(test_the_main_thread_hands_objects_to_actors),
        cmocka_unit_test(test_a_handle_is_a_root_of_the_shared_heap),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_the_same_with_the_whole_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
