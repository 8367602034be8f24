/*
 * names.c - the top-level names of each file.
 *
 * Lower-case names (functions, actors), upper-case names (types, services, supervisors) and variants are three spaces.
 * A file's own names hide imported ones of builtin modules, and both hide builtins and predeclared types. An import
 * from another file that collides with a definition is an error, since one of them would be lost silently.
 */
#include "names.h"

#include "supervisor_spec.h"
#include "unify.h"

#define ARENA(f) (&(f)->arena)

const char *front_name(front *f, const char *text) { return name_intern(&f->arena, &f->names, text, strlen(text)); }

static module_names *names_of(const module *m) { return m->front; }

static entity *entity_new(front *f, entity_kind kind, pos at, bool is_pub, void *thing) {
    entity *e = NEW(ARENA(f), entity);
    e->kind = kind;
    e->pos = at;
    e->is_pub = is_pub;
    e->as.module = thing;
    return e;
}

static void entity_declare(front *f, map *space, const char *name, entity *e) {
    entity *old = map_get(space, name);
    if (old && !old->is_imported) diag_fail(f, e->pos, E_DOUBLED, "`%s` is defined twice", name);
    map_put(ARENA(f), space, name, e);
}

/* -- Functions from clauses ---------------------------------------------------------------------------------- */

static bool clause_is_catch_all(const clause *c) {
    for (int32_t i = 0; i < c->nparams; i++)
        if (c->params[i]->kind != PAT_NAME && c->params[i]->kind != PAT_WILD) return false;
    return !c->guard;
}

static function *function_new(front *f, module *m, const fn_item *item) {
    function *fn = NEW(ARENA(f), function);
    fn->name = item->name;
    fn->pos = item->pos;
    fn->is_pub = item->is_pub;
    fn->module = m;
    fn->nparams = item->clause->nparams;
    return fn;
}

/* Clauses items[from .. to) of one function. */
static void function_join(front *f, function *fn, const fn_item *items, int32_t n) {
    fn->clauses = NEW_ARRAY(ARENA(f), clause, n);
    fn->nclauses = n;
    for (int32_t i = 0; i < n; i++) {
        clause *c = items[i].clause;
        fn->clauses[i] = *c;
        if (c->nparams != fn->nparams)
            diag_fail(f, c->pos, E_CLAUSE_ARITY, "this clause of `%s` takes %d arguments, the first %d", fn->name,
                      c->nparams, fn->nparams);
        if (i + 1 < n && clause_is_catch_all(c))
            diag_fail(f, c->pos, E_CATCH_ALL, "a `catch-all` clause of `%s` must be its last", fn->name);
    }
}

static void declare_functions(front *f, module *m, module_items *items, module_names *names) {
    VEC(function *) list = {0};
    for (int32_t i = 0, n; i < items->fns.n; i += n) {
        const fn_item *first = &items->fns.items[i];
        entity *old = map_get(&names->values, first->name);
        if (old && old->kind == ENTITY_FUNCTION)
            diag_fail(f, first->pos, E_CLAUSES_APART, "the clauses of `%s` do not stand together", first->name);
        for (n = 1; i + n < items->fns.n && first[n].name == first->name; n++)
            if (items->fn_order.items[i + n] != items->fn_order.items[i + n - 1] + 1)
                diag_fail(f, first[n].pos, E_CLAUSES_APART, "the clauses of `%s` do not stand together", first->name);
        function *fn = function_new(f, m, first);
        entity_declare(f, &names->values, fn->name, entity_new(f, ENTITY_FUNCTION, fn->pos, fn->is_pub, fn));
        function_join(f, fn, first, n);
        vec_push(ARENA(f), list, fn);
    }
    m->functions = list.items;
    m->nfunctions = list.n;
}

static void declare_actors(front *f, module *m, module_items *items, module_names *names) {
    m->actors = items->actors.items;
    m->nactors = items->actors.n;
    for (int32_t i = 0; i < m->nactors; i++) {
        actor *a = m->actors[i];
        entity_declare(f, &names->values, a->name, entity_new(f, ENTITY_ACTOR, a->pos, a->is_pub, a));
    }
}

