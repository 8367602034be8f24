/* lower_actor.c - actors: bodies, spawn, become, terminate.
 *
 * The body of an actor is a function of its parameters; the entry thunk of the shims loads them and calls it, and
 * a become is a tail call of the other body. A process can so become an actor with another terminate block, while its
 * spawn descriptor stays: where a program has such blocks at all, the descriptors name one callback for all, and each body
 * first sets the process's state, an object with the address of its block's code and the parameters the block uses (or
 * nothing, if it has no block). The callback calls what the state names.
 */
#include <stdlib.h>

#include "buskin.h"
#include "lower.h"

static LLVMTypeRef actor_terminate_type(lowering *l) {
    LLVMTypeRef params[] = {l->ptr, l->ptr};
    return LLVMFunctionType(l->nothing, params, 2, 0);
}

/* -- Handles ------------------------------------------------------------------------------------------------------ */

static LLVMValueRef actor_terminate(unit *u) {
    if (!u->l->has_terminate) return NULL;
    if (u->terminate_any == NULL) {
        instance *i = instance_request(u, INSTANCE_TERMINATE_ANY, NULL, NULL, NULL);
        u->terminate_any = buskin_cg_terminate(u->cg, u->module->name, i->fn);
    }
    return u->terminate_any;
}

/* What a spawn in `from` needs: thunk and descriptor in the body's own unit, or their declaration. */
buskin_cg_actor_t *actor_handle(unit *from, const process *e) {
    instance *i = e->body;
    unsigned n = (unsigned)e->nparams;
    buskin_cg_slot_t *slots = calloc(n + 1, sizeof *slots);
    const mailbox_spec *m = e->bound != NULL ? e->bound : &(mailbox_spec){.capacity = 0};
    for (unsigned k = 0; k < n; k++) slots[k] = type_slot(from->l, e->params[k]);
    if (i->actor == NULL)
        i->actor = buskin_cg_actor(i->home->cg, &(buskin_cg_actor_options_t){.name = i->name,
                                                                             .title = e->title,
                                                                             .body = i->fn,
                                                                             .params = slots,
                                                                             .nparams = n,
                                                                             .external = e->is_public,
                                                                             .terminate = actor_terminate(i->home),
                                                                             .mailbox_capacity = (uint64_t)m->capacity,
                                                                             .mailbox_policy = m->policy,
                                                                             .mailbox_fallback = m->fallback,
                                                                             .mailbox_key = m->key,
                                                                             .priority = BUSKIN_NORMAL});
    buskin_cg_actor_t *handle = i->actor;
    if (i->home != from) handle = buskin_cg_actor_import(from->cg, i->name, slots, n);
    free(slots);
    return handle;
}

static buskin_cg_actor_t *actor_entry(body *b, instance *i) {
    const actor *a = i->decl;
    int32_t n = a->clause.nparams;
    type **params = calloc((size_t)n + 1, sizeof *params);
    for (int32_t k = 0; k < n; k++) params[k] = type_ground(b->l->p, a->params[k], i->inst);
    process e = {
        .body = i, .title = a->name, .params = params, .nparams = n, .is_public = a->is_pub, .bound = a->bound};
    buskin_cg_actor_t *handle = actor_handle(b->u, &e);
    free(params);
    return handle;
}

static instance *actor_instance(body *b, actor *a, type *const *inst) {
    type *const *ground = a->scheme != NULL ? inst_ground(b->l->p, inst, a->scheme->nparams, b->inst) : NULL;
    return instance_request(b->u, INSTANCE_ACTOR, a, ground, NULL);
}

void lower_main_thunk(unit *u) {
    program *p = u->l->p;
    instance *i = instance_request(u, INSTANCE_FUNCTION, p->main, p->main_inst, NULL);
    buskin_cg_actor_t *entry = buskin_cg_actor(
        u->cg,
        &(buskin_cg_actor_options_t){.name = i->name, .title = "main", .body = i->fn, .priority = BUSKIN_NORMAL});
    buskin_cg_main_thunk(u->cg, entry, "main");
}

/* -- Bodies --------------------------------------------------------------------------------------------------------- */

