/* m_flow.c - C9, C11 to C16, C30: what code does between its calls. */
#include "mutate.h"

/* -- C9 ------------------------------------------------------------------------------------------------------------- */

static bool is_nullable(LLVMValueRef value) {
    const abi_function_t *row = row_of_call(value);
    return row && row->effects & ABI_NULLABLE && !(row->effects & ABI_FRESH);
}

static bool tests_null(LLVMValueRef i) {
    return LLVMIsAICmpInst(i) && LLVMIsNull(LLVMGetOperand(i, 1)) && is_nullable(LLVMGetOperand(i, 0)) &&
           LLVMGetICmpPredicate(i) == LLVMIntEQ && is_in_actor(i);
}

bool null_test_gone(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef test = nth_instruction(module, nth, tests_null);
    if (!test) return false;
    LLVMReplaceAllUsesWith(test, int_of(module, 1, 0));
    LLVMInstructionEraseFromParent(test);
    return true;
}

/* All limits of a function that waits for ever. */
static bool waits_for_ever(LLVMValueRef store) {
    LLVMValueRef value = LLVMIsAStoreInst(store) ? LLVMGetOperand(store, 0) : NULL;
    if (!value || !LLVMIsAConstantInt(value) || LLVMGetIntTypeWidth(LLVMTypeOf(value)) != 64) return false;
    LLVMValueRef record = LLVMGetOperand(store, 1);
    unsigned kind = LLVMGetMDKindIDInContext(LLVMGetModuleContext(LLVMGetGlobalParent(parent_of(store))),
                                             "buskin.frame.receive", 20);
    return LLVMConstIntGetSExtValue(value) == -1 && LLVMIsAAllocaInst(record) && LLVMHasMetadata(record) &&
           LLVMGetMetadata(record, kind);
}

bool time_limit_appears(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef store = nth_instruction(module, nth, waits_for_ever);
    if (store) LLVMSetOperand(store, 0, int_of(module, 64, 50));
    return store != NULL;
}

/* -- C11 ------------------------------------------------------------------------------------------------------------- */

static unsigned arms_kind(LLVMModuleRef module) {
    return LLVMGetMDKindIDInContext(LLVMGetModuleContext(module), "buskin.arms", 11);
}

static bool has_arms(LLVMValueRef call, const abi_function_t *row) {
    (void)row;
    return LLVMHasMetadata(call) && LLVMGetMetadata(call, arms_kind(LLVMGetGlobalParent(parent_of(call))));
}

bool arms_lost(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, has_arms);
    if (!call) return false;
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMMetadataRef count = LLVMValueAsMetadata(int_of(module, 32, 100000));
    LLVMSetMetadata(call, arms_kind(module), LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, &count, 1)));
    return true;
}

bool arm_not_built(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, has_arms);
    if (!call) return false;
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMMetadataRef counts[] = {LLVMValueAsMetadata(int_of(module, 32, 2)), LLVMValueAsMetadata(int_of(module, 32, 1))};
    LLVMSetMetadata(call, arms_kind(module), LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, counts, 2)));
    return true;
}

static bool is_sent(LLVMModuleRef module, LLVMValueRef tag) {
    for (LLVMUseRef use = LLVMGetFirstUse(tag); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        const abi_function_t *row = LLVMIsAInstruction(user) ? row_of_call(user) : NULL;
        if (row && strstr(row->name, "send") && LLVMGetGlobalParent(parent_of(user)) == module) return true;
    }
    return false;
}

/* A branch on kind and tag, whose one way is taken for that tag only. */
static LLVMValueRef message_of_branch(LLVMValueRef branch) {
    if (!LLVMIsABranchInst(branch) || !LLVMIsConditional(branch)) return NULL;
    LLVMValueRef condition = LLVMGetCondition(branch);
    if (!LLVMIsAInstruction(condition) || LLVMGetInstructionOpcode(condition) != LLVMAnd) return NULL;
    LLVMValueRef compare = LLVMGetOperand(condition, 1);
    if (!LLVMIsAICmpInst(compare) || LLVMGetICmpPredicate(compare) != LLVMIntEQ) return NULL;
    LLVMValueRef load = LLVMGetOperand(compare, 0), tag = LLVMGetOperand(compare, 1);
    if (!LLVMIsALoadInst(load) || !LLVMIsAConstantInt(tag) || !is_nullable(LLVMGetOperand(load, 0))) return NULL;
    return is_sent(LLVMGetGlobalParent(parent_of(branch)), tag) ? LLVMGetOperand(load, 0) : NULL;
}

static unsigned uses_of_block(LLVMBasicBlockRef block) {
    unsigned n = 0;
    for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block)); use; use = LLVMGetNextUse(use)) n++;
    return n;
}

static bool fits_a_tag(LLVMValueRef i) { return message_of_branch(i) && uses_of_block(LLVMGetSuccessor(i, 0)) == 1; }

