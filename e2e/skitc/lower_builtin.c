/* lower_builtin.c - intrinsic built-in functions: those that need types, places or a single instruction. */
#include <string.h>

#include "lower.h"

/* -- LLVM's own ---------------------------------------------------------------------------------------------------- */

static LLVMValueRef builtin_intrinsic(body *b, const char *name, LLVMTypeRef *overload, unsigned noverload,
                                      LLVMValueRef *args, unsigned n) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(b->u->ir, id, overload, noverload);
    return LLVMBuildCall2(b->b, LLVMIntrinsicGetType(b->l->context, id, overload, noverload), fn, args, n, "");
}

static LLVMValueRef builtin_float(body *b, const char *name, LLVMValueRef *args, unsigned n) {
    return builtin_intrinsic(b, name, &b->l->f64, 1, args, n);
}

/* Toward zero, saturating, NaN is 0. */
static LLVMValueRef builtin_to_int(body *b, LLVMValueRef x) {
    LLVMTypeRef overload[] = {b->l->i64, b->l->f64};
    return builtin_intrinsic(b, "llvm.fptosi.sat", overload, 2, &x, 1);
}

static LLVMValueRef builtin_abs(body *b, LLVMValueRef x) {
    if (LLVMTypeOf(x) == b->l->f64) return builtin_float(b, "llvm.fabs", &x, 1);
    LLVMValueRef negative = LLVMBuildICmp(b->b, LLVMIntSLT, x, body_i64(b, 0), "");
    return LLVMBuildSelect(b->b, negative, LLVMBuildNeg(b->b, x, ""), x, "");
}

static LLVMValueRef builtin_least(body *b, LLVMValueRef x, LLVMValueRef y, bool max) {
    LLVMValueRef first = LLVMTypeOf(x) == b->l->f64 ? LLVMBuildFCmp(b->b, max ? LLVMRealOGE : LLVMRealOLE, x, y, "")
                                                    : LLVMBuildICmp(b->b, max ? LLVMIntSGE : LLVMIntSLE, x, y, "");
    return LLVMBuildSelect(b->b, first, x, y, "");
}

static LLVMValueRef builtin_compare(body *b, type *t, type *ordering, LLVMValueRef x, LLVMValueRef y) {
    LLVMValueRef order = derive_order(b, t, x, y);
    LLVMValueRef less = LLVMBuildICmp(b->b, LLVMIntSLT, order, body_i64(b, 0), "");
    LLVMValueRef greater = LLVMBuildICmp(b->b, LLVMIntSGT, order, body_i64(b, 0), "");
    LLVMValueRef other = LLVMBuildSelect(b->b, greater, data_variant(b, ordering, ORDERING_GREATER, NULL),
                                         data_variant(b, ordering, ORDERING_EQUAL, NULL), "");
    return LLVMBuildSelect(b->b, less, data_variant(b, ordering, ORDERING_LESS, NULL), other, "");
}

/* -- Strings ---------------------------------------------------------------------------------------------------------- */

/* Panics with text where the condition holds, goes on where not. */
static void builtin_refuse(body *b, LLVMValueRef condition, const char *text) {
    LLVMBasicBlockRef bad = body_block(b, "refused"), fine = body_block(b, "fine");
    LLVMBuildCondBr(b->b, condition, bad, fine);
    body_position(b, bad);
    body_panic(b, text);
    LLVMBuildUnreachable(b->b);
    body_position(b, fine);
}

static LLVMValueRef builtin_split(body *b, LLVMValueRef *args) {
    LLVMValueRef length = body_load(b, b->l->i64, args[1], 0);
    builtin_refuse(b, LLVMBuildICmp(b->b, LLVMIntEQ, length, body_i64(b, 0), ""), "String.split: empty separator");
    return support_call(b, SKIT_FN_string_split, args, 2);
}

