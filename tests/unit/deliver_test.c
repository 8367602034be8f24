/* deliver: order per pair, causality, conservation, and no message for whoever comes next in a slot (R7). */
#include "runtime_test.h"

#include <pthread.h>

/* -- Order per pair while everybody moves between workers -- */

enum { SENDERS = 4, EACH = 3000 };

static void send_numbers(const void *args) {
    uint64_t to = ((const uint64_t *)args)[0], me = ((const uint64_t *)args)[1];
    for (uint64_t i = 0; i < EACH * ROUNDS; i++) {
        buskin_send_word(to, me, i);
        buskin_reduction_check();
        if (i % 97 == 0) buskin_actor_yield();
    }
}

static void check_numbers(const void *args) {
    (void)args;
    uint64_t next[SENDERS] = {0};
    for (uint64_t i = 0; i < SENDERS * EACH * ROUNDS; i++) {
        buskin_receive_t r = {.timeout_ms = -1};
        const uint64_t *m = buskin_receive_peek(&r);
        EXPECT(m[0] < SENDERS && m[2] == next[m[0]]++);
        buskin_receive_drop(&r);
    }
    EXPECT(!buskin_actor_receive(0));
}

static void start_pairs(const void *args) {
    (void)args;
    for (int i = 0; i < 2; i++) {
        uint64_t order[2] = {buskin_actor_spawn(check_numbers, NULL, 0, BUSKIN_NORMAL), 0};
        for (; order[1] < SENDERS; order[1]++) buskin_actor_spawn(send_numbers, order, sizeof order, BUSKIN_NORMAL);
    }
}

static void test_order_of_each_pair(void **state) {
    (void)state;
    run(1, start_pairs, NULL, 0);
    run(4, start_pairs, NULL, 0);
    run(8, start_pairs, NULL, 0);
}

/* -- S1.4: A tells B, then C; C tells B: B hears A first -- */

static void relay(const void *args) {
    uint64_t b = *(const uint64_t *)args;
    for (;;) buskin_send_word(b, 2, take_word());
}

static void hear_cause_first(const void *args) {
    (void)args;
    uint64_t last = 0;
    for (int i = 0; i < 2 * EACH; i++) {
        buskin_receive_t r = {.timeout_ms = -1};
        const uint64_t *m = buskin_receive_peek(&r);
        uint64_t tag = m[0], n = m[2];
        buskin_receive_drop(&r);
        if (tag == 1) last = n;
        if (tag == 2) EXPECT(n <= last);
    }
}

static void cause(const void *args) {
    (void)args;
    uint64_t b = buskin_actor_spawn(hear_cause_first, NULL, 0, BUSKIN_NORMAL);
    uint64_t c = buskin_actor_spawn(relay, &b, sizeof b, BUSKIN_NORMAL);
    for (uint64_t i = 1; i <= EACH; i++) {
        buskin_send_word(b, 1, i);
        buskin_send_word(c, 1, i);
        if (i % 16 == 0) buskin_actor_yield();
    }
}

static void test_causes_arrive_before_effects(void **state) {
    (void)state;
    run(1, cause, NULL, 0);
    for (int i = 0; i < ROUNDS; i++) run(4, cause, NULL, 0);
}

/* -- R7: slots are used again while late senders still send to the last occupant -- */

static _Atomic uint64_t recent[64];
static atomic_bool churning;

static void short_life(const void *args) {
    uint64_t self = buskin_actor_self(), slot = *(const uint64_t *)args;
    atomic_store(&recent[slot], self);
    for (int i = 0; i < 3; i++) {
        buskin_receive_t r = {.timeout_ms = 0};
        const uint64_t *m = buskin_receive_peek(&r);
        if (!m) break;
        EXPECT(m[2] == self); /* the sender wrote down whom it meant */
        buskin_receive_drop(&r);
        buskin_actor_yield();
    }
}

static void churn(const void *args) {
    uint64_t n = *(const uint64_t *)args;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t slot = i % 64;
        EXPECT(buskin_actor_spawn(short_life, &slot, sizeof slot, BUSKIN_NORMAL) != 0);
        if (i % 8 == 0) buskin_actor_yield();
    }
    atomic_store(&churning, false);
}

