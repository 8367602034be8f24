/* Requests to an actor that is about to end are answered when its names are free (S2.8).
 *
 * For an actor whose terminate callback ran, is_alive answered 0, and link, monitor and call NOPROC, at once, while whereis
 * still found its name and the name could not be taken. */
#include "rows.h"

static const char name[] = "dying";
enum { NAME_LENGTH = sizeof name - 1 };

/* Takes a while over its end, and lets others run. */
static void lingers(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    for (int i = 0; i < 20; i++) buskin_actor_yield();
}

/* An actor that has never run has nothing to terminate. */
static void reports_and_idles(const void *args) {
    tell(word_of(args), TAG_GO, 0);
    idler(NULL);
}

static uint64_t start_named(void) {
    uint64_t pid = SPAWN(buskin_actor_self(), reports_and_idles, .terminate = lingers);
    await_word(TAG_GO);
    EXPECT(buskin_actor_register(name, NAME_LENGTH, pid) == BUSKIN_OK);
    return pid;
}

/* The caller has heard that the owner is dead. */
static void expect_free_name(void) {
    EXPECT(buskin_actor_whereis(name, NAME_LENGTH) == 0);
    EXPECT(buskin_actor_register(name, NAME_LENGTH, buskin_actor_self()) == BUSKIN_OK);
    EXPECT(buskin_actor_unregister(name, NAME_LENGTH) == BUSKIN_OK);
}

static void end_it(uint64_t pid) {
    EXPECT(buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0) == BUSKIN_OK);
}

/* S1.7, S2.8 */
static void not_alive_means_free_name(void) {
    uint64_t pid = start_named();
    end_it(pid);
    EXPECT(buskin_actor_is_alive(pid) == 0);
    expect_free_name();
}

/* S2.8, S4.2 */
static void down_means_free_name(void) {
    uint64_t pid = start_named(), before = buskin_actor_monitor(pid);
    end_it(pid);
    uint64_t after = buskin_actor_monitor(pid);
    EXPECT(is_notice(await_down(after), BUSKIN_MSG_DOWN, pid, after, BUSKIN_REASON_NOPROC));
    expect_free_name();
    EXPECT(is_notice(await_down(before), BUSKIN_MSG_DOWN, pid, before, BUSKIN_REASON_SHUTDOWN));
}

/* S2.8, S3.3 */
static void exit_means_free_name(void) {
    buskin_actor_trap_exit(1);
    uint64_t pid = start_named();
    end_it(pid);
    EXPECT(buskin_actor_link(pid) == BUSKIN_OK);
    EXPECT(is_exit(await_exit(), pid, BUSKIN_REASON_NOPROC));
    expect_free_name();
    EXPECT(mailbox_is_empty());
}

/* S3.4: an unlink that crosses the end is as final as any. */
static void unlink_of_a_dying_actor_is_final(void) {
    buskin_actor_trap_exit(1);
    uint64_t pid = start_named(), ref = buskin_actor_monitor(pid);
    EXPECT(buskin_actor_link(pid) == BUSKIN_OK);
    end_it(pid);
    EXPECT(buskin_actor_unlink(pid) == BUSKIN_OK);
    EXPECT(await_down(ref) != NULL);
    expect_free_name();
    EXPECT(buskin_actor_is_alive(pid) == 0);
    EXPECT(mailbox_is_empty());
}

/* S2.8, S8.1 */
static void failed_call_means_free_name(void) {
    static const buskin_desc_t desc = {.size = sizeof(buskin_request_t), .name = "request"};
    uint64_t pid = start_named();
    end_it(pid);
    buskin_request_t request = {0};
    int32_t status;
    const void *m = buskin_call(pid, TAG_OTHER, &desc, &request, PATIENCE, &status);
    EXPECT(m && status == BUSKIN_ENOPROC && notice_of(m)->code == BUSKIN_REASON_NOPROC);
    expect_free_name();
}

/* S6.1 */
static void a_dying_actor_takes_no_name(void) {
    uint64_t pid = start_named();
    end_it(pid);
    EXPECT(buskin_actor_register("other", 5, pid) == BUSKIN_ENOPROC);
    expect_free_name();
    EXPECT(buskin_actor_whereis("other", 5) == 0);
}

