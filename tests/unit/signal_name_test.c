/* Names: section 6 of the semantics. */
#include "rows.h"

#include <malloc.h>

#define NAME(text) text, sizeof text - 1

static uint64_t boss; /* whom the scenario's actors tell; set before they are spawned */

static void waits_then_ends(const void *args) {
    (void)args;
    buskin_actor_receive(-1);
}

/* -- S6.1: one live owner, several names -- */

static void a_name_has_one_owner(void) {
    uint64_t self = buskin_actor_self(), other = SPAWN(0, idler), dead = SPAWN(0, idler);
    finish(dead);
    EXPECT(buskin_actor_register(NAME("one"), self) == 0);
    EXPECT(buskin_actor_register(NAME("one"), self) == BUSKIN_ETAKEN); /* by its owner, too */
    EXPECT(buskin_actor_register(NAME("one"), other) == BUSKIN_ETAKEN);
    EXPECT(buskin_actor_register(NAME("one"), dead) == BUSKIN_ENOPROC);
    EXPECT(buskin_actor_register(NAME("two"), dead) == BUSKIN_ENOPROC);
    EXPECT(buskin_actor_register(NAME("two"), 0) == BUSKIN_ENOPROC);
    EXPECT(buskin_actor_register(NAME("two"), UINT64_MAX) == BUSKIN_ENOPROC);
    EXPECT(buskin_actor_whereis(NAME("one")) == self && buskin_actor_whereis(NAME("two")) == 0);
    EXPECT(buskin_actor_register(NAME("two"), other) == 0); /* for another actor */
    EXPECT(buskin_actor_register(NAME("three"), other) == 0);
    EXPECT(buskin_actor_whereis(NAME("two")) == other && buskin_actor_whereis(NAME("three")) == other);
    finish(other);
    EXPECT(buskin_actor_whereis(NAME("two")) == 0 && buskin_actor_whereis(NAME("three")) == 0);
    EXPECT(buskin_actor_whereis(NAME("one")) == self);
}

/* -- S1.3, S1.9: sends by name -- */

static void sends_by_name(void) {
    uint64_t self = buskin_actor_self(), value = 3;
    EXPECT(buskin_send_to_name(NAME("inbox"), TAG_WORD, &rows_word, &value) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_actor_register(NAME("inbox"), self) == 0);
    for (uint64_t i = 0; i < 20; i++) { /* by name and by pid: one stream */
        if (i % 2)
            tell(self, TAG_WORD, i);
        else
            EXPECT(buskin_send_to_name(NAME("inbox"), TAG_WORD, &rows_word, &i) == 0);
    }
    for (uint64_t i = 0; i < 20; i++) EXPECT(expect_word(TAG_WORD) == i);
    EXPECT(buskin_send_to_name(NAME("inbox"), TAG_WORD, NULL, NULL) == 0);
    EXPECT(length_of(buskin_actor_receive(0)) == 0);
    EXPECT(buskin_send_to_name("", 0, TAG_WORD, NULL, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_send_to_name("a\0b", 3, TAG_WORD, NULL, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_send_to_name(NULL, 3, TAG_WORD, NULL, NULL) == BUSKIN_EINVAL);
    EXPECT(buskin_send_to_name(NAME("inbox"), TAG_WORD, &rows_word, NULL) == BUSKIN_EINVAL);
    EXPECT(mailbox_is_empty());
}

/* -- S6.2 -- */

static void unregister_leaves_the_actor_alone(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, waits_then_ends);
    EXPECT(buskin_actor_register(NAME("service"), pid) == 0);
    EXPECT(buskin_actor_unregister(NAME("service")) == 0);
    EXPECT(buskin_actor_unregister(NAME("service")) == BUSKIN_ENOTFOUND);
    EXPECT(buskin_actor_whereis(NAME("service")) == 0);
    EXPECT(buskin_actor_is_alive(pid) == 1);
    EXPECT(buskin_actor_register(NAME("service"), pid) == 0); /* and it may have it again */
    tell(pid, TAG_GO, 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NORMAL));
    EXPECT(buskin_actor_whereis(NAME("service")) == 0);
    EXPECT(buskin_actor_unregister(NAME("service")) == BUSKIN_ENOTFOUND);
}

/* -- S6.3: races -- */

static void races(const void *args) {
    buskin_actor_receive(-1);
    int32_t status = buskin_actor_register(NAME("prize"), buskin_actor_self());
    EXPECT(status == 0 || status == BUSKIN_ETAKEN);
    EXPECT(buskin_actor_whereis(NAME("prize")) != 0); /* whoever won holds it */
    tell(word_of(args), TAG_WORD, status == 0 ? buskin_actor_self() : 0);
    buskin_actor_receive(-1);
}

static void of_64_racers_one_wins(void) {
    enum { RACERS = 64 };
    uint64_t pids[RACERS], refs[RACERS], winner = 0;
    for (int i = 0; i < RACERS; i++) pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], buskin_actor_self(), races);
    for (int i = 0; i < RACERS; i++) tell(pids[i], TAG_GO, 0);
    for (int i = 0; i < RACERS; i++) {
        uint64_t won = expect_word(TAG_WORD);
        EXPECT(!won || !winner);
        if (won) winner = won;
    }
    EXPECT(winner && buskin_actor_whereis(NAME("prize")) == winner);
    for (int i = 0; i < RACERS; i++) tell(pids[i], TAG_GO, 0);
    for (int i = 0; i < RACERS; i++) EXPECT(await_down(refs[i]) != NULL);
    EXPECT(buskin_actor_whereis(NAME("prize")) == 0);
}

