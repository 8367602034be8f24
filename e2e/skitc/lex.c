/*
 * lex.c - the whole file becomes an array of tokens before parsing.
 *
 * A string with interpolation is not one token but a bracketed run of them, so that the parser reads the expression
 * inside `${ }` as any other, at any depth. The lexer keeps a stack: one entry per open string that is suspended in an
 * interpolation, with the number of braces opened inside; the `}` that closes none of those resumes the string.
 *
 * A lexical error ends the array with a BAD token that carries the message. The parser reports it when it gets there,
 * so an earlier syntax error is still the first error.
 */
#include "lex.h"

#include <stdlib.h>

enum { MAX_STRING_NESTING = 200 };

typedef struct suspended {
    bool is_triple;
    int braces;
    pos begin;
} suspended;

typedef struct lexer {
    front *f;
    const char *at, *end, *line_start;
    int32_t file, line;
    VEC(token) tokens;
    suspended open[MAX_STRING_NESTING];
    int depth;
    bool is_done;
} lexer;

static const char *const SPELLING[] = {
#define TOKEN(id, text) text,
    KEYWORDS(TOKEN) PUNCTUATION(TOKEN) OTHER_TOKENS(TOKEN)
#undef TOKEN
};

static pos lex_place(const lexer *l, const char *at) {
    return (pos){l->file, l->line, (int32_t)(at - l->line_start) + 1};
}

static token *lex_push(lexer *l, token_kind kind, pos at) {
    token t = {.kind = kind, .pos = at};
    vec_push(&l->f->arena, l->tokens, t);
    return &l->tokens.items[l->tokens.n - 1];
}

static void lex_bad(lexer *l, pos at, const char *text) {
    lex_push(l, T_BAD, at)->text = text;
    l->is_done = true;
}

static bool lex_sees(const lexer *l, const char *text) {
    size_t len = strlen(text);
    return (size_t)(l->end - l->at) >= len && memcmp(l->at, text, len) == 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_word(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '_'; }

static char lex_peek(const lexer *l, int ahead) { return l->end - l->at > ahead ? l->at[ahead] : 0; }

/* Steps over a line end, counting it; false if there is none here. */
static bool lex_line_end(lexer *l) {
    if (l->at >= l->end || (*l->at != '\n' && *l->at != '\r')) return false;
    l->at += *l->at == '\r' && lex_peek(l, 1) == '\n' ? 2 : 1;
    l->line++;
    l->line_start = l->at;
    return true;
}

/* Length of the UTF-8 sequence here, or 0 if the bytes are not one (or NUL). */
static int utf8_length(const char *at, const char *end) {
    const unsigned char *s = (const unsigned char *)at;
    ptrdiff_t room = end - at;
    int n = s[0] == 0 ? 0 : s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    if (n > room) return 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) return 0;
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) return 0;
    return n;
}

/* Steps over one character of a string or comment; false after reporting a byte that is none. */
static bool lex_character(lexer *l) {
    if (lex_line_end(l)) return true;
    int n = utf8_length(l->at, l->end);
    if (n == 0) lex_bad(l, lex_place(l, l->at), "bad character: not UTF-8 text");
    l->at += n;
    return n != 0;
}

/* -- Comments ------------------------------------------------------------------------------------------------ */

static void lex_block_comment(lexer *l) {
    pos begin = lex_place(l, l->at);
    int open = 0;
    do {
        if (l->at >= l->end) {
            lex_bad(l, begin, "unterminated comment");
            return;
        }
        if (lex_sees(l, "#="))
            open++, l->at += 2;
        else if (lex_sees(l, "=#"))
            open--, l->at += 2;
        else if (!lex_character(l))
            return;
    } while (open);
}

static void lex_line_comment(lexer *l) {
    while (l->at < l->end && *l->at != '\n' && *l->at != '\r')
        if (!lex_character(l)) return;
}

/* -- Strings ------------------------------------------------------------------------------------------------- */

static char unescape(char c) {
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case '0': return '\0';
    default: return c;
    }
}

static void lex_flush(lexer *l, const char *text, size_t len, pos at) {
    if (len == 0) return;
    token *t = lex_push(l, T_STRING_TEXT, at);
    t->text = arena_copy(&l->f->arena, text, len);
    t->len = len;
}

