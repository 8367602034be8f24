/* fresh.c - messages that are built where they will lie.
 *
 * A send copies what its slots refer to, although much of it was made for this message alone. Here the objects are laid
 * out by this file, at offsets that are constants, in a message that the runtime makes first:
 *
 *     message_new -- null --> the status is ENOMEM
 *        |
 *     the slots, then each object with its header, in the order of a walk from the slots; then message_send
 *
 * From the one call to the other there are stores only, so no collector can meet a message that is half built (C37). All values
 * are computed before. What is built is a tree: its leaves are plain values, and constants where a managed pointer goes. Any other pointer
 * to an object would have to be copied, and is refused.
 */
#include "cg.h"

#include <stdlib.h>

enum { HEADER = 8, WORD = 8 };

/* -- Checks ----------------------------------------------------------------------------------------------- */

static bool object_ok(buskin_cg_t *cg, const buskin_cg_fresh_t *v);

/* A value where a managed pointer lies, or a plain one. */
static bool leaf_ok(buskin_cg_t *cg, const buskin_cg_fresh_t *v, LLVMTypeRef type, bool managed) {
    if (!cg_is(cg, v->value, type, "send_new", "a value")) return false;
    if (managed && !LLVMIsConstant(v->value))
        return cg_fail(cg, "send_new: an object that is not built here would have to be copied"), false;
    return true;
}

static bool value_ok(buskin_cg_t *cg, const buskin_cg_fresh_t *v, LLVMTypeRef type, bool managed) {
    if (!v->desc) return leaf_ok(cg, v, type, managed);
    if (type != cg->type_ptr || !managed)
        return cg_fail(cg, "send_new: an object where no managed pointer goes"), false;
    return object_ok(cg, v);
}

/* Whether a managed pointer lies in these bytes of the object. */
static bool is_managed(const cg_desc_parts_t *d, uint64_t offset, uint64_t bytes) {
    for (unsigned i = 0; i < d->npointers; i++)
        if (d->offsets[i] >= offset && d->offsets[i] < offset + bytes) return true;
    return false;
}

static bool field_managed(buskin_cg_t *cg, const buskin_cg_desc_t *desc, unsigned i) {
    uint64_t bytes = LLVMABISizeOfType(cg->data, LLVMStructGetTypeAtIndex(desc->fixed, i));
    return is_managed(&desc->parts, LLVMOffsetOfElement(cg->data, desc->fixed, i), bytes);
}

static bool object_ok(buskin_cg_t *cg, const buskin_cg_fresh_t *v) {
    unsigned n = v->desc->fixed ? LLVMCountStructElementTypes(v->desc->fixed) : 0;
    if (v->desc->parts.flags & (BUSKIN_DESC_ARRAY | BUSKIN_DESC_CONSERVATIVE))
        return cg_fail(cg, "send_new: only objects of a fixed size are built in a message"), false;
    if (n != v->nfields) return cg_fail(cg, "send_new: an object of %u fields, not %u", n, v->nfields), false;
    for (unsigned i = 0; i < n; i++)
        if (!value_ok(cg, &v->fields[i], LLVMStructGetTypeAtIndex(v->desc->fixed, i), field_managed(cg, v->desc, i)))
            return false;
    return true;
}

static bool fresh_ok(buskin_cg_t *cg, const buskin_cg_slot_t *slots, const buskin_cg_fresh_t *values, unsigned n,
                     buskin_cg_place_t *places, uint64_t *size) {
    if (!cg_slots_ok(cg, "send_new", slots, n, places, size)) return false;
    if (*size == 0) return cg_fail(cg, "send_new: a message without data has nothing to build"), false;
    for (unsigned i = 0; i < n; i++)
        if (!value_ok(cg, &values[i], slots[i].type, slots[i].flags & BUSKIN_CG_MANAGED)) return false;
    return buskin_cg_declare(cg, "message_new") && buskin_cg_declare(cg, "message_send");
}

static uint64_t room_of(const buskin_cg_fresh_t *values, unsigned n) {
    uint64_t room = 0;
    for (unsigned i = 0; i < n; i++)
        if (values[i].desc) room += HEADER + values[i].desc->parts.size + room_of(values[i].fields, values[i].nfields);
    return room;
}

/* -- Building ----------------------------------------------------------------------------------------------- */

typedef struct build {
    buskin_cg_t *cg;
    LLVMBuilderRef b;
    LLVMValueRef message;
    uint64_t next; /* where in the message the next object lies */
} build_t;

static LLVMValueRef build_object(build_t *m, const buskin_cg_fresh_t *v);

static LLVMValueRef build_value(build_t *m, const buskin_cg_fresh_t *v) {
    return v->desc ? build_object(m, v) : v->value;
}

/* Nothing was zeroed: words that no value of that size fills are, before the values are stored. */
static void build_zeros(build_t *m, uint64_t at, uint64_t bytes) {
    if (!bytes) return;
    LLVMValueRef where = cg_offset(m->cg, m->b, m->message, (int64_t)at);
    if (bytes == WORD)
        cg_store(m->b, cg_int(m->cg->type_i64, 0), where, WORD);
    else
        LLVMBuildMemSet(m->b, where, cg_int(m->cg->type_i8, 0), cg_int(m->cg->type_i64, bytes), WORD);
}