static void actor_set_state(body *b, instance *i) {
    const actor *a = i->decl;
    LLVMValueRef state = LLVMConstNull(b->l->ptr);
    if (a->terminate != NULL) {
        instance *block = instance_request(b->u, INSTANCE_TERMINATE, a, i->inst, NULL);
        state = data_environment(b, block, a->terminate_code->captures, a->terminate_code->ncaptures);
    }
    buskin_cg_call(b->u->cg, b->b, "actor_set_state", &state, 1);
}

void lower_actor_body(body *b, instance *i) {
    const actor *a = i->decl;
    body_open(b, i, a->pos, NULL);
    for (int32_t k = 0; k < a->clause.nparams; k++) {
        body_at(b, a->clause.params[k]->pos);
        match_or_panic(b, a->clause.params[k], LLVMGetParam(b->fn, (unsigned)k), "no match in actor parameter");
    }
    if (b->l->has_terminate) actor_set_state(b, i);
    lower_effect(b, a->clause.body);
    body_return(b, body_unit(b));
}

void lower_terminate_body(body *b, instance *i) {
    const actor *a = i->decl;
    body_open(b, i, a->terminate->pos, NULL);
    LLVMValueRef state = LLVMGetParam(b->fn, 0), notice = LLVMGetParam(b->fn, 1);
    data_open_environment(b, state, a->terminate_code->captures, a->terminate_code->ncaptures);
    if (a->reason != NULL) match_bind(b, a->reason, support_call(b, SKIT_FN_reason, &notice, 1));
    lower_effect(b, a->terminate);
    body_return(b, body_unit(b));
}

void lower_terminate_any_body(body *b, instance *i) {
    body_open(b, i, (pos){.file = i->home->module->file, .line = 1, .col = 1}, NULL);
    LLVMValueRef args[] = {LLVMGetParam(b->fn, 0), LLVMGetParam(b->fn, 1)};
    LLVMValueRef address = body_load(b, b->l->ptr, args[0], 0);
    LLVMBuildCall2(b->b, actor_terminate_type(b->l), address, args, 2, "");
    body_return(b, body_unit(b));
}

/* -- Spawn and become ------------------------------------------------------------------------------------------------ */

static LLVMValueRef *actor_args(body *b, expr **exprs, int32_t n) {
    LLVMValueRef *args = calloc((size_t)n + 1, sizeof *args);
    for (int32_t k = 0; k < n; k++) args[k] = lower_expr(b, exprs[k]);
    return args;
}

LLVMValueRef lower_spawn(body *b, expr *e) {
    static const unsigned flags[] = {[SPAWN_LINK] = BUSKIN_SPAWN_LINK, [SPAWN_MONITOR] = BUSKIN_SPAWN_MONITOR};
    type *t = ground_in(b, e->type);
    bool monitors = e->as.spawn.kind == SPAWN_MONITOR;
    LLVMValueRef pair[2] = {0}, *ref = monitors ? &pair[1] : NULL;
    if (e->as.spawn.supervisor != NULL) {
        pair[0] = supervisor_spawn(b, e->as.spawn.supervisor, flags[e->as.spawn.kind], ref);
        return monitors ? data_tuple(b, t, pair) : pair[0];
    }
    LLVMValueRef *args = actor_args(b, e->as.spawn.args, e->as.spawn.nargs);
    body_at(b, e->pos);
    buskin_cg_actor_t *handle = actor_entry(b, actor_instance(b, e->as.spawn.actor, e->inst));
    pair[0] = buskin_cg_spawn(b->u->cg, b->b, handle, args, (unsigned)e->as.spawn.nargs, flags[e->as.spawn.kind], ref);
    free(args);
    return monitors ? data_tuple(b, t, pair) : pair[0];
}

LLVMValueRef lower_become(body *b, expr *e) {
    expr *callee = e->as.call.callee;
    LLVMValueRef *args = actor_args(b, e->as.call.args, e->as.call.nargs);
    body_at(b, e->pos);
    instance *i = actor_instance(b, callee->as.actor, callee->inst);
    body_call(b, i, args, (unsigned)e->as.call.nargs, true);
    free(args);
    return LLVMGetPoison(type_ll(b->l, ground_in(b, e->type)));
}
