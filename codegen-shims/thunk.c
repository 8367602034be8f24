/* thunk.c - what the runtime calls: entry thunks, terminate wrappers, and the spawn descriptors that name them.
 *
 * The runtime calls `void (ptr)`. Passing it the typed body instead crashed every actor with arguments (C1); so the
 * thunk is made here, from the same layout that the spawn site uses, and recursion targets the body, which keeps
 * its own calling convention and its tail calls (C28).
 */
#include "cg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/DebugInfo.h>

bool cg_is_thunk(LLVMValueRef function) {
    return LLVMGetStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "buskin-entry",
                                         12) != NULL;
}

/* -- Symbols ------------------------------------------------------------------------------------------- */

static char *symbol_of(buskin_cg_t *cg, const char *before, const char *name) {
    size_t length = strlen(before) + strlen(name) + 1;
    char *symbol = cg_keep(cg, length);
    if (symbol) snprintf(symbol, length, "%s%s", before, name);
    return symbol;
}

/* NULL when the module has it already. */
static LLVMValueRef thunk_declare(buskin_cg_t *cg, const char *symbol, unsigned params) {
    if (LLVMGetNamedFunction(cg->module, symbol) || LLVMGetNamedGlobal(cg->module, symbol))
        return cg_fail(cg, "%s exists already", symbol), NULL;
    LLVMTypeRef types[] = {cg->type_ptr, cg->type_ptr};
    return LLVMAddFunction(cg->module, symbol, LLVMFunctionType(cg->type_void, types, params, 0));
}

/* A builder in a new function's entry block. */
static LLVMBuilderRef thunk_open(buskin_cg_t *cg, LLVMValueRef thunk) {
    LLVMBuilderRef b = LLVMCreateBuilderInContext(cg->context);
    LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(cg->context, thunk, "entry"));
    return b;
}

static void call_body(LLVMBuilderRef b, LLVMValueRef body, LLVMValueRef *args, unsigned n) {
    LLVMValueRef call = LLVMBuildCall2(b, LLVMGlobalGetValueType(body), body, args, n, "");
    LLVMSetInstructionCallConv(call, LLVMGetFunctionCallConv(body));
}

/* -- Entry thunk --------------------------------------------------------------------------------------- */

static int thunk_fill(buskin_cg_t *cg, const buskin_cg_actor_t *a, LLVMValueRef body) {
    LLVMValueRef *args = calloc(a->nparams + 1, sizeof *args);
    if (!args) return cg_fail(cg, "no memory");
    LLVMBuilderRef b = thunk_open(cg, a->thunk);
    cg_load_epoch(cg, b);
    for (unsigned i = 0; i < a->nparams; i++)
        args[i] = cg_load_slot(cg, b, LLVMGetParam(a->thunk, 0), &a->params[i], &a->places[i]);
    call_body(b, body, args, a->nparams);
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
    free(args);
    return 0;
}

static int thunk_create(buskin_cg_t *cg, buskin_cg_actor_t *a, LLVMValueRef body, bool external) {
    char *symbol = symbol_of(cg, "__actor_entry_", a->name);
    a->thunk = symbol ? thunk_declare(cg, symbol, 1) : NULL;
    if (!a->thunk) return -1;
    LLVMMetadataRef layout = cg_layout_metadata(cg, a->params, a->places, a->nparams, a->size);
    LLVMGlobalSetMetadata(a->thunk, cg_metadata_kind(cg, "buskin.layout"), layout);
    if (!body) return 0;
    buskin_cg_actor_code(cg, a->thunk);
    cg_attribute(cg, a->thunk, "buskin-entry", "");
    if (!external) LLVMSetLinkage(a->thunk, LLVMInternalLinkage);
    buskin_cg_actor_code(cg, body);
    return thunk_fill(cg, a, body);
}

/* -- Spawn descriptor ---------------------------------------------------------------------------------- */

static LLVMValueRef title_constant(buskin_cg_t *cg, const buskin_cg_actor_options_t *o) {
    const char *title = o->title ? o->title : o->name;
    return buskin_cg_text(cg, title, strlen(title));
}

