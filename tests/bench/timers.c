/* timers.c - actors that each wait 501 to 1500 ms for a message that does not come: how late they wake. All start their
 * waits together. */
#include "bench.h"

#include <buskin.h>

enum { COUNT = 100000 }; // quick: 100000, smallest: 200

static int64_t late[COUNT];

typedef struct sleeper {
    uint64_t starter;
    int64_t i;
} sleeper_t;

static void sleeper(const void *args) {
    const sleeper_t self = *(const sleeper_t *)args;
    int64_t ms = 501 + self.i * 7919 % 1000;
    buskin_actor_send(self.starter, &self.i, sizeof self.i);
    bench_check(buskin_actor_receive(-1) != NULL, "no start");
    int64_t start = bench_now_ns();
    bench_check(buskin_actor_receive(ms) == NULL, "a message came");
    late[self.i] = bench_now_ns() - start - ms * 1000000;
    buskin_actor_send(self.starter, &self.i, sizeof self.i);
}

int main(void) {
    static uint64_t pids[COUNT];
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    for (int64_t i = 0; i < COUNT; i++) {
        sleeper_t args = {buskin_actor_self(), i};
        pids[i] = buskin_actor_spawn(sleeper, &args, sizeof args, BUSKIN_NORMAL);
    }
    for (int64_t i = 0; i < COUNT; i++) buskin_message_release(buskin_actor_receive(-1));
    for (int64_t i = 0; i < COUNT; i++) buskin_actor_send(pids[i], NULL, 0);
    for (int64_t i = 0; i < COUNT; i++) buskin_message_release(buskin_actor_receive(-1));
    bench_late("timers", late, COUNT);
    return buskin_rt_run_scheduler();
}
