/* lower_expr.c - expressions: the dispatch, operators, texts, branches.
 *
 * Evaluation is left to right, so operands are lowered in written order and nothing else is. A construct with
 * branches takes `wanted`: where its value is dropped, so are those of its branches.
 */
#include <stdlib.h>

#include "lower.h"

/* -- Integers: they wrap; only division can panic ---------------------------------------------------------------- */

static LLVMValueRef expr_divide(body *b, op how, LLVMValueRef x, LLVMValueRef y) {
    LLVMBasicBlockRef zero = body_block(b, "zero"), fine = body_block(b, "divide");
    LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntEQ, y, body_i64(b, 0), ""), zero, fine);
    body_position(b, zero);
    body_panic(b, "division by zero");
    LLVMBuildUnreachable(b->b);
    body_position(b, fine);
    /* MIN / -1 traps in hardware: by -1 the quotient is the negation and the remainder 0. */
    LLVMValueRef minus = LLVMBuildICmp(b->b, LLVMIntEQ, y, body_i64(b, -1), "");
    LLVMValueRef safe = LLVMBuildSelect(b->b, minus, body_i64(b, 1), y, "");
    if (how == OP_REM) return LLVMBuildSRem(b->b, x, safe, "");
    return LLVMBuildSelect(b->b, minus, LLVMBuildNeg(b->b, x, ""), LLVMBuildSDiv(b->b, x, safe, ""), "");
}

static LLVMValueRef expr_arithmetic(body *b, op how, type *t, LLVMValueRef x, LLVMValueRef y) {
    bool real = t->kind == TYPE_FLOAT;
    switch (how) {
    case OP_ADD: return real ? LLVMBuildFAdd(b->b, x, y, "") : LLVMBuildAdd(b->b, x, y, "");
    case OP_SUB: return real ? LLVMBuildFSub(b->b, x, y, "") : LLVMBuildSub(b->b, x, y, "");
    case OP_MUL: return real ? LLVMBuildFMul(b->b, x, y, "") : LLVMBuildMul(b->b, x, y, "");
    case OP_DIV: return real ? LLVMBuildFDiv(b->b, x, y, "") : expr_divide(b, how, x, y);
    default: return real ? LLVMBuildFRem(b->b, x, y, "") : expr_divide(b, how, x, y);
    }
}

/* -- Comparison --------------------------------------------------------------------------------------------------- */

static LLVMValueRef expr_compare(body *b, op how, type *t, LLVMValueRef x, LLVMValueRef y) {
    static const LLVMIntPredicate with_sign[] = {
        [OP_LT] = LLVMIntSLT, [OP_GT] = LLVMIntSGT, [OP_LE] = LLVMIntSLE, [OP_GE] = LLVMIntSGE};
    static const LLVMIntPredicate without[] = {
        [OP_LT] = LLVMIntULT, [OP_GT] = LLVMIntUGT, [OP_LE] = LLVMIntULE, [OP_GE] = LLVMIntUGE};
    static const LLVMRealPredicate real[] = {
        [OP_LT] = LLVMRealOLT, [OP_GT] = LLVMRealOGT, [OP_LE] = LLVMRealOLE, [OP_GE] = LLVMRealOGE};
    if (how == OP_EQ) return derive_equal(b, t, x, y);
    if (how == OP_NE) return LLVMBuildNot(b->b, derive_equal(b, t, x, y), "");
    if (t->kind == TYPE_INT) return LLVMBuildICmp(b->b, with_sign[how], x, y, "");
    if (t->kind == TYPE_PID || t->kind == TYPE_BOOL) return LLVMBuildICmp(b->b, without[how], x, y, "");
    if (t->kind == TYPE_FLOAT) return LLVMBuildFCmp(b->b, real[how], x, y, "");
    return LLVMBuildICmp(b->b, with_sign[how], derive_order(b, t, x, y), body_i64(b, 0), "");
}

