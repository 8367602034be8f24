/* value.c - questions about a value: which object a pointer points into, where it comes from, what an instruction
 * touches. Chains are followed a bounded number of steps; what lies further off is unknown. */
#include "check.h"

#include <stdio.h>

enum { STEPS = 64, MERGES = 32 };

/* -- Kinds of values ------------------------------------------------------------------------------------ */

bool is_call(LLVMValueRef instruction) {
    return LLVMIsACallInst(instruction) || LLVMIsAInvokeInst(instruction) || LLVMIsACallBrInst(instruction);
}

bool is_pointer(LLVMValueRef value) { return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind; }

bool is_gep(LLVMValueRef value) {
    if (LLVMIsAGetElementPtrInst(value)) return true;
    return LLVMIsAConstantExpr(value) && LLVMGetConstOpcode(value) == LLVMGetElementPtr;
}

bool const_signed(LLVMValueRef value, int64_t *result) {
    if (!value || !LLVMIsAConstantInt(value) || LLVMGetIntTypeWidth(LLVMTypeOf(value)) > 64) return false;
    *result = LLVMConstIntGetSExtValue(value);
    return true;
}

bool is_null(LLVMValueRef value) { return LLVMIsAConstantPointerNull(value) != NULL; }

bool is_aggregate(LLVMTypeRef type) {
    switch (LLVMGetTypeKind(type)) {
    case LLVMStructTypeKind:
    case LLVMArrayTypeKind:
    case LLVMVectorTypeKind:
    case LLVMScalableVectorTypeKind: return true;
    case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(type) > 64;
    default: return false;
    }
}

bool is_intrinsic(LLVMValueRef value, const char *name) {
    if (!LLVMIsACallInst(value)) return false;
    LLVMValueRef callee = LLVMGetCalledValue(value);
    if (!LLVMIsAFunction(callee) || !LLVMGetIntrinsicID(callee)) return false;
    size_t length, want = strlen(name);
    const char *is = LLVMGetValueName2(callee, &length);
    return length >= 5 + want && memcmp(is + 5, name, want) == 0;
}

uint64_t store_size(check_t *c, LLVMTypeRef type) {
    if (!LLVMTypeIsSized(type) || LLVMGetTypeKind(type) == LLVMScalableVectorTypeKind) return 0;
    return LLVMStoreSizeOfType(c->data, type);
}

LLVMValueRef stored_or_loaded_pointer(LLVMValueRef instruction) {
    if (LLVMIsALoadInst(instruction)) return LLVMGetOperand(instruction, 0);
    return LLVMIsAStoreInst(instruction) ? LLVMGetOperand(instruction, 1) : NULL;
}

LLVMValueRef function_behind(LLVMValueRef value) {
    for (int i = 0; value && i < STEPS; i++) {
        if (LLVMIsAFunction(value)) return value;
        if (LLVMIsAGlobalAlias(value)) {
            value = LLVMAliasGetAliasee(value);
        } else if (LLVMIsAConstantExpr(value) && LLVMGetConstOpcode(value) != LLVMGetElementPtr &&
                   LLVMGetNumOperands(value) == 1) {
            value = LLVMGetOperand(value, 0);
        } else {
            return NULL;
        }
    }
    return NULL;
}

/* -- Attributes and metadata ------------------------------------------------------------------------------ */

bool has_string_attribute(LLVMValueRef function, const char *name) {
    LLVMAttributeIndex index = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    return LLVMGetStringAttributeAtIndex(function, index, name, (unsigned)strlen(name)) != NULL;
}

static unsigned attribute_kind(const char *name) { return LLVMGetEnumAttributeKindForName(name, strlen(name)); }

LLVMAttributeRef attribute_of(LLVMValueRef function, LLVMAttributeIndex index, const char *name) {
    unsigned kind = attribute_kind(name);
    return kind ? LLVMGetEnumAttributeAtIndex(function, index, kind) : NULL;
}

LLVMAttributeRef attribute_at_call(LLVMValueRef call, LLVMAttributeIndex index, const char *name) {
    unsigned kind = attribute_kind(name);
    return kind ? LLVMGetCallSiteEnumAttribute(call, index, kind) : NULL;
}

bool calls_only_return(check_t *c, LLVMValueRef call) {
    LLVMAttributeIndex index = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    if (attribute_at_call(call, index, "nocallback")) return true;
    const function_t *f = callee_of(c, call);
    return f && attribute_of(f->value, index, "nocallback");
}

LLVMValueRef function_metadata(check_t *c, LLVMValueRef function, unsigned kind) {
    size_t n;
    LLVMValueRef found = NULL;
    LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(function, &n);
    for (size_t i = 0; i < n && !found; i++)
        if (LLVMValueMetadataEntriesGetKind(entries, (unsigned)i) == kind)
            found = LLVMMetadataAsValue(c->context, LLVMValueMetadataEntriesGetMetadata(entries, (unsigned)i));
    LLVMDisposeValueMetadataEntries(entries);
    return found;
}

/* -- Places --------------------------------------------------------------------------------------------- */

