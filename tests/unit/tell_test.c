/* Notices of an end, when memory fails for one of them: all who are linked, watch or are watched hear of it, once (S2.8, S11.6). */
#include "runtime_test.h"

#include "base/alloc.h"

enum { PEERS = 12, ROUNDS_OF_FAILURE = 5 * PEERS };

static uint64_t starter, victim, failures;
static uint64_t idles[PEERS];

static void say(uint64_t word) { EXPECT(buskin_send_word(starter, 1, word) == BUSKIN_OK); }

static uint32_t next_kind(uint64_t *ref) {
    buskin_receive_t r = {.timeout_ms = 100000};
    const buskin_message_t *m = buskin_receive_peek(&r);
    if (!m) return UINT32_MAX;
    uint32_t kind = ((const buskin_message_header_t *)(const void *)m)[-1].kind;
    const buskin_notice_t *n = (const buskin_notice_t *)(m + 1);
    EXPECT(n->from == victim && n->code == BUSKIN_REASON_KILLED);
    *ref = n->ref;
    buskin_receive_drop(&r);
    return kind;
}

/* Linked to the victim, and watches it. */
static void peer(const void *args) {
    (void)args;
    buskin_actor_trap_exit(1);
    EXPECT(buskin_actor_link(victim) == BUSKIN_OK);
    uint64_t mine = buskin_actor_monitor(victim), ref;
    say(0);
    unsigned exits = 0, downs = 0;
    for (int i = 0; i < 2; i++) {
        uint32_t kind = next_kind(&ref);
        exits += kind == BUSKIN_MSG_EXIT;
        downs += kind == BUSKIN_MSG_DOWN && ref == mine;
    }
    EXPECT(exits == 1 && downs == 1);
    say(0);
    EXPECT(buskin_actor_receive(0) == NULL);
}

static void idle(const void *args) {
    (void)args;
    buskin_actor_receive(-1);
}

/* Watches the idle ones. */
static void watch_and_wait(const void *args) {
    (void)args;
    for (int i = 0; i < PEERS; i++) EXPECT(buskin_actor_monitor(idles[i]) != 0);
    say(0);
    buskin_actor_receive(-1);
}

static void await_words(int n) {
    while (n--) take_word();
}

static void await_no_watchers(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    while (buskin_process_info(pid, &info) != BUSKIN_OK || info.watchers)
        buskin_actor_sleep(1); /* or its memory failed */
}

/* The k-th allocation from the victim's end on fails. */
static void end_with_failure(const void *args) {
    uint64_t k = *(const uint64_t *)args;
    starter = buskin_actor_self();
    for (int i = 0; i < PEERS; i++) idles[i] = buskin_actor_spawn(idle, NULL, 0, BUSKIN_NORMAL);
    victim = buskin_actor_spawn(watch_and_wait, NULL, 0, BUSKIN_NORMAL);
    await_words(1);
    for (int i = 0; i < PEERS; i++) EXPECT(buskin_actor_spawn(peer, NULL, 0, BUSKIN_NORMAL) != 0);
    await_words(PEERS);
    alloc_fail_at(k, false);
    while (buskin_actor_exit_signal(victim, BUSKIN_REASON_KILL, NULL, 0) == BUSKIN_ENOMEM)
        continue; /* only the k-th fails */
    await_words(PEERS);
    for (int i = 0; i < PEERS; i++) await_no_watchers(idles[i]);
    failures += load_relaxed(&alloc_failed);
    alloc_fail_at(0, false);
    for (int i = 0; i < PEERS; i++) EXPECT(buskin_send_word(idles[i], 1, 0) == BUSKIN_OK);
}

static void test_all_hear_of_an_end(void **state) {
    (void)state;
    failures = 0;
    setenv("BUSKIN_FAIL_ALLOC", "1000000000", 1); /* none yet, but most pieces count as allocations */
    for (uint64_t k = 1; k <= ROUNDS_OF_FAILURE; k++) run(1, end_with_failure, &k, sizeof k);
    unsetenv("BUSKIN_FAIL_ALLOC");
    assert_true(failures >= PEERS);
}

int main(void) {
    const struct CMUnitTest tests[] = {BOTH(test_all_hear_of_an_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
