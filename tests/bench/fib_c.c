/* fib_c.c - the same work as fib.skit, by the C compiler. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static __attribute__((noinline)) int64_t fib(int64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(void) {
    volatile int64_t n = 38;
    double start = now_ms();
    int64_t sum = fib(n);
    printf("fib total %.1f ms\n", now_ms() - start);
    return sum != 39088169;
}