static void harass(const void *args) {
    (void)args;
    uint64_t x = 1 + buskin_actor_self();
    while (atomic_load(&churning)) {
        uint64_t pid = atomic_load(&recent[next_random(&x) % 64]);
        if (pid) buskin_send_word(pid, 1, pid);
        buskin_reduction_check();
    }
}

static void *harass_from_thread(void *unused) {
    (void)unused;
    uint64_t x = 99;
    while (atomic_load(&churning)) {
        uint64_t pid = atomic_load(&recent[next_random(&x) % 64]);
        if (pid) EXPECT(buskin_send_word(pid, 1, pid) == BUSKIN_OK);
    }
    return NULL;
}

static void test_no_message_for_the_next_in_the_slot(void **state) {
    (void)state;
    atomic_store(&churning, true);
    memset(recent, 0, sizeof recent);
    start(4);
    assert_int_equal(buskin_rt_keepalive(1), BUSKIN_OK);
    pthread_t thread;
    pthread_create(&thread, NULL, harass_from_thread, NULL);
    uint64_t lives = 10000 * ROUNDS;
    buskin_actor_spawn(churn, &lives, sizeof lives, BUSKIN_NORMAL);
    for (int i = 0; i < 3; i++) buskin_actor_spawn(harass, NULL, 0, BUSKIN_NORMAL);
    pthread_join(thread, NULL);
    assert_int_equal(buskin_rt_keepalive(-1), BUSKIN_OK);
    assert_int_equal(finish(), 0);
}

/* -- Conservation: a tree of actors that come and go on 8 workers; each message arrives once -- */

static _Atomic uint64_t sent, received;

static void grow(const void *args) {
    uint64_t parent = ((const uint64_t *)args)[0], depth = ((const uint64_t *)args)[1], sum = 1;
    if (depth) {
        uint64_t order[2] = {buskin_actor_self(), depth - 1};
        for (int i = 0; i < 3; i++) buskin_actor_spawn(grow, order, sizeof order, BUSKIN_NORMAL);
        for (int i = 0; i < 3; i++) sum += take_word();
        atomic_fetch_add(&received, 3);
    }
    atomic_fetch_add(&sent, 1);
    buskin_send_word(parent, 1, sum);
}

static void plant(const void *args) {
    (void)args;
    enum { DEPTH = 7, NODES = 3280 }; /* 3^0 + ... + 3^7 */
    for (int i = 0; i < 3 * ROUNDS; i++) {
        uint64_t order[2] = {buskin_actor_self(), DEPTH};
        buskin_actor_spawn(grow, order, sizeof order, BUSKIN_NORMAL);
        EXPECT(take_word() == NODES);
        atomic_fetch_add(&received, 1);
    }
}

static void test_nothing_is_lost_or_doubled(void **state) {
    (void)state;
    atomic_store(&sent, 0), atomic_store(&received, 0);
    run(8, plant, NULL, 0);
    run(1, plant, NULL, 0);
    assert_int_equal(atomic_load(&sent), atomic_load(&received));
}

/* -- Dead and impossible pids -- */

static void send_to_nobody(const void *args) {
    (void)args;
    const uint64_t nobody[] = {0, UINT64_MAX, 1, 12345, 77ull << 32 | 1, 0xfffffffeull << 32 | 0xffffff};
    for (unsigned i = 0; i < sizeof nobody / 8; i++) {
        EXPECT(buskin_send_word(nobody[i], 1, 1) == BUSKIN_OK);
        EXPECT(buskin_actor_send(nobody[i], "abc", 3) == BUSKIN_OK);
        EXPECT(buskin_send(nobody[i], 1, NULL, NULL) == BUSKIN_OK);
    }
}

static void test_sends_to_nobody_are_dropped(void **state) {
    (void)state;
    run(2, send_to_nobody, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_order_of_each_pair),
        BOTH(test_causes_arrive_before_effects),
        BOTH(test_no_message_for_the_next_in_the_slot),
        BOTH(test_nothing_is_lost_or_doubled),
        BOTH(test_sends_to_nobody_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
