/*
 * resolve.c - walks every body once, in reading order, with the locals in scope on a stack.
 *
 * It also finds what can be known without types: captures, tail positions, break outside a loop, actors called outside
 * tail position, and the edges of the reference graph. Members (`e.x`) stay open unless what stands before the dot is
 * an upper-case name.
 */
#include "resolve.h"

#include <stdarg.h>

#define ARENA(r) (&(r)->f->arena)

typedef struct resolver {
    front *f;
    module *module;
    node *node;
    code *code;
    VEC(local *) scope;
    VEC(local *) bound;  /* by the pattern (or parameter list) being resolved */
    local **alternative; /* in a later alternative of `|`: the locals it must bind */
    int32_t nalternative;
    int loops;
} resolver;

static void resolve_expr(resolver *r, expr *e, bool is_tail);

/* -- Errors left in the tree --------------------------------------------------------------------------------- */

__attribute__((format(printf, 5, 6))) static void expr_error(resolver *r, expr *e, pos at, int number,
                                                             const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    e->kind = EXPR_ERROR;
    e->as.error.number = number;
    e->as.error.at = at;
    e->as.error.text = arena_copy(ARENA(r), text, strlen(text));
}

static void pattern_error(resolver *r, pattern *p, int number, const char *format, const char *name) {
    p->kind = PAT_ERROR;
    p->as.error.number = number;
    p->as.error.text = arena_printf(ARENA(r), "%s `%s`", format, name);
}

/* -- Locals and captures ------------------------------------------------------------------------------------- */

static code *code_new(resolver *r, code_kind kind, void *owner) {
    code *c = NEW(ARENA(r), code);
    c->kind = kind;
    c->owner = owner;
    c->module = r->module;
    return c;
}

static void local_declare(resolver *r, local *l) {
    l->owner = r->code;
    l->id = r->f->program.nlocals++;
    vec_push(ARENA(r), r->scope, l);
}

static local *local_new(resolver *r, const char *name, pos at) {
    local *l = NEW(ARENA(r), local);
    l->name = name;
    l->pos = at;
    local_declare(r, l);
    return l;
}

static local *local_find(local *const *list, int32_t n, const char *name) {
    while (n--)
        if (list[n]->name == name) return list[n];
    return NULL;
}

static void code_capture(resolver *r, code *c, local *l) {
    for (int32_t i = 0; i < c->ncaptures; i++)
        if (c->captures[i] == l) return;
    local **captures = NEW_ARRAY(ARENA(r), local *, c->ncaptures + 1);
    if (c->ncaptures) memcpy(captures, c->captures, sizeof *captures * (size_t)c->ncaptures);
    captures[c->ncaptures++] = l;
    c->captures = captures;
}

static void resolve_local(resolver *r, expr *e, local *l) {
    e->kind = EXPR_LOCAL;
    e->as.local = l;
    l->is_used = true;
    for (code *c = r->code; c && c != l->owner; c = c->parent) code_capture(r, c, l);
}

/* -- Patterns ------------------------------------------------------------------------------------------------ */

static void resolve_pattern(resolver *r, pattern *p);

static void pattern_bind(resolver *r, pattern *p) {
    if (local_find(r->bound.items, r->bound.n, p->name)) {
        pattern_error(r, p, E_DOUBLED, "the pattern binds twice", p->name);
        return;
    }
    p->local = local_find(r->alternative, r->nalternative, p->name);
    if (!p->local) p->local = local_new(r, p->name, p->pos);
    vec_push(ARENA(r), r->bound, p->local);
}

static bool binds_same(local *const *a, int32_t na, local *const *b, int32_t nb) {
    if (na != nb) return false;
    for (int32_t i = 0; i < na; i++)
        if (!local_find(b, nb, a[i]->name)) return false;
    return true;
}

