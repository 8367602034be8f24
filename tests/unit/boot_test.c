/* boot: init and shutdown go round in one process; ends that no actor should make: exit, pthread_exit, code that never comes back;
 * and forked children. */
#include "runtime_test.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_uint done;
static void adds_one(const void *args) {
    (void)args;
    atomic_fetch_add(&done, 1);
}

/* -- Round and round -- */

static unsigned entries_of(const char *folder) {
    unsigned n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void test_a_hundred_rounds_leave_nothing_behind(void **state) {
    (void)state;
    unsigned descriptors = 0, tasks = UINT_MAX;
    for (unsigned round = 0; round < 100; round++) {
        if (round == 10) descriptors = entries_of("/proc/self/fd");
        if (round >= 10 && round < 20 && entries_of("/proc/self/task") < tasks) tasks = entries_of("/proc/self/task");
        if (round % 9 == 0) { /* an init that is refused, in between */
            setenv("BUSKIN_CRASH", "nonsense", 1);
            assert_int_equal(buskin_rt_init_actor(2), BUSKIN_EINVAL);
            assert_int_equal(buskin_rt_shutdown(0), BUSKIN_ESTATE);
            unsetenv("BUSKIN_CRASH");
        }
        atomic_store(&done, 0);
        run(1 + round % 4, adds_one, NULL, 0);
        assert_int_equal(atomic_load(&done), 1);
    }
    assert_int_equal(entries_of("/proc/self/fd"), descriptors);
    while (entries_of("/proc/self/task") > tasks)
        usleep(1000); /* the kernel lists one that was joined a moment longer */
}

/* -- In children, because they end the process, or spoil it -- */

/* The status of a child that runs body, as waitpid gives it; 100 s at most. What it writes to fd goes to *text. */
static int child_status(void (*body)(void), int fd, char *text, size_t room) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(100);
        dup2(ends[1], fd);
        body();
        _exit(99);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t k; n < room - 1 && (k = read(ends[0], text + n, room - 1 - n)) > 0;) n += (size_t)k;
    text[n] = 0;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

#ifndef RUNTIME_TEST_SLOW
static void init_without_room(void) {
    struct rlimit all, little;
    getrlimit(RLIMIT_AS, &all);
    for (rlim_t room = 64 << 20; room <= 512 << 20; room += 64 << 20) {
        little = (struct rlimit){.rlim_cur = room, .rlim_max = all.rlim_max};
        setrlimit(RLIMIT_AS, &little);
        int32_t status = buskin_rt_init_actor(4);
        setrlimit(RLIMIT_AS, &all);
        if (status == BUSKIN_OK) buskin_rt_run_scheduler();
        if (status != BUSKIN_OK && status != BUSKIN_ENOMEM) _exit(1);
        if (room == 64 << 20 && status != BUSKIN_ENOMEM) _exit(2);
    }
    run(4, adds_one, NULL, 0);
    _exit(atomic_load(&done) == 1 ? 0 : 3);
}

static void test_an_init_that_failed_for_memory_can_be_tried_again(void **state) {
    (void)state;
    char text[4096];
    atomic_store(&done, 0);
    assert_int_equal(child_status(init_without_room, 2, text, sizeof text), 0);
    assert_non_null(strstr(text, "not enough memory"));
}
#endif

static void exits(const void *args) {
    (void)args;
    static const char line[] = "last words\n";
    buskin_print(1, line, sizeof line - 1);
    exit(7);
}

static void exit_in_an_actor(void) {
    buskin_rt_init_actor(2);
    buskin_actor_spawn(exits, NULL, 0, BUSKIN_NORMAL);
    buskin_rt_run_scheduler();
}

