/* external: the thread that called init, plain threads, and calls at the wrong time or in the wrong place. */
#include "runtime_test.h"

#include <pthread.h>

static const buskin_desc_t word = {.size = 8, .name = "word"};

/* -- Main's receive -- */

static void echo(const void *args) {
    uint64_t to = *(const uint64_t *)args;
    for (uint64_t n; (n = take_word());) buskin_send_word(to, 1, n);
}
static void answer_late(const void *args) {
    buskin_actor_sleep(30);
    buskin_send_word(*(const uint64_t *)args, 1, 5);
}

static void test_main_receives(void **state) {
    (void)state;
    start(2);
    uint64_t self = buskin_actor_self();
    assert_int_not_equal(self, 0);
    assert_null(buskin_actor_receive(0));
    int64_t began = buskin_now_ms();
    assert_null(buskin_actor_receive(20));
    assert_true(buskin_now_ms() - began >= 20);
    buskin_actor_spawn(answer_late, &self, 8, BUSKIN_NORMAL);
    const uint64_t *m = buskin_actor_receive(-1);
    assert_true(m && m[2] == 5 && (uintptr_t)m % 16 == 0);
    uint64_t pid = buskin_actor_spawn(echo, &self, 8, BUSKIN_NORMAL);
    for (uint64_t i = 1; i <= 2000 * ROUNDS; i++) {
        assert_int_equal(buskin_send_word(pid, 1, i), BUSKIN_OK);
        m = buskin_actor_receive(60000);
        assert_true(m && m[2] == i);
        if (i % 2) buskin_message_release(m);
    }
    for (uint64_t i = 1; i <= 10; i++) buskin_actor_send(self, &i, 8); /* to itself */
    const uint64_t wanted = 7;
    m = buskin_receive_tags(&wanted, 1, 0);
    assert_true(m && m[2] == 7);
    for (uint64_t i = 1; i <= 10; i++)
        if (i != 7) assert_int_equal(((const uint64_t *)buskin_actor_receive(0))[2], i);
    assert_null(buskin_actor_receive(0));
    buskin_send_word(pid, 1, 0);
    assert_int_equal(finish(), 0);
}

typedef struct question {
    buskin_request_t request;
    uint64_t answers; /* how often */
} question_t;
static const buskin_desc_t question_desc = {.size = sizeof(question_t), .name = "question"};

static void answers(const void *args) {
    (void)args;
    for (;;) {
        const question_t *q = (const question_t *)((const buskin_message_t *)buskin_actor_receive(-1) + 1);
        for (uint64_t i = 0; i < q->answers; i++) buskin_reply(q->request.from, q->request.ref, &word, &i);
    }
}

/* Ends when it is asked. */
static void only_ends(const void *args) {
    (void)args;
    EXPECT(buskin_actor_receive(-1) != NULL);
    buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
}

static const void *main_asks(uint64_t pid, uint64_t n, int64_t timeout_ms, int32_t *status) {
    question_t q = {.answers = n};
    return buskin_call(pid, 9, &question_desc, &q, timeout_ms, status);
}

static void test_main_calls(void **state) {
    (void)state;
    assert_int_equal(buskin_rt_init_actor(1), BUSKIN_OK);
    int32_t status;
    uint64_t server = buskin_actor_spawn(answers, NULL, 0, BUSKIN_NORMAL);
    uint64_t mortal = buskin_actor_spawn(only_ends, NULL, 0, BUSKIN_NORMAL);
    buskin_send_word(buskin_actor_self(), 1, 5); /* stays where it is */
    for (uint64_t i = 1; i <= 3; i++) {
        const buskin_message_t *m =
            main_asks(server, i, i % 2 ? -1 : 100000, &status); /* all but the first reply are too late */
        assert_true(m && status == BUSKIN_OK && *(const uint64_t *)(const void *)(m + 1) == 0);
        assert_null(main_asks(server, 0, (int64_t)i - 1, &status));
        assert_int_equal(status, BUSKIN_ETIMEOUT);
        assert_true(main_asks(mortal, 0, -1, &status) && status == BUSKIN_ENOPROC);
    }
    assert_null(main_asks(buskin_actor_self(), 0, -1, &status));
    assert_int_equal(status, BUSKIN_EINVAL);
    assert_int_equal(take_word(), 5);
    assert_null(buskin_actor_receive(0));
    buskin_actor_exit_signal(server, BUSKIN_REASON_KILL, NULL, 0);
    finish();
}