static bool fills_word(buskin_cg_t *cg, LLVMTypeRef type) {
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    bool whole = kind == LLVMIntegerTypeKind || kind == LLVMDoubleTypeKind || kind == LLVMPointerTypeKind;
    return whole && LLVMSizeOfTypeInBits(cg->data, type) == 64;
}

static void build_object_zeros(build_t *m, const buskin_cg_desc_t *desc, uint64_t at, unsigned n) {
    uint64_t done = 0; /* bytes of the payload that need nothing more */
    for (unsigned i = 0; i < n; i++) {
        if (!fills_word(m->cg, LLVMStructGetTypeAtIndex(desc->fixed, i))) continue;
        uint64_t offset = LLVMOffsetOfElement(m->cg->data, desc->fixed, i);
        build_zeros(m, at + done, offset - done);
        done = offset + WORD;
    }
    build_zeros(m, at + done, desc->parts.size - done);
}

static LLVMValueRef build_object(build_t *m, const buskin_cg_fresh_t *v) {
    uint64_t at = m->next + HEADER;
    LLVMValueRef object = cg_offset(m->cg, m->b, m->message, (int64_t)at);
    m->next = at + v->desc->parts.size;
    cg_store(m->b, v->desc->value, cg_offset(m->cg, m->b, m->message, (int64_t)(at - HEADER)), WORD);
    build_object_zeros(m, v->desc, at, v->nfields);
    for (unsigned i = 0; i < v->nfields; i++) {
        LLVMValueRef value = build_value(m, &v->fields[i]);
        uint64_t offset = LLVMOffsetOfElement(m->cg->data, v->desc->fixed, i);
        unsigned align = LLVMABIAlignmentOfType(m->cg->data, LLVMTypeOf(value));
        cg_store(m->b, value, cg_offset(m->cg, m->b, object, (int64_t)offset), align);
    }
    return object;
}

/* The slots, and zeros between them. */
static void build_data(build_t *m, const buskin_cg_slot_t *slots, const buskin_cg_place_t *places,
                       const buskin_cg_fresh_t *values, unsigned n, uint64_t size) {
    enum { DATA = sizeof(buskin_message_t) };
    LLVMValueRef data = cg_offset(m->cg, m->b, m->message, DATA);
    uint64_t done = 0;
    m->next = DATA + size;
    for (unsigned i = 0; i < n; i++) {
        build_zeros(m, DATA + done, places[i].offset - done);
        done = places[i].offset + places[i].bytes;
        cg_store_slot(m->cg, m->b, data, &slots[i], &places[i], build_value(m, &values[i]));
    }
}

typedef struct fresh {
    LLVMValueRef to, tag, desc;
    uint64_t size, room;
    const buskin_cg_slot_t *slots;
    const buskin_cg_place_t *places;
    const buskin_cg_fresh_t *values;
    unsigned n;
} fresh_t;

static LLVMValueRef fresh_new(buskin_cg_t *cg, LLVMBuilderRef b, const fresh_t *f) {
    LLVMValueRef args[] = {f->to, f->tag, f->desc, cg_int(cg->type_i64, f->room)};
    LLVMValueRef message = cg_call_row(cg, b, "message_new", args, 4);
    cg_annotate(cg, message, "buskin.layout", cg_layout_metadata(cg, f->slots, f->places, f->n, f->size));
    return message;
}

static LLVMValueRef fresh_build(buskin_cg_t *cg, LLVMBuilderRef b, const fresh_t *f) {
    build_t m = {.cg = cg, .b = b, .message = fresh_new(cg, b, f)};
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b), fill = cg_block_after(cg, b, "message");
    LLVMValueRef none = LLVMBuildIsNull(b, m.message, "");
    LLVMPositionBuilderAtEnd(b, fill);
    build_data(&m, f->slots, f->places, f->values, f->n, f->size);
    LLVMValueRef sent = cg_call_row(cg, b, "message_send", &m.message, 1);
    LLVMBasicBlockRef done = cg_block_after(cg, b, "sent");
    LLVMBuildBr(b, done);
    LLVMPositionBuilderAtEnd(b, before);
    cg_branch(cg, b, none, done, 1, fill, 2000);
    LLVMPositionBuilderAtEnd(b, done);
    LLVMValueRef status = LLVMBuildPhi(b, cg->type_i32, "status");
    LLVMValueRef no_memory = LLVMConstInt(cg->type_i32, (uint64_t)(int64_t)BUSKIN_ENOMEM, 1);
    LLVMAddIncoming(status, (LLVMValueRef[]){no_memory, sent}, (LLVMBasicBlockRef[]){before, fill}, 2);
    return status;
}

LLVMValueRef buskin_cg_send_new(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                                const buskin_cg_slot_t *slots, const buskin_cg_fresh_t *values, unsigned n) {
    if (!cg_can_build(cg, b, "send_new") || !cg_address_ok(cg, to, tag, "send_new")) return NULL;
    buskin_cg_place_t *places = calloc(n + 1, sizeof *places);
    if (!places) return cg_fail(cg, "no memory"), NULL;
    fresh_t f = {.to = to, .tag = tag, .slots = slots, .places = places, .values = values, .n = n};
    LLVMValueRef status = NULL;
    if (fresh_ok(cg, slots, values, n, places, &f.size)) {
        f.room = room_of(values, n);
        f.desc = cg_slots_descriptor(cg, "message", slots, places, n, f.size);
        if (f.desc) status = fresh_build(cg, b, &f);
    }
    free(places);
    return status;
}
