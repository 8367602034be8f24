/* Links: section 3 of the semantics. */
#include "rows.h"

static uint64_t boss; /* whom the scenario's actors tell; set before they are spawned */

static buskin_process_info_t info_of(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == 0);
    return info;
}

/* Does what it is told: link to, unlink from, or end; each order is acknowledged. */
enum { TAG_LINK = 2000, TAG_UNLINK, TAG_END, TAG_EXITS };

static void obeys(const void *args) {
    uint64_t exits = 0;
    if (word_of(args)) buskin_actor_trap_exit(1);
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        if (kind_of(m) == BUSKIN_MSG_EXIT) {
            exits++;
            continue;
        }
        uint64_t value = value_of(m);
        switch (tag_of(m)) {
        case TAG_LINK: EXPECT(buskin_actor_link(value) == 0); break;
        case TAG_UNLINK: EXPECT(buskin_actor_unlink(value) == 0); break;
        case TAG_EXITS: value = exits; break;
        default: buskin_actor_exit((uint32_t)value, NULL, 0);
        }
        tell(boss, TAG_DONE, value);
    }
}

static uint64_t order(uint64_t pid, uint64_t tag, uint64_t value) {
    tell(pid, tag, value);
    return await_word(TAG_DONE);
}

/* -- S3.1: one per pair, two sides -- */

static void links_are_one_per_pair(void) {
    boss = buskin_actor_self();
    uint64_t a = SPAWN(1, obeys), b = SPAWN(1, obeys);
    for (int i = 0; i < 3; i++) order(a, TAG_LINK, b);
    for (int i = 0; i < 3; i++) order(b, TAG_LINK, a);
    EXPECT(info_of(a).links == 1 && info_of(b).links == 1);
    order(b, TAG_UNLINK, a); /* one by either side removes it */
    EXPECT(info_of(b).links == 0 && info_of(a).links == 0);
    order(a, TAG_LINK, b);
    EXPECT(info_of(b).links == 1);
    order(a, TAG_UNLINK, b);
    order(a, TAG_LINK, b); /* and may be made again at once */
    EXPECT(info_of(a).links == 1 && info_of(b).links == 1);
    uint64_t ref = buskin_actor_monitor(a);
    tell(a, TAG_END, BUSKIN_REASON_USER);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, a, ref, BUSKIN_REASON_USER));
    EXPECT(order(b, TAG_EXITS, 0) == 1); /* one link, one EXIT */
    finish(b);
}

/* Both directions of a link: whoever ends takes the other along. */
static void links_have_two_sides(void) {
    boss = buskin_actor_self();
    for (int first = 0; first < 2; first++) {
        uint64_t a = SPAWN(0, obeys), b = SPAWN(0, obeys), ref;
        order(a, TAG_LINK, b);
        uint64_t ends = first ? b : a, other = first ? a : b;
        EXPECT((ref = buskin_actor_monitor(other)) != 0);
        tell(ends, TAG_END, BUSKIN_REASON_USER + 3);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, other, ref, BUSKIN_REASON_USER + 3));
    }
}

/* -- S3.2: oneself, and strangers -- */

static void links_to_oneself_and_unlinks_of_strangers(void) {
    uint64_t self = buskin_actor_self(), stranger = SPAWN(0, idler), dead = SPAWN(0, idler);
    finish(dead);
    EXPECT(buskin_actor_link(self) == 0 && buskin_actor_unlink(self) == 0);
    EXPECT(info_of(self).links == 0);
    EXPECT(buskin_actor_unlink(stranger) == 0);
    EXPECT(buskin_actor_unlink(dead) == 0);
    EXPECT(buskin_actor_unlink(0) == 0 && buskin_actor_unlink(UINT64_MAX) == 0);
    EXPECT(buskin_actor_is_alive(stranger) == 1);
    EXPECT(info_of(self).links == 0 && info_of(stranger).links == 0);
    finish(stranger);
    EXPECT(mailbox_is_empty());
}

/* -- S3.3: never silence -- */

