/* m_declare.c - C6, C7, C8, C10, C17, C20, C25, C26, C29, C35: declarations and single calls. */
#include "mutate.h"

enum { PARAMETERS = 32 };
static const LLVMAttributeIndex of_function = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;

static bool is_used_row(LLVMValueRef function) { return row_of(function) && LLVMGetFirstUse(function); }

static LLVMAttributeRef enum_attribute(LLVMModuleRef module, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    return LLVMCreateEnumAttribute(LLVMGetModuleContext(module), kind, 0);
}

/* -- C6, C20 ----------------------------------------------------------------------------------------------------- */

bool declared_with_more(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_used_row);
    LLVMTypeRef parameters[PARAMETERS];
    if (!f) return false;
    LLVMTypeRef type = LLVMGlobalGetValueType(f);
    unsigned n = LLVMCountParamTypes(type);
    LLVMGetParamTypes(type, parameters);
    parameters[n] = int_type(module, 64);
    return redeclare(f, LLVMFunctionType(LLVMGetReturnType(type), parameters, n + 1, 0));
}

static bool takes_word(LLVMValueRef function) {
    if (!is_used_row(function)) return false;
    LLVMTypeRef word = int_type(LLVMGetGlobalParent(function), 64);
    return LLVMCountParams(function) > 0 && LLVMTypeOf(LLVMGetParam(function, 0)) == word;
}

bool declared_narrower(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, takes_word);
    LLVMTypeRef parameters[PARAMETERS];
    if (!f) return false;
    LLVMTypeRef type = LLVMGlobalGetValueType(f);
    LLVMGetParamTypes(type, parameters);
    parameters[0] = int_type(module, 32);
    return redeclare(f, LLVMFunctionType(LLVMGetReturnType(type), parameters, LLVMCountParamTypes(type), 0));
}

bool aggregate_returned(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_used_row);
    LLVMTypeRef parameters[PARAMETERS], pair[] = {int_type(module, 64), int_type(module, 64)};
    if (!f) return false;
    LLVMTypeRef type = LLVMGlobalGetValueType(f);
    LLVMGetParamTypes(type, parameters);
    LLVMTypeRef result = LLVMStructTypeInContext(LLVMGetModuleContext(module), pair, 2, 0);
    return redeclare(f, LLVMFunctionType(result, parameters, LLVMCountParamTypes(type), 0));
}

/* -- C7 ------------------------------------------------------------------------------------------------------------ */

bool spawn_without_extension(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_actor_body), thunk = f;
    if (!f) return false;
    LLVMTypeRef pointer = ptr_type(module);
    thunk = LLVMAddFunction(module, "elsewhere", LLVMFunctionType(void_type(module), &pointer, 1, 0));
    LLVMBuilderRef b = builder_before(after_allocas(f));
    LLVMValueRef args[] = {thunk, LLVMConstNull(pointer), int_of(module, 64, 0), int_of(module, 8, 1)};
    call_runtime(module, b, "actor_spawn", int_type(module, 64), args, 4);
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C8 ------------------------------------------------------------------------------------------------------------ */

static bool yields(LLVMValueRef f) { return is_used_row(f) && row_of(f)->effects & ABI_YIELDS; }
static bool is_impure(LLVMValueRef f) { return is_used_row(f) && !(row_of(f)->effects & ABI_PURE); }

static bool is_nullable(LLVMValueRef f) { return is_used_row(f) && row_of(f)->effects & ABI_NULLABLE; }

bool willreturn_on_yielding(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, yields);
    if (f) LLVMAddAttributeAtIndex(f, of_function, enum_attribute(module, nth % 2 ? "nosync" : "willreturn"));
    return f != NULL;
}

bool memory_none_on_row(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_impure);
    if (f) LLVMAddAttributeAtIndex(f, of_function, enum_attribute(module, "memory"));
    return f != NULL;
}

bool nonnull_on_nullable(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_nullable);
    if (f) LLVMAddAttributeAtIndex(f, LLVMAttributeReturnIndex, enum_attribute(module, "nonnull"));
    return f != NULL;
}

/* -- C10 ----------------------------------------------------------------------------------------------------------- */

static bool must_be_used(LLVMValueRef call, const abi_function_t *row) {
    return row->effects & ABI_MUST_USE && !(row->effects & (ABI_PURE | ABI_FRESH)) && LLVMGetFirstUse(call);
}

bool result_dropped(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, must_be_used);
    if (!call) return false;
    LLVMReplaceAllUsesWith(call, LLVMIsAConstant(call) ? call : LLVMGetUndef(LLVMTypeOf(call)));
    return true;
}

/* -- C17 ----------------------------------------------------------------------------------------------------------- */

static bool returns(LLVMValueRef i) { return LLVMIsAReturnInst(i) && is_in_actor(i); }

