/* Monitors: section 4 of the semantics. */
#include "rows.h"

static buskin_process_info_t info_of(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == 0);
    return info;
}

static void ends_with(const void *args) { buskin_actor_exit((uint32_t)word_of(args), "why", 3); }

static void waits_then_ends(const void *args) {
    buskin_actor_receive(-1);
    buskin_actor_exit((uint32_t)word_of(args), "why", 3);
}

/* -- S4.1 -- */

static void each_monitor_gives_one_down(void) {
    enum { N = 20 };
    uint64_t refs[N], pid = SPAWN(BUSKIN_REASON_USER + 4, waits_then_ends);
    for (int i = 0; i < N; i++) {
        EXPECT((refs[i] = buskin_actor_monitor(pid)) != 0);
        for (int k = 0; k < i; k++) EXPECT(refs[k] != refs[i]);
    }
    EXPECT(info_of(pid).watchers == N && info_of(buskin_actor_self()).monitors == N);
    for (int i = 0; i < N; i += 4) EXPECT(buskin_actor_demonitor(refs[i], 0) == 0);
    EXPECT(info_of(pid).watchers == N - N / 4 && info_of(buskin_actor_self()).monitors == N - N / 4);
    tell(pid, TAG_GO, 0);
    for (int i = 0; i < N; i++) {
        if (i % 4 == 0) continue;
        const void *m = await_down(refs[i]);
        EXPECT(is_notice(m, BUSKIN_MSG_DOWN, pid, refs[i], BUSKIN_REASON_USER + 4));
        EXPECT(notice_of(m)->length == 3 && !memcmp(bytes_of(m), "why", 3));
    }
    EXPECT(mailbox_is_empty());
    EXPECT(info_of(buskin_actor_self()).monitors == 0);
}

/* One-way: the watcher's end says nothing to the watched. */
static void watches_then_ends(const void *args) {
    EXPECT(buskin_actor_monitor(word_of(args)) != 0);
    EXPECT(buskin_actor_is_alive(word_of(args)) == 1);
}

static void the_watchers_end_is_nothing_to_the_watched(void) {
    uint64_t ref, self = buskin_actor_self();
    START(BUSKIN_SPAWN_MONITOR, &ref, self, watches_then_ends);
    EXPECT(await_down(ref) != NULL);
    EXPECT(mailbox_is_empty());
    while (info_of(self).watchers) buskin_actor_yield(); /* its monitor may be told after its end is */
}

/* -- S4.2, S4.8: the dead, the unknown, other incarnations -- */

static void the_dead_give_noproc_at_once(void) {
    uint64_t dead = SPAWN(0, idler), live = SPAWN(0, idler);
    finish(dead);
    const uint64_t nobody[] = {dead,
                               0,
                               UINT64_MAX,
                               live ^ (1ull << 32), /* the same slot, another generation */
                               live ^ (1ull << 63),
                               live + 1000000,
                               1,
                               UINT32_MAX};
    for (unsigned i = 0; i < COUNT(nobody); i++) {
        uint64_t ref = buskin_actor_monitor(nobody[i]);
        EXPECT(ref != 0);
        EXPECT(is_notice(buskin_actor_receive(PATIENCE), BUSKIN_MSG_DOWN, nobody[i], ref, BUSKIN_REASON_NOPROC));
    }
    EXPECT(mailbox_is_empty() && info_of(buskin_actor_self()).monitors == 0);
    EXPECT(info_of(live).watchers == 0);
}

/* A new actor in the slot of a dead one is somebody else. */
static void an_old_pid_is_a_dead_pid(void) {
    for (int i = 0; i < 20; i++) {
        uint64_t old = SPAWN(0, idler);
        finish(old);
        uint64_t young = SPAWN(0, idler), ref = buskin_actor_monitor(old);
        EXPECT(old != young);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, old, ref, BUSKIN_REASON_NOPROC));
        EXPECT(buskin_actor_is_alive(old) == 0 && buskin_actor_is_alive(young) == 1);
        EXPECT(info_of(young).watchers == 0);
        finish(young);
    }
}

/* -- S4.3: demonitor is final -- */

