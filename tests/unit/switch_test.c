/* switch: registers survive it, and a walk of the stack leads from a handler on the worker's stack into the actor's. */
#include "runtime_test.h"

#include "port/switch.h"
#include "sched/worker.h"

#include <execinfo.h>

/* -- Registers -- */

#ifdef __x86_64__
/* Fills all callee-saved registers, gives up the worker, and answers how many came back as they were. */
static uint64_t registers_kept(uint64_t seed) {
    uint64_t kept = 0;
    __asm__ volatile("pushq %%rbp\n\t"
                     "subq $120, %%rsp\n\t" /* keeps the stack aligned at the call */
                     "movq %[seed], (%%rsp)\n\t"
                     "leaq 1(%[seed]), %%rbx\n\t leaq 2(%[seed]), %%r12\n\t leaq 3(%[seed]), %%r13\n\t"
                     "leaq 4(%[seed]), %%r14\n\t leaq 5(%[seed]), %%r15\n\t"
                     "call buskin_actor_yield\n\t"
                     "movq (%%rsp), %%rcx\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "incq %%rcx\n\t cmpq %%rcx, %%rbx\n\t sete %%dl\n\t movzbl %%dl, %%edx\n\t addq %%rdx, %%rax\n\t"
                     "incq %%rcx\n\t cmpq %%rcx, %%r12\n\t sete %%dl\n\t movzbl %%dl, %%edx\n\t addq %%rdx, %%rax\n\t"
                     "incq %%rcx\n\t cmpq %%rcx, %%r13\n\t sete %%dl\n\t movzbl %%dl, %%edx\n\t addq %%rdx, %%rax\n\t"
                     "incq %%rcx\n\t cmpq %%rcx, %%r14\n\t sete %%dl\n\t movzbl %%dl, %%edx\n\t addq %%rdx, %%rax\n\t"
                     "incq %%rcx\n\t cmpq %%rcx, %%r15\n\t sete %%dl\n\t movzbl %%dl, %%edx\n\t addq %%rdx, %%rax\n\t"
                     "addq $120, %%rsp\n\t"
                     "popq %%rbp\n\t"
                     : "=&a"(kept), [seed] "+D"(seed)
                     :
                     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15");
    return kept;
}

static void keep_registers(const void *args) {
    uint64_t seed = *(const uint64_t *)args;
    for (int i = 0; i < 100; i++) EXPECT(registers_kept(seed + (uint64_t)i * 1000) == 5);
}

static void test_registers_survive(void **state) {
    (void)state;
    start(2);
    for (uint64_t i = 1; i <= 50; i++) {
        uint64_t seed = i << 40;
        assert_int_not_equal(buskin_actor_spawn(keep_registers, &seed, 8, BUSKIN_NORMAL), 0);
    }
    finish();
}
#endif

/* -- Walks -- */

enum { FRAMES = 100 };
static atomic_uint walks_into, walks;

static __attribute__((noinline)) void waits_below(void) {
    EXPECT(!buskin_actor_receive(30));
    __asm__ volatile("");
}
static __attribute__((noinline)) void waits_above(const void *args) {
    (void)args;
    waits_below();
    __asm__ volatile("");
}

static bool in_function(const void *address, void *function) {
    return (const char *)address > (char *)function && (const char *)address < (char *)function + 120;
}

/* Called on the worker's stack, below the handler of the actor's receive, when there is nothing else to do. */
static void walk(void) {
    void *frames[FRAMES];
    int n = backtrace(frames, FRAMES);
    bool below = false, above = false;
    for (int i = 0; i < n; i++) {
        below |= in_function(frames[i], (void *)(uintptr_t)waits_below);
        above |= in_function(frames[i], (void *)(uintptr_t)waits_above);
    }
    atomic_fetch_add(&walks, 1);
    if (below && above && n < FRAMES) atomic_fetch_add(&walks_into, 1); /* and it ends */
}

static void test_a_walk_leads_into_the_actor(void **state) {
    (void)state;
    void *warm[1];
    backtrace(warm, 1); /* loads the unwinder */
    atomic_store(&walks, 0), atomic_store(&walks_into, 0);
    void (*before)(void) = worker_idle_hook;
    worker_idle_hook = walk; /* before the workers start: they read it without a lock */
    start(1);
    buskin_actor_spawn(waits_above, NULL, 0, BUSKIN_NORMAL);
    finish();
    worker_idle_hook = before;
    assert_true(atomic_load(&walks) > 0);
    assert_true(atomic_load(&walks_into) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef __x86_64__
        BOTH(test_registers_survive),
#endif
        BOTH(test_a_walk_leads_into_the_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
