/* descriptor.c - descriptors of heap objects and of buffers of slots, and objects that are constant data.
 *
 * A descriptor says how large the payload is and which of its bytes are managed pointers; collector and message
 * copy go by nothing else. An immortal object is a constant whose header names a twin of the descriptor with
 * the immortal flag, so that the runtime sees from the header alone that it must not touch it.
 */
#include "cg.h"

#include <stdlib.h>

/* -- The constant -------------------------------------------------------------------------------------- */

static LLVMValueRef offsets_constant(buskin_cg_t *cg, const cg_desc_parts_t *d) {
    unsigned n = d->npointers + d->elem_pointers;
    if (n == 0) return NULL;
    LLVMValueRef *values = calloc(n, sizeof *values);
    if (!values) return cg_fail(cg, "no memory"), NULL;
    for (unsigned i = 0; i < n; i++) values[i] = cg_int(cg->type_i32, d->offsets[i]);
    LLVMValueRef array = LLVMConstArray2(cg->type_i32, values, n);
    free(values);
    return array;
}

static LLVMValueRef desc_constant(buskin_cg_t *cg, const cg_desc_parts_t *d, uint32_t flags) {
    uint64_t length = 0;
    while (d->name && d->name[length]) length++;
    const cg_field_t fields[] = {
        {"size", cg_int(cg->type_i32, d->size)},
        {"flags", cg_int(cg->type_i16, d->flags | flags)},
        {"npointers", cg_int(cg->type_i16, d->npointers)},
        {"user", cg_int(cg->type_i32, d->user)},
        {"elem_size", cg_int(cg->type_i16, d->elem_size)},
        {"elem_pointers", cg_int(cg->type_i16, d->elem_pointers)},
        {"name", d->name ? buskin_cg_text(cg, d->name, length) : NULL},
        {"offsets", offsets_constant(cg, d)},
    };
    LLVMValueRef record = cg_record(cg, "desc", sizeof(buskin_desc_t), fields, sizeof fields / sizeof *fields);
    return record ? cg_constant(cg, record, "buskin.desc") : NULL;
}

/* -- Descriptors of objects ---------------------------------------------------------------------------- */

static uint64_t round8(uint64_t n) { return (n + 7) & ~UINT64_C(7); }

/* Payloads are aligned to 8, so nothing in them may want more. */
static bool part_ok(buskin_cg_t *cg, LLVMTypeRef type, const char *part) {
    if (!cg_is_plain(type))
        return cg_fail(cg, "describe: the %s has no size, or cannot lie in memory as it is", part), false;
    if (LLVMABIAlignmentOfType(cg->data, type) > 8)
        return cg_fail(cg, "describe: the %s wants an alignment above 8", part), false;
    return true;
}

static bool fixed_ok(buskin_cg_t *cg, const buskin_cg_object_t *o) {
    if (!o->fixed) return true;
    if (LLVMGetTypeKind(o->fixed) != LLVMStructTypeKind)
        return cg_fail(cg, "describe: fixed is not a struct type"), false;
    if (!part_ok(cg, o->fixed, "fixed part")) return false;
    if (LLVMABISizeOfType(cg->data, o->fixed) > UINT32_MAX - 8)
        return cg_fail(cg, "describe: an object of more than 4 GiB"), false;
    bool counted = LLVMCountStructElementTypes(o->fixed) && LLVMStructGetTypeAtIndex(o->fixed, 0) == cg->type_i64;
    if (o->element && !counted) return cg_fail(cg, "describe: an array's fixed part begins with its i64 count"), false;
    return true;
}

static bool element_ok(buskin_cg_t *cg, const buskin_cg_object_t *o) {
    if (!o->element) return true;
    if (!part_ok(cg, o->element, "element")) return false;
    uint64_t size = LLVMABISizeOfType(cg->data, o->element);
    if (size == 0 || size > UINT16_MAX)
        return cg_fail(cg, "describe: elements have 1 to 65535 bytes, not %llu", (unsigned long long)size), false;
    return true;
}

static uint64_t fixed_size(buskin_cg_t *cg, const buskin_cg_object_t *o) {
    uint64_t size = o->fixed ? round8(LLVMABISizeOfType(cg->data, o->fixed)) : 0;
    return o->element && size < 8 ? 8 : size;
}

/* Fills npointers, elem_pointers and offsets. */
static int parts_add_pointers(buskin_cg_t *cg, const buskin_cg_object_t *o, cg_desc_parts_t *d) {
    cg_offsets_t offsets = {0};
    if (o->fixed) cg_add_fields(cg->data, o->fixed, o->managed, &offsets);
    d->npointers = offsets.n;
    if (o->element) cg_add_fields(cg->data, o->element, o->element_managed, &offsets);
    d->elem_pointers = offsets.n - d->npointers;
    uint32_t *kept = offsets.too_many ? NULL : cg_keep(cg, (offsets.n + 1) * sizeof *kept);
    for (unsigned i = 0; kept && i < offsets.n; i++) kept[i] = offsets.at[i];
    d->offsets = kept;
    bool too_many = offsets.too_many;
    free(offsets.at);
    if (too_many) return cg_fail(cg, "describe: more pointers than a descriptor can list");
    return kept ? 0 : -1;
}

static bool binary_ok(buskin_cg_t *cg, const buskin_cg_object_t *o, const cg_desc_parts_t *d) {
    if (!o->binary || (o->element && !o->conservative && !d->npointers && !d->elem_pointers)) return true;
    return cg_fail(cg, "describe: a binary is an array without pointers"), false;
}

