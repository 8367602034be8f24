/* Bounded mailboxes: senders that wait for space (S10.2), and the order of what they send (S10.6). */
#include "bounded.h"

enum { ROOM = 3, MANY = 40 };

/* -- S10.2: who waits, and until when -- */

typedef struct job {
    uint64_t to, from, n, out;
} job_t;
static const buskin_desc_t job_desc = {.size = sizeof(job_t), .name = "job"};

/* Sends from, from + 1, ...; then says the first status that was not OK, and ends. */
static void sends(const void *args) {
    const job_t *job = args;
    int32_t status = BUSKIN_OK;
    for (uint64_t i = 0; i < job->n && status == BUSKIN_OK; i++)
        status = buskin_send_word(job->to, TAG_WORD, job->from + i);
    tell(job->out, TAG_DONE, (uint64_t)(int64_t)status);
}

static void says_how_it_ended(void *state, const buskin_notice_t *why) {
    (void)why;
    tell(*(const uint64_t *)state, TAG_OTHER, 0);
}

/* The same; when it is ended by others, it says so. */
static void sends_and_tells(const void *args) {
    uint64_t *out = buskin_gc_alloc_actor(sizeof *out, 8);
    *out = ((const job_t *)args)->out;
    buskin_actor_set_state(out);
    sends(args);
}

static uint64_t sender(void (*entry)(const void *), uint64_t to, uint64_t from, uint64_t n, uint64_t *ref) {
    static buskin_spawn_desc_t descs[2] = {
        {.size = sizeof *descs, .entry = sends, .args = &job_desc, .priority = BUSKIN_NORMAL},
        {.size = sizeof *descs,
         .entry = sends_and_tells,
         .args = &job_desc,
         .terminate = says_how_it_ended,
         .priority = BUSKIN_NORMAL}};
    job_t job = {.to = to, .from = from, .n = n, .out = buskin_actor_self()};
    uint64_t pid = buskin_spawn(&descs[entry == sends_and_tells], &job, ref ? BUSKIN_SPAWN_MONITOR : 0, ref);
    EXPECT(pid != 0);
    return pid;
}

/* One message comes in for each that is taken; the worker goes on meanwhile: this very actor runs on it. */
static void a_sender_waits_for_space(void) {
    uint64_t p = HOLDER(ROOM, BUSKIN_POLICY_BLOCK);
    sender(sends, p, 1, 2 * ROOM, NULL);
    for (uint64_t i = 1; i <= ROOM; i++) {
        await_senders(p, 1);
        buskin_process_info_t info = info_of(p);
        EXPECT(info.mailbox_length == ROOM && info.mailbox_accepted == ROOM + i - 1);
        take(p, TAG_WORD, i);
    }
    EXPECT(await_word(TAG_DONE) == BUSKIN_OK);
    for (uint64_t i = ROOM + 1; i <= 2 * ROOM; i++) take(p, TAG_WORD, i);
    EXPECT(attempts_of(p) == 2 * ROOM && info_of(p).mailbox_senders == 0);
}

static void the_oldest_sender_comes_first(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK);
    EXPECT(buskin_send_word(p, TAG_WORD, 1) == BUSKIN_OK);
    for (uint64_t i = 1; i <= 5; i++) {
        sender(sends, p, 1 + i, 1, NULL);
        await_senders(p, (uint32_t)i);
    }
    for (uint64_t i = 1; i <= 6; i++) {
        command(p, DO_TAKE, 1);
        EXPECT(await_word(TAG_WORD) == i);
    }
    for (int i = 0; i < 5; i++) EXPECT(await_word(TAG_DONE) == BUSKIN_OK);
}

static void the_receivers_end_is_told(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK);
    for (int i = 0; i < 3; i++) sender(sends, p, 1, 5, NULL);
    await_senders(p, 3);
    finish(p);
    for (int i = 0; i < 3; i++) EXPECT(await_word(TAG_DONE) == (uint64_t)(int64_t)BUSKIN_ENOPROC);
}

