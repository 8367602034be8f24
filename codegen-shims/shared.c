/* shared.c - what actors refer to outside their heaps: handles of shared objects, and globals that are roots.
 *
 * A handle is an object of the actor's heap, so it goes into managed slots; what it holds is read through it, and the last
 * holder's end calls the release function. That function runs outside actors, on a worker's own stack: it has the C
 * convention and no reduction checks, and may not be actor code. A handle that could not be made ends the actor, as an
 * object that could not: no front end has to test for it (C9).
 *
 * Roots are told to the runtime by a function that main calls right behind init (C30). It grows with each root.
 */
#include "cg.h"

/* -- Handles --------------------------------------------------------------------------------------------- */

static bool release_ok(buskin_cg_t *cg, LLVMValueRef release, const char *who) {
    if (!release) return true;
    if (!LLVMIsAFunction(release)) return cg_fail(cg, "%s: release is not a function", who), false;
    LLVMTypeRef type = LLVMFunctionType(cg->type_void, &cg->type_ptr, 1, 0);
    if (LLVMGlobalGetValueType(release) != type || LLVMGetFunctionCallConv(release) != LLVMCCallConv)
        return cg_fail(cg, "%s: release is not void (ptr) of the C convention", who), false;
    if (cg_is_actor_code(release)) return cg_fail(cg, "%s: release runs outside actors, and is actor code", who), false;
    return true;
}

/* The builder goes on where there is a handle. */
static LLVMValueRef handle_made(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef handle) {
    static const char text[] = "no memory for a handle, or nothing to hold";
    LLVMBasicBlockRef made = cg_block_after(cg, b, "handle"), none = cg_block_last(cg, b, "handle.none");
    cg_branch(cg, b, LLVMBuildIsNull(b, handle, ""), none, 1, made, 2000);
    LLVMPositionBuilderAtEnd(b, none);
    buskin_cg_panic_text(cg, b, text, NULL, 0, 0);
    LLVMPositionBuilderAtEnd(b, made);
    return handle;
}

static LLVMValueRef handle_build(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, LLVMValueRef of,
                                 LLVMValueRef release) {
    if (!release_ok(cg, release, row) || !buskin_cg_declare(cg, row) || !buskin_cg_declare(cg, "panic")) return NULL;
    LLVMValueRef args[] = {of, release ? release : LLVMConstNull(cg->type_ptr)};
    return handle_made(cg, b, cg_call_row(cg, b, row, args, 2));
}

LLVMValueRef buskin_cg_shared_handle(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object, LLVMValueRef release) {
    if (!cg_can_build(cg, b, "shared_handle")) return NULL;
    if (!cg_is(cg, object, cg->type_ptr, "shared_handle", "the object")) return NULL;
    return handle_build(cg, b, "shared_handle", object, release);
}

LLVMValueRef buskin_cg_shared_alloc(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef size, LLVMValueRef release) {
    if (!cg_can_build(cg, b, "shared_alloc")) return NULL;
    if (!cg_is(cg, size, cg->type_i64, "shared_alloc", "the size")) return NULL;
    return handle_build(cg, b, "shared_alloc", size, release);
}

LLVMValueRef buskin_cg_shared_object(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef handle) {
    if (!cg_can_build(cg, b, "shared_object")) return NULL;
    if (!cg_is(cg, handle, cg->type_ptr, "shared_object", "the handle")) return NULL;
    return cg_load(b, cg->type_ptr, cg_field_address(cg, b, "handle", "object", handle), 8);
}

LLVMValueRef buskin_cg_shared_release(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef handle) {
    return buskin_cg_call(cg, b, "shared_release", &handle, 1);
}

/* -- Roots ------------------------------------------------------------------------------------------------ */

static bool root_ok(buskin_cg_t *cg, LLVMValueRef global) {
    if (!cg_ready(cg, "root")) return false;
    if (!global || !LLVMIsAGlobalVariable(global)) return cg_fail(cg, "root: this is no global variable"), false;
    const char *name = LLVMGetValueName2(global, &(size_t){0});
    if (LLVMGetGlobalParent(global) != cg->module) return cg_fail(cg, "root: %s is of another module", name), false;
    if (LLVMIsDeclaration(global))
        return cg_fail(cg, "root: %s is defined elsewhere, and is a root there", name), false;
    if (LLVMIsGlobalConstant(global)) return cg_fail(cg, "root: %s is constant, and refers to no object", name), false;
    if (LLVMIsThreadLocal(global)) return cg_fail(cg, "root: %s is a thread's own", name), false;
    if (LLVMABISizeOfType(cg->data, LLVMGlobalGetValueType(global)) < 8)
        return cg_fail(cg, "root: %s has no room for a pointer", name), false;
    return true;
}

/* The call in main, once there is a main and a root. */
void cg_call_roots(buskin_cg_t *cg) {
    if (!cg->roots || !cg->started) return;
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(cg->started));
    LLVMBuildCall2(b, LLVMGlobalGetValueType(cg->roots), cg->roots, NULL, 0, "");
    LLVMDisposeBuilder(b);
}

static LLVMValueRef roots_function(buskin_cg_t *cg) {
    if (cg->roots) return cg->roots;
    LLVMTypeRef type = LLVMFunctionType(cg->type_void, NULL, 0, 0);
    cg->roots = LLVMAddFunction(cg->module, "__buskin_roots", type);
    LLVMSetLinkage(cg->roots, LLVMInternalLinkage);
    cg_attribute(cg, cg->roots, "frame-pointer", "all");
    cg_attribute(cg, cg->roots, "probe-stack", "inline-asm");
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(cg->context, cg->roots, "entry"));
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
    cg_call_roots(cg);
    return cg->roots;
}

int buskin_cg_root(buskin_cg_t *cg, LLVMValueRef global) {
    if (!root_ok(cg, global) || !buskin_cg_declare(cg, "gc_add_roots")) return -1;
    uint64_t size = LLVMABISizeOfType(cg->data, LLVMGlobalGetValueType(global));
    if (LLVMGetAlignment(global) < 8) LLVMSetAlignment(global, 8);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderBefore(b, LLVMGetBasicBlockTerminator(LLVMGetEntryBasicBlock(roots_function(cg))));
    cg_call_row(cg, b, "gc_add_roots", (LLVMValueRef[]){global, cg_int(cg->type_i64, size & ~UINT64_C(7))}, 2);
    LLVMDisposeBuilder(b);
    return 0;
}
