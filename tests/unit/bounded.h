/* bounded.h - what the tests of bounded mailboxes share: a receiver that takes messages only when it is told to. */
#ifndef BUSKIN_TEST_BOUNDED_H
#define BUSKIN_TEST_BOUNDED_H

#include "rows.h"

/* Commands are calls: requests do not count, and a full mailbox takes them. */
enum { DO_TAKE = 1, DO_TAKE_OVER, DO_DIE };
typedef struct command {
    buskin_request_t request;
    uint64_t what, n;
} command_t;
static const buskin_desc_t command_desc = {.size = sizeof(command_t), .name = "command"};

static buskin_process_info_t info_of(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == BUSKIN_OK);
    return info;
}

static uint64_t attempts_of(uint64_t pid) {
    buskin_process_info_t info = info_of(pid);
    return info.mailbox_accepted + info.mailbox_dropped + info.mailbox_failed + info.mailbox_coalesced;
}

/* Waits until that many senders wait for space. */
static inline void await_senders(uint64_t pid, uint32_t n) {
    while (info_of(pid).mailbox_senders != n) buskin_actor_sleep(1);
}

/* The oldest user message with a value above `over`; it is there. */
static void pass_on(uint64_t out, uint64_t over) {
    buskin_receive_t r = {.timeout_ms = PATIENCE};
    const void *m;
    while ((m = buskin_receive_peek(&r)) && (kind_of(m) != BUSKIN_MSG_USER || value_of(m) <= over))
        buskin_receive_skip(&r);
    EXPECT(m != NULL);
    uint64_t tag = tag_of(m), value = value_of(m);
    buskin_receive_drop(&r);
    tell(out, tag, value);
}

/* Sets aside whatever comes, and passes on to args what it is told to take. */
static void holder(const void *args) {
    uint64_t out = word_of(args);
    buskin_actor_trap_exit(1);
    for (;;) {
        const void *m = await_notice(BUSKIN_MSG_CALL, 0, -1);
        EXPECT(m != NULL);
        command_t c = *(const command_t *)data_of(m);
        if (c.what == DO_DIE) buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
        if (c.what == DO_TAKE)
            for (uint64_t i = 0; i < c.n; i++) pass_on(out, 0);
        if (c.what == DO_TAKE_OVER) pass_on(out, c.n);
        EXPECT(buskin_reply(c.request.from, c.request.ref, NULL, NULL) == BUSKIN_OK);
    }
}

#define HOLDER(n, how, ...) \
    SPAWN(buskin_actor_self(), holder, .mailbox_capacity = (n), .mailbox_policy = (how)__VA_OPT__(, ) __VA_ARGS__)

static void command(uint64_t pid, uint64_t what, uint64_t n) {
    command_t c = {.what = what, .n = n};
    int32_t status;
    const void *m = buskin_call(pid, 1, &command_desc, &c, PATIENCE, &status);
    EXPECT(m && (status == BUSKIN_OK || what == DO_DIE));
}

/* Takes one message and expects it. */
static void take(uint64_t pid, uint64_t tag, uint64_t value) {
    command(pid, DO_TAKE, 1);
    EXPECT(await_word(tag) == value); /* a sender that this made space for may already have said that it is done */
}

#endif