/* -- Types --------------------------------------------------------------------------------------------------- */

static const char *const BASE_TYPES[] = {"Int", "Float", "Bool", "String", "Unit", "Pid", "List", "Fun"};

static bool is_base_type(const char *name) {
    for (size_t i = 0; i < sizeof BASE_TYPES / sizeof *BASE_TYPES; i++)
        if (strcmp(BASE_TYPES[i], name) == 0) return true;
    return false;
}

static void check_distinct(front *f, const char *const *names, int32_t n, pos at) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < i; k++)
            if (names[i] == names[k]) diag_fail(f, at, E_DOUBLED, "`%s` is defined twice", names[i]);
}

static void check_fields(front *f, const type_decl *d) {
    for (int32_t i = 0; i < d->nfields; i++)
        for (int32_t k = 0; k < i; k++)
            if (d->fields[i].name == d->fields[k].name)
                diag_fail(f, d->fields[i].pos, E_DOUBLED, "field `%s` is defined twice", d->fields[i].name);
}

static void check_derives(front *f, const type_item *item) {
    static const char *const known[] = {"Eq", "Ord", "Display", "Debug", "Hash"};
    bool has_eq = false;
    for (int32_t i = 0; i < item->nderives; i++) has_eq |= strcmp(item->derives[i].name, "Eq") == 0;
    for (int32_t i = 0; i < item->nderives; i++) {
        const derive_name *d = &item->derives[i];
        bool is_known = false;
        for (int k = 0; k < 5; k++) is_known |= strcmp(known[k], d->name) == 0;
        if (!is_known) diag_fail(f, d->pos, E_DERIVE, "cannot derive `%s` for `%s`", d->name, item->decl->name);
        if (strcmp(d->name, "Ord") == 0 && !has_eq) diag_fail(f, d->pos, E_DERIVE_ORD, "deriving `Ord` requires `Eq`");
    }
}

static void declare_type(front *f, module_names *names, type_decl *d) {
    if (is_base_type(d->name)) diag_fail(f, d->pos, E_DOUBLED, "`%s` is a built-in type", d->name);
    entity_declare(f, &names->uppers, d->name, entity_new(f, ENTITY_TYPE, d->pos, d->is_pub, d));
    check_distinct(f, d->params, d->nparams, d->pos);
    check_fields(f, d);
    for (int32_t i = 0; i < d->nvariants; i++) {
        variant *v = &d->variants[i];
        entity_declare(f, &names->variants, v->name, entity_new(f, ENTITY_VARIANT, v->pos, d->is_pub, v));
    }
}

static void declare_types(front *f, module *m, module_items *items, module_names *names) {
    m->ntypes = items->types.n;
    m->types = NEW_ARRAY(ARENA(f), type_decl *, m->ntypes);
    for (int32_t i = 0; i < m->ntypes; i++) {
        m->types[i] = items->types.items[i].decl;
        declare_type(f, names, m->types[i]);
        check_derives(f, &items->types.items[i]);
    }
}

/* -- Services and supervisors -------------------------------------------------------------------------------- */

static void service_init(front *f, module *m, service_item *item) {
    service *s = item->service;
    if (item->nfns == 0) diag_fail(f, s->pos, E_INIT, "service `%s` has no `init`", s->name);
    for (int32_t i = 0; i < item->nfns; i++) {
        if (strcmp(item->fns[i].name, "init") != 0)
            diag_fail(f, item->fns[i].pos, E_INIT, "the one function of a service is `init`, not `%s`",
                      item->fns[i].name);
        if (i) diag_fail(f, item->fns[i].pos, E_DOUBLED, "`init` is defined twice");
    }
    s->init = function_new(f, m, item->fns);
    function_join(f, s->init, item->fns, item->nfns);
}

static void service_check_handlers(front *f, const service *s) {
    for (int32_t i = 0; i < s->nhandlers; i++) {
        const handler *h = &s->handlers[i];
        if (strcmp(h->op, "start") == 0) diag_fail(f, h->pos, E_DOUBLED, "`start` is defined by every service");
        for (int32_t k = 0; k < i; k++)
            if (s->handlers[k].op == h->op) diag_fail(f, h->pos, E_DOUBLED, "`%s` is defined twice", h->name);
    }
}

