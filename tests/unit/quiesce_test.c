/* quiesce: no early end, no late one, the status of main, callbacks at the end, and rounds in one process. */
#include "capture.h"

#include <pthread.h>

static atomic_uint done;

static void wait_for_ever(const void *args) {
    (void)args;
    for (;;) EXPECT(buskin_actor_receive(-1) != NULL);
}

/* -- Not early -- */

static void slow_job(void *unused) {
    (void)unused;
    usleep(60000);
    atomic_fetch_add(&done, 1);
}
static void sleep_a_while(const void *args) {
    (void)args;
    buskin_actor_sleep(60);
    atomic_fetch_add(&done, 1);
}
static void time_out(const void *args) {
    (void)args;
    EXPECT(!buskin_actor_receive(60));
    atomic_fetch_add(&done, 1);
}
static void call_job(const void *args) {
    (void)args;
    buskin_blocking_call(slow_job, NULL);
    atomic_fetch_add(&done, 1);
}
static void *send_late(void *pid) {
    usleep(60000);
    EXPECT(buskin_send_word((uint64_t)(uintptr_t)pid, 1, 5) == BUSKIN_OK);
    EXPECT(buskin_rt_keepalive(-1) == BUSKIN_OK);
    return NULL;
}
static void get_late(const void *args) {
    (void)args;
    EXPECT(take_word() == 5);
    atomic_fetch_add(&done, 1);
}

static void test_it_waits_for_whatever_can_make_progress(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers *= 2) {
        atomic_store(&done, 0);
        run(workers, sleep_a_while, NULL, 0);
        run(workers, time_out, NULL, 0);
        run(workers, call_job, NULL, 0);
        assert_int_equal(atomic_load(&done), 4);
        start(workers);
        buskin_rt_keepalive(1);
        uint64_t pid = buskin_actor_spawn(get_late, NULL, 0, BUSKIN_NORMAL);
        pthread_t thread;
        pthread_create(&thread, NULL, send_late, (void *)(uintptr_t)pid);
        assert_int_equal(finish(), 0);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&done), 5);
    }
}

/* A message that goes round on all workers keeps the program alive to its last hop. */
static void pass_on(const void *args) {
    uint64_t next = *(const uint64_t *)args;
    for (;;) {
        uint64_t left = take_word();
        if (!left) break;
        buskin_send_word(next, 1, left - 1);
    }
    atomic_fetch_add(&done, 1);
    buskin_actor_receive(-1);
}
static void make_ring(const void *args) {
    uint64_t n = *(const uint64_t *)args, pid = buskin_actor_self();
    for (int i = 0; i < 30; i++) pid = buskin_actor_spawn(pass_on, &pid, 8, BUSKIN_NORMAL);
    buskin_send_word(pid, 1, n);
    for (;;) {
        uint64_t left = take_word();
        if (!left) break;
        buskin_send_word(pid, 1, left - 1);
    }
    atomic_fetch_add(&done, 1);
}

static void test_it_waits_for_the_last_hop(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 10 * ROUNDS; i++) {
        atomic_store(&done, 0);
        uint64_t hops = 500 + i * 7;
        run(1 + (uint32_t)(i % 8), make_ring, &hops, sizeof hops);
        assert_int_equal(atomic_load(&done), 1);
    }
}

/* -- At last -- */

static void test_it_ends_when_all_wait(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        start(workers);
        for (int i = 0; i < 100; i++) buskin_actor_spawn(wait_for_ever, NULL, 0, BUSKIN_NORMAL);
        assert_int_equal(finish(), 0);
    }
    start(2); /* and with nothing at all */
    assert_int_equal(finish(), 0);
}

/* -- S11.3: the status of main -- */

static void main_ends(const void *args) { (void)args; }
static void main_panics(const void *args) {
    (void)args;
    buskin_actor_spawn(wait_for_ever, NULL, 0, BUSKIN_NORMAL);
    buskin_panic("main broke", 10, NULL, 0, 0);
}
static const buskin_spawn_desc_t *main_desc;
static int run_main(void) {
    if (buskin_rt_init_actor(2)) return 50;
    if (!buskin_spawn_main(main_desc, NULL)) return 51;
    return buskin_rt_run_scheduler();
}
static captured_t *with_main(entry_fn *entry) {
    buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = entry, .priority = BUSKIN_NORMAL};
    main_desc = &desc;
    return capture(run_main);
}

