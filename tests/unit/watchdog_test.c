/* watchdog_test.c - an actor that passes no safepoint is reported once, with its name and where it is; others are not.
 *
 * The program runs in a child. Its actors go on until the parent, which waits for the report on the child's standard error, lets them.
 */
#include "runtime_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline))

static atomic_int released;
static void on_release(int number) { atomic_store(&released, number); }

static __attribute__((noinline)) void wait_outside(void) {
    while (!released) usleep(500);
}

static ACTOR_CODE void stall(const void *args) {
    (void)args;
    wait_outside();
    __asm__ volatile(""); /* no tail call */
}

static ACTOR_CODE void call_in_brackets(const void *args) {
    (void)args;
    EXPECT(buskin_foreign_enter() == BUSKIN_OK);
    wait_outside();
    buskin_foreign_leave();
}

static ACTOR_CODE void compute(const void *args) {
    (void)args;
    while (!released) buskin_reduction_check();
}

static ACTOR_CODE void ping(const void *args) {
    (void)args;
    while (!released) {
        buskin_reduction_check();
        buskin_send_word(buskin_actor_self(), 1, 1);
        take_word();
    }
}

static void spawn_named(entry_fn *entry, const char *name, uint64_t stack) {
    static buskin_spawn_desc_t descs[8];
    static unsigned used;
    buskin_spawn_desc_t *d = &descs[used++];
    *d = (buskin_spawn_desc_t){
        .size = sizeof *d, .entry = entry, .name = name, .stack_size = stack, .priority = BUSKIN_NORMAL};
    assert_int_not_equal(buskin_spawn(d, NULL, 0, NULL), 0);
}

static pid_t start_program(int *from) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (!pid) {
        dup2(ends[1], 2);
        alarm(200);
        signal(SIGUSR1, on_release);
        unsetenv("BUSKIN_WATCHDOG"); /* a second */
        start(4);
        spawn_named(call_in_brackets, "bracketed", 256 << 10);
        spawn_named(compute, "computing", 0);
        spawn_named(ping, "pinging", 0);
        spawn_named(stall, "stalling", 0);
        _exit(finish());
    }
    close(ends[1]);
    *from = ends[0];
    return pid;
}

static void append(int from, char *text, size_t size) {
    size_t length = strlen(text);
    ssize_t n = read(from, text + length, size - 1 - length);
    assert_true(n > 0);
    text[length + (size_t)n] = 0;
}

static void reports_who_stalls(void **state) {
    (void)state;
    static char text[1 << 16];
    int from, status;
    pid_t child = start_program(&from);
    text[0] = 0;
    while (!strstr(text, "no safepoint") || !strstr(strstr(text, "no safepoint"), "watchdog_test.c"))
        append(from, text, sizeof text);
    kill(child, SIGUSR1);
    size_t length = strlen(text);
    for (ssize_t n; (n = read(from, text + length, sizeof text - 1 - length)) > 0;) length += (size_t)n;
    text[length] = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) fail_msg("status 0x%x: %s", (unsigned)status, text);
    close(from);
    const char *line = strstr(text, "buskin: Pid(");
    assert_non_null(line);
    assert_non_null(strstr(line, "(stalling) has passed no safepoint for "));
    assert_non_null(strstr(line, " stall at "));
    assert_null(strstr(strstr(line, "(stalling)") + 1, "(stalling)"));
    assert_null(strstr(text, "bracketed"));
    assert_null(strstr(text, "computing"));
    assert_null(strstr(text, "pinging"));
}

/* The signal is the program's own whenever the watchdog has not asked. */
static volatile sig_atomic_t urgent;
static void on_urgent(int number) { urgent = number; }

static void leaves_the_signal_alone(void **state) {
    (void)state;
    struct sigaction ours = {.sa_handler = on_urgent}, before, after;
    assert_int_equal(sigaction(SIGURG, &ours, &before), 0);
    start(1);
    raise(SIGURG);
    assert_int_equal(urgent, SIGURG);
    assert_int_equal(finish(), 0);
    assert_int_equal(sigaction(SIGURG, &before, &after), 0);
    assert_true(after.sa_handler == on_urgent);
}

/* Workers whose threads the system had not started yet were asked too, and the process crashed. */
static atomic_bool spinning;
static void *spin(void *unused) {
    while (atomic_load(&spinning)) continue;
    return unused;
}

static void threads_that_start_late(void **state) {
    (void)state;
    if (ROUNDS == 1) skip(); /* too many threads for a sanitizer */
    pthread_t spinners[64];
    atomic_store(&spinning, true);
    for (int i = 0; i < 64; i++) assert_int_equal(pthread_create(&spinners[i], NULL, spin, NULL), 0);
    setenv("BUSKIN_WATCHDOG", "10", 1);
    for (int i = 0; i < 3; i++) {
        start(8);
        assert_int_equal(finish(), 0);
    }
    unsetenv("BUSKIN_WATCHDOG");
    atomic_store(&spinning, false);
    for (int i = 0; i < 64; i++) pthread_join(spinners[i], NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_who_stalls),
        cmocka_unit_test(leaves_the_signal_alone),
        cmocka_unit_test(threads_that_start_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
