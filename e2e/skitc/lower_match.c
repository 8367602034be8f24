/* lower_match.c - patterns, the clauses of functions and closures, case.
 *
 * A pattern is a chain of tests that branch to `otherwise` as soon as one fails; names are bound on the way, so they
 * hold where the chain ends. Alternatives of an or-pattern bind the same locals: each branches to a common block where
 * phis join the values. A `case` over a tuple that is written out tests its items and never makes the tuple.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lower.h"

void match_bind(body *b, local *name, LLVMValueRef value) { b->l->values[name->id] = value; }

void match_require(body *b, LLVMValueRef condition, LLVMBasicBlockRef otherwise) {
    LLVMBasicBlockRef fits = body_block(b, "fits");
    LLVMBuildCondBr(b->b, condition, fits, otherwise);
    body_position(b, fits);
}

static LLVMValueRef match_int(body *b, LLVMValueRef value, int64_t with) {
    return LLVMBuildICmp(b->b, LLVMIntEQ, value, body_i64(b, with), "");
}

/* -- One pattern ----------------------------------------------------------------------------------------------- */

static void match_string(body *b, pattern *p, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    LLVMValueRef args[] = {value, buskin_cg_text(b->u->cg, p->as.string.text, p->as.string.len),
                           body_i64(b, (int64_t)p->as.string.len)};
    match_require(b, support_call(b, SKIT_FN_string_equal_bytes, args, 3), otherwise);
}

void match_fields(body *b, pattern *p, type *t, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    int32_t which = p->kind == PAT_CTOR ? p->variant->index : 0;
    for (int32_t i = 0; i < p->nitems; i++) {
        if (p->items[i]->kind == PAT_WILD) continue;
        int32_t index = p->kind == PAT_STRUCT ? p->fields[i] : i;
        type *of = data_field_type(b, t, which, index);
        match_pattern(b, p->items[i], data_load(b, of, value, index), otherwise);
    }
}

static void match_variant(body *b, pattern *p, type *t, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    if (t->decl->nvariants > 1) {
        LLVMValueRef index = LLVMConstInt(b->l->i32, (unsigned)p->variant->index, 0);
        match_require(b, LLVMBuildICmp(b->b, LLVMIntEQ, data_variant_index(b, t, value), index, ""), otherwise);
    }
    match_fields(b, p, t, value, otherwise);
}

static void match_list(body *b, pattern *p, type *t, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    for (int32_t i = 0; i < p->nitems; i++) {
        match_require(b, LLVMBuildIsNotNull(b->b, value, ""), otherwise);
        if (p->items[i]->kind != PAT_WILD) match_pattern(b, p->items[i], data_head(b, t->args[0], value), otherwise);
        value = data_tail(b, value);
    }
    match_require(b, LLVMBuildIsNull(b->b, value, ""), otherwise);
}

static void match_cons(body *b, pattern *p, type *t, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    match_require(b, LLVMBuildIsNotNull(b->b, value, ""), otherwise);
    if (p->items[0]->kind != PAT_WILD) match_pattern(b, p->items[0], data_head(b, t->args[0], value), otherwise);
    if (p->items[1]->kind != PAT_WILD) match_pattern(b, p->items[1], data_tail(b, value), otherwise);
}

/* The locals that a pattern binds, appended to names. */
static int32_t match_locals(pattern *p, local **names, int32_t n) {
    if (p->kind == PAT_NAME || p->kind == PAT_AS) {
        if (names != NULL) names[n] = p->local;
        n++;
    }
    int32_t items = p->kind == PAT_OR ? 1 : p->nitems;
    for (int32_t i = 0; i < items; i++) n = match_locals(p->items[i], names, n);
    return n;
}

void match_alternatives(body *b, pattern *p, match_one *one, void *context, LLVMBasicBlockRef otherwise) {
    int32_t n = match_locals(p, NULL, 0);
    local **names = calloc((size_t)n + 1, sizeof *names);
    match_locals(p, names, 0);
    LLVMValueRef *values = calloc((size_t)n * (size_t)p->nitems + 1, sizeof *values);
    LLVMBasicBlockRef *from = calloc((size_t)p->nitems, sizeof *from);
    LLVMBasicBlockRef meet = body_block(b, "either");
    for (int32_t i = 0; i < p->nitems; i++) {
        bool last = i == p->nitems - 1;
        LLVMBasicBlockRef next = last ? otherwise : body_block(b, "or");
        one(b, p->items[i], context, next);
        for (int32_t k = 0; k < n; k++) values[k * p->nitems + i] = b->l->values[names[k]->id];
        from[i] = LLVMGetInsertBlock(b->b);
        LLVMBuildBr(b->b, meet);
        if (!last) body_position(b, next);
    }
    body_position(b, meet);
    for (int32_t k = 0; k < n; k++) {
        LLVMValueRef phi = LLVMBuildPhi(b->b, type_ll(b->l, ground_in(b, names[k]->type)), names[k]->name);
        LLVMAddIncoming(phi, &values[k * p->nitems], from, (unsigned)p->nitems);
        match_bind(b, names[k], phi);
    }
    free(names);
    free(values);
    free(from);
}

/* An alternative of an ordinary or-pattern; the context is the value. */
static void match_plain(body *b, pattern *p, void *context, LLVMBasicBlockRef otherwise) {
    match_pattern(b, p, context, otherwise);
}

