/* checks.c - reduction checks, inserted after the last optimisation.
 *
 * A check is `budget -= 1; if it borrowed, call the slow path`: two instructions on x86-64. It stands
 *   at the targets of back edges                     a plain check, in a block split off the loop's head, unless
 *                                                    each way round passes another one
 *   at the entry of functions that can recurse       unless every call in them is behind a plain check
 * An innermost loop without calls counts down in a register, and settles with the context every 1,024 rounds: it
 * stays vectorised, and pays for what is left at its exits, where a subtraction that stops at 0 needs no branch:
 *
 *     head:    c = phi [1024, outside], [left, latch]        settle:  budget -= 1024, borrowed: slow; to body
 *              c1 = c - 1
 *              if c1 == 0: settle                            exit edge:  budget = max(budget - (1024 - left), 0)
 *     body:    left = phi [c1, head], [1024, settle], [1024, slow]
 *
 * The context is read once, at the entry; other reads in the function become that one. The slow path is a block of
 * its own at the function's end. Attributes that optimisation inferred from a body without checks go.
 */
#include "cfg.h"
#include "surgery.h"

#include <stdlib.h>
#include <string.h>

#include <llvm-c/DebugInfo.h>

enum { SETTLE_EVERY = 1024, LIKELY = 4000, MOST_EDGES = 64 };

/* An edge out of a loop that counts. */
typedef struct exit_edge {
    unsigned header, source, target;
} exit_edge_t;

typedef struct inserter {
    buskin_cg_t *cg;
    callgraph_t graph;
    cfg_t cfg;
    LLVMBuilderRef b;
    LLVMValueRef function;
    LLVMValueRef context;     /* of the function in hand */
    LLVMValueRef slow;        /* buskin_reduction_slow */
    LLVMBasicBlockRef *heads; /* per header: the block that was split off */
    LLVMValueRef *left;       /* per header that counts: its phi in the body */
    exit_edge_t *exits;
    unsigned nexits;
    int inserted;
} inserter_t;

/* -- Debug locations ----------------------------------------------------------------------------------- */

static LLVMMetadataRef location_of_function(inserter_t *in) {
    LLVMMetadataRef subprogram = LLVMGetSubprogram(in->function);
    if (!subprogram) return NULL;
    unsigned line = LLVMDISubprogramGetLine(subprogram);
    return LLVMDIBuilderCreateDebugLocation(in->cg->context, line, 0, subprogram, NULL);
}

/* The first location in a block; the function's when it has none. */
static void use_location(inserter_t *in, LLVMBasicBlockRef block) {
    LLVMMetadataRef location = NULL, function = location_of_function(in);
    LLVMValueRef i = function ? LLVMGetFirstInstruction(block) : NULL;
    for (; i && !location; i = LLVMGetNextInstruction(i)) location = LLVMInstructionGetDebugLoc(i);
    LLVMSetCurrentDebugLocation2(in->b, location ? location : function);
}

/* -- Instructions of a check --------------------------------------------------------------------------- */

static LLVMValueRef build_intrinsic(inserter_t *in, const char *name, LLVMValueRef x, LLVMValueRef y) {
    buskin_cg_t *cg = in->cg;
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(cg->module, id, &cg->type_i64, 1);
    LLVMTypeRef type = LLVMIntrinsicGetType(cg->context, id, &cg->type_i64, 1);
    return LLVMBuildCall2(in->b, type, function, (LLVMValueRef[]){x, y}, 2, "");
}

static LLVMValueRef budget_address(inserter_t *in) {
    return cg_field_address(in->cg, in->b, "context", "budget", in->context);
}

static LLVMBasicBlockRef build_slow(inserter_t *in, LLVMBasicBlockRef next) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(in->b);
    LLVMBasicBlockRef slow = LLVMAppendBasicBlockInContext(in->cg->context, in->function, "check.slow");
    LLVMPositionBuilderAtEnd(in->b, slow);
    LLVMBuildCall2(in->b, LLVMGlobalGetValueType(in->slow), in->slow, NULL, 0, "");
    LLVMBuildBr(in->b, next);
    LLVMPositionBuilderAtEnd(in->b, here);
    return slow;
}

