/* Links, monitors, exits and messages, raced. LIMIT: 300 */
#include "seeded.h"

/* -- Two that link and unlink each other -- */

enum { TAG_PEER = 2000, TAG_END };

static _Atomic uint64_t peer_exits[2];

static void crosses(const void *args) {
    uint64_t me = word_of(args) & 1, traps = word_of(args) & 2, other = expect_word(TAG_PEER);
    if (traps) buskin_actor_trap_exit(1);
    for (uint64_t i = draw(60); i; i--) {
        EXPECT((draw(2) ? buskin_actor_link(other) : buskin_actor_unlink(other)) == 0);
        if (draw(2)) step();
    }
    tell(boss, TAG_DONE, me);
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        if (kind_of(m) == BUSKIN_MSG_USER) buskin_actor_exit(BUSKIN_REASON_USER + (uint32_t)me, NULL, 0);
        EXPECT(is_exit(m, other, BUSKIN_REASON_USER + 1 - (uint32_t)me));
        atomic_fetch_add(&peer_exits[me], 1);
    }
}

/* Both ends agree, and what they agree on is what the end of one does to the other. Seeds 388 and 1245 were the first in which an
 * acknowledgement overtook the LINK that its sender had sent before (S1.2), and left one end linked for ever. */
static void links_crossed(void) {
    boss = buskin_actor_self();
    uint64_t traps = draw(2), refs[2], pids[2];
    for (uint64_t i = 0; i < 2; i++) {
        atomic_store(&peer_exits[i], 0);
        pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], i | (i ? 2 : 2 * traps), crosses);
    }
    for (int i = 0; i < 2; i++) tell(pids[i], TAG_PEER, pids[1 - i]);
    for (int i = 0; i < 2; i++) await_word(TAG_DONE);
    AWAIT(info_of(pids[0]).links == info_of(pids[1]).links);
    uint64_t linked = info_of(pids[0]).links;
    EXPECT(linked <= 1);
    tell(pids[1], TAG_END, 0);
    EXPECT(is_notice(await_down(refs[1]), BUSKIN_MSG_DOWN, pids[1], refs[1], BUSKIN_REASON_USER + 1));
    if (linked && !traps) {
        EXPECT(is_notice(await_down(refs[0]), BUSKIN_MSG_DOWN, pids[0], refs[0], BUSKIN_REASON_USER + 1));
    } else {
        if (linked) AWAIT(peer_exits[0] == 1);
        tell(pids[0], TAG_END, 0);
        EXPECT(is_notice(await_down(refs[0]), BUSKIN_MSG_DOWN, pids[0], refs[0], BUSKIN_REASON_USER));
        EXPECT(peer_exits[0] == linked);
    }
    EXPECT(mailbox_is_empty());
}

/* -- A graph of links in which one or two end -- */

enum { NODES = 6 };
static _Atomic uint64_t node_exits[NODES];

static void node(const void *args) {
    uint64_t me = word_of(args) >> 1;
    if (word_of(args) & 1) buskin_actor_trap_exit(1);
    tell(boss, TAG_GO, 0);
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        if (kind_of(m) == BUSKIN_MSG_EXIT) {
            atomic_fetch_add(&node_exits[me], 1);
        } else if (tag_of(m) == TAG_PEER) {
            EXPECT(buskin_actor_link(value_of(m)) == 0);
            tell(boss, TAG_DONE, 0);
        } else {
            uint32_t code = (uint32_t)value_of(m);
            steps(2);
            buskin_actor_exit(code, NULL, 0);
        }
    }
}

/* Who ends when that one does: those that its links lead to, through nodes that do not trap. */
static unsigned closure(const unsigned *links, unsigned traps, unsigned first) {
    unsigned ends = 1u << first;
    for (unsigned before = 0; before != ends;) {
        before = ends;
        for (unsigned i = 0; i < NODES; i++)
            if (ends >> i & 1) ends |= links[i] & ~traps;
    }
    return ends;
}

