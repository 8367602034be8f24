/* table.c - the module's functions: which are rows of abi.def, which are actor code, and what they may lead to.
 *
 * The table's declarations are parsed into the module's own context, so that equal types are equal pointers.
 * "May yield" and "leads to init or the end" go from callees to callers until nothing changes; each function enters
 * the worklist once per fact. A call that cannot be followed is assumed to yield only where a rule says so.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include <llvm-c/IRReader.h>

enum { SYMBOL_MAX = 256 };

/* -- The table ------------------------------------------------------------------------------------------- */

void table_open(check_t *c) {
    size_t length = abi_declarations(NULL, 0);
    char *text = check_take(c, &c->arena, length + 1), *message = NULL;
    abi_declarations(text, length + 1);
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, length, "abi.def");
    if (LLVMParseIRInContext(c->context, buffer, &c->table, &message)) {
        LLVMDisposeMessage(message);
        c->table = NULL;
        longjmp(c->no_memory, 1);
    }
}

const abi_field_t *field_at(const char *record, int64_t offset) {
    for (size_t i = 0; i < abi_field_count; i++) {
        const abi_field_t *f = &abi_fields[i];
        if (strcmp(f->record, record) != 0 || offset < f->offset) continue;
        if (offset < (int64_t)f->offset + f->bytes) return f;
    }
    return NULL;
}

uint64_t field_offset(const char *record, const char *field) {
    const abi_field_t *f = abi_field(record, field);
    return f ? f->offset : UINT64_MAX;
}

#define NONNULL(name, c_type, ll_type, attributes, parameter_attributes) \
    case ABI_##name: return strstr(attributes, "nonnull") != NULL;

bool kind_is_nonnull(enum abi_kind kind) {
    switch (kind) {
        BUSKIN_ABI_KINDS(NONNULL)
    case ABI_KIND_COUNT: break;
    }
    return false;
}

bool is_spawn_desc(const abi_function_t *row) { return strstr(row->name, "spawn") != NULL; }

bool is_specification(const abi_function_t *row, unsigned param) {
    return strcmp(row->params[param].name, "spec") == 0;
}

bool row_is(const function_t *f, const char *name) { return f && f->row && strcmp(f->row->name, name) == 0; }

bool row_has(const function_t *f, unsigned effects) { return f && f->row && f->row->effects & effects; }

/* -- One function ------------------------------------------------------------------------------------------ */

static LLVMValueRef model_of(check_t *c, const abi_function_t *row) {
    char symbol[SYMBOL_MAX];
    return abi_symbol(row, symbol, sizeof symbol) < sizeof symbol ? LLVMGetNamedFunction(c->table, symbol) : NULL;
}

/* libbuskin-codegen's own names, in a compiler that was compiled to IR. */
static bool is_of_shims(const char *name) { return strncmp(name, "cg_", 3) == 0 || strncmp(name, "check_", 6) == 0; }

static void function_describe(check_t *c, function_t *f, LLVMValueRef value, unsigned index) {
    size_t length, prefix = strlen(c->options.prefix);
    f->value = value;
    f->name = LLVMGetValueName2(value, &length);
    f->index = index;
    f->defined = !LLVMIsDeclaration(value);
    f->marked = has_string_attribute(value, "buskin-actor");
    f->thunk = has_string_attribute(value, "buskin-entry");
    f->actor = f->marked && f->defined && c->flagged;
    f->runtime = length > prefix && memcmp(f->name, c->options.prefix, prefix) == 0 && !is_of_shims(f->name + prefix);
    if (!f->runtime) return;
    f->row = abi_function(f->name + prefix);
    if (f->row && f->row->since > c->options.abi_minor) f->row = NULL;
    if (f->row) f->model = model_of(c, f->row);
    if (!f->model) f->row = NULL;
}

function_t *function_of(const check_t *c, LLVMValueRef value) {
    uintptr_t index = value ? map_get(&c->function_index, value) : MAP_NONE;
    return index == MAP_NONE ? NULL : &c->functions[index];
}

function_t *callee_of(const check_t *c, LLVMValueRef call) {
    LLVMValueRef callee = LLVMGetCalledValue(call);
    function_t *f = function_of(c, callee);
    return f ? f : function_of(c, function_behind(callee));
}

/* -- Calls -------------------------------------------------------------------------------------------------- */

static void sites_collect(check_t *c, function_t *f) {
    size_t room = 0;
    LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f->value);
    for (; block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            if (!is_call(i)) continue;
            f->sites = check_grow(c, &c->arena, f->sites, f->nsites, &room, sizeof *f->sites);
            f->sites[f->nsites++] = (site_t){i, callee_of(c, i)};
        }
}

void functions_collect(check_t *c) {
    unsigned n = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f)) n++;
    c->functions = check_take(c, &c->arena, (n + 1) * sizeof *c->functions);
    for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f)) {
        check_put(c, &c->function_index, f, c->nfunctions);
        function_describe(c, &c->functions[c->nfunctions], f, c->nfunctions);
        c->nfunctions++;
    }
    for (unsigned i = 0; i < n; i++) sites_collect(c, &c->functions[i]);
}

/* -- From callees to callers ---------------------------------------------------------------------------------- */

typedef struct callers {
    unsigned *first, *from; /* callers of function i */
} callers_t;

static callers_t callers_of_all(check_t *c) {
    unsigned n = c->nfunctions;
    callers_t callers = {.first = check_take(c, &c->arena, (n + 2) * sizeof *callers.first)};
    size_t total = 0;
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++)
            if (c->functions[i].sites[k].callee) callers.first[c->functions[i].sites[k].callee->index + 1]++, total++;
    for (unsigned i = 0; i < n; i++) callers.first[i + 1] += callers.first[i];
    callers.from = check_take(c, &c->arena, (total + 1) * sizeof *callers.from);
    unsigned *at = check_take(c, &c->arena, (n + 1) * sizeof *at);
    memcpy(at, callers.first, (n + 1) * sizeof *at);
    for (unsigned i = 0; i < n; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++)
            if (c->functions[i].sites[k].callee) callers.from[at[c->functions[i].sites[k].callee->index]++] = i;
    return callers;
}

typedef bool *fact_of(function_t *f);
static bool *fact_yields(function_t *f) { return &f->yields; }
static bool *fact_leads_on(function_t *f) { return &f->leads_on; }

static void spread(check_t *c, const callers_t *callers, fact_of *fact) {
    unsigned *work = check_take(c, &c->arena, (c->nfunctions + 1) * sizeof *work), n = 0;
    for (unsigned i = 0; i < c->nfunctions; i++)
        if (*fact(&c->functions[i])) work[n++] = i;
    while (n) {
        unsigned callee = work[--n];
        for (unsigned k = callers->first[callee]; k < callers->first[callee + 1]; k++) {
            function_t *caller = &c->functions[callers->from[k]];
            if (*fact(caller)) continue;
            *fact(caller) = true;
            work[n++] = caller->index;
        }
    }
}

void functions_close(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++) {
        function_t *f = &c->functions[i];
        f->yields = row_has(f, ABI_YIELDS);
        f->leads_on = row_is(f, "rt_init_actor") || row_is(f, "rt_run_scheduler");
    }
    callers_t callers = callers_of_all(c);
    spread(c, &callers, fact_yields);
    spread(c, &callers, fact_leads_on);
}
