/* fibre.h - tells the sanitizers which stack runs. Nothing at all in other builds.
 *
 * Each actor is a fibre of TSan, made at its first run and destroyed at its end; for ASan each switch names the bounds
 * of the stack that is entered. switch.S calls fibre_to_worker and fibre_to_actor around every handler.
 */
#ifndef BUSKIN_FIBRE_H
#define BUSKIN_FIBRE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define BUSKIN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUSKIN_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define BUSKIN_TSAN 1
#endif
#endif

#ifdef BUSKIN_ASAN
void __asan_unpoison_memory_region(const volatile void *p, size_t n);
/* Frames that were left for good may have poisoned these bytes. */
static inline void fibre_unpoison(const void *p, size_t n) { __asan_unpoison_memory_region(p, n); }
#else
static inline void fibre_unpoison(const void *p, size_t n) {
    (void)p;
    (void)n;
}
#endif

struct actor;
#ifdef BUSKIN_TSAN
void fibre_end(const struct actor *a); /* the actor will not run again */
#else
static inline void fibre_end(const struct actor *a) { (void)a; }
#endif

#endif
