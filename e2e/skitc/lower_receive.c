/* lower_receive.c - receive: arms over messages in place.
 *
 * The shims' selective receive shows one message after the other. A user arm asks for the message's kind and for the
 * tag of the mailbox type, then for its pattern and guard, all on the data where it lies (lower_message.c). An arm
 * that matches takes the message when it binds an object of it; else it has loaded all it needs and drops it, which
 * costs no heap.
 * Exit(..) and Down(..) match the runtime's records by kind and bind their fields; the reason becomes an
 * ExitReason first. Where no arm of a receive is of that sort, kind and tag are asked once for all arms.
 * What the arms can match, by kind, tag and first word, is told to the runtime, which passes over all else in a long mailbox.
 */
#include <stdlib.h>

#include "buskin.h"
#include "lower.h"

typedef struct receipt {
    type *mailbox;
    LLVMValueRef message;
    LLVMValueRef data; /* of a user message, once asked */
    LLVMValueRef tag;  /* NULL: any */
    bool mixed;        /* some arm is for signals: each asks for itself */
} receipt;

static void receive_user(body *b, receipt *r, LLVMBasicBlockRef otherwise) {
    buskin_cg_receive_test(b->u->cg, b->b, r->message, BUSKIN_MSG_USER, r->tag, otherwise);
    r->data = buskin_cg_message_data(b->u->cg, b->b, r->message);
}

/* -- Exit and Down ---------------------------------------------------------------------------------------------------- */

/* The fields of the record as the variant's: Exit(Pid, ExitReason), Down(Int, Pid, ExitReason). */
static void receive_notice(body *b, receipt *r, const variant *v, LLVMValueRef *fields) {
    buskin_cg_t *cg = b->u->cg;
    LLVMValueRef notice = buskin_cg_message_data(cg, b->b, r->message);
    int32_t n = 0;
    if (v->index == SIGNAL_DOWN) fields[n++] = buskin_cg_load_field(cg, b->b, "notice", "ref", notice);
    fields[n++] = buskin_cg_load_field(cg, b->b, "notice", "from", notice);
    fields[n] = support_call(b, SKIT_FN_reason, &notice, 1);
}

static void receive_signal(body *b, receipt *r, pattern *p, LLVMBasicBlockRef otherwise) {
    if (p->kind == PAT_AS) {
        receive_signal(b, r, p->items[0], otherwise);
        const pattern *ctor = p->items[0];
        LLVMValueRef fields[3];
        receive_notice(b, r, ctor->variant, fields);
        match_bind(b, p->local, data_variant(b, ground_in(b, ctor->type), ctor->variant->index, fields));
        return;
    }
    unsigned kind = p->variant->index == SIGNAL_EXIT ? BUSKIN_MSG_EXIT : BUSKIN_MSG_DOWN;
    buskin_cg_receive_test(b->u->cg, b->b, r->message, kind, NULL, otherwise);
    LLVMValueRef fields[3];
    receive_notice(b, r, p->variant, fields);
    for (int32_t i = 0; i < p->nitems; i++) match_pattern(b, p->items[i], fields[i], otherwise);
}

/* -- Arms --------------------------------------------------------------------------------------------------------------- */

static void receive_one(body *b, pattern *p, void *context, LLVMBasicBlockRef otherwise) {
    receipt *r = context;
    if (p->kind == PAT_OR && r->mixed) {
        match_alternatives(b, p, receive_one, r, otherwise);
    } else if (pattern_is_signal(p)) {
        receive_signal(b, r, p, otherwise);
    } else {
        if (r->mixed) receive_user(b, r, otherwise);
        message_pattern(b, p, r->mailbox, r->data, otherwise);
    }
}

static bool receive_has_signal(const pattern *p) {
    if (pattern_is_signal(p)) return true;
    for (int32_t i = 0; p->kind == PAT_OR && i < p->nitems; i++)
        if (receive_has_signal(p->items[i])) return true;
    return false;
}

static void receive_arm(body *b, clause *arm, receipt *r, const buskin_cg_receive_t *state, LLVMBasicBlockRef next) {
    pattern *p = arm->params[0];
    body_at(b, arm->pos);
    receive_one(b, p, r, next);
    if (arm->guard != NULL) {
        LLVMBasicBlockRef chosen = body_block(b, "chosen");
        LLVMBuildCondBr(b->b, lower_expr(b, arm->guard), chosen, next);
        body_position(b, chosen);
    }
    if (!pattern_is_signal(p) && message_keeps(b, p, r->mailbox))
        buskin_cg_receive_take(b->u->cg, b->b, state);
    else
        buskin_cg_receive_drop(b->u->cg, b->b, state);
}