void match_pattern(body *b, pattern *p, LLVMValueRef value, LLVMBasicBlockRef otherwise) {
    type *t = ground_in(b, p->type);
    switch (p->kind) {
    case PAT_WILD:
    case PAT_UNIT: return;
    case PAT_NAME: match_bind(b, p->local, value); return;
    case PAT_AS:
        match_bind(b, p->local, value);
        match_pattern(b, p->items[0], value, otherwise);
        return;
    case PAT_INT: match_require(b, match_int(b, value, p->as.integer), otherwise); return;
    case PAT_FLOAT:
        match_require(b, LLVMBuildFCmp(b->b, LLVMRealOEQ, value, LLVMConstReal(b->l->f64, p->as.real), ""), otherwise);
        return;
    case PAT_BOOL: match_require(b, p->as.truth ? value : LLVMBuildNot(b->b, value, ""), otherwise); return;
    case PAT_STRING: match_string(b, p, value, otherwise); return;
    case PAT_TUPLE:
    case PAT_STRUCT: match_fields(b, p, t, value, otherwise); return;
    case PAT_CTOR: match_variant(b, p, t, value, otherwise); return;
    case PAT_LIST: match_list(b, p, t, value, otherwise); return;
    case PAT_CONS: match_cons(b, p, t, value, otherwise); return;
    case PAT_OR: match_alternatives(b, p, match_plain, value, otherwise); return;
    case PAT_ERROR: return; /* not here after checking */
    }
}

void match_or_panic(body *b, pattern *p, LLVMValueRef value, const char *text) {
    if (pattern_is_irrefutable(p)) {
        match_pattern(b, p, value, NULL);
        return;
    }
    LLVMBasicBlockRef otherwise = body_block(b, "mismatch");
    match_pattern(b, p, value, otherwise);
    LLVMBasicBlockRef fits = LLVMGetInsertBlock(b->b);
    body_position(b, otherwise);
    body_panic(b, text);
    LLVMBuildUnreachable(b->b);
    body_position(b, fits);
}

static void match_guard(body *b, expr *guard, LLVMBasicBlockRef otherwise) {
    if (guard != NULL) match_require(b, lower_expr(b, guard), otherwise);
}

/* -- Clauses ----------------------------------------------------------------------------------------------------- */

void match_clauses(body *b, clause *clauses, int32_t n, LLVMValueRef *params, const char *name) {
    pos whole = b->pos;
    for (int32_t i = 0; i < n; i++) {
        clause *c = &clauses[i];
        LLVMBasicBlockRef next = body_block(b, "clause");
        body_at(b, c->pos);
        for (int32_t k = 0; k < c->nparams; k++) match_pattern(b, c->params[k], params[k], next);
        match_guard(b, c->guard, next);
        body_return(b, lower_expr(b, c->body));
        LLVMBuildUnreachable(b->b);
        body_position(b, next);
    }
    body_at(b, whole);
    char text[256];
    snprintf(text, sizeof text, "no clause of `%s/%d` matches", name, (int)clauses[0].nparams);
    body_panic(b, text);
}

/* -- case ---------------------------------------------------------------------------------------------------------- */

/* The subject of a case: one value, or the items of a tuple that is written out. */
typedef struct subject {
    LLVMValueRef value;
    LLVMValueRef *items;
} subject;

static bool match_takes_items(const expr *e) {
    if (e->as.match.subject->kind != EXPR_TUPLE) return false;
    for (int32_t i = 0; i < e->as.match.narms; i++) {
        pattern_kind kind = e->as.match.arms[i].params[0]->kind;
        if (kind != PAT_TUPLE && kind != PAT_WILD) return false;
    }
    return true;
}

static subject match_subject(body *b, expr *e) {
    expr *of = e->as.match.subject;
    if (!match_takes_items(e)) return (subject){.value = lower_expr(b, of)};
    subject s = {.items = calloc((size_t)of->as.list.nitems, sizeof(LLVMValueRef))};
    for (int32_t i = 0; i < of->as.list.nitems; i++) s.items[i] = lower_expr(b, of->as.list.items[i]);
    return s;
}

static void match_arm(body *b, pattern *p, const subject *s, LLVMBasicBlockRef otherwise) {
    if (s->items == NULL)
        match_pattern(b, p, s->value, otherwise);
    else if (p->kind == PAT_TUPLE)
        for (int32_t i = 0; i < p->nitems; i++) match_pattern(b, p->items[i], s->items[i], otherwise);
}

LLVMValueRef lower_case(body *b, expr *e, bool wanted) {
    pos whole = e->pos;
    subject s = match_subject(b, e);
    join done = join_open(b, lower_type_of(b, e, wanted), "case.end");
    for (int32_t i = 0; i < e->as.match.narms; i++) {
        clause *arm = &e->as.match.arms[i];
        LLVMBasicBlockRef next = body_block(b, "arm");
        body_at(b, arm->pos);
        match_arm(b, arm->params[0], &s, next);
        match_guard(b, arm->guard, next);
        join_add(b, &done, lower_branch(b, arm->body, wanted));
        body_position(b, next);
    }
    body_at(b, whole);
    body_panic(b, "no case arm matches");
    LLVMBuildUnreachable(b->b);
    free(s.items);
    return join_close(b, &done);
}
