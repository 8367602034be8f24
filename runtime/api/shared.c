/* shared.c - handles: how objects of actors refer to objects of the shared heap, or to anything that must be released.
 *
 * A handle is a counted block (mem/share.h) that holds one pointer. The shared heap's collector does not see actors' memory, so
 * the block has a root there, for as long as anybody holds it. The release function runs on a worker's own stack when it
 * next chooses an actor, after the last holder has let go. With BUSKIN_GC=boehm a handle is an object like all others, and the
 * release function is called by way of a finaliser.
 */
#include "mem/share.h"

#include "api/caller.h"

static header_t header_of_handles(void) { return (header_t)(uintptr_t)&share_handle_desc | HEADER_DESC; }

typedef struct order {
    void *object;  /* NULL: a new one of size bytes */
    uint64_t size; /* of the new one, else 0 */
    void (*release)(void *object);
} order_t;

/* -- With the whole heap -- */

static void *whole_handle(const order_t *order) {
    const header_t header = header_of_handles();
    handle_t *handle = backend_object(header, sizeof header + sizeof *handle, 8);
    if (!handle) return NULL;
    handle->object = order->object;
    handle->release = order->release;
    if (order->size) {
        uint64_t total = sizeof header + round8(order->size);
        handle->object = backend_object(header_sized(HEADER_RAW, total), total, 16);
    }
    if (order->release) buskin_gc_backend.finalise(handle, share_handle_dies);
    return handle->object ? handle : NULL;
}

/* -- Blocks -- */

/* A new object lies behind its handle, in the block. */
static bool fill_handle(handle_t *handle, const order_t *order) {
    handle->object = order->size ? (void *)(handle + 1) : order->object;
    return order->size || backend_root(order->object, &handle->root);
}

static void *block_handle(pool_t *pool, heap_t *heap, const order_t *order) {
    uint64_t total = sizeof(header_t) + sizeof(handle_t) + round8(order->size);
    share_t *s = shares_reserve(heap, pool, 1) ? share_new(pool, header_of_handles(), total) : NULL;
    if (!s) return NULL;
    handle_t *handle = (handle_t *)(void *)s->payload;
    if (!fill_handle(handle, order)) {
        share_drop(pool, s); /* without a release function: nothing has been made */
        return NULL;
    }
    handle->release = order->release;
    shares_add(heap, pool, s);
    return handle;
}

/* -- Entries -- */

static uint64_t make_run(caller_t *c, uint64_t order_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    const order_t *order = (const order_t *)(uintptr_t)order_address;
    (void)a2, (void)a3, (void)a4;
    if (backend_whole) return (uint64_t)(uintptr_t)whole_handle(order);
    pool_t *pool = caller_pool(c);
    heap_t *heap = heap_ensure(&c->self->ctx, pool);
    void *handle = heap ? block_handle(pool, heap, order) : NULL;
    caller_done(c);
    return (uint64_t)(uintptr_t)handle;
}

static void *make(const order_t *order) {
    const buskin_context_t *ctx = here();
    if (is_actor(ctx) && heap_wants_collection(ctx)) buskin_gc_collect();
    return (void *)(uintptr_t)caller_run(make_run, (uint64_t)(uintptr_t)order, 0, 0, 0, 0);
}

void *buskin_shared_handle(void *object, void (*release)(void *object)) {
    order_t order = {.object = object, .release = release};
    return is_up() && object ? make(&order) : NULL;
}

void *buskin_shared_alloc(uint64_t size, void (*release)(void *object)) {
    order_t order = {.size = size ? size : 1, .release = release};
    return is_up() && size <= arena_bytes / 4 ? make(&order) : NULL;
}

static uint64_t release_run(caller_t *c, uint64_t handle, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a2, (void)a3, (void)a4;
    heap_t *heap = heap_of(&c->self->ctx);
    share_t *s = heap ? shares_find(heap, (const void *)(uintptr_t)handle) : NULL;
    if (!s || header_desc(s->header) != &share_handle_desc) return (uint64_t)BUSKIN_EINVAL;
    shares_remove(heap, caller_pool(c), s);
    caller_done(c);
    return BUSKIN_OK;
}

int32_t buskin_shared_release(void *handle) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (!handle) return BUSKIN_EINVAL;
    if (backend_whole) return BUSKIN_OK; /* its collector will find it */
    return (int32_t)caller_run(release_run, (uint64_t)(uintptr_t)handle, 0, 0, 0, (uint64_t)BUSKIN_ESTATE);
}

/* -- Roots -- */

int32_t buskin_gc_add_roots(void *start, uint64_t bytes) {
    uint64_t from = (uint64_t)(uintptr_t)start;
    if (!start || !bytes || from % 8 || from + bytes < from) return BUSKIN_EINVAL;
    return backend_add_roots(start, bytes) ? BUSKIN_OK : BUSKIN_ENOMEM;
}

void buskin_gc_write_hook(void *object, void *value) { (void)object, (void)value; }
