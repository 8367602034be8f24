/* timer: sleeps and messages at a time: never early, cancelled or sent but not both, bound to their target (S7). */
#include "runtime_test.h"

static const buskin_desc_t word = {.size = 8, .name = "word"};
static atomic_uint ended;

static void sleep_exactly(const void *args) {
    int64_t ms = *(const int64_t *)args, began = buskin_now_ms();
    EXPECT(buskin_actor_sleep(ms) == BUSKIN_OK);
    int64_t took = buskin_now_ms() - began;
    EXPECT(took >= ms);
    atomic_fetch_add(&ended, 1);
}

static void test_many_sleepers(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers *= 2) {
        atomic_store(&ended, 0);
        start(workers);
        for (int64_t i = 0; i < 500; i++) {
            int64_t ms = i % 70;
            buskin_actor_spawn(sleep_exactly, &ms, 8, BUSKIN_NORMAL);
        }
        finish();
        assert_int_equal(atomic_load(&ended), 500);
    }
}

static void deliver_in_time(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self();
    int64_t began = buskin_now_ms();
    for (uint64_t ms = 0; ms < 60; ms += 3) {
        uint64_t due = (uint64_t)began + ms, value = due;
        EXPECT(buskin_timer_send_after(self, (int64_t)ms, 9, &word, &value) != 0);
        value = 0; /* S1.10: copied now */
    }
    uint64_t last = 0;
    for (int i = 0; i < 20; i++) {
        buskin_receive_t r = {.timeout_ms = 10000};
        const uint64_t *m = buskin_receive_peek(&r);
        if (!EXPECT(m != NULL)) return;
        EXPECT(m[0] == 9 && m[2] >= last && (uint64_t)buskin_now_ms() >= m[2]);
        last = m[2];
        buskin_receive_drop(&r);
    }
    EXPECT(!buskin_actor_receive(20));
}

static void test_messages_at_a_time(void **state) {
    (void)state;
    run(1, deliver_in_time, NULL, 0);
    run(2, deliver_in_time, NULL, 0);
}

static void cancel_some(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), value = 1;
    int64_t began = buskin_now_ms();
    uint64_t ref = buskin_timer_send_after(self, 3600000, 1, &word, &value);
    int64_t left = buskin_timer_cancel(ref);
    EXPECT(left <= 3600000 && left >= 3600000 - (buskin_now_ms() - began) - 1); /* both are rounded down */
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND);
    ref = buskin_timer_send_after(self, 0, 1, &word, &value);
    EXPECT(take_word() == 1);
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND);                            /* sent */
    EXPECT((ref = buskin_timer_send_after(self, 1ll << 31, 1, &word, &value)) != 0); /* S7.4 */
    EXPECT(buskin_timer_cancel(ref) > 1ll << 30);
    EXPECT(!buskin_actor_receive(5));
}

static void test_cancel(void **state) {
    (void)state;
    run(1, cancel_some, NULL, 0);
    run(2, cancel_some, NULL, 0);
}

/* Fire against cancel from the other workers: each timer is either cancelled or delivered. */
enum { TIMERS = 400 };
static _Atomic uint64_t refs[TIMERS];
static atomic_uint cancelled, delivered, cancellers;

static void cancel_all(const void *args) {
    uint64_t x = *(const uint64_t *)args;
    for (int i = 0; i < 6 * TIMERS; i++) {
        uint64_t ref = atomic_load(&refs[next_random(&x) % TIMERS]);
        if (ref && buskin_timer_cancel(ref) >= 0) atomic_fetch_add(&cancelled, 1);
        if (i % 64 == 0) buskin_actor_sleep(1);
    }
    atomic_fetch_sub(&cancellers, 1);
}