static void declare_services(front *f, module *m, module_items *items, module_names *names) {
    m->nservices = items->services.n;
    m->services = NEW_ARRAY(ARENA(f), service *, m->nservices);
    for (int32_t i = 0; i < m->nservices; i++) {
        service *s = m->services[i] = items->services.items[i].service;
        entity_declare(f, &names->uppers, s->name, entity_new(f, ENTITY_SERVICE, s->pos, s->is_pub, s));
        service_init(f, m, &items->services.items[i]);
        service_check_handlers(f, s);
    }
}

/* Index of the word in the list, or an error. */
static int word_index(front *f, const word *w, diag_code number, const char *what, const char *const *list, int n) {
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], w->text) == 0) return i;
    diag_fail(f, w->pos, number, "unknown %s `%s`", what, w->text);
}

static void supervisor_words(front *f, const supervisor_item *item) {
    static const char *const strategies[] = {"one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"};
    static const char *const restarts[] = {"permanent", "transient", "temporary"};
    static const char *const shutdowns[] = {"brutal_kill", "infinity"};
    static const int64_t times[] = {BUSKIN_SHUTDOWN_KILL, BUSKIN_SHUTDOWN_INFINITY};
    static const char *const autos[] = {"never", "any_significant", "all_significant"};
    supervisor *s = item->supervisor;
    if (item->strategy.text)
        s->strategy = (strategy)word_index(f, &item->strategy, E_STRATEGY, "strategy", strategies, 4);
    if (item->auto_shutdown.text)
        s->auto_shutdown = (ending)word_index(f, &item->auto_shutdown, E_STRATEGY, "auto_shutdown", autos, 3);
    for (int32_t i = 0; i < s->nchildren; i++) {
        const child_item *c = &item->children[i];
        if (c->restart.text)
            s->children[i].restart = (restart)word_index(f, &c->restart, E_RESTART, "restart", restarts, 3);
        if (c->shutdown.text)
            s->children[i].shutdown_ms = times[word_index(f, &c->shutdown, E_SHUTDOWN, "shutdown", shutdowns, 2)];
    }
}

static void supervisor_children(front *f, const supervisor_item *item) {
    const supervisor *s = item->supervisor;
    for (int32_t i = 0; i < s->nchildren; i++) {
        const child *c = &s->children[i];
        if (!c->start) diag_fail(f, c->pos, E_CHILD_START, "child `%s` has no `start`; it must return Pid", c->name);
        for (int32_t k = 0; k < i; k++)
            if (s->children[k].name == c->name)
                diag_fail(f, c->pos, E_STRATEGY, "child `%s` is defined twice", c->name);
    }
    if (s->strategy == SIMPLE_ONE_FOR_ONE && s->nchildren != 1)
        diag_fail(f, item->strategy.pos, E_STRATEGY, "`simple_one_for_one` takes exactly one child");
}

/* The numbers, by the runtime's own tests: what it would refuse at the start does not compile. */
static void supervisor_numbers(front *f, const supervisor *s) {
    const int64_t most = UINT32_MAX;
    const buskin_supervisor_spec_t itself = {.size = sizeof itself,
                                             .child_count = (uint64_t)s->nchildren,
                                             .strategy = (uint32_t)s->strategy,
                                             .auto_shutdown = (uint32_t)s->auto_shutdown,
                                             .max_restarts =
                                                 (uint32_t)(s->max_restarts < most ? s->max_restarts : most),
                                             .window_ms = s->max_seconds < most ? s->max_seconds * 1000 : INT64_MAX};
    int32_t fault = spec_fault_in_supervisor(&itself);
    if (fault) diag_fail(f, s->pos, E_STRATEGY, "supervisor `%s`: %s", s->name, spec_fault_text(fault));
    for (int32_t i = 0; i < s->nchildren; i++) {
        const child *c = &s->children[i];
        const buskin_child_spec_t spec = {.size = sizeof spec, CHILD_NUMBERS(c)};
        fault = spec_fault_in_child(&spec, itself.auto_shutdown);
        diag_code number = fault == BUSKIN_ESPEC_SHUTDOWN ? E_SHUTDOWN : E_RESTART;
        if (fault) diag_fail(f, c->pos, number, "child `%s`: %s", c->name, spec_fault_text(fault));
    }
}

