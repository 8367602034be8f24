/* rule_entry.c - functions that the runtime calls: C24, C28, C31, C32.
 *
 * Shims mark thunks with "buskin-entry". A thunk that calls a body which is only declared lost it to dead-code
 * elimination; code that calls a thunk lost its way to the body. In a flagged module only thunks are given to the
 * runtime. A terminate callback gets null when the actor ended before it had a state.
 */
#include "check.h"

static LLVMTypeRef type_of_entry(check_t *c, unsigned parameters) {
    LLVMTypeRef pointer = LLVMPointerTypeInContext(c->context, 0), types[] = {pointer, pointer};
    return LLVMFunctionType(LLVMVoidTypeInContext(c->context), types, parameters, 0);
}

/* -- Which functions are entries --------------------------------------------------------------------------------------- */

static void mark_entry(check_t *c, LLVMValueRef value) {
    function_t *f = function_of(c, value ? function_behind(value) : NULL);
    if (f) f->is_entry = true;
}

static bool is_actor_symbol(LLVMValueRef value, const char *start) {
    size_t length;
    return strncmp(LLVMGetValueName2(value, &length), start, strlen(start)) == 0;
}

void entries_mark(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++) {
            payload_t p;
            const site_t *site = &c->functions[i].sites[k];
            if (site->callee && site->callee->row && payload_of(c, site, &p) && p.entry) mark_entry(c, p.entry);
        }
    for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
        if (is_actor_symbol(g, "__actor_desc_") && constant_global(g))
            mark_entry(c, constant_at(c, g, field_offset("spawn_desc", "entry")));
}

/* -- Thunks (C24, C28) ----------------------------------------------------------------------------------------------------- */

static bool is_thunk(const function_t *f) { return f->thunk || is_actor_symbol(f->value, "__actor_entry_"); }

static bool is_lost_body(const site_t *site) {
    const function_t *f = site->callee;
    if (!f || f->defined || f->row || LLVMGetIntrinsicID(f->value) || f->thunk) return false;
    return f->marked || LLVMGetFunctionCallConv(f->value) != (unsigned)LLVMCCallConv;
}

static void calls_of_function(check_t *c, const function_t *f) {
    for (size_t i = 0; i < f->nsites; i++) {
        const site_t *site = &f->sites[i];
        if (is_thunk(f) && is_lost_body(site))
            report(c, 24, site->call, "%s calls %s, which the module does not define", f->name, site->callee->name);
        if (site->callee && site->callee->defined && is_thunk(site->callee))
            report(c, 28, site->call, "%s is for the runtime to call; call the body that it calls", site->callee->name);
    }
}

/* -- Only thunks are registered (C31) --------------------------------------------------------------------------------------- */

static void is_registered_thunk(check_t *c, const function_t *f) {
    if (c->flagged && f->is_entry && f->defined && !f->thunk && LLVMGlobalGetValueType(f->value) == type_of_entry(c, 1))
        report(c, 31, f->value, "%s is given to the runtime as an entry, and is no entry thunk", f->name);
}

/* -- Terminate (C32) ------------------------------------------------------------------------------------------------------------ */

static bool touches(enum use_kind kind) {
    return kind == USE_LOAD || kind == USE_STORE || kind == USE_READ || kind == USE_WRITE;
}

/* In a thunk, a call that takes the state counts: its callee believes in it. */
static void state_is_tested(check_t *c, const function_t *f) {
    LLVMValueRef state = LLVMGetParam(f->value, 0);
    null_test_t test;
    flow_build(c, f->value);
    const uses_t *uses = uses_of(c, state);
    null_test(c, state, &test);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (!touches(use->kind) && !(use->kind == USE_CALL && f->thunk)) continue;
        if (place_of(c, use->pointer).base != state || !maybe_null_at(c, &test, use->instruction)) continue;
        if (c->flagged)
            report(c, 32, use->instruction, "the state may be null: the actor may have ended before it had one");
        else
            report_unknown(c, 32, use->instruction, "the state is null if the actor ends before it has one");
        return;
    }
}

static void terminate_is_right(check_t *c, LLVMValueRef desc) {
    LLVMValueRef at = constant_at(c, desc, field_offset("spawn_desc", "terminate"));
    LLVMValueRef function = at && is_pointer(at) ? function_behind(at) : NULL;
    function_t *f = function_of(c, function);
    if (!f) return;
    if (LLVMGlobalGetValueType(function) != type_of_entry(c, 2) ||
        LLVMGetFunctionCallConv(function) != (unsigned)LLVMCCallConv) {
        report(c, 32, function, "the runtime calls %s as void (ptr, ptr) of the C convention", f->name);
        return;
    }
    if (f->defined) {
        c->in = f;
        state_is_tested(c, f);
    }
}

/* Each constant that a call names as a spawn descriptor, or that has the name of one. */
static void terminates(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++) {
            payload_t p;
            const site_t *site = &c->functions[i].sites[k];
            if (!site->callee || !site->callee->row || !payload_of(c, site, &p) || !p.spawn_desc) continue;
            if (map_get(&c->seen, p.spawn_desc) != MAP_NONE) continue;
            check_put(c, &c->seen, p.spawn_desc, 1);
            terminate_is_right(c, p.spawn_desc);
        }
    for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
        if (is_actor_symbol(g, "__actor_desc_") && constant_global(g) && map_get(&c->seen, g) == MAP_NONE)
            terminate_is_right(c, g);
}

void rule_entries(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++) {
        calls_of_function(c, &c->functions[i]);
        is_registered_thunk(c, &c->functions[i]);
    }
    terminates(c);
}
