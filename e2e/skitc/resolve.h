/*
 * resolve.h - names in bodies become references; who refers to whom.
 */
#ifndef SKITC_RESOLVE_H
#define SKITC_RESOLVE_H

#include "names.h"

typedef enum node_kind { IS_FUNCTION, IS_ACTOR, IS_SERVICE, IS_SUPERVISOR } node_kind;

/* A function, actor, service or supervisor in the graph of references. Their `front` fields point here. */
typedef struct node node;
struct node {
    node_kind kind;
    union {
        function *function;
        actor *actor;
        service *service;
        supervisor *supervisor;
    } as;
    module *module;
    pos pos;
    VEC(node *) references;
    VEC(node *) calls; /* functions called by name outside closures: they share the caller's mailbox */
    bool uses_mailbox;
    pos mailbox_pos;        /* of the first use */
    const builtin *builtin; /* a prelude function that implements it */
    bool is_broken;         /* had an error: its type is unknown */
    bool is_typed;          /* its scheme is final */
    /* Tarjan's */
    int32_t index, low, next_edge;
    bool on_stack;
};

typedef VEC(node *) node_list;

/* Makes the nodes of a file's definitions. */
void resolve_nodes(front *f, module *m, node_list *nodes);

/*
 * Resolves the bodies of a node, when all nodes are made. A wrong name is not reported here but left in the tree as
 * EXPR_ERROR or PAT_ERROR, so that the first error in reading order is the first error.
 */
void resolve_node(front *f, node *n);

/* Strongly connected components, referenced before referring: `ends[i]` is the end of component i in `order`. */
typedef struct components {
    node_list order;
    VEC(int32_t) ends;
} components;

components resolve_components(front *f, const node_list *nodes);

/* Spreads uses_mailbox from callees to callers. */
void resolve_mailboxes(const components *c);

#endif
