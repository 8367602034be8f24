/*
 * infer_expr.c - types of expressions other than calls.
 *
 * Inference goes through a body in reading order, so that `e.x` may rely on what stands before it. Types flow upwards;
 * the one thing that flows down is the type of a closure's parameters, where the expected type is known (infer_check).
 */
#include "infer.h"

#define TEXT(in, t) type_text(&(in)->f->program, (t))

/* -- Unification with a place -------------------------------------------------------------------------------- */

pos infer_place(const expr *e) {
    if (e->kind != EXPR_BLOCK || e->in_parens || e->as.block.nstmts == 0) return e->start;
    const stmt *last = &e->as.block.stmts[e->as.block.nstmts - 1];
    return last->let ? last->pos : infer_place(last->value);
}

void infer_unify(infer *in, type *expected, type *found, pos at) {
    type *culprit = found;
    switch (type_unify(in->f, expected, found, &culprit)) {
    case UNIFY_OK: return;
    case UNIFY_MISMATCH:
        diag_fail(in->f, at, E_MISMATCH, "expected `%s`, found `%s`", TEXT(in, expected), TEXT(in, found));
    case UNIFY_INFINITE: diag_fail(in->f, at, E_INFINITE, "this would need an infinite type");
    case UNIFY_CONSTRAINT: diag_fail(in->f, at, E_OPERATOR, "the operation is not defined for `%s`", TEXT(in, culprit));
    }
}

void infer_constrain(infer *in, type *t, uint32_t constraints, pos at, const char *what) {
    if (!type_constrain(t, constraints))
        diag_fail(in->f, at, E_OPERATOR, "%s is not defined for `%s`", what, TEXT(in, t));
}

type *infer_annotation(infer *in, const type_node *written) {
    return type_written(in->f, in->module, written, in->scope);
}

/* -- Clauses and closures ------------------------------------------------------------------------------------ */

void infer_clause(infer *in, clause *c, type *const *params, type *result) {
    for (int32_t i = 0; i < c->nparams; i++) infer_pattern(in, c->params[i], params[i]);
    infer_guard(in, c->guard);
    type *found = infer_expr(in, c->body);
    if (result) infer_unify(in, result, found, infer_place(c->body));
}

/* Annotations of a closure's clause agree with what is known of its parameters. */
static void closure_annotations(infer *in, const clause *c, type *const *params) {
    for (int32_t i = 0; i < c->nparams; i++)
        if (c->annotations[i])
            infer_unify(in, params[i], infer_annotation(in, c->annotations[i]), c->annotations[i]->pos);
}

static type *infer_closure(infer *in, expr *e, type *expected) {
    int32_t n = e->as.closure.nparams;
    type **params = NEW_ARRAY(&in->f->arena, type *, n + 1);
    for (int32_t i = 0; i < n; i++) params[i] = expected ? expected->args[i] : type_var(in->f);
    params[n] = type_var(in->f);
    code *outer = in->code;
    in->code = e->as.closure.code;
    in->code->result = params[n];
    for (int32_t i = 0; i < e->as.closure.nclauses; i++) {
        clause *c = &e->as.closure.clauses[i];
        if (c->nparams != n)
            diag_fail(in->f, c->pos, E_CLAUSE_ARITY, "this clause takes %d arguments, the first %d", c->nparams, n);
        closure_annotations(in, c, params);
        infer_clause(in, c, params, params[n]);
    }
    in->code = outer;
    return type_fun(in->f, params, n, params[n]);
}

void infer_check(infer *in, expr *e, type *expected) {
    type *want = type_repr(expected);
    bool is_known = e->kind == EXPR_CLOSURE && want->kind == TYPE_FUN && want->nargs == e->as.closure.nparams + 1;
    if (is_known) e->type = infer_closure(in, e, want);
    infer_unify(in, expected, is_known ? e->type : infer_expr(in, e), infer_place(e));
}

/* -- Operators ----------------------------------------------------------------------------------------------- */

static type *infer_string(infer *in, expr *e) {
    for (int32_t i = 0; i < e->as.string.nparts; i++) {
        expr *value = e->as.string.parts[i].value;
        if (value) infer_constrain(in, infer_expr(in, value), IS_DATA, value->start, "a text form");
    }
    return in->f->basic[TYPE_STRING];
}

