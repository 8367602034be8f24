/* foreign: brackets with and without hand-over, blocking calls on pool threads, ends in the middle of a call. */
#include "runtime_test.h"

#include <pthread.h>
#include <unistd.h>

static atomic_uint done, ticks;
static atomic_bool over;

static void wait_ms(unsigned ms) { usleep(ms * 1000); }

static buskin_spawn_desc_t own_stack(entry_fn *entry) {
    return (buskin_spawn_desc_t){
        .size = sizeof(buskin_spawn_desc_t), .entry = entry, .stack_size = 256 << 10, .priority = BUSKIN_NORMAL};
}

static void tick(const void *args) {
    (void)args;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&ticks, 1);
        buskin_actor_sleep(1);
    }
}

/* -- Brackets -- */

static void long_call(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), mark[64];
    for (uint64_t i = 0; i < 64; i++) mark[i] = self + i;
    unsigned before = atomic_load(&ticks);
    EXPECT(buskin_foreign_enter() == BUSKIN_OK);
    while (atomic_load(&ticks) - before < 20) wait_ms(1); /* the worker goes on meanwhile */
    buskin_foreign_leave();
    EXPECT(buskin_actor_self() == self);
    for (uint64_t i = 0; i < 64; i++) EXPECT(mark[i] == self + i);
    buskin_send_word(self, 1, 42); /* it is an actor again */
    EXPECT(take_word() == 42);
    atomic_fetch_add(&done, 1);
    atomic_store(&over, true);
}

static void test_the_worker_goes_on_during_a_long_call(void **state) {
    (void)state;
    static buskin_spawn_desc_t desc;
    desc = own_stack(long_call);
    for (uint32_t workers = 1; workers <= 3; workers++) {
        atomic_store(&done, 0), atomic_store(&over, false);
        start(workers);
        buskin_actor_spawn(tick, NULL, 0, BUSKIN_NORMAL);
        assert_int_not_equal(buskin_spawn(&desc, NULL, 0, NULL), 0);
        assert_int_equal(finish(), 0);
        assert_int_equal(atomic_load(&done), 1);
    }
}

/* Calls of all lengths around the time of hand-over, by several actors, whose home is busy when they return. */
static void many_calls(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self(), x = self;
    for (uint64_t i = 0; i < 40 * ROUNDS; i++) {
        EXPECT(buskin_foreign_enter() == BUSKIN_OK);
        unsigned kind = (unsigned)(next_random(&x) % 4);
        if (kind == 1) usleep(10);
        if (kind == 2) usleep(60);
        if (kind == 3) wait_ms(1);
        buskin_foreign_leave();
        buskin_send_word(self, 1, i);
        EXPECT(take_word() == i);
        if (i % 3 == 0) buskin_actor_yield();
    }
    atomic_fetch_add(&done, 1);
}

static void keep_busy(const void *args) {
    (void)args;
    while (atomic_load(&done) < 6) {
        for (int i = 0; i < 1000; i++) buskin_reduction_check();
        atomic_fetch_add(&ticks, 1);
    }
}

static void test_calls_of_every_length_come_back(void **state) {
    (void)state;
    static buskin_spawn_desc_t desc;
    desc = own_stack(many_calls);
    for (uint32_t workers = 1; workers <= 2; workers++)
        for (int busy = 0; busy < 2; busy++) {
            atomic_store(&done, 0);
            start(workers);
            for (int i = 0; i < 6; i++) assert_int_not_equal(buskin_spawn(&desc, NULL, 0, NULL), 0);
            if (busy) buskin_actor_spawn(keep_busy, NULL, 0, BUSKIN_NORMAL);
            assert_int_equal(finish(), 0);
            assert_int_equal(atomic_load(&done), 6);
        }
}

/* Foreign code may send and spawn like any thread; what waits is refused. */
static void tell(const void *args) { buskin_send_word(*(const uint64_t *)args, 2, 7); }

static void call_back(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self();
    buskin_foreign_enter();
    wait_ms(5);
    EXPECT(buskin_send_word(self, 1, 5) == BUSKIN_OK);
    EXPECT(buskin_actor_spawn(tell, &self, 8, BUSKIN_NORMAL) != 0);
    EXPECT(buskin_foreign_enter() == BUSKIN_ESTATE);
    EXPECT(!buskin_actor_receive(0));
    buskin_reduction_check();
    buskin_foreign_leave();
    buskin_foreign_leave(); /* once more: nothing */
    EXPECT(take_word() + take_word() == 12);
}

static void test_foreign_code_may_send_and_spawn(void **state) {
    (void)state;
    static buskin_spawn_desc_t desc;
    desc = own_stack(call_back);
    start(1);
    buskin_spawn(&desc, NULL, 0, NULL);
    finish();
}

static void enter_on_shared(const void *args) {
    (void)args;
    bool own = buskin_context()->flags & BUSKIN_CTX_OWN_STACK;
    EXPECT(buskin_foreign_enter() == (own ? BUSKIN_OK : BUSKIN_ESTATE));
    buskin_foreign_leave();
}

static void test_shared_slots_are_refused(void **state) {
    (void)state;
    run(1, enter_on_shared, NULL, 0);
}

/* -- Blocking calls -- */

