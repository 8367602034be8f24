/* flow.c - the blocks of the function in hand as numbers, their edges both ways, and what lies on a cycle.
 *
 * Cycles are strongly connected components (Tarjan), found without recursion: a hostile module may have chains of
 * a million blocks. A node lies on a cycle when its component has another node or it has an edge to itself. The
 * same search serves the call graph.
 */
#include "check.h"

/* -- Components -------------------------------------------------------------------------------------------- */

typedef struct tarjan {
    unsigned *order, *low; /* 0: not visited */
    unsigned *next;        /* edge to follow */
    unsigned *stack, *path;
    uint8_t *on_stack;
    unsigned counter, nstack, depth;
} tarjan_t;

static void tarjan_enter(tarjan_t *t, const unsigned *first, unsigned node) {
    t->order[node] = t->low[node] = ++t->counter;
    t->next[node] = first[node];
    t->stack[t->nstack++] = node;
    t->on_stack[node] = 1;
    t->path[t->depth++] = node;
}

static void tarjan_leave(tarjan_t *t, uint8_t *cyclic, unsigned node) {
    t->depth--;
    if (t->depth && t->low[t->path[t->depth - 1]] > t->low[node]) t->low[t->path[t->depth - 1]] = t->low[node];
    if (t->low[node] != t->order[node]) return;
    bool many = t->stack[t->nstack - 1] != node;
    unsigned member;
    do {
        member = t->stack[--t->nstack];
        t->on_stack[member] = 0;
        if (many) cyclic[member] = 1;
    } while (member != node);
}

static void tarjan_from(tarjan_t *t, unsigned root, const unsigned *first, const unsigned *to, const uint8_t *skip,
                        uint8_t *cyclic) {
    tarjan_enter(t, first, root);
    while (t->depth) {
        unsigned node = t->path[t->depth - 1];
        if (t->next[node] == first[node + 1]) {
            tarjan_leave(t, cyclic, node);
            continue;
        }
        unsigned target = to[t->next[node]++];
        if (skip && skip[target]) continue;
        if (target == node) cyclic[node] = 1;
        if (!t->order[target])
            tarjan_enter(t, first, target);
        else if (t->on_stack[target] && t->order[target] < t->low[node])
            t->low[node] = t->order[target];
    }
}

void graph_cycles(check_t *c, unsigned n, const unsigned *first, const unsigned *to, const uint8_t *skip,
                  uint8_t *cyclic) {
    size_t bytes = (n + 1) * sizeof(unsigned);
    tarjan_t t = {.order = check_take(c, &c->scratch, bytes),
                  .low = check_take(c, &c->scratch, bytes),
                  .next = check_take(c, &c->scratch, bytes),
                  .stack = check_take(c, &c->scratch, bytes),
                  .path = check_take(c, &c->scratch, bytes),
                  .on_stack = check_take(c, &c->scratch, n + 1)};
    for (unsigned i = 0; i < n; i++)
        if (!t.order[i] && !(skip && skip[i])) tarjan_from(&t, i, first, to, skip, cyclic);
}

/* -- Blocks -------------------------------------------------------------------------------------------------- */

unsigned block_number(const flow_t *flow, LLVMBasicBlockRef block) { return (unsigned)map_get(&flow->index, block); }

unsigned block_of(const check_t *c, LLVMValueRef instruction) {
    return block_number(&c->flow, LLVMGetInstructionParent(instruction));
}

static void blocks_number(check_t *c, flow_t *flow, LLVMValueRef function) {
    unsigned n = flow->n;
    flow->blocks = check_take(c, &c->scratch, (n + 1) * sizeof *flow->blocks);
    LLVMGetBasicBlocks(function, flow->blocks);
    map_clear(&flow->index);
    for (unsigned i = 0; i < n; i++) check_put(c, &flow->index, flow->blocks[i], i);
}

static void edges_forward(check_t *c, flow_t *flow) {
    unsigned n = flow->n, edges = 0;
    for (unsigned i = 0; i < n; i++) edges += LLVMGetNumSuccessors(LLVMGetBasicBlockTerminator(flow->blocks[i]));
    flow->first = check_take(c, &c->scratch, (n + 1) * sizeof *flow->first);
    flow->to = check_take(c, &c->scratch, (edges + 1) * sizeof *flow->to);
    edges = 0;
    for (unsigned i = 0; i < n; i++) {
        LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->blocks[i]);
        unsigned successors = LLVMGetNumSuccessors(end);
        flow->first[i] = edges;
        for (unsigned k = 0; k < successors; k++) flow->to[edges++] = block_number(flow, LLVMGetSuccessor(end, k));
    }
    flow->first[n] = edges;
}

