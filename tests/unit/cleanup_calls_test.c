/* What a cleanup may call, what is a bad record, and the heap meanwhile (S2.11). LIMIT: 240. WITH: gc */
#include "rows.h"

#include "mem/backend.h"

enum { TAG_ANSWER = 2000, TAG_CLEANED };

static _Noreturn void fail(void) { buskin_panic("on purpose", 10, NULL, 0, 0); }

/* Starts an actor that registers run with the starter's pid, and panics. */
typedef void cleanup_fn(void *arg);

static _Atomic(cleanup_fn *) cleanup;

static void registers_and_fails(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t record;
    EXPECT(buskin_cleanup_push(&record, atomic_load(&cleanup), &to) == BUSKIN_OK);
    fail();
}

static uint64_t fail_with(cleanup_fn *run) {
    uint64_t ref;
    atomic_store(&cleanup, run);
    return START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), registers_and_fails);
}

static void expect_panic(void) {
    const void *m = await_notice(BUSKIN_MSG_DOWN, 0, 20000);
    EXPECT(m && notice_of(m)->code == BUSKIN_REASON_PANIC);
    EXPECT(mailbox_is_empty());
}

/* -- Calls -- */

static void sends(void *arg) {
    uint64_t to = *(uint64_t *)arg, word = 12;
    EXPECT(buskin_actor_self() != 0);
    EXPECT(buskin_send_word(to, TAG_ANSWER, 11) == BUSKIN_OK);
    EXPECT(buskin_send(to, TAG_ANSWER, &rows_word, &word) == BUSKIN_OK);
    EXPECT(buskin_timer_send_after(to, 1, TAG_ANSWER, &rows_word, &(uint64_t){13}) != 0);
    buskin_actor_yield();
    for (int i = 0; i < 20000; i++) buskin_reduction_check();
    EXPECT(buskin_send_word(to, TAG_CLEANED, buskin_actor_self()) == BUSKIN_OK);
}

static void it_sends_and_computes(void) {
    uint64_t pid = fail_with(sends);
    EXPECT(await_word(TAG_ANSWER) == 11);
    EXPECT(await_word(TAG_ANSWER) == 12);
    EXPECT(await_word(TAG_CLEANED) == pid);
    EXPECT(await_word(TAG_ANSWER) == 13);
    expect_panic();
}

static void nothing(void *arg) { (void)arg; }

static const buskin_desc_t request = {.size = sizeof(buskin_request_t), .name = "request"};
static _Atomic uint64_t server, full; /* which never answers, and never receives */

/* Nothing waits: time is over at once. */
static void waits(void *arg) {
    uint64_t to = *(uint64_t *)arg;
    int32_t status = 0;
    buskin_request_t call = {0};
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_actor_receive(-1) == NULL);
    EXPECT(buskin_receive_tags(&to, 1, 1000000) == NULL);
    EXPECT(buskin_actor_sleep(1000000) == BUSKIN_ESTATE);
    EXPECT(buskin_actor_sleep(0) == BUSKIN_OK);
    EXPECT(buskin_call(atomic_load(&server), 1, &request, &call, -1, &status) == NULL);
    EXPECT(status == BUSKIN_ETIMEOUT);
    EXPECT(buskin_blocking_call(nothing, NULL) == BUSKIN_ESTATE);
    EXPECT(buskin_foreign_enter() == BUSKIN_ESTATE);
    int32_t alive = buskin_actor_is_alive(to), told = buskin_process_info(to, &info);
    EXPECT(alive == BUSKIN_ESTATE || alive == 1); /* on the same worker the answer comes at once */
    EXPECT(told == BUSKIN_ESTATE || told == BUSKIN_OK);
    EXPECT(buskin_send_word(atomic_load(&full), TAG_ANSWER, 0) == BUSKIN_OK);
    EXPECT(buskin_send_word(atomic_load(&full), TAG_ANSWER, 0) == BUSKIN_EFULL);
    tell(to, TAG_CLEANED, 0);
}

static void never_receives(const void *args) {
    (void)args;
    buskin_actor_sleep(1000000);
}

