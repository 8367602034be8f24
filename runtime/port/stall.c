/* stall.c - threads that stand still wherever they are: in the TSan build alone, and there if BUSKIN_STALL=SEED is in the environment.
 *
 * On a busy machine a thread may lose its processor between any two instructions while the others go on for thousands; on a quiet one
 * that hardly ever happens. The compiler calls a hook at both ends of the functions of actor/, sched/ and api/ (-finstrument-functions), and each
 * thread counts the calls down to its next stall. All orders of magnitude are as likely: the next one comes after one call or after
 * thousands, and lasts a microsecond or a tenth of a second. A thread stalls for some seconds in all, so that long programs end, too.
 *
 * The hook runs in signal handlers and on actors' stacks: it needs little stack, and leaves errno alone.
 */
#ifdef BUSKIN_STALL
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOOK __attribute__((no_instrument_function, no_sanitize("thread")))
enum { AFTER_BITS = 14, LENGTH_BITS = 17 }; /* 16,000 calls, 0.13 s */
static const uint64_t IN_ALL_NS = 3000000000u, OFF = UINT64_MAX;

static uint64_t stall_seed; /* 0: never */
static uint64_t stall_threads;
static _Thread_local uint64_t dice, calls_left, stalled_ns;

HOOK static uint64_t some_magnitude(unsigned bits) {
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice >> 8 & ((1ull << dice % bits) - 1);
}

HOOK __attribute__((constructor)) static void stall_init(void) {
    const char *seed = getenv("BUSKIN_STALL");
    if (seed) stall_seed = strtoull(seed, NULL, 10) * 2 + 1;
}

HOOK static void draw_next(void) { calls_left = stalled_ns < IN_ALL_NS ? 1 + some_magnitude(AFTER_BITS) : OFF; }

HOOK static void stall(void) {
    if (!dice) {
        dice = (stall_seed + 2 * __atomic_fetch_add(&stall_threads, 1, __ATOMIC_RELAXED)) * 0x9E3779B97F4A7C15u;
        draw_next();
        return;
    }
    struct timespec length = {.tv_nsec = (long)(1000 * some_magnitude(LENGTH_BITS))};
    int before = errno;
    syscall(SYS_nanosleep, &length, NULL);
    errno = before;
    stalled_ns += (uint64_t)length.tv_nsec;
    draw_next();
}

HOOK static void count(void) {
    if (!stall_seed || (dice && --calls_left)) return;
    stall();
}

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);

HOOK void __cyg_profile_func_enter(void *function, void *caller) {
    (void)function, (void)caller;
    count();
}
HOOK void __cyg_profile_func_exit(void *function, void *caller) {
    (void)function, (void)caller;
    count();
}
#else
typedef int stall_is_for_tsan; /* no translation unit is empty */
#endif