static void declare_supervisors(front *f, module *m, module_items *items, module_names *names) {
    m->nsupervisors = items->supervisors.n;
    m->supervisors = NEW_ARRAY(ARENA(f), supervisor *, m->nsupervisors);
    for (int32_t i = 0; i < m->nsupervisors; i++) {
        supervisor *s = m->supervisors[i] = items->supervisors.items[i].supervisor;
        entity_declare(f, &names->uppers, s->name, entity_new(f, ENTITY_SUPERVISOR, s->pos, s->is_pub, s));
        supervisor_words(f, &items->supervisors.items[i]);
        supervisor_children(f, &items->supervisors.items[i]);
        supervisor_numbers(f, s);
    }
}

void names_declare(front *f, module *m, module_items *items) {
    module_names *names = names_of(m);
    names->items = items;
    declare_types(f, m, items, names);
    declare_services(f, m, items, names);
    declare_supervisors(f, m, items, names);
    declare_actors(f, m, items, names);
    declare_functions(f, m, items, names);
}

/* -- Imports ------------------------------------------------------------------------------------------------- */

static module *find_module(front *f, const char *name) {
    for (int32_t i = 0; i < f->program.nmodules; i++) {
        module *m = f->program.modules[i];
        if (!m->is_prelude && strcmp(m->name, name) == 0) return m;
    }
    return NULL;
}

/* A copy of the entity under its name in the importing file; a type brings its variants along. */
static void import_entity(front *f, map *space, const char *name, const entity *e, pos at) {
    if (map_get(space, name)) diag_fail(f, at, E_DOUBLED, "`%s` is defined twice: the import hides a definition", name);
    entity *copy = NEW(ARENA(f), entity);
    *copy = *e;
    copy->is_pub = false;
    copy->is_imported = true;
    copy->pos = at;
    map_put(ARENA(f), space, name, copy);
}

static void import_variants(front *f, module_names *into, type_decl *d, pos at) {
    for (int32_t i = 0; i < d->nvariants; i++) {
        variant *v = &d->variants[i];
        if (!map_get(&into->variants, v->name))
            import_entity(f, &into->variants, v->name, entity_new(f, ENTITY_VARIANT, at, false, v), at);
    }
}

static void import_from_module(front *f, module_names *into, module *from, const import_name *n) {
    entity e = {.kind = ENTITY_MODULE, .as.module = from};
    entity *found = find_member(f, &e, n->name);
    if (!found) diag_fail(f, n->pos, E_MEMBER, "module `%s` has no public `%s`", from->name, n->name);
    bool is_value = found->kind == ENTITY_FUNCTION || found->kind == ENTITY_ACTOR;
    map *space = is_value ? &into->values : found->kind == ENTITY_VARIANT ? &into->variants : &into->uppers;
    import_entity(f, space, n->name, found, n->pos);
    if (found->kind == ENTITY_TYPE) import_variants(f, into, found->as.type, n->pos);
}

static void import_from_library(front *f, module_names *into, const char *library, const import_name *n) {
    const char *full = front_name(f, arena_printf(ARENA(f), "%s.%s", library, n->name));
    builtin *b = map_get(&f->builtins, full);
    if (!b) diag_fail(f, n->pos, E_MEMBER, "module `%s` has no `%s`", library, n->name);
    if (!map_get(&into->values, n->name))
        import_entity(f, &into->values, n->name, entity_new(f, ENTITY_BUILTIN, n->pos, false, b), n->pos);
}