/* Owners come and go; whoever is found was alive when it was looked up, or gives noproc later, but holds the name until it is
 * released: a lookup after its DOWN never shows it. */
static void owns_for_a_while(const void *args) {
    for (;;) {
        int32_t status = buskin_actor_register(NAME("churn"), buskin_actor_self());
        if (status == 0) break;
        EXPECT(status == BUSKIN_ETAKEN);
        buskin_actor_yield();
    }
    if (word_of(args) % 2) EXPECT(buskin_actor_unregister(NAME("churn")) == 0);
}

static void churn_shows_no_stale_owner(void) {
    enum { OWNERS = 40 };
    uint64_t refs[OWNERS];
    for (uint64_t i = 0; i < OWNERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], i, owns_for_a_while);
    for (int ended = 0; ended < OWNERS;) {
        uint64_t found = buskin_actor_whereis(NAME("churn"));
        if (found) {
            uint64_t ref = buskin_actor_monitor(found);
            EXPECT(await_down(ref) != NULL); /* it ends soon */
            EXPECT(buskin_actor_whereis(NAME("churn")) != found);
        }
        while (await_notice(BUSKIN_MSG_DOWN, 0, 0)) ended++;
        buskin_actor_yield();
    }
    EXPECT(buskin_actor_whereis(NAME("churn")) == 0);
}

/* -- S6.4: what a name is -- */

static void names_are_bytes(void) {
    char longest[256];
    memset(longest, 'n', sizeof longest);
    uint64_t self = buskin_actor_self();
    const struct {
        const char *name;
        uint64_t length;
        int32_t status;
    } cases[] = {
        {"", 0, BUSKIN_EINVAL},
        {NULL, 3, BUSKIN_EINVAL},
        {NULL, 0, BUSKIN_EINVAL},
        {longest, 256, BUSKIN_EINVAL},
        {longest, UINT64_MAX, BUSKIN_EINVAL},
        {"a\0b", 3, BUSKIN_EINVAL},
        {"\0", 1, BUSKIN_EINVAL},
        {"ab\0", 3, BUSKIN_EINVAL},
        {longest, 255, BUSKIN_OK},
        {longest, 254, BUSKIN_OK}, /* another name */
        {"x", 1, BUSKIN_OK},
        {"X", 1, BUSKIN_OK},
        {" ", 1, BUSKIN_OK},
        {"\xff\xfe", 2, BUSKIN_OK}, /* not UTF-8: bytes */
        {"\xc3\xa9", 2, BUSKIN_OK}, /* the same letter in two spellings: two names */
        {"e\xcc\x81", 3, BUSKIN_OK},
        {"\xc0\xaf", 2, BUSKIN_OK}, /* over-long for a slash */
        {"/", 1, BUSKIN_OK},
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        EXPECT(buskin_actor_register(cases[i].name, cases[i].length, self) == cases[i].status);
        EXPECT(buskin_actor_whereis(cases[i].name, cases[i].length) == (cases[i].status ? 0 : self));
        if (cases[i].status)
            EXPECT(buskin_actor_unregister(cases[i].name, cases[i].length) == BUSKIN_EINVAL);
        else
            EXPECT(buskin_actor_register(cases[i].name, cases[i].length, self) == BUSKIN_ETAKEN);
    }
    for (unsigned i = 0; i < COUNT(cases); i++)
        if (!cases[i].status) EXPECT(buskin_actor_unregister(cases[i].name, cases[i].length) == 0);
}

/* S11.6: many names are no trouble, and all are gone with their owner. */
static void owns_many(const void *args) {
    char name[16];
    for (uint64_t i = 0; i < word_of(args); i++) {
        int length = snprintf(name, sizeof name, "many-%u", (unsigned)i);
        EXPECT(buskin_actor_register(name, (uint64_t)length, buskin_actor_self()) == 0);
    }
    tell(boss, TAG_DONE, 0);
    buskin_actor_receive(-1);
}

static void many_names_of_one_owner(void) {
    RARELY(10);
    enum { MANY = 2000 };
    char name[16];
    boss = buskin_actor_self();
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, MANY, owns_many);
    expect_word(TAG_DONE);
    for (unsigned i = 0; i < MANY; i++) {
        int length = snprintf(name, sizeof name, "many-%u", i);
        EXPECT(buskin_actor_whereis(name, (uint64_t)length) == pid);
    }
    tell(pid, TAG_GO, 0);
    EXPECT(await_down(ref) != NULL);
    for (unsigned i = 0; i < MANY; i++) {
        int length = snprintf(name, sizeof name, "many-%u", i);
        EXPECT(buskin_actor_whereis(name, (uint64_t)length) == 0);
    }
}

/* Names that come and go leave the table of names as large as it was. */
static void names_that_come_and_go_take_no_memory(void) {
    RARELY(20);
    uint64_t self = buskin_actor_self();
    EXPECT(buskin_actor_register(NAME("first"), self) == 0);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 20000; i++) {
        EXPECT(buskin_actor_register(NAME("fleeting"), self) == 0);
        EXPECT(buskin_actor_unregister(NAME("fleeting")) == 0);
    }
    struct mallinfo2 after = mallinfo2();
    EXPECT(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 65536);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S6.1", a_name_has_one_owner},
        {"S1.3 S1.9", sends_by_name},
        {"S6.2", unregister_leaves_the_actor_alone},
        {"S6.3", of_64_racers_one_wins},
        {"S6.3", churn_shows_no_stale_owner},
        {"S6.4", names_are_bytes},
        {"S6.1", names_that_come_and_go_take_no_memory},
        {"S6.1 S11.6", many_names_of_one_owner},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
