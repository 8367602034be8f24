/*
 * infer_call.c - references to named things, calls, members, spawn and send.
 *
 * A use of something generic gets a vector of fresh variables for its scheme; a use inside its own component is
 * monomorphic and gets the component's parameters later (in->pending).
 */
#include "infer.h"

#define TEXT(in, t) type_text(&(in)->f->program, (t))

/* -- References ---------------------------------------------------------------------------------------------- */

/* Types of the thing at a use: what `vec` says of them. NULL vec: as they are. */
static type *use_type(infer *in, type *t, type *const *vec) { return vec ? type_substitute(in->f, t, vec) : t; }

static void freeze_params(type *const *params, int32_t n) {
    for (int32_t i = 0; i < n; i++) type_freeze(params[i]);
}

/* What a service or supervisor uses of its own component is not generalised, since it is not itself. */
static void use_freeze(const node *n) {
    if (n->kind == IS_FUNCTION) {
        freeze_params(n->as.function->params, n->as.function->nparams);
        type_freeze(n->as.function->result);
    }
    if (n->kind == IS_ACTOR) {
        freeze_params(n->as.actor->params, n->as.actor->clause.nparams);
        type_freeze(n->as.actor->mailbox);
    }
}

static type **use_instance(infer *in, expr *e, const node *n, const scheme *s) {
    bool is_frozen = in->node->kind == IS_SERVICE || in->node->kind == IS_SUPERVISOR;
    if (!n->is_typed) {
        if (is_frozen) use_freeze(n);
        if (is_frozen)
            vec_push(&in->f->arena, in->frozen, e);
        else
            vec_push(&in->f->arena, in->pending, e);
        return NULL;
    }
    type **vec = scheme_instance(in->f, s, &e->start);
    e->inst = vec;
    return vec;
}

void infer_needs_mailbox(infer *in, pos at, const char *what) {
    bool has = in->code->kind == CODE_FUNCTION || in->code->kind == CODE_ACTOR;
    if (!has) diag_fail(in->f, at, E_MAILBOX, "%s is not allowed here: this code has no mailbox of its own", what);
}

static type *reference_function(infer *in, expr *e, bool is_callee) {
    function *fn = e->as.fn;
    node *n = fn->front;
    if (n->is_broken) return type_var(in->f);
    type **vec = use_instance(in, e, n, fn->scheme);
    if (n->uses_mailbox) {
        const char *what = arena_printf(&in->f->arena, "`%s`, which uses the mailbox,", fn->name);
        if (!is_callee)
            diag_fail(in->f, e->start, E_MAILBOX, "`%s` uses the mailbox, so it can only be called", fn->name);
        infer_needs_mailbox(in, e->start, what);
        infer_unify(in, in->mailbox, use_type(in, fn->mailbox, vec), e->start);
    }
    return use_type(in, type_fun(in->f, fn->params, fn->nparams, fn->result), vec);
}

static type *reference_builtin(infer *in, expr *e) {
    type **vec = scheme_instance(in->f, e->as.builtin->scheme, &e->start);
    e->inst = vec;
    return use_type(in, e->as.builtin->type, vec);
}

static type *reference_variant(infer *in, expr *e) {
    const variant *v = e->as.variant;
    type *sum = type_fresh(in->f, v->decl);
    if (v->nfields == 0) return sum;
    type **params = NEW_ARRAY(&in->f->arena, type *, v->nfields);
    for (int32_t i = 0; i < v->nfields; i++) params[i] = type_substitute(in->f, v->fields[i].type, sum->args);
    return type_fun(in->f, params, v->nfields, sum);
}

/* A function type with a Pid before the parameters. */
static type *pid_fun(infer *in, type *const *params, int32_t n, type *result) {
    type **all = NEW_ARRAY(&in->f->arena, type *, n + 1);
    all[0] = in->f->basic[TYPE_PID];
    if (n) memcpy(all + 1, params, sizeof *all * (size_t)n);
    return type_fun(in->f, all, n + 1, result);
}

static type *reference_service(infer *in, const expr *e) {
    const service *s = e->as.service_op.service;
    const handler *h = e->as.service_op.handler;
    if (((node *)s->front)->is_broken) return type_var(in->f);
    if (!h) return type_fun(in->f, s->init->params, s->init->nparams, in->f->basic[TYPE_PID]);
    return pid_fun(in, h->params, h->clause.nparams, h->reply);
}