static void demonitor_is_final(void) {
    for (int i = 0; i < 40; i++) {
        uint64_t other, ref, pid = SPAWN(BUSKIN_REASON_SHUTDOWN, ends_with);
        EXPECT((ref = buskin_actor_monitor(pid)) != 0 && (other = buskin_actor_monitor(pid)) != 0);
        for (int k = 0; k < i % 5; k++) buskin_actor_yield();
        int32_t status = buskin_actor_demonitor(ref, 0);
        EXPECT(status == BUSKIN_OK || status == BUSKIN_ENOTFOUND);
        if (status == BUSKIN_ENOTFOUND) { /* so one is queued, now */
            buskin_receive_t r = {.timeout_ms = 0};
            const void *m = buskin_receive_peek(&r);
            while (m && !(kind_of(m) == BUSKIN_MSG_DOWN && notice_of(m)->ref == ref)) {
                buskin_receive_skip(&r);
                m = buskin_receive_peek(&r);
            }
            EXPECT(m != NULL);
            buskin_receive_drop(&r);
        }
        EXPECT(await_down(other) != NULL);
        EXPECT(mailbox_is_empty());
    }
}

static void flush_takes_out_that_one_alone(void) {
    uint64_t a, b, c, self = buskin_actor_self(), pid = SPAWN(BUSKIN_REASON_USER, waits_then_ends);
    EXPECT((a = buskin_actor_monitor(pid)) && (b = buskin_actor_monitor(pid)) && (c = buskin_actor_monitor(pid)));
    tell(self, TAG_WORD, 1);
    tell(pid, TAG_GO, 0);
    while (info_of(self).mailbox_length < 4) buskin_actor_yield();
    EXPECT(buskin_actor_demonitor(a, 0) == BUSKIN_ENOTFOUND); /* it stays */
    EXPECT(buskin_actor_demonitor(b, 1) == BUSKIN_OK);
    EXPECT(buskin_actor_demonitor(b, 1) == BUSKIN_ENOTFOUND);
    EXPECT(info_of(self).mailbox_length == 3);
    EXPECT(expect_word(TAG_WORD) == 1);
    EXPECT(await_down(a) && await_down(c));
    EXPECT(mailbox_is_empty());
    EXPECT(buskin_actor_demonitor(a, 0) == BUSKIN_ENOTFOUND && buskin_actor_demonitor(c, 1) == BUSKIN_ENOTFOUND);
}

static void demonitor_of_a_live_one_twice(void) {
    uint64_t ref, pid = SPAWN(0, idler);
    for (uint32_t flush = 0; flush < 2; flush++) {
        EXPECT((ref = buskin_actor_monitor(pid)) != 0);
        EXPECT(buskin_actor_demonitor(ref, flush) == BUSKIN_OK);
        EXPECT(buskin_actor_demonitor(ref, flush) == BUSKIN_ENOTFOUND);
    }
    finish(pid);
    EXPECT(mailbox_is_empty());
}

/* -- S4.4: owners, and oneself -- */

static void demonitors_what_is_not_its_own(const void *args) {
    const uint64_t others[] = {word_of(args), 0, UINT64_MAX};
    uint64_t own = 0;
    for (int beside = 0; beside < 2; beside++) { /* also beside one of its own, which stays */
        if (beside) own = buskin_actor_monitor(buskin_actor_self());
        for (unsigned i = 0; i < COUNT(others); i++)
            for (uint32_t flush = 0; flush < 2; flush++)
                EXPECT(buskin_actor_demonitor(others[i], flush) == BUSKIN_ENOTFOUND);
        EXPECT(info_of(buskin_actor_self()).monitors == (uint64_t)beside);
    }
    EXPECT(buskin_actor_demonitor(own, 0) == BUSKIN_OK);
}

static void only_the_owner_demonitors(void) {
    uint64_t ref, thief, pid = SPAWN(BUSKIN_REASON_USER, waits_then_ends);
    EXPECT((ref = buskin_actor_monitor(pid)) != 0);
    uint64_t other = START(BUSKIN_SPAWN_MONITOR, &thief, ref, demonitors_what_is_not_its_own);
    EXPECT(is_notice(await_down(thief), BUSKIN_MSG_DOWN, other, thief, BUSKIN_REASON_NORMAL));
    tell(pid, TAG_GO, 0);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER));
}

