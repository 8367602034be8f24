/* rule_message.c - what a receive does with its message: C11, C27's kind before tag, C34's way back.
 *
 * Arms. The shims write on each peek how many arms the source has; a front end may add how many it built. What the code handles is counted between the peek
 * and the calls that end the receive: ends (take, drop), or decisions on the message's content plus the arm for
 * all the rest when nothing is skipped. Optimisation folds decisions, never adds arms, so a comparison other than a
 * plain one counts as many, and only too few is a finding.
 *
 * Loads. After a tag was compared with a constant, and before another decision, what is loaded must lie within
 * the data that this module sends with that tag.
 */
#include "check.h"

#include <inttypes.h>

enum {
    KIND = -(int)sizeof(buskin_message_header_t),
    TAG = 0,
    DATA = sizeof(buskin_message_t),
    MANY = 64,
    CHAIN = 8,
    MARKS_OF_REGION = 1
};

static bool is_receive(const function_t *f) { return row_has(f, ABI_NULLABLE) && !row_has(f, ABI_FRESH); }

/* -- What the module sends with each tag ------------------------------------------------------------------------------------ */

static void note_size(check_t *c, int64_t tag, uintptr_t size) {
    const void *key = (const void *)(uintptr_t)tag;
    uintptr_t old = map_get(&c->sizes, key);
    if (tag && (old == MAP_NONE || old < size)) check_put(c, &c->sizes, key, size);
}

static void note_send(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee->row;
    payload_t p = {0};
    bool word = false;
    int64_t tag = 0;
    payload_of(c, site, &p);
    for (unsigned i = 0; i < abi_param_count(row) && i < LLVMGetNumArgOperands(site->call); i++) {
        if (strcmp(row->params[i].name, "tag") == 0) const_signed(LLVMGetOperand(site->call, i), &tag);
        if (strcmp(row->params[i].name, "word") == 0) word = true;
    }
    if (!tag) return;
    note_size(c, tag, word ? 8 : p.sized ? (uintptr_t)p.size : UINTPTR_MAX / 2); /* moved ones are as they came */
}

void note_sends(check_t *c) {
    for (size_t i = 0; i < c->in->nsites; i++)
        if (c->in->sites[i].callee && c->in->sites[i].callee->row) note_send(c, &c->in->sites[i]);
}

/* -- The part of the flow that decides ---------------------------------------------------------------------------------------- */

typedef struct region {
    marks_t *in;       /* blocks from the peek to the ends */
    LLVMValueRef *end; /* per block of them: the call that ends it, or NULL */
    unsigned ends;     /* of the receive: take or drop */
    bool skips;
} region_t;

static LLVMValueRef end_in(check_t *c, LLVMValueRef from, region_t *r) {
    for (LLVMValueRef i = from; i; i = LLVMGetNextInstruction(i)) {
        const function_t *f = is_call(i) ? callee_of(c, i) : NULL;
        if (row_is(f, "receive_skip")) return r->skips = true, i;
        if (row_is(f, "receive_take") || row_is(f, "receive_drop")) return r->ends++, i;
        if (f && is_receive(f)) return i;
    }
    return NULL;
}

static void region_find(check_t *c, LLVMValueRef peek, region_t *r) {
    const flow_t *flow = &c->flow;
    enum { MOST = 4096 };
    unsigned work[MOST], n = 0;
    if (!flow->ends) c->flow.ends = check_take(c, &c->scratch, (flow->n + 1) * sizeof *flow->ends);
    *r = (region_t){.in = marks_begin(c, MARKS_OF_REGION), .end = flow->ends};
    unsigned block = block_of(c, peek);
    LLVMValueRef from = LLVMGetNextInstruction(peek);
    marks_add(r->in, block, 1);
    for (;;) {
        r->end[block] = end_in(c, from, r);
        for (unsigned e = flow->first[block]; !r->end[block] && e < flow->first[block + 1]; e++) {
            if (marks_get(r->in, flow->to[e]) || n == MOST) continue;
            marks_add(r->in, flow->to[e], 1);
            work[n++] = flow->to[e];
        }
        if (!n) return;
        block = work[--n];
        from = LLVMGetFirstInstruction(flow->blocks[block]);
    }
}

static bool is_in_region(check_t *c, const region_t *r, LLVMValueRef i) {
    unsigned block = block_of(c, i);
    if (!marks_get(r->in, block)) return false;
    for (LLVMValueRef at = r->end[block]; at; at = LLVMGetNextInstruction(at))
        if (at == i) return false;
    return true;
}

/* -- Decisions ------------------------------------------------------------------------------------------------------------------ */

static bool is_plain_compare(LLVMValueRef i) {
    if (!LLVMIsAICmpInst(i)) return false;
    LLVMIntPredicate predicate = LLVMGetICmpPredicate(i);
    return predicate == LLVMIntEQ || predicate == LLVMIntNE;
}