static void set_all(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), x = 9;
    for (uint64_t i = 1; i <= 3; i++) buskin_actor_spawn(cancel_all, &i, 8, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < TIMERS; i++) {
        uint64_t ref = buskin_timer_send_after(self, (int64_t)(next_random(&x) % 40), 1, &word, &i);
        EXPECT(ref != 0);
        atomic_store(&refs[i], ref);
        if (i % 16 == 0) buskin_actor_yield();
    }
    bool seen[TIMERS] = {0};
    while (atomic_load(&cancellers) || atomic_load(&cancelled) + atomic_load(&delivered) < TIMERS) {
        buskin_receive_t r = {.timeout_ms = 10};
        const uint64_t *m = buskin_receive_peek(&r);
        if (!m) continue;
        if (EXPECT(m[2] < TIMERS && !seen[m[2]])) seen[m[2]] = true; /* once */
        atomic_fetch_add(&delivered, 1);
        buskin_receive_drop(&r);
    }
    EXPECT(!buskin_actor_receive(50)); /* not both */
}

static void test_cancelled_or_delivered(void **state) {
    (void)state;
    for (int i = 0; i < 1 + ROUNDS / 3; i++) {
        memset(refs, 0, sizeof refs);
        atomic_store(&cancelled, 0), atomic_store(&delivered, 0), atomic_store(&cancellers, 3);
        run(1 + (uint32_t)(i + 1) % 4, set_all, NULL, 0);
        assert_int_equal(atomic_load(&cancelled) + atomic_load(&delivered), TIMERS);
    }
}

/* R7, S7.3: a timer whose target has ended delivers nothing to whoever has its slot now, and does not hold the program. */
static void short_lived(const void *args) { (void)args; }
static void newcomer(const void *args) {
    (void)args;
    EXPECT(!buskin_actor_receive(40));
}

static void outlive(const void *args) {
    (void)args;
    uint64_t value = 5;
    for (int i = 0; i < 30; i++) {
        uint64_t pid = buskin_actor_spawn(short_lived, NULL, 0, BUSKIN_NORMAL);
        EXPECT(buskin_timer_send_after(pid, 20, 1, &word, &value) != 0);
        for (int k = 0; k < 20; k++) /* more than a portion of a sweep */
            EXPECT(buskin_timer_send_after(pid, 100000000, 1, &word, &value) != 0);
    }
    buskin_actor_sleep(5);
    for (int i = 0; i < 60; i++) buskin_actor_spawn(newcomer, NULL, 0, BUSKIN_NORMAL);
}

static void test_a_timer_ends_with_its_target(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        run(workers, outlive, NULL, 0); /* and does not wait for what will not be sent */
    }
}

/* The timer of a wait moves with its actor: a pair on two workers that talks and times out. */
static void answer_sometimes(const void *args) {
    uint64_t partner = *(const uint64_t *)args;
    for (uint64_t n; (n = take_word()) != UINT64_MAX;)
        if (n % 8) buskin_send_word(partner, 1, n);
}

static void ask_with_timeout(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), partner = buskin_actor_spawn(answer_sometimes, &self, 8, BUSKIN_NORMAL);
    for (uint64_t i = 1; i <= 60 * ROUNDS; i++) {
        buskin_send_word(partner, 1, i);
        buskin_receive_t r = {.timeout_ms = i % 8 ? 3600000 : 2};
        const uint64_t *m = buskin_receive_peek(&r);
        EXPECT((m != NULL) == (i % 8 != 0));
        if (m) {
            EXPECT(m[2] == i);
            buskin_receive_drop(&r);
        }
    }
    buskin_send_word(partner, 1, UINT64_MAX);
    atomic_fetch_add(&ended, 1);
}

static void test_timed_waits_move(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        atomic_store(&ended, 0);
        start(workers);
        for (int i = 0; i < 6; i++) buskin_actor_spawn(ask_with_timeout, NULL, 0, BUSKIN_NORMAL);
        finish();
        assert_int_equal(atomic_load(&ended), 6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_many_sleepers),          BOTH(test_messages_at_a_time),           BOTH(test_cancel),
        BOTH(test_cancelled_or_delivered), BOTH(test_a_timer_ends_with_its_target), BOTH(test_timed_waits_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
