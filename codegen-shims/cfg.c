/* cfg.c - cycles of a function, in linear time.
 *
 * A depth-first search finds the back edges; every cycle contains one, reducible or not, so a check at each target
 * cuts them all. A header whose loop is innermost, free of calls and entered only through the header can count in a
 * register instead. Its blocks are those that reach a latch without passing the header, found walking backwards.
 * Headers are taken in reverse order of the search, inner before outer, and a walk that meets a block of another
 * walk gives up: that block belongs to an inner loop. So each block is walked once.
 *
 * A header needs no check of its own when it cannot come round without passing another header's: the outer loop of a
 * receive, for one, always passes the scan. Headers are asked inner before outer, and rely on those before them that
 * keep their checks, so the rest still cuts every cycle: take its back edge, and the header that this one leads to.
 */
#include "cfg.h"

#include <stdlib.h>
#include <string.h>

/* -- Blocks and edges ---------------------------------------------------------------------------------- */

/* A memory intrinsic of unknown length takes as long as its bytes do. */
static bool takes_long(const callgraph_t *graph, LLVMValueRef call) {
    LLVMValueRef callee = LLVMGetCalledValue(call);
    if (LLVMIsAMemIntrinsic(call)) return !LLVMIsAConstantInt(LLVMGetOperand(call, 2));
    if (LLVMIsAInlineAsm(callee)) return false;
    return !(LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee)) && !cg_is_context(graph->cg, call);
}

static uint8_t flags_of(const callgraph_t *graph, LLVMBasicBlockRef block) {
    uint8_t flags = 0;
    LLVMValueRef last = NULL;
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; last = i, i = LLVMGetNextInstruction(i)) {
        LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
        if (opcode != LLVMCall && opcode != LLVMInvoke && opcode != LLVMCallBr) continue;
        if (takes_long(graph, i)) flags |= CFG_CALLS;
        if (callgraph_target(graph, i) != CALL_NONE) flags |= CFG_RECURSES | CFG_CALLS;
    }
    LLVMOpcode end = LLVMGetInstructionOpcode(last);
    bool plain = end == LLVMBr || end == LLVMSwitch || end == LLVMRet || end == LLVMUnreachable;
    return plain ? flags : flags | CFG_ODD;
}

static unsigned successors(LLVMBasicBlockRef block) { return LLVMGetNumSuccessors(LLVMGetBasicBlockTerminator(block)); }

static bool blocks_collect(cfg_t *cfg, const callgraph_t *graph, LLVMValueRef function, unsigned *nedges) {
    LLVMGetBasicBlocks(function, cfg->blocks);
    map_clear(&cfg->index);
    *nedges = 0;
    for (unsigned i = 0; i < cfg->n; i++) {
        if (!map_put(&cfg->index, cfg->blocks[i], i)) return false;
        cfg->flags[i] = flags_of(graph, cfg->blocks[i]);
        cfg->owner[i] = cfg->seen[i] = cfg->n;
        *nedges += successors(cfg->blocks[i]);
    }
    return true;
}

unsigned cfg_number(const cfg_t *cfg, LLVMBasicBlockRef block) {
    uintptr_t number = map_get(&cfg->index, block);
    return number == MAP_NONE ? cfg->n : (unsigned)number;
}

/* pred_first holds counts, then starts, then (after the filling) ends: hence one entry more and a final shift. */
static void edges_collect(cfg_t *cfg) {
    unsigned n = cfg->n, at = 0;
    for (unsigned i = 0; i < n; i++) {
        LLVMValueRef terminator = LLVMGetBasicBlockTerminator(cfg->blocks[i]);
        cfg->succ_first[i] = at;
        for (unsigned k = 0; k < LLVMGetNumSuccessors(terminator); k++) {
            cfg->succ[at] = cfg_number(cfg, LLVMGetSuccessor(terminator, k));
            cfg->pred_first[cfg->succ[at++] + 1]++;
        }
    }
    cfg->succ_first[n] = at;
    for (unsigned i = 0; i < n; i++) cfg->pred_first[i + 1] += cfg->pred_first[i];
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = cfg->succ_first[i]; k < cfg->succ_first[i + 1]; k++)
            cfg->pred[cfg->pred_first[cfg->succ[k]]++] = i;
    memmove(cfg->pred_first + 1, cfg->pred_first, n * sizeof *cfg->pred_first);
    cfg->pred_first[0] = 0;
}

/* -- Back edges ---------------------------------------------------------------------------------------- */

enum { UNSEEN, ON_PATH, DONE };

typedef struct back_edge {
    unsigned from, to;
} back_edge_t;

typedef struct search {
    uint8_t *state;
    unsigned *path, *next;
    back_edge_t *back;
    unsigned nback;
} search_t;