static type *infer_unary(infer *in, expr *e) {
    if (e->op == OP_NOT) {
        infer_check(in, e->as.pair.left, in->f->basic[TYPE_BOOL]);
        return in->f->basic[TYPE_BOOL];
    }
    type *t = infer_expr(in, e->as.pair.left);
    infer_constrain(in, t, IS_NUM, e->start, "`-`");
    return t;
}

static type *infer_logic(infer *in, expr *e) {
    infer_check(in, e->as.pair.left, in->f->basic[TYPE_BOOL]);
    infer_check(in, e->as.pair.right, in->f->basic[TYPE_BOOL]);
    return in->f->basic[TYPE_BOOL];
}

static const char *op_text(op o) {
    static const char *const texts[] = {
        [OP_NEG] = "`-`", [OP_NOT] = "`not`", [OP_MUL] = "`*`",  [OP_DIV] = "`/`", [OP_REM] = "`%`",
        [OP_ADD] = "`+`", [OP_SUB] = "`-`",   [OP_CAT] = "`++`", [OP_LT] = "`<`",  [OP_GT] = "`>`",
        [OP_LE] = "`<=`", [OP_GE] = "`>=`",   [OP_EQ] = "`==`",  [OP_NE] = "`!=`", [OP_AND] = "`and`",
        [OP_OR] = "`or`", [OP_RANGE] = "`..`"};
    return texts[o];
}

static type *infer_binary(infer *in, expr *e) {
    if (e->op == OP_AND || e->op == OP_OR) return infer_logic(in, e);
    if (e->op == OP_RANGE) diag_fail(in->f, e->start, E_RANGE, "`..` can only be the iterable of `for`");
    type *left = infer_expr(in, e->as.pair.left);
    infer_check(in, e->as.pair.right, left);
    bool is_comparison = e->op >= OP_LT && e->op <= OP_NE;
    uint32_t constraint = is_comparison ? IS_DATA : e->op == OP_CAT ? IS_CAT : IS_NUM;
    infer_constrain(in, left, constraint, e->start, op_text(e->op));
    return is_comparison ? in->f->basic[TYPE_BOOL] : left;
}

static type *infer_index(infer *in, expr *e) {
    type *element = type_var(in->f);
    infer_check(in, e->as.pair.left, type_list(in->f, element));
    infer_check(in, e->as.pair.right, in->f->basic[TYPE_INT]);
    return element;
}

static type *infer_tuple(infer *in, expr *e) {
    type *t = type_new(in->f, TYPE_TUPLE, e->as.list.nitems);
    for (int32_t i = 0; i < t->nargs; i++) t->args[i] = infer_expr(in, e->as.list.items[i]);
    return t;
}

static type *infer_list(infer *in, expr *e) {
    type *element = type_var(in->f);
    for (int32_t i = 0; i < e->as.list.nitems; i++) infer_check(in, e->as.list.items[i], element);
    return type_list(in->f, element);
}

/* -- Records ------------------------------------------------------------------------------------------------- */

static void record_field(infer *in, expr *e, type *record, int32_t i) {
    const type_decl *d = record->decl;
    const char *name = e->as.record.names[i];
    pos at = e->as.record.names_pos[i];
    int32_t index = infer_field_index(d, name);
    if (index < 0) diag_fail(in->f, at, E_FIELD, "`%s` has no field `%s`", d->name, name);
    for (int32_t k = 0; k < i; k++)
        if (e->as.record.names[k] == name) diag_fail(in->f, at, E_FIELD, "field `%s` stands twice", name);
    e->as.record.fields[i] = index;
    infer_check(in, e->as.record.values[i], type_substitute(in->f, d->fields[index].type, record->args));
}

static void record_fields(infer *in, expr *e, type *record) {
    e->as.record.fields = NEW_ARRAY(&in->f->arena, int32_t, e->as.record.nfields);
    for (int32_t i = 0; i < e->as.record.nfields; i++) record_field(in, e, record, i);
}

static bool record_names(const expr *e, const char *name) {
    for (int32_t i = 0; i < e->as.record.nfields; i++)
        if (e->as.record.names[i] == name) return true;
    return false;
}

