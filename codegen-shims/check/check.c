/* check.c - a module's way through the rules.
 *
 *   copy      locals in memory become values (mem2reg), so that -O0 code can be followed like any other
 *   collect   functions, rows, calls; what yields; what is an entry; what is sent with each tag
 *   module    rules about declarations, descriptors, flags
 *   functions each once: its flow, then the rules of one function
 *   calls     rules about recursion and blocking, over the call graph
 *
 * LLVM's C interface has no dominators and no block numbers, so flow.c makes what is needed.
 */
#include "check.h"

#include <stdlib.h>

#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>

/* -- The copy --------------------------------------------------------------------------------------------------------------- */

static void forget_optnone(LLVMValueRef function) {
    unsigned kind = LLVMGetEnumAttributeKindForName("optnone", 7);
    LLVMRemoveEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, kind);
}

static void promote_locals(check_t *c) {
    for (LLVMValueRef f = LLVMGetFirstFunction(c->module); f; f = LLVMGetNextFunction(f)) forget_optnone(f);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(c->module, "function(mem2reg)", NULL, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) LLVMConsumeError(error);
}

static bool has_locals(LLVMModuleRef module) {
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f)) continue;
        LLVMValueRef i = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(f));
        for (; i; i = LLVMGetNextInstruction(i))
            if (LLVMIsAAllocaInst(i)) return true;
    }
    return false;
}

static void open_module(check_t *c, LLVMModuleRef module) {
    c->module = module;
    c->context = LLVMGetModuleContext(module);
    if (has_locals(module)) {
        if (!c->options.may_change) {
            c->module = LLVMCloneModule(module);
            c->copied = true;
        }
        promote_locals(c);
    }
    c->data = LLVMCreateTargetData(LLVMGetDataLayoutStr(c->module));
    c->flagged = LLVMGetModuleFlag(c->module, "buskin.checks", 13) != NULL;
    c->kind_layout = LLVMGetMDKindIDInContext(c->context, "buskin.layout", 13);
    c->kind_arms = LLVMGetMDKindIDInContext(c->context, "buskin.arms", 11);
}

/* -- Phases ------------------------------------------------------------------------------------------------------------------- */

static void forget_function(check_t *c) {
    map_clear(&c->uses);
    map_clear(&c->seen);
    map_clear(&c->answers);
    c->records = 0;
    arena_free(&c->scratch);
}

static void each_function(check_t *c, void (*work)(check_t *)) {
    for (unsigned i = 0; i < c->nfunctions; i++) {
        c->in = &c->functions[i];
        if (c->in->defined) work(c);
    }
}

static void function_rules(check_t *c) {
    flow_build(c, c->in->value);
    rule_calls(c);
    rule_payloads(c);
    rule_results(c);
    rule_messages(c);
    rule_given(c);
    rule_cycles(c);
    rule_frame(c);
    rule_threads(c);
    rule_records(c);
    rule_order(c);
    forget_function(c);
}

static void run(check_t *c) {
    table_open(c);
    functions_collect(c);
    functions_close(c);
    entries_mark(c);
    each_function(c, note_sends);
    if (!c->flagged) report_note(c, "no module flag buskin.checks: rules about actor code do not apply");
    rule_module(c);
    rule_declarations(c);
    rule_descriptors(c);
    forget_function(c);
    each_function(c, function_rules);
    rule_entries(c);
    forget_function(c);
    rule_recursion(c);
    rule_blocking(c);
}

static void close_check(check_t *c) {
    map_t *const maps[] = {&c->function_index, &c->reads, &c->uses, &c->sizes, &c->seen, &c->answers, &c->flow.index};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) map_free(maps[i]);
    arena_free(&c->scratch);
    arena_free(&c->arena);
    if (c->data) LLVMDisposeTargetData(c->data);
    if (c->table) LLVMDisposeModule(c->table);
    if (c->copied) LLVMDisposeModule(c->module);
}

/* -- The module ----------------------------------------------------------------------------------------------------------------- */

static bool set_options(buskin_check_options_t *to, const buskin_check_options_t *from) {
    if (from) *to = *from;
    if (!to->prefix) to->prefix = abi_prefix;
    if (!to->abi_minor) to->abi_minor = BUSKIN_ABI_MINOR;
    return to->abi_minor <= BUSKIN_ABI_MINOR && *to->prefix && strlen(to->prefix) < 64;
}

int buskin_check_module(LLVMModuleRef module, const buskin_check_options_t *options, const buskin_check_sink_t *sink) {
    check_t *c = calloc(1, sizeof *c);
    if (!c) return -1;
    c->sink = sink;
    bool ready = set_options(&c->options, options);
    if (!ready || setjmp(c->no_memory)) {
        c->findings = -1;
    } else {
        open_module(c, module);
        run(c);
    }
    close_check(c);
    int findings = c->findings;
    free(c);
    return findings;
}
