/* receive: the three timeout modes, what a message looks like, selection, and one end per receive (S5). */
#include "runtime_test.h"

static const buskin_message_header_t *header_of(const void *message) {
    return (const buskin_message_header_t *)message - 1;
}

static void *aligned_end(const void *p) { return (void *)((uintptr_t)p % 16); }

static void look_at_messages(const void *args) {
    (void)args;
    static const char text[] = "twenty-one bytes long";
    for (uint64_t n = 0; n <= sizeof text - 1; n++)
        EXPECT(buskin_actor_send(buskin_actor_self(), text, n) == BUSKIN_OK);
    for (uint64_t n = 0; n <= sizeof text - 1; n++) {
        const buskin_message_t *m = buskin_actor_receive(0); /* S1.6: a self-send is visible at once */
        if (!EXPECT(m != NULL)) return;
        EXPECT(header_of(m)->kind == BUSKIN_MSG_USER);
        EXPECT(!aligned_end(m));
        EXPECT(m->length == n);
        EXPECT(!memcmp(m + 1, text, n));
        uint64_t tag = 0;
        memcpy(&tag, text, n < 8 ? n : 8);
        EXPECT(m->tag == tag);
    }
    EXPECT(!buskin_actor_receive(0));
}

static void test_what_a_message_looks_like(void **state) {
    (void)state;
    run(1, look_at_messages, NULL, 0);
}

static void late_sender(const void *args) {
    buskin_actor_sleep(20);
    buskin_send_word(*(const uint64_t *)args, 5, 99);
}

static void try_all_modes(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self();
    EXPECT(!buskin_actor_receive(0));
    int64_t began = buskin_now_ms();
    EXPECT(!buskin_actor_receive(30));
    EXPECT(buskin_now_ms() - began >= 30); /* never early */
    buskin_actor_spawn(late_sender, &self, 8, BUSKIN_NORMAL);
    const uint64_t *m = buskin_actor_receive(-1);
    EXPECT(m && m[0] == 5 && m[2] == 99);
    buskin_actor_spawn(late_sender, &self, 8, BUSKIN_NORMAL);
    m = buskin_actor_receive(3600000);
    EXPECT(m && m[2] == 99);
    EXPECT(!buskin_actor_receive(0));
    for (int64_t odd = 1; odd <= 3; odd++)
        EXPECT(!buskin_actor_receive(odd)); /* R2: it fires though nobody shuts down */
}

static void test_three_timeout_modes(void **state) {
    (void)state;
    run(1, try_all_modes, NULL, 0);
    run(2, try_all_modes, NULL, 0);
}

/* -- Selection -- */

static void select_by_tag(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self();
    for (uint64_t i = 0; i < 100; i++) buskin_send_word(self, 1 + i % 4, i);
    const uint64_t wanted[] = {4, 2};
    for (uint64_t i = 0; i < 50; i++) { /* the oldest of either, whatever the order of the set */
        const uint64_t *m = buskin_receive_tags(wanted, 2, 0);
        EXPECT(m && m[2] == 2 * i + 1);
    }
    EXPECT(!buskin_receive_tags(wanted, 2, 0));
    EXPECT(!buskin_receive_tags(wanted, 2, 5));
    for (uint64_t i = 0; i < 50; i++) EXPECT(take_word() == 2 * i); /* the others are there, in order */
    EXPECT(!buskin_receive_tags(NULL, 2, 0));
    EXPECT(!buskin_receive_tags(wanted, 0, 0));
}

static void test_selection_by_tag_keeps_the_rest(void **state) {
    (void)state;
    run(1, select_by_tag, NULL, 0);
}

/* Random takes from anywhere in the queue, against a model. */
static void select_at_random(const void *args) {
    (void)args;
    enum { N = 64 };
    uint64_t self = buskin_actor_self(), model[N], n = 0, sent = 0, x = 5;
    while (sent < 3000 || n) {
        if (sent < 3000 && n < N && next_random(&x) % 2) {
            buskin_send_word(self, 1, sent);
            model[n++] = sent++;
            continue;
        }
        uint64_t wanted = n ? next_random(&x) % n : 0;
        buskin_receive_t r = {.timeout_ms = 0};
        const uint64_t *m = NULL;
        for (uint64_t i = 0; i < n; i++) {
            m = buskin_receive_peek(&r);
            if (!EXPECT(m && m[2] == model[i])) return;
            if (i == wanted) break;
            buskin_receive_skip(&r);
        }
        if (!n || next_random(&x) % 8 == 0) { /* look through the rest: the end of it is a timeout */
            while (buskin_receive_peek(&r)) buskin_receive_skip(&r);
            continue;
        }
        if (next_random(&x) % 2) {
            buskin_receive_take(&r);
            EXPECT(m[2] == model[wanted]); /* it lives on */
        } else {
            buskin_receive_drop(&r);
        }
        memmove(&model[wanted], &model[wanted + 1], (--n - wanted) * sizeof *model);
    }
}

static void test_selection_against_a_model(void **state) {
    (void)state;
    run(1, select_at_random, NULL, 0);
}

/* S5.4: misses do not restart the clock. */
static void pester(const void *args) {
    uint64_t pid = *(const uint64_t *)args;
    while (buskin_actor_is_alive(pid)) { /* it lives for ever if they do */
        buskin_send_word(pid, 1, 0);
        buskin_actor_sleep(10);
    }
}

