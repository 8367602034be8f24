/* fair.c - four actors compute without end while one waits 1 ms at a time: how late it wakes. */
#include "bench.h"

#include <buskin.h>

enum { HOGS = 4 };
enum { TICKS = 3000 }; // quick: 2000, smallest: 20

static _Atomic uint64_t sink;

static void hog(const void *args) {
    uint64_t x = (uint64_t)(uintptr_t)args | 1;
    for (;;) {
        buskin_reduction_check();
        x = x * 6364136223846793005u + 1442695040888963407u;
        if (x == 0) sink++;
    }
}

static void ticker(const void *args) {
    static int64_t late[TICKS];
    (void)args;
    for (int i = 0; i < TICKS; i++) {
        int64_t start = bench_now_ns();
        bench_check(buskin_actor_receive(1) == NULL, "a message came");
        late[i] = bench_now_ns() - start - 1000000;
    }
    bench_late("fair", late, TICKS);
    fflush(stdout);
    buskin_rt_shutdown(1000);
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    for (int i = 0; i < HOGS; i++) buskin_actor_spawn(hog, NULL, 0, BUSKIN_NORMAL);
    buskin_actor_spawn(ticker, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}
