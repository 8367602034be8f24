/*
 * parse_expr.c - expressions and statements.
 *
 * Binary operators by precedence climbing over one table (section 3 of the language). Whether a line end ends the
 * expression is decided in one place, operator_here: while newlines count, an operator on the next line is only taken
 * if it cannot begin an expression.
 */
#include "parse.h"

#define ARENA(p) (&(p)->f->arena)

static expr *expr_new(parser *p, expr_kind kind, pos at) {
    expr *e = NEW(ARENA(p), expr);
    e->kind = kind;
    e->pos = e->start = at;
    return e;
}

/* Accounts for the height of the tree; everything after the parser may recurse over it. */
static expr *adopt(parser *p, expr *parent, const expr *item) {
    if (item && item->depth >= parent->depth) parent->depth = item->depth + 1;
    if (parent->depth > MAX_DEPTH) diag_fail(p->f, parent->pos, E_SYNTAX, "the expression is nested too deeply");
    return parent;
}

static expr *name_new(parser *p, const token *t) {
    expr *e = expr_new(p, EXPR_NAME, t->pos);
    e->as.name.name = t->text;
    return e;
}

/* -- Literals ------------------------------------------------------------------------------------------------ */

static expr *parse_int(parser *p, bool after_minus) {
    const token *t = parse_next(p);
    if (!after_minus && t->as.integer >> 63) diag_fail(p->f, t->pos, E_LEXICAL, "the number is too large for `Int`");
    expr *e = expr_new(p, EXPR_INT, t->pos);
    e->as.integer = (int64_t)t->as.integer;
    return e;
}

static expr *parse_float(parser *p) {
    const token *t = parse_next(p);
    expr *e = expr_new(p, EXPR_FLOAT, t->pos);
    e->as.real = t->as.real;
    return e;
}

static expr *parse_truth(parser *p) {
    const token *t = parse_next(p);
    expr *e = expr_new(p, EXPR_BOOL, t->pos);
    e->as.truth = t->kind == T_TRUE;
    return e;
}

static string_part parse_string_part(parser *p, expr *string) {
    string_part part = {0};
    if (parse_at(p, T_STRING_TEXT)) {
        const token *t = parse_next(p);
        part.text = t->text;
        part.len = t->len;
        return part;
    }
    parse_expect(p, T_INTERPOLATION);
    bool old = parse_newlines(p, false);
    part.value = parse_expr(p);
    adopt(p, string, part.value);
    parse_close(p, T_INTERPOLATION_END, old);
    return part;
}

static expr *parse_string(parser *p) {
    expr *e = expr_new(p, EXPR_STRING, parse_next(p)->pos);
    VEC(string_part) parts = {0};
    while (!parse_at(p, T_STRING_END)) vec_push(ARENA(p), parts, parse_string_part(p, e));
    parse_next(p);
    e->as.string.parts = parts.items;
    e->as.string.nparts = parts.n;
    return e;
}

/* -- Brackets ------------------------------------------------------------------------------------------------ */

/* Expressions up to the closer; the opening token is taken. */
static int32_t parse_items(parser *p, expr *parent, token_kind closer, expr ***items) {
    bool old = parse_newlines(p, false);
    VEC(expr *) list = {0};
    while (!parse_at(p, closer)) {
        expr *item = parse_expr(p);
        adopt(p, parent, item);
        vec_push(ARENA(p), list, item);
        if (!parse_accept(p, T_COMMA)) break;
    }
    parse_close(p, closer, old);
    *items = list.items;
    return list.n;
}

/* The parentheses stay visible as `start`, the node itself keeps its own place. */
static expr *parse_paren(parser *p) {
    expr *e = expr_new(p, EXPR_TUPLE, parse_next(p)->pos);
    e->as.list.nitems = parse_items(p, e, T_RPAREN, &e->as.list.items);
    if (e->as.list.nitems == 0) e->kind = EXPR_UNIT;
    if (e->as.list.nitems != 1) return e;
    expr *only = e->as.list.items[0];
    only->start = e->pos;
    only->in_parens = true;
    return only;
}

static expr *parse_list(parser *p) {
    expr *e = expr_new(p, EXPR_LIST, parse_next(p)->pos);
    e->as.list.nitems = parse_items(p, e, T_RBRACKET, &e->as.list.items);
    return e;
}