/* Later alternatives bind the locals of the first. */
static void pattern_or(resolver *r, pattern *p) {
    int32_t base = r->bound.n;
    resolve_pattern(r, p->items[0]);
    int32_t n = r->bound.n - base, nouter = r->nalternative;
    local **first = NEW_ARRAY(ARENA(r), local *, n), **outer = r->alternative;
    if (n) memcpy(first, r->bound.items + base, sizeof *first * (size_t)n);
    bool is_same = true;
    for (int32_t i = 1; i < p->nitems; i++) {
        r->bound.n = base;
        r->alternative = first;
        r->nalternative = n;
        resolve_pattern(r, p->items[i]);
        is_same &= binds_same(first, n, r->bound.items + base, r->bound.n - base);
    }
    r->alternative = outer;
    r->nalternative = nouter;
    if (!is_same) {
        p->kind = PAT_ERROR;
        p->as.error.number = E_OR_PATTERN;
        p->as.error.text = "the alternatives bind different names";
    }
}

static void pattern_variant(resolver *r, pattern *p) {
    entity *found = NULL;
    if (p->qualifier) {
        entity *q = find_qualifier(r->f, r->module, p->qualifier);
        if (!q) {
            pattern_error(r, p, E_UNKNOWN, "unknown type", p->qualifier);
            return;
        }
        found = find_member(r->f, q, p->name);
    } else {
        found = find_variant(r->f, r->module, p->name);
    }
    if (found && found->kind == ENTITY_VARIANT)
        p->variant = found->as.variant;
    else
        pattern_error(r, p, E_VARIANT, "unknown variant", p->name);
}

static void pattern_struct(resolver *r, pattern *p) {
    type_decl *d = find_type(r->f, r->module, p->name);
    if (!d) pattern_error(r, p, E_UNKNOWN, "unknown struct", p->name);
}

static void resolve_pattern(resolver *r, pattern *p) {
    switch (p->kind) {
    case PAT_NAME: pattern_bind(r, p); return;
    case PAT_OR: pattern_or(r, p); return;
    case PAT_CTOR: pattern_variant(r, p); break;
    case PAT_STRUCT: pattern_struct(r, p); break;
    default: break;
    }
    for (int32_t i = 0; i < p->nitems; i++) resolve_pattern(r, p->items[i]);
    if (p->kind == PAT_AS) pattern_bind(r, p);
}

static void resolve_patterns(resolver *r, pattern **list, int32_t n) {
    r->bound.n = 0;
    for (int32_t i = 0; i < n; i++) resolve_pattern(r, list[i]);
}

/* -- References ---------------------------------------------------------------------------------------------- */

static void node_refer(resolver *r, node *to) { vec_push(ARENA(r), r->node->references, to); }

/* Code that has the mailbox of its process: bodies of functions and actors, but not closures in them. */
static bool code_has_mailbox(const code *c) { return c->kind == CODE_FUNCTION || c->kind == CODE_ACTOR; }

static void note_mailbox(resolver *r, const expr *e) {
    if (!code_has_mailbox(r->code)) return;
    if (!r->node->uses_mailbox) r->node->mailbox_pos = e->start;
    r->node->uses_mailbox = true;
}

static void refer_function(resolver *r, expr *e, function *fn) {
    e->kind = EXPR_FN;
    e->as.fn = fn;
    node_refer(r, fn->front);
}

static void refer_builtin(resolver *r, expr *e, builtin *b) {
    if (b->prelude) {
        refer_function(r, e, b->prelude);
        return;
    }
    e->kind = EXPR_BUILTIN;
    e->as.builtin = b;
}

static void refer_entity(resolver *r, expr *e, const entity *to, const char *name) {
    switch (to->kind) {
    case ENTITY_FUNCTION: refer_function(r, e, to->as.function); return;
    case ENTITY_BUILTIN: refer_builtin(r, e, to->as.builtin); return;
    case ENTITY_VARIANT:
        e->kind = EXPR_CTOR;
        e->as.variant = to->as.variant;
        return;
    case ENTITY_ACTOR:
        e->kind = EXPR_ACTOR;
        e->as.actor = to->as.actor;
        node_refer(r, to->as.actor->front);
        return;
    case ENTITY_SPAWN:
    case ENTITY_SPAWN_LINK:
    case ENTITY_SPAWN_MONITOR:
    case ENTITY_SEND: expr_error(r, e, e->start, E_UNKNOWN, "`%s` must be called", name); return;
    default: expr_error(r, e, e->start, E_UNKNOWN, "`%s` is not a value", name);
    }
}

static bool is_uname(const char *name) { return name[0] >= 'A' && name[0] <= 'Z'; }

