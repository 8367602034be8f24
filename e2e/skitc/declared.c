/*
 * declared.c - types as written become types: fields, variants, aliases, annotations, and the rows of builtins.def.
 *
 * Inside a declaration a generic parameter is TYPE_PARAM, inside a function it is a rigid variable; a type_scope says
 * what each name stands for. Aliases are expanded on the way (lazily, so their order does not matter).
 */
#include "names.h"

#include "unify.h"

#define ARENA(f) (&(f)->arena)

/* -- Types as written ---------------------------------------------------------------------------------------- */

static type *scope_find(const type_scope *scope, const char *name) {
    for (; scope; scope = scope->outer)
        for (int32_t i = 0; i < scope->n; i++)
            if (scope->names[i] == name) return scope->types[i];
    return NULL;
}

static void check_count(front *f, const type_node *node, int32_t want) {
    if (node->nargs != want)
        diag_fail(f, node->pos, E_COUNT, "`%s` takes %d arguments, found %d", node->name, want, node->nargs);
}

static type **written_args(front *f, module *m, const type_node *node, const type_scope *scope) {
    type **args = NEW_ARRAY(ARENA(f), type *, node->nargs);
    for (int32_t i = 0; i < node->nargs; i++) args[i] = type_written(f, m, node->args[i], scope);
    return args;
}

static type **fresh_args(front *f, int32_t n) {
    type **args = NEW_ARRAY(ARENA(f), type *, n);
    for (int32_t i = 0; i < n; i++) args[i] = type_var(f);
    return args;
}

/* Int and the like; NULL if it is none of them. */
static type *written_base(front *f, module *m, const type_node *node, const type_scope *scope) {
    static const struct {
        const char *name;
        type_kind kind;
    } basics[] = {
        {"Int", TYPE_INT}, {"Float", TYPE_FLOAT}, {"Bool", TYPE_BOOL}, {"String", TYPE_STRING}, {"Unit", TYPE_UNIT}};
    for (size_t i = 0; i < sizeof basics / sizeof *basics; i++) {
        if (strcmp(basics[i].name, node->name) != 0) continue;
        check_count(f, node, 0);
        return f->basic[basics[i].kind];
    }
    if (strcmp(node->name, "Pid") == 0) {
        if (node->nargs) check_count(f, node, 1);
        return node->nargs ? type_pid(f, type_written(f, m, node->args[0], scope)) : f->basic[TYPE_PID];
    }
    if (strcmp(node->name, "List") == 0) {
        if (node->nargs) check_count(f, node, 1);
        return type_list(f, node->nargs ? type_written(f, m, node->args[0], scope) : type_var(f));
    }
    return NULL;
}

/* type_decl.state, while an alias is expanded or a struct is searched for itself */
enum { DECL_OPEN = 1, DECL_DONE = 2 };

static void alias_expand(front *f, type_decl *d) {
    if (d->state == DECL_OPEN) diag_fail(f, d->pos, E_INFINITE, "alias `%s` is an infinite type", d->name);
    if (d->state == DECL_DONE) return;
    d->state = DECL_OPEN;
    scheme s = {.nparams = d->nparams};
    type_scope scope = {d->params, scheme_identity(f, &s), d->nparams, NULL};
    d->expansion = type_written(f, d->module, d->target, &scope);
    d->state = DECL_DONE;
}

static type *written_declared(front *f, module *m, const type_node *node, const type_scope *scope) {
    type_decl *d = find_type(f, m, node->name);
    if (!d) diag_fail(f, node->pos, E_UNKNOWN, "unknown type `%s`", node->name);
    if (node->nargs) check_count(f, node, d->nparams);
    type **args = node->nargs ? written_args(f, m, node, scope) : fresh_args(f, d->nparams);
    if (d->kind != DECL_ALIAS) return type_sum(f, d, args);
    alias_expand(f, d);
    type *t = type_substitute(f, d->expansion, args);
    if (!type_is_small(f, t)) diag_fail(f, node->pos, E_INFINITE, "alias `%s` is too large a type", d->name);
    return t;
}

