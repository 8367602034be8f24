/* spawn: arguments are copied and aligned, limits are answers, from actors, main and plain threads. */
#include "runtime_test.h"

#include <pthread.h>

static atomic_uint runs;

static void check_pattern(const void *args) {
    const uint64_t *words = args;
    EXPECT((uintptr_t)args % 16 == 0);
    for (uint64_t i = 1; i < words[0]; i++) EXPECT(words[i] == words[0] * 1000 + i);
    atomic_fetch_add(&runs, 1);
}

static unsigned spawn_sizes(void) {
    static uint64_t words[9000];
    unsigned n = 0;
    for (uint64_t count = 1; count <= 9000; count += count < 70 ? 1 : count / 3) {
        words[0] = count;
        for (uint64_t i = 1; i < count; i++) words[i] = count * 1000 + i;
        EXPECT(buskin_actor_spawn(check_pattern, words, count * 8, BUSKIN_NORMAL) != 0);
        memset(words, 0xee, sizeof words); /* they were copied */
        n++;
    }
    return n;
}

static atomic_uint spawned;
static void spawn_sizes_as_actor(const void *args) {
    EXPECT(args == NULL);
    atomic_fetch_add(&spawned, spawn_sizes());
}

static void test_arguments_of_every_size(void **state) {
    (void)state;
    atomic_store(&runs, 0), atomic_store(&spawned, 0);
    start(2);
    atomic_fetch_add(&spawned, spawn_sizes());
    buskin_actor_spawn(spawn_sizes_as_actor, NULL, 0, BUSKIN_NORMAL);
    finish();
    assert_int_equal(atomic_load(&runs), atomic_load(&spawned));
}

static void odd_bytes(const void *args) { EXPECT(!strcmp(args, "thirteen byte")); }

static void test_odd_sizes(void **state) {
    (void)state;
    char text[] = "thirteen byte";
    run(1, odd_bytes, text, sizeof text);
}

/* -- Typed arguments -- */

__extension__ static const buskin_desc_t list = {.size = 16, .npointers = 1, .name = "list", .offsets = {8}};
__extension__ static const buskin_desc_t order = {.size = 24, .npointers = 2, .name = "order", .offsets = {8, 16}};

static void check_graph(const void *args) {
    const uint64_t *slots = args;
    const uint64_t *a = (const uint64_t *)(uintptr_t)slots[1], *b = (const uint64_t *)(uintptr_t)slots[2];
    EXPECT(slots[0] == 17);
    EXPECT(a[0] == 1 && b[0] == 2);
    EXPECT(a[1] == (uint64_t)(uintptr_t)b && b[1] == (uint64_t)(uintptr_t)a); /* a cycle */
    atomic_fetch_add(&runs, 1);
}

static const buskin_spawn_desc_t graph_actor = {
    .size = sizeof graph_actor, .entry = check_graph, .name = "graph", .args = &order, .priority = BUSKIN_NORMAL};

static void send_graph(const void *args) {
    (void)args;
    uint64_t *a = buskin_alloc(&list), *b = buskin_alloc(&list);
    a[0] = 1, b[0] = 2, a[1] = (uint64_t)(uintptr_t)b, b[1] = (uint64_t)(uintptr_t)a;
    uint64_t slots[3] = {17, (uint64_t)(uintptr_t)a, (uint64_t)(uintptr_t)b};
    for (int i = 0; i < 100; i++) EXPECT(buskin_spawn(&graph_actor, slots, 0, NULL) != 0);
    a[0] = b[0] = 99;
}

static void test_typed_arguments_are_deep_copies(void **state) {
    (void)state;
    atomic_store(&runs, 0);
    run(2, send_graph, NULL, 0);
    assert_int_equal(atomic_load(&runs), 100);
}

/* -- Many, and too many -- */

static void link_of_chain(const void *args) {
    uint64_t left = *(const uint64_t *)args - 1;
    atomic_fetch_add(&runs, 1);
    if (left) buskin_actor_spawn(link_of_chain, &left, sizeof left, BUSKIN_NORMAL);
}

static void test_a_long_chain(void **state) {
    (void)state;
    atomic_store(&runs, 0);
    uint64_t n = 20000 * ROUNDS;
    run(2, link_of_chain, &n, sizeof n);
    assert_int_equal(atomic_load(&runs), n);
}

static void wait_for_one(const void *args) {
    (void)args;
    take_word();
    atomic_fetch_add(&runs, 1);
}

enum { MANY = 1000 };

/* As many as there is room for, then a status (S11.6); those of the last round may still be on their way out. */
static unsigned fill(uint64_t *pids, unsigned limit) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = wait_for_one, .priority = BUSKIN_NORMAL};
    for (unsigned n = 0, tries = 0; n < MANY; tries++) {
        pids[n] =
            tries % 2 ? buskin_spawn(&desc, NULL, 0, NULL) : buskin_actor_spawn(wait_for_one, NULL, 0, BUSKIN_NORMAL);
        if (pids[n])
            n++;
        else if (n >= limit - limit / 4)
            return n;
        else
            buskin_actor_sleep(1);
    }
    return MANY;
}

