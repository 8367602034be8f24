/* Timers: section 7 of the semantics. */
#include "rows.h"

static uint64_t send_after(uint64_t to, int64_t ms, uint64_t value) {
    return buskin_timer_send_after(to, ms, TAG_WORD, &rows_word, &value);
}

/* -- S7.1, S7.5: never early, one message each -- */

static void no_timer_is_early(void) {
    RARELY(4);
    enum { N = 30 };
    uint64_t self = buskin_actor_self();
    int64_t due[N];
    bool came[N] = {false};
    for (uint64_t i = 0; i < N; i++) {
        due[i] = buskin_now_ms() + (int64_t)(i * 7 % 10);
        EXPECT(send_after(self, (int64_t)(i * 7 % 10), i) != 0);
    }
    for (int i = 0; i < N; i++) {
        uint64_t which = expect_word(TAG_WORD);
        EXPECT(which < N && !came[which] && buskin_now_ms() >= due[which]);
        came[which] = true;
    }
    EXPECT(mailbox_is_empty());
}

static void a_hundred_thousand_of_one_deadline(void) {
    if (rows_round++ || getenv("BUSKIN_SEED")) return;
    enum { MANY = 100000 };
    static bool came[MANY];
    memset(came, 0, sizeof came);
    uint64_t self = buskin_actor_self();
    for (uint64_t i = 0; i < MANY; i++) EXPECT(send_after(self, 20, i) != 0);
    for (int i = 0; i < MANY; i++) {
        uint64_t which = expect_word(TAG_WORD);
        EXPECT(which < MANY && !came[which]);
        came[which] = true;
    }
    EXPECT(mailbox_is_empty());
}

/* -- S7.2: cancel -- */

static void cancel_answers_what_will_be(void) {
    uint64_t self = buskin_actor_self(), ref = send_after(self, 3600000, 1);
    int64_t left = buskin_timer_cancel(ref);
    EXPECT(left > 3500000 && left <= 3600000);
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND);
    EXPECT((ref = send_after(self, 0, 2)) != 0);
    EXPECT(expect_word(TAG_WORD) == 2);
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND); /* it was sent */
    const uint64_t unknown[] = {0, 1, UINT64_MAX, ref + 1, ref ^ (1ull << 32), ref ^ (1ull << 24), buskin_unique_ref()};
    for (unsigned i = 0; i < COUNT(unknown); i++) EXPECT(buskin_timer_cancel(unknown[i]) == BUSKIN_ENOTFOUND);
    EXPECT(mailbox_is_empty());
}

/* A number that was guessed ends nobody's wait: the records of timed waits lie beside those of messages. */
static void waits_a_little(const void *args) {
    EXPECT(buskin_actor_receive(3) == NULL);
    tell(word_of(args), TAG_DONE, 0);
}

static void guessed_references_cancel_no_waits(void) {
    RARELY(10);
    uint64_t ref, self = buskin_actor_self();
    for (int i = 0; i < 10; i++) START(BUSKIN_SPAWN_MONITOR, &ref, self, waits_a_little);
    buskin_actor_yield();
    for (uint64_t generation = 0; generation < 8; generation++)
        for (uint64_t worker = 0; worker < 9; worker++)
            for (uint64_t index = 0; index < 32; index++)
                EXPECT(buskin_timer_cancel(generation << 32 | worker << 24 | index) == BUSKIN_ENOTFOUND);
    for (int i = 0; i < 10; i++) await_word(TAG_DONE);
}

/* Cancelled or delivered, never both, never neither: also from another actor, perhaps on another worker. */
static void cancels(const void *args) {
    uint64_t ref = word_of(args);
    int64_t left = buskin_timer_cancel(ref);
    EXPECT(left >= 0 || left == BUSKIN_ENOTFOUND);
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND);
    buskin_actor_exit(left >= 0 ? BUSKIN_REASON_USER : BUSKIN_REASON_NORMAL, NULL, 0);
}

static void cancel_against_expiry(void) {
    RARELY(4);
    uint64_t self = buskin_actor_self();
    for (uint64_t i = 0; i < 10; i++) {
        uint64_t ref, timer = send_after(self, 1, i);
        EXPECT(timer != 0);
        if (i % 3 == 0) buskin_actor_sleep(1);
        START(BUSKIN_SPAWN_MONITOR, &ref, timer, cancels);
        const void *down = await_down(ref);
        EXPECT(down != NULL);
        if (notice_of(down)->code == BUSKIN_REASON_NORMAL)
            EXPECT(await_word(TAG_WORD) == i);
        else
            EXPECT(mailbox_is_empty());
    }
    buskin_actor_sleep(3);
    EXPECT(mailbox_is_empty());
}

