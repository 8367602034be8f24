/* burst.c - actors with heaps and full mailboxes come all at once, and go: resident memory before, at most, and a second after, while
 * one actor stays. "before" is measured after a burst of a hundredth, so that what any program has once does not count. */
#include "bench.h"

#include <buskin.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 20000 }; // quick: 20000, smallest: 200
enum { OBJECTS = 100, MESSAGES = 10 };

static double resident(void) {
    long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    bench_check(f && fscanf(f, "%ld %ld", &size, &pages) == 2, "statm");
    fclose(f);
    return (double)pages * 4096 / 1e6;
}

static void hold(const void *args) {
    uint64_t starter = *(const uint64_t *)args;
    void *volatile kept[OBJECTS];
    for (int i = 0; i < OBJECTS; i++) kept[i] = memset(buskin_gc_alloc_actor(100, 8), 1, 100);
    buskin_actor_send(starter, NULL, 0);
    uint64_t tag = 7;
    bench_check(buskin_receive_tags(&tag, 1, -1) && kept[0], "the last message");
}

static double burst(int count) {
    static uint64_t pids[COUNT];
    static const char text[300];
    uint64_t self = buskin_actor_self(), tag = 7;
    for (int i = 0; i < count; i++) {
        pids[i] = buskin_actor_spawn(hold, &self, sizeof self, BUSKIN_NORMAL);
        for (int k = 0; k < MESSAGES; k++) buskin_actor_send(pids[i], text, sizeof text);
    }
    for (int i = 0; i < count; i++) buskin_message_release(buskin_actor_receive(-1));
    double most = resident();
    for (int i = 0; i < count; i++) buskin_actor_send(pids[i], &tag, sizeof tag);
    return most;
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    burst(COUNT / 100);
    sleep(1);
    double before = resident(), most = burst(COUNT);
    sleep(1);
    double after = resident();
    bench_line("burst", "before", before, "MB");
    bench_line("burst", "most", most, "MB");
    bench_line("burst", "after", after, "MB");
    return buskin_rt_run_scheduler();
}