static LLVMValueRef expr_logic(body *b, expr *e) {
    bool is_and = e->op == OP_AND;
    LLVMBasicBlockRef second = body_block(b, is_and ? "and" : "or");
    join done = join_open(b, b->l->i1, "logic");
    LLVMValueRef left = lower_expr(b, e->as.pair.left);
    LLVMBasicBlockRef decided = body_block(b, "decided");
    LLVMBuildCondBr(b->b, left, is_and ? second : decided, is_and ? decided : second);
    body_position(b, decided);
    join_add(b, &done, LLVMConstInt(b->l->i1, !is_and, 0));
    body_position(b, second);
    join_add(b, &done, lower_expr(b, e->as.pair.right));
    return join_close(b, &done);
}

static LLVMValueRef expr_concat(body *b, type *t, LLVMValueRef x, LLVMValueRef y) {
    if (t->kind == TYPE_STRING) return support_call(b, SKIT_FN_string_concat, (LLVMValueRef[]){x, y}, 2);
    LLVMValueRef node = buskin_cg_desc_value(type_list_desc(b->u, t->args[0]));
    return support_call(b, SKIT_FN_list_concat, (LLVMValueRef[]){node, x, y}, 3);
}

static LLVMValueRef expr_binary(body *b, expr *e) {
    if (e->op == OP_AND || e->op == OP_OR) return expr_logic(b, e);
    type *t = ground_in(b, e->as.pair.left->type);
    LLVMValueRef x = lower_expr(b, e->as.pair.left), y = lower_expr(b, e->as.pair.right);
    body_at(b, e->pos);
    switch (e->op) {
    case OP_CAT: return expr_concat(b, t, x, y);
    case OP_LT:
    case OP_GT:
    case OP_LE:
    case OP_GE:
    case OP_EQ:
    case OP_NE: return expr_compare(b, e->op, t, x, y);
    default: return expr_arithmetic(b, e->op, t, x, y);
    }
}

static LLVMValueRef expr_unary(body *b, expr *e) {
    LLVMValueRef x = lower_expr(b, e->as.pair.left);
    if (e->op == OP_NOT) return LLVMBuildNot(b->b, x, "");
    return LLVMTypeOf(x) == b->l->f64 ? LLVMBuildFNeg(b->b, x, "") : LLVMBuildNeg(b->b, x, "");
}

/* -- Texts --------------------------------------------------------------------------------------------------------- */

/* All parts are evaluated before the first one is appended, so one text under construction serves a frame. */
static LLVMValueRef expr_string(body *b, expr *e) {
    int32_t n = e->as.string.nparts;
    string_part *parts = e->as.string.parts;
    if (n == 0) return data_string(b->u, "", 0);
    if (n == 1 && parts[0].value == NULL) return data_string(b->u, parts[0].text, parts[0].len);
    LLVMValueRef *values = calloc((size_t)n, sizeof *values);
    for (int32_t i = 0; i < n; i++)
        values[i] =
            parts[i].value != NULL ? lower_expr(b, parts[i].value) : data_string(b->u, parts[i].text, parts[i].len);
    LLVMValueRef string;
    if (n == 1) {
        string = derive_string(b, ground_in(b, parts[0].value->type), values[0]);
    } else {
        if (b->text == NULL) b->text = body_slot(b, LLVMArrayType2(b->l->i64, 2), "text");
        support_call(b, SKIT_FN_text_begin, &b->text, 1);
        for (int32_t i = 0; i < n; i++)
            derive_show(b,
                        parts[i].value != NULL ? ground_in(b, parts[i].value->type) : type_basic(b->l->p, TYPE_STRING),
                        values[i], b->text);
        string = support_call(b, SKIT_FN_text_end, &b->text, 1);
    }
    free(values);
    return string;
}

/* -- Objects --------------------------------------------------------------------------------------------------------- */

static LLVMValueRef expr_tuple(body *b, expr *e) {
    LLVMValueRef *items = calloc((size_t)e->as.list.nitems, sizeof *items);
    for (int32_t i = 0; i < e->as.list.nitems; i++) items[i] = lower_expr(b, e->as.list.items[i]);
    LLVMValueRef tuple = data_tuple(b, ground_in(b, e->type), items);
    free(items);
    return tuple;
}

static LLVMValueRef expr_list(body *b, expr *e) {
    int32_t n = e->as.list.nitems;
    type *element = ground_in(b, e->type)->args[0];
    LLVMValueRef *items = calloc((size_t)n + 1, sizeof *items);
    for (int32_t i = 0; i < n; i++) items[i] = lower_expr(b, e->as.list.items[i]);
    LLVMValueRef list = LLVMConstNull(b->l->ptr);
    for (int32_t i = n; i-- > 0;) list = data_cons(b, element, items[i], list);
    free(items);
    return list;
}

