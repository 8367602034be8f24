/* rule_cycle.c - every cycle passes a reduction check: C12, in the flow of a function and in the calls among them.
 *
 * A block passes a check when it calls a row that yields, or when it ends by a branch to such a block whose
 * condition comes from the budget in the context. A branch on a counter to a block that passes a check is one too:
 * that is how innermost loops settle every so many rounds. Blocks that pass are taken out; what still lies on a
 * cycle never yields. It must hold after optimisation too, so nothing depends on how the check is spelled.
 *
 * For recursion the graph has the calls that a function can reach without passing a check. "Outside", every function
 * that the module does not define, is one more node; a cycle through it can only be suspected.
 */
#include "check.h"

#include <stdlib.h>

enum { NODES = 96, COUNTED = 1, EACH_TIME = 2 };

bool polls(const function_t *callee) { return row_has(callee, ABI_YIELDS); }

/* -- Where a condition comes from -------------------------------------------------------------------------------- */

typedef struct search {
    check_t *c;
    LLVMValueRef nodes[NODES];
    unsigned n, done;
} search_t;

static void search_add(search_t *s, LLVMValueRef value) {
    if (!LLVMIsAInstruction(value) || s->n == NODES) return;
    for (unsigned i = 0; i < s->n; i++)
        if (s->nodes[i] == value) return;
    s->nodes[s->n++] = value;
}

static void search_operands(search_t *s, LLVMValueRef node) {
    if (LLVMIsALoadInst(node)) return;
    unsigned n = is_call(node) ? LLVMGetNumArgOperands(node) : (unsigned)LLVMGetNumOperands(node);
    if (is_call(node) && !LLVMIsAIntrinsicInst(node)) return;
    for (unsigned i = 0; i < n; i++)
        if (!LLVMValueIsBasicBlock(LLVMGetOperand(node, i))) search_add(s, LLVMGetOperand(node, i));
}

static bool comes_from(check_t *c, LLVMValueRef value, bool (*is)(check_t *, LLVMValueRef)) {
    search_t s = {.c = c};
    search_add(&s, value);
    while (s.done < s.n) {
        LLVMValueRef node = s.nodes[s.done++];
        if (is(c, node)) return true;
        search_operands(&s, node);
    }
    return false;
}

static bool is_budget(check_t *c, LLVMValueRef node) {
    if (!LLVMIsALoadInst(node)) return false;
    place_t place = place_of(c, LLVMGetOperand(node, 0));
    return place.known && (uint64_t)place.offset == field_offset("context", "budget") && is_context(c, place.base);
}

/* A phi that a constant is added to on some way round. */
static bool is_counter(check_t *c, LLVMValueRef node) {
    if (!LLVMIsAPHINode(node) || !c->flow.cyclic[block_of(c, node)]) return false;
    for (unsigned i = 0; i < LLVMCountIncoming(node); i++) {
        LLVMValueRef next = LLVMGetIncomingValue(node, i);
        if (!LLVMIsABinaryOperator(next) || !LLVMIsAConstantInt(LLVMGetOperand(next, 1))) continue;
        LLVMOpcode opcode = LLVMGetInstructionOpcode(next);
        if (opcode == LLVMAdd || opcode == LLVMSub || opcode == LLVMOr) return true;
    }
    return false;
}

/* -- Blocks that pass a check ---------------------------------------------------------------------------------------- */

static bool ends_in_choice(const check_t *c, unsigned block, LLVMValueRef *condition) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(c->flow.blocks[block]);
    if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end)) return false;
    *condition = LLVMGetCondition(end);
    return true;
}

static bool leads_to(const check_t *c, unsigned block, const uint8_t *passes, uint8_t how) {
    for (unsigned e = c->flow.first[block]; e < c->flow.first[block + 1]; e++)
        if (passes[c->flow.to[e]] & how) return true;
    return false;
}

enum { POLLS = 4 };

static void mark_polls(check_t *c, uint8_t *passes) {
    for (size_t i = 0; i < c->in->nsites; i++)
        if (polls(c->in->sites[i].callee)) passes[block_of(c, c->in->sites[i].call)] = POLLS | EACH_TIME;
}

uint8_t *check_blocks(check_t *c) {
    uint8_t *passes = check_take(c, &c->scratch, c->flow.n + 1);
    LLVMValueRef condition;
    mark_polls(c, passes);
    for (unsigned i = 0; i < c->flow.n; i++)
        if (!passes[i] && leads_to(c, i, passes, POLLS) && ends_in_choice(c, i, &condition) &&
            comes_from(c, condition, is_budget))
            passes[i] = EACH_TIME;
    for (unsigned i = 0; i < c->flow.n; i++)
        if (!passes[i] && c->flow.cyclic[i] && leads_to(c, i, passes, EACH_TIME) && ends_in_choice(c, i, &condition) &&
            comes_from(c, condition, is_counter))
            passes[i] = COUNTED;
    return passes;
}

/* -- Loops ---------------------------------------------------------------------------------------------------------------- */

