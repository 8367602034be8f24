/* rule_result.c - results that may be null: C9; and the test that a terminate callback owes its state (C32).
 *
 * The question is asked of a value: from its definition forward, along all edges that no test of it guards, which
 * blocks can it reach as null? A test may be folded into others by optimisation (and, or, select, phi), so an edge is
 * asked what it implies. Whether a receive may answer null at all depends on its time limit, which for the selective
 * receive stands in a record: the stores flow forward to the calls.
 */
#include "check.h"

enum { BLOCKS = 512, RECORDS = 64, DEPTH = 6, MERGED = 8, MAX_ALIGN = 4096, MARKS_OF_NULL = 0 };

/* -- What a condition implies ------------------------------------------------------------------------------------- */

static bool implies(check_t *c, LLVMValueRef condition, LLVMValueRef value, bool truth, int depth);

static bool is_the_value(check_t *c, LLVMValueRef operand, LLVMValueRef value) {
    place_t place = is_pointer(operand) ? place_of(c, operand) : (place_t){operand, 0, true};
    return place.base == value && place.known && place.offset == 0;
}

/* A Bool in memory is a byte: compared with 0, it is what it was made of. */
static bool compare_implies(check_t *c, LLVMValueRef compare, LLVMValueRef value, bool truth, int depth) {
    LLVMValueRef left = LLVMGetOperand(compare, 0), right = LLVMGetOperand(compare, 1);
    LLVMIntPredicate predicate = LLVMGetICmpPredicate(compare);
    bool equality = predicate == LLVMIntNE || predicate == LLVMIntEQ;
    if (equality && !is_pointer(left) && LLVMIsNull(right))
        return implies(c, left, value, truth == (predicate == LLVMIntNE), depth + 1);
    if (LLVMIsNull(left)) {
        LLVMValueRef swap = left;
        left = right;
        right = swap;
    }
    if (!LLVMIsNull(right) || !is_the_value(c, left, value)) return false;
    return truth ? predicate == LLVMIntNE || predicate == LLVMIntUGT
                 : predicate == LLVMIntEQ || predicate == LLVMIntULE;
}

static bool either_implies(check_t *c, LLVMValueRef a, LLVMValueRef b, LLVMValueRef value, bool truth, int depth) {
    return implies(c, a, value, truth, depth + 1) || implies(c, b, value, truth, depth + 1);
}

static bool is_constant_bit(LLVMValueRef value, bool bit) {
    return LLVMIsAConstantInt(value) && (LLVMConstIntGetZExtValue(value) != 0) == bit;
}

/* a and b: select a, b, false; a or b: select a, true, b. */
static bool select_implies(check_t *c, LLVMValueRef select, LLVMValueRef value, bool truth, int depth) {
    LLVMValueRef a = LLVMGetOperand(select, 0), yes = LLVMGetOperand(select, 1), no = LLVMGetOperand(select, 2);
    if (truth && is_constant_bit(no, false)) return either_implies(c, a, yes, value, true, depth);
    if (!truth && is_constant_bit(yes, true)) return either_implies(c, a, no, value, false, depth);
    return false;
}

static unsigned successor_to(LLVMBasicBlockRef from, LLVMBasicBlockRef to) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(from);
    unsigned i = 0;
    while (i < LLVMGetNumSuccessors(end) && LLVMGetSuccessor(end, i) != to) i++;
    return i;
}

/* The only way into the block implies it. */
static bool way_implies(check_t *c, LLVMBasicBlockRef block, LLVMValueRef value, int depth) {
    const flow_t *flow = &c->flow;
    unsigned i = block_number(flow, block);
    if (flow->pred_first[i + 1] != flow->pred_first[i] + 1) return false;
    LLVMBasicBlockRef from = flow->blocks[flow->pred_from[flow->pred_first[i]]];
    LLVMValueRef end = LLVMGetBasicBlockTerminator(from);
    if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end)) return false;
    return implies(c, LLVMGetCondition(end), value, successor_to(from, block) == 0, depth + 1);
}

static bool phi_implies(check_t *c, LLVMValueRef phi, LLVMValueRef value, bool truth, int depth) {
    for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
        LLVMValueRef incoming = LLVMGetIncomingValue(phi, i);
        if (is_constant_bit(incoming, !truth) || implies(c, incoming, value, truth, depth + 1)) continue;
        if (!way_implies(c, LLVMGetIncomingBlock(phi, i), value, depth)) return false;
    }
    return true;
}

