/* frame.c - buffers and records in a function's frame.
 *
 * An alloca at its place of use is dynamic, and in a loop it grows the stack with every message. So all of ours
 * are in the entry block, and the sites of a function share them: a buffer is filled right before the one
 * call that reads it, and a receive's record is dead after take, drop or time-out. They are found again by their
 * metadata, not through a table of the handle's, because the front end may delete functions. */
#include "cg.h"

/* How many instructions are looked at: ours are put in front, so they are among the first. */
enum { FRAME_SCAN = 48 };

static const char *const frame_kinds[] = {[CG_FRAME_BUFFER] = "buskin.frame.buffer",
                                          [CG_FRAME_RECEIVE] = "buskin.frame.receive",
                                          [CG_FRAME_REF] = "buskin.frame.ref"};

static LLVMValueRef frame_find(LLVMValueRef first, unsigned kind, LLVMTypeRef type) {
    LLVMValueRef at = first;
    for (int i = 0; at && i < FRAME_SCAN && LLVMIsAAllocaInst(at); i++, at = LLVMGetNextInstruction(at))
        if (LLVMGetAllocatedType(at) == type && LLVMHasMetadata(at) && LLVMGetMetadata(at, kind)) return at;
    return NULL;
}

static LLVMValueRef frame_make(buskin_cg_t *cg, LLVMBasicBlockRef entry, LLVMValueRef first, LLVMTypeRef type) {
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    if (first)
        LLVMPositionBuilderBefore(b, first);
    else
        LLVMPositionBuilderAtEnd(b, entry);
    LLVMValueRef alloca = LLVMBuildAlloca(b, type, "");
    LLVMSetAlignment(alloca, 16);
    LLVMDisposeBuilder(b);
    return alloca;
}

/* Sizes are rounded up to a power of two, so that sites of different layouts share one alloca. */
LLVMValueRef cg_frame(buskin_cg_t *cg, LLVMBuilderRef b, enum cg_frame use, uint64_t bytes) {
    uint64_t words = 1;
    while (8 * words < bytes) words *= 2;
    LLVMTypeRef type = LLVMArrayType2(cg->type_i64, words);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(LLVMGetBasicBlockParent(LLVMGetInsertBlock(b)));
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    LLVMValueRef alloca = frame_find(first, cg_metadata_kind(cg, frame_kinds[use]), type);
    if (alloca) return alloca;
    alloca = frame_make(cg, entry, first, type);
    cg_annotate(cg, alloca, frame_kinds[use], LLVMMDNodeInContext2(cg->context, NULL, 0));
    return alloca;
}
