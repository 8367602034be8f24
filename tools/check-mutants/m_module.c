/* m_module.c - C18, C19, C21 to C24, C28, C31 to C33: modules, records, entries. */
#include "mutate.h"

#include <stdlib.h>

#include <llvm-c/IRReader.h>

/* -- C18 ------------------------------------------------------------------------------------------------------------- */

bool layout_gone(LLVMModuleRef module, unsigned nth) {
    if (nth || !*LLVMGetDataLayoutStr(module)) return false;
    LLVMSetDataLayout(module, "");
    return true;
}

bool triple_gone(LLVMModuleRef module, unsigned nth) {
    if (nth || !*LLVMGetTarget(module)) return false;
    LLVMSetTarget(module, "");
    return true;
}

/* A word that is not a local's own: those become values. */
static bool loads_word(LLVMValueRef i) {
    return LLVMIsALoadInst(i) && is_in_actor(i) && LLVMGetAlignment(i) >= 8 &&
           !LLVMIsAAllocaInst(LLVMGetOperand(i, 0)) &&
           (LLVMTypeOf(i) == int_type(LLVMGetGlobalParent(parent_of(i)), 64));
}

bool alignment_lowered(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef load = nth_instruction(module, nth, loads_word);
    if (load) LLVMSetAlignment(load, 4);
    return load != NULL;
}

/* -- C19 ------------------------------------------------------------------------------------------------------------- */

static bool reads_context(LLVMValueRef i) {
    size_t length;
    if (!LLVMIsACallInst(i) || !is_in_actor(i)) return false;
    LLVMValueRef callee = LLVMGetCalledValue(i);
    const abi_function_t *row = row_of_call(i);
    if (row) return strcmp(row->name, "context") == 0;
    return LLVMIsAInlineAsm(callee) && strstr(LLVMGetInlineAsmAsmString(callee, &length), abi_context_symbol);
}

bool private_field_read(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef context = nth_instruction(module, nth, reads_context);
    if (!context) return false;
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(context));
    LLVMBuildLoad2(b, int_type(module, 64), address(b, module, context, offsetof(buskin_context_t, private1)), "");
    LLVMDisposeBuilder(b);
    return true;
}

bool limit_field_written(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef context = nth_instruction(module, nth, reads_context);
    if (!context) return false;
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(context));
    LLVMBuildStore(b, int_of(module, 64, 0), address(b, module, context, (int64_t)offset_of("context", "stack_limit")));
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C21 ------------------------------------------------------------------------------------------------------------- */

static unsigned desc_param(LLVMValueRef call, const abi_function_t *row) {
    unsigned i = param_of_kind(row, ABI_DESCN);
    bool slots = !strstr(row->name, "spawn") && !strstr(row->name, "supervisor");
    if (i == UINT32_MAX && slots) i = param_of_kind(row, ABI_DESC);
    if (i == UINT32_MAX || !LLVMIsAGlobalVariable(LLVMGetOperand(call, i))) return UINT32_MAX;
    LLVMValueRef global = LLVMGetOperand(call, i);
    return LLVMIsGlobalConstant(global) && LLVMGetInitializer(global) ? i : UINT32_MAX;
}

static bool names_desc(LLVMValueRef call, const abi_function_t *row) { return desc_param(call, row) != UINT32_MAX; }

static bool break_desc(LLVMModuleRef module, unsigned nth, const char *name, LLVMValueRef value) {
    LLVMValueRef call = nth_call(module, nth, names_desc);
    if (!call) return false;
    unsigned i = desc_param(call, row_of_call(call));
    LLVMValueRef twin = twin_of(module, LLVMGetOperand(call, i));
    LLVMSetOperand(call, i, twin);
    return set_data(module, twin, offset_of("desc", name), value);
}

bool desc_size_odd(LLVMModuleRef module, unsigned nth) {
    return break_desc(module, nth, "size", int_of(module, 32, 20));
}

