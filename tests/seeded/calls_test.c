/* Calls, aliases, jobs and timers against their timeouts, and against the end of who should answer. LIMIT: 300 */
#include "seeded.h"

/* -- Calls -- */

enum { CALLERS = 3, CALLS = 5, HELD = 3 };

typedef struct question {
    buskin_request_t request;
    uint64_t value;
} question_t;
static const buskin_desc_t question_desc = {.size = sizeof(question_t), .name = "question"};

/* Answers some at once, and others later or in another order. */
static void answers(const void *args) {
    (void)args;
    question_t held[HELD];
    for (uint64_t n = 0;;) {
        const void *m = n < HELD ? buskin_actor_receive(n ? (int64_t)draw(3) : -1) : NULL;
        if (m) held[n++] = *(const question_t *)data_of(m);
        if (!n || (m && draw(2))) continue;
        question_t *q = &held[draw(n)];
        steps(1);
        uint64_t reply = 2 * q->value;
        EXPECT(buskin_reply(q->request.from, q->request.ref, &rows_word, &reply) == BUSKIN_OK);
        if (!draw(4)) EXPECT(buskin_reply(q->request.from, q->request.ref, &rows_word, &reply) == BUSKIN_OK);
        *q = held[--n];
    }
}

/* Each call has its own reply, the server's end, or a timeout that is not early; and nothing is left of it. */
static void calls(const void *args) {
    uint64_t server = word_of(args);
    bool gone = false;
    for (uint64_t i = 0; i < CALLS + 1; i++) {
        question_t q = {.value = draw(1000)};
        int64_t timeout = i < CALLS ? (int64_t)draw(4) : 20000, begun = buskin_now_ms();
        int32_t status = 1;
        const void *m = buskin_call(server, TAG_GO, &question_desc, &q, timeout, &status);
        if (!m) {
            EXPECT(status == BUSKIN_ETIMEOUT && i < CALLS && buskin_now_ms() - begun >= timeout);
        } else if (kind_of(m) == BUSKIN_MSG_REPLY) {
            EXPECT(status == BUSKIN_OK && !gone && value_of(m) == 2 * q.value);
        } else {
            EXPECT(status == BUSKIN_ENOPROC && kind_of(m) == BUSKIN_MSG_DOWN && notice_of(m)->from == server);
            uint32_t code = notice_of(m)->code;
            EXPECT(code == BUSKIN_REASON_NOPROC || (code == BUSKIN_REASON_KILLED && !gone));
            gone = true;
        }
        steps(2);
    }
    EXPECT(mailbox_is_empty());
    EXPECT(info_of(buskin_actor_self()).monitors == 0);
}

static void calls_against_timeouts_and_kills(void) {
    uint64_t refs[CALLERS], server = SPAWN(0, answers);
    for (int i = 0; i < CALLERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], server, calls);
    bool kills = draw(2);
    if (kills) SPAWN(server, killer);
    for (int i = 0; i < CALLERS; i++) {
        const void *m = await_down(refs[i]);
        EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
    }
    if (!kills) AWAIT(info_of(server).watchers == 0);
    finish(server);
    EXPECT(mailbox_is_empty());
}

/* -- Aliases -- */

static void replies_to_an_alias(const void *args) {
    uint64_t ref = word_of(args), word = 7;
    steps(5);
    EXPECT(buskin_reply(boss, ref, &rows_word, &word) == BUSKIN_OK);
    tell(boss, TAG_DONE, 0); /* behind the reply */
}

/* The first of two replies comes, unless the alias is off before; then none. */
static void aliases_against_late_replies(void) {
    boss = buskin_actor_self();
    uint64_t ref = buskin_actor_alias(), came = 0;
    EXPECT(ref != 0);
    for (int i = 0; i < 2; i++) SPAWN(ref, replies_to_an_alias);
    steps(5);
    bool off = draw(2);
    if (off) {
        int32_t status = buskin_actor_unalias(ref);
        EXPECT(status == BUSKIN_OK || status == BUSKIN_ENOTFOUND);
        came = left_over(BUSKIN_MSG_REPLY, ref);
        EXPECT(came == (status == BUSKIN_ENOTFOUND));
        EXPECT(buskin_actor_unalias(ref) == BUSKIN_ENOTFOUND);
    }
    for (int i = 0; i < 2; i++) await_word(TAG_DONE);
    EXPECT(left_over(BUSKIN_MSG_REPLY, ref) == !off);
    EXPECT(mailbox_is_empty());
}

/* -- Jobs -- */

enum { GIVES, GIVES_TWICE, GIVES_NOTHING, FAILS, HANGS, WAYS };

static void works(const void *args) {
    uint64_t way = word_of(args) % WAYS, result = word_of(args);
    steps(4);
    switch (way) {
    case GIVES_TWICE:
        EXPECT(buskin_job_finish(&rows_word, &result) == BUSKIN_OK);
        result++;
        break;
    case GIVES_NOTHING: return;
    case FAILS: buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
    case HANGS: buskin_actor_receive(-1); break;
    default: break;
    }
    EXPECT(buskin_job_finish(&rows_word, &result) == BUSKIN_OK);
    steps(2);
    if (draw(2)) buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0); /* after its result: of no interest */
}

