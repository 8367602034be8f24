/* placement: what comes together, and who stops asking. Nothing is timed: the judgement's clock is set by hand. */
#include "runtime_test.h"

#include "sched/placement.h"

/* -- A sender goes to its receiver -- */

static atomic_bool over;

static uint8_t home_of(uint64_t pid) { return atomic_load(&table_find(pid)->remote->home); }

/* Never waits, so it follows nobody. */
static void takes_without_end(const void *args) {
    (void)args;
    while (!atomic_load(&over)) {
        buskin_receive_t r = {.timeout_ms = 0};
        while (buskin_receive_peek(&r)) buskin_receive_drop(&r);
        buskin_actor_yield();
    }
}

static void floods(const void *args) {
    (void)args;
    uint64_t to = buskin_actor_spawn(takes_without_end, NULL, 0, BUSKIN_NORMAL);
    while (home_of(to) != (this_worker->id ^ 1)) buskin_actor_yield(); /* the idle one has taken one of the two */
    while (home_of(to) == (this_worker->id ^ 1)) {
        buskin_send_word(to, 1, 1);
        buskin_reduction_check();
    }
    atomic_store(&over, true);
}

static void test_a_sender_goes_to_its_receiver(void **state) {
    (void)state;
    atomic_store(&over, false);
    run(2, floods, NULL, 0);
}

/* -- A worker judges what it has taken -- */

enum { LOOKS = 1000 };

static void asks_when_nothing_was_taken(worker_t *w) {
    placement_idle(w);
    EXPECT(placement_asks(w, 0));
}

static void loses(worker_t *w) {
    placement_took(w, 1u << 30); /* no time is worth that */
    placement_idle(w);
    EXPECT(w->placement.asks_ns && w->placement.took); /* a pause first: their partners may send something */
    w->placement.asks_ns = 1;
    EXPECT(!placement_asks(w, 1)); /* looks at the clock at times */
    EXPECT(!placement_asks(w, 0) && !w->placement.took && w->placement.asks_ns > 1);
    w->placement.asks_ns = 1;
    EXPECT(placement_asks(w, 0) && placement_asks(w, 1));
}

static void gains(worker_t *w) {
    placement_took(w, 1);
    w->placement.took_ns = 1; /* as long as the machine runs */
    placement_idle(w);
    EXPECT(!w->placement.took && placement_asks(w, 1));
}

static void test_losses_make_a_worker_cautious_and_gains_bold(void **state) {
    static worker_t w;
    (void)state;
    memset(&w, 0, sizeof w);
    atomic_store(&expectations_failed, 0);
    asks_when_nothing_was_taken(&w);
    for (int i = 0; i < LOOKS; i++)
        gains(&w); /* what is offered is known to all, and whoever ran before has changed it */
    uint32_t most = placement_offer();
    loses(&w);
    uint64_t first = w.placement.back_off_ns;
    assert_true(first > 0);
    loses(&w);
    assert_int_equal(w.placement.back_off_ns, 2 * first);
    for (int i = 0; i < LOOKS; i++) loses(&w);
    assert_true(w.placement.back_off_ns < 10000000); /* asks again within 10 ms all the same, */
    assert_int_equal(placement_offer(), 1);          /* and one actor is always offered */
    for (int i = 0; i < LOOKS; i++) gains(&w);
    assert_true(w.placement.back_off_ns < first);
    assert_int_equal(placement_offer(), most);
    assert_int_equal(atomic_load(&expectations_failed), 0);
}

/* Messages to other workers count against what was taken. */
static void test_work_that_is_all_messages_is_a_loss(void **state) {
    static worker_t w;
    (void)state;
    memset(&w, 0, sizeof w);
    placement_took(&w, 1);
    w.placement.pushes += 1u << 31;
    placement_idle(&w);
    assert_true(w.placement.took && !placement_asks(&w, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_a_sender_goes_to_its_receiver),
        BOTH(test_losses_make_a_worker_cautious_and_gains_bold),
        BOTH(test_work_that_is_all_messages_is_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
