/* receive.c - the selective receive, as a loop over candidates, and the plain one.
 *
 *       begin --> [scan] -- peek: no message --> [timeout]
 *                  ^  |
 *                  |  +-- message --> tests, pattern, guard -- fits --> take or drop --> arm
 *                  +------ skip <---------- does not fit
 *
 * The record holds the time limit of the whole receive and the place in the mailbox. It lies in the entry block. What
 * resets it says, too, what the arms can match, if the front end has told: the address of a constant instead of 0.
 */
#include "cg.h"

/* -- Selective ----------------------------------------------------------------------------------------- */

/* A constant below 0 waits for ever, as no timeout at all does. */
static bool may_time_out(LLVMValueRef timeout) {
    return timeout && !(LLVMIsAConstantInt(timeout) && LLVMConstIntGetSExtValue(timeout) < 0);
}

static LLVMValueRef timeout_value(buskin_cg_t *cg, LLVMValueRef timeout) {
    return timeout ? timeout : cg_int(cg->type_i64, UINT64_MAX);
}

int buskin_cg_receive_begin(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef timeout, unsigned arms,
                            buskin_cg_receive_t *r) {
    if (!cg_can_build(cg, b, "receive")) return -1;
    if (timeout && !cg_is(cg, timeout, cg->type_i64, "receive", "the timeout")) return -1;
    *r = (buskin_cg_receive_t){.may_time_out = may_time_out(timeout), .arms = arms};
    r->record = cg_frame(cg, b, CG_FRAME_RECEIVE, sizeof(buskin_receive_t));
    buskin_cg_store_field(cg, b, "receive", "timeout_ms", r->record, timeout_value(cg, timeout));
    buskin_cg_store_field(cg, b, "receive", "state", r->record, cg_int(cg->type_i64, 0));
    r->reset = LLVMGetLastInstruction(LLVMGetInsertBlock(b));
    r->loop = cg_block_after(cg, b, "receive.scan");
    LLVMBuildBr(b, r->loop);
    LLVMPositionBuilderAtEnd(b, r->loop);
    return 0;
}

static LLVMValueRef filter_entry(buskin_cg_t *cg, const buskin_cg_match_t *m) {
    unsigned flags = (m->has_tag ? BUSKIN_FILTER_TAG : 0) | (m->has_word ? BUSKIN_FILTER_WORD : 0);
    const cg_field_t fields[] = {
        {"kind", cg_int(cg->type_i32, m->kind)},
        {"flags", cg_int(cg->type_i32, flags)},
        {"tag", cg_int(cg->type_i64, m->has_tag ? m->tag : 0)},
        {"word", cg_int(cg->type_i64, m->has_word ? m->word : 0)},
    };
    return cg_record(cg, "filter_entry", sizeof(buskin_filter_entry_t), fields, sizeof fields / sizeof *fields);
}

static LLVMValueRef filter_constant(buskin_cg_t *cg, const buskin_cg_match_t *matches, unsigned n) {
    const cg_field_t count = {"count", cg_int(cg->type_i64, n)};
    LLVMValueRef parts[1 + BUSKIN_FILTER_MAX] = {cg_record(cg, "filter", sizeof(buskin_filter_t), &count, 1)};
    for (unsigned i = 0; i < n; i++) parts[1 + i] = filter_entry(cg, &matches[i]);
    for (unsigned i = 0; i <= n; i++)
        if (!parts[i]) return NULL;
    return cg_constant(cg, LLVMConstStructInContext(cg->context, parts, n + 1, 1), "buskin.filter");
}

int buskin_cg_receive_filter(buskin_cg_t *cg, const buskin_cg_receive_t *r, const buskin_cg_match_t *matches,
                             unsigned n) {
    if (!cg_ready(cg, "receive_filter")) return -1;
    if (!r->reset) return cg_fail(cg, "receive_filter: there was no begin");
    if (r->message) return cg_fail(cg, "receive_filter: it comes before the peek");
    if (n && !matches) return cg_fail(cg, "receive_filter: the matches are missing");
    for (unsigned i = 0; i < n; i++)
        if (matches[i].kind > BUSKIN_MSG_CALL)
            return cg_fail(cg, "receive_filter: no message is of kind %u", matches[i].kind);
    if (!n || n > BUSKIN_FILTER_MAX) return 0;
    LLVMValueRef filter = filter_constant(cg, matches, n);
    if (!filter) return -1;
    LLVMSetOperand(r->reset, 0, LLVMConstPtrToInt(filter, cg->type_i64));
    return 0;
}

