/* supervisor.c - supervisors as constant data: the callbacks that start children, and the records that name them.
 *
 * The runtime calls `i64 (ptr args)` as the supervisor. As with entry thunks, the typed body is never passed itself: a thunk
 * loads what a spawn site or start_child packed, by the same layout. Records are built from layout.def, and the numbers in
 * them are tested here by the runtime's own tests (abi/supervisor_spec.h), so that a bad specification is a failure of the build.
 */
#include "cg.h"

#include "supervisor_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *supervisor_symbol(buskin_cg_t *cg, const char *before, const char *name) {
    size_t length = strlen(before) + strlen(name) + 1;
    char *symbol = cg_keep(cg, length);
    if (symbol) snprintf(symbol, length, "%s%s", before, name);
    return symbol;
}

/* -- Start callbacks ------------------------------------------------------------------------------------- */

static bool start_body_ok(buskin_cg_t *cg, const char *name, LLVMValueRef body, const buskin_cg_slot_t *slots,
                          unsigned n) {
    if (!body || !LLVMIsAFunction(body)) return cg_fail(cg, "%s: the body is not a function", name), false;
    LLVMTypeRef type = LLVMGlobalGetValueType(body);
    if (LLVMGetReturnType(type) != cg->type_i64)
        return cg_fail(cg, "%s: a start body returns the child's pid, an i64", name), false;
    if (LLVMIsFunctionVarArg(type) || LLVMCountParamTypes(type) != n)
        return cg_fail(cg, "%s: the body has %u parameters, %u are described", name, LLVMCountParamTypes(type), n),
               false;
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, LLVMGetParam(body, i), slots[i].type, name, "a parameter of the body")) return false;
    return true;
}

static void start_fill(buskin_cg_t *cg, LLVMValueRef thunk, LLVMValueRef body, const buskin_cg_slot_t *slots,
                       const buskin_cg_place_t *places, unsigned n, LLVMValueRef *args) {
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(cg->context, thunk, "entry"));
    for (unsigned i = 0; i < n; i++) args[i] = cg_load_slot(cg, b, LLVMGetParam(thunk, 0), &slots[i], &places[i]);
    LLVMValueRef pid = LLVMBuildCall2(b, LLVMGlobalGetValueType(body), body, args, n, "");
    LLVMSetInstructionCallConv(pid, LLVMGetFunctionCallConv(body));
    LLVMBuildRet(b, pid);
    LLVMDisposeBuilder(b);
}

static LLVMValueRef start_create(buskin_cg_t *cg, const char *symbol, LLVMValueRef body, const buskin_cg_slot_t *slots,
                                 const buskin_cg_place_t *places, unsigned n) {
    LLVMValueRef *args = calloc(n + 1, sizeof *args);
    if (!args) return cg_fail(cg, "no memory"), NULL;
    LLVMValueRef thunk = LLVMAddFunction(cg->module, symbol, LLVMFunctionType(cg->type_i64, &cg->type_ptr, 1, 0));
    LLVMSetLinkage(thunk, LLVMInternalLinkage);
    buskin_cg_actor_code(cg, thunk);
    cg_attribute(cg, thunk, "buskin-entry", "");
    buskin_cg_actor_code(cg, body);
    start_fill(cg, thunk, body, slots, places, n, args);
    free(args);
    return thunk;
}

LLVMValueRef buskin_cg_start(buskin_cg_t *cg, const char *name, LLVMValueRef body, const buskin_cg_slot_t *params,
                             unsigned nparams) {
    uint64_t size;
    if (!cg_ready(cg, "start")) return NULL;
    if (!name || !*name) return cg_fail(cg, "start: it has no name"), NULL;
    if (nparams && !params) return cg_fail(cg, "%s: params are missing", name), NULL;
    if (!start_body_ok(cg, name, body, params, nparams)) return NULL;
    char *symbol = supervisor_symbol(cg, "__actor_start_", name);
    buskin_cg_place_t *places = cg_keep(cg, (nparams + 1) * sizeof *places);
    if (!symbol || !places || !cg_slots_ok(cg, name, params, nparams, places, &size)) return NULL;
    if (LLVMGetNamedFunction(cg->module, symbol)) return cg_fail(cg, "%s exists already", symbol), NULL;
    return start_create(cg, symbol, body, params, places, nparams);
}

/* -- Records --------------------------------------------------------------------------------------------- */

static buskin_child_spec_t child_numbers(const buskin_cg_child_t *c) {
    return (buskin_child_spec_t){.size = sizeof(buskin_child_spec_t),
                                 .shutdown_ms = c->shutdown_ms,
                                 .restart = c->restart,
                                 .flags = c->flags,
                                 .backoff_min_ms = c->backoff_min_ms,
                                 .backoff_max_ms = c->backoff_max_ms,
                                 .breaker_failures = c->breaker_failures,
                                 .breaker_window_ms = c->breaker_window_ms,
                                 .breaker_cooldown_ms = c->breaker_cooldown_ms};
}

