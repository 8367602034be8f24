/* rule_declare.c - how the runtime's functions are declared: C6, C7, C8, C20.
 *
 * The table's own declaration, parsed by the same LLVM, is what each is compared with. Attributes are compared by
 * what they promise: one that the table does not give is wrong where the row's effects contradict it, and one that
 * optimisation infers does not, because it infers from the same facts. A function of the module that leads to
 * a yielding call has those effects too.
 */
#include "check.h"

#include <stdio.h>

static const LLVMAttributeIndex of_function = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;

/* -- Aggregates (C20) -------------------------------------------------------------------------------------------------- */

static bool passes_aggregate(LLVMTypeRef type) {
    enum { MOST = 256 };
    LLVMTypeRef parameters[MOST];
    unsigned n = LLVMCountParamTypes(type);
    if (is_aggregate(LLVMGetReturnType(type))) return true;
    if (n > MOST) return false;
    LLVMGetParamTypes(type, parameters);
    for (unsigned i = 0; i < n; i++)
        if (is_aggregate(parameters[i])) return true;
    return false;
}

static bool has_aggregate_attribute(const function_t *f) {
    static const char *const names[] = {"byval", "sret", "inalloca", "preallocated"};
    for (unsigned i = 1; i <= LLVMCountParams(f->value); i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (attribute_of(f->value, i, names[k])) return true;
    return false;
}

/* -- Types (C6) ---------------------------------------------------------------------------------------------------------- */

static bool same_parameters(LLVMTypeRef a, LLVMTypeRef b) {
    LLVMTypeRef of_a[BUSKIN_ABI_MAX_PARAMS], of_b[BUSKIN_ABI_MAX_PARAMS];
    unsigned n = LLVMCountParamTypes(a);
    if (n != LLVMCountParamTypes(b) || n > BUSKIN_ABI_MAX_PARAMS) return false;
    LLVMGetParamTypes(a, of_a);
    LLVMGetParamTypes(b, of_b);
    return memcmp(of_a, of_b, n * sizeof *of_a) == 0;
}

static bool is_accepted(check_t *c, const function_t *f, LLVMTypeRef type) {
    LLVMTypeRef model = LLVMGlobalGetValueType(f->model);
    if (type == model) return true;
    return f->row->legacy == ABI_LEGACY_VOID_RETURN && !LLVMIsFunctionVarArg(type) &&
           LLVMGetReturnType(type) == LLVMVoidTypeInContext(c->context) && same_parameters(type, model);
}

static void report_type(check_t *c, const function_t *f, LLVMValueRef at, LLVMTypeRef type, const char *what) {
    char *is = LLVMPrintTypeToString(type), *wants = LLVMPrintTypeToString(LLVMGlobalGetValueType(f->model));
    report(c, 6, at, "%s is %s as %s; the ABI has %s", f->name, what, is, wants);
    LLVMDisposeMessage(is);
    LLVMDisposeMessage(wants);
}

/* -- Extension (C7) -------------------------------------------------------------------------------------------------------- */

/* How wide an integer must be to need no extension, by the target's C convention. */
static unsigned extended_below(check_t *c) {
    static const char *const full[] = {"riscv64", "s390x", "powerpc64", "ppc64", "mips64", "loongarch64", "sparcv9"};
    const char *triple = LLVMGetTarget(c->module);
    for (size_t i = 0; i < sizeof full / sizeof *full; i++)
        if (strncmp(triple, full[i], strlen(full[i])) == 0) return 64;
    if (strncmp(triple, "aarch64", 7) == 0 || strncmp(triple, "arm64", 5) == 0) return strstr(triple, "apple") ? 32 : 0;
    return 32;
}

static bool extends(const function_t *f, LLVMValueRef call, unsigned index, const char *how) {
    return attribute_of(f->value, index, how) || (call && attribute_at_call(call, index, how));
}

static void extension_is_right(check_t *c, const function_t *f, LLVMValueRef call, unsigned i) {
    LLVMTypeRef type = LLVMTypeOf(LLVMGetParam(f->model, i));
    bool sign = attribute_of(f->model, i + 1, "signext") != NULL;
    const char *want = sign ? "signext" : "zeroext", *other = sign ? "zeroext" : "signext";
    if (!sign && !attribute_of(f->model, i + 1, "zeroext")) return;
    unsigned width = LLVMGetIntTypeWidth(type), limit = extended_below(c);
    if (width < limit && limit <= 32 && extends(f, call, i + 1, other))
        report(c, 7, call, "argument %u of %s has %s; the ABI has %s", i + 1, f->name, other, want);
    else if (width < limit && !extends(f, call, i + 1, want) && !extends(f, call, i + 1, other))
        report(c, 7, call, "argument %u of %s lacks %s", i + 1, f->name, want);
}

/* -- Attributes (C8) --------------------------------------------------------------------------------------------------------- */

typedef struct promise {
    const char *attribute;
    unsigned needs;  /* allowed only with this effect */
    unsigned denies; /* never with one of these */
} promise_t;

static const promise_t of_calls[] = {
    {"memory", ABI_PURE, 0},       {"willreturn", 0, ABI_YIELDS | ABI_COLLECTS | ABI_NORETURN},
    {"nosync", 0, ABI_YIELDS},     {"nofree", 0, ABI_YIELDS | ABI_COLLECTS},
    {"speculatable", ABI_PURE, 0}, {"noreturn", ABI_NORETURN, 0},
    {"nocallback", 0, ABI_YIELDS}, {"returns_twice", UINT32_MAX, 0}};
static const promise_t of_results[] = {
    {"nonnull", 0, ABI_NULLABLE}, {"dereferenceable", 0, ABI_NULLABLE}, {"noalias", ABI_FRESH, 0}};
static const char *const of_parameters[] = {"readnone", "readonly", "writeonly", "nocapture", "captures", "byval",
                                            "sret",     "inreg",    "returned",  "nest",      "swiftself"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_broken(const promise_t *p, unsigned effects) {
    return (p->needs && !(effects & p->needs)) || effects & p->denies;
}

static void promises_kept(check_t *c, const function_t *f, LLVMValueRef call) {
    LLVMValueRef at = call ? call : f->value;
    for (size_t i = 0; i < COUNT(of_calls); i++) {
        const char *name = of_calls[i].attribute;
        bool has = call ? attribute_at_call(call, of_function, name) : attribute_of(f->value, of_function, name);
        if (has && is_broken(&of_calls[i], f->row->effects))
            report(c, 8, at, "%s has the attribute %s, which the ABI does not promise", f->name, name);
    }
    for (size_t i = 0; i < COUNT(of_results); i++) {
        const char *name = of_results[i].attribute;
        bool has = call ? attribute_at_call(call, 0, name) : attribute_of(f->value, 0, name);
        if (has && is_broken(&of_results[i], f->row->effects))
            report(c, 8, at, "the result of %s has the attribute %s, which the ABI does not promise", f->name, name);
    }
}

static void parameter_promises_kept(check_t *c, const function_t *f, LLVMValueRef call) {
    for (unsigned i = 1; i <= LLVMCountParams(f->model); i++)
        for (size_t k = 0; k < COUNT(of_parameters); k++) {
            const char *name = of_parameters[k];
            bool has = call ? attribute_at_call(call, i, name) : attribute_of(f->value, i, name);
            if (has && !attribute_of(f->model, i, name))
                report(c, 8, call ? call : f->value,
                       "parameter %u of %s has the attribute %s, which the ABI does not "
                       "promise",
                       i, f->name, name);
        }
}

/* What a yielding callee takes from its caller, however far up. */
static void stale_attributes(check_t *c, const function_t *f) {
    static const char *const names[] = {"memory", "willreturn", "nosync", "nofree"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (attribute_of(f->value, of_function, names[i]))
            report(c, 8, f->value, "%s has the attribute %s, and calls what may yield", f->name, names[i]);
}

/* -- Declarations, and calls of them ------------------------------------------------------------------------------------------ */

static void declaration_is_right(check_t *c, const function_t *f) {
    LLVMTypeRef type = LLVMGlobalGetValueType(f->value);
    if (passes_aggregate(type) || has_aggregate_attribute(f)) {
        report(c, 20, f->value, "%s passes an aggregate by value", f->name);
        return;
    }
    if (!f->row) return;
    if (!is_accepted(c, f, type)) {
        report_type(c, f, f->value, type, f->defined ? "defined" : "declared");
        return;
    }
    if (LLVMGetFunctionCallConv(f->value) != (unsigned)LLVMCCallConv)
        report(c, 6, f->value, "%s is declared with another calling convention than C's", f->name);
    promises_kept(c, f, NULL);
    parameter_promises_kept(c, f, NULL);
}

void rule_declarations(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++) {
        const function_t *f = &c->functions[i];
        if (f->runtime && (!f->defined || f->row)) declaration_is_right(c, f);
        if (f->defined && f->yields && !f->runtime) stale_attributes(c, f);
    }
}

static void call_is_right(check_t *c, const site_t *site) {
    const function_t *f = site->callee;
    LLVMTypeRef type = LLVMGetCalledFunctionType(site->call), declared = LLVMGlobalGetValueType(f->value);
    if (passes_aggregate(type)) {
        if (type != declared) report(c, 20, site->call, "an aggregate is passed by value to %s", f->name);
        return;
    }
    if (!is_accepted(c, f, type)) {
        if (type != declared) report_type(c, f, site->call, type, "called");
        return;
    }
    if (LLVMGetInstructionCallConv(site->call) != (unsigned)LLVMCCallConv)
        report(c, 6, site->call, "%s is called by another calling convention than C's", f->name);
    for (unsigned i = 0; i < LLVMCountParams(f->model); i++)
        if (LLVMCountParams(f->value) == LLVMCountParams(f->model)) extension_is_right(c, f, site->call, i);
    promises_kept(c, f, site->call);
    parameter_promises_kept(c, f, site->call);
}

void rule_row_call(check_t *c, const site_t *site) { call_is_right(c, site); }