static void test_main_has_a_heap(void **state) {
    (void)state;
    start(1);
    for (uint64_t align = 1; align <= 4096; align *= 2) {
        char *p = buskin_gc_alloc_actor(100, align);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % align, 0);
        for (int i = 0; i < 100; i++) assert_int_equal(p[i], 0);
        memset(p, 1, 100);
    }
    assert_non_null(buskin_alloc(&word));
    assert_null(buskin_gc_alloc_actor(8, 3));
    assert_null(buskin_gc_alloc_actor(8, 0));
    assert_null(buskin_gc_alloc_actor(8, 8192));
    assert_null(buskin_gc_alloc_actor(UINT64_MAX, 8));
    assert_null(buskin_gc_alloc_actor(UINT64_MAX - 7, 4096));
    finish();
}

/* -- Plain threads -- */

static _Atomic uint64_t sum;
static void add_up(const void *args) {
    uint64_t left = *(const uint64_t *)args;
    while (left--) atomic_fetch_add(&sum, take_word());
}

static void *send_many(void *pid) {
    for (uint64_t i = 1; i <= 1000; i++) {
        EXPECT(buskin_send_word((uint64_t)(uintptr_t)pid, 1, i) == BUSKIN_OK);
        EXPECT(buskin_actor_send(12345, "x", 1) == BUSKIN_OK);
    }
    return NULL;
}

static void test_plain_threads_send(void **state) {
    (void)state;
    atomic_store(&sum, 0);
    start(2);
    buskin_rt_keepalive(1);
    uint64_t n = 4000, pid = buskin_actor_spawn(add_up, &n, 8, BUSKIN_NORMAL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, send_many, (void *)(uintptr_t)pid);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    buskin_rt_keepalive(-1);
    finish();
    assert_int_equal(atomic_load(&sum), 4 * 500500);
}