/* Charges at the end of the builder's block and goes on at next, from there or from the slow block, which is
 * returned. */
static LLVMBasicBlockRef build_charge(inserter_t *in, uint64_t reductions, LLVMBasicBlockRef next) {
    LLVMValueRef at = budget_address(in), budget = cg_load(in->b, in->cg->type_i64, at, 8);
    LLVMValueRef cost = cg_int(in->cg->type_i64, reductions);
    LLVMValueRef pair = build_intrinsic(in, "llvm.usub.with.overflow", budget, cost);
    cg_store(in->b, LLVMBuildExtractValue(in->b, pair, 0, ""), at, 8);
    LLVMValueRef borrowed = LLVMBuildExtractValue(in->b, pair, 1, "");
    LLVMBasicBlockRef slow = build_slow(in, next);
    cg_branch(in->cg, in->b, borrowed, slow, 1, next, LIKELY);
    in->inserted++;
    return slow;
}

/* -- Entry --------------------------------------------------------------------------------------------- */

static void build_context_first(inserter_t *in, LLVMBasicBlockRef entry) {
    LLVMValueRef i = LLVMGetFirstInstruction(entry);
    while (LLVMIsAAllocaInst(i)) i = LLVMGetNextInstruction(i);
    LLVMPositionBuilderBefore(in->b, i);
    in->context = cg_context(in->cg, in->b);
}

static void check_entry(inserter_t *in, bool checked) {
    LLVMBasicBlockRef old = LLVMGetEntryBasicBlock(in->function);
    LLVMSetCurrentDebugLocation2(in->b, location_of_function(in));
    if (!checked) {
        build_context_first(in, old);
        return;
    }
    LLVMPositionBuilderAtEnd(in->b, surgery_new_entry(in->cg, in->function, "check.entry"));
    in->context = cg_context(in->cg, in->b);
    build_charge(in, 1, old);
}

/* -- Loops --------------------------------------------------------------------------------------------- */

static bool is_counted(const cfg_t *cfg, unsigned block) { return block < cfg->n && cfg->flags[block] & CFG_COUNTED; }

/* The builder stands in the new head afterwards. */
static void split_head(inserter_t *in, unsigned header, const char *name) {
    use_location(in, in->cfg.blocks[header]);
    in->heads[header] = surgery_split_head(in->cg, in->cfg.blocks[header], name);
    LLVMPositionBuilderAtEnd(in->b, in->heads[header]);
}

static void check_plain(inserter_t *in, unsigned header) {
    split_head(in, header, "check.loop");
    build_charge(in, 1, in->cfg.blocks[header]);
}

static LLVMValueRef full_count(inserter_t *in) { return cg_int(in->cg->type_i32, SETTLE_EVERY); }

/* In front of the first instruction's debug records too: no record may belong to a phi. */
static LLVMValueRef phi_first(inserter_t *in, LLVMBasicBlockRef block) {
    LLVMPositionBuilderBeforeInstrAndDbgRecords(in->b, LLVMGetFirstInstruction(block));
    return LLVMBuildPhi(in->b, in->cg->type_i32, "");
}

/* Every edge into the head gives its count: a full one from outside, what is left from a latch. */
static void count_incoming(inserter_t *in, unsigned header, LLVMValueRef count) {
    LLVMValueRef head = LLVMBasicBlockAsValue(in->heads[header]), full = full_count(in), left = in->left[header];
    for (LLVMUseRef use = LLVMGetFirstUse(head); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAInstruction(user)) continue;
        LLVMBasicBlockRef from = LLVMGetInstructionParent(user);
        unsigned number = cfg_number(&in->cfg, from);
        bool inside = number < in->cfg.n && in->cfg.owner[number] == header;
        LLVMAddIncoming(count, inside ? &left : &full, &from, 1);
    }
}