bool load_beyond_message(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef branch = nth_instruction(module, nth, fits_a_tag);
    if (!branch) return false;
    LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetSuccessor(branch, 0));
    while (LLVMIsAPHINode(first)) first = LLVMGetNextInstruction(first);
    LLVMBuilderRef b = builder_before(first);
    LLVMBuildLoad2(b, int_type(module, 64), address(b, module, message_of_branch(branch), 1 << 16), "");
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C12 ------------------------------------------------------------------------------------------------------------- */

static bool calls_row(LLVMBasicBlockRef block, const char *name) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
        const abi_function_t *row = row_of_call(i);
        if (row && strcmp(row->name, name) == 0) return true;
    }
    return false;
}

/* It has a loop, and its only way to yield is the slow path of its checks. */
static bool yields_by_checks_only(LLVMValueRef f) {
    bool loops = false;
    if (!is_actor_body(f)) return false;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block; block = LLVMGetNextBasicBlock(block)) {
        loops |= strncmp(LLVMGetBasicBlockName(block), "check.loop", 10) == 0 ||
                 strncmp(LLVMGetBasicBlockName(block), "check.settle", 12) == 0;
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            const abi_function_t *row = row_of_call(i);
            if (row && row->effects & ABI_YIELDS && strcmp(row->name, "reduction_slow") != 0) return false;
        }
    }
    return loops;
}

bool checks_gone(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, yields_by_checks_only);
    if (!f) return false;
    for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block; block = LLVMGetNextBasicBlock(block)) {
        LLVMValueRef end = LLVMGetBasicBlockTerminator(block);
        if (LLVMIsABranchInst(end) && LLVMIsConditional(end) && calls_row(LLVMGetSuccessor(end, 0), "reduction_slow"))
            LLVMSetCondition(end, int_of(module, 1, 0));
    }
    return true;
}

static bool goes_on(LLVMValueRef i) {
    return LLVMIsABranchInst(i) && !LLVMIsConditional(i) && is_in_actor(i) &&
           !LLVMIsAPHINode(LLVMGetFirstInstruction(LLVMGetSuccessor(i, 0)));
}

bool loop_without_check(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef branch = nth_instruction(module, nth, goes_on);
    if (!branch) return false;
    LLVMBasicBlockRef loop =
        LLVMInsertBasicBlockInContext(LLVMGetModuleContext(module), LLVMGetSuccessor(branch, 0), "spin");
    LLVMBasicBlockRef next = LLVMGetSuccessor(branch, 0);
    LLVMSetSuccessor(branch, 0, loop);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
    LLVMPositionBuilderAtEnd(b, loop);
    LLVMSetCurrentDebugLocation2(b, LLVMInstructionGetDebugLoc(branch));
    LLVMValueRef word = frame_word(parent_of(branch));
    LLVMValueRef more = LLVMBuildLoad2(b, int_type(module, 64), word, "");
    LLVMSetVolatile(more, 1);
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, more, ""), next, loop);
    LLVMDisposeBuilder(b);
    return true;
}

bool recursion_without_check(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_body), args[32];
    if (!f || LLVMCountParams(f) > 32) return false;
    LLVMGetParams(f, args);
    LLVMBuilderRef b = builder_before(after_allocas(f));
    LLVMSetCurrentDebugLocation2(
        b, LLVMGetSubprogram(f)
               ? LLVMDIBuilderCreateDebugLocation(LLVMGetModuleContext(module), 1, 1, LLVMGetSubprogram(f), NULL)
               : NULL);
    LLVMValueRef call = LLVMBuildCall2(b, LLVMGlobalGetValueType(f), f, args, LLVMCountParams(f), "");
    LLVMSetInstructionCallConv(call, LLVMGetFunctionCallConv(f));
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C13, C14 ------------------------------------------------------------------------------------------------------------ */

static void keep(LLVMBuilderRef b, LLVMModuleRef module, LLVMValueRef alloca) {
    LLVMSetVolatile(LLVMBuildStore(b, int_of(module, 8, 1), alloca), 1);
}

bool frame_grown(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_code);
    if (!f) return false;
    LLVMBuilderRef b = builder_before(LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(f)));
    LLVMValueRef local = LLVMBuildAlloca(b, LLVMArrayType2(int_type(module, 8), 100000), "");
    LLVMPositionBuilderBefore(b, after_allocas(f));
    keep(b, module, local);
    LLVMDisposeBuilder(b);
    return true;
}

bool alloca_dynamic(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_code);
    if (!f) return false;
    LLVMValueRef word = frame_word(f);
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(after_allocas(f)));
    LLVMValueRef n = LLVMBuildLoad2(b, int_type(module, 64), word, "");
    keep(b, module, LLVMBuildArrayAlloca(b, int_type(module, 8), n, ""));
    LLVMDisposeBuilder(b);
    return true;
}

