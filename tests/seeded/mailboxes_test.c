/* Bounded mailboxes, raced against kills and the receiver's end. LIMIT: 300 */
#include "seeded.h"

enum { SENDERS = 4, WORDS = 6, STATUSES = 16 /* from -16 */ };

static _Atomic uint64_t received[SENDERS], sent[SENDERS], statuses[2 * STATUSES], all_received;
static _Atomic bool senders_over;
static uint64_t receiver;

static void reset(void) {
    boss = buskin_actor_self();
    for (int i = 0; i < SENDERS; i++) {
        atomic_store(&received[i], 0);
        atomic_store(&sent[i], 0);
    }
    for (int i = 0; i < 2 * STATUSES; i++) atomic_store(&statuses[i], 0);
    atomic_store(&all_received, 0);
    atomic_store(&senders_over, false);
}

static uint64_t status_count(int32_t status) { return atomic_load(&statuses[status + STATUSES]); }

/* -- block -- */

static void sends_and_waits(const void *args) {
    uint64_t me = word_of(args);
    for (uint64_t i = 0; i < WORDS; i++) {
        int32_t status = buskin_send_word(receiver, TAG_WORD + me, i);
        EXPECT(status == BUSKIN_OK || status == BUSKIN_ENOPROC);
        if (status == BUSKIN_ENOPROC) EXPECT(!buskin_actor_is_alive(receiver));
        atomic_fetch_add(&sent[me], status == BUSKIN_OK);
        steps(1);
    }
}

/* Takes what comes, now and then selectively, until all is there or its argument says that it is enough. */
static void takes(const void *args) {
    for (uint64_t left = word_of(args); left;) {
        const uint64_t tag = TAG_WORD + draw(SENDERS);
        bool last = atomic_load(&senders_over), any = last || draw(3);
        const void *m = any ? buskin_actor_receive((int64_t)draw(3)) : buskin_receive_tags(&tag, 1, 0);
        if (!m && last) return;
        if (!m) continue;
        EXPECT(value_of(m) == atomic_fetch_add(&received[tag_of(m) - TAG_WORD], 1));
        left--;
        steps(1);
    }
}

#define BLOCKING(n) \
    START(BUSKIN_SPAWN_MONITOR, &ref, quota, takes, .mailbox_capacity = (n), .mailbox_policy = BUSKIN_POLICY_BLOCK)

/* Nobody waits for ever; what is sent arrives once and in order; a sender that was killed loses at most the word it was at. */
static void blocked_senders_and_kills(void) {
    reset();
    uint64_t ref, refs[SENDERS], killed = draw(1 << SENDERS), quota = draw(2) ? UINT64_MAX : draw(SENDERS * WORDS);
    receiver = draw(2) ? BLOCKING(1) : BLOCKING(3);
    for (uint64_t i = 0; i < SENDERS; i++) {
        uint64_t pid = START(BUSKIN_SPAWN_MONITOR, &refs[i], i, sends_and_waits);
        if (killed >> i & 1) SPAWN(pid, killer);
    }
    bool ends_early = !draw(4);
    if (ends_early) SPAWN(receiver, killer);
    for (int i = 0; i < SENDERS; i++) EXPECT(await_down(refs[i]) != NULL);
    buskin_process_info_t info = {.size = sizeof info};
    if (buskin_process_info(receiver, &info) == BUSKIN_OK) EXPECT(info.mailbox_senders == 0);
    atomic_store(&senders_over, true);
    EXPECT(await_down(ref) != NULL);
    for (unsigned i = 0; i < SENDERS && quota == UINT64_MAX && !ends_early; i++) {
        uint64_t arrived = atomic_load(&received[i]), said = atomic_load(&sent[i]);
        EXPECT(arrived == said || (killed >> i & 1 && arrived == said + 1)); /* killed before it knew */
        EXPECT(said == WORDS || killed >> i & 1);
    }
    EXPECT(mailbox_is_empty());
}

/* -- The policies that drop, fail and replace -- */

static void sends_and_counts(const void *args) {
    for (uint64_t i = 0; i < WORDS; i++) {
        int32_t status = buskin_send_word(receiver, TAG_WORD + word_of(args) % 2, draw(3));
        atomic_fetch_add(&statuses[status + STATUSES], 1);
        steps(1);
    }
}

