/* Exits: section 2 of the semantics, with table T-1 case by case. */
#include "rows.h"

/* -- T-1 -- */

enum outcome { IGNORED, MESSAGE, DIES };

typedef struct cell {
    enum outcome outcome;
    uint32_t code; /* that the message bears, or of the victim's own end */
} cell_t;

static const struct {
    uint32_t code;
    cell_t cells[2][2]; /* [by link][trapping] */
} t1[] = {
    {BUSKIN_REASON_NORMAL,
     {{{IGNORED, 0}, {MESSAGE, BUSKIN_REASON_NORMAL}}, {{IGNORED, 0}, {MESSAGE, BUSKIN_REASON_NORMAL}}}},
    {BUSKIN_REASON_SHUTDOWN,
     {{{DIES, BUSKIN_REASON_SHUTDOWN}, {MESSAGE, BUSKIN_REASON_SHUTDOWN}},
      {{DIES, BUSKIN_REASON_SHUTDOWN}, {MESSAGE, BUSKIN_REASON_SHUTDOWN}}}},
    {BUSKIN_REASON_KILL,
     {{{DIES, BUSKIN_REASON_KILLED}, {DIES, BUSKIN_REASON_KILLED}},
      {{DIES, BUSKIN_REASON_KILL}, {MESSAGE, BUSKIN_REASON_KILL}}}},
    {BUSKIN_REASON_KILLED,
     {{{DIES, BUSKIN_REASON_KILLED}, {MESSAGE, BUSKIN_REASON_KILLED}},
      {{DIES, BUSKIN_REASON_KILLED}, {MESSAGE, BUSKIN_REASON_KILLED}}}},
    {BUSKIN_REASON_NOPROC,
     {{{DIES, BUSKIN_REASON_NOPROC}, {MESSAGE, BUSKIN_REASON_NOPROC}},
      {{DIES, BUSKIN_REASON_NOPROC}, {MESSAGE, BUSKIN_REASON_NOPROC}}}},
    {BUSKIN_REASON_PANIC,
     {{{DIES, BUSKIN_REASON_PANIC}, {MESSAGE, BUSKIN_REASON_PANIC}},
      {{DIES, BUSKIN_REASON_PANIC}, {MESSAGE, BUSKIN_REASON_PANIC}}}},
    {BUSKIN_REASON_CRASH,
     {{{DIES, BUSKIN_REASON_CRASH}, {MESSAGE, BUSKIN_REASON_CRASH}},
      {{DIES, BUSKIN_REASON_CRASH}, {MESSAGE, BUSKIN_REASON_CRASH}}}},
    {BUSKIN_REASON_LIMIT,
     {{{DIES, BUSKIN_REASON_LIMIT}, {MESSAGE, BUSKIN_REASON_LIMIT}},
      {{DIES, BUSKIN_REASON_LIMIT}, {MESSAGE, BUSKIN_REASON_LIMIT}}}},
    {BUSKIN_REASON_USER,
     {{{DIES, BUSKIN_REASON_USER}, {MESSAGE, BUSKIN_REASON_USER}},
      {{DIES, BUSKIN_REASON_USER}, {MESSAGE, BUSKIN_REASON_USER}}}},
    {UINT32_MAX, {{{DIES, UINT32_MAX}, {MESSAGE, UINT32_MAX}}, {{DIES, UINT32_MAX}, {MESSAGE, UINT32_MAX}}}},
};

static uint64_t boss; /* whom the scenario's actors tell; set before they are spawned */

static const char why_bytes[] = "the reason's bytes";

/* Of the case under way; written before the actors that read it are spawned. */
static struct {
    uint64_t main;
    uint32_t code;
    bool trap;
} now;

