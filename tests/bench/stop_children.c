/* stop_children.c - 10,000 dynamic children of one supervisor, which wait for messages: from its exit signal to its end, when
 * all of them are gone; and what starting each of them took, asked for one by one. */
#include "bench.h"

#include <buskin.h>

enum { COUNT = 10000 }; // quick: 10000, smallest: 100

static void waiting(const void *args) {
    (void)args;
    for (;;) buskin_message_release(buskin_actor_receive(-1));
}

static const buskin_spawn_desc_t waiting_desc = {
    .size = sizeof waiting_desc, .entry = waiting, .name = "waiting", .priority = BUSKIN_NORMAL};

static uint64_t start(const void *args) {
    (void)args;
    return buskin_spawn(&waiting_desc, NULL, 0, NULL);
}

static const buskin_child_spec_t child = {
    .size = sizeof child, .name = "child", .start = start, .shutdown_ms = 5000, .restart = BUSKIN_TEMPORARY};
static const buskin_child_spec_t *const children[] = {&child};
static const buskin_supervisor_spec_t spec = {.size = sizeof spec,
                                              .children = children,
                                              .child_count = 1,
                                              .strategy = BUSKIN_SIMPLE_ONE_FOR_ONE,
                                              .window_ms = 1000};

static uint64_t supervisor_of_many(void) {
    int32_t status;
    uint64_t s = buskin_supervisor_start(&spec, 0, NULL, &status);
    for (int i = 0; i < COUNT; i++) buskin_supervisor_start_child(s, NULL, NULL, &status);
    bench_check(buskin_supervisor_count_children(s, BUSKIN_COUNT_ALIVE) == COUNT, "children are missing");
    return s;
}

static void body(const void *args) {
    (void)args;
    int64_t begin = bench_now_ns();
    uint64_t s = supervisor_of_many();
    bench_line("stop_children", "start", (double)(bench_now_ns() - begin) / COUNT, "ns");
    buskin_actor_sleep(100); /* all of them wait */
    begin = bench_now_ns();
    uint64_t ref = buskin_actor_monitor(s);
    buskin_actor_exit_signal(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    buskin_message_release(buskin_actor_receive(-1));
    bench_line("stop_children", "stop", (double)(bench_now_ns() - begin) / 1e6, "ms");
    bench_check(ref != 0 && buskin_actor_is_alive(s) == 0, "it still lives");
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    bench_check(buskin_actor_spawn(body, NULL, 0, BUSKIN_NORMAL) != 0, "spawn");
    return buskin_rt_run_scheduler();
}
