/* config.c - reading the environment. A value that cannot be used is refused, never guessed at. */
#include "api/config.h"

#include "actor/table.h"
#include "sched/watchdog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

config_t config;

static bool read_wide(const char *name, uint64_t low, uint64_t high, uint64_t *value) {
    const char *text = getenv(name);
    if (!text) return true;
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && n >= low && n <= high) {
        *value = n;
        return true;
    }
    fprintf(stderr, "buskin: %s=%s cannot be used: a whole number from %llu to %llu is wanted\n", name, text,
            (unsigned long long)low, (unsigned long long)high);
    return false;
}

static bool read_number(const char *name, uint32_t low, uint32_t high, uint32_t fallback, uint32_t *value) {
    uint64_t n = fallback;
    bool ok = read_wide(name, low, high, &n);
    *value = (uint32_t)n;
    return ok;
}

/* One of two words; *value tells whether it is the second. */
static bool read_choice(const char *name, const char *first, const char *second, bool fallback, bool *value) {
    const char *text = getenv(name);
    *value = text ? !strcmp(text, second) : fallback;
    if (!text) return true;
    if (*value || !strcmp(text, first)) return true;
    fprintf(stderr, "buskin: %s=%s cannot be used: %s or %s is wanted\n", name, text, first, second);
    return false;
}

static bool read_seed(void) {
    config.seed = 0;
    config.seeded = getenv("BUSKIN_SEED") != NULL;
    if (!read_wide("BUSKIN_SEED", 0, UINT64_MAX, &config.seed) ||
        !read_choice("BUSKIN_TRACE_HASH", "0", "1", false, &config.trace_hash))
        return false;
    if (!config.trace_hash || config.seeded) return true;
    fprintf(stderr, "buskin: BUSKIN_TRACE_HASH=1 cannot be used without BUSKIN_SEED\n");
    return false;
}

static bool read_crash(void) {
    static const char *const words[] = {[CRASH_OFF] = "off", [CRASH_LINE] = "line", [CRASH_FULL] = "full"};
    const char *text = getenv("BUSKIN_CRASH");
    config.crash = CRASH_LINE;
    if (!text) return true;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i])) {
            config.crash = (enum crash_mode)i;
            return true;
        }
    fprintf(stderr, "buskin: BUSKIN_CRASH=%s cannot be used: off, line or full is wanted\n", text);
    return false;
}

static bool read_watchdog(void) {
    const char *text = getenv("BUSKIN_WATCHDOG");
    config.watchdog_ms = 0;
    if (text && !strcmp(text, "off")) return true;
    return read_number("BUSKIN_WATCHDOG", WATCHDOG_MS_MIN, WATCHDOG_MS_MAX, WATCHDOG_MS, &config.watchdog_ms);
}

/* K, or K+. */
static bool read_fail_alloc(void) {
    const char *text = getenv("BUSKIN_FAIL_ALLOC");
    char *end = NULL;
    config.fail_alloc = 0;
    config.fail_all = false;
    if (!text) return true;
    errno = 0;
    if (*text >= '1' && *text <= '9') config.fail_alloc = strtoull(text, &end, 10);
    config.fail_all = end && *end == '+';
    if (end && !errno && !end[config.fail_all] && config.fail_alloc <= INT64_MAX) return true;
    fprintf(stderr,
            "buskin: BUSKIN_FAIL_ALLOC=%s cannot be used: a number from 1 on is wanted, with + for all after it\n",
            text);
    return false;
}

bool config_read(void) {
    return read_number("BUSKIN_WORKERS", 1, WORKERS_MAX, 0, &config.workers) &&
           read_number("BUSKIN_MAX_ACTORS", 16, TABLE_SLOTS_MAX - 2, TABLE_SLOTS_MAX - 2, &config.max_actors) &&
           read_seed() && read_choice("BUSKIN_STACKS", "shared", "own", false, &config.own_stacks) &&
           read_choice("BUSKIN_GC_STRESS", "0", "1", false, &config.gc_stress) &&
           read_choice("BUSKIN_GC", "own", "boehm", false, &config.gc_boehm) && read_watchdog() && read_fail_alloc() &&
           read_crash();
}
