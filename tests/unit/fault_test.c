/* fault_test.c - native faults end the actor that made them, and nobody else (S11.2).
 *
 * Each round starts an actor per kind of fault under a monitor and compares the reason. Faults are made in section
 * buskin_code, as emitted code would. The process surviving the test is half of what it says.
 */
#include "buskin.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "thread", "undefined")))

enum kind { NULL_WRITE, WILD_READ, DIVISION, ILLEGAL, BREAKPOINT, RECURSION, OWN_STACK_RECURSION, PANIC, FINE, KINDS };

static const struct {
    uint32_t code, detail;
    const char *text;
} expected[KINDS] = {
    [NULL_WRITE] = {BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x8"},
    [WILD_READ] = {BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x12340"},
    [DIVISION] = {BUSKIN_REASON_CRASH, SIGFPE, "arithmetic fault"},
    [ILLEGAL] = {BUSKIN_REASON_CRASH, SIGILL, "illegal instruction"},
    [BREAKPOINT] = {BUSKIN_REASON_CRASH, SIGTRAP, "trap"},
    [RECURSION] = {BUSKIN_REASON_CRASH, SIGSEGV, "stack overflow"},
    [OWN_STACK_RECURSION] = {BUSKIN_REASON_CRASH, SIGSEGV, "stack overflow"},
    [PANIC] = {BUSKIN_REASON_PANIC, 0, "on purpose"},
    [FINE] = {BUSKIN_REASON_NORMAL, 0, ""},
};

static volatile int zero;
static unsigned rounds, mistakes;

static int (*volatile again)(int depth); /* so that no compiler sees the recursion */

static ACTOR_CODE int recurse(int depth) {
    volatile char frame[200];
    frame[0] = (char)depth;
    return again(depth + 1) + frame[0];
}

static volatile int *volatile nowhere = (volatile int *)8; /* where no compiler sees it */

static ACTOR_CODE void fault(const void *args) {
    uint64_t kind;
    memcpy(&kind, args, sizeof kind);
    switch ((enum kind)kind) {
    case NULL_WRITE: *nowhere = 1; break;
    case WILD_READ: (void)*(volatile int *)0x12340; break;
    case DIVISION: zero = 100 / zero; break;
    case ILLEGAL: __asm__ volatile("ud2"); break;
    case BREAKPOINT: __asm__ volatile("int3"); break;
    case RECURSION:
    case OWN_STACK_RECURSION: zero = recurse(0) * 0; break;
    case PANIC: buskin_panic("on purpose", 10, NULL, 0, 0);
    default: break;
    }
}

static const buskin_desc_t kind_desc = {.size = 8, .name = "kind"};

static void check_one(enum kind kind) {
    static const buskin_spawn_desc_t shared = {
        .size = sizeof shared, .entry = fault, .name = "fault", .args = &kind_desc, .priority = BUSKIN_NORMAL};
    static const buskin_spawn_desc_t own = {.size = sizeof own,
                                            .entry = fault,
                                            .name = "fault on its own stack",
                                            .args = &kind_desc,
                                            .stack_size = 256 << 10,
                                            .priority = BUSKIN_NORMAL};
    uint64_t argument = kind, ref;
    uint64_t pid = buskin_spawn(kind == OWN_STACK_RECURSION ? &own : &shared, &argument, BUSKIN_SPAWN_MONITOR, &ref);
    const char *message = buskin_actor_receive(100000);
    const buskin_notice_t *down = message ? (const buskin_notice_t *)(const void *)(message + 16) : NULL;
    bool right = down && down->from == pid && down->ref == ref && down->code == expected[kind].code &&
                 down->detail == expected[kind].detail && down->length == strlen(expected[kind].text) &&
                 !memcmp(down + 1, expected[kind].text, down->length);
    if (right) return;
    mistakes++;
    fprintf(stderr, "kind %d: code %u, detail %u, %.*s\n", kind, down ? down->code : 0, down ? down->detail : 0,
            down ? (int)down->length : 0, down ? (const char *)(down + 1) : "");
}

static void watch(const void *args) {
    (void)args;
    for (unsigned i = 0; i < rounds; i++)
        for (int kind = 0; kind < KINDS; kind++) check_one((enum kind)kind);
}

static void run_rounds(uint32_t workers, unsigned count) {
    rounds = count;
    mistakes = 0;
    assert_int_equal(buskin_rt_init_actor(workers), BUSKIN_OK);
    for (uint32_t i = 0; i < 2 * workers; i++) assert_true(buskin_actor_spawn(watch, NULL, 0, BUSKIN_NORMAL));
    assert_int_equal(buskin_rt_run_scheduler(), 0);
    assert_int_equal(mistakes, 0);
}

static void one_worker(void **state) {
    (void)state;
    run_rounds(1, 20);
}

static void four_workers(void **state) {
    (void)state;
    run_rounds(4, 20);
}

/* S11.1: a fault outside actor code ends the process with the signal's own status, at once. */
static void in_foreign_code(const void *args) {
    (void)args;
    *nowhere = 1; /* this function is not in buskin_code */
}

static void elsewhere_ends_the_process(void **state) {
    (void)state;
    pid_t child = fork();
    if (!child) {
        alarm(100);
        signal(SIGSEGV, SIG_DFL); /* cmocka's own handler would exit */
        freopen("/dev/null", "w", stderr);
        if (buskin_rt_init_actor(2)) _exit(9);
        buskin_actor_spawn(in_foreign_code, NULL, 0, BUSKIN_NORMAL);
        buskin_rt_run_scheduler();
        _exit(8);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 1)); /* ASan exits with 1 */
    if (WIFSIGNALED(status)) assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static int earlier_calls;
static sigjmp_buf back;

static void earlier_handler(int signal_number) {
    (void)signal_number;
    earlier_calls++;
    siglongjmp(back, 1);
}

/* Handlers of the program are called for faults that are not ours, and stand again after the end. */
static void earlier_handlers_are_kept(void **state) {
    (void)state;
    struct sigaction ours = {.sa_handler = earlier_handler}, before, after;
    assert_int_equal(sigaction(SIGFPE, &ours, &before), 0);
    assert_int_equal(buskin_rt_init_actor(1), BUSKIN_OK);
    if (!sigsetjmp(back, 1)) zero = 100 / zero;
    assert_int_equal(earlier_calls, 1);
    assert_int_equal(buskin_rt_run_scheduler(), 0);
    assert_int_equal(sigaction(SIGFPE, &before, &after), 0);
    assert_true(after.sa_handler == earlier_handler);
}

int main(void) {
    again = recurse;
    setenv("BUSKIN_CRASH", "off", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_worker), cmocka_unit_test(four_workers),
                                       cmocka_unit_test(elsewhere_ends_the_process),
                                       cmocka_unit_test(earlier_handlers_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
