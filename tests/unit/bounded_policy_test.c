/* Bounded mailboxes: what a full one does with the next message, and what the sender is told (S10). Senders that wait are in
 * bounded_block_test.c. */
#include "bounded.h"

enum { ROOM = 4 };

/* -- S10.1 -- */

/* The holder has looked at all of them, and set them aside. */
static void the_bound_is_exact(void) {
    uint64_t p = HOLDER(ROOM, BUSKIN_POLICY_DROP_NEW);
    for (uint64_t i = 1; i <= 10; i++)
        EXPECT(buskin_send_word(p, TAG_WORD, i) == (i <= ROOM ? BUSKIN_OK : BUSKIN_EDROPPED));
    EXPECT(info_of(p).mailbox_length == ROOM && info_of(p).mailbox_capacity == ROOM);
    take(p, TAG_WORD, 1);
    take(p, TAG_WORD, 2);
    for (uint64_t i = 11; i <= 14; i++)
        EXPECT(buskin_send_word(p, TAG_WORD, i) == (i <= 12 ? BUSKIN_OK : BUSKIN_EDROPPED));
    take(p, TAG_WORD, 3);
    take(p, TAG_WORD, 4);
    take(p, TAG_WORD, 11);
    take(p, TAG_WORD, 12);
    EXPECT(info_of(p).mailbox_length == 0);
}

static void one_is_a_capacity(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_FAIL);
    for (uint64_t i = 1; i <= 3; i++) {
        EXPECT(buskin_send_word(p, TAG_WORD, i) == BUSKIN_OK);
        EXPECT(buskin_send_word(p, TAG_WORD, 99) == BUSKIN_EFULL);
        take(p, TAG_WORD, i);
    }
}

/* -- S10.3 -- */

static void each_policy_has_its_status(void) {
    uint64_t dropping = HOLDER(ROOM, BUSKIN_POLICY_DROP_NEW), failing = HOLDER(ROOM, BUSKIN_POLICY_FAIL),
             evicting = HOLDER(ROOM, BUSKIN_POLICY_DROP_OLD);
    for (uint64_t i = 1; i <= 2 * ROOM; i++) {
        bool fits = i <= ROOM;
        uint64_t bytes[2] = {TAG_WORD, i};
        EXPECT(buskin_send_word(dropping, TAG_WORD, i) == (fits ? BUSKIN_OK : BUSKIN_EDROPPED));
        EXPECT(buskin_actor_send(failing, bytes, sizeof bytes) == (fits ? BUSKIN_OK : BUSKIN_EFULL));
        EXPECT(buskin_send(evicting, TAG_WORD, &rows_word, &i) == (fits ? BUSKIN_OK : BUSKIN_EVICTED));
    }
    take(dropping, TAG_WORD, 1);
    take(evicting, TAG_WORD, ROOM + 1);
    EXPECT(info_of(dropping).mailbox_dropped == ROOM && info_of(dropping).mailbox_accepted == ROOM);
    EXPECT(info_of(failing).mailbox_failed == ROOM && info_of(failing).mailbox_accepted == ROOM);
    EXPECT(info_of(evicting).mailbox_dropped == ROOM && info_of(evicting).mailbox_accepted == ROOM);
    EXPECT(info_of(evicting).mailbox_policy == BUSKIN_POLICY_DROP_OLD);
}

static void ends_at_once(const void *args) { (void)args; }

__extension__ static const buskin_desc_t pair = {.size = 16, .npointers = 1, .name = "pair", .offsets = {8}};

/* A graph is refused before it is copied, and counted once. */
static void a_refused_graph_counts_once(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_DROP_NEW), value[2] = {7, 0};
    EXPECT(buskin_send(p, TAG_WORD, &pair, value) == BUSKIN_OK);
    for (int i = 0; i < 5; i++) EXPECT(buskin_send(p, TAG_WORD, &pair, value) == BUSKIN_EDROPPED);
    EXPECT(attempts_of(p) == 6 && info_of(p).mailbox_dropped == 5);
}

/* -- S10.5 -- */

