/* rule_record.c - memory that is laid out by others: C18's alignment, C19.
 *
 * A record of the runtime is known by where its address comes from: the context by the call or statement that reads
 * it, a message by the receive that answered it, a receive's record by the call that takes it. Every byte that is
 * touched must belong to a row of layout.def that allows it; several rows at once are fine, optimisation joins accesses.
 */
#include "check.h"

#include <inttypes.h>

/* -- Bytes against rows --------------------------------------------------------------------------------------------------- */

static bool may(const abi_field_t *row, bool write) {
    return row && (row->access == ABI_ACCESS_RW || row->access == (write ? ABI_ACCESS_W : ABI_ACCESS_R));
}

/* Whether rows that allow it cover all bytes; a write must cover its rows whole. */
static bool is_allowed(const char *record, int64_t from, uint64_t bytes, bool write) {
    int64_t at = from, end = from + (int64_t)bytes;
    while (at < end) {
        const abi_field_t *row = field_at(record, at);
        if (!may(row, write)) return false;
        if (write && (at != row->offset || end < (int64_t)row->offset + row->bytes)) return false;
        at = (int64_t)row->offset + row->bytes;
    }
    return true;
}

static void is_a_field(check_t *c, const use_t *use, const char *record, int64_t shift) {
    bool write = use->kind == USE_STORE || use->kind == USE_WRITE;
    if (use->kind != USE_LOAD && use->kind != USE_STORE && use->kind != USE_READ && use->kind != USE_WRITE) return;
    if (!use->known || !use->sized) {
        report_unknown(c, 19, use->instruction, "an access to %s_t at an offset that cannot be seen", record);
        return;
    }
    if (!is_allowed(record, use->offset + shift, use->bytes, write))
        report(c, 19, use->instruction,
               "%s bytes %" PRId64 " to %" PRId64 " of buskin_%s_t, which layout.def does not allow",
               write ? "writes" : "reads", use->offset + shift, use->offset + shift + (int64_t)use->bytes, record);
}

/* -- Records ----------------------------------------------------------------------------------------------------------------- */

static void context_fields(check_t *c, LLVMValueRef context) {
    const uses_t *uses = uses_of(c, context);
    for (size_t i = 0; i < uses->n; i++)
        if (uses->at[i].offset < (int64_t)sizeof(buskin_context_t)) is_a_field(c, &uses->at[i], "context", 0);
}

/* The header lies before the message; its data is the receiver's own. */
static void message_fields(check_t *c, LLVMValueRef message) {
    const uses_t *uses = uses_of(c, message);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (!use->known || use->offset >= (int64_t)sizeof(buskin_message_t)) continue;
        if (use->offset < 0)
            is_a_field(c, use, "message_header", sizeof(buskin_message_header_t));
        else if (use->kind == USE_STORE || use->kind == USE_WRITE)
            is_a_field(c, use, "message", 0);
    }
}

static bool is_zero(const use_t *use) { return use->value && LLVMIsNull(use->value); }

/* Its two fields may be written, the rest only zeroed. */
static void receive_record_fields(check_t *c, LLVMValueRef call) {
    place_t place = place_of(c, LLVMGetOperand(call, 0));
    int64_t private = place.offset + (int64_t)offsetof(buskin_receive_t, private0);
    if (!LLVMIsAAllocaInst(place.base) || !place.known || map_get(&c->seen, place.base) != MAP_NONE) return;
    check_put(c, &c->seen, place.base, 1);
    const uses_t *uses = uses_of(c, place.base);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (!use->known || !use->sized || use->offset < private) continue;
        if (use->offset >= place.offset + (int64_t)sizeof(buskin_receive_t)) continue;
        if (use->kind == USE_LOAD || (use->kind == USE_STORE && !is_zero(use)))
            report(c, 19, use->instruction, "touches the private part of a buskin_receive_t");
    }
}

/* -- Alignment (C18) -------------------------------------------------------------------------------------------------------------- */

static void is_aligned(check_t *c, LLVMValueRef i) {
    LLVMTypeRef type = LLVMIsALoadInst(i) ? LLVMTypeOf(i) : LLVMTypeOf(LLVMGetOperand(i, 0));
    if (is_aggregate(type) || !LLVMTypeIsSized(type)) return;
    unsigned wants = LLVMABIAlignmentOfType(c->data, type), is = LLVMGetAlignment(i);
    if (is < wants && wants <= 8) report(c, 18, i, "an access of alignment %u; the target's is %u", is, wants);
}

/* -- The function in hand ------------------------------------------------------------------------------------------------------------- */

static void instruction_records(check_t *c, LLVMValueRef i) {
    if (is_context(c, i)) context_fields(c, i);
    if (c->in->actor && stored_or_loaded_pointer(i)) is_aligned(c, i);
    if (!is_call(i)) return;
    const function_t *f = callee_of(c, i);
    if (!f || !f->row) return;
    if (row_has(f, ABI_NULLABLE) && !row_has(f, ABI_FRESH) && is_pointer(i)) message_fields(c, i);
    if (f->row->params[0].kind == ABI_INOUT && LLVMGetNumArgOperands(i) && is_pointer(LLVMGetOperand(i, 0)))
        receive_record_fields(c, i);
}

void rule_records(check_t *c) {
    for (unsigned i = 0; i < c->flow.n; i++)
        for (LLVMValueRef at = LLVMGetFirstInstruction(c->flow.blocks[i]); at; at = LLVMGetNextInstruction(at))
            instruction_records(c, at);
}
