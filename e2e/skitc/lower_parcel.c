/* lower_parcel.c - the slots of one message, collected in order, and the shims' ways to hand them over: a send, a
 * timer, a reply, a result, a call. */
#include <stdlib.h>

#include "lower.h"

parcel parcel_open(delivery d, int32_t room) {
    parcel p = {.delivery = d};
    p.slots = calloc((size_t)room + 1, sizeof *p.slots);
    p.values = calloc((size_t)room + 1, sizeof *p.values);
    return p;
}

void parcel_add(body *b, parcel *p, type *t, LLVMValueRef value) {
    p->slots[p->n] = type_slot(b->l, t);
    p->values[p->n++] = value;
}

static void parcel_close(parcel *p) {
    free(p->slots);
    free(p->values);
}

/* A failure stands in the cg; building goes on with any value. */
static LLVMValueRef parcel_result(LLVMValueRef result, LLVMTypeRef otherwise) {
    return result != NULL ? result : LLVMGetPoison(otherwise);
}

LLVMValueRef parcel_send(body *b, parcel *p) {
    const delivery *d = &p->delivery;
    buskin_cg_t *cg = b->u->cg;
    LLVMValueRef result = body_unit(b);
    if (d->after != NULL)
        result = parcel_result(buskin_cg_send_after(cg, b->b, d->to, d->after, d->tag, p->slots, p->values, p->n),
                               b->l->i64);
    else if (d->is_result)
        buskin_cg_job_finish(cg, b->b, p->slots, p->values, p->n);
    else if (d->ref != NULL)
        buskin_cg_reply(cg, b->b, d->to, d->ref, p->slots, p->values, p->n);
    else
        result = parcel_result(buskin_cg_send(cg, b->b, d->to, d->tag, p->slots, p->values, p->n), b->l->i32);
    if (d->offers)
        result = LLVMBuildSExt(b->b, result, b->l->i64, "");
    else if (d->after == NULL)
        result = body_unit(b);
    parcel_close(p);
    return result;
}

LLVMValueRef parcel_call(body *b, parcel *p) {
    const delivery *d = &p->delivery;
    LLVMValueRef message = buskin_cg_request(b->u->cg, b->b, d->to, d->tag, p->slots, p->values, p->n, NULL, NULL);
    parcel_close(p);
    return parcel_result(message, b->l->ptr);
}