static void nothing_waits(void) {
    atomic_store(&server, SPAWN(0, idler));
    atomic_store(&full, SPAWN(0, never_receives, .mailbox_capacity = 1, .mailbox_policy = BUSKIN_POLICY_BLOCK));
    fail_with(waits);
    await_word(TAG_CLEANED);
    expect_panic();
    finish(atomic_load(&full));
    finish(atomic_load(&server));
}

static void receives(void *arg) {
    const void *m = buskin_actor_receive(-1);
    tell(*(uint64_t *)arg, TAG_CLEANED, m ? value_of(m) : 0);
}

static void waits_with_a_message(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t record;
    EXPECT(buskin_cleanup_push(&record, receives, &to) == BUSKIN_OK);
    tell(buskin_actor_self(), TAG_WORD, 17);
    fail();
}

/* What is in the mailbox is there. */
static void it_finds_what_has_come(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), waits_with_a_message);
    EXPECT(await_word(TAG_CLEANED) == 17);
    expect_panic();
}

static void kills_its_actor(void *arg) {
    tell(*(uint64_t *)arg, TAG_CLEANED, 1);
    buskin_actor_exit_signal(buskin_actor_self(), BUSKIN_REASON_KILL, NULL, 0);
    for (;;) buskin_actor_is_alive(1);
}

static void tells_too(void *arg) { tell(*(uint64_t *)arg, TAG_CLEANED, 2); }

static void is_killed_between(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t older, newer;
    EXPECT(buskin_cleanup_push(&older, tells_too, &to) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&newer, kills_its_actor, &to) == BUSKIN_OK);
    fail();
}

/* A kill that is taken in meanwhile ends the end: no other one runs. */
static void a_kill_stops_them(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), is_killed_between);
    EXPECT(await_word(TAG_CLEANED) == 1);
    expect_panic();
}

/* -- Records -- */

static buskin_cleanup_t *volatile left_behind;

static __attribute__((noinline)) void leave_one(void) {
    buskin_cleanup_t record;
    left_behind = &record;
    EXPECT(buskin_cleanup_push(left_behind, nothing, NULL) == BUSKIN_OK);
}

static __attribute__((noinline)) void push_three(buskin_cleanup_t *outer) {
    buskin_cleanup_t inner, innermost;
    EXPECT(buskin_cleanup_push(&inner, nothing, NULL) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&innermost, nothing, NULL) == BUSKIN_OK);
    EXPECT(buskin_cleanup_pop(outer) == BUSKIN_OK); /* and all that came after it */
    EXPECT(buskin_cleanup_pop(&innermost) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_cleanup_pop(&inner) == BUSKIN_ENOTFOUND);
}

