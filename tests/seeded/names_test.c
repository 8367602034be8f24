/* Names: register and unregister against each other, and against the end of who has them. LIMIT: 300 */
#include "seeded.h"

enum { CONTENDERS = 3, NAMES = 2 };
static const char *const names[NAMES] = {"one", "other"};

static uint64_t whereis(uint64_t i) { return buskin_actor_whereis(names[i], strlen(names[i])); }
static int32_t take_name(uint64_t i, uint64_t pid) { return buskin_actor_register(names[i], strlen(names[i]), pid); }
static int32_t leave_name(uint64_t i) { return buskin_actor_unregister(names[i], strlen(names[i])); }

/* While it has a name nobody else has it; with the name's end, others may. */
static void contends(const void *args) {
    uint64_t self = buskin_actor_self(), rounds = 1 + word_of(args) % 4;
    for (; rounds; rounds--) {
        uint64_t name = draw(NAMES);
        int32_t status = take_name(name, self);
        EXPECT(status == BUSKIN_OK || status == BUSKIN_ETAKEN);
        if (status == BUSKIN_ETAKEN) {
            EXPECT(whereis(name) != self);
            steps(2);
            continue;
        }
        for (uint64_t i = draw(3); i; i--) {
            EXPECT(whereis(name) == self && take_name(name, self) == BUSKIN_ETAKEN);
            steps(1);
        }
        uint64_t word = 1; /* one of two ways to oneself: the name and the pid are one destination */
        EXPECT(buskin_send_to_name(names[name], strlen(names[name]), TAG_WORD, &rows_word, &word) == BUSKIN_OK);
        tell(self, TAG_WORD, 2);
        EXPECT(expect_word(TAG_WORD) == 1 && expect_word(TAG_WORD) == 2);
        if (rounds == 1 && draw(2)) break; /* ends with the name */
        EXPECT(leave_name(name) == BUSKIN_OK && whereis(name) != self);
    }
}

/* Whoever has seen an end finds the names free of it. */
static void names_against_ends(void) {
    uint64_t pids[CONTENDERS], refs[CONTENDERS];
    for (int i = 0; i < CONTENDERS; i++) {
        pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], draw(4), contends);
        if (draw(2)) SPAWN(pids[i], killer);
    }
    for (int ended = 0; ended < CONTENDERS; ended++) {
        const void *m = await_notice(BUSKIN_MSG_DOWN, 0, 20000);
        EXPECT(m != NULL);
        uint64_t dead = notice_of(m)->from;
        for (uint64_t i = 0; i < NAMES; i++) {
            EXPECT(whereis(i) != dead);
            EXPECT(take_name(i, dead) != BUSKIN_OK);
        }
    }
    uint64_t self = buskin_actor_self();
    for (uint64_t i = 0; i < NAMES; i++) {
        EXPECT(whereis(i) == 0 && leave_name(i) == BUSKIN_ENOTFOUND);
        EXPECT(take_name(i, self) == BUSKIN_OK && whereis(i) == self && leave_name(i) == BUSKIN_OK);
    }
    EXPECT(mailbox_is_empty());
}

/* -- A name that somebody else gives -- */

static void gives_names(const void *args) {
    uint64_t to = word_of(args);
    for (int i = 0; i < 3; i++) {
        uint64_t name = draw(NAMES);
        int32_t status = take_name(name, to);
        EXPECT(status == BUSKIN_OK || status == BUSKIN_ETAKEN || status == BUSKIN_ENOPROC);
        if (status == BUSKIN_ENOPROC) EXPECT(!buskin_actor_is_alive(to) && whereis(name) == 0);
        steps(2);
        if (draw(2)) EXPECT((status = leave_name(name)) == BUSKIN_OK || status == BUSKIN_ENOTFOUND);
    }
}

/* However it was registered meanwhile, the dead has no name. */
static void names_for_the_dying(void) {
    uint64_t ref, refs[2], victim = START(BUSKIN_SPAWN_MONITOR, &ref, 0, idler);
    for (int i = 0; i < 2; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], victim, gives_names);
    SPAWN(victim, killer);
    EXPECT(await_down(ref) != NULL);
    EXPECT(whereis(0) == 0 && whereis(1) == 0);
    for (int i = 0; i < 2; i++) {
        const void *m = await_down(refs[i]);
        EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
    }
    EXPECT(whereis(0) == 0 && whereis(1) == 0);
}

/* -- Monitors by name -- */

static void has_a_name(const void *args) {
    (void)args;
    EXPECT(take_name(0, buskin_actor_self()) == BUSKIN_OK);
    tell(boss, TAG_GO, 0);
    steps(4);
    buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
}

/* Resolved once: the DOWN is that of the owner, whoever has the name later, or there was none. */
static void monitors_by_name(void) {
    boss = buskin_actor_self();
    uint64_t owner = SPAWN(0, has_a_name);
    await_word(TAG_GO);
    steps(3);
    uint64_t ref = buskin_actor_monitor_name(names[0], strlen(names[0]));
    EXPECT(ref != 0);
    bool off = draw(2), none = false;
    if (off) {
        steps(2);
        none = buskin_actor_demonitor(ref, 0) == BUSKIN_OK;
    }
    if (!none) {
        const void *m = await_notice(BUSKIN_MSG_DOWN, ref, off ? 0 : 20000);
        EXPECT(m && tag_of(m) == strlen(names[0]));
        EXPECT(notice_of(m)->from == owner || (!notice_of(m)->from && notice_of(m)->code == BUSKIN_REASON_NOPROC));
        EXPECT(!memcmp(bytes_of(m) + notice_of(m)->length, names[0], strlen(names[0])));
    }
    AWAIT(whereis(0) == 0);
    EXPECT(take_name(0, boss) == BUSKIN_OK && leave_name(0) == BUSKIN_OK);
    EXPECT(mailbox_is_empty());
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S1.3 S2.8 S6.1 S6.2 S6.3", names_against_ends},
        {"S6.1 S6.3", names_for_the_dying},
        {"S4.5", monitors_by_name},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
