/* port.h - all that the runtime asks of the operating system and the processor.
 *
 * Every #ifdef on either lives in this folder. Functions that can fail say how; none allocates with malloc.
 */
#ifndef BUSKIN_PORT_H
#define BUSKIN_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PORT_PAGE = 4096 };

/* -- Address space -- */

/* How much address space the process may have (RLIMIT_AS); UINT64_MAX: no limit. */
uint64_t vm_limit(void);
/* Reserves bytes (a multiple of PORT_PAGE) of address space, inaccessible. NULL on failure. */
void *vm_reserve(size_t bytes);
/* Makes a part of a reservation readable and writable, zero-filled. false: no memory. */
bool vm_commit(void *start, size_t bytes);
/* Reserve and commit in one step; pages cost memory when they are touched. NULL on failure. */
void *vm_map(size_t bytes);
void vm_unmap(void *start, size_t bytes);
/* Gives the pages' memory back; they read as zero afterwards. */
void vm_give_back(void *start, size_t bytes);
/* Makes any access to these pages a fault. Cheap guards need no mapping of their own where the kernel has
 * them; elsewhere a guard splits the mapping, so their number is bounded and a refusal answers false. */
bool vm_guard(void *start, size_t bytes);

/* -- Time, threads, processors -- */

uint64_t clock_ns(void); /* monotonic */
/* How many threads can run at once: affinity mask and cgroup quota, at least 1. */
unsigned cpu_count(void);
/* The calling thread, as thread_delay_ns wants it. */
int32_t thread_number(void);
/* How long the thread of this process was ready to run in all, and had no processor; 0 where the system does not say. */
uint64_t thread_delay_ns(int32_t number);
/* Waits while *word == expected, at most timeout_ns (< 0: no limit). May wake without cause. */
void futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
void futex_wake(_Atomic uint32_t *word, int count);
void thread_yield(void);

static inline char *stack_pointer(void) {
    char *sp;
#if defined(__x86_64__)
    __asm__("movq %%rsp, %0" : "=r"(sp));
#else
    sp = __builtin_frame_address(0);
#endif
    return sp;
}

static inline void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("" ::: "memory");
#endif
}

/* Copies whole 64-byte lines between a stack and its spilled copy. Not instrumented: the bytes are frames. */
void copy_lines(char *to, const char *from, size_t bytes);

#endif
