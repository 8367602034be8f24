/*
 * diag.h - diagnostics: recorded with their place, printed together in source order.
 */
#ifndef SKITC_DIAG_H
#define SKITC_DIAG_H

#include <stdio.h>

#include "ast.h"

typedef struct front front;

/* Codes are normative (section 16 of the language). */
typedef enum diag_code {
    E_MISMATCH = 1,
    E_INFINITE = 2,
    E_COUNT = 3,
    E_UNKNOWN = 4,
    E_NOT_FUNCTION = 5,
    E_OPERATOR = 6,
    E_FIELD = 9,
    E_VARIANT = 10,
    E_OR_PATTERN = 11,
    E_GUARD = 13,
    E_MESSAGE = 14,
    E_SPAWN = 16,
    E_MAILBOX = 17,
    E_CHILD_START = 18,
    E_STRATEGY = 19,
    E_RESTART = 20,
    E_SHUTDOWN = 21,
    E_CATCH_ALL = 22,
    E_CLAUSES_APART = 23,
    E_CLAUSE_ARITY = 24,
    E_GUARD_BOOL = 25,
    E_DERIVE = 28,
    E_DERIVE_ORD = 29,
    E_METHOD = 30,
    E_MODULE = 31,
    E_BREAK = 32,
    E_CONTINUE = 33,
    E_MEMBER = 34,
    E_TRY_RESULT = 36,
    E_TRY_TYPE = 37,
    E_LEXICAL = 100,
    E_SYNTAX = 101,
    E_DOUBLED = 102,
    E_MAIN = 103,
    E_INIT = 104,
    E_TAIL = 105,
    E_RANGE = 106,
    E_OPEN_MESSAGE = 107,
    E_CAPACITY = 108,
    E_POLICY = 109,
    E_KEY = 110,
} diag_code;

/* Records a diagnostic and ends the innermost diag_try. */
_Noreturn void diag_fail(front *f, pos at, diag_code number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Runs run(f, arg); false if a diag_fail ended it. */
bool diag_try(front *f, void (*run)(front *f, void *arg), void *arg);

/* Prints what was recorded, by file and position. */
void diag_print(front *f, FILE *out);
int diag_count(const front *f);

#endif
