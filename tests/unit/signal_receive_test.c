/* Receives: section 5 of the semantics, and what a message says of itself (S11.4). */
#include "rows.h"

static uint64_t self_info_length(void) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(buskin_actor_self(), &info) == 0);
    return info.mailbox_length;
}

static const void *receive_either(uint64_t a, uint64_t b, int64_t timeout_ms) {
    const uint64_t tags[] = {a, b};
    return buskin_receive_tags(tags, 2, timeout_ms);
}

/* -- S5.1: the oldest that any arm takes -- */

static void sends_many(const void *args) {
    for (uint64_t i = 0; i < 50; i++) tell(word_of(args), TAG_WORD + i % 3, i);
    tell(word_of(args), TAG_DONE, 0);
}

static void the_queues_order_beats_the_arms(void) {
    uint64_t self = buskin_actor_self();
    SPAWN(self, sends_many);
    for (uint64_t i = 0; i < 50; i++) {
        if (i % 3 == 1) continue;
        const void *m = receive_either(TAG_WORD + 2, TAG_WORD, PATIENCE); /* the later arm's message is older */
        EXPECT(m && value_of(m) == i && tag_of(m) == TAG_WORD + i % 3);
    }
    for (uint64_t i = 1; i < 50; i += 3) EXPECT(expect_word(TAG_WORD + 1) == i); /* S5.2: the others, in order */
    expect_word(TAG_DONE);
    EXPECT(mailbox_is_empty());
}

/* -- S5.2: any number of selective receives leaves the rest in order -- */

static void selections_keep_the_rest(void) {
    enum { N = 200 };
    uint64_t self = buskin_actor_self();
    bool taken[N] = {false};
    for (uint64_t i = 0; i < N; i++) tell(self, TAG_WORD + i, i);
    uint32_t x = 12345;
    for (int round = 0; round < N / 2; round++) {
        x = x * 1664525 + 1013904223;
        uint64_t tag = TAG_WORD + (x >> 8) % N;
        const void *m = buskin_receive_tags(&tag, 1, 0);
        EXPECT(taken[tag - TAG_WORD] ? m == NULL : m && value_of(m) == tag - TAG_WORD);
        taken[tag - TAG_WORD] = true;
        if (round % 10 == 0) { /* by hand, from behind: skip all but the last that is there */
            buskin_receive_t r = {.timeout_ms = 0};
            while (buskin_receive_peek(&r)) buskin_receive_skip(&r);
        }
    }
    for (uint64_t i = 0; i < N; i++)
        if (!taken[i]) EXPECT(expect_word(TAG_WORD + i) == i);
    EXPECT(mailbox_is_empty());
}

/* -- S5.3: timeout 0 -- */

static void timeout_zero_looks_at_all_once(void) {
    uint64_t self = buskin_actor_self(), tag = TAG_OTHER;
    EXPECT(buskin_actor_receive(0) == NULL);
    for (uint64_t i = 0; i < 30; i++) tell(self, TAG_WORD, i);
    EXPECT(buskin_receive_tags(&tag, 1, 0) == NULL);
    tell(self, TAG_OTHER, 77); /* the last */
    const void *m = buskin_receive_tags(&tag, 1, 0);
    EXPECT(m && value_of(m) == 77);
    EXPECT(buskin_receive_tags(&tag, 1, 0) == NULL && self_info_length() == 30);
}

/* -- S5.4: finite timeouts -- */

static void pesters(const void *args) {
    for (uint64_t i = 0; i < 8; i++) {
        buskin_actor_sleep(2);
        tell(word_of(args), TAG_WORD, i);
    }
}

static void a_timeout_is_never_early_and_misses_do_not_restart_it(void) {
    RARELY(4);
    uint64_t ref, tag = TAG_OTHER;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), pesters);
    int64_t began = buskin_now_ms();
    EXPECT(buskin_receive_tags(&tag, 1, 9) == NULL);
    int64_t took = buskin_now_ms() - began;
    EXPECT(took >= 9);
    if (getenv("BUSKIN_SEED"))
        EXPECT(took < 9 + 5); /* with virtual time, the length of the pestering does not hide it */
    EXPECT(await_down(ref) != NULL);
    for (uint64_t i = 0; i < 8; i++) EXPECT(expect_word(TAG_WORD) == i);
}

/* A match stops the clock for good: the next receive waits its own time. */
static void a_match_stops_the_clock(void) {
    RARELY(4);
    uint64_t self = buskin_actor_self(), tag = TAG_OTHER, zero = 0;
    EXPECT(buskin_timer_send_after(self, 1, TAG_WORD, &rows_word, &zero) != 0);
    const void *m = buskin_actor_receive(3);
    EXPECT(m || buskin_actor_receive(PATIENCE)); /* on a busy machine it may be late */
    int64_t began = buskin_now_ms();
    EXPECT(buskin_receive_tags(&tag, 1, 8) == NULL);
    EXPECT(buskin_now_ms() - began >= 8);
}

/* -- S5.5: infinite, and the range -- */

static void sends_after(const void *args) {
    buskin_actor_sleep(2);
    tell(word_of(args), TAG_WORD, 5);
}

static void every_timeout_waits_for_what_comes(void) {
    RARELY(10);
    const int64_t timeouts[] = {-1, -2, INT64_MIN, 1ll << 31, UINT32_MAX, 1ll << 32, INT64_MAX};
    uint64_t tag = TAG_WORD, self = buskin_actor_self();
    for (unsigned i = 0; i < COUNT(timeouts); i++) {
        SPAWN(self, sends_after);
        EXPECT(buskin_actor_receive(timeouts[i]) != NULL);
        SPAWN(self, sends_after);
        EXPECT(buskin_receive_tags(&tag, 1, timeouts[i]) != NULL);
        EXPECT(mailbox_is_empty());
    }
}

