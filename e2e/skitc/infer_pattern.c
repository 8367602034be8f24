/*
 * infer_pattern.c - types of patterns, and what a guard may contain.
 */
#include "infer.h"

/* -- Signals ------------------------------------------------------------------------------------------------- */

static bool is_signal_decl(const type_decl *d) { return !d->module && strcmp(d->name, "Signal") == 0; }

bool pattern_is_signal(const pattern *p) {
    if (p->kind == PAT_AS) return pattern_is_signal(p->items[0]);
    if (p->kind == PAT_CTOR) return is_signal_decl(p->variant->decl);
    for (int32_t i = 0; p->kind == PAT_OR && i < p->nitems; i++)
        if (pattern_is_signal(p->items[i])) return true;
    return false;
}

/* Takes nothing but signals. */
static bool is_all_signal(const pattern *p) {
    if (p->kind == PAT_AS) return is_all_signal(p->items[0]);
    if (p->kind != PAT_OR) return p->kind == PAT_CTOR && is_signal_decl(p->variant->decl);
    for (int32_t i = 0; i < p->nitems; i++)
        if (!is_all_signal(p->items[i])) return false;
    return true;
}

bool pattern_is_irrefutable(const pattern *p) {
    switch (p->kind) {
    case PAT_WILD:
    case PAT_NAME:
    case PAT_UNIT: return true;
    case PAT_CTOR:
        if (p->variant->decl->nvariants != 1) return false;
        break;
    case PAT_TUPLE:
    case PAT_STRUCT:
    case PAT_AS: break;
    case PAT_OR:
        for (int32_t i = 0; i < p->nitems; i++)
            if (pattern_is_irrefutable(p->items[i])) return true;
        return false;
    default: return false;
    }
    for (int32_t i = 0; i < p->nitems; i++)
        if (!pattern_is_irrefutable(p->items[i])) return false;
    return true;
}

/* -- Patterns ------------------------------------------------------------------------------------------------ */

static void infer_bind(infer *in, pattern *p, type *t) {
    if (p->local->type)
        infer_unify(in, p->local->type, t, p->pos);
    else
        p->local->type = t;
}

static void pattern_tuple(infer *in, pattern *p, type *t) {
    type *tuple = type_new(in->f, TYPE_TUPLE, p->nitems);
    for (int32_t i = 0; i < p->nitems; i++) tuple->args[i] = type_var(in->f);
    infer_unify(in, t, tuple, p->pos);
    for (int32_t i = 0; i < p->nitems; i++) infer_pattern(in, p->items[i], tuple->args[i]);
}

static void pattern_list(infer *in, pattern *p, type *t) {
    type *element = type_var(in->f);
    infer_unify(in, t, type_list(in->f, element), p->pos);
    for (int32_t i = 0; i < p->nitems; i++) {
        bool is_tail = p->kind == PAT_CONS && i == 1;
        infer_pattern(in, p->items[i], is_tail ? t : element);
    }
}

static void pattern_ctor(infer *in, pattern *p, type *t) {
    const variant *v = p->variant;
    if (p->nitems != v->nfields)
        diag_fail(in->f, p->pos, E_COUNT, "`%s` takes %d arguments, found %d", v->name, v->nfields, p->nitems);
    type *sum = type_fresh(in->f, v->decl);
    infer_unify(in, t, sum, p->pos);
    for (int32_t i = 0; i < p->nitems; i++)
        infer_pattern(in, p->items[i], type_substitute(in->f, v->fields[i].type, sum->args));
}

static int32_t pattern_field(infer *in, const pattern *p, const type_decl *d, int32_t i) {
    int32_t index = infer_field_index(d, p->field_names[i]);
    if (index < 0) diag_fail(in->f, p->field_pos[i], E_FIELD, "`%s` has no field `%s`", d->name, p->field_names[i]);
    for (int32_t k = 0; k < i; k++)
        if (p->field_names[k] == p->field_names[i])
            diag_fail(in->f, p->field_pos[i], E_FIELD, "field `%s` stands twice", p->field_names[i]);
    return index;
}

static void pattern_struct(infer *in, pattern *p, type *t) {
    type_decl *d = find_type(in->f, in->module, p->name);
    if (d->kind != DECL_STRUCT) diag_fail(in->f, p->pos, E_UNKNOWN, "`%s` is not a struct", p->name);
    type *record = type_fresh(in->f, d);
    infer_unify(in, t, record, p->pos);
    p->fields = NEW_ARRAY(&in->f->arena, int32_t, p->nitems);
    for (int32_t i = 0; i < p->nitems; i++) {
        p->fields[i] = pattern_field(in, p, d, i);
        infer_pattern(in, p->items[i], type_substitute(in->f, d->fields[p->fields[i]].type, record->args));
    }
}

