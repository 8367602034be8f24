/* rule_given.c - messages that change hands: C36, C37, and what is built into one: C5, C34.
 *
 * A message belongs to the actor until it is moved, sent or released; from there on all its bytes are another's. So from the call
 * that gives it away, along all ways that do not come past its making again, nothing reads, writes or passes it.
 *
 * A message under construction is known to no collector. From message_new the ways are followed to message_send: none may leave the
 * stores for anything that may collect, end the actor, or run others, and none may end without a send; but where it is null there is
 * none to send. What is stored into it is not copied: pointers are to constants, or into the message itself.
 */
#include "check.h"

enum { BLOCKS = 512, INSTRUCTIONS = 20000, MARKS_OF_GIVEN = 5 };

/* -- After it was given away (C36) ----------------------------------------------------------------------------------- */

/* Which parameter a row takes over; -1: none. */
static int given_by(const function_t *f) {
    static const struct {
        const char *row;
        int param;
    } takers[] = {{"send_move", 2}, {"message_send", 0}, {"message_release", 0}, {"shared_release", 0}};
    for (size_t i = 0; f && f->row && i < sizeof takers / sizeof *takers; i++)
        if (row_is(f, takers[i].row)) return takers[i].param;
    return -1;
}

static LLVMValueRef given_message(check_t *c, const site_t *site) {
    int param = given_by(site->callee);
    if (param < 0 || LLVMGetNumArgOperands(site->call) != abi_param_count(site->callee->row)) return NULL;
    LLVMValueRef operand = LLVMGetOperand(site->call, (unsigned)param);
    return is_pointer(operand) ? place_of(c, operand).base : NULL;
}

/* The blocks that can be reached from here without the making of the value. */
static marks_t *blocks_behind(check_t *c, LLVMValueRef from, LLVMValueRef value) {
    const flow_t *flow = &c->flow;
    unsigned work[BLOCKS], n = 0, seen = 0;
    unsigned home = LLVMIsAInstruction(value) ? block_of(c, value) : UINT32_MAX;
    marks_t *marks = marks_begin(c, MARKS_OF_GIVEN);
    work[n++] = block_of(c, from);
    while (n && seen < BLOCKS) {
        unsigned block = work[--n];
        for (unsigned e = flow->first[block]; e < flow->first[block + 1] && seen < BLOCKS; e++) {
            unsigned to = flow->to[e];
            if (to == home || marks_get(marks, to)) continue;
            marks_add(marks, to, 1);
            work[n++] = to;
            seen++;
        }
    }
    return marks;
}

static bool comes_after(LLVMValueRef later, LLVMValueRef earlier) {
    int n = 0;
    for (LLVMValueRef i = LLVMGetNextInstruction(earlier); i && n < INSTRUCTIONS; i = LLVMGetNextInstruction(i), n++)
        if (i == later) return true;
    return false;
}

static bool touches(const use_t *use) { return use->kind != USE_COMPARE && use->kind != USE_ESCAPE; }

static void nothing_uses_it(check_t *c, const site_t *site, LLVMValueRef message) {
    const uses_t *uses = uses_of(c, message);
    const marks_t *behind = blocks_behind(c, site->call, message);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (!touches(use) || place_of(c, use->pointer).base != message) continue;
        bool here = LLVMGetInstructionParent(use->instruction) == LLVMGetInstructionParent(site->call);
        bool later = marks_get(behind, block_of(c, use->instruction)) ||
                     (here && use->instruction != site->call && comes_after(use->instruction, site->call));
        if (!later) continue;
        report(c, 36, use->instruction, "it was given away by %s", site->callee->name);
        return;
    }
}

/* -- While it is built (C37) -------------------------------------------------------------------------------------------- */

/* Calls that run no code but their own, and come back. */
static bool only_works(check_t *c, LLVMValueRef call) {
    const function_t *f = callee_of(c, call);
    if (!f) return is_context_asm(c, call) || LLVMIsAInlineAsm(LLVMGetCalledValue(call));
    if (f->row) return !row_has(f, ABI_YIELDS | ABI_COLLECTS | ABI_NORETURN);
    return strncmp(f->name, "llvm.", 5) == 0 || calls_only_return(c, call);
}

