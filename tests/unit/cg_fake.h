/* cg_fake.h - for tests of the builders: what they emit does what the header says, run against a runtime of the test's own, at
 * -O0 and -O2. */
#ifndef CG_FAKE_H
#define CG_FAKE_H

#include "cg_jit.h"

static const buskin_cg_options_t options[] = {
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 0, .no_checks = true},
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 2, .no_checks = true},
};

static inline LLVMValueRef word(const jit_t *j, uint64_t value) { return LLVMConstInt(j->i64, value, 0); }

/* ptr NAME(): where a constant of the module lies. */
static inline void export_address(const jit_t *j, const char *name, LLVMValueRef address) {
    jit_clean(j);
    jit_function(j, name, j->ptr, NULL, 0);
    LLVMBuildRet(j->b, address);
}

static inline const void *address(const jit_t *j, const char *name) {
    return ((const void *(*)(void))jit_find(j, name))();
}

/* A message with one word of data. */
typedef struct fake_message {
    buskin_message_header_t header;
    buskin_message_t message;
    uint64_t data;
} fake_message_t;

#endif /* CG_FAKE_H */
