/* stack.c - slots, spilling, and stacks of their own.
 *
 * Slot states, for the worker that looks:
 *   owner == me, !shared   plain accesses; only my actors are bound to it
 *   owner == NONE          travels with its only actor through the public queue
 *   shared                 occupant and copies only while holding busy
 * refs counts the bound actors. Whoever takes the last reference makes the slot his own again (owner, then shared,
 * both released; a reader checks shared first, so it never takes a slot that has just changed hands).
 *
 * Tops are coloured: slots lie a page more than 1 MiB apart, so that tops use all sets of the TLB, and without different
 * offsets within the page all would fall into the same cache sets (ring of 1,000: 41 ns a hop against 11).
 */
#include "actor/stack.h"

#include "actor/side.h"
#include "base/alloc.h"
#include "base/lock.h"
#include "port/fibre.h"
#include "port/port.h"
#include "port/switch.h"

#include <stdlib.h>

enum { SLOT_STRIDE = SLOT_BYTES + PORT_PAGE, OWNER_NONE = 255, SLOT_COLOURS = 16, COLOUR_STEP = 192, OWN_CACHE = 64 };

/* A stack of its own; lies at the top of its mapping. */
typedef struct own_stack {
    struct own_stack *next, *prev; /* in the list of those in use; or, next alone, of the free */
    char *mapping;
    uint64_t bytes;
    const actor_t *user;
} own_stack_t;

_Static_assert(sizeof(own_stack_t) <= 64, "its place at the top of the mapping");

static char *slot_region;
slot_t *slots;
static _Atomic uint32_t slots_made;
static uint32_t slots_max;
static lock_t own_lock;
static own_stack_t *own_used;
static own_stack_t *own_free; /* of the default size */
static unsigned own_free_count;

/* Reserves for that many workers; at a later init perhaps anew, for more. No actor lives then. */
bool stack_init(unsigned workers) {
    uint32_t want = workers * SLOTS_PER_WORKER;
    if (slots_max < want) {
        if (slots) {
            vm_unmap(slots, (size_t)slots_max * sizeof *slots);
            vm_unmap(slot_region, (size_t)slots_max * SLOT_STRIDE);
        }
        slots_max = 0;
        slots = vm_map((size_t)want * sizeof *slots);
        slot_region = slots ? vm_map((size_t)want * SLOT_STRIDE) : NULL;
        if (!slot_region) {
            if (slots) vm_unmap(slots, (size_t)want * sizeof *slots);
            slots = NULL;
            return false;
        }
        slots_max = want;
    }
    /* what an earlier round left: the guards stay, all else begins anew */
    for (uint32_t i = 0; i < load_relaxed(&slots_made); i++) {
        slots[i].occupant = NULL;
        store_relaxed(&slots[i].refs, 0);
        store_relaxed(&slots[i].shared, 0);
        store_relaxed(&slots[i].busy, 0);
    }
    store_relaxed(&slots_made, 0);
    return true;
}

bool stacks_open(stacks_t *s, uint8_t worker) {
    s->worker = worker;
    s->owned = alloc_zeroed(SLOTS_PER_WORKER, sizeof *s->owned);
    s->free = alloc_zeroed(2 * SLOTS_PER_WORKER, sizeof *s->free);
    return s->owned && s->free;
}

void stacks_close(stacks_t *s) {
    free(s->owned);
    free(s->free);
    *s = (stacks_t){0};
}

static slot_t *slot_of(const actor_t *a) { return &slots[a->slot]; }

static own_stack_t *own_of(const actor_t *a) { return a->spilled; }

char *stack_frames_top(const actor_t *a) {
    return a->ctx.flags & BUSKIN_CTX_OWN_STACK ? (char *)own_of(a) : slot_of(a)->top;
}

char *stack_top(const actor_t *a) {
    return unlikely(a->ctx.flags & ACTOR_CLEANING) ? (char *)side_of(a) : stack_frames_top(a);
}

