/* trap.h - synchronous faults of the thread's own code: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP. */
#ifndef BUSKIN_TRAP_H
#define BUSKIN_TRAP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct trap {
    int signal, code; /* as in siginfo_t */
    uint64_t address; /* that was accessed (SIGSEGV, SIGBUS) */
    uint64_t pc, sp;  /* of the faulting instruction */
    uint64_t fp;      /* its frame pointer; whatever that register held if the code keeps none */
    bool jumped;      /* the instruction itself could not be read: what was called or jumped to is no code */
} trap_t;

/* Who called what is no code: takes trap, which has jumped, back to the call itself. The word at trap->sp must be readable. */
void trap_to_caller(trap_t *trap);

/* Decides in the signal handler, on the thread's alternate stack: true sends the thread to switch_abandon, as if the actor
 * that it runs had called a gate; false passes the signal on to whoever handled it before, in the end to the system. */
typedef bool trap_decide(const trap_t *trap);
/* Nobody else handles it: the process is about to end with this signal. In the signal handler. */
typedef void trap_fatal(const trap_t *trap);

/* Installs the handlers; the earlier ones are kept, and restored by traps_remove. */
bool traps_install(trap_decide *decide, trap_fatal *fatal);
void traps_remove(void);

/* Gives the calling thread an alternate stack, and takes it away. */
bool trap_stack_open(void);
void trap_stack_close(void);

#endif
