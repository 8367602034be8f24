/* Registered cleanups: at every end but a kill, each once, the newest first, with the frames as they are (S2.11). LIMIT: 240 */
#include "rows.h"

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "thread", "undefined")))

enum { TAG_CLEANED = 2000, TAG_TERMINATED, PATTERN = 0x5a };

/* How an actor ends. The first ones are its own, the others need somebody. */
enum way {
    PANICS,
    EXITS,
    EXITS_NORMALLY,
    WRITES_TO_NULL,
    DIVIDES_BY_ZERO,
    CALLS_NO_CODE,
    OVERFLOWS,
    OVERFLOWS_IN_THE_RUNTIME,
    FILLS_ITS_HEAP,
    RECEIVES, /* from here it is sent an exit signal */
    SLEEPS,
    SPINS,
    WAYS,
    OWN_WAYS = RECEIVES
};

static const uint32_t codes[WAYS] = {
    [PANICS] = BUSKIN_REASON_PANIC,          [EXITS] = BUSKIN_REASON_USER + 1,
    [EXITS_NORMALLY] = BUSKIN_REASON_NORMAL, [WRITES_TO_NULL] = BUSKIN_REASON_CRASH,
    [DIVIDES_BY_ZERO] = BUSKIN_REASON_CRASH, [CALLS_NO_CODE] = BUSKIN_REASON_CRASH,
    [OVERFLOWS] = BUSKIN_REASON_CRASH,       [OVERFLOWS_IN_THE_RUNTIME] = BUSKIN_REASON_CRASH,
    [FILLS_ITS_HEAP] = BUSKIN_REASON_LIMIT,  [RECEIVES] = BUSKIN_REASON_USER + 2,
    [SLEEPS] = BUSKIN_REASON_USER + 2,       [SPINS] = BUSKIN_REASON_USER + 2,
};

static volatile int zero;
static volatile int *volatile nowhere = (volatile int *)8;
static void (*volatile no_code)(void);
static int recurse(int depth), recurse_in_the_runtime(int depth);
static int (*volatile again)(int depth) = recurse; /* so that no compiler sees the recursion */
static int (*volatile again_in_the_runtime)(int depth) = recurse_in_the_runtime;

static ACTOR_CODE int recurse(int depth) {
    volatile char frame[200];
    frame[0] = (char)depth;
    return again(depth + 1) + frame[0];
}

static ACTOR_CODE int recurse_in_the_runtime(int depth) {
    volatile char frame[200];
    frame[0] = (char)depth;
    buskin_send_word(0, 0, 0);
    return again_in_the_runtime(depth + 1) + frame[0];
}

static void fill_heap(void) {
    for (void **list = NULL;;) {
        void **cell = buskin_gc_alloc_actor(1024, 8);
        *cell = list;
        list = cell;
        buskin_actor_set_state(list);
    }
}

static ACTOR_CODE void end_by(enum way way) {
    switch (way) {
    case PANICS: buskin_panic("on purpose", 10, NULL, 0, 0);
    case EXITS: buskin_actor_exit(BUSKIN_REASON_USER + 1, "why", 3);
    case EXITS_NORMALLY: buskin_actor_exit(BUSKIN_REASON_NORMAL, NULL, 0);
    case WRITES_TO_NULL: *nowhere = 1; break;
    case DIVIDES_BY_ZERO: zero = 100 / zero; break;
    case CALLS_NO_CODE: no_code(); break;
    case OVERFLOWS: zero = again(0) * 0; break;
    case OVERFLOWS_IN_THE_RUNTIME: zero = again_in_the_runtime(0) * 0; break;
    case FILLS_ITS_HEAP: fill_heap(); break;
    case RECEIVES: buskin_actor_receive(-1); break;
    case SLEEPS: buskin_actor_sleep(1000000); break;
    case SPINS:
        for (;;) buskin_reduction_check();
    default: break;
    }
}

/* -- Order, number and frames -- */

/* What a cleanup is given: a piece of the frame that registered it. */
typedef struct held {
    buskin_cleanup_t record;
    uint64_t to, number;
    unsigned char bytes[400];
} held_t;

static void tell_cleaned(void *arg) {
    const held_t *held = arg;
    for (size_t i = 0; i < sizeof held->bytes; i++) EXPECT(held->bytes[i] == PATTERN);
    tell(held->to, TAG_CLEANED, held->number);
}

