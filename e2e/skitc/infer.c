/*
 * infer.c - inference of one component: every member gets types of fresh variables and its annotations, then the
 * bodies are inferred, then what is left free in the signatures is quantified, for all members together.
 *
 * Services and supervisors are never generalised: their types are made at level 0, and so is all they are unified with.
 */
#include "infer.h"

#include <stdlib.h>

#define ARENA(in) (&(in)->f->arena)

/* -- Signatures ---------------------------------------------------------------------------------------------- */

static type **fresh_params(infer *in, int32_t n) {
    type **params = NEW_ARRAY(ARENA(in), type *, n);
    for (int32_t i = 0; i < n; i++) params[i] = type_var(in->f);
    return params;
}

/* Generic parameters of a clause: rigid variables, those of the first clause also for later ones, by position. */
static const type_scope *clause_scope(infer *in, clause *c, const clause *first) {
    const type_scope *outer = first == c ? NULL : first->scope;
    if (c->ngenerics == 0 && outer) return c->scope = outer;
    type_scope *scope = NEW(ARENA(in), type_scope);
    type **types = NEW_ARRAY(ARENA(in), type *, c->ngenerics);
    for (int32_t i = 0; i < c->ngenerics; i++)
        types[i] = outer && i < outer->n ? outer->types[i] : type_rigid(in->f, c->generics[i]);
    *scope = (type_scope){c->generics, types, c->ngenerics, NULL};
    return c->scope = scope;
}

/* What the clause says of its parameters agrees with what is known. */
static void clause_annotate(infer *in, clause *c, const clause *first, type *const *params) {
    in->scope = clause_scope(in, c, first);
    for (int32_t i = 0; i < c->nparams; i++)
        if (c->annotations[i])
            infer_unify(in, params[i], infer_annotation(in, c->annotations[i]), c->annotations[i]->pos);
}

static void function_declare(infer *in, function *fn) {
    fn->params = fresh_params(in, fn->nparams);
    fn->result = type_var(in->f);
    fn->code->result = fn->result;
    for (int32_t i = 0; i < fn->nclauses; i++) {
        clause *c = &fn->clauses[i];
        clause_annotate(in, c, &fn->clauses[0], fn->params);
        if (c->result) infer_unify(in, fn->result, infer_annotation(in, c->result), c->result->pos);
    }
}

static void actor_declare(infer *in, actor *a) {
    a->params = fresh_params(in, a->clause.nparams);
    a->mailbox = type_mailbox(in->f, a->pos);
    clause_annotate(in, &a->clause, &a->clause, a->params);
}

static void handler_declare(infer *in, handler *h, type *state) {
    front *f = in->f;
    h->params = fresh_params(in, h->clause.nparams);
    clause_annotate(in, &h->clause, &h->clause, h->params);
    h->reply = !h->is_call ? f->basic[TYPE_UNIT] : type_var(f);
    if (h->written_reply) infer_unify(in, h->reply, infer_annotation(in, h->written_reply), h->written_reply->pos);
    if (h->state) h->state->type = state;
    h->code->result = state;
    if (!h->is_call) return;
    type *pair = type_new(f, TYPE_TUPLE, 2);
    pair->args[0] = state;
    pair->args[1] = h->reply;
    h->code->result = pair;
}

static void service_declare(infer *in, service *s) {
    function_declare(in, s->init);
    s->init->scheme = NEW(ARENA(in), scheme);
    s->state = s->init->result;
    for (int32_t i = 0; i < s->nhandlers; i++) handler_declare(in, &s->handlers[i], s->state);
}

static void node_declare(infer *in, node *n, scheme *shared) {
    in->module = n->module;
    in->f->level = n->kind == IS_SERVICE || n->kind == IS_SUPERVISOR ? 0 : 1;
    switch (n->kind) {
    case IS_FUNCTION:
        n->as.function->scheme = shared;
        n->as.function->uses_mailbox = n->uses_mailbox;
        if (n->uses_mailbox) n->as.function->mailbox = type_mailbox(in->f, n->mailbox_pos);
        function_declare(in, n->as.function);
        break;
    case IS_ACTOR:
        n->as.actor->scheme = shared;
        actor_declare(in, n->as.actor);
        break;
    case IS_SERVICE: service_declare(in, n->as.service); break;
    case IS_SUPERVISOR:
        for (int32_t i = 0; i < n->as.supervisor->nchildren; i++) n->as.supervisor->children[i].type = type_var(in->f);
        break;
    }
}

/* -- Bodies -------------------------------------------------------------------------------------------------- */

static void function_infer(infer *in, function *fn) {
    in->code = fn->code;
    for (int32_t i = 0; i < fn->nclauses; i++) {
        in->scope = fn->clauses[i].scope;
        infer_clause(in, &fn->clauses[i], fn->params, fn->result);
    }
}

static void actor_infer(infer *in, actor *a) {
    in->code = a->code;
    in->scope = a->clause.scope;
    in->mailbox = a->mailbox;
    infer_clause(in, &a->clause, a->params, NULL);
    if (!a->terminate) return;
    in->code = a->terminate_code;
    if (a->reason) a->reason->type = type_sum(in->f, in->f->program.exit_reason, NULL);
    infer_expr(in, a->terminate);
}

static void service_infer(infer *in, service *s) {
    function_infer(in, s->init);
    for (int32_t i = 0; i < s->nhandlers; i++) {
        handler *h = &s->handlers[i];
        in->code = h->code;
        in->scope = h->clause.scope;
        infer_clause(in, &h->clause, h->params, h->code->result);
    }
}