static void links_to_the_dead_and_unknown(void) {
    uint64_t dead = SPAWN(0, idler), live = SPAWN(0, idler);
    finish(dead);
    buskin_actor_trap_exit(1);
    const uint64_t nobody[] = {dead, 0, UINT64_MAX, live ^ (1ull << 40), live | 0x7fffffff, 12345};
    for (unsigned i = 0; i < COUNT(nobody); i++) {
        for (int linked = 0; linked < 2; linked++) { /* also beside a link that is there */
            if (linked) EXPECT(buskin_actor_link(live) == 0);
            EXPECT(buskin_actor_link(nobody[i]) == 0);
            EXPECT(is_exit(buskin_actor_receive(PATIENCE), nobody[i], BUSKIN_REASON_NOPROC));
            EXPECT(buskin_actor_unlink(nobody[i]) == 0);
            EXPECT(info_of(buskin_actor_self()).links == (uint64_t)linked);
        }
        EXPECT(buskin_actor_unlink(live) == 0);
    }
    EXPECT(buskin_actor_is_alive(live) == 1 && info_of(live).links == 0);
}

/* -- S3.4: unlink is final -- */

static void ends_at_once(const void *args) { buskin_actor_exit((uint32_t)word_of(args), NULL, 0); }

/* The caller does not trap: an EXIT that came after the unlink would end it. */
static void unlinks_in_time(const void *args) {
    (void)args;
    for (int i = 0; i < 20; i++) {
        uint64_t ref, a = START(BUSKIN_SPAWN_MONITOR, &ref, 1, obeys);
        EXPECT(buskin_actor_link(a) == 0);
        buskin_actor_unlink(a);
        tell(a, TAG_END, BUSKIN_REASON_USER);
        EXPECT(await_down(ref) != NULL);
    }
}

static void unlink_is_final(void) {
    uint64_t ref, self = buskin_actor_self();
    boss = self;
    uint64_t pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, unlinks_in_time);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NORMAL));
    buskin_actor_trap_exit(1);
    for (int i = 0; i < 20; i++) { /* against the partner's end: at most one EXIT is there, and none comes */
        uint64_t a = START(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR, &ref, BUSKIN_REASON_USER, ends_at_once);
        for (int k = 0; k < i % 4; k++) buskin_actor_yield();
        EXPECT(buskin_actor_unlink(a) == 0);
        const void *m = await_notice(BUSKIN_MSG_EXIT, 0, 0);
        EXPECT(m == NULL || is_exit(m, a, BUSKIN_REASON_USER));
        EXPECT(await_down(ref) != NULL);
        EXPECT(mailbox_is_empty());
        EXPECT(info_of(self).links == 0);
    }
}

/* The other end, busy elsewhere, has not acknowledged it yet: process_info counted it until then. */
static void an_unlinked_link_counts_no_more(void) {
    enum { PEERS = 10 };
    uint64_t pids[PEERS], self = buskin_actor_self();
    for (int i = 0; i < PEERS; i++) {
        pids[i] = SPAWN(0, spinner);
        EXPECT(buskin_actor_link(pids[i]) == 0);
    }
    for (int i = 0; i < 20; i++) buskin_actor_yield(); /* others take some, if there are others */
    EXPECT(info_of(self).links == PEERS);
    for (uint64_t i = 0; i < PEERS; i++) {
        EXPECT(buskin_actor_unlink(pids[i]) == 0);
        EXPECT(info_of(self).links == PEERS - 1 - i);
    }
    for (int i = 0; i < PEERS; i++) finish(pids[i]);
}

/* -- S3.5: storms -- */

/* Links and unlinks at random, then says what it did last, and waits. */
static void storms(const void *args) {
    uint64_t me = word_of(args), last = 0;
    uint64_t other = value_of(buskin_actor_receive(-1));
    buskin_actor_trap_exit(1);
    for (int i = 0; i < 60; i++) {
        last = draw(2);
        if (last)
            buskin_actor_link(other);
        else
            buskin_actor_unlink(other);
        if (draw(2)) buskin_actor_yield();
    }
    tell(boss, TAG_WORD, last);
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        if (kind_of(m) == BUSKIN_MSG_USER) buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
        tell(boss, TAG_OTHER, me);
    }
}

