/* context.c - the running actor's context, and the fields of the runtime's records.
 *
 * Ahead of time on x86-64 ELF the context is one thread-local word, read by inline assembler: LLVM's own
 * thread-local access would let it keep the thread's address across a call that comes back on another thread.
 * The assembler statement has no side effects and reads no memory as far as LLVM knows, so equal reads within a
 * function become one; that is right because the value is the actor's, and the same in each activation.
 */
#include "cg.h"

#include <stdio.h>
#include <string.h>

/* -- Context ------------------------------------------------------------------------------------------- */

static LLVMTypeRef context_type(buskin_cg_t *cg) { return LLVMFunctionType(cg->type_ptr, NULL, 0, 0); }

/* Inline assembler is unique per text and type: equal statements are equal pointers. */
static LLVMValueRef context_assembler(buskin_cg_t *cg) {
    char text[512];
    if (cg->context_assembler) return cg->context_assembler;
    const char *plain = abi_context_symbol + strlen(abi_prefix);
    int length = snprintf(text, sizeof text, "movq %s%s@gottpoff(%%rip), $0\n\tmovq %%fs:($0), $0", cg->prefix, plain);
    if (length < 0 || (size_t)length >= sizeof text) return cg_fail(cg, "the prefix is too long"), NULL;
    cg->context_assembler =
        LLVMGetInlineAsm(context_type(cg), text, (size_t)length, "=r", 2, 0, 0, LLVMInlineAsmDialectATT, 0);
    return cg->context_assembler;
}

/* The row's attributes (memory(none), willreturn) hold for the assembler statement too. */
static void context_attributes(buskin_cg_t *cg, LLVMValueRef call) {
    LLVMAttributeRef list[32];
    LLVMAttributeIndex index = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    LLVMValueRef row = cg_template(cg, "context");
    unsigned n = row ? LLVMGetAttributeCountAtIndex(row, index) : 0;
    if (n > 32) return;
    if (n) LLVMGetAttributesAtIndex(row, index, list);
    for (unsigned i = 0; i < n; i++) LLVMAddCallSiteAttribute(call, index, list[i]);
}

LLVMValueRef cg_context(buskin_cg_t *cg, LLVMBuilderRef b) {
    if (!cg->inline_context) return cg_call_row(cg, b, "context", NULL, 0);
    LLVMValueRef assembler = context_assembler(cg);
    if (!assembler) return NULL;
    LLVMValueRef call = LLVMBuildCall2(b, context_type(cg), assembler, NULL, 0, "");
    context_attributes(cg, call);
    return call;
}

bool cg_is_context(buskin_cg_t *cg, LLVMValueRef instruction) {
    if (!LLVMIsACallInst(instruction)) return false;
    LLVMValueRef callee = LLVMGetCalledValue(instruction);
    if (cg->inline_context && callee == context_assembler(cg)) return true;
    const abi_function_t *row = LLVMIsAFunction(callee) ? cg_row_of(cg, callee) : NULL;
    return row && strcmp(row->name, "context") == 0;
}

LLVMValueRef buskin_cg_context(buskin_cg_t *cg, LLVMBuilderRef b) {
    return cg_can_build(cg, b, "context") ? cg_context(cg, b) : NULL;
}

LLVMValueRef buskin_cg_self(buskin_cg_t *cg, LLVMBuilderRef b) {
    if (!cg_can_build(cg, b, "self")) return NULL;
    LLVMValueRef context = cg_context(cg, b);
    return context ? buskin_cg_load_field(cg, b, "context", "pid", context) : NULL;
}

/* -- Fields -------------------------------------------------------------------------------------------- */

LLVMValueRef cg_field_address(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field,
                              LLVMValueRef base) {
    return cg_offset(cg, b, base, abi_field(record, field)->offset);
}

/* The row, if emitted code may access it in this direction; it is a whole number of 1, 2, 4 or 8 bytes. */
static const abi_field_t *field_row(buskin_cg_t *cg, const char *record, const char *field, bool store) {
    const abi_field_t *row = abi_field(record, field);
    if (!row) return cg_fail(cg, "layout.def has no field %s.%s", record, field), NULL;
    enum abi_access one_way = store ? ABI_ACCESS_W : ABI_ACCESS_R;
    if (row->access != one_way && row->access != ABI_ACCESS_RW)
        return cg_fail(cg, "emitted code may not %s %s.%s", store ? "store" : "load", record, field), NULL;
    return row;
}

static LLVMTypeRef field_type(buskin_cg_t *cg, const abi_field_t *row) {
    return LLVMIntTypeInContext(cg->context, 8 * row->bytes);
}

LLVMValueRef buskin_cg_load_field(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field,
                                  LLVMValueRef base) {
    if (!cg_can_build(cg, b, "load_field")) return NULL;
    const abi_field_t *row = field_row(cg, record, field, false);
    if (!row || !cg_is(cg, base, cg->type_ptr, "load_field", "base")) return NULL;
    return cg_load(b, field_type(cg, row), cg_offset(cg, b, base, row->offset), row->bytes);
}

int buskin_cg_store_field(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field, LLVMValueRef base,
                          LLVMValueRef value) {
    if (!cg_can_build(cg, b, "store_field")) return -1;
    const abi_field_t *row = field_row(cg, record, field, true);
    if (!row || !cg_is(cg, base, cg->type_ptr, "store_field", "base")) return -1;
    if (!cg_is(cg, value, field_type(cg, row), "store_field", field)) return -1;
    cg_store(b, value, cg_offset(cg, b, base, row->offset), row->bytes);
    return 0;
}
