/* m_payload.c - C1 to C5, C27, C34: what crosses between actors. */
#include "mutate.h"

/* -- Points --------------------------------------------------------------------------------------------------- */

static LLVMValueRef constant_of(LLVMValueRef global) {
    bool data = LLVMIsAGlobalVariable(global) && LLVMIsGlobalConstant(global);
    return data ? LLVMGetInitializer(global) : NULL;
}

static LLVMValueRef data_at(LLVMModuleRef module, LLVMValueRef global, uint64_t offset) {
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);
    LLVMValueRef data = constant_of(global);
    if (!data || LLVMGetTypeKind(LLVMTypeOf(data)) != LLVMStructTypeKind) return NULL;
    for (unsigned i = 0; i < LLVMCountStructElementTypes(LLVMTypeOf(data)); i++)
        if (LLVMOffsetOfElement(layout, LLVMTypeOf(data), i) == offset) return LLVMGetAggregateElement(data, i);
    return NULL;
}

static bool is_spawn(LLVMValueRef call, const abi_function_t *row) {
    return strncmp(row->name, "spawn", 5) == 0 && constant_of(LLVMGetOperand(call, 0));
}

static bool spawns_function(LLVMValueRef call, const abi_function_t *row) {
    unsigned i = param_of_kind(row, ABI_ENTRY);
    return i != UINT32_MAX && LLVMIsAFunction(LLVMGetOperand(call, i));
}

static LLVMValueRef buffer_of(LLVMValueRef call, const abi_function_t *row) {
    unsigned i = param_of_kind(row, ABI_IN);
    return i == UINT32_MAX ? NULL : LLVMGetOperand(call, i);
}

static bool hands_over(const abi_function_t *row) {
    return strncmp(row->name, "spawn", 5) == 0 || param_of_kind(row, ABI_PID) == 0 ||
           param_of_kind(row, ABI_ENTRY) != UINT32_MAX;
}

static bool fills_local(LLVMValueRef call, const abi_function_t *row) {
    LLVMValueRef buffer = buffer_of(call, row);
    return hands_over(row) && buffer && LLVMIsAAllocaInst(buffer);
}

/* -- C1 ------------------------------------------------------------------------------------------------------------ */

/* A function that takes its argument, where one that takes a buffer is wanted. */
static LLVMValueRef typed_function(LLVMModuleRef module) {
    LLVMTypeRef parameter = int_type(module, 64);
    LLVMValueRef f = LLVMAddFunction(module, "typed_entry", LLVMFunctionType(void_type(module), &parameter, 1, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(LLVMGetModuleContext(module), f, "entry"));
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
    return f;
}

bool spawn_typed_entry(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, spawns_function);
    if (!call) return false;
    LLVMSetOperand(call, param_of_kind(row_of_call(call), ABI_ENTRY), typed_function(module));
    return true;
}

bool spawn_desc_typed_entry(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, is_spawn);
    return call && set_data(module, LLVMGetOperand(call, 0), offset_of("spawn_desc", "entry"), typed_function(module));
}

/* -- C2 ------------------------------------------------------------------------------------------------------------ */

static LLVMValueRef thunk_of_call(LLVMModuleRef module, LLVMValueRef call) {
    const abi_function_t *row = row_of_call(call);
    unsigned entry = param_of_kind(row, ABI_ENTRY);
    LLVMValueRef f = entry != UINT32_MAX ? LLVMGetOperand(call, entry)
                                         : data_at(module, LLVMGetOperand(call, 0), offset_of("spawn_desc", "entry"));
    return f && LLVMIsAFunction(f) && !LLVMIsDeclaration(f) && LLVMCountParams(f) == 1 ? f : NULL;
}

static bool spawns(LLVMValueRef call, const abi_function_t *row) {
    return is_spawn(call, row) || (spawns_function(call, row) && LLVMIsAConstantInt(LLVMGetOperand(call, 2)));
}

bool thunk_reads_further(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, spawns), thunk = call ? thunk_of_call(module, call) : NULL;
    if (!thunk) return false;
    LLVMBuilderRef b = builder_before(after_allocas(thunk));
    LLVMBuildLoad2(b, int_type(module, 64), address(b, module, LLVMGetParam(thunk, 0), 1 << 16), "");
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C3 ------------------------------------------------------------------------------------------------------------- */

