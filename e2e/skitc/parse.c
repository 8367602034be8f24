/*
 * parse.c - the parser's token handling, and the items of a file.
 *
 * Recursive descent with one token of lookahead. The one piece of state besides the position is the newline flag of
 * section 1 of the language: while it is off, parse_peek skips NEWLINE tokens. A rule that opens a bracket or a body
 * keeps the old value and gives it to parse_close, which restores it before the next peek.
 *
 * Items are only collected here; joining clauses to functions and checking them is names.c.
 */
#include "parse.h"
#include "buskin.h"

#define ARENA(p) (&(p)->f->arena)

/* -- Tokens -------------------------------------------------------------------------------------------------- */

const token *parse_peek(parser *p) {
    if (!p->newlines)
        while (p->tokens[p->at].kind == T_NEWLINE) p->at++;
    return &p->tokens[p->at];
}

bool parse_at(parser *p, token_kind kind) { return parse_peek(p)->kind == kind; }

const token *parse_next(parser *p) {
    const token *t = parse_peek(p);
    if (t->kind != T_EOF && t->kind != T_BAD) p->at++;
    return t;
}

bool parse_accept(parser *p, token_kind kind) {
    bool found = parse_at(p, kind);
    if (found) parse_next(p);
    return found;
}

void parse_fail(parser *p, const char *expected) {
    const token *t = parse_peek(p);
    if (t->kind == T_BAD) diag_fail(p->f, t->pos, E_LEXICAL, "%s", t->text);
    diag_fail(p->f, t->pos, E_SYNTAX, "expected %s, found %s", expected, token_text(p->f, t));
}

const token *parse_expect(parser *p, token_kind kind) {
    if (!parse_at(p, kind)) parse_fail(p, token_kind_text(p->f, kind));
    return parse_next(p);
}

bool parse_word(parser *p, const char *text) {
    const token *t = parse_peek(p);
    return t->kind == T_LNAME && strcmp(t->text, text) == 0;
}

void parse_skip_newlines(parser *p) {
    while (p->tokens[p->at].kind == T_NEWLINE) p->at++;
}

void parse_separators(parser *p) {
    while (parse_at(p, T_NEWLINE) || parse_at(p, T_SEMICOLON)) parse_next(p);
}

bool parse_newlines(parser *p, bool on) {
    bool old = p->newlines;
    p->newlines = on;
    return old;
}

void parse_close(parser *p, token_kind closer, bool old) {
    parse_expect(p, closer);
    p->newlines = old;
}

void parse_enter(parser *p) {
    if (++p->nesting > MAX_NESTING) diag_fail(p->f, parse_peek(p)->pos, E_SYNTAX, "nested too deeply");
}

void parse_leave(parser *p) { p->nesting--; }

/* Words with a colon after them, `strategy:`; true if it is the one here. */
static bool parse_label(parser *p, const char *text) {
    if (!parse_word(p, text)) return false;
    parse_next(p);
    parse_expect(p, T_COLON);
    return true;
}

/* -- Functions ----------------------------------------------------------------------------------------------- */

static void parse_guard(parser *p, clause *c) {
    if (parse_accept(p, T_WHEN)) c->guard = parse_expr(p);
}

static fn_item parse_fn(parser *p, pos at, bool is_pub) {
    parse_next(p);
    clause *c = NEW(ARENA(p), clause);
    fn_item fn = {.pos = at, .is_pub = is_pub, .clause = c};
    c->pos = at;
    fn.name = parse_expect(p, T_LNAME)->text;
    c->ngenerics = parse_generics(p, &c->generics);
    if (parse_at(p, T_LPAREN)) parse_params(p, c);
    if (parse_accept(p, T_ARROW)) c->result = parse_type(p);
    parse_guard(p, c);
    if (parse_accept(p, T_ASSIGN)) {
        parse_skip_newlines(p);
        c->body = parse_expr(p);
    } else if (parse_at(p, T_DO)) {
        c->body = parse_block(p);
    } else {
        parse_fail(p, "`=` or `do`");
    }
    return fn;
}

/* -- Types --------------------------------------------------------------------------------------------------- */

static void parse_struct_fields(parser *p, type_decl *d) {
    VEC(field) fields = {0};
    for (parse_separators(p); !parse_at(p, T_END); parse_separators(p)) {
        const token *t = parse_expect(p, T_LNAME);
        parse_expect(p, T_COLONS);
        field item = {.name = t->text, .pos = t->pos, .written = parse_type(p)};
        vec_push(ARENA(p), fields, item);
    }
    d->fields = fields.items;
    d->nfields = fields.n;
}