/* Goes on where there is a message; the other block is returned. */
static LLVMBasicBlockRef split_timeout(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message) {
    LLVMBasicBlockRef some = cg_block_after(cg, b, "receive.message");
    LLVMBasicBlockRef none = cg_block_last(cg, b, "receive.timeout");
    LLVMBuildCondBr(b, LLVMBuildIsNull(b, message, ""), none, some);
    LLVMPositionBuilderAtEnd(b, some);
    return none;
}

/* !{i32 declared, i32 built} at the peek: an arm of the source that never got here is a bug of its own (C11). */
static void annotate_arms(buskin_cg_t *cg, LLVMValueRef peek, unsigned declared, unsigned built) {
    LLVMMetadataRef arms[] = {LLVMValueAsMetadata(cg_int(cg->type_i32, declared)),
                              LLVMValueAsMetadata(cg_int(cg->type_i32, built))};
    cg_annotate(cg, peek, "buskin.arms", LLVMMDNodeInContext2(cg->context, arms, 2));
}

static unsigned arms_built(buskin_cg_t *cg, LLVMValueRef peek) {
    LLVMValueRef node = LLVMGetMetadata(peek, cg_metadata_kind(cg, "buskin.arms")), operands[2];
    if (!node) return 0; /* the front end removed it */
    LLVMGetMDNodeOperands(node, operands);
    return (unsigned)LLVMConstIntGetZExtValue(operands[1]);
}

LLVMValueRef buskin_cg_receive_peek(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_receive_t *r) {
    if (!cg_can_build(cg, b, "receive_peek")) return NULL;
    LLVMValueRef message = cg_call_row(cg, b, "receive_peek", &r->record, 1);
    if (!message) return NULL;
    annotate_arms(cg, message, r->arms, 0);
    r->message = message;
    if (r->may_time_out) r->timeout = split_timeout(cg, b, message);
    return message;
}

int buskin_cg_receive_test(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message, unsigned kind, LLVMValueRef tag,
                           LLVMBasicBlockRef otherwise) {
    if (!cg_can_build(cg, b, "receive_test")) return -1;
    if (!cg_is(cg, message, cg->type_ptr, "receive_test", "the message")) return -1;
    if (tag && !cg_is(cg, tag, cg->type_i64, "receive_test", "the tag")) return -1;
    if (!otherwise) return cg_fail(cg, "receive_test: the other block is missing");
    LLVMValueRef is = buskin_cg_message_kind(cg, b, message);
    LLVMValueRef fits = LLVMBuildICmp(b, LLVMIntEQ, is, cg_int(cg->type_i32, kind), "");
    if (tag) {
        LLVMValueRef same = LLVMBuildICmp(b, LLVMIntEQ, buskin_cg_message_tag(cg, b, message), tag, "");
        fits = LLVMBuildAnd(b, fits, same, "");
    }
    LLVMBasicBlockRef go_on = cg_block_after(cg, b, "receive.fits");
    LLVMBuildCondBr(b, fits, go_on, otherwise);
    LLVMPositionBuilderAtEnd(b, go_on);
    return 0;
}

static int end_receive(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const buskin_cg_receive_t *r) {
    return buskin_cg_call(cg, b, row, &r->record, 1) ? 0 : -1;
}

static int end_by_arm(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const buskin_cg_receive_t *r) {
    if (!r->message) return cg_fail(cg, "%s: there was no peek", row);
    if (end_receive(cg, b, row, r)) return -1;
    annotate_arms(cg, r->message, r->arms, arms_built(cg, r->message) + 1);
    return 0;
}

int buskin_cg_receive_take(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r) {
    return end_by_arm(cg, b, "receive_take", r);
}

int buskin_cg_receive_drop(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r) {
    return end_by_arm(cg, b, "receive_drop", r);
}

int buskin_cg_receive_skip(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r) {
    if (end_receive(cg, b, "receive_skip", r)) return -1;
    LLVMBuildBr(b, r->loop);
    return 0;
}

/* -- Plain --------------------------------------------------------------------------------------------- */

LLVMValueRef buskin_cg_receive_any(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef timeout,
                                   LLVMBasicBlockRef *on_timeout) {
    if (!cg_can_build(cg, b, "receive_any")) return NULL;
    if (may_time_out(timeout) && !on_timeout)
        return cg_fail(cg, "receive_any: it may time out, and on_timeout is missing"), NULL;
    LLVMValueRef limit = timeout_value(cg, timeout);
    LLVMValueRef message = cg_call_row(cg, b, "actor_receive", &limit, 1);
    if (!message) return NULL;
    if (on_timeout) *on_timeout = may_time_out(timeout) ? split_timeout(cg, b, message) : NULL;
    return message;
}