/* Tells main of each EXIT that it gets, and of the end of its wait. */
static void victim(const void *args) {
    (void)args;
    EXPECT(buskin_actor_trap_exit(now.trap) == 0);
    tell(now.main, TAG_WORD, 0);
    for (;;) {
        const void *m = buskin_actor_receive(-1);
        if (kind_of(m) == BUSKIN_MSG_USER) break;
        EXPECT(kind_of(m) == BUSKIN_MSG_EXIT && notice_of(m)->ref == 0);
        EXPECT(notice_of(m)->length == sizeof why_bytes && !memcmp(bytes_of(m), why_bytes, sizeof why_bytes));
        tell(now.main, TAG_OTHER, notice_of(m)->from);
        tell(now.main, TAG_OTHER, notice_of(m)->code);
    }
    tell(now.main, TAG_DONE, 0);
}

static void peer(const void *args) {
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    buskin_actor_exit(now.code, why_bytes, sizeof why_bytes);
}

/* Who the victim gets the exit signal from. */
static uint64_t strike(uint64_t pid, bool by_link) {
    if (!by_link) {
        EXPECT(buskin_actor_exit_signal(pid, now.code, why_bytes, sizeof why_bytes) == 0);
        return now.main;
    }
    uint64_t ref, from = START(BUSKIN_SPAWN_MONITOR, &ref, pid, peer);
    EXPECT(
        is_notice(await_down(ref), BUSKIN_MSG_DOWN, from, ref, now.code)); /* the links are told before the watchers */
    return from;
}

static void t1_case(uint32_t code, bool by_link, bool trap, cell_t expected) {
    uint64_t ref;
    now.main = buskin_actor_self();
    now.code = code;
    now.trap = trap;
    uint64_t pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, victim);
    expect_word(TAG_WORD);
    uint64_t from = strike(pid, by_link);
    tell(pid, TAG_GO, 0);
    if (expected.outcome == MESSAGE) {
        EXPECT(expect_word(TAG_OTHER) == from);
        EXPECT(expect_word(TAG_OTHER) == expected.code);
    }
    if (expected.outcome != DIES) expect_word(TAG_DONE);
    const void *m = buskin_actor_receive(PATIENCE);
    EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, ref,
                     expected.outcome == DIES ? expected.code : (uint32_t)BUSKIN_REASON_NORMAL));
    if (expected.outcome == DIES)
        EXPECT(notice_of(m)->length == sizeof why_bytes && !memcmp(bytes_of(m), why_bytes, sizeof why_bytes));
    EXPECT(mailbox_is_empty());
}

static void every_reason_does_what_the_table_says(void) {
    for (unsigned i = 0; i < COUNT(t1); i++)
        for (int way = 0; way < 4; way++) t1_case(t1[i].code, way / 2, way % 2, t1[i].cells[way / 2][way % 2]);
}

/* A link to a dead pid, by link with noproc; the last rows of the table. */
static void links_to_the_dead(const void *args) {
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    for (;;) buskin_actor_receive(-1);
}

static void traps_and_links_to_the_dead(const void *args) {
    buskin_actor_trap_exit(1);
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    EXPECT(is_exit(buskin_actor_receive(PATIENCE), word_of(args), BUSKIN_REASON_NOPROC));
}

static void the_dead_give_noproc(void) {
    uint64_t ref, dead = SPAWN(0, idler);
    finish(dead);
    uint64_t pid = START(BUSKIN_SPAWN_MONITOR, &ref, dead, links_to_the_dead);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NOPROC));
    pid = START(BUSKIN_SPAWN_MONITOR, &ref, dead, traps_and_links_to_the_dead);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NORMAL));
}

static void ends_when_told(const void *args) {
    (void)args;
    buskin_actor_receive(-1);
    buskin_actor_exit(BUSKIN_REASON_SHUTDOWN, NULL, 0);
}

static void unlinks_then_asks(const void *args) {
    uint64_t ref = buskin_actor_monitor(word_of(args));
    EXPECT(buskin_actor_link(word_of(args)) == 0);
    EXPECT(buskin_actor_unlink(word_of(args)) == 0);
    tell(word_of(args), TAG_GO, 0);
    EXPECT(await_down(ref) != NULL);
    EXPECT(mailbox_is_empty());
}

