/* lower_call.c - calls, closures, functions as values.
 *
 * A function value is an object whose first field is the address of its code and whose others are what the closure
 * captured. The code gets the object as its last parameter. Values that capture nothing, named functions,
 * constructors and builtins among them, are constants; the latter three get a wrapper with that last parameter.
 */
#include <stdlib.h>

#include "lower.h"

static LLVMValueRef *call_args(body *b, expr *e) {
    LLVMValueRef *args = calloc((size_t)e->as.call.nargs + 1, sizeof *args);
    for (int32_t i = 0; i < e->as.call.nargs; i++) args[i] = lower_expr(b, e->as.call.args[i]);
    body_at(b, e->pos);
    return args;
}

static type *const *call_inst(body *b, type *const *inst, const scheme *s) {
    return s != NULL ? inst_ground(b->l->p, inst, s->nparams, b->inst) : NULL;
}

LLVMValueRef call_value(body *b, type *fun, LLVMValueRef closure, LLVMValueRef *args) {
    unsigned n = (unsigned)fun->nargs - 1;
    LLVMValueRef *all = calloc(n + 1, sizeof *all);
    for (unsigned i = 0; i < n; i++) all[i] = args[i];
    all[n] = closure;
    LLVMValueRef address = body_load(b, b->l->ptr, closure, 0);
    LLVMValueRef call = LLVMBuildCall2(b->b, type_code(b->l, fun), address, all, n + 1, "");
    free(all);
    return call;
}

static LLVMValueRef call_function(body *b, expr *e) {
    expr *callee = e->as.call.callee;
    LLVMValueRef *args = call_args(b, e);
    function *f = callee->as.fn;
    instance *i = instance_request(b->u, INSTANCE_FUNCTION, f, call_inst(b, callee->inst, f->scheme), NULL);
    LLVMValueRef value = body_call(b, i, args, (unsigned)e->as.call.nargs, e->is_tail);
    free(args);
    return value;
}

static LLVMValueRef call_closure(body *b, expr *e) {
    LLVMValueRef closure = lower_expr(b, e->as.call.callee);
    LLVMValueRef *args = call_args(b, e);
    LLVMValueRef value = call_value(b, ground_in(b, e->as.call.callee->type), closure, args);
    free(args);
    return value;
}

static LLVMValueRef call_builtin(body *b, expr *e) {
    expr *callee = e->as.call.callee;
    LLVMValueRef *args = call_args(b, e);
    LLVMValueRef value =
        builtin_call(b, callee->as.builtin, ground_in(b, callee->type), args, (unsigned)e->as.call.nargs);
    free(args);
    return value;
}

static LLVMValueRef call_variant(body *b, expr *e) {
    LLVMValueRef *args = call_args(b, e);
    LLVMValueRef value = data_variant(b, ground_in(b, e->type), e->as.call.callee->as.variant->index, args);
    free(args);
    return value;
}

static LLVMValueRef call_service(body *b, expr *e) {
    LLVMValueRef *args = call_args(b, e);
    const expr *callee = e->as.call.callee;
    LLVMValueRef value = service_call(b, callee->as.service_op.service, callee->as.service_op.handler, args);
    free(args);
    return value;
}

static LLVMValueRef call_supervisor(body *b, expr *e) {
    LLVMValueRef *args = call_args(b, e);
    const expr *callee = e->as.call.callee;
    LLVMValueRef value = supervisor_request(b, callee->as.supervisor_op.supervisor, callee->as.supervisor_op.kind,
                                            ground_in(b, callee->type), args);
    free(args);
    return value;
}

LLVMValueRef lower_call(body *b, expr *e) {
    switch (e->as.call.callee->kind) {
    case EXPR_SUPERVISOR_OP: return call_supervisor(b, e);
    case EXPR_SERVICE_OP: return call_service(b, e);
    case EXPR_FN: return call_function(b, e);
    case EXPR_BUILTIN: return call_builtin(b, e);
    case EXPR_CTOR: return call_variant(b, e);
    case EXPR_ACTOR: return lower_become(b, e);
    default: return call_closure(b, e);
    }
}

/* -- Function values ---------------------------------------------------------------------------------------------- */

/* The constant of a function value that captures nothing. */
static LLVMValueRef value_constant(body *b, instance *i) {
    if (i->constant != NULL) return i->constant;
    lowering *l = b->l;
    bool managed = false;
    LLVMTypeRef layout = LLVMStructTypeInContext(l->context, &l->ptr, 1, 0);
    buskin_cg_desc_t *desc =
        buskin_cg_describe(b->u->cg, &(buskin_cg_object_t){.name = "Fun", .fixed = layout, .managed = &managed});
    i->constant = buskin_cg_immortal(b->u->cg, desc, LLVMConstStructInContext(l->context, &i->fn, 1, 0));
    return i->constant;
}