/* `{ name: value, .. }`; the newline flag is off and the caller closes. */
static void parse_fields(parser *p, expr *e) {
    VEC(const char *) labels = {0};
    VEC(pos) places = {0};
    VEC(expr *) values = {0};
    while (!parse_at(p, T_RBRACE)) {
        const token *t = parse_expect(p, T_LNAME);
        vec_push(ARENA(p), labels, t->text);
        vec_push(ARENA(p), places, t->pos);
        parse_expect(p, T_COLON);
        expr *value = parse_expr(p);
        adopt(p, e, value);
        vec_push(ARENA(p), values, value);
        parse_accept(p, T_COMMA);
    }
    e->as.record.names = labels.items;
    e->as.record.names_pos = places.items;
    e->as.record.values = values.items;
    e->as.record.nfields = values.n;
}

static expr *parse_struct(parser *p, const token *name) {
    expr *e = expr_new(p, EXPR_STRUCT, name->pos);
    e->as.record.name = name->text;
    parse_expect(p, T_LBRACE);
    bool old = parse_newlines(p, false);
    parse_fields(p, e);
    parse_close(p, T_RBRACE, old);
    return e;
}

/* `%{base | field: value}`; the lexer gives `%` and `{`. */
static expr *parse_update(parser *p) {
    expr *e = expr_new(p, EXPR_UPDATE, parse_next(p)->pos);
    parse_expect(p, T_LBRACE);
    bool old = parse_newlines(p, false);
    e->as.record.base = parse_expr(p);
    adopt(p, e, e->as.record.base);
    parse_expect(p, T_BAR);
    parse_fields(p, e);
    parse_close(p, T_RBRACE, old);
    return e;
}

/* -- Statements and blocks ----------------------------------------------------------------------------------- */

static stmt parse_stmt(parser *p) {
    stmt s = {.pos = parse_peek(p)->pos};
    if (parse_accept(p, T_LET)) {
        s.let = parse_primary_pattern(p);
        if (parse_accept(p, T_COLONS)) s.annotation = parse_type(p);
        parse_expect(p, T_ASSIGN);
        parse_skip_newlines(p);
    }
    s.value = parse_expr(p);
    return s;
}

expr *parse_stmts(parser *p, pos at) {
    expr *e = expr_new(p, EXPR_BLOCK, at);
    VEC(stmt) list = {0};
    parse_separators(p);
    while (parse_at(p, T_LET) || parse_starts_expr(parse_peek(p)->kind)) {
        stmt s = parse_stmt(p);
        adopt(p, e, s.value);
        vec_push(ARENA(p), list, s);
        parse_separators(p);
    }
    e->as.block.stmts = list.items;
    e->as.block.nstmts = list.n;
    return e;
}

expr *parse_block(parser *p) {
    pos at = parse_expect(p, T_DO)->pos;
    bool old = parse_newlines(p, true);
    expr *e = parse_stmts(p, at);
    parse_close(p, T_END, old);
    return e;
}

/* -- Control ------------------------------------------------------------------------------------------------- */

/* `if c do .. else if c do .. else .. end` becomes one node with parallel arrays. */
static expr *parse_if(parser *p) {
    expr *e = expr_new(p, EXPR_IF, parse_next(p)->pos);
    VEC(expr *) conds = {0}, bodies = {0};
    bool old = p->newlines;
    do {
        expr *cond = parse_expr(p);
        pos at = parse_expect(p, T_DO)->pos;
        parse_newlines(p, true);
        expr *body = parse_stmts(p, at);
        adopt(p, adopt(p, e, cond), body);
        vec_push(ARENA(p), conds, cond);
        vec_push(ARENA(p), bodies, body);
        if (!parse_at(p, T_ELSE)) break;
        at = parse_next(p)->pos;
        if (parse_accept(p, T_IF)) continue;
        e->as.branch.otherwise = parse_stmts(p, at);
        adopt(p, e, e->as.branch.otherwise);
        break;
    } while (true);
    parse_close(p, T_END, old);
    e->as.branch.conds = conds.items;
    e->as.branch.bodies = bodies.items;
    e->as.branch.n = conds.n;
    return e;
}

static clause parse_arm(parser *p, expr *e) {
    clause arm = {.pos = parse_peek(p)->pos, .nparams = 1};
    arm.params = NEW(ARENA(p), pattern *);
    arm.params[0] = parse_pattern(p);
    if (parse_accept(p, T_WHEN)) arm.guard = parse_expr(p);
    parse_expect(p, T_ARROW);
    parse_skip_newlines(p);
    arm.body = parse_expr(p);
    adopt(p, adopt(p, e, arm.guard), arm.body);
    return arm;
}

