/*
 * unify.c - Hindley-Milner's engine with three constraints.
 *
 * Variables carry a level (0: belongs to something that is never generalised; 1: free to be generalised with its
 * component). Binding a variable moves its level into everything it is bound to, so what is reachable from a level 0
 * variable is level 0: generalising needs no search of the environment. The same walk is the occurs check and moves
 * constraints and the mailbox mark.
 *
 * `Pid` and `Pid<T>` unify without binding T, so unification is not transitive; that is the language's escape hatch.
 */
#include "unify.h"

/* -- Making types -------------------------------------------------------------------------------------------- */

type *type_new(front *f, type_kind kind, int32_t nargs) {
    type *t = NEW(&f->arena, type);
    t->kind = kind;
    t->nargs = nargs;
    t->args = nargs ? NEW_ARRAY(&f->arena, type *, nargs) : NULL;
    return t;
}

type *type_var(front *f) {
    type *t = type_new(f, TYPE_VAR, 0);
    t->level = f->level;
    t->next_var = f->vars;
    f->vars = t;
    return t;
}

type *type_rigid(front *f, const char *name) {
    type *t = type_var(f);
    t->rigid = name;
    return t;
}

type *type_mailbox(front *f, pos where) {
    type *t = type_var(f);
    t->mailbox = MAILBOX_WHOLE;
    t->where = where;
    return t;
}

type *type_list(front *f, type *element) {
    type *t = type_new(f, TYPE_LIST, 1);
    t->args[0] = element;
    return t;
}

type *type_pid(front *f, type *message) {
    type *t = type_new(f, TYPE_PID, message ? 1 : 0);
    if (message) t->args[0] = message;
    return t;
}

type *type_fun(front *f, type *const *params, int32_t nparams, type *result) {
    type *t = type_new(f, TYPE_FUN, nparams + 1);
    if (nparams) memcpy(t->args, params, sizeof *params * (size_t)nparams);
    t->args[nparams] = result;
    return t;
}

type *type_sum(front *f, type_decl *decl, type *const *args) {
    type *t = type_new(f, decl->kind == DECL_STRUCT ? TYPE_STRUCT : TYPE_SUM, decl->nparams);
    t->decl = decl;
    if (decl->nparams) memcpy(t->args, args, sizeof *args * (size_t)decl->nparams);
    return t;
}

type *type_repr(type *t) {
    while (t->kind == TYPE_VAR && t->link) {
        if (t->link->kind == TYPE_VAR && t->link->link) t->link = t->link->link;
        t = t->link;
    }
    return t;
}

/* -- Size ---------------------------------------------------------------------------------------------------- */

enum { MAX_TYPE_SIZE = 5000 };

/* Nodes of t as a tree, or some number above the limit; each node is visited once in an epoch. */
static uint32_t type_size(front *f, type *t) {
    t = type_repr(t);
    if (t->epoch == f->epoch) return t->size;
    t->epoch = f->epoch;
    uint32_t size = 1;
    for (int32_t i = 0; i < t->nargs && size <= MAX_TYPE_SIZE; i++) size += type_size(f, t->args[i]);
    return t->size = size <= MAX_TYPE_SIZE ? size : MAX_TYPE_SIZE + 1;
}

bool type_is_small(front *f, type *t) {
    f->epoch++;
    return type_size(f, t) <= MAX_TYPE_SIZE;
}

bool types_are_small(front *f, const type *since) {
    f->epoch++;
    for (type *var = f->vars; var && var != since; var = var->next_var)
        if (type_size(f, var) > MAX_TYPE_SIZE) return false;
    return true;
}

/* -- Constraints --------------------------------------------------------------------------------------------- */

static bool var_constrain(type *t, uint32_t constraints) {
    t->constraints |= constraints;
    return (t->constraints & (IS_NUM | IS_CAT)) != (IS_NUM | IS_CAT);
}