LLVMValueRef data_environment(body *b, instance *entry, local **captures, int32_t n) {
    if (n == 0) return value_constant(b, entry);
    lowering *l = b->l;
    LLVMTypeRef *fields = calloc((size_t)n + 1, sizeof *fields);
    bool *managed = calloc((size_t)n + 1, sizeof *managed);
    fields[0] = l->ptr;
    for (int32_t k = 0; k < n; k++) {
        managed[k + 1] = type_is_object(ground_in(b, captures[k]->type));
        fields[k + 1] = managed[k + 1] ? l->ptr : l->i64;
    }
    LLVMTypeRef layout = LLVMStructTypeInContext(l->context, fields, (unsigned)n + 1, 0);
    LLVMValueRef object = data_new(
        b, buskin_cg_describe(b->u->cg, &(buskin_cg_object_t){.name = "Fun", .fixed = layout, .managed = managed}));
    free(fields);
    free(managed);
    LLVMBuildStore(b->b, entry->fn, object);
    for (int32_t k = 0; k < n; k++)
        data_store(b, ground_in(b, captures[k]->type), object, k + 1, l->values[captures[k]->id]);
    return object;
}

void data_open_environment(body *b, LLVMValueRef object, local **captures, int32_t n) {
    for (int32_t k = 0; k < n; k++)
        match_bind(b, captures[k], data_load(b, ground_in(b, captures[k]->type), object, k + 1));
}

LLVMValueRef lower_closure(body *b, expr *e) {
    code *c = e->as.closure.code;
    instance *i = instance_request(b->u, INSTANCE_CLOSURE, e, b->inst, ground_in(b, e->type));
    return data_environment(b, i, c->captures, c->ncaptures);
}

LLVMValueRef lower_function_value(body *b, expr *e) {
    type *t = ground_in(b, e->type);
    switch (e->kind) {
    case EXPR_FN: {
        type *const *inst = call_inst(b, e->inst, e->as.fn->scheme);
        return value_constant(b, instance_request(b->u, INSTANCE_FUNCTION_VALUE, e->as.fn, inst, t));
    }
    case EXPR_BUILTIN:
        if (e->as.builtin->id == BI_Math_pi) return builtin_call(b, e->as.builtin, t, NULL, 0);
        return value_constant(b, instance_request(b->u, INSTANCE_BUILTIN_VALUE, e->as.builtin, NULL, t));
    case EXPR_CTOR:
        if (e->as.variant->nfields == 0) return data_variant(b, t, e->as.variant->index, NULL);
        return value_constant(b, instance_request(b->u, INSTANCE_VARIANT_VALUE, e->as.variant, NULL, t));
    case EXPR_SERVICE_OP: {
        bool is_start = e->as.service_op.kind == SERVICE_START;
        const void *decl = is_start ? (const void *)e->as.service_op.service : e->as.service_op.handler;
        return value_constant(
            b, instance_request(b->u, is_start ? INSTANCE_START_VALUE : INSTANCE_REQUEST_VALUE, decl, NULL, t));
    }
    default: /* the expression says which supervisor and which request */
        return value_constant(b, instance_request(b->u, INSTANCE_SUPERVISOR_VALUE, e, NULL, t));
    }
}

/* -- Bodies ------------------------------------------------------------------------------------------------------------ */

static LLVMValueRef *value_params(body *b) {
    LLVMValueRef *params = calloc(LLVMCountParams(b->fn) + 1, sizeof *params);
    LLVMGetParams(b->fn, params);
    return params;
}

void lower_function_body(body *b, instance *i) {
    const function *f = i->decl;
    body_open(b, i, f->pos, type_ground(i->home->l->p, f->result, i->inst));
    LLVMValueRef *params = value_params(b);
    match_clauses(b, f->clauses, f->nclauses, params, f->name);
    free(params);
}

void lower_closure_body(body *b, instance *i) {
    const expr *e = i->decl;
    body_open(b, i, e->pos, i->type->args[i->type->nargs - 1]);
    LLVMValueRef *params = value_params(b);
    const code *c = e->as.closure.code;
    data_open_environment(b, params[i->type->nargs - 1], c->captures, c->ncaptures);
    match_clauses(b, e->as.closure.clauses, e->as.closure.nclauses, params, "closure");
    free(params);
}

/* A wrapper: the function, constructor or builtin, called through a value. */
void lower_value_body(body *b, instance *i) {
    type *result = i->type->args[i->type->nargs - 1];
    unsigned n = (unsigned)i->type->nargs - 1;
    const function *f = i->kind == INSTANCE_FUNCTION_VALUE ? i->decl : NULL;
    pos start = {.file = i->home->module->file, .line = 1, .col = 1};
    body_open(b, i, f != NULL && !f->module->is_prelude ? f->pos : start, result);
    LLVMValueRef *params = value_params(b);
    if (f != NULL)
        body_return(b, body_call(b, instance_request(b->u, INSTANCE_FUNCTION, f, i->inst, NULL), params, n, false));
    else if (i->kind == INSTANCE_VARIANT_VALUE)
        body_return(b, data_variant(b, result, ((const variant *)i->decl)->index, params));
    else if (i->kind == INSTANCE_BUILTIN_VALUE)
        body_return(b, builtin_call(b, i->decl, i->type, params, n));
    else if (i->kind == INSTANCE_SUPERVISOR_VALUE)
        body_return(b, supervisor_request(b, ((const expr *)i->decl)->as.supervisor_op.supervisor,
                                          ((const expr *)i->decl)->as.supervisor_op.kind, i->type, params));
    else if (i->kind == INSTANCE_START_VALUE)
        body_return(b, service_call(b, (service *)(uintptr_t)i->decl, NULL, params));
    else
        body_return(b, service_call(b, ((const handler *)i->decl)->service, (handler *)(uintptr_t)i->decl, params));
    free(params);
}
