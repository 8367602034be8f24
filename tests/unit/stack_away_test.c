/* actors that wait and are more than slots: one whose frames were copied away ends without their coming back, unless it has a
 * terminate callback, and those that stay find theirs as they were (S2.10, S2.11). */
#include "runtime_test.h"

#include "actor/stack.h"

enum { WAITERS = 3 * SLOTS_PER_WORKER, WORDS = 40 };

typedef struct seat {
    uint64_t parent, number;
} seat_t;

static atomic_uint terminated;

static void wait_with_frames(const void *args) {
    seat_t seat = *(const seat_t *)args;
    volatile uint64_t mine[WORDS];
    for (uint64_t i = 0; i < WORDS; i++) mine[i] = seat.number * i;
    buskin_send_word(seat.parent, 1, seat.number);
    uint64_t tag = 2;
    EXPECT(buskin_receive_tags(&tag, 1, -1) != NULL);
    for (uint64_t i = 0; i < WORDS; i++) EXPECT(mine[i] == seat.number * i);
    buskin_send_word(seat.parent, 3, seat.number);
}

static void terminate(void *state, const buskin_notice_t *why) {
    volatile uint64_t mine[WORDS] = {0}; /* over frames that must be nobody's */
    for (uint64_t i = 0; i < WORDS; i++) mine[i] = ~0ull;
    EXPECT(!state && why->code == BUSKIN_REASON_SHUTDOWN && mine[1] == ~0ull);
    atomic_fetch_add(&terminated, 1);
}

static uint64_t start_one(uint64_t number) {
    static const buskin_desc_t slots_desc = {.size = sizeof(seat_t), .name = "seat"};
    static const buskin_spawn_desc_t plain = {
        .size = sizeof plain, .entry = wait_with_frames, .args = &slots_desc, .priority = BUSKIN_NORMAL};
    static const buskin_spawn_desc_t careful = {.size = sizeof careful,
                                                .entry = wait_with_frames,
                                                .args = &slots_desc,
                                                .terminate = terminate,
                                                .priority = BUSKIN_NORMAL};
    seat_t seat = {buskin_actor_self(), number};
    return buskin_spawn(number % 3 == 1 ? &careful : &plain, &seat, 0, NULL);
}

static void await(uint64_t tag, unsigned n) {
    while (n--) EXPECT(buskin_receive_tags(&tag, 1, -1) != NULL);
}

/* In an order in which hardly any is in its slot when its turn comes. */
static void end_most(const void *args) {
    (void)args;
    static uint64_t pids[WAITERS];
    unsigned downs = 0;
    for (uint64_t i = 0; i < WAITERS; i++) EXPECT((pids[i] = start_one(i)) != 0);
    await(1, WAITERS);
    for (uint64_t i = 0; i < WAITERS; i++) {
        if (i % 3 == 2) continue;
        EXPECT(buskin_actor_monitor(pids[i]) != 0);
        uint32_t code = i % 3 ? BUSKIN_REASON_SHUTDOWN : BUSKIN_REASON_KILL;
        EXPECT(buskin_actor_exit_signal(pids[i], code, NULL, 0) == BUSKIN_OK);
        downs++;
    }
    while (downs--) {
        const buskin_message_t *m = buskin_actor_receive(-1);
        EXPECT(((const buskin_message_header_t *)(const void *)m - 1)->kind == BUSKIN_MSG_DOWN);
        buskin_message_release(m);
    }
    for (uint64_t i = 2; i < WAITERS; i += 3) buskin_send_word(pids[i], 2, 0);
    await(3, WAITERS / 3);
}

static void check_ends(uint32_t n) {
    atomic_store(&terminated, 0);
    run(n, end_most, NULL, 0);
    assert_int_equal(atomic_load(&terminated), WAITERS / 3);
}

static void test_frames_that_are_away_stay_there(void **state) {
    (void)state;
    check_ends(1);
    check_ends(2);
}

int main(void) {
    const struct CMUnitTest tests[] = {BOTH(test_frames_that_are_away_stay_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
