/* lower_instance.c - instances: where each is defined, its type and name, and the queue of bodies to lower.
 *
 * An instance is internal to its unit until another unit asks for it; then its definition becomes external
 * (hidden: the symbols are the program's own business) and the other unit gets a declaration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lower.h"

static unit *instance_home(unit *from, instance_kind kind, const void *decl) {
    const module *m = kind == INSTANCE_SERVICE                               ? ((const service *)decl)->module
                      : kind == INSTANCE_HANDLER                             ? ((const handler *)decl)->service->module
                      : kind == INSTANCE_FUNCTION                            ? ((const function *)decl)->module
                      : kind == INSTANCE_ACTOR || kind == INSTANCE_TERMINATE ? ((const actor *)decl)->module
                                                                             : NULL;
    if (m == NULL || m->is_prelude) return from;
    return &from->l->units[m->file];
}

/* Parameters of these ground types, after `first` and before `last` where they are not NULL. */
static LLVMTypeRef instance_signature(lowering *l, instance *i, LLVMTypeRef result, type *const *params, int32_t n,
                                      LLVMTypeRef first, LLVMTypeRef last) {
    LLVMTypeRef *all = calloc((size_t)n + 2, sizeof *all);
    unsigned count = 0;
    if (first != NULL) all[count++] = first;
    for (int32_t k = 0; k < n; k++) all[count++] = type_ll(l, type_ground(l->p, params[k], i->inst));
    if (last != NULL) all[count++] = last;
    LLVMTypeRef fn_type = LLVMFunctionType(result, all, count, 0);
    free(all);
    return fn_type;
}

static LLVMTypeRef instance_fn_type(lowering *l, instance *i) {
    LLVMTypeRef two[] = {l->ptr, l->ptr};
    switch (i->kind) {
    case INSTANCE_FUNCTION: {
        const function *f = i->decl;
        LLVMTypeRef result = type_ll(l, type_ground(l->p, f->result, i->inst));
        return instance_signature(l, i, result, f->params, f->nparams, NULL, NULL);
    }
    case INSTANCE_ACTOR: {
        const actor *a = i->decl;
        return instance_signature(l, i, l->i64, a->params, a->clause.nparams, NULL, NULL);
    }
    case INSTANCE_SERVICE: {
        const service *s = i->decl;
        return instance_signature(l, i, l->i64, &s->state, 1, NULL, NULL);
    }
    case INSTANCE_HANDLER: {
        const handler *h = i->decl;
        LLVMTypeRef state = type_ll(l, type_ground(l->p, h->service->state, NULL));
        return instance_signature(l, i, state, h->params, h->clause.nparams, state, h->is_call ? l->ptr : NULL);
    }
    case INSTANCE_STARTER: return starter_fn_type(l, i->decl);
    case INSTANCE_JOB: return LLVMFunctionType(l->i64, two, 1, 0);
    case INSTANCE_TERMINATE:
    case INSTANCE_TERMINATE_ANY: return LLVMFunctionType(l->nothing, two, 2, 0);
    case INSTANCE_CLOSURE:
    case INSTANCE_FUNCTION_VALUE:
    case INSTANCE_VARIANT_VALUE:
    case INSTANCE_BUILTIN_VALUE:
    case INSTANCE_START_VALUE:
    case INSTANCE_SUPERVISOR_VALUE:
    case INSTANCE_REQUEST_VALUE: return type_code(l, i->type);
    case INSTANCE_SHOW: two[0] = type_ll(l, i->type); return LLVMFunctionType(l->nothing, two, 2, 0);
    case INSTANCE_EQUAL: two[0] = two[1] = type_ll(l, i->type); return LLVMFunctionType(l->i1, two, 2, 0);
    case INSTANCE_ORDER: two[0] = two[1] = type_ll(l, i->type); return LLVMFunctionType(l->i64, two, 2, 0);
    case INSTANCE_KINDS: break;
    }
    return NULL;
}

