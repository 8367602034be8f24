/* end: every way to end is known to watchers with its reason (R3, R4), callbacks run once, and all memory goes back. */
#include "runtime_test.h"

#include "mem/pool.h"

/* -- Reasons, as a watcher sees them -- */

static void returns(const void *args) { (void)args; }
static void exits(const void *args) {
    (void)args;
    buskin_actor_exit(BUSKIN_REASON_USER + 3, "own reason", 10);
}
static void exits_normally(const void *args) {
    (void)args;
    buskin_actor_exit(BUSKIN_REASON_NORMAL, NULL, 0);
}
static void panics(const void *args) {
    (void)args;
    buskin_panic("text", 4, "f", 1, 2);
}
static void kills_itself(const void *args) {
    (void)args;
    buskin_actor_exit(BUSKIN_REASON_KILLED, NULL, 0);
}
static void waits(const void *args) {
    (void)args;
    for (;;) buskin_actor_receive(-1);
}
static void sleeps(const void *args) {
    (void)args;
    buskin_actor_sleep(60000);
}
static void spins(const void *args) {
    (void)args;
    for (;;) buskin_reduction_check();
}
static void peeks(const void *args) {
    (void)args;
    for (;;) take_word();
}

static buskin_notice_t watch(entry_fn *entry, bool kill, const char *bytes) {
    buskin_spawn_desc_t *desc = calloc(1, sizeof *desc); /* as long as the actor lives, and longer */
    *desc = (buskin_spawn_desc_t){.size = sizeof *desc, .entry = entry, .name = "watched", .priority = BUSKIN_NORMAL};
    uint64_t ref, pid = buskin_spawn(desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    buskin_notice_t none = {.code = 12345};
    if (!EXPECT(pid && ref)) return none;
    if (kill) {
        buskin_actor_sleep(2);
        buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0);
        EXPECT(buskin_actor_is_alive(pid) == 0); /* S1.7 */
    }
    const buskin_message_t *m = buskin_actor_receive(100000);
    if (!EXPECT(m != NULL)) return none;
    EXPECT(((const buskin_message_header_t *)m - 1)->kind == BUSKIN_MSG_DOWN);
    const buskin_notice_t *notice = (const void *)(m + 1);
    EXPECT(notice->from == pid && notice->ref == ref);
    EXPECT(notice->length == strlen(bytes) && !memcmp(notice + 1, bytes, notice->length));
    EXPECT(!buskin_actor_receive(0)); /* exactly one */
    none = *notice;
    free(desc);
    return none;
}

static void watch_all(const void *args) {
    (void)args;
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT(watch(returns, false, "").code == BUSKIN_REASON_NORMAL);
        EXPECT(watch(exits, false, "own reason").code == BUSKIN_REASON_USER + 3);
        EXPECT(watch(exits_normally, false, "").code == BUSKIN_REASON_NORMAL);
        EXPECT(watch(kills_itself, false, "").code == BUSKIN_REASON_KILLED);
        EXPECT(watch(waits, true, "").code == BUSKIN_REASON_KILLED);
        EXPECT(watch(peeks, true, "").code == BUSKIN_REASON_KILLED);
        EXPECT(watch(sleeps, true, "").code == BUSKIN_REASON_KILLED);
    }
    EXPECT(watch(panics, false, "text").code == BUSKIN_REASON_PANIC);
    EXPECT(watch(spins, true, "").code == BUSKIN_REASON_KILLED);
}

static void test_reasons_reach_watchers(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers *= 2) run(workers, watch_all, NULL, 0);
}

/* -- Terminate callbacks -- */

static atomic_uint callbacks;
static _Atomic uint32_t last_code;

static void note(void *state, const buskin_notice_t *why) {
    if (EXPECT(state != NULL)) EXPECT(*(uint64_t *)state == 4711);
    EXPECT(why->from == buskin_actor_self() || why->code == BUSKIN_REASON_SHUTDOWN); /* or who asked for it */
    atomic_store(&last_code, why->code);
    atomic_fetch_add(&callbacks, 1);
}
static void note_and_fail(void *state, const buskin_notice_t *why) {
    note(state, why);
    buskin_panic("again", 5, NULL, 0, 0);
}