static void the_links_of_the_dead(void) {
    boss = buskin_actor_self();
    unsigned links[NODES] = {0}, traps = (unsigned)draw(1 << NODES);
    uint64_t pids[NODES], refs[NODES];
    for (unsigned i = 0; i < NODES; i++) {
        atomic_store(&node_exits[i], 0);
        pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], 2 * i | (traps >> i & 1), node);
    }
    for (int i = 0; i < NODES; i++) await_word(TAG_GO); /* all that will trap do */
    for (uint64_t n = draw(10); n; n--) {
        unsigned a = (unsigned)draw(NODES), b = (unsigned)draw(NODES);
        tell(pids[a], TAG_PEER, pids[b]);
        await_word(TAG_DONE);
        if (a != b) links[a] |= 1u << b, links[b] |= 1u << a;
    }
    unsigned victims[2] = {(unsigned)draw(NODES), (unsigned)draw(NODES)};
    unsigned ends[2] = {closure(links, traps, victims[0]), closure(links, traps, victims[1])};
    for (unsigned i = 0; i < 2; i++) tell(pids[victims[i]], TAG_END, BUSKIN_REASON_USER + i);
    unsigned dead = ends[0] | ends[1];
    for (unsigned i = 0; i < NODES; i++) {
        if (!(dead >> i & 1)) continue;
        const void *m = await_down(refs[i]);
        EXPECT(m && notice_of(m)->from == pids[i]);
        uint32_t which = notice_of(m)->code - BUSKIN_REASON_USER;
        EXPECT(which < 2 && ends[which] >> i & 1); /* unchanged, and of one that its links lead to */
    }
    for (unsigned i = 0; i < NODES; i++) {
        if (dead >> i & 1) continue;
        AWAIT(node_exits[i] == (uint64_t)__builtin_popcount(links[i] & dead));
        EXPECT(info_of(pids[i]).links == (uint64_t)__builtin_popcount(links[i] & ~dead));
    }
    for (unsigned i = 0; i < NODES; i++) {
        buskin_actor_exit_signal(pids[i], BUSKIN_REASON_KILL, NULL, 0);
        EXPECT(dead >> i & 1 || await_down(refs[i]));
    }
    EXPECT(mailbox_is_empty());
}

/* -- Monitors and links against the end of their target -- */

static void ends_some_time(const void *args) {
    steps(8);
    buskin_actor_exit((uint32_t)word_of(args), "why", 3);
}

static _Atomic bool unlinked;

static void unlinks_in_time(const void *args) {
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    if (draw(2)) step();
    EXPECT(buskin_actor_unlink(word_of(args)) == 0);
    atomic_store(&unlinked, true);
    steps(8);
}

/* One that does not trap ends of the link before its unlink has returned, or not at all. */
static void unlinks_against_an_end(void) {
    uint64_t ref, target = SPAWN(BUSKIN_REASON_USER, ends_some_time);
    atomic_store(&unlinked, false);
    START(BUSKIN_SPAWN_MONITOR, &ref, target, unlinks_in_time);
    const void *m = await_down(ref);
    EXPECT(m != NULL);
    uint32_t code = notice_of(m)->code;
    EXPECT(unlinked ? code == BUSKIN_REASON_NORMAL : code == BUSKIN_REASON_USER || code == BUSKIN_REASON_NOPROC);
}

/* One DOWN for each reference, or none. */
static void watches(const void *args) {
    uint64_t target = word_of(args), refs[6], n = 1 + draw(6), waiting = 0;
    bool gone = false;
    buskin_actor_trap_exit(1);
    for (uint64_t i = 0; i < n; i++) {
        EXPECT((refs[waiting] = buskin_actor_monitor(target)) != 0);
        steps(2);
        if (draw(2)) {
            waiting++;
            continue;
        }
        bool flush = draw(2);
        int32_t status = buskin_actor_demonitor(refs[waiting], flush);
        EXPECT(status == BUSKIN_OK || (status == BUSKIN_ENOTFOUND && !flush));
        EXPECT(left_over(BUSKIN_MSG_DOWN, refs[waiting]) == (status == BUSKIN_ENOTFOUND));
        EXPECT(buskin_actor_demonitor(refs[waiting], 0) == BUSKIN_ENOTFOUND);
    }
    bool links = draw(2);
    if (links) EXPECT(buskin_actor_link(target) == 0);
    steps(2);
    for (uint64_t i = 0; i < waiting; i++) {
        const void *m = await_down(refs[i]);
        EXPECT(m && notice_of(m)->from == target);
        EXPECT(notice_of(m)->code == BUSKIN_REASON_NOPROC || (notice_of(m)->code == BUSKIN_REASON_USER && !gone));
        gone |= notice_of(m)->code == BUSKIN_REASON_NOPROC; /* and not its reason again */
    }
    if (links) {
        const void *m = await_exit();
        EXPECT(m && notice_of(m)->from == target);
        EXPECT(notice_of(m)->code == BUSKIN_REASON_NOPROC || (notice_of(m)->code == BUSKIN_REASON_USER && !gone));
    }
    EXPECT(mailbox_is_empty());
    EXPECT(info_of(buskin_actor_self()).monitors == 0 && info_of(buskin_actor_self()).links == 0);
}