static void start_fail(infer *in, const child *c, type *found) {
    diag_fail(in->f, c->start->start, E_CHILD_START, "`start` of child `%s` must return Pid, found `%s`", c->name,
              type_text(&in->f->program, found));
}

/* The type of `start` is a function that returns a Pid; only a template's takes arguments. */
static void start_check(infer *in, const supervisor *s, child *c, type *found) {
    type *culprit, *none = type_fun(in->f, NULL, 0, in->f->basic[TYPE_PID]);
    type *t = type_repr(found);
    if (t->kind == TYPE_VAR && type_unify(in->f, t, none, &culprit) != UNIFY_OK) start_fail(in, c, t);
    t = type_repr(t);
    if (t->kind != TYPE_FUN) start_fail(in, c, t);
    type *result = t->args[t->nargs - 1];
    if (type_unify(in->f, result, in->f->basic[TYPE_PID], &culprit) != UNIFY_OK) start_fail(in, c, result);
    if (t->nargs > 1 && s->strategy != SIMPLE_ONE_FOR_ONE)
        diag_fail(in->f, c->start->start, E_CHILD_START,
                  "`start` of child `%s` takes arguments; it must return Pid from none", c->name);
}

static void supervisor_infer(infer *in, supervisor *s) {
    for (int32_t i = 0; i < s->nchildren; i++) {
        child *c = &s->children[i];
        in->code = c->code;
        in->scope = NULL;
        c->code->result = type_var(in->f);
        type *found = infer_expr(in, c->start);
        start_check(in, s, c, found);
        infer_unify(in, c->type, found, c->start->start);
    }
}

static void node_infer(infer *in, node *n) {
    in->node = n;
    in->module = n->module;
    in->mailbox = NULL;
    in->f->level = n->kind == IS_SERVICE || n->kind == IS_SUPERVISOR ? 0 : 1;
    switch (n->kind) {
    case IS_FUNCTION:
        in->mailbox = n->as.function->mailbox;
        function_infer(in, n->as.function);
        return;
    case IS_ACTOR: actor_infer(in, n->as.actor); return;
    case IS_SERVICE: service_infer(in, n->as.service); return;
    case IS_SUPERVISOR: supervisor_infer(in, n->as.supervisor); return;
    }
}

/* -- Components ---------------------------------------------------------------------------------------------- */

static void quantify_params(front *f, scheme *s, type *const *params, int32_t n) {
    for (int32_t i = 0; i < n; i++) scheme_quantify(f, s, params[i]);
}

static void node_quantify(front *f, scheme *s, node *n) {
    if (n->kind == IS_FUNCTION) {
        function *fn = n->as.function;
        quantify_params(f, s, fn->params, fn->nparams);
        scheme_quantify(f, s, fn->result);
        if (fn->mailbox) scheme_quantify(f, s, fn->mailbox);
    }
    if (n->kind == IS_ACTOR) {
        actor *a = n->as.actor;
        quantify_params(f, s, a->params, a->clause.nparams);
        scheme_quantify(f, s, a->mailbox);
    }
}

/* Supervisors first (what start_child takes is known from `start`), then in source order. */
static int node_order(const void *left, const void *right) {
    const node *a = *(node *const *)left, *b = *(node *const *)right;
    bool a_first = a->kind == IS_SUPERVISOR, b_first = b->kind == IS_SUPERVISOR;
    if (a_first != b_first) return a_first ? -1 : 1;
    if (a->pos.file != b->pos.file) return a->pos.file < b->pos.file ? -1 : 1;
    if (a->pos.line != b->pos.line) return a->pos.line < b->pos.line ? -1 : 1;
    return (a->pos.col > b->pos.col) - (a->pos.col < b->pos.col);
}

typedef struct component {
    node **nodes;
    int32_t n;
    scheme *scheme;
} component;

static void component_infer(front *f, void *arg) {
    component *c = arg;
    infer in = {.f = f};
    const type *since = f->vars;
    for (int32_t i = 0; i < c->n; i++) node_declare(&in, c->nodes[i], c->scheme);
    for (int32_t i = 0; i < c->n; i++) node_infer(&in, c->nodes[i]);
    for (int32_t i = 0; i < c->n; i++)
        if (c->nodes[i]->kind == IS_ACTOR) infer_mailbox(f, c->nodes[i]->as.actor);
    if (!types_are_small(f, since))
        diag_fail(f, c->nodes[0]->pos, E_INFINITE, "a type here is too large, if not infinite");
    for (int32_t i = 0; i < c->n; i++) node_quantify(f, c->scheme, c->nodes[i]);
    type **identity = scheme_identity(f, c->scheme);
    for (int32_t i = 0; i < in.pending.n; i++) in.pending.items[i]->inst = identity;
    f->level = 0;
    for (int32_t i = 0; i < in.frozen.n; i++)
        in.frozen.items[i]->inst = scheme_instance(f, c->scheme, &in.frozen.items[i]->start);
}

void infer_component(front *f, node **nodes, int32_t n) {
    component c = {nodes, n, NEW(&f->arena, scheme)};
    qsort(nodes, (size_t)n, sizeof *nodes, node_order);
    bool ok = diag_try(f, component_infer, &c);
    for (int32_t i = 0; i < n; i++) {
        nodes[i]->is_broken = !ok;
        nodes[i]->is_typed = true;
    }
}