static void watches_itself(const void *args) {
    uint64_t ref = buskin_actor_monitor(buskin_actor_self());
    EXPECT(ref != 0);
    EXPECT(mailbox_is_empty());
    if (word_of(args)) EXPECT(buskin_actor_demonitor(ref, 0) == BUSKIN_OK);
    if (word_of(args)) EXPECT(buskin_actor_demonitor(ref, 0) == BUSKIN_ENOTFOUND);
}

static void a_monitor_of_oneself_never_fires(void) {
    for (uint64_t removes = 0; removes < 2; removes++) {
        uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, removes, watches_itself);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_NORMAL));
    }
}

/* -- S4.5: by name -- */

static bool is_named_down(const void *m, uint64_t from, uint64_t ref, uint32_t code, const char *why,
                          const char *name) {
    return is_notice(m, BUSKIN_MSG_DOWN, from, ref, code) && notice_of(m)->length == strlen(why) &&
           tag_of(m) == strlen(name) && !memcmp(bytes_of(m), why, strlen(why)) &&
           !memcmp(bytes_of(m) + strlen(why), name, strlen(name)) &&
           length_of(m) == sizeof(buskin_notice_t) + strlen(why) + strlen(name);
}

static void a_monitor_by_name_is_resolved_once(void) {
    uint64_t first = SPAWN(BUSKIN_REASON_USER, waits_then_ends), second = SPAWN(0, idler), refs[3], plain;
    EXPECT(buskin_actor_register("role", 4, first) == 0);
    for (int i = 0; i < 3; i++) EXPECT((refs[i] = buskin_actor_monitor_name("role", 4)) != 0);
    EXPECT((plain = buskin_actor_monitor(first)) != 0);
    EXPECT(info_of(first).watchers == 4);
    EXPECT(buskin_actor_demonitor(refs[1], 0) == 0);
    EXPECT(buskin_actor_unregister("role", 4) == 0);
    EXPECT(buskin_actor_register("role", 4, second) == 0); /* a later owner does not matter */
    tell(first, TAG_GO, 0);
    EXPECT(is_named_down(await_down(refs[0]), first, refs[0], BUSKIN_REASON_USER, "why", "role"));
    EXPECT(is_named_down(await_down(refs[2]), first, refs[2], BUSKIN_REASON_USER, "why", "role"));
    EXPECT(is_named_down(await_down(plain), first, plain, BUSKIN_REASON_USER, "why", ""));
    EXPECT(buskin_actor_is_alive(second) == 1 && mailbox_is_empty());
    finish(second);
}

static void a_monitor_by_an_unknown_name(void) {
    uint64_t ref = buskin_actor_monitor_name("nobody's name", 13);
    EXPECT(is_named_down(buskin_actor_receive(0), 0, ref, BUSKIN_REASON_NOPROC, "", "nobody's name"));
    EXPECT(buskin_actor_monitor_name("", 0) == 0 && buskin_actor_monitor_name(NULL, 1) == 0);
    EXPECT(buskin_actor_monitor_name("a\0b", 3) == 0 && buskin_actor_monitor_name("x", 256) == 0);
    EXPECT(buskin_actor_register("me", 2, buskin_actor_self()) == 0);
    EXPECT((ref = buskin_actor_monitor_name("me", 2)) != 0); /* oneself: never fires */
    EXPECT(buskin_actor_demonitor(ref, 1) == 0);
    EXPECT(buskin_actor_monitor_name("me", 2) != 0); /* ends with its owner */
    EXPECT(mailbox_is_empty());
}

/* -- S4.6: atomic with the spawn -- */

static void a_child_that_ends_at_once_gives_its_reason(void) {
    buskin_actor_trap_exit(1);
    for (int i = 0; i < 30; i++) {
        uint32_t code = BUSKIN_REASON_USER + (uint32_t)i;
        uint64_t ref, pid = START(BUSKIN_SPAWN_MONITOR, &ref, code, ends_with);
        EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, pid, ref, code));
        pid = START(BUSKIN_SPAWN_LINK, NULL, code, ends_with);
        EXPECT(is_exit(await_exit(), pid, code));
    }
    EXPECT(mailbox_is_empty());
}