static void hold(held_t *held, uint64_t to, uint64_t number, void (*run)(void *)) {
    held->to = to;
    held->number = number;
    memset(held->bytes, PATTERN, sizeof held->bytes);
    EXPECT(buskin_cleanup_push(&held->record, run, held) == BUSKIN_OK);
}

/* Three frames with a cleanup each; the innermost has had one more, which is popped. */
static ACTOR_CODE __attribute__((noinline)) void innermost(uint64_t to, enum way way) {
    held_t popped, held;
    hold(&popped, to, 99, tell_cleaned);
    EXPECT(buskin_cleanup_pop(&popped.record) == BUSKIN_OK);
    hold(&held, to, 3, tell_cleaned);
    tell(to, TAG_GO, 0);
    end_by(way);
    EXPECT(!"it has ended");
    tell(to, TAG_OTHER, held.number);
}

static __attribute__((noinline)) void middle(uint64_t to, enum way way) {
    held_t held;
    hold(&held, to, 2, tell_cleaned);
    innermost(to, way);
    tell(to, TAG_OTHER, held.number);
}

typedef struct order {
    uint64_t to, way;
} order_t;

static const buskin_desc_t order_desc = {.size = sizeof(order_t), .name = "order"};

static void victim(const void *args) {
    const order_t *order = args;
    uint64_t *state = buskin_gc_alloc_actor(8, 8);
    *state = order->to;
    buskin_actor_set_state(state);
    held_t held;
    hold(&held, order->to, 1, tell_cleaned);
    middle(order->to, (enum way)order->way);
    tell(order->to, TAG_OTHER, held.number);
}

static _Atomic uint64_t told; /* whom terminate tells: fill_heap has the state */

static void on_end(void *state, const buskin_notice_t *why) {
    (void)state;
    tell(atomic_load(&told), TAG_TERMINATED, why->code);
}

static const buskin_spawn_desc_t victims[] = {{.size = sizeof(buskin_spawn_desc_t),
                                               .entry = victim,
                                               .name = "victim",
                                               .args = &order_desc,
                                               .terminate = on_end,
                                               .heap_limit = 256 << 10,
                                               .priority = BUSKIN_NORMAL},
                                              {.size = sizeof(buskin_spawn_desc_t),
                                               .entry = victim,
                                               .name = "victim on its own stack",
                                               .args = &order_desc,
                                               .terminate = on_end,
                                               .heap_limit = 256 << 10,
                                               .stack_size = 128 << 10,
                                               .priority = BUSKIN_NORMAL}};

static uint64_t start_victim(const buskin_spawn_desc_t *desc, enum way way, uint64_t *ref) {
    order_t order = {buskin_actor_self(), way};
    atomic_store(&told, buskin_actor_self());
    uint64_t pid = buskin_spawn(desc, &order, BUSKIN_SPAWN_MONITOR, ref);
    EXPECT(pid != 0);
    expect_word(TAG_GO);
    return pid;
}

static void each_end_runs_them(enum way way) {
    for (size_t i = 0; i < COUNT(victims); i++) {
        uint64_t ref, pid = start_victim(&victims[i], way, &ref);
        if (way >= OWN_WAYS) buskin_actor_exit_signal(pid, BUSKIN_REASON_USER + 2, NULL, 0);
        for (uint64_t n = 3; n >= 1; n--) EXPECT(expect_word(TAG_CLEANED) == n); /* one sender: as they were sent */
        EXPECT(await_word(TAG_TERMINATED) == codes[way]);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, codes[way]));
        EXPECT(mailbox_is_empty());
    }
}

static void own_ends_run_them(void) {
    for (enum way way = 0; way < OWN_WAYS; way++) each_end_runs_them(way);
}

static void exit_signals_run_them(void) {
    for (enum way way = OWN_WAYS; way < WAYS; way++) each_end_runs_them(way);
}

static void a_kill_runs_none(void) {
    for (enum way way = OWN_WAYS; way < WAYS; way++) {
        uint64_t ref, pid = start_victim(&victims[0], way, &ref);
        buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_KILLED));
        EXPECT(mailbox_is_empty());
    }
}

/* -- A link's exit, a supervisor's stop -- */