static void edges_backward(check_t *c, flow_t *flow) {
    unsigned n = flow->n, edges = flow->first[n];
    flow->pred_first = check_take(c, &c->scratch, (n + 2) * sizeof *flow->pred_first);
    flow->pred_from = check_take(c, &c->scratch, (edges + 1) * sizeof *flow->pred_from);
    for (unsigned e = 0; e < edges; e++) flow->pred_first[flow->to[e] + 1]++;
    for (unsigned i = 0; i < n; i++) flow->pred_first[i + 1] += flow->pred_first[i];
    unsigned *at = check_take(c, &c->scratch, (n + 1) * sizeof *at);
    memcpy(at, flow->pred_first, (n + 1) * sizeof *at);
    for (unsigned i = 0; i < n; i++)
        for (unsigned e = flow->first[i]; e < flow->first[i + 1]; e++) flow->pred_from[at[flow->to[e]]++] = i;
}

static void reach(check_t *c, flow_t *flow) {
    unsigned *work = check_take(c, &c->scratch, (flow->n + 1) * sizeof *work), n = 0;
    flow->reachable = check_take(c, &c->scratch, flow->n + 1);
    flow->reachable[0] = 1;
    work[n++] = 0;
    while (n) {
        unsigned block = work[--n];
        for (unsigned e = flow->first[block]; e < flow->first[block + 1]; e++) {
            if (flow->reachable[flow->to[e]]) continue;
            flow->reachable[flow->to[e]] = 1;
            work[n++] = flow->to[e];
        }
    }
}

/* -- Marks ------------------------------------------------------------------------------------------------------ */

marks_t *marks_begin(check_t *c, unsigned slot) {
    marks_t *marks = &c->flow.marks[slot];
    if (!marks->stamps) {
        marks->stamps = check_take(c, &c->scratch, (c->flow.n + 1) * sizeof *marks->stamps);
        marks->bits = check_take(c, &c->scratch, c->flow.n + 1);
    }
    marks->generation++;
    return marks;
}

uint8_t marks_get(const marks_t *marks, unsigned block) {
    return marks->stamps[block] == marks->generation ? marks->bits[block] : 0;
}

void marks_add(marks_t *marks, unsigned block, uint8_t bits) {
    marks->bits[block] = marks_get(marks, block) | bits;
    marks->stamps[block] = marks->generation;
}

/* -- The flow of a function ---------------------------------------------------------------------------------------- */

void flow_build(check_t *c, LLVMValueRef function) {
    flow_t *flow = &c->flow;
    *flow = (flow_t){.index = flow->index, .n = LLVMCountBasicBlocks(function)};
    blocks_number(c, flow, function);
    edges_forward(c, flow);
    edges_backward(c, flow);
    reach(c, flow);
    flow->cyclic = check_take(c, &c->scratch, flow->n + 1);
    graph_cycles(c, flow->n, flow->first, flow->to, NULL, flow->cyclic);
}

/* -- States that calls change ----------------------------------------------------------------------------------------- */

uint8_t *states_at_blocks(check_t *c, uint8_t first, uint8_t (*after_call)(const function_t *callee, uint8_t state)) {
    const flow_t *flow = &c->flow;
    uint8_t *state = check_take(c, &c->scratch, flow->n + 1), *last = check_take(c, &c->scratch, flow->n + 1);
    unsigned *work = check_take(c, &c->scratch, (8 * flow->n + 8) * sizeof *work),
             n = 0; /* a block once for each bit */
    for (size_t i = 0; i < c->in->nsites; i++) {
        unsigned block = block_of(c, c->in->sites[i].call);
        last[block] = after_call(c->in->sites[i].callee, last[block]);
    }
    state[0] = first;
    work[n++] = 0;
    while (n) {
        unsigned block = work[--n];
        uint8_t leaving = last[block] ? last[block] : state[block];
        for (unsigned e = flow->first[block]; e < flow->first[block + 1]; e++) {
            unsigned to = flow->to[e];
            if ((state[to] | leaving) == state[to]) continue;
            state[to] |= leaving;
            work[n++] = to;
        }
    }
    return state;
}