char *stack_bottom(const actor_t *a) {
    if (unlikely(a->ctx.flags & ACTOR_CLEANING)) return side_bottom(a);
    if (a->ctx.flags & BUSKIN_CTX_OWN_STACK) return own_of(a)->mapping + SLOT_GUARD;
    return slot_region + (size_t)a->slot * SLOT_STRIDE + SLOT_GUARD;
}

/* -- Slots -- */

/* A slot that never was in use. 0 when the worker has its share. */
static uint32_t slot_make(stacks_t *s) {
    if (s->owned_count == SLOTS_PER_WORKER) return UINT32_MAX;
    uint32_t i = add_relaxed(&slots_made, 1);
    if (i >= slots_max) {
        store_relaxed(&slots_made, slots_max);
        return UINT32_MAX;
    }
    char *bottom = slot_region + (size_t)i * SLOT_STRIDE;
    vm_guard(bottom, SLOT_GUARD);
    slots[i].top = bottom + SLOT_BYTES - 64 - i % SLOT_COLOURS * COLOUR_STEP;
    store_relaxed(&slots[i].owner, s->worker);
    s->owned[s->owned_count++] = i;
    return i;
}

static bool slot_is_mine(const stacks_t *s, slot_t *slot) {
    /* acquire: pairs with the releases in slot_unref, so that owner is read after shared */
    return !load_acquire(&slot->shared) && load_relaxed(&slot->owner) == s->worker;
}

/* A slot to share: the next owned one that is not shared with another worker. */
static uint32_t slot_share(stacks_t *s) {
    for (uint32_t tries = s->owned_count; tries; tries--) {
        uint32_t at = s->next++ % s->owned_count;
        uint32_t i = s->owned[at];
        if (slot_is_mine(s, &slots[i])) return i;
        if (load_relaxed(&slots[i].owner) != s->worker) s->owned[at] = s->owned[--s->owned_count];
        if (!s->owned_count) break;
    }
    return UINT32_MAX;
}

static uint32_t slot_take(stacks_t *s) {
    if (s->free_count) return s->free[--s->free_count];
    uint32_t i = slot_make(s);
    return i == UINT32_MAX ? slot_share(s) : i;
}

static void slot_unref(stacks_t *s, slot_t *slot) {
    if (atomic_fetch_sub_explicit(&slot->refs, 1, memory_order_acq_rel) != 1) return;
    slot->occupant = NULL;
    store_relaxed(&slot->owner, s->worker);
    store_release(&slot->shared, 0); /* pairs with slot_is_mine */
    if (s->free_count < 2 * SLOTS_PER_WORKER) s->free[s->free_count++] = (uint32_t)(slot - slots);
}

static bool slot_acquire(slot_t *slot) {
    if (likely(!load_relaxed(&slot->shared))) return true;
    /* acquire: pairs with the release in stack_leave; the slot's bytes and occupant are visible */
    return !exchange_acquire(&slot->busy, 1);
}

static void slot_release(slot_t *slot) {
    if (load_relaxed(&slot->shared)) store_release(&slot->busy, 0); /* pairs with slot_acquire */
}

/* -- Spilling -- */

static bool slot_spill(pool_t *pool, slot_t *slot) {
    actor_t *a = slot->occupant;
    size_t bytes = (size_t)(slot->top - a->sp + 63) & ~(size_t)63;
    unsigned have = a->spill_class;
    unsigned want = bytes <= PIECE_MAX ? piece_class(bytes) : PIECE_LARGE;
    if (!a->spilled || have != want || want == PIECE_LARGE) {
        if (a->spilled) bytes_give(pool, PIECE_PLAIN, a->spilled, (uint8_t)have);
        uint8_t got;
        a->spilled = bytes_take(pool, PIECE_PLAIN, bytes, &got);
        if (!a->spilled) return false;
        a->spill_class = got;
    }
    fibre_unpoison(slot->top - bytes, bytes);
    copy_lines(a->spilled, slot->top - bytes, bytes);
    slot->occupant = NULL;
    return true;
}