static type *written_name(front *f, module *m, const type_node *node, const type_scope *scope) {
    type *t = scope_find(scope, node->name);
    if (t) {
        check_count(f, node, 0);
        return t;
    }
    t = written_base(f, m, node, scope);
    return t ? t : written_declared(f, m, node, scope);
}

static type *written_tuple(front *f, module *m, const type_node *node, const type_scope *scope) {
    if (node->nargs == 0) return f->basic[TYPE_UNIT];
    type *t = type_new(f, TYPE_TUPLE, node->nargs);
    for (int32_t i = 0; i < node->nargs; i++) t->args[i] = type_written(f, m, node->args[i], scope);
    return t;
}

type *type_written(front *f, module *m, const type_node *node, const type_scope *scope) {
    switch (node->kind) {
    case NODE_NAME: return written_name(f, m, node, scope);
    case NODE_TUPLE: return written_tuple(f, m, node, scope);
    case NODE_OPTION: return type_sum(f, f->program.option, written_args(f, m, node, scope));
    case NODE_RESULT: return type_sum(f, f->program.result, written_args(f, m, node, scope));
    case NODE_FUN: break;
    }
    type **args = written_args(f, m, node, scope);
    return type_fun(f, args, node->nargs - 1, args[node->nargs - 1]);
}

type *type_fresh(front *f, type_decl *decl) { return type_sum(f, decl, fresh_args(f, decl->nparams)); }

/* -- Declarations -------------------------------------------------------------------------------------------- */

/* An argument left out in a declaration is one type for the whole program; it stays comparable. */
static void weak_constrain(type *t) {
    t = type_repr(t);
    t->constraints |= t->kind == TYPE_VAR ? IS_DATA : 0;
    for (int32_t i = 0; i < t->nargs; i++) weak_constrain(t->args[i]);
}

static void fields_type(front *f, type_decl *d, field *fields, int32_t n, const type_scope *scope) {
    for (int32_t i = 0; i < n; i++) {
        fields[i].type = type_written(f, d->module, fields[i].written, scope);
        weak_constrain(fields[i].type);
    }
}

static void decl_type(front *f, type_decl *d) {
    if (d->kind == DECL_ALIAS) {
        alias_expand(f, d);
        return;
    }
    scheme s = {.nparams = d->nparams};
    type_scope scope = {d->params, scheme_identity(f, &s), d->nparams, NULL};
    fields_type(f, d, d->fields, d->nfields, &scope);
    for (int32_t i = 0; i < d->nvariants; i++) fields_type(f, d, d->variants[i].fields, d->variants[i].nfields, &scope);
}

static void check_finite(front *f, type_decl *d);

/* A part that a struct holds directly, with no list, sum type or function between. */
static void check_part(front *f, const type_decl *d, const field *item, type *t) {
    t = type_repr(t);
    if (t->kind == TYPE_STRUCT) {
        if (t->decl->state == DECL_OPEN)
            diag_fail(f, item->pos, E_INFINITE, "struct `%s` would hold itself: an infinite type", d->name);
        check_finite(f, t->decl);
    }
    if (t->kind == TYPE_TUPLE)
        for (int32_t i = 0; i < t->nargs; i++) check_part(f, d, item, t->args[i]);
}

static void check_finite(front *f, type_decl *d) {
    if (d->state == DECL_DONE) return;
    d->state = DECL_OPEN;
    for (int32_t i = 0; i < d->nfields; i++) check_part(f, d, &d->fields[i], d->fields[i].type);
    d->state = DECL_DONE;
}

void names_types(front *f, module *m) {
    f->level = 0;
    for (int32_t i = 0; i < m->ntypes; i++) decl_type(f, m->types[i]);
}

/* -- The data constraint ------------------------------------------------------------------------------------- */

