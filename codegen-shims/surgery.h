/* surgery.h - changes of control flow that LLVM-C has no function for. */
#ifndef BUSKIN_CG_SURGERY_H
#define BUSKIN_CG_SURGERY_H

#include "cg.h"

/* A new block in front of `block` that takes over its incoming edges and its phis; `block` keeps everything else.
 * The new block has no terminator yet. */
LLVMBasicBlockRef surgery_split_head(buskin_cg_t *cg, LLVMBasicBlockRef block, const char *name);

/* A new entry block with the constant allocas of the old one, and no terminator yet. */
LLVMBasicBlockRef surgery_new_entry(buskin_cg_t *cg, LLVMValueRef function, const char *name);

/* A new block on the edge from source (which ends in br or switch) to target, without a terminator yet: the caller ends
 * it with a branch to target. Several edges between the two become one. */
LLVMBasicBlockRef surgery_split_edge(buskin_cg_t *cg, LLVMBasicBlockRef source, LLVMBasicBlockRef target,
                                     const char *name);

#endif /* BUSKIN_CG_SURGERY_H */