bool code_after_exit(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef end = nth_instruction(module, nth, returns);
    if (!end) return false;
    LLVMValueRef before = LLVMGetPreviousInstruction(end);
    if (before && LLVMIsACallInst(before) && LLVMGetTailCallKind(before) == LLVMTailCallKindMustTail) return false;
    LLVMBuilderRef b = builder_before(end);
    LLVMValueRef args[] = {int_of(module, 32, 0), LLVMConstNull(ptr_type(module)), int_of(module, 64, 0)};
    call_runtime(module, b, "actor_exit", void_type(module), args, 3);
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C25 ----------------------------------------------------------------------------------------------------------- */

bool name_unknown(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef f = nth_function(module, nth, is_used_row);
    char name[64];
    if (!f) return false;
    int n = snprintf(name, sizeof name, "%sactor_clone", abi_prefix);
    LLVMSetValueName2(f, name, (size_t)n);
    return true;
}

static bool is_epoch(LLVMValueRef global) {
    size_t length;
    return strcmp(LLVMGetValueName2(global, &length), abi_epoch_symbol) == 0;
}

static bool loads_epoch(LLVMValueRef i) {
    return LLVMIsALoadInst(i) && LLVMIsAGlobalVariable(LLVMGetOperand(i, 0)) && is_epoch(LLVMGetOperand(i, 0));
}

bool epoch_not_loaded(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef load = nth_instruction(module, nth, loads_epoch);
    if (!load || LLVMGetFirstUse(load)) return false;
    LLVMInstructionEraseFromParent(load);
    return true;
}

bool epoch_of_another(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef epoch = nth_global(module, nth, is_epoch);
    char name[64];
    if (!epoch) return false;
    int n = snprintf(name, sizeof name, "%sabi_epoch_0_99", abi_prefix);
    LLVMSetValueName2(epoch, name, (size_t)n);
    return true;
}

/* -- C26 ----------------------------------------------------------------------------------------------------------- */

static bool is_musttail(LLVMValueRef call) { return LLVMGetTailCallKind(call) == LLVMTailCallKindMustTail; }

static bool calls_directly(LLVMValueRef i) {
    LLVMValueRef callee = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
    return callee && LLVMIsAFunction(callee) && !LLVMGetIntrinsicID(callee) && !row_of(callee) && !is_musttail(i) &&
           LLVMGetNumArgOperands(i) > 0 && LLVMGetNumArgOperands(i) < PARAMETERS;
}

bool argument_lost(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_instruction(module, nth, calls_directly), args[PARAMETERS];
    LLVMTypeRef types[PARAMETERS];
    if (!call) return false;
    unsigned n = LLVMGetNumArgOperands(call) - 1;
    for (unsigned i = 0; i < n; i++) types[i] = LLVMTypeOf(args[i] = LLVMGetOperand(call, i));
    LLVMTypeRef type = LLVMFunctionType(LLVMTypeOf(call), types, n, 0);
    LLVMBuilderRef b = builder_before(call);
    LLVMValueRef other = LLVMBuildCall2(b, type, LLVMGetCalledValue(call), args, n, "");
    LLVMSetInstructionCallConv(other, LLVMGetInstructionCallConv(call));
    if (LLVMGetTypeKind(LLVMTypeOf(call)) != LLVMVoidTypeKind) LLVMReplaceAllUsesWith(call, other);
    LLVMInstructionEraseFromParent(call);
    LLVMDisposeBuilder(b);
    return true;
}

static bool calls_fast(LLVMValueRef i) {
    return LLVMIsACallInst(i) && LLVMIsAFunction(LLVMGetCalledValue(i)) && !is_musttail(i) &&
           LLVMGetFunctionCallConv(LLVMGetCalledValue(i)) != (unsigned)LLVMCCallConv;
}

bool convention_lost(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_instruction(module, nth, calls_fast);
    if (call) LLVMSetInstructionCallConv(call, LLVMCCallConv);
    return call != NULL;
}

/* -- C29 ----------------------------------------------------------------------------------------------------------- */

static unsigned nonnull_param(const abi_function_t *row) {
    for (unsigned i = 0; i < abi_param_count(row); i++) switch (row->params[i].kind) {
        case ABI_PTR:
        case ABI_INOUT:
        case ABI_OBJ:
        case ABI_DESC:
        case ABI_ENTRY:
        case ABI_CALLBACK: return i;
        default: break;
        }
    return UINT32_MAX;
}

static bool wants_pointer(LLVMValueRef call, const abi_function_t *row) {
    (void)call;
    return nonnull_param(row) != UINT32_MAX;
}

bool null_passed(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, wants_pointer);
    if (call) LLVMSetOperand(call, nonnull_param(row_of_call(call)), LLVMConstNull(ptr_type(module)));
    return call != NULL;
}

/* -- C35 ----------------------------------------------------------------------------------------------------------- */

static bool has_location(LLVMValueRef call, const abi_function_t *row) {
    return !(row->effects & ABI_PURE) && LLVMGetSubprogram(parent_of(call)) && LLVMInstructionGetDebugLoc(call);
}

bool location_gone(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, has_location);
    if (call) LLVMInstructionSetDebugLoc(call, NULL);
    return call != NULL;
}
