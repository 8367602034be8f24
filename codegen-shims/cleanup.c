/* cleanup.c - what must be undone if the actor ends in a region: a record in the frame, pushed and popped by stores.
 *
 * A native fault may come between any two instructions, as a signal does, and the runtime then reads the record and the context's
 * cleanups. So both stores to cleanups are volatile, and fences for the own thread keep what comes before and after on its side: what
 * was stored before the push is in memory when the record is found. The fences are no instructions.
 *
 * Each push has an alloca of its own: regions nest, and a record must stay as it is until its pop.
 */
#include "cg.h"

static bool run_ok(buskin_cg_t *cg, LLVMValueRef run) {
    if (!run || !LLVMIsAFunction(run)) return cg_fail(cg, "cleanup: run is not a function"), false;
    LLVMTypeRef type = LLVMFunctionType(cg->type_void, &cg->type_ptr, 1, 0);
    if (LLVMGlobalGetValueType(run) != type || LLVMGetFunctionCallConv(run) != LLVMCCallConv)
        return cg_fail(cg, "cleanup: run is not void (ptr) of the C convention"), false;
    if (!cg_is_actor_code(run)) return cg_fail(cg, "cleanup: run runs as the actor, and is not actor code"), false;
    return true;
}

/* Nothing that the compiler moves passes it. */
static void own_thread_fence(LLVMBuilderRef b) { LLVMBuildFence(b, LLVMAtomicOrderingSequentiallyConsistent, 1, ""); }

static void cleanups_become(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef context, LLVMValueRef newest) {
    own_thread_fence(b);
    LLVMValueRef store = LLVMBuildStore(b, newest, cg_field_address(cg, b, "context", "cleanups", context));
    LLVMSetAlignment(store, 8);
    LLVMSetVolatile(store, 1);
    own_thread_fence(b);
}

static LLVMValueRef record_alloca(buskin_cg_t *cg, LLVMBuilderRef b) {
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(LLVMGetBasicBlockParent(LLVMGetInsertBlock(b)));
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    LLVMBuilderRef in_entry = LLVMCreateBuilderInContext(cg->context);
    if (first)
        LLVMPositionBuilderBefore(in_entry, first);
    else
        LLVMPositionBuilderAtEnd(in_entry, entry);
    LLVMValueRef record =
        LLVMBuildAlloca(in_entry, LLVMArrayType2(cg->type_i64, sizeof(buskin_cleanup_t) / 8), "cleanup");
    LLVMSetAlignment(record, 8);
    LLVMDisposeBuilder(in_entry);
    return record;
}

int buskin_cg_cleanup_push(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef run, LLVMValueRef arg,
                           buskin_cg_cleanup_t *cleanup) {
    if (!cg_can_build(cg, b, "cleanup") || !run_ok(cg, run)) return -1;
    if (!cg_is(cg, arg, cg->type_ptr, "cleanup", "arg")) return -1;
    LLVMValueRef context = cg_context(cg, b);
    if (!context) return -1;
    LLVMValueRef record = record_alloca(cg, b);
    LLVMValueRef next = cg_load(b, cg->type_ptr, cg_field_address(cg, b, "context", "cleanups", context), 8);
    cg_store(b, next, cg_field_address(cg, b, "cleanup", "next", record), 8);
    cg_store(b, run, cg_field_address(cg, b, "cleanup", "run", record), 8);
    cg_store(b, arg, cg_field_address(cg, b, "cleanup", "arg", record), 8);
    cleanups_become(cg, b, context, record);
    *cleanup = (buskin_cg_cleanup_t){.record = record, .run = run, .arg = arg};
    return 0;
}

int buskin_cg_cleanup_pop(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_cleanup_t *cleanup, int runs) {
    if (!cg_can_build(cg, b, "cleanup")) return -1;
    LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInsertBlock(b));
    if (!cleanup->record || LLVMGetBasicBlockParent(LLVMGetInstructionParent(cleanup->record)) != function)
        return cg_fail(cg, "cleanup: it was pushed in another function");
    LLVMValueRef context = cg_context(cg, b);
    if (!context) return -1;
    LLVMValueRef next = cg_load(b, cg->type_ptr, cg_field_address(cg, b, "cleanup", "next", cleanup->record), 8);
    cleanups_become(cg, b, context, next);
    LLVMValueRef arg = cleanup->arg;
    if (runs) LLVMBuildCall2(b, LLVMGlobalGetValueType(cleanup->run), cleanup->run, &arg, 1, "");
    return 0;
}