static type *infer_struct(infer *in, expr *e) {
    const char *name = e->as.record.name;
    type_decl *d = find_type(in->f, in->module, name);
    if (!d || d->kind != DECL_STRUCT) diag_fail(in->f, e->start, E_UNKNOWN, "unknown struct `%s`", name);
    type *record = type_fresh(in->f, d);
    record_fields(in, e, record);
    for (int32_t i = 0; i < d->nfields; i++)
        if (!record_names(e, d->fields[i].name))
            diag_fail(in->f, e->start, E_FIELD, "field `%s` of `%s` is missing", d->fields[i].name, name);
    return record;
}

static type *infer_update(infer *in, expr *e) {
    expr *base = e->as.record.base;
    type *record = type_repr(infer_expr(in, base));
    if (record->kind == TYPE_VAR)
        diag_fail(in->f, base->start, E_FIELD, "the type of the updated struct is not yet known here");
    if (record->kind != TYPE_STRUCT) diag_fail(in->f, base->start, E_FIELD, "`%s` has no fields", TEXT(in, record));
    record_fields(in, e, record);
    return record;
}

/* -- Control ------------------------------------------------------------------------------------------------- */

static type *infer_if(infer *in, expr *e) {
    type *result = e->as.branch.otherwise ? type_var(in->f) : in->f->basic[TYPE_UNIT];
    for (int32_t i = 0; i < e->as.branch.n; i++) {
        infer_check(in, e->as.branch.conds[i], in->f->basic[TYPE_BOOL]);
        if (e->as.branch.otherwise)
            infer_check(in, e->as.branch.bodies[i], result);
        else
            infer_expr(in, e->as.branch.bodies[i]);
    }
    if (e->as.branch.otherwise) infer_check(in, e->as.branch.otherwise, result);
    return result;
}

static type *infer_case(infer *in, expr *e) {
    type *subject = infer_expr(in, e->as.match.subject), *result = type_var(in->f);
    for (int32_t i = 0; i < e->as.match.narms; i++) infer_clause(in, &e->as.match.arms[i], &subject, result);
    return result;
}

static type *infer_receive(infer *in, expr *e) {
    infer_needs_mailbox(in, e->start, "`receive`");
    type *result = type_var(in->f);
    e->as.match.mailbox = in->mailbox;
    for (int32_t i = 0; i < e->as.match.narms; i++) {
        clause *arm = &e->as.match.arms[i];
        infer_arm_pattern(in, arm->params[0], in->mailbox);
        infer_guard(in, arm->guard);
        infer_check(in, arm->body, result);
    }
    if (!e->as.match.after_body) return result;
    infer_check(in, e->as.match.after_time, in->f->basic[TYPE_INT]);
    infer_check(in, e->as.match.after_body, result);
    return result;
}

static type *infer_for(infer *in, expr *e) {
    type *element = in->f->basic[TYPE_INT];
    if (e->as.loop.iter) {
        element = type_var(in->f);
        infer_check(in, e->as.loop.iter, type_list(in->f, element));
    } else {
        infer_check(in, e->as.loop.low, element);
        infer_check(in, e->as.loop.high, element);
    }
    infer_pattern(in, e->as.loop.pattern, element);
    if (e->as.loop.guard) infer_check(in, e->as.loop.guard, in->f->basic[TYPE_BOOL]);
    return type_list(in->f, infer_expr(in, e->as.loop.body));
}

static type *infer_while(infer *in, expr *e) {
    infer_check(in, e->as.loop.iter, in->f->basic[TYPE_BOOL]);
    infer_expr(in, e->as.loop.body);
    return in->f->basic[TYPE_UNIT];
}

static void infer_let(infer *in, stmt *s) {
    type *t;
    if (s->annotation) {
        t = infer_annotation(in, s->annotation);
        infer_check(in, s->value, t);
    } else {
        t = infer_expr(in, s->value);
    }
    infer_pattern(in, s->let, t);
}

static type *infer_block(infer *in, expr *e) {
    type *t = in->f->basic[TYPE_UNIT];
    for (int32_t i = 0; i < e->as.block.nstmts; i++) {
        stmt *s = &e->as.block.stmts[i];
        if (s->let) infer_let(in, s);
        t = s->let ? in->f->basic[TYPE_UNIT] : infer_expr(in, s->value);
    }
    return t;
}

