/* lower_derive.c - text form, equality and order of each type.
 *
 * Scalars and strings are compared and written in place; every other type has a function of its own per unit, made on
 * first use. Lists are loops, and the last field of an object is compared by a tail call, so chains of any length
 * take constant stack, whether a list or a type of the user makes them.
 */
#include <string.h>

#include "lower.h"

/* -- In place, or through the type's function ------------------------------------------------------------------ */

static LLVMValueRef derive_call(body *b, instance_kind kind, type *t, LLVMValueRef x, LLVMValueRef y, bool tail) {
    instance *i = instance_request(b->u, kind, t, NULL, t);
    return body_call(b, i, (LLVMValueRef[]){x, y}, 2, tail);
}

static bool derive_is_object(const type *t) { return type_is_object(t) && t->kind != TYPE_STRING; }

LLVMValueRef derive_equal(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    switch (t->kind) {
    case TYPE_INT:
    case TYPE_PID:
    case TYPE_BOOL: return LLVMBuildICmp(b->b, LLVMIntEQ, x, y, "");
    case TYPE_FLOAT: return LLVMBuildFCmp(b->b, LLVMRealOEQ, x, y, "");
    case TYPE_STRING: return support_call(b, SKIT_FN_string_equal, (LLVMValueRef[]){x, y}, 2);
    case TYPE_UNIT:
    case TYPE_OPEN: return LLVMConstInt(b->l->i1, 1, 0);
    default: return derive_call(b, INSTANCE_EQUAL, t, x, y, false);
    }
}

/* (above) - (below) as i64 */
static LLVMValueRef derive_sign(body *b, LLVMValueRef below, LLVMValueRef above) {
    return LLVMBuildSub(b->b, LLVMBuildZExt(b->b, above, b->l->i64, ""), LLVMBuildZExt(b->b, below, b->l->i64, ""), "");
}

LLVMValueRef derive_order(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    switch (t->kind) {
    case TYPE_INT:
        return derive_sign(b, LLVMBuildICmp(b->b, LLVMIntSLT, x, y, ""), LLVMBuildICmp(b->b, LLVMIntSGT, x, y, ""));
    case TYPE_PID:
    case TYPE_BOOL:
        return derive_sign(b, LLVMBuildICmp(b->b, LLVMIntULT, x, y, ""), LLVMBuildICmp(b->b, LLVMIntUGT, x, y, ""));
    case TYPE_FLOAT:
        return derive_sign(b, LLVMBuildFCmp(b->b, LLVMRealOLT, x, y, ""), LLVMBuildFCmp(b->b, LLVMRealOGT, x, y, ""));
    case TYPE_STRING: return support_call(b, SKIT_FN_string_order, (LLVMValueRef[]){x, y}, 2);
    case TYPE_UNIT:
    case TYPE_OPEN: return body_i64(b, 0);
    default: return derive_call(b, INSTANCE_ORDER, t, x, y, false);
    }
}

static void derive_bytes(body *b, const char *bytes, LLVMValueRef text) {
    size_t n = strlen(bytes);
    LLVMValueRef args[] = {text, buskin_cg_text(b->u->cg, bytes, n), body_i64(b, (int64_t)n)};
    support_call(b, SKIT_FN_text_bytes, args, 3);
}

void derive_show(body *b, type *t, LLVMValueRef value, LLVMValueRef text) {
    LLVMValueRef args[] = {text, value};
    switch (t->kind) {
    case TYPE_INT: support_call(b, SKIT_FN_text_int, args, 2); return;
    case TYPE_FLOAT: support_call(b, SKIT_FN_text_float, args, 2); return;
    case TYPE_BOOL: support_call(b, SKIT_FN_text_bool, args, 2); return;
    case TYPE_PID: support_call(b, SKIT_FN_text_pid, args, 2); return;
    case TYPE_STRING: support_call(b, SKIT_FN_text_string, args, 2); return;
    case TYPE_UNIT:
    case TYPE_OPEN: derive_bytes(b, "()", text); return;
    default: derive_call(b, INSTANCE_SHOW, t, value, text, false); return;
    }
}

LLVMValueRef derive_string(body *b, type *t, LLVMValueRef value) {
    if (t->kind == TYPE_STRING) return value;
    if (t->kind == TYPE_INT) return support_call(b, SKIT_FN_int_to_string, &value, 1);
    if (t->kind == TYPE_FLOAT) return support_call(b, SKIT_FN_float_to_string, &value, 1);
    if (b->text == NULL) b->text = body_slot(b, LLVMArrayType2(b->l->i64, 2), "text");
    support_call(b, SKIT_FN_text_begin, &b->text, 1);
    derive_show(b, t, value, b->text);
    return support_call(b, SKIT_FN_text_end, &b->text, 1);
}