bool desc_unknown_flag(LLVMModuleRef module, unsigned nth) {
    return break_desc(module, nth, "flags", int_of(module, 16, 64));
}

/* -- C22, C23 --------------------------------------------------------------------------------------------------------- */

static bool is_actor_desc(LLVMValueRef global) {
    size_t length;
    return strncmp(LLVMGetValueName2(global, &length), "__actor_desc_", 13) == 0 && LLVMGetInitializer(global);
}

static bool break_spawn_desc(LLVMModuleRef module, unsigned nth, const char *name, LLVMValueRef value) {
    LLVMValueRef desc = nth_global(module, nth, is_actor_desc);
    return desc && set_data(module, desc, offset_of("spawn_desc", name), value);
}

bool record_size_old(LLVMModuleRef module, unsigned nth) {
    return break_spawn_desc(module, nth, "size", int_of(module, 64, sizeof(buskin_spawn_desc_t) - 8));
}

bool priority_unknown(LLVMModuleRef module, unsigned nth) {
    return break_spawn_desc(module, nth, "priority", int_of(module, 8, 9));
}

bool capacity_ignored(LLVMModuleRef module, unsigned nth) {
    return break_spawn_desc(module, nth, "mailbox_capacity", int_of(module, 64, 123456));
}

/* -- C21, C22, C23: supervisors ----------------------------------------------------------------------------------------- */

static bool is_supervisor(LLVMValueRef global) {
    size_t length;
    return strncmp(LLVMGetValueName2(global, &length), "__actor_supervisor_", 19) == 0 && LLVMGetInitializer(global);
}

static bool break_supervisor(LLVMModuleRef module, unsigned nth, const char *name, LLVMValueRef value) {
    LLVMValueRef spec = nth_global(module, nth, is_supervisor);
    return spec && set_data(module, spec, offset_of("supervisor_spec", name), value);
}

static bool is_child(LLVMValueRef global) {
    size_t length;
    return strncmp(LLVMGetValueName2(global, &length), "buskin.child", 12) == 0 &&
           strncmp(LLVMGetValueName2(global, &length), "buskin.children", 15) != 0 && LLVMGetInitializer(global);
}

static bool break_child(LLVMModuleRef module, unsigned nth, const char *name, LLVMValueRef value) {
    LLVMValueRef child = nth_global(module, nth, is_child);
    return child && set_data(module, child, offset_of("child_spec", name), value);
}

bool child_without_start(LLVMModuleRef module, unsigned nth) {
    return break_child(module, nth, "start", LLVMConstNull(ptr_type(module)));
}

bool children_too_many(LLVMModuleRef module, unsigned nth) {
    return break_supervisor(module, nth, "child_count", int_of(module, 64, 1000));
}

bool supervisor_size_old(LLVMModuleRef module, unsigned nth) {
    return break_supervisor(module, nth, "size", int_of(module, 64, sizeof(buskin_supervisor_spec_t) - 8));
}

bool child_size_old(LLVMModuleRef module, unsigned nth) {
    return break_child(module, nth, "size", int_of(module, 64, sizeof(buskin_child_spec_t) + 8));
}

bool strategy_unknown(LLVMModuleRef module, unsigned nth) {
    return break_supervisor(module, nth, "strategy", int_of(module, 32, 4));
}

bool window_empty(LLVMModuleRef module, unsigned nth) {
    return break_supervisor(module, nth, "window_ms", int_of(module, 64, 0));
}

bool restart_unknown(LLVMModuleRef module, unsigned nth) {
    return break_child(module, nth, "restart", int_of(module, 32, 3));
}

bool shutdown_negative(LLVMModuleRef module, unsigned nth) {
    return break_child(module, nth, "shutdown_ms", int_of(module, 64, -3));
}

/* -- C24, C28, C31 ------------------------------------------------------------------------------------------------------ */

static bool is_thunk(LLVMValueRef f) {
    size_t length;
    return is_actor_code(f) && is_marked(f, "buskin-entry") &&
           strncmp(LLVMGetValueName2(f, &length), "__actor_entry_", 14) == 0;
}