bool stack_load_slow(pool_t *pool, actor_t *a) {
    slot_t *slot = slot_of(a);
    if (unlikely(!slot_acquire(slot))) return false;
    if (likely(slot->occupant == a)) return true;
    if (slot->occupant && !slot_spill(pool, slot)) { /* no memory for frames that must live: later */
        slot_release(slot);
        return false;
    }
    size_t bytes = (size_t)(slot->top - a->sp + 63) & ~(size_t)63;
    fibre_unpoison(slot->top - bytes, bytes);
    copy_lines(slot->top - bytes, a->spilled, bytes);
    slot->occupant = a;
    return true;
}

/* -- Moving to another worker -- */

void stack_publish(stacks_t *s, actor_t *a) {
    if (actor_is_new(a) || a->ctx.flags & BUSKIN_CTX_OWN_STACK) return;
    slot_t *slot = slot_of(a);
    if (!slot_is_mine(s, slot)) return; /* shared already */
    if (load_relaxed(&slot->refs) == 1)
        store_relaxed(&slot->owner, OWNER_NONE);
    else
        store_relaxed(&slot->shared, 1); /* the public queue's lock, or the inbox, publishes it */
}

void stack_adopt(stacks_t *s, actor_t *a) {
    if (actor_is_new(a) || a->ctx.flags & BUSKIN_CTX_OWN_STACK) return;
    slot_t *slot = slot_of(a);
    if (load_relaxed(&slot->owner) == OWNER_NONE) store_relaxed(&slot->owner, s->worker);
}

/* -- Stacks of their own -- */

static void own_link(own_stack_t *own, const actor_t *user) {
    lock_take(&own_lock);
    own->user = user;
    own->prev = NULL;
    own->next = own_used;
    if (own_used) own_used->prev = own;
    own_used = own;
    lock_drop(&own_lock);
}

static void own_unlink(const own_stack_t *own) {
    if (own->prev)
        own->prev->next = own->next;
    else
        own_used = own->next;
    if (own->next) own->next->prev = own->prev;
}

static own_stack_t *own_take(uint64_t bytes) {
    bytes = (bytes + SLOT_GUARD + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1);
    if (bytes < OWN_STACK_MIN) bytes = OWN_STACK_MIN;
    lock_take(&own_lock);
    own_stack_t *own = own_free && own_free->bytes == bytes ? own_free : NULL;
    if (own) {
        own_free = own->next;
        own_free_count--;
    }
    lock_drop(&own_lock);
    if (own) return own;
    char *mapping = alloc_fails() ? NULL : vm_map(bytes);
    if (!mapping) return NULL;
    vm_guard(mapping, SLOT_GUARD);
    own = (own_stack_t *)(void *)(mapping + bytes - 64);
    *own = (own_stack_t){.mapping = mapping, .bytes = bytes};
    return own;
}

static void own_give(own_stack_t *own) {
    fibre_unpoison(own->mapping + SLOT_GUARD, own->bytes - SLOT_GUARD);
    lock_take(&own_lock);
    own_unlink(own);
    bool keep = own_free_count < OWN_CACHE && own->bytes <= SLOT_BYTES + SLOT_GUARD;
    if (keep) {
        own->next = own_free;
        own_free = own;
        own_free_count++;
    }
    lock_drop(&own_lock);
    if (!keep) vm_unmap(own->mapping, own->bytes);
}

/* -- Giving back -- */

/* The pages below the frames of whoever waits there. */
static void trim_slot(const slot_t *slot) {
    char *bottom = slot_region + (size_t)(slot - slots) * SLOT_STRIDE + SLOT_GUARD;
    const char *used = slot->occupant ? slot->occupant->sp : bottom + SLOT_BYTES - SLOT_GUARD;
    vm_give_back(bottom, (size_t)(used - bottom) & ~(size_t)(PORT_PAGE - 1));
}

