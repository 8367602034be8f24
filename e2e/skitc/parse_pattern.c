/*
 * parse_pattern.c - patterns, parameters and types.
 */
#include "parse.h"

#define ARENA(p) (&(p)->f->arena)

/* -- Types --------------------------------------------------------------------------------------------------- */

static type_node *node_new(parser *p, int kind, pos at) {
    type_node *n = NEW(ARENA(p), type_node);
    n->kind = kind;
    n->pos = at;
    return n;
}

static void node_args(parser *p, type_node *n, token_kind closer) {
    VEC(type_node *) args = {0};
    while (!parse_at(p, closer)) {
        vec_push(ARENA(p), args, parse_type(p));
        if (!parse_accept(p, T_COMMA)) break;
    }
    n->args = args.items;
    n->nargs = args.n;
}

/* The `>` after type arguments; `>=` is split, as in `let x :: List<Int>= e`. */
static void node_close_angle(parser *p) {
    if (!parse_at(p, T_GE)) {
        parse_expect(p, T_GT);
        return;
    }
    token *t = (token *)(uintptr_t)parse_peek(p);
    t->kind = T_ASSIGN;
    t->pos.col++;
}

static type_node *node_paren(parser *p) {
    pos at = parse_expect(p, T_LPAREN)->pos;
    bool old = parse_newlines(p, false);
    type_node *n = node_new(p, NODE_TUPLE, at);
    node_args(p, n, T_RPAREN);
    parse_close(p, T_RPAREN, old);
    return n->nargs == 1 ? n->args[0] : n;
}

static type_node *node_fun(parser *p, pos at) {
    type_node *n = node_new(p, NODE_FUN, at);
    parse_expect(p, T_LPAREN);
    bool old = parse_newlines(p, false);
    node_args(p, n, T_RPAREN);
    parse_close(p, T_RPAREN, old);
    parse_expect(p, T_ARROW);
    type_node **args = NEW_ARRAY(ARENA(p), type_node *, n->nargs + 1);
    if (n->nargs) memcpy(args, n->args, sizeof *args * (size_t)n->nargs);
    args[n->nargs++] = parse_type(p);
    n->args = args;
    return n;
}

static type_node *node_base(parser *p) {
    if (parse_at(p, T_LPAREN)) return node_paren(p);
    if (!parse_at(p, T_UNAME) && !(p->lower_types && parse_at(p, T_LNAME))) parse_fail(p, "a type");
    const token *t = parse_next(p);
    if (strcmp(t->text, "Fun") == 0 && parse_at(p, T_LPAREN)) return node_fun(p, t->pos);
    type_node *n = node_new(p, NODE_NAME, t->pos);
    n->name = t->text;
    if (!parse_accept(p, T_LT)) return n;
    if (parse_at(p, T_GT)) parse_fail(p, "a type");
    node_args(p, n, T_GT);
    node_close_angle(p);
    return n;
}

static type_node *node_wrap(parser *p, int kind, type_node *first, type_node *second) {
    type_node *n = node_new(p, kind, first->pos);
    n->args = NEW_ARRAY(ARENA(p), type_node *, 2);
    n->args[0] = first;
    n->args[1] = second;
    n->nargs = second ? 2 : 1;
    return n;
}

type_node *parse_type(parser *p) {
    parse_enter(p);
    type_node *n = node_base(p);
    for (int marks = 0; parse_accept(p, T_QUESTION); marks++) {
        if (marks == MAX_NESTING) parse_fail(p, "fewer `?`");
        n = node_wrap(p, NODE_OPTION, n, NULL);
    }
    if (parse_accept(p, T_BANG)) n = node_wrap(p, NODE_RESULT, n, parse_type(p));
    parse_leave(p);
    return n;
}

type_node *parse_type_text(front *f, const char *text) {
    source_file source = {"builtins.def", text, strlen(text)};
    source_file *files = f->program.files;
    f->program.files = &source;
    parser p = {.f = f, .tokens = lex_file(f, 0), .lower_types = true};
    f->program.files = files;
    return parse_type(&p);
}

int32_t parse_generics(parser *p, const char ***names) {
    VEC(const char *) list = {0};
    if (!parse_accept(p, T_LT)) return 0;
    do {
        if (list.n && parse_at(p, T_GT)) break;
        vec_push(ARENA(p), list, parse_expect(p, T_UNAME)->text);
    } while (parse_accept(p, T_COMMA));
    node_close_angle(p);
    *names = list.items;
    return list.n;
}

