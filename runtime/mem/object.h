/* object.h - heap objects: an 8-byte header, then the payload that pointers point to.
 *
 * The header of an ordinary object is the address of its descriptor, so emitted code stores it with one
 * instruction and reads a variant's index through it. Descriptors are 8-byte aligned; the low three bits of
 * a header tell the other shapes apart, and bit 63 is the collector's mark, set only while it runs. Objects in an
 * area lie one after the other without holes (a gap has a header too), so an area can be walked from its start.
 */
#ifndef BUSKIN_OBJECT_H
#define BUSKIN_OBJECT_H

#include "buskin.h"

typedef uint64_t header_t;

enum {
    HEADER_DESC = 0,    /* address of a buskin_desc_t */
    HEADER_RAW = 1,     /* total bytes << 3: scanned conservatively */
    HEADER_GAP = 2,     /* total bytes << 3: nothing lives here */
    HEADER_MESSAGE = 3, /* descriptor of the slots that follow [tag][length] */
    HEADER_BYTES = 5,   /* total bytes << 3: no pointers */
    HEADER_FORWARD = 7, /* while a graph is copied: offset << 3 of the copy */
    HEADER_KIND = 7
};
#define HEADER_MARK (1ull << 63)

static inline header_t *object_header(const void *object) { return (header_t *)(uintptr_t)object - 1; }
static inline unsigned header_kind(header_t h) { return (unsigned)(h & HEADER_KIND); }
static inline header_t header_sized(unsigned kind, uint64_t total) { return total << 3 | kind; }
static inline uint64_t header_total(header_t h) { return (h & ~HEADER_MARK) >> 3; }
static inline const buskin_desc_t *header_desc(header_t h) {
    return (const buskin_desc_t *)(uintptr_t)(h & ~(HEADER_MARK | HEADER_KIND));
}

static inline uint64_t round8(uint64_t bytes) { return (bytes + 7) & ~7ull; }

/* Payload bytes of an object of this kind; count is the first word of an array's payload. */
static inline uint64_t desc_payload(const buskin_desc_t *desc, uint64_t count) {
    uint64_t bytes = desc->size;
    if (desc->flags & BUSKIN_DESC_ARRAY) bytes += count * desc->elem_size;
    return round8(bytes);
}

/* Bytes from the object's header to the next header. */
static inline uint64_t object_total(const void *object, header_t h) {
    switch (header_kind(h)) {
    case HEADER_DESC: return 8 + desc_payload(header_desc(h), *(const uint64_t *)object);
    case HEADER_MESSAGE: return 8 + sizeof(buskin_message_t) + round8(header_desc(h)->size);
    default: return header_total(h);
    }
}

/* Calls visit(slot, data) for each slot of the object that holds a typed pointer. */
typedef void (*slot_visitor)(uint64_t *slot, void *data);

static inline __attribute__((always_inline)) void desc_slots(const buskin_desc_t *desc, uint64_t *payload,
                                                             slot_visitor visit, void *data) {
    const uint32_t *offsets = desc->offsets;
    for (unsigned i = 0; i < desc->npointers; i++) visit(payload + offsets[i] / 8, data);
    if (desc->elem_pointers) {
        char *element = (char *)payload + desc->size;
        for (uint64_t n = payload[0]; n; n--, element += desc->elem_size)
            for (unsigned i = 0; i < desc->elem_pointers; i++)
                visit((uint64_t *)(void *)(element + offsets[desc->npointers + i]), data);
    }
}

static inline __attribute__((always_inline)) void object_slots(uint64_t *payload, header_t h, slot_visitor visit,
                                                               void *data) {
    if (header_kind(h) == HEADER_DESC)
        desc_slots(header_desc(h), payload, visit, data);
    else if (header_kind(h) == HEADER_MESSAGE)
        desc_slots(header_desc(h), payload + 2, visit, data);
}

#endif