/* Notes in d what type t, part of it, says about functions; true if that is new. */
static bool data_note(type_decl *d, type *t) {
    t = type_repr(t);
    bool changed = false;
    switch (t->kind) {
    case TYPE_FUN:
        changed = !d->has_function;
        d->has_function = true;
        return changed;
    case TYPE_PARAM:
        changed = !d->data_params[t->index];
        d->data_params[t->index] = true;
        return changed;
    case TYPE_TUPLE:
    case TYPE_LIST:
        for (int32_t i = 0; i < t->nargs; i++) changed |= data_note(d, t->args[i]);
        return changed;
    case TYPE_STRUCT:
    case TYPE_SUM:
        if (t->decl->has_function && !d->has_function) changed = d->has_function = true;
        for (int32_t i = 0; i < t->nargs; i++)
            if (t->decl->data_params[i]) changed |= data_note(d, t->args[i]);
        return changed;
    default: return false;
    }
}

static bool decl_note(type_decl *d) {
    bool changed = false;
    for (int32_t i = 0; i < d->nfields; i++) changed |= data_note(d, d->fields[i].type);
    for (int32_t v = 0; v < d->nvariants; v++)
        for (int32_t i = 0; i < d->variants[v].nfields; i++) changed |= data_note(d, d->variants[v].fields[i].type);
    return changed;
}

void names_data(front *f) {
    program *p = &f->program;
    for (int32_t i = 0; i < p->nmodules; i++)
        for (int32_t k = 0; k < p->modules[i]->ntypes; k++) {
            type_decl *d = p->modules[i]->types[k];
            d->data_params = NEW_ARRAY(ARENA(f), bool, d->nparams);
        }
    for (bool changed = true; changed;) {
        changed = false;
        for (int32_t i = 0; i < p->nmodules; i++)
            for (int32_t k = 0; k < p->modules[i]->ntypes; k++) changed |= decl_note(p->modules[i]->types[k]);
    }
    for (int32_t i = 0; i < p->nmodules; i++)
        for (int32_t k = 0; k < p->modules[i]->ntypes; k++) check_finite(f, p->modules[i]->types[k]);
}

/* -- What every program has ---------------------------------------------------------------------------------- */

typedef struct predeclared_variant {
    const char *name;
    const char *fields[3]; /* types, as in builtins.def; `a` and `b` are the parameters */
} predeclared_variant;

static type_scope lower_scope(front *f, const char **names, type **types) {
    names[0] = front_name(f, "a");
    names[1] = front_name(f, "b");
    scheme s = {.nparams = 2};
    memcpy(types, scheme_identity(f, &s), 2 * sizeof *types);
    return (type_scope){names, types, 2, NULL};
}

static void predeclare_variant(front *f, variant *v, const predeclared_variant *row, const type_scope *scope) {
    v->name = front_name(f, row->name);
    while (v->nfields < 3 && row->fields[v->nfields]) v->nfields++;
    v->fields = NEW_ARRAY(ARENA(f), field, v->nfields);
    for (int32_t i = 0; i < v->nfields; i++)
        v->fields[i].type = type_written(f, NULL, parse_type_text(f, row->fields[i]), scope);
    entity *e = NEW(ARENA(f), entity);
    *e = (entity){.kind = ENTITY_VARIANT, .as.variant = v};
    map_put(ARENA(f), &f->predeclared_variants, v->name, e);
}

static type_decl *predeclare(front *f, const char *name, int32_t nparams, const predeclared_variant *rows, int32_t n) {
    const char *names[2];
    type *types[2];
    type_scope scope = lower_scope(f, names, types);
    type_decl *d = NEW(ARENA(f), type_decl);
    d->kind = DECL_SUM;
    d->name = front_name(f, name);
    d->nparams = nparams;
    d->data_params = NEW_ARRAY(ARENA(f), bool, nparams);
    for (int32_t i = 0; i < nparams; i++) d->data_params[i] = true;
    d->variants = NEW_ARRAY(ARENA(f), variant, n);
    d->nvariants = n;
    entity *e = NEW(ARENA(f), entity);
    *e = (entity){.kind = ENTITY_TYPE, .as.type = d};
    map_put(ARENA(f), &f->predeclared_types, d->name, e);
    for (int32_t i = 0; i < n; i++) {
        d->variants[i].decl = d;
        d->variants[i].index = i;
        predeclare_variant(f, &d->variants[i], &rows[i], &scope);
    }
    return d;
}