/* Says that its end has begun, and lingers until it has been looked at. */
static atomic_bool ending, looked;

static void shows_itself(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    atomic_store(&ending, true);
    while (!atomic_load(&looked)) buskin_actor_yield();
}

static void info_tells_that_it_is_ending(void) {
    atomic_store(&ending, false);
    atomic_store(&looked, false);
    uint64_t ref,
        pid = START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), reports_and_idles, .terminate = shows_itself);
    await_word(TAG_GO);
    end_it(pid);
    while (!atomic_load(&ending)) buskin_actor_yield();
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == BUSKIN_OK);
    EXPECT(info.state == BUSKIN_PROCESS_ENDING);
    atomic_store(&looked, true);
    EXPECT(await_down(ref) != NULL);
    EXPECT(buskin_process_info(pid, &info) == BUSKIN_ENOPROC);
}

/* S2.8 raced: many ask, in every way, while the owner ends at some moment of its own. */
enum { ASKERS = 6 };

static void asks(const void *args) {
    uint64_t pid = word_of(args);
    buskin_actor_trap_exit(1);
    switch (buskin_unique_ref() / 256 % 3) {
    case 0:
        while (buskin_actor_is_alive(pid)) continue;
        break;
    case 1: EXPECT(await_down(buskin_actor_monitor(pid)) != NULL); break;
    default: EXPECT(buskin_actor_link(pid) == BUSKIN_OK); EXPECT(await_exit() != NULL);
    }
    EXPECT(buskin_actor_whereis(name, NAME_LENGTH) != pid);
}

static void ends_by_itself(const void *args) {
    (void)args;
    for (uint64_t n = buskin_unique_ref() / 256 % 8; n; n--) buskin_actor_yield();
}

static void many_ask_while_it_ends(void) {
    for (int round = 0; round < 5; round++) {
        uint64_t refs[ASKERS], pid = SPAWN(0, ends_by_itself, .terminate = lingers);
        (void)!buskin_actor_register(name, NAME_LENGTH, pid); /* unless it is over already */
        for (int i = 0; i < ASKERS; i++) START(BUSKIN_SPAWN_MONITOR, &refs[i], pid, asks);
        for (int i = 0; i < ASKERS; i++) {
            const void *m = await_down(refs[i]);
            EXPECT(m && notice_of(m)->code == BUSKIN_REASON_NORMAL);
        }
        expect_free_name();
    }
}

static _Atomic int32_t registered;

static void takes_a_name_at_its_end(void *state, const buskin_notice_t *why) {
    (void)state, (void)why;
    atomic_store(&registered, buskin_actor_register("late", 4, buskin_actor_self()));
}

/* S6.1: not even for itself, in its terminate callback. */
static void who_ends_takes_no_name(void) {
    atomic_store(&registered, 1);
    uint64_t pid = SPAWN(buskin_actor_self(), reports_and_idles, .terminate = takes_a_name_at_its_end);
    await_word(TAG_GO);
    uint64_t ref = buskin_actor_monitor(pid);
    end_it(pid);
    EXPECT(await_down(ref) != NULL);
    EXPECT(atomic_load(&registered) == BUSKIN_ENOPROC && buskin_actor_whereis("late", 4) == 0);
}

int main(int argc, char **argv) {
    static const scenario_t scenarios[] = {
        {"S1.7 S2.8", not_alive_means_free_name},   {"S2.8 S4.2", down_means_free_name},
        {"S2.8 S3.3", exit_means_free_name},        {"S3.4", unlink_of_a_dying_actor_is_final},
        {"S2.8 S8.1", failed_call_means_free_name}, {"S6.1", a_dying_actor_takes_no_name},
        {"S6.1", who_ends_takes_no_name},           {"S2.8", info_tells_that_it_is_ending},
        {"S2.8", many_ask_while_it_ends},
    };
    return rows_main(argc, argv, scenarios, COUNT(scenarios));
}
