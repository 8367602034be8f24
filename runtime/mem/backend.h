/* backend.h - the second collector: what libbuskin-gc.a gives to libbuskin.a, and what the runtime makes of it.
 *
 * libbuskin.a knows it by one weak symbol, a table of functions, and needs nothing else of it. It has two uses:
 *
 *   the shared heap   objects of code outside actors. It collects by itself and stops the threads that have allocated
 *                     on it; workers have not. Memory of actors is never traced: an actor refers to a shared object through a
 *                     counted handle.
 *   the whole heap    BUSKIN_GC=boehm: objects of actors, and fragments, too. It collects only when the runtime
 *                     has stopped all actors (sched/world.c), and is told where their frames are.
 *
 * In whole mode a fragment is a root from its making until an actor adopts it, in whatever list, timer or thread it is:
 * all fragments in flight hang in one list. Adopted ones live as long as a frame or an object refers to them. Free lists
 * of fragments stay empty and allocation runs are empty too, so all fast paths fall through to the slow ones of themselves.
 */
#ifndef BUSKIN_BACKEND_H
#define BUSKIN_BACKEND_H

#include "base/atomic.h"
#include "mem/object.h"

#include <stdbool.h>

typedef void backend_push(const void *low, const void *high);

typedef struct gc_backend {
    /* Starts it, or changes its use. roots calls push for each range of words that may be pointers. false: it cannot. */
    bool (*open)(bool whole, void (*roots)(backend_push *push));
    /* Zeroed, 16-byte aligned; pointers: it may hold some. NULL: no memory. The calling thread's stack holds roots from
     * then on until the thread ends. */
    void *(*alloc)(uint64_t bytes, bool pointers);
    void (*give)(void *p);
    void (*collect)(void);  /* whole mode: actors are stopped */
    uint64_t (*live)(void); /* bytes in use */
    void (*add_roots)(void *low, void *high);
    /* Keeps object, and what it refers to, until unroot gets the result. Any thread. NULL: no memory. */
    void *(*root)(void *object);
    void (*unroot)(void *root);
    /* Whole mode: calls dead(object), once, in a collection that finds no reference to it, and which keeps it till the next. */
    void (*finalise)(void *object, void (*dead)(void *object));
} gc_backend_t;

extern const gc_backend_t buskin_gc_backend __attribute__((weak));

extern bool backend_whole;                 /* actors live on it */
extern _Atomic uint64_t backend_allocated; /* whole mode: bytes since the last collection */
extern _Atomic uint64_t backend_threshold;

static inline bool backend_present(void) { return &buskin_gc_backend != NULL; }
static inline bool backend_wants_collection(void) {
    return atomic_load_explicit(&backend_allocated, memory_order_relaxed) >=
           atomic_load_explicit(&backend_threshold, memory_order_relaxed);
}

/* An object of total bytes, header included, for the calling thread or its actor. NULL: no memory. */
void *backend_object(header_t header, uint64_t total, uint64_t align);
/* The shared heap, opened when first used. NULL: no memory, or no backend. */
void *backend_shared_object(header_t header, uint64_t total, uint64_t align);

/* Keeps an object of the shared heap; *root is for unroot, NULL if there is no shared heap. false: no memory. */
bool backend_root(void *object, void **root);
/* Words there may be pointers to objects of the shared heap, for as long as the process lives. Any thread, any time, and
 * several times. true also if there is no backend. */
bool backend_add_roots(void *start, uint64_t bytes);

/* Fragments of the whole heap. */
void *backend_fragment_take(uint64_t bytes);
void backend_fragment_give(void *fragment);
/* An actor refers to it from now on: it is no root any more. */
void backend_fragment_adopt(void *fragment);
uint64_t backend_fragment_bytes(const void *fragment);

/* false: it cannot. roots leaves out the fragments in flight. */
bool backend_open_whole(void (*roots)(backend_push *push));
void backend_close_whole(void);
/* All actors are stopped. */
void backend_collect(void);
uint64_t backend_collections(void);

#endif
