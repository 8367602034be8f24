/* declare.c - functions of the table: declared with its types and attributes, called with its arguments.
 *
 * C6 to C8 of the catalogue of boundary bugs are hand-written declarations: wrong widths, no extension, attributes
 * that a yielding function does not have. Nothing here writes a type down; it is copied from the parsed table.
 */
#include "cg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOL_MAX = 256 };

/* -- Declarations -------------------------------------------------------------------------------------- */

LLVMValueRef cg_template(buskin_cg_t *cg, const char *row) {
    char symbol[SYMBOL_MAX];
    const abi_function_t *fn = abi_function(row);
    if (!fn || abi_symbol(fn, symbol, sizeof symbol) >= sizeof symbol) return NULL;
    return LLVMGetNamedFunction(cg->table, symbol);
}

static void attributes_copy_at(LLVMValueRef to, LLVMValueRef from, LLVMAttributeIndex index) {
    enum { MOST = 32 };
    LLVMAttributeRef list[MOST];
    unsigned n = LLVMGetAttributeCountAtIndex(from, index);
    if (n > MOST) return;
    LLVMGetAttributesAtIndex(from, index, list);
    for (unsigned i = 0; i < n; i++) LLVMAddAttributeAtIndex(to, index, list[i]);
}

static void attributes_copy(LLVMValueRef to, LLVMValueRef from) {
    attributes_copy_at(to, from, (LLVMAttributeIndex)LLVMAttributeFunctionIndex);
    attributes_copy_at(to, from, LLVMAttributeReturnIndex);
    for (unsigned i = 1; i <= LLVMCountParams(from); i++) attributes_copy_at(to, from, i);
}

LLVMValueRef buskin_cg_declare(buskin_cg_t *cg, const char *row) {
    char symbol[SYMBOL_MAX];
    if (!cg_ready(cg, "declare")) return NULL;
    LLVMValueRef template = cg_template(cg, row);
    if (!template) return cg_fail(cg, "the ABI has no function \"%s\"", row), NULL;
    snprintf(symbol, sizeof symbol, "%s%s", cg->prefix, row);
    LLVMValueRef function = LLVMGetNamedFunction(cg->module, symbol);
    if (!function && LLVMGetNamedGlobal(cg->module, symbol))
        return cg_fail(cg, "%s is a variable of the module, not the runtime's function", symbol), NULL;
    LLVMTypeRef type = LLVMGlobalGetValueType(template);
    if (function && LLVMGlobalGetValueType(function) != type)
        return cg_fail(cg, "%s is declared with another type than the ABI's", symbol), NULL;
    if (function && !LLVMIsDeclaration(function))
        return cg_fail(cg, "%s is defined in the module; it is the runtime's", symbol), NULL;
    if (!function) function = LLVMAddFunction(cg->module, symbol, type);
    attributes_copy(function, template);
    LLVMSetFunctionCallConv(function, LLVMGetFunctionCallConv(template));
    return function;
}

const abi_function_t *cg_row_of(buskin_cg_t *cg, LLVMValueRef function) {
    size_t length, prefix = strlen(cg->prefix);
    const char *name = LLVMGetValueName2(function, &length);
    if (length <= prefix || memcmp(name, cg->prefix, prefix) != 0) return NULL;
    return abi_function(name + prefix);
}

/* -- Calls --------------------------------------------------------------------------------------------- */

static bool arguments_ok(buskin_cg_t *cg, const char *row, LLVMTypeRef type, const LLVMValueRef *args, unsigned nargs) {
    LLVMTypeRef params[BUSKIN_ABI_MAX_PARAMS];
    unsigned n = LLVMCountParamTypes(type);
    if (n != nargs) return cg_fail(cg, "%s takes %u arguments, not %u", row, n, nargs), false;
    LLVMGetParamTypes(type, params);
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, args[i], params[i], row, abi_function(row)->params[i].name)) return false;
    return true;
}

LLVMValueRef cg_call_row(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const LLVMValueRef *args, unsigned nargs) {
    LLVMValueRef function = buskin_cg_declare(cg, row);
    if (!function) return NULL;
    LLVMTypeRef type = LLVMGlobalGetValueType(function);
    if (!arguments_ok(cg, row, type, args, nargs)) return NULL;
    LLVMValueRef call = LLVMBuildCall2(b, type, function, (LLVMValueRef *)args, nargs, "");
    LLVMSetInstructionCallConv(call, LLVMGetFunctionCallConv(function));
    if (abi_function(row)->effects & ABI_NORETURN) LLVMBuildUnreachable(b);
    return call;
}

LLVMValueRef buskin_cg_call(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const LLVMValueRef *args,
                            unsigned nargs) {
    return cg_can_build(cg, b, row) ? cg_call_row(cg, b, row, args, nargs) : NULL;
}

/* -- The epoch ----------------------------------------------------------------------------------------- */

/* The symbol's name carries the epoch, so an archive of another one leaves it undefined. */
LLVMValueRef cg_epoch(buskin_cg_t *cg) {
    char symbol[SYMBOL_MAX];
    const char *plain = abi_epoch_symbol + strlen(abi_prefix);
    snprintf(symbol, sizeof symbol, "%s%s", cg->prefix, plain);
    LLVMValueRef epoch = LLVMGetNamedGlobal(cg->module, symbol);
    if (epoch) return epoch;
    epoch = LLVMAddGlobal(cg->module, cg->type_i8, symbol);
    LLVMSetGlobalConstant(epoch, 1);
    return epoch;
}

/* Volatile, so that no optimisation removes it while the code around it lives. */
void cg_load_epoch(buskin_cg_t *cg, LLVMBuilderRef b) { LLVMSetVolatile(cg_load(b, cg->type_i8, cg_epoch(cg), 1), 1); }

/* -- Actor code ------------------------------------------------------------------------------------------ */

static void add_nounwind(buskin_cg_t *cg, LLVMValueRef function) {
    unsigned kind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(cg->context, kind, 0));
}

bool cg_is_actor_code(LLVMValueRef function) {
    return LLVMGetStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "buskin-actor",
                                         12) != NULL;
}

int buskin_cg_actor_code(buskin_cg_t *cg, LLVMValueRef function) {
    if (!cg_ready(cg, "actor_code")) return -1;
    if (!function || !LLVMIsAFunction(function)) return cg_fail(cg, "actor_code: not a function");
    LLVMSetSection(function, "buskin_code");
    cg_attribute(cg, function, "buskin-actor", "");
    cg_attribute(cg, function, "probe-stack", "inline-asm");
    cg_attribute(cg, function, "frame-pointer", "all");
    add_nounwind(cg, function);
    return 0;
}
