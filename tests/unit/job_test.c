/* Jobs: one result for the one who started it; its failure is a message (S8.1, S8.2). */
#include "supervised.h"

static const buskin_desc_t word_desc = {.size = 8, .name = "word"};

/* args: what to do, and a number for it. */
typedef struct task {
    uint64_t what, number;
} task_t;
enum { GIVE, GIVE_LATE, GIVE_TWICE, GIVE_NOTHING, GIVE_NO_DATA, FAIL, LEAVE, HANG };

static atomic_bool awaited_in_vain;

static void job_entry(const void *args) {
    const task_t task = *(const task_t *)args;
    uint64_t twice = 2 * task.number;
    switch (task.what) {
    case GIVE_LATE:
        while (!atomic_load(&awaited_in_vain)) buskin_actor_sleep(1);
        break;
    case GIVE_NOTHING: return;
    case GIVE_NO_DATA: EXPECT(buskin_job_finish(NULL, NULL) == BUSKIN_OK); return;
    case FAIL: buskin_actor_exit(BUSKIN_REASON_PANIC, "failed", 6);
    case LEAVE: buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0);
    case HANG: buskin_actor_sleep(3600000); break;
    default: break;
    }
    EXPECT(buskin_job_finish(&word_desc, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_job_finish(&word_desc, &twice) == BUSKIN_OK);
    if (task.what == GIVE_TWICE) EXPECT(buskin_job_finish(&word_desc, &task.number) == BUSKIN_OK); /* too late */
}

static const buskin_desc_t task_desc = {.size = sizeof(task_t), .name = "task"};
static const buskin_spawn_desc_t job_desc = {
    .size = sizeof job_desc, .entry = job_entry, .name = "job", .args = &task_desc, .priority = BUSKIN_NORMAL};

static uint64_t job(uint64_t what, uint64_t number) {
    const task_t task = {what, number};
    uint64_t pid = buskin_job_spawn(&job_desc, &task);
    EXPECT(pid != 0);
    return pid;
}

static uint32_t kind_of(const void *message) { return ((const buskin_message_header_t *)message - 1)->kind; }

static void expect_word(uint64_t pid, int64_t timeout, uint64_t word) {
    int32_t status;
    const uint64_t *m = buskin_job_await(pid, timeout, &status);
    if (!EXPECT(m && status == BUSKIN_OK)) return;
    EXPECT(kind_of(m) == BUSKIN_MSG_REPLY);
    EXPECT(m[1] == 8);
    EXPECT(m[2] == word);
    buskin_message_release(m);
}

static void expect_end(uint64_t pid, uint32_t code) {
    int32_t status;
    const buskin_message_t *m = buskin_job_await(pid, -1, &status);
    if (!EXPECT(m && status == BUSKIN_ENOPROC)) return;
    EXPECT(kind_of(m) == BUSKIN_MSG_DOWN);
    EXPECT(((const buskin_notice_t *)(m + 1))->code == code);
    buskin_message_release(m);
}

static void expect_none(uint64_t pid, int64_t timeout, int32_t wanted) {
    int32_t status;
    EXPECT(!buskin_job_await(pid, timeout, &status));
    EXPECT(status == wanted);
}

static void results(void) {
    expect_word(job(GIVE, 21), -1, 42);
    expect_word(job(GIVE_TWICE, 4), -1, 8);
    expect_end(job(GIVE_NOTHING, 0), BUSKIN_REASON_NORMAL);
    expect_end(job(FAIL, 0), BUSKIN_REASON_PANIC);
    expect_end(job(LEAVE, 0), BUSKIN_REASON_SHUTDOWN);
    int32_t status;
    const uint64_t *m = buskin_job_await(job(GIVE_NO_DATA, 0), -1, &status);
    EXPECT(m && status == BUSKIN_OK && m[1] == 0);
    uint64_t killed = job(HANG, 0);
    expect_none(killed, 0, BUSKIN_ETIMEOUT);
    expect_none(killed, 5, BUSKIN_ETIMEOUT); /* it goes on, and may be awaited again */
    buskin_actor_exit_signal(killed, BUSKIN_REASON_KILL, NULL, 0);
    expect_end(killed, BUSKIN_REASON_KILLED);
    expect_none(killed, -1, BUSKIN_ENOPROC); /* once */
    expect_none(buskin_actor_self(), -1, BUSKIN_ENOPROC);
    expect_none(0, -1, BUSKIN_ENOPROC);
}