static LLVMValueRef descriptor_constant(buskin_cg_t *cg, const buskin_cg_actor_t *a,
                                        const buskin_cg_actor_options_t *o) {
    LLVMValueRef args = NULL;
    if (a->size) {
        args = cg_slots_descriptor(cg, a->name, a->params, a->places, a->nparams, a->size);
        if (!args) return NULL;
    }
    const cg_field_t fields[] = {
        {"size", cg_int(cg->type_i64, sizeof(buskin_spawn_desc_t))},
        {"entry", a->thunk},
        {"name", title_constant(cg, o)},
        {"args", args},
        {"terminate", o->terminate},
        {"stack_size", cg_int(cg->type_i64, o->stack_size)},
        {"heap_limit", cg_int(cg->type_i64, o->heap_limit)},
        {"mailbox_capacity", cg_int(cg->type_i64, o->mailbox_capacity)},
        {"mailbox_policy", cg_int(cg->type_i32, o->mailbox_policy)},
        {"mailbox_fallback", cg_int(cg->type_i32, o->mailbox_fallback)},
        {"mailbox_key", cg_int(cg->type_i32, o->mailbox_key)},
        {"priority", cg_int(cg->type_i8, o->priority)},
    };
    return cg_record(cg, "spawn_desc", sizeof(buskin_spawn_desc_t), fields, sizeof fields / sizeof *fields);
}

static int descriptor_create(buskin_cg_t *cg, buskin_cg_actor_t *a, const buskin_cg_actor_options_t *o) {
    char *symbol = symbol_of(cg, "__actor_desc_", a->name);
    LLVMValueRef initializer = symbol ? descriptor_constant(cg, a, o) : NULL;
    if (!initializer) return -1;
    if (LLVMGetNamedGlobal(cg->module, symbol)) return cg_fail(cg, "%s exists already", symbol);
    a->descriptor = LLVMAddGlobal(cg->module, LLVMTypeOf(initializer), symbol);
    LLVMSetInitializer(a->descriptor, initializer);
    LLVMSetGlobalConstant(a->descriptor, 1);
    LLVMSetAlignment(a->descriptor, 8);
    if (!o->external || !o->body) LLVMSetLinkage(a->descriptor, LLVMInternalLinkage);
    return 0;
}

/* What the source declared, beside the constant that says it, so that the checker can compare (C23). */
static void declare_mailbox(buskin_cg_t *cg, const buskin_cg_actor_options_t *o) {
    LLVMMetadataRef parts[] = {
        LLVMMDStringInContext2(cg->context, o->name, strlen(o->name)),
        LLVMValueAsMetadata(cg_int(cg->type_i64, o->mailbox_capacity)),
        LLVMValueAsMetadata(cg_int(cg->type_i32, o->mailbox_policy)),
        LLVMValueAsMetadata(cg_int(cg->type_i32, o->mailbox_fallback)),
        LLVMValueAsMetadata(cg_int(cg->type_i32, o->mailbox_key)),
        LLVMValueAsMetadata(cg_int(cg->type_i32, o->priority)),
    };
    LLVMMetadataRef node = LLVMMDNodeInContext2(cg->context, parts, sizeof parts / sizeof *parts);
    LLVMAddNamedMetadataOperand(cg->module, "buskin.actors", LLVMMetadataAsValue(cg->context, node));
}

/* -- Actors -------------------------------------------------------------------------------------------- */

static buskin_cg_actor_t *actor_new(buskin_cg_t *cg, const char *name, const buskin_cg_slot_t *params, unsigned n) {
    buskin_cg_actor_t *a = cg_keep(cg, sizeof *a);
    if (!a) return NULL;
    a->name = cg_keep_text(cg, name);
    a->params = cg_keep(cg, (n + 1) * sizeof *a->params);
    a->places = cg_keep(cg, (n + 1) * sizeof *a->places);
    a->nparams = n;
    if (!a->name || !a->params || !a->places) return NULL;
    if (!cg_slots_ok(cg, name, params, n, a->places, &a->size)) return NULL;
    for (unsigned i = 0; i < n; i++) a->params[i] = params[i];
    return a;
}