/* The text of a string up to its end or the next `${`; begins after the opening quote or a closing `}`. */
static void lex_string_text(lexer *l, suspended s) {
    const char *quote = s.is_triple ? "\"\"\"" : "\"";
    VEC(char) text = {0};
    pos at = lex_place(l, l->at);
    for (;;) {
        if (l->at >= l->end) {
            lex_bad(l, s.begin, "unterminated string");
            return;
        }
        if (lex_sees(l, quote) || lex_sees(l, "${")) break;
        if (*l->at == '\\' && l->end - l->at > 1) {
            char c = unescape(l->at[1]);
            bool is_simple = c != l->at[1];
            l->at += is_simple ? 2 : 1;
            if (is_simple) {
                vec_push(&l->f->arena, text, c);
                continue;
            }
        }
        const char *from = l->at;
        if (!lex_character(l)) return;
        for (; from < l->at; from++) vec_push(&l->f->arena, text, *from);
    }
    lex_flush(l, text.items, (size_t)text.n, at);
    pos stop = lex_place(l, l->at);
    if (*l->at == '"') {
        lex_push(l, T_STRING_END, stop);
        l->at += strlen(quote);
        return;
    }
    if (l->depth == MAX_STRING_NESTING) {
        lex_bad(l, stop, "strings are nested too deeply");
        return;
    }
    lex_push(l, T_INTERPOLATION, stop);
    l->at += 2;
    s.braces = 0;
    l->open[l->depth++] = s;
}

static void lex_string(lexer *l) {
    suspended s = {.is_triple = lex_sees(l, "\"\"\""), .begin = lex_place(l, l->at)};
    lex_push(l, T_STRING_BEGIN, s.begin);
    l->at += s.is_triple ? 3 : 1;
    lex_string_text(l, s);
}

/* -- Numbers ------------------------------------------------------------------------------------------------- */

