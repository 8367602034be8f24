/* Every entry of abi.def, called from everywhere: before init, after the end, from a foreign thread, from the main thread, from an
 * actor, its terminate callback, its foreign-call brackets, a crash hook, a blocking call, and a forked child. What the table's
 * THREADS do not allow is refused as docs/abi.md says; nothing crashes. A new row is in here by itself. */
#include "runtime_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi_kinds.h"

enum threads { ANY = 1, ACTOR, HOME, MAIN };
enum kind {
#define KIND(name, ...) K_##name,
    BUSKIN_ABI_KINDS(KIND)
#undef KIND
};

typedef struct entry {
    const char *name;
    void (*fn)(void);
    enum kind result;
    enum threads threads;
    const char *effects;
    enum kind args[BUSKIN_ABI_MAX_PARAMS + 1];
} entry_t;

#define STRIP(...) __VA_ARGS__
#define ARG(KIND, name) K_##KIND
#define NOARGS K_VOID
#define BUSKIN_FN(since, RET, name, args, effects, threads, legacy) \
    {#name, (void (*)(void))buskin_##name, K_##RET, threads, #effects, {STRIP args}},
static const entry_t entries[] = {
#include "abi.def"
};
#undef BUSKIN_FN
#undef ARG
#undef NOARGS

enum { ENTRIES = sizeof entries / sizeof *entries };

static void does_nothing(void *arg) { (void)arg; }
static void is_nobody(const void *args) { (void)args; }

/* Descriptors of size 0, a record that is to be filled in, room for results; bytes to send, of which 7 are a good name. */
static _Thread_local uint64_t zeros[512], record[64], room[512];
static const char letters[4096] = "letters";

static uint64_t value_of(const entry_t *e, enum kind kind) {
    switch (kind) {
    case K_PID: return 5ull << 32 | 0xfff; /* of nobody */
    case K_U64:
    case K_REF: return 7;
    case K_U8: return 1;
    case K_INOUT:
        memset(record, 0, sizeof record);
        if (!strcmp(e->name, "process_info")) record[0] = sizeof(buskin_process_info_t);
        if (!strcmp(e->name, "heap_stats")) record[0] = sizeof(buskin_heap_stats_t);
        return (uint64_t)(uintptr_t)record;
    case K_OUTN: return (uint64_t)(uintptr_t)room;
    case K_ENTRY: return (uint64_t)(uintptr_t)is_nobody;
    case K_CALLBACK: return (uint64_t)(uintptr_t)does_nothing;
    case K_IN: return (uint64_t)(uintptr_t)letters;
    case K_PTR:
    case K_DESC:
    case K_DESCN:
    case K_TEXT: return (uint64_t)(uintptr_t)zeros;
    default: return 0;
    }
}

/* All parameters are integers and pointers, so this is how each is called on the machines that we know. */
static uint64_t call(const entry_t *e) {
    typedef uint64_t any_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    uint64_t v[BUSKIN_ABI_MAX_PARAMS];
    for (int i = 0; i < BUSKIN_ABI_MAX_PARAMS; i++) v[i] = value_of(e, e->args[i]);
    return ((any_fn *)e->fn)(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}

static bool is(const entry_t *e, const char *name) { return !strcmp(e->name, name); }

/* Entries that need no runtime. */
static bool works_always(const entry_t *e) {
    static const char *const names[] = {
        "actor_self",    "context",          "reduction_check",    "reduction_slow", "actor_yield",
        "print",         "now_ms",           "unique_ref",         "version",        "rt_add_code",
        "rt_crash_hook", "supervisor_check", "supervisor_explain", "gc_add_roots",   "gc_write_hook"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(e, names[i])) return true;
    return false;
}

/* Not called here: what ends its caller or the run, and what would be given a message that is none. */
static bool is_left_out(const entry_t *e, bool up, bool allowed) {
    if (strstr(e->effects, "NORETURN")) return true;
    if (e->threads == MAIN && !up) return true; /* whoever calls init is the main thread */
    return allowed && (is(e, "rt_shutdown") || is(e, "message_release") || is(e, "rt_init_actor") ||
                       is(e, "rt_run_scheduler") || is(e, "rt_crash_hook") || is(e, "rt_add_code"));
}

static bool refuses(const entry_t *e, uint64_t result) {
    switch (e->result) {
    case K_VOID: return true; /* it came back */
    case K_STATUS:
    case K_I32: return (int32_t)result == BUSKIN_ESTATE;
    case K_I64: return (int64_t)result == BUSKIN_ESTATE;
    default: return result == 0;
    }
}

/* HOME by its row; another thread gets an object of the shared heap all the same. */
static bool is_generous(const entry_t *e) { return is(e, "alloc") || is(e, "alloc_array"); }

static atomic_uint wrong;

/* up: the runtime is; role: who calls: ANY for a thread without a pid, else what THREADS call it. */
static void try_all(const char *where, bool up, enum threads role) {
    for (size_t i = 0; i < ENTRIES; i++) {
        const entry_t *e = &entries[i];
        bool allowed =
            up && (e->threads == ANY || e->threads == role || (e->threads == HOME && role != ANY) || is_generous(e));
        if (is_left_out(e, up, allowed || works_always(e))) continue;
        uint64_t result = call(e);
        if (allowed || works_always(e)) {
            bool status = e->result == K_STATUS || e->result == K_I32;
            if (e->threads != ANY || !status || (int32_t)result != BUSKIN_ESTATE) continue;
            fprintf(stderr, "buskin_%s %s: refused\n", e->name, where);
        } else {
            if (refuses(e, result)) continue;
            fprintf(stderr, "buskin_%s %s: answers %lld\n", e->name, where, (long long)result);
        }
        atomic_fetch_add(&wrong, 1);
    }
}

static void *foreign_thread(void *up) {
    try_all("on a foreign thread", up != NULL, ANY);
    return NULL;
}

static void on_a_foreign_thread(bool up) {
    static int yes;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, foreign_thread, up ? &yes : NULL), 0);
    pthread_join(thread, NULL);
}

