/* scan.c - the scan with SSE2, which every x86-64 has: 16 words to a round. */
#include "port/scan.h"

#include <emmintrin.h>

static inline __m128i scan_four(const uint32_t *words, const scan_pattern_t *patterns, uint32_t n) {
    __m128i four = _mm_load_si128((const __m128i *)(const void *)words), fits = _mm_setzero_si128();
    for (uint32_t i = 0; i < n; i++) {
        __m128i masked = _mm_and_si128(four, _mm_set1_epi32((int)patterns[i].mask));
        fits = _mm_or_si128(fits, _mm_cmpeq_epi32(masked, _mm_set1_epi32((int)patterns[i].value)));
    }
    return fits;
}

/* A bit for each word of the block. */
static inline uint32_t scan_block(const uint32_t *words, const scan_pattern_t *patterns, uint32_t n) {
    __m128i low = _mm_packs_epi32(scan_four(words, patterns, n), scan_four(words + 4, patterns, n));
    __m128i high = _mm_packs_epi32(scan_four(words + 8, patterns, n), scan_four(words + 12, patterns, n));
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
}

uint32_t scan_words(const uint32_t *words, uint32_t from, uint32_t to, const scan_pattern_t *patterns, uint32_t n) {
    uint32_t block = from & ~(uint32_t)(SCAN_BLOCK - 1), wanted = ~0u << (from - block);
    for (; block < to; block += SCAN_BLOCK, wanted = ~0u) {
        uint32_t fits = scan_block(words + block, patterns, n) & wanted;
        if (!fits) continue;
        uint32_t at = block + (uint32_t)__builtin_ctz(fits);
        return at < to ? at : to;
    }
    return to;
}
