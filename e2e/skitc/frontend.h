/*
 * frontend.h - the state the front end's files share during one compilation.
 */
#ifndef SKITC_FRONTEND_H
#define SKITC_FRONTEND_H

#include "arena.h"
#include "diag.h"

typedef struct diagnostic {
    pos at;
    diag_code code;
    const char *text;
} diagnostic;

struct front {
    arena arena;
    name_table names;
    program program;
    VEC(diagnostic) diagnostics;
    struct diag_frame *frame; /* innermost diag_try */

    map builtins;        /* every name of a builtin: `List.map`, `list_map`, `map` */
    map builtin_modules; /* `List` and so on: non-NULL */
    map predeclared_types, predeclared_variants;

    type *vars;     /* every inference variable, by next_var */
    int32_t level;  /* of new variables: 0 in services and supervisors, else 1 */
    uint32_t epoch; /* of the current type_is_small */
    struct ground *ground;
    type *basic[TYPE_OPEN + 1];
};

const char *front_name(front *f, const char *text); /* interned */

#endif