/* What an expression names at top level (not a local), or NULL. */
static entity *entity_of(resolver *r, const expr *e) {
    if (e->kind != EXPR_NAME) return NULL;
    const char *name = e->as.name.name;
    if (is_uname(name)) return find_variant(r->f, r->module, name);
    if (local_find(r->scope.items, r->scope.n, name)) return NULL;
    return find_value(r->f, r->module, name);
}

static void resolve_name(resolver *r, expr *e) {
    const char *name = e->as.name.name;
    local *l = local_find(r->scope.items, r->scope.n, name);
    entity *to = l ? NULL : entity_of(r, e);
    if (l)
        resolve_local(r, e, l);
    else if (to)
        refer_entity(r, e, to, name);
    else
        expr_error(r, e, e->start, E_UNKNOWN, "unknown name `%s`", name);
}

/* -- Members ------------------------------------------------------------------------------------------------- */

/* The module, service, supervisor, type or library that `e` names, or NULL. */
static entity *qualifier_of(resolver *r, const expr *e) {
    if (e->in_parens) return NULL;
    if (e->kind == EXPR_NAME && is_uname(e->as.name.name)) return find_qualifier(r->f, r->module, e->as.name.name);
    if (e->kind != EXPR_MEMBER || !is_uname(e->as.field.name)) return NULL;
    entity *outer = qualifier_of(r, e->as.field.operand);
    entity *inner = outer && outer->kind == ENTITY_MODULE ? find_member(r->f, outer, e->as.field.name) : NULL;
    bool is_qualifier =
        inner && (inner->kind == ENTITY_SERVICE || inner->kind == ENTITY_SUPERVISOR || inner->kind == ENTITY_TYPE);
    return is_qualifier ? inner : NULL;
}

static bool service_member(resolver *r, expr *e, service *s, const char *name) {
    e->kind = EXPR_SERVICE_OP;
    e->as.service_op.service = s;
    e->as.service_op.kind = SERVICE_START;
    e->as.service_op.handler = NULL;
    node_refer(r, s->front);
    if (strcmp(name, "start") == 0) return true;
    for (int32_t i = 0; i < s->nhandlers; i++) {
        if (s->handlers[i].op != name) continue;
        e->as.service_op.handler = &s->handlers[i];
        e->as.service_op.kind = s->handlers[i].is_call ? SERVICE_CALL : SERVICE_CAST;
        return true;
    }
    return false;
}

static bool supervisor_member(resolver *r, expr *e, supervisor *s, const char *name) {
    static const char *const names[] = {"start_child", "terminate_child", "count_children", "child"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) != 0) continue;
        if (i == SUPERVISOR_START_CHILD && s->strategy != SIMPLE_ONE_FOR_ONE) return false;
        e->kind = EXPR_SUPERVISOR_OP;
        e->as.supervisor_op.supervisor = s;
        e->as.supervisor_op.kind = (supervisor_op_kind)i;
        node_refer(r, s->front);
        return true;
    }
    return false;
}

static const char *qualifier_name(const entity *q) {
    switch (q->kind) {
    case ENTITY_MODULE: return q->as.module->name;
    case ENTITY_SERVICE: return q->as.service->name;
    case ENTITY_SUPERVISOR: return q->as.supervisor->name;
    case ENTITY_TYPE: return q->as.type->name;
    default: return q->as.builtin_module;
    }
}

static void resolve_qualified(resolver *r, expr *e, const entity *q) {
    const char *name = e->as.field.name;
    bool found;
    if (q->kind == ENTITY_SERVICE)
        found = service_member(r, e, q->as.service, name);
    else if (q->kind == ENTITY_SUPERVISOR)
        found = supervisor_member(r, e, q->as.supervisor, name);
    else {
        entity *to = find_member(r->f, q, name);
        found = to != NULL;
        if (to) refer_entity(r, e, to, name);
    }
    bool is_type = q->kind == ENTITY_TYPE;
    if (!found)
        expr_error(r, e, e->start, is_type ? E_VARIANT : E_MEMBER, "`%s` has no %s `%s`", qualifier_name(q),
                   is_type ? "variant" : "member", name);
}

/* `Foo.x` where Foo is a type that has no x, and also a variant: a member of that value. */
static bool is_variant_value(resolver *r, const expr *e, const entity *q) {
    const expr *operand = e->as.field.operand;
    return q->kind == ENTITY_TYPE && !is_uname(e->as.field.name) && operand->kind == EXPR_NAME &&
           !find_member(r->f, q, e->as.field.name) && find_variant(r->f, r->module, operand->as.name.name);
}