static void a_removed_link_has_no_effect(void) {
    for (int trap = 0; trap < 2; trap++) {
        buskin_actor_trap_exit(trap);
        unlinks_then_asks(&(uint64_t){SPAWN(0, ends_when_told)});
    }
}

/* -- S2.1 -- */

static _Atomic uint32_t callbacks, shown;

static void note_end(void *state, const buskin_notice_t *why) {
    (void)state;
    atomic_fetch_add(&callbacks, 1);
    atomic_store(&shown, why->code);
}

static void sends_exit(const void *args) {
    buskin_actor_exit_signal(word_of(args), BUSKIN_REASON_USER + (uint32_t)(buskin_actor_self() % 1000), NULL, 0);
}

/* Many send different reasons at once: one of them it is, for everybody. */
static void it_ends_once_for_one_reason(void) {
    enum { SENDERS = 8 };
    uint64_t ref, second, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, spinner, .terminate = note_end);
    uint32_t codes[SENDERS];
    atomic_store(&callbacks, 0);
    buskin_actor_yield();
    EXPECT((second = buskin_actor_monitor(pid)) != 0);
    EXPECT(buskin_actor_is_alive(pid) == 1); /* the second monitor is in place */
    for (int i = 0; i < SENDERS; i++) codes[i] = BUSKIN_REASON_USER + (uint32_t)(SPAWN(pid, sends_exit) % 1000);
    const void *m = await_down(ref);
    EXPECT(m != NULL);
    uint32_t code = notice_of(m)->code;
    EXPECT(is_notice(await_down(second), BUSKIN_MSG_DOWN, pid, second, code));
    bool known = false;
    for (int i = 0; i < SENDERS; i++) known |= codes[i] == code;
    EXPECT(known);
    EXPECT(mailbox_is_empty());
    uint32_t called = atomic_load(&callbacks); /* none, if it never ran */
    EXPECT(called == 0 || (called == 1 && atomic_load(&shown) == code));
}

static void the_first_of_one_sender_counts(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, idler);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_NORMAL, NULL, 0) == 0); /* not accepted */
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_USER, NULL, 0) == 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_SHUTDOWN));
}

static void returns(const void *args) { (void)args; }
static void panics(const void *args) {
    (void)args;
    buskin_panic("text", 4, "file", 1, 2);
}
static void exits_by_itself(const void *args) { buskin_actor_exit((uint32_t)word_of(args), "own", 3); }

static void its_own_end_has_its_own_reason(void) {
    static const uint32_t codes[] = {BUSKIN_REASON_NORMAL, BUSKIN_REASON_SHUTDOWN, BUSKIN_REASON_KILL,
                                     BUSKIN_REASON_KILLED, BUSKIN_REASON_NOPROC,   BUSKIN_REASON_USER + 9};
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, returns);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NORMAL));
    pid = START(BUSKIN_SPAWN_MONITOR, &ref, 0, panics);
    const void *m = await_down(ref);
    EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_PANIC));
    EXPECT(notice_of(m)->length == 4 && !memcmp(bytes_of(m), "text", 4));
    for (unsigned i = 0; i < COUNT(codes); i++) {
        pid = START(BUSKIN_SPAWN_MONITOR, &ref, codes[i], exits_by_itself);
        m = await_down(ref);
        EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, ref, codes[i]));
        EXPECT(notice_of(m)->length == 3 && !memcmp(bytes_of(m), "own", 3));
    }
}

/* -- S2.2, S2.9: explicit exits and links are two things -- */

static void exits_explicitly_then_ends(const void *args) {
    uint64_t to = word_of(args);
    EXPECT(buskin_actor_link(to) == 0);
    EXPECT(buskin_actor_exit_signal(to, BUSKIN_REASON_USER + 1, NULL, 0) == 0);
    buskin_actor_exit(BUSKIN_REASON_USER + 2, NULL, 0);
}