static void a_killed_sender_takes_its_message_back(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK), refs[3], pids[3];
    EXPECT(buskin_send_word(p, TAG_WORD, 1) == BUSKIN_OK);
    for (uint64_t i = 0; i < 3; i++) {
        pids[i] = sender(sends, p, 10 * (i + 1), 1, &refs[i]);
        await_senders(p, (uint32_t)i + 1);
    }
    buskin_actor_exit_signal(pids[1], BUSKIN_REASON_KILL, NULL, 0);
    EXPECT(is_notice(await_down(refs[1]), BUSKIN_MSG_DOWN, pids[1], refs[1], BUSKIN_REASON_KILLED));
    buskin_process_info_t info = info_of(p);
    EXPECT(info.mailbox_senders == 2 && info.mailbox_failed == 1);
    take(p, TAG_WORD, 1);
    command(p, DO_TAKE, 2);
    EXPECT(await_word(TAG_WORD) == 10 && await_word(TAG_WORD) == 30);
    EXPECT(await_down(refs[0]) && await_down(refs[2]));
    EXPECT(attempts_of(p) == 4 && info_of(p).mailbox_accepted == 3);
}

/* S2.11: terminate runs, may send to others, and nothing that the sender waited to say comes after. */
static void an_ended_sender_terminates_in_order(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK), ref, pid = sender(sends_and_tells, p, 1, 2, &ref);
    await_senders(p, 1);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    EXPECT(expect_word(TAG_OTHER) == 0);
    EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_SHUTDOWN));
    take(p, TAG_WORD, 1);
    EXPECT(info_of(p).mailbox_length == 0 && info_of(p).mailbox_failed == 1);
}

/* Kills race with the space that a take makes: a sender is in, or it failed; nothing is counted twice, nothing is lost. */
static void kills_race_with_takes(void) {
    uint64_t p = HOLDER(1, BUSKIN_POLICY_BLOCK), refs[4], fillers[4], pids[4], taken = 0;
    for (uint64_t i = 0; i < 4; i++) pids[i] = sender(sends, p, 1, 3, &refs[i]);
    await_senders(p, 4);
    for (uint64_t i = 0; i < 4; i++, taken++) {
        buskin_actor_exit_signal(pids[i], i % 2 ? BUSKIN_REASON_KILL : BUSKIN_REASON_SHUTDOWN, NULL, 0);
        command(p, DO_TAKE, 1);
        sender(sends, p, 1, 1, &fillers[i]); /* so that there is always one to take */
    }
    for (uint64_t i = 0; i < 4; i++) EXPECT(await_down(refs[i]));
    for (uint64_t ended = 0; ended < 4;) {
        if (await_notice(BUSKIN_MSG_DOWN, fillers[ended], 1)) {
            ended++;
        } else if (info_of(p).mailbox_length) {
            command(p, DO_TAKE, 1);
            taken++;
        }
    }
    buskin_process_info_t info = info_of(p);
    EXPECT(info.mailbox_dropped == 0 && info.mailbox_accepted == taken + info.mailbox_length);
}

static void to_oneself_is_refused(const void *args) {
    uint64_t self = buskin_actor_self();
    for (uint64_t i = 0; i < ROOM; i++) EXPECT(buskin_send_word(self, TAG_WORD, i) == BUSKIN_OK);
    EXPECT(buskin_send_word(self, TAG_WORD, ROOM) == BUSKIN_EFULL);
    EXPECT(info_of(self).mailbox_failed == 1);
    for (uint64_t i = 0; i < ROOM; i++) EXPECT(expect_word(TAG_WORD) == i); /* S1.6 */
    EXPECT(mailbox_is_empty());
    EXPECT(buskin_send_word(self, TAG_WORD, 7) == BUSKIN_OK && expect_word(TAG_WORD) == 7);
    tell(word_of(args), TAG_DONE, 0);
}

