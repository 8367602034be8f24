/* Calls: section 8 of the semantics. */
#include "rows.h"

typedef struct question {
    buskin_request_t request;
    uint64_t value;
} question_t;

static const buskin_desc_t question_desc = {.size = sizeof(question_t), .name = "question"};

static const void *ask_value(uint64_t server, uint64_t value, int64_t timeout_ms, int32_t *status) {
    question_t q = {.value = value};
    *status = 12345;
    return buskin_call(server, TAG_GO, &question_desc, &q, timeout_ms, status);
}

static const question_t *next_question(void) {
    const void *m = buskin_actor_receive(-1);
    EXPECT(kind_of(m) == BUSKIN_MSG_CALL && tag_of(m) == TAG_GO && length_of(m) == sizeof(question_t));
    return data_of(m);
}

static void answer(const question_t *q, uint64_t value) {
    EXPECT(buskin_reply(q->request.from, q->request.ref, &rows_word, &value) == 0);
}

static void doubles(const void *args) {
    (void)args;
    for (;;) {
        const question_t *q = next_question();
        answer(q, 2 * q->value);
    }
}

/* -- S8.1 -- */

static void a_call_gets_its_reply_and_leaves_nothing(void) {
    uint64_t self = buskin_actor_self(), server = SPAWN(0, doubles);
    int32_t status;
    for (uint64_t i = 0; i < 20; i++) {
        tell(self, TAG_WORD, i); /* stays where it is */
        const void *m = ask_value(server, i, i % 2 ? PATIENCE : -1, &status);
        EXPECT(m && status == BUSKIN_OK && kind_of(m) == BUSKIN_MSG_REPLY && value_of(m) == 2 * i);
    }
    for (uint64_t i = 0; i < 20; i++) EXPECT(expect_word(TAG_WORD) == i);
    EXPECT(mailbox_is_empty());
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(self, &info) == 0 && info.monitors == 0);
    EXPECT(buskin_process_info(server, &info) == 0 && info.watchers == 0);
}

static void ends_in_the_middle(const void *args) {
    next_question();
    buskin_actor_exit((uint32_t)word_of(args), "why", 3);
}

static void the_servers_end_gives_its_reason(void) {
    static const uint32_t codes[] = {BUSKIN_REASON_NORMAL, BUSKIN_REASON_SHUTDOWN, BUSKIN_REASON_KILLED,
                                     BUSKIN_REASON_USER + 8};
    int32_t status;
    for (unsigned i = 0; i < COUNT(codes); i++) {
        uint64_t server = SPAWN(codes[i], ends_in_the_middle);
        const void *m = ask_value(server, 1, PATIENCE, &status);
        EXPECT(m && status == BUSKIN_ENOPROC && kind_of(m) == BUSKIN_MSG_DOWN);
        EXPECT(notice_of(m)->from == server && notice_of(m)->code == codes[i] && notice_of(m)->length == 3);
        m = ask_value(server, 1, PATIENCE, &status); /* dead now */
        EXPECT(m && status == BUSKIN_ENOPROC && notice_of(m)->code == BUSKIN_REASON_NOPROC);
        EXPECT(mailbox_is_empty());
    }
    const uint64_t nobody[] = {0, UINT64_MAX, 77};
    for (unsigned i = 0; i < COUNT(nobody); i++) {
        const void *m = ask_value(nobody[i], 1, -1, &status);
        EXPECT(m && status == BUSKIN_ENOPROC && notice_of(m)->code == BUSKIN_REASON_NOPROC);
    }
    EXPECT(mailbox_is_empty());
}

