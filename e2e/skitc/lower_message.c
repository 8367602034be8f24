/* lower_message.c - how values lie in messages: send, and patterns on what arrived.
 *
 * The data of a message is what makes copying cheap: a tuple or struct is sent as its fields, a variant as its index
 * and its fields, anything else as one slot. So a message of scalars, whatever its type, is flat: no object is made
 * at the sender, none copied by the runtime, none made at the receiver, whose patterns look at the fields
 * where they lie. Only an arm that binds the whole value builds it.
 *
 * The fields lie as in an object's payload (after the index), so loads of fields work on the data unchanged.
 */
#include <stdlib.h>

#include "lower.h"

typedef enum message_shape { MESSAGE_NOTHING, MESSAGE_VALUE, MESSAGE_FIELDS, MESSAGE_VARIANT } message_shape;

static message_shape message_shape_of(const type *t) {
    switch (t->kind) {
    case TYPE_UNIT:
    case TYPE_OPEN: return MESSAGE_NOTHING;
    case TYPE_TUPLE:
    case TYPE_STRUCT: return MESSAGE_FIELDS;
    case TYPE_SUM: return MESSAGE_VARIANT;
    default: return MESSAGE_VALUE;
    }
}

static int32_t message_nfields(const type *t, int32_t which) {
    if (t->kind == TYPE_TUPLE) return t->nargs;
    return t->kind == TYPE_SUM ? t->decl->variants[which].nfields : t->decl->nfields;
}

/* -- Sending -------------------------------------------------------------------------------------------------------- */

static void message_add_index(body *b, parcel *p, int32_t which) {
    parcel_add(b, p, type_basic(b->l->p, TYPE_INT), body_i64(b, which));
}

static delivery message_delivery(body *b, type *t, LLVMValueRef to) {
    return (delivery){.to = to, .tag = LLVMConstInt(b->l->i64, type_tag(b->l, t), 0)};
}

static bool message_is_variant(const expr *e) { return e->kind == EXPR_CALL && e->as.call.callee->kind == EXPR_CTOR; }

/* A message that is written out: its fields go into slots as they are evaluated. */
static void message_send_items(body *b, type *t, LLVMValueRef to, expr **items, int32_t n, int32_t which) {
    parcel p = parcel_open(message_delivery(b, t, to), n + 1);
    if (t->kind == TYPE_SUM) message_add_index(b, &p, which);
    for (int32_t i = 0; i < n; i++) parcel_add(b, &p, data_field_type(b, t, which, i), lower_expr(b, items[i]));
    parcel_send(b, &p);
}

/* A value's fields, loaded from the object. */
static LLVMValueRef message_send_loaded(body *b, type *t, LLVMValueRef value, int32_t which, delivery d) {
    int32_t n = message_nfields(t, which);
    parcel p = parcel_open(d, n + 1);
    if (t->kind == TYPE_SUM) message_add_index(b, &p, which);
    for (int32_t i = 0; i < n; i++) {
        type *of = data_field_type(b, t, which, i);
        parcel_add(b, &p, of, data_load(b, of, value, i));
    }
    return parcel_send(b, &p);
}

/* A variant that is known only when it is sent. Those without fields are all sent as their index. */
static LLVMValueRef message_send_variant(body *b, type *t, LLVMValueRef value, delivery d) {
    join sent = join_open(b, b->l->i64, "sent");
    LLVMBasicBlockRef bare = body_block(b, "bare");
    LLVMValueRef index = data_variant_index(b, t, value);
    LLVMValueRef choose = LLVMBuildSwitch(b->b, index, bare, (unsigned)t->decl->nvariants);
    for (int32_t v = 0; v < t->decl->nvariants; v++) {
        if (t->decl->variants[v].nfields == 0) continue;
        LLVMBasicBlockRef block = body_block(b, t->decl->variants[v].name);
        LLVMAddCase(choose, LLVMConstInt(b->l->i32, (unsigned)v, 0), block);
        body_position(b, block);
        join_add(b, &sent, message_send_loaded(b, t, value, v, d));
    }
    body_position(b, bare);
    parcel p = parcel_open(d, 1);
    parcel_add(b, &p, type_basic(b->l->p, TYPE_INT), LLVMBuildZExt(b->b, index, b->l->i64, ""));
    join_add(b, &sent, parcel_send(b, &p));
    return join_close(b, &sent);
}

