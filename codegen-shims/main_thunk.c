/* main_thunk.c - the C main of a program: init, the first actor, run until quiet, exit status.
 *
 *   entry: epoch, init ---- not 0 --> failed (the runtime has said why): 1
 *            |
 *          roots (shared.c)
 *            |
 *          spawn_main ----- 0 ------> no main: a line on standard error, 1
 *            |
 *          run_scheduler -----------> its status
 *
 * It calls no code of the user's: the context of this thread changes in init, and code that runs as an actor has
 * an actor's (C30).
 */
#include "cg.h"

static LLVMBasicBlockRef block(buskin_cg_t *cg, LLVMValueRef function, const char *name) {
    return LLVMAppendBasicBlockInContext(cg->context, function, name);
}

static LLVMValueRef is_not_zero(LLVMBuilderRef b, LLVMValueRef value) {
    return LLVMBuildICmp(b, LLVMIntNE, value, LLVMConstNull(LLVMTypeOf(value)), "");
}

static void say_no_main(buskin_cg_t *cg, LLVMBuilderRef b) {
    const char text[] = "error: the main actor could not be started\n";
    LLVMValueRef line = buskin_cg_text(cg, text, sizeof text - 1);
    LLVMValueRef args[] = {cg_int(cg->type_i32, 2), line, cg_int(cg->type_i64, sizeof text - 1)};
    cg_call_row(cg, b, "print", args, 3);
}

static void main_fill(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef main, LLVMValueRef descriptor) {
    LLVMBasicBlockRef started = block(cg, main, "started"), run = block(cg, main, "run");
    LLVMBasicBlockRef no_main = block(cg, main, "no_main"), failed = block(cg, main, "failed");
    LLVMValueRef workers = cg_int(cg->type_i32, 0);
    cg->started = started;
    cg_load_epoch(cg, b);
    LLVMBuildCondBr(b, is_not_zero(b, cg_call_row(cg, b, "rt_init_actor", &workers, 1)), failed, started);
    LLVMPositionBuilderAtEnd(b, started);
    LLVMValueRef args[] = {descriptor, LLVMConstNull(cg->type_ptr)};
    LLVMBuildCondBr(b, is_not_zero(b, cg_call_row(cg, b, "spawn_main", args, 2)), run, no_main);
    LLVMPositionBuilderAtEnd(b, run);
    LLVMBuildRet(b, cg_call_row(cg, b, "rt_run_scheduler", NULL, 0));
    LLVMPositionBuilderAtEnd(b, no_main);
    say_no_main(cg, b);
    LLVMBuildBr(b, failed);
    LLVMPositionBuilderAtEnd(b, failed);
    LLVMBuildRet(b, cg_int(cg->type_i32, 1));
}

static bool rows_declared(buskin_cg_t *cg) {
    return buskin_cg_declare(cg, "rt_init_actor") && buskin_cg_declare(cg, "spawn_main") &&
           buskin_cg_declare(cg, "rt_run_scheduler") && buskin_cg_declare(cg, "print");
}

LLVMValueRef buskin_cg_main_thunk(buskin_cg_t *cg, const buskin_cg_actor_t *actor, const char *symbol) {
    if (!cg_ready(cg, "main_thunk")) return NULL;
    if (!actor || actor->nparams) return cg_fail(cg, "main_thunk: it needs an actor without parameters"), NULL;
    if (!symbol || !*symbol) return cg_fail(cg, "main_thunk: it has no name"), NULL;
    if (LLVMGetNamedFunction(cg->module, symbol) || LLVMGetNamedGlobal(cg->module, symbol))
        return cg_fail(cg, "main_thunk: %s exists already", symbol), NULL;
    if (!rows_declared(cg)) return NULL;
    LLVMTypeRef types[] = {cg->type_i32, cg->type_ptr};
    LLVMValueRef main = LLVMAddFunction(cg->module, symbol, LLVMFunctionType(cg->type_i32, types, 2, 0));
    cg_attribute(cg, main, "frame-pointer", "all");
    cg_attribute(cg, main, "probe-stack", "inline-asm");
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderAtEnd(b, block(cg, main, "entry"));
    main_fill(cg, b, main, actor->descriptor);
    cg_call_roots(cg);
    LLVMDisposeBuilder(b);
    return main;
}