static void an_explicit_exit_leaves_the_link(void) {
    buskin_actor_trap_exit(1);
    uint64_t pid = SPAWN(buskin_actor_self(), exits_explicitly_then_ends);
    EXPECT(is_exit(buskin_actor_receive(PATIENCE), pid, BUSKIN_REASON_USER + 1));
    EXPECT(is_exit(buskin_actor_receive(PATIENCE), pid, BUSKIN_REASON_USER + 2));
    EXPECT(mailbox_is_empty());
}

static void an_explicit_exit_makes_no_link(void) {
    uint64_t pid = SPAWN(0, idler);
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_NORMAL, NULL, 0) == 0);
    EXPECT(buskin_process_info(pid, &info) == 0 && info.links == 0);
    EXPECT(buskin_process_info(buskin_actor_self(), &info) == 0 && info.links == 0);
    finish(pid);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0); /* dead: no error, nothing comes back */
    EXPECT(buskin_actor_exit_signal(0, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(buskin_actor_exit_signal(UINT64_MAX, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(mailbox_is_empty());
}

/* -- S2.4: kill, then killed along the links -- */

static void links_and_waits(const void *args) {
    if (word_of(args)) EXPECT(buskin_actor_link(word_of(args)) == 0);
    tell(boss, TAG_WORD, 0);
    for (;;) buskin_actor_receive(-1);
}

static void kill_is_killed_to_the_others(void) {
    uint64_t refs[4], pids[4] = {0};
    boss = buskin_actor_self();
    buskin_actor_trap_exit(1);
    for (int i = 0; i < 4; i++) {
        pids[i] = START(BUSKIN_SPAWN_MONITOR, &refs[i], i ? pids[i - 1] : 0, links_and_waits);
        expect_word(TAG_WORD);
    }
    EXPECT(buskin_actor_link(pids[3]) == 0);
    EXPECT(buskin_actor_exit_signal(pids[0], BUSKIN_REASON_KILL, NULL, 0) == 0);
    for (int i = 0; i < 4; i++)
        if (!is_notice(await_down(refs[i]), BUSKIN_MSG_DOWN, pids[i], refs[i], BUSKIN_REASON_KILLED)) EXPECT(!"killed");
    EXPECT(is_exit(await_exit(), pids[3], BUSKIN_REASON_KILLED));
}

/* -- S2.5: to oneself -- */

static void sends_to_itself(const void *args) {
    uint64_t self = buskin_actor_self();
    bool trap = word_of(args) >> 32;
    uint32_t code = (uint32_t)word_of(args);
    buskin_actor_trap_exit(trap);
    EXPECT(buskin_actor_exit_signal(self, code, NULL, 0) == 0);
    if (trap && code != BUSKIN_REASON_KILL) { /* it is there at once */
        EXPECT(is_exit(buskin_actor_receive(0), self, code));
        buskin_actor_exit(BUSKIN_REASON_USER + 1, NULL, 0);
    }
    buskin_actor_exit(BUSKIN_REASON_USER + 2, NULL, 0); /* not reached */
}

static void exits_to_oneself(void) {
    static const struct {
        uint32_t sent, plain, trapping;
    } cases[] = {
        {BUSKIN_REASON_NORMAL, BUSKIN_REASON_NORMAL, BUSKIN_REASON_USER + 1},
        {BUSKIN_REASON_SHUTDOWN, BUSKIN_REASON_SHUTDOWN, BUSKIN_REASON_USER + 1},
        {BUSKIN_REASON_KILL, BUSKIN_REASON_KILLED, BUSKIN_REASON_KILLED},
        {BUSKIN_REASON_KILLED, BUSKIN_REASON_KILLED, BUSKIN_REASON_USER + 1},
        {BUSKIN_REASON_USER + 5, BUSKIN_REASON_USER + 5, BUSKIN_REASON_USER + 1},
    };
    for (unsigned i = 0; i < COUNT(cases); i++)
        for (uint64_t trap = 0; trap < 2; trap++) {
            uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, trap << 32 | cases[i].sent, sends_to_itself);
            EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, trap ? cases[i].trapping : cases[i].plain));
        }
}

