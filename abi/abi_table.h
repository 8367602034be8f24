/* abi_table.h - abi.def and layout.def as data, for programs: the shims, the checker, abi-dump, tests.
 *
 * The rows are constant and in the order of the .def files. Names are without prefix; abi_symbol adds the one
 * that the build was configured with. abi_declarations writes the whole table as LLVM IR text, which a front
 * end parses once and copies types and attributes from.
 */
#ifndef BUSKIN_ABI_TABLE_H
#define BUSKIN_ABI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi_kinds.h"

#define ABI_KIND_ENUM(name, c, ll, attrs, param_attrs) ABI_##name,
enum abi_kind { BUSKIN_ABI_KINDS(ABI_KIND_ENUM) ABI_KIND_COUNT };
#undef ABI_KIND_ENUM

#define ABI_EFFECT_BIT(name, fn_attrs, result_attrs) ABI_BIT_##name,
enum abi_effect_bit { BUSKIN_ABI_EFFECTS(ABI_EFFECT_BIT) ABI_EFFECT_COUNT };
#undef ABI_EFFECT_BIT
#define ABI_EFFECT_ENUM(name, fn_attrs, result_attrs) ABI_##name = 1u << ABI_BIT_##name,
enum abi_effect { BUSKIN_ABI_EFFECTS(ABI_EFFECT_ENUM) ABI_NONE = 0 };
#undef ABI_EFFECT_ENUM

#define ABI_THREADS_ENUM(name) ABI_THREADS_##name,
enum abi_threads { BUSKIN_ABI_THREADS(ABI_THREADS_ENUM) };
#undef ABI_THREADS_ENUM

#define ABI_LEGACY_ENUM(name) ABI_LEGACY_##name,
enum abi_legacy { BUSKIN_ABI_LEGACY(ABI_LEGACY_ENUM) };
#undef ABI_LEGACY_ENUM

#define ABI_ACCESS_ENUM(name) ABI_ACCESS_##name,
enum abi_access { BUSKIN_ABI_ACCESS(ABI_ACCESS_ENUM) };
#undef ABI_ACCESS_ENUM

typedef struct abi_param {
    const char *name;
    enum abi_kind kind;
} abi_param_t;

typedef struct abi_function {
    const char *name;
    uint32_t since;   /* the epoch's minor number that brought it */
    uint32_t effects; /* enum abi_effect, or-ed */
    enum abi_kind result;
    enum abi_threads threads;
    enum abi_legacy legacy;
    abi_param_t params[BUSKIN_ABI_MAX_PARAMS + 1]; /* ended by one of kind ABI_VOID */
} abi_function_t;

/* bytes is 0 for a flexible array. conformance.c compares these with buskin.h. */
typedef struct abi_field {
    const char *record;
    const char *field;
    uint32_t offset;
    uint32_t bytes;
    enum abi_access access;
} abi_field_t;

extern const abi_function_t abi_functions[];
extern const size_t abi_function_count;
extern const abi_field_t abi_fields[];
extern const size_t abi_field_count;

extern const char abi_prefix[];         /* "buskin_" unless configured */
extern const char abi_epoch_symbol[];   /* with prefix: a data object of one byte */
extern const char abi_context_symbol[]; /* with prefix: a thread-local pointer to the context */

/* By name without prefix; NULL when there is none. */
const abi_function_t *abi_function(const char *name);
const abi_field_t *abi_field(const char *record, const char *field);

uint32_t abi_param_count(const abi_function_t *fn);
const char *abi_kind_name(enum abi_kind kind);
const char *abi_kind_llvm(enum abi_kind kind); /* "i32", "ptr", ... */
const char *abi_effect_name(enum abi_effect_bit bit);
const char *abi_threads_name(enum abi_threads threads);
const char *abi_legacy_name(enum abi_legacy legacy);
const char *abi_access_name(enum abi_access access);

/* These three write NUL-terminated text as snprintf does: the result is the length that the whole text has,
 * also where it is longer than the buffer. */
size_t abi_symbol(const abi_function_t *fn, char *text, size_t size);
size_t abi_declaration(const abi_function_t *fn, char *text, size_t size); /* one `declare` line */
size_t abi_declarations(char *text, size_t size);                          /* all of them, and the epoch */

#endif /* BUSKIN_ABI_TABLE_H */