/* `Module.name<Int,String>`, as backtraces show it. */
static char *instance_name(lowering *l, instance *i) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const scheme *generic = NULL;
    switch (i->kind) {
    case INSTANCE_FUNCTION:
    case INSTANCE_FUNCTION_VALUE: {
        const function *f = i->decl;
        fprintf(out, "%s.%s", f->module->name, f->name);
        generic = f->scheme;
        break;
    }
    case INSTANCE_ACTOR:
    case INSTANCE_TERMINATE: {
        const actor *a = i->decl;
        fprintf(out, "%s.%s", a->module->name, a->name);
        generic = a->scheme;
        break;
    }
    case INSTANCE_CLOSURE:
        fprintf(out, "%s.closure%d", i->home->module->name, (int)(i->number = ++l->nclosures));
        break;
    case INSTANCE_VARIANT_VALUE: fprintf(out, "%s", ((const variant *)i->decl)->name); break;
    case INSTANCE_BUILTIN_VALUE: fprintf(out, "%s", ((const builtin *)i->decl)->name); break;
    case INSTANCE_SERVICE:
    case INSTANCE_START_VALUE: {
        const service *s = i->decl;
        fprintf(out, "%s.%s%s", s->module->name, s->name, i->kind == INSTANCE_SERVICE ? "" : ".start");
        break;
    }
    case INSTANCE_HANDLER:
    case INSTANCE_REQUEST_VALUE: {
        const handler *h = i->decl;
        fprintf(out, "%s.%s.%s", h->service->module->name, h->service->name, h->op);
        if (i->kind == INSTANCE_REQUEST_VALUE) fputs(".value", out);
        break;
    }
    case INSTANCE_STARTER: fprintf(out, "start %s", ((const child *)i->decl)->name); break;
    case INSTANCE_SUPERVISOR_VALUE: fprintf(out, "%s", i->home->module->name); break;
    case INSTANCE_JOB: fprintf(out, "job %s", type_canonical(l->p, i->type)); break;
    case INSTANCE_TERMINATE_ANY: fprintf(out, "terminate"); break;
    case INSTANCE_SHOW: fprintf(out, "show %s", type_canonical(l->p, i->type)); break;
    case INSTANCE_EQUAL: fprintf(out, "equal %s", type_canonical(l->p, i->type)); break;
    case INSTANCE_ORDER: fprintf(out, "order %s", type_canonical(l->p, i->type)); break;
    case INSTANCE_KINDS: break;
    }
    for (int32_t k = 0; generic != NULL && i->inst != NULL && k < generic->nparams; k++)
        fprintf(out, "%s%s", k == 0 ? "<" : ",", type_canonical(l->p, i->inst[k]));
    if (generic != NULL && i->inst != NULL && generic->nparams > 0) fputc('>', out);
    if (i->kind == INSTANCE_TERMINATE) fputs(".terminate", out);
    if (i->kind == INSTANCE_FUNCTION_VALUE) fputs(".value", out);
    fclose(out);
    return text;
}

static void instance_define(lowering *l, instance *i) {
    i->name = instance_name(l, i);
    i->fn_type = instance_fn_type(l, i);
    i->fn = LLVMAddFunction(i->home->ir, i->name, i->fn_type);
    LLVMSetLinkage(i->fn, LLVMInternalLinkage);
    buskin_cg_actor_code(i->home->cg, i->fn);
    *l->queue_end = i;
    l->queue_end = &i->next_queued;
}

static uint32_t instance_bucket(const unit *home, instance_kind kind, const void *decl, type *const *inst,
                                const type *t) {
    uint64_t hash = (uintptr_t)home ^ (uint64_t)kind << 56;
    const uintptr_t keys[] = {(uintptr_t)decl, (uintptr_t)inst, (uintptr_t)t};
    for (int i = 0; i < 3; i++) hash = (hash ^ keys[i]) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(hash >> 32) % INSTANCE_BUCKETS;
}

instance *instance_request(unit *from, instance_kind kind, const void *decl, type *const *inst, type *t) {
    lowering *l = from->l;
    unit *home = instance_home(from, kind, decl);
    instance **bucket = &l->buckets[instance_bucket(home, kind, decl, inst, t)];
    for (instance *i = *bucket; i != NULL; i = i->next)
        if (i->kind == kind && i->decl == decl && i->inst == inst && i->type == t && i->home == home) return i;
    instance *i = calloc(1, sizeof *i);
    *i = (instance){.kind = kind, .decl = decl, .inst = inst, .type = t, .home = home, .next = *bucket};
    *bucket = i;
    instance_define(l, i);
    return i;
}

LLVMValueRef instance_in(unit *from, instance *i) {
    if (i->home == from) return i->fn;
    size_t length;
    const char *name = LLVMGetValueName2(i->fn, &length);
    LLVMSetLinkage(i->fn, LLVMExternalLinkage);
    LLVMSetVisibility(i->fn, LLVMHiddenVisibility);
    LLVMValueRef fn = LLVMGetNamedFunction(from->ir, name);
    if (fn != NULL) return fn;
    fn = LLVMAddFunction(from->ir, name, i->fn_type);
    LLVMSetVisibility(fn, LLVMHiddenVisibility);
    return fn;
}

bool instance_lower_next(lowering *l) {
    static void (*const lower[INSTANCE_KINDS])(body *, instance *) = {
        [INSTANCE_FUNCTION] = lower_function_body,
        [INSTANCE_ACTOR] = lower_actor_body,
        [INSTANCE_TERMINATE] = lower_terminate_body,
        [INSTANCE_TERMINATE_ANY] = lower_terminate_any_body,
        [INSTANCE_CLOSURE] = lower_closure_body,
        [INSTANCE_FUNCTION_VALUE] = lower_value_body,
        [INSTANCE_VARIANT_VALUE] = lower_value_body,
        [INSTANCE_BUILTIN_VALUE] = lower_value_body,
        [INSTANCE_SERVICE] = lower_service_body,
        [INSTANCE_HANDLER] = lower_handler_body,
        [INSTANCE_START_VALUE] = lower_value_body,
        [INSTANCE_REQUEST_VALUE] = lower_value_body,
        [INSTANCE_STARTER] = lower_starter_body,
        [INSTANCE_SUPERVISOR_VALUE] = lower_value_body,
        [INSTANCE_JOB] = lower_job_body,
        [INSTANCE_SHOW] = lower_show,
        [INSTANCE_EQUAL] = lower_equal,
        [INSTANCE_ORDER] = lower_order,
    };
    instance *i = l->queue;
    if (i == NULL) return false;
    l->queue = i->next_queued;
    if (l->queue == NULL) l->queue_end = &l->queue;
    body b = {0};
    lower[i->kind](&b, i);
    body_close(&b);
    return true;
}
