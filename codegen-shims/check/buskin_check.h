/* buskin_check.h - find where a module of LLVM IR breaks the contract of the runtime.
 *
 * LLVM's verifier accepts a module whose spawn target has the wrong signature, whose thunk reads past its buffer,
 * whose loop never yields. These rules do not. Each comes from a bug that a real compiler shipped, and has a number
 * for life; what they compare with is abi.def and layout.def.
 *
 * Rules about calls into the runtime apply to every module. Rules about what actor code must do apply to functions
 * that are marked "buskin-actor" (a string attribute) in modules that carry the module flag "buskin.checks". A finding
 * is a statement about the module, not a guess: what a rule cannot decide it reports as unknown.
 *
 *     static void show(void *data, const buskin_check_finding_t *f) { ... }
 *     int n = buskin_check_module(module, NULL, &(buskin_check_sink_t){show, data});
 *
 * Licence: Apache-2.0 WITH LLVM-exception.
 */
#ifndef BUSKIN_CHECK_H
#define BUSKIN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llvm-c/Types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum buskin_check_severity {
    BUSKIN_CHECK_NOTE = 0,    /* about the check itself; its rule is 0 */
    BUSKIN_CHECK_UNKNOWN = 1, /* the rule applies, and cannot be decided */
    BUSKIN_CHECK_WARNING = 2,
    BUSKIN_CHECK_ERROR = 3
} buskin_check_severity_t;

/* All texts are UTF-8 and live until the sink returns; those that do not apply are "". */
typedef struct buskin_check_finding {
    unsigned rule; /* 12 for C12 */
    buskin_check_severity_t severity;
    const char *message;     /* one line */
    const char *function;    /* its name */
    const char *instruction; /* LLVM's text of it */
    const char *file;        /* where the source is, from debug info */
    unsigned line, column;   /* 0: unknown */
} buskin_check_finding_t;

typedef struct buskin_check_sink {
    void (*finding)(void *data, const buskin_check_finding_t *finding);
    void *data;
} buskin_check_sink_t;

typedef struct buskin_check_options {
    const char *prefix;   /* of the runtime's symbols; NULL: the configured one, "buskin_" */
    unsigned abi_minor;   /* check against epoch 0.N of the ABI; 0: the newest */
    unsigned frame_limit; /* bytes of allocas that one function of actor code may have; 0: 65536 */
    bool shared_heap;     /* BUSKIN_GC=boehm: untyped bytes may hold pointers to heap objects */
    bool may_change;      /* the module is not used afterwards: work on it, not on a copy */
} buskin_check_options_t;

/* Checks a module that LLVM's verifier accepts, and does not change it (unless it may). The number of errors and
 * warnings, or -1: no memory, an ABI version that is not known, or a prefix that cannot be one. options may be
 * NULL. One context: one thread at a time. */
int buskin_check_module(LLVMModuleRef module, const buskin_check_options_t *options, const buskin_check_sink_t *sink);

/* One line for people, without a newline: `error [C12 reduction-check] in f: ... (file:3:4)`. Writes as snprintf does:
 * the result is the length that the whole line has. */
size_t buskin_check_line(const buskin_check_finding_t *finding, char *text, size_t size);

/* "note", "unknown", "warning", "error". */
const char *buskin_check_severity_name(buskin_check_severity_t severity);

typedef struct buskin_check_rule {
    unsigned number;
    buskin_check_severity_t severity; /* of its findings, unless they are unknown */
    const char *name;                 /* "reduction-check" */
    const char *title;                /* one line */
    const char *why;                  /* what went wrong where this was not checked */
    const char *bad, *good;           /* LLVM IR */
    const char *fix;
} buskin_check_rule_t;

extern const buskin_check_rule_t buskin_check_rules[]; /* by number, from 1 */
extern const unsigned buskin_check_rule_count;

#ifdef __cplusplus
}
#endif
#endif /* BUSKIN_CHECK_H */