static buskin_supervisor_spec_t supervisor_numbers(const buskin_cg_supervisor_options_t *o) {
    return (buskin_supervisor_spec_t){.size = sizeof(buskin_supervisor_spec_t),
                                      .child_count = o->nchildren,
                                      .strategy = o->strategy,
                                      .auto_shutdown = o->auto_shutdown,
                                      .max_restarts = o->max_restarts,
                                      .window_ms = o->window_ms};
}

static int32_t child_fault(const buskin_cg_supervisor_options_t *o, unsigned i) {
    const buskin_cg_child_t *c = &o->children[i];
    if (!c->name || !*c->name || strlen(c->name) > SPEC_NAME_MAX) return BUSKIN_ESPEC_NAME;
    if (!c->start || !LLVMIsAFunction(c->start)) return BUSKIN_ESPEC_START;
    for (unsigned k = 0; k < i; k++)
        if (!strcmp(o->children[k].name, c->name)) return BUSKIN_ESPEC_DUPLICATE;
    const buskin_child_spec_t numbers = child_numbers(c);
    return spec_fault_in_child(&numbers, o->auto_shutdown);
}

static bool supervisor_ok(buskin_cg_t *cg, const buskin_cg_supervisor_options_t *o) {
    if (!o->name || !*o->name) return cg_fail(cg, "supervisor: it has no name"), false;
    if (o->nchildren && !o->children) return cg_fail(cg, "supervisor %s: children are missing", o->name), false;
    const buskin_supervisor_spec_t numbers = supervisor_numbers(o);
    int32_t fault = spec_fault_in_supervisor(&numbers);
    if (fault) return cg_fail(cg, "supervisor %s: %s", o->name, spec_fault_text(fault)), false;
    for (unsigned i = 0; i < o->nchildren; i++) {
        if (!(fault = child_fault(o, i))) continue;
        const char *name = o->children[i].name ? o->children[i].name : "";
        return cg_fail(cg, "supervisor %s, child %s: %s", o->name, name, spec_fault_text(fault)), false;
    }
    return true;
}

static LLVMValueRef child_constant(buskin_cg_t *cg, const buskin_cg_child_t *c) {
    const cg_field_t fields[] = {
        {"size", cg_int(cg->type_i64, sizeof(buskin_child_spec_t))},
        {"name", buskin_cg_text(cg, c->name, strlen(c->name))},
        {"start", c->start},
        {"args", c->args},
        {"shutdown_ms", cg_int(cg->type_i64, (uint64_t)c->shutdown_ms)},
        {"restart", cg_int(cg->type_i32, c->restart)},
        {"flags", cg_int(cg->type_i32, c->flags)},
        {"backoff_min_ms", cg_int(cg->type_i32, c->backoff_min_ms)},
        {"backoff_max_ms", cg_int(cg->type_i32, c->backoff_max_ms)},
        {"breaker_failures", cg_int(cg->type_i32, c->breaker_failures)},
        {"breaker_window_ms", cg_int(cg->type_i32, c->breaker_window_ms)},
        {"breaker_cooldown_ms", cg_int(cg->type_i32, c->breaker_cooldown_ms)},
    };
    LLVMValueRef record =
        cg_record(cg, "child_spec", sizeof(buskin_child_spec_t), fields, sizeof fields / sizeof *fields);
    return record ? cg_constant(cg, record, "buskin.child") : NULL;
}

static LLVMValueRef children_constant(buskin_cg_t *cg, const buskin_cg_supervisor_options_t *o) {
    if (!o->nchildren) return LLVMConstNull(cg->type_ptr);
    LLVMValueRef *list = calloc(o->nchildren, sizeof(LLVMValueRef)), children = NULL;
    if (!list) return cg_fail(cg, "no memory"), NULL;
    bool ok = true;
    for (unsigned i = 0; i < o->nchildren; i++) ok &= (list[i] = child_constant(cg, &o->children[i])) != NULL;
    if (ok) children = cg_constant(cg, LLVMConstArray2(cg->type_ptr, list, o->nchildren), "buskin.children");
    free(list);
    return children;
}