static void wait_among_misses(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), wanted = 2;
    buskin_actor_spawn(pester, &self, 8, BUSKIN_NORMAL);
    int64_t began = buskin_now_ms();
    EXPECT(!buskin_receive_tags(&wanted, 1, 100));
    int64_t took = buskin_now_ms() - began;
    EXPECT(took >= 100);
}

static void test_misses_do_not_restart_the_clock(void **state) {
    (void)state;
    run(1, wait_among_misses, NULL, 0);
    run(2, wait_among_misses, NULL, 0);
}

/* S5.6: the timer fires, and before its actor runs a message comes. The receive ends with the message; the next one
 * must know nothing of the timer. The waiting actor has low priority, so that the other one gets in between. */
static atomic_uint stage;

static void low_waiter(const void *args) {
    (void)args;
    buskin_receive_t r = {.timeout_ms = 1};
    atomic_store(&stage, 1);
    const uint64_t *m = buskin_receive_peek(&r);
    if (!m) { /* the timer alone was seen: the message is in the next receive */
        r = (buskin_receive_t){.timeout_ms = -1};
        m = buskin_receive_peek(&r);
    }
    EXPECT(m && m[2] == 1);
    buskin_receive_drop(&r);
    r = (buskin_receive_t){.timeout_ms = 60000};
    m = buskin_receive_peek(&r);
    if (EXPECT(m != NULL)) buskin_receive_drop(&r); /* the time of this one is not over */
    int64_t began = buskin_now_ms();
    EXPECT(!buskin_actor_receive(20));
    EXPECT(buskin_now_ms() - began >= 20);
}

static void fire_then_send(const void *args) {
    uint64_t waiter = *(const uint64_t *)args;
    while (atomic_load(&stage) != 1) buskin_actor_yield();
    for (int i = 0; i < 3; i++) buskin_actor_yield(); /* it waits now */
    spin_ms(5);
    buskin_actor_yield(); /* the timer fires here */
    buskin_send_word(waiter, 1, 1);
    buskin_actor_sleep(30);
    buskin_send_word(waiter, 1, 2);
}

static void test_a_timer_that_lost_is_forgotten(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) {
        start(1);
        atomic_store(&stage, 0);
        uint64_t waiter = buskin_actor_spawn(low_waiter, NULL, 0, BUSKIN_LOW);
        buskin_actor_spawn(fire_then_send, &waiter, 8, BUSKIN_NORMAL);
        assert_int_equal(finish(), 0);
    }
}

/* -- Timer against message, at random -- */

enum { RACES = 40 };

static void race_sender(const void *args) {
    uint64_t x = 77;
    for (uint64_t i = 0; i < RACES * ROUNDS; i++) {
        int64_t end = buskin_now_ms() + 1 + (int64_t)(next_random(&x) % 2);
        buskin_actor_sleep(1);
        while (buskin_now_ms() < end) buskin_actor_yield();
        buskin_send_word(*(const uint64_t *)args, 1, i);
    }
}

static void race_receiver(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), got = 0;
    buskin_actor_spawn(race_sender, &self, 8, BUSKIN_NORMAL);
    while (got < RACES * ROUNDS) {
        buskin_receive_t r = {.timeout_ms = 2};
        const uint64_t *m = buskin_receive_peek(&r);
        if (!m) continue;
        if (!EXPECT(m[2] == got)) return;
        got++;
        if (got % 2)
            buskin_receive_take(&r);
        else
            buskin_receive_drop(&r);
    }
    EXPECT(!buskin_actor_receive(10));
}

static void test_each_receive_ends_once(void **state) {
    (void)state;
    run(1, race_receiver, NULL, 0);
    run(2, race_receiver, NULL, 0);
}

/* -- Release -- */

static void release_early(const void *args) {
    (void)args;
    static char block[3000];
    uint64_t self = buskin_actor_self();
    buskin_heap_stats_t stats = {.size = sizeof stats};
    for (int i = 0; i < 1000; i++) {
        memset(block, i, sizeof block);
        buskin_actor_send(self, block, sizeof block);
        const buskin_message_t *m = buskin_actor_receive(0);
        if (!EXPECT(m && !memcmp(m + 1, block, sizeof block))) return;
        buskin_message_release(m);
        EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK && stats.held < 16384);
    }
    buskin_message_release(NULL);
}

static void test_released_messages_cost_nothing(void **state) {
    (void)state;
    run(1, release_early, NULL, 0);
}

/* A receive that only looks at its messages and drops them never makes a heap. */
static void drop_all(const void *args) {
    (void)args;
    static char block[3000];
    uint64_t self = buskin_actor_self();
    buskin_heap_stats_t stats = {.size = sizeof stats};
    for (int i = 0; i < 1000; i++) {
        memset(block, i, sizeof block);
        buskin_actor_send(self, block, sizeof block);
        buskin_receive_t r = {.timeout_ms = 0};
        const buskin_message_t *m = buskin_receive_peek(&r);
        if (!EXPECT(m && !memcmp(m + 1, block, sizeof block))) return;
        buskin_receive_drop(&r);
        EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK && stats.held == 0);
    }
}

static void test_dropped_messages_need_no_heap(void **state) {
    (void)state;
    run(1, drop_all, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_what_a_message_looks_like),       BOTH(test_three_timeout_modes),
        BOTH(test_selection_by_tag_keeps_the_rest), BOTH(test_selection_against_a_model),
        BOTH(test_misses_do_not_restart_the_clock), BOTH(test_a_timer_that_lost_is_forgotten),
        BOTH(test_each_receive_ends_once),          BOTH(test_released_messages_cost_nothing),
        BOTH(test_dropped_messages_need_no_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