/* Blocks that branch back to themselves, or that begin a round of reductions. */
static bool is_in_loop(LLVMValueRef i) {
    return is_in_actor(i) && LLVMIsABranchInst(i) && LLVMIsConditional(i) &&
           strncmp(LLVMGetBasicBlockName(LLVMGetInstructionParent(i)), "check.loop", 10) == 0;
}

bool alloca_in_loop(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef branch = nth_instruction(module, nth, is_in_loop);
    if (!branch) return false;
    LLVMBuilderRef b = builder_before(branch);
    keep(b, module, LLVMBuildAlloca(b, int_type(module, 64), ""));
    LLVMDisposeBuilder(b);
    return true;
}

bool probe_gone(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_code);
    if (f) LLVMRemoveStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "probe-stack", 11);
    return f != NULL;
}

/* -- C15, C16 ------------------------------------------------------------------------------------------------------------ */

static bool yields(LLVMValueRef call, const abi_function_t *row) {
    return row->effects & ABI_YIELDS && LLVMIsACallInst(call) && LLVMGetTailCallKind(call) != LLVMTailCallKindMustTail;
}

bool thread_local_across_yield(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, yields);
    if (!call) return false;
    LLVMValueRef global = LLVMAddGlobal(module, int_type(module, 64), "counter");
    LLVMSetThreadLocal(global, 1);
    LLVMBuilderRef b = builder_before(call);
    LLVMValueRef value = LLVMBuildLoad2(b, int_type(module, 64), global, "");
    LLVMPositionBuilderBefore(b, LLVMGetNextInstruction(call));
    LLVMBuildStore(b, value, global);
    LLVMDisposeBuilder(b);
    return true;
}

static void call_sleep(LLVMModuleRef module, LLVMBuilderRef b) {
    LLVMTypeRef seconds = int_type(module, 32), type = LLVMFunctionType(seconds, &seconds, 1, 0);
    LLVMValueRef sleep = LLVMGetNamedFunction(module, "sleep"), one = int_of(module, 32, 1);
    if (!sleep) sleep = LLVMAddFunction(module, "sleep", type);
    LLVMBuildCall2(b, type, sleep, &one, 1, "");
}

bool blocking_inserted(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_body);
    if (!f) return false;
    LLVMBuilderRef b = builder_before(after_allocas(f));
    call_sleep(module, b);
    LLVMDisposeBuilder(b);
    return true;
}

bool blocking_in_helper(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_body);
    if (!f) return false;
    LLVMTypeRef type = LLVMFunctionType(void_type(module), NULL, 0, 0);
    LLVMValueRef helper = LLVMAddFunction(module, "helper", type);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(LLVMGetModuleContext(module), helper, "entry"));
    call_sleep(module, b);
    LLVMBuildRetVoid(b);
    LLVMPositionBuilderBefore(b, after_allocas(f));
    LLVMBuildCall2(b, type, helper, NULL, 0, "");
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C30 ------------------------------------------------------------------------------------------------------------- */

static bool starts(LLVMValueRef call, const abi_function_t *row) {
    (void)call;
    return strcmp(row->name, "rt_init_actor") == 0;
}

static bool ends(LLVMValueRef call, const abi_function_t *row) {
    (void)call;
    return strcmp(row->name, "rt_run_scheduler") == 0;
}

bool call_before_init(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, starts);
    if (!call) return false;
    LLVMBuilderRef b = builder_before(call);
    call_runtime(module, b, "actor_yield", void_type(module), NULL, 0);
    LLVMDisposeBuilder(b);
    return true;
}

bool call_after_end(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, ends);
    if (!call || !nth_call(module, 0, starts)) return false;
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(call));
    call_runtime(module, b, "actor_yield", void_type(module), NULL, 0);
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C36, C37 ------------------------------------------------------------------------------------------------------------ */

static bool gives_message(LLVMValueRef call, const abi_function_t *row) {
    return strcmp(row->name, "message_send") == 0 || (strcmp(row->name, "message_release") == 0 && is_in_actor(call));
}

bool used_after_given(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, gives_message);
    if (!call) return false;
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(call));
    LLVMValueRef word = frame_word(parent_of(call));
    LLVMBuildStore(b, LLVMBuildLoad2(b, int_type(module, 64), LLVMGetOperand(call, 0), ""), word);
    LLVMDisposeBuilder(b);
    return true;
}

bool given_twice(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, gives_message);
    if (!call) return false;
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(call));
    LLVMValueRef message = LLVMGetOperand(call, 0);
    call_runtime(module, b, "message_release", void_type(module), &message, 1);
    LLVMDisposeBuilder(b);
    return true;
}

static bool sends_built(LLVMValueRef call, const abi_function_t *row) {
    (void)call;
    return strcmp(row->name, "message_send") == 0;
}

bool collection_while_open(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, sends_built);
    if (!call) return false;
    LLVMBuilderRef b = builder_before(call);
    call_runtime(module, b, "actor_yield", void_type(module), NULL, 0);
    LLVMDisposeBuilder(b);
    return true;
}
