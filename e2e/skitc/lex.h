/*
 * lex.h - source text to tokens.
 */
#ifndef SKITC_LEX_H
#define SKITC_LEX_H

#include "frontend.h"

/* Keywords first, then punctuation, both with their spelling; then the rest with a description. */
#define KEYWORDS(K)             \
    K(ACTOR, "actor")           \
    K(AFTER, "after")           \
    K(ALIAS, "alias")           \
    K(AND, "and")               \
    K(BREAK, "break")           \
    K(CALL, "call")             \
    K(CASE, "case")             \
    K(CAST, "cast")             \
    K(COND, "cond")             \
    K(CONTINUE, "continue")     \
    K(DEF, "def")               \
    K(DO, "do")                 \
    K(ELSE, "else")             \
    K(END, "end")               \
    K(FALSE, "false")           \
    K(FN, "fn")                 \
    K(FOR, "for")               \
    K(IF, "if")                 \
    K(IMPL, "impl")             \
    K(IMPORT, "import")         \
    K(IN, "in")                 \
    K(INTERFACE, "interface")   \
    K(LET, "let")               \
    K(LINK, "link")             \
    K(MATCH, "match")           \
    K(MODULE, "module")         \
    K(MONITOR, "monitor")       \
    K(NIL, "nil")               \
    K(NOT, "not")               \
    K(OR, "or")                 \
    K(PUB, "pub")               \
    K(RECEIVE, "receive")       \
    K(RETURN, "return")         \
    K(SELF, "self")             \
    K(SEND, "send")             \
    K(SERVICE, "service")       \
    K(SPAWN, "spawn")           \
    K(STRUCT, "struct")         \
    K(SUPERVISOR, "supervisor") \
    K(TERMINATE, "terminate")   \
    K(TRAIT, "trait")           \
    K(TRAP, "trap")             \
    K(TRUE, "true")             \
    K(TYPE, "type")             \
    K(WHEN, "when")             \
    K(WHERE, "where")           \
    K(WHILE, "while")           \
    K(WITH, "with")

/* Longer spellings before their prefixes: the first that fits is taken. */
#define PUNCTUATION(P) \
    P(EQ, "==")        \
    P(NE, "!=")        \
    P(LE, "<=")        \
    P(GE, ">=")        \
    P(ANDAND, "&&")    \
    P(OROR, "||")      \
    P(PIPE, "|>")      \
    P(RANGE, "..")     \
    P(DIAMOND, "<>")   \
    P(PLUSPLUS, "++")  \
    P(ARROW, "->")     \
    P(FAT_ARROW, "=>") \
    P(COLONS, "::")    \
    P(PLUS, "+")       \
    P(MINUS, "-")      \
    P(STAR, "*")       \
    P(SLASH, "/")      \
    P(PERCENT, "%")    \
    P(LT, "<")         \
    P(GT, ">")         \
    P(BANG, "!")       \
    P(ASSIGN, "=")     \
    P(COLON, ":")      \
    P(QUESTION, "?")   \
    P(BAR, "|")        \
    P(LPAREN, "(")     \
    P(RPAREN, ")")     \
    P(LBRACKET, "[")   \
    P(RBRACKET, "]")   \
    P(LBRACE, "{")     \
    P(RBRACE, "}")     \
    P(COMMA, ",")      \
    P(DOT, ".")        \
    P(SEMICOLON, ";")

/* A string is STRING_BEGIN { STRING_TEXT | INTERPOLATION tokens INTERPOLATION_END } STRING_END. */
#define OTHER_TOKENS(O)                  \
    O(LNAME, "a name")                   \
    O(UNAME, "an upper-case name")       \
    O(INT, "a number")                   \
    O(FLOAT, "a number")                 \
    O(STRING_BEGIN, "a string")          \
    O(STRING_TEXT, "text")               \
    O(STRING_END, "the end of a string") \
    O(INTERPOLATION, "${")               \
    O(INTERPOLATION_END, "}")            \
    O(NEWLINE, "the end of the line")    \
    O(EOF, "the end of the file")        \
    O(BAD, "a lexical error") /* the last token; text says what is wrong */

typedef enum token_kind {
#define TOKEN(id, text) T_##id,
    KEYWORDS(TOKEN) PUNCTUATION(TOKEN) OTHER_TOKENS(TOKEN)
#undef TOKEN
} token_kind;

typedef struct token {
    token_kind kind;
    pos pos;
    const char *text; /* names and keywords: interned; STRING_TEXT: len bytes */
    size_t len;
    union {
        uint64_t integer; /* at most 2^63; the parser accepts 2^63 after a minus only */
        double real;
    } as;
} token;

/* All tokens of files[file], ending with EOF or BAD. */
token *lex_file(front *f, int32_t file);

/* "`end`", "a number": how diagnostics name a token. */
const char *token_text(front *f, const token *t);
const char *token_kind_text(front *f, token_kind kind);

#endif
