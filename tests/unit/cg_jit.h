/* cg_jit.h - for tests of the shims: a module, built and run in this process against functions of the test's own.
 *
 * The shims' prefix option makes emitted code call fake_spawn, fake_send ..., which the test defines and gives to
 * jit_run. What is run is what would be linked: the object of buskin_cg_emit_memory.
 */
#ifndef CG_JIT_H
#define CG_JIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

#include "buskin.h"
#include "buskin_cg.h"

typedef struct jit {
    LLVMContextRef context;
    LLVMModuleRef module;
    buskin_cg_t *cg;
    LLVMBuilderRef b;
    LLVMOrcLLJITRef lljit;
    LLVMTypeRef none, ptr, i1, i8, i16, i32, i64, f32, f64;
} jit_t;

#define JIT_TEXT_(x) #x
#define JIT_TEXT(x) JIT_TEXT_(x)
/* The epoch symbol under the prefix fake_. */
#define JIT_EPOCH "fake_abi_epoch_" JIT_TEXT(BUSKIN_ABI_MAJOR) "_" JIT_TEXT(BUSKIN_ABI_MINOR)

typedef struct jit_symbol {
    const char *name;
    uintptr_t address;
} jit_symbol_t;

static inline void jit_types(jit_t *j) {
    j->none = LLVMVoidTypeInContext(j->context);
    j->ptr = LLVMPointerTypeInContext(j->context, 0);
    j->i1 = LLVMInt1TypeInContext(j->context);
    j->i8 = LLVMInt8TypeInContext(j->context);
    j->i16 = LLVMInt16TypeInContext(j->context);
    j->i32 = LLVMInt32TypeInContext(j->context);
    j->i64 = LLVMInt64TypeInContext(j->context);
    j->f32 = LLVMFloatTypeInContext(j->context);
    j->f64 = LLVMDoubleTypeInContext(j->context);
}

static inline void jit_attach(jit_t *j, const buskin_cg_options_t *options) {
    j->cg = buskin_cg_create(j->module, options);
    assert_non_null(j->cg);
    assert_null(buskin_cg_error(j->cg));
    j->b = LLVMCreateBuilderInContext(j->context);
    jit_types(j);
}

static inline jit_t jit_open(const buskin_cg_options_t *options) {
    jit_t j = {.context = LLVMContextCreate()};
    j.module = LLVMModuleCreateWithNameInContext("test", j.context);
    jit_attach(&j, options);
    return j;
}

/* The same with a module of LLVM text. */
static inline jit_t jit_parse(const char *text, const buskin_cg_options_t *options) {
    jit_t j = {.context = LLVMContextCreate()};
    char *message = NULL;
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "test");
    if (LLVMParseIRInContext(j.context, buffer, &j.module, &message)) fail_msg("%s", message);
    jit_attach(&j, options);
    return j;
}

static inline void jit_close(jit_t *j) {
    if (j->lljit) LLVMOrcDisposeLLJIT(j->lljit);
    LLVMDisposeBuilder(j->b);
    buskin_cg_dispose(j->cg);
    LLVMDisposeModule(j->module);
    LLVMContextDispose(j->context);
}

/* Fails the test with the handle's error when there is one. */
static inline void jit_clean(const jit_t *j) {
    if (buskin_cg_error(j->cg)) fail_msg("%s", buskin_cg_error(j->cg));
}

static inline LLVMValueRef jit_function(const jit_t *j, const char *name, LLVMTypeRef result, LLVMTypeRef *params,
                                        unsigned n) {
    LLVMValueRef f = LLVMAddFunction(j->module, name, LLVMFunctionType(result, params, n, 0));
    LLVMPositionBuilderAtEnd(j->b, LLVMAppendBasicBlockInContext(j->context, f, "entry"));
    return f;
}

static inline void jit_no_error(LLVMErrorRef error) {
    if (error) fail_msg("%s", LLVMGetErrorMessage(error));
}

/* Optimises, emits and loads the module. */
static inline void jit_run(jit_t *j, const jit_symbol_t *symbols, size_t n) {
    LLVMOrcCSymbolMapPair pairs[64];
    assert_true(n <= 64);
    if (buskin_cg_optimize(j->cg)) fail_msg("%s", buskin_cg_error(j->cg));
    LLVMMemoryBufferRef object = buskin_cg_emit_memory(j->cg, BUSKIN_CG_OBJECT);
    if (!object) fail_msg("%s", buskin_cg_error(j->cg));
    jit_no_error(LLVMOrcCreateLLJIT(&j->lljit, NULL));
    LLVMOrcJITDylibRef main = LLVMOrcLLJITGetMainJITDylib(j->lljit);
    for (size_t i = 0; i < n; i++) {
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(j->lljit, symbols[i].name);
        pairs[i].Sym.Address = symbols[i].address;
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){LLVMJITSymbolGenericFlagsExported, 0};
    }
    jit_no_error(LLVMOrcJITDylibDefine(main, LLVMOrcAbsoluteSymbols(pairs, n)));
    jit_no_error(LLVMOrcLLJITAddObjectFile(j->lljit, main, object));
}

static inline uintptr_t jit_find(const jit_t *j, const char *name) {
    LLVMOrcExecutorAddress address = 0;
    jit_no_error(LLVMOrcLLJITLookup(j->lljit, &address, name));
    assert_true(address != 0);
    return (uintptr_t)address;
}

#endif /* CG_JIT_H */