static void test_exit_in_an_actor_ends_the_process_with_what_was_printed(void **state) {
    (void)state;
    char text[256];
    int status = child_status(exit_in_an_actor, 1, text, sizeof text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_string_equal(text, "last words\n");
}

/* -- Code that does not come back -- */

static atomic_bool stay, inside;

static void stays(const void *args) {
    (void)args;
    atomic_store(&inside, true);
    while (atomic_load(&stay)) usleep(1000);
}

static void stays_in_a_call(void *arg) { stays(arg); }
static void calls_and_stays(const void *args) {
    (void)args;
    buskin_blocking_call(stays_in_a_call, NULL);
}

/* The runtime cannot be started again as long as it stays; then it can. */
static void leaves_behind(entry_fn *actor) {
    atomic_store(&stay, true), atomic_store(&inside, false);
    buskin_rt_init_actor(2);
    buskin_actor_spawn(actor, NULL, 0, BUSKIN_NORMAL);
    while (!atomic_load(&inside)) usleep(100);
    buskin_rt_shutdown(0);
    if (buskin_rt_run_scheduler() != 0) _exit(1);
    if (buskin_rt_init_actor(2) != BUSKIN_ESTATE) _exit(2);
    if (buskin_rt_shutdown(0) != BUSKIN_ESTATE) _exit(3);
    atomic_store(&stay, false);
    while (buskin_rt_init_actor(2) == BUSKIN_ESTATE) usleep(1000);
    atomic_store(&done, 0);
    buskin_actor_spawn(adds_one, NULL, 0, BUSKIN_NORMAL);
    if (buskin_rt_run_scheduler() != 0) _exit(4);
    _exit(atomic_load(&done) == 1 ? 0 : 5);
}

static void leaves_an_actor_behind(void) { leaves_behind(stays); }
static void leaves_a_call_behind(void) { leaves_behind(calls_and_stays); }

static void test_shutdown_does_not_wait_for_code_that_does_not_come_back(void **state) {
    (void)state;
    char text[1024];
    setenv("BUSKIN_WATCHDOG", "off", 1);
    assert_int_equal(child_status(leaves_an_actor_behind, 2, text, sizeof text), 0);
    assert_non_null(strstr(text, "1 thread is in code that does not come back"));
    assert_int_equal(child_status(leaves_a_call_behind, 2, text, sizeof text), 0);
    assert_non_null(strstr(text, "1 thread is in code that does not come back"));
    unsetenv("BUSKIN_WATCHDOG");
}

/* -- pthread_exit -- */

#ifndef RUNTIME_TEST_SLOW /* the sanitizers do not know of the stack that the thread leaves */
static void ends_its_thread(const void *args) {
    (void)args;
    pthread_exit(NULL);
}

static void ends_its_thread_in_brackets(const void *args) {
    (void)args;
    EXPECT(buskin_foreign_enter() == BUSKIN_OK);
    usleep(*(const uint32_t *)args); /* long enough to lose the worker, or not */
    pthread_exit(NULL);
}

static void ends_the_pool_thread(void *arg) {
    (void)arg;
    pthread_exit(NULL);
}

static const buskin_desc_t pause_desc = {.size = 8, .name = "pause"};

static void expect_crash(const buskin_spawn_desc_t *desc, uint64_t pause) {
    uint64_t ref, pid = buskin_spawn(desc, &pause, BUSKIN_SPAWN_MONITOR, &ref);
    EXPECT(pid != 0);
    const buskin_message_header_t *m = buskin_actor_receive(100000);
    if (!EXPECT(m != NULL)) return;
    const buskin_notice_t *why = (const buskin_notice_t *)(const void *)(m + 1);
    EXPECT(m[-1].kind == BUSKIN_MSG_DOWN && why->from == pid && why->ref == ref);
    EXPECT(why->code == BUSKIN_REASON_CRASH);
}

static void loses_threads(const void *args) {
    (void)args;
    static const buskin_spawn_desc_t shared = {
        .size = sizeof shared, .entry = ends_its_thread, .args = &pause_desc, .priority = BUSKIN_NORMAL};
    static const buskin_spawn_desc_t own = {.size = sizeof own,
                                            .entry = ends_its_thread_in_brackets,
                                            .args = &pause_desc,
                                            .stack_size = 256 << 10,
                                            .priority = BUSKIN_NORMAL};
    for (int i = 0; i < 5; i++) expect_crash(&shared, 0);
    for (uint64_t pause = 0; pause <= 5000; pause += 1000) expect_crash(&own, pause);
    for (int i = 0; i < 5; i++) EXPECT(buskin_blocking_call(ends_the_pool_thread, NULL) == BUSKIN_OK);
    atomic_fetch_add(&done, 1);
}

static void test_pthread_exit_ends_the_actor_and_not_its_worker(void **state) {
    (void)state;
    setenv("BUSKIN_CRASH", "off", 1);
    for (uint32_t workers = 1; workers <= 2; workers++) {
        atomic_store(&done, 0);
        run(workers, loses_threads, NULL, 0);
        assert_int_equal(atomic_load(&done), 1);
    }
    unsetenv("BUSKIN_CRASH");
}
#endif

/* -- Forked children -- */

static atomic_int child_said;

static void everything_is_refused(void) {
    if (buskin_actor_self() != 0 || buskin_rt_init_actor(1) != BUSKIN_ESTATE) _exit(1);
    if (buskin_rt_run_scheduler() != BUSKIN_ESTATE || buskin_rt_shutdown(0) != BUSKIN_ESTATE) _exit(2);
    if (buskin_send_word(1, 1, 1) != BUSKIN_ESTATE || buskin_actor_receive(-1)) _exit(3);
    if (buskin_actor_spawn(adds_one, NULL, 0, BUSKIN_NORMAL)) _exit(4);
    if (buskin_rt_add_code(&stay, 1) != BUSKIN_ESTATE) _exit(5);
    if (buskin_print(1, "", 0) != BUSKIN_OK) _exit(6);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    if (sigismember(&mask, SIGTERM)) _exit(7); /* or it could not be stopped, nor what it executes */
}

static void await_child(pid_t child) {
    int status = -1;
    if (child > 0) waitpid(child, &status, 0);
    atomic_store(&child_said, status);
}

static void forks_and_refuses(const void *args) {
    (void)args;
    pid_t child = fork();
    if (child) {
        await_child(child);
        return;
    }
    everything_is_refused();
    execl("/bin/true", "true", (char *)NULL);
    _exit(8);
}

static void forks_and_returns(const void *args) {
    (void)args;
    pid_t child = fork();
    if (child) await_child(child);
}

static void test_a_forked_child_has_no_runtime_but_can_execute(void **state) {
    (void)state;
    static entry_fn *const actors[] = {forks_and_refuses, forks_and_returns};
    for (int i = 0; i < 2; i++)
        for (uint32_t workers = 1; workers <= 2; workers++) {
            atomic_store(&child_said, -1);
            run(workers, actors[i], NULL, 0);
            assert_int_equal(atomic_load(&child_said), 0);
        }
    start(2);
    pid_t child = fork(); /* the thread that called init */
    if (!child) {
        everything_is_refused();
        _exit(0);
    }
    await_child(child);
    finish();
    assert_int_equal(atomic_load(&child_said), 0);
}

static void runs_one(void) {
    run(2, adds_one, NULL, 0);
    _exit(atomic_load(&done) == 1 ? 0 : 1);
}

static void test_a_child_forked_between_two_runs_has_its_own(void **state) {
    (void)state;
    char text[64];
    run(2, adds_one, NULL, 0);
    atomic_store(&done, 0);
    assert_int_equal(child_status(runs_one, 1, text, sizeof text), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifndef RUNTIME_TEST_SLOW
        cmocka_unit_test(test_an_init_that_failed_for_memory_can_be_tried_again), /* first: while nothing is mapped */
#endif
        cmocka_unit_test(test_exit_in_an_actor_ends_the_process_with_what_was_printed),
        cmocka_unit_test(test_shutdown_does_not_wait_for_code_that_does_not_come_back),
        cmocka_unit_test(test_a_hundred_rounds_leave_nothing_behind),
#ifndef RUNTIME_TEST_SLOW
        cmocka_unit_test(test_pthread_exit_ends_the_actor_and_not_its_worker),
#endif
        cmocka_unit_test(test_a_forked_child_has_no_runtime_but_can_execute),
        cmocka_unit_test(test_a_child_forked_between_two_runs_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