static void parse_arms(parser *p, expr *e) {
    VEC(clause) arms = {0};
    parse_separators(p);
    while (!parse_at(p, T_END) && !parse_at(p, T_AFTER)) {
        vec_push(ARENA(p), arms, parse_arm(p, e));
        parse_separators(p);
    }
    e->as.match.arms = arms.items;
    e->as.match.narms = arms.n;
}

static expr *parse_case(parser *p) {
    expr *e = expr_new(p, EXPR_CASE, parse_next(p)->pos);
    e->as.match.subject = parse_expr(p);
    adopt(p, e, e->as.match.subject);
    parse_expect(p, T_DO);
    bool old = parse_newlines(p, true);
    parse_arms(p, e);
    parse_close(p, T_END, old);
    return e;
}

static expr *parse_receive(parser *p) {
    expr *e = expr_new(p, EXPR_RECEIVE, parse_next(p)->pos);
    parse_expect(p, T_DO);
    bool old = parse_newlines(p, true);
    parse_arms(p, e);
    if (parse_accept(p, T_AFTER)) {
        e->as.match.after_time = parse_expr(p);
        parse_expect(p, T_ARROW);
        parse_skip_newlines(p);
        e->as.match.after_body = parse_expr(p);
        adopt(p, adopt(p, e, e->as.match.after_time), e->as.match.after_body);
        parse_separators(p);
    }
    parse_close(p, T_END, old);
    return e;
}

static expr *parse_for(parser *p) {
    expr *e = expr_new(p, EXPR_FOR, parse_next(p)->pos);
    e->as.loop.pattern = parse_primary_pattern(p);
    parse_expect(p, T_IN);
    e->as.loop.iter = parse_expr(p);
    if (parse_accept(p, T_WHEN)) e->as.loop.guard = parse_expr(p);
    e->as.loop.body = parse_block(p);
    return adopt(p, adopt(p, adopt(p, e, e->as.loop.iter), e->as.loop.guard), e->as.loop.body);
}

static expr *parse_while(parser *p) {
    expr *e = expr_new(p, EXPR_WHILE, parse_next(p)->pos);
    e->as.loop.iter = parse_expr(p);
    e->as.loop.body = parse_block(p);
    return adopt(p, adopt(p, e, e->as.loop.iter), e->as.loop.body);
}

/* -- Closures ------------------------------------------------------------------------------------------------ */

static clause parse_closure_head(parser *p) {
    clause c = {.pos = parse_peek(p)->pos};
    if (parse_at(p, T_LPAREN))
        parse_params(p, &c);
    else
        parse_bare_params(p, &c);
    if (parse_accept(p, T_WHEN)) c.guard = parse_expr(p);
    return c;
}

static expr *parse_closure(parser *p) {
    expr *e = expr_new(p, EXPR_CLOSURE, parse_next(p)->pos);
    VEC(clause) clauses = {0};
    clause c = parse_closure_head(p);
    if (parse_at(p, T_DO)) {
        c.body = parse_block(p);
        vec_push(ARENA(p), clauses, c);
    } else {
        bool old = p->newlines;
        for (;;) {
            pos at = parse_expect(p, T_ARROW)->pos;
            parse_newlines(p, true);
            c.body = parse_stmts(p, at);
            vec_push(ARENA(p), clauses, c);
            if (!parse_accept(p, T_BAR)) break;
            c = parse_closure_head(p);
        }
        parse_close(p, T_END, old);
    }
    e->as.closure.clauses = clauses.items;
    e->as.closure.nclauses = clauses.n;
    e->as.closure.nparams = clauses.items[0].nparams;
    for (int32_t i = 0; i < clauses.n; i++) adopt(p, adopt(p, e, clauses.items[i].guard), clauses.items[i].body);
    return e;
}

/* -- Primaries and postfix ----------------------------------------------------------------------------------- */

static expr *parse_call(parser *p, expr *callee) {
    expr *e = expr_new(p, EXPR_CALL, callee->start);
    e->as.call.callee = callee;
    parse_expect(p, T_LPAREN);
    e->as.call.nargs = parse_items(p, adopt(p, e, callee), T_RPAREN, &e->as.call.args);
    return e;
}

static expr *parse_self(parser *p) {
    expr *e = expr_new(p, EXPR_SELF, parse_next(p)->pos);
    parse_expect(p, T_LPAREN);
    parse_expect(p, T_RPAREN);
    return e;
}

