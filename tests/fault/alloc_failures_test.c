/* alloc_failures_test.c - each allocation of a program fails once, and every one from some point on (S11.6, S2.8).
 *
 * A script of some 200 calls of the ABI is run again and again; in round K the K-th allocation fails (BUSKIN_FAIL_ALLOC=K), until a
 * round has fewer. Every call must answer one of its documented statuses, an actor that cannot go on ends with LIMIT, whoever
 * watches it hears of that, and another pair of actors goes on. The address sanitizer's build sees what is not freed.
 * `alloc_failures_test all` goes through every K; without it, through a part of them. tools/alloc-failures is that.
 */
#include "unit/runtime_test.h"

#include "base/alloc.h"

#include <unistd.h>

static atomic_uint calls, rounds_of_pair;
static bool lasting; /* all allocations fail from the K-th on */

/* -- What calls may answer -- */

static int32_t status(int32_t s) {
    atomic_fetch_add(&calls, 1);
    EXPECT(s >= 0 || s == BUSKIN_ENOMEM || s == BUSKIN_ELIMIT || s == BUSKIN_ENOPROC || s == BUSKIN_ENOTFOUND ||
           s == BUSKIN_ETAKEN || s == BUSKIN_ETIMEOUT || s == BUSKIN_ESTART);
    return s;
}

static uint64_t made(uint64_t n) {
    atomic_fetch_add(&calls, 1);
    return n;
}

static const void *got(const void *p) {
    atomic_fetch_add(&calls, 1);
    return p;
}

/* -- The script -- */

static const buskin_desc_t word_desc = {.size = 8, .name = "word"};
static const buskin_desc_t bytes_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t request_desc = {.size = sizeof(buskin_request_t), .name = "request"};
__extension__ static const buskin_desc_t pair_desc = {.size = 16, .npointers = 1, .name = "pair", .offsets = {8}};

static void ends(const void *args) { (void)args; }
static void waits(const void *args) {
    (void)args;
    (void)buskin_actor_receive(-1);
}
static void ignores(void *arg) { (void)arg; }
static void says_nothing(void *state, const buskin_notice_t *why) { (void)state, (void)why; }

static void serves(const void *args) {
    (void)args;
    for (;;) {
        const char *m = buskin_actor_receive(-1);
        if (((const buskin_message_header_t *)(const void *)(m - 16))->kind != BUSKIN_MSG_CALL) return;
        const buskin_request_t *r = (const buskin_request_t *)(const void *)(m + 16);
        uint64_t answer = 7;
        status(buskin_reply(r->from, r->ref, &word_desc, &answer));
    }
}

static void finishes(const void *args) {
    (void)args;
    uint64_t result = 9;
    status(buskin_job_finish(&word_desc, &result));
}

static atomic_uint held, let_go;

/* Perhaps for want of memory, which must not cost the next one. */
static void lets_go(void *arg) {
    atomic_fetch_add(&let_go, 1);
    status(buskin_send_word(buskin_actor_self(), 1, 2));
    (void)got(buskin_gc_alloc_actor(3000, 8));
    status(buskin_actor_link(*(const uint64_t *)arg));
}

/* However it ends, with whatever reason there was memory for. */
static void holds(const void *args) {
    buskin_cleanup_t older, newer;
    uint64_t nobody = 77;
    (void)args;
    EXPECT(buskin_cleanup_push(&older, lets_go, &nobody) == BUSKIN_OK);
    EXPECT(buskin_cleanup_push(&newer, lets_go, &nobody) == BUSKIN_OK);
    atomic_fetch_add(&held, 2);
    (void)got(buskin_gc_alloc_actor(100, 8));
    buskin_actor_exit(BUSKIN_REASON_USER + 1, "why", 3);
}

#define DESC(...) {.size = sizeof(buskin_spawn_desc_t), .priority = BUSKIN_NORMAL, __VA_ARGS__}
static const buskin_spawn_desc_t waiter = DESC(.entry = waits, .name = "waiter", .terminate = says_nothing);
static const buskin_spawn_desc_t ender = DESC(.entry = ends, .name = "ender");
static const buskin_spawn_desc_t with_stack = DESC(.entry = ends, .name = "with a stack", .stack_size = 128 << 10);
static const buskin_spawn_desc_t server = DESC(.entry = serves, .name = "server");
static const buskin_spawn_desc_t holder = DESC(.entry = holds, .name = "holder", .terminate = says_nothing);
static const buskin_spawn_desc_t job = DESC(.entry = finishes, .name = "job");

