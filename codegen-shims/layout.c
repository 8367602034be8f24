/* layout.c - how arguments and messages lie in their buffer.
 *
 * Spawn sites that packed a struct while the thunk read fixed slots, i1 stored and i64 loaded (C2, C3): each
 * side had its own idea. Here there is one, buskin_cg_layout, and one pair of functions that stores a value
 * in its slot and loads it back. A value is one of
 *   word       an integer up to 64 bits, extended; a float up to 64 bits as its bits; a pointer
 *   aggregate  anything else that has a size: as LLVM lays it out, in whole slots
 */
#include "cg.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOT = 8, WIDE = 16 };

static uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

/* -- Layout -------------------------------------------------------------------------------------------- */

/* The bits of an integer or float that fits a word; 0 for other types. */
static unsigned word_bits(LLVMTypeRef type) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(type) <= 64 ? LLVMGetIntTypeWidth(type) : 0;
    case LLVMHalfTypeKind:
    case LLVMBFloatTypeKind: return 16;
    case LLVMFloatTypeKind: return 32;
    case LLVMDoubleTypeKind: return 64;
    default: return 0;
    }
}

static bool is_float(LLVMTypeRef type) { return LLVMGetTypeKind(type) != LLVMIntegerTypeKind; }
static bool is_pointer(LLVMTypeRef type) { return LLVMGetTypeKind(type) == LLVMPointerTypeKind; }

static const char *slot_fault(const buskin_cg_slot_t *slot) {
    const unsigned known = BUSKIN_CG_MANAGED | BUSKIN_CG_RAW | BUSKIN_CG_SIGNED;
    bool managed = slot->flags & BUSKIN_CG_MANAGED, raw = slot->flags & BUSKIN_CG_RAW;
    if (!slot->type) return "a type is missing";
    if (!cg_is_plain(slot->type)) return "the type has no size, or cannot lie in memory as it is";
    if (slot->flags & ~known) return "unknown flags";
    if (managed && raw) return "both managed and raw";
    if (cg_has_pointers(slot->type) && !managed && !raw) return "a pointer that is neither managed nor raw";
    return NULL;
}

int buskin_cg_layout(LLVMTargetDataRef target, const buskin_cg_slot_t *slots, unsigned n, buskin_cg_place_t *places,
                     uint64_t *size, const char **why) {
    uint64_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        const char *fault = slot_fault(&slots[i]);
        if (fault) {
            if (why) *why = fault;
            return -1;
        }
        uint64_t align = LLVMABIAlignmentOfType(target, slots[i].type) >= WIDE ? WIDE : SLOT;
        at = round_up(at, align);
        places[i].offset = at;
        places[i].bytes = round_up(LLVMABISizeOfType(target, slots[i].type), SLOT);
        at += places[i].bytes;
    }
    *size = at;
    return 0;
}

bool cg_slots_ok(buskin_cg_t *cg, const char *who, const buskin_cg_slot_t *slots, unsigned n, buskin_cg_place_t *places,
                 uint64_t *size) {
    const char *why = NULL;
    if (n && !slots) return cg_fail(cg, "%s: slots are missing", who), false;
    if (buskin_cg_layout(cg->data, slots, n, places, size, &why))
        return cg_fail(cg, "%s: a slot cannot be laid out: %s", who, why), false;
    if (*size > UINT32_MAX) return cg_fail(cg, "%s: more than 4 GiB of slots", who), false;
    return true;
}

/* -- Words --------------------------------------------------------------------------------------------- */

bool cg_fits_word(const buskin_cg_slot_t *slot) { return word_bits(slot->type) != 0; }

/* The i64 form of an integer or float. */
LLVMValueRef cg_word(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slot, LLVMValueRef value) {
    unsigned bits = word_bits(slot->type);
    if (is_float(slot->type)) value = LLVMBuildBitCast(b, value, LLVMIntTypeInContext(cg->context, bits), "");
    if (bits == 64) return value;
    bool sign = slot->flags & BUSKIN_CG_SIGNED && !is_float(slot->type);
    return sign ? LLVMBuildSExt(b, value, cg->type_i64, "") : LLVMBuildZExt(b, value, cg->type_i64, "");
}

static LLVMValueRef from_word(buskin_cg_t *cg, LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef word) {
    unsigned bits = word_bits(type);
    LLVMTypeRef narrow = LLVMIntTypeInContext(cg->context, bits);
    if (bits < 64) word = LLVMBuildTrunc(b, word, narrow, "");
    return is_float(type) ? LLVMBuildBitCast(b, word, type, "") : word;
}

/* -- Store and load ------------------------------------------------------------------------------------ */

static unsigned aggregate_align(buskin_cg_t *cg, LLVMTypeRef type) {
    unsigned align = LLVMABIAlignmentOfType(cg->data, type);
    return align >= WIDE ? WIDE : SLOT;
}