/* -- S2.6: the flag at reception -- */

static void the_flag_counts_at_reception(void) {
    uint64_t self = buskin_actor_self(), killer;
    EXPECT(buskin_actor_trap_exit(1) == 0);
    EXPECT(buskin_actor_trap_exit(1) == 1);
    tell(self, TAG_WORD, 1);
    killer = SPAWN(self, sends_exit);
    const uint64_t code = BUSKIN_REASON_USER + killer % 1000;
    buskin_process_info_t info = {.size = sizeof info};
    do EXPECT(buskin_process_info(self, &info) == 0);
    while (info.mailbox_length < 2);
    tell(self, TAG_WORD, 2);
    EXPECT(buskin_actor_trap_exit(0) == 1); /* what is queued stays a message, in its place */
    EXPECT(expect_word(TAG_WORD) == 1);
    EXPECT(is_exit(buskin_actor_receive(0), killer, (uint32_t)code));
    EXPECT(expect_word(TAG_WORD) == 2);
    EXPECT(buskin_actor_trap_exit(0) == 0);
}

static void stops_trapping(const void *args) {
    buskin_actor_trap_exit(1);
    tell(word_of(args), TAG_WORD, 0);
    buskin_actor_receive(-1);
    buskin_actor_trap_exit(0);
    tell(word_of(args), TAG_WORD, 0);
    for (;;) buskin_actor_receive(-1);
}

static void a_cleared_flag_traps_no_more(void) {
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), stops_trapping);
    expect_word(TAG_WORD);
    tell(pid, TAG_GO, 0);
    expect_word(TAG_WORD);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_SHUTDOWN));
}

/* -- S2.7: large reasons along a chain -- */

enum { LARGE = 128 << 10, CHAIN = 6 };

static unsigned char large_byte(uint64_t i) { return (unsigned char)(i * 31 + (i >> 8)); }

static void chain_member(const void *args) {
    if (word_of(args)) {
        START(BUSKIN_SPAWN_LINK, NULL, word_of(args) - 1, chain_member);
        for (;;) buskin_actor_receive(-1);
    }
    static unsigned char bytes[LARGE]; /* the last one of the chain */
    for (uint64_t i = 0; i < LARGE; i++) bytes[i] = large_byte(i);
    buskin_actor_exit(BUSKIN_REASON_USER + 77, bytes, LARGE);
}

static void large_reasons_pass_unchanged(void) {
    RARELY(10);
    buskin_actor_trap_exit(1);
    uint64_t ref, first = START(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR, &ref, CHAIN, chain_member);
    const void *notices[] = {await_exit(), await_down(ref)};
    for (int i = 0; i < 2; i++) {
        EXPECT(
            is_notice(notices[i], i ? BUSKIN_MSG_DOWN : BUSKIN_MSG_EXIT, first, i ? ref : 0, BUSKIN_REASON_USER + 77));
        EXPECT(notice_of(notices[i])->length == LARGE);
        const unsigned char *bytes = (const unsigned char *)bytes_of(notices[i]);
        for (uint64_t k = 0; k < LARGE; k++)
            if (bytes[k] != large_byte(k)) EXPECT(!"the bytes are whole");
    }
}

/* -- S2.8: what the others see at an end -- */

static void has_names(const void *args) {
    EXPECT(buskin_actor_register("first", 5, buskin_actor_self()) == 0);
    EXPECT(buskin_actor_register("second", 6, buskin_actor_self()) == 0);
    tell(word_of(args), TAG_WORD, 0);
    buskin_actor_receive(-1);
}

static void names_are_free(uint64_t of) {
    EXPECT(buskin_actor_whereis("first", 5) == 0 && buskin_actor_whereis("second", 6) == 0);
    EXPECT(buskin_actor_is_alive(of) == 0);
    EXPECT(buskin_actor_register("first", 5, buskin_actor_self()) == 0);
    EXPECT(buskin_actor_unregister("first", 5) == 0);
}

