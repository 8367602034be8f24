/* panics.c - actors that end one after another: by return, by a panic, and by a panic below 1 and 10 registered cleanups. Each
 * figure is of a whole life, from its spawn on; what a panic and a cleanup cost is the difference. */
#include "bench.h"

#include <buskin.h>
#include <stdatomic.h>

enum { COUNT = 1000000 }; // quick: 200000, smallest: 1000
enum { CLEANUPS = 10, BATCH = 100 };

static atomic_ulong cleaned;

static void clean(void *arg) { atomic_fetch_add_explicit((atomic_ulong *)arg, 1, memory_order_relaxed); }

static void fail(uint64_t cleanups) {
    buskin_cleanup_t records[CLEANUPS];
    for (uint64_t i = 0; i < cleanups; i++)
        bench_check(buskin_cleanup_push(&records[i], clean, &cleaned) == BUSKIN_OK, "push");
    buskin_panic("on purpose", 10, NULL, 0, 0);
}

static void returns(const void *args) { (void)args; }
static void panics(const void *args) {
    (void)args;
    fail(0);
}
static void cleans_1(const void *args) {
    (void)args;
    fail(1);
}
static void cleans_10(const void *args) {
    (void)args;
    fail(CLEANUPS);
}

/* In batches that end before the next one begins, so that blocks and stacks are used again. */
static double measure(void (*life)(const void *)) {
    int64_t start = bench_now_ns();
    for (int i = 0; i < COUNT; i++) {
        bench_check(buskin_actor_spawn(life, NULL, 0, BUSKIN_NORMAL) != 0, "spawn");
        if (i % BATCH == BATCH - 1) buskin_actor_yield();
    }
    return (double)(bench_now_ns() - start) / COUNT;
}

static void body(const void *args) {
    (void)args;
    bench_line("panics", "return", measure(returns), "ns");
    bench_line("panics", "panic", measure(panics), "ns");
    bench_line("panics", "cleanups_1", measure(cleans_1), "ns");
    bench_line("panics", "cleanups_10", measure(cleans_10), "ns");
}

int main(void) {
    setenv("BUSKIN_CRASH", "off", 1);
    if (buskin_rt_init_actor(1) != BUSKIN_OK) return 1;
    bench_check(buskin_actor_spawn(body, NULL, 0, BUSKIN_NORMAL) != 0, "spawn");
    int32_t status = buskin_rt_run_scheduler();
    bench_check(atomic_load(&cleaned) == (unsigned long)COUNT * (1 + CLEANUPS), "a cleanup was lost");
    return status;
}