static type *reference_supervisor(infer *in, const expr *e) {
    front *f = in->f;
    const supervisor *s = e->as.supervisor_op.supervisor;
    if (((node *)s->front)->is_broken) return type_var(f);
    type *option[] = {f->basic[TYPE_PID]};
    switch (e->as.supervisor_op.kind) {
    case SUPERVISOR_TERMINATE_CHILD: return pid_fun(in, option, 1, f->basic[TYPE_BOOL]);
    case SUPERVISOR_COUNT_CHILDREN: return pid_fun(in, NULL, 0, f->basic[TYPE_INT]);
    case SUPERVISOR_CHILD: return pid_fun(in, &f->basic[TYPE_STRING], 1, type_sum(f, f->program.option, option));
    case SUPERVISOR_START_CHILD: break;
    }
    type *start = type_repr(s->children[0].type);
    if (start->kind != TYPE_FUN) diag_fail(f, e->start, E_FIELD, "the type of `start` is not yet known here");
    return pid_fun(in, start->args, start->nargs - 1, f->basic[TYPE_PID]);
}

/* A become call's callee: parameters and mailbox are those of the actor, the result fits anywhere. */
static type *reference_actor(infer *in, expr *e, bool is_callee) {
    actor *a = e->as.actor;
    node *n = a->front;
    if (!is_callee)
        diag_fail(in->f, e->start, E_TAIL, "actor `%s` is not a value; it can be spawned, or called in tail position",
                  a->name);
    if (n->is_broken) return type_var(in->f);
    type **vec = use_instance(in, e, n, a->scheme);
    infer_unify(in, in->mailbox, use_type(in, a->mailbox, vec), e->start);
    return use_type(in, type_fun(in->f, a->params, a->clause.nparams, type_var(in->f)), vec);
}

type *infer_reference(infer *in, expr *e, bool is_callee) {
    switch (e->kind) {
    case EXPR_FN: return e->type = reference_function(in, e, is_callee);
    case EXPR_BUILTIN: return e->type = reference_builtin(in, e);
    case EXPR_CTOR: return e->type = reference_variant(in, e);
    case EXPR_SERVICE_OP: return e->type = reference_service(in, e);
    case EXPR_SUPERVISOR_OP: return e->type = reference_supervisor(in, e);
    case EXPR_ACTOR: return e->type = reference_actor(in, e, is_callee);
    default: return infer_expr(in, e);
    }
}

/* -- Members ------------------------------------------------------------------------------------------------- */

int32_t infer_field_index(const type_decl *d, const char *name) {
    for (int32_t i = 0; i < d->nfields; i++)
        if (d->fields[i].name == name) return i;
    return -1;
}

static type *member_operand(infer *in, expr *e) {
    type *t = type_repr(infer_expr(in, e->as.field.operand));
    if (t->kind == TYPE_VAR)
        diag_fail(in->f, e->start, E_FIELD, "the type before `.%s` is not yet known here", e->as.field.name);
    return t;
}

static type *field_of(infer *in, expr *e, type *record, int32_t index) {
    e->kind = EXPR_FIELD;
    e->as.field.index = index;
    return e->type = type_substitute(in->f, record->decl->fields[index].type, record->args);
}

type *infer_field(infer *in, expr *e) {
    type *t = member_operand(in, e);
    int32_t index = t->kind == TYPE_STRUCT ? infer_field_index(t->decl, e->as.field.name) : -1;
    if (index < 0) diag_fail(in->f, e->start, E_FIELD, "`%s` has no field `%s`", TEXT(in, t), e->as.field.name);
    return field_of(in, e, t, index);
}

static const char *library_of(const type *t) {
    switch (t->kind) {
    case TYPE_LIST: return "List.";
    case TYPE_STRING: return "String.";
    case TYPE_INT: return "Int.";
    case TYPE_FLOAT: return "Float.";
    default: return NULL;
    }
}

static builtin *method_builtin(infer *in, const type *t, const char *name) {
    const char *library = library_of(t);
    if (strcmp(name, "to_string") == 0) return &in->f->program.builtins[BI_to_string];
    if (!library) return NULL;
    return map_get(&in->f->builtins, front_name(in->f, arena_printf(&in->f->arena, "%s%s", library, name)));
}