static void links_to(const void *args) {
    held_t held;
    hold(&held, word_of(args), 7, tell_cleaned);
    uint64_t peer = expect_word(TAG_WORD);
    EXPECT(buskin_actor_link(peer) == BUSKIN_OK);
    tell(word_of(args), TAG_GO, 0);
    for (;;) buskin_actor_receive(-1);
}

static void a_link_runs_them(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), links_to), peer = SPAWN(0, idler);
    tell(pid, TAG_WORD, peer);
    expect_word(TAG_GO);
    buskin_actor_exit_signal(peer, BUSKIN_REASON_USER, NULL, 0);
    EXPECT(await_word(TAG_CLEANED) == 7);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER));
    EXPECT(mailbox_is_empty());
}

/* -- Cleanups that fail -- */

static void fail_by(void *arg) {
    const held_t *held = arg;
    tell_cleaned(arg);
    end_by((enum way)(held->number % 100));
}

static void fails_five_times(const void *args) {
    const order_t *order = args;
    held_t held[5];
    for (uint64_t i = 0; i < COUNT(held); i++)
        hold(&held[i], order->to, 100 * i + order->way, i % 2 ? fail_by : tell_cleaned);
    end_by(PANICS);
}

/* The first reason stands, and none is lost. */
static void a_failing_one_does_not_stop_the_others(void) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc,
                                             .entry = fails_five_times,
                                             .name = "fails",
                                             .args = &order_desc,
                                             .terminate = on_end,
                                             .priority = BUSKIN_NORMAL};
    static const enum way ways[] = {PANICS,        EXITS,     EXITS_NORMALLY,          WRITES_TO_NULL,
                                    CALLS_NO_CODE, OVERFLOWS, OVERFLOWS_IN_THE_RUNTIME};
    atomic_store(&told, buskin_actor_self());
    for (size_t i = 0; i < COUNT(ways); i++) {
        order_t order = {buskin_actor_self(), ways[i]};
        uint64_t ref, pid = buskin_spawn(&desc, &order, BUSKIN_SPAWN_MONITOR, &ref);
        EXPECT(pid != 0);
        for (int n = 4; n >= 0; n--) EXPECT(expect_word(TAG_CLEANED) == (uint64_t)n * 100 + ways[i]);
        EXPECT(await_word(TAG_TERMINATED) == BUSKIN_REASON_PANIC);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_PANIC));
    }
    EXPECT(mailbox_is_empty());
}

static void register_two_and_fail(void *arg) {
    const held_t *outer = arg;
    held_t first, second;
    tell_cleaned(arg);
    hold(&first, outer->to, 20 + outer->number, tell_cleaned);
    hold(&second, outer->to, 10 + outer->number, fail_by); /* which panics, or exits */
    end_by(WRITES_TO_NULL);
    tell(outer->to, TAG_OTHER, first.number);
}

static void cleans_in_cleanups(const void *args) {
    held_t last, outer;
    hold(&last, word_of(args), 2, tell_cleaned);
    hold(&outer, word_of(args), 0, register_two_and_fail);
    end_by(PANICS);
}

/* What a cleanup has registered itself runs when it fails, before those that are older. */
static void cleanups_of_cleanups_run_first(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), cleans_in_cleanups);
    static const uint64_t expected[] = {0, 10, 20, 2};
    for (size_t i = 0; i < COUNT(expected); i++) EXPECT(expect_word(TAG_CLEANED) == expected[i]);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_PANIC));
    EXPECT(mailbox_is_empty());
}

static void leaves_one_behind(void *arg) {
    held_t held;
    const held_t *outer = arg;
    hold(&held, outer->to, 99, tell_cleaned);
    tell_cleaned(arg);
}

static void cleans_carelessly(const void *args) {
    held_t last, outer;
    hold(&last, word_of(args), 2, tell_cleaned);
    hold(&outer, word_of(args), 1, leaves_one_behind);
    end_by(EXITS);
}

/* A cleanup that returns has no frame any more: what it did not pop is forgotten. */
static void a_cleanup_that_returns_takes_its_own_along(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), cleans_carelessly);
    EXPECT(expect_word(TAG_CLEANED) == 1);
    EXPECT(expect_word(TAG_CLEANED) == 2);
    EXPECT(await_down(ref) != NULL);
    EXPECT(mailbox_is_empty());
}