static bool implies(check_t *c, LLVMValueRef condition, LLVMValueRef value, bool truth, int depth) {
    if (depth > DEPTH || !LLVMIsAInstruction(condition)) return false;
    switch (LLVMGetInstructionOpcode(condition)) {
    case LLVMICmp: return compare_implies(c, condition, value, truth, depth);
    case LLVMAnd:
    case LLVMOr:
        if (truth != (LLVMGetInstructionOpcode(condition) == LLVMAnd)) return false;
        return either_implies(c, LLVMGetOperand(condition, 0), LLVMGetOperand(condition, 1), value, truth, depth);
    case LLVMXor:
        if (!is_constant_bit(LLVMGetOperand(condition, 1), true)) return false;
        return implies(c, LLVMGetOperand(condition, 0), value, !truth, depth + 1);
    case LLVMSelect: return select_implies(c, condition, value, truth, depth);
    case LLVMPHI: return phi_implies(c, condition, value, truth, depth);
    case LLVMZExt:
    case LLVMTrunc:
    case LLVMFreeze: return implies(c, LLVMGetOperand(condition, 0), value, truth, depth + 1);
    default: return false;
    }
}

static bool edge_implies(check_t *c, LLVMBasicBlockRef from, unsigned successor, LLVMValueRef value) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(from);
    if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end)) return false;
    if (LLVMGetSuccessor(end, 0) == LLVMGetSuccessor(end, 1)) return false;
    return implies(c, LLVMGetCondition(end), value, successor == 0, 0);
}

/* -- Where a value may be null -------------------------------------------------------------------------------------- */

static LLVMBasicBlockRef home_of(LLVMValueRef value) {
    return LLVMIsAInstruction(value) ? LLVMGetInstructionParent(value)
                                     : LLVMGetEntryBasicBlock(LLVMGetParamParent(value));
}

void null_test(check_t *c, LLVMValueRef value, null_test_t *test) {
    const flow_t *flow = &c->flow;
    unsigned home = block_number(flow, home_of(value)), work[BLOCKS], n = 0, seen = 0;
    *test = (null_test_t){value, marks_begin(c, MARKS_OF_NULL)};
    work[n++] = home;
    while (n && seen < BLOCKS) {
        unsigned block = work[--n];
        for (unsigned e = flow->first[block]; e < flow->first[block + 1] && seen < BLOCKS; e++) {
            unsigned to = flow->to[e];
            if (to == home || marks_get(test->maybe, to)) continue;
            if (edge_implies(c, flow->blocks[block], e - flow->first[block], value)) continue;
            marks_add(test->maybe, to, 1);
            if (n < BLOCKS) work[n++] = to;
            seen++;
        }
    }
}

bool maybe_null_at(check_t *c, const null_test_t *test, LLVMValueRef instruction) {
    LLVMBasicBlockRef block = LLVMGetInstructionParent(instruction);
    return block == home_of(test->value) || marks_get(test->maybe, block_number(&c->flow, block));
}

/* -- Whether a call may answer null ------------------------------------------------------------------------------------ */

enum answer { NEVER, MAYBE, UNSEEN };

static enum answer answer_of_limit(LLVMValueRef limit) {
    int64_t milliseconds;
    return const_signed(limit, &milliseconds) && milliseconds < 0 ? NEVER : MAYBE;
}

/* Null only for an impossible size or alignment; without memory the actor ends. */
static enum answer answer_of_allocation(LLVMValueRef call) {
    int64_t size, align;
    bool seen_size = const_signed(LLVMGetOperand(call, 0), &size),
         seen_align = const_signed(LLVMGetOperand(call, 1), &align);
    if (seen_size && (size < 0 || size >= INT64_C(1) << 40)) return MAYBE;
    if (seen_align && (align <= 0 || align > MAX_ALIGN || align & (align - 1))) return MAYBE;
    return seen_size && seen_align ? NEVER : UNSEEN;
}

/* -- The limit in a record ------------------------------------------------------------------------------------------ */

/* Forward through the function, once for each record: which limits can stand in it at a call? */
typedef struct limits {
    place_t record;
    uint8_t *in, *out; /* per block, bits of answers; out: what the block itself leaves, 0 if nothing */
    uint8_t *looked;   /* blocks with stores of the limit, or calls */
} limits_t;