static void bad_records_are_refused(void) {
    static buskin_cleanup_t elsewhere;
    buskin_cleanup_t one, two;
    char bytes[sizeof one + 8];
    buskin_cleanup_t *odd = (buskin_cleanup_t *)(void *)(bytes + 1 + (uintptr_t)bytes % 2);
    buskin_cleanup_t *heap = buskin_gc_alloc_actor(sizeof *heap, 8);
    EXPECT(buskin_context()->cleanups == NULL);
    EXPECT(buskin_cleanup_push(NULL, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_push(&one, NULL, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_push(&elsewhere, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_push(heap, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT((uintptr_t)odd % 8 == 0 || buskin_cleanup_push(odd, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_push((buskin_cleanup_t *)(uintptr_t)-8, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_pop(NULL) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_cleanup_pop(&one) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_context()->cleanups == NULL);
    EXPECT(buskin_cleanup_push(&one, nothing, NULL) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&one, nothing, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_cleanup_pop(&two) == BUSKIN_ENOTFOUND);
    push_three(&one);
    EXPECT(buskin_context()->cleanups == NULL);
}

static void pushes_after_a_loss(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t record;
    leave_one();
    EXPECT(buskin_cleanup_push(&record, tells_too, &to) == BUSKIN_EINVAL);
    EXPECT(buskin_context()->cleanups == left_behind);
    fail();
}

/* Its function has returned: it cannot run, and does not. */
static void one_that_was_left_behind_is_dropped(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), pushes_after_a_loss);
    expect_panic();
}

static void pushes_in_a_circle(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t one, two;
    EXPECT(buskin_cleanup_push(&one, tells_too, &to) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&two, tells_too, &to) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&one, tells_too, &to) == BUSKIN_OK);
    buskin_cleanup_t none;
    EXPECT(buskin_cleanup_pop(&none) == BUSKIN_ENOTFOUND); /* and comes back */
    fail();
}

static void one_that_is_pushed_twice_runs_once(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), pushes_in_a_circle);
    EXPECT(await_word(TAG_CLEANED) == 2);
    EXPECT(await_word(TAG_CLEANED) == 2);
    expect_panic();
}

/* Words of a record that are no code, and a chain that leads nowhere: that actor ends, and no other. */
static void writes_into_its_records(const void *args) {
    uint64_t to = word_of(args);
    buskin_cleanup_t older, newer;
    EXPECT(buskin_cleanup_push(&older, tells_too, &to) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&newer, tells_too, &to) == BUSKIN_OK);
    newer.run = (void (*)(void *))(uintptr_t)0x1230;
    older.next = (buskin_cleanup_t *)(uintptr_t)0x4560;
    fail();
}

static void ruined_records_end_one_actor(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), writes_into_its_records);
    EXPECT(await_word(TAG_CLEANED) == 2);
    expect_panic();
}

/* By stores, as emitted code does it. */
static void pushes_by_hand(const void *args) {
    uint64_t to = word_of(args);
    buskin_context_t *ctx = buskin_context();
    buskin_cleanup_t record = {.next = ctx->cleanups, .run = tells_too, .arg = &to}, popped = {.next = &record};
    *(buskin_cleanup_t *volatile *)&ctx->cleanups = &record;
    *(buskin_cleanup_t *volatile *)&ctx->cleanups = &popped;
    *(buskin_cleanup_t *volatile *)&ctx->cleanups = popped.next;
    fail();
}

static void stores_are_enough(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), pushes_by_hand);
    EXPECT(await_word(TAG_CLEANED) == 2);
    expect_panic();
}

/* -- The heap -- */

enum { CELLS = 200 };

typedef struct cell {
    struct cell *next;
    uint64_t number, rest[14];
} cell_t;

static cell_t *make_list(void) {
    cell_t *list = NULL;
    for (uint64_t i = 0; i < CELLS; i++) {
        cell_t *cell = buskin_gc_alloc_actor(sizeof *cell, 8);
        *cell = (cell_t){.next = list, .number = i};
        list = cell;
    }
    return list;
}

typedef struct with_list {
    uint64_t to;
    cell_t *list; /* held by nothing but the frame that registered it */
} with_list_t;

static void uses_the_heap(void *arg) {
    const with_list_t *w = arg;
    for (int round = 0; round < 3; round++) {
        cell_t *own = make_list(); /* held by nothing but the cleanup's frame */
        EXPECT(buskin_gc_collect() == BUSKIN_OK);
        for (int i = 0; i < 500; i++) memset(buskin_gc_alloc_actor(1000, 8), 0xff, 1000);
        uint64_t n = CELLS, m = CELLS;
        for (const cell_t *cell = w->list; cell; cell = cell->next) EXPECT(cell->number == --n);
        for (const cell_t *cell = own; cell; cell = cell->next) EXPECT(cell->number == --m);
        EXPECT(n == 0 && m == 0);
    }
    tell(w->to, TAG_CLEANED, 3);
}

static __attribute__((noinline)) void fail_below(with_list_t *w) {
    buskin_cleanup_t record;
    w->list = make_list();
    EXPECT(buskin_cleanup_push(&record, uses_the_heap, w) == BUSKIN_OK);
    fail();
}

static void has_a_list(const void *args) {
    with_list_t w = {.to = word_of(args)};
    fail_below(&w);
}