LLVMValueRef message_send_value(body *b, type *t, LLVMValueRef value, delivery d) {
    message_shape shape = message_shape_of(t);
    if (d.tag == NULL) d.tag = LLVMConstInt(b->l->i64, type_tag(b->l, t), 0);
    if (shape == MESSAGE_FIELDS) return message_send_loaded(b, t, value, 0, d);
    if (shape == MESSAGE_VARIANT) return message_send_variant(b, t, value, d);
    parcel p = parcel_open(d, 1);
    if (shape == MESSAGE_VALUE) parcel_add(b, &p, t, value);
    return parcel_send(b, &p);
}

LLVMValueRef lower_send(body *b, expr *e) {
    LLVMValueRef to = lower_expr(b, e->as.pair.left);
    expr *message = e->as.pair.right;
    type *t = ground_in(b, message->type);
    if (fresh_pays(b, message)) {
        body_at(b, e->pos);
        fresh_send(b, to, LLVMConstInt(b->l->i64, type_tag(b->l, t), 0), message);
    } else if (message->kind == EXPR_TUPLE) {
        message_send_items(b, t, to, message->as.list.items, message->as.list.nitems, 0);
    } else if (message_is_variant(message)) {
        int32_t which = message->as.call.callee->as.variant->index;
        message_send_items(b, t, to, message->as.call.args, message->as.call.nargs, which);
    } else if (message->kind == EXPR_CTOR && t->kind == TYPE_SUM) {
        message_send_items(b, t, to, NULL, 0, message->as.variant->index);
    } else {
        LLVMValueRef value = lower_expr(b, message);
        body_at(b, e->pos);
        message_send_value(b, t, value, message_delivery(b, t, to));
    }
    return body_unit(b);
}

/* -- Receiving ------------------------------------------------------------------------------------------------------ */

/* Where the fields begin: variants have their index in front. */
static LLVMValueRef message_fields(body *b, type *t, LLVMValueRef data) {
    if (t->kind != TYPE_SUM) return data;
    LLVMValueRef eight = body_i64(b, 8);
    return LLVMBuildInBoundsGEP2(b->b, b->l->i8, data, &eight, 1, "");
}

static LLVMValueRef message_rebuilt_object(body *b, type *t, LLVMValueRef data, int32_t which) {
    int32_t n = message_nfields(t, which);
    LLVMValueRef from = message_fields(b, t, data);
    LLVMValueRef *fields = calloc((size_t)n + 1, sizeof *fields);
    for (int32_t i = 0; i < n; i++) fields[i] = data_load(b, data_field_type(b, t, which, i), from, i);
    LLVMValueRef object = t->kind == TYPE_TUPLE ? data_tuple(b, t, fields)
                          : t->kind == TYPE_SUM ? data_variant(b, t, which, fields)
                                                : data_struct(b, t, fields);
    free(fields);
    return object;
}

LLVMValueRef message_rebuilt(body *b, type *t, LLVMValueRef data) {
    switch (message_shape_of(t)) {
    case MESSAGE_NOTHING: return body_unit(b);
    case MESSAGE_VALUE: return data_load(b, t, data, 0);
    case MESSAGE_FIELDS: return message_rebuilt_object(b, t, data, 0);
    case MESSAGE_VARIANT: break;
    }
    join done = join_open(b, b->l->ptr, "rebuilt");
    LLVMBasicBlockRef none = body_block(b, "none");
    LLVMValueRef index = body_load(b, b->l->i64, data, 0);
    LLVMValueRef choose = LLVMBuildSwitch(b->b, index, none, (unsigned)t->decl->nvariants);
    for (int32_t v = 0; v < t->decl->nvariants; v++) {
        LLVMBasicBlockRef block = body_block(b, t->decl->variants[v].name);
        LLVMAddCase(choose, body_i64(b, v), block);
        body_position(b, block);
        join_add(b, &done, message_rebuilt_object(b, t, data, v));
    }
    body_position(b, none);
    LLVMBuildUnreachable(b->b);
    return join_close(b, &done);
}

