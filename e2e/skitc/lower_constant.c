/* lower_constant.c - objects that are written out of constants only.
 *
 * A tuple, list, struct or variant whose parts are all literals becomes constant data of the program: no instruction
 * makes it, and messages share it instead of copying it.
 */
#include <stdlib.h>

#include "lower.h"

static bool constant_all(expr **items, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (!constant_is(items[i])) return false;
    return true;
}

bool constant_is(const expr *e) {
    switch (e->kind) {
    case EXPR_INT:
    case EXPR_FLOAT:
    case EXPR_BOOL:
    case EXPR_UNIT: return true;
    case EXPR_STRING:
        return e->as.string.nparts == 0 || (e->as.string.nparts == 1 && e->as.string.parts[0].value == NULL);
    case EXPR_UNARY:
        return e->op == OP_NEG && (e->as.pair.left->kind == EXPR_INT || e->as.pair.left->kind == EXPR_FLOAT);
    case EXPR_CTOR: return e->as.variant->nfields == 0;
    case EXPR_TUPLE:
    case EXPR_LIST: return constant_all(e->as.list.items, e->as.list.nitems);
    case EXPR_STRUCT: return constant_all(e->as.record.values, e->as.record.nfields);
    case EXPR_CALL: return e->as.call.callee->kind == EXPR_CTOR && constant_all(e->as.call.args, e->as.call.nargs);
    default: return false;
    }
}

/* A field of a constant object, in eight bytes. */
static LLVMValueRef constant_field(body *b, expr *e) {
    LLVMValueRef value = constant_value(b, e);
    return LLVMTypeOf(value) == b->l->i1 ? LLVMConstInt(b->l->i64, LLVMConstIntGetZExtValue(value), 0) : value;
}

static LLVMValueRef constant_object(body *b, buskin_cg_desc_t *desc, LLVMValueRef *fields, int32_t n) {
    return buskin_cg_immortal(b->u->cg, desc, LLVMConstStructInContext(b->l->context, fields, (unsigned)n, 0));
}

static LLVMValueRef constant_list(body *b, expr *e) {
    type *element = ground_in(b, e->type)->args[0];
    LLVMValueRef node[2], list = LLVMConstNull(b->l->ptr);
    for (int32_t i = e->as.list.nitems; i-- > 0;) {
        node[0] = constant_field(b, e->as.list.items[i]);
        node[1] = list;
        list = constant_object(b, type_list_desc(b->u, element), node, 2);
    }
    return list;
}

/* items[i] is field fields[i], or field i where fields is NULL. */
static LLVMValueRef constant_fields(body *b, expr *e, expr **items, const int32_t *fields, int32_t n, int32_t which) {
    LLVMValueRef *values = calloc((size_t)n + 1, sizeof *values);
    for (int32_t i = 0; i < n; i++) values[fields != NULL ? fields[i] : i] = constant_field(b, items[i]);
    LLVMValueRef object = constant_object(b, type_desc(b->u, ground_in(b, e->type), which), values, n);
    free(values);
    return object;
}

LLVMValueRef constant_value(body *b, expr *e) {
    switch (e->kind) {
    case EXPR_TUPLE: return constant_fields(b, e, e->as.list.items, NULL, e->as.list.nitems, 0);
    case EXPR_LIST: return constant_list(b, e);
    case EXPR_STRUCT: return constant_fields(b, e, e->as.record.values, e->as.record.fields, e->as.record.nfields, 0);
    case EXPR_CALL:
        return constant_fields(b, e, e->as.call.args, NULL, e->as.call.nargs, e->as.call.callee->as.variant->index);
    default: return lower_expr(b, e); /* folded by the builder */
    }
}