static _Atomic uint64_t child_of_short_parent;

static void spawns_and_ends(const void *args) {
    (void)args;
    uint64_t child = START(BUSKIN_SPAWN_LINK, NULL, 0, idler);
    atomic_store(&child_of_short_parent, child);
    buskin_actor_exit(BUSKIN_REASON_USER + 6, NULL, 0); /* before the child has run */
}

static void a_parent_takes_its_child_along(void) {
    for (int i = 0; i < 10; i++) {
        uint64_t ref;
        START(BUSKIN_SPAWN_MONITOR, &ref, 0, spawns_and_ends);
        EXPECT(await_down(ref) != NULL);
        uint64_t child = atomic_load(&child_of_short_parent);
        EXPECT((ref = buskin_actor_monitor(child)) != 0);
        const void *m = await_down(ref); /* it ends, whenever that is seen */
        EXPECT(m && (notice_of(m)->code == BUSKIN_REASON_USER + 6 || notice_of(m)->code == BUSKIN_REASON_NOPROC));
    }
}

/* -- S4.7 -- */

static void link_and_monitor_give_one_each(void) {
    buskin_actor_trap_exit(1);
    uint64_t ref, pid = START(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR, &ref, BUSKIN_REASON_USER, ends_with);
    const void *exit_message = await_exit(), *down = await_down(ref);
    EXPECT(is_exit(exit_message, pid, BUSKIN_REASON_USER));
    EXPECT(is_notice(down, BUSKIN_MSG_DOWN, pid, ref, BUSKIN_REASON_USER));
    EXPECT(mailbox_is_empty());
}

static void tells_what_it_has(const void *args) { tell(word_of(args), TAG_DONE, mailbox_is_empty()); }

/* The pid that the next actor in a free slot will get is nobody's: guessed, it answers as a dead one's, and what is sent to it
 * does not wait for its owner. */
static void a_pid_to_come_is_nobodys(void) {
    uint64_t self = buskin_actor_self(), last = SPAWN(0, idler), next = last + (1ull << 32);
    buskin_actor_trap_exit(1);
    finish(last);
    tell(next, TAG_WORD, 1);
    buskin_process_info_t info, before;
    memset(&info, 0x5a, sizeof info);
    info.size = sizeof info;
    before = info;
    EXPECT(buskin_process_info(next, &info) == BUSKIN_ENOPROC && !memcmp(&info, &before, sizeof info));
    EXPECT(buskin_actor_is_alive(next) == 0);
    EXPECT(buskin_actor_link(next) == BUSKIN_OK);
    EXPECT(is_exit(await_exit(), next, BUSKIN_REASON_NOPROC));
    uint64_t ref = buskin_actor_monitor(next);
    EXPECT(is_notice(await_down(ref), BUSKIN_MSG_DOWN, next, ref, BUSKIN_REASON_NOPROC));
    EXPECT(buskin_actor_exit_signal(next, BUSKIN_REASON_KILL, NULL, 0) == BUSKIN_OK);
    for (int i = 0; i < 3; i++) { /* one of these may be the owner */
        SPAWN(self, tells_what_it_has);
        EXPECT(await_word(TAG_DONE) == true);
    }
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S4.1", each_monitor_gives_one_down},
        {"S4.1", the_watchers_end_is_nothing_to_the_watched},
        {"S4.2 S4.8 S11.5", the_dead_give_noproc_at_once},
        {"S4.8", an_old_pid_is_a_dead_pid},
        {"S1.9 S3.3 S4.2", a_pid_to_come_is_nobodys},
        {"S4.3", demonitor_is_final},
        {"S4.3", flush_takes_out_that_one_alone},
        {"S4.3", demonitor_of_a_live_one_twice},
        {"S4.4", only_the_owner_demonitors},
        {"S4.4", a_monitor_of_oneself_never_fires},
        {"S4.5", a_monitor_by_name_is_resolved_once},
        {"S4.5", a_monitor_by_an_unknown_name},
        {"S4.6", a_child_that_ends_at_once_gives_its_reason},
        {"S4.6", a_parent_takes_its_child_along},
        {"S4.7", link_and_monitor_give_one_each},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
