/* message.c - typed sends, and the parts of a received message.
 *
 * A message's data is slots, laid out as spawn arguments are. One scalar needs no descriptor and no buffer; all
 * else goes through a constant descriptor by which the runtime copies what the slots refer to (C5: no pointer
 * into the sender's frame or heap arrives anywhere).
 */
#include "cg.h"

#include <stdlib.h>

/* -- Sends --------------------------------------------------------------------------------------------- */

bool cg_address_ok(buskin_cg_t *cg, LLVMValueRef to, LLVMValueRef tag, const char *who) {
    if (!cg_is(cg, to, cg->type_i64, who, "the pid") || !cg_is(cg, tag, cg->type_i64, who, "the tag")) return false;
    if (LLVMIsAConstantInt(tag) && LLVMConstIntGetZExtValue(tag) == 0)
        return cg_fail(cg, "%s: the tag is 0", who), false;
    return true;
}

static LLVMValueRef send_word(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                              const buskin_cg_slot_t *slot, LLVMValueRef value) {
    LLVMValueRef word = cg_word(cg, b, slot, value);
    return cg_call_row(cg, b, "send_word", (LLVMValueRef[]){to, tag, word}, 3);
}

static LLVMValueRef send_slots(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                               const cg_value_t *v) {
    LLVMValueRef call = cg_call_row(cg, b, "send", (LLVMValueRef[]){to, tag, v->desc, v->buffer}, 4);
    cg_annotate(cg, call, "buskin.layout", v->layout);
    return call;
}

LLVMValueRef buskin_cg_send(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                            const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n) {
    cg_value_t value;
    if (!cg_can_build(cg, b, "send") || !cg_address_ok(cg, to, tag, "send")) return NULL;
    if (!cg_values_ok(cg, "send", slots, values, n)) return NULL;
    if (!buskin_cg_declare(cg, "send") || !buskin_cg_declare(cg, "send_word")) return NULL;
    if (n == 1 && cg_fits_word(slots)) return send_word(cg, b, to, tag, slots, values[0]);
    return cg_pack(cg, b, "message", slots, values, n, &value) ? send_slots(cg, b, to, tag, &value) : NULL;
}

LLVMValueRef buskin_cg_send_bytes(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef bytes,
                                  LLVMValueRef size) {
    return buskin_cg_call(cg, b, "actor_send", (LLVMValueRef[]){to, bytes, size}, 3);
}

LLVMValueRef buskin_cg_send_move(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                                 LLVMValueRef message) {
    if (!cg_can_build(cg, b, "send_move") || !cg_address_ok(cg, to, tag, "send_move")) return NULL;
    return buskin_cg_call(cg, b, "send_move", (LLVMValueRef[]){to, tag, message}, 3);
}

LLVMValueRef buskin_cg_send_after(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef ms, LLVMValueRef tag,
                                  const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "send_after") || !cg_address_ok(cg, to, tag, "send_after")) return NULL;
    if (!cg_is(cg, ms, cg->type_i64, "send_after", "the time")) return NULL;
    if (!cg_values_ok(cg, "send_after", slots, values, n) || !buskin_cg_declare(cg, "timer_send_after")) return NULL;
    if (!cg_pack(cg, b, "message", slots, values, n, &v)) return NULL;
    LLVMValueRef call = cg_call_row(cg, b, "timer_send_after", (LLVMValueRef[]){to, ms, tag, v.desc, v.buffer}, 5);
    cg_annotate(cg, call, "buskin.layout", v.layout);
    return call;
}

/* -- Parts of a message -------------------------------------------------------------------------------- */

static LLVMValueRef message_field(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message, const char *field) {
    return buskin_cg_load_field(cg, b, "message", field, message);
}

LLVMValueRef buskin_cg_message_kind(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message) {
    if (!cg_can_build(cg, b, "message_kind")) return NULL;
    if (!cg_is(cg, message, cg->type_ptr, "message_kind", "the message")) return NULL;
    LLVMValueRef header = cg_offset(cg, b, message, -(int64_t)sizeof(buskin_message_header_t));
    return buskin_cg_load_field(cg, b, "message_header", "kind", header);
}

LLVMValueRef buskin_cg_message_tag(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message) {
    return message_field(cg, b, message, "tag");
}

LLVMValueRef buskin_cg_message_length(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message) {
    return message_field(cg, b, message, "length");
}

LLVMValueRef buskin_cg_message_data(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message) {
    if (!cg_can_build(cg, b, "message_data")) return NULL;
    if (!cg_is(cg, message, cg->type_ptr, "message_data", "the message")) return NULL;
    return cg_offset(cg, b, message, sizeof(buskin_message_t));
}

LLVMValueRef buskin_cg_message_load(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message,
                                    const buskin_cg_slot_t *slots, unsigned n, unsigned i) {
    LLVMValueRef value = NULL;
    uint64_t size;
    if (!cg_can_build(cg, b, "message_load")) return NULL;
    if (!cg_is(cg, message, cg->type_ptr, "message_load", "the message")) return NULL;
    if (i >= n) return cg_fail(cg, "message_load: value %u of %u", i, n), NULL;
    buskin_cg_place_t *places = calloc(n, sizeof *places);
    if (!places) return cg_fail(cg, "no memory"), NULL;
    if (cg_slots_ok(cg, "message_load", slots, n, places, &size))
        value = cg_load_slot(cg, b, cg_offset(cg, b, message, sizeof(buskin_message_t)), &slots[i], &places[i]);
    free(places);
    return value;
}

LLVMValueRef buskin_cg_notice_bytes(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef notice) {
    if (!cg_can_build(cg, b, "notice_bytes")) return NULL;
    if (!cg_is(cg, notice, cg->type_ptr, "notice_bytes", "the notice")) return NULL;
    return cg_offset(cg, b, notice, sizeof(buskin_notice_t));
}