static void check_counted(inserter_t *in, unsigned header) {
    LLVMBasicBlockRef body = in->cfg.blocks[header];
    split_head(in, header, "check.count");
    LLVMBasicBlockRef head = in->heads[header];
    LLVMBasicBlockRef settle = LLVMAppendBasicBlockInContext(in->cg->context, in->function, "check.settle");
    in->left[header] = phi_first(in, body);
    LLVMPositionBuilderAtEnd(in->b, head);
    LLVMValueRef count = LLVMBuildPhi(in->b, in->cg->type_i32, "");
    LLVMValueRef less = LLVMBuildSub(in->b, count, cg_int(in->cg->type_i32, 1), "");
    cg_branch(in->cg, in->b, LLVMBuildIsNull(in->b, less, ""), settle, 1, body, SETTLE_EVERY - 1);
    LLVMPositionBuilderAtEnd(in->b, settle);
    LLVMBasicBlockRef slow = build_charge(in, SETTLE_EVERY, body);
    LLVMAddIncoming(in->left[header], (LLVMValueRef[]){less, full_count(in), full_count(in)},
                    (LLVMBasicBlockRef[]){head, settle, slow}, 3);
    count_incoming(in, header, count);
}

static void check_loops(inserter_t *in) {
    for (unsigned i = 0; i < in->cfg.n; i++) {
        if (is_counted(&in->cfg, i))
            check_counted(in, i);
        else if ((in->cfg.flags[i] & (CFG_HEADER | CFG_COVERED)) == CFG_HEADER)
            check_plain(in, i);
    }
}

/* -- Exits of counting loops --------------------------------------------------------------------------- */

/* Not worth it where the function ends by a panic; and blocks with many edges stay as they are, because splitting
 * each edge would take quadratic time. What is left uncharged is below SETTLE_EVERY. */
static bool is_worth_settling(LLVMBasicBlockRef target) {
    LLVMValueRef first = LLVMGetFirstInstruction(target);
    if (LLVMIsAPHINode(first)) return LLVMCountIncoming(first) <= MOST_EDGES;
    return LLVMGetInstructionOpcode(LLVMGetBasicBlockTerminator(target)) != LLVMUnreachable;
}

static bool is_noted(const inserter_t *in, unsigned source, unsigned target) {
    for (unsigned k = in->nexits; k-- > 0 && in->exits[k].source == source;)
        if (in->exits[k].target == target) return true;
    return false;
}

static void note_exits_of(inserter_t *in, unsigned source) {
    const cfg_t *cfg = &in->cfg;
    unsigned header = cfg->owner[source];
    if (cfg->succ_first[source + 1] - cfg->succ_first[source] > MOST_EDGES) return;
    for (unsigned k = cfg->succ_first[source]; k < cfg->succ_first[source + 1]; k++) {
        unsigned target = cfg->succ[k];
        if (cfg->owner[target] == header || !is_worth_settling(cfg->blocks[target])) continue;
        if (!is_noted(in, source, target)) in->exits[in->nexits++] = (exit_edge_t){header, source, target};
    }
}

/* Before the loops are changed, while every block is one of the cfg. */
static void note_exits(inserter_t *in) {
    in->nexits = 0;
    for (unsigned i = 0; i < in->cfg.n; i++)
        if (is_counted(&in->cfg, in->cfg.owner[i])) note_exits_of(in, i);
}

static void settle_exit(inserter_t *in, const exit_edge_t *e) {
    LLVMBasicBlockRef target = in->heads[e->target] ? in->heads[e->target] : in->cfg.blocks[e->target];
    use_location(in, in->cfg.blocks[e->header]);
    LLVMPositionBuilderAtEnd(in->b, surgery_split_edge(in->cg, in->cfg.blocks[e->source], target, "check.rest"));
    LLVMValueRef used = LLVMBuildSub(in->b, full_count(in), in->left[e->header], "");
    LLVMValueRef at = budget_address(in), budget = cg_load(in->b, in->cg->type_i64, at, 8);
    LLVMValueRef cost = LLVMBuildZExt(in->b, used, in->cg->type_i64, "");
    cg_store(in->b, build_intrinsic(in, "llvm.usub.sat", budget, cost), at, 8);
    LLVMBuildBr(in->b, target);
}

/* -- A function ---------------------------------------------------------------------------------------- */

static bool has_headers(const cfg_t *cfg) {
    for (unsigned i = 0; i < cfg->n; i++)
        if (cfg->flags[i] & CFG_HEADER) return true;
    return false;
}