void infer_pattern(infer *in, pattern *p, type *t) {
    front *f = in->f;
    p->type = t;
    switch (p->kind) {
    case PAT_WILD: return;
    case PAT_NAME: infer_bind(in, p, t); return;
    case PAT_INT: infer_unify(in, t, f->basic[TYPE_INT], p->pos); return;
    case PAT_FLOAT: infer_unify(in, t, f->basic[TYPE_FLOAT], p->pos); return;
    case PAT_STRING: infer_unify(in, t, f->basic[TYPE_STRING], p->pos); return;
    case PAT_BOOL: infer_unify(in, t, f->basic[TYPE_BOOL], p->pos); return;
    case PAT_UNIT: infer_unify(in, t, f->basic[TYPE_UNIT], p->pos); return;
    case PAT_TUPLE: pattern_tuple(in, p, t); return;
    case PAT_LIST:
    case PAT_CONS: pattern_list(in, p, t); return;
    case PAT_CTOR: pattern_ctor(in, p, t); return;
    case PAT_STRUCT: pattern_struct(in, p, t); return;
    case PAT_OR:
        for (int32_t i = 0; i < p->nitems; i++) infer_pattern(in, p->items[i], t);
        return;
    case PAT_AS:
        infer_pattern(in, p->items[0], t);
        infer_bind(in, p, t);
        return;
    case PAT_ERROR: diag_fail(f, p->pos, (diag_code)p->as.error.number, "%s", p->as.error.text);
    }
}

void infer_arm_pattern(infer *in, pattern *p, type *mailbox) {
    if (p->kind == PAT_ERROR || !pattern_is_signal(p)) {
        infer_pattern(in, p, mailbox);
        return;
    }
    if (is_all_signal(p)) {
        infer_pattern(in, p, type_sum(in->f, in->f->program.signal, NULL));
        return;
    }
    if (p->kind == PAT_AS)
        diag_fail(in->f, p->pos, E_MISMATCH, "expected `Signal`, found `%s`: `as` over both",
                  type_text(&in->f->program, mailbox));
    p->type = mailbox;
    for (int32_t i = 0; i < p->nitems; i++) infer_arm_pattern(in, p->items[i], mailbox);
}

/* -- Guards -------------------------------------------------------------------------------------------------- */

static bool callee_is_pure(const expr *callee) {
    if (callee->kind == EXPR_CTOR) return true;
    if (callee->kind == EXPR_BUILTIN) return callee->as.builtin->in_guard;
    if (callee->kind != EXPR_FN) return false;
    const node *n = callee->as.fn->front;
    return n->builtin && n->builtin->in_guard;
}

static void check_items(infer *in, expr *const *items, int32_t n) {
    for (int32_t i = 0; i < n; i++) infer_guard_check(in, items[i]);
}

static void check_string(infer *in, const expr *e) {
    for (int32_t i = 0; i < e->as.string.nparts; i++)
        if (e->as.string.parts[i].value) infer_guard_check(in, e->as.string.parts[i].value);
}

void infer_guard_check(infer *in, const expr *e) {
    bool is_allowed = true;
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_BOOL:
    case EXPR_UNIT:
    case EXPR_LOCAL:
    case EXPR_SELF:
    case EXPR_CTOR: return;
    case EXPR_STRING: check_string(in, e); return;
    case EXPR_FIELD: infer_guard_check(in, e->as.field.operand); return;
    case EXPR_ITEM: infer_guard_check(in, e->as.item.operand); return;
    case EXPR_UNARY: infer_guard_check(in, e->as.pair.left); return;
    case EXPR_BINARY:
        infer_guard_check(in, e->as.pair.left);
        infer_guard_check(in, e->as.pair.right);
        return;
    case EXPR_TUPLE:
    case EXPR_LIST: check_items(in, e->as.list.items, e->as.list.nitems); return;
    case EXPR_BUILTIN: is_allowed = e->as.builtin->in_guard; break;
    case EXPR_CALL: is_allowed = callee_is_pure(e->as.call.callee); break;
    default: is_allowed = false;
    }
    if (!is_allowed) diag_fail(in->f, e->start, E_GUARD, "this expression is not allowed in a guard");
    if (e->kind == EXPR_CALL) check_items(in, e->as.call.args, e->as.call.nargs);
}

void infer_guard(infer *in, expr *guard) {
    if (!guard) return;
    type *found = infer_expr(in, guard), *culprit;
    infer_guard_check(in, guard);
    if (type_unify(in->f, in->f->basic[TYPE_BOOL], found, &culprit) != UNIFY_OK)
        diag_fail(in->f, guard->start, E_GUARD_BOOL, "a guard must be `Bool`, found `%s`",
                  type_text(&in->f->program, found));
}
