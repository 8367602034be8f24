/* search.c - strings in strings: contains, starts and ends, split, join, replace.
 *
 * Patterns are short in practice, so the search looks for the first byte with memchr and compares there. An
 * empty pattern is in every string; replacing it changes nothing; splitting by it is refused by compiled code,
 * which knows the place for the panic.
 */
#include <string.h>

#include "skit.h"

/* The offset of the first occurrence of part in s at or after `at`, or UINT64_MAX. part is not empty. */
SKIT_CODE static uint64_t search_from(const skit_string_t *s, uint64_t at, const skit_string_t *part) {
    while (s->length - at >= part->length) {
        const char *hit = memchr(s->bytes + at, part->bytes[0], s->length - at - part->length + 1);
        if (hit == NULL) break;
        if (memcmp(hit, part->bytes, part->length) == 0) return (uint64_t)(hit - s->bytes);
        at = (uint64_t)(hit - s->bytes) + 1;
    }
    return UINT64_MAX;
}

SKIT_CODE bool skit_string_contains(const skit_string_t *s, const skit_string_t *part) {
    skit_charge(s->length);
    return part->length == 0 || search_from(s, 0, part) != UINT64_MAX;
}

SKIT_CODE bool skit_string_starts_with(const skit_string_t *s, const skit_string_t *part) {
    return s->length >= part->length && memcmp(s->bytes, part->bytes, part->length) == 0;
}

SKIT_CODE bool skit_string_ends_with(const skit_string_t *s, const skit_string_t *part) {
    return s->length >= part->length && memcmp(s->bytes + s->length - part->length, part->bytes, part->length) == 0;
}

SKIT_CODE const skit_string_t *skit_string_replace(const skit_string_t *s, const skit_string_t *from,
                                                   const skit_string_t *to) {
    if (from->length == 0) return s;
    uint64_t count = 0;
    for (uint64_t at = 0; (at = search_from(s, at, from)) != UINT64_MAX; at += from->length) count++;
    if (count == 0) return s;
    skit_string_t *result = skit_string_new(s->length - count * from->length + count * to->length);
    char *out = result->bytes;
    uint64_t done = 0;
    for (uint64_t at; (at = search_from(s, done, from)) != UINT64_MAX; done = at + from->length) {
        memcpy(out, s->bytes + done, at - done);
        memcpy(out + (at - done), to->bytes, to->length);
        out += at - done + to->length;
    }
    memcpy(out, s->bytes + done, s->length - done);
    return result;
}

/* Appends to a list whose last link is *link; answers the new last link. */
SKIT_CODE static skit_list_t **search_append(skit_list_t **link, const skit_string_t *part) {
    skit_list_t *node = buskin_alloc(&skit_list_object_desc);
    node->head = (uint64_t)(uintptr_t)part;
    *link = node;
    return &node->tail;
}

SKIT_CODE const skit_list_t *skit_string_split(const skit_string_t *s, const skit_string_t *separator) {
    skit_list_t *parts = NULL;
    skit_list_t **link = &parts;
    uint64_t done = 0;
    for (uint64_t at; (at = search_from(s, done, separator)) != UINT64_MAX; done = at + separator->length)
        link = search_append(link, skit_string_of(s->bytes + done, at - done));
    search_append(link, skit_string_of(s->bytes + done, s->length - done));
    return parts;
}

static inline const skit_string_t *search_part(const skit_list_t *node) {
    return (const skit_string_t *)(uintptr_t)node->head;
}

SKIT_CODE const skit_string_t *skit_string_join(const skit_list_t *parts, const skit_string_t *separator) {
    uint64_t length = 0;
    for (const skit_list_t *p = parts; p != NULL; p = p->tail)
        length += search_part(p)->length + (p->tail != NULL ? separator->length : 0);
    skit_string_t *s = skit_string_new(length);
    char *out = s->bytes;
    for (const skit_list_t *p = parts; p != NULL; p = p->tail) {
        const skit_string_t *part = search_part(p);
        memcpy(out, part->bytes, part->length);
        out += part->length;
        if (p->tail != NULL) {
            memcpy(out, separator->bytes, separator->length);
            out += separator->length;
        }
    }
    return s;
}
