/* rule_frame.c - the stack: C13, C14.
 *
 * An alloca that is not in the entry block is made each time that it is passed: in a loop the stack grows with every
 * round, and optimisation keeps it. That is wrong wherever it feeds a call of the runtime, and in actor code
 * altogether, as is one of a size that only the run knows. Code that gives its stack back (llvm.stackrestore) is left
 * alone. Without probe-stack a large frame steps over the guard page.
 */
#include "check.h"

#include <inttypes.h>

enum { FRAME_LIMIT = 65536 };

static bool gives_back(const check_t *c) {
    for (size_t i = 0; i < c->in->nsites; i++)
        if (is_intrinsic(c->in->sites[i].call, "stackrestore")) return true;
    return false;
}

static bool feeds_runtime(check_t *c, LLVMValueRef alloca) {
    const uses_t *uses = uses_of(c, alloca);
    for (size_t i = 0; i < uses->n; i++) {
        if (uses->at[i].kind != USE_CALL) continue;
        const function_t *f = callee_of(c, uses->at[i].instruction);
        if (f && f->row) return true;
    }
    return false;
}

static void alloca_is_fixed(check_t *c, LLVMValueRef alloca, uint64_t *frame) {
    uint64_t size = 0;
    bool sized = object_size(c, alloca, &size), loop = c->flow.cyclic[block_of(c, alloca)];
    if (sized && size <= UINT32_MAX) *frame += size;
    if (sized && size > UINT32_MAX) *frame = UINT32_MAX;
    if (!loop && (sized || !c->in->actor)) return;
    if (!(c->in->actor || feeds_runtime(c, alloca)) || gives_back(c)) return;
    if (loop)
        report(c, 13, alloca, "an alloca in a loop: the stack grows with every round");
    else
        report(c, 13, alloca, "an alloca of a size that is not constant");
}

static void frame_is_small(check_t *c, uint64_t frame) {
    uint64_t limit = c->options.frame_limit ? c->options.frame_limit : FRAME_LIMIT;
    if (c->in->actor && frame > limit)
        report(c, 13, c->in->value, "the frame holds %" PRIu64 " bytes of locals, the limit is %" PRIu64, frame, limit);
}

static void stack_is_probed(check_t *c) {
    if (c->in->actor && !has_string_attribute(c->in->value, "probe-stack"))
        report(c, 14, c->in->value, "%s has no attribute \"probe-stack\"", c->in->name);
}

void rule_frame(check_t *c) {
    uint64_t frame = 0;
    stack_is_probed(c);
    for (unsigned i = 0; i < c->flow.n; i++)
        for (LLVMValueRef at = LLVMGetFirstInstruction(c->flow.blocks[i]); at; at = LLVMGetNextInstruction(at))
            if (LLVMIsAAllocaInst(at)) alloca_is_fixed(c, at, &frame);
    frame_is_small(c, frame);
}