static bool struct_step(check_t *c, LLVMTypeRef *type, int64_t index, int64_t *delta) {
    if (index < 0 || (uint64_t)index >= LLVMCountStructElementTypes(*type)) return false;
    *delta += (int64_t)LLVMOffsetOfElement(c->data, *type, (unsigned)index);
    *type = LLVMStructGetTypeAtIndex(*type, (unsigned)index);
    return true;
}

static bool add_times(int64_t *delta, int64_t index, uint64_t size) {
    int64_t step;
    return size <= INT64_MAX && !__builtin_mul_overflow(index, (int64_t)size, &step) &&
           !__builtin_add_overflow(*delta, step, delta);
}

bool gep_delta(check_t *c, LLVMValueRef gep, int64_t *delta) {
    LLVMTypeRef type = LLVMGetGEPSourceElementType(gep);
    *delta = 0;
    if (!is_pointer(gep) || !LLVMTypeIsSized(type)) return false;
    for (int i = 1; i < LLVMGetNumOperands(gep); i++) {
        int64_t index;
        if (!const_signed(LLVMGetOperand(gep, (unsigned)i), &index)) return false;
        LLVMTypeKind kind = LLVMGetTypeKind(type);
        if (i == 1) {
            if (kind == LLVMScalableVectorTypeKind) return false;
            if (!add_times(delta, index, LLVMABISizeOfType(c->data, type))) return false;
        } else if (kind == LLVMStructTypeKind) {
            if (!struct_step(c, &type, index, delta)) return false;
        } else {
            if (kind != LLVMArrayTypeKind && kind != LLVMVectorTypeKind) return false;
            type = LLVMGetElementType(type);
            if (!add_times(delta, index, LLVMABISizeOfType(c->data, type))) return false;
        }
    }
    return true;
}

static bool is_cast_of_pointer(LLVMValueRef value) {
    return LLVMIsABitCastInst(value) || LLVMIsAAddrSpaceCastInst(value) || LLVMIsAFreezeInst(value);
}

place_t place_of(check_t *c, LLVMValueRef pointer) {
    place_t place = {pointer, 0, true};
    for (int i = 0; i < STEPS; i++) {
        int64_t delta;
        if (is_gep(place.base)) {
            if (!gep_delta(c, place.base, &delta) || __builtin_add_overflow(place.offset, delta, &place.offset))
                place.known = false;
        } else if (!is_cast_of_pointer(place.base)) {
            return place;
        }
        place.base = LLVMGetOperand(place.base, 0);
    }
    place.known = false;
    return place;
}

bool object_size(check_t *c, LLVMValueRef base, uint64_t *size) {
    int64_t count = 1;
    if (LLVMIsAAllocaInst(base)) {
        LLVMTypeRef type = LLVMGetAllocatedType(base);
        if (!const_signed(LLVMGetOperand(base, 0), &count) || count < 0 || !LLVMTypeIsSized(type)) return false;
        *size = (uint64_t)count * LLVMABISizeOfType(c->data, type);
        return true;
    }
    if (LLVMIsAGlobalVariable(base) && !LLVMIsDeclaration(base)) {
        LLVMTypeRef type = LLVMGlobalGetValueType(base);
        if (LLVMTypeIsSized(type)) *size = LLVMABISizeOfType(c->data, type);
        return LLVMTypeIsSized(type);
    }
    const function_t *f = is_call(base) ? callee_of(c, base) : NULL;
    if (f && row_is(f, "gc_alloc_actor") && LLVMGetNumArgOperands(base) == 2 &&
        const_signed(LLVMGetOperand(base, 0), &count) && count >= 0) {
        *size = (uint64_t)count;
        return true;
    }
    return false;
}

/* -- The context ------------------------------------------------------------------------------------------ */

static const char *plain_context_symbol(void) { return abi_context_symbol + strlen(abi_prefix); }

/* The statement is found by the symbol that it names. */
bool is_context_asm(check_t *c, LLVMValueRef call) {
    if (!LLVMIsACallInst(call) || !LLVMIsAInlineAsm(LLVMGetCalledValue(call))) return false;
    char symbol[256];
    size_t length;
    int n = snprintf(symbol, sizeof symbol, "%s%s", c->options.prefix, plain_context_symbol());
    const char *text = LLVMGetInlineAsmAsmString(LLVMGetCalledValue(call), &length);
    return n > 0 && (size_t)n < sizeof symbol && memmem(text, length, symbol, (size_t)n) != NULL;
}

static bool is_context_symbol(check_t *c, LLVMValueRef pointer) {
    if (is_intrinsic(pointer, "threadlocal.address")) pointer = LLVMGetOperand(pointer, 0);
    if (!LLVMIsAGlobalVariable(pointer)) return false;
    size_t length, prefix = strlen(c->options.prefix);
    const char *name = LLVMGetValueName2(pointer, &length);
    return length > prefix && memcmp(name, c->options.prefix, prefix) == 0 &&
           strcmp(name + prefix, plain_context_symbol()) == 0;
}