/* Other reads of the context become the one at the entry, which dominates them. */
static void unite_contexts(inserter_t *in) {
    for (unsigned k = 0; k < in->cfg.n; k++)
        for (LLVMValueRef i = LLVMGetFirstInstruction(in->cfg.blocks[k]), next; i; i = next) {
            next = LLVMGetNextInstruction(i);
            if (i == in->context || !cg_is_context(in->cg, i)) continue;
            LLVMReplaceAllUsesWith(i, in->context);
            LLVMInstructionEraseFromParent(i);
        }
}

static bool allocate(inserter_t *in) {
    unsigned n = in->cfg.n, nedges = in->cfg.succ_first[n];
    in->heads = calloc(n, sizeof *in->heads);
    in->left = calloc(n, sizeof *in->left);
    in->exits = calloc(nedges + 1, sizeof *in->exits);
    return in->heads && in->left && in->exits;
}

static void release(inserter_t *in) {
    free(in->heads);
    free(in->left);
    free(in->exits);
}

static void insert_checks(inserter_t *in, bool entry) {
    note_exits(in);
    check_entry(in, entry);
    check_loops(in);
    for (unsigned i = 0; i < in->nexits; i++) settle_exit(in, &in->exits[i]);
    unite_contexts(in);
}

static int insert_into(inserter_t *in, unsigned number) {
    in->function = in->graph.functions[number];
    if (!cfg_build(&in->cfg, &in->graph, in->function)) return cg_fail(in->cg, "no memory");
    bool entry = in->graph.recurses[number] && cfg_calls_unchecked(&in->cfg);
    if (!entry && !has_headers(&in->cfg)) return 0;
    bool memory = allocate(in);
    if (memory) insert_checks(in, entry);
    release(in);
    return memory ? 0 : cg_fail(in->cg, "no memory");
}

/* -- Attributes that no longer hold -------------------------------------------------------------------- */

static const char *const stale[] = {"memory", "nosync", "nofree", "willreturn", "speculatable", "nocallback"};

static void forget_on_function(LLVMValueRef function) {
    for (unsigned k = 0; k < sizeof stale / sizeof *stale; k++)
        LLVMRemoveEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                       LLVMGetEnumAttributeKindForName(stale[k], strlen(stale[k])));
}

static void forget_on_call(LLVMValueRef call) {
    for (unsigned k = 0; k < sizeof stale / sizeof *stale; k++)
        LLVMRemoveCallSiteEnumAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                        LLVMGetEnumAttributeKindForName(stale[k], strlen(stale[k])));
}

/* A function that now stores the budget, and may yield, is not memory(none), nor are calls of it. */
static void forget_inferred(const callgraph_t *graph) {
    for (unsigned f = 0; f < graph->n; f++) {
        LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(graph->functions[f]);
        forget_on_function(graph->functions[f]);
        for (; block; block = LLVMGetNextBasicBlock(block))
            for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i))
                if (callgraph_target(graph, i) != CALL_NONE) forget_on_call(i);
    }
}

/* -- A module ------------------------------------------------------------------------------------------ */

static int insert_all(inserter_t *in) {
    for (unsigned f = 0; f < in->graph.n; f++)
        if (insert_into(in, f)) return -1;
    forget_inferred(&in->graph);
    LLVMAddModuleFlag(in->cg->module, LLVMModuleFlagBehaviorError, "buskin.checks", 13,
                      LLVMValueAsMetadata(cg_int(in->cg->type_i32, 1)));
    in->cg->checked = true;
    return in->inserted;
}

int buskin_cg_insert_checks(buskin_cg_t *cg) {
    if (!cg_ready(cg, "insert_checks")) return -1;
    inserter_t in = {.cg = cg, .slow = buskin_cg_declare(cg, "reduction_slow")};
    if (!in.slow) return -1;
    if (!callgraph_build(&in.graph, cg)) return cg_fail(cg, "no memory");
    in.b = LLVMCreateBuilderInContext(cg->context);
    int inserted = insert_all(&in);
    LLVMDisposeBuilder(in.b);
    callgraph_free(&in.graph);
    cfg_free(&in.cfg);
    return inserted;
}
