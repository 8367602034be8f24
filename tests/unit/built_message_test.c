/* WITH: gc
 * buskin_message_new and buskin_message_send: messages that their sender builds in place. One arrives as a copy of the same would
 * (S1.10), in its place (S1.2), and lives on as part of the receiver's heap; what is none is refused.
 */
#include "runtime_test.h"

#include "mem/backend.h"

typedef struct node {
    uint64_t value;
    struct node *next;
} node_t;

static const union {
    buskin_desc_t desc;
    uint8_t room[sizeof(buskin_desc_t) + sizeof(uint32_t)];
} node_shape = {.desc = {.size = sizeof(node_t), .npointers = 1, .name = "node"}};

static buskin_desc_t *node_desc; /* next; the same for the slots: a word, and at 8 the list */

static int open_desc(void **state) {
    (void)state;
    node_desc = calloc(1, sizeof node_shape);
    *node_desc = node_shape.desc;
    node_desc->offsets[0] = offsetof(node_t, next);
    return 0;
}

enum { OBJECT = 8 + sizeof(node_t) };

static node_t *data_of(void *message) { return (node_t *)(void *)((uint64_t *)message + 2); }

/* A list of n nodes, 1 to n, behind a slot that counts them. */
static void *build(uint64_t to, uint64_t tag, uint64_t n) {
    void *message = buskin_message_new(to, tag, node_desc, n * OBJECT);
    EXPECT(message && (uintptr_t)message % 16 == 0);
    node_t *slots = data_of(message);
    char *objects = (char *)(slots + 1);
    for (uint64_t i = 0; i < n; i++) {
        *(const buskin_desc_t **)(void *)(objects + i * OBJECT) = node_desc;
        node_t *node = (node_t *)(void *)(objects + i * OBJECT + 8);
        *node = (node_t){i + 1, i + 1 < n ? (node_t *)(void *)(objects + (i + 1) * OBJECT + 8) : NULL};
    }
    *slots = (node_t){n, n ? (node_t *)(void *)(objects + 8) : NULL};
    return message;
}

static bool is_right(const void *message, uint64_t tag, uint64_t n) {
    const uint64_t *m = message;
    const node_t *node = (const node_t *)(const void *)(m + 2);
    if (m[0] != tag || m[1] != sizeof(node_t) || node->value != n) return false;
    for (uint64_t i = 1; i <= n; i++) {
        node = node->next;
        if (!node || node->value != i) return false;
    }
    return !node->next;
}

/* -- They arrive -- */

typedef struct party {
    uint64_t parent, rounds;
} party_t;

static uint64_t size_of(uint64_t i) { return i * i % 61 + (i % 50 == 0 ? 3000 : 0); }

static void sender_entry(const void *args) {
    const party_t *p = args;
    for (uint64_t i = 0; i < p->rounds; i++) {
        EXPECT(buskin_message_send(build(p->parent, 100 + i, size_of(i))) == BUSKIN_OK);
        buskin_send_word(p->parent, 7, i); /* S1.2: behind it */
    }
}

static void receiver_main(const void *args) {
    party_t p = {buskin_actor_self(), 40 * ROUNDS};
    const void *kept[8] = {NULL};
    (void)args;
    buskin_actor_spawn(sender_entry, &p, sizeof p, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < p.rounds; i++) {
        const void *m = buskin_actor_receive(-1);
        EXPECT(is_right(m, 100 + i, size_of(i)));
        EXPECT(take_word() == i);
        kept[i % 8] = m;
        if (i % 5 == 0) buskin_gc_collect();
        for (uint64_t k = 0; k < 8 && k < i; k++) EXPECT(is_right(kept[(i - k) % 8], 100 + i - k, size_of(i - k)));
    }
}

static void run_parties(void) {
    for (uint32_t workers = 1; workers <= 2; workers++) run(workers, receiver_main, NULL, 0);
}

static void test_what_is_built_arrives(void **state) {
    (void)state;
    run_parties();
}

static void test_the_same_under_stress(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run_parties();
    unsetenv("BUSKIN_GC_STRESS");
}

static void test_the_same_with_the_whole_heap(void **state) {
    (void)state;
    if (!backend_present()) skip();
    setenv("BUSKIN_GC", "boehm", 1);
    run(1, receiver_main, NULL, 0);
    unsetenv("BUSKIN_GC");
}

/* -- To oneself, to the dead, and the interior of a kept one -- */

static void cases_main(const void *args) {
    uint64_t self = buskin_actor_self();
    (void)args;
    EXPECT(buskin_message_send(build(self, 5, 4)) == BUSKIN_OK);
    const void *m = buskin_actor_receive(-1);
    EXPECT(is_right(m, 5, 4));
    EXPECT(buskin_message_send(build(self + (7ull << 40), 5, 20)) == BUSKIN_OK); /* nobody */
    EXPECT(buskin_message_send(build(self, 6, 0)) == BUSKIN_OK);
    EXPECT(is_right(buskin_actor_receive(-1), 6, 0));
    EXPECT(buskin_message_send(build(self, 8, 40)) == BUSKIN_OK);
    const uint64_t *whole = buskin_actor_receive(-1);
    const node_t *last = ((const node_t *)(const void *)(whole + 2))->next;
    while (last->next) last = last->next;
    whole = NULL;
    buskin_gc_collect(); /* only an object of it is referred to */
    EXPECT(last->value == 40);
}