static unsigned layout_kind(LLVMModuleRef module) {
    return LLVMGetMDKindIDInContext(LLVMGetModuleContext(module), "buskin.layout", 13);
}

static bool has_layout(LLVMValueRef call, const abi_function_t *row) {
    return is_spawn(call, row) && LLVMGetMetadata(call, layout_kind(LLVMGetGlobalParent(parent_of(call))));
}

bool layout_of_another(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, has_layout);
    if (!call) return false;
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMMetadataRef slot[] = {LLVMValueAsMetadata(int_of(module, 64, 0)), LLVMValueAsMetadata(int_of(module, 64, 24)),
                              LLVMMDStringInContext2(context, "bytes", 5)};
    LLVMMetadataRef parts[] = {LLVMValueAsMetadata(int_of(module, 64, 24)), LLVMMDNodeInContext2(context, slot, 3)};
    LLVMSetMetadata(call, layout_kind(module), LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, parts, 2)));
    return true;
}

static unsigned calls_with(LLVMValueRef buffer) {
    unsigned n = 0;
    for (LLVMUseRef use = LLVMGetFirstUse(buffer); use; use = LLVMGetNextUse(use))
        n += row_of_call(LLVMGetUser(use)) != NULL;
    return n;
}

/* The store of a whole word at the buffer's beginning, when the thunk begins by loading that word. */
static LLVMValueRef first_word_stored(LLVMModuleRef module, LLVMValueRef call) {
    LLVMValueRef buffer = buffer_of(call, row_of_call(call)), thunk = thunk_of_call(module, call), found = NULL;
    bool loaded = false;
    if (!thunk || !buffer || !LLVMIsAAllocaInst(buffer) || calls_with(buffer) != 1) return NULL;
    for (LLVMUseRef use = LLVMGetFirstUse(LLVMGetParam(thunk, 0)); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef load = LLVMGetUser(use);
        loaded |= LLVMIsALoadInst(load) && LLVMTypeOf(load) == int_type(module, 64) &&
                  LLVMGetInstructionParent(load) == LLVMGetEntryBasicBlock(thunk);
    }
    for (LLVMUseRef use = LLVMGetFirstUse(buffer); loaded && use; use = LLVMGetNextUse(use)) {
        LLVMValueRef store = LLVMGetUser(use);
        if (!LLVMIsAStoreInst(store) || LLVMGetOperand(store, 1) != buffer) continue;
        if (found || LLVMTypeOf(LLVMGetOperand(store, 0)) != int_type(module, 64)) return NULL;
        found = store;
    }
    return found;
}

static bool stores_first_word(LLVMValueRef call, const abi_function_t *row) {
    return spawns(call, row) && first_word_stored(LLVMGetGlobalParent(parent_of(call)), call);
}

bool slot_stored_narrow(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, stores_first_word);
    if (!call) return false;
    LLVMValueRef store = first_word_stored(module, call);
    LLVMBuilderRef b = builder_before(store);
    LLVMBuildStore(b, LLVMBuildTrunc(b, LLVMGetOperand(store, 0), int_type(module, 8), ""), LLVMGetOperand(store, 1));
    LLVMInstructionEraseFromParent(store);
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C4 ------------------------------------------------------------------------------------------------------------- */

static bool sends_described(LLVMValueRef call, const abi_function_t *row) {
    unsigned i = param_of_kind(row, ABI_DESCN);
    return fills_local(call, row) && i != UINT32_MAX && constant_of(LLVMGetOperand(call, i));
}

bool sent_size_larger(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, sends_described);
    if (!call) return false;
    unsigned i = param_of_kind(row_of_call(call), ABI_DESCN);
    LLVMValueRef twin = twin_of(module, LLVMGetOperand(call, i));
    LLVMSetOperand(call, i, twin);
    return set_data(module, twin, offset_of("desc", "size"), int_of(module, 32, 4096));
}

static bool sends_sized(LLVMValueRef call, const abi_function_t *row) {
    unsigned i = param_of_kind(row, ABI_IN);
    return fills_local(call, row) && row->params[i + 1].kind == ABI_U64 &&
           LLVMIsAConstantInt(LLVMGetOperand(call, i + 1));
}