enum found { GOES_ON, IS_SENT, IS_LOST };

static enum found search_block(check_t *c, LLVMValueRef from, LLVMValueRef message) {
    LLVMValueRef last = from;
    for (LLVMValueRef i = from; i; last = i, i = LLVMGetNextInstruction(i)) {
        if (!is_call(i)) continue;
        const function_t *f = callee_of(c, i);
        if (row_is(f, "message_send") && place_of(c, LLVMGetOperand(i, 0)).base == message) return IS_SENT;
        if (only_works(c, i)) continue;
        report(c, 37, i, "a message is being built, and this may collect or run others");
        return IS_LOST;
    }
    if (last && LLVMGetNumSuccessors(last)) return GOES_ON;
    report(c, 37, last, "a message that was built is not sent on this way");
    return IS_LOST;
}

/* Where the message is null, none is under construction. */
static bool is_null_edge(check_t *c, LLVMValueRef end, unsigned successor, LLVMValueRef message) {
    if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end)) return false;
    LLVMValueRef test = LLVMGetCondition(end);
    if (!LLVMIsAICmpInst(test) || !LLVMIsNull(LLVMGetOperand(test, 1))) return false;
    LLVMValueRef tested = LLVMGetOperand(test, 0);
    if (!is_pointer(tested) || place_of(c, tested).base != message) return false;
    return (LLVMGetICmpPredicate(test) == LLVMIntEQ) == (successor == 0);
}

static void it_is_sent(check_t *c, LLVMValueRef message) {
    const flow_t *flow = &c->flow;
    marks_t *marks = marks_begin(c, MARKS_OF_GIVEN);
    unsigned work[BLOCKS], n = 0, seen = 0;
    LLVMValueRef from = LLVMGetNextInstruction(message);
    work[n++] = block_of(c, message);
    while (n && seen < BLOCKS) {
        unsigned block = work[--n];
        if (!from) from = LLVMGetFirstInstruction(flow->blocks[block]);
        enum found found = search_block(c, from, message);
        from = NULL;
        if (found == IS_LOST) return;
        if (found == IS_SENT) continue;
        for (unsigned e = flow->first[block]; e < flow->first[block + 1] && seen < BLOCKS; e++) {
            LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->blocks[block]);
            if (marks_get(marks, flow->to[e]) || is_null_edge(c, end, e - flow->first[block], message)) continue;
            marks_add(marks, flow->to[e], 1);
            work[n++] = flow->to[e];
            seen++;
        }
    }
}

/* -- What is built into it (C5, C34) --------------------------------------------------------------------------------------- */

static void it_refers_to_nothing_else(check_t *c, LLVMValueRef message) {
    const uses_t *uses = uses_of(c, message);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind != USE_STORE || place_of(c, use->pointer).base != message) continue;
        if (!is_pointer(use->value)) {
            no_pointer_as_integer(c, use->instruction, use->value);
            continue;
        }
        enum origin origin = place_of(c, use->value).base == message ? FROM_CONSTANT : origin_of(c, use->value);
        bool own = (origin == FROM_HEAP || origin == FROM_MESSAGE) && !c->options.shared_heap;
        if (own || origin == FROM_STACK || origin == FROM_CONTEXT)
            report(c, 5, use->instruction, "%s is built into a message, which goes without a copy",
                   own                    ? "a pointer into the own heap"
                   : origin == FROM_STACK ? "the address of a local"
                                          : "the context");
    }
}

/* -- The function in hand ----------------------------------------------------------------------------------------------------- */

void rule_given(check_t *c) {
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        LLVMValueRef message = given_message(c, site);
        if (message && !LLVMIsAConstant(message)) nothing_uses_it(c, site, message);
        if (!row_is(site->callee, "message_new") || !is_pointer(site->call)) continue;
        it_is_sent(c, site->call);
        it_refers_to_nothing_else(c, site->call);
    }
}