static bool body_ok(buskin_cg_t *cg, const buskin_cg_actor_options_t *o) {
    if (!o->body) return true;
    if (!LLVMIsAFunction(o->body)) return cg_fail(cg, "%s: the body is not a function", o->name), false;
    LLVMTypeRef type = LLVMGlobalGetValueType(o->body);
    if (LLVMIsFunctionVarArg(type)) return cg_fail(cg, "%s: the body is variadic", o->name), false;
    unsigned n = LLVMCountParamTypes(type);
    if (n != o->nparams)
        return cg_fail(cg, "%s: the body has %u parameters, %u are described", o->name, n, o->nparams), false;
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, LLVMGetParam(o->body, i), o->params[i].type, o->name, "a parameter of the body")) return false;
    return true;
}

/* LLVM 19 pops the wrong number of bytes for a callee-pop convention whose stack arguments are over-aligned: a
 * crash at run time. Up to six words travel in registers. */
static bool convention_ok(buskin_cg_t *cg, const buskin_cg_actor_options_t *o, const buskin_cg_actor_t *a) {
    enum { TAIL = 18, SWIFT_TAIL = 20, REGISTERS = 6 };
    unsigned convention = o->body ? LLVMGetFunctionCallConv(o->body) : 0;
    if ((convention != TAIL && convention != SWIFT_TAIL) || a->size <= 8 * REGISTERS) return true;
    for (unsigned i = 0; i < a->nparams; i++)
        if (LLVMABIAlignmentOfType(cg->data, a->params[i].type) >= 16)
            return cg_fail(cg, "%s: tailcc with over-aligned parameters on the stack; LLVM miscompiles it", o->name),
                   false;
    return true;
}

static bool options_ok(buskin_cg_t *cg, const buskin_cg_actor_options_t *o) {
    if (o->priority > BUSKIN_LOW) return cg_fail(cg, "%s: priority %u", o->name, o->priority), false;
    if (o->mailbox_policy > BUSKIN_POLICY_COALESCE)
        return cg_fail(cg, "%s: mailbox policy %u", o->name, o->mailbox_policy), false;
    if (o->mailbox_fallback >= BUSKIN_POLICY_COALESCE)
        return cg_fail(cg, "%s: mailbox fallback %u", o->name, o->mailbox_fallback), false;
    if (o->terminate && !LLVMIsAFunction(o->terminate))
        return cg_fail(cg, "%s: terminate is not a function", o->name), false;
    return true;
}

buskin_cg_actor_t *buskin_cg_actor(buskin_cg_t *cg, const buskin_cg_actor_options_t *options) {
    if (!cg_ready(cg, "actor")) return NULL;
    if (!options->name || !*options->name) return cg_fail(cg, "actor: it has no name"), NULL;
    if (options->nparams && !options->params) return cg_fail(cg, "%s: params are missing", options->name), NULL;
    if (!options_ok(cg, options) || !body_ok(cg, options)) return NULL;
    buskin_cg_actor_t *a = actor_new(cg, options->name, options->params, options->nparams);
    if (!a || !convention_ok(cg, options, a)) return NULL;
    if (thunk_create(cg, a, options->body, options->external)) return NULL;
    if (descriptor_create(cg, a, options)) return NULL;
    declare_mailbox(cg, options);
    return a;
}