bool is_context(check_t *c, LLVMValueRef value) {
    if (LLVMIsALoadInst(value)) return is_context_symbol(c, LLVMGetOperand(value, 0));
    if (!LLVMIsACallInst(value)) return false;
    return is_context_asm(c, value) || row_is(callee_of(c, value), "context");
}

/* -- Origins ---------------------------------------------------------------------------------------------- */

static enum origin origin_of_call(check_t *c, LLVMValueRef call) {
    const function_t *f = callee_of(c, call);
    if (is_context(c, call)) return FROM_CONTEXT;
    if (!f || !f->row) return FROM_UNKNOWN;
    if (row_has(f, ABI_FRESH)) return FROM_HEAP;
    return row_has(f, ABI_NULLABLE) ? FROM_MESSAGE : FROM_UNKNOWN;
}

/* The object run of the context: an inlined allocation. */
static bool is_bump(check_t *c, LLVMValueRef load) {
    place_t at = place_of(c, LLVMGetOperand(load, 0));
    return at.known && is_context(c, at.base) && (uint64_t)at.offset == field_offset("context", "hp");
}

/* phis and selects: all origins must be one, except for null. */
static enum origin origin_merged(check_t *c, LLVMValueRef value, int *budget);

static enum origin origin_step(check_t *c, LLVMValueRef pointer, int *budget) {
    LLVMValueRef base = place_of(c, pointer).base;
    if (--*budget < 0) return FROM_UNKNOWN;
    if (LLVMIsAAllocaInst(base)) return FROM_STACK;
    if (LLVMIsAConstant(base)) return FROM_CONSTANT;
    if (LLVMIsAPHINode(base) || LLVMIsASelectInst(base)) return origin_merged(c, base, budget);
    if (is_call(base)) return origin_of_call(c, base);
    if (LLVMIsALoadInst(base) && is_context(c, base)) return FROM_CONTEXT;
    return LLVMIsALoadInst(base) && is_bump(c, base) ? FROM_HEAP : FROM_UNKNOWN;
}

static enum origin origin_merged(check_t *c, LLVMValueRef value, int *budget) {
    bool phi = LLVMIsAPHINode(value) != NULL;
    unsigned n = phi ? LLVMCountIncoming(value) : 2;
    enum origin all = FROM_CONSTANT;
    for (unsigned i = 0; i < n && *budget > 0; i++) {
        LLVMValueRef one = phi ? LLVMGetIncomingValue(value, i) : LLVMGetOperand(value, i + 1);
        if (one == value) continue;
        enum origin origin = origin_step(c, one, budget);
        if (origin == FROM_STACK) return FROM_STACK;
        if (origin == FROM_CONSTANT) continue;
        if (all != FROM_CONSTANT && all != origin) all = FROM_UNKNOWN;
        if (all == FROM_CONSTANT) all = origin;
    }
    return *budget > 0 ? all : FROM_UNKNOWN;
}

enum origin origin_of(check_t *c, LLVMValueRef pointer) {
    int budget = MERGES;
    return origin_step(c, pointer, &budget);
}

/* -- Constant data ------------------------------------------------------------------------------------------ */

LLVMValueRef constant_global(LLVMValueRef pointer) {
    if (!pointer || !LLVMIsAGlobalVariable(pointer)) return NULL;
    return LLVMIsGlobalConstant(pointer) && LLVMGetInitializer(pointer) ? pointer : NULL;
}

static LLVMValueRef element_at(check_t *c, LLVMValueRef constant, uint64_t *offset) {
    LLVMTypeRef type = LLVMTypeOf(constant);
    unsigned index;
    if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
        if (*offset >= LLVMABISizeOfType(c->data, type)) return NULL;
        index = LLVMElementAtOffset(c->data, type, *offset);
        *offset -= LLVMOffsetOfElement(c->data, type, index);
    } else {
        uint64_t size = LLVMABISizeOfType(c->data, LLVMGetElementType(type));
        if (size == 0 || *offset / size >= LLVMGetArrayLength2(type)) return NULL;
        index = (unsigned)(*offset / size);
        *offset %= size;
    }
    return LLVMGetAggregateElement(constant, index);
}

LLVMValueRef constant_at(check_t *c, LLVMValueRef global, uint64_t offset) {
    LLVMValueRef at = LLVMGetInitializer(global);
    for (int i = 0; at && i < STEPS; i++) {
        LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(at));
        if (kind != LLVMStructTypeKind && kind != LLVMArrayTypeKind) return offset == 0 ? at : NULL;
        at = element_at(c, at, &offset);
    }
    return NULL;
}

/* Integers of any width, and bytes of a zeroed part. */
bool constant_int_at(check_t *c, LLVMValueRef global, uint64_t offset, uint64_t *value) {
    LLVMValueRef at = constant_at(c, global, offset);
    if (!at || !LLVMIsAConstantInt(at) || LLVMGetIntTypeWidth(LLVMTypeOf(at)) > 64) return false;
    *value = LLVMConstIntGetZExtValue(at);
    return true;
}
