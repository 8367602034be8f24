/* constant.c - private constants: descriptors, texts, immortal objects.
 *
 * LLVM keeps equal constants of a context once, so the initializer's address is a key: equal data is emitted once
 * per module. Records of the runtime are built from layout.def, never from offsets written here (C19, C21).
 */
#include "cg.h"

#include <stdlib.h>
#include <string.h>

/* -- Private constants --------------------------------------------------------------------------------- */

static LLVMValueRef constant_make(buskin_cg_t *cg, LLVMValueRef initializer, const char *name) {
    LLVMValueRef global = LLVMAddGlobal(cg->module, LLVMTypeOf(initializer), name);
    LLVMSetInitializer(global, initializer);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, 8);
    return global;
}

LLVMValueRef cg_constant(buskin_cg_t *cg, LLVMValueRef initializer, const char *name) {
    uintptr_t old = map_get(&cg->constants, initializer);
    if (old != MAP_NONE) return (LLVMValueRef)old;
    LLVMValueRef global = constant_make(cg, initializer, name);
    map_put(&cg->constants, initializer, (uintptr_t)global);
    return global;
}

static LLVMValueRef const_string(buskin_cg_t *cg, const char *bytes, uint64_t length, bool no_nul) {
    return LLVMConstStringInContext2(cg->context, bytes, length, no_nul);
}

LLVMValueRef buskin_cg_text(buskin_cg_t *cg, const char *bytes, uint64_t length) {
    if (!cg_ready(cg, "text")) return NULL;
    return cg_constant(cg, const_string(cg, bytes, length, false), "buskin.text");
}

/* -- Records of the runtime ---------------------------------------------------------------------------- */

typedef struct record {
    LLVMValueRef *parts;
    unsigned n;
    uint64_t at; /* bytes so far */
} record_t;

static void record_pad(buskin_cg_t *cg, record_t *r, uint64_t to) {
    if (to <= r->at) return;
    r->parts[r->n++] = LLVMConstNull(LLVMArrayType2(cg->type_i8, to - r->at));
    r->at = to;
}

static void record_add(buskin_cg_t *cg, record_t *r, const abi_field_t *row, LLVMValueRef value) {
    record_pad(cg, r, row->offset);
    r->parts[r->n++] = value;
    r->at += LLVMStoreSizeOfType(cg->data, LLVMTypeOf(value));
}

/* A packed constant of at least `size` bytes whose fields lie where layout.def says; fields come in the order
 * of their offsets, and a value of NULL leaves zeros, as does a field that is not named. */
LLVMValueRef cg_record(buskin_cg_t *cg, const char *record, uint64_t size, const cg_field_t *fields, unsigned n) {
    record_t r = {.parts = calloc(2 * n + 1, sizeof *r.parts)};
    if (!r.parts) return cg_fail(cg, "no memory"), NULL;
    for (unsigned i = 0; i < n; i++)
        if (fields[i].value) record_add(cg, &r, abi_field(record, fields[i].name), fields[i].value);
    record_pad(cg, &r, size);
    LLVMValueRef constant = LLVMConstStructInContext(cg->context, r.parts, r.n, 1);
    free(r.parts);
    return constant;
}