/* -- Patterns ------------------------------------------------------------------------------------------------ */

static pattern *pattern_new(parser *p, pattern_kind kind, pos at) {
    pattern *n = NEW(ARENA(p), pattern);
    n->kind = kind;
    n->pos = at;
    return n;
}

static void pattern_items(parser *p, pattern *n, token_kind closer) {
    bool old = parse_newlines(p, false);
    VEC(pattern *) items = {0};
    while (!parse_at(p, closer)) {
        vec_push(ARENA(p), items, parse_pattern(p));
        if (!parse_accept(p, T_COMMA)) break;
    }
    parse_close(p, closer, old);
    n->items = items.items;
    n->nitems = items.n;
}

static pattern *pattern_paren(parser *p, pos at) {
    pattern *n = pattern_new(p, PAT_TUPLE, at);
    pattern_items(p, n, T_RPAREN);
    if (n->nitems == 0) n->kind = PAT_UNIT;
    return n->nitems == 1 ? n->items[0] : n;
}

static pattern *pattern_number(parser *p, pos at, bool is_negative) {
    if (parse_at(p, T_FLOAT)) {
        pattern *n = pattern_new(p, PAT_FLOAT, at);
        n->as.real = parse_next(p)->as.real;
        if (is_negative) n->as.real = -n->as.real;
        return n;
    }
    if (!parse_at(p, T_INT)) parse_fail(p, "a number");
    const token *t = parse_next(p);
    if (!is_negative && t->as.integer >> 63) diag_fail(p->f, t->pos, E_LEXICAL, "the number is too large for `Int`");
    pattern *n = pattern_new(p, PAT_INT, at);
    n->as.integer = (int64_t)(is_negative ? 0 - t->as.integer : t->as.integer);
    return n;
}

static pattern *pattern_string(parser *p, pos at) {
    pattern *n = pattern_new(p, PAT_STRING, at);
    n->as.string.text = "";
    if (parse_at(p, T_STRING_TEXT)) {
        const token *t = parse_next(p);
        n->as.string.text = t->text;
        n->as.string.len = t->len;
    }
    parse_expect(p, T_STRING_END);
    return n;
}

/* `{ x, y: pattern }` of a struct pattern; the `{` is taken. */
static void pattern_fields(parser *p, pattern *n) {
    bool old = parse_newlines(p, false);
    VEC(pattern *) items = {0};
    VEC(const char *) field_names = {0};
    VEC(pos) places = {0};
    while (!parse_at(p, T_RBRACE)) {
        const token *t = parse_expect(p, T_LNAME);
        pattern *item;
        if (parse_accept(p, T_COLON))
            item = parse_pattern(p);
        else {
            item = pattern_new(p, PAT_NAME, t->pos);
            item->name = t->text;
        }
        vec_push(ARENA(p), field_names, t->text);
        vec_push(ARENA(p), places, t->pos);
        vec_push(ARENA(p), items, item);
        parse_accept(p, T_COMMA);
    }
    parse_close(p, T_RBRACE, old);
    n->kind = PAT_STRUCT;
    n->items = items.items;
    n->nitems = items.n;
    n->field_names = field_names.items;
    n->field_pos = places.items;
}

static pattern *pattern_uname(parser *p, const token *t) {
    pattern *n = pattern_new(p, PAT_CTOR, t->pos);
    n->name = t->text;
    if (parse_accept(p, T_DOT)) {
        n->qualifier = n->name;
        n->name = parse_expect(p, T_UNAME)->text;
    } else if (parse_accept(p, T_LBRACE)) {
        pattern_fields(p, n);
        return n;
    }
    if (parse_accept(p, T_LPAREN)) {
        if (parse_at(p, T_RPAREN)) parse_fail(p, "a pattern");
        pattern_items(p, n, T_RPAREN);
    }
    return n;
}

static pattern *pattern_name(parser *p, const token *t) {
    pattern *n = pattern_new(p, strcmp(t->text, "_") == 0 ? PAT_WILD : PAT_NAME, t->pos);
    n->name = t->text;
    return n;
}