/* Some(what the function wrote) or None. */
static LLVMValueRef builtin_parse(body *b, skit_fn_id id, type *option, LLVMValueRef s) {
    LLVMTypeRef number = type_ll(b->l, option->args[0]);
    LLVMValueRef slot = body_slot(b, number, "number");
    LLVMValueRef good = support_call(b, id, (LLVMValueRef[]){s, slot}, 2);
    LLVMBasicBlockRef some = body_block(b, "some"), none = body_block(b, "none");
    join done = join_open(b, b->l->ptr, "parsed");
    LLVMBuildCondBr(b->b, good, some, none);
    body_position(b, some);
    LLVMValueRef value = LLVMBuildLoad2(b->b, number, slot, "");
    join_add(b, &done, data_variant(b, option, OPTION_SOME, &value));
    body_position(b, none);
    join_add(b, &done, data_variant(b, option, OPTION_NONE, NULL));
    return join_close(b, &done);
}

/* -- Lists ------------------------------------------------------------------------------------------------------------- */

static LLVMValueRef builtin_node(body *b, type *list) {
    return buskin_cg_desc_value(type_list_desc(b->u, list->args[0]));
}

static void builtin_nonempty(body *b, LLVMValueRef list, const char *text) {
    builtin_refuse(b, LLVMBuildIsNull(b->b, list, ""), text);
}

static LLVMValueRef builtin_get(body *b, type *list, LLVMValueRef xs, LLVMValueRef index) {
    LLVMValueRef negative = LLVMBuildICmp(b->b, LLVMIntSLT, index, body_i64(b, 0), "");
    LLVMValueRef from = LLVMBuildSelect(b->b, negative, LLVMConstNull(b->l->ptr), xs, "");
    LLVMValueRef node = support_call(b, SKIT_FN_list_drop, (LLVMValueRef[]){from, index}, 2);
    LLVMBasicBlockRef bad = body_block(b, "outside"), fine = body_block(b, "inside");
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, node, ""), bad, fine);
    body_position(b, bad);
    const char *path = b->l->p->files[b->pos.file].path;
    LLVMValueRef args[] = {index, xs, buskin_cg_text(b->u->cg, path, strlen(path)),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.line, 0),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.col, 0)};
    support_call(b, SKIT_FN_panic_index, args, 5);
    LLVMBuildUnreachable(b->b);
    body_position(b, fine);
    return data_head(b, list->args[0], node);
}

static LLVMValueRef builtin_list(body *b, builtin_id id, type *list, LLVMValueRef *args) {
    LLVMValueRef null = LLVMConstNull(b->l->ptr);
    switch (id) {
    case BI_List_append: {
        LLVMValueRef last = data_cons(b, list->args[0], args[1], null);
        return support_call(b, SKIT_FN_list_concat, (LLVMValueRef[]){builtin_node(b, list), args[0], last}, 3);
    }
    case BI_List_concat:
        return support_call(b, SKIT_FN_list_concat, (LLVMValueRef[]){builtin_node(b, list), args[0], args[1]}, 3);
    case BI_List_reverse:
        return support_call(b, SKIT_FN_list_reverse, (LLVMValueRef[]){builtin_node(b, list), args[0]}, 2);
    case BI_List_take:
        return support_call(b, SKIT_FN_list_take, (LLVMValueRef[]){builtin_node(b, list), args[0], args[1]}, 3);
    case BI_List_drop: return support_call(b, SKIT_FN_list_drop, args, 2);
    case BI_List_head:
        builtin_nonempty(b, args[0], "List.head: empty list");
        return data_head(b, list->args[0], args[0]);
    case BI_List_last:
        builtin_nonempty(b, args[0], "List.last: empty list");
        return data_head(b, list->args[0], support_call(b, SKIT_FN_list_last, args, 1));
    case BI_List_tail: builtin_nonempty(b, args[0], "List.tail: empty list"); return data_tail(b, args[0]);
    default: return builtin_get(b, list, args[0], args[1]); /* get, nth */
    }
}

