/* reason.h - why an actor ends: a fragment whose data is a buskin_notice and the reason's bytes. */
#ifndef BUSKIN_REASON_H
#define BUSKIN_REASON_H

#include "mem/fragment.h"

/* With room for `length` bytes, which the caller fills in. NULL: no memory. */
static inline fragment_t *reason_room(pool_t *pool, uint32_t code, uint64_t length) {
    fragment_t *f = length < arena_bytes ? fragment_new(pool, sizeof(buskin_notice_t) + round8(length)) : NULL;
    if (!f) return NULL;
    *(buskin_notice_t *)(void *)f->data = (buskin_notice_t){.code = code, .length = length};
    if (length & 7) f->data[sizeof(buskin_notice_t) / 8 + length / 8] = 0;
    f->header = header_sized(HEADER_BYTES, 8 + sizeof(buskin_message_t) + sizeof(buskin_notice_t) + round8(length));
    f->length = sizeof(buskin_notice_t) + length;
    f->tag = 0;
    return f;
}

/* NULL: no memory. The caller may fill in from and ref. */
static inline fragment_t *reason_new(pool_t *pool, uint32_t code, const void *bytes, uint64_t length) {
    fragment_t *f = reason_room(pool, code, length);
    if (f && length) memcpy(f->data + sizeof(buskin_notice_t) / 8, bytes, length);
    return f;
}

static inline buskin_notice_t *reason_notice(fragment_t *f) { return (buskin_notice_t *)(void *)f->data; }
static inline const char *reason_bytes(const fragment_t *f) { return (const char *)f->data + sizeof(buskin_notice_t); }

#endif
