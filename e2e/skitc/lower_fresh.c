/* lower_fresh.c - messages that are written out are built where they will lie.
 *
 * In `send(p, Move((x, y), [1, n]))` all objects are made for the message alone: no name refers to them, so the sender cannot
 * see that they never were on its heap. They are written into the message itself, and nothing is copied. What qualifies is decided by the
 * expression alone: constructors, literals of tuples, lists and structs, and constants, down to values that are no objects. A name or a
 * call that yields an object makes the whole message an ordinary one.
 */
#include <stdlib.h>

#include "lower.h"

/* -- What qualifies --------------------------------------------------------------------------------------------------- */

static bool fresh_is(body *b, const expr *e);

static bool fresh_all(body *b, expr **items, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (!fresh_is(b, items[i])) return false;
    return true;
}

static bool fresh_makes_variant(const expr *e) { return e->kind == EXPR_CALL && e->as.call.callee->kind == EXPR_CTOR; }

static bool fresh_is(body *b, const expr *e) {
    if (!type_is_object(ground_in(b, e->type)) || constant_is(e)) return true;
    switch (e->kind) {
    case EXPR_TUPLE:
    case EXPR_LIST: return fresh_all(b, e->as.list.items, e->as.list.nitems);
    case EXPR_STRUCT: return fresh_all(b, e->as.record.values, e->as.record.nfields);
    case EXPR_CALL: return fresh_makes_variant(e) && fresh_all(b, e->as.call.args, e->as.call.nargs);
    default: return false;
    }
}

/* The written parts of a message whose parts are its slots; false: it is one slot itself. */
static bool fresh_parts(expr *e, expr ***parts, int32_t *n) {
    switch (e->kind) {
    case EXPR_TUPLE: *parts = e->as.list.items, *n = e->as.list.nitems; return true;
    case EXPR_STRUCT: *parts = e->as.record.values, *n = e->as.record.nfields; return true;
    case EXPR_CALL: *parts = e->as.call.args, *n = e->as.call.nargs; return fresh_makes_variant(e);
    default: return false;
    }
}

/* A message without objects is sent flat, which costs less still. */
bool fresh_pays(body *b, expr *e) {
    expr **parts;
    int32_t n;
    if (e->kind == EXPR_CTOR || !fresh_is(b, e)) return false;
    if (!fresh_parts(e, &parts, &n)) return type_is_object(ground_in(b, e->type));
    for (int32_t i = 0; i < n; i++)
        if (type_is_object(ground_in(b, parts[i]->type))) return true;
    return false;
}

/* -- Values ------------------------------------------------------------------------------------------------------------- */

static buskin_cg_fresh_t fresh_field(body *b, expr *e);

static buskin_cg_fresh_t fresh_leaf(LLVMValueRef value) { return (buskin_cg_fresh_t){.value = value}; }

/* items[i] is field fields[i], or field i where fields is NULL. Evaluated in written order. */
static buskin_cg_fresh_t fresh_object(body *b, buskin_cg_desc_t *desc, expr **items, const int32_t *fields, int32_t n) {
    buskin_cg_fresh_t *values = calloc((size_t)n + 1, sizeof *values);
    for (int32_t i = 0; i < n; i++) values[fields != NULL ? fields[i] : i] = fresh_field(b, items[i]);
    return (buskin_cg_fresh_t){.desc = desc, .fields = values, .nfields = (unsigned)n};
}

static buskin_cg_fresh_t fresh_list(body *b, expr *e) {
    buskin_cg_desc_t *desc = type_list_desc(b->u, ground_in(b, e->type)->args[0]);
    int32_t n = e->as.list.nitems;
    buskin_cg_fresh_t *heads = calloc((size_t)n + 1, sizeof *heads);
    for (int32_t i = 0; i < n; i++) heads[i] = fresh_field(b, e->as.list.items[i]);
    buskin_cg_fresh_t list = fresh_leaf(LLVMConstNull(b->l->ptr));
    for (int32_t i = n; i-- > 0;) {
        buskin_cg_fresh_t *node = calloc(2, sizeof *node);
        node[0] = heads[i];
        node[1] = list;
        list = (buskin_cg_fresh_t){.desc = desc, .fields = node, .nfields = 2};
    }
    free(heads);
    return list;
}