static void search_enter(cfg_t *cfg, search_t *s, unsigned block, unsigned *depth) {
    s->state[block] = ON_PATH;
    s->next[block] = cfg->succ_first[block];
    s->path[(*depth)++] = block;
    cfg->order[cfg->norder++] = block;
}

static void search_run(cfg_t *cfg, search_t *s) {
    unsigned depth = 0;
    search_enter(cfg, s, 0, &depth);
    while (depth) {
        unsigned from = s->path[depth - 1];
        if (s->next[from] == cfg->succ_first[from + 1]) {
            s->state[from] = DONE;
            depth--;
            continue;
        }
        unsigned to = cfg->succ[s->next[from]++];
        if (s->state[to] == ON_PATH) {
            cfg->flags[to] |= CFG_HEADER;
            s->back[s->nback++] = (back_edge_t){from, to};
        }
        if (s->state[to] == UNSEEN) search_enter(cfg, s, to, &depth);
    }
}

static void latches_group(cfg_t *cfg, const search_t *s) {
    for (unsigned i = 0; i < s->nback; i++) cfg->latch_first[s->back[i].to + 1]++;
    for (unsigned i = 0; i < cfg->n; i++) cfg->latch_first[i + 1] += cfg->latch_first[i];
    for (unsigned i = 0; i < s->nback; i++) cfg->latches[cfg->latch_first[s->back[i].to]++] = s->back[i].from;
    memmove(cfg->latch_first + 1, cfg->latch_first, cfg->n * sizeof *cfg->latch_first);
    cfg->latch_first[0] = 0;
}

static bool back_edges_find(cfg_t *cfg, unsigned nedges) {
    unsigned n = cfg->n;
    search_t s = {.state = calloc(n, sizeof *s.state),
                  .path = calloc(n, sizeof *s.path),
                  .next = calloc(n, sizeof *s.next),
                  .back = calloc(nedges + 1, sizeof *s.back)};
    bool memory = s.state && s.path && s.next && s.back;
    if (memory) {
        search_run(cfg, &s);
        latches_group(cfg, &s);
    }
    free(s.state);
    free(s.path);
    free(s.next);
    free(s.back);
    return memory;
}

/* -- Innermost loops without calls --------------------------------------------------------------------- */

/* A block of the loop of `header` at most; walking on from it is what finds out. */
static bool loop_admits(const cfg_t *cfg, unsigned block) {
    if (block == 0) return false; /* reached the entry: the header does not dominate the latch */
    return cfg->owner[block] == cfg->n && !(cfg->flags[block] & (CFG_HEADER | CFG_CALLS | CFG_ODD));
}

static unsigned push_predecessors(const cfg_t *cfg, unsigned block, unsigned *work, unsigned nwork) {
    for (unsigned k = cfg->pred_first[block]; k < cfg->pred_first[block + 1]; k++) work[nwork++] = cfg->pred[k];
    return nwork;
}

/* work has room for every edge of the function once. */
static bool loop_is_countable(cfg_t *cfg, unsigned header, unsigned *work) {
    unsigned nwork = 0;
    if (cfg->flags[header] & (CFG_CALLS | CFG_ODD)) return false;
    cfg->owner[header] = header;
    for (unsigned k = cfg->latch_first[header]; k < cfg->latch_first[header + 1]; k++) work[nwork++] = cfg->latches[k];
    while (nwork) {
        unsigned block = work[--nwork];
        if (cfg->owner[block] == header) continue;
        if (!loop_admits(cfg, block)) return false;
        cfg->owner[block] = header;
        nwork = push_predecessors(cfg, block, work, nwork);
    }
    return true;
}

static bool loops_classify(cfg_t *cfg, unsigned nedges) {
    unsigned *work = calloc(2 * nedges + 1, sizeof *work);
    if (!work) return false;
    for (unsigned i = cfg->norder; i-- > 0;) {
        unsigned block = cfg->order[i];
        if (cfg->flags[block] & CFG_HEADER && loop_is_countable(cfg, block, work)) cfg->flags[block] |= CFG_COUNTED;
    }
    free(work);
    return true;
}

/* -- Headers that others cover ------------------------------------------------------------------------- */

/* How many blocks may be walked over per header; a larger loop keeps its check. This keeps the time linear. */
enum { COVER_WALK = 64 };

static bool is_checked_each_time(const cfg_t *cfg, unsigned block) {
    return (cfg->flags[block] & (CFG_HEADER | CFG_COUNTED | CFG_COVERED)) == CFG_HEADER;
}

/* Walks back from the latches over blocks without a check; `header` is asked before those outside it are decided,
 * which therefore stop nothing. */
