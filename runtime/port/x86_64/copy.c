/* copy.c - line copies for stacks. 16-byte moves: baseline x86-64, no feature test, no call into libc, whose
 * interceptors in sanitizer builds would object to copying frames. */
#include "port/port.h"

#include <emmintrin.h>

__attribute__((no_sanitize("address", "thread", "undefined"))) void copy_lines(char *to, const char *from,
                                                                               size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(from + i + 16));
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(from + i + 32));
        __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(from + i + 48));
        _mm_storeu_si128((__m128i *)(void *)(to + i), a);
        _mm_storeu_si128((__m128i *)(void *)(to + i + 16), b);
        _mm_storeu_si128((__m128i *)(void *)(to + i + 32), c);
        _mm_storeu_si128((__m128i *)(void *)(to + i + 48), d);
    }
}