static void use_heap(void) {
    void **list = NULL;
    for (int i = 0; i < 20; i++) {
        void **cell = buskin_gc_alloc_actor(200, 8);
        *cell = list;
        list = cell;
        buskin_actor_set_state(made((uint64_t)(uintptr_t)list) ? list : NULL);
    }
    uint64_t *large = buskin_alloc_array(&bytes_desc, 100000);
    large[1] = 1;
    status(buskin_gc_collect());
    buskin_heap_stats_t stats = {.size = sizeof stats};
    status(buskin_heap_stats(&stats));
}

static void use_messages(void) {
    static const char bytes[5000];
    uint64_t me = buskin_actor_self(), *object = buskin_alloc(&pair_desc), sent = 0;
    object[0] = 1;
    uint64_t slots[2] = {3, (uint64_t)(uintptr_t)object};
    for (int i = 0; i < 5; i++) {
        sent += status(buskin_send_word(me, 1, 2)) == BUSKIN_OK;
        sent += status(buskin_send(me, 2, &pair_desc, slots)) == BUSKIN_OK;
        sent += status(buskin_actor_send(me, bytes, sizeof bytes)) == BUSKIN_OK;
    }
    for (; sent; sent--) EXPECT(got(buskin_actor_receive(0)) != NULL);
    EXPECT(got(buskin_actor_receive(0)) == NULL);
}

static void use_others(void) {
    uint64_t ref, pids[6], before = made(buskin_actor_monitor(buskin_actor_self()));
    for (int i = 0; i < 6; i++) pids[i] = made(buskin_spawn(&waiter, NULL, i % 2 ? BUSKIN_SPAWN_MONITOR : 0, &ref));
    for (int i = 0; i < 6; i++) {
        if (!pids[i]) continue;
        status(buskin_actor_link(pids[i]));
        uint64_t m = made(buskin_actor_monitor(pids[i]));
        if (m) status(buskin_actor_demonitor(m, 1));
        char name[8] = {'n', (char)('0' + i)};
        status(buskin_actor_register(name, 2, pids[i]));
        EXPECT(made(buskin_actor_whereis("nobody", 6)) == 0);
        buskin_process_info_t info = {.size = sizeof info};
        status(buskin_process_info(pids[i], &info));
        status(buskin_actor_exit_signal(pids[i], BUSKIN_REASON_USER + 1, name, 2));
        status(buskin_actor_is_alive(pids[i]));
        status(buskin_actor_unlink(pids[i]));
    }
    if (before) status(buskin_actor_demonitor(before, 0));
}

static void use_services(void) {
    int32_t s;
    uint64_t value = 5, pid = made(buskin_spawn(&server, NULL, 0, NULL)), self = buskin_actor_self();
    for (int i = 0; pid && i < 4; i++) {
        buskin_request_t request = {0};
        (void)got(buskin_call(pid, 4, &request_desc, &request, 10, &s));
        status(s);
    }
    if (pid) status(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0));
    for (int i = 0; i < 5; i++) {
        uint64_t timer = made(buskin_timer_send_after(self, 3600000, 3, &word_desc, &value));
        if (timer) EXPECT(buskin_timer_cancel(timer) >= 0);
    }
    uint64_t j = made(buskin_job_spawn(&job, NULL));
    if (j) (void)got(buskin_job_await(j, 10, &s));
    status(buskin_blocking_call(ignores, NULL));
    (void)made(buskin_spawn(&with_stack, NULL, 0, NULL));
    (void)made(buskin_spawn(&holder, NULL, 0, NULL));
    (void)made(buskin_spawn(&ender, NULL, BUSKIN_SPAWN_LINK, NULL));
    (void)made(buskin_actor_spawn(ends, &value, sizeof value, BUSKIN_NORMAL));
    status(buskin_actor_sleep(0));
}

