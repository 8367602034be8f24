/*
 * infer.h - type inference of bodies; the state its files share.
 */
#ifndef SKITC_INFER_H
#define SKITC_INFER_H

#include "resolve.h"
#include "unify.h"

typedef struct infer {
    front *f;
    node *node;
    module *module;
    code *code;              /* the unit being inferred */
    type *mailbox;           /* of the node, or NULL */
    const type_scope *scope; /* generic parameters of the clause */
    VEC(expr *) pending;     /* uses inside the component: they get its parameters once there are any */
    VEC(expr *) frozen;      /* the same in services and supervisors, which have no parameters to pass on */
} infer;

/* Types the nodes of one component, referenced components being done. */
void infer_component(front *f, node **nodes, int32_t n);

/* -- Between its files --------------------------------------------------------------------------------------- */

/* The type of e, also stored in it. */
type *infer_expr(infer *in, expr *e);
/* Infers e and makes its type the expected one. */
void infer_check(infer *in, expr *e, type *expected);
/* E0001, E0002 or E0006 at the place if they do not unify. */
void infer_unify(infer *in, type *expected, type *found, pos at);
/* E0006 at the place if t cannot have the constraints. */
void infer_constrain(infer *in, type *t, uint32_t constraints, pos at, const char *what);
/* Where a wrong type of e is reported: the last statement of a block. */
pos infer_place(const expr *e);

void infer_pattern(infer *in, pattern *p, type *t);
/* Exit and Down patterns take Signal, others the mailbox type. */
void infer_arm_pattern(infer *in, pattern *p, type *mailbox);
/* Patterns, guard and body of a clause of a function or closure. */
void infer_clause(infer *in, clause *c, type *const *params, type *result);
void infer_guard(infer *in, expr *guard);
/* E0013 at what a guard may not contain. */
void infer_guard_check(infer *in, const expr *e);
type *infer_annotation(infer *in, const type_node *written);

/* infer_call.c */
type *infer_reference(infer *in, expr *e, bool is_callee); /* FN, BUILTIN, CTOR, ops, ACTOR */
type *infer_call(infer *in, expr *e);
type *infer_spawn(infer *in, expr *e);
type *infer_send(infer *in, expr *e);
type *infer_self(infer *in, expr *e);
type *infer_field(infer *in, expr *e);
int32_t infer_field_index(const type_decl *d, const char *name); /* -1: none */

/* Fails unless the current unit has the mailbox of its process. */
void infer_needs_mailbox(infer *in, pos at, const char *what);

/* infer_mailbox.c: finds the key by which an actor's mailbox coalesces. */
void infer_mailbox(front *f, actor *a);

#endif
