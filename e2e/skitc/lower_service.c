/* lower_service.c - services: start, calls and casts, the loop of the process.
 *
 * A request is a message under a tag of its own (the hash of `call Module.S.op`), which no type's text can be. Calls go
 * through the runtime's call and reply, so other messages of the caller stay where they are and a late reply never
 * arrives; casts are sends. The process takes what is oldest, asks each handler's tag, runs the handler as a function
 * of state and arguments, replies, and goes on with the new state. What no handler knows is dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buskin.h"
#include "lower.h"

static LLVMValueRef service_tag(body *b, const handler *h) {
    char text[512];
    snprintf(text, sizeof text, "%s %s.%s.%s", h->is_call ? "call" : "cast", h->service->module->name, h->service->name,
             h->op);
    return LLVMConstInt(b->l->i64, tag_of_text(text), 0);
}

static type *service_ground(body *b, type *t) { return type_ground(b->l->p, t, NULL); }

/* -- The client --------------------------------------------------------------------------------------------------- */

static LLVMValueRef service_start(body *b, service *s, LLVMValueRef *args) {
    instance *init = instance_request(b->u, INSTANCE_FUNCTION, s->init, NULL, NULL);
    LLVMValueRef state = body_call(b, init, args, (unsigned)s->init->nparams, false);
    type *params[] = {service_ground(b, s->state)};
    instance *i = instance_request(b->u, INSTANCE_SERVICE, s, NULL, NULL);
    buskin_cg_actor_t *handle = actor_handle(
        b->u,
        &(process){
            .body = i, .title = s->name, .params = params, .nparams = 1, .is_public = s->is_pub, .bound = s->bound});
    LLVMValueRef pid = buskin_cg_spawn(b->u->cg, b->b, handle, &state, 1, 0, NULL);
    return pid != NULL ? pid : LLVMGetPoison(b->l->i64);
}

static void service_call_failed(body *b, const char *name, LLVMValueRef notice) {
    const char *path = b->l->p->files[b->pos.file].path;
    LLVMValueRef args[] = {buskin_cg_text(b->u->cg, name, strlen(name)),
                           body_i64(b, (int64_t)strlen(name)),
                           notice,
                           buskin_cg_text(b->u->cg, path, strlen(path)),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.line, 0),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.col, 0)};
    support_call(b, SKIT_FN_call_failed, args, 6);
    LLVMBuildUnreachable(b->b);
}

LLVMValueRef service_reply_value(body *b, const char *name, type *t, LLVMValueRef message) {
    buskin_cg_t *cg = b->u->cg;
    LLVMBasicBlockRef to_itself = body_block(b, "to.itself"), came = body_block(b, "came");
    LLVMBasicBlockRef replied = body_block(b, "replied"), down = body_block(b, "down");
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, message, ""), to_itself, came);
    body_position(b, to_itself);
    service_call_failed(b, name, LLVMConstNull(b->l->ptr));
    body_position(b, came);
    LLVMValueRef kind = buskin_cg_message_kind(cg, b->b, message);
    LLVMValueRef is_reply = LLVMBuildICmp(b->b, LLVMIntEQ, kind, LLVMConstInt(b->l->i32, BUSKIN_MSG_REPLY, 0), "");
    LLVMBuildCondBr(b->b, is_reply, replied, down);
    body_position(b, down);
    service_call_failed(b, name, buskin_cg_message_data(cg, b->b, message));
    body_position(b, replied);
    LLVMValueRef value = message_rebuilt(b, t, buskin_cg_message_data(cg, b->b, message));
    if (!message_has_object(b, t)) body_runtime(b, "message_release", &message, 1);
    return value;
}

LLVMValueRef service_call(body *b, service *s, handler *h, LLVMValueRef *args) {
    if (h == NULL) return service_start(b, s, args);
    int32_t n = h->clause.nparams;
    parcel p = parcel_open((delivery){.to = args[0], .tag = service_tag(b, h)}, n);
    for (int32_t i = 0; i < n; i++) parcel_add(b, &p, service_ground(b, h->params[i]), args[i + 1]);
    if (!h->is_call) return parcel_send(b, &p);
    char name[512];
    snprintf(name, sizeof name, "%s.%s", s->name, h->op);
    return service_reply_value(b, name, service_ground(b, h->reply), parcel_call(b, &p));
}

/* -- The process ---------------------------------------------------------------------------------------------------- */