static void set_state_and(entry_fn *next) {
    uint64_t *state = buskin_gc_alloc_actor(64, 8);
    *state = 4711;
    buskin_actor_set_state(state);
    for (int i = 0; i < 100; i++) { /* garbage; the state stays alive */
        uint64_t *garbage = buskin_gc_alloc_actor(1000, 8);
        memset(garbage, 0xff, 1000);
    }
    next(NULL);
}
static void state_returns(const void *args) { set_state_and(returns), (void)args; }
static void state_panics(const void *args) { set_state_and(panics), (void)args; }
static void state_exits(const void *args) { set_state_and(exits), (void)args; }

static atomic_bool ready; /* one that is ended before it runs has no callback */
static void says_ready_and_waits(const void *args) {
    atomic_store(&ready, true);
    waits(args);
}
static void state_waits(const void *args) { set_state_and(says_ready_and_waits), (void)args; }

static void end_when_ready(uint64_t pid, uint32_t code) {
    while (!atomic_load(&ready)) buskin_actor_yield();
    atomic_store(&ready, false);
    buskin_actor_exit_signal(pid, code, NULL, 0);
}

static uint64_t with_callback(entry_fn *entry, void (*terminate)(void *, const buskin_notice_t *)) {
    static buskin_spawn_desc_t descs[64];
    static unsigned n;
    buskin_spawn_desc_t *desc = &descs[n++ % 64];
    *desc =
        (buskin_spawn_desc_t){.size = sizeof *desc, .entry = entry, .terminate = terminate, .priority = BUSKIN_NORMAL};
    uint64_t ref, pid = buskin_spawn(desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    EXPECT(pid != 0);
    return pid;
}

static uint32_t code_of_next_down(void) {
    const buskin_message_t *m = buskin_actor_receive(100000);
    return EXPECT(m != NULL) ? ((const buskin_notice_t *)(const void *)(m + 1))->code : 12345;
}

static void try_callbacks(const void *args) {
    (void)args;
    static const struct {
        entry_fn *entry;
        uint32_t code;
    } ways[] = {{state_returns, BUSKIN_REASON_NORMAL},
                {state_panics, BUSKIN_REASON_PANIC},
                {state_exits, BUSKIN_REASON_USER + 3}};
    for (unsigned i = 0; i < 3; i++) {
        unsigned before = atomic_load(&callbacks);
        with_callback(ways[i].entry, note);
        EXPECT(code_of_next_down() == ways[i].code);
        EXPECT(atomic_load(&callbacks) == before + 1 && atomic_load(&last_code) == ways[i].code);
        with_callback(ways[i].entry, note_and_fail); /* a second failure ends it, with the first reason */
        EXPECT(code_of_next_down() == ways[i].code);
        EXPECT(atomic_load(&callbacks) == before + 2);
    }
    unsigned before = atomic_load(&callbacks);
    end_when_ready(with_callback(state_waits, note), BUSKIN_REASON_KILL);
    EXPECT(code_of_next_down() == BUSKIN_REASON_KILLED);
    EXPECT(atomic_load(&callbacks) == before); /* not for KILLED */
    end_when_ready(with_callback(state_waits, note), BUSKIN_REASON_SHUTDOWN);
    EXPECT(code_of_next_down() == BUSKIN_REASON_SHUTDOWN);
    EXPECT(atomic_load(&callbacks) == before + 1);
}

static void test_terminate_callbacks(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) run(workers, try_callbacks, NULL, 0);
}

/* -- R11: what ended costs nothing -- */

static void hoard(const void *args) {
    uint64_t parent = *(const uint64_t *)args;
    for (uint64_t i = 0; i < 30; i++) {
        memset(buskin_gc_alloc_actor(3000, 8), 1, 3000);
        buskin_send_word(buskin_actor_self(), 1, i);
    }
    buskin_send_word(parent, 1, 1);
    if (parent % 2) buskin_actor_exit(BUSKIN_REASON_USER, "away", 4);
}

static void test_memory_goes_back(void **state) {
    (void)state;
    uint64_t held[4];
    for (int round = 0; round < 4; round++) {
        start(2);
        uint64_t self = buskin_actor_self();
        for (int i = 0; i < 300; i++) {
            assert_int_not_equal(buskin_actor_spawn(hoard, &self, 8, BUSKIN_NORMAL), 0);
            assert_non_null(buskin_actor_receive(100000));
        }
        assert_int_equal(finish(), 0);
        pool_trim();
        held[round] = arena_in_use();
    }
    assert_int_equal(held[3], held[1]); /* a round more costs nothing more */
    assert_true(held[3] < 4 << 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_reasons_reach_watchers),
        BOTH(test_terminate_callbacks),
        BOTH(test_memory_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