static void parse_variant_fields(parser *p, variant *v) {
    VEC(field) fields = {0};
    bool old = parse_newlines(p, false);
    do {
        if (fields.n && parse_at(p, T_RPAREN)) break;
        field item = {.pos = parse_peek(p)->pos};
        if (parse_at(p, T_LNAME)) {
            item.name = parse_next(p)->text;
            parse_expect(p, T_COLONS);
        }
        item.written = parse_type(p);
        vec_push(ARENA(p), fields, item);
    } while (parse_accept(p, T_COMMA));
    parse_close(p, T_RPAREN, old);
    v->fields = fields.items;
    v->nfields = fields.n;
}

static void parse_variants(parser *p, type_decl *d) {
    VEC(variant) variants = {0};
    for (parse_separators(p); !parse_at(p, T_END); parse_separators(p)) {
        const token *t = parse_expect(p, T_UNAME);
        variant v = {.name = t->text, .pos = t->pos, .decl = d, .index = variants.n};
        if (parse_accept(p, T_LPAREN)) parse_variant_fields(p, &v);
        vec_push(ARENA(p), variants, v);
    }
    d->variants = variants.items;
    d->nvariants = variants.n;
}

static void parse_deriving(parser *p, type_item *item) {
    VEC(derive_name) derives = {0};
    if (!parse_word(p, "deriving")) return;
    parse_next(p);
    parse_expect(p, T_LPAREN);
    bool old = parse_newlines(p, false);
    while (!parse_at(p, T_RPAREN)) {
        const token *t = parse_expect(p, T_UNAME);
        derive_name d = {t->text, t->pos};
        vec_push(ARENA(p), derives, d);
        if (!parse_accept(p, T_COMMA)) break;
    }
    parse_close(p, T_RPAREN, old);
    item->derives = derives.items;
    item->nderives = derives.n;
}

static type_item parse_type_item(parser *p, pos at, bool is_pub) {
    type_decl *d = NEW(ARENA(p), type_decl);
    type_item item = {.decl = d};
    bool is_struct = parse_next(p)->kind == T_STRUCT;
    d->kind = is_struct ? DECL_STRUCT : DECL_SUM;
    d->pos = at;
    d->module = p->module;
    d->is_pub = is_pub;
    d->name = parse_expect(p, T_UNAME)->text;
    d->nparams = parse_generics(p, &d->params);
    if (!is_struct && parse_accept(p, T_ASSIGN)) {
        parse_skip_newlines(p);
        d->kind = DECL_ALIAS;
        d->target = parse_type(p);
        return item;
    }
    parse_expect(p, T_DO);
    if (is_struct)
        parse_struct_fields(p, d);
    else
        parse_variants(p, d);
    parse_expect(p, T_END);
    parse_deriving(p, &item);
    return item;
}

/* -- Actors and services ------------------------------------------------------------------------------------- */

/* `|name|` after a `do`, or NULL. */
static local *parse_bar_name(parser *p) {
    if (!parse_accept(p, T_BAR)) return NULL;
    const token *t = parse_expect(p, T_LNAME);
    local *l = NEW(ARENA(p), local);
    l->name = t->text;
    l->pos = t->pos;
    parse_expect(p, T_BAR);
    return l;
}

static void parse_terminate(parser *p, actor *a) {
    if (!parse_accept(p, T_TERMINATE)) return;
    pos at = parse_expect(p, T_DO)->pos;
    a->reason = parse_bar_name(p);
    a->terminate = parse_stmts(p, at);
    parse_expect(p, T_END);
    parse_separators(p);
}

static actor *parse_actor(parser *p, pos at, bool is_pub) {
    parse_next(p);
    actor *a = NEW(ARENA(p), actor);
    a->pos = a->clause.pos = at;
    a->module = p->module;
    a->is_pub = is_pub;
    a->name = parse_expect(p, T_LNAME)->text;
    if (parse_at(p, T_LPAREN)) parse_params(p, &a->clause);
    a->bound = parse_mailbox(p);
    pos body = parse_expect(p, T_DO)->pos;
    a->clause.body = parse_stmts(p, body);
    parse_terminate(p, a);
    parse_expect(p, T_END);
    return a;
}

/* `GetCount` is called as `get_count`. */
static const char *snake_case(front *f, const char *name) {
    char *text = arena_alloc(&f->arena, strlen(name) * 2 + 1), *out = text;
    for (const char *c = name; *c; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';
        if (is_upper && c != name) *out++ = '_';
        *out++ = is_upper ? (char)(*c | 0x20) : *c;
    }
    return front_name(f, text);
}