/* Where the pair is written out, it is never made. */
void service_return(body *b, expr *e) {
    const handler *h = b->of->decl;
    switch (e->kind) {
    case EXPR_BLOCK: {
        expr *last = lower_block_head(b, e);
        if (last != NULL) service_return(b, last);
        return;
    }
    case EXPR_IF:
        for (int32_t i = 0; i < e->as.branch.n; i++) {
            LLVMBasicBlockRef then = body_block(b, "then"), other = body_block(b, "else");
            LLVMBuildCondBr(b->b, lower_expr(b, e->as.branch.conds[i]), then, other);
            body_position(b, then);
            service_return(b, e->as.branch.bodies[i]);
            LLVMBuildUnreachable(b->b);
            body_position(b, other);
        }
        service_return(b, e->as.branch.otherwise);
        return;
    case EXPR_TUPLE: {
        LLVMValueRef state = lower_expr(b, e->as.list.items[0]);
        LLVMBuildStore(b->b, lower_expr(b, e->as.list.items[1]), b->reply);
        body_return(b, state);
        return;
    }
    default: {
        LLVMValueRef pair = lower_expr(b, e);
        LLVMBuildStore(b->b, data_load(b, service_ground(b, h->reply), pair, 1), b->reply);
        body_return(b, data_load(b, service_ground(b, h->service->state), pair, 0));
    }
    }
}

void lower_handler_body(body *b, instance *i) {
    const handler *h = i->decl;
    body_open(b, i, h->pos, type_ground(i->home->l->p, h->code->result, NULL));
    int32_t n = h->clause.nparams;
    if (h->is_call) b->reply = LLVMGetParam(b->fn, (unsigned)n + 1);
    if (h->state != NULL) match_bind(b, h->state, LLVMGetParam(b->fn, 0));
    for (int32_t k = 0; k < n; k++) {
        body_at(b, h->clause.params[k]->pos);
        match_or_panic(b, h->clause.params[k], LLVMGetParam(b->fn, (unsigned)k + 1), "no match in handler parameter");
    }
    if (h->is_call)
        service_return(b, h->clause.body);
    else
        body_return(b, lower_expr(b, h->clause.body));
}

/* A request in the mailbox that is for this handler: answers it, and stores the new state. */
static void service_handle(body *b, handler *h, const buskin_cg_receive_t *r, LLVMValueRef message,
                           LLVMValueRef state) {
    buskin_cg_t *cg = b->u->cg;
    type *t = service_ground(b, h->service->state);
    LLVMValueRef data = buskin_cg_message_data(cg, b->b, message), from = NULL, ref = NULL;
    int32_t words = 0;
    if (h->is_call) {
        from = buskin_cg_load_field(cg, b->b, "request", "from", data);
        ref = buskin_cg_load_field(cg, b->b, "request", "ref", data);
        words = sizeof(buskin_request_t) / 8;
    }
    int32_t n = h->clause.nparams;
    LLVMValueRef *args = calloc((size_t)n + 2, sizeof *args);
    bool keeps = false;
    args[0] = LLVMBuildLoad2(b->b, type_ll(b->l, t), state, "");
    for (int32_t i = 0; i < n; i++) {
        type *of = service_ground(b, h->params[i]);
        keeps |= type_is_object(of);
        args[i + 1] = data_load(b, of, data, words + i);
    }
    if (keeps)
        buskin_cg_receive_take(cg, b->b, r);
    else
        buskin_cg_receive_drop(cg, b->b, r);
    instance *handle = instance_request(b->u, INSTANCE_HANDLER, h, NULL, NULL);
    unsigned nargs = (unsigned)n + 1;
    type *reply = service_ground(b, h->reply);
    if (h->is_call) args[nargs++] = body_slot(b, type_ll(b->l, reply), "reply");
    LLVMBuildStore(b->b, body_call(b, handle, args, nargs, false), state);
    if (h->is_call) {
        LLVMValueRef answer = LLVMBuildLoad2(b->b, type_ll(b->l, reply), args[nargs - 1], "");
        message_send_value(b, reply, answer, (delivery){.to = from, .ref = ref});
    }
    free(args);
}

void lower_service_body(body *b, instance *i) {
    const service *s = i->decl;
    body_open(b, i, s->pos, NULL);
    buskin_cg_t *cg = b->u->cg;
    LLVMValueRef state = body_slot(b, LLVMTypeOf(LLVMGetParam(b->fn, 0)), "state");
    LLVMBuildStore(b->b, LLVMGetParam(b->fn, 0), state);
    LLVMBasicBlockRef serve = body_block(b, "serve");
    LLVMBuildBr(b->b, serve);
    body_position(b, serve);
    buskin_cg_receive_t r;
    buskin_cg_receive_begin(cg, b->b, NULL, (unsigned)s->nhandlers, &r);
    LLVMValueRef message = buskin_cg_receive_peek(cg, b->b, &r);
    for (int32_t k = 0; message != NULL && k < s->nhandlers; k++) {
        handler *h = &s->handlers[k];
        LLVMBasicBlockRef next = body_block(b, "next");
        unsigned kind = h->is_call ? BUSKIN_MSG_CALL : BUSKIN_MSG_USER;
        buskin_cg_receive_test(cg, b->b, message, kind, service_tag(b, h), next);
        service_handle(b, h, &r, message, state);
        LLVMBuildBr(b->b, serve);
        body_position(b, next);
    }
    buskin_cg_receive_drop(cg, b->b, &r);
    LLVMBuildBr(b->b, serve);
    body_unreachable(b);
}