/* An EXIT of the server that the caller is linked to is a message apart. */
static void a_call_and_a_link(void) {
    buskin_actor_trap_exit(1);
    int32_t status;
    uint64_t server = START(BUSKIN_SPAWN_LINK, NULL, BUSKIN_REASON_USER, ends_in_the_middle);
    const void *m = ask_value(server, 1, PATIENCE, &status);
    EXPECT(m && kind_of(m) == BUSKIN_MSG_DOWN && notice_of(m)->code == BUSKIN_REASON_USER);
    EXPECT(is_exit(await_exit(), server, BUSKIN_REASON_USER));
    EXPECT(mailbox_is_empty());
}

/* -- S8.2: late replies -- */

static void answers_when_told(const void *args) {
    const question_t *q = next_question();
    uint64_t from = q->request.from, ref = q->request.ref, late = 99;
    tell(word_of(args), TAG_OTHER, ref);
    const uint64_t tag = TAG_DONE; /* selective, as another call may come first */
    const void *m = buskin_receive_tags(&tag, 1, -1);
    EXPECT(m != NULL);
    EXPECT(buskin_reply(from, ref, &rows_word, &late) == 0);
    tell(from, TAG_WORD, 1); /* after it: when this is there, the reply would be */
}

static void a_late_reply_never_arrives(void) {
    uint64_t self = buskin_actor_self();
    for (int64_t timeout = 0; timeout < 3; timeout += 2) {
        int32_t status;
        uint64_t server = SPAWN(self, answers_when_told);
        EXPECT(ask_value(server, 1, timeout, &status) == NULL && status == BUSKIN_ETIMEOUT);
        await_word(TAG_OTHER);
        tell(server, TAG_DONE, 0);
        EXPECT(expect_word(TAG_WORD) == 1);
        EXPECT(mailbox_is_empty());
    }
}

/* A reply that races the timeout is the call's result or is never seen. */
static void answers_late(const void *args) {
    (void)args;
    for (;;) {
        const question_t *q = next_question();
        uint64_t from = q->request.from, ref = q->request.ref, value = q->value;
        buskin_actor_sleep((int64_t)(value % 3));
        EXPECT(buskin_reply(from, ref, &rows_word, &value) == 0);
    }
}

static void each_call_has_its_own_answer(void) {
    RARELY(4);
    uint64_t server = SPAWN(0, answers_late);
    int32_t status;
    for (uint64_t i = 0; i < 12; i++) {
        const void *m = ask_value(server, i, 1, &status);
        EXPECT(m ? status == BUSKIN_OK && value_of(m) == i : status == BUSKIN_ETIMEOUT);
    }
    const void *m = ask_value(server, 100, PATIENCE, &status); /* all earlier replies were sent before this one */
    EXPECT(m && value_of(m) == 100);
    EXPECT(mailbox_is_empty());
}

/* -- What else happens to a caller -- */

static void answers_after_words(const void *args) {
    (void)args;
    const question_t *q = next_question();
    for (uint64_t i = 0; i < 3; i++) tell(q->request.from, TAG_WORD, i);
    answer(q, 7);
    tell(q->request.from, TAG_WORD, 3);
}

/* Whatever its mailbox takes. */
static void calls_once(const void *args) {
    int32_t status;
    const void *m = ask_value(SPAWN(0, answers_after_words), 1, PATIENCE, &status);
    EXPECT(m && value_of(m) == 7);
    for (uint64_t i = 0; i < 4; i++) EXPECT(expect_word(TAG_WORD) == i);
    EXPECT(mailbox_is_empty());
    tell(word_of(args), TAG_DONE, 0);
}

