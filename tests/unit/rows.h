/* rows.h - scenarios that name the rows of the semantics which they check.
 *
 * A scenario is the body of a main actor. It runs on 1, 2 and 8 workers, ROUNDS times each, and with SEEDS seeds. A failed
 * EXPECT says which rows, where, and in which schedule, with the command that runs just that one again; so does a schedule that does
 * not end. `TEST N FIRST COUNT` runs scenario N (`all`: each) with COUNT seeds from FIRST on. What a scenario draws, it draws from
 * the seed too. When a program has ended, all pieces of memory must have come back.
 *
 *     static const scenario_t scenarios[] = {
 *         {"S3.1 S3.2", links_are_one_per_pair},
 *     };
 *     int main(int argc, char **argv) { return rows_main(argc, argv, scenarios, COUNT(scenarios)); }
 */
#ifndef BUSKIN_TEST_ROWS_H
#define BUSKIN_TEST_ROWS_H

#include "buskin.h"
#include "mem/pool.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct scenario {
    const char *rows;
    void (*body)(void);
} scenario_t;

#define COUNT(array) (sizeof(array) / sizeof *(array))

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
enum { SEEDS_SHARE = 10, ROUNDS = 3 };
#else
enum { SEEDS_SHARE = 1, ROUNDS = 20 };
#endif
#ifndef ROWS_SEEDS
#define ROWS_SEEDS 200
#endif
enum { SEEDS = ROWS_SEEDS / SEEDS_SHARE, HANGS_AFTER_S = 120 };

/* How long, in ms, something that must come is waited for: a failure takes so long, and no busy machine does. */
enum { PATIENCE = 100000 };

static const scenario_t *rows_now;
static const char *rows_program;
static char rows_schedule[256]; /* for people: how to have it again */
static _Atomic uint64_t rows_dice;
static atomic_int rows_failures;

static void rows_fail(const char *file, int line, const char *what) {
    char text[512];
    int n = snprintf(text, sizeof text, "%s:%d: %s: %s does not hold (%s)\n", file, line, rows_now->rows, what,
                     rows_schedule);
    if (write(2, text, (size_t)n) < 0) abort();
    atomic_fetch_add(&rows_failures, 1);
}

static void rows_hang(int signal) {
    (void)signal;
    rows_fail(__FILE__, __LINE__, "it ends");
    _exit(1);
}

/* A number below n, drawn from the schedule: the same for the same seed. */
static inline uint64_t draw(uint64_t n) {
    uint64_t x = atomic_fetch_add_explicit(&rows_dice, 0x9e3779b97f4a7c15u, memory_order_relaxed);
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) % n;
}

/* In an actor: a failure ends it. */
#define EXPECT(condition)                                       \
    do {                                                        \
        if (!(condition)) {                                     \
            rows_fail(__FILE__, __LINE__, #condition);          \
            buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0); \
        }                                                       \
    } while (0)

/* For scenarios that take long: only every n-th round and seed runs. */
#define RARELY(n)                            \
    do {                                     \
        if (rows_round++ % (n) != 0) return; \
    } while (0)
static unsigned rows_round;

/* -- Actors -- */

#ifdef __clang__
#pragma clang diagnostic ignored "-Wc23-extensions" /* START without further fields */
#endif

extern const buskin_desc_t rows_word;
const buskin_desc_t rows_word = {.size = 8, .name = "word"};

/* Starts an actor whose args is one word; the descriptor's other fields may follow. */
#define START(flags, ref, arg, ...) START_ACTOR(flags, ref, arg, __VA_ARGS__, )
#define SPAWN(arg, ...) START_ACTOR(0, NULL, arg, __VA_ARGS__, )
#define START_ACTOR(flags, ref, arg, fn, ...)                                                                 \
    __extension__({                                                                                           \
        static const buskin_spawn_desc_t start_desc = {.size = sizeof start_desc,                             \
                                                       .entry = fn,                                           \
                                                       .name = #fn,                                           \
                                                       .args = &rows_word,                                    \
                                                       .priority = BUSKIN_NORMAL __VA_OPT__(, ) __VA_ARGS__}; \
        uint64_t start_arg = (uint64_t)(arg);                                                                 \
        uint64_t start_pid = buskin_spawn(&start_desc, &start_arg, flags, ref);                               \
        EXPECT(start_pid != 0);                                                                               \
        start_pid;                                                                                            \
    })

static inline uint64_t word_of(const void *args) { return *(const uint64_t *)args; }

/* -- Messages -- */

enum { TAG_WORD = 1000, TAG_GO, TAG_DONE, TAG_OTHER };

static inline uint32_t kind_of(const void *message) { return ((const buskin_message_header_t *)message)[-1].kind; }
static inline uint64_t tag_of(const void *message) { return ((const buskin_message_t *)message)->tag; }
static inline uint64_t length_of(const void *message) { return ((const buskin_message_t *)message)->length; }
static inline const void *data_of(const void *message) { return (const buskin_message_t *)message + 1; }
static inline uint64_t value_of(const void *message) { return *(const uint64_t *)data_of(message); }
static inline const buskin_notice_t *notice_of(const void *message) { return data_of(message); }
static inline const char *bytes_of(const void *message) { return (const char *)(notice_of(message) + 1); }

static inline void tell(uint64_t to, uint64_t tag, uint64_t value) { EXPECT(buskin_send_word(to, tag, value) == 0); }

