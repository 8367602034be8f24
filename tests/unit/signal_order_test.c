/* Signals and their order: section 1 of the semantics. */
#include "rows.h"

enum { MANY = 100 };

/* -- S1.1, S1.5: every kind of signal takes effect on an actor that never looks -- */

static void signals_act_on_a_busy_actor(void) {
    uint64_t ref, watched = 0, busy = START(BUSKIN_SPAWN_MONITOR, &ref, 0, spinner);
    EXPECT(buskin_actor_is_alive(busy) == 1);
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_actor_link(busy) == 0);
    EXPECT((watched = buskin_actor_monitor(busy)) != 0);
    tell(busy, TAG_WORD, 1);
    EXPECT(buskin_process_info(busy, &info) == 0);
    EXPECT(info.links == 1 && info.watchers == 2 && info.mailbox_length == 1);
    EXPECT(buskin_actor_unlink(busy) == 0);
    EXPECT(buskin_actor_demonitor(watched, 0) == 0);
    EXPECT(buskin_process_info(busy, &info) == 0);
    EXPECT(info.links == 0 && info.watchers == 1);
    EXPECT(buskin_actor_register("busy", 4, busy) == 0);
    EXPECT(buskin_actor_exit_signal(busy, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, busy, ref, BUSKIN_REASON_SHUTDOWN));
    EXPECT(buskin_actor_whereis("busy", 4) == 0);
}

/* -- S1.2: one stream per pair, across kinds -- */

static void talks_then_ends(const void *args) {
    for (uint64_t i = 0; i < MANY; i++) tell(word_of(args), TAG_WORD, i);
}

static void last_words_come_before_down(void) {
    uint64_t ref, talker = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), talks_then_ends);
    for (uint64_t i = 0; i < MANY; i++) EXPECT(expect_word(TAG_WORD) == i);
    EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, talker, ref, BUSKIN_REASON_NORMAL));
    EXPECT(mailbox_is_empty());
}

static void talks_and_exits(const void *args) {
    uint64_t to = word_of(args);
    for (uint64_t i = 0; i < MANY; i++) {
        tell(to, TAG_WORD, i);
        if (i % 8 == 0) buskin_actor_exit_signal(to, (uint32_t)(BUSKIN_REASON_USER + i), NULL, 0);
        if (i % 16 == 0) buskin_reduction_check();
    }
}

/* A message never overtakes an exit signal, nor the other way round. */
static void exits_and_messages_keep_their_order(void) {
    buskin_actor_trap_exit(1);
    uint64_t talker = SPAWN(buskin_actor_self(), talks_and_exits);
    for (uint64_t i = 0; i < MANY; i++) {
        EXPECT(expect_word(TAG_WORD) == i);
        if (i % 8 == 0) EXPECT(is_exit(buskin_actor_receive(PATIENCE), talker, (uint32_t)(BUSKIN_REASON_USER + i)));
    }
}

/* The link comes after the messages and before the exit that it makes. */
static void talks_links_ends(const void *args) {
    tell(word_of(args), TAG_WORD, 1);
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    tell(word_of(args), TAG_WORD, 2);
    buskin_actor_exit(BUSKIN_REASON_USER, "why", 3);
}

static void links_keep_their_place(void) {
    buskin_actor_trap_exit(1);
    uint64_t talker = SPAWN(buskin_actor_self(), talks_links_ends);
    EXPECT(expect_word(TAG_WORD) == 1);
    EXPECT(expect_word(TAG_WORD) == 2);
    const void *m = buskin_actor_receive(PATIENCE);
    EXPECT(is_exit(m, talker, BUSKIN_REASON_USER));
    EXPECT(notice_of(m)->length == 3 && !memcmp(bytes_of(m), "why", 3));
}

/* -- S1.3: pid, name and call reference are one destination -- */

static void talks_by_name(const void *args) {
    for (uint64_t i = 0; i < MANY; i++) tell(i % 2 ? word_of(args) : buskin_actor_whereis("here", 4), TAG_WORD, i);
}

static void name_and_pid_are_one_stream(void) {
    EXPECT(buskin_actor_register("here", 4, buskin_actor_self()) == 0);
    SPAWN(buskin_actor_self(), talks_by_name);
    for (uint64_t i = 0; i < MANY; i++) EXPECT(expect_word(TAG_WORD) == i);
}