/* -- The functions of a type ------------------------------------------------------------------------------------ */

static pos derive_place(const instance *i) { return (pos){.file = i->home->module->file, .line = 1, .col = 1}; }

static int32_t derive_nfields(const type *t, int32_t which) {
    if (t->kind == TYPE_TUPLE) return t->nargs;
    return t->kind == TYPE_SUM ? t->decl->variants[which].nfields : t->decl->nfields;
}

/* Leaves the function with `value` unless it is what lets the comparison go on. */
static void derive_leave(body *b, LLVMValueRef leave, LLVMValueRef value) {
    LLVMBasicBlockRef out = body_block(b, "out"), on = body_block(b, "on");
    LLVMBuildCondBr(b->b, leave, out, on);
    body_position(b, out);
    LLVMBuildRet(b->b, value);
    body_position(b, on);
}

/* One step of a comparison: leaves when x and y differ. */
static void derive_step(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    if (b->of->kind == INSTANCE_EQUAL) {
        derive_leave(b, LLVMBuildNot(b->b, derive_equal(b, t, x, y), ""), LLVMConstInt(b->l->i1, 0, 0));
        return;
    }
    LLVMValueRef order = derive_order(b, t, x, y);
    derive_leave(b, LLVMBuildICmp(b->b, LLVMIntNE, order, body_i64(b, 0), ""), order);
}

static LLVMValueRef derive_same(body *b) {
    return b->of->kind == INSTANCE_EQUAL ? LLVMConstInt(b->l->i1, 1, 0) : body_i64(b, 0);
}

/* Compares the fields in order and returns; the last one in tail position. */
static void derive_fields(body *b, type *t, int32_t which, LLVMValueRef x, LLVMValueRef y) {
    int32_t n = derive_nfields(t, which);
    for (int32_t i = 0; i < n; i++) {
        type *of = data_field_type(b, t, which, i);
        LLVMValueRef left = data_load(b, of, x, i), right = data_load(b, of, y, i);
        if (i == n - 1 && derive_is_object(of)) {
            derive_call(b, b->of->kind, of, left, right, true);
            return;
        }
        derive_step(b, of, left, right);
    }
    body_return(b, derive_same(b));
}

static void derive_sum(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    LLVMValueRef left = data_variant_index(b, t, x), right = data_variant_index(b, t, y);
    LLVMValueRef differ = LLVMBuildICmp(b->b, LLVMIntNE, left, right, "");
    LLVMValueRef below = LLVMBuildICmp(b->b, LLVMIntULT, left, right, "");
    LLVMValueRef value = b->of->kind == INSTANCE_EQUAL
                             ? LLVMConstInt(b->l->i1, 0, 0)
                             : LLVMBuildSelect(b->b, below, body_i64(b, -1), body_i64(b, 1), "");
    derive_leave(b, differ, value);
    LLVMBasicBlockRef same = body_block(b, "same");
    LLVMValueRef choose = LLVMBuildSwitch(b->b, left, same, (unsigned)t->decl->nvariants);
    for (int32_t v = 0; v < t->decl->nvariants; v++) {
        if (t->decl->variants[v].nfields == 0) continue;
        LLVMBasicBlockRef block = body_block(b, t->decl->variants[v].name);
        LLVMAddCase(choose, LLVMConstInt(b->l->i32, (unsigned)v, 0), block);
        body_position(b, block);
        derive_fields(b, t, v, x, y);
        LLVMBuildUnreachable(b->b);
    }
    body_position(b, same);
    body_return(b, derive_same(b));
}

static void derive_list(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    LLVMBasicBlockRef start = LLVMGetInsertBlock(b->b), again_at = body_block(b, "loop");
    LLVMBuildBr(b->b, again_at);
    body_position(b, again_at);
    LLVMValueRef left = LLVMBuildPhi(b->b, b->l->ptr, "x"), right = LLVMBuildPhi(b->b, b->l->ptr, "y");
    LLVMValueRef left_ends = LLVMBuildIsNull(b->b, left, ""), right_ends = LLVMBuildIsNull(b->b, right, "");
    LLVMBasicBlockRef end = body_block(b, "end"), both = body_block(b, "both");
    LLVMBuildCondBr(b->b, LLVMBuildOr(b->b, left_ends, right_ends, ""), end, both);
    body_position(b, both);
    type *element = t->args[0];
    derive_step(b, element, data_head(b, element, left), data_head(b, element, right));
    LLVMBasicBlockRef again = LLVMGetInsertBlock(b->b);
    LLVMAddIncoming(left, (LLVMValueRef[]){x, data_tail(b, left)}, (LLVMBasicBlockRef[]){start, again}, 2);
    LLVMAddIncoming(right, (LLVMValueRef[]){y, data_tail(b, right)}, (LLVMBasicBlockRef[]){start, again}, 2);
    LLVMBuildBr(b->b, again_at);
    body_position(b, end);
    body_return(b, b->of->kind == INSTANCE_EQUAL ? LLVMBuildAnd(b->b, left_ends, right_ends, "")
                                                 : derive_sign(b, left_ends, right_ends));
}