static bool decl_constrain(type *t, uint32_t constraints) {
    if (t->decl->has_function) return false;
    for (int32_t i = 0; i < t->nargs; i++)
        if (t->decl->data_params[i] && !type_constrain(t->args[i], constraints)) return false;
    return true;
}

static bool parts_constrain(type *t, uint32_t constraints) {
    for (int32_t i = 0; i < t->nargs; i++)
        if (!type_constrain(t->args[i], constraints)) return false;
    return true;
}

/* `cat` says nothing of a list's elements and `num` is of whole types only, so parts get `data` alone. */
bool type_constrain(type *t, uint32_t constraints) {
    t = type_repr(t);
    uint32_t data = constraints & IS_DATA;
    if (!constraints) return true;
    if (t->kind == TYPE_VAR) return var_constrain(t, constraints);
    if ((constraints & IS_NUM) && t->kind != TYPE_INT && t->kind != TYPE_FLOAT) return false;
    if ((constraints & IS_CAT) && t->kind != TYPE_STRING && t->kind != TYPE_LIST) return false;
    if (!data) return true;
    switch (t->kind) {
    case TYPE_FUN: return false;
    case TYPE_TUPLE:
    case TYPE_LIST: return parts_constrain(t, data);
    case TYPE_STRUCT:
    case TYPE_SUM: return decl_constrain(t, data);
    default: return true;
    }
}

/* -- Unification --------------------------------------------------------------------------------------------- */

static void var_join_mailbox(type *from, type *into, uint32_t mark) {
    if (!mark) return;
    if (!into->mailbox) into->where = from->where;
    into->mailbox |= mark;
}

/* Prepares everything in t for `var` being bound to t; false if var occurs in it. */
static bool type_adopt(type *var, type *t, uint32_t mailbox) {
    t = type_repr(t);
    if (t == var) return false;
    if (t->kind == TYPE_VAR) {
        if (t->level > var->level) t->level = var->level;
        var_join_mailbox(var, t, mailbox);
        return true;
    }
    uint32_t inside = mailbox && t->kind != TYPE_PID ? MAILBOX_PART : 0;
    for (int32_t i = 0; i < t->nargs; i++)
        if (!type_adopt(var, t->args[i], inside)) return false;
    return true;
}

static unify_result var_bind(type *var, type *t, type **culprit) {
    if (!type_adopt(var, t, var->mailbox)) return UNIFY_INFINITE;
    *culprit = t;
    if (!type_constrain(t, var->constraints)) return UNIFY_CONSTRAINT;
    var->link = t;
    return UNIFY_OK;
}

static unify_result args_unify(front *f, type *a, type *b, type **culprit) {
    for (int32_t i = 0; i < a->nargs; i++) {
        unify_result r = type_unify(f, a->args[i], b->args[i], culprit);
        if (r != UNIFY_OK) return r;
    }
    return UNIFY_OK;
}

unify_result type_unify(front *f, type *a, type *b, type **culprit) {
    a = type_repr(a);
    b = type_repr(b);
    if (a == b) return UNIFY_OK;
    if (a->kind == TYPE_VAR && !a->rigid) return var_bind(a, b, culprit);
    if (b->kind == TYPE_VAR && !b->rigid) return var_bind(b, a, culprit);
    if (a->kind != b->kind || a->kind == TYPE_VAR) return UNIFY_MISMATCH;
    if (a->kind == TYPE_PID && (a->nargs == 0 || b->nargs == 0)) return UNIFY_OK;
    if (a->nargs != b->nargs || a->decl != b->decl) return UNIFY_MISMATCH;
    if (a->kind == TYPE_PARAM && a->index != b->index) return UNIFY_MISMATCH;
    return args_unify(f, a, b, culprit);
}

/* -- Schemes ------------------------------------------------------------------------------------------------- */

void type_freeze(type *t) {
    t = type_repr(t);
    if (t->kind == TYPE_VAR) t->level = 0;
    for (int32_t i = 0; i < t->nargs; i++) type_freeze(t->args[i]);
}