static void monitors_against_an_end(void) {
    uint64_t refs[3], target = SPAWN(BUSKIN_REASON_USER, ends_some_time);
    for (int i = 0; i < 3; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], target, watches);
    for (int i = 0; i < 3; i++) {
        const void *m = await_down(refs[i]);
        EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
    }
    EXPECT(mailbox_is_empty());
}

static void ends_at_once(const void *args) { buskin_actor_exit((uint32_t)word_of(args), NULL, 0); }

/* Tied from before its first act: its own reason, or that of who ended it, and each is heard of once. */
static void spawns_that_are_tied(void) {
    buskin_actor_trap_exit(1);
    for (uint64_t i = draw(4); i < 4; i++) {
        uint64_t ref, pid = START(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR, &ref, BUSKIN_REASON_USER, ends_at_once);
        bool kills = draw(2);
        if (kills) SPAWN(pid, killer);
        steps(3);
        const void *exit = await_exit(), *down = await_down(ref);
        EXPECT(exit && down && notice_of(exit)->from == pid && notice_of(down)->from == pid);
        uint32_t code = notice_of(down)->code;
        EXPECT(code == notice_of(exit)->code);
        EXPECT(code == BUSKIN_REASON_USER || (kills && code == BUSKIN_REASON_KILLED));
        EXPECT(mailbox_is_empty());
    }
}

/* A parent that ends takes along the child that it has just started, whether that ran or not. */
static void starts_and_ends(const void *args) {
    (void)args;
    uint64_t child = START(BUSKIN_SPAWN_LINK, NULL, 0, idler);
    tell(boss, TAG_WORD, child);
    steps(1);
    buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
}

static void a_parent_takes_its_child(void) {
    boss = buskin_actor_self();
    SPAWN(0, starts_and_ends);
    uint64_t child = await_word(TAG_WORD);
    uint64_t ref = buskin_actor_monitor(child);
    const void *m = await_down(ref);
    EXPECT(m && (notice_of(m)->code == BUSKIN_REASON_USER || notice_of(m)->code == BUSKIN_REASON_NOPROC));
    EXPECT(buskin_actor_is_alive(child) == 0);
}

/* -- Many to one, and some are killed -- */

enum { SENDERS = 4, WORDS = 10 };

static void sends_words(const void *args) {
    for (uint64_t i = 0; i < WORDS; i++) {
        tell(boss, TAG_WORD + word_of(args), i);
        step();
    }
}

/* What each sent arrives in order, up to some word, and its DOWN comes after that. */
static void fan_in_under_kill(void) {
    boss = buskin_actor_self();
    uint64_t next[SENDERS] = {0}, pids[SENDERS], refs[SENDERS], alive = SENDERS;
    for (uint64_t i = 0; i < SENDERS; i++) {
        pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], 100 + i, sends_words);
        if (draw(2)) SPAWN(pids[i], killer);
    }
    while (alive) {
        const void *m = buskin_actor_receive(20000);
        EXPECT(m != NULL);
        uint64_t i = 0;
        if (kind_of(m) == BUSKIN_MSG_USER) {
            i = tag_of(m) - TAG_WORD - 100;
            EXPECT(i < SENDERS && refs[i] && value_of(m) == next[i]++);
        } else {
            while (i < SENDERS && refs[i] != notice_of(m)->ref) i++;
            EXPECT(i < SENDERS && notice_of(m)->from == pids[i]);
            EXPECT(notice_of(m)->code == BUSKIN_REASON_KILLED || next[i] == WORDS);
            refs[i] = 0;
            alive--;
        }
        if (!draw(4)) step();
    }
    EXPECT(mailbox_is_empty());
}

