/* abi_dump.c - prints one reading of the ABI tables. The build and tools/abi-lock run it.
 *
 *   abi-dump symbols         what the archive exports, for objcopy --keep-global-symbols
 *   abi-dump version-script  the same for the shared library
 *   abi-dump renames         old and new name of each symbol, for objcopy --redefine-syms
 *   abi-dump header          a C header that gives buskin.h the configured prefix
 *   abi-dump declarations    LLVM IR
 *   abi-dump json            everything, for programs
 *   abi-dump book            the table of docs/abi.md
 *   abi-dump lock            the frozen dump: what emitted code depends on, one fact per line
 *
 * The lock is made from what the compiler saw (sizeof, offsetof, enumerators), not from what layout.def says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi_table.h"

#define OWN_PREFIX "buskin_"

/* The archive is built with its own names, and renamed while it is localised. */
static const char *own_name(const char *symbol) { return symbol + strlen(abi_prefix); }

static const char *const *data_symbols(void) {
    static const char *const symbols[] = {abi_epoch_symbol, abi_context_symbol, NULL};
    return symbols;
}

/* -- For the linker ------------------------------------------------------------------------------------ */

static void print_symbols(void) {
    for (size_t i = 0; i < abi_function_count; i++) printf(OWN_PREFIX "%s\n", abi_functions[i].name);
    for (const char *const *s = data_symbols(); *s; s++) printf(OWN_PREFIX "%s\n", own_name(*s));
}

static void print_version_script(void) {
    printf("BUSKIN_%d.%d {\nglobal:\n", BUSKIN_ABI_MAJOR, BUSKIN_ABI_MINOR);
    for (size_t i = 0; i < abi_function_count; i++) printf("    " OWN_PREFIX "%s;\n", abi_functions[i].name);
    for (const char *const *s = data_symbols(); *s; s++) printf("    " OWN_PREFIX "%s;\n", own_name(*s));
    printf("local:\n    *;\n};\n");
}

static void print_renames(void) {
    for (size_t i = 0; i < abi_function_count; i++)
        printf(OWN_PREFIX "%s %s%s\n", abi_functions[i].name, abi_prefix, abi_functions[i].name);
    for (const char *const *s = data_symbols(); *s; s++) printf(OWN_PREFIX "%s %s\n", own_name(*s), *s);
}

static void print_header(void) {
    printf("/* buskin.h with the prefix %s for every function; made by abi-dump. */\n#pragma once\n", abi_prefix);
    for (size_t i = 0; i < abi_function_count; i++)
        printf("#define " OWN_PREFIX "%s %s%s\n", abi_functions[i].name, abi_prefix, abi_functions[i].name);
    printf("#include \"buskin.h\"\n");
}

/* -- For front ends and other programs ----------------------------------------------------------------- */

static void print_declarations(void) {
    size_t size = abi_declarations(NULL, 0) + 1;
    char *text = malloc(size);
    if (!text) abort();
    abi_declarations(text, size);
    fputs(text, stdout);
    free(text);
}

static void print_effects(const abi_function_t *fn, const char *quote, const char *separator) {
    const char *before = "";
    for (unsigned bit = 0; bit < ABI_EFFECT_COUNT; bit++)
        if (fn->effects >> bit & 1) {
            printf("%s%s%s%s", before, quote, abi_effect_name(bit), quote);
            before = separator;
        }
}

static void print_json_function(const abi_function_t *fn) {
    printf("  {\"name\": \"%s%s\", \"since\": %u, \"result\": \"%s\", \"params\": [", abi_prefix, fn->name, fn->since,
           abi_kind_name(fn->result));
    for (const abi_param_t *p = fn->params; p->kind != ABI_VOID; p++)
        printf("%s{\"name\": \"%s\", \"kind\": \"%s\", \"llvm\": \"%s\"}", p == fn->params ? "" : ", ", p->name,
               abi_kind_name(p->kind), abi_kind_llvm(p->kind));
    printf("], \"effects\": [");
    print_effects(fn, "\"", ", ");
    printf("], \"threads\": \"%s\", \"legacy\": \"%s\"}", abi_threads_name(fn->threads), abi_legacy_name(fn->legacy));
}