bool sent_bytes_larger(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, sends_sized);
    if (!call) return false;
    LLVMSetOperand(call, param_of_kind(row_of_call(call), ABI_IN) + 1, int_of(module, 64, 4096));
    return true;
}

/* -- C5 ------------------------------------------------------------------------------------------------------------- */

static bool fills_in_actor(LLVMValueRef call, const abi_function_t *row) {
    size_t length;
    return fills_local(call, row) && strcmp(LLVMGetValueName2(parent_of(call), &length), "main") != 0;
}

bool local_in_buffer(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, fills_in_actor);
    if (!call) return false;
    LLVMValueRef word = frame_word(parent_of(call));
    LLVMBuilderRef b = builder_before(call);
    LLVMBuildStore(b, word, buffer_of(call, row_of_call(call)));
    LLVMDisposeBuilder(b);
    return true;
}

/* -- C27 ------------------------------------------------------------------------------------------------------------- */

static unsigned tag_param(const abi_function_t *row) {
    for (unsigned i = 0; i < abi_param_count(row); i++)
        if (strcmp(row->params[i].name, "tag") == 0) return i;
    return UINT32_MAX;
}

static bool has_tag(LLVMValueRef call, const abi_function_t *row) {
    (void)call;
    return tag_param(row) != UINT32_MAX;
}

bool tag_reserved(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, has_tag);
    if (!call) return false;
    LLVMSetOperand(call, tag_param(row_of_call(call)), int_of(module, 64, nth % 2 ? -2 : -1));
    return true;
}

/* -- C34 ------------------------------------------------------------------------------------------------------------- */

static bool sends_from_actor(LLVMValueRef call, const abi_function_t *row) {
    return has_tag(call, row) && is_in_actor(call) && param_of_kind(row, ABI_PID) == 0;
}

bool pointer_sent_as_word(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef call = nth_call(module, nth, sends_from_actor);
    if (!call) return false;
    LLVMValueRef local = frame_word(parent_of(call));
    LLVMBuilderRef b = builder_before(call);
    LLVMValueRef args[] = {LLVMGetOperand(call, 0), int_of(module, 64, 77),
                           LLVMBuildPtrToInt(b, local, int_type(module, 64), "")};
    call_runtime(module, b, "send_word", int_type(module, 32), args, 3);
    LLVMDisposeBuilder(b);
    return true;
}

static bool peeks(LLVMValueRef i) {
    const abi_function_t *row = row_of_call(i);
    return row && strcmp(row->name, "receive_peek") == 0 && is_in_actor(i);
}

/* After the first load of the data. */
static LLVMValueRef data_load(LLVMModuleRef module, LLVMValueRef message) {
    for (LLVMUseRef use = LLVMGetFirstUse(message); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef gep = LLVMGetUser(use);
        if (!LLVMIsAGetElementPtrInst(gep) || !LLVMIsAConstantInt(LLVMGetOperand(gep, 1))) continue;
        if (LLVMConstIntGetSExtValue(LLVMGetOperand(gep, 1)) < 16) continue;
        for (LLVMUseRef load = LLVMGetFirstUse(gep); load; load = LLVMGetNextUse(load))
            if (LLVMIsALoadInst(LLVMGetUser(load)) && LLVMTypeOf(LLVMGetUser(load)) == int_type(module, 64))
                return LLVMGetUser(load);
    }
    return NULL;
}

static bool peeks_at_word(LLVMValueRef i) {
    return peeks(i) && data_load(LLVMGetGlobalParent(parent_of(i)), i) != NULL;
}

bool integer_to_pointer(LLVMModuleRef module, unsigned nth) {
    LLVMValueRef peek = nth_instruction(module, nth, peeks_at_word);
    if (!peek) return false;
    LLVMValueRef load = data_load(module, peek);
    LLVMBuilderRef b = builder_before(LLVMGetNextInstruction(load));
    LLVMBuildLoad2(b, int_type(module, 8), LLVMBuildIntToPtr(b, load, ptr_type(module), ""), "");
    LLVMDisposeBuilder(b);
    return true;
}
