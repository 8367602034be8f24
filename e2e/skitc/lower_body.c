/* lower_body.c - one LLVM function under construction.
 *
 * The entry block holds frame slots only and is closed last, so the shims and body_slot can put allocas there
 * at any time; code begins in the block after it. The builder always stands at the end of a block without a
 * terminator: whatever ends a block goes on in a fresh one that nothing reaches, and the passes drop it. That keeps every
 * lowering function free of "did this branch return?".
 */
#include <stdlib.h>
#include <string.h>

#include "lower.h"

LLVMBasicBlockRef body_block(body *b, const char *name) {
    return LLVMAppendBasicBlockInContext(b->l->context, b->fn, name);
}

void body_position(body *b, LLVMBasicBlockRef block) { LLVMPositionBuilderAtEnd(b->b, block); }

void body_at(body *b, pos where) {
    if (where.line > 0) b->pos = where;
    LLVMMetadataRef scope = b->scope;
    LLVMSetCurrentDebugLocation2(b->b, LLVMDIBuilderCreateDebugLocation(b->l->context, (unsigned)b->pos.line,
                                                                        (unsigned)b->pos.col, scope, NULL));
}

static LLVMMetadataRef body_scope(body *b, instance *i, pos where) {
    unit *u = b->u;
    LLVMMetadataRef file = u->debug_files[where.file];
    LLVMMetadataRef signature = LLVMDIBuilderCreateSubroutineType(u->debug, file, NULL, 0, LLVMDIFlagZero);
    LLVMMetadataRef scope =
        LLVMDIBuilderCreateFunction(u->debug, file, i->name, strlen(i->name), "", 0, file, (unsigned)where.line,
                                    signature, 1, 1, (unsigned)where.line, LLVMDIFlagZero, b->l->options.opt_level > 0);
    LLVMSetSubprogram(i->fn, scope);
    return scope;
}

void body_open(body *b, instance *i, pos where, type *result) {
    lowering *l = i->home->l;
    *b = (body){.l = l, .u = i->home, .of = i, .inst = i->inst, .result = result, .fn = i->fn, .pos = where};
    b->result_ll = LLVMGetReturnType(i->fn_type);
    b->b = LLVMCreateBuilderInContext(l->context);
    b->scope = body_scope(b, i, where);
    body_block(b, "entry");
    body_position(b, body_block(b, "start"));
    body_at(b, where);
}

void body_close(body *b) {
    /* What is open now nothing reaches. */
    LLVMBuildUnreachable(b->b);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(b->fn);
    body_position(b, entry);
    LLVMBuildBr(b->b, LLVMGetNextBasicBlock(entry));
    LLVMDisposeBuilder(b->b);
}

void body_unreachable(body *b) { body_position(b, body_block(b, "dead")); }

LLVMValueRef body_slot(body *b, LLVMTypeRef of, const char *name) {
    LLVMBuilderRef at = LLVMCreateBuilderInContext(b->l->context);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(b->fn);
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first != NULL)
        LLVMPositionBuilderBefore(at, first);
    else
        LLVMPositionBuilderAtEnd(at, entry);
    LLVMValueRef slot = LLVMBuildAlloca(at, of, name);
    LLVMDisposeBuilder(at);
    return slot;
}

LLVMValueRef body_i64(body *b, int64_t value) { return LLVMConstInt(b->l->i64, (unsigned long long)value, 1); }

LLVMValueRef body_unit(body *b) { return LLVMConstInt(b->l->i64, 0, 0); }

LLVMValueRef body_load(body *b, LLVMTypeRef of, LLVMValueRef base, uint64_t offset) {
    LLVMValueRef at = base;
    if (offset != 0) {
        LLVMValueRef by = LLVMConstInt(b->l->i64, offset, 0);
        at = LLVMBuildInBoundsGEP2(b->b, b->l->i8, base, &by, 1, "");
    }
    LLVMValueRef load = LLVMBuildLoad2(b->b, of, at, "");
    LLVMSetAlignment(load, 8);
    return load;
}

/* -- Ends ---------------------------------------------------------------------------------------------------- */

void body_return(body *b, LLVMValueRef value) {
    if (b->result_ll == b->l->nothing)
        LLVMBuildRetVoid(b->b);
    else
        LLVMBuildRet(b->b,
                     b->result != NULL || LLVMTypeOf(value) == b->result_ll ? value : LLVMConstNull(b->result_ll));
    body_unreachable(b);
}

void body_panic(body *b, const char *text) {
    buskin_cg_panic_text(b->u->cg, b->b, text, b->l->p->files[b->pos.file].path, (unsigned)b->pos.line,
                         (unsigned)b->pos.col);
    body_unreachable(b);
}

/* A call of an instance; a tail call where that can be guaranteed. */
LLVMValueRef body_call(body *b, instance *callee, LLVMValueRef *args, unsigned nargs, bool tail) {
    LLVMValueRef call = LLVMBuildCall2(b->b, callee->fn_type, instance_in(b->u, callee), args, nargs, "");
    LLVMTypeRef result = LLVMGetReturnType(callee->fn_type);
    if (tail && tail_is_guaranteed(b->of, callee)) {
        tail_join(b->of, callee);
        LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
        if (result == b->l->nothing)
            LLVMBuildRetVoid(b->b);
        else
            LLVMBuildRet(b->b, call);
        body_unreachable(b);
        return result == b->l->nothing ? body_unit(b) : LLVMGetPoison(result);
    }
    return result == b->l->nothing ? body_unit(b) : call;
}

LLVMValueRef body_runtime(body *b, const char *row, LLVMValueRef *args, unsigned nargs) {
    LLVMValueRef result = buskin_cg_call(b->u->cg, b->b, row, args, nargs);
    return result != NULL ? result : LLVMGetPoison(b->l->i64); /* the failure stands in the cg */
}

/* -- Joins --------------------------------------------------------------------------------------------------- */

join join_open(body *b, LLVMTypeRef of, const char *name) { return (join){.block = body_block(b, name), .type = of}; }

void join_add(body *b, join *j, LLVMValueRef value) {
    if ((j->n & (j->n - 1)) == 0) {
        size_t room = j->n == 0 ? 1 : 2 * (size_t)j->n;
        j->values = realloc(j->values, room * sizeof *j->values);
        j->from = realloc(j->from, room * sizeof *j->from);
    }
    j->values[j->n] = value;
    j->from[j->n] = LLVMGetInsertBlock(b->b);
    j->n++;
    LLVMBuildBr(b->b, j->block);
}

LLVMValueRef join_close(body *b, join *j) {
    LLVMMoveBasicBlockAfter(j->block, LLVMGetLastBasicBlock(b->fn));
    body_position(b, j->block);
    LLVMValueRef value = LLVMGetPoison(j->type);
    if (j->n == 1) value = j->values[0];
    if (j->n > 1) {
        value = LLVMBuildPhi(b->b, j->type, "");
        LLVMAddIncoming(value, j->values, j->from, j->n);
    }
    free(j->values);
    free(j->from);
    return value;
}
