/* frame.c - the first frame of an actor, as switch.S pops it, and the chain of the others. */
#include "port/switch.h"

#include <stdbool.h>

char *switch_first_frame(char *top, void (*entry)(void), const void *args, const void *args2) {
    uint64_t *frame = (uint64_t *)((uintptr_t)top & ~(uintptr_t)15) - 8;
    frame[0] = 0;                                       /* result */
    frame[1] = 0;                                       /* r15 */
    frame[2] = 0;                                       /* r14 */
    frame[3] = (uint64_t)(uintptr_t)args2;              /* r13 */
    frame[4] = (uint64_t)(uintptr_t)args;               /* r12 */
    frame[5] = (uint64_t)(uintptr_t)entry;              /* rbx */
    frame[6] = 0;                                       /* rbp: end of the frame chain */
    frame[7] = (uint64_t)(uintptr_t)switch_actor_start; /* return address */
    return (char *)frame;
}

/* Where an entry function returns to: no code of the actor's any more. */
static bool is_start(uint64_t pc) {
    enum { START_BYTES = 32 };
    return !pc || pc - (uint64_t)(uintptr_t)switch_actor_start < START_BYTES;
}

unsigned switch_callers(uint64_t fp, const char *low, const char *top, uint64_t *pcs, unsigned n) {
    uint64_t least = (uint64_t)(uintptr_t)low, high = (uint64_t)(uintptr_t)top - 16;
    unsigned count = 0;
    while (count < n && fp >= least && fp <= high && fp % 8 == 0) {
        const uint64_t *frame = (const uint64_t *)(uintptr_t)fp; /* saved rbp, return address */
        if (is_start(frame[1])) break;
        pcs[count++] = frame[1];
        least = fp + 16;
        fp = frame[0];
    }
    return count;
}

unsigned switch_frames(const char *sp, const char *top, uint64_t *pcs, unsigned n) {
    const uint64_t *frame = (const uint64_t *)(const void *)sp;
    if (!n || is_start(frame[7])) return 0;
    pcs[0] = frame[7];
    return 1 + switch_callers(frame[6], sp + 64, top, pcs + 1, n - 1);
}