void rule_cycles(check_t *c) {
    if (!c->in->actor) return;
    uint8_t *passes = check_blocks(c), *cyclic = check_take(c, &c->scratch, c->flow.n + 1);
    graph_cycles(c, c->flow.n, c->flow.first, c->flow.to, passes, cyclic);
    for (unsigned i = 0; i < c->flow.n; i++) {
        if (!cyclic[i] || passes[i] || !c->flow.reachable[i]) continue;
        report(c, 12, LLVMGetBasicBlockTerminator(c->flow.blocks[i]),
               "a loop through block %s passes no reduction check", LLVMGetBasicBlockName(c->flow.blocks[i]));
        return;
    }
}

/* -- Recursion -------------------------------------------------------------------------------------------------------------- */

typedef struct calls {
    unsigned *first, *to;
    size_t n, room;
    unsigned outside;
} calls_t;

static void calls_add(check_t *c, calls_t *calls, unsigned to) {
    calls->to = check_grow(c, &c->arena, calls->to, calls->n, &calls->room, sizeof *calls->to);
    calls->to[calls->n++] = to;
}

/* The node that a call leads to; none for one that only returns. */
static bool target_of(check_t *c, const calls_t *calls, const site_t *site, unsigned *target) {
    const function_t *f = site->callee;
    *target = calls->outside;
    if (f && f->defined) {
        *target = f->index;
        return true;
    }
    if (LLVMIsAInlineAsm(LLVMGetCalledValue(site->call)) || calls_only_return(c, site->call)) return false;
    return !(f && (f->row || LLVMGetIntrinsicID(f->value)));
}

/* Blocks that can be reached without a check in between, this one's own included. */
static uint8_t *unchecked_blocks(check_t *c, const uint8_t *passes) {
    uint8_t *seen = check_take(c, &c->scratch, c->flow.n + 1);
    unsigned *work = check_take(c, &c->scratch, (c->flow.n + 1) * sizeof *work), n = 0;
    seen[0] = 1;
    work[n++] = 0;
    while (n) {
        unsigned block = work[--n];
        if (passes[block] & EACH_TIME) continue;
        for (unsigned e = c->flow.first[block]; e < c->flow.first[block + 1]; e++) {
            if (seen[c->flow.to[e]]) continue;
            seen[c->flow.to[e]] = 1;
            work[n++] = c->flow.to[e];
        }
    }
    return seen;
}

static void calls_of(check_t *c, calls_t *calls) {
    uint8_t *passes = check_blocks(c), *seen = unchecked_blocks(c, passes);
    unsigned polled = UINT32_MAX; /* the block whose poll has been passed */
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        unsigned block = block_of(c, site->call), target;
        if (!seen[block] || block == polled) continue;
        if (polls(site->callee))
            polled = block;
        else if (target_of(c, calls, site, &target))
            calls_add(c, calls, target);
    }
}

static bool is_direct_call(LLVMValueRef user, LLVMValueRef function) {
    if (!LLVMIsAInstruction(user) || !is_call(user) || LLVMGetCalledValue(user) != function) return false;
    for (unsigned i = 0; i < LLVMGetNumArgOperands(user); i++)
        if (LLVMGetOperand(user, i) == function) return false;
    return true;
}

/* Whether a function outside of this module may call it. The runtime calls thunks, on a new stack. */
static bool is_open(const function_t *f) {
    if (!f->defined || f->thunk) return false;
    LLVMLinkage linkage = LLVMGetLinkage(f->value);
    if (linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage) return true;
    for (LLVMUseRef use = LLVMGetFirstUse(f->value); use; use = LLVMGetNextUse(use))
        if (!is_direct_call(LLVMGetUser(use), f->value)) return true;
    return false;
}

static void calls_collect(check_t *c, calls_t *calls) {
    unsigned n = c->nfunctions;
    calls->outside = n;
    calls->first = check_take(c, &c->arena, (n + 2) * sizeof *calls->first);
    for (unsigned i = 0; i < n; i++) {
        calls->first[i] = (unsigned)calls->n;
        c->in = &c->functions[i];
        if (!c->in->defined || !c->in->nsites) continue;
        flow_build(c, c->in->value);
        calls_of(c, calls);
        arena_free(&c->scratch);
    }
    calls->first[n] = (unsigned)calls->n;
    for (unsigned i = 0; i < n; i++)
        if (is_open(&c->functions[i])) calls_add(c, calls, i);
    calls->first[n + 1] = (unsigned)calls->n;
}

void rule_recursion(check_t *c) {
    calls_t calls = {0};
    unsigned n = c->nfunctions;
    if (!c->flagged) return;
    calls_collect(c, &calls);
    uint8_t *skip = check_take(c, &c->arena, n + 2), *surely = check_take(c, &c->arena, n + 2);
    uint8_t *maybe = check_take(c, &c->arena, n + 2);
    skip[n] = 1;
    graph_cycles(c, n + 1, calls.first, calls.to, skip, surely);
    graph_cycles(c, n + 1, calls.first, calls.to, NULL, maybe);
    for (unsigned i = 0; i < n; i++) {
        if (!c->functions[i].actor) continue;
        if (surely[i])
            report(c, 12, c->functions[i].value, "%s can call itself, also through others, without a reduction check",
                   c->functions[i].name);
        else if (maybe[i])
            report_unknown(c, 12, c->functions[i].value,
                           "%s may be called again by code outside of this module, "
                           "without a reduction check",
                           c->functions[i].name);
    }
    arena_free(&c->scratch);
}
