/* rule_supervisor.c - specifications of supervisors and children: C21, C22, C23.
 *
 * They are found where calls name them, and by the symbol that shims give them. What the runtime would refuse at the start
 * is a finding: the records are decoded by layout.def, and their numbers are put to the runtime's own tests
 * (abi/supervisor_spec.h).
 */
#include "check.h"
#include "supervisor_spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- Decoding ---------------------------------------------------------------------------------------------- */

static buskin_child_spec_t child_numbers(check_t *c, LLVMValueRef g) {
    return (buskin_child_spec_t){.size = sizeof(buskin_child_spec_t),
                                 .shutdown_ms = (int64_t)record_field(c, g, "child_spec", "shutdown_ms"),
                                 .restart = (uint32_t)record_field(c, g, "child_spec", "restart"),
                                 .flags = (uint32_t)record_field(c, g, "child_spec", "flags"),
                                 .backoff_min_ms = (uint32_t)record_field(c, g, "child_spec", "backoff_min_ms"),
                                 .backoff_max_ms = (uint32_t)record_field(c, g, "child_spec", "backoff_max_ms"),
                                 .breaker_failures = (uint32_t)record_field(c, g, "child_spec", "breaker_failures"),
                                 .breaker_window_ms = (uint32_t)record_field(c, g, "child_spec", "breaker_window_ms"),
                                 .breaker_cooldown_ms =
                                     (uint32_t)record_field(c, g, "child_spec", "breaker_cooldown_ms"),
                                 .reserved = (uint32_t)record_field(c, g, "child_spec", "reserved")};
}

static buskin_supervisor_spec_t supervisor_numbers(check_t *c, LLVMValueRef g) {
    return (buskin_supervisor_spec_t){.size = sizeof(buskin_supervisor_spec_t),
                                      .child_count = record_field(c, g, "supervisor_spec", "child_count"),
                                      .strategy = (uint32_t)record_field(c, g, "supervisor_spec", "strategy"),
                                      .auto_shutdown = (uint32_t)record_field(c, g, "supervisor_spec", "auto_shutdown"),
                                      .max_restarts = (uint32_t)record_field(c, g, "supervisor_spec", "max_restarts"),
                                      .reserved = (uint32_t)record_field(c, g, "supervisor_spec", "reserved"),
                                      .window_ms = (int64_t)record_field(c, g, "supervisor_spec", "window_ms")};
}

static bool sized(check_t *c, LLVMValueRef g, const char *record, uint64_t size) {
    if (!record_holds(c, g, 22, record, size)) return false;
    uint64_t is = record_field(c, g, record, "size");
    record_is_aligned(c, g);
    if (is == size) return true;
    report(c, 22, g, "its size field is %" PRIu64 ", buskin_%s_t has %" PRIu64 " bytes", is, record, size);
    return false;
}

/* -- A child ----------------------------------------------------------------------------------------------- */

static void start_is_right(check_t *c, LLVMValueRef child) {
    LLVMValueRef at = record_pointer(c, child, "child_spec", "start"), function = at ? function_behind(at) : NULL;
    LLVMTypeRef pointer = LLVMPointerTypeInContext(c->context, 0), word = LLVMInt64TypeInContext(c->context);
    if (!at) report(c, 21, child, "%s", spec_fault_text(BUSKIN_ESPEC_START));
    if (!function || !LLVMIsAFunction(function)) return;
    if (LLVMGlobalGetValueType(function) == LLVMFunctionType(word, &pointer, 1, 0) &&
        LLVMGetFunctionCallConv(function) == (unsigned)LLVMCCallConv)
        return;
    report(c, 21, child, "the runtime calls its start function as i64 (ptr) of the C convention");
}

/* The name's bytes, or NULL: it cannot be seen. */
static const char *name_of(check_t *c, LLVMValueRef child, size_t *length) {
    LLVMValueRef at = record_pointer(c, child, "child_spec", "name"), global = at ? constant_global(at) : NULL;
    LLVMValueRef text = global ? LLVMGetInitializer(global) : NULL;
    if (!text || !LLVMIsAConstantDataSequential(text) || !LLVMIsConstantString(text)) return NULL;
    const char *bytes = LLVMGetAsString(text, length);
    *length = strnlen(bytes, *length);
    return bytes;
}

static void name_is_right(check_t *c, LLVMValueRef child) {
    size_t length = 1;
    bool missing = !record_pointer(c, child, "child_spec", "name");
    if (!missing) name_of(c, child, &length);
    if (missing || !length || length > SPEC_NAME_MAX) report(c, 21, child, "%s", spec_fault_text(BUSKIN_ESPEC_NAME));
}