static void add_one(void *arg) {
    wait_ms(2);
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void call_blocking(const void *args) {
    (void)args;
    static atomic_uint counter; /* not on the stack: the slot may be another's meanwhile */
    for (int i = 0; i < 5; i++) EXPECT(buskin_blocking_call(add_one, &counter) == BUSKIN_OK);
    EXPECT(buskin_blocking_call(NULL, NULL) == BUSKIN_EINVAL);
    atomic_fetch_add(&done, 1);
}

static void test_blocking_calls(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        atomic_store(&done, 0);
        start(workers);
        for (int i = 0; i < 20; i++) buskin_actor_spawn(call_blocking, NULL, 0, BUSKIN_NORMAL);
        assert_int_equal(finish(), 0);
        assert_int_equal(atomic_load(&done), 20);
    }
}

/* Two calls that wait for each other need two threads, even when one idle thread is there already. */
static pthread_barrier_t barrier;
static void meet(void *unused) {
    (void)unused;
    pthread_barrier_wait(&barrier);
}
static void go_and_meet(const void *args) {
    (void)args;
    for (int i = 0; i < 50; i++) EXPECT(buskin_blocking_call(meet, NULL) == BUSKIN_OK);
}
static void warm_up(const void *args) {
    (void)args;
    static atomic_uint counter;
    buskin_blocking_call(add_one, &counter); /* leaves one spare thread */
    buskin_actor_sleep(5);
    for (int i = 0; i < 2; i++) buskin_actor_spawn(go_and_meet, NULL, 0, BUSKIN_NORMAL);
}

static void test_blocking_calls_that_meet(void **state) {
    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < ROUNDS; i++) run(1, warm_up, NULL, 0);
    run(2, warm_up, NULL, 0);
    pthread_barrier_destroy(&barrier);
}

/* -- Ends in the middle of a call -- */

static atomic_bool in_call, call_may_end, call_ended, shutting_down;

static void *deep(void *p) { return p; }

static void killed_in_call(const void *args) {
    (void)args;
    volatile uint64_t frame[512];
    for (uint64_t i = 0; i < 512; i++) frame[i] = i;
    buskin_foreign_enter();
    atomic_store(&in_call, true);
    while (!atomic_load(&call_may_end)) wait_ms(1);
    for (uint64_t i = 0; i < 512; i++) EXPECT(frame[i] == i); /* the stack is still this actor's */
    EXPECT(deep((void *)(uintptr_t)frame) == (void *)(uintptr_t)frame);
    atomic_store(&call_ended, true);
    buskin_foreign_leave();
    EXPECT(
        atomic_load(&shutting_down)); /* not reached: a kill that came meanwhile acts at the end of the call (S2.10) */
    for (;;) buskin_actor_receive(-1);
}

static void overwrite(const void *args) {
    (void)args;
    volatile uint64_t frame[2048];
    for (uint64_t i = 0; i < 2048; i++) frame[i] = UINT64_MAX;
    EXPECT(frame[2047] == UINT64_MAX);
}

static void kill_in_call(const void *args) {
    (void)args;
    static buskin_spawn_desc_t desc, other;
    desc = own_stack(killed_in_call), other = own_stack(overwrite);
    uint64_t ref, pid = buskin_spawn(&desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    while (!atomic_load(&in_call)) buskin_actor_sleep(1);
    buskin_actor_sleep(10);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == BUSKIN_OK);
    for (int i = 0; i < 20; i++) { /* whoever gets its stack too early spoils it */
        buskin_spawn(&other, NULL, 0, NULL);
        buskin_actor_sleep(1);
    }
    atomic_store(&call_may_end, true);
    const buskin_notice_t *down;
    const buskin_message_t *m = buskin_actor_receive(30000);
    if (!EXPECT(m != NULL)) return;
    down = (const void *)(m + 1);
    EXPECT(down->ref == ref && down->code == BUSKIN_REASON_KILLED);
    EXPECT(atomic_load(&call_ended));
}

static void test_a_kill_acts_at_the_end_of_the_call(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        atomic_store(&in_call, false), atomic_store(&call_ended, false), atomic_store(&call_may_end, false);
        run(workers, kill_in_call, NULL, 0);
    }
}

static void shut_down_in_call(const void *args) {
    (void)args;
    static buskin_spawn_desc_t desc;
    desc = own_stack(killed_in_call);
    buskin_spawn(&desc, NULL, 0, NULL);
    while (!atomic_load(&in_call)) buskin_actor_sleep(1);
    buskin_actor_sleep(5);
    atomic_store(&shutting_down, true);
    buskin_rt_shutdown(30000);
    atomic_store(&call_may_end, true);
}

static void test_a_shutdown_during_a_call(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        atomic_store(&in_call, false), atomic_store(&call_ended, false), atomic_store(&call_may_end, false);
        run(workers, shut_down_in_call, NULL, 0);
        assert_true(atomic_load(&call_ended));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_worker_goes_on_during_a_long_call),
        cmocka_unit_test(test_calls_of_every_length_come_back),
        cmocka_unit_test(test_foreign_code_may_send_and_spawn),
        BOTH(test_shared_slots_are_refused),
        BOTH(test_blocking_calls),
        BOTH(test_blocking_calls_that_meet),
        cmocka_unit_test(test_a_kill_acts_at_the_end_of_the_call),
        cmocka_unit_test(test_a_shutdown_during_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
