/* bench.h - what the C programs of this folder share: a clock, and lines of output. */
#ifndef BUSKIN_BENCH_H
#define BUSKIN_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t bench_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void bench_line(const char *workload, const char *metric, double value, const char *unit) {
    printf("%s %s %.6g %s\n", workload, metric, value, unit);
}

static inline void bench_check(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
}

static inline int bench_compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* How late n wake-ups were, given in ns: sorts them, and says the middle one, those that 1 % and 0.1 % exceed, and the last. */
static inline void bench_late(const char *workload, int64_t *late, size_t n) {
    qsort(late, n, sizeof *late, bench_compare);
    bench_check(n > 0 && late[0] >= 0, "a timer was early");
    bench_line(workload, "p50", (double)late[n / 2] / 1e3, "us");
    bench_line(workload, "p99", (double)late[n * 99 / 100] / 1e3, "us");
    bench_line(workload, "p999", (double)late[n * 999 / 1000] / 1e3, "us");
    bench_line(workload, "max", (double)late[n - 1] / 1e3, "us");
}

#endif
