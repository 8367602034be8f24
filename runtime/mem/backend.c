/* backend.c - objects and fragments on the second collector.
 *
 * Fragments in flight hang in a doubly linked list whose links lie in front of them, in memory that the collector
 * traces; the list's head is a root. The list's lock is held from before a fragment is allocated until it hangs in the
 * list, and all through a collection: so threads that no one stops can neither lose a fragment nor change the list
 * while it is traced.
 */
#include "mem/backend.h"

#include "base/lock.h"

#include <string.h>

typedef struct flight {
    struct flight *next, *prev;
    uint64_t bytes;
    uint64_t listed;
} flight_t;

_Static_assert(sizeof(flight_t) % 16 == 0, "fragments are 16-byte aligned");

enum { COLLECT_FIRST = 8 << 20 };

bool backend_whole;
_Atomic uint64_t backend_allocated, backend_threshold = COLLECT_FIRST;

static lock_t flight_lock, shared_open_lock;
static flight_t *flights;
static void (*world_roots)(backend_push *push);
static uint64_t collections;
static bool shared_open;

/* -- Objects -- */

static bool header_has_pointers(header_t h) {
    if (header_kind(h) == HEADER_BYTES) return false;
    if (header_kind(h) != HEADER_DESC) return true;
    const buskin_desc_t *desc = header_desc(h);
    return desc->npointers || desc->elem_pointers || desc->flags & BUSKIN_DESC_CONSERVATIVE;
}

void *backend_object(header_t header, uint64_t total, uint64_t align) {
    uint64_t pad = align > 8 ? align : 0;
    char *block = buskin_gc_backend.alloc(total + pad, header_has_pointers(header));
    if (!block) return NULL;
    add_relaxed(&backend_allocated, total);
    char *payload = block + 8;
    payload += -(uint64_t)(uintptr_t)payload & (align - 1);
    *object_header(payload) = header;
    return payload;
}

static bool open_shared(void) {
    lock_take(&shared_open_lock);
    if (!shared_open && !backend_whole) shared_open = buskin_gc_backend.open(false, NULL);
    lock_drop(&shared_open_lock);
    return shared_open || backend_whole;
}

void *backend_shared_object(header_t header, uint64_t total, uint64_t align) {
    if (!backend_present() || !open_shared()) return NULL;
    return backend_object(header, total, align);
}

bool backend_root(void *object, void **root) {
    *root = NULL;
    if (!shared_open) return true;
    *root = buskin_gc_backend.root(object);
    return *root != NULL;
}

bool backend_add_roots(void *start, uint64_t bytes) {
    if (!backend_present()) return true;
    if (!open_shared()) return false;
    buskin_gc_backend.add_roots(start, (char *)start + bytes);
    return true;
}

/* -- Fragments -- */

static flight_t *flight_of(const void *fragment) { return (flight_t *)(uintptr_t)fragment - 1; }

static void flight_unlink(flight_t *f) {
    if (!f->listed) return;
    if (f->next) f->next->prev = f->prev;
    if (f->prev)
        f->prev->next = f->next;
    else
        flights = f->next;
    f->next = f->prev = NULL; /* or dead neighbours would keep each other */
    f->listed = 0;
}

void *backend_fragment_take(uint64_t bytes) {
    lock_take(&flight_lock);
    flight_t *f = buskin_gc_backend.alloc(sizeof *f + bytes, true);
    if (f) {
        *f = (flight_t){.next = flights, .bytes = bytes, .listed = 1};
        if (flights) flights->prev = f;
        flights = f;
    }
    lock_drop(&flight_lock);
    if (!f) return NULL;
    add_relaxed(&backend_allocated, bytes);
    return f + 1;
}

void backend_fragment_give(void *fragment) {
    flight_t *f = flight_of(fragment);
    lock_take(&flight_lock);
    flight_unlink(f);
    buskin_gc_backend.give(f);
    lock_drop(&flight_lock);
}

void backend_fragment_adopt(void *fragment) {
    lock_take(&flight_lock);
    flight_unlink(flight_of(fragment));
    lock_drop(&flight_lock);
}

uint64_t backend_fragment_bytes(const void *fragment) { return flight_of(fragment)->bytes; }

/* -- The whole heap -- */

static void push_roots(backend_push *push) {
    push(&flights, &flights + 1);
    world_roots(push);
}

bool backend_open_whole(void (*roots)(backend_push *push)) {
    if (!backend_present()) return false;
    world_roots = roots;
    backend_whole = buskin_gc_backend.open(true, push_roots);
    store_relaxed(&backend_allocated, 0);
    store_relaxed(&backend_threshold, COLLECT_FIRST);
    return backend_whole;
}

void backend_close_whole(void) {
    if (!backend_whole) return;
    backend_whole = false;
    flights = NULL;
}

void backend_collect(void) {
    lock_take(&flight_lock);
    buskin_gc_backend.collect();
    uint64_t live = buskin_gc_backend.live();
    lock_drop(&flight_lock);
    collections++;
    store_relaxed(&backend_allocated, 0);
    store_relaxed(&backend_threshold, live > COLLECT_FIRST ? live : COLLECT_FIRST);
}

uint64_t backend_collections(void) { return collections; }
