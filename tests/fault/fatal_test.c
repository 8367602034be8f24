/* fatal_test.c - what ends the process does so with one line and the true status, and never hangs (S11.1).
 *
 * Each case runs in a child of its own, which an alarm would end with another status.
 */
#include "unit/capture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "thread", "undefined")))

static volatile int zero;
static volatile uintptr_t nowhere = 8; /* so that no compiler sees the fault */

static __attribute__((noinline)) void write_null(void) { *(volatile int *)nowhere = 1; }

/* -- Where it strikes -- */

static void in_foreign_code(const void *args) {
    (void)args;
    write_null();
}

static volatile uintptr_t no_code;
static void called_by_foreign_code(const void *args) {
    (void)args;
    ((void (*)(void))no_code)();
    zero = 1; /* so that it is a call, which has somewhere to return to */
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void with_a_lock(const void *args) {
    (void)args;
    pthread_mutex_lock(&mutex);
    zero = 100 / zero;
}

/* The runtime reads what it was given: the fault is in its own code. */
static ACTOR_CODE void in_the_runtime(const void *args) {
    (void)args;
    buskin_actor_send(buskin_actor_self(), (const void *)8, 4096);
}

/* libc's allocator finds its own list destroyed: it aborts, holding its lock. */
static void in_the_allocator(const void *args) {
    (void)args;
    uint64_t *volatile p = malloc(24);
    free(p);
    uint64_t *volatile twice = p;
    free(twice);
    abort(); /* some allocators do not notice */
}

static void in_a_callback(void *arg) {
    (void)arg;
    write_null();
}
static void on_a_pool_thread(const void *args) {
    (void)args;
    buskin_blocking_call(in_a_callback, NULL);
}

static void in_brackets(const void *args) {
    (void)args;
    if (buskin_foreign_enter() == BUSKIN_OK) write_null();
}

static void in_abort(const void *args) {
    (void)args;
    abort();
}

/* A second fault while the first one is handled: the hook runs on the worker's stack. */
static void bad_hook(const buskin_crash_t *crash) {
    (void)crash;
    write_null();
}
static ACTOR_CODE void with_a_bad_hook(const void *args) {
    (void)args;
    buskin_rt_crash_hook(bad_hook);
    *(volatile int *)(nowhere + 8) = 1;
}

static void *on_a_thread(void *arg) {
    (void)arg;
    write_null();
    return NULL;
}
static void on_a_foreign_thread(const void *args) {
    (void)args;
    pthread_t thread;
    pthread_create(&thread, NULL, on_a_thread, NULL);
    pthread_join(thread, NULL);
}

static const struct {
    const char *name;
    entry_fn *entry;
    int signal;
    const char *line;
} cases[] = {
    {"foreign code", in_foreign_code, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
    {"call by foreign code", called_by_foreign_code, SIGSEGV,
     "buskin: fatal segmentation fault at address 0x0, code at 0x0"},
    {"with a lock", with_a_lock, SIGFPE, "buskin: fatal arithmetic fault"},
    {"the runtime", in_the_runtime, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
    {"the allocator", in_the_allocator, SIGABRT, ""},
    {"a pool thread", on_a_pool_thread, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
    {"brackets", in_brackets, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
    {"abort", in_abort, SIGABRT, ""},
    {"a bad hook", with_a_bad_hook, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
    {"a foreign thread", on_a_foreign_thread, SIGSEGV, "buskin: fatal segmentation fault at address 0x8"},
};
enum { CASES = sizeof cases / sizeof *cases };

static unsigned chosen;
static uint64_t stack_size;

static int one_case(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL); /* cmocka's */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    alarm(100);
    buskin_spawn_desc_t desc = {.size = sizeof desc,
                                .entry = cases[chosen].entry,
                                .name = cases[chosen].name,
                                .stack_size = stack_size,
                                .priority = BUSKIN_NORMAL};
    if (buskin_rt_init_actor(2)) return 90;
    if (!buskin_spawn(&desc, NULL, 0, NULL)) return 91;
    return buskin_rt_run_scheduler() + 92;
}

static void check_case(unsigned which, uint64_t stack) {
    chosen = which;
    stack_size = stack;
    if (!stack && cases[which].entry == in_brackets) return; /* refused on a shared slot */
    const captured_t *c = capture(one_case);
    bool right = c->status == 256 + cases[which].signal;
#ifdef RUNTIME_TEST_SLOW
    right |= c->status == 1 || c->status == 66; /* the sanitizers have a say first */
#else
    const char *line = strstr(c->text, cases[which].line);
    right = right && line && (!*cases[which].line || !strstr(line + 1, "buskin: fatal"));
#endif
    if (!right) fail_msg("%s: status %d: %s", cases[which].name, c->status, c->text);
}

static void every_place(void **state) {
    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        check_case(i, 0);
        check_case(i, 256 << 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
