/* restarts.c - a permanent child that ends at once is started again and again (`rate`); and from a crash on request to the first
 * act of the next life, through two messages (`crash`). */
#include "bench.h"

#include <buskin.h>
#include <stdatomic.h>

enum { COUNT = 2000000 };  // quick: 500000, smallest: 1000
enum { CRASHES = 100000 }; // quick: 20000, smallest: 100

static uint64_t waiter;
static int64_t lives, begin;

/* Only one lives at a time, and its supervisor starts the next: the count needs no atomic. */
static void brief(const void *args) {
    (void)args;
    if (++lives == COUNT) {
        int64_t took = bench_now_ns() - begin;
        buskin_actor_send(waiter, &took, sizeof took);
    }
    if (lives >= COUNT) buskin_actor_receive(-1);
}

static void fragile(const void *args) {
    uint64_t self = buskin_actor_self();
    (void)args;
    buskin_actor_send(waiter, &self, sizeof self);
    buskin_actor_receive(-1);
    buskin_actor_exit(BUSKIN_REASON_USER, NULL, 0);
}

static const buskin_spawn_desc_t brief_desc = {
    .size = sizeof brief_desc, .entry = brief, .name = "brief", .priority = BUSKIN_NORMAL};
static const buskin_spawn_desc_t fragile_desc = {
    .size = sizeof fragile_desc, .entry = fragile, .name = "fragile", .priority = BUSKIN_NORMAL};

static uint64_t start(const void *args) { return buskin_spawn(args, NULL, 0, NULL); }

/* Each of these is the only child of a supervisor that never gives up. */
static uint64_t supervise(buskin_child_spec_t *child, const buskin_child_spec_t **list, buskin_supervisor_spec_t *spec,
                          const buskin_spawn_desc_t *desc) {
    *child = (buskin_child_spec_t){
        .size = sizeof *child, .name = "child", .start = start, .args = desc, .restart = BUSKIN_PERMANENT};
    *list = child;
    *spec = (buskin_supervisor_spec_t){
        .size = sizeof *spec, .children = list, .child_count = 1, .max_restarts = 1000000000, .window_ms = 1};
    int32_t status;
    uint64_t pid = buskin_supervisor_start(spec, 0, NULL, &status);
    bench_check(status == BUSKIN_OK, "the supervisor did not start");
    return pid;
}

static int64_t take(void) {
    const int64_t *m = buskin_actor_receive(-1);
    int64_t word = m[2];
    buskin_message_release(m);
    return word;
}

static void body(const void *args) {
    static buskin_child_spec_t child[2];
    static const buskin_child_spec_t *list[2];
    static buskin_supervisor_spec_t spec[2];
    (void)args;
    waiter = buskin_actor_self();
    begin = bench_now_ns();
    uint64_t first = supervise(&child[0], &list[0], &spec[0], &brief_desc);
    double ns = (double)take();
    bench_line("restarts", "rate", COUNT / ns * 1e9, "/s");
    buskin_actor_exit_signal(first, BUSKIN_REASON_SHUTDOWN, NULL, 0);

    supervise(&child[1], &list[1], &spec[1], &fragile_desc);
    uint64_t pid = (uint64_t)take();
    int64_t start_ns = bench_now_ns();
    for (int i = 0; i < CRASHES; i++) {
        buskin_actor_send(pid, NULL, 0);
        uint64_t next = (uint64_t)take();
        bench_check(next != pid, "the same pid again");
        pid = next;
    }
    bench_line("restarts", "crash", (double)(bench_now_ns() - start_ns) / CRASHES / 1e3, "us");
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    bench_check(buskin_actor_spawn(body, NULL, 0, BUSKIN_NORMAL) != 0, "spawn");
    return buskin_rt_run_scheduler();
}