/* -- Terminate callbacks have their own -- */

static void terminate_fails(void *state, const buskin_notice_t *why) {
    held_t held;
    (void)state, (void)why;
    hold(&held, atomic_load(&told), 5, tell_cleaned);
    end_by(PANICS);
}

static void holds_one(const void *args) {
    held_t held;
    hold(&held, word_of(args), 6, tell_cleaned);
    end_by(EXITS);
}

static void a_failing_terminate_runs_its_own(void) {
    uint64_t ref;
    atomic_store(&told, buskin_actor_self());
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), holds_one, .terminate = terminate_fails);
    EXPECT(expect_word(TAG_CLEANED) == 6);
    EXPECT(expect_word(TAG_CLEANED) == 5);
    EXPECT(await_down(ref) != NULL);
    EXPECT(mailbox_is_empty());
}

/* -- Frames that were copied away -- */

static ACTOR_CODE void waits_below_a_cleanup(const void *args) {
    held_t held;
    hold(&held, word_of(args), 0, tell_cleaned);
    tell(word_of(args), TAG_GO, 0);
    buskin_actor_receive(-1);
}

/* More of them than there are stack slots, so that most are evicted when they are told to end. */
static void evicted_frames_are_in_place(void) {
    enum { MANY = 1500 };
    static uint64_t pids[MANY];
    RARELY(20);
    for (int i = 0; i < MANY; i++) pids[i] = SPAWN(buskin_actor_self(), waits_below_a_cleanup);
    for (int i = 0; i < MANY; i++) await_word(TAG_GO);
    for (int i = 0; i < MANY; i++) buskin_actor_exit_signal(pids[i], BUSKIN_REASON_SHUTDOWN, NULL, 0);
    for (int i = 0; i < MANY; i++) await_word(TAG_CLEANED);
    EXPECT(mailbox_is_empty());
}

/* -- The end of the program -- */

static atomic_uint at_the_end;

static void count_end(void *arg) {
    (void)arg;
    atomic_fetch_add(&at_the_end, 1);
}

static void waits_for_the_end(const void *args) {
    buskin_cleanup_t record;
    EXPECT(buskin_cleanup_push(&record, count_end, NULL) == BUSKIN_OK);
    tell(word_of(args), TAG_GO, 0);
    for (;;) buskin_actor_receive(-1);
}

static void a_shutdown_runs_them(void) {
    static unsigned before; /* of the last round, whose program has ended */
    EXPECT(atomic_load(&at_the_end) == before);
    before += 3;
    for (int i = 0; i < 3; i++) SPAWN(buskin_actor_self(), waits_for_the_end);
    for (int i = 0; i < 3; i++) await_word(TAG_GO);
}

/* -- Time -- */

static void never_done(void *arg) {
    tell_cleaned(arg);
    for (;;) buskin_reduction_check();
}

static void cleans_for_ever(const void *args) {
    held_t held[3];
    for (uint64_t i = 0; i < COUNT(held); i++) hold(&held[i], word_of(args), i, i ? never_done : tell_cleaned);
    end_by(PANICS);
}

/* After 5 s in all each of the rest has one turn. */
static void long_ones_are_ended(void) {
    RARELY(100000);
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), cleans_for_ever);
    for (uint64_t i = 3; i > 0; i--) EXPECT(await_word(TAG_CLEANED) == i - 1);
    EXPECT(await_down(ref) != NULL);
}

static const scenario_t scenarios[] = {
    {"S2.11", own_ends_run_them},
    {"S2.11 S2.9", exit_signals_run_them},
    {"S2.11 S2.4", a_kill_runs_none},
    {"S2.11", a_link_runs_them},
    {"S2.11 S2.1", a_failing_one_does_not_stop_the_others},
    {"S2.11", cleanups_of_cleanups_run_first},
    {"S2.11", a_cleanup_that_returns_takes_its_own_along},
    {"S2.11", a_failing_terminate_runs_its_own},
    {"S2.11", evicted_frames_are_in_place},
    {"S2.11", a_shutdown_runs_them},
    {"S2.11", long_ones_are_ended},
};

int main(int argc, char **argv) { return rows_main(argc, argv, scenarios, COUNT(scenarios)); }
