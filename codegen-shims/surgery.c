/* surgery.c - see surgery.h.
 *
 * LLVM-C cannot split a block, nor change a phi's incoming block. What it can do is replace all uses of a block,
 * which redirects branches (and block addresses), and while a block has no terminator leaves the phis of its
 * successors alone. So a head is split off by taking the terminator out for that moment; no phi is rebuilt.
 */
#include "surgery.h"

/* Moves an instruction without giving it a debug location; the builder has none. */
static void move_to(LLVMBuilderRef mover, LLVMValueRef instruction) {
    size_t length;
    const char *name = LLVMGetValueName2(instruction, &length);
    LLVMInstructionRemoveFromParent(instruction);
    LLVMInsertIntoBuilderWithName(mover, instruction, name);
}

LLVMBasicBlockRef surgery_split_head(buskin_cg_t *cg, LLVMBasicBlockRef block, const char *name) {
    LLVMBuilderRef mover = LLVMCreateBuilderInContext(cg->context);
    LLVMBasicBlockRef head = LLVMInsertBasicBlockInContext(cg->context, block, name);
    LLVMValueRef terminator = LLVMGetBasicBlockTerminator(block), i;
    LLVMInstructionRemoveFromParent(terminator);
    LLVMReplaceAllUsesWith(LLVMBasicBlockAsValue(block), LLVMBasicBlockAsValue(head));
    LLVMPositionBuilderAtEnd(mover, block);
    LLVMInsertIntoBuilder(mover, terminator);
    LLVMPositionBuilderAtEnd(mover, head);
    while ((i = LLVMGetFirstInstruction(block)) && LLVMIsAPHINode(i)) move_to(mover, i);
    LLVMDisposeBuilder(mover);
    return head;
}

static bool is_constant_alloca(LLVMValueRef instruction) {
    return LLVMIsAAllocaInst(instruction) && LLVMIsAConstantInt(LLVMGetOperand(instruction, 0));
}

LLVMBasicBlockRef surgery_new_entry(buskin_cg_t *cg, LLVMValueRef function, const char *name) {
    LLVMBasicBlockRef old = LLVMGetEntryBasicBlock(function);
    LLVMBasicBlockRef entry = LLVMInsertBasicBlockInContext(cg->context, old, name);
    LLVMBuilderRef mover = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderAtEnd(mover, entry);
    for (LLVMValueRef i = LLVMGetFirstInstruction(old), next; i; i = next) {
        next = LLVMGetNextInstruction(i);
        if (is_constant_alloca(i)) move_to(mover, i);
    }
    LLVMDisposeBuilder(mover);
    return entry;
}

/* -- Splitting an edge --------------------------------------------------------------------------------- */

static void redirect(LLVMBasicBlockRef source, LLVMBasicBlockRef from, LLVMBasicBlockRef to) {
    LLVMValueRef terminator = LLVMGetBasicBlockTerminator(source);
    for (unsigned i = 0; i < LLVMGetNumSuccessors(terminator); i++)
        if (LLVMGetSuccessor(terminator, i) == from) LLVMSetSuccessor(terminator, i, to);
}

/* A phi in place of another, with what came from `source` coming from `through`, once. */
static void rebuild_phi(LLVMBuilderRef b, LLVMValueRef phi, LLVMBasicBlockRef source, LLVMBasicBlockRef through) {
    LLVMValueRef moved = NULL;
    LLVMPositionBuilderBefore(b, phi);
    LLVMValueRef rebuilt = LLVMBuildPhi(b, LLVMTypeOf(phi), "");
    for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
        LLVMValueRef value = LLVMGetIncomingValue(phi, i);
        LLVMBasicBlockRef block = LLVMGetIncomingBlock(phi, i);
        if (block == source)
            moved = value;
        else
            LLVMAddIncoming(rebuilt, &value, &block, 1);
    }
    LLVMAddIncoming(rebuilt, &moved, &through, 1);
    LLVMReplaceAllUsesWith(phi, rebuilt);
    LLVMInstructionEraseFromParent(phi);
}

LLVMBasicBlockRef surgery_split_edge(buskin_cg_t *cg, LLVMBasicBlockRef source, LLVMBasicBlockRef target,
                                     const char *name) {
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMBasicBlockRef through = LLVMInsertBasicBlockInContext(cg->context, target, name);
    redirect(source, target, through);
    for (LLVMValueRef phi = LLVMGetFirstInstruction(target), next; LLVMIsAPHINode(phi); phi = next) {
        next = LLVMGetNextInstruction(phi);
        rebuild_phi(b, phi, source, through);
    }
    LLVMDisposeBuilder(b);
    return through;
}
