/* stack.h - where actors run: shared slots with spilling, and stacks of their own.
 *
 * A slot is a stack at a fixed address. An actor is bound to one at its first run and always runs there, so pointers
 * into its own stack stay valid. Many actors may be bound to one slot: when another one needs it, the occupant's
 * live bytes are copied out ("spilled") into a piece of just that size. A million blocked actors thus cost a few
 * hundred bytes each and no mapping of their own.
 *
 * Ownership. A slot belongs to the worker in `owner` and, while only that worker's actors are bound to it, needs no
 * synchronisation. When a bound actor moves to another worker, either the slot goes along (it was the only one), or the
 * slot becomes `shared`: from then on a worker must win `busy` before it looks at or runs on it. All functions run
 * on the worker's own stack, never on a slot, so the slot that is spilled or loaded is never the one in use.
 */
#ifndef BUSKIN_STACK_H
#define BUSKIN_STACK_H

#include "actor/actor.h"

enum {
    SLOT_BYTES = 1 << 20,
#ifdef BUSKIN_DEBUG
    SLOTS_PER_WORKER = 32, /* so that every test evicts */
#else
    SLOTS_PER_WORKER = 1024,
#endif
    SLOT_GUARD = 4 * 4096,
    STACK_RESERVE = 8192, /* below ctx.stack_limit: for signal-free leaves of the runtime and libc */
    MAIN_STACK = 8 << 20,
    OWN_STACK_MIN = 64 << 10
};

/* A worker's view of the slots. */
typedef struct stacks {
    uint32_t *owned; /* slots to share out in turn once all are in use */
    uint32_t owned_count, next;
    uint32_t *free; /* slots that nobody is bound to */
    uint32_t free_count;
    uint8_t worker;
    bool own_always; /* BUSKIN_STACKS=own */
} stacks_t;

typedef struct slot {
    actor_t *occupant; /* whose frames are in the slot, or NULL */
    char *top;
    _Atomic uint32_t refs;
    _Atomic uint8_t owner;
    _Atomic uint8_t shared;
    _Atomic uint8_t busy;
} slot_t;

extern slot_t *slots;

bool stack_init(unsigned workers); /* once per init; false: no address space */
bool stacks_open(stacks_t *s, uint8_t worker);
void stacks_close(stacks_t *s);

/* Gives a new actor its stack and lays out the first frame, so that resuming it calls entry(args). bytes > 0 asks for
 * a stack of its own. false: no memory. */
bool stack_bind(stacks_t *s, pool_t *pool, actor_t *a, uint64_t bytes);
bool stack_load_slow(pool_t *pool, actor_t *a);

/* Its frames are where it runs. A slot that is not shared belongs to the worker that all its actors are at, so no further check is
 * needed. */
static inline bool stack_is_present(const actor_t *a) {
    if (unlikely(a->ctx.flags & BUSKIN_CTX_OWN_STACK)) return true;
    const slot_t *slot = &slots[a->slot];
    return likely(!load_relaxed(&slot->shared) && slot->occupant == a);
}
/* They are not, and need not be for stack_free: nobody else can be running there. */
static inline bool stack_is_ours(const actor_t *a) { return !load_relaxed(&slots[a->slot].shared); }

/* Makes the actor's frames present in its slot. false: another worker runs on that slot now, or there is no memory for
 * the frames that are in it; try again later. */
static inline bool stack_load(pool_t *pool, actor_t *a) { return stack_is_present(a) || stack_load_slow(pool, a); }

/* The actor stopped running here (it may be resumed anywhere). */
static inline void stack_leave(actor_t *a) {
    if (unlikely(a->ctx.flags & BUSKIN_CTX_OWN_STACK)) return;
    slot_t *slot = &slots[a->slot];
    if (unlikely(load_relaxed(&slot->shared))) store_release(&slot->busy, 0); /* pairs with stack_load_slow */
}
/* Before and after an actor moves from one worker to another. */
void stack_publish(stacks_t *s, actor_t *a);
void stack_adopt(stacks_t *s, actor_t *a);
/* The actor has ended; its frames are gone. It is not running. */
void stack_free(stacks_t *s, pool_t *pool, actor_t *a);

/* Gives back the pages that frames no longer reach: of n slots of this worker from `from` on, and, once these are through, of stacks
 * of their own. No actor of this worker runs. Returns where to go on, 0 after the last. */
uint32_t stacks_trim(const stacks_t *s, uint32_t from, uint32_t n);

/* The highest address of the stack that the actor runs on, and the lowest usable one. */
char *stack_top(const actor_t *a);
char *stack_bottom(const actor_t *a);
/* The highest address of its own, also while its cleanups run on another. */
char *stack_frames_top(const actor_t *a);
/* Lays out a frame at the top of the stack, dropping all others, that will call entry(args, args2). */
void stack_reset(actor_t *a, void (*entry)(void), const void *args, const void *args2);

#endif
