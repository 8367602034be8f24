/* point.c - where mutators find their points, and what they build with. */
#include "mutate.h"

#include <stdlib.h>

/* -- Questions ------------------------------------------------------------------------------------------- */

bool is_plain_call(LLVMValueRef i) { return LLVMIsACallInst(i) || LLVMIsAInvokeInst(i); }

bool is_marked(LLVMValueRef function, const char *attribute) {
    return LLVMGetStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, attribute,
                                         (unsigned)strlen(attribute)) != NULL;
}

bool is_actor_code(LLVMValueRef function) {
    return !LLVMIsDeclaration(function) && is_marked(function, "buskin-actor");
}

bool is_actor_body(LLVMValueRef function) { return is_actor_code(function) && !is_marked(function, "buskin-entry"); }

LLVMValueRef parent_of(LLVMValueRef i) { return LLVMGetBasicBlockParent(LLVMGetInstructionParent(i)); }

bool is_in_actor(LLVMValueRef i) { return is_actor_code(parent_of(i)); }

const abi_function_t *row_of(LLVMValueRef function) {
    size_t length, prefix = strlen(abi_prefix);
    if (!function || !LLVMIsAFunction(function)) return NULL;
    const char *name = LLVMGetValueName2(function, &length);
    return strncmp(name, abi_prefix, prefix) == 0 ? abi_function(name + prefix) : NULL;
}

const abi_function_t *row_of_call(LLVMValueRef call) {
    return is_plain_call(call) ? row_of(LLVMGetCalledValue(call)) : NULL;
}

unsigned param_of_kind(const abi_function_t *row, enum abi_kind kind) {
    for (unsigned i = 0; i < abi_param_count(row); i++)
        if (row->params[i].kind == kind) return i;
    return UINT32_MAX;
}

uint64_t offset_of(const char *record, const char *name) { return abi_field(record, name)->offset; }

/* -- The nth ------------------------------------------------------------------------------------------------ */

LLVMValueRef nth_instruction(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef)) {
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
            for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
                if (test(i) && nth-- == 0) return i;
    return NULL;
}

LLVMValueRef nth_call(LLVMModuleRef module, unsigned nth, call_test *test) {
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
            for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
                const abi_function_t *row = row_of_call(i);
                if (row && LLVMGetNumArgOperands(i) == abi_param_count(row) && test(i, row) && nth-- == 0) return i;
            }
    return NULL;
}

LLVMValueRef nth_function(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef)) {
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        if (test(f) && nth-- == 0) return f;
    return NULL;
}

LLVMValueRef nth_global(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef)) {
    for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g))
        if (test(g) && nth-- == 0) return g;
    return NULL;
}

LLVMValueRef after_allocas(LLVMValueRef function) {
    LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
    while (LLVMIsAAllocaInst(i)) i = LLVMGetNextInstruction(i);
    return i;
}

/* -- Types and values ------------------------------------------------------------------------------------------ */

LLVMTypeRef int_type(LLVMModuleRef module, unsigned bits) {
    return LLVMIntTypeInContext(LLVMGetModuleContext(module), bits);
}

LLVMTypeRef ptr_type(LLVMModuleRef module) { return LLVMPointerTypeInContext(LLVMGetModuleContext(module), 0); }
LLVMTypeRef void_type(LLVMModuleRef module) { return LLVMVoidTypeInContext(LLVMGetModuleContext(module)); }

LLVMValueRef int_of(LLVMModuleRef module, unsigned bits, int64_t value) {
    return LLVMConstInt(int_type(module, bits), (uint64_t)value, 1);
}

LLVMBuilderRef builder_before(LLVMValueRef instruction) {
    LLVMModuleRef module = LLVMGetGlobalParent(parent_of(instruction));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(LLVMGetModuleContext(module));
    LLVMPositionBuilderBefore(b, instruction);
    LLVMSetCurrentDebugLocation2(b, LLVMInstructionGetDebugLoc(instruction));
    return b;
}

LLVMValueRef runtime_function(LLVMModuleRef module, const char *row, LLVMTypeRef type) {
    char symbol[128];
    snprintf(symbol, sizeof symbol, "%s%s", abi_prefix, row);
    LLVMValueRef function = LLVMGetNamedFunction(module, symbol);
    return function ? function : LLVMAddFunction(module, symbol, type);
}

LLVMValueRef call_runtime(LLVMModuleRef module, LLVMBuilderRef b, const char *row, LLVMTypeRef result,
                          const LLVMValueRef *args, unsigned n) {
    LLVMTypeRef types[8];
    for (unsigned i = 0; i < n; i++) types[i] = LLVMTypeOf(args[i]);
    LLVMTypeRef type = LLVMFunctionType(result, types, n, 0);
    return LLVMBuildCall2(b, type, runtime_function(module, row, type), (LLVMValueRef *)args, n, "");
}

LLVMValueRef frame_word(LLVMValueRef function) {
    LLVMModuleRef module = LLVMGetGlobalParent(function);
    LLVMBuilderRef b = builder_before(LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)));
    LLVMValueRef word = LLVMBuildAlloca(b, int_type(module, 64), "");
    LLVMPositionBuilderBefore(b, after_allocas(function));
    LLVMSetVolatile(LLVMBuildStore(b, int_of(module, 64, 1), word), 1);
    LLVMDisposeBuilder(b);
    return word;
}

