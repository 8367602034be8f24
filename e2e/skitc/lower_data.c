/* lower_data.c - objects: tuples, structs, variants, lists, string constants.
 *
 * Every field takes eight bytes: objects and integers as they are, Float as its bits, Bool as 0 or 1. The variant
 * of a sum value is the `user` number of its descriptor; variants without fields are constants.
 */
#include <stdlib.h>

#include "lower.h"

LLVMValueRef data_string(unit *u, const char *bytes, size_t length) {
    return buskin_cg_immortal_bytes(u->cg, type_string_desc(u), bytes, length);
}

LLVMValueRef data_new(body *b, buskin_cg_desc_t *desc) { return buskin_cg_alloc(b->u->cg, b->b, desc); }

/* -- Fields ---------------------------------------------------------------------------------------------------- */

static LLVMValueRef data_field(body *b, LLVMValueRef object, int32_t index) {
    if (index == 0) return object;
    LLVMValueRef offset = body_i64(b, 8 * (int64_t)index);
    return LLVMBuildInBoundsGEP2(b->b, b->l->i8, object, &offset, 1, "");
}

void data_store(body *b, type *of, LLVMValueRef object, int32_t index, LLVMValueRef value) {
    if (type_is_unit(of)) return; /* objects are zeroed */
    if (of->kind == TYPE_BOOL) value = LLVMBuildZExt(b->b, value, b->l->i64, "");
    LLVMSetAlignment(LLVMBuildStore(b->b, value, data_field(b, object, index)), 8);
}

LLVMValueRef data_load(body *b, type *of, LLVMValueRef object, int32_t index) {
    if (type_is_unit(of)) return body_unit(b);
    bool truth = of->kind == TYPE_BOOL;
    LLVMValueRef value = body_load(b, truth ? b->l->i64 : type_ll(b->l, of), object, 8 * (uint64_t)index);
    return truth ? LLVMBuildTrunc(b->b, value, b->l->i1, "") : value;
}

type *data_field_type(body *b, type *aggregate, int32_t which, int32_t index) {
    switch (aggregate->kind) {
    case TYPE_TUPLE: return aggregate->args[index];
    case TYPE_SUM: return variant_field_type(b->l->p, aggregate, which, index);
    default: return field_type(b->l->p, aggregate, index);
    }
}

/* -- Construction ------------------------------------------------------------------------------------------------ */

LLVMValueRef data_tuple(body *b, type *t, LLVMValueRef *items) {
    LLVMValueRef object = data_new(b, type_desc(b->u, t, 0));
    for (int32_t i = 0; i < t->nargs; i++) data_store(b, t->args[i], object, i, items[i]);
    return object;
}

LLVMValueRef data_struct(body *b, type *t, LLVMValueRef *fields) {
    LLVMValueRef object = data_new(b, type_desc(b->u, t, 0));
    for (int32_t i = 0; i < t->decl->nfields; i++) data_store(b, field_type(b->l->p, t, i), object, i, fields[i]);
    return object;
}

/* The constant of a variant without fields. */
static LLVMValueRef data_nullary(unit *u, type *t, int32_t index) {
    buskin_cg_desc_t *desc = type_desc(u, t, index);
    type_info *info = type_infos(u, t);
    if (info->constants == NULL) info->constants = calloc((size_t)t->decl->nvariants, sizeof(LLVMValueRef));
    if (info->constants[index] == NULL)
        info->constants[index] = buskin_cg_immortal(u->cg, desc, LLVMConstStructInContext(u->l->context, NULL, 0, 0));
    return info->constants[index];
}

LLVMValueRef data_variant(body *b, type *t, int32_t index, LLVMValueRef *fields) {
    const variant *v = &t->decl->variants[index];
    if (v->nfields == 0) return data_nullary(b->u, t, index);
    LLVMValueRef object = data_new(b, type_desc(b->u, t, index));
    for (int32_t i = 0; i < v->nfields; i++)
        data_store(b, variant_field_type(b->l->p, t, index, i), object, i, fields[i]);
    return object;
}

/* The load says what it can be, so that a match over all variants needs no last test, and that descriptors never
 * change, so that one load serves several tests. */
LLVMValueRef data_variant_index(body *b, type *t, LLVMValueRef value) {
    LLVMValueRef index = buskin_cg_object_user(b->u->cg, b->b, value);
    if (index == NULL || LLVMIsALoadInst(index) == NULL) return index;
    LLVMContextRef c = b->l->context;
    LLVMMetadataRef bounds[] = {LLVMValueAsMetadata(LLVMConstInt(b->l->i32, 0, 0)),
                                LLVMValueAsMetadata(LLVMConstInt(b->l->i32, (unsigned)t->decl->nvariants, 0))};
    LLVMSetMetadata(index, LLVMGetMDKindIDInContext(c, "range", 5),
                    LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, bounds, 2)));
    LLVMSetMetadata(index, LLVMGetMDKindIDInContext(c, "invariant.load", 14),
                    LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, NULL, 0)));
    return index;
}

/* -- Lists --------------------------------------------------------------------------------------------------------- */

LLVMValueRef data_cons(body *b, type *element, LLVMValueRef head, LLVMValueRef tail) {
    LLVMValueRef node = data_new(b, type_list_desc(b->u, element));
    data_store(b, element, node, 0, head);
    LLVMSetAlignment(LLVMBuildStore(b->b, tail, data_field(b, node, 1)), 8);
    return node;
}

LLVMValueRef data_head(body *b, type *element, LLVMValueRef node) { return data_load(b, element, node, 0); }

LLVMValueRef data_tail(body *b, LLVMValueRef node) { return body_load(b, b->l->ptr, node, 8); }