static void test_to_oneself_and_to_nobody(void **state) {
    (void)state;
    run(1, cases_main, NULL, 0);
}

/* -- From the thread that called init -- */

static void answer_entry(const void *args) {
    const void *m = buskin_actor_receive(-1);
    buskin_send_word(*(const uint64_t *)args, 1, is_right(m, 3, 12));
}

static void test_the_main_thread_builds_too(void **state) {
    (void)state;
    assert_int_equal(buskin_rt_init_actor(1), BUSKIN_OK);
    uint64_t self = buskin_actor_self(), pid = buskin_actor_spawn(answer_entry, &self, sizeof self, BUSKIN_NORMAL);
    assert_int_equal(buskin_message_send(build(pid, 3, 12)), BUSKIN_OK);
    assert_int_equal(take_word(), 1);
    assert_int_equal(buskin_rt_run_scheduler(), 0);
}

/* -- Bounded mailboxes: the statuses of a send, and nothing stays behind -- */

static void bounded_entry(const void *args) {
    (void)args;
    buskin_receive_tags((const uint64_t[]){9}, 1, -1); /* leaves the others where they are */
    EXPECT(is_right(buskin_actor_receive(-1), 1, 3));
}

static void bounded_main(const void *args) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc,
                                             .entry = bounded_entry,
                                             .mailbox_capacity = 2,
                                             .mailbox_policy = BUSKIN_POLICY_FAIL,
                                             .priority = BUSKIN_NORMAL};
    uint64_t ref, pid = buskin_spawn(&desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    (void)args;
    EXPECT(buskin_message_send(build(pid, 1, 3)) == BUSKIN_OK);
    EXPECT(buskin_message_send(build(pid, 9, 1)) == BUSKIN_OK);
    EXPECT(buskin_message_send(build(pid, 2, 30)) == BUSKIN_EFULL);
    buskin_actor_receive(-1); /* its DOWN */
}

static void test_a_full_mailbox_refuses_it(void **state) {
    (void)state;
    run(1, bounded_main, NULL, 0);
}

/* -- Refusals -- */

static void refusals_main(const void *args) {
    uint64_t self = buskin_actor_self();
    static uint64_t word[8] __attribute__((aligned(16)));
    (void)args;
    EXPECT(buskin_message_new(self, 1, NULL, 8) == NULL);
    EXPECT(buskin_message_new(self, 1, node_desc, UINT64_MAX) == NULL);
    EXPECT(buskin_message_new(self, 1, node_desc, 1ull << 60) == NULL);
    EXPECT(buskin_message_send(NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_message_send(word + 4) == BUSKIN_EINVAL);
    EXPECT(buskin_message_send((char *)word + 3) == BUSKIN_EINVAL);
    EXPECT(buskin_message_send(buskin_gc_alloc_actor(64, 16)) == BUSKIN_EINVAL);
    uint64_t *m = build(self, 1, 2);
    EXPECT(buskin_message_send(m) == BUSKIN_OK);
    EXPECT(buskin_message_send(m) == BUSKIN_EINVAL); /* sent */
    m = (uint64_t *)(uintptr_t)buskin_actor_receive(-1);
    EXPECT(buskin_message_send(m) == BUSKIN_EINVAL); /* received */
    EXPECT(is_right(m, 1, 2));
}

static void test_what_was_not_built_is_refused(void **state) {
    (void)state;
    run(1, refusals_main, NULL, 0);
    assert_null(buskin_message_new(1, 1, node_desc, 0));
    assert_int_equal(buskin_message_send(node_desc), BUSKIN_ESTATE);
}

/* Checked where moves are: one that refers to an object of its sender. */
static void open_main(const void *args) {
    uint64_t self = buskin_actor_self();
    (void)args;
    void *message = build(self, 1, 12);
    node_t *mine = buskin_alloc(node_desc), *slots = data_of(message), *theirs = slots->next;
    slots->next = mine;
    EXPECT(buskin_message_send(message) == BUSKIN_ESTATE);
    slots->next = theirs;
    EXPECT(buskin_message_send(message) == BUSKIN_OK);
    EXPECT(is_right(buskin_actor_receive(-1), 1, 12));
}

static void test_one_that_refers_elsewhere_is_refused(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run(1, open_main, NULL, 0);
    unsetenv("BUSKIN_GC_STRESS");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_built_arrives),
        cmocka_unit_test(test_the_same_under_stress),
        cmocka_unit_test(test_to_oneself_and_to_nobody),
        cmocka_unit_test(test_the_main_thread_builds_too),
        cmocka_unit_test(test_a_full_mailbox_refuses_it),
        cmocka_unit_test(test_what_was_not_built_is_refused),
        cmocka_unit_test(test_one_that_refers_elsewhere_is_refused),
        cmocka_unit_test(test_the_same_with_the_whole_heap),
    };
    return cmocka_run_group_tests(tests, open_desc, NULL);
}