static void test_the_status_of_main(void **state) {
    (void)state;
    captured_t *c = with_main(main_ends);
    assert_int_equal(c->status, 0);
    assert_string_equal(c->text, "");
    c = with_main(main_panics);
    assert_int_equal(c->status, 1);
    assert_non_null(strstr(c->text, "main broke"));
    c = with_main(wait_for_ever);
    assert_int_equal(c->status, 2);
    assert_non_null(strstr(c->text, "main actor still waits"));
}

/* -- Callbacks at the end -- */

static void count_end(void *state, const buskin_notice_t *why) {
    EXPECT(state == NULL && why->code == BUSKIN_REASON_SHUTDOWN);
    uint64_t order = 0; /* it may send, spawn and allocate */
    EXPECT(buskin_gc_alloc_actor(100, 8) != NULL);
    buskin_send_word(buskin_actor_self() + 1, 1, order);
    buskin_actor_spawn(main_ends, NULL, 0, BUSKIN_NORMAL);
    atomic_fetch_add(&done, 1);
}
static const buskin_spawn_desc_t waiter = {
    .size = sizeof waiter, .entry = wait_for_ever, .terminate = count_end, .priority = BUSKIN_NORMAL};

static void test_terminate_callbacks_run_at_the_end(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        atomic_store(&done, 0);
        start(workers);
        for (int i = 0; i < 300; i++) {
            buskin_spawn(&waiter, NULL, 0, NULL);
            buskin_actor_spawn(wait_for_ever, NULL, 0, BUSKIN_NORMAL);
        }
        assert_int_equal(finish(), 0);
        assert_int_equal(atomic_load(&done), 300);
    }
}

/* -- Requests, and stops in the middle of traffic -- */

static void chatter(const void *args) {
    uint64_t x = *(const uint64_t *)args;
    static _Atomic uint64_t pids[64];
    atomic_store(&pids[x % 64], buskin_actor_self());
    for (uint64_t i = 0;; i++) {
        buskin_send_word(atomic_load(&pids[next_random(&x) % 64]), 1, i);
        if (i % 16 == 0) {
            uint64_t seed = next_random(&x);
            buskin_actor_spawn(chatter, &seed, 8, BUSKIN_NORMAL);
            return; /* slots are used again all the time */
        }
        buskin_receive_t r = {.timeout_ms = 0};
        if (buskin_receive_peek(&r)) buskin_receive_drop(&r);
        buskin_reduction_check();
    }
}

static void stop_soon(const void *args) {
    (void)args;
    for (uint64_t i = 1; i < 50; i++) buskin_actor_spawn(chatter, &i, 8, BUSKIN_NORMAL);
    buskin_actor_sleep(5);
    EXPECT(buskin_rt_shutdown(0) == BUSKIN_OK);
}

/* The round after an abrupt stop starts clean: no wake is lost to what lay around in free blocks. */
static void test_rounds_after_abrupt_stops(void **state) {
    (void)state;
    for (int i = 0; i < 8 * ROUNDS; i++) {
        run(4, stop_soon, NULL, 0);
        atomic_store(&done, 0);
        uint64_t hops = 300;
        run(4, make_ring, &hops, sizeof hops);
        assert_int_equal(atomic_load(&done), 1);
    }
}

static void never_ends(const void *args) {
    (void)args;
    for (;;) buskin_reduction_check();
}

static atomic_uint begun;
static void begin_and_wait(const void *args) {
    atomic_fetch_add(&begun, 1);
    wait_for_ever(args);
}
static const buskin_spawn_desc_t late_waiter = {
    .size = sizeof late_waiter, .entry = begin_and_wait, .terminate = count_end, .priority = BUSKIN_NORMAL};

static void test_a_request_ends_busy_actors(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        start(workers);
        for (int i = 0; i < 5; i++) buskin_actor_spawn(never_ends, NULL, 0, BUSKIN_NORMAL);
        atomic_store(&done, 0);
        atomic_store(&begun, 0);
        for (int i = 0; i < 5; i++) buskin_spawn(&late_waiter, NULL, 0, NULL);
        while (atomic_load(&begun) < 5) usleep(1000); /* those that never began have no callback */
        assert_int_equal(buskin_rt_shutdown(100000), BUSKIN_OK);
        finish();
        assert_int_equal(atomic_load(&done), 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_it_waits_for_whatever_can_make_progress),
        BOTH(test_it_waits_for_the_last_hop),
        BOTH(test_it_ends_when_all_wait),
        BOTH(test_the_status_of_main),
        BOTH(test_terminate_callbacks_run_at_the_end),
        BOTH(test_rounds_after_abrupt_stops),
        BOTH(test_a_request_ends_busy_actors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
