/* rule_module.c - what a module says of itself: C18's layout, C25, C32's old name, C33. */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>

#include <llvm-c/TargetMachine.h>

/* -- Target (C18) ------------------------------------------------------------------------------------------------------------ */

static void targets_register(void) {
    LLVMInitializeAllTargetInfos();
    LLVMInitializeAllTargets();
    LLVMInitializeAllTargetMCs();
}

/* The layout that LLVM has for the triple, to dispose of; NULL: it has no such target. */
static char *layout_of_target(const char *triple) {
    LLVMTargetRef target;
    char *message = NULL;
    targets_register();
    if (LLVMGetTargetFromTriple(triple, &target, &message)) {
        LLVMDisposeMessage(message);
        return NULL;
    }
    LLVMTargetMachineRef machine =
        LLVMCreateTargetMachine(target, triple, "", "", LLVMCodeGenLevelNone, LLVMRelocDefault, LLVMCodeModelDefault);
    if (!machine) return NULL;
    LLVMTargetDataRef data = LLVMCreateTargetDataLayout(machine);
    char *layout = LLVMCopyStringRepOfTargetData(data);
    LLVMDisposeTargetData(data);
    LLVMDisposeTargetMachine(machine);
    return layout;
}

static void target_is_there(check_t *c) {
    const char *triple = LLVMGetTarget(c->module), *layout = LLVMGetDataLayoutStr(c->module);
    if (!*triple) report(c, 18, NULL, "the module has no target triple");
    if (!*layout) report(c, 18, NULL, "the module has no data layout");
    if (!*triple || !*layout) return;
    char *wants = layout_of_target(triple);
    if (!wants)
        report_unknown(c, 18, NULL, "this LLVM has no target %s to compare the data layout with", triple);
    else if (strcmp(wants, layout) != 0)
        report(c, 18, NULL, "the data layout is %s; that of %s is %s", layout, triple, wants);
    if (wants) LLVMDisposeMessage(wants);
}

/* -- Names (C25, C32) ---------------------------------------------------------------------------------------------------------- */

static const char *plain(const char *symbol) { return symbol + strlen(abi_prefix); }

static void names_are_known(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++) {
        const function_t *f = &c->functions[i];
        if (!f->runtime || f->row || f->defined || !LLVMGetFirstUse(f->value)) continue;
        if (strcmp(f->name + strlen(c->options.prefix), "actor_set_terminate") == 0)
            report(c, 32, f->value,
                   "%s comes after spawn and is lost if the actor has ended: name it in the descriptor", f->name);
        else
            report(c, 25, f->value, "%s is not in version %d.%u of the ABI", f->name, BUSKIN_ABI_MAJOR,
                   c->options.abi_minor);
    }
}

static void data_names_are_known(check_t *c) {
    size_t length, prefix = strlen(c->options.prefix);
    for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g)) {
        const char *name = LLVMGetValueName2(g, &length);
        if (!LLVMIsDeclaration(g) || !LLVMGetFirstUse(g) || strncmp(name, c->options.prefix, prefix) != 0) continue;
        name += prefix;
        if (strcmp(name, plain(abi_epoch_symbol)) == 0 || strcmp(name, plain(abi_context_symbol)) == 0) continue;
        report(c, 25, g, "%s is %s", name - prefix,
               strncmp(name, "abi_epoch_", 10) == 0 ? "of another epoch of the ABI" : "no symbol of the ABI");
    }
}

/* -- The epoch (C25) -------------------------------------------------------------------------------------------------------------- */

static bool is_epoch_load(check_t *c, LLVMValueRef i) {
    char symbol[256];
    size_t length;
    if (!LLVMIsALoadInst(i) || !LLVMGetVolatile(i) || !LLVMIsAGlobalVariable(LLVMGetOperand(i, 0))) return false;
    snprintf(symbol, sizeof symbol, "%s%s", c->options.prefix, plain(abi_epoch_symbol));
    return strcmp(LLVMGetValueName2(LLVMGetOperand(i, 0), &length), symbol) == 0;
}

static bool loads_epoch(check_t *c, LLVMValueRef function) {
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(function);
    for (LLVMValueRef i = LLVMGetFirstInstruction(entry); i; i = LLVMGetNextInstruction(i))
        if (is_epoch_load(c, i)) return true;
    return false;
}

static bool starts_runtime(const function_t *f) {
    for (size_t i = 0; i < f->nsites; i++)
        if (row_is(f->sites[i].callee, "rt_init_actor")) return true;
    return false;
}

/* In flagged modules: what the shims make. */
static void epoch_is_kept(check_t *c) {
    for (unsigned i = 0; c->flagged && i < c->nfunctions; i++) {
        const function_t *f = &c->functions[i];
        bool must = f->defined && ((f->thunk && f->is_entry) || starts_runtime(f));
        if (must && !loads_epoch(c, f->value))
            report(c, 25, f->value, "%s does not load the epoch of the ABI: a stale archive would link", f->name);
    }
}

/* -- Module flags (C33) ------------------------------------------------------------------------------------------------------------- */

typedef struct abi_flag {
    bool found, fails; /* linking modules of two values is an error */
    int64_t value;
} abi_flag_t;

static abi_flag_t abi_flag_of(check_t *c) {
    abi_flag_t flag = {.value = -1};
    size_t n, length;
    LLVMModuleFlagEntry *entries = LLVMCopyModuleFlagsMetadata(c->module, &n);
    for (size_t i = 0; i < n; i++) {
        const char *key = LLVMModuleFlagEntriesGetKey(entries, (unsigned)i, &length);
        if (length != 10 || memcmp(key, "buskin.abi", 10) != 0) continue;
        LLVMValueRef value = LLVMMetadataAsValue(c->context, LLVMModuleFlagEntriesGetMetadata(entries, (unsigned)i)),
                     number;
        flag.found = true;
        flag.fails = LLVMModuleFlagEntriesGetFlagBehavior(entries, (unsigned)i) == LLVMModuleFlagBehaviorError;
        if (LLVMGetMDNodeNumOperands(value) != 1) continue;
        LLVMGetMDNodeOperands(value, &number);
        const_signed(number, &flag.value);
    }
    LLVMDisposeModuleFlagsMetadata(entries);
    return flag;
}

static void abi_is_flagged(check_t *c) {
    abi_flag_t flag = abi_flag_of(c);
    int64_t want = BUSKIN_ABI_MAJOR << 16 | (int)c->options.abi_minor;
    if (!flag.found) {
        if (c->flagged) report(c, 33, NULL, "the module has no flag buskin.abi: modules of two versions would link");
        return;
    }
    if (!flag.fails) report(c, 33, NULL, "the flag buskin.abi does not make linking of two versions an error");
    if (flag.value != want)
        report(c, 33, NULL, "the module was built for version %" PRId64 ".%" PRId64 " of the ABI, this is %d.%u",
               flag.value >> 16, flag.value & 0xFFFF, BUSKIN_ABI_MAJOR, c->options.abi_minor);
}

void rule_module(check_t *c) {
    target_is_there(c);
    names_are_known(c);
    data_names_are_known(c);
    epoch_is_kept(c);
    abi_is_flagged(c);
}