/* -- Ends ------------------------------------------------------------------------------------- */

static LLVMValueRef builtin_panic(body *b, LLVMValueRef text) {
    const char *path = b->l->p->files[b->pos.file].path;
    LLVMValueRef args[] = {text, buskin_cg_text(b->u->cg, path, strlen(path)),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.line, 0),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.col, 0)};
    return support_call(b, SKIT_FN_panic, args, 4);
}

/* -- The dispatch ---------------------------------------------------------------------------------------------------------- */

static LLVMValueRef builtin_math(body *b, builtin_id id, LLVMValueRef *args) {
    switch (id) {
    case BI_Math_abs: return builtin_abs(b, args[0]);
    case BI_Math_min: return builtin_least(b, args[0], args[1], false);
    case BI_Math_max: return builtin_least(b, args[0], args[1], true);
    case BI_Math_pi: return LLVMConstReal(b->l->f64, 3.14159265358979323846);
    case BI_Math_pow: return builtin_float(b, "llvm.pow", args, 2);
    case BI_Math_sqrt: return builtin_float(b, "llvm.sqrt", args, 1);
    case BI_Math_floor: return builtin_to_int(b, builtin_float(b, "llvm.floor", args, 1));
    case BI_Math_ceil: return builtin_to_int(b, builtin_float(b, "llvm.ceil", args, 1));
    case BI_Math_round: return builtin_to_int(b, builtin_float(b, "llvm.round", args, 1));
    case BI_Float_to_int: return builtin_to_int(b, args[0]);
    default: return LLVMBuildSIToFP(b->b, args[0], b->l->f64, ""); /* Int.to_float, Float.from */
    }
}

LLVMValueRef builtin_call(body *b, const builtin *which, type *fun, LLVMValueRef *args, unsigned nargs) {
    if (which->how == SUPPORT) return support_call_named(b, which->symbol, args, nargs);
    type *result = fun->kind == TYPE_FUN ? fun->args[fun->nargs - 1] : fun;
    type *first = fun->kind == TYPE_FUN ? fun->args[0] : NULL;
    LLVMValueRef value = NULL;
    switch (which->id) {
    case BI_to_string:
    case BI_String_from: return derive_string(b, first, args[0]);
    case BI_compare: return builtin_compare(b, first, result, args[0], args[1]);
    case BI_panic: value = builtin_panic(b, args[0]); break;
    case BI_String_split: return builtin_split(b, args);
    case BI_String_to_int: return builtin_parse(b, SKIT_FN_string_to_int, result, args[0]);
    case BI_String_to_float: return builtin_parse(b, SKIT_FN_string_to_float, result, args[0]);
    case BI_List_new: return LLVMConstNull(b->l->ptr);
    case BI_List_cons: return data_cons(b, first, args[0], args[1]);
    case BI_List_append:
    case BI_List_concat:
    case BI_List_reverse:
    case BI_List_take:
    case BI_List_drop:
    case BI_List_head:
    case BI_List_last:
    case BI_List_tail:
    case BI_List_get:
    case BI_List_nth: return builtin_list(b, which->id, first, args);
    case BI_Tuple_size: return body_i64(b, first->nargs);
    case BI_Math_abs:
    case BI_Math_min:
    case BI_Math_max:
    case BI_Math_pi:
    case BI_Math_pow:
    case BI_Math_sqrt:
    case BI_Math_floor:
    case BI_Math_ceil:
    case BI_Math_round:
    case BI_Int_to_float:
    case BI_Float_from:
    case BI_Float_to_int: return builtin_math(b, which->id, args);
    default: value = process_call(b, which->id, fun, args); break;
    }
    if (type_is_unit(result)) return body_unit(b);
    return value != NULL && LLVMTypeOf(value) == type_ll(b->l, result) ? value : LLVMGetPoison(type_ll(b->l, result));
}
