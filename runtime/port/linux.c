/* linux.c - address space, clock, futex and processor count on Linux.
 *
 * Reservations are PROT_NONE, so they cost nothing under any overcommit policy; committing is an mprotect that
 * grows one mapping. Guards use MADV_GUARD_INSTALL (Linux 6.13), which leaves the mapping whole: with mprotect
 * every guard is a mapping of its own and a default kernel stops at 65,530 of them, hence the bound.
 */
#include "port/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MPROTECT_GUARDS_MAX = 16384 };

uint64_t vm_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

void *vm_reserve(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

bool vm_commit(void *start, size_t bytes) { return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0; }

void *vm_map(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

void vm_unmap(void *start, size_t bytes) { munmap(start, bytes); }

void vm_give_back(void *start, size_t bytes) {
    if (bytes && madvise(start, bytes, MADV_DONTNEED)) memset(start, 0, bytes); /* locked pages stay */
}

bool vm_guard(void *start, size_t bytes) {
    static _Atomic int mprotect_guards;
    static _Atomic bool no_cheap_guards;
    if (!atomic_load_explicit(&no_cheap_guards, memory_order_relaxed)) {
        if (madvise(start, bytes, MADV_GUARD_INSTALL) == 0) return true;
        atomic_store_explicit(&no_cheap_guards, true, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&mprotect_guards, 1, memory_order_relaxed) >= MPROTECT_GUARDS_MAX) return false;
    return mprotect(start, bytes, PROT_NONE) == 0;
}

uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* cpu.max of cgroup v2 holds "QUOTA PERIOD" or "max PERIOD". */
static unsigned cgroup_cpus(void) {
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f) return 0;
    long quota = 0, period = 0;
    int got = fscanf(f, "%ld %ld", &quota, &period);
    fclose(f);
    if (got != 2 || quota <= 0 || period <= 0) return 0;
    return (unsigned)((quota + period - 1) / period);
}

int32_t thread_number(void) { return (int32_t)syscall(SYS_gettid); }

uint64_t thread_delay_ns(int32_t number) {
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    unsigned long long ran, delayed; /* nanoseconds; a third field counts time slices */
    return sscanf(text, "%llu %llu", &ran, &delayed) == 2 ? delayed : 0;
}

unsigned cpu_count(void) {
    cpu_set_t set;
    unsigned cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    unsigned quota = cgroup_cpus();
    if (quota && quota < cpus) cpus = quota;
    return cpus ? cpus : 1;
}

void futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec t = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &t, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void thread_yield(void) { sched_yield(); }