static void a_send_to_oneself_does_not_wait(void) {
    SPAWN(buskin_actor_self(), to_oneself_is_refused, .mailbox_capacity = ROOM, .mailbox_policy = BUSKIN_POLICY_BLOCK);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* -- S10.6: one stream per pair, across kinds -- */

static void talks_and_exits(const void *args) {
    uint64_t to = word_of(args);
    for (uint64_t i = 1; i <= MANY; i++) {
        tell(to, TAG_WORD, i);
        if (i % 4 == 0) buskin_actor_exit_signal(to, (uint32_t)(BUSKIN_REASON_USER + i), NULL, 0);
    }
}

/* The talker often waits; its signals, and at last its end, stay behind its messages. */
static void listens(const void *args) {
    buskin_actor_trap_exit(1);
    uint64_t ref, talker = START(BUSKIN_SPAWN_MONITOR | BUSKIN_SPAWN_LINK, &ref, buskin_actor_self(), talks_and_exits);
    for (uint64_t i = 1; i <= MANY; i++) {
        EXPECT(expect_word(TAG_WORD) == i);
        if (i % 4 == 0) EXPECT(is_exit(buskin_actor_receive(PATIENCE), talker, (uint32_t)(BUSKIN_REASON_USER + i)));
    }
    EXPECT(is_exit(buskin_actor_receive(PATIENCE), talker, BUSKIN_REASON_NORMAL));
    EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, talker, ref, BUSKIN_REASON_NORMAL));
    tell(word_of(args), TAG_DONE, 0);
}

static void no_kind_overtakes_another(void) {
    SPAWN(buskin_actor_self(), listens, .mailbox_capacity = ROOM, .mailbox_policy = BUSKIN_POLICY_BLOCK);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* -- S10.7, S1.2: many senders, one slow receiver that selects -- */

enum { SENDERS = 5, EACH = 30, STEP = 1000 };

static void counts_in_order(const void *args) {
    uint64_t next[SENDERS] = {0};
    for (uint64_t got = 0; got < SENDERS * EACH; got++) {
        buskin_receive_t r = {.timeout_ms = -1};
        const void *m = buskin_receive_peek(&r);
        if (got % 3 == 0 && m) { /* the second, if there is one */
            buskin_receive_t poll = {.timeout_ms = 0};
            buskin_receive_peek(&poll);
            buskin_receive_skip(&poll);
            if (buskin_receive_peek(&poll)) buskin_receive_skip(&poll);
            buskin_receive_peek(&poll);
        }
        r.state = 0;
        m = buskin_receive_peek(&r);
        uint64_t v = value_of(m);
        EXPECT(v % STEP == next[v / STEP]);
        next[v / STEP]++;
        buskin_receive_drop(&r);
        EXPECT(info_of(buskin_actor_self()).mailbox_length <= ROOM);
    }
    buskin_process_info_t info = info_of(buskin_actor_self());
    EXPECT(info.mailbox_accepted == SENDERS * EACH && info.mailbox_senders == 0);
    EXPECT(info.mailbox_failed + info.mailbox_dropped + info.mailbox_coalesced == 0);
    tell(word_of(args), TAG_DONE, 0);
}

static void each_senders_order_holds(void) {
    uint64_t p =
        SPAWN(buskin_actor_self(), counts_in_order, .mailbox_capacity = ROOM, .mailbox_policy = BUSKIN_POLICY_BLOCK);
    for (uint64_t i = 0; i < SENDERS; i++) sender(sends, p, i * STEP, EACH, NULL);
    for (uint64_t i = 0; i < SENDERS + 1; i++) EXPECT(await_word(TAG_DONE) == BUSKIN_OK);
}

static const scenario_t scenarios[] = {
    {"S10.1 S10.2", a_sender_waits_for_space},
    {"S10.2", the_oldest_sender_comes_first},
    {"S10.2", the_receivers_end_is_told},
    {"S10.2 S10.7 S2.10", a_killed_sender_takes_its_message_back},
    {"S10.2 S2.11", an_ended_sender_terminates_in_order},
    {"S10.2 S10.7", kills_race_with_takes},
    {"S10.2 S1.6", a_send_to_oneself_does_not_wait},
    {"S10.6 S1.2", no_kind_overtakes_another},
    {"S10.2 S10.7 S1.2", each_senders_order_holds},
};

int main(int argc, char **argv) { return rows_main(argc, argv, scenarios, COUNT(scenarios)); }