static void takes_and_counts(const void *args) {
    (void)args;
    for (;;) {
        const void *m = buskin_actor_receive((int64_t)draw(3));
        atomic_fetch_add(&all_received, m != NULL);
        steps(2);
    }
}

#define TAKER(n, how) SPAWN(0, takes_and_counts, .mailbox_capacity = (n), .mailbox_policy = (how))

static uint64_t taker_of(uint64_t policy) {
    switch (policy) {
    case BUSKIN_POLICY_DROP_NEW: return TAKER(2, BUSKIN_POLICY_DROP_NEW);
    case BUSKIN_POLICY_DROP_OLD: return TAKER(2, BUSKIN_POLICY_DROP_OLD);
    case BUSKIN_POLICY_FAIL: return TAKER(1, BUSKIN_POLICY_FAIL);
    default: return TAKER(3, BUSKIN_POLICY_COALESCE);
    }
}

/* accepted + dropped + failed + coalesced = attempts, and each is what its sender was told. */
static void every_attempt_is_accounted_for(void) {
    reset();
    static const uint64_t policies[] = {BUSKIN_POLICY_DROP_NEW, BUSKIN_POLICY_DROP_OLD, BUSKIN_POLICY_FAIL,
                                        BUSKIN_POLICY_COALESCE};
    uint64_t policy = policies[draw(COUNT(policies))], refs[SENDERS];
    receiver = taker_of(policy);
    for (uint64_t i = 0; i < SENDERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], i, sends_and_counts);
    while (!draw(3)) EXPECT(info_of(receiver).mailbox_length <= 3);
    for (int i = 0; i < SENDERS; i++) EXPECT(await_down(refs[i]) != NULL);
    AWAIT(info_of(receiver).mailbox_length == 0 && all_received == info_of(receiver).mailbox_accepted);
    buskin_process_info_t info = info_of(receiver);
    uint64_t ok = status_count(BUSKIN_OK), evicted = status_count(BUSKIN_EVICTED);
    uint64_t coalesced = status_count(BUSKIN_COALESCED), faster = info.mailbox_accepted - ok;
    EXPECT(info.mailbox_senders == 0 && info.mailbox_failed == status_count(BUSKIN_EFULL));
    /* What its sender evicted or replaced just when the receive took it counts as accepted after all. */
    EXPECT(info.mailbox_dropped + info.mailbox_coalesced + faster ==
           evicted + coalesced + status_count(BUSKIN_EDROPPED));
    EXPECT(info.mailbox_dropped <= evicted + status_count(BUSKIN_EDROPPED) && info.mailbox_coalesced <= coalesced);
    EXPECT(info.mailbox_accepted + info.mailbox_dropped + info.mailbox_failed + info.mailbox_coalesced ==
           SENDERS * WORDS);
    EXPECT(policy == BUSKIN_POLICY_DROP_OLD || !evicted);
    EXPECT(policy == BUSKIN_POLICY_FAIL || !info.mailbox_failed);
    finish(receiver);
}

/* -- Signals among full mailboxes -- */

static void fills_and_ends(const void *args) {
    (void)args;
    for (uint64_t i = 0; i < WORDS; i++) EXPECT(buskin_send_word(receiver, TAG_WORD, i) == BUSKIN_OK);
    buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
}

/* A DOWN comes through a full mailbox, and not before what was sent before it. */
static void watches_a_filler(const void *args) {
    (void)args;
    receiver = buskin_actor_self();
    uint64_t ref, next = 0;
    START(BUSKIN_SPAWN_MONITOR, &ref, 0, fills_and_ends);
    steps(4);
    for (const void *m; (m = buskin_actor_receive(20000)) && kind_of(m) == BUSKIN_MSG_USER; steps(1))
        EXPECT(value_of(m) == next++);
    EXPECT(next == WORDS);
    EXPECT(mailbox_is_empty());
}

static void last_words_come_first(void) {
    uint64_t ref;
    START(BUSKIN_SPAWN_MONITOR, &ref, 0, watches_a_filler, .mailbox_capacity = 2,
          .mailbox_policy = BUSKIN_POLICY_BLOCK);
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S10.1 S10.2", blocked_senders_and_kills},
        {"S10.3 S10.4 S10.7", every_attempt_is_accounted_for},
        {"S10.5 S10.6", last_words_come_first},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