/* A Bool is cut out of its word. */
static bool is_truth(LLVMValueRef i) {
    return LLVMIsATruncInst(i) && LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMIntegerTypeKind &&
           LLVMGetIntTypeWidth(LLVMTypeOf(i)) == 1;
}

/* One comparison that may stand for several: a range, a set of bits. Arms that begin alike have their end in common,
 * before the decision between them, so it counts behind the end too. */
static bool may_decide(LLVMValueRef i) {
    return LLVMIsAICmpInst(i) || (LLVMIsABinaryOperator(i) && LLVMIsAConstant(LLVMGetOperand(i, 1)));
}

static unsigned decisions_on(check_t *c, const region_t *r, LLVMValueRef value) {
    unsigned n = 0;
    for (LLVMUseRef use = LLVMGetFirstUse(value); use && n < MANY; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAInstruction(user)) continue;
        if (is_plain_compare(user) || is_truth(user))
            n++;
        else if (LLVMIsASwitchInst(user))
            n += LLVMGetNumSuccessors(user) - 1;
        else if (may_decide(user) || is_in_region(c, r, user))
            n += MANY;
    }
    return n;
}

static unsigned decisions_in(check_t *c, const region_t *r, const uses_t *uses) {
    unsigned n = 0;
    for (size_t i = 0; i < uses->n && n < MANY; i++) {
        const use_t *use = &uses->at[i];
        bool content = !(use->known && use->offset == KIND);
        if (use->kind == USE_LOAD && content)
            n += decisions_on(c, r, use->instruction);
        else if (use->kind != USE_LOAD && use->kind != USE_COMPARE && is_in_region(c, r, use->instruction))
            n += MANY;
    }
    return n;
}

static void arms_are_handled(check_t *c, LLVMValueRef peek, const uses_t *uses) {
    LLVMValueRef node = LLVMGetMetadata(peek, c->kind_arms), parts[2] = {NULL, NULL};
    region_t r;
    int64_t arms, built;
    unsigned n = node ? LLVMGetMDNodeNumOperands(node) : 0;
    if (n < 1 || n > 2) return;
    LLVMGetMDNodeOperands(node, parts);
    if (!parts[0] || !const_signed(parts[0], &arms) || arms < 2) return;
    if (parts[1] && const_signed(parts[1], &built) && built < arms) {
        report(c, 11, peek, "the source has %" PRId64 " arms, the front end built %" PRId64, arms, built);
        return;
    }
    region_find(c, peek, &r);
    unsigned decisions = decisions_in(c, &r, uses), handled = decisions + !r.skips;
    if (r.ends > handled) handled = r.ends;
    if (handled >= arms) return;
    if (decisions == 0 && !r.skips)
        report_unknown(c, 11, peek, "the source has %" PRId64 " arms, and the first one takes all messages", arms);
    else
        report(c, 11, peek, "the source has %" PRId64 " arms, the code handles %u", arms, handled);
}

/* -- Loads after a tag -------------------------------------------------------------------------------------------------------------- */

typedef struct chain {
    LLVMBasicBlockRef blocks[CHAIN];
    unsigned n;
} chain_t;

static LLVMBasicBlockRef only_predecessor_of(check_t *c, LLVMBasicBlockRef block, LLVMBasicBlockRef from) {
    unsigned i = block_number(&c->flow, block);
    bool one = c->flow.pred_first[i + 1] == c->flow.pred_first[i] + 1;
    return one && c->flow.blocks[c->flow.pred_from[c->flow.pred_first[i]]] == from ? block : NULL;
}

static void chain_from(check_t *c, LLVMBasicBlockRef from, LLVMBasicBlockRef to, chain_t *chain) {
    while (chain->n < CHAIN && only_predecessor_of(c, to, from)) {
        chain->blocks[chain->n++] = to;
        LLVMValueRef end = LLVMGetBasicBlockTerminator(to);
        if (LLVMGetNumSuccessors(end) != 1) return;
        from = to;
        to = LLVMGetSuccessor(end, 0);
    }
}

/* Where a comparison that is equal leads, also as one part of an `and`. */
static void chains_of(check_t *c, LLVMValueRef condition, chain_t *chain, int depth) {
    for (LLVMUseRef use = LLVMGetFirstUse(condition); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAInstruction(user)) continue;
        LLVMOpcode opcode = LLVMGetInstructionOpcode(user);
        bool both = opcode == LLVMAnd || (opcode == LLVMSelect && LLVMIsNull(LLVMGetOperand(user, 2)));
        if (both && depth < 3)
            chains_of(c, user, chain, depth + 1);
        else if (opcode == LLVMBr && LLVMIsConditional(user))
            chain_from(c, LLVMGetInstructionParent(user), LLVMGetSuccessor(user, 0), chain);
    }
}