static void messages_stay_during_a_call(void) {
    uint64_t self = buskin_actor_self();
    calls_once(&self);
    EXPECT(expect_word(TAG_DONE) == 0);
    SPAWN(self, calls_once, .mailbox_capacity = 4, .mailbox_policy = BUSKIN_POLICY_BLOCK);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* Two questions: tells of the first, which it answers only after the second has come, and too late. */
static void answers_both_at_the_second(const void *args) {
    const question_t *first = next_question();
    tell(word_of(args), TAG_GO, first->request.from);
    const question_t *second = next_question();
    answer(first, 1);
    answer(second, 2);
    idler(NULL);
}

static uint64_t late_server, told_by_terminate;

static void calls_again(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    int32_t status;
    const void *m = ask_value(late_server, 2, PATIENCE, &status);
    tell(told_by_terminate, TAG_DONE, m ? value_of(m) : 0);
}
static void calls_for_ever(const void *args) {
    int32_t status;
    ask_value(word_of(args), 1, -1, &status);
    EXPECT(!"answered");
}

static void a_call_of_terminate_gets_its_own_reply(void) {
    told_by_terminate = buskin_actor_self();
    uint64_t server = late_server = SPAWN(buskin_actor_self(), answers_both_at_the_second);
    uint64_t caller = SPAWN(server, calls_for_ever, .terminate = calls_again);
    EXPECT(expect_word(TAG_GO) == caller);
    EXPECT(buskin_actor_exit_signal(caller, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
    EXPECT(expect_word(TAG_DONE) == 2);
    buskin_process_info_t info = {.size = sizeof info, .watchers = 1};
    while (info.watchers) EXPECT(buskin_process_info(server, &info) == 0); /* the caller's end reaches it */
    finish(server);
}

/* The reply came, and the end before the caller's next turn: what the callback asks was answered by the reply. */
static void answers_and_ends_the_caller(const void *args) {
    (void)args;
    const question_t *q = next_question();
    uint64_t from = q->request.from;
    answer(q, 1);
    EXPECT(buskin_actor_exit_signal(from, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
}
static void asks_of_the_dead(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    tell(told_by_terminate, TAG_DONE, (uint64_t)buskin_actor_is_alive(77));
}
static void calls_and_idles(const void *args) {
    int32_t status;
    ask_value(word_of(args), 1, -1, &status);
    idler(NULL);
}

static void terminate_gets_no_answer_that_came_before(void) {
    told_by_terminate = buskin_actor_self();
    uint64_t server = SPAWN(0, answers_and_ends_the_caller);
    SPAWN(server, calls_and_idles, .terminate = asks_of_the_dead);
    EXPECT(expect_word(TAG_DONE) == 0);
}

/* -- S8.3: to oneself -- */

static void a_call_to_oneself_is_refused(void) {
    int32_t status;
    EXPECT(ask_value(buskin_actor_self(), 1, -1, &status) == NULL && status == BUSKIN_EINVAL);
    EXPECT(mailbox_is_empty());
    question_t q = {.value = 1};
    static const buskin_desc_t too_small = {.size = 8, .name = "small"};
    uint64_t server = SPAWN(0, doubles);
    EXPECT(buskin_call(server, TAG_GO, NULL, &q, 0, &status) == NULL && status == BUSKIN_EINVAL);
    EXPECT(buskin_call(server, TAG_GO, &question_desc, NULL, 0, &status) == NULL && status == BUSKIN_EINVAL);
    EXPECT(buskin_call(server, TAG_GO, &too_small, &q, 0, &status) == NULL && status == BUSKIN_EINVAL);
    EXPECT(buskin_call(server, TAG_GO, &question_desc, &q, -1, NULL) != NULL); /* status may be missing */
}

/* -- S8.4: the reference is the caller's alias -- */

static void replies_twice(const void *args) {
    (void)args;
    const question_t *q = next_question();
    uint64_t from = q->request.from, ref = q->request.ref;
    answer(q, 1);
    answer(q, 2);                                                  /* the alias has ended */
    EXPECT(buskin_reply(from, ref + 256, &rows_word, &from) == 0); /* no alias */
    EXPECT(buskin_reply(from, 0, &rows_word, &from) == 0);         /* none either */
    EXPECT(buskin_reply(0, ref, &rows_word, &from) == 0);          /* to nobody */
    EXPECT(buskin_reply(UINT64_MAX, UINT64_MAX, &rows_word, &from) == 0);
    EXPECT(buskin_reply(from, ref, &rows_word, NULL) == BUSKIN_EINVAL);
    tell(from, TAG_WORD, 3);
}

static void an_alias_ends_with_the_first_reply(void) {
    int32_t status;
    const void *m = ask_value(SPAWN(0, replies_twice), 1, PATIENCE, &status);
    EXPECT(m && value_of(m) == 1);
    EXPECT(expect_word(TAG_WORD) == 3);
    EXPECT(mailbox_is_empty());
}

/* Whoever has the reference may answer: the server hands it on. */
static void hands_on(const void *args) {
    const question_t *q = next_question();
    uint64_t words[2] = {q->request.from, q->request.ref};
    EXPECT(buskin_actor_send(word_of(args), words, sizeof words) == 0);
    for (;;) buskin_actor_receive(-1);
}
static void answers_for_another(const void *args) {
    (void)args;
    const uint64_t *words = data_of(buskin_actor_receive(-1));
    uint64_t value = 55;
    EXPECT(buskin_reply(words[0], words[1], &rows_word, &value) == 0);
}

static void a_delegate_may_answer(void) {
    int32_t status;
    uint64_t delegate = SPAWN(0, answers_for_another), server = SPAWN(delegate, hands_on);
    const void *m = ask_value(server, 1, PATIENCE, &status);
    EXPECT(m && status == BUSKIN_OK && value_of(m) == 55);
    EXPECT(mailbox_is_empty());
}

/* One's own aliases: for requests that are no calls. */
static void replies_to_alias(const void *args) {
    const uint64_t *words = data_of(buskin_actor_receive(-1));
    uint64_t first = 10, second = 11;
    EXPECT(buskin_reply(words[0], words[1], &rows_word, &first) == 0);
    EXPECT(buskin_reply(words[0], words[1], &rows_word, &second) == 0);
    tell(word_of(args), TAG_DONE, 0);
}

static void aliases_are_for_one_reply(void) {
    uint64_t self = buskin_actor_self(), alias = buskin_actor_alias(), other = buskin_actor_alias();
    EXPECT(alias && other && alias != other);
    EXPECT(buskin_actor_unalias(other) == 0 && buskin_actor_unalias(other) == BUSKIN_ENOTFOUND);
    const uint64_t refs[] = {alias, other}; /* the second is switched off: nothing comes */
    for (int i = 0; i < 2; i++) {
        uint64_t words[2] = {self, refs[i]}, server = SPAWN(self, replies_to_alias);
        EXPECT(buskin_actor_send(server, words, sizeof words) == 0);
        await_word(TAG_DONE);
        const void *m = buskin_actor_receive(0);
        EXPECT(i ? m == NULL : m && kind_of(m) == BUSKIN_MSG_REPLY && tag_of(m) == alias && value_of(m) == 10);
        EXPECT(mailbox_is_empty());
    }
    EXPECT(buskin_actor_unalias(alias) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_actor_unalias(0) == BUSKIN_ENOTFOUND && buskin_actor_unalias(UINT64_MAX) == BUSKIN_ENOTFOUND);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S8.1", a_call_gets_its_reply_and_leaves_nothing},
        {"S8.1", the_servers_end_gives_its_reason},
        {"S8.1", a_call_and_a_link},
        {"S8.2", a_late_reply_never_arrives},
        {"S8.2", each_call_has_its_own_answer},
        {"S5.2 S8.1", messages_stay_during_a_call},
        {"S2.11 S8.2", a_call_of_terminate_gets_its_own_reply},
        {"S2.11 S8.1", terminate_gets_no_answer_that_came_before},
        {"S8.3", a_call_to_oneself_is_refused},
        {"S8.4", an_alias_ends_with_the_first_reply},
        {"S8.4", aliases_are_for_one_reply},
        {"S8.4", a_delegate_may_answer},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