/* -- Exit signals against each other -- */

static _Atomic uint64_t terminated;

static void counts_its_end(void *state, const buskin_notice_t *why) {
    (void)state;
    (void)why;
    atomic_fetch_add(&terminated, 1);
}

/* Two signals of one sender: the second cannot be the victim's reason. */
static void signals_twice(const void *args) {
    uint64_t victim = word_of(args);
    steps(4);
    bool kill = !draw(4);
    if (kill) tell(boss, TAG_WORD, 0);
    EXPECT(buskin_actor_exit_signal(victim, kill ? BUSKIN_REASON_KILL : BUSKIN_REASON_USER, NULL, 0) == 0);
    EXPECT(!buskin_actor_is_alive(victim));
    EXPECT(buskin_actor_exit_signal(victim, BUSKIN_REASON_USER + 1, NULL, 0) == 0);
    EXPECT(!buskin_actor_is_alive(victim));
}

static void does_this_and_that(const void *args) {
    (void)args;
    tell(boss, TAG_GO, 0); /* one that is ended before it runs has nothing to terminate */
    for (;;) step();
}

static void the_first_reason_wins(void) {
    boss = buskin_actor_self();
    atomic_store(&terminated, 0);
    uint64_t ref, refs[3];
    uint64_t victim = START(BUSKIN_SPAWN_MONITOR, &ref, 0, does_this_and_that, .terminate = counts_its_end);
    await_word(TAG_GO);
    for (int i = 0; i < 3; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], victim, signals_twice);
    const void *m = await_down(ref);
    EXPECT(m && notice_of(m)->from == victim);
    uint32_t code = notice_of(m)->code;
    uint64_t calls = atomic_load(&terminated);
    for (int i = 0; i < 3; i++) EXPECT(await_down(refs[i]) != NULL);
    const uint64_t tag = TAG_WORD;
    bool kills = buskin_receive_tags(&tag, 1, 0) != NULL;
    EXPECT(code == BUSKIN_REASON_USER || (kills && code == BUSKIN_REASON_KILLED));
    EXPECT(calls <= 1 && (calls == 1 || kills)); /* a kill may come between the reason and the callback */
    EXPECT(atomic_load(&terminated) == calls);
}

/* -- Receives with a timeout against what comes -- */

static void sends_slowly(const void *args) {
    for (uint64_t i = 0; i < WORDS; i++) {
        steps(2);
        tell(word_of(args), i % 2 ? TAG_WORD : TAG_OTHER, i);
    }
}

/* Each message is taken once, in the order of its kind; a timeout is never early, and takes nothing. */
static void timeouts_against_messages(void) {
    uint64_t next[2] = {0, 1};
    SPAWN(buskin_actor_self(), sends_slowly);
    while (next[0] + next[1] < 2 * WORDS + 1) {
        int64_t timeout = (int64_t)draw(3), begun = buskin_now_ms();
        const uint64_t tags[2] = {TAG_OTHER, TAG_WORD};
        uint64_t from = draw(2), n = 1 + draw(2 - from);
        const void *m = draw(4) ? buskin_receive_tags(tags + from, n, timeout) : buskin_actor_receive(timeout);
        if (!m) {
            EXPECT(buskin_now_ms() - begun >= timeout);
            continue;
        }
        uint64_t which = tag_of(m) == TAG_WORD;
        EXPECT(value_of(m) == next[which]);
        next[which] += 2;
    }
    EXPECT(mailbox_is_empty());
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S1.2 S3.1 S3.4 S3.5", links_crossed},
        {"S2.1 S2.7 S3.6 S3.7", the_links_of_the_dead},
        {"S3.3 S4.1 S4.2 S4.3", monitors_against_an_end},
        {"S3.3 S3.4", unlinks_against_an_end},
        {"S4.6 S4.7", spawns_that_are_tied},
        {"S4.6", a_parent_takes_its_child},
        {"S1.2 S2.8", fan_in_under_kill},
        {"S1.7 S2.1 S2.11", the_first_reason_wins},
        {"S5.1 S5.2 S5.4 S5.6", timeouts_against_messages},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
