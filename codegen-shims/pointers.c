/* pointers.c - where the pointers of a type lie.
 *
 * A descriptor names the byte offsets of managed pointers. LLVM's types say where pointers are; which of them
 * are managed (and not code addresses, say) is the front end's knowledge, given per field.
 */
#include "cg.h"

#include <stdlib.h>

/* npointers and elem_pointers are 16 bits wide. */
enum { OFFSETS_MAX = UINT16_MAX };

/* -- Questions about a type ---------------------------------------------------------------------------- */

static bool all_fields(LLVMTypeRef type, bool (*ask)(LLVMTypeRef)) {
    unsigned n = LLVMCountStructElementTypes(type);
    for (unsigned i = 0; i < n; i++)
        if (!ask(LLVMStructGetTypeAtIndex(type, i))) return false;
    return true;
}

bool cg_is_plain(LLVMTypeRef type) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMHalfTypeKind:
    case LLVMBFloatTypeKind:
    case LLVMFloatTypeKind:
    case LLVMDoubleTypeKind:
    case LLVMX86_FP80TypeKind:
    case LLVMFP128TypeKind:
    case LLVMPPC_FP128TypeKind:
    case LLVMIntegerTypeKind: return true;
    case LLVMPointerTypeKind: return LLVMGetPointerAddressSpace(type) == 0;
    case LLVMArrayTypeKind:
    case LLVMVectorTypeKind: return cg_is_plain(LLVMGetElementType(type));
    case LLVMStructTypeKind: return !LLVMIsOpaqueStruct(type) && all_fields(type, cg_is_plain);
    default: return false;
    }
}

static bool has_none(LLVMTypeRef type) { return !cg_has_pointers(type); }

bool cg_has_pointers(LLVMTypeRef type) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMPointerTypeKind: return true;
    case LLVMArrayTypeKind: return LLVMGetArrayLength2(type) > 0 && cg_has_pointers(LLVMGetElementType(type));
    case LLVMVectorTypeKind: return cg_has_pointers(LLVMGetElementType(type));
    case LLVMStructTypeKind: return !all_fields(type, has_none);
    default: return false;
    }
}

/* -- Offsets ------------------------------------------------------------------------------------------- */

static void offsets_push(cg_offsets_t *o, uint64_t offset) {
    if (o->n == o->room) {
        unsigned room = o->room ? 2 * o->room : 16;
        uint32_t *at = room <= 2 * OFFSETS_MAX ? realloc(o->at, room * sizeof *at) : NULL;
        if (!at) {
            o->too_many = true;
            return;
        }
        o->at = at;
        o->room = room;
    }
    o->too_many |= o->n >= OFFSETS_MAX || offset > UINT32_MAX;
    o->at[o->n++] = (uint32_t)offset;
}

static void add_elements(LLVMTargetDataRef data, LLVMTypeRef element, uint64_t n, uint64_t offset,
                         cg_offsets_t *offsets) {
    if (!cg_has_pointers(element)) return;
    uint64_t stride = LLVMABISizeOfType(data, element);
    for (uint64_t i = 0; i < n && !offsets->too_many; i++) cg_add_pointers(data, element, offset + i * stride, offsets);
}

void cg_add_pointers(LLVMTargetDataRef data, LLVMTypeRef type, uint64_t offset, cg_offsets_t *offsets) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMPointerTypeKind: offsets_push(offsets, offset); break;
    case LLVMArrayTypeKind:
        add_elements(data, LLVMGetElementType(type), LLVMGetArrayLength2(type), offset, offsets);
        break;
    case LLVMVectorTypeKind:
        add_elements(data, LLVMGetElementType(type), LLVMGetVectorSize(type), offset, offsets);
        break;
    case LLVMStructTypeKind:
        for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++)
            cg_add_pointers(data, LLVMStructGetTypeAtIndex(type, i), offset + LLVMOffsetOfElement(data, type, i),
                            offsets);
        break;
    default: break;
    }
}

/* managed: one per field of a struct, one for any other type; NULL: all. */
void cg_add_fields(LLVMTargetDataRef data, LLVMTypeRef type, const bool *managed, cg_offsets_t *offsets) {
    if (!managed || LLVMGetTypeKind(type) != LLVMStructTypeKind) {
        if (!managed || managed[0]) cg_add_pointers(data, type, 0, offsets);
        return;
    }
    for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++)
        if (managed[i])
            cg_add_pointers(data, LLVMStructGetTypeAtIndex(type, i), LLVMOffsetOfElement(data, type, i), offsets);
}