static void reach_the_limit(const void *args) {
    unsigned limit = *(const unsigned *)args;
    static uint64_t pids[MANY];
    for (int round = 0; round < 20; round++) {
        unsigned n = fill(pids, limit);
        EXPECT(n < limit); /* the limit counts main and this one */
        atomic_store(&runs, 0);
        for (unsigned i = 0; i < n; i++) buskin_send_word(pids[i], 1, 1);
        while (atomic_load(&runs) < n) buskin_actor_sleep(1);
    }
}

static void test_the_limit_of_actors(void **state) {
    (void)state;
    for (unsigned limit = 16; limit <= 400; limit *= 5) {
        char text[16];
        snprintf(text, sizeof text, "%u", limit);
        setenv("BUSKIN_MAX_ACTORS", text, 1);
        run(1, reach_the_limit, &limit, sizeof limit);
        run(2, reach_the_limit, &limit, sizeof limit);
    }
}

static int no_limit(void **state) {
    (void)state;
    return unsetenv("BUSKIN_MAX_ACTORS");
}

/* -- From plain threads -- */

static void *spawn_from_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        uint64_t words[2] = {2, 2001};
        EXPECT(buskin_actor_spawn(check_pattern, words, sizeof words, BUSKIN_NORMAL) != 0);
    }
    EXPECT(buskin_actor_self() == 0);
    return NULL;
}

static void test_spawns_from_plain_threads(void **state) {
    (void)state;
    atomic_store(&runs, 0);
    start(2);
    buskin_rt_keepalive(1);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, spawn_from_thread, NULL);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    buskin_rt_keepalive(-1);
    finish();
    assert_int_equal(atomic_load(&runs), 6000);
}

/* -- What is refused -- */

static void refuse(void) {
    buskin_spawn_desc_t desc = graph_actor;
    uint64_t slots[3] = {0}, ref = 5;
    EXPECT(!buskin_actor_spawn(NULL, NULL, 0, BUSKIN_NORMAL));
    EXPECT(!buskin_actor_spawn(wait_for_one, NULL, 8, BUSKIN_NORMAL));
    EXPECT(!buskin_actor_spawn(wait_for_one, slots, 8, 3));
    EXPECT(!buskin_actor_spawn(wait_for_one, slots, UINT64_MAX, BUSKIN_NORMAL));
    EXPECT(!buskin_actor_spawn(wait_for_one, slots, 1ull << 50, BUSKIN_NORMAL));
    EXPECT(!buskin_spawn(NULL, slots, 0, NULL));
    EXPECT(!buskin_spawn(&desc, NULL, 0, NULL));
    EXPECT(!buskin_spawn(&desc, slots, 8, &ref) && ref == 0);
    desc.size -= 8;
    EXPECT(!buskin_spawn(&desc, slots, 0, NULL));
    desc = graph_actor, desc.entry = NULL;
    EXPECT(!buskin_spawn(&desc, slots, 0, NULL));
    desc = graph_actor, desc.priority = 3;
    EXPECT(!buskin_spawn(&desc, slots, 0, NULL));
    desc = graph_actor, desc.stack_size = UINT64_MAX;
    EXPECT(!buskin_spawn(&desc, slots, 0, NULL));
    desc = graph_actor, desc.mailbox_policy = 99;
    EXPECT(!buskin_spawn(&desc, slots, 0, NULL));
    EXPECT(!buskin_spawn_main(NULL, NULL));
}

static void refuse_as_actor(const void *args) {
    (void)args;
    refuse();
    EXPECT(!buskin_spawn_main(&graph_actor, (const uint64_t[3]){0})); /* main's own */
}

static void test_bad_orders_are_refused(void **state) {
    (void)state;
    start(1);
    refuse();
    buskin_actor_spawn(refuse_as_actor, NULL, 0, BUSKIN_NORMAL);
    finish();
}

/* -- Stacks of every size -- */

static void use_stack(const void *args) {
    uint64_t bytes = *(const uint64_t *)args;
    volatile char *frame = __builtin_alloca(bytes);
    for (uint64_t i = 0; i < bytes; i += 512) frame[i] = (char)i;
    buskin_actor_yield();
    for (uint64_t i = 0; i < bytes; i += 512) EXPECT(frame[i] == (char)i);
    EXPECT(buskin_context()->flags & BUSKIN_CTX_OWN_STACK);
    atomic_fetch_add(&runs, 1);
}

static const buskin_desc_t size_args = {.size = 8, .name = "size"};

static void test_stacks_of_their_own(void **state) {
    (void)state;
    atomic_store(&runs, 0);
    start(2);
    static buskin_spawn_desc_t descs[5];
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t bytes = 65536ull << (2 * i); /* to 16 MiB */
        descs[i] = (buskin_spawn_desc_t){.size = sizeof *descs,
                                         .entry = use_stack,
                                         .args = &size_args,
                                         .stack_size = bytes,
                                         .priority = BUSKIN_NORMAL};
        bytes -= bytes / 2;
        for (int n = 0; n < 4; n++) assert_int_not_equal(buskin_spawn(&descs[i], &bytes, 0, NULL), 0);
    }
    finish();
    assert_int_equal(atomic_load(&runs), 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_arguments_of_every_size),
        BOTH(test_odd_sizes),
        BOTH(test_typed_arguments_are_deep_copies),
        BOTH(test_a_long_chain),
        cmocka_unit_test_teardown(test_the_limit_of_actors, no_limit),
        BOTH(test_spawns_from_plain_threads),
        BOTH(test_bad_orders_are_refused),
        BOTH(test_stacks_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
