/* callgraph.h - which functions of a module need a reduction check at their entry. */
#ifndef BUSKIN_CG_CALLGRAPH_H
#define BUSKIN_CG_CALLGRAPH_H

#include "cg.h"

enum { CALL_NONE = -1, CALL_OUTSIDE = -2 };

typedef struct callgraph {
    buskin_cg_t *cg;
    LLVMValueRef *functions; /* the defined functions of actor code */
    unsigned n;
    map_t index;    /* function -> its number */
    bool *recurses; /* a cycle of calls passes this function, and is cut here */
} callgraph_t;

bool callgraph_build(callgraph_t *graph, buskin_cg_t *cg); /* false: no memory */
void callgraph_free(callgraph_t *graph);

/* The number of the function that an instruction calls, CALL_OUTSIDE when that is unknown or leaves the module,
 * CALL_NONE when it calls nothing that could come back here. */
int callgraph_target(const callgraph_t *graph, LLVMValueRef instruction);

#endif /* BUSKIN_CG_CALLGRAPH_H */