static handler parse_handler(parser *p, service *s) {
    const token *t = parse_next(p);
    handler h = {.is_call = t->kind == T_CALL, .pos = t->pos, .service = s};
    h.clause.pos = t->pos;
    h.name = parse_expect(p, T_UNAME)->text;
    h.op = snake_case(p->f, h.name);
    if (parse_at(p, T_LPAREN)) parse_params(p, &h.clause);
    if (h.is_call && parse_accept(p, T_COLONS)) h.written_reply = parse_type(p);
    pos body = parse_expect(p, T_DO)->pos;
    h.state = parse_bar_name(p);
    h.clause.body = parse_stmts(p, body);
    parse_expect(p, T_END);
    return h;
}

static service_item parse_service(parser *p, pos at, bool is_pub) {
    parse_next(p);
    service *s = NEW(ARENA(p), service);
    service_item item = {.service = s};
    VEC(fn_item) fns = {0};
    VEC(handler) handlers = {0};
    s->pos = at;
    s->module = p->module;
    s->is_pub = is_pub;
    s->name = parse_expect(p, T_UNAME)->text;
    s->bound = parse_mailbox(p);
    if (s->bound && s->bound->policy == BUSKIN_POLICY_COALESCE)
        diag_fail(p->f, s->bound->pos, E_POLICY,
                  "casts cannot be coalesced: `block`, `drop_new`, `drop_old` or `fail`");
    parse_expect(p, T_DO);
    for (parse_separators(p); !parse_at(p, T_END); parse_separators(p)) {
        if (parse_at(p, T_FN) || parse_at(p, T_DEF))
            vec_push(ARENA(p), fns, parse_fn(p, parse_peek(p)->pos, false));
        else if (parse_at(p, T_CALL) || parse_at(p, T_CAST))
            vec_push(ARENA(p), handlers, parse_handler(p, s));
        else
            parse_fail(p, "`fn`, `call`, `cast` or `end`");
    }
    parse_expect(p, T_END);
    for (int32_t i = 0; i < handlers.n; i++) handlers.items[i].index = i;
    s->handlers = handlers.items;
    s->nhandlers = handlers.n;
    item.fns = fns.items;
    item.nfns = fns.n;
    return item;
}

/* -- Supervisors --------------------------------------------------------------------------------------------- */

static word parse_word_value(parser *p) {
    const token *t = parse_expect(p, T_LNAME);
    return (word){t->text, t->pos};
}

static int64_t parse_count(parser *p) {
    if (!parse_at(p, T_INT) || parse_peek(p)->as.integer >> 63) parse_fail(p, "a number");
    return (int64_t)parse_next(p)->as.integer;
}

enum { DEFAULT_RESTARTS = 3, DEFAULT_SECONDS = 5, DEFAULT_SHUTDOWN_MS = 5000 };

static void parse_shutdown(parser *p, child *c, child_item *item) {
    if (parse_at(p, T_LNAME)) {
        item->shutdown = parse_word_value(p);
    } else {
        c->shutdown_ms = parse_count(p);
    }
}

static bool parse_truth(parser *p) {
    if (!parse_at(p, T_TRUE) && !parse_at(p, T_FALSE)) parse_fail(p, "`true` or `false`");
    return parse_next(p)->kind == T_TRUE;
}

/* Backoff and circuit breaker, each off unless it is asked for. false: none of their words. */
static bool parse_retry(parser *p, child *c) {
    const struct {
        const char *label;
        uint32_t *value;
    } numbers[] = {{"backoff_min", &c->backoff_min},
                   {"backoff_max", &c->backoff_max},
                   {"breaker_failures", &c->breaker_failures},
                   {"breaker_window", &c->breaker_window},
                   {"breaker_cooldown", &c->breaker_cooldown}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!parse_label(p, numbers[i].label)) continue;
        int64_t value = parse_count(p);
        *numbers[i].value = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
        return true;
    }
    return false;
}

static child parse_child(parser *p, child_item *item) {
    child c = {.pos = parse_next(p)->pos, .shutdown_ms = DEFAULT_SHUTDOWN_MS};
    c.name = parse_expect(p, T_LNAME)->text;
    parse_expect(p, T_DO);
    for (parse_separators(p); !parse_at(p, T_END); parse_separators(p)) {
        if (parse_label(p, "start"))
            c.start = parse_expr(p);
        else if (parse_label(p, "restart"))
            item->restart = parse_word_value(p);
        else if (parse_label(p, "shutdown"))
            parse_shutdown(p, &c, item);
        else if (parse_label(p, "significant"))
            c.significant = parse_truth(p);
        else if (!parse_retry(p, &c))
            parse_fail(p, "`start`, `restart`, `shutdown`, `significant`, `backoff_...`, `breaker_...` or `end`");
    }
    parse_expect(p, T_END);
    return c;
}