/* In an actor or terminate block the value is dropped, as that of the body. */
static type *infer_return(infer *in, expr *e) {
    expr *value = e->as.pair.left;
    type *found = value ? infer_expr(in, value) : in->f->basic[TYPE_UNIT];
    if (in->code->result) infer_unify(in, in->code->result, found, value ? infer_place(value) : e->start);
    return type_var(in->f);
}

/* -- `?` ----------------------------------------------------------------------------------------------------- */

static type *infer_try(infer *in, expr *e) {
    program *p = &in->f->program;
    type *t = type_repr(infer_expr(in, e->as.try.operand)), *culprit;
    if (t->kind == TYPE_VAR) {
        type *unknown = t;
        t = type_fresh(in->f, p->result);
        infer_unify(in, unknown, t, e->start);
    }
    bool is_option = t->kind == TYPE_SUM && t->decl == p->option;
    bool is_result = t->kind == TYPE_SUM && t->decl == p->result;
    if (!is_option && !is_result) diag_fail(in->f, e->start, E_TRY_TYPE, "`?` on `%s`", TEXT(in, t));
    e->as.try.is_option = is_option;
    type *vec[] = {type_var(in->f), is_result ? t->args[1] : NULL};
    type *want = type_sum(in->f, t->decl, vec);
    if (!in->code->result || type_unify(in->f, in->code->result, want, &culprit) != UNIFY_OK)
        diag_fail(in->f, e->start, E_TRY_RESULT, "`?` on `%s` in a function that returns `%s`", TEXT(in, t),
                  in->code->result ? TEXT(in, in->code->result) : "()");
    return t->args[0];
}

/* -- All ----------------------------------------------------------------------------------------------------- */

static type *infer_kind(infer *in, expr *e) {
    front *f = in->f;
    switch (e->kind) {
    case EXPR_INT: return f->basic[TYPE_INT];
    case EXPR_FLOAT: return f->basic[TYPE_FLOAT];
    case EXPR_BOOL: return f->basic[TYPE_BOOL];
    case EXPR_UNIT: return f->basic[TYPE_UNIT];
    case EXPR_STRING: return infer_string(in, e);
    case EXPR_LOCAL: return e->as.local->type;
    case EXPR_FN:
    case EXPR_BUILTIN:
    case EXPR_CTOR:
    case EXPR_SERVICE_OP:
    case EXPR_SUPERVISOR_OP:
    case EXPR_ACTOR: return infer_reference(in, e, false);
    case EXPR_CALL: return infer_call(in, e);
    case EXPR_MEMBER:
    case EXPR_FIELD: return infer_field(in, e);
    case EXPR_INDEX: return infer_index(in, e);
    case EXPR_TRY: return infer_try(in, e);
    case EXPR_TUPLE: return infer_tuple(in, e);
    case EXPR_LIST: return infer_list(in, e);
    case EXPR_STRUCT: return infer_struct(in, e);
    case EXPR_UPDATE: return infer_update(in, e);
    case EXPR_UNARY: return infer_unary(in, e);
    case EXPR_BINARY: return infer_binary(in, e);
    case EXPR_IF: return infer_if(in, e);
    case EXPR_CASE: return infer_case(in, e);
    case EXPR_RECEIVE: return infer_receive(in, e);
    case EXPR_FOR: return infer_for(in, e);
    case EXPR_WHILE: return infer_while(in, e);
    case EXPR_CLOSURE: return infer_closure(in, e, NULL);
    case EXPR_BLOCK: return infer_block(in, e);
    case EXPR_RETURN: return infer_return(in, e);
    case EXPR_SPAWN: return infer_spawn(in, e);
    case EXPR_SEND: return infer_send(in, e);
    case EXPR_SELF: return infer_self(in, e);
    case EXPR_BREAK:
    case EXPR_CONTINUE: return type_var(f);
    case EXPR_ERROR: diag_fail(f, e->as.error.at, (diag_code)e->as.error.number, "%s", e->as.error.text);
    case EXPR_ITEM:
    case EXPR_NAME: break;
    }
    return type_var(f);
}

type *infer_expr(infer *in, expr *e) {
    e->type = infer_kind(in, e);
    if (!type_is_small(in->f, e->type))
        diag_fail(in->f, e->start, E_INFINITE, "the type is too large, if not infinite");
    return e->type;
}