static bool is_covered(cfg_t *cfg, unsigned header, const uint8_t *decided) {
    unsigned work[COVER_WALK], nwork = 0;
    cfg->seen[header] = cfg->n;
    for (unsigned k = cfg->latch_first[header]; k < cfg->latch_first[header + 1]; k++) {
        if (nwork == COVER_WALK) return false;
        work[nwork++] = cfg->latches[k];
    }
    for (unsigned at = 0; at < nwork; at++) {
        unsigned block = work[at];
        if (block == header || block == 0) return false;
        if (cfg->seen[block] == header || (decided[block] && is_checked_each_time(cfg, block))) continue;
        cfg->seen[block] = header;
        for (unsigned k = cfg->pred_first[block]; k < cfg->pred_first[block + 1]; k++) {
            if (nwork == COVER_WALK) return false;
            work[nwork++] = cfg->pred[k];
        }
    }
    return true;
}

static bool headers_thin(cfg_t *cfg) {
    uint8_t *decided = calloc(cfg->n, 1);
    if (!decided) return false;
    for (unsigned i = cfg->norder; i-- > 0;) {
        unsigned block = cfg->order[i];
        if (is_checked_each_time(cfg, block) && is_covered(cfg, block, decided)) cfg->flags[block] |= CFG_COVERED;
        decided[block] = 1;
    }
    free(decided);
    return true;
}

/* -- Questions ----------------------------------------------------------------------------------------- */

bool cfg_calls_unchecked(cfg_t *cfg) {
    uint8_t *seen = calloc(cfg->n, 1);
    unsigned *work = calloc(cfg->n, sizeof *work), nwork = 0;
    bool found = !seen || !work; /* no memory: assume so */
    if (!found) {
        seen[0] = 1;
        work[nwork++] = 0;
    }
    while (nwork && !found) {
        unsigned block = work[--nwork];
        found = cfg->flags[block] & CFG_RECURSES;
        for (unsigned k = cfg->succ_first[block]; k < cfg->succ_first[block + 1]; k++) {
            unsigned to = cfg->succ[k];
            if (seen[to] || is_checked_each_time(cfg, to)) continue;
            seen[to] = 1;
            work[nwork++] = to;
        }
    }
    free(seen);
    free(work);
    return found;
}

/* -- Build --------------------------------------------------------------------------------------------- */

static bool allocate_blocks(cfg_t *cfg) {
    unsigned n = cfg->n + 2;
    cfg->blocks = calloc(n, sizeof *cfg->blocks);
    cfg->flags = calloc(n, sizeof *cfg->flags);
    cfg->owner = calloc(n, sizeof *cfg->owner);
    cfg->order = calloc(n, sizeof *cfg->order);
    cfg->seen = calloc(n, sizeof *cfg->seen);
    cfg->succ_first = calloc(n, sizeof *cfg->succ_first);
    cfg->pred_first = calloc(n, sizeof *cfg->pred_first);
    cfg->latch_first = calloc(n, sizeof *cfg->latch_first);
    return cfg->blocks && cfg->flags && cfg->owner && cfg->order && cfg->seen && cfg->succ_first && cfg->pred_first &&
           cfg->latch_first;
}

static bool allocate_edges(cfg_t *cfg, unsigned nedges) {
    cfg->succ = calloc(nedges + 1, sizeof *cfg->succ);
    cfg->pred = calloc(nedges + 1, sizeof *cfg->pred);
    cfg->latches = calloc(nedges + 1, sizeof *cfg->latches);
    return cfg->succ && cfg->pred && cfg->latches;
}

static void free_arrays(cfg_t *cfg) {
    free(cfg->blocks);
    free(cfg->flags);
    free(cfg->owner);
    free(cfg->order);
    free(cfg->seen);
    free(cfg->succ_first);
    free(cfg->pred_first);
    free(cfg->latch_first);
    free(cfg->succ);
    free(cfg->pred);
    free(cfg->latches);
}

bool cfg_build(cfg_t *cfg, const callgraph_t *graph, LLVMValueRef function) {
    unsigned nedges;
    map_t index = cfg->index;
    free_arrays(cfg);
    *cfg = (cfg_t){.index = index, .n = LLVMCountBasicBlocks(function)};
    if (!allocate_blocks(cfg) || !blocks_collect(cfg, graph, function, &nedges)) return false;
    if (!allocate_edges(cfg, nedges)) return false;
    edges_collect(cfg);
    return back_edges_find(cfg, nedges) && loops_classify(cfg, nedges) && headers_thin(cfg);
}

void cfg_free(cfg_t *cfg) {
    free_arrays(cfg);
    map_free(&cfg->index);
    *cfg = (cfg_t){0};
}