static void test_while_the_runtime_is_down(void **state) {
    (void)state;
    atomic_store(&wrong, 0);
    try_all("before init", false, MAIN);
    on_a_foreign_thread(false);
    start(2);
    finish();
    try_all("after the end", false, MAIN);
    on_a_foreign_thread(false);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void test_on_threads(void **state) {
    (void)state;
    atomic_store(&wrong, 0);
    start(2);
    on_a_foreign_thread(true);
    try_all("on the main thread", true, MAIN);
    finish_leaving(); /* a message that was begun and never sent */
    assert_int_equal(atomic_load(&wrong), 0);
}

/* -- In actors -- */

static void in_a_call(void *unused) {
    (void)unused;
    try_all("in a blocking call", true, ANY);
}

static void in_a_hook(const buskin_crash_t *crash) {
    (void)crash;
    try_all("in a crash hook", true, ANY);
}

static void in_terminate(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    try_all("in a terminate callback", true, ACTOR);
}

static void plain(const void *args) {
    (void)args;
    try_all("in an actor", true, ACTOR);
    buskin_blocking_call(in_a_call, NULL);
    buskin_panic("for the hook", 12, NULL, 0, 0);
}

static void on_its_own_stack(const void *args) {
    (void)args;
    try_all("in an actor on its own stack", true, ACTOR);
    EXPECT(buskin_foreign_enter() == BUSKIN_OK);
    for (size_t i = 0; i < ENTRIES; i++) {
        const entry_t *e = &entries[i];
        if (e->threads == ANY || is_left_out(e, true, false) || is(e, "foreign_leave")) continue;
        if (!EXPECT(refuses(e, call(e)))) fprintf(stderr, "buskin_%s in brackets\n", e->name);
    }
    buskin_foreign_leave();
}

static void forks(const void *args) {
    (void)args;
    pid_t child = fork();
    if (!child) {
        alarm(100);
        try_all("in a forked child", false, ANY);
        _exit(atomic_load(&wrong) != 0);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

static void test_in_actors(void **state) {
    (void)state;
    static const buskin_spawn_desc_t descs[] = {
        {.size = sizeof *descs, .entry = plain, .name = "plain", .terminate = in_terminate, .priority = BUSKIN_NORMAL},
        {.size = sizeof *descs,
         .entry = on_its_own_stack,
         .name = "own",
         .stack_size = 256 << 10,
         .priority = BUSKIN_NORMAL},
        {.size = sizeof *descs, .entry = forks, .name = "forks", .priority = BUSKIN_NORMAL},
    };
    setenv("BUSKIN_CRASH", "off", 1);
    atomic_store(&wrong, 0);
    buskin_rt_crash_hook(in_a_hook);
    for (uint32_t workers = 1; workers <= 2; workers++)
        for (size_t i = 0; i < sizeof descs / sizeof *descs; i++) {
            start(workers);
            assert_int_not_equal(buskin_spawn(&descs[i], NULL, 0, NULL), 0);
            assert_int_equal(finish_leaving(), 0);
        }
    buskin_rt_crash_hook(NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

/* -- What does not come back, on a thread without an actor to end -- */

static void test_panic_and_exit_outside_actors_end_the_process(void **state) {
    (void)state;
    for (int which = 0; which < 2; which++) {
        fflush(NULL);
        pid_t child = fork();
        if (!child) {
            alarm(100);
            freopen("/dev/null", "w", stderr);
            if (which)
                buskin_panic("x", 1, NULL, 0, 0);
            else
                buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_while_the_runtime_is_down),
        cmocka_unit_test(test_on_threads),
        cmocka_unit_test(test_in_actors),
        cmocka_unit_test(test_panic_and_exit_outside_actors_end_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