static uint8_t bit(enum answer answer) { return (uint8_t)(1u << answer); }

/* The limit that an instruction leaves in the record, if it does. */
static bool sets_limit(check_t *c, LLVMValueRef i, const place_t *record, enum answer *answer) {
    bool store = LLVMIsAStoreInst(i) != NULL;
    if (!store && !LLVMIsAMemIntrinsic(i)) return false;
    place_t place = place_of(c, LLVMGetOperand(i, store ? 1 : 0));
    int64_t limit = record->offset + (int64_t)field_offset("receive", "timeout_ms");
    if (place.base != record->base) return false;
    *answer = MAYBE;
    if (!place.known) return true;
    if (!store) return place.offset <= limit;
    LLVMValueRef value = LLVMGetOperand(i, 0);
    if (place.offset > limit || place.offset + (int64_t)store_size(c, LLVMTypeOf(value)) <= limit) return false;
    if (is_aggregate(LLVMTypeOf(value)) && LLVMIsAConstant(value) && place.offset == limit)
        value = LLVMGetAggregateElement(value, 0);
    if (value) *answer = answer_of_limit(value);
    return true;
}

static void block_leaves(check_t *c, limits_t *l, unsigned block) {
    enum answer answer;
    for (LLVMValueRef i = LLVMGetFirstInstruction(c->flow.blocks[block]); i; i = LLVMGetNextInstruction(i))
        if (sets_limit(c, i, &l->record, &answer)) l->out[block] = bit(answer);
}

static void limits_spread(check_t *c, limits_t *l) {
    const flow_t *flow = &c->flow;
    unsigned *work = check_take(c, &c->scratch, (4 * flow->n + 4) * sizeof *work), n = 0;
    l->in[0] = bit(UNSEEN);
    work[n++] = 0;
    while (n) {
        unsigned block = work[--n];
        uint8_t leaving = l->out[block] ? l->out[block] : l->in[block];
        for (unsigned e = flow->first[block]; e < flow->first[block + 1]; e++) {
            unsigned to = flow->to[e];
            if ((l->in[to] | leaving) == l->in[to]) continue;
            l->in[to] |= leaving;
            work[n++] = to;
        }
    }
}

static void answer_calls(check_t *c, const limits_t *l, unsigned block) {
    uint8_t now = l->in[block];
    enum answer answer;
    for (LLVMValueRef i = LLVMGetFirstInstruction(c->flow.blocks[block]); i; i = LLVMGetNextInstruction(i)) {
        if (sets_limit(c, i, &l->record, &answer)) now = bit(answer);
        if (!is_call(i) || !row_has(callee_of(c, i), ABI_NULLABLE)) continue;
        if (LLVMGetNumArgOperands(i) && is_pointer(LLVMGetOperand(i, 0)) &&
            place_of(c, LLVMGetOperand(i, 0)).base == l->record.base)
            check_put(c, &c->answers, i, now);
    }
}

static void limits_follow(check_t *c, const place_t *record) {
    unsigned n = c->flow.n;
    limits_t l = {*record, check_take(c, &c->scratch, n + 1), check_take(c, &c->scratch, n + 1),
                  check_take(c, &c->scratch, n + 1)};
    const uses_t *uses = uses_of(c, record->base);
    for (size_t i = 0; i < uses->n; i++) l.looked[block_of(c, uses->at[i].instruction)] = 1;
    for (unsigned i = 0; i < n; i++)
        if (l.looked[i]) block_leaves(c, &l, i);
    limits_spread(c, &l);
    for (unsigned i = 0; i < n; i++)
        if (l.looked[i]) answer_calls(c, &l, i);
}

static enum answer answer_of_record(check_t *c, LLVMValueRef call) {
    place_t record = place_of(c, LLVMGetOperand(call, 0));
    if (!LLVMIsAAllocaInst(record.base) || !record.known) return UNSEEN;
    if (map_get(&c->answers, call) == MAP_NONE && c->records++ < RECORDS) limits_follow(c, &record);
    uintptr_t bits = map_get(&c->answers, call);
    if (bits == MAP_NONE || bits & bit(UNSEEN)) return bits != MAP_NONE && bits & bit(MAYBE) ? MAYBE : UNSEEN;
    return bits & bit(MAYBE) ? MAYBE : NEVER;
}