/* Whatever both did, both ends agree; a link that counts works, and one that does not is silent. */
static void both_ends_agree_after_a_storm(void) {
    boss = buskin_actor_self();
    uint64_t a = SPAWN(0, storms), b = SPAWN(1, storms);
    tell(a, TAG_GO, b);
    tell(b, TAG_GO, a);
    await_word(TAG_WORD);
    await_word(TAG_WORD);
    uint64_t in_a, in_b;
    for (int settled = 0; settled < 3;
         settled++) { /* acknowledgements may be on their way still: each query is behind them */
        in_a = info_of(a).links;
        in_b = info_of(b).links;
    }
    for (int i = 0; in_a != in_b && i < 1000; i++) {
        buskin_actor_yield();
        in_a = info_of(a).links;
        in_b = info_of(b).links;
    }
    EXPECT(in_a == in_b && in_a <= 1);
    uint64_t ref = buskin_actor_monitor(a);
    tell(a, TAG_GO, 0);
    EXPECT(await_down(ref) != NULL);
    tell(b, TAG_GO, 0);
    EXPECT((ref = buskin_actor_monitor(b)) != 0);
    EXPECT(await_down(ref) != NULL);
    const uint64_t tag = TAG_OTHER;
    const void *told = buskin_receive_tags(&tag, 1, 0);
    EXPECT(in_a ? told && value_of(told) == 1 : !told);
    EXPECT(mailbox_is_empty());
}

/* The one that linked last, with the other silent, has its link. */
static void a_link_after_the_unlink_counts(void) {
    boss = buskin_actor_self();
    uint64_t a = SPAWN(1, obeys), b = SPAWN(1, obeys);
    for (int i = 0; i < 20; i++) {
        tell(a, TAG_LINK, b);
        tell(a, TAG_UNLINK, b);
        tell(b, TAG_LINK, a);
        tell(b, TAG_UNLINK, a);
        tell(a, TAG_LINK, b);
        for (int k = 0; k < 5; k++) await_word(TAG_DONE);
        uint64_t in_a = info_of(a).links, in_b = info_of(b).links;
        for (int k = 0; in_a != in_b && k < 1000; k++) {
            buskin_actor_yield();
            in_a = info_of(a).links;
            in_b = info_of(b).links;
        }
        EXPECT(in_a == in_b);
        order(a, TAG_UNLINK, b);
        order(b, TAG_UNLINK, a);
    }
}

/* -- S3.6: the end of a partner removes it -- */

static void the_dead_are_strangers(void) {
    uint64_t self = buskin_actor_self();
    buskin_actor_trap_exit(1);
    uint64_t a = START(BUSKIN_SPAWN_LINK, NULL, BUSKIN_REASON_USER + 8, ends_at_once);
    EXPECT(is_exit(buskin_actor_receive(PATIENCE), a, BUSKIN_REASON_USER + 8));
    EXPECT(info_of(self).links == 0);
    for (int i = 0; i < 2; i++) {
        EXPECT(buskin_actor_link(a) == 0);
        EXPECT(is_exit(buskin_actor_receive(PATIENCE), a, BUSKIN_REASON_NOPROC)); /* not its reason */
    }
    EXPECT(mailbox_is_empty());
}

/* -- S3.7: two partners at once -- */

static void waits_with_two_partners(const void *args) {
    (void)args;
    START(BUSKIN_SPAWN_LINK, NULL, BUSKIN_REASON_USER + 1, ends_at_once);
    START(BUSKIN_SPAWN_LINK, NULL, BUSKIN_REASON_USER + 2, ends_at_once);
    for (;;) buskin_reduction_check();
}

static void it_dies_once_of_two_partners(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, waits_with_two_partners);
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->from == pid);
    EXPECT(notice_of(m)->code == BUSKIN_REASON_USER + 1 || notice_of(m)->code == BUSKIN_REASON_USER + 2);
    EXPECT(mailbox_is_empty());
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S3.1", links_are_one_per_pair},
        {"S3.1", links_have_two_sides},
        {"S3.2", links_to_oneself_and_unlinks_of_strangers},
        {"S3.3", links_to_the_dead_and_unknown},
        {"S3.4", unlink_is_final},
        {"S3.4", an_unlinked_link_counts_no_more},
        {"S3.5", both_ends_agree_after_a_storm},
        {"S3.5", a_link_after_the_unlink_counts},
        {"S3.6", the_dead_are_strangers},
        {"S3.7", it_dies_once_of_two_partners},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
