/* Bounded mailboxes: threads that send to them, and programs that end while somebody waits (S10.2, S11.3). */
#include "runtime_test.h"

#include <pthread.h>

enum { ROOM = 4, THREADS = 3, SENT = 200 };

static buskin_spawn_desc_t bounded(entry_fn *entry) {
    return (buskin_spawn_desc_t){.size = sizeof(buskin_spawn_desc_t),
                                 .entry = entry,
                                 .priority = BUSKIN_NORMAL,
                                 .mailbox_capacity = ROOM,
                                 .mailbox_policy = BUSKIN_POLICY_BLOCK};
}

static uint64_t receiver;

static buskin_process_info_t info_of(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == BUSKIN_OK);
    return info;
}

/* Words are thread * 1000 + number, each thread's in order. */
static void count_all(const void *args) {
    uint64_t next[THREADS + 1] = {0};
    (void)args;
    for (int i = 0; i < (THREADS + 1) * SENT; i++) {
        uint64_t word = take_word();
        EXPECT(word % 1000 == next[word / 1000]++);
        EXPECT(info_of(buskin_actor_self()).mailbox_length <= ROOM);
    }
    buskin_process_info_t info = info_of(buskin_actor_self());
    EXPECT(info.mailbox_accepted == (THREADS + 1) * SENT && info.mailbox_failed == 0);
}

static void send_all(uint64_t from) {
    for (uint64_t i = 0; i < SENT; i++) EXPECT(buskin_send_word(receiver, 1, from * 1000 + i) == BUSKIN_OK);
}

static void *sending_thread(void *arg) {
    send_all((uint64_t)(uintptr_t)arg);
    EXPECT(buskin_rt_keepalive(-1) == BUSKIN_OK);
    return NULL;
}

/* S10.2: the init thread and others wait for space, and each one's order holds. */
static void test_threads_wait(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        pthread_t threads[THREADS];
        buskin_spawn_desc_t desc = bounded(count_all);
        start(workers);
        receiver = buskin_spawn(&desc, NULL, 0, NULL);
        assert_int_not_equal(receiver, 0);
        for (uintptr_t i = 0; i < THREADS; i++) {
            assert_int_equal(buskin_rt_keepalive(1), BUSKIN_OK);
            assert_int_equal(pthread_create(&threads[i], NULL, sending_thread, (void *)i), 0);
        }
        send_all(THREADS);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        assert_int_equal(finish(), 0);
    }
}

static void takes_nothing(const void *args) {
    (void)args;
    buskin_actor_sleep(1000000);
}

static void *stuck_thread(void *arg) {
    int32_t status = BUSKIN_OK;
    while (status == BUSKIN_OK) status = buskin_send_word(receiver, 1, 0);
    *(int32_t *)arg = status;
    return NULL;
}

/* The status of the send that had to wait. */
static void *stuck_sender(void *arg) {
    for (int i = 0; i < ROOM; i++) EXPECT(buskin_send_word(receiver, 1, 0) == BUSKIN_OK);
    *(int32_t *)arg = buskin_send_word(receiver, 1, 0);
    return NULL;
}

/* A thread that still waits when the program ends is told so. */
static void test_the_end_wakes_threads(void **state) {
    (void)state;
    pthread_t thread;
    int32_t status = BUSKIN_OK;
    buskin_spawn_desc_t desc = bounded(takes_nothing);
    start(2);
    receiver = buskin_spawn(&desc, NULL, 0, NULL);
    assert_int_equal(pthread_create(&thread, NULL, stuck_thread, &status), 0);
    while (info_of(receiver).mailbox_senders != 1) sched_yield();
    assert_int_equal(buskin_rt_shutdown(1000), BUSKIN_OK);
    assert_int_equal(finish(), 0);
    pthread_join(thread, NULL);
    assert_true(status == BUSKIN_ENOPROC || status == BUSKIN_ESTATE);
}

/* S10.2: so is one whose receiver ends while the program goes on. */
static void test_a_receivers_end_wakes_threads(void **state) {
    (void)state;
    pthread_t thread;
    int32_t status = BUSKIN_OK;
    buskin_spawn_desc_t desc = bounded(takes_nothing);
    start(2);
    receiver = buskin_spawn(&desc, NULL, 0, NULL);
    assert_int_equal(pthread_create(&thread, NULL, stuck_sender, &status), 0);
    while (info_of(receiver).mailbox_senders != 1) sched_yield();
    assert_int_equal(buskin_actor_exit_signal(receiver, BUSKIN_REASON_KILL, NULL, 0), BUSKIN_OK);
    pthread_join(thread, NULL);
    assert_int_equal(status, BUSKIN_ENOPROC);
    assert_int_equal(finish(), 0);
}

static _Atomic uint64_t partners[2], terminated;

static void counts_end(void *unused, const buskin_notice_t *why) {
    (void)unused;
    EXPECT(why->code == BUSKIN_REASON_SHUTDOWN);
    atomic_fetch_add(&terminated, 1);
}

/* Each fills the other's mailbox, and neither takes. */
static void fills_partner(const void *args) {
    uint64_t me = *(const uint64_t *)args, other;
    while (!(other = atomic_load(&partners[1 - me]))) buskin_actor_yield();
    while (buskin_send_word(other, 1, 0) == BUSKIN_OK) buskin_reduction_check();
    for (;;) buskin_actor_receive(-1); /* the other has ended first */
}

static const buskin_desc_t word = {.size = 8, .name = "word"};

static void start_partners(void) {
    static buskin_spawn_desc_t desc;
    desc = bounded(fills_partner);
    desc.args = &word;
    desc.terminate = counts_end;
    atomic_store(&terminated, 0);
    atomic_store(&partners[0], 0), atomic_store(&partners[1], 0);
    for (uint64_t i = 0; i < 2; i++) atomic_store(&partners[i], buskin_spawn(&desc, &i, 0, NULL));
}

static void main_returns(const void *args) {
    (void)args;
    start_partners();
}

static void main_waits_too(const void *args) {
    (void)args;
    start_partners();
    while (buskin_send_word(atomic_load(&partners[0]), 1, 0) >= 0) buskin_reduction_check();
}

static int32_t run_main(entry_fn *entry) {
    buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = entry, .name = "main", .priority = BUSKIN_NORMAL};
    start(2);
    assert_int_not_equal(buskin_spawn_main(&desc, NULL), 0);
    return finish();
}

/* S11.3: actors that wait for each other's space can make no progress. */
static void test_mutual_waits_are_quiet(void **state) {
    (void)state;
    assert_int_equal(run_main(main_returns), 0);
    assert_int_equal(atomic_load(&terminated), 2);
    assert_int_equal(run_main(main_waits_too), 2);
    assert_int_equal(atomic_load(&terminated), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_threads_wait),
        BOTH(test_the_end_wakes_threads),
        BOTH(test_a_receivers_end_wakes_threads),
        BOTH(test_mutual_waits_are_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
