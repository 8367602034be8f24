/* WITH: gc
 * buskin_send_move: a message handed on as it is. It arrives as a copy would (S1.10), in its place (S1.2), and its bytes stay where
 * they are; what is no message of the caller's own is refused.
 */
#include "runtime_test.h"

#include "mem/share.h"

typedef struct node {
    uint64_t value;
    struct node *next;
    const uint64_t *text; /* shared by all nodes of a list */
} node_t;

static const uint64_t literal[] = {0x1111, 3, 0x616263};

static buskin_desc_t *describe(uint32_t size, uint16_t flags, uint16_t pointers, const uint32_t *offsets) {
    buskin_desc_t *desc = calloc(1, sizeof *desc + pointers * sizeof *offsets);
    *desc = (buskin_desc_t){.size = size, .flags = flags, .npointers = pointers};
    if (pointers) memcpy(desc->offsets, offsets, pointers * sizeof *offsets);
    return desc;
}

static const buskin_desc_t *node_desc, *slots_desc;
static const buskin_desc_t bytes_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};

static int open_descs(void **state) {
    (void)state;
    node_desc = describe(sizeof(node_t), 0, 2, (const uint32_t[]){8, 16});
    slots_desc = describe(16, 0, 1, (const uint32_t[]){8});
    return 0;
}

typedef struct slots {
    uint64_t n;
    node_t *list;
} slots_t;

/* A ring of n nodes with one binary of 100 bytes. */
static slots_t make_ring(uint64_t n) {
    uint64_t *text = buskin_alloc_array(&bytes_desc, 100);
    memset(text + 1, 'x', 100);
    node_t *first = NULL, *last = NULL;
    for (uint64_t i = n; i; i--) {
        node_t *node = buskin_alloc(node_desc);
        *node = (node_t){i, first, text};
        if (!last) last = node;
        first = node;
    }
    if (last) last->next = first;
    return (slots_t){n, first};
}

static bool ring_is_right(const slots_t *s) {
    const node_t *node = s->list;
    const uint64_t *text = node ? node->text : NULL;
    for (uint64_t i = 1; i <= s->n; i++, node = node->next)
        if (node->value != i || node->text != text) return false;
    return node == s->list &&
           (!text || (text[0] == 100 && (backend_whole || is_share(text)) && ((const char *)text)[50] == 'x'));
}

typedef struct stage {
    uint64_t next, main, rounds, stay; /* stay: the bytes must not move */
} stage_t;

static const uint64_t *receive(void) { return buskin_actor_receive(-1); }

/* Hands on what comes. The address goes along, in a word behind. */
static void stage_entry(const void *args) {
    const stage_t *s = args;
    for (uint64_t i = 0; i < s->rounds; i++) {
        const uint64_t *m = receive();
        uint64_t tag = m[0], address = (uint64_t)(uintptr_t)m;
        if (i % 3 == 0) buskin_gc_collect();
        EXPECT(buskin_send_move(s->next, tag + 1, m) == BUSKIN_OK);
        buskin_send_word(s->next, 1, s->stay ? address : 0);
        if (s->next != s->main) receive(); /* the word of the stage before */
    }
}

static void check_message(uint64_t tag, uint64_t hops, uint64_t size) {
    const uint64_t *m = receive();
    EXPECT(m[0] == tag + hops); /* S1.2: the move came before the word that was sent after it */
    const slots_t *s = (const slots_t *)(const void *)(m + 2);
    EXPECT(s->n == size && ring_is_right(s));
    buskin_gc_collect();
    EXPECT(ring_is_right(s));
    uint64_t address = take_word();
    EXPECT(!address || address == (uint64_t)(uintptr_t)m);
    buskin_message_release(m);
}

static void pipeline_main(const void *args) {
    uint64_t rounds = 20 * ROUNDS, self = buskin_actor_self();
    stage_t one = {self, self, rounds, *(const uint64_t *)args};
    uint64_t last = buskin_actor_spawn(stage_entry, &one, sizeof one, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t size = i * i % 97;
        slots_t s = make_ring(size);
        EXPECT(buskin_send(last, 100, slots_desc, &s) == BUSKIN_OK);
        check_message(100, 1, size);
    }
}

static void run_pipelines(bool stay) {
    uint64_t stays = stay;
    for (uint32_t workers = 1; workers <= 2; workers++) run(workers, pipeline_main, &stays, sizeof stays);
}

static void test_a_message_goes_on_without_a_copy(void **state) {
    (void)state;
#ifdef BUSKIN_DEBUG
    run_pipelines(false); /* copied, so that the sender's own can be overwritten */
#else
    run_pipelines(true);
#endif
}

static void test_the_same_under_stress(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run_pipelines(false);
    unsetenv("BUSKIN_GC_STRESS");
}

static void test_the_same_with_the_whole_heap(void **state) {
    (void)state;
    if (!backend_present()) skip();
    setenv("BUSKIN_GC", "boehm", 1);
    uint64_t stays = 0;
    run(1, pipeline_main, &stays, sizeof stays);
    unsetenv("BUSKIN_GC");
}

/* -- Untyped, old, to the dead, to oneself -- */

