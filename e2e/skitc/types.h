/*
 * types.h - the types of Skit, as the inference leaves them and as the lowering reads them.
 *
 * Inference works with unification variables (TYPE_VAR). When it is done, each type in the AST is one of
 *   - a ground type;
 *   - a type that mentions TYPE_PARAM i: variable number i of the enclosing component (a strongly connected
 *     component of functions and actors is generalised as one; its members share one `scheme`);
 *   - a TYPE_VAR that has been bound meanwhile: a link to one of the above.
 *
 * So the lowering never looks at `kind` of a type that it found in the AST. It calls
 *
 *     type *t = type_ground(program, expr->type, inst);
 *
 * where `inst` is the vector of ground types of the instance being compiled (scheme->nparams long; NULL where
 * that is 0). The result is interned: two equal ground types are the same pointer, and its args are ground and
 * interned too. Each use of a generic thing in the AST (EXPR_FN, EXPR_BUILTIN, EXPR_SPAWN, a "become" call)
 * carries its own vector, which is written in terms of the user's parameters: ground it element by element with
 * `inst_ground` and the pair (function, vector) names the callee's instance. Vectors of ground types are interned
 * as well, so an instance can be looked up by two pointers.
 *
 * A ground Pid has no argument (`Pid<Int>` and `Pid` are one type at run time and in message identities).
 */
#ifndef SKITC_TYPES_H
#define SKITC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct type type;
typedef struct type_decl type_decl;
typedef struct program program;

/* A place in a source file: file is an index into program->files; line and byte column count from 1. */
typedef struct pos {
    int32_t file, line, col;
} pos;

typedef enum type_kind {
    TYPE_VAR,   /* inference only */
    TYPE_PARAM, /* before grounding only */
    TYPE_INT,
    TYPE_FLOAT,
    TYPE_BOOL,
    TYPE_STRING,
    TYPE_UNIT,
    TYPE_PID,    /* ground: no args; before: none, or the message type */
    TYPE_TUPLE,  /* args: two or more elements */
    TYPE_LIST,   /* args[0]: element */
    TYPE_FUN,    /* args: the parameters, then the result (nargs - 1 parameters) */
    TYPE_STRUCT, /* decl, and args for its generic parameters */
    TYPE_SUM,    /* the same */
    TYPE_OPEN,   /* message type of a mailbox that nothing constrains; every value of it is worth () */
} type_kind;

/* Constraints on a variable; a set of bits. */
enum { IS_NUM = 1, IS_CAT = 2, IS_DATA = 4 };

struct type {
    type_kind kind;
    int32_t nargs;
    type **args;
    type_decl *decl;              /* STRUCT, SUM */
    int32_t index;                /* PARAM: which one; ground types: a small dense number, unique per type */
    void *user;                   /* ground types: for the lowering (descriptor, LLVM type ...); NULL at first */
    const char *text, *canonical; /* ground types: computed once */

    uint32_t epoch, size; /* inference: type_is_small */

    /* -- TYPE_VAR only -- */
    type *link;        /* what it is bound to, or NULL */
    const char *rigid; /* name of a generic parameter `fn f<T>`; equal to nothing but itself */
    int32_t level;     /* 0: never generalised */
    uint32_t constraints;
    uint32_t mailbox; /* MAILBOX_*: part it plays in a message type (mailbox.c) */
    pos where;        /* of the mailbox */
    type *next_var;   /* all variables ever made */
};

/* Quantified variables of a component, a builtin or a type declaration. */
typedef struct scheme {
    int32_t nparams;
    uint32_t *constraints; /* of each; the lowering may ignore them */
    uint32_t *mailbox;     /* MAILBOX_* of each, and the place */
    pos *where;
} scheme;

/* -- For everybody ------------------------------------------------------------------------------------------- */

/* Follows the links of bound variables. */
type *type_repr(type *t);

/* `List<(Int, Option<String>)>` as diagnostics quote it; any type. Valid as long as the program. */
const char *type_text(program *p, type *t);

/* -- For the lowering ---------------------------------------------------------------------------------------- */

type *type_ground(program *p, type *t, type *const *inst);

/* Grounds a vector of n types; NULL when n is 0. */
type *const *inst_ground(program *p, type *const *vec, int32_t n, type *const *inst);

/*
 * `List<(Int,Option<String>)>`: the canonical text of a ground type, for message identities (hash it) and names.
 * Types declared in a file other than the first carry the module, `Tally.Point`. TYPE_OPEN is `()` here. An
 * instance with an open mailbox differs from one with mailbox (): compare interned vectors, not texts.
 */
const char *type_canonical(program *p, type *ground);

/* Ground types of a struct's field and of a variant's field, for a ground struct or sum type. */
type *field_type(program *p, type *ground, int32_t index);
type *variant_field_type(program *p, type *ground, int32_t which, int32_t index);

/* Makes interned ground types (for code that the lowering itself invents). */
type *type_basic(program *p, type_kind kind); /* INT .. PID, OPEN */
type *type_make(program *p, type_kind kind, type_decl *decl, type *const *args, int32_t nargs);

#endif