/* The order of lists: where one ends first it is less, so "x ends" counts below. */
static void derive_compare(body *b, instance *i) {
    body_open(b, i, derive_place(i), NULL);
    type *t = i->type;
    LLVMValueRef x = LLVMGetParam(b->fn, 0), y = LLVMGetParam(b->fn, 1);
    if (t->kind == TYPE_SUM)
        derive_sum(b, t, x, y);
    else if (t->kind == TYPE_LIST)
        derive_list(b, t, x, y);
    else
        derive_fields(b, t, 0, x, y);
}

void lower_equal(body *b, instance *i) { derive_compare(b, i); }

void lower_order(body *b, instance *i) { derive_compare(b, i); }

/* -- Text form --------------------------------------------------------------------------------------------------- */

static void show_fields(body *b, type *t, int32_t which, LLVMValueRef value, LLVMValueRef text) {
    for (int32_t i = 0; i < derive_nfields(t, which); i++) {
        type *of = data_field_type(b, t, which, i);
        if (i > 0) derive_bytes(b, ", ", text);
        derive_show(b, of, data_load(b, of, value, i), text);
    }
}

static void show_named(body *b, const char *name, type *t, int32_t which, LLVMValueRef value, LLVMValueRef text) {
    derive_bytes(b, name, text);
    if (t->kind == TYPE_SUM && derive_nfields(t, which) == 0) return;
    derive_bytes(b, "(", text);
    show_fields(b, t, which, value, text);
    derive_bytes(b, ")", text);
}

static void show_sum(body *b, type *t, LLVMValueRef value, LLVMValueRef text) {
    LLVMBasicBlockRef done = body_block(b, "done");
    LLVMValueRef choose = LLVMBuildSwitch(b->b, data_variant_index(b, t, value), done, (unsigned)t->decl->nvariants);
    for (int32_t v = 0; v < t->decl->nvariants; v++) {
        LLVMBasicBlockRef block = body_block(b, t->decl->variants[v].name);
        LLVMAddCase(choose, LLVMConstInt(b->l->i32, (unsigned)v, 0), block);
        body_position(b, block);
        show_named(b, t->decl->variants[v].name, t, v, value, text);
        LLVMBuildBr(b->b, done);
    }
    body_position(b, done);
}

static void show_list(body *b, type *t, LLVMValueRef value, LLVMValueRef text) {
    derive_bytes(b, "[", text);
    LLVMBasicBlockRef start = LLVMGetInsertBlock(b->b);
    LLVMBasicBlockRef again_at = body_block(b, "loop"), item = body_block(b, "item"), comma = body_block(b, "comma");
    LLVMBasicBlockRef done = body_block(b, "done"), again = body_block(b, "again");
    LLVMBuildBr(b->b, again_at);
    body_position(b, again_at);
    LLVMValueRef node = LLVMBuildPhi(b->b, b->l->ptr, "node");
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, node, ""), done, item);
    body_position(b, item);
    derive_show(b, t->args[0], data_head(b, t->args[0], node), text);
    LLVMValueRef rest = data_tail(b, node);
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, rest, ""), again, comma);
    body_position(b, comma);
    derive_bytes(b, ", ", text);
    LLVMBuildBr(b->b, again);
    body_position(b, again);
    LLVMBuildBr(b->b, again_at);
    LLVMAddIncoming(node, (LLVMValueRef[]){value, rest}, (LLVMBasicBlockRef[]){start, again}, 2);
    body_position(b, done);
    derive_bytes(b, "]", text);
}

void lower_show(body *b, instance *i) {
    body_open(b, i, derive_place(i), NULL);
    type *t = i->type;
    LLVMValueRef value = LLVMGetParam(b->fn, 0), text = LLVMGetParam(b->fn, 1);
    switch (t->kind) {
    case TYPE_TUPLE:
        derive_bytes(b, "(", text);
        show_fields(b, t, 0, value, text);
        derive_bytes(b, ")", text);
        break;
    case TYPE_STRUCT: show_named(b, t->decl->name, t, 0, value, text); break;
    case TYPE_SUM: show_sum(b, t, value, text); break;
    case TYPE_LIST: show_list(b, t, value, text); break;
    default: break;
    }
    body_return(b, body_unit(b));
}