static void print_json(void) {
    printf("{\"epoch\": \"%d.%d\", \"epoch_symbol\": \"%s\", \"context_symbol\": \"%s\",\n\"functions\": [\n",
           BUSKIN_ABI_MAJOR, BUSKIN_ABI_MINOR, abi_epoch_symbol, abi_context_symbol);
    for (size_t i = 0; i < abi_function_count; i++) {
        print_json_function(&abi_functions[i]);
        printf("%s\n", i + 1 < abi_function_count ? "," : "");
    }
    printf("],\n\"fields\": [\n");
    for (size_t i = 0; i < abi_field_count; i++) {
        const abi_field_t *f = &abi_fields[i];
        printf("  {\"record\": \"%s\", \"field\": \"%s\", \"offset\": %u, \"bytes\": %u, \"access\": \"%s\"}%s\n",
               f->record, f->field, f->offset, f->bytes, abi_access_name(f->access),
               i + 1 < abi_field_count ? "," : "");
    }
    printf("]}\n");
}

static void print_book(void) {
    printf("| Function | Result | Parameters | Effects | Threads |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < abi_function_count; i++) {
        const abi_function_t *fn = &abi_functions[i];
        printf("| `" OWN_PREFIX "%s` | %s | ", fn->name, abi_kind_name(fn->result));
        for (const abi_param_t *p = fn->params; p->kind != ABI_VOID; p++)
            printf("%s%s %s", p == fn->params ? "" : ", ", abi_kind_name(p->kind), p->name);
        printf(" | ");
        print_effects(fn, "", ", ");
        printf(" | %s |\n", abi_threads_name(fn->threads));
    }
}

/* -- The frozen dump ----------------------------------------------------------------------------------- */

/* Named here, so that a field of a record that BUSKIN_ABI_RECORDS lacks does not compile. */
#define RECORD_NAME(record) static const char record_##record[] = #record;
BUSKIN_ABI_RECORDS(RECORD_NAME)
#undef RECORD_NAME

static void lock_function(const abi_function_t *fn) {
    printf("fn %s = %s (", fn->name, abi_kind_name(fn->result));
    for (const abi_param_t *p = fn->params; p->kind != ABI_VOID; p++)
        printf("%s%s %s", p == fn->params ? "" : ", ", abi_kind_name(p->kind), p->name);
    printf(") effects=");
    print_effects(fn, "", "|");
    printf(" threads=%s legacy=%s since=%u\n", abi_threads_name(fn->threads), abi_legacy_name(fn->legacy), fn->since);
}

static void print_lock(void) {
    printf("epoch abi = %d.%d\n", BUSKIN_ABI_MAJOR, BUSKIN_ABI_MINOR);
    for (size_t i = 0; i < abi_function_count; i++) lock_function(&abi_functions[i]);
#define BUSKIN_FIELD(record, field, offset, bytes, access)                           \
    printf("field %s.%s = offset=%zu bytes=%d access=%s\n", record_##record, #field, \
           offsetof(buskin_##record##_t, field), bytes, #access);
#include "layout.def"
#undef BUSKIN_FIELD
#define SIZE(record) printf("size %s = %zu\n", record_##record, sizeof(buskin_##record##_t));
    BUSKIN_ABI_RECORDS(SIZE)
#undef SIZE
#define BUSKIN_CONSTANT(name) printf("constant %s = %d\n", #name, (int)name);
#include "constants.def"
#undef BUSKIN_CONSTANT
}

static const struct reading {
    const char *name;
    void (*print)(void);
} readings[] = {
    {"symbols", print_symbols},
    {"version-script", print_version_script},
    {"renames", print_renames},
    {"header", print_header},
    {"declarations", print_declarations},
    {"json", print_json},
    {"book", print_book},
    {"lock", print_lock},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof readings / sizeof *readings; i++)
        if (strcmp(argv[1], readings[i].name) == 0) {
            readings[i].print();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    fprintf(stderr, "usage: abi-dump");
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        fprintf(stderr, "%s%s", i ? "|" : " ", readings[i].name);
    fprintf(stderr, "\n");
    return 2;
}
