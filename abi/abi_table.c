/* abi_table.c - abi.def and layout.def compiled to data, and written as LLVM IR.
 *
 * The .def files name effects bare (YIELDS | COLLECTS), so the enumerators below exist in this file only.
 * The attributes of a function follow from its effects and from nothing else: nounwind for all, since no
 * exception crosses this boundary, and allocsize where a FRESH result has a parameter called size.
 */
#include "abi_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef BUSKIN_ABI_PREFIX
#define BUSKIN_ABI_PREFIX "buskin_"
#endif

/* -- The rows ------------------------------------------------------------------------------------------ */

#define EFFECT_BARE(name, fn_attrs, result_attrs) name = ABI_##name,
enum { NONE, BUSKIN_ABI_EFFECTS(EFFECT_BARE) };
#undef EFFECT_BARE

#define UNPACK(...) __VA_ARGS__
#define NOARGS {NULL, ABI_VOID}
#define ARG(kind, name) {#name, ABI_##kind}
#define BUSKIN_FN(since, result, name, params, effects, threads, legacy) \
    {#name, since, effects, ABI_##result, ABI_THREADS_##threads, ABI_LEGACY_##legacy, {UNPACK params}},

const abi_function_t abi_functions[] = {
#include "abi.def"
};
const size_t abi_function_count = sizeof abi_functions / sizeof *abi_functions;

#undef BUSKIN_FN
#undef ARG
#undef NOARGS
#undef UNPACK

#define BUSKIN_FIELD(record, field, offset, bytes, access) {#record, #field, offset, bytes, ABI_ACCESS_##access},

const abi_field_t abi_fields[] = {
#include "layout.def"
};
const size_t abi_field_count = sizeof abi_fields / sizeof *abi_fields;

#undef BUSKIN_FIELD

#define TEXT_(x) #x
#define TEXT_OF(x) TEXT_(x)
#define WITH_PREFIX(symbol) BUSKIN_ABI_PREFIX symbol

const char abi_prefix[] = BUSKIN_ABI_PREFIX;
const char abi_epoch_symbol[] = WITH_PREFIX("abi_epoch_") TEXT_OF(BUSKIN_ABI_MAJOR) "_" TEXT_OF(BUSKIN_ABI_MINOR);
const char abi_context_symbol[] = WITH_PREFIX("tls_context");

/* -- Names --------------------------------------------------------------------------------------------- */

typedef struct kind_text {
    const char *name;
    const char *llvm;
    const char *attrs;
    const char *param_attrs;
} kind_text_t;

#define KIND_TEXT(name, c, llvm, attrs, param_attrs) {#name, llvm, attrs, param_attrs},
static const kind_text_t kinds[] = {BUSKIN_ABI_KINDS(KIND_TEXT)};

typedef struct effect_text {
    const char *name;
    const char *fn_attrs;
    const char *result_attrs;
} effect_text_t;

#define EFFECT_TEXT(name, fn_attrs, result_attrs) {#name, fn_attrs, result_attrs},
static const effect_text_t effects_text[] = {BUSKIN_ABI_EFFECTS(EFFECT_TEXT)};

#define NAME(name) #name,
static const char *const threads_names[] = {BUSKIN_ABI_THREADS(NAME)};
static const char *const legacy_names[] = {BUSKIN_ABI_LEGACY(NAME)};
static const char *const access_names[] = {BUSKIN_ABI_ACCESS(NAME)};

const char *abi_kind_name(enum abi_kind kind) { return kinds[kind].name; }
const char *abi_kind_llvm(enum abi_kind kind) { return kinds[kind].llvm; }
const char *abi_effect_name(enum abi_effect_bit bit) { return effects_text[bit].name; }
const char *abi_threads_name(enum abi_threads threads) { return threads_names[threads]; }
const char *abi_legacy_name(enum abi_legacy legacy) { return legacy_names[legacy]; }
const char *abi_access_name(enum abi_access access) { return access_names[access]; }

const abi_function_t *abi_function(const char *name) {
    for (size_t i = 0; i < abi_function_count; i++)
        if (strcmp(abi_functions[i].name, name) == 0) return &abi_functions[i];
    return NULL;
}

const abi_field_t *abi_field(const char *record, const char *field) {
    for (size_t i = 0; i < abi_field_count; i++)
        if (strcmp(abi_fields[i].record, record) == 0 && strcmp(abi_fields[i].field, field) == 0) return &abi_fields[i];
    return NULL;
}

uint32_t abi_param_count(const abi_function_t *fn) {
    uint32_t n = 0;
    while (fn->params[n].kind != ABI_VOID) n++;
    return n;
}

/* -- LLVM IR text -------------------------------------------------------------------------------------- */

/* A buffer that goes on counting when it is full, as snprintf does. */
typedef struct text {
    char *at;
    size_t size, length;
} text_t;

__attribute__((format(printf, 2, 3))) static void text_add(text_t *t, const char *format, ...) {
    char *end = t->length < t->size ? t->at + t->length : NULL;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(end, end ? t->size - t->length : 0, format, args);
    va_end(args);
    t->length += (size_t)n;
}

/* Words are joined by single blanks, and many attributes are empty. */
static void text_word(text_t *t, const char *word) {
    if (*word) text_add(t, "%s ", word);
}

static void declare_result(text_t *t, const abi_function_t *fn) {
    for (unsigned bit = 0; bit < ABI_EFFECT_COUNT; bit++)
        if (fn->effects >> bit & 1) text_word(t, effects_text[bit].result_attrs);
    text_word(t, kinds[fn->result].attrs);
    text_word(t, kinds[fn->result].llvm);
}

static void declare_params(text_t *t, const abi_function_t *fn) {
    for (const abi_param_t *p = fn->params; p->kind != ABI_VOID; p++) {
        if (p != fn->params) text_add(t, ", ");
        const kind_text_t *kind = &kinds[p->kind];
        text_word(t, kind->llvm);
        text_word(t, kind->attrs);
        text_word(t, kind->param_attrs);
        text_add(t, "%%%s", p->name);
    }
}

/* nounwind comes first, so every function has at least one attribute and the line ends without a blank. */
static void declare_effects(text_t *t, const abi_function_t *fn) {
    text_add(t, "nounwind");
    for (unsigned bit = 0; bit < ABI_EFFECT_COUNT; bit++)
        if (fn->effects >> bit & 1 && *effects_text[bit].fn_attrs) text_add(t, " %s", effects_text[bit].fn_attrs);
    if (!(fn->effects & ABI_FRESH)) return;
    for (unsigned i = 0; fn->params[i].kind != ABI_VOID; i++)
        if (fn->params[i].kind == ABI_U64 && strcmp(fn->params[i].name, "size") == 0) text_add(t, " allocsize(%u)", i);
}

static void declare(text_t *t, const abi_function_t *fn) {
    text_add(t, "declare ");
    declare_result(t, fn);
    text_add(t, "@%s%s(", abi_prefix, fn->name);
    declare_params(t, fn);
    text_add(t, ") ");
    declare_effects(t, fn);
    text_add(t, "\n");
}

size_t abi_symbol(const abi_function_t *fn, char *text, size_t size) {
    text_t t = {text, size, 0};
    text_add(&t, "%s%s", abi_prefix, fn->name);
    return t.length;
}

size_t abi_declaration(const abi_function_t *fn, char *text, size_t size) {
    text_t t = {text, size, 0};
    declare(&t, fn);
    return t.length;
}

size_t abi_declarations(char *text, size_t size) {
    text_t t = {text, size, 0};
    text_add(&t, "@%s = external constant i8\n", abi_epoch_symbol);
    for (size_t i = 0; i < abi_function_count; i++) declare(&t, &abi_functions[i]);
    return t.length;
}