static void resolve_member(resolver *r, expr *e) {
    entity *q = qualifier_of(r, e->as.field.operand);
    if (q && !is_variant_value(r, e, q))
        resolve_qualified(r, e, q);
    else
        resolve_expr(r, e->as.field.operand, false);
}

/* -- Calls --------------------------------------------------------------------------------------------------- */

static void resolve_args(resolver *r, expr **args, int32_t n) {
    for (int32_t i = 0; i < n; i++) resolve_expr(r, args[i], false);
}

static entity *spawn_target(resolver *r, const expr *e) {
    if (e->kind == EXPR_NAME && is_uname(e->as.name.name)) return find_qualifier(r->f, r->module, e->as.name.name);
    if (e->kind == EXPR_NAME) return entity_of(r, e);
    if (e->kind != EXPR_MEMBER) return NULL;
    entity *q = qualifier_of(r, e->as.field.operand);
    return q && q->kind == ENTITY_MODULE ? find_member(r->f, q, e->as.field.name) : NULL;
}

static void spawn_unknown(resolver *r, expr *e, expr *target) {
    bool is_name = target->kind == EXPR_NAME && !entity_of(r, target) &&
                   !local_find(r->scope.items, r->scope.n, target->as.name.name);
    if (is_name)
        expr_error(r, e, target->start, E_UNKNOWN, "unknown name `%s`", target->as.name.name);
    else
        expr_error(r, e, target->start, E_SPAWN, "only an actor or a supervisor can be spawned");
}

static void resolve_spawn(resolver *r, expr *e, spawn_kind kind) {
    expr **args = e->as.call.args;
    int32_t nargs = e->as.call.nargs;
    if (nargs == 0) {
        expr_error(r, e, e->start, E_COUNT, "`spawn` takes 1 arguments or more, found 0");
        return;
    }
    entity *to = spawn_target(r, args[0]);
    bool is_actor = to && to->kind == ENTITY_ACTOR, is_supervisor = to && to->kind == ENTITY_SUPERVISOR;
    if (!is_actor && !is_supervisor) {
        spawn_unknown(r, e, args[0]);
        return;
    }
    e->kind = EXPR_SPAWN;
    e->as.spawn.kind = kind;
    e->as.spawn.actor = is_actor ? to->as.actor : NULL;
    e->as.spawn.supervisor = is_supervisor ? to->as.supervisor : NULL;
    e->as.spawn.args = args + 1;
    e->as.spawn.nargs = nargs - 1;
    e->as.spawn.target = args[0];
    node_refer(r, is_actor ? to->as.actor->front : to->as.supervisor->front);
    resolve_args(r, args + 1, nargs - 1);
}

static void resolve_send(resolver *r, expr *e) {
    expr **args = e->as.call.args;
    int32_t nargs = e->as.call.nargs;
    if (nargs != 2) {
        expr_error(r, e, e->start, E_COUNT, "`send` takes 2 arguments, found %d", nargs);
        return;
    }
    e->kind = EXPR_SEND;
    e->as.pair.left = args[0];
    e->as.pair.right = args[1];
    resolve_args(r, args, 2);
}

static bool resolve_special(resolver *r, expr *e) {
    entity *to = entity_of(r, e->as.call.callee);
    if (!to || e->as.call.callee->in_parens) return false;
    switch (to->kind) {
    case ENTITY_SPAWN: resolve_spawn(r, e, SPAWN_PLAIN); return true;
    case ENTITY_SPAWN_LINK: resolve_spawn(r, e, SPAWN_LINK); return true;
    case ENTITY_SPAWN_MONITOR: resolve_spawn(r, e, SPAWN_MONITOR); return true;
    case ENTITY_SEND: resolve_send(r, e); return true;
    default: return false;
    }
}

