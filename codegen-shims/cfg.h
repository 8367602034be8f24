/* cfg.h - the control flow of one function: its cycles, and how each is to be checked. */
#ifndef BUSKIN_CG_CFG_H
#define BUSKIN_CG_CFG_H

#include "callgraph.h"

enum cfg_flag {
    CFG_CALLS = 1,    /* a call that may take long or come back into the module */
    CFG_RECURSES = 2, /* a call that is an edge of the call graph */
    CFG_ODD = 4,      /* a terminator whose edges cannot be moved */
    CFG_HEADER = 8,   /* the target of a back edge */
    CFG_COUNTED = 16, /* a header of an innermost loop without calls */
    CFG_COVERED = 32  /* a header whose every cycle passes the check of another one */
};

typedef struct cfg {
    LLVMBasicBlockRef *blocks;
    unsigned n;
    map_t index; /* block -> its number; kept from one function to the next for its memory */
    uint8_t *flags;
    unsigned *succ_first, *succ; /* successors of block i: succ[succ_first[i]] .. */
    unsigned *pred_first, *pred;
    unsigned *order, norder;         /* reachable blocks in the order of the search */
    unsigned *owner;                 /* the header whose loop a block was found in, or n */
    unsigned *latches, *latch_first; /* sources of back edges: latches[latch_first[h]] .. of header h */
    unsigned *seen;                  /* the header for which a block was last walked over, or n */
} cfg_t;

bool cfg_build(cfg_t *cfg, const callgraph_t *graph, LLVMValueRef function); /* false: no memory */
void cfg_free(cfg_t *cfg);

/* The number of a block, or n for one that was made later. */
unsigned cfg_number(const cfg_t *cfg, LLVMBasicBlockRef block);

/* Whether the entry reaches a call of the call graph without passing a header that is checked each time. */
bool cfg_calls_unchecked(cfg_t *cfg);

#endif /* BUSKIN_CG_CFG_H */