/* -- S7.3: whose timer it is -- */

static void sets_and_ends(const void *args) { EXPECT(send_after(word_of(args), 2, 42) != 0); }

static void the_creators_end_does_not_matter(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), sets_and_ends);
    EXPECT(await_down(ref) != NULL);
    EXPECT(expect_word(TAG_WORD) == 42);
}

static void a_dead_destination_gets_nothing(void) {
    RARELY(20); /* the program's end takes a moment to see that only timers of the dead are left */
    uint64_t dead = SPAWN(0, idler), timer = send_after(dead, 3600000, 1); /* the program ends all the same */
    EXPECT(timer != 0);
    finish(dead);
    int64_t left = buskin_timer_cancel(timer);
    EXPECT(left >= 0 || left == BUSKIN_ENOTFOUND);
    EXPECT(send_after(dead, 0, 1) != 0); /* no error, and nothing comes back */
    EXPECT(send_after(0, 0, 1) != 0 && send_after(UINT64_MAX, 0, 1) != 0);
    buskin_actor_sleep(1);
    EXPECT(mailbox_is_empty());
    EXPECT(send_after(dead, 3600000, 1) != 0); /* nor does it hold the program */
}

/* By name: resolved when it is over. */
static uint64_t send_to_name(const char *name, int64_t ms, uint64_t value) {
    return buskin_timer_send_to_name(name, name ? strlen(name) : 3, ms, TAG_WORD, &rows_word, &value);
}

static void a_name_is_resolved_at_expiry(void) {
    RARELY(4);
    uint64_t self = buskin_actor_self(), other = SPAWN(0, idler), timer;
    EXPECT(buskin_actor_register("late", 4, other) == 0);
    EXPECT((timer = send_to_name("late", 3600000, 1)) != 0);
    EXPECT(send_to_name("nobody", 0, 3) != 0); /* no error when it is over */
    for (int64_t ms = 2;; ms *= 4) {           /* longer, if the machine stalls until it is over */
        int64_t began = buskin_now_ms();
        EXPECT(send_to_name("late", ms, 2) != 0);
        EXPECT(buskin_actor_unregister("late", 4) == 0 && buskin_actor_register("late", 4, self) == 0);
        if (buskin_now_ms() < began + ms) break;
        buskin_actor_receive(100);
        EXPECT(buskin_actor_unregister("late", 4) == 0 && buskin_actor_register("late", 4, other) == 0);
    }
    EXPECT(expect_word(TAG_WORD) == 2);
    EXPECT(buskin_timer_cancel(timer) >= 0 && buskin_timer_cancel(timer) == BUSKIN_ENOTFOUND);
    EXPECT(send_to_name("", 0, 1) == 0 && send_to_name(NULL, 0, 1) == 0 && send_to_name("late", -1, 1) == 0);
    EXPECT(buskin_timer_send_to_name("a\0b", 3, 0, TAG_WORD, NULL, NULL) == 0);
    EXPECT(mailbox_is_empty());
}

/* -- S7.4: the range -- */

static void times_out_of_range_are_refused(void) {
    uint64_t self = buskin_actor_self();
    const int64_t bad[] = {-1, INT64_MIN, (int64_t)UINT32_MAX + 1, INT64_MAX};
    for (unsigned i = 0; i < COUNT(bad); i++) EXPECT(send_after(self, bad[i], 1) == 0);
    EXPECT(buskin_timer_send_after(self, 0, TAG_WORD, &rows_word, NULL) == 0);
    const int64_t good[] = {1ll << 31, (1ll << 31) + 1, UINT32_MAX};
    for (unsigned i = 0; i < COUNT(good); i++) {
        uint64_t ref = send_after(self, good[i], 1);
        int64_t left = ref ? buskin_timer_cancel(ref) : -1;
        EXPECT(left > good[i] - 100000 && left <= good[i]);
    }
    EXPECT(buskin_timer_send_after(self, 0, TAG_OTHER, NULL, NULL) != 0); /* a message without data */
    const void *m = buskin_actor_receive(PATIENCE);
    EXPECT(m && tag_of(m) == TAG_OTHER && length_of(m) == 0);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S7.1 S7.5", no_timer_is_early},          {"S7.5", a_hundred_thousand_of_one_deadline},
        {"S7.2", cancel_answers_what_will_be},     {"S7.2", guessed_references_cancel_no_waits},
        {"S7.2", cancel_against_expiry},           {"S7.3", the_creators_end_does_not_matter},
        {"S7.3", a_dead_destination_gets_nothing}, {"S7.3", a_name_is_resolved_at_expiry},
        {"S7.4", times_out_of_range_are_refused},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