/* What cannot be leaves the queue as it is. */
static void bad_receives_leave_the_queue(void) {
    uint64_t self = buskin_actor_self(), tag = TAG_WORD;
    for (uint64_t i = 0; i < 3; i++) tell(self, TAG_WORD, i);
    EXPECT(buskin_receive_tags(NULL, 1, 0) == NULL);
    EXPECT(buskin_receive_tags(&tag, 0, -1) == NULL);
    buskin_receive_t r = {.timeout_ms = 0};
    buskin_receive_take(&r); /* nothing was peeked */
    buskin_receive_drop(&r);
    EXPECT(self_info_length() == 3);
    while (buskin_receive_peek(&r)) buskin_receive_skip(&r);
    buskin_receive_take(&r); /* the receive is over */
    buskin_receive_drop(&r);
    for (uint64_t i = 0; i < 3; i++) EXPECT(expect_word(TAG_WORD) == i);
    EXPECT(mailbox_is_empty());
}

/* -- S5.6: exactly one of the two -- */

static void sends_at_the_last_moment(const void *args) {
    for (uint64_t i = 0; i < 10; i++) {
        buskin_actor_sleep(1);
        tell(word_of(args), TAG_WORD, i);
    }
}

static void a_receive_ends_once(void) {
    RARELY(4);
    uint64_t ref, next = 0;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), sends_at_the_last_moment);
    for (int i = 0; i < 14; i++) { /* each receive has a message or none; none is lost or doubled */
        int64_t began = buskin_now_ms();
        const uint64_t tag = TAG_WORD;
        const void *m = buskin_receive_tags(&tag, 1, 1);
        if (m)
            EXPECT(value_of(m) == next++);
        else
            EXPECT(buskin_now_ms() - began >= 1); /* no stale timer ended it */
    }
    EXPECT(await_down(ref) != NULL);
    while (next < 10) EXPECT(expect_word(TAG_WORD) == next++);
    EXPECT(mailbox_is_empty());
}

/* -- S5.7: a call behind a backlog; what it costs is compared, in CPU time, with one that has none -- */

enum { BACKLOG = 100000, CALLS = 300 };

static void answers(const void *args) {
    (void)args;
    uint64_t one = 1;
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        const buskin_request_t *request = data_of(m);
        EXPECT(buskin_reply(request->from, request->ref, &rows_word, &one) == 0);
    }
}

static uint64_t cpu_of_calls(uint64_t server) {
    static const buskin_desc_t empty = {.size = sizeof(buskin_request_t), .name = "request"};
    struct timespec t[2];
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[0]);
    for (int i = 0; i < CALLS; i++) {
        buskin_request_t request = {0};
        const void *m = buskin_call(server, TAG_GO, &empty, &request, PATIENCE, NULL);
        EXPECT(m && kind_of(m) == BUSKIN_MSG_REPLY && value_of(m) == 1);
        buskin_message_release(m);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t[1]);
    return (uint64_t)(t[1].tv_sec - t[0].tv_sec) * 1000000000u + (uint64_t)t[1].tv_nsec - (uint64_t)t[0].tv_nsec;
}

static void a_call_does_not_scan_the_backlog(void) {
    if (rows_round++ || getenv("BUSKIN_SEED")) return;
    uint64_t server = SPAWN(0, answers), self = buskin_actor_self(), without = UINT64_MAX, with = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t took = cpu_of_calls(server);
        if (took < without) without = took;
    }
    for (uint64_t i = 0; i < BACKLOG; i++) tell(self, TAG_WORD, i);
    for (int i = 0; i < 3; i++) {
        uint64_t took = cpu_of_calls(server);
        if (took < with) with = took;
    }
    EXPECT(with < 50 * without); /* a scan would take some thousand times as long */
    EXPECT(self_info_length() == BACKLOG);
}

/* -- S11.4: kinds are out of band -- */

static void forges(const void *args) {
    uint64_t to = word_of(args);
    buskin_notice_t notice = {.from = to, .ref = 1, .code = BUSKIN_REASON_KILLED};
    buskin_message_header_t header = {.kind = BUSKIN_MSG_EXIT};
    EXPECT(buskin_actor_send(to, &notice, sizeof notice) == 0);
    EXPECT(buskin_actor_send(to, &header, sizeof header) == 0);
    for (uint64_t tag = 0; tag < 100; tag++) tell(to, tag, tag); /* the kinds' and the signals' numbers among them */
    EXPECT(buskin_reply(to, 12345, &rows_word, &to) == 0);       /* of no call: dropped */
    tell(to, TAG_DONE, 0);
}

static void no_bytes_pass_for_a_system_record(void) {
    SPAWN(buskin_actor_self(), forges);
    for (int i = 0; i < 103; i++) {
        const void *m = buskin_actor_receive(PATIENCE);
        EXPECT(m && kind_of(m) == BUSKIN_MSG_USER);
        if (i == 102) EXPECT(tag_of(m) == TAG_DONE);
    }
    EXPECT(mailbox_is_empty());
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S5.1 S5.2", the_queues_order_beats_the_arms},
        {"S5.2", selections_keep_the_rest},
        {"S5.3", timeout_zero_looks_at_all_once},
        {"S5.4", a_timeout_is_never_early_and_misses_do_not_restart_it},
        {"S5.4", a_match_stops_the_clock},
        {"S5.5", every_timeout_waits_for_what_comes},
        {"S5.5", bad_receives_leave_the_queue},
        {"S5.6", a_receive_ends_once},
        {"S5.7", a_call_does_not_scan_the_backlog},
        {"S11.4", no_bytes_pass_for_a_system_record},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