static pattern *pattern_bool(parser *p, const token *t) {
    pattern *n = pattern_new(p, PAT_BOOL, t->pos);
    n->as.truth = t->kind == T_TRUE;
    return n;
}

static pattern *pattern_list(parser *p, pos at) {
    pattern *n = pattern_new(p, PAT_LIST, at);
    pattern_items(p, n, T_RBRACKET);
    return n;
}

pattern *parse_primary_pattern(parser *p) {
    const token *t = parse_peek(p);
    if (t->kind == T_INT || t->kind == T_FLOAT) return pattern_number(p, t->pos, false);
    switch (t->kind) {
    case T_LNAME: return pattern_name(p, parse_next(p));
    case T_UNAME: return pattern_uname(p, parse_next(p));
    case T_MINUS: parse_next(p); return pattern_number(p, t->pos, true);
    case T_STRING_BEGIN: parse_next(p); return pattern_string(p, t->pos);
    case T_TRUE:
    case T_FALSE: return pattern_bool(p, parse_next(p));
    case T_NIL: parse_next(p); return pattern_new(p, PAT_UNIT, t->pos);
    case T_LPAREN: parse_next(p); return pattern_paren(p, t->pos);
    case T_LBRACKET: parse_next(p); return pattern_list(p, t->pos);
    default: parse_fail(p, "a pattern");
    }
}

pattern *parse_or_pattern(parser *p) {
    pattern *first = parse_primary_pattern(p);
    if (!parse_at(p, T_BAR)) return first;
    pattern *n = pattern_new(p, PAT_OR, first->pos);
    VEC(pattern *) items = {0};
    vec_push(ARENA(p), items, first);
    while (parse_accept(p, T_BAR)) vec_push(ARENA(p), items, parse_primary_pattern(p));
    n->items = items.items;
    n->nitems = items.n;
    return n;
}

static pattern *pattern_cons(parser *p) {
    pattern *head = parse_or_pattern(p);
    if (!parse_accept(p, T_COLONS)) return head;
    parse_enter(p);
    pattern *n = pattern_new(p, PAT_CONS, head->pos);
    n->items = NEW_ARRAY(ARENA(p), pattern *, 2);
    n->items[0] = head;
    n->items[1] = pattern_cons(p);
    n->nitems = 2;
    parse_leave(p);
    return n;
}

pattern *parse_pattern(parser *p) {
    parse_enter(p);
    pattern *n = pattern_cons(p);
    if (parse_word(p, "as")) {
        parse_next(p);
        pattern *whole = pattern_new(p, PAT_AS, n->pos);
        whole->name = parse_expect(p, T_LNAME)->text;
        whole->items = NEW(ARENA(p), pattern *);
        whole->items[0] = n;
        whole->nitems = 1;
        n = whole;
    }
    parse_leave(p);
    return n;
}

/* -- Parameters ---------------------------------------------------------------------------------------------- */

static void param_parse(parser *p, clause *c, int32_t *room_params, int32_t *room_types) {
    if (c->nparams == *room_params)
        c->params = vec_grow(ARENA(p), c->params, c->nparams, room_params, sizeof *c->params);
    if (c->nparams == *room_types)
        c->annotations = vec_grow(ARENA(p), c->annotations, c->nparams, room_types, sizeof *c->annotations);
    pattern *n = parse_or_pattern(p);
    bool is_name = n->kind == PAT_NAME || n->kind == PAT_WILD;
    c->params[c->nparams] = n;
    c->annotations[c->nparams] = is_name && parse_accept(p, T_COLONS) ? parse_type(p) : NULL;
    c->nparams++;
}

void parse_params(parser *p, clause *c) {
    int32_t room_params = 0, room_types = 0;
    parse_expect(p, T_LPAREN);
    bool old = parse_newlines(p, false);
    while (!parse_at(p, T_RPAREN)) {
        param_parse(p, c, &room_params, &room_types);
        if (!parse_accept(p, T_COMMA)) break;
    }
    parse_close(p, T_RPAREN, old);
}

void parse_bare_params(parser *p, clause *c) {
    int32_t room_params = 0, room_types = 0;
    while (!parse_at(p, T_ARROW) && !parse_at(p, T_DO) && !parse_at(p, T_WHEN)) {
        param_parse(p, c, &room_params, &room_types);
        if (!parse_accept(p, T_COMMA)) break;
    }
}
