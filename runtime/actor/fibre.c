/* fibre.c - what switch.S tells the sanitizers; compiled to nothing in other builds.
 *
 * Both functions run on the thread's stack, before and after a handler. TSan keeps a fibre per actor, because its
 * shadow call stack must not mix two actors that share a slot; ASan only wants to know the bounds of the stack in use.
 */
#include "port/fibre.h"

#include "actor/stack.h"
#include "actor/table.h"

#if defined(BUSKIN_ASAN) || defined(BUSKIN_TSAN)
#define UNSANITIZED __attribute__((no_sanitize("address", "thread"), disable_sanitizer_instrumentation))
void fibre_to_worker(actor_t *a);
void fibre_to_actor(actor_t *a);
#endif

#ifdef BUSKIN_ASAN
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);

static _Thread_local const void *thread_bottom;
static _Thread_local size_t thread_size;

UNSANITIZED void fibre_to_worker(actor_t *a) {
    (void)a;
    __sanitizer_start_switch_fiber(NULL, thread_bottom, thread_size);
    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
}

UNSANITIZED void fibre_to_actor(actor_t *a) {
    char *bottom = stack_bottom(a);
    __sanitizer_start_switch_fiber(NULL, bottom, (size_t)(stack_top(a) + 64 - bottom));
    __sanitizer_finish_switch_fiber(NULL, &thread_bottom, &thread_size);
}
#endif

#ifdef BUSKIN_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

static _Thread_local void *thread_fibre;
static void *fibres[1 << 20]; /* by slot of the actor table */

static UNSANITIZED void **fibre_of(const actor_t *a) {
    size_t i = (size_t)(a - table_base);
    BUG_IF(i >= sizeof fibres / sizeof *fibres);
    return &fibres[i];
}

UNSANITIZED void fibre_to_worker(actor_t *a) {
    (void)a;
    __tsan_switch_to_fiber(thread_fibre, 0);
}

UNSANITIZED void fibre_to_actor(actor_t *a) {
    void **fibre = fibre_of(a);
    if (!thread_fibre) thread_fibre = __tsan_get_current_fiber();
    if (!*fibre) *fibre = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(*fibre, 0);
}

UNSANITIZED void fibre_end(const actor_t *a) {
    void **fibre = fibre_of(a);
    if (*fibre) __tsan_destroy_fiber(*fibre);
    *fibre = NULL;
}
#endif