static void resolve_call(resolver *r, expr *e, bool is_tail) {
    if (resolve_special(r, e)) return;
    expr *callee = e->as.call.callee;
    resolve_expr(r, callee, false);
    e->is_tail = is_tail;
    e->is_become = callee->kind == EXPR_ACTOR;
    if (e->is_become && (!is_tail || r->code->kind != CODE_ACTOR)) {
        expr_error(r, e, e->start, E_TAIL, "actor `%s` can only be called in tail position of an actor; use `spawn`",
                   callee->as.actor->name);
        return;
    }
    if (callee->kind == EXPR_FN && code_has_mailbox(r->code))
        vec_push(ARENA(r), r->node->calls, (node *)callee->as.fn->front);
    resolve_args(r, e->as.call.args, e->as.call.nargs);
}

/* -- Bodies with scopes -------------------------------------------------------------------------------------- */

static void resolve_block(resolver *r, expr *e, bool is_tail) {
    int32_t mark = r->scope.n;
    for (int32_t i = 0; i < e->as.block.nstmts; i++) {
        stmt *s = &e->as.block.stmts[i];
        bool is_last = i + 1 == e->as.block.nstmts;
        resolve_expr(r, s->value, is_tail && is_last && !s->let);
        if (s->let) resolve_patterns(r, &s->let, 1);
    }
    r->scope.n = mark;
}

static void resolve_clause(resolver *r, clause *c, bool is_tail) {
    int32_t mark = r->scope.n;
    resolve_patterns(r, c->params, c->nparams);
    if (c->guard) resolve_expr(r, c->guard, false);
    resolve_expr(r, c->body, is_tail);
    r->scope.n = mark;
}

static void resolve_match(resolver *r, expr *e, bool is_tail) {
    if (e->kind == EXPR_RECEIVE) note_mailbox(r, e);
    if (e->as.match.subject) resolve_expr(r, e->as.match.subject, false);
    for (int32_t i = 0; i < e->as.match.narms; i++) resolve_clause(r, &e->as.match.arms[i], is_tail);
    if (!e->as.match.after_body) return;
    resolve_expr(r, e->as.match.after_time, false);
    resolve_expr(r, e->as.match.after_body, is_tail);
}

static void resolve_if(resolver *r, expr *e, bool is_tail) {
    for (int32_t i = 0; i < e->as.branch.n; i++) {
        resolve_expr(r, e->as.branch.conds[i], false);
        resolve_expr(r, e->as.branch.bodies[i], is_tail);
    }
    if (e->as.branch.otherwise) resolve_expr(r, e->as.branch.otherwise, is_tail);
}

/* `lo..hi` as the iterable becomes low and high. */
static void resolve_for(resolver *r, expr *e) {
    expr *iter = e->as.loop.iter;
    if (iter->kind == EXPR_BINARY && iter->op == OP_RANGE) {
        e->as.loop.low = iter->as.pair.left;
        e->as.loop.high = iter->as.pair.right;
        e->as.loop.iter = NULL;
        resolve_expr(r, e->as.loop.low, false);
        resolve_expr(r, e->as.loop.high, false);
    } else {
        resolve_expr(r, iter, false);
    }
    int32_t mark = r->scope.n;
    resolve_patterns(r, &e->as.loop.pattern, 1);
    if (e->as.loop.guard) resolve_expr(r, e->as.loop.guard, false);
    r->loops++;
    resolve_expr(r, e->as.loop.body, false);
    r->loops--;
    r->scope.n = mark;
}

static void resolve_while(resolver *r, expr *e) {
    resolve_expr(r, e->as.loop.iter, false);
    r->loops++;
    resolve_expr(r, e->as.loop.body, false);
    r->loops--;
}

static void resolve_closure(resolver *r, expr *e) {
    code *outer = r->code;
    int loops = r->loops;
    r->code = e->as.closure.code = code_new(r, CODE_CLOSURE, e);
    r->code->parent = outer;
    r->loops = 0;
    for (int32_t i = 0; i < e->as.closure.nclauses; i++) resolve_clause(r, &e->as.closure.clauses[i], true);
    r->code = outer;
    r->loops = loops;
}

static void resolve_record(resolver *r, expr *e) {
    if (e->kind == EXPR_UPDATE) resolve_expr(r, e->as.record.base, false);
    resolve_args(r, e->as.record.values, e->as.record.nfields);
}

static void resolve_string(resolver *r, expr *e) {
    for (int32_t i = 0; i < e->as.string.nparts; i++)
        if (e->as.string.parts[i].value) resolve_expr(r, e->as.string.parts[i].value, false);
}