static void script(const void *args) {
    (void)args;
    buskin_actor_trap_exit(1);
    use_messages();
    use_heap();
    use_others();
    use_services();
    for (int i = 0; i < 20; i++) (void)got(buskin_actor_receive(0));
}

/* -- Two others -- */

enum { PAIR_ROUNDS = 50 };

static void one_of_pair(const void *args) {
    uint64_t other;
    memcpy(&other, args, 8);
    while (!other && !(other = take_word())) continue;
    for (int i = 0; i < PAIR_ROUNDS; i++) {
        while (buskin_send_word(other, 1, buskin_actor_self()) == BUSKIN_ENOMEM)
            if (lasting) return;
        if (!buskin_actor_receive(lasting ? 20 : -1)) return;
    }
    atomic_fetch_add(&rounds_of_pair, PAIR_ROUNDS);
}

/* -- A round -- */

static const buskin_spawn_desc_t paired = DESC(.entry = one_of_pair, .name = "one of the pair", .args = &word_desc, );
static const buskin_spawn_desc_t scripted = DESC(.entry = script, .name = "script");

/* true: all went as without a failure, that is, none came. */
static bool play(uint64_t k, uint32_t workers) {
    char text[32];
    snprintf(text, sizeof text, "%llu%s", (unsigned long long)k, lasting ? "+" : "");
    setenv("BUSKIN_FAIL_ALLOC", text, 1);
    atomic_store(&rounds_of_pair, 0);
    int32_t s = buskin_rt_init_actor(workers);
    if (s != BUSKIN_OK) {
        assert_int_equal(s, BUSKIN_ENOMEM);
        return false;
    }
    uint64_t none = 0, a = buskin_spawn(&paired, &none, BUSKIN_SPAWN_MONITOR, NULL);
    uint64_t b = a ? buskin_spawn(&paired, &a, BUSKIN_SPAWN_MONITOR, NULL) : 0;
    while (b && buskin_send_word(a, 1, b) == BUSKIN_ENOMEM && !lasting) continue;
    uint64_t ref, pid = buskin_spawn(&scripted, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    bool pair_hit = !b;
    for (unsigned ends = 0, all = (pid != 0) + (b ? 2 : 0); ends < all; ends++) {
        const char *m = buskin_actor_receive(lasting ? 50 : -1); /* S2.8: one failure does not lose it */
        if (!m) break;
        const buskin_notice_t *down = (const buskin_notice_t *)(const void *)(m + 16);
        EXPECT(down->code == BUSKIN_REASON_NORMAL || down->code == BUSKIN_REASON_LIMIT);
        if (down->from == pid || down->code == BUSKIN_REASON_NORMAL) continue;
        pair_hit = true; /* its own bad luck: the other one waits for ever */
        if (all == 3) all = 2;
    }
    bool failed = atomic_load(&alloc_failed) > 0;
    alloc_fail_at(0, false); /* memory is back */
    buskin_rt_shutdown(2000);
    (void)buskin_rt_run_scheduler();
    assert_int_equal(atomic_load(&expectations_failed), 0);
    assert_int_equal(atomic_load(&let_go), atomic_load(&held)); /* S2.11 */
    if (!pair_hit && !lasting) assert_int_equal(atomic_load(&rounds_of_pair), 2 * PAIR_ROUNDS);
    return !failed;
}

static unsigned step = 7;

static unsigned play_all(uint32_t workers) {
    uint64_t k = 1;
    while (!play(k, workers)) k += step;
    return (unsigned)(k - 1);
}

static void each_once(void **state) {
    (void)state;
    lasting = false;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        unsigned n = play_all(workers);
        assert_true(n > 50);
        printf("%u worker(s): each of %u allocations fails once\n", workers, n);
    }
}

static void all_from_there(void **state) {
    (void)state;
    lasting = true;
    for (uint32_t workers = 1; workers <= 2; workers++)
        printf("%u worker(s): all fail from each of %u on\n", workers, play_all(workers));
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) step = 1;
    setenv("BUSKIN_CRASH", "off", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_once), cmocka_unit_test(all_from_there)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%u calls of the ABI\n", atomic_load(&calls));
    return failed;
}