static bool chain_has(const chain_t *chain, LLVMValueRef i) {
    for (unsigned k = 0; k < chain->n; k++)
        if (chain->blocks[k] == LLVMGetInstructionParent(i)) return true;
    return false;
}

static void loads_fit(check_t *c, const uses_t *uses, LLVMValueRef compare, int64_t tag) {
    uintptr_t size = map_get(&c->sizes, (const void *)(uintptr_t)tag);
    chain_t chain = {.n = 0};
    if (size == MAP_NONE || !tag) return;
    chains_of(c, compare, &chain, 0);
    for (size_t i = 0; chain.n && i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind != USE_LOAD || !use->known || use->offset < DATA || !chain_has(&chain, use->instruction))
            continue;
        if ((uint64_t)use->offset + use->bytes <= size + DATA) continue;
        report(c, 11, use->instruction,
               "loads bytes %" PRId64 " to %" PRId64 " of data that is sent with %" PRIuPTR " bytes",
               use->offset - DATA, use->offset - DATA + (int64_t)use->bytes, size);
        return;
    }
}

static void tags_fit(check_t *c, const uses_t *uses) {
    unsigned compares = 0;
    for (size_t i = 0; i < uses->n; i++) {
        if (uses->at[i].kind != USE_LOAD || !uses->at[i].known || uses->at[i].offset != TAG) continue;
        LLVMUseRef use = LLVMGetFirstUse(uses->at[i].instruction);
        for (; use && compares < MANY; use = LLVMGetNextUse(use)) {
            int64_t tag;
            LLVMValueRef compare = LLVMGetUser(use);
            if (!is_plain_compare(compare) || LLVMGetICmpPredicate(compare) != LLVMIntEQ) continue;
            if (!const_signed(LLVMGetOperand(compare, 1), &tag)) continue;
            compares++;
            loads_fit(c, uses, compare, tag);
        }
    }
}

/* -- Kind before tag (C27) ------------------------------------------------------------------------------------------------------------ */

static bool compares_tag(const uses_t *uses) {
    for (size_t i = 0; i < uses->n; i++) {
        if (uses->at[i].kind != USE_LOAD || !uses->at[i].known || uses->at[i].offset != TAG) continue;
        for (LLVMUseRef use = LLVMGetFirstUse(uses->at[i].instruction); use; use = LLVMGetNextUse(use)) {
            LLVMValueRef user = LLVMGetUser(use);
            if (LLVMIsASwitchInst(user) || is_plain_compare(user)) return true;
        }
    }
    return false;
}

static bool loads_kind(const uses_t *uses) {
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind == USE_CALL || use->kind == USE_ESCAPE) return true; /* someone else may */
        if (use->kind == USE_LOAD && (!use->known || use->offset < 0)) return true;
    }
    return false;
}

static bool takes_record(LLVMValueRef call) {
    return LLVMGetNumArgOperands(call) == 1 && is_pointer(LLVMGetOperand(call, 0));
}

static void kind_comes_first(check_t *c, const site_t *site, const uses_t *uses) {
    bool any_kind = takes_record(site->call) || row_is(site->callee, "actor_receive");
    if (c->in->actor && any_kind && compares_tag(uses) && !loads_kind(uses))
        report(c, 27, site->call,
               "the tag is compared, the kind is not: a system record may pass for a user's message");
}

/* -- Back from integers (C34) ------------------------------------------------------------------------------------------------------------ */

static void no_pointer_from_integer(check_t *c, LLVMValueRef load, const char *where) {
    for (LLVMUseRef use = LLVMGetFirstUse(load); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAIntToPtrInst(user)) continue;
        if (c->in->actor)
            report(c, 34, user, "an integer of %s becomes a pointer", where);
        else
            report_unknown(c, 34, user, "an integer of %s becomes a pointer; where it points to cannot be seen", where);
    }
}

static void no_pointers_from(check_t *c, const uses_t *uses, int64_t from, const char *where) {
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind == USE_LOAD && (!use->known || use->offset >= from))
            no_pointer_from_integer(c, use->instruction, where);
    }
}

/* -- The function in hand ------------------------------------------------------------------------------------------------------------------- */

void rule_messages(check_t *c) {
    if ((c->in->thunk || c->in->is_entry) && LLVMCountParams(c->in->value) == 1 &&
        is_pointer(LLVMGetParam(c->in->value, 0)))
        no_pointers_from(c, uses_of(c, LLVMGetParam(c->in->value, 0)), 0, "the arguments");
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        if (!is_receive(site->callee) || !is_pointer(site->call)) continue;
        const uses_t *uses = uses_of(c, site->call);
        arms_are_handled(c, site->call, uses);
        tags_fit(c, uses);
        kind_comes_first(c, site, uses);
        no_pointers_from(c, uses, DATA, "a message");
    }
}