static buskin_cg_fresh_t fresh_value(body *b, expr *e) {
    type *t = ground_in(b, e->type);
    if (!type_is_object(t) || constant_is(e)) return fresh_leaf(lower_expr(b, e));
    switch (e->kind) {
    case EXPR_LIST: return fresh_list(b, e);
    case EXPR_TUPLE: return fresh_object(b, type_desc(b->u, t, 0), e->as.list.items, NULL, e->as.list.nitems);
    case EXPR_STRUCT:
        return fresh_object(b, type_desc(b->u, t, 0), e->as.record.values, e->as.record.fields, e->as.record.nfields);
    default: break;
    }
    buskin_cg_desc_t *desc = type_desc(b->u, t, e->as.call.callee->as.variant->index);
    return fresh_object(b, desc, e->as.call.args, NULL, e->as.call.nargs);
}

/* In an object: every field takes eight bytes, as in lower_data.c. */
static buskin_cg_fresh_t fresh_field(body *b, expr *e) {
    buskin_cg_fresh_t v = fresh_value(b, e);
    LLVMTypeRef is = v.desc == NULL ? LLVMTypeOf(v.value) : NULL;
    if (is == b->l->i1) v.value = LLVMBuildZExt(b->b, v.value, b->l->i64, "");
    if (is == b->l->f64) v.value = LLVMBuildBitCast(b->b, v.value, b->l->i64, "");
    return v;
}

static void fresh_free(const buskin_cg_fresh_t *v) {
    for (unsigned i = 0; i < v->nfields; i++) fresh_free(&v->fields[i]);
    free((void *)(uintptr_t)v->fields);
}

/* -- The message ---------------------------------------------------------------------------------------------------------- */

typedef struct fresh_message {
    buskin_cg_slot_t *slots;
    buskin_cg_fresh_t *values;
    unsigned n;
} fresh_message;

static void fresh_slot(body *b, fresh_message *m, unsigned at, expr *e) {
    m->slots[at] = type_slot(b->l, ground_in(b, e->type));
    m->values[at] = fresh_value(b, e);
    if (m->n <= at) m->n = at + 1;
}

/* As lower_message.c lays it: the fields of a tuple or struct, a variant's behind its index, anything else as one slot. */
static void fresh_slots(body *b, fresh_message *m, expr *e) {
    expr **parts;
    int32_t n;
    if (!fresh_parts(e, &parts, &n)) {
        fresh_slot(b, m, 0, e);
        return;
    }
    unsigned first = fresh_makes_variant(e);
    if (first) {
        m->slots[0] = (buskin_cg_slot_t){.type = b->l->i64};
        m->values[0] = fresh_leaf(body_i64(b, e->as.call.callee->as.variant->index));
    }
    for (int32_t i = 0; i < n; i++)
        fresh_slot(b, m, first + (unsigned)(e->kind == EXPR_STRUCT ? e->as.record.fields[i] : i), parts[i]);
}

void fresh_send(body *b, LLVMValueRef to, LLVMValueRef tag, expr *e) {
    expr **parts;
    int32_t n = 1;
    pos whole = b->pos;
    fresh_parts(e, &parts, &n);
    fresh_message m = {.slots = calloc((size_t)n + 2, sizeof *m.slots),
                       .values = calloc((size_t)n + 2, sizeof *m.values)};
    fresh_slots(b, &m, e);
    body_at(b, whole);
    buskin_cg_send_new(b->u->cg, b->b, to, tag, m.slots, m.values, m.n);
    for (unsigned i = 0; i < m.n; i++) fresh_free(&m.values[i]);
    free(m.slots);
    free(m.values);
}
