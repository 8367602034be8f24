/* string.c - strings: length, slices, comparison, letter case, concatenation.
 *
 * A string is immutable and knows its length in bytes. Lengths and slices count code points, by the rule that
 * every byte but a continuation (0x80 to 0xBF) begins one; sources are checked to be UTF-8 by the lexer, so no text is
 * malformed unless foreign bytes were. Functions that would return an equal string return their argument instead.
 */
#include <string.h>

#include "skit.h"

const buskin_desc_t skit_string_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "String"};
const buskin_desc_t skit_literal_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_IMMORTAL, .elem_size = 1, .name = "String"};

static const struct {
    const buskin_desc_t *desc;
    uint64_t length;
} string_empty = {&skit_literal_desc, 0};

SKIT_CODE skit_string_t *skit_string_new(uint64_t length) {
    if (length == 0) return (skit_string_t *)(uintptr_t)&string_empty.length;
    skit_charge(length);
    return buskin_alloc_array(&skit_string_desc, length);
}

SKIT_CODE skit_string_t *skit_string_of(const char *bytes, uint64_t length) {
    skit_string_t *s = skit_string_new(length);
    if (length > 0) memcpy(s->bytes, bytes, length);
    return s;
}

/* -- Code points -------------------------------------------------------------------------------------------- */

static inline bool string_begins_point(char byte) { return ((unsigned char)byte & 0xC0) != 0x80; }

SKIT_CODE int64_t skit_string_length(const skit_string_t *s) {
    skit_charge(s->length);
    int64_t points = 0;
    for (uint64_t i = 0; i < s->length; i++) points += string_begins_point(s->bytes[i]);
    return points;
}

/* The byte offset of code point `point`, counted from the one that begins at byte `at`; at most the length. */
SKIT_CODE static uint64_t string_offset(const skit_string_t *s, uint64_t at, int64_t point) {
    while (point > 0 && at < s->length) {
        at++;
        while (at < s->length && !string_begins_point(s->bytes[at])) at++;
        point--;
    }
    return at;
}

SKIT_CODE const skit_string_t *skit_string_slice(const skit_string_t *s, int64_t from, int64_t to) {
    if (from < 0) from = 0;
    if (to <= from) return skit_string_new(0);
    skit_charge(s->length);
    uint64_t first = string_offset(s, 0, from);
    uint64_t last = string_offset(s, first, to - from);
    if (last - first == s->length) return s;
    return skit_string_of(s->bytes + first, last - first);
}

/* -- Comparison --------------------------------------------------------------------------------------------- */

SKIT_CODE bool skit_string_equal(const skit_string_t *a, const skit_string_t *b) {
    return a == b || (a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0);
}

SKIT_CODE bool skit_string_equal_bytes(const skit_string_t *s, const char *bytes, int64_t length) {
    return s->length == (uint64_t)length && memcmp(s->bytes, bytes, (size_t)length) == 0;
}

SKIT_CODE int64_t skit_string_order(const skit_string_t *a, const skit_string_t *b) {
    uint64_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->bytes, b->bytes, common);
    if (order != 0) return order < 0 ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

/* -- New strings -------------------------------------------------------------------------------------------- */

SKIT_CODE const skit_string_t *skit_string_concat(const skit_string_t *a, const skit_string_t *b) {
    if (a->length == 0) return b;
    if (b->length == 0) return a;
    skit_string_t *s = skit_string_new(a->length + b->length);
    memcpy(s->bytes, a->bytes, a->length);
    memcpy(s->bytes + a->length, b->bytes, b->length);
    return s;
}

static inline bool string_is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

SKIT_CODE const skit_string_t *skit_string_trim(const skit_string_t *s) {
    uint64_t first = 0;
    uint64_t last = s->length;
    while (first < last && string_is_blank(s->bytes[first])) first++;
    while (last > first && string_is_blank(s->bytes[last - 1])) last--;
    if (last - first == s->length) return s;
    return skit_string_of(s->bytes + first, last - first);
}

/* Copies with every byte in ['first', 'first' + 25] moved by `shift`: the other case of an ASCII letter. */
SKIT_CODE static const skit_string_t *string_recased(const skit_string_t *s, char first, int shift) {
    skit_string_t *cased = skit_string_of(s->bytes, s->length);
    for (uint64_t i = 0; i < s->length; i++) {
        char c = s->bytes[i];
        if (c >= first && c < first + 26) cased->bytes[i] = (char)(c + shift);
    }
    return cased;
}

SKIT_CODE const skit_string_t *skit_string_to_upper(const skit_string_t *s) {
    return string_recased(s, 'a', 'A' - 'a');
}

SKIT_CODE const skit_string_t *skit_string_to_lower(const skit_string_t *s) {
    return string_recased(s, 'A', 'a' - 'A');
}
