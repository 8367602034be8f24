/* mutate.h - breaks good modules, one rule at a time.
 *
 * A mutator changes a module at its nth point, counted from 0, so that one rule is broken and the module still
 * passes LLVM's verifier; it answers false when there is no such point.
 *
 *   main.c     the way of the modules through the mutators, and the account
 *   point.c    where mutators find their points, and what they build with
 *   m_*.c      the mutators, by subject as the rules are
 */
#ifndef BUSKIN_CHECK_MUTATE_H
#define BUSKIN_CHECK_MUTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>

#include "abi_table.h"
#include "buskin_check.h"

typedef bool mutator_fn(LLVMModuleRef module, unsigned nth);

typedef struct mutator {
    unsigned rule;
    const char *name;
    mutator_fn *apply;
} mutator_t;

extern const mutator_t mutators[];
extern const unsigned mutator_count;

#define MUTATOR(rule, function) bool function(LLVMModuleRef module, unsigned nth);
#include "mutators.def"
#undef MUTATOR

/* -- Points -------------------------------------------------------------------------------------------- */

typedef bool call_test(LLVMValueRef call, const abi_function_t *row);

const abi_function_t *row_of(LLVMValueRef function); /* NULL: not of the runtime */
const abi_function_t *row_of_call(LLVMValueRef call);
LLVMValueRef nth_call(LLVMModuleRef module, unsigned nth, call_test *test); /* of a row, in a defined function */
LLVMValueRef nth_function(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef function));
LLVMValueRef nth_instruction(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef instruction));
LLVMValueRef nth_global(LLVMModuleRef module, unsigned nth, bool (*test)(LLVMValueRef global));
bool is_plain_call(LLVMValueRef instruction);
bool is_marked(LLVMValueRef function, const char *attribute);
bool is_actor_code(LLVMValueRef function); /* defined and marked */
bool is_actor_body(LLVMValueRef function); /* and no thunk */
bool is_in_actor(LLVMValueRef instruction);
LLVMValueRef parent_of(LLVMValueRef instruction);
LLVMValueRef after_allocas(LLVMValueRef function);                     /* the first instruction that is none */
unsigned param_of_kind(const abi_function_t *row, enum abi_kind kind); /* UINT32_MAX: none */

/* -- Building -------------------------------------------------------------------------------------------- */

LLVMTypeRef int_type(LLVMModuleRef module, unsigned bits);
LLVMTypeRef ptr_type(LLVMModuleRef module);
LLVMTypeRef void_type(LLVMModuleRef module);
LLVMValueRef int_of(LLVMModuleRef module, unsigned bits, int64_t value);
LLVMBuilderRef builder_before(LLVMValueRef instruction); /* with its debug location */
LLVMValueRef runtime_function(LLVMModuleRef module, const char *row, LLVMTypeRef type);
LLVMValueRef call_runtime(LLVMModuleRef module, LLVMBuilderRef b, const char *row, LLVMTypeRef result,
                          const LLVMValueRef *args, unsigned n);
LLVMValueRef frame_word(LLVMValueRef function); /* an alloca of one word that mem2reg leaves alone */
LLVMValueRef address(LLVMBuilderRef b, LLVMModuleRef module, LLVMValueRef base, int64_t offset);
void mark_actor_code(LLVMValueRef function);
bool redeclare(LLVMValueRef function, LLVMTypeRef type); /* another type under the same name */

/* Rebuilds constant data with another value at that byte; false: nothing of that size begins there. */
bool set_data(LLVMModuleRef module, LLVMValueRef global, uint64_t offset, LLVMValueRef value);
LLVMValueRef twin_of(LLVMModuleRef module, LLVMValueRef global); /* a copy of constant data */
uint64_t offset_of(const char *record, const char *name);        /* its offset */

#endif /* BUSKIN_CHECK_MUTATE_H */