/* A struct literal or update: fields that are not written keep the base's value. */
static LLVMValueRef expr_record(body *b, expr *e) {
    type *t = ground_in(b, e->type);
    LLVMValueRef base = e->as.record.base != NULL ? lower_expr(b, e->as.record.base) : NULL;
    int32_t n = t->decl->nfields;
    LLVMValueRef *fields = calloc((size_t)n + 1, sizeof *fields);
    for (int32_t i = 0; i < e->as.record.nfields; i++)
        fields[e->as.record.fields[i]] = lower_expr(b, e->as.record.values[i]);
    for (int32_t i = 0; i < n; i++)
        if (fields[i] == NULL) fields[i] = data_load(b, field_type(b->l->p, t, i), base, i);
    LLVMValueRef record = data_struct(b, t, fields);
    free(fields);
    return record;
}

static LLVMValueRef expr_field(body *b, expr *e) {
    type *t = ground_in(b, e->as.field.operand->type);
    LLVMValueRef record = lower_expr(b, e->as.field.operand);
    return data_load(b, field_type(b->l->p, t, e->as.field.index), record, e->as.field.index);
}

static LLVMValueRef expr_item(body *b, expr *e) {
    type *t = ground_in(b, e->as.item.operand->type);
    LLVMValueRef tuple = lower_expr(b, e->as.item.operand);
    return data_load(b, t->args[e->as.item.index], tuple, e->as.item.index);
}

static LLVMValueRef expr_index(body *b, expr *e) {
    type *fun_args[] = {ground_in(b, e->as.pair.left->type), type_basic(b->l->p, TYPE_INT), ground_in(b, e->type)};
    type *fun = type_make(b->l->p, TYPE_FUN, NULL, fun_args, 3);
    LLVMValueRef args[2] = {lower_expr(b, e->as.pair.left)};
    args[1] = lower_expr(b, e->as.pair.right);
    body_at(b, e->pos);
    return builtin_call(b, &b->l->p->builtins[BI_List_get], fun, args, 2);
}

/* -- Control ---------------------------------------------------------------------------------------------------------- */

LLVMTypeRef lower_type_of(body *b, expr *e, bool wanted) {
    return wanted ? type_ll(b->l, ground_in(b, e->type)) : b->l->i64;
}

expr *lower_block_head(body *b, expr *e) {
    for (int32_t i = 0; i < e->as.block.nstmts; i++) {
        stmt *s = &e->as.block.stmts[i];
        body_at(b, s->pos);
        if (s->let != NULL) {
            LLVMValueRef bound = lower_expr(b, s->value);
            body_at(b, s->let->pos);
            match_or_panic(b, s->let, bound, "no match in let");
        } else if (i == e->as.block.nstmts - 1) {
            return s->value;
        } else {
            lower_effect(b, s->value);
        }
    }
    return NULL;
}

static LLVMValueRef expr_block(body *b, expr *e, bool wanted) {
    expr *last = lower_block_head(b, e);
    return last != NULL ? lower_branch(b, last, wanted) : body_unit(b);
}

static LLVMValueRef expr_if(body *b, expr *e, bool wanted) {
    wanted = wanted && e->as.branch.otherwise != NULL;
    join done = join_open(b, lower_type_of(b, e, wanted), "if.end");
    for (int32_t i = 0; i < e->as.branch.n; i++) {
        LLVMBasicBlockRef then = body_block(b, "then"), other = body_block(b, "else");
        LLVMBuildCondBr(b->b, lower_expr(b, e->as.branch.conds[i]), then, other);
        body_position(b, then);
        join_add(b, &done, lower_branch(b, e->as.branch.bodies[i], wanted));
        body_position(b, other);
    }
    expr *otherwise = e->as.branch.otherwise;
    join_add(b, &done, otherwise != NULL ? lower_branch(b, otherwise, wanted) : body_unit(b));
    return join_close(b, &done);
}

/* e?: the payload of Ok or Some; otherwise the value itself is returned: Err(x) and None look the same in every
 * Result and Option. */