/* In the order of the enums at the end of ast.h. ORDER PREDECLARED */
static void predeclare_all(front *f) {
    static const predeclared_variant option[] = {{"Some", {"a"}}, {"None", {0}}};
    static const predeclared_variant result[] = {{"Ok", {"a"}}, {"Err", {"b"}}};
    static const predeclared_variant ordering[] = {{"Less", {0}}, {"Equal", {0}}, {"Greater", {0}}};
    static const predeclared_variant reason[] = {{"Normal", {0}},   {"Error", {"String"}},  {"Killed", {0}},
                                                 {"Shutdown", {0}}, {"Custom", {"String"}}, {"NoProc", {0}}};
    static const predeclared_variant signal[] = {{"Exit", {"Pid", "ExitReason"}},
                                                 {"Down", {"Int", "Pid", "ExitReason"}}};
    f->program.option = predeclare(f, "Option", 1, option, 2);
    f->program.result = predeclare(f, "Result", 2, result, 2);
    f->program.ordering = predeclare(f, "Ordering", 0, ordering, 3);
    f->program.exit_reason = predeclare(f, "ExitReason", 0, reason, 6);
    f->program.signal = predeclare(f, "Signal", 0, signal, 2);
}

/* -- Builtins ------------------------------------------------------------------------------------------------ */

static void builtin_alias(front *f, builtin *b, const char *name) {
    map_put(ARENA(f), &f->builtins, front_name(f, name), b);
}

/* `map` and `list_map` for List.map; and the module's name. */
static void builtin_names(front *f, builtin *b) {
    static const char *const bare[] = {"List.map", "List.filter", "List.reduce", "List.head", "List.tail"};
    builtin_alias(f, b, b->name);
    const char *dot = strchr(b->name, '.');
    if (!dot) return;
    const char *library = name_intern(ARENA(f), &f->names, b->name, (size_t)(dot - b->name));
    map_put(ARENA(f), &f->builtin_modules, library, b);
    if (strcmp(library, "String") == 0) builtin_alias(f, b, arena_printf(ARENA(f), "string_%s", dot + 1));
    if (strcmp(library, "List") == 0) builtin_alias(f, b, arena_printf(ARENA(f), "list_%s", dot + 1));
    if (strcmp(b->name, "IO.eprintln") == 0) builtin_alias(f, b, "io_eprintln");
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++)
        if (strcmp(bare[i], b->name) == 0) builtin_alias(f, b, dot + 1);
}

/* a and b stand for any type, d for data, n for a number. */
static void builtin_type(front *f, builtin *b) {
    static const char *const letters[] = {"a", "b", "d", "n"};
    const char *names[4];
    type *vars[4];
    f->level = 1;
    for (int i = 0; i < 4; i++) {
        names[i] = front_name(f, letters[i]);
        vars[i] = type_var(f);
    }
    vars[2]->constraints = IS_DATA;
    vars[3]->constraints = IS_NUM;
    type_scope scope = {names, vars, 4, NULL};
    b->type = type_written(f, NULL, parse_type_text(f, b->text), &scope);
    b->scheme = NEW(ARENA(f), scheme);
    scheme_quantify(f, b->scheme, b->type);
}

enum { BODY, GUARD };

void names_begin(front *f) {
    static const builtin rows[] = {
#define BUILTIN(id_, name_, type_, guard_, how_, symbol_) \
    {.id = BI_##id_, .name = name_, .text = type_, .in_guard = (guard_) == GUARD, .how = how_, .symbol = symbol_},
#include "builtins.def"
#undef BUILTIN
    };
    for (type_kind k = TYPE_INT; k <= TYPE_OPEN; k++) f->basic[k] = type_new(f, k, 0);
    predeclare_all(f);
    builtin *all = NEW_ARRAY(ARENA(f), builtin, BI_COUNT);
    memcpy(all, rows, sizeof rows);
    for (int i = 0; i < BI_COUNT; i++) {
        builtin_names(f, &all[i]);
        builtin_type(f, &all[i]);
    }
    f->program.builtins = all;
}