/* What a thread without a pid may not do is answered, whatever the time. */
static void *try_everything(void *unused) {
    (void)unused;
    buskin_receive_t r = {.timeout_ms = 0};
    uint64_t value = 1;
    EXPECT(buskin_actor_self() == 0);
    EXPECT(buskin_context() != NULL && buskin_context()->pid == 0);
    EXPECT(!buskin_actor_receive(-1));
    EXPECT(!buskin_receive_peek(&r));
    EXPECT(!buskin_receive_tags(&value, 1, -1));
    buskin_receive_skip(&r), buskin_receive_take(&r), buskin_receive_drop(&r);
    buskin_message_release(NULL);
    EXPECT(buskin_send(1, 1, &word, &value) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_sleep(1) == BUSKIN_ESTATE);
    EXPECT(buskin_foreign_enter() == BUSKIN_ESTATE);
    buskin_foreign_leave();
    EXPECT(buskin_blocking_call((void (*)(void *))(uintptr_t)try_everything, NULL) == BUSKIN_ESTATE);
    EXPECT(buskin_rt_run_scheduler() == BUSKIN_ESTATE);
    buskin_reduction_check(), buskin_reduction_slow(), buskin_actor_yield(), buskin_actor_set_state(NULL);
    EXPECT(buskin_actor_link(1) == BUSKIN_ESTATE && buskin_actor_unlink(1) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_monitor(1) == 0);
    EXPECT(buskin_actor_demonitor(1, 0) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_is_alive(1) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_trap_exit(1) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_register("x", 1, 1) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_unregister("x", 1) != BUSKIN_OK);
    EXPECT(buskin_timer_send_after(1, 1, 1, &word, &value) == 0);
    EXPECT(buskin_gc_collect() == BUSKIN_ESTATE);
    EXPECT(buskin_heap_stats(NULL) == BUSKIN_ESTATE);
    EXPECT(buskin_process_info(1, NULL) == BUSKIN_ESTATE || buskin_process_info(1, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_unique_ref() != 0);
    EXPECT(!strcmp(buskin_version(), "0.1.0"));
    return NULL;
}

static void all_is_down(void) {
    uint64_t value = 1;
    EXPECT(buskin_actor_send(1, &value, 8) == BUSKIN_ESTATE);
    EXPECT(buskin_send_word(1, 1, 1) == BUSKIN_ESTATE);
    EXPECT(!buskin_actor_spawn(echo, &value, 8, BUSKIN_NORMAL));
    EXPECT(buskin_rt_shutdown(0) == BUSKIN_ESTATE);
    EXPECT(buskin_rt_keepalive(1) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_whereis("x", 1) == 0);
    try_everything(NULL);
}

static void test_calls_before_init_and_after_the_end(void **state) {
    (void)state;
    atomic_store(&expectations_failed, 0);
    all_is_down();
    for (int round = 0; round < 3; round++) {
        start(2);
        assert_int_equal(buskin_rt_init_actor(1), BUSKIN_ESTATE);
        pthread_t thread;
        pthread_create(&thread, NULL, try_everything, NULL);
        pthread_join(thread, NULL);
        finish();
        all_is_down();
        assert_int_equal(atomic_load(&expectations_failed), 0);
    }
}

/* -- Bad arguments, from an actor -- */

static void bad_arguments(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), value = 1;
    EXPECT(buskin_actor_send(self, NULL, 8) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_send(self, NULL, 0) == BUSKIN_OK && buskin_actor_receive(0) != NULL);
    EXPECT(buskin_actor_send(self, &value, UINT64_MAX) == BUSKIN_ENOMEM);
    EXPECT(buskin_send(self, 1, &word, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_sleep(1ll << 40) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_sleep(-1) == BUSKIN_OK && buskin_actor_sleep(0) == BUSKIN_OK);
    EXPECT(buskin_rt_keepalive(0) == BUSKIN_EINVAL && buskin_rt_keepalive(2) == BUSKIN_EINVAL);
    EXPECT(buskin_rt_keepalive(-1) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_rt_keepalive(1) == BUSKIN_OK && buskin_rt_keepalive(-1) == BUSKIN_OK);
    EXPECT(buskin_rt_keepalive(-1) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_rt_run_scheduler() == BUSKIN_ESTATE);
    EXPECT(buskin_rt_init_actor(1) == BUSKIN_ESTATE);
    EXPECT(!buskin_gc_alloc_actor(8, 24) && !buskin_gc_alloc_actor(UINT64_MAX, 16));
    EXPECT(buskin_heap_stats(NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_process_info(self, NULL) == BUSKIN_EINVAL);
    buskin_process_info_t info = {.size = 1};
    EXPECT(buskin_process_info(self, &info) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_register("", 0, self) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_register(NULL, 3, self) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_register("a\0b", 3, self) == BUSKIN_EINVAL);
    static const char long_name[256] = "x";
    EXPECT(buskin_actor_register(long_name, 256, self) == BUSKIN_EINVAL);
    EXPECT(buskin_actor_register("dead", 4, 77ull << 32 | 5) == BUSKIN_ENOPROC);
    EXPECT(buskin_timer_send_after(self, -1, 1, &word, &value) == 0);
    EXPECT(buskin_timer_send_after(self, 1ll << 32, 1, &word, &value) == 0);
    EXPECT(buskin_timer_cancel(0) == BUSKIN_ENOTFOUND && buskin_timer_cancel(UINT64_MAX) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_actor_demonitor(0, 0) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_actor_unregister("nobody", 6) == BUSKIN_ENOTFOUND);
    int32_t status;
    EXPECT(!buskin_call(self, 1, &word, &value, 10, &status) && status == BUSKIN_EINVAL);
}

static void test_bad_arguments(void **state) {
    (void)state;
    run(1, bad_arguments, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_main_receives),
        BOTH(test_main_calls),
        cmocka_unit_test(test_main_has_a_heap),
        BOTH(test_plain_threads_send),
        BOTH(test_calls_before_init_and_after_the_end),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