static supervisor_item parse_supervisor(parser *p, pos at, bool is_pub) {
    parse_next(p);
    supervisor *s = NEW(ARENA(p), supervisor);
    supervisor_item item = {.supervisor = s};
    VEC(child) children = {0};
    VEC(child_item) words = {0};
    *s = (supervisor){.pos = at, .module = p->module, .is_pub = is_pub};
    s->max_restarts = DEFAULT_RESTARTS;
    s->max_seconds = DEFAULT_SECONDS;
    s->name = parse_expect(p, T_UNAME)->text;
    parse_expect(p, T_DO);
    for (parse_separators(p); !parse_at(p, T_END); parse_separators(p)) {
        if (parse_label(p, "strategy"))
            item.strategy = parse_word_value(p);
        else if (parse_label(p, "auto_shutdown"))
            item.auto_shutdown = parse_word_value(p);
        else if (parse_label(p, "max_restarts"))
            s->max_restarts = parse_count(p);
        else if (parse_label(p, "max_seconds"))
            s->max_seconds = parse_count(p);
        else if (parse_word(p, "child")) {
            child_item words_of = {0};
            vec_push(ARENA(p), children, parse_child(p, &words_of));
            vec_push(ARENA(p), words, words_of);
        } else
            parse_fail(p, "`strategy`, `max_restarts`, `max_seconds`, `auto_shutdown`, `child` or `end`");
    }
    parse_expect(p, T_END);
    s->children = children.items;
    s->nchildren = children.n;
    item.children = words.items;
    return item;
}

/* -- Files --------------------------------------------------------------------------------------------------- */

static void parse_import_names(parser *p, import_item *item) {
    VEC(import_name) list = {0};
    do {
        bool is_name = parse_at(p, T_LNAME) || parse_at(p, T_UNAME);
        if (!is_name) parse_fail(p, "a name");
        const token *t = parse_next(p);
        import_name n = {t->text, t->pos};
        vec_push(ARENA(p), list, n);
        if (!parse_accept(p, T_COMMA)) break;
    } while (parse_at(p, T_LNAME) || parse_at(p, T_UNAME));
    item->names = list.items;
    item->nnames = list.n;
}

static import_item parse_import(parser *p) {
    const token *t = parse_next(p);
    import_item item = {.pos = t->pos, .is_from = t->kind != T_IMPORT};
    item.path = item.text = parse_expect(p, T_UNAME)->text;
    while (parse_accept(p, T_DOT)) {
        item.is_nested = true;
        item.path = parse_expect(p, T_UNAME)->text;
        item.text = arena_printf(ARENA(p), "%s.%s", item.text, item.path);
    }
    if (item.is_from) {
        parse_expect(p, T_IMPORT);
        parse_import_names(p, &item);
    }
    return item;
}

static void parse_item(parser *p, module_items *items) {
    pos at = parse_peek(p)->pos;
    bool is_pub = parse_accept(p, T_PUB);
    p->items++;
    switch (parse_peek(p)->kind) {
    case T_FN:
    case T_DEF:
        vec_push(ARENA(p), items->fns, parse_fn(p, at, is_pub));
        vec_push(ARENA(p), items->fn_order, p->items);
        return;
    case T_STRUCT:
    case T_TYPE: vec_push(ARENA(p), items->types, parse_type_item(p, at, is_pub)); return;
    case T_ACTOR: vec_push(ARENA(p), items->actors, parse_actor(p, at, is_pub)); return;
    case T_SERVICE: vec_push(ARENA(p), items->services, parse_service(p, at, is_pub)); return;
    case T_SUPERVISOR: vec_push(ARENA(p), items->supervisors, parse_supervisor(p, at, is_pub)); return;
    default: parse_fail(p, is_pub ? "a definition after `pub`" : "a definition");
    }
}

module_items *parse_module(front *f, module *m) {
    parser p = {.f = f, .module = m, .tokens = lex_file(f, m->file), .newlines = true};
    module_items *items = NEW(&f->arena, module_items);
    for (parse_separators(&p); !parse_at(&p, T_EOF); parse_separators(&p)) {
        bool is_import = parse_at(&p, T_IMPORT) || parse_word(&p, "from");
        if (is_import)
            vec_push(&f->arena, items->imports, parse_import(&p));
        else
            parse_item(&p, items);
    }
    return items;
}