buskin_cg_desc_t *buskin_cg_describe(buskin_cg_t *cg, const buskin_cg_object_t *object) {
    if (!cg_ready(cg, "describe")) return NULL;
    if (!fixed_ok(cg, object) || !element_ok(cg, object)) return NULL;
    buskin_cg_desc_t *desc = cg_keep(cg, sizeof *desc);
    if (!desc) return NULL;
    cg_desc_parts_t *d = &desc->parts;
    d->name = object->name ? cg_keep_text(cg, object->name) : NULL;
    desc->fixed = object->fixed;
    d->size = (uint32_t)fixed_size(cg, object);
    d->flags = (object->element ? BUSKIN_DESC_ARRAY : 0) | (object->conservative ? BUSKIN_DESC_CONSERVATIVE : 0) |
               (object->binary ? BUSKIN_DESC_BINARY : 0);
    d->user = object->user;
    d->elem_size = object->element ? (uint32_t)LLVMABISizeOfType(cg->data, object->element) : 0;
    if (parts_add_pointers(cg, object, d) || !binary_ok(cg, object, d)) return NULL;
    desc->value = desc_constant(cg, d, 0);
    return desc->value ? desc : NULL;
}

LLVMValueRef buskin_cg_desc_value(const buskin_cg_desc_t *desc) { return desc ? desc->value : NULL; }

/* -- Descriptors of buffers ---------------------------------------------------------------------------- */

LLVMValueRef cg_slots_descriptor(buskin_cg_t *cg, const char *name, const buskin_cg_slot_t *slots,
                                 const buskin_cg_place_t *places, unsigned n, uint64_t size) {
    cg_offsets_t offsets = {0};
    for (unsigned i = 0; i < n; i++)
        if (slots[i].flags & BUSKIN_CG_MANAGED) cg_add_pointers(cg->data, slots[i].type, places[i].offset, &offsets);
    cg_desc_parts_t d = {.name = name, .size = (uint32_t)size, .npointers = offsets.n, .offsets = offsets.at};
    LLVMValueRef desc = NULL;
    if (offsets.too_many)
        cg_fail(cg, "%s: more pointers than a descriptor can list", name);
    else
        desc = desc_constant(cg, &d, 0);
    free(offsets.at);
    return desc;
}

/* -- Immortal objects ---------------------------------------------------------------------------------- */

/* The count of an array's constant payload: its first word. */
static bool payload_count(LLVMValueRef payload, uint64_t *count) {
    LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(payload));
    if (kind != LLVMStructTypeKind && kind != LLVMArrayTypeKind) return false;
    LLVMValueRef first = LLVMGetAggregateElement(payload, 0);
    if (first && LLVMGetTypeKind(LLVMTypeOf(first)) == LLVMStructTypeKind) first = LLVMGetAggregateElement(first, 0);
    if (!first || !LLVMIsAConstantInt(first) || LLVMGetIntTypeWidth(LLVMTypeOf(first)) != 64) return false;
    *count = LLVMConstIntGetZExtValue(first);
    return true;
}

static bool payload_ok(buskin_cg_t *cg, const cg_desc_parts_t *d, LLVMValueRef payload) {
    if (!payload || !LLVMIsConstant(payload)) return cg_fail(cg, "immortal: the payload is not a constant"), false;
    uint64_t count = 0, room = LLVMABISizeOfType(cg->data, LLVMTypeOf(payload));
    bool array = d->flags & BUSKIN_DESC_ARRAY;
    if (array && !payload_count(payload, &count))
        return cg_fail(cg, "immortal: an array's payload begins with its i64 count"), false;
    if (array && count > UINT32_MAX) return cg_fail(cg, "immortal: the count is too large"), false;
    uint64_t need = d->size + count * d->elem_size;
    if (room < need || round8(room) > round8(need))
        return cg_fail(cg, "immortal: the payload has %llu bytes, its descriptor says %llu", (unsigned long long)room,
                       (unsigned long long)need),
               false;
    return true;
}

static LLVMValueRef immortal_object(buskin_cg_t *cg, buskin_cg_desc_t *desc, LLVMValueRef payload) {
    LLVMValueRef parts[] = {desc->immortal, payload};
    LLVMValueRef object = cg_constant(cg, LLVMConstStructInContext(cg->context, parts, 2, 0), "buskin.immortal");
    LLVMValueRef header = cg_int(cg->type_i64, 8);
    return LLVMConstInBoundsGEP2(cg->type_i8, object, &header, 1);
}

LLVMValueRef buskin_cg_immortal(buskin_cg_t *cg, buskin_cg_desc_t *desc, LLVMValueRef payload) {
    if (!cg_ready(cg, "immortal")) return NULL;
    if (!desc) return cg_fail(cg, "immortal: the descriptor is missing"), NULL;
    if (!payload_ok(cg, &desc->parts, payload)) return NULL;
    if (!desc->immortal) desc->immortal = desc_constant(cg, &desc->parts, BUSKIN_DESC_IMMORTAL);
    return desc->immortal ? immortal_object(cg, desc, payload) : NULL;
}

LLVMValueRef buskin_cg_immortal_bytes(buskin_cg_t *cg, buskin_cg_desc_t *desc, const char *bytes, uint64_t length) {
    if (!cg_ready(cg, "immortal_bytes")) return NULL;
    if (!desc || desc->parts.elem_size != 1 || desc->parts.size != 8)
        return cg_fail(cg, "immortal_bytes: the descriptor is not of a plain array of bytes"), NULL;
    LLVMValueRef parts[] = {cg_int(cg->type_i64, length), LLVMConstStringInContext2(cg->context, bytes, length, 1)};
    return buskin_cg_immortal(cg, desc, LLVMConstStructInContext(cg->context, parts, 2, 0));
}