/* Messages that came before stay, in order; what a job does in time is not lost. */
static void among_messages(void) {
    atomic_store(&awaited_in_vain, false);
    uint64_t late = job(GIVE_LATE, 20), self = buskin_actor_self();
    for (uint64_t i = 0; i < 3; i++) buskin_send_word(self, 1, i);
    expect_none(late, 1, BUSKIN_ETIMEOUT);
    atomic_store(&awaited_in_vain, true);
    expect_word(late, -1, 40);
    expect_word(job(GIVE, 1), -1, 2);
    for (uint64_t i = 0; i < 3; i++) EXPECT(take_word() == i);
    const char *left = buskin_actor_receive(0);
    EXPECT(!left);
}

static void thief(const void *args) { expect_none(*(const uint64_t *)args, -1, BUSKIN_ENOPROC); }

/* Only who started it can await it; awaited in any order, all at once. */
static void many(void) {
    enum { JOBS = 100 };
    uint64_t pids[JOBS], ref;
    static const buskin_spawn_desc_t thief_desc = {
        .size = sizeof thief_desc, .entry = thief, .args = &child_number, .priority = BUSKIN_NORMAL};
    for (uint64_t i = 0; i < JOBS; i++) pids[i] = job(i % 7 == 0 ? FAIL : GIVE, i);
    buskin_spawn(&thief_desc, &pids[1], BUSKIN_SPAWN_MONITOR, &ref);
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_NORMAL);
    for (uint64_t i = JOBS; i--;) {
        if (i % 7 == 0)
            expect_end(pids[i], BUSKIN_REASON_PANIC);
        else
            expect_word(pids[i], -1, 2 * i);
    }
}

static void body(const void *args) {
    (void)args;
    EXPECT(buskin_job_finish(NULL, NULL) == BUSKIN_EINVAL); /* this is no job */
    results();
    among_messages();
    many();
}

static void results_failures_and_timeouts_S8_1(void **state) {
    (void)state;
    everywhere(body);
}

static void from_the_thread_that_called_init_S8_1(void **state) {
    (void)state;
    int32_t status;
    assert_null(buskin_job_await(1, 0, &status));
    assert_int_equal(status, BUSKIN_ESTATE);
    assert_int_equal(buskin_job_spawn(&job_desc, &(task_t){0}), 0);
    start(2);
    results();
    among_messages();
    assert_int_equal(buskin_job_spawn(NULL, NULL), 0);
    assert_int_equal(buskin_job_spawn(&job_desc, NULL), 0);
    assert_int_equal(finish(), 0);
}

/* A parent that ends leaves its jobs alone, and their results go nowhere. */
static atomic_uint done;
static void last_words(const void *args) {
    (void)args;
    buskin_actor_sleep(10);
    EXPECT(buskin_job_finish(NULL, NULL) == BUSKIN_OK);
    atomic_fetch_add(&done, 1);
}
static void leaves_early(const void *args) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = last_words, .priority = BUSKIN_NORMAL};
    (void)args;
    for (int i = 0; i < 10; i++) EXPECT(buskin_job_spawn(&desc, NULL) != 0);
}

static void a_job_outlives_its_parent(void **state) {
    (void)state;
    const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) {
        atomic_store(&done, 0);
        run(workers[i], leaves_early, NULL, 0);
        assert_int_equal(atomic_load(&done), 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_failures_and_timeouts_S8_1),
        cmocka_unit_test(from_the_thread_that_called_init_S8_1),
        cmocka_unit_test(a_job_outlives_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