static void names_are_released_before_anybody_hears(void) {
    buskin_actor_trap_exit(1);
    for (int how = 0; how < 3; how++) {
        uint64_t ref = 0, pid = SPAWN(buskin_actor_self(), has_names, .terminate = note_end);
        expect_word(TAG_WORD);
        if (how == 1) EXPECT((ref = buskin_actor_monitor(pid)) != 0);
        if (how == 2) EXPECT(buskin_actor_link(pid) == 0);
        EXPECT(buskin_actor_whereis("second", 6) == pid);
        if (how) {
            tell(pid, TAG_GO, 0);
            EXPECT(is_notice(buskin_actor_receive(PATIENCE), how == 1 ? BUSKIN_MSG_DOWN : BUSKIN_MSG_EXIT, pid, ref,
                             BUSKIN_REASON_NORMAL));
        } else {
            EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
            EXPECT(buskin_actor_is_alive(pid) == 0);
        }
        names_are_free(pid);
    }
}

/* -- S2.10: kill finds an actor whatever it does -- */

static void sleeps(const void *args) {
    (void)args;
    buskin_actor_sleep(3600000);
}
static void waits_for_a_tag(const void *args) {
    (void)args;
    uint64_t tag = TAG_OTHER;
    buskin_receive_tags(&tag, 1, 3600000);
}
static void calls_for_ever(const void *args) {
    static const buskin_desc_t empty = {.size = sizeof(buskin_request_t), .name = "request"};
    buskin_request_t request = {0};
    const void *m = buskin_call(word_of(args), TAG_GO, &empty, &request, -1, NULL);
    (void)m;
}
static void yields(const void *args) {
    (void)args;
    for (;;) buskin_actor_yield();
}

static void kill_finds_everybody(void) {
    uint64_t server = SPAWN(0, idler), pids[7], refs[7];
    EXPECT((pids[0] = START(BUSKIN_SPAWN_MONITOR, &refs[0], 0, idler)) != 0);
    EXPECT((pids[1] = START(BUSKIN_SPAWN_MONITOR, &refs[1], 0, spinner)) != 0);
    EXPECT((pids[2] = START(BUSKIN_SPAWN_MONITOR, &refs[2], 0, sleeps)) != 0);
    EXPECT((pids[3] = START(BUSKIN_SPAWN_MONITOR, &refs[3], 0, waits_for_a_tag)) != 0);
    EXPECT((pids[4] = START(BUSKIN_SPAWN_MONITOR, &refs[4], server, calls_for_ever)) != 0);
    EXPECT((pids[5] = START(BUSKIN_SPAWN_MONITOR, &refs[5], 0, yields)) != 0);
    buskin_actor_sleep(1);                                                    /* they are under way */
    EXPECT((pids[6] = START(BUSKIN_SPAWN_MONITOR, &refs[6], 0, idler)) != 0); /* this one has not run yet */
    for (int i = 0; i < 7; i++) EXPECT(buskin_actor_exit_signal(pids[i], BUSKIN_REASON_KILL, NULL, 0) == 0);
    for (int i = 0; i < 7; i++)
        if (!is_notice(await_down(refs[i]), BUSKIN_MSG_DOWN, pids[i], refs[i], BUSKIN_REASON_KILLED)) EXPECT(!"killed");
}

/* A kill in foreign code acts at its end. */
static _Atomic uint32_t call_state;

static void blocks(void *arg) {
    (void)arg;
    atomic_store(&call_state, 1);
    while (atomic_load(&call_state) == 1) usleep(100);
}
static void calls_blocking(const void *args) {
    EXPECT(buskin_blocking_call(blocks, NULL) == 0);
    tell(word_of(args), TAG_WORD, 0); /* not reached */
}

static void kill_waits_for_foreign_code(void) {
    if (getenv("BUSKIN_SEED")) return; /* there the call runs on the worker, and nobody could end it */
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), calls_blocking);
    while (atomic_load(&call_state) != 1) buskin_actor_yield();
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(buskin_actor_receive(1) == NULL); /* its frame may be in use */
    atomic_store(&call_state, 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_KILLED));
    EXPECT(mailbox_is_empty());
}