static void child_is_right(check_t *c, LLVMValueRef child, uint32_t auto_shutdown) {
    if (!sized(c, child, "child_spec", sizeof(buskin_child_spec_t))) return;
    name_is_right(c, child);
    start_is_right(c, child);
    const buskin_child_spec_t numbers = child_numbers(c, child);
    int32_t fault = spec_fault_in_child(&numbers, auto_shutdown);
    if (fault) report(c, 23, child, "%s", spec_fault_text(fault));
}

/* -- A supervisor ------------------------------------------------------------------------------------------- */

/* Child i of the list, or NULL: it cannot be seen. */
static LLVMValueRef child_at(check_t *c, LLVMValueRef list, uint64_t i) {
    LLVMValueRef at = constant_at(c, list, 8 * i);
    return at && is_pointer(at) ? at : NULL;
}

static void names_differ(check_t *c, LLVMValueRef list, uint64_t n) {
    for (uint64_t i = 1; i < n; i++) {
        LLVMValueRef child = constant_global(child_at(c, list, i));
        size_t length, other;
        const char *name = child ? name_of(c, child, &length) : NULL;
        for (uint64_t k = 0; name && k < i; k++) {
            LLVMValueRef before = constant_global(child_at(c, list, k));
            const char *same = before ? name_of(c, before, &other) : NULL;
            if (!same || other != length || memcmp(same, name, length) != 0) continue;
            report(c, 23, child, "%s", spec_fault_text(BUSKIN_ESPEC_DUPLICATE));
            break;
        }
    }
}

static void children_are_right(check_t *c, LLVMValueRef spec, uint64_t n, uint32_t auto_shutdown) {
    enum { MOST = 65536 };
    LLVMValueRef at = record_pointer(c, spec, "supervisor_spec", "children"), list = at ? constant_global(at) : NULL;
    if (n && !at) report(c, 21, spec, "it says %" PRIu64 " children, and has no list of them", n);
    if (!list || n > MOST) return;
    uint64_t room = LLVMABISizeOfType(c->data, LLVMGlobalGetValueType(list)) / 8;
    if (n > room) {
        report(c, 21, spec, "it says %" PRIu64 " children, its list has %" PRIu64, n, room);
        return;
    }
    bool seen = true;
    for (uint64_t i = 0; i < n; i++) {
        LLVMValueRef child = child_at(c, list, i), global = child ? constant_global(child) : NULL;
        if (child && is_null(child)) report(c, 21, spec, "child %" PRIu64 " of its list is null", i + 1);
        if (global && record_first_look(c, global)) child_is_right(c, global, auto_shutdown);
        seen &= global != NULL;
    }
    if (seen) names_differ(c, list, n);
}

static void supervisor_is_right(check_t *c, LLVMValueRef spec) {
    if (!record_first_look(c, spec) || !sized(c, spec, "supervisor_spec", sizeof(buskin_supervisor_spec_t))) return;
    const buskin_supervisor_spec_t numbers = supervisor_numbers(c, spec);
    int32_t fault = spec_fault_in_supervisor(&numbers);
    if (fault) report(c, 23, spec, "%s", spec_fault_text(fault));
    children_are_right(c, spec, numbers.child_count, numbers.auto_shutdown);
}

/* -- The module --------------------------------------------------------------------------------------------- */

/* A child that is added later: which supervisor it is for is not known. */
static void added_is_right(check_t *c, LLVMValueRef child) {
    if (record_first_look(c, child)) child_is_right(c, child, BUSKIN_AUTO_SHUTDOWN_ANY);
}

static void site_specifications(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee ? site->callee->row : NULL;
    if (!row || LLVMGetNumArgOperands(site->call) != abi_param_count(row)) return;
    for (unsigned i = 0; i < abi_param_count(row); i++) {
        LLVMValueRef operand = LLVMGetOperand(site->call, i);
        if (!is_specification(row, i) || !is_pointer(operand)) continue;
        LLVMValueRef global = constant_global(operand);
        if (!global) continue;
        if (strcmp(row->name, "supervisor_add_child") == 0)
            added_is_right(c, global);
        else
            supervisor_is_right(c, global);
    }
}

void rule_supervisors(check_t *c) {
    size_t length;
    for (unsigned i = 0; i < c->nfunctions; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++) site_specifications(c, &c->functions[i].sites[k]);
    for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
        if (strncmp(LLVMGetValueName2(g, &length), "__actor_supervisor_", 19) == 0 && constant_global(g))
            supervisor_is_right(c, g);
}