/* The arrays double at powers of two; from 0 they make room for one. */
static void scheme_grow(front *f, scheme *s) {
    scheme old = *s;
    int32_t n = old.nparams, room = n ? n * 2 : 1;
    if (n & (n - 1)) return;
    s->constraints = NEW_ARRAY(&f->arena, uint32_t, room);
    s->mailbox = NEW_ARRAY(&f->arena, uint32_t, room);
    s->where = NEW_ARRAY(&f->arena, pos, room);
    if (n == 0) return;
    memcpy(s->constraints, old.constraints, sizeof *s->constraints * (size_t)n);
    memcpy(s->mailbox, old.mailbox, sizeof *s->mailbox * (size_t)n);
    memcpy(s->where, old.where, sizeof *s->where * (size_t)n);
}

static void var_quantify(front *f, scheme *s, type *var) {
    scheme_grow(f, s);
    type *param = type_new(f, TYPE_PARAM, 0);
    param->index = s->nparams++;
    s->constraints[param->index] = var->constraints;
    s->mailbox[param->index] = var->mailbox;
    s->where[param->index] = var->where;
    var->link = param;
}

void scheme_quantify(front *f, scheme *s, type *t) {
    t = type_repr(t);
    if (t->kind == TYPE_VAR && t->level > 0) {
        var_quantify(f, s, t);
        return;
    }
    for (int32_t i = 0; i < t->nargs; i++) scheme_quantify(f, s, t->args[i]);
}

type **scheme_instance(front *f, const scheme *s, const pos *where) {
    if (s->nparams == 0) return NULL;
    type **vec = NEW_ARRAY(&f->arena, type *, s->nparams);
    for (int32_t i = 0; i < s->nparams; i++) {
        vec[i] = type_var(f);
        vec[i]->constraints = s->constraints[i];
        vec[i]->mailbox = s->mailbox[i];
        vec[i]->where = where ? *where : s->where[i];
    }
    return vec;
}

type **scheme_identity(front *f, const scheme *s) {
    type **vec = s->nparams ? NEW_ARRAY(&f->arena, type *, s->nparams) : NULL;
    for (int32_t i = 0; i < s->nparams; i++) {
        vec[i] = type_new(f, TYPE_PARAM, 0);
        vec[i]->index = i;
    }
    return vec;
}

static bool mentions_param(type *t) {
    t = type_repr(t);
    if (t->kind == TYPE_PARAM) return true;
    for (int32_t i = 0; i < t->nargs; i++)
        if (mentions_param(t->args[i])) return true;
    return false;
}

type *type_substitute(front *f, type *t, type *const *vec) {
    t = type_repr(t);
    if (t->kind == TYPE_PARAM) return vec[t->index];
    if (!mentions_param(t)) return t;
    type *copy = type_new(f, t->kind, t->nargs);
    copy->decl = t->decl;
    for (int32_t i = 0; i < t->nargs; i++) copy->args[i] = type_substitute(f, t->args[i], vec);
    return copy;
}

/* -- Defaults ------------------------------------------------------------------------------------------------ */

static void var_default(front *f, void *arg) {
    type *var = arg;
    bool is_open = var->mailbox == MAILBOX_WHOLE && !var->constraints;
    bool is_num = var->constraints & IS_NUM, is_cat = var->constraints & IS_CAT;
    type_kind kind = is_open ? TYPE_OPEN : is_num ? TYPE_INT : is_cat ? TYPE_STRING : TYPE_UNIT;
    var->link = f->basic[kind];
    if (var->mailbox && !is_open)
        diag_fail(f, var->where, E_OPEN_MESSAGE, "the message type cannot be inferred: annotate the pid or a pattern");
}

void types_default(front *f) {
    for (type *var = f->vars; var; var = var->next_var)
        if (!var->link) diag_try(f, var_default, var);
}
