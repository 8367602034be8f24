/* fault.c - which faults end an actor, and which end the process (S11.1, S11.2).
 *
 * A fault is the actor's own if the thread runs a worker's current actor on that actor's stack, and the faulting instruction is
 * actor code: in section buskin_code, where the shims put all emitted functions, or in a range that was added (a
 * JIT's). A call of what is no code, such as a null function pointer, has no faulting instruction: there the call counts.
 * Everything else was in the middle of something that others rely on - the runtime, an allocator, foreign code
 * with a lock - and ends the process: one line, and the signal's own status.
 *
 * The runtime itself never touches the guard: an entry with less than STACK_RESERVE left raises the overflow before it
 * does anything (api.h).
 */
#include "sched/fault.h"

#include "port/fibre.h"
#include "port/switch.h"
#include "sched/end.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* The linker's bounds of section buskin_code in the program; absent if it has none. */
extern const char __start_buskin_code[] __attribute__((weak));
extern const char __stop_buskin_code[] __attribute__((weak));

static struct {
    uint64_t start, end;
} ranges[FAULT_RANGES_MAX];
static _Atomic uint32_t range_count;

bool fault_is_actor_code(uint64_t pc) {
    if (pc - (uint64_t)(uintptr_t)__start_buskin_code <
        (uint64_t)(uintptr_t)__stop_buskin_code - (uint64_t)(uintptr_t)__start_buskin_code)
        return true;
    uint32_t n = load_acquire(&range_count); /* pairs with fault_add_code */
    for (uint32_t i = 0; i < n; i++)
        if (pc >= ranges[i].start && pc < ranges[i].end) return true;
    return false;
}

bool fault_add_code(const void *start, uint64_t bytes) {
    static _Atomic uint32_t taken;
    uint32_t i = add_relaxed(&taken, 1);
    if (i >= FAULT_RANGES_MAX) return false;
    ranges[i].start = (uint64_t)(uintptr_t)start;
    ranges[i].end = ranges[i].start + bytes;
    while (load_relaxed(&range_count) != i) continue; /* in order: each entry below the count is filled in */
    store_release(&range_count, i + 1);
    return true;
}

static const char *fault_name(int signal) {
    switch (signal) {
    case SIGSEGV: return "segmentation fault";
    case SIGBUS: return "bus error";
    case SIGFPE: return "arithmetic fault";
    case SIGILL: return "illegal instruction";
    default: return "trap";
    }
}

/* One line, with nothing but write: the process is about to end. */
static void fault_fatal(const trap_t *trap) {
    char line[160];
    int n = snprintf(line, sizeof line, "buskin: fatal %s at address 0x%llx, code at 0x%llx\n",
                     fault_name(trap->signal), (unsigned long long)trap->address, (unsigned long long)trap->pc);
    ssize_t unused = write(2, line, (size_t)n);
    (void)unused;
}

/* The call in front of at, which has jumped to what is no code. */
static bool fault_is_actor_call(trap_t *at, uint64_t low, uint64_t high) {
    if (at->sp < low || at->sp > high - sizeof(uint64_t)) return false;
    trap_to_caller(at);
    return fault_is_actor_code(at->pc) || at->pc == (uint64_t)(uintptr_t)switch_actor_return - 1;
}

static bool fault_decide(const trap_t *trap) {
    worker_t *w = this_worker;
    actor_t *a = w ? w->current : NULL;
    if (!a || a->state != ACTOR_RUNNING || a->ctx.flags & ACTOR_FOREIGN) return false;
    uint64_t low = (uint64_t)(uintptr_t)stack_bottom(a) - SLOT_GUARD, high = (uint64_t)(uintptr_t)stack_top(a);
    if (trap->sp < low || trap->sp > high) return false;
    trap_t at = *trap;
    if (at.jumped ? !fault_is_actor_call(&at, low + SLOT_GUARD, high) : !fault_is_actor_code(at.pc)) return false;
    w->trap = at;
    return true;
}

bool fault_init(void) { return traps_install(fault_decide, fault_fatal); }

void fault_overflow(worker_t *w, actor_t *a, const crash_place_t *place) {
    static const char text[] = "stack overflow";
    end_crash(w, a, BUSKIN_REASON_CRASH, SIGSEGV, text, sizeof text - 1, place);
}

/* Where the frames of a fault end: a leaf may use the bytes below its stack pointer; the guard holds nothing. */
static char *fault_frames(const trap_t *trap, char *bottom) {
    enum { RED_ZONE = 128 };
    uint64_t low = (trap->sp - RED_ZONE) & ~15ull;
    return low > (uint64_t)(uintptr_t)bottom ? (char *)(uintptr_t)low : bottom;
}

void fault_reason(worker_t *w, actor_t *a) {
    const trap_t *trap = &w->trap;
    const crash_place_t place = {.pc = trap->pc, .fp = trap->fp};
    uint64_t guard = (uint64_t)(uintptr_t)stack_bottom(a);
    a->sp = fault_frames(trap, stack_bottom(a));
    fibre_unpoison(a->sp, (size_t)(stack_top(a) - a->sp)); /* those frames never return */
    if (trap->signal == SIGSEGV && trap->address - (guard - SLOT_GUARD) < SLOT_GUARD) {
        fault_overflow(w, a, &place);
        return;
    }
    char text[96];
    bool memory = trap->signal == SIGSEGV || trap->signal == SIGBUS;
    int n = memory ? snprintf(text, sizeof text, "%s at address 0x%llx", fault_name(trap->signal),
                              (unsigned long long)trap->address)
                   : snprintf(text, sizeof text, "%s", fault_name(trap->signal));
    end_crash(w, a, BUSKIN_REASON_CRASH, (uint32_t)trap->signal, text, (uint64_t)n, &place);
}