static int digit_value(char c) {
    if (is_digit(c)) return c - '0';
    char lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/* End of the run of digits at `p`, with `_` between them. */
static const char *digits_end(const lexer *l, const char *p, int base) {
    for (;;) {
        const char *q = p;
        while (q < l->end && *q == '_') q++;
        if (q >= l->end || digit_value(*q) >= base) return p;
        p = q + 1;
    }
}

static void lex_int(lexer *l, token *t, const char *stop, int base) {
    uint64_t value = 0, limit = UINT64_C(1) << 63;
    for (const char *p = l->at; p < stop; p++) {
        if (*p == '_') continue;
        uint64_t digit = (uint64_t)digit_value(*p);
        if (value > (limit - digit) / (uint64_t)base) {
            t->kind = T_BAD;
            t->text = "the number is too large for `Int`";
            l->is_done = true;
            return;
        }
        value = value * (uint64_t)base + digit;
    }
    t->as.integer = value;
}

static void lex_float(lexer *l, token *t, const char *stop) {
    char *text = arena_alloc(&l->f->arena, (size_t)(stop - l->at) + 1), *out = text;
    for (const char *p = l->at; p < stop; p++)
        if (*p != '_') *out++ = *p;
    t->kind = T_FLOAT;
    t->as.real = strtod(text, NULL);
}

/* End of a fraction or exponent at `p`, or `p` itself when there is none. */
static const char *fraction_end(const lexer *l, const char *p) {
    bool is_fraction = l->end - p > 1 && *p == '.' && is_digit(p[1]);
    return is_fraction ? digits_end(l, p + 1, 10) : p;
}

static const char *exponent_end(const lexer *l, const char *p) {
    const char *q = p;
    if (q >= l->end || (*q | 0x20) != 'e') return p;
    q++;
    if (q < l->end && (*q == '+' || *q == '-')) q++;
    return q < l->end && is_digit(*q) ? digits_end(l, q, 10) : p;
}

static void lex_number(lexer *l) {
    static const struct {
        char letter;
        int base;
    } bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    token *t = lex_push(l, T_INT, lex_place(l, l->at));
    const char *stop = NULL;
    for (int i = 0; i < 3 && *l->at == '0'; i++) {
        if (lex_peek(l, 1) != bases[i].letter) continue;
        if (digit_value(lex_peek(l, 2)) >= bases[i].base) break;
        l->at += 2;
        stop = digits_end(l, l->at, bases[i].base);
        lex_int(l, t, stop, bases[i].base);
    }
    if (!stop) {
        const char *whole = digits_end(l, l->at, 10);
        stop = exponent_end(l, fraction_end(l, whole));
        if (stop == whole)
            lex_int(l, t, stop, 10);
        else
            lex_float(l, t, stop);
    }
    if (stop < l->end && is_word(*stop) && !l->is_done) {
        t->kind = T_BAD;
        t->text = "bad number";
        l->is_done = true;
    }
    l->at = stop;
}

/* -- Words and punctuation ----------------------------------------------------------------------------------- */

static token_kind word_kind(const char *text, size_t len) {
    for (token_kind k = T_ACTOR; k <= T_WITH; k++)
        if (strlen(SPELLING[k]) == len && memcmp(SPELLING[k], text, len) == 0) return k;
    return is_upper(*text) ? T_UNAME : T_LNAME;
}

static void lex_word(lexer *l) {
    const char *stop = l->at;
    while (stop < l->end && is_word(*stop)) stop++;
    size_t len = (size_t)(stop - l->at);
    token *t = lex_push(l, word_kind(l->at, len), lex_place(l, l->at));
    t->text = name_intern(&l->f->arena, &l->f->names, l->at, len);
    l->at = stop;
}

/* Braces inside an interpolation are counted; the one that closes it resumes the string. */
static void lex_braces(lexer *l, token *t) {
    if (!l->depth) return;
    suspended *s = &l->open[l->depth - 1];
    if (t->kind == T_LBRACE) s->braces++;
    if (t->kind != T_RBRACE) return;
    if (s->braces-- > 0) return;
    t->kind = T_INTERPOLATION_END;
    lex_string_text(l, l->open[--l->depth]);
}

static void lex_punctuation(lexer *l) {
    pos at = lex_place(l, l->at);
    for (token_kind k = T_EQ; k <= T_SEMICOLON; k++) {
        if (!lex_sees(l, SPELLING[k])) continue;
        l->at += strlen(SPELLING[k]);
        lex_braces(l, lex_push(l, k, at));
        return;
    }
    unsigned char c = (unsigned char)*l->at;
    bool is_plain = c > ' ' && c < 127;
    lex_bad(l, at, is_plain ? arena_printf(&l->f->arena, "bad character `%c`", c) : "bad character");
}

static void lex_token(lexer *l) {
    char c = *l->at;
    pos at = lex_place(l, l->at);
    if (c == ' ' || c == '\t')
        l->at++;
    else if (lex_line_end(l))
        lex_push(l, T_NEWLINE, at);
    else if (lex_sees(l, "#="))
        lex_block_comment(l);
    else if (c == '#')
        lex_line_comment(l);
    else if (c == '"')
        lex_string(l);
    else if (is_digit(c))
        lex_number(l);
    else if (is_word(c))
        lex_word(l);
    else
        lex_punctuation(l);
}

token *lex_file(front *f, int32_t file) {
    const source_file *source = &f->program.files[file];
    lexer *l = NEW(&f->arena, lexer);
    *l = (lexer){.f = f, .at = source->text, .end = source->text + source->len, .file = file, .line = 1};
    if (lex_sees(l, "\xEF\xBB\xBF")) l->at += 3;
    l->line_start = source->text;
    while (!l->is_done && l->at < l->end) lex_token(l);
    if (!l->is_done && l->depth) lex_bad(l, l->open[0].begin, "unterminated string");
    if (!l->is_done) lex_push(l, T_EOF, lex_place(l, l->at));
    return l->tokens.items;
}

const char *token_kind_text(front *f, token_kind kind) {
    bool is_described = kind >= T_LNAME && kind != T_INTERPOLATION && kind != T_INTERPOLATION_END;
    return is_described ? SPELLING[kind] : arena_printf(&f->arena, "`%s`", SPELLING[kind]);
}

const char *token_text(front *f, const token *t) {
    bool is_name = t->kind == T_LNAME || t->kind == T_UNAME;
    return is_name ? arena_printf(&f->arena, "`%s`", t->text) : token_kind_text(f, t->kind);
}