static void import_item_names(front *f, module *m, const import_item *item) {
    module_names *into = names_of(m);
    module *from = item->is_nested ? NULL : find_module(f, item->path);
    bool is_library = !item->is_nested && !from && map_get(&f->builtin_modules, item->path);
    if (!from && !is_library) diag_fail(f, item->pos, E_MODULE, "module `%s` not found", item->text);
    if (!item->is_from && from)
        map_put(ARENA(f), &into->modules, item->path, entity_new(f, ENTITY_MODULE, item->pos, false, from));
    for (int32_t i = 0; i < item->nnames; i++) {
        if (from)
            import_from_module(f, into, from, &item->names[i]);
        else
            import_from_library(f, into, item->path, &item->names[i]);
    }
}

void names_import(front *f, module *m) {
    const module_items *items = names_of(m)->items;
    for (int32_t i = 0; i < items->imports.n; i++) import_item_names(f, m, &items->imports.items[i]);
}

/* -- Finding ------------------------------------------------------------------------------------------------- */

static entity *find_special(front *f, const char *name) {
    static const struct {
        const char *name;
        entity_kind kind;
    } specials[] = {{"spawn", ENTITY_SPAWN},
                    {"spawn_link", ENTITY_SPAWN_LINK},
                    {"spawn_monitor", ENTITY_SPAWN_MONITOR},
                    {"send", ENTITY_SEND}};
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (strcmp(specials[i].name, name) == 0) return entity_new(f, specials[i].kind, (pos){0}, true, NULL);
    return NULL;
}

static entity *find_builtin(front *f, const char *name) {
    builtin *b = map_get(&f->builtins, name);
    return b ? entity_new(f, ENTITY_BUILTIN, (pos){0}, true, b) : NULL;
}

entity *find_value(front *f, module *m, const char *name) {
    entity *e = map_get(&names_of(m)->values, name);
    if (!e) e = find_special(f, name);
    return e ? e : find_builtin(f, name);
}

entity *find_variant(front *f, module *m, const char *name) {
    entity *e = map_get(&names_of(m)->variants, name);
    return e ? e : map_get(&f->predeclared_variants, name);
}

entity *find_qualifier(front *f, module *m, const char *name) {
    entity *e = map_get(&names_of(m)->modules, name);
    if (!e) e = map_get(&names_of(m)->uppers, name);
    bool is_hidden = strcmp(name, "Prim") == 0 && !m->is_prelude;
    if (!e && map_get(&f->builtin_modules, name) && !is_hidden)
        e = entity_new(f, ENTITY_LIBRARY, (pos){0}, true, (void *)(uintptr_t)name);
    return e ? e : map_get(&f->predeclared_types, name);
}

type_decl *find_type(front *f, module *m, const char *name) {
    entity *e = m ? map_get(&names_of(m)->uppers, name) : NULL;
    if (!e) e = map_get(&f->predeclared_types, name);
    return e && e->kind == ENTITY_TYPE ? e->as.type : NULL;
}

static entity *module_member(const module *m, const char *name) {
    const module_names *names = names_of(m);
    const map *spaces[] = {&names->values, &names->uppers, &names->variants};
    for (int i = 0; i < 3; i++) {
        entity *e = map_get(spaces[i], name);
        if (e && e->is_pub) return e;
    }
    return NULL;
}

static entity *type_member(front *f, type_decl *d, const char *name) {
    for (int32_t i = 0; i < d->nvariants; i++)
        if (d->variants[i].name == name) return entity_new(f, ENTITY_VARIANT, d->pos, true, &d->variants[i]);
    return NULL;
}

entity *find_member(front *f, const entity *qualifier, const char *name) {
    switch (qualifier->kind) {
    case ENTITY_MODULE: return module_member(qualifier->as.module, name);
    case ENTITY_TYPE: {
        entity *e = type_member(f, qualifier->as.type, name);
        return e ? e : find_builtin(f, front_name(f, arena_printf(ARENA(f), "%s.%s", qualifier->as.type->name, name)));
    }
    case ENTITY_LIBRARY:
        return find_builtin(f, front_name(f, arena_printf(ARENA(f), "%s.%s", qualifier->as.builtin_module, name)));
    default: return NULL;
    }
}
