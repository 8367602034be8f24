/* rule_call.c - single calls: C10, C17, C26, C29, C35, and through rule_declare.c C6, C7, C8, C20. */
#include "check.h"

#include <inttypes.h>

#include <llvm-c/DebugInfo.h>

/* -- Results (C10) ------------------------------------------------------------------------------------------------------ */

/* Optimisation drops the uses of pure calls and of objects that nobody looks at, and must leave the call: both are
 * harmless. */
static void result_is_used(check_t *c, const site_t *site) {
    if (!row_has(site->callee, ABI_MUST_USE) || row_has(site->callee, ABI_PURE | ABI_FRESH)) return;
    if (LLVMGetTypeKind(LLVMTypeOf(site->call)) == LLVMVoidTypeKind || LLVMGetFirstUse(site->call)) return;
    report(c, 10, site->call, "the result of %s is not used", site->callee->name);
}

/* -- Ends (C17) ------------------------------------------------------------------------------------------------------------- */

static bool says_nothing(LLVMValueRef i) {
    return is_intrinsic(i, "dbg") || is_intrinsic(i, "lifetime") || is_intrinsic(i, "pseudoprobe");
}

static void ends_its_block(check_t *c, const site_t *site) {
    if (!row_has(site->callee, ABI_NORETURN) || !LLVMIsACallInst(site->call)) return;
    LLVMValueRef next = LLVMGetNextInstruction(site->call);
    while (next && says_nothing(next)) next = LLVMGetNextInstruction(next);
    if (next && LLVMGetInstructionOpcode(next) != LLVMUnreachable)
        report(c, 17, site->call, "%s does not return, and is not followed by unreachable", site->callee->name);
}

/* -- Types of direct calls (C26) ------------------------------------------------------------------------------------------------ */

static void matches_callee(check_t *c, const site_t *site) {
    const function_t *f = site->callee;
    if (!f || f->runtime || LLVMGetCalledValue(site->call) != f->value || LLVMGetIntrinsicID(f->value)) return;
    LLVMTypeRef called = LLVMGetCalledFunctionType(site->call), is = LLVMGlobalGetValueType(f->value);
    if (called != is) {
        char *wants = LLVMPrintTypeToString(is), *has = LLVMPrintTypeToString(called);
        if (LLVMIsFunctionVarArg(called) != LLVMIsFunctionVarArg(is))
            report_unknown(c, 26, site->call, "%s is %s and is called as %s", f->name, wants, has);
        else
            report(c, 26, site->call, "%s is %s and is called as %s", f->name, wants, has);
        LLVMDisposeMessage(wants);
        LLVMDisposeMessage(has);
    } else if (LLVMGetInstructionCallConv(site->call) != LLVMGetFunctionCallConv(f->value)) {
        report(c, 26, site->call, "%s has calling convention %u and is called by %u", f->name,
               LLVMGetFunctionCallConv(f->value), LLVMGetInstructionCallConv(site->call));
    }
}

/* -- Null (C29) -------------------------------------------------------------------------------------------------------------------- */

static bool is_nothing(LLVMValueRef value) { return is_null(value) || LLVMIsUndef(value); }

/* Null bytes go with a size of 0. */
static bool is_sized_above_zero(check_t *c, const site_t *site, int64_t *size) {
    payload_t payload;
    if (!payload_of(c, site, &payload) && payload.callee != site->callee) return false;
    if (!payload.sized || payload.size == 0) return false;
    *size = (int64_t)payload.size;
    return true;
}

static void arguments_are_there(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee->row;
    unsigned n = abi_param_count(row);
    int64_t size;
    if (LLVMGetNumArgOperands(site->call) != n) return;
    for (unsigned i = 0; i < n; i++) {
        LLVMValueRef argument = LLVMGetOperand(site->call, i);
        if (!is_pointer(argument) || !is_nothing(argument)) continue;
        if (kind_is_nonnull(row->params[i].kind))
            report(c, 29, site->call, "%s of %s is null", row->params[i].name, site->callee->name);
        else if (row->params[i].kind == ABI_IN && is_null(argument) && is_sized_above_zero(c, site, &size))
            report(c, 29, site->call, "%s of %s is null, and has %" PRId64 " bytes", row->params[i].name,
                   site->callee->name, size);
    }
}

/* -- Debug locations (C35) ------------------------------------------------------------------------------------------------------------ */

/* What LLVM's own verifier wants of calls that may be inlined, and drops all debug info for. Calls of the runtime
 * need one for the line of a crash. */
static bool wants_location(const function_t *f) {
    if (!f) return false;
    if (f->row) return !(f->row->effects & ABI_PURE);
    return f->defined && LLVMGetSubprogram(f->value);
}

static void has_location(check_t *c, const site_t *site) {
    if (wants_location(site->callee) && !LLVMInstructionGetDebugLoc(site->call))
        report(c, 35, site->call, "a call of %s without a debug location, in a function that has debug info",
               site->callee->name);
}

/* -- The function in hand --------------------------------------------------------------------------------------------------------------- */

void rule_calls(check_t *c) {
    bool debug = LLVMGetSubprogram(c->in->value) != NULL;
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        matches_callee(c, site);
        if (debug) has_location(c, site);
        if (!site->callee || !site->callee->row) continue;
        rule_row_call(c, site);
        result_is_used(c, site);
        ends_its_block(c, site);
        arguments_are_there(c, site);
    }
}