/* Only the home worker changes an actor's home, so one that is ours stays so, and does not run, while we look. */
static void trim_own(const stacks_t *s) {
    own_stack_t *unused = NULL;
    lock_take(&own_lock);
    for (own_stack_t *own = own_used; own; own = own->next) {
        const actor_t *a = own->user;
        if (load_acquire(&a->remote->home) != s->worker || a->ctx.flags & ACTOR_FOREIGN || actor_is_new(a)) continue;
        char *bottom = own->mapping + SLOT_GUARD;
        vm_give_back(bottom, (size_t)(a->sp - bottom) & ~(size_t)(PORT_PAGE - 1));
    }
    unused = own_free;
    own_free = NULL;
    own_free_count = 0;
    lock_drop(&own_lock);
    for (own_stack_t *next; unused; unused = next) {
        next = unused->next;
        vm_unmap(unused->mapping, unused->bytes);
    }
}

uint32_t stacks_trim(const stacks_t *s, uint32_t from, uint32_t n) {
    uint32_t made = load_relaxed(&slots_made);
    if (made > slots_max) made = slots_max;
    for (; from < made && n; from++, n--)
        if (slot_is_mine(s, &slots[from])) trim_slot(&slots[from]);
    if (from < made) return from;
    trim_own(s);
    return 0;
}

/* -- Binding -- */

/* Frames that are left for good would leave ASan's marks to the next ones. */
static void forget_frames(const actor_t *a) {
    char *top = stack_top(a);
    if (a->sp > stack_bottom(a) && a->sp < top) fibre_unpoison(a->sp, (size_t)(top - a->sp));
}

void stack_reset(actor_t *a, void (*entry)(void), const void *args, const void *args2) {
    forget_frames(a);
    a->sp = switch_first_frame(stack_top(a), entry, args, args2);
}

/* Small arguments without pointers go to the top of the stack, so a blocked actor pays for no piece of their own; others
 * become part of the heap. */
static const void *stack_arguments(pool_t *pool, actor_t *a, fragment_t *args, char **top) {
    if (!args) return NULL;
    bool flat = header_kind(args->header) == HEADER_BYTES || desc_is_flat(header_desc(args->header));
    if (flat && args->length <= 256) {
        *top -= (args->length + 15) & ~15ull;
        memcpy(*top, args->data, args->length);
        fragment_free(pool, args);
        return *top;
    }
    if (!heap_adopt(&a->ctx, pool, args)) return NULL;
    return args->data;
}

bool stack_bind(stacks_t *s, pool_t *pool, actor_t *a, uint64_t bytes) {
    fragment_t *args = a->spilled;
    void (*entry)(void) = (void (*)(void))(uintptr_t)a->sp;
    if (!bytes && s->own_always) bytes = SLOT_BYTES;
    if (bytes) {
        own_stack_t *own = own_take(bytes);
        if (!own) return false;
        own_link(own, a);
        a->spilled = own;
        a->ctx.flags |= BUSKIN_CTX_OWN_STACK;
    } else {
        uint32_t i = slot_take(s);
        if (i == UINT32_MAX) return stack_bind(s, pool, a, SLOT_BYTES); /* all slots are shared with others */
        slot_t *slot = &slots[i];
        if (slot->occupant && !slot_spill(pool, slot)) return false;
        slot->occupant = a;
        add_relaxed(&slot->refs, 1);
        a->slot = i & 0xffffff;
        a->spilled = NULL;
    }
    char *top = stack_top(a);
    a->ctx.stack_limit = stack_bottom(a) + STACK_RESERVE;
    const void *data = stack_arguments(pool, a, args, &top);
    if (args && !data) return false;
    a->sp = switch_first_frame(top, entry, data, NULL);
    return true;
}

void stack_free(stacks_t *s, pool_t *pool, actor_t *a) {
    if (a->ctx.flags & BUSKIN_CTX_OWN_STACK || slot_of(a)->occupant == a) forget_frames(a);
    fibre_end(a);
    if (a->ctx.flags & BUSKIN_CTX_OWN_STACK) {
        own_give(a->spilled);
    } else {
        slot_t *slot = slot_of(a);
        if (slot->occupant == a) slot->occupant = NULL;
        if (a->spilled) bytes_give(pool, PIECE_PLAIN, a->spilled, a->spill_class);
        slot_release(slot);
        slot_unref(s, slot);
    }
    a->spilled = NULL;
}