/* `e.m(a, ..)` becomes m(e, a, ..), unless m is a field that holds a function. */
static type *infer_method(infer *in, expr *call) {
    expr *callee = call->as.call.callee;
    const char *name = callee->as.field.name;
    type *t = member_operand(in, callee);
    int32_t index = t->kind == TYPE_STRUCT ? infer_field_index(t->decl, name) : -1;
    if (index >= 0) return field_of(in, callee, t, index);
    builtin *b = method_builtin(in, t, name);
    if (!b) diag_fail(in->f, callee->start, E_METHOD, "`%s` has no method `%s`", TEXT(in, t), name);
    expr *receiver = callee->as.field.operand;
    expr **args = NEW_ARRAY(&in->f->arena, expr *, call->as.call.nargs + 1);
    args[0] = receiver;
    if (call->as.call.nargs) memcpy(args + 1, call->as.call.args, sizeof *args * (size_t)call->as.call.nargs);
    call->as.call.args = args;
    call->as.call.nargs++;
    if (b->prelude && !b->prelude->result)
        diag_fail(in->f, callee->start, E_METHOD, "`%s` is not yet typed here: call it by name", name);
    callee->kind = b->prelude ? EXPR_FN : EXPR_BUILTIN;
    if (b->prelude)
        callee->as.fn = b->prelude;
    else
        callee->as.builtin = b;
    return infer_reference(in, callee, true);
}

/* -- Tuple functions ----------------------------------------------------------------------------------------- */

static type *tuple_operand(infer *in, expr *operand, const char *name) {
    type *t = type_repr(infer_expr(in, operand));
    if (t->kind == TYPE_VAR) diag_fail(in->f, operand->start, E_FIELD, "the tuple of `%s` is not yet known here", name);
    if (t->kind != TYPE_TUPLE)
        diag_fail(in->f, operand->start, E_MISMATCH, "expected `a tuple`, found `%s`", TEXT(in, t));
    return t;
}

static int64_t tuple_index(infer *in, const expr *call, builtin_id id) {
    if (id != BI_Tuple_nth) return id == BI_Tuple_second;
    const expr *index = call->as.call.args[1];
    if (index->kind != EXPR_INT) diag_fail(in->f, index->start, E_MISMATCH, "expected `an Int literal`");
    return index->as.integer;
}

static bool is_tuple_function(const expr *callee) {
    return callee->kind == EXPR_BUILTIN && callee->as.builtin->id >= BI_Tuple_first &&
           callee->as.builtin->id <= BI_Tuple_size;
}

/* first, second and nth become EXPR_ITEM; size stays a call. */
static type *infer_tuple_call(infer *in, expr *e) {
    const builtin *b = e->as.call.callee->as.builtin;
    int32_t want = b->id == BI_Tuple_nth ? 2 : 1;
    if (e->as.call.nargs != want)
        diag_fail(in->f, e->start, E_COUNT, "`%s` takes %d arguments, found %d", b->name, want, e->as.call.nargs);
    expr *operand = e->as.call.args[0];
    type *t = tuple_operand(in, operand, b->name);
    if (b->id == BI_Tuple_size) {
        type *size = infer_reference(in, e->as.call.callee, true);
        infer_unify(in, size->args[0], t, operand->start);
        return in->f->basic[TYPE_INT];
    }
    int64_t index = tuple_index(in, e, b->id);
    if (index < 0 || index >= t->nargs)
        diag_fail(in->f, want == 2 ? e->as.call.args[1]->start : e->start, E_FIELD, "`%s` has no element %lld",
                  TEXT(in, t), (long long)index);
    e->kind = EXPR_ITEM;
    e->as.item.operand = operand;
    e->as.item.index = (int32_t)index;
    return t->args[index];
}

/* -- Calls --------------------------------------------------------------------------------------------------- */

static void check_message(infer *in, expr *message, type *want) {
    type *found, *culprit = want;
    if (message->kind == EXPR_CLOSURE) {
        infer_check(in, message, want);
        return;
    }
    found = infer_expr(in, message);
    switch (type_unify(in->f, want, found, &culprit)) {
    case UNIFY_OK: return;
    case UNIFY_INFINITE: diag_fail(in->f, message->start, E_INFINITE, "this would need an infinite type");
    default: break;
    }
    diag_fail(in->f, message->start, E_MESSAGE, "expected `%s`, found `%s`: the message does not fit the pid",
              TEXT(in, want), TEXT(in, found));
}