typedef struct arrival {
    type *t;
    LLVMValueRef data;
} arrival;

static void message_pattern_in(body *b, pattern *p, void *context, LLVMBasicBlockRef otherwise) {
    const arrival *a = context;
    message_shape shape = message_shape_of(a->t);
    bool names = p->kind == PAT_NAME || p->kind == PAT_AS;
    if (p->kind == PAT_WILD) return;
    if (p->kind == PAT_AS) message_pattern_in(b, p->items[0], context, otherwise);
    if (names) {
        LLVMValueRef poison = LLVMGetPoison(type_ll(b->l, a->t));
        match_bind(b, p->local, p->local->is_used ? message_rebuilt(b, a->t, a->data) : poison);
    } else if (p->kind == PAT_OR) {
        match_alternatives(b, p, message_pattern_in, context, otherwise);
    } else if (shape == MESSAGE_VARIANT) {
        LLVMValueRef index = body_load(b, b->l->i64, a->data, 0);
        LLVMValueRef wanted = body_i64(b, p->variant->index);
        if (a->t->decl->nvariants > 1) match_require(b, LLVMBuildICmp(b->b, LLVMIntEQ, index, wanted, ""), otherwise);
        match_fields(b, p, a->t, message_fields(b, a->t, a->data), otherwise);
    } else if (shape == MESSAGE_FIELDS) {
        match_fields(b, p, a->t, a->data, otherwise);
    } else if (shape == MESSAGE_VALUE) {
        match_pattern(b, p, data_load(b, a->t, a->data, 0), otherwise);
    }
}

void message_pattern(body *b, pattern *p, type *t, LLVMValueRef data, LLVMBasicBlockRef otherwise) {
    message_pattern_in(b, p, &(arrival){t, data}, otherwise);
}

static bool message_literal(const pattern *p, uint64_t *word) {
    *word = (uint64_t)p->as.integer;
    return p->kind == PAT_INT;
}

bool message_first_word(const pattern *p, const type *t, uint64_t *word) {
    message_shape shape = message_shape_of(t);
    if (shape == MESSAGE_VALUE) return message_literal(p, word);
    if (shape == MESSAGE_FIELDS && p->kind == PAT_TUPLE) return p->nitems > 0 && message_literal(p->items[0], word);
    if (shape != MESSAGE_VARIANT || p->kind != PAT_CTOR) return false;
    *word = (uint64_t)p->variant->index;
    return true;
}

bool message_has_object(body *b, type *t) {
    if (message_shape_of(t) <= MESSAGE_VALUE) return type_is_object(t);
    int32_t variants = t->kind == TYPE_SUM ? t->decl->nvariants : 1;
    for (int32_t v = 0; v < variants; v++)
        for (int32_t i = 0; i < message_nfields(t, v); i++)
            if (type_is_object(data_field_type(b, t, v, i))) return true;
    return false;
}

static bool message_binds_object(body *b, const pattern *p) {
    bool names = p->kind == PAT_NAME || p->kind == PAT_AS;
    if (names && p->local->is_used && type_is_object(ground_in(b, p->local->type))) return true;
    for (int32_t i = 0; i < p->nitems; i++)
        if (message_binds_object(b, p->items[i])) return true;
    return false;
}

bool message_keeps(body *b, const pattern *p, type *t) {
    if (p->kind == PAT_NAME) return p->local->is_used && message_has_object(b, t);
    if (p->kind == PAT_AS && p->local->is_used && message_has_object(b, t)) return true;
    if (p->kind == PAT_AS) return message_keeps(b, p->items[0], t);
    if (p->kind == PAT_OR) {
        for (int32_t i = 0; i < p->nitems; i++)
            if (message_keeps(b, p->items[i], t)) return true;
        return false;
    }
    return message_binds_object(b, p);
}