buskin_cg_actor_t *buskin_cg_actor_import(buskin_cg_t *cg, const char *name, const buskin_cg_slot_t *params,
                                          unsigned nparams) {
    if (!cg_ready(cg, "actor_import")) return NULL;
    if (!name || !*name) return cg_fail(cg, "actor_import: it has no name"), NULL;
    buskin_cg_actor_t *a = actor_new(cg, name, params, nparams);
    if (!a || thunk_create(cg, a, NULL, true)) return NULL;
    char *symbol = symbol_of(cg, "__actor_desc_", name);
    if (!symbol) return NULL;
    if (LLVMGetNamedGlobal(cg->module, symbol)) return cg_fail(cg, "%s exists already", symbol), NULL;
    LLVMTypeRef bytes = LLVMArrayType2(cg->type_i64, sizeof(buskin_spawn_desc_t) / 8);
    a->descriptor = LLVMAddGlobal(cg->module, bytes, symbol);
    LLVMSetGlobalConstant(a->descriptor, 1);
    return a;
}

LLVMValueRef buskin_cg_actor_thunk(const buskin_cg_actor_t *actor) { return actor ? actor->thunk : NULL; }

LLVMValueRef buskin_cg_actor_descriptor(const buskin_cg_actor_t *actor) { return actor ? actor->descriptor : NULL; }

/* -- Terminate ----------------------------------------------------------------------------------------- */

static bool terminate_ok(buskin_cg_t *cg, const char *name, LLVMValueRef body) {
    if (!body || !LLVMIsAFunction(body)) return cg_fail(cg, "terminate: the body is not a function"), false;
    if (!name || !*name) return cg_fail(cg, "terminate: it has no name"), false;
    unsigned n = LLVMCountParams(body);
    if (n < 1 || n > 2) return cg_fail(cg, "terminate: the body takes (state) or (state, notice)"), false;
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, LLVMGetParam(body, i), cg->type_ptr, "terminate", "a parameter of the body")) return false;
    return true;
}

/* An actor that ended before it set a state has not begun: its terminate body does not run (C32). */
static void terminate_fill(buskin_cg_t *cg, LLVMValueRef wrapper, LLVMValueRef body) {
    LLVMBuilderRef b = thunk_open(cg, wrapper);
    LLVMValueRef args[] = {LLVMGetParam(wrapper, 0), LLVMGetParam(wrapper, 1)};
    LLVMBasicBlockRef run = cg_block_last(cg, b, "run"), none = cg_block_last(cg, b, "none");
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, args[0], ""), none, run);
    LLVMPositionBuilderAtEnd(b, run);
    call_body(b, body, args, LLVMCountParams(body));
    LLVMBuildRetVoid(b);
    LLVMPositionBuilderAtEnd(b, none);
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
}

LLVMValueRef buskin_cg_terminate(buskin_cg_t *cg, const char *name, LLVMValueRef body) {
    if (!cg_ready(cg, "terminate") || !terminate_ok(cg, name, body)) return NULL;
    char *symbol = symbol_of(cg, "__actor_terminate_", name);
    LLVMValueRef wrapper = symbol ? thunk_declare(cg, symbol, 2) : NULL;
    if (!wrapper) return NULL;
    LLVMSetLinkage(wrapper, LLVMInternalLinkage);
    buskin_cg_actor_code(cg, wrapper);
    cg_attribute(cg, wrapper, "buskin-entry", "");
    buskin_cg_actor_code(cg, body);
    terminate_fill(cg, wrapper, body);
    return wrapper;
}

/* -- Before the passes --------------------------------------------------------------------------------- */

static void keep_out_of_line(buskin_cg_t *cg, LLVMValueRef call) {
    unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", 8);
    LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                             LLVMCreateEnumAttribute(cg->context, noinline, 0));
}

static bool calls_debuggable(LLVMValueRef instruction) {
    if (!LLVMIsACallInst(instruction)) return false;
    LLVMValueRef callee = LLVMGetCalledValue(instruction);
    return LLVMIsAFunction(callee) && LLVMGetSubprogram(callee);
}

/* A body with debug info stays a function of its own: inlined into a thunk, which has none, it would lose it. */
void cg_thunks_finish(buskin_cg_t *cg) {
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f; f = LLVMGetNextFunction(f)) {
        if (!cg_is_thunk(f)) continue;
        for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f); block; block = LLVMGetNextBasicBlock(block))
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
                if (calls_debuggable(i)) keep_out_of_line(cg, i);
    }
}
