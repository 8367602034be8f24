/*
 * front.h - the front end's one entrance: source files in, a typed program out.
 */
#ifndef SKITC_FRONT_H
#define SKITC_FRONT_H

#include <stdio.h>

#include "ast.h"

/*
 * Reads and checks the files; the first holds main. `prelude` is the text of an extra module whose functions
 * implement the builtins that builtins.def marks PRELUDE (NULL: those stay EXPR_BUILTIN). Writes diagnostics to
 * `errors`, `file:line:col: error[CODE]: text`, each followed by the source line and a caret, and returns NULL if
 * there was one. Everything belongs to the program until program_free.
 */
program *skit_front(const char *const *paths, int npaths, const char *prelude, FILE *errors);
void program_free(program *p);

/* Prints the inferred signatures, one per line, in source order (tests compare them). */
void program_dump(program *p, FILE *out);

#endif