static LLVMValueRef supervisor_constant(buskin_cg_t *cg, const buskin_cg_supervisor_options_t *o) {
    const char *title = o->title ? o->title : o->name;
    LLVMValueRef children = children_constant(cg, o);
    const cg_field_t fields[] = {
        {"size", cg_int(cg->type_i64, sizeof(buskin_supervisor_spec_t))},
        {"name", buskin_cg_text(cg, title, strlen(title))},
        {"children", children},
        {"child_count", cg_int(cg->type_i64, o->nchildren)},
        {"strategy", cg_int(cg->type_i32, o->strategy)},
        {"auto_shutdown", cg_int(cg->type_i32, o->auto_shutdown)},
        {"max_restarts", cg_int(cg->type_i32, o->max_restarts)},
        {"window_ms", cg_int(cg->type_i64, (uint64_t)o->window_ms)},
    };
    if (!children) return NULL;
    return cg_record(cg, "supervisor_spec", sizeof(buskin_supervisor_spec_t), fields, sizeof fields / sizeof *fields);
}

LLVMValueRef buskin_cg_supervisor(buskin_cg_t *cg, const buskin_cg_supervisor_options_t *options) {
    if (!cg_ready(cg, "supervisor") || !supervisor_ok(cg, options)) return NULL;
    char *symbol = supervisor_symbol(cg, "__actor_supervisor_", options->name);
    if (!symbol) return NULL;
    if (LLVMGetNamedGlobal(cg->module, symbol)) return cg_fail(cg, "%s exists already", symbol), NULL;
    LLVMValueRef initializer = supervisor_constant(cg, options);
    if (!initializer) return NULL;
    LLVMValueRef spec = LLVMAddGlobal(cg->module, LLVMTypeOf(initializer), symbol);
    LLVMSetInitializer(spec, initializer);
    LLVMSetGlobalConstant(spec, 1);
    LLVMSetAlignment(spec, 8);
    if (!options->external) LLVMSetLinkage(spec, LLVMInternalLinkage);
    return spec;
}

LLVMValueRef buskin_cg_supervisor_import(buskin_cg_t *cg, const char *name) {
    if (!cg_ready(cg, "supervisor_import")) return NULL;
    if (!name || !*name) return cg_fail(cg, "supervisor_import: it has no name"), NULL;
    char *symbol = supervisor_symbol(cg, "__actor_supervisor_", name);
    if (!symbol) return NULL;
    LLVMValueRef spec = LLVMGetNamedGlobal(cg->module, symbol);
    if (spec) return spec;
    LLVMTypeRef words = LLVMArrayType2(cg->type_i64, sizeof(buskin_supervisor_spec_t) / 8);
    spec = LLVMAddGlobal(cg->module, words, symbol);
    LLVMSetGlobalConstant(spec, 1);
    return spec;
}

/* -- What a supervisor is asked ---------------------------------------------------------------------------- */

LLVMValueRef buskin_cg_supervisor_start(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef spec, unsigned flags,
                                        LLVMValueRef *ref) {
    bool monitor = flags & BUSKIN_SPAWN_MONITOR;
    if (!cg_can_build(cg, b, "supervisor_start")) return NULL;
    if (!cg_is(cg, spec, cg->type_ptr, "supervisor_start", "the specification")) return NULL;
    if (flags & ~(unsigned)(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR))
        return cg_fail(cg, "supervisor_start: unknown flags %#x", flags), NULL;
    if (monitor != (ref != NULL))
        return cg_fail(cg, "supervisor_start: a reference goes with MONITOR, and only with it"), NULL;
    if (!buskin_cg_declare(cg, "supervisor_start")) return NULL;
    LLVMValueRef null = LLVMConstNull(cg->type_ptr), where = ref ? cg_frame(cg, b, CG_FRAME_REF, 8) : null;
    LLVMValueRef args[] = {spec, cg_int(cg->type_i32, flags), where, null};
    LLVMValueRef pid = cg_call_row(cg, b, "supervisor_start", args, 4);
    if (ref) *ref = cg_load(b, cg->type_i64, where, 8);
    return pid;
}

LLVMValueRef buskin_cg_start_child(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef supervisor,
                                   const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n,
                                   LLVMValueRef *status) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "start_child")) return NULL;
    if (!cg_is(cg, supervisor, cg->type_i64, "start_child", "the supervisor")) return NULL;
    if (!cg_values_ok(cg, "start_child", slots, values, n) || !buskin_cg_declare(cg, "supervisor_start_child"))
        return NULL;
    if (!cg_pack(cg, b, "start_child", slots, values, n, &v)) return NULL;
    LLVMValueRef where = status ? cg_frame(cg, b, CG_FRAME_REF, 8) : LLVMConstNull(cg->type_ptr);
    LLVMValueRef args[] = {supervisor, v.desc, v.buffer, where};
    LLVMValueRef pid = cg_call_row(cg, b, "supervisor_start_child", args, 4);
    cg_annotate(cg, pid, "buskin.layout", v.layout);
    if (status) *status = cg_load(b, cg->type_i32, where, 4);
    return pid;
}