/* Timer.send_after(pid, ms, message): the message is checked as that of send. */
static bool is_timer_send(const expr *callee) {
    return callee->kind == EXPR_BUILTIN &&
           (callee->as.builtin->id == BI_Timer_send_after || callee->as.builtin->id == BI_Timer_start);
}

static void check_args(infer *in, const expr *callee, expr **args, type *const *params, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        bool is_receiver = args[i]->type != NULL; /* a method's, already inferred */
        if (i == 2 && is_timer_send(callee))
            check_message(in, args[i], params[i]);
        else if (is_receiver)
            infer_unify(in, params[i], args[i]->type, args[i]->start);
        else
            infer_check(in, args[i], params[i]);
    }
}

/* Nothing is known of the callee but that it is called. */
static type *infer_unknown_call(infer *in, expr *e, type *callee) {
    int32_t n = e->as.call.nargs;
    type **params = NEW_ARRAY(&in->f->arena, type *, n), *result = type_var(in->f);
    for (int32_t i = 0; i < n; i++) params[i] = infer_expr(in, e->as.call.args[i]);
    infer_unify(in, callee, type_fun(in->f, params, n, result), n ? e->as.call.args[0]->start : e->start);
    return result;
}

type *infer_call(infer *in, expr *e) {
    expr *callee = e->as.call.callee;
    if (is_tuple_function(callee)) return infer_tuple_call(in, e);
    bool is_method = callee->kind == EXPR_MEMBER && !callee->in_parens;
    type *t = type_repr(is_method ? infer_method(in, e) : infer_reference(in, callee, true));
    if (t->kind == TYPE_VAR && !t->rigid) return infer_unknown_call(in, e, t);
    if (t->kind != TYPE_FUN)
        diag_fail(in->f, e->start, E_NOT_FUNCTION, "`%s` is not a function and cannot be called", TEXT(in, t));
    if (t->nargs - 1 != e->as.call.nargs)
        diag_fail(in->f, e->start, E_COUNT, "this function takes %d arguments, found %d", t->nargs - 1,
                  e->as.call.nargs);
    check_args(in, callee, e->as.call.args, t->args, t->nargs - 1);
    return t->args[t->nargs - 1];
}

/* -- Processes ----------------------------------------------------------------------------------------------- */

static type *spawn_actor(infer *in, expr *e, actor *a) {
    node *n = a->front;
    if (n->is_broken) return type_pid(in->f, NULL);
    type **vec = use_instance(in, e, n, a->scheme);
    int32_t nargs = e->as.spawn.nargs;
    if (nargs != a->clause.nparams)
        diag_fail(in->f, e->start, E_COUNT, "actor `%s` takes %d arguments, found %d", a->name, a->clause.nparams,
                  nargs);
    for (int32_t i = 0; i < nargs; i++) infer_check(in, e->as.spawn.args[i], use_type(in, a->params[i], vec));
    return type_pid(in->f, use_type(in, a->mailbox, vec));
}

type *infer_spawn(infer *in, expr *e) {
    const supervisor *s = e->as.spawn.supervisor;
    if (s && e->as.spawn.nargs)
        diag_fail(in->f, e->start, E_COUNT, "supervisor `%s` takes 0 arguments, found %d", s->name, e->as.spawn.nargs);
    type *pid = s ? in->f->basic[TYPE_PID] : spawn_actor(in, e, e->as.spawn.actor);
    if (e->as.spawn.kind != SPAWN_MONITOR) return pid;
    type *pair = type_new(in->f, TYPE_TUPLE, 2);
    pair->args[0] = pid;
    pair->args[1] = in->f->basic[TYPE_INT];
    return pair;
}

type *infer_send(infer *in, expr *e) {
    type *pid = type_repr(infer_expr(in, e->as.pair.left));
    if (pid->kind != TYPE_PID) {
        type *typed = type_pid(in->f, type_var(in->f));
        infer_unify(in, typed, pid, e->as.pair.left->start);
        pid = typed;
    }
    if (pid->nargs)
        check_message(in, e->as.pair.right, pid->args[0]);
    else
        infer_expr(in, e->as.pair.right);
    return in->f->basic[TYPE_UNIT];
}

type *infer_self(infer *in, expr *e) {
    (void)e;
    bool has = in->code->kind == CODE_FUNCTION || in->code->kind == CODE_ACTOR;
    return has ? type_pid(in->f, in->mailbox) : in->f->basic[TYPE_PID];
}
