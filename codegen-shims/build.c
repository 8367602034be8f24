/* build.c - what builders of constructs are made of: checks of their arguments, and small instructions. */
#include "cg.h"

#include <string.h>

/* -- Checks -------------------------------------------------------------------------------------------- */

bool cg_can_build(buskin_cg_t *cg, LLVMBuilderRef b, const char *who) {
    if (!cg_ready(cg, who)) return false;
    LLVMBasicBlockRef block = b ? LLVMGetInsertBlock(b) : NULL;
    LLVMValueRef function = block ? LLVMGetBasicBlockParent(block) : NULL;
    if (!function) return cg_fail(cg, "%s: the builder stands in no function", who), false;
    if (LLVMGetGlobalParent(function) != cg->module)
        return cg_fail(cg, "%s: the builder stands in another module", who), false;
    if (LLVMGetBasicBlockTerminator(block))
        return cg_fail(cg, "%s: the builder's block has a terminator already", who), false;
    return true;
}

bool cg_is(buskin_cg_t *cg, LLVMValueRef value, LLVMTypeRef type, const char *who, const char *what) {
    if (!value) return cg_fail(cg, "%s: %s is missing", who, what), false;
    if (LLVMTypeOf(value) == type) return true;
    char *is = LLVMPrintTypeToString(LLVMTypeOf(value)), *want = LLVMPrintTypeToString(type);
    cg_fail(cg, "%s: %s is %s, not %s", who, what, is, want);
    LLVMDisposeMessage(is);
    LLVMDisposeMessage(want);
    return false;
}

/* -- Values and memory --------------------------------------------------------------------------------- */

LLVMValueRef cg_int(LLVMTypeRef type, uint64_t value) { return LLVMConstInt(type, value, 0); }

LLVMValueRef cg_offset(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, int64_t bytes) {
    if (bytes == 0) return base;
    LLVMValueRef index = cg_int(cg->type_i64, (uint64_t)bytes);
    return LLVMBuildInBoundsGEP2(b, cg->type_i8, base, &index, 1, "");
}

LLVMValueRef cg_load(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef address, unsigned align) {
    LLVMValueRef load = LLVMBuildLoad2(b, type, address, "");
    LLVMSetAlignment(load, align);
    return load;
}

void cg_store(LLVMBuilderRef b, LLVMValueRef value, LLVMValueRef address, unsigned align) {
    LLVMSetAlignment(LLVMBuildStore(b, value, address), align);
}

/* -- Control flow -------------------------------------------------------------------------------------- */

/* A conditional branch; weights that are both 0 say nothing. */
LLVMValueRef cg_branch(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef condition, LLVMBasicBlockRef then,
                       unsigned then_weight, LLVMBasicBlockRef otherwise, unsigned otherwise_weight) {
    LLVMValueRef branch = LLVMBuildCondBr(b, condition, then, otherwise);
    if (!then_weight && !otherwise_weight) return branch;
    LLVMMetadataRef weights[] = {LLVMMDStringInContext2(cg->context, "branch_weights", 14),
                                 LLVMValueAsMetadata(cg_int(cg->type_i32, then_weight)),
                                 LLVMValueAsMetadata(cg_int(cg->type_i32, otherwise_weight))};
    cg_annotate(cg, branch, "prof", LLVMMDNodeInContext2(cg->context, weights, 3));
    return branch;
}

/* A new block behind the builder's, where the hot path goes on. */
LLVMBasicBlockRef cg_block_after(buskin_cg_t *cg, LLVMBuilderRef b, const char *name) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(b), next = LLVMGetNextBasicBlock(here);
    if (next) return LLVMInsertBasicBlockInContext(cg->context, next, name);
    return LLVMAppendBasicBlockInContext(cg->context, LLVMGetBasicBlockParent(here), name);
}

/* A new block at the function's end, for what is rare. */
LLVMBasicBlockRef cg_block_last(buskin_cg_t *cg, LLVMBuilderRef b, const char *name) {
    LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInsertBlock(b));
    return LLVMAppendBasicBlockInContext(cg->context, function, name);
}

/* -- Attributes and metadata --------------------------------------------------------------------------- */

void cg_attribute(buskin_cg_t *cg, LLVMValueRef function, const char *key, const char *value) {
    LLVMAttributeRef attribute =
        LLVMCreateStringAttribute(cg->context, key, (unsigned)strlen(key), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute);
}

unsigned cg_metadata_kind(buskin_cg_t *cg, const char *kind) {
    return LLVMGetMDKindIDInContext(cg->context, kind, (unsigned)strlen(kind));
}

void cg_annotate(buskin_cg_t *cg, LLVMValueRef instruction, const char *kind, LLVMMetadataRef node) {
    LLVMSetMetadata(instruction, cg_metadata_kind(cg, kind), LLVMMetadataAsValue(cg->context, node));
}