static LLVMValueRef expr_try(body *b, expr *e) {
    type *t = ground_in(b, e->as.try.operand->type);
    LLVMValueRef value = lower_expr(b, e->as.try.operand);
    body_at(b, e->pos);
    LLVMBasicBlockRef good = body_block(b, "good"), bad = body_block(b, "bad");
    LLVMValueRef index = data_variant_index(b, t, value);
    LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntEQ, index, LLVMConstInt(b->l->i32, 0, 0), ""), good, bad);
    body_position(b, bad);
    body_return(b, value);
    LLVMBuildUnreachable(b->b);
    body_position(b, good);
    return data_load(b, variant_field_type(b->l->p, t, 0, 0), value, 0);
}

static LLVMValueRef expr_return(body *b, expr *e) {
    if (b->reply != NULL)
        service_return(b, e->as.pair.left);
    else
        body_return(b, e->as.pair.left != NULL ? lower_expr(b, e->as.pair.left) : body_unit(b));
    return LLVMGetPoison(type_ll(b->l, ground_in(b, e->type)));
}

/* -- The dispatch --------------------------------------------------------------------------------------------------------- */

static LLVMValueRef expr_lower(body *b, expr *e, bool wanted) {
    body_at(b, e->pos);
    switch (e->kind) {
    case EXPR_INT: return body_i64(b, e->as.integer);
    case EXPR_FLOAT: return LLVMConstReal(b->l->f64, e->as.real);
    case EXPR_BOOL: return LLVMConstInt(b->l->i1, e->as.truth, 0);
    case EXPR_UNIT: return body_unit(b);
    case EXPR_STRING: return expr_string(b, e);
    case EXPR_LOCAL: return b->l->values[e->as.local->id];
    case EXPR_FN:
    case EXPR_BUILTIN:
    case EXPR_CTOR:
    case EXPR_SERVICE_OP:
    case EXPR_SUPERVISOR_OP: return lower_function_value(b, e);
    case EXPR_CALL: return constant_is(e) ? constant_value(b, e) : lower_call(b, e);
    case EXPR_FIELD: return expr_field(b, e);
    case EXPR_ITEM: return expr_item(b, e);
    case EXPR_INDEX: return expr_index(b, e);
    case EXPR_TRY: return expr_try(b, e);
    case EXPR_TUPLE: return constant_is(e) ? constant_value(b, e) : expr_tuple(b, e);
    case EXPR_LIST: return constant_is(e) ? constant_value(b, e) : expr_list(b, e);
    case EXPR_STRUCT: return constant_is(e) ? constant_value(b, e) : expr_record(b, e);
    case EXPR_UPDATE: return expr_record(b, e);
    case EXPR_UNARY: return expr_unary(b, e);
    case EXPR_BINARY: return expr_binary(b, e);
    case EXPR_IF: return expr_if(b, e, wanted);
    case EXPR_CASE: return lower_case(b, e, wanted);
    case EXPR_RECEIVE: return lower_receive(b, e, wanted);
    case EXPR_FOR: return lower_for(b, e, wanted);
    case EXPR_WHILE: return lower_while(b, e);
    case EXPR_CLOSURE: return lower_closure(b, e);
    case EXPR_BLOCK: return expr_block(b, e, wanted);
    case EXPR_BREAK:
    case EXPR_CONTINUE: return lower_jump(b, e);
    case EXPR_RETURN: return expr_return(b, e);
    case EXPR_SPAWN: return lower_spawn(b, e);
    case EXPR_SEND: return lower_send(b, e);
    case EXPR_SELF: return buskin_cg_self(b->u->cg, b->b);
    case EXPR_ACTOR:
    case EXPR_NAME:
    case EXPR_MEMBER:
    case EXPR_ERROR: break; /* not here after checking */
    }
    return body_unit(b);
}

LLVMValueRef lower_expr(body *b, expr *e) { return expr_lower(b, e, true); }

void lower_effect(body *b, expr *e) { expr_lower(b, e, false); }

LLVMValueRef lower_branch(body *b, expr *e, bool wanted) {
    if (wanted) return lower_expr(b, e);
    lower_effect(b, e);
    return body_unit(b);
}