static void cases_main(const void *args) {
    uint64_t self = buskin_actor_self();
    char text[200];
    (void)args;
    memset(text, 'y', sizeof text);
    buskin_actor_send(self, text, sizeof text);
    const uint64_t *m = receive();
    EXPECT(buskin_send_move(self, 3, m) == BUSKIN_OK);
    m = receive();
    EXPECT(m[0] == 3 && m[1] == sizeof text && !memcmp(m + 2, text, sizeof text));

    const uint64_t *old[100]; /* the oldest of many is too far away to be unlinked, and arrives all the same */
    for (uint64_t i = 0; i < 100; i++) {
        slots_t s = make_ring(i % 5);
        buskin_send(self, i, slots_desc, &s);
        old[i] = receive();
    }
    for (uint64_t i = 0; i < 100; i += 9) EXPECT(buskin_send_move(self, 1000 + i, old[i]) == BUSKIN_OK);
    for (uint64_t i = 0; i < 100; i += 9) {
        m = receive();
        EXPECT(m[0] == 1000 + i && ring_is_right((const slots_t *)(const void *)(m + 2)));
    }
    for (uint64_t i = 1; i < 100; i += 9) EXPECT(ring_is_right((const slots_t *)(const void *)(old[i] + 2)));

    slots_t s = make_ring(3);
    const uint64_t *binary = s.list->text;
    buskin_send(self, 1, slots_desc, &s);
    m = receive();
    EXPECT(buskin_send_move(self + (7ull << 40), 1, m) == BUSKIN_OK); /* nobody: dropped, and its counts with it */
    EXPECT(atomic_load(&share_of(binary)->count) == 1);
}

static void test_old_messages_bytes_and_the_dead(void **state) {
    (void)state;
    run(1, cases_main, NULL, 0);
}

/* -- Refusals -- */

static void refusals_main(const void *args) {
    uint64_t self = buskin_actor_self(), word = 5;
    (void)args;
    uint64_t *object = buskin_gc_alloc_actor(64, 8);
    EXPECT(buskin_send_move(self, 1, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_send_move(self, 1, object) == BUSKIN_EINVAL);
    EXPECT(buskin_send_move(self, 1, literal) == BUSKIN_EINVAL);
    EXPECT(buskin_send_move(self, 1, &word) == BUSKIN_EINVAL);
    slots_t s = make_ring(50);
    EXPECT(buskin_send_move(self, 1, s.list->text) == BUSKIN_EINVAL);
    buskin_send(self, 1, slots_desc, &s);
    const uint64_t *m = receive();
    EXPECT(buskin_send_move(self, 1, m + 1) == BUSKIN_EINVAL);
    EXPECT(buskin_send_move(self, 1, m + 2) == BUSKIN_EINVAL);
    const slots_t *got = (const slots_t *)(const void *)(m + 2);
    EXPECT(buskin_send_move(self, 1, got->list) == BUSKIN_EINVAL);
    buskin_receive_t r = {.timeout_ms = -1};
    buskin_send_word(self, 1, 1);
    const void *peeked = buskin_receive_peek(&r);
    EXPECT(buskin_send_move(self, 1, peeked) == BUSKIN_EINVAL); /* not taken */
    buskin_receive_drop(&r);
    EXPECT(ring_is_right(got));
    EXPECT(buskin_send_move(self, 1, m) == BUSKIN_OK);
    EXPECT(buskin_send_move(self, 1, m) == BUSKIN_EINVAL); /* gone: it waits in the mailbox */
    m = receive();
    buskin_actor_exit_signal(self, BUSKIN_REASON_USER, "why", 3);
    m = receive();
    EXPECT(buskin_send_move(self, 1, m) == BUSKIN_EINVAL); /* the runtime's record */
}

static void trapping_main(const void *args) {
    buskin_actor_trap_exit(1);
    refusals_main(args);
}

static void test_what_is_no_message_of_its_own_is_refused(void **state) {
    (void)state;
    run(1, trapping_main, NULL, 0);
    assert_int_equal(buskin_send_move(1, 1, literal), BUSKIN_ESTATE);
}

/* Checked where moves are checked at all: a message that refers to another object of its owner. */
static void open_main(const void *args) {
    uint64_t self = buskin_actor_self();
    slots_t s = make_ring(20);
    (void)args;
    buskin_send(self, 1, slots_desc, &s);
    const uint64_t *m = receive();
    slots_t *got = (slots_t *)(uintptr_t)(m + 2);
    node_t *theirs = got->list->next;
    got->list->next = s.list;
    EXPECT(buskin_send_move(self, 1, m) == BUSKIN_ESTATE);
    got->list->next = theirs;
    EXPECT(ring_is_right(got));
    EXPECT(buskin_send_move(self, 1, m) == BUSKIN_OK);
}

static void test_a_message_that_refers_elsewhere_is_refused(void **state) {
    (void)state;
    setenv("BUSKIN_GC_STRESS", "1", 1);
    run(1, open_main, NULL, 0);
    unsetenv("BUSKIN_GC_STRESS");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_goes_on_without_a_copy),
        cmocka_unit_test(test_the_same_under_stress),
        cmocka_unit_test(test_old_messages_bytes_and_the_dead),
        cmocka_unit_test(test_what_is_no_message_of_its_own_is_refused),
        cmocka_unit_test(test_a_message_that_refers_elsewhere_is_refused),
        cmocka_unit_test(test_the_same_with_the_whole_heap),
    };
    return cmocka_run_group_tests(tests, open_descs, NULL);
}