/* The next message must be a user's with that tag; its value. */
static inline uint64_t expect_word(uint64_t tag) {
    const void *m = buskin_actor_receive(PATIENCE);
    EXPECT(m != NULL);
    EXPECT(kind_of(m) == BUSKIN_MSG_USER);
    EXPECT(tag_of(m) == tag);
    return value_of(m);
}

/* The oldest message of that tag, wherever it is in the queue; its value. */
static inline uint64_t await_word(uint64_t tag) {
    const void *m = buskin_receive_tags(&tag, 1, PATIENCE);
    EXPECT(m != NULL);
    return value_of(m);
}

static inline bool is_notice(const void *m, uint32_t kind, uint64_t from, uint64_t ref, uint32_t code) {
    return m && kind_of(m) == kind && notice_of(m)->from == from && notice_of(m)->ref == ref &&
           notice_of(m)->code == code;
}

static inline bool is_exit(const void *m, uint64_t from, uint32_t code) {
    return is_notice(m, BUSKIN_MSG_EXIT, from, 0, code);
}

/* The oldest notice of that kind, and of that monitor if ref is not 0; the others stay. */
static inline const void *await_notice(uint32_t kind, uint64_t ref, int64_t timeout_ms) {
    buskin_receive_t r = {.timeout_ms = timeout_ms};
    const void *m;
    while ((m = buskin_receive_peek(&r)) && !(kind_of(m) == kind && (!ref || notice_of(m)->ref == ref)))
        buskin_receive_skip(&r);
    if (m) buskin_receive_take(&r);
    return m;
}

static inline const void *await_down(uint64_t ref) { return await_notice(BUSKIN_MSG_DOWN, ref, PATIENCE); }
static inline const void *await_exit(void) { return await_notice(BUSKIN_MSG_EXIT, 0, PATIENCE); }

static inline bool mailbox_is_empty(void) { return buskin_actor_receive(0) == NULL; }

/* Ends pid and waits until nobody finds it any more. */
static inline void finish(uint64_t pid) {
    uint64_t ref = buskin_actor_monitor(pid);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0);
    EXPECT(await_down(ref) != NULL);
}

/* -- Usual actors: args is the pid of whom they tell -- */

/* Waits for ever. */
static inline void idler(const void *args) {
    (void)args;
    for (;;) buskin_actor_receive(-1);
}

/* Never receives. */
static inline void spinner(const void *args) {
    (void)args;
    for (;;) buskin_reduction_check();
}

/* -- The runner -- */

static void rows_main_actor(const void *args) {
    (void)args;
    rows_now->body();
}

static void rows_run(const scenario_t *s, uint32_t workers, uint64_t dice) {
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = rows_main_actor, .name = "scenario", .priority = BUSKIN_NORMAL};
    rows_now = s;
    rows_dice = dice * dice;
    signal(SIGALRM, rows_hang);
    alarm(HANGS_AFTER_S);
    int before = atomic_load(&rows_failures), status = buskin_rt_init_actor(workers);
    if (status != BUSKIN_OK || !buskin_spawn_main(&desc, NULL)) {
        rows_fail(__FILE__, __LINE__, "the runtime starts");
        exit(1);
    }
    status = buskin_rt_run_scheduler();
    alarm(0);
    if (status != 0 && atomic_load(&rows_failures) == before) rows_fail(__FILE__, __LINE__, "status == 0");
    pool_trim();
    if (arena_in_use()) rows_fail(__FILE__, __LINE__, "all memory has come back");
    if (atomic_load(&rows_failures) > 5) exit(1);
}

static void rows_run_seed(const scenario_t *s, size_t number, unsigned long seed) {
    char text[32];
    snprintf(text, sizeof text, "%lu", seed);
    snprintf(rows_schedule, sizeof rows_schedule, "BUSKIN_SEED=%lu %s %zu", seed, rows_program, number);
    setenv("BUSKIN_SEED", text, 1);
    rows_run(s, 1, seed);
    unsetenv("BUSKIN_SEED");
}

static void rows_run_threads(const scenario_t *s) {
    static const uint32_t workers[] = {1, 2, 8};
    for (unsigned i = 0; i < COUNT(workers); i++)
        for (int round = 0; round < ROUNDS; round++) {
            snprintf(rows_schedule, sizeof rows_schedule, "%u workers, round %d", workers[i], round);
            rows_run(s, workers[i], workers[i] * 1000u + (unsigned)round);
        }
}

/* Arguments: [SCENARIO|all [FIRST COUNT]]. */
static int rows_main(int argc, char **argv, const scenario_t *scenarios, size_t n) {
    const char *given = getenv("BUSKIN_SEED");
    bool all = argc < 2 || !strcmp(argv[1], "all");
    unsigned long only = all ? 0 : strtoul(argv[1], NULL, 10), first = 1, count = SEEDS;
    if (argc > 3) first = strtoul(argv[2], NULL, 10), count = strtoul(argv[3], NULL, 10);
    if (given) first = strtoul(given, NULL, 10), count = 1;
    rows_program = argv[0];
    setenv("BUSKIN_CRASH", "off", 0); /* some scenarios crash actors on purpose */
    for (size_t i = 0; i < n; i++) {
        if (!all && i != only) continue;
        int before = atomic_load(&rows_failures);
        rows_round = 0;
        if (!given && argc < 4) rows_run_threads(&scenarios[i]);
        for (unsigned long seed = first; seed - first < count; seed++) rows_run_seed(&scenarios[i], i, seed);
        printf("%s %zu: %s\n", atomic_load(&rows_failures) > before ? "FAIL" : "ok", i, scenarios[i].rows);
        fflush(stdout);
    }
    return only >= n || atomic_load(&rows_failures) > 0;
}

#endif