static void awaits(uint64_t pid, uint64_t task, bool killed) {
    const void *m;
    int32_t status;
    do {
        int64_t timeout = (int64_t)draw(4), begun = buskin_now_ms();
        m = buskin_job_await(pid, timeout, &status);
        EXPECT(m || (status == BUSKIN_ETIMEOUT && buskin_now_ms() - begun >= timeout));
        steps(1);
    } while (!m);
    uint64_t way = task % WAYS;
    if (kind_of(m) == BUSKIN_MSG_REPLY) {
        EXPECT(status == BUSKIN_OK && (way == GIVES || way == GIVES_TWICE) && value_of(m) == task);
    } else {
        EXPECT(status == BUSKIN_ENOPROC && kind_of(m) == BUSKIN_MSG_DOWN && notice_of(m)->from == pid);
        uint32_t code = notice_of(m)->code;
        EXPECT((killed && code == BUSKIN_REASON_KILLED) || (way == FAILS && code == BUSKIN_REASON_USER) ||
               (way == GIVES_NOTHING && code == BUSKIN_REASON_NORMAL));
    }
    EXPECT(!buskin_job_await(pid, 0, &status) && status == BUSKIN_ENOPROC);
}

/* Exactly one of result and end, however often it is awaited, and whatever comes after it. */
static void jobs_against_timeouts_and_kills(void) {
    enum { JOBS = 3 };
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = works, .name = "job", .args = &rows_word, .priority = BUSKIN_NORMAL};
    uint64_t pids[JOBS], tasks[JOBS];
    bool killed[JOBS];
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = draw(100);
        pids[i] = buskin_job_spawn(&desc, &tasks[i]);
        EXPECT(pids[i] != 0);
        killed[i] = tasks[i] % WAYS == HANGS || !draw(3);
        if (killed[i]) SPAWN(pids[i], killer);
    }
    for (int i = 0; i < JOBS; i++) awaits(pids[i], tasks[i], killed[i]);
    EXPECT(mailbox_is_empty());
    EXPECT(info_of(buskin_actor_self()).monitors == 0);
}

/* -- Timers -- */

enum { TIMERS = 6 };
static _Atomic uint64_t timer_refs[TIMERS], timer_cancelled[TIMERS];

static void cancel(uint64_t i) {
    uint64_t ref = atomic_load(&timer_refs[i]);
    int64_t left = buskin_timer_cancel(ref);
    EXPECT((left >= 0 && left <= 4) || left == BUSKIN_ENOTFOUND);
    if (left >= 0) EXPECT(atomic_fetch_add(&timer_cancelled[i], 1) == 0);
    EXPECT(buskin_timer_cancel(ref) == BUSKIN_ENOTFOUND);
}

static void cancels(const void *args) {
    (void)args;
    for (uint64_t i = 0; i < TIMERS; i++) {
        steps(1);
        cancel(draw(TIMERS));
    }
}

/* Each timer is cancelled once or heard of once, and not before its time. */
static void timers_against_cancels(void) {
    uint64_t self = buskin_actor_self(), ref, heard[TIMERS] = {0};
    int64_t due[TIMERS];
    for (uint64_t i = 0; i < TIMERS; i++) {
        int64_t ms = (int64_t)draw(4);
        due[i] = buskin_now_ms() + ms;
        atomic_store(&timer_cancelled[i], 0);
        atomic_store(&timer_refs[i], buskin_timer_send_after(self, ms, TAG_WORD, &rows_word, &i));
        EXPECT(atomic_load(&timer_refs[i]) != 0);
    }
    START(BUSKIN_SPAWN_MONITOR, &ref, 0, cancels);
    for (uint64_t i = draw(4); i; i--) {
        steps(2);
        cancel(draw(TIMERS));
    }
    EXPECT(await_down(ref) != NULL);
    uint64_t expected = TIMERS;
    for (int i = 0; i < TIMERS; i++) expected -= atomic_load(&timer_cancelled[i]);
    for (; expected; expected--) {
        uint64_t i = await_word(TAG_WORD);
        EXPECT(i < TIMERS && !heard[i]++ && !atomic_load(&timer_cancelled[i]));
        EXPECT(buskin_now_ms() >= due[i]);
    }
    buskin_actor_sleep(8);
    EXPECT(mailbox_is_empty());
}

static void takes_ticks(const void *args) {
    for (uint64_t n = word_of(args); n; n--) EXPECT(buskin_actor_receive(20000) != NULL);
}

/* A timer's target may end before it fires, while it does, or after. */
static void timers_against_the_end_of_their_target(void) {
    uint64_t ref, wanted = draw(TIMERS), zero = 0, pid = START(BUSKIN_SPAWN_MONITOR, &ref, wanted, takes_ticks);
    for (int i = 0; i < TIMERS; i++) {
        uint64_t timer = buskin_timer_send_after(pid, (int64_t)draw(4), TAG_WORD, &rows_word, &zero);
        EXPECT(timer != 0);
        steps(1);
    }
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S8.1 S8.2 S5.6", calls_against_timeouts_and_kills}, {"S8.2 S8.4", aliases_against_late_replies},
        {"S8.1 S8.2", jobs_against_timeouts_and_kills},       {"S7.1 S7.2", timers_against_cancels},
        {"S7.3", timers_against_the_end_of_their_target},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
