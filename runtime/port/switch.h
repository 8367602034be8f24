/* switch.h - leaving and entering actors' stacks (x86_64/switch.S).
 *
 * The runtime runs on the stack of the thread that runs the worker. A function of the ABI that may have to wait is a
 * leaf that tries the fast way and else jumps to a slow_* gate. The gate saves the callee-saved registers on the
 * actor's stack, moves to the thread's stack and calls the handler of that name with (actor, arguments...). The handler
 * returns the actor to resume: the same one, another one, or NULL to leave switch_enter. Resuming loads the registers,
 * takes the call's result from the saved frame, and ends in `jmp`: a `ret` would be mispredicted, because the
 * return predictor belongs to the other stack (30 -> 10 ns per round trip).
 *
 * Saved frame, from sp up: result, r15, r14, r13, r12, rbx, rbp, return address.
 */
#ifndef BUSKIN_SWITCH_H
#define BUSKIN_SWITCH_H

#include <stdint.h>

struct actor;

/* Runs actors on this thread until a handler, or first(worker), returns NULL. Called on the thread's stack. */
void switch_enter(struct actor *(*first)(void *worker), void *worker);

/* From a signal handler's altered context: like a slow_* gate of handler(actor), without saving anything. */
void switch_abandon(void);

/* Lays out a frame below top that calls entry(args, args2) when it is resumed, and the handler of slow_return when
 * that returns. Returns the sp of it. */
char *switch_first_frame(char *top, void (*entry)(void), const void *args, const void *args2);

/* The return addresses of a saved frame's callers, by frame pointers; how many, at most n. */
unsigned switch_frames(const char *sp, const char *top, uint64_t *pcs, unsigned n);
/* The same from a frame pointer; only words in [low, top) are read, so that any value of fp will do. */
unsigned switch_callers(uint64_t fp, const char *low, const char *top, uint64_t *pcs, unsigned n);

void switch_actor_start(void);
/* Where entry returns to; what an entry that ended in a jump has left on the stack. */
void switch_actor_return(void);

#endif