static enum answer answer_of(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee->row;
    unsigned n = abi_param_count(row);
    if (LLVMGetNumArgOperands(site->call) != n) return NEVER;
    for (unsigned i = 0; i < n; i++) {
        if (row->params[i].kind == ABI_I64 && strcmp(row->params[i].name, "timeout_ms") == 0)
            return row->params[0].kind == ABI_PID ? MAYBE : answer_of_limit(LLVMGetOperand(site->call, i));
        if (row->params[i].kind == ABI_INOUT && i == 0 && is_pointer(LLVMGetOperand(site->call, 0)))
            return answer_of_record(c, site->call);
    }
    return row_is(site->callee, "gc_alloc_actor") ? answer_of_allocation(site->call) : MAYBE;
}

/* -- Uses ------------------------------------------------------------------------------------------------------------------ */

static bool wants_object(check_t *c, const use_t *use) {
    const function_t *f = callee_of(c, use->instruction);
    if (!f || !f->row || use->argument >= abi_param_count(f->row)) return false;
    return kind_is_nonnull(f->row->params[use->argument].kind);
}

static bool needs_object(check_t *c, const use_t *use) {
    switch (use->kind) {
    case USE_LOAD:
    case USE_STORE:
    case USE_READ:
    case USE_WRITE: return true;
    case USE_CALL: return wants_object(c, use);
    case USE_COMPARE:
    case USE_ESCAPE: return false;
    }
    return false;
}

/* Values that may be the result while it is null: itself, and phis that it reaches untested. */
typedef struct suspects {
    LLVMValueRef at[MERGED];
    unsigned n;
} suspects_t;

static void suspect(suspects_t *s, LLVMValueRef value) {
    for (unsigned i = 0; i < s->n; i++)
        if (s->at[i] == value) return;
    if (s->n < MERGED) s->at[s->n++] = value;
}

static void suspect_phi(check_t *c, suspects_t *s, const null_test_t *test, LLVMValueRef phi) {
    LLVMBasicBlockRef to = LLVMGetInstructionParent(phi);
    for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
        LLVMBasicBlockRef from = LLVMGetIncomingBlock(phi, i);
        if (LLVMGetIncomingValue(phi, i) != test->value) continue;
        if (from != home_of(test->value) && !marks_get(test->maybe, block_number(&c->flow, from))) continue;
        if (!edge_implies(c, from, successor_to(from, to), test->value)) suspect(s, phi);
    }
}

static void suspect_phis(check_t *c, suspects_t *s, const null_test_t *test) {
    for (LLVMUseRef use = LLVMGetFirstUse(test->value); use; use = LLVMGetNextUse(use))
        if (LLVMIsAPHINode(LLVMGetUser(use))) suspect_phi(c, s, test, LLVMGetUser(use));
}

static LLVMValueRef untested_use(check_t *c, const uses_t *uses, const null_test_t *test) {
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (!needs_object(c, use) || place_of(c, use->pointer).base != test->value) continue;
        if (maybe_null_at(c, test, use->instruction)) return use->instruction;
    }
    return NULL;
}

static void result_is_tested(check_t *c, const site_t *site) {
    enum answer answer = answer_of(c, site);
    suspects_t suspects = {.n = 0};
    if (answer == NEVER) return;
    suspect(&suspects, site->call);
    for (unsigned i = 0; i < suspects.n; i++) {
        null_test_t test;
        null_test(c, suspects.at[i], &test);
        LLVMValueRef use = untested_use(c, uses_of(c, suspects.at[i]), &test);
        if (use && answer == MAYBE)
            report(c, 9, use, "the result of %s may be null here", site->callee->name);
        else if (use)
            report_unknown(c, 9, use, "the result of %s may be null here; its %s cannot be seen", site->callee->name,
                           row_is(site->callee, "gc_alloc_actor") ? "size or alignment" : "time limit");
        if (use) return;
        suspect_phis(c, &suspects, &test);
    }
}

void rule_results(check_t *c) {
    for (size_t i = 0; i < c->in->nsites; i++)
        if (row_has(c->in->sites[i].callee, ABI_NULLABLE) && is_pointer(c->in->sites[i].call))
            result_is_tested(c, &c->in->sites[i]);
}
