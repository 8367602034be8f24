/* alloc.c - objects on the actor's heap.
 *
 * The common case is inline: take the header and payload from the context's run of zeroed memory. Between the
 * store of the new hp and that of the header nothing may collect, and nothing here calls. When the run is too
 * short the runtime allocates, in a block that is laid out cold.
 */
#include "cg.h"

enum {
    HEADER = 8,
    INLINE_MAX = 256 /* bytes with header; larger objects are rare, and a call costs little beside clearing them */
};

typedef struct bump {
    LLVMValueRef start, end; /* of the new object, header included */
    LLVMValueRef hp_field;
} bump_t;

/* Computes where the object would lie, and whether it fits (i1). */
static LLVMValueRef bump_try(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef context, uint64_t need, bump_t *bump) {
    bump->hp_field = cg_field_address(cg, b, "context", "hp", context);
    LLVMValueRef limit_field = cg_field_address(cg, b, "context", "hplim", context);
    bump->start = cg_load(b, cg->type_ptr, bump->hp_field, 8);
    LLVMValueRef limit = cg_load(b, cg->type_ptr, limit_field, 8);
    LLVMValueRef from = LLVMBuildPtrToInt(b, bump->start, cg->type_i64, "");
    LLVMValueRef to = LLVMBuildPtrToInt(b, limit, cg->type_i64, "");
    LLVMValueRef room = LLVMBuildSub(b, to, from, "");
    return LLVMBuildICmp(b, LLVMIntUGE, room, cg_int(cg->type_i64, need), "");
}

static LLVMValueRef bump_take(buskin_cg_t *cg, LLVMBuilderRef b, const bump_t *bump, uint64_t need, LLVMValueRef desc) {
    cg_store(b, cg_offset(cg, b, bump->start, (int64_t)need), bump->hp_field, 8);
    cg_store(b, desc, bump->start, 8);
    return cg_offset(cg, b, bump->start, HEADER);
}

static LLVMValueRef alloc_inline(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef desc, uint64_t need) {
    bump_t bump;
    LLVMValueRef context = cg_context(cg, b);
    if (!context) return NULL;
    LLVMValueRef fits = bump_try(cg, b, context, need, &bump);
    LLVMBasicBlockRef fast = cg_block_after(cg, b, "alloc.fast"), slow = cg_block_last(cg, b, "alloc.slow");
    cg_branch(cg, b, fits, fast, 2000, slow, 1);
    LLVMPositionBuilderAtEnd(b, fast);
    LLVMValueRef quick = bump_take(cg, b, &bump, need, desc);
    LLVMBasicBlockRef done = cg_block_after(cg, b, "alloc.done");
    LLVMBuildBr(b, done);
    LLVMPositionBuilderAtEnd(b, slow);
    LLVMValueRef called = cg_call_row(cg, b, "alloc", &desc, 1);
    LLVMBuildBr(b, done);
    LLVMPositionBuilderAtEnd(b, done);
    LLVMValueRef object = LLVMBuildPhi(b, cg->type_ptr, "object");
    LLVMAddIncoming(object, (LLVMValueRef[]){quick, called}, (LLVMBasicBlockRef[]){fast, slow}, 2);
    return object;
}

LLVMValueRef buskin_cg_alloc(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_desc_t *desc) {
    if (!cg_can_build(cg, b, "alloc")) return NULL;
    if (!desc) return cg_fail(cg, "alloc: the descriptor is missing"), NULL;
    if (desc->parts.flags & BUSKIN_DESC_ARRAY) return cg_fail(cg, "alloc: an array needs alloc_array"), NULL;
    if (!buskin_cg_declare(cg, "alloc")) return NULL;
    uint64_t need = HEADER + (uint64_t)desc->parts.size;
    if (need <= INLINE_MAX) return alloc_inline(cg, b, desc->value, need);
    return cg_call_row(cg, b, "alloc", &desc->value, 1);
}

LLVMValueRef buskin_cg_alloc_array(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_desc_t *desc, LLVMValueRef count) {
    if (!cg_can_build(cg, b, "alloc_array")) return NULL;
    if (!desc) return cg_fail(cg, "alloc_array: the descriptor is missing"), NULL;
    if (!(desc->parts.flags & BUSKIN_DESC_ARRAY)) return cg_fail(cg, "alloc_array: not an array"), NULL;
    return cg_call_row(cg, b, "alloc_array", (LLVMValueRef[]){desc->value, count}, 2);
}

int buskin_cg_store_object(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object, LLVMValueRef field,
                           LLVMValueRef value) {
    if (!cg_can_build(cg, b, "store_object")) return -1;
    if (!cg_is(cg, object, cg->type_ptr, "store_object", "the object")) return -1;
    if (!cg_is(cg, field, cg->type_ptr, "store_object", "the field")) return -1;
    if (!cg_is(cg, value, cg->type_ptr, "store_object", "the value")) return -1;
    if (cg->write_hook && !buskin_cg_call(cg, b, "gc_write_hook", (LLVMValueRef[]){object, value}, 2)) return -1;
    cg_store(b, value, field, 8);
    return 0;
}

LLVMValueRef buskin_cg_object_user(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object) {
    if (!cg_can_build(cg, b, "object_user")) return NULL;
    if (!cg_is(cg, object, cg->type_ptr, "object_user", "object")) return NULL;
    LLVMValueRef desc = cg_load(b, cg->type_ptr, cg_offset(cg, b, object, -HEADER), 8);
    return buskin_cg_load_field(cg, b, "desc", "user", desc);
}