/* NEWLINE ends a `return` without operand, as everything that cannot begin one. */
static expr *parse_return(parser *p) {
    expr *e = expr_new(p, EXPR_RETURN, parse_next(p)->pos);
    if (parse_starts_expr(parse_peek(p)->kind)) e->as.pair.left = parse_expr(p);
    return adopt(p, e, e->as.pair.left);
}

static expr *parse_uname(parser *p) {
    const token *t = parse_next(p);
    return parse_at(p, T_LBRACE) ? parse_struct(p, t) : name_new(p, t);
}

bool parse_starts_expr(token_kind kind) {
    switch (kind) {
    case T_INT:
    case T_FLOAT:
    case T_STRING_BEGIN:
    case T_TRUE:
    case T_FALSE:
    case T_NIL:
    case T_LNAME:
    case T_UNAME:
    case T_PERCENT:
    case T_LPAREN:
    case T_LBRACKET:
    case T_IF:
    case T_CASE:
    case T_MATCH:
    case T_RECEIVE:
    case T_FOR:
    case T_WHILE:
    case T_FN:
    case T_DO:
    case T_BREAK:
    case T_CONTINUE:
    case T_RETURN:
    case T_SPAWN:
    case T_SEND:
    case T_LINK:
    case T_MONITOR:
    case T_SELF:
    case T_MINUS:
    case T_NOT:
    case T_BANG: return true;
    default: return false;
    }
}

static expr *parse_primary(parser *p) {
    const token *t = parse_peek(p);
    switch (t->kind) {
    case T_INT: return parse_int(p, false);
    case T_FLOAT: return parse_float(p);
    case T_STRING_BEGIN: return parse_string(p);
    case T_TRUE:
    case T_FALSE: return parse_truth(p);
    case T_NIL: return expr_new(p, EXPR_UNIT, parse_next(p)->pos);
    case T_LNAME: return name_new(p, parse_next(p));
    case T_UNAME: return parse_uname(p);
    case T_PERCENT: return parse_update(p);
    case T_LPAREN: return parse_paren(p);
    case T_LBRACKET: return parse_list(p);
    case T_IF: return parse_if(p);
    case T_CASE:
    case T_MATCH: return parse_case(p);
    case T_RECEIVE: return parse_receive(p);
    case T_FOR: return parse_for(p);
    case T_WHILE: return parse_while(p);
    case T_FN: return parse_closure(p);
    case T_DO: return parse_block(p);
    case T_BREAK: return expr_new(p, EXPR_BREAK, parse_next(p)->pos);
    case T_CONTINUE: return expr_new(p, EXPR_CONTINUE, parse_next(p)->pos);
    case T_RETURN: return parse_return(p);
    case T_SPAWN:
    case T_SEND:
    case T_LINK:
    case T_MONITOR: return parse_call(p, name_new(p, parse_next(p)));
    case T_SELF: return parse_self(p);
    default: parse_fail(p, "an expression");
    }
}

static expr *parse_member(parser *p, expr *operand) {
    parse_expect(p, T_DOT);
    const token *t = parse_peek(p);
    bool is_word = t->kind == T_LNAME || t->kind == T_UNAME || t->kind <= T_WITH;
    if (!is_word) parse_fail(p, "a member name");
    parse_next(p);
    expr *e = expr_new(p, EXPR_MEMBER, operand->start);
    e->as.field.operand = operand;
    e->as.field.name = t->text;
    e->as.field.name_pos = t->pos;
    return adopt(p, e, operand);
}

static expr *parse_index(parser *p, expr *operand) {
    expr *e = expr_new(p, EXPR_INDEX, operand->start);
    parse_expect(p, T_LBRACKET);
    bool old = parse_newlines(p, false);
    e->as.pair.left = operand;
    e->as.pair.right = parse_expr(p);
    parse_close(p, T_RBRACKET, old);
    return adopt(p, adopt(p, e, operand), e->as.pair.right);
}

static expr *parse_try(parser *p, expr *operand) {
    expr *e = expr_new(p, EXPR_TRY, operand->start);
    parse_next(p);
    e->as.try.operand = operand;
    return adopt(p, e, operand);
}

static expr *parse_postfix(parser *p, expr *e) {
    for (;;) switch (parse_peek(p)->kind) {
        case T_LPAREN: e = parse_call(p, e); break;
        case T_DOT: e = parse_member(p, e); break;
        case T_LBRACKET: e = parse_index(p, e); break;
        case T_QUESTION: e = parse_try(p, e); break;
        default: return e;
        }
}