static void collections_see_both_stacks(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), has_a_list);
    EXPECT(await_word(TAG_CLEANED) == 3);
    expect_panic();
}

static void fills_its_heap(const void *args) {
    with_list_t w = {.to = word_of(args)};
    buskin_cleanup_t record;
    w.list = make_list();
    EXPECT(buskin_cleanup_push(&record, uses_the_heap, &w) == BUSKIN_OK);
    for (cell_t *kept = NULL;;) {
        cell_t *cell = buskin_gc_alloc_actor(sizeof *cell, 8);
        cell->next = kept;
        kept = cell;
    }
}

/* Its frames still hold all of it: the limit does not hold for cleanups. */
static void there_is_memory_after_the_limit(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), fills_its_heap, .heap_limit = 128 << 10);
    EXPECT(await_word(TAG_CLEANED) == 3);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_LIMIT));
}

/* -- Start callbacks of supervisors -- */

static _Atomic uint64_t observer;

static uint64_t start_fails(const void *args) {
    uint64_t to = atomic_load(&observer);
    buskin_cleanup_t older, newer;
    (void)args;
    EXPECT(buskin_cleanup_push(&older, tells_too, &to) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&newer, tells_too, &to) == BUSKIN_OK);
    fail();
}

static uint64_t start_leaves_one(const void *args) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = idler, .priority = BUSKIN_NORMAL};
    (void)args;
    leave_one();
    return buskin_spawn(&desc, NULL, 0, NULL);
}

/* What was registered in the attempt runs when it fails; the supervisor goes on, with what it had before. */
static void failed_starts_run_theirs(void) {
    static const buskin_child_spec_t good = {.size = sizeof good, .name = "good", .start = start_leaves_one},
                                     bad = {.size = sizeof bad, .name = "bad", .start = start_fails};
    static const buskin_child_spec_t *const children[] = {&good};
    static const buskin_supervisor_spec_t spec = {
        .size = sizeof spec, .children = children, .child_count = 1, .window_ms = 1000};
    atomic_store(&observer, buskin_actor_self());
    int32_t status;
    uint64_t ref, s = buskin_supervisor_start(&spec, BUSKIN_SPAWN_MONITOR, &ref, &status);
    EXPECT(s != 0 && status == BUSKIN_OK);
    for (int i = 0; i < 3; i++) {
        EXPECT(buskin_supervisor_add_child(s, &bad, &status) == 0);
        EXPECT(status == BUSKIN_ESTART);
        EXPECT(await_word(TAG_CLEANED) == 2);
        EXPECT(await_word(TAG_CLEANED) == 2);
        EXPECT(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == 1);
    }
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    EXPECT(await_down(ref) != NULL);
    EXPECT(mailbox_is_empty());
}

static const scenario_t scenarios[] = {
    {"S2.11", it_sends_and_computes},
    {"S2.11", nothing_waits},
    {"S2.11", it_finds_what_has_come},
    {"S2.11 S2.4", a_kill_stops_them},
    {"S2.11", bad_records_are_refused},
    {"S2.11", one_that_was_left_behind_is_dropped},
    {"S2.11", one_that_is_pushed_twice_runs_once},
    {"S2.11 S11.2", ruined_records_end_one_actor},
    {"S2.11", stores_are_enough},
    {"S2.11", collections_see_both_stacks},
    {"S2.11", there_is_memory_after_the_limit},
    {"S2.11 S9.2", failed_starts_run_theirs},
};

/* The second collector, where it is linked, scans both stacks, too. */
static int with_the_second_collector(char **argv) {
    static const scenario_t both[] = {{"S2.11 (BUSKIN_GC=boehm)", collections_see_both_stacks}};
    if (!backend_present()) return 0;
    setenv("BUSKIN_GC", "boehm", 1);
    return rows_main(1, argv, both, COUNT(both));
}

int main(int argc, char **argv) {
    int failed = rows_main(argc, argv, scenarios, COUNT(scenarios));
    return failed || argc > 1 || getenv("BUSKIN_GC") ? failed : with_the_second_collector(argv);
}