/* Signals and requests find their way into a full mailbox, and do not count; only user messages are evicted. */
static void signals_do_not_count(void) {
    uint64_t p = HOLDER(2, BUSKIN_POLICY_DROP_OLD), ref = buskin_actor_monitor(p);
    command(p, DO_TAKE, 0); /* it traps exits now */
    for (uint64_t i = 0; i < 20; i++) {
        buskin_actor_exit_signal(p, (uint32_t)(BUSKIN_REASON_USER + i), NULL, 0);
        EXPECT(buskin_send_word(p, TAG_WORD, 100 + i) == (i < 2 ? BUSKIN_OK : BUSKIN_EVICTED));
    }
    buskin_process_info_t info = info_of(p);
    EXPECT(info.mailbox_length == 22 && info.watchers == 1 && info.mailbox_accepted == 2 && info.mailbox_dropped == 18);
    EXPECT(buskin_actor_link(p) == BUSKIN_OK);
    take(p, TAG_WORD, 118);
    take(p, TAG_WORD, 119);
    EXPECT(buskin_actor_unlink(p) == BUSKIN_OK);
    command(p, DO_DIE, 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, p, ref, BUSKIN_REASON_USER));
}

/* Fills its own mailbox, then calls, monitors and waits: replies and DOWN arrive. */
static void full_but_calls(const void *args) {
    uint64_t out = word_of(args), self = buskin_actor_self();
    for (uint64_t i = 0; i < ROOM; i++) EXPECT(buskin_send_word(self, TAG_OTHER, i) == BUSKIN_OK);
    EXPECT(buskin_send_word(self, TAG_OTHER, 99) == BUSKIN_EDROPPED);
    uint64_t server = SPAWN(out, holder), ref = buskin_actor_monitor(server);
    for (int i = 0; i < 3; i++) command(server, DO_TAKE, 0);
    finish(server);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, server, ref, BUSKIN_REASON_KILLED));
    uint64_t gone = buskin_actor_monitor(server);
    EXPECT(buskin_actor_is_alive(server) == 0); /* its DOWN is queued */
    EXPECT(buskin_actor_demonitor(gone, 1) == BUSKIN_OK);
    for (uint64_t i = 0; i < ROOM; i++) EXPECT(expect_word(TAG_OTHER) == i);
    EXPECT(mailbox_is_empty());
    tell(out, TAG_DONE, 0);
}