LLVMValueRef address(LLVMBuilderRef b, LLVMModuleRef module, LLVMValueRef base, int64_t offset) {
    LLVMValueRef index = int_of(module, 64, offset);
    return LLVMBuildGEP2(b, int_type(module, 8), base, &index, 1, "");
}

static void add_attribute(LLVMValueRef function, const char *name, const char *value) {
    LLVMContextRef context = LLVMGetModuleContext(LLVMGetGlobalParent(function));
    LLVMAddAttributeAtIndex(
        function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(context, name, (unsigned)strlen(name), value, (unsigned)strlen(value)));
}

void mark_actor_code(LLVMValueRef function) {
    add_attribute(function, "buskin-actor", "");
    add_attribute(function, "probe-stack", "inline-asm");
    add_attribute(function, "frame-pointer", "all");
}

bool redeclare(LLVMValueRef function, LLVMTypeRef type) {
    char name[256];
    size_t length;
    const char *is = LLVMGetValueName2(function, &length);
    if (length >= sizeof name) return false;
    memcpy(name, is, length + 1);
    LLVMSetValueName2(function, "", 0);
    LLVMReplaceAllUsesWith(function, LLVMAddFunction(LLVMGetGlobalParent(function), name, type));
    LLVMDeleteFunction(function);
    return true;
}

/* -- Constant data ----------------------------------------------------------------------------------------------- */

enum { PARTS = 64 };

typedef struct parts {
    LLVMModuleRef module;
    LLVMValueRef at[PARTS];
    unsigned n;
    bool placed;
} parts_t;

static void parts_add(parts_t *p, LLVMValueRef part) {
    if (p->n < PARTS) p->at[p->n++] = part;
}

static void parts_pad(parts_t *p, uint64_t bytes) {
    if (bytes) parts_add(p, LLVMConstNull(LLVMArrayType2(int_type(p->module, 8), bytes)));
}

/* One part of the old data, or the new value in the middle of a part that is zero. */
static void parts_copy(parts_t *p, LLVMValueRef part, uint64_t start, uint64_t size, uint64_t offset,
                       LLVMValueRef value, uint64_t want) {
    if (start == offset && size == want && !p->placed) {
        parts_add(p, value);
        p->placed = true;
    } else if (LLVMIsNull(part) && start <= offset && offset + want <= start + size && !p->placed) {
        parts_pad(p, offset - start);
        parts_add(p, value);
        parts_pad(p, start + size - offset - want);
        p->placed = true;
    } else {
        parts_add(p, part);
    }
}

/* The new constant may have another type, so it is a new global that takes the old one's name and uses. */
static void replace_data(LLVMModuleRef module, LLVMValueRef global, LLVMValueRef data) {
    char name[512];
    size_t length;
    snprintf(name, sizeof name, "%s", LLVMGetValueName2(global, &length));
    LLVMValueRef other = LLVMAddGlobal(module, LLVMTypeOf(data), "");
    LLVMSetInitializer(other, data);
    LLVMSetGlobalConstant(other, 1);
    LLVMSetAlignment(other, LLVMGetAlignment(global));
    LLVMSetLinkage(other, LLVMGetLinkage(global));
    LLVMReplaceAllUsesWith(global, other);
    LLVMDeleteGlobal(global);
    LLVMSetValueName2(other, name, strlen(name));
}

bool set_data(LLVMModuleRef module, LLVMValueRef global, uint64_t offset, LLVMValueRef value) {
    LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);
    LLVMValueRef old = LLVMGetInitializer(global);
    parts_t p = {.module = module};
    if (!old || LLVMGetTypeKind(LLVMTypeOf(old)) != LLVMStructTypeKind) return false;
    unsigned n = LLVMCountStructElementTypes(LLVMTypeOf(old));
    for (unsigned i = 0; i < n; i++) {
        LLVMValueRef part = LLVMGetAggregateElement(old, i);
        uint64_t start = LLVMOffsetOfElement(layout, LLVMTypeOf(old), i);
        parts_copy(&p, part, start, LLVMABISizeOfType(layout, LLVMTypeOf(part)), offset, value,
                   LLVMABISizeOfType(layout, LLVMTypeOf(value)));
    }
    if (!p.placed || p.n == PARTS) return false;
    bool packed = LLVMIsPackedStruct(LLVMTypeOf(old)) || p.n != n;
    replace_data(module, global, LLVMConstStructInContext(LLVMGetModuleContext(module), p.at, p.n, packed));
    return true;
}

LLVMValueRef twin_of(LLVMModuleRef module, LLVMValueRef global) {
    LLVMValueRef twin = LLVMAddGlobal(module, LLVMGlobalGetValueType(global), "twin");
    LLVMSetInitializer(twin, LLVMGetInitializer(global));
    LLVMSetGlobalConstant(twin, 1);
    LLVMSetAlignment(twin, 8);
    LLVMSetLinkage(twin, LLVMPrivateLinkage);
    return twin;
}