static void tells_then_replies(const void *args) {
    (void)args;
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        buskin_request_t request = *(const buskin_request_t *)data_of(m);
        uint64_t one = 1;
        tell(request.from, TAG_WORD, 7);
        EXPECT(buskin_reply(request.from, request.ref, &rows_word, &one) == 0);
    }
}

static void reply_and_message_are_one_stream(void) {
    static const buskin_desc_t empty = {.size = sizeof(buskin_request_t), .name = "request"};
    uint64_t server = SPAWN(0, tells_then_replies);
    for (int i = 0; i < 10; i++) {
        buskin_request_t request = {0};
        int32_t status;
        const void *m = buskin_call(server, TAG_GO, &empty, &request, PATIENCE, &status);
        EXPECT(m && status == 0 && kind_of(m) == BUSKIN_MSG_REPLY);
        m = buskin_actor_receive(0); /* sent before the reply, so it is there */
        EXPECT(m && tag_of(m) == TAG_WORD && value_of(m) == 7);
    }
}

/* -- S1.4: causal order along a chain -- */

static void relays(const void *args) {
    for (;;) {
        uint64_t i = value_of(buskin_actor_receive(-1));
        tell(word_of(args), TAG_WORD, 2 * i + 1);
    }
}

/* Always ready, never waiting: what comes from another worker lies in its remote list until its next turn, while the relay at
 * its own worker can put a message right into its queue. */
static void checks_chain(const void *args) {
    for (uint64_t i = 0; i < 2 * MANY;) {
        const void *m = buskin_actor_receive(0);
        if (m) EXPECT(value_of(m) == i++);
        buskin_actor_yield();
    }
    tell(word_of(args), TAG_DONE, 0);
}

/* Takes turns, so that the others wait for theirs. */
static void yielder(const void *args) {
    (void)args;
    for (;;) buskin_actor_yield();
}

static void chains_keep_causal_order(void) {
    for (int i = 0; i < 16; i++) SPAWN(0, yielder);
    uint64_t last = SPAWN(buskin_actor_self(), checks_chain), middle = SPAWN(last, relays);
    for (uint64_t i = 0; i < MANY; i++) {
        tell(last, TAG_WORD, 2 * i);
        tell(middle, TAG_GO, i);
        /* the relay's message must be on its way before the next of ours, or there is no order between them */
        buskin_process_info_t info = {.size = sizeof info};
        do EXPECT(buskin_process_info(middle, &info) == 0);
        while (info.mailbox_length || info.state != BUSKIN_PROCESS_WAITING);
    }
    EXPECT(expect_word(TAG_DONE) == 0);
    buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0); /* and with it all others */
}

/* -- S1.5, S1.7 -- */

static void exit_then_alive_is_false(void) {
    for (int i = 0; i < 50; i++) {
        uint64_t pid = i % 2 ? SPAWN(0, idler) : SPAWN(0, spinner);
        EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
        EXPECT(buskin_actor_is_alive(pid) == 0);
    }
}

/* -- S1.6 -- */

static void own_message_is_there_at_once(void) {
    for (uint64_t i = 0; i < MANY; i++) {
        tell(buskin_actor_self(), TAG_WORD, i);
        const void *m = buskin_actor_receive(0);
        EXPECT(m && value_of(m) == i);
    }
    EXPECT(mailbox_is_empty());
}

/* -- S1.8 -- */

static void services_are_many(void) {
    uint64_t one = 1, two = 2;
    EXPECT(buskin_timer_send_after(buskin_actor_self(), 2, TAG_WORD, &rows_word, &one) != 0);
    EXPECT(buskin_timer_send_after(buskin_actor_self(), 2, TAG_WORD, &rows_word, &two) != 0);
    EXPECT(buskin_actor_register("s", 1, buskin_actor_self()) == 0);
    uint64_t a = expect_word(TAG_WORD), b = expect_word(TAG_WORD);
    EXPECT(a + b == 3 && a != b); /* both, in any order */
}

/* -- S1.9 -- */

static void dead_ends(const void *args) { (void)args; }