/* The bytes behind the value in its last slot are zero: nothing of the sender's frame travels. */
static void store_aggregate(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef at, LLVMTypeRef type, uint64_t bytes,
                            LLVMValueRef value) {
    if (bytes == 0) return;
    if (LLVMStoreSizeOfType(cg->data, type) < bytes)
        cg_store(b, cg_int(cg->type_i64, 0), cg_offset(cg, b, at, (int64_t)bytes - SLOT), SLOT);
    cg_store(b, value, at, aggregate_align(cg, type));
}

void cg_store_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                   const buskin_cg_place_t *place, LLVMValueRef value) {
    LLVMValueRef at = cg_offset(cg, b, base, (int64_t)place->offset);
    if (is_pointer(slot->type))
        cg_store(b, value, at, SLOT);
    else if (cg_fits_word(slot))
        cg_store(b, cg_word(cg, b, slot, value), at, SLOT);
    else
        store_aggregate(cg, b, at, slot->type, place->bytes, value);
}

LLVMValueRef cg_load_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                          const buskin_cg_place_t *place) {
    LLVMValueRef at = cg_offset(cg, b, base, (int64_t)place->offset);
    if (is_pointer(slot->type)) return cg_load(b, slot->type, at, SLOT);
    if (cg_fits_word(slot)) return from_word(cg, b, slot->type, cg_load(b, cg->type_i64, at, SLOT));
    if (place->bytes == 0) return LLVMConstNull(slot->type);
    return cg_load(b, slot->type, at, aggregate_align(cg, slot->type));
}

static bool slot_access_ok(buskin_cg_t *cg, LLVMBuilderRef b, const char *who, LLVMValueRef base,
                           const buskin_cg_slot_t *slot) {
    buskin_cg_place_t place;
    uint64_t size;
    return cg_can_build(cg, b, who) && cg_slots_ok(cg, who, slot, 1, &place, &size) &&
           cg_is(cg, base, cg->type_ptr, who, "base");
}

int buskin_cg_store_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                         const buskin_cg_place_t *place, LLVMValueRef value) {
    if (!slot_access_ok(cg, b, "store_slot", base, slot)) return -1;
    if (!cg_is(cg, value, slot->type, "store_slot", "value")) return -1;
    cg_store_slot(cg, b, base, slot, place, value);
    return 0;
}

LLVMValueRef buskin_cg_load_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                                 const buskin_cg_place_t *place) {
    return slot_access_ok(cg, b, "load_slot", base, slot) ? cg_load_slot(cg, b, base, slot, place) : NULL;
}

/* -- Metadata ------------------------------------------------------------------------------------------ */

/* What the checker compares: "i32" "s32" (extended by sign) "f64" "object" "raw" "objects" "bytes". */
static void slot_text(const buskin_cg_slot_t *slot, char text[16]) {
    bool managed = slot->flags & BUSKIN_CG_MANAGED;
    if (is_pointer(slot->type))
        snprintf(text, 16, "%s", managed ? "object" : "raw");
    else if (!cg_fits_word(slot))
        snprintf(text, 16, "%s", managed && cg_has_pointers(slot->type) ? "objects" : "bytes");
    else
        snprintf(text, 16, "%c%u",
                 is_float(slot->type)             ? 'f'
                 : slot->flags & BUSKIN_CG_SIGNED ? 's'
                                                  : 'i',
                 word_bits(slot->type));
}

static LLVMMetadataRef slot_metadata(buskin_cg_t *cg, const buskin_cg_slot_t *slot, const buskin_cg_place_t *place) {
    char text[16];
    slot_text(slot, text);
    size_t length = 0;
    while (text[length]) length++;
    LLVMMetadataRef parts[] = {LLVMValueAsMetadata(cg_int(cg->type_i64, place->offset)),
                               LLVMValueAsMetadata(cg_int(cg->type_i64, place->bytes)),
                               LLVMMDStringInContext2(cg->context, text, length)};
    return LLVMMDNodeInContext2(cg->context, parts, 3);
}

/* !{i64 size, !{i64 offset, i64 bytes, !"what"}, ...}. Equal layouts are one node of the context, so the site and
 * its thunk are compared by pointer. */
LLVMMetadataRef cg_layout_metadata(buskin_cg_t *cg, const buskin_cg_slot_t *slots, const buskin_cg_place_t *places,
                                   unsigned n, uint64_t size) {
    LLVMMetadataRef *parts = calloc(n + 1, sizeof(LLVMMetadataRef));
    if (!parts) return cg_fail(cg, "no memory"), LLVMMDNodeInContext2(cg->context, NULL, 0);
    parts[0] = LLVMValueAsMetadata(cg_int(cg->type_i64, size));
    for (unsigned i = 0; i < n; i++) parts[i + 1] = slot_metadata(cg, &slots[i], &places[i]);
    LLVMMetadataRef node = LLVMMDNodeInContext2(cg->context, parts, n + 1);
    free(parts);
    return node;
}
