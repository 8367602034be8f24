/* skit.h - the support library of compiled Skit programs (libskit.a).
 *
 * What is better written in C than emitted: strings, number texts, and list operations that do not depend on the
 * type of the elements. support.def has one row per function.
 *
 * Every function runs as actor code on the actor's stack, so frames stay small, and each lies in the section of
 * actor code, so that a stack overflow inside ends the actor alone. The collector scans the stack
 * conservatively: an object held in a C local stays alive, no matter what is allocated meanwhile. Loops over
 * data of any length are charged to the actor's reductions (skit_charge), so that they cannot starve others.
 */
#ifndef SKIT_H
#define SKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buskin.h"

#define SKIT_CODE __attribute__((section("buskin_code")))

/* UTF-8, not terminated. The payload of an array object with elements of one byte. */
typedef struct skit_string {
    uint64_t length;
    char bytes[];
} skit_string_t;

/* A list is NULL or a node. The head is an Int, the bits of a Float, or an object, as its descriptor says. */
typedef struct skit_list {
    uint64_t head;
    struct skit_list *tail;
} skit_list_t;

/* A text under construction, in the frame of compiled code. */
typedef struct skit_text {
    skit_string_t *buffer; /* its length is the capacity; NULL before the first byte */
    uint64_t length;
} skit_text_t;

extern const buskin_desc_t skit_string_desc;
extern const buskin_desc_t skit_literal_desc;     /* strings in the program's constants */
extern const buskin_desc_t skit_list_scalar_desc; /* nodes whose head is no object */
extern const buskin_desc_t skit_list_object_desc;

#define SKIT_VOID void
#define SKIT_I64 int64_t
#define SKIT_F64 double
#define SKIT_U32 uint32_t
#define SKIT_BOOL bool
#define SKIT_STR const skit_string_t *
#define SKIT_LIST const skit_list_t *
#define SKIT_DESC const buskin_desc_t *
#define SKIT_TEXT skit_text_t *
#define SKIT_BYTES const char *
#define SKIT_OUT_I64 int64_t *
#define SKIT_OUT_F64 double *
#define SKIT_OUT_STR const skit_string_t **
#define SKIT_OBJECT const void *
#define SKIT_NOTICE const buskin_notice_t *
#define SKIT_ALLOCATES
#define SKIT_PLAIN
#define SKIT_ENDS BUSKIN_NORETURN
#define ARG(kind, name) SKIT_##kind name
#define SKIT_ARGS(...) __VA_ARGS__
#define SKIT_FN(ret, name, args, effect) SKIT_##effect SKIT_##ret skit_##name(SKIT_ARGS args);
#include "support.def"
#undef SKIT_FN
#undef ARG

/* -- Shared by the files of the library --------------------------------------------------------------------- */

/* The longest text of a Float: sign, `0.`, 323 zeros, 17 digits. */
enum { SKIT_FLOAT_CHARS = 352, SKIT_INT_CHARS = 24 };

/* Write a number's text to out; answer its length. */
size_t skit_int_text(int64_t i, char *out);
size_t skit_pid_text(uint64_t pid, char *out);
size_t skit_float_text(double f, char *out);

/* Why a process ended, as failed calls and jobs say it. */
const skit_string_t *skit_reason_text(const buskin_notice_t *why);

/* A fresh string with its bytes still zero; the shared empty one for 0. */
skit_string_t *skit_string_new(uint64_t length);
skit_string_t *skit_string_of(const char *bytes, uint64_t length);

/* Pays for work on `bytes` bytes, one reduction per 64, as the runtime does for its own. */
static inline void skit_charge(uint64_t bytes) {
    if (bytes < 64) return;
    buskin_context_t *context = buskin_context();
    uint64_t cost = bytes / 64;
    if ((uint64_t)context->budget >= cost) {
        context->budget -= (int64_t)cost;
        return;
    }
    context->budget = 0; /* never negative between checks */
    buskin_reduction_slow();
}

#endif /* SKIT_H */