static void replies_and_downs_reach_a_full_mailbox(void) {
    SPAWN(buskin_actor_self(), full_but_calls, .mailbox_capacity = ROOM, .mailbox_policy = BUSKIN_POLICY_DROP_NEW);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* -- S10.4 -- */

typedef struct reading {
    uint64_t value, key;
} reading_t;
static const buskin_desc_t reading_desc = {.size = sizeof(reading_t), .name = "reading"};

static int32_t gauge(uint64_t p, uint64_t tag, uint64_t key, uint64_t value) {
    reading_t r = {.value = value, .key = key};
    return buskin_send(p, tag, &reading_desc, &r);
}

#define GAUGE(n, ...) \
    HOLDER(n, BUSKIN_POLICY_COALESCE, .mailbox_key = offsetof(reading_t, key) __VA_OPT__(, ) __VA_ARGS__)

static void same_key_is_replaced_in_place(void) {
    uint64_t p = GAUGE(3);
    EXPECT(gauge(p, TAG_WORD, 1, 10) == BUSKIN_OK);
    EXPECT(gauge(p, TAG_WORD, 2, 20) == BUSKIN_OK);
    EXPECT(gauge(p, TAG_WORD, 1, 11) == BUSKIN_COALESCED); /* not full yet */
    EXPECT(gauge(p, TAG_OTHER, 1, 30) == BUSKIN_OK);       /* another type */
    EXPECT(gauge(p, TAG_WORD, 2, 21) == BUSKIN_COALESCED); /* full */
    EXPECT(gauge(p, TAG_WORD, 3, 40) == BUSKIN_EDROPPED);  /* the default fallback */
    EXPECT(gauge(p, TAG_WORD, 1, 12) == BUSKIN_COALESCED);
    EXPECT(buskin_send_word(p, TAG_WORD, 1) == BUSKIN_EDROPPED); /* too short for a key */
    take(p, TAG_WORD, 12);
    take(p, TAG_WORD, 21);
    take(p, TAG_OTHER, 30);
    EXPECT(gauge(p, TAG_WORD, 1, 13) == BUSKIN_OK); /* no longer queued */
    take(p, TAG_WORD, 13);
    EXPECT(attempts_of(p) == 9 && info_of(p).mailbox_coalesced == 3);
}

static void fallbacks(void) {
    uint64_t evicting = GAUGE(2, .mailbox_fallback = BUSKIN_POLICY_DROP_OLD),
             failing = GAUGE(2, .mailbox_fallback = BUSKIN_POLICY_FAIL);
    for (uint64_t key = 1; key <= 2; key++) {
        EXPECT(gauge(evicting, TAG_WORD, key, key) == BUSKIN_OK);
        EXPECT(gauge(failing, TAG_WORD, key, key) == BUSKIN_OK);
    }
    EXPECT(gauge(evicting, TAG_WORD, 3, 3) == BUSKIN_EVICTED && gauge(evicting, TAG_WORD, 2, 22) == BUSKIN_COALESCED);
    EXPECT(gauge(evicting, TAG_WORD, 1, 1) == BUSKIN_EVICTED); /* 2 was the oldest */
    EXPECT(gauge(failing, TAG_WORD, 3, 3) == BUSKIN_EFULL && gauge(failing, TAG_WORD, 2, 22) == BUSKIN_COALESCED);
    take(evicting, TAG_WORD, 3);
    take(evicting, TAG_WORD, 1);
    take(failing, TAG_WORD, 1);
    take(failing, TAG_WORD, 22);
}

/* The holder waits for a value above 50; what it has set aside is replaced by one. */
static void asks_for_more_than_50(const void *args) { command(word_of(args), DO_TAKE_OVER, 50); }

static void a_replaced_message_is_looked_at_again(void) {
    uint64_t p = GAUGE(3), ref;
    for (uint64_t key = 1; key <= 3; key++) EXPECT(gauge(p, TAG_WORD, key, key) == BUSKIN_OK);
    START(BUSKIN_SPAWN_MONITOR, &ref, p, asks_for_more_than_50);
    while (info_of(p).mailbox_length != 3) buskin_actor_sleep(1); /* it has taken the request */
    buskin_actor_sleep(1);
    EXPECT(gauge(p, TAG_WORD, 2, 60) == BUSKIN_COALESCED);
    EXPECT(expect_word(TAG_WORD) == 60);
    EXPECT(await_down(ref) != NULL);
    take(p, TAG_WORD, 1);
    take(p, TAG_WORD, 3);
}

/* Skips the first, and looks at the second while the first is replaced. */
static void looks_while_another_is_replaced(const void *args) {
    uint64_t out = word_of(args), self = buskin_actor_self();
    buskin_receive_t r = {.timeout_ms = 20000};
    EXPECT(value_of(buskin_receive_peek(&r)) == 1);
    buskin_receive_skip(&r);
    EXPECT(value_of(buskin_receive_peek(&r)) == 2);
    tell(out, TAG_GO, 0);
    while (info_of(self).mailbox_coalesced == 0) buskin_actor_yield(); /* as if preempted here */
    buskin_receive_skip(&r);
    const void *m = buskin_receive_peek(&r);
    EXPECT(m && value_of(m) == 60);
    buskin_receive_drop(&r);
    tell(out, TAG_DONE, 0);
}

/* Once it was passed over: going on behind the message that it looked at, the receive never saw the new one. */
static void a_message_replaced_before_the_one_looked_at_is_seen(void) {
    uint64_t p = SPAWN(buskin_actor_self(), looks_while_another_is_replaced, .mailbox_capacity = 3,
                       .mailbox_policy = BUSKIN_POLICY_COALESCE, .mailbox_key = offsetof(reading_t, key));
    EXPECT(gauge(p, TAG_WORD, 1, 1) == BUSKIN_OK);
    EXPECT(gauge(p, TAG_WORD, 2, 2) == BUSKIN_OK);
    EXPECT(expect_word(TAG_GO) == 0);
    EXPECT(gauge(p, TAG_WORD, 1, 60) == BUSKIN_COALESCED);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* More keys than the map holds inline, with messages of other keys in between, in a ring that grows and is packed. */
static void many_keys(void) {
    enum { KEYS = 60, SENT = 400 };
    static uint64_t last[KEYS];
    uint64_t p = GAUGE(KEYS, .mailbox_fallback = BUSKIN_POLICY_FAIL), x = 88172645463325252u;
    for (uint64_t i = 0; i < KEYS; i++) EXPECT(gauge(p, TAG_WORD, i, last[i] = i + 1) == BUSKIN_OK);
    for (uint64_t i = 1; i <= SENT; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        EXPECT(gauge(p, TAG_WORD, x % KEYS, last[x % KEYS] = 1000 + i) == BUSKIN_COALESCED);
    }
    for (uint64_t i = 0; i < KEYS; i++) take(p, TAG_WORD, last[i]);
    EXPECT(info_of(p).mailbox_coalesced == SENT && info_of(p).mailbox_accepted == KEYS);
}

/* -- Timers: nobody waits for their sends -- */

static void a_timer_to_a_full_mailbox_is_dropped(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK), value = 2, first = 1;
    EXPECT(buskin_send(p, TAG_WORD, &rows_word, &first) == BUSKIN_OK);
    EXPECT(buskin_timer_send_after(p, 1, TAG_WORD, &rows_word, &value) != 0);
    while (info_of(p).mailbox_dropped != 1) buskin_actor_sleep(1);
    take(p, TAG_WORD, 1);
    EXPECT(buskin_timer_send_after(p, 1, TAG_WORD, &rows_word, &value) != 0);
    take(p, TAG_WORD, 2);
    EXPECT(attempts_of(p) == 3);
}

/* -- Descriptors -- */

static void bad_options_are_refused(void) {
    static buskin_spawn_desc_t d = {.size = sizeof d, .entry = ends_at_once, .priority = BUSKIN_NORMAL};
    d.mailbox_capacity = BUSKIN_MAILBOX_MAX + 1ull;
    EXPECT(buskin_spawn(&d, NULL, 0, NULL) == 0);
    d.mailbox_capacity = BUSKIN_MAILBOX_MAX;
    d.mailbox_policy = BUSKIN_POLICY_COALESCE + 1;
    EXPECT(buskin_spawn(&d, NULL, 0, NULL) == 0);
    d.mailbox_policy = BUSKIN_POLICY_COALESCE;
    d.mailbox_fallback = BUSKIN_POLICY_COALESCE;
    EXPECT(buskin_spawn(&d, NULL, 0, NULL) == 0);
    d.mailbox_fallback = BUSKIN_POLICY_FAIL;
    uint64_t p = buskin_spawn(&d, NULL, 0, NULL);
    EXPECT(p != 0);
    finish(p);
    EXPECT(buskin_send_word(p, TAG_WORD, 1) == BUSKIN_OK); /* dead: dropped */
}

static const scenario_t scenarios[] = {
    {"S10.1", the_bound_is_exact},
    {"S10.1", one_is_a_capacity},
    {"S10.3", each_policy_has_its_status},
    {"S10.3 S10.7", a_refused_graph_counts_once},
    {"S10.5", signals_do_not_count},
    {"S10.5", replies_and_downs_reach_a_full_mailbox},
    {"S10.4", same_key_is_replaced_in_place},
    {"S10.4", fallbacks},
    {"S10.4 S5.1", a_replaced_message_is_looked_at_again},
    {"S10.4 S5.1", a_message_replaced_before_the_one_looked_at_is_seen},
    {"S10.4 S10.7", many_keys},
    {"S10.3 S7.3", a_timer_to_a_full_mailbox_is_dropped},
    {"S10.1", bad_options_are_refused},
};

int main(int argc, char **argv) { return rows_main(argc, argv, scenarios, COUNT(scenarios)); }
