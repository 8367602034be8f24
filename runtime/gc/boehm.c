/* boehm.c - libbuskin-gc.a: the Boehm collector (libgc 8.2) behind the runtime's table of functions.
 *
 * Shared use: libgc collects by itself, and stops with its signals the threads that have joined, which is each thread
 * outside the runtime that has allocated.
 *
 * Whole use: libgc never collects by itself, because actors' frames lie on stacks that it does not know. The runtime stops
 * all actors, and calls collect on one of its threads; the frames of all actors come in through push_other_roots.
 * Rejected: to tell libgc at each switch where the stack now is. A switch costs 10 ns; telling costs a lock.
 *
 * A thread joins libgc before it first allocates, and leaves when it ends, not before: libgc finds a thread's own free
 * lists by a thread-local pointer that leaving does not clear, so a thread that left and goes on allocates from lists that
 * were freed, and that the next thread to join gets. All a joined thread can show libgc in whole use is that it is stopped
 * on its own stack, with no actor's frames among its own. The runtime's threads run with all signals blocked, so joining
 * lets the two in that libgc stops threads with.
 *
 * This archive is one object of its own, so nothing of libgc is in a program that does not ask for it.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_mark.h>

#include "mem/backend.h"

#include <pthread.h>
#include <signal.h>

static void (*boehm_roots)(backend_push *push);
static GC_push_other_roots_proc boehm_default_roots;
static bool boehm_started, boehm_is_whole;
static pthread_key_t boehm_key;
static _Thread_local bool boehm_joined;

static void boehm_push(const void *low, const void *high) {
    GC_push_all_eager((void *)(uintptr_t)low, (void *)(uintptr_t)high);
}

static void boehm_push_roots(void) {
    if (boehm_is_whole) boehm_roots(boehm_push);
    if (boehm_default_roots) boehm_default_roots();
}

static void boehm_leave(void *unused) {
    (void)unused;
    GC_unregister_my_thread();
}

/* The thread that opens is what libgc takes for the main one. */
static bool boehm_start(void) {
    struct GC_stack_base base;
    if (GC_get_stack_base(&base) != GC_SUCCESS || pthread_key_create(&boehm_key, boehm_leave)) return false;
    GC_set_all_interior_pointers(1);
    GC_set_stackbottom(NULL, &base);
    GC_init();
    GC_allow_register_threads();
    boehm_default_roots = GC_get_push_other_roots();
    GC_set_push_other_roots(boehm_push_roots);
    boehm_joined = true;
    return true;
}

static bool boehm_open(bool whole, void (*roots)(backend_push *push)) {
    if (!boehm_started && !boehm_start()) return false;
    boehm_started = true;
    boehm_roots = roots;
    if (whole != boehm_is_whole) {
        if (whole)
            GC_disable();
        else
            GC_enable();
    }
    boehm_is_whole = whole;
    return true;
}

static void boehm_join(void) {
    if (boehm_joined) return;
    struct GC_stack_base base;
    if (GC_get_stack_base(&base) != GC_SUCCESS || GC_register_my_thread(&base) != GC_SUCCESS) return;
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, GC_get_suspend_signal());
    sigaddset(&stops, GC_get_thr_restart_signal());
    pthread_sigmask(SIG_UNBLOCK, &stops, NULL);
    pthread_setspecific(boehm_key, &boehm_key); /* not NULL: boehm_leave is called when the thread ends */
    boehm_joined = true;
}

static void *boehm_alloc(uint64_t bytes, bool pointers) {
    boehm_join();
    if (pointers) return GC_malloc(bytes);
    void *p = GC_malloc_atomic(bytes);
    if (p) __builtin_memset(p, 0, bytes);
    return p;
}

static void boehm_give(void *p) { GC_free(p); }

static void boehm_collect(void) {
    GC_enable();
    GC_gcollect();
    GC_disable();
}

static uint64_t boehm_live(void) { return GC_get_heap_size() - GC_get_free_bytes(); }

static void boehm_add_roots(void *low, void *high) { GC_add_roots(low, high); }

/* A root is a word that libgc scans and never frees. No thread need have joined for it: libgc's lock is enough. */
static void *boehm_root(void *object) {
    void **root = GC_malloc_uncollectable(sizeof *root);
    if (root) *root = object;
    return root;
}

static void boehm_unroot(void *root) { GC_free(root); }

static void boehm_dead(void *block, void *dead) {
    void (*call)(void *object) = (void (*)(void *))(uintptr_t)dead;
    call((char *)block + sizeof(header_t));
}

static void boehm_finalise(void *object, void (*dead)(void *object)) {
    GC_register_finalizer_no_order(object_header(object), boehm_dead, (void *)(uintptr_t)dead, NULL, NULL);
}

const gc_backend_t buskin_gc_backend = {.open = boehm_open,
                                        .alloc = boehm_alloc,
                                        .give = boehm_give,
                                        .collect = boehm_collect,
                                        .live = boehm_live,
                                        .add_roots = boehm_add_roots,
                                        .root = boehm_root,
                                        .unroot = boehm_unroot,
                                        .finalise = boehm_finalise};