static bool calls_body(LLVMValueRef i) {
    return LLVMIsACallInst(i) && is_thunk(parent_of(i)) && LLVMIsAFunction(LLVMGetCalledValue(i)) &&
           is_actor_body(LLVMGetCalledValue(i));
}

/* Called through its last operand, which is the callee. */
bool body_undefined(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_instruction(module, nth, calls_body);
    if (!call) return false;
    LLVMValueRef body = LLVMGetCalledValue(call),
                 lost = LLVMAddFunction(module, "lost_body", LLVMGlobalGetValueType(body));
    LLVMSetFunctionCallConv(lost, LLVMGetFunctionCallConv(body));
    mark_actor_code(lost);
    LLVMSetOperand(call, (unsigned)LLVMGetNumOperands(call) - 1, lost);
    return true;
}

bool thunk_called(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef thunk = nth_function(module, nth, is_thunk), f = nth_function(module, nth, is_actor_body);
    if (!thunk || !f) return false;
    LLVMBuilderRef b = builder_before(after_allocas(f));
    LLVMValueRef null = LLVMConstNull(ptr_type(module));
    LLVMBuildCall2(b, LLVMGlobalGetValueType(thunk), thunk, &null, 1, "");
    LLVMDisposeBuilder(b);
    return true;
}

bool entry_not_thunk(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef thunk = nth_function(module, nth, is_thunk);
    if (thunk)
        LLVMRemoveStringAttributeAtIndex(thunk, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "buskin-entry", 12);
    return thunk != NULL;
}

/* -- C32 ------------------------------------------------------------------------------------------------------------- */

bool state_not_tested(LLVMModuleRef module, unsigned nth) {
    LLVMTypeRef pointers[] = {ptr_type(module), ptr_type(module)};
    LLVMValueRef f = LLVMAddFunction(module, "cleanup", LLVMFunctionType(void_type(module), pointers, 2, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(LLVMGetModuleContext(module), f, "entry"));
    LLVMSetVolatile(LLVMBuildLoad2(b, int_type(module, 64), LLVMGetParam(f, 0), ""), 1);
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
    mark_actor_code(f);
    return break_spawn_desc(module, nth, "terminate", f);
}

bool terminate_set_late(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_body);
    if (!f) return false;
    LLVMBuilderRef b = builder_before(after_allocas(f));
    LLVMValueRef args[] = {int_of(module, 64, 1), LLVMConstNull(ptr_type(module))};
    call_runtime(module, b, "actor_set_terminate", void_type(module), args, 2);
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C33 ------------------------------------------------------------------------------------------------------------- */

/* LLVM-C cannot change a flag that is there; its value is one constant of its node. */
static bool change_flag(LLVMModuleRef module, unsigned part, LLVMValueRef value) {
    LLVMValueRef flags[64], parts[3];
    unsigned length, n = LLVMGetNamedMetadataNumOperands(module, "llvm.module.flags");
    if (n > 64) return false;
    LLVMGetNamedMetadataOperands(module, "llvm.module.flags", flags);
    for (unsigned i = 0; i < n; i++) {
        if (LLVMGetMDNodeNumOperands(flags[i]) != 3) continue;
        LLVMGetMDNodeOperands(flags[i], parts);
        const char *key = LLVMGetMDString(parts[1], &length);
        if (!key || length != 10 || memcmp(key, "buskin.abi", 10) != 0) continue;
        LLVMReplaceMDNodeOperandWith(flags[i], part, LLVMValueAsMetadata(value));
        return true;
    }
    return false;
}

bool flag_of_another(LLVMModuleRef module, unsigned nth) {
    return nth == 0 && change_flag(module, 2, int_of(module, 32, 99));
}

bool flag_without_error(LLVMModuleRef module, unsigned nth) {
    return nth == 0 && change_flag(module, 0, int_of(module, 32, LLVMModuleFlagBehaviorWarning + 1));
}
