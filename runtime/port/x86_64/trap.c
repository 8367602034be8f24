/* trap.c - faults on Linux x86-64: the handler, and the change of the interrupted context.
 *
 * The handler runs on the thread's alternate stack, since the fault may be that the stack is full. To abandon the
 * actor it sets the interrupted program counter to switch_abandon, with a stack pointer that is valid whatever the actor's
 * was, and returns; the kernel then resumes there with the old signal mask.
 */
#include "port/trap.h"

#include "port/port.h"
#include "port/switch.h"

#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

enum { TRAP_STACK = 64 << 10, DIRECTION_FLAG = 0x400 };

static const int trap_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
enum { TRAP_SIGNALS = sizeof trap_signals / sizeof *trap_signals };

static struct sigaction earlier[TRAP_SIGNALS];
static trap_decide *trap_decider;
static trap_fatal *trap_last_words;
static bool installed;
extern _Thread_local char *switch_thread_sp __attribute__((tls_model("initial-exec")));

/* To the handler that was there before us; without one the instruction faults again, and the process ends truly. */
static void pass_on(const trap_t *trap, siginfo_t *info, void *context) {
    int signal = trap->signal;
    for (int i = 0; i < TRAP_SIGNALS; i++) {
        if (trap_signals[i] != signal) continue;
        const struct sigaction *old = &earlier[i];
        if (old->sa_flags & SA_SIGINFO) {
            old->sa_sigaction(signal, info, context);
        } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
            old->sa_handler(signal);
        } else {
            trap_last_words(trap);
            struct sigaction fallback = {.sa_handler = SIG_DFL};
            sigaction(signal, &fallback, NULL);
        }
    }
}

/* The call has pushed its return address, and the callee nothing yet. One byte before is still the call's line. */
void trap_to_caller(trap_t *trap) {
    const uint64_t *top = (const uint64_t *)(uintptr_t)trap->sp;
    trap->pc = *top - 1;
    trap->sp += sizeof *top;
}

static void trap_handler(int signal, siginfo_t *info, void *context) {
    ucontext_t *uc = context;
    greg_t *regs = uc->uc_mcontext.gregs;
    trap_t trap = {.signal = signal,
                   .code = info->si_code,
                   .address = (uint64_t)(uintptr_t)info->si_addr,
                   .pc = (uint64_t)regs[REG_RIP],
                   .sp = (uint64_t)regs[REG_RSP],
                   .fp = (uint64_t)regs[REG_RBP]};
    trap.jumped = signal == SIGSEGV && trap.address == trap.pc;
    bool own = info->si_code > 0; /* raised by this thread's code, not sent */
    if (!own || !trap_decider(&trap)) {
        pass_on(&trap, info, context);
        return;
    }
    regs[REG_RIP] = (greg_t)(uintptr_t)switch_abandon;
    regs[REG_RSP] = (greg_t)(uintptr_t)switch_thread_sp;
    regs[REG_EFL] &= ~DIRECTION_FLAG;
}

bool traps_install(trap_decide *decide, trap_fatal *fatal) {
    trap_decider = decide;
    trap_last_words = fatal;
    if (installed) return true;
    struct sigaction action = {.sa_sigaction = trap_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (int i = 0; i < TRAP_SIGNALS; i++)
        if (sigaction(trap_signals[i], &action, &earlier[i])) return false;
    return installed = true;
}

void traps_remove(void) {
    if (!installed) return;
    for (int i = 0; i < TRAP_SIGNALS; i++) sigaction(trap_signals[i], &earlier[i], NULL);
    installed = false;
}

bool trap_stack_open(void) {
    stack_t old;
    if (sigaltstack(NULL, &old) == 0 && !(old.ss_flags & SS_DISABLE)) return true; /* a sanitizer's, or the program's */
    stack_t stack = {.ss_sp = vm_map(TRAP_STACK), .ss_size = TRAP_STACK};
    return stack.ss_sp && sigaltstack(&stack, NULL) == 0;
}

void trap_stack_close(void) {
    stack_t old, none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(NULL, &old) || old.ss_flags & SS_DISABLE || old.ss_size != TRAP_STACK) return;
    sigaltstack(&none, NULL);
    vm_unmap(old.ss_sp, TRAP_STACK);
}