/* -- S2.11: terminate -- */

static void says_state(void *state, const buskin_notice_t *why) {
    uint64_t *copy = buskin_gc_alloc_actor(64, 8); /* it may allocate and send */
    *copy = state ? *(uint64_t *)state : 0;
    tell(boss, TAG_OTHER, *copy);
    tell(boss, TAG_OTHER, why->code);
}

static void sets_state_and_ends(const void *args) {
    uint64_t *state = buskin_gc_alloc_actor(8, 8);
    *state = 1;
    buskin_actor_set_state(state);
    state = buskin_gc_alloc_actor(8, 8);
    *state = 2;
    buskin_actor_set_state(state);
    state = NULL;
    switch (word_of(args)) {
    case 0: return;
    case 1: buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
    case 2: buskin_panic("text", 4, NULL, 0, 0);
    case 3: buskin_actor_exit(BUSKIN_REASON_KILL, NULL, 0); /* its own, not a kill */
    default:
        tell(boss, TAG_WORD, 0);
        for (;;) buskin_actor_receive(-1);
    }
}

static void terminate_has_state_and_reason(void) {
    static const uint32_t codes[] = {BUSKIN_REASON_NORMAL, BUSKIN_REASON_USER, BUSKIN_REASON_PANIC, BUSKIN_REASON_KILL,
                                     BUSKIN_REASON_SHUTDOWN};
    boss = buskin_actor_self();
    for (unsigned i = 0; i < COUNT(codes); i++) {
        uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, i, sets_state_and_ends, .terminate = says_state);
        if (codes[i] == BUSKIN_REASON_SHUTDOWN) {
            expect_word(TAG_WORD);
            EXPECT(buskin_actor_exit_signal(pid, codes[i], NULL, 0) == 0);
        }
        EXPECT(expect_word(TAG_OTHER) == 2);
        EXPECT(expect_word(TAG_OTHER) == codes[i]);
        EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, pid, ref, codes[i]));
        EXPECT(mailbox_is_empty());
    }
}

static void kill_runs_no_terminate(void) {
    boss = buskin_actor_self();
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 9, sets_state_and_ends, .terminate = says_state);
    expect_word(TAG_WORD);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_KILLED));
    EXPECT(mailbox_is_empty());
}

static void fails(void *state, const buskin_notice_t *why) {
    says_state(state, why);
    buskin_panic("again", 5, NULL, 0, 0);
}
static void exits_again(void *state, const buskin_notice_t *why) {
    says_state(state, why);
    buskin_actor_exit(BUSKIN_REASON_USER + 50, "other", 5);
}

static void a_failing_terminate_ends_it_with_the_first_reason(void) {
    uint64_t ref, pid;
    boss = buskin_actor_self();
    for (int i = 0; i < 2; i++) {
        if (i)
            pid = START(BUSKIN_SPAWN_MONITOR, &ref, 1, sets_state_and_ends, .terminate = fails);
        else
            pid = START(BUSKIN_SPAWN_MONITOR, &ref, 1, sets_state_and_ends, .terminate = exits_again);
        EXPECT(expect_word(TAG_OTHER) == 2);
        EXPECT(expect_word(TAG_OTHER) == BUSKIN_REASON_USER);
        const void *m = buskin_actor_receive(PATIENCE);
        EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER) && notice_of(m)->length == 0);
    }
}

/* Only a kill has an effect on one whose callback runs. */
static void spins_in_terminate(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    tell(boss, TAG_DONE, 0);
    for (;;) buskin_reduction_check();
}

static void kill_ends_a_callback(void) {
    boss = buskin_actor_self();
    uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, 1, sets_state_and_ends, .terminate = spins_in_terminate);
    expect_word(TAG_DONE);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0) == 0);
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_KILL, NULL, 0) == 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER)); /* the first reason stands */
}

