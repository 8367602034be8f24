/* callgraph.c - recursion, found by one depth-first search.
 *
 * The nodes are the module's functions of actor code, and one more, "outside": every other function, in this module
 * or another one, and every callee that is not known. A call of a runtime row, an intrinsic or a function
 * that says nocallback comes back by returning only, so it is no edge. Outside may call each function that another
 * module can name or whose address is taken, except thunks, which the runtime calls on a fresh stack.
 *
 * A cycle of calls needs one check. The search starts at outside; a cycle within the module contains a back
 * edge, and the function it points to is checked; a cycle through outside contains a call from a function that
 * outside can reach, and that function is checked, since outside cannot be. Linear in functions and calls.
 */
#include "callgraph.h"

#include <stdlib.h>
#include <string.h>

typedef struct edges {
    unsigned *first; /* n + 1 */
    unsigned *to;
    unsigned count, room;
    bool *leaves; /* calls outside */
} edges_t;

/* -- Calls --------------------------------------------------------------------------------------------- */

static bool says_nocallback(LLVMValueRef call, LLVMValueRef function) {
    unsigned kind = LLVMGetEnumAttributeKindForName("nocallback", 10);
    LLVMAttributeIndex index = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    return LLVMGetCallSiteEnumAttribute(call, index, kind) ||
           (function && LLVMGetEnumAttributeAtIndex(function, index, kind));
}

static bool is_call(LLVMValueRef instruction) {
    LLVMOpcode opcode = LLVMGetInstructionOpcode(instruction);
    return opcode == LLVMCall || opcode == LLVMInvoke || opcode == LLVMCallBr;
}

int callgraph_target(const callgraph_t *graph, LLVMValueRef instruction) {
    if (!is_call(instruction)) return CALL_NONE;
    LLVMValueRef callee = LLVMGetCalledValue(instruction);
    if (LLVMIsAInlineAsm(callee)) return CALL_NONE;
    LLVMValueRef function = LLVMIsAFunction(callee);
    if (!function) return says_nocallback(instruction, NULL) ? CALL_NONE : CALL_OUTSIDE;
    uintptr_t number = map_get(&graph->index, function);
    if (number != MAP_NONE) return (int)number;
    if (LLVMGetIntrinsicID(function) || says_nocallback(instruction, function)) return CALL_NONE;
    return cg_row_of(graph->cg, function) ? CALL_NONE : CALL_OUTSIDE;
}

/* -- Who can be called from outside -------------------------------------------------------------------- */

static bool is_direct_call_of(LLVMValueRef user, LLVMValueRef function) {
    if (!LLVMIsAInstruction(user) || !is_call(user) || LLVMGetCalledValue(user) != function) return false;
    for (unsigned i = 0; i < LLVMGetNumArgOperands(user); i++)
        if (LLVMGetOperand(user, i) == function) return false;
    return true;
}

static bool is_open(LLVMValueRef function) {
    if (cg_is_thunk(function)) return false;
    LLVMLinkage linkage = LLVMGetLinkage(function);
    if (linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage) return true;
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use))
        if (!is_direct_call_of(LLVMGetUser(use), function)) return true;
    return false;
}

/* -- Edges --------------------------------------------------------------------------------------------- */

static bool edges_push(edges_t *e, unsigned to) {
    if (e->count == e->room) {
        unsigned room = e->room ? 2 * e->room : 256;
        unsigned *grown = realloc(e->to, room * sizeof *grown);
        if (!grown) return false;
        e->to = grown;
        e->room = room;
    }
    e->to[e->count++] = to;
    return true;
}

static bool edges_of(const callgraph_t *graph, edges_t *e, unsigned f) {
    LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(graph->functions[f]);
    for (; block; block = LLVMGetNextBasicBlock(block))
        for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
            int to = callgraph_target(graph, i);
            if (to == CALL_OUTSIDE) e->leaves[f] = true;
            if (to >= 0 && !edges_push(e, (unsigned)to)) return false;
        }
    return true;
}

static bool edges_build(const callgraph_t *graph, edges_t *e) {
    e->first = calloc(graph->n + 1, sizeof *e->first);
    e->leaves = calloc(graph->n + 1, sizeof *e->leaves);
    if (!e->first || !e->leaves) return false;
    for (unsigned f = 0; f < graph->n; f++) {
        e->first[f] = e->count;
        if (!edges_of(graph, e, f)) return false;
    }
    e->first[graph->n] = e->count;
    return true;
}

static void edges_free(edges_t *e) {
    free(e->first);
    free(e->to);
    free(e->leaves);
}

/* -- Search -------------------------------------------------------------------------------------------- */

enum { UNSEEN, ON_PATH, DONE };

typedef struct search {
    uint8_t *state;
    unsigned *path; /* functions on the path from the root */
    unsigned *next; /* per function, its next edge to follow */
} search_t;

static void enter(search_t *s, const edges_t *e, unsigned f, unsigned *depth) {
    s->state[f] = ON_PATH;
    s->next[f] = e->first[f];
    s->path[(*depth)++] = f;
}

static void search_from(callgraph_t *graph, const edges_t *e, search_t *s, unsigned root, bool from_outside) {
    unsigned depth = 0;
    if (s->state[root] == UNSEEN) enter(s, e, root, &depth);
    while (depth) {
        unsigned f = s->path[depth - 1];
        if (from_outside && e->leaves[f]) graph->recurses[f] = true;
        if (s->next[f] == e->first[f + 1]) {
            s->state[f] = DONE;
            depth--;
            continue;
        }
        unsigned to = e->to[s->next[f]++];
        if (s->state[to] == ON_PATH) graph->recurses[to] = true;
        if (s->state[to] == UNSEEN) enter(s, e, to, &depth);
    }
}

static bool search(callgraph_t *graph, const edges_t *e) {
    unsigned n = graph->n + 1;
    search_t s = {calloc(n, sizeof *s.state), calloc(n, sizeof *s.path), calloc(n, sizeof *s.next)};
    bool memory = s.state && s.path && s.next;
    for (unsigned f = 0; memory && f < graph->n; f++)
        if (is_open(graph->functions[f])) search_from(graph, e, &s, f, true);
    for (unsigned f = 0; memory && f < graph->n; f++) search_from(graph, e, &s, f, false);
    free(s.state);
    free(s.path);
    free(s.next);
    return memory;
}

/* -- Build --------------------------------------------------------------------------------------------- */

static bool is_node(LLVMValueRef function) { return !LLVMIsDeclaration(function) && cg_is_actor_code(function); }

static bool nodes_collect(callgraph_t *graph) {
    unsigned n = 0;
    LLVMModuleRef module = graph->cg->module;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) n += is_node(f);
    graph->functions = calloc(n + 1, sizeof *graph->functions);
    graph->recurses = calloc(n + 1, sizeof *graph->recurses);
    if (!graph->functions || !graph->recurses) return false;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
        if (!is_node(f)) continue;
        if (!map_put(&graph->index, f, graph->n)) return false;
        graph->functions[graph->n++] = f;
    }
    return true;
}

bool callgraph_build(callgraph_t *graph, buskin_cg_t *cg) {
    *graph = (callgraph_t){.cg = cg};
    edges_t edges = {0};
    bool memory = nodes_collect(graph) && edges_build(graph, &edges) && search(graph, &edges);
    edges_free(&edges);
    if (!memory) callgraph_free(graph);
    return memory;
}

void callgraph_free(callgraph_t *graph) {
    free(graph->functions);
    free(graph->recurses);
    map_free(&graph->index);
}
