/*
 * graph.c - the graph of references: its nodes, its strongly connected components (inference takes them bottom-up),
 * and which functions use the mailbox of their caller.
 */
#include "resolve.h"

/* -- Nodes --------------------------------------------------------------------------------------------------- */

static node *node_new(front *f, module *m, node_list *nodes, node_kind kind, void *thing, pos at) {
    node *n = NEW(&f->arena, node);
    n->kind = kind;
    n->module = m;
    n->as.function = thing;
    n->pos = at;
    vec_push(&f->arena, *nodes, n);
    return n;
}

void resolve_nodes(front *f, module *m, node_list *nodes) {
    for (int32_t i = 0; i < m->nfunctions; i++)
        m->functions[i]->front = node_new(f, m, nodes, IS_FUNCTION, m->functions[i], m->functions[i]->pos);
    for (int32_t i = 0; i < m->nactors; i++)
        m->actors[i]->front = node_new(f, m, nodes, IS_ACTOR, m->actors[i], m->actors[i]->pos);
    for (int32_t i = 0; i < m->nservices; i++)
        m->services[i]->front = node_new(f, m, nodes, IS_SERVICE, m->services[i], m->services[i]->pos);
    for (int32_t i = 0; i < m->nsupervisors; i++)
        m->supervisors[i]->front = node_new(f, m, nodes, IS_SUPERVISOR, m->supervisors[i], m->supervisors[i]->pos);
}

/* -- Components: Tarjan's algorithm with its own stack, since chains of references can be long --------------- */

typedef struct tarjan {
    front *f;
    components out;
    node_list stack, path;
    int32_t next;
} tarjan;

static void tarjan_enter(tarjan *t, node *n) {
    n->index = n->low = ++t->next;
    n->on_stack = true;
    vec_push(&t->f->arena, t->stack, n);
    vec_push(&t->f->arena, t->path, n);
}

/* n is done: if it is the root of a component, the component is the top of the stack. */
static void tarjan_leave(tarjan *t, node *n) {
    t->path.n--;
    if (t->path.n) {
        node *from = t->path.items[t->path.n - 1];
        if (n->low < from->low) from->low = n->low;
    }
    if (n->low != n->index) return;
    node *top;
    do {
        top = t->stack.items[--t->stack.n];
        top->on_stack = false;
        vec_push(&t->f->arena, t->out.order, top);
    } while (top != n);
    vec_push(&t->f->arena, t->out.ends, t->out.order.n);
}

static void tarjan_step(tarjan *t) {
    node *n = t->path.items[t->path.n - 1];
    if (n->next_edge == n->references.n) {
        tarjan_leave(t, n);
        return;
    }
    node *to = n->references.items[n->next_edge++];
    if (!to->index)
        tarjan_enter(t, to);
    else if (to->on_stack && to->index < n->low)
        n->low = to->index;
}

components resolve_components(front *f, const node_list *nodes) {
    tarjan t = {.f = f};
    for (int32_t i = 0; i < nodes->n; i++) {
        if (nodes->items[i]->index) continue;
        tarjan_enter(&t, nodes->items[i]);
        while (t.path.n) tarjan_step(&t);
    }
    return t.out;
}

/* -- Mailboxes ----------------------------------------------------------------------------------------------- */

static bool node_inherits_mailbox(node *n) {
    if (n->uses_mailbox || (n->kind != IS_FUNCTION && n->kind != IS_ACTOR)) return false;
    for (int32_t i = 0; i < n->calls.n; i++)
        if (n->calls.items[i]->uses_mailbox) {
            n->mailbox_pos = n->calls.items[i]->mailbox_pos;
            return n->uses_mailbox = true;
        }
    return false;
}

void resolve_mailboxes(const components *c) {
    for (int32_t i = 0, begin = 0; i < c->ends.n; begin = c->ends.items[i++])
        for (bool changed = true; changed;) {
            changed = false;
            for (int32_t k = begin; k < c->ends.items[i]; k++) changed |= node_inherits_mailbox(c->order.items[k]);
        }
}
