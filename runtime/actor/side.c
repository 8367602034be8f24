/* side.c - see side.h. */
#include "actor/side.h"

#include "actor/stack.h"
#include "port/fibre.h"
#include "port/port.h"

enum { SIDE_TOP = 64 }; /* bytes for the record at the top */

_Static_assert(sizeof(side_t) <= SIDE_TOP, "its place at the top of the side stack");

static char *side_region;
static unsigned sides;

/* Reserves for that many workers; at a later init perhaps anew, for more. */
bool side_init(unsigned workers) {
    if (workers <= sides) return true;
    if (side_region) vm_unmap(side_region, (size_t)sides * SIDE_BYTES);
    side_region = vm_map((size_t)workers * SIDE_BYTES);
    sides = side_region ? workers : 0;
    for (unsigned i = 0; i < sides; i++) vm_guard(side_region + (size_t)i * SIDE_BYTES, SLOT_GUARD);
    return side_region != NULL;
}

/* An actor that runs stays where it is. */
static char *side_start(const actor_t *a) { return side_region + (size_t)load_relaxed(&a->remote->home) * SIDE_BYTES; }

side_t *side_of(const actor_t *a) { return (side_t *)(void *)(side_start(a) + SIDE_BYTES - SIDE_TOP); }

char *side_bottom(const actor_t *a) { return side_start(a) + SLOT_GUARD; }

side_t *side_enter(actor_t *a) {
    side_t *side = side_of(a);
    *side = (side_t){.frames = a->sp, .stack_limit = a->ctx.stack_limit};
    a->ctx.stack_limit = side_bottom(a) + STACK_RESERVE;
    a->ctx.flags |= ACTOR_CLEANING;
    a->sp = (char *)side;
    return side;
}

void side_leave(actor_t *a) {
    const side_t *side = side_of(a);
    fibre_unpoison(side_bottom(a), (size_t)((const char *)side - side_bottom(a))); /* frames that were left for good */
    a->sp = side->frames;
    a->ctx.stack_limit = side->stack_limit;
    a->ctx.flags &= ~(uint32_t)ACTOR_CLEANING;
}