static void resolve_loop_control(resolver *r, expr *e) {
    bool is_break = e->kind == EXPR_BREAK;
    const char *text = is_break ? "break" : "continue";
    if (r->loops == 0) expr_error(r, e, e->start, is_break ? E_BREAK : E_CONTINUE, "`%s` outside a loop", text);
}

static void resolve_expr(resolver *r, expr *e, bool is_tail) {
    switch (e->kind) {
    case EXPR_NAME: resolve_name(r, e); return;
    case EXPR_MEMBER: resolve_member(r, e); return;
    case EXPR_CALL: resolve_call(r, e, is_tail); return;
    case EXPR_STRING: resolve_string(r, e); return;
    case EXPR_TUPLE:
    case EXPR_LIST: resolve_args(r, e->as.list.items, e->as.list.nitems); return;
    case EXPR_STRUCT:
    case EXPR_UPDATE: resolve_record(r, e); return;
    case EXPR_TRY: resolve_expr(r, e->as.try.operand, false); return;
    case EXPR_UNARY: resolve_expr(r, e->as.pair.left, false); return;
    case EXPR_INDEX:
    case EXPR_BINARY:
        resolve_expr(r, e->as.pair.left, false);
        resolve_expr(r, e->as.pair.right, false);
        return;
    case EXPR_IF: resolve_if(r, e, is_tail); return;
    case EXPR_CASE:
    case EXPR_RECEIVE: resolve_match(r, e, is_tail); return;
    case EXPR_FOR: resolve_for(r, e); return;
    case EXPR_WHILE: resolve_while(r, e); return;
    case EXPR_CLOSURE: resolve_closure(r, e); return;
    case EXPR_BLOCK: resolve_block(r, e, is_tail); return;
    case EXPR_RETURN:
        if (e->as.pair.left) resolve_expr(r, e->as.pair.left, true);
        return;
    case EXPR_BREAK:
    case EXPR_CONTINUE: resolve_loop_control(r, e); return;
    case EXPR_SELF: note_mailbox(r, e); return;
    default: return;
    }
}

/* -- Items --------------------------------------------------------------------------------------------------- */

static void resolve_function(resolver *r, function *fn, code_kind kind) {
    r->code = fn->code = code_new(r, kind, fn);
    for (int32_t i = 0; i < fn->nclauses; i++) resolve_clause(r, &fn->clauses[i], true);
}

/* The terminate block sees the parameters, as captures, but nothing of the body. */
static void resolve_actor(resolver *r, actor *a) {
    r->code = a->code = code_new(r, CODE_ACTOR, a);
    resolve_patterns(r, a->clause.params, a->clause.nparams);
    resolve_expr(r, a->clause.body, true);
    if (!a->terminate) return;
    r->code = a->terminate_code = code_new(r, CODE_TERMINATE, a);
    r->code->parent = a->code;
    if (a->reason) local_declare(r, a->reason);
    resolve_expr(r, a->terminate, false);
}

static void resolve_handler(resolver *r, handler *h) {
    r->code = h->code = code_new(r, CODE_HANDLER, h);
    r->scope.n = 0;
    resolve_patterns(r, h->clause.params, h->clause.nparams);
    if (h->state) local_declare(r, h->state);
    resolve_expr(r, h->clause.body, true);
}

static void resolve_service(resolver *r, service *s) {
    resolve_function(r, s->init, CODE_INIT);
    for (int32_t i = 0; i < s->nhandlers; i++) resolve_handler(r, &s->handlers[i]);
}

static void resolve_supervisor(resolver *r, supervisor *s) {
    for (int32_t i = 0; i < s->nchildren; i++) {
        child *c = &s->children[i];
        r->code = c->code = code_new(r, CODE_START, c);
        resolve_expr(r, c->start, false);
    }
}

void resolve_node(front *f, node *n) {
    resolver r = {.f = f, .module = n->module, .node = n};
    switch (n->kind) {
    case IS_FUNCTION: resolve_function(&r, n->as.function, CODE_FUNCTION); return;
    case IS_ACTOR: resolve_actor(&r, n->as.actor); return;
    case IS_SERVICE: resolve_service(&r, n->as.service); return;
    case IS_SUPERVISOR: resolve_supervisor(&r, n->as.supervisor); return;
    }
}
