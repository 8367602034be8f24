/* scan.h - the first word of an array that fits one of a few patterns, many words at a time. */
#ifndef BUSKIN_SCAN_H
#define BUSKIN_SCAN_H

#include <stdint.h>

typedef struct scan_pattern {
    uint32_t value, mask; /* fits: (word & mask) == value */
} scan_pattern_t;

enum { SCAN_BLOCK = 16 }; /* the array has room for whole blocks of as many words, and is 16-byte aligned */

/* The first of words[from, to) that fits one of the n patterns, or `to`. Reads up to the end of to's block. */
uint32_t scan_words(const uint32_t *words, uint32_t from, uint32_t to, const scan_pattern_t *patterns, uint32_t n);

#endif