/* It is over after five seconds, whatever it waits for: shown with the virtual time of a seeded run. */
static void sleeps_long(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    buskin_actor_sleep(3600000);
}
static void sleeps_then_waits(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    buskin_actor_sleep(10);
    for (;;) buskin_actor_receive(-1);
}
static void receives_long(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    uint64_t tag = TAG_OTHER;
    buskin_receive_tags(&tag, 1, 10);
    buskin_receive_tags(&tag, 1, 3600000);
}
static void sleeps_shortly(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    buskin_actor_sleep(10);
}

static int64_t time_to_end(uint64_t ref) {
    int64_t began = buskin_now_ms();
    EXPECT(await_down(ref) != NULL);
    return buskin_now_ms() - began;
}

static void terminate_is_over_in_time(void) {
    if (!getenv("BUSKIN_SEED")) return;
    uint64_t ref, self = buskin_actor_self();
    START(BUSKIN_SPAWN_MONITOR, &ref, self, returns, .terminate = sleeps_long);
    int64_t took = time_to_end(ref);
    EXPECT(took >= 5000 && took < 5100);
    START(BUSKIN_SPAWN_MONITOR, &ref, self, returns, .terminate = sleeps_then_waits);
    took = time_to_end(ref);
    EXPECT(took >= 5000 && took < 5100);
    START(BUSKIN_SPAWN_MONITOR, &ref, self, returns, .terminate = receives_long);
    took = time_to_end(ref);
    EXPECT(took >= 5000 && took < 5100);
    START(BUSKIN_SPAWN_MONITOR, &ref, self, returns, .terminate = sleeps_shortly);
    took = time_to_end(ref);
    EXPECT(took >= 10 && took < 100);
}

/* A length near 2^64 wrapped around in the size of the reason. What no memory holds is left out, the code stays. */
static const uint64_t impossible[] = {UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 31, UINT64_MAX - 63, 1ull << 63};

static void exits_at_impossible_length(const void *args) {
    buskin_actor_exit(BUSKIN_REASON_USER + 9, "bytes", impossible[word_of(args)]);
}

static void a_length_that_cannot_be_leaves_the_code(void) {
    uint64_t other = SPAWN(0, idler);
    for (size_t i = 0; i < COUNT(impossible); i++) {
        uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, i, exits_at_impossible_length);
        const void *m = await_down(ref);
        EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER + 9));
        EXPECT(notice_of(m)->length == 0);
        EXPECT(buskin_actor_exit_signal(other, BUSKIN_REASON_USER, "bytes", impossible[i]) == BUSKIN_ENOMEM);
    }
    EXPECT(buskin_actor_is_alive(other) == 1);
    finish(other);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S2.3 S2.4 T-1", every_reason_does_what_the_table_says},
        {"S2.3 T-1", the_dead_give_noproc},
        {"S2.3 T-1", a_removed_link_has_no_effect},
        {"S2.1", it_ends_once_for_one_reason},
        {"S2.1", the_first_of_one_sender_counts},
        {"S2.1", its_own_end_has_its_own_reason},
        {"S2.2", an_explicit_exit_leaves_the_link},
        {"S2.9", an_explicit_exit_makes_no_link},
        {"S2.4", kill_is_killed_to_the_others},
        {"S2.5", exits_to_oneself},
        {"S2.6", the_flag_counts_at_reception},
        {"S2.6", a_cleared_flag_traps_no_more},
        {"S2.7", large_reasons_pass_unchanged},
        {"S2.7", a_length_that_cannot_be_leaves_the_code},
        {"S2.8", names_are_released_before_anybody_hears},
        {"S2.10", kill_finds_everybody},
        {"S2.10", kill_waits_for_foreign_code},
        {"S2.11", terminate_has_state_and_reason},
        {"S2.11", kill_runs_no_terminate},
        {"S2.11", a_failing_terminate_ends_it_with_the_first_reason},
        {"S2.11", kill_ends_a_callback},
        {"S2.11", terminate_is_over_in_time},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
