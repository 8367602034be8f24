/* service.c - requests and replies.
 *
 * A request's slots begin with the four words of buskin_request_t, which the runtime fills in on its way; so the
 * arguments of a request are the slots behind them, on both sides.
 */
#include "cg.h"

#include <stdlib.h>
#include <string.h>

enum { REQUEST_WORDS = sizeof(buskin_request_t) / 8 };

/* The record's words, then the caller's slots. */
static buskin_cg_slot_t *with_record(buskin_cg_t *cg, const buskin_cg_slot_t *slots, unsigned n) {
    buskin_cg_slot_t *all = calloc(REQUEST_WORDS + n, sizeof *all);
    if (!all) return cg_fail(cg, "no memory"), NULL;
    for (unsigned i = 0; i < REQUEST_WORDS; i++) all[i] = (buskin_cg_slot_t){.type = cg->type_i64};
    if (n) memcpy(all + REQUEST_WORDS, slots, n * sizeof *all);
    return all;
}

static LLVMValueRef *with_zeros(buskin_cg_t *cg, const LLVMValueRef *values, unsigned n) {
    LLVMValueRef *all = calloc(REQUEST_WORDS + n, sizeof(LLVMValueRef));
    if (!all) return cg_fail(cg, "no memory"), NULL;
    for (unsigned i = 0; i < REQUEST_WORDS; i++) all[i] = cg_int(cg->type_i64, 0);
    if (n) memcpy(all + REQUEST_WORDS, values, n * sizeof(LLVMValueRef));
    return all;
}

static bool request_ok(buskin_cg_t *cg, LLVMValueRef to, LLVMValueRef tag, LLVMValueRef timeout) {
    return cg_is(cg, to, cg->type_i64, "request", "the pid") && cg_is(cg, tag, cg->type_i64, "request", "the tag") &&
           (!timeout || cg_is(cg, timeout, cg->type_i64, "request", "the timeout"));
}

static LLVMValueRef request_build(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                                  LLVMValueRef timeout, const cg_value_t *v, LLVMValueRef *status) {
    LLVMValueRef where = status ? cg_frame(cg, b, CG_FRAME_REF, 8) : LLVMConstNull(cg->type_ptr);
    LLVMValueRef limit = timeout ? timeout : cg_int(cg->type_i64, UINT64_MAX);
    LLVMValueRef args[] = {to, tag, v->desc, v->buffer, limit, where};
    if (status) cg_store(b, cg_int(cg->type_i32, 0), where, 4);
    LLVMValueRef message = cg_call_row(cg, b, "call", args, 6);
    cg_annotate(cg, message, "buskin.layout", v->layout);
    if (status) *status = cg_load(b, cg->type_i32, where, 4);
    return message;
}

LLVMValueRef buskin_cg_request(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                               const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n,
                               LLVMValueRef timeout, LLVMValueRef *status) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "request") || !request_ok(cg, to, tag, timeout)) return NULL;
    if (!cg_values_ok(cg, "request", slots, values, n) || !buskin_cg_declare(cg, "call")) return NULL;
    buskin_cg_slot_t *all = with_record(cg, slots, n);
    LLVMValueRef *full = with_zeros(cg, values, n), message = NULL;
    if (all && full && cg_pack(cg, b, "request", all, full, REQUEST_WORDS + n, &v))
        message = request_build(cg, b, to, tag, timeout, &v, status);
    free(all);
    free(full);
    return message;
}

LLVMValueRef buskin_cg_request_load(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message,
                                    const buskin_cg_slot_t *slots, unsigned n, unsigned i) {
    if (!cg_can_build(cg, b, "request_load")) return NULL;
    if (i >= n) return cg_fail(cg, "request_load: value %u of %u", i, n), NULL;
    buskin_cg_slot_t *all = with_record(cg, slots, n);
    LLVMValueRef value = all ? buskin_cg_message_load(cg, b, message, all, REQUEST_WORDS + n, REQUEST_WORDS + i) : NULL;
    free(all);
    return value;
}

LLVMValueRef buskin_cg_reply(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef from, LLVMValueRef ref,
                             const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "reply") || !cg_is(cg, from, cg->type_i64, "reply", "the asker")) return NULL;
    if (!cg_is(cg, ref, cg->type_i64, "reply", "the reference")) return NULL;
    if (!cg_values_ok(cg, "reply", slots, values, n) || !buskin_cg_declare(cg, "reply")) return NULL;
    if (!cg_pack(cg, b, "reply", slots, values, n, &v)) return NULL;
    LLVMValueRef status = cg_call_row(cg, b, "reply", (LLVMValueRef[]){from, ref, v.desc, v.buffer}, 4);
    cg_annotate(cg, status, "buskin.layout", v.layout);
    return status;
}
