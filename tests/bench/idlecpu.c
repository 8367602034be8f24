/* idlecpu.c - what a program costs that only waits: processor time while many actors are parked. */
#include "bench.h"

#include <buskin.h>
#include <sys/resource.h>

enum { COUNT = 100000 }; // quick: 100000, smallest: 1000
enum { REST_MS = 3000 }; // quick: 1000, smallest: 50

static void waiter(const void *args) {
    uint64_t starter = *(const uint64_t *)args;
    buskin_actor_send(starter, NULL, 0);
    buskin_actor_receive(-1);
    buskin_actor_send(starter, NULL, 0);
}

static double cpu_ns(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e9 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e3;
}

int main(void) {
    static uint64_t pids[COUNT];
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    uint64_t self = buskin_actor_self();
    for (int i = 0; i < COUNT; i++) pids[i] = buskin_actor_spawn(waiter, &self, sizeof self, BUSKIN_NORMAL);
    for (int i = 0; i < COUNT; i++) buskin_message_release(buskin_actor_receive(-1));
    buskin_actor_sleep(20); /* until the workers have gone to sleep */
    double used = cpu_ns();
    int64_t start = bench_now_ns();
    buskin_actor_sleep(REST_MS);
    used = cpu_ns() - used;
    bench_line("idlecpu", "cpu", 100 * used / (double)(bench_now_ns() - start), "%");
    for (int i = 0; i < COUNT; i++) buskin_actor_send(pids[i], NULL, 0);
    for (int i = 0; i < COUNT; i++) buskin_message_release(buskin_actor_receive(-1));
    return buskin_rt_run_scheduler();
}