static void sends_to_nobody_are_dropped(void) {
    uint64_t ref, dead = START(BUSKIN_SPAWN_MONITOR, &ref, 0, dead_ends);
    EXPECT(await_down(ref) != NULL);
    const uint64_t nobody[] = {dead, 0, UINT64_MAX, dead ^ 1ull << 40, 0x7fffffff00000001u, 12345};
    for (unsigned i = 0; i < COUNT(nobody); i++) {
        EXPECT(buskin_send_word(nobody[i], TAG_WORD, 1) == BUSKIN_OK);
        EXPECT(buskin_actor_send(nobody[i], "bytes", 5) == BUSKIN_OK);
        EXPECT(buskin_send(nobody[i], TAG_WORD, &rows_word, &dead) == BUSKIN_OK);
    }
    EXPECT(buskin_actor_whereis("nobody", 6) == 0); /* an unknown name: the sender learns of it before it sends */
    EXPECT(mailbox_is_empty());
}

/* -- S1.10: values -- */

static void says_its_argument(const void *args) {
    const uint64_t *words = args;
    buskin_reduction_check();
    tell(words[0], TAG_WORD, words[1]);
}

static void all_that_is_sent_is_copied(void) {
    uint64_t value = 1, args[2] = {buskin_actor_self(), 5};
    EXPECT(buskin_send(buskin_actor_self(), TAG_WORD, &rows_word, &value) == 0);
    EXPECT(buskin_actor_send(buskin_actor_self(), &value, sizeof value) == 0);
    EXPECT(buskin_timer_send_after(buskin_actor_self(), 1, TAG_OTHER, &rows_word, &value) != 0);
    value = 2;
    EXPECT(expect_word(TAG_WORD) == 1);
    const void *m = buskin_actor_receive(0);
    EXPECT(m && length_of(m) == 8 && value_of(m) == 1 && tag_of(m) == 1); /* untyped: the tag is the first 8 bytes */
    EXPECT(expect_word(TAG_OTHER) == 1);
    EXPECT(buskin_actor_spawn(says_its_argument, args, sizeof args, BUSKIN_NORMAL) != 0);
    args[1] = 6;
    EXPECT(expect_word(TAG_WORD) == 5);
    char why[] = "why";
    buskin_actor_trap_exit(1);
    EXPECT(buskin_actor_exit_signal(buskin_actor_self(), BUSKIN_REASON_USER, why, 3) == 0);
    why[0] = 'x';
    m = await_exit();
    EXPECT(m && !memcmp(bytes_of(m), "why", 3));
}

/* -- S1.11: nothing jumps the queue -- */

static void await_length(uint64_t n) {
    buskin_process_info_t info = {.size = sizeof info};
    do EXPECT(buskin_process_info(buskin_actor_self(), &info) == 0);
    while (info.mailbox_length < n);
}

static void every_kind_goes_to_the_end(void) {
    uint64_t self = buskin_actor_self(), dead = SPAWN(0, idler), ref, n = 0;
    finish(dead);
    buskin_actor_trap_exit(1);
    tell(self, TAG_WORD, ++n);
    EXPECT((ref = buskin_actor_monitor(dead)) != 0);
    await_length(2);
    tell(self, TAG_WORD, ++n);
    EXPECT(buskin_actor_link(dead) == 0);
    await_length(4);
    tell(self, TAG_WORD, ++n);
    uint64_t value = 99;
    EXPECT(buskin_timer_send_after(self, 0, TAG_OTHER, &rows_word, &value) != 0);
    await_length(6);
    tell(self, TAG_WORD, ++n);
    EXPECT(expect_word(TAG_WORD) == 1);
    EXPECT(is_notice(buskin_actor_receive(0), BUSKIN_MSG_DOWN, dead, ref, BUSKIN_REASON_NOPROC));
    EXPECT(expect_word(TAG_WORD) == 2);
    EXPECT(is_exit(buskin_actor_receive(0), dead, BUSKIN_REASON_NOPROC));
    EXPECT(expect_word(TAG_WORD) == 3);
    EXPECT(expect_word(TAG_OTHER) == 99);
    EXPECT(expect_word(TAG_WORD) == 4);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S1.1 S1.5", signals_act_on_a_busy_actor},
        {"S1.2", last_words_come_before_down},
        {"S1.2", exits_and_messages_keep_their_order},
        {"S1.2", links_keep_their_place},
        {"S1.3", name_and_pid_are_one_stream},
        {"S1.3", reply_and_message_are_one_stream},
        {"S1.4", chains_keep_causal_order},
        {"S1.7 S1.5", exit_then_alive_is_false},
        {"S1.6", own_message_is_there_at_once},
        {"S1.8", services_are_many},
        {"S1.9", sends_to_nobody_are_dropped},
        {"S1.11", every_kind_goes_to_the_end},
        {"S1.10", all_that_is_sent_is_copied},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
