/*
 * parse.h - tokens to syntax trees. parse.c has the items, parse_expr.c expressions and statements, parse_pattern.c
 * patterns and types; this header is what they share.
 */
#ifndef SKITC_PARSE_H
#define SKITC_PARSE_H

#include "lex.h"

/* -- What the parser leaves to names.c, in source order ------------------------------------------------------ */

struct type_node {
    enum { NODE_NAME, NODE_TUPLE, NODE_FUN, NODE_OPTION, NODE_RESULT } kind;
    pos pos;
    const char *name; /* NAME */
    type_node **args; /* NAME: arguments; TUPLE: elements (none: unit); FUN: parameters, result; OPTION, RESULT */
    int32_t nargs;
};

/* One `fn`: a clause, to be joined with its neighbours of the same name. */
typedef struct fn_item {
    const char *name;
    pos pos;
    bool is_pub;
    clause *clause;
} fn_item;

typedef struct import_name {
    const char *name;
    pos pos;
} import_name;

typedef struct import_item {
    pos pos;
    const char *path; /* last part */
    const char *text; /* the whole path */
    bool is_nested;   /* more than one part */
    import_name *names;
    int32_t nnames;
    bool is_from;
} import_item;

typedef struct derive_name {
    const char *name;
    pos pos;
} derive_name;

typedef struct type_item {
    type_decl *decl;
    derive_name *derives;
    int32_t nderives;
} type_item;

typedef struct service_item {
    service *service;
    fn_item *fns;
    int32_t nfns;
} service_item;

typedef struct word {
    const char *text; /* NULL: not written */
    pos pos;
} word;

typedef struct child_item {
    word restart, shutdown;
} child_item;

typedef struct supervisor_item {
    supervisor *supervisor;
    word strategy, auto_shutdown;
    child_item *children; /* of supervisor->children[i] */
} supervisor_item;

typedef struct module_items {
    VEC(import_item) imports;
    VEC(fn_item) fns;
    VEC(type_item) types;
    VEC(actor *) actors;
    VEC(service_item) services;
    VEC(supervisor_item) supervisors;
    VEC(int32_t) fn_order; /* fns[i] stands at this place among all items */
} module_items;

/* Parses files[m->file]; a syntax error is a diag_fail. */
module_items *parse_module(front *f, module *m);

/* A type of builtins.def: names in lower case are allowed. */
type_node *parse_type_text(front *f, const char *text);

/* -- Inside the parser --------------------------------------------------------------------------------------- */

typedef struct parser {
    front *f;
    module *module;
    const token *tokens;
    int32_t at;
    bool newlines;    /* section 1: NEWLINE is a token, not a blank */
    int nesting;      /* of recursive rules */
    bool lower_types; /* parse_type_text */
    int32_t items;
} parser;

/* Bounds the depth of recursion here and in everything that walks the tree. */
enum { MAX_NESTING = 400, MAX_DEPTH = 2000 };

const token *parse_peek(parser *p);
bool parse_at(parser *p, token_kind kind);
bool parse_accept(parser *p, token_kind kind);
const token *parse_next(parser *p); /* takes the token that peek shows */
const token *parse_expect(parser *p, token_kind kind);
bool parse_word(parser *p, const char *text); /* peeks for a contextual word */
void parse_skip_newlines(parser *p);
void parse_separators(parser *p);
_Noreturn void parse_fail(parser *p, const char *expected);
void parse_enter(parser *p);
void parse_leave(parser *p);

/* Sets the newline flag and gives the old value, which the closer restores. */
bool parse_newlines(parser *p, bool on);
/* Takes the closer and restores the flag. */
void parse_close(parser *p, token_kind closer, bool old);

expr *parse_expr(parser *p);
/* `do` statements `end`, the `do` not yet taken. */
expr *parse_block(parser *p);
/* Statements up to a token that ends a body; the caller takes it. */
expr *parse_stmts(parser *p, pos at);
bool parse_starts_expr(token_kind kind);

pattern *parse_pattern(parser *p);
pattern *parse_or_pattern(parser *p);
pattern *parse_primary_pattern(parser *p);
type_node *parse_type(parser *p);
/* Parameters into the clause: in parentheses, or (closures) without. */
void parse_params(parser *p, clause *c);
void parse_bare_params(parser *p, clause *c);
int32_t parse_generics(parser *p, const char ***names);

/* parse_mailbox.c: `mailbox(100, drop_old)` in front of an actor's `do`; NULL if there is none. */
mailbox_spec *parse_mailbox(parser *p);

#endif