static LLVMValueRef receive_timeout(body *b, expr *e) {
    if (e->as.match.after_time == NULL) return NULL;
    LLVMValueRef t = lower_expr(b, e->as.match.after_time);
    LLVMValueRef negative = LLVMBuildICmp(b->b, LLVMIntSLT, t, body_i64(b, 0), "");
    return LLVMBuildSelect(b->b, negative, body_i64(b, 0), t, ""); /* a negative time would wait for ever */
}

/* -- What the arms can match ------------------------------------------------------------------------------------------------ */

typedef struct filter {
    buskin_cg_match_t matches[BUSKIN_FILTER_MAX + 1];
    unsigned n; /* at most one more than the runtime takes: then it is told nothing */
} filter;

static bool filter_covers(const buskin_cg_match_t *wide, const buskin_cg_match_t *m) {
    return wide->kind == m->kind && (!wide->has_tag || (m->has_tag && wide->tag == m->tag)) &&
           (!wide->has_word || (m->has_word && wide->word == m->word));
}

static void filter_add(filter *f, buskin_cg_match_t m) {
    for (unsigned i = 0; i < f->n; i++)
        if (filter_covers(&f->matches[i], &m)) return;
    if (f->n <= BUSKIN_FILTER_MAX) f->matches[f->n++] = m;
}

static void filter_pattern(filter *f, const receipt *r, const pattern *p) {
    if (p->kind == PAT_OR) {
        for (int32_t i = 0; i < p->nitems; i++) filter_pattern(f, r, p->items[i]);
    } else if (p->kind == PAT_AS) {
        filter_pattern(f, r, p->items[0]);
    } else if (pattern_is_signal(p)) {
        filter_add(f,
                   (buskin_cg_match_t){.kind = p->variant->index == SIGNAL_EXIT ? BUSKIN_MSG_EXIT : BUSKIN_MSG_DOWN});
    } else {
        buskin_cg_match_t m = {.kind = BUSKIN_MSG_USER, .has_tag = r->tag != NULL};
        if (m.has_tag) m.tag = LLVMConstIntGetZExtValue(r->tag);
        m.has_word = message_first_word(p, r->mailbox, &m.word);
        filter_add(f, m);
    }
}

static void receive_filter(body *b, const expr *e, const receipt *r, const buskin_cg_receive_t *state) {
    filter f = {.n = 0};
    for (int32_t i = 0; i < e->as.match.narms; i++) filter_pattern(&f, r, e->as.match.arms[i].params[0]);
    buskin_cg_receive_filter(b->u->cg, state, f.matches, f.n);
}

LLVMValueRef lower_receive(body *b, expr *e, bool wanted) {
    buskin_cg_t *cg = b->u->cg;
    type *mailbox = ground_in(b, e->as.match.mailbox);
    receipt r = {.mailbox = mailbox};
    r.tag = mailbox->kind == TYPE_OPEN ? NULL : LLVMConstInt(b->l->i64, type_tag(b->l, mailbox), 0);
    for (int32_t i = 0; i < e->as.match.narms; i++) r.mixed |= receive_has_signal(e->as.match.arms[i].params[0]);

    LLVMValueRef timeout = receive_timeout(b, e);
    body_at(b, e->pos);
    buskin_cg_receive_t state;
    buskin_cg_receive_begin(cg, b->b, timeout, (unsigned)e->as.match.narms, &state);
    receive_filter(b, e, &r, &state);
    r.message = buskin_cg_receive_peek(cg, b->b, &state);
    if (r.message == NULL) return LLVMGetPoison(lower_type_of(b, e, wanted));

    join done = join_open(b, lower_type_of(b, e, wanted), "received");
    LLVMBasicBlockRef skip = body_block(b, "skip");
    if (!r.mixed) receive_user(b, &r, skip);
    for (int32_t i = 0; i < e->as.match.narms; i++) {
        clause *arm = &e->as.match.arms[i];
        LLVMBasicBlockRef next = i == e->as.match.narms - 1 ? skip : body_block(b, "arm");
        receive_arm(b, arm, &r, &state, next);
        join_add(b, &done, lower_branch(b, arm->body, wanted));
        body_position(b, next);
    }
    if (e->as.match.narms == 0) {
        LLVMBuildBr(b->b, skip);
        body_position(b, skip);
    }
    body_at(b, e->pos);
    buskin_cg_receive_skip(cg, b->b, &state);
    if (state.timeout != NULL) {
        body_position(b, state.timeout);
        join_add(b, &done, lower_branch(b, e->as.match.after_body, wanted));
    }
    return join_close(b, &done);
}