static expr *parse_prefix(parser *p) {
    const token *t = parse_peek(p);
    bool is_prefix = t->kind == T_MINUS || t->kind == T_NOT || t->kind == T_BANG;
    if (!is_prefix) return parse_postfix(p, parse_primary(p));
    parse_enter(p);
    parse_next(p);
    expr *e = expr_new(p, EXPR_UNARY, t->pos);
    e->op = t->kind == T_MINUS ? OP_NEG : OP_NOT;
    bool is_literal = e->op == OP_NEG && parse_at(p, T_INT);
    e->as.pair.left = is_literal ? parse_postfix(p, parse_int(p, true)) : parse_prefix(p);
    parse_leave(p);
    return adopt(p, e, e->as.pair.left);
}

/* -- Binary operators ---------------------------------------------------------------------------------------- */

enum { LEVEL_PIPE = 1 };

/* Level 1 binds loosest. `continues`: on the next line it continues the expression. */
static const struct {
    token_kind token;
    op op;
    int level;
    bool continues;
} OPERATORS[] = {
    {T_PIPE, OP_OR, LEVEL_PIPE, true},
    {T_OR, OP_OR, 2, true},
    {T_OROR, OP_OR, 2, true},
    {T_AND, OP_AND, 3, true},
    {T_ANDAND, OP_AND, 3, true},
    {T_EQ, OP_EQ, 4, true},
    {T_NE, OP_NE, 4, true},
    {T_LT, OP_LT, 5, true},
    {T_GT, OP_GT, 5, true},
    {T_LE, OP_LE, 5, true},
    {T_GE, OP_GE, 5, true},
    {T_RANGE, OP_RANGE, 6, true},
    {T_PLUSPLUS, OP_CAT, 7, true},
    {T_DIAMOND, OP_CAT, 7, true},
    {T_PLUS, OP_ADD, 8, true},
    {T_MINUS, OP_SUB, 8, false},
    {T_STAR, OP_MUL, 9, true},
    {T_SLASH, OP_DIV, 9, true},
    {T_PERCENT, OP_REM, 9, false},
};

static int operator_index(token_kind kind) {
    for (int i = 0; i < (int)(sizeof OPERATORS / sizeof *OPERATORS); i++)
        if (OPERATORS[i].token == kind) return i;
    return -1;
}

/* The operator that continues the expression here, or -1; leaves it as the next token. */
static int operator_here(parser *p) {
    const token *t = parse_peek(p);
    if (t->kind != T_NEWLINE) return operator_index(t->kind);
    int32_t ahead = p->at;
    while (p->tokens[ahead].kind == T_NEWLINE) ahead++;
    int found = operator_index(p->tokens[ahead].kind);
    if (found < 0 || !OPERATORS[found].continues) return -1;
    p->at = ahead;
    return found;
}

static expr *pipe_new(parser *p, expr *left, expr *right) {
    bool is_call = right->kind == EXPR_CALL && !right->in_parens;
    expr *e = expr_new(p, EXPR_CALL, left->start);
    int32_t more = is_call ? right->as.call.nargs : 0;
    e->as.call.callee = is_call ? right->as.call.callee : right;
    e->as.call.args = NEW_ARRAY(ARENA(p), expr *, more + 1);
    e->as.call.args[0] = left;
    if (more) memcpy(e->as.call.args + 1, right->as.call.args, sizeof(expr *) * (size_t)more);
    e->as.call.nargs = more + 1;
    return adopt(p, adopt(p, e, left), right);
}

static expr *parse_binary(parser *p, int level) {
    expr *left = parse_prefix(p);
    for (;;) {
        int32_t before = p->at;
        int found = operator_here(p);
        if (found < 0 || OPERATORS[found].level < level) {
            p->at = before;
            return left;
        }
        parse_next(p);
        parse_skip_newlines(p);
        expr *right = parse_binary(p, OPERATORS[found].level + 1);
        if (OPERATORS[found].level == LEVEL_PIPE) {
            left = pipe_new(p, left, right);
            continue;
        }
        expr *e = expr_new(p, EXPR_BINARY, left->start);
        e->op = OPERATORS[found].op;
        e->as.pair.left = left;
        e->as.pair.right = right;
        left = adopt(p, adopt(p, e, left), right);
    }
}

expr *parse_expr(parser *p) {
    parse_enter(p);
    expr *e = parse_binary(p, LEVEL_PIPE);
    parse_leave(p);
    return e;
}
