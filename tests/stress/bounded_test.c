/* Bounded mailboxes, raced: ten senders to a receiver that is slower, under each policy, while senders are killed and the
 * receiver selects. Never more than the capacity, and every attempt is counted once (S10.1, S10.7). */
#include "stress.h"

#include <stdbool.h>

enum { SENDERS = 10, ROOM = 8, SENT = 3000 / STRESS_DIVISOR, KEYS = 5, GROUPS = 10 };

typedef struct order {
    uint64_t to, number;
} order_t;
static const buskin_desc_t order_desc = {.size = sizeof(order_t), .name = "order"};
static const buskin_desc_t word_desc = {.size = 8, .name = "word"};
static _Atomic uint64_t started[GROUPS];

static void sender(const void *args) {
    const order_t *o = args;
    for (uint64_t i = 0; i < SENT; i++) {
        uint64_t data[2] = {o->number << 32 | i, i % KEYS};
        atomic_fetch_add(&started[o->number / SENDERS], 1);
        int32_t status = i % 3 ? buskin_send(o->to, 1, &order_desc, data) : buskin_actor_send(o->to, data, sizeof data);
        if (status == BUSKIN_ENOPROC || status == BUSKIN_ENOMEM) count_bad();
    }
}

static void look(buskin_process_info_t *info) {
    *info = (buskin_process_info_t){.size = sizeof *info};
    if (buskin_process_info(buskin_actor_self(), info) != BUSKIN_OK) count_bad();
}

/* Takes the oldest, or skips up to two first; a sender's words come in order among those that are not skipped. */
static bool take_one(uint64_t *random) {
    buskin_receive_t r = {.timeout_ms = 0};
    const void *m = buskin_receive_peek(&r), *next = m;
    for (uint64_t skips = stress_random(random) % 3; next && skips; skips--) {
        buskin_receive_skip(&r);
        next = buskin_receive_peek(&r);
    }
    if (next) {
        if (stress_random(random) % 2)
            buskin_receive_take(&r);
        else
            buskin_receive_drop(&r);
    }
    return m != NULL;
}

static bool any_alive(const uint64_t *pids) {
    for (int i = 0; i < SENDERS; i++)
        if (buskin_actor_is_alive(pids[i])) return true;
    return false;
}

static void receiver(const void *args) {
    static const buskin_spawn_desc_t desc = {
        .size = sizeof desc, .entry = sender, .args = &order_desc, .priority = BUSKIN_NORMAL};
    uint64_t group = *(const uint64_t *)args, random = group + 1, pids[SENDERS];
    for (uint64_t i = 0; i < SENDERS; i++) {
        order_t o = {.to = buskin_actor_self(), .number = group * SENDERS + i};
        pids[i] = buskin_spawn(&desc, &o, 0, NULL);
    }
    buskin_process_info_t info;
    for (uint64_t turn = 0; any_alive(pids); turn++) {
        for (int i = 0; i < 50; i++) take_one(&random);
        look(&info);
        if (info.mailbox_length > ROOM) count_bad();
        if (turn % 8 == 7)
            buskin_actor_exit_signal(pids[stress_random(&random) % SENDERS], BUSKIN_REASON_KILL, NULL, 0);
    }
    while (take_one(&random)) continue;
    look(&info);
    uint64_t known = info.mailbox_accepted + info.mailbox_dropped + info.mailbox_failed + info.mailbox_coalesced;
    uint64_t attempts = atomic_load(&started[group]);
    /* a kill may have come between the count and the send */
    count_if(known <= attempts && known + SENDERS >= attempts && info.mailbox_senders == 0);
}

static const buskin_spawn_desc_t receivers[GROUPS] = {
#define POLICY(how, else_how)                      \
    {.size = sizeof *receivers,                    \
     .entry = receiver,                            \
     .args = &word_desc,                           \
     .mailbox_capacity = ROOM,                     \
     .mailbox_key = 8,                             \
     .mailbox_policy = BUSKIN_POLICY_##how,        \
     .mailbox_fallback = BUSKIN_POLICY_##else_how, \
     .priority = BUSKIN_NORMAL}
    POLICY(BLOCK, FAIL),        POLICY(DROP_NEW, FAIL),  POLICY(DROP_OLD, FAIL),     POLICY(FAIL, FAIL),
    POLICY(COALESCE, DROP_NEW), POLICY(COALESCE, BLOCK), POLICY(COALESCE, DROP_OLD), POLICY(COALESCE, FAIL),
    POLICY(BLOCK, BLOCK),       POLICY(DROP_OLD, BLOCK)};

static void starts_all(const void *args) {
    (void)args;
    for (uint64_t i = 0; i < GROUPS; i++) buskin_spawn(&receivers[i], &i, 0, NULL);
}

static void test_overload(void **state) {
    (void)state;
    static const uint32_t workers[] = {1, 2, 8};
    for (int i = 0; i < 3; i++) {
        for (int g = 0; g < GROUPS; g++) atomic_store(&started[g], 0);
        stress_run(workers[i], starts_all, 1);
        assert_int_equal(stress_bad, 0);
        assert_int_equal(stress_good, GROUPS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_overload)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
