/*
 * unify.h - inference variables, unification, constraints, schemes.
 */
#ifndef SKITC_UNIFY_H
#define SKITC_UNIFY_H

#include "frontend.h"

/* Parts a variable plays in message types (8.4 of the language): a whole mailbox type, or a part of one. */
enum { MAILBOX_WHOLE = 1, MAILBOX_PART = 2 };

type *type_new(front *f, type_kind kind, int32_t nargs);
type *type_var(front *f);
type *type_rigid(front *f, const char *name);
type *type_mailbox(front *f, pos where); /* a variable that is a whole mailbox type */
type *type_list(front *f, type *element);
type *type_pid(front *f, type *message); /* NULL: untyped */
type *type_fun(front *f, type *const *params, int32_t nparams, type *result);
type *type_sum(front *f, type_decl *decl, type *const *args);

/*
 * Types are graphs: `let y = (x, x)`, thirty times over, is small in memory but has a billion nodes as a tree, and most
 * of what is done with types walks trees. So every expression's type is checked to be of sensible size.
 */
bool type_is_small(front *f, type *t);

/* The same for all variables made since `since` was f->vars. */
bool types_are_small(front *f, const type *since);

typedef enum unify_result { UNIFY_OK, UNIFY_MISMATCH, UNIFY_INFINITE, UNIFY_CONSTRAINT } unify_result;

/* Makes them equal; on failure what was bound stays bound. CONSTRAINT: `*culprit` does not support it. */
unify_result type_unify(front *f, type *a, type *b, type **culprit);

/* Adds constraints to the variables of t; false if t, or a part of it, cannot have them. */
bool type_constrain(type *t, uint32_t constraints);

/* Nothing in t will be quantified. */
void type_freeze(type *t);

/* Quantifies over the unbound variables of level 1 that t mentions. */
void scheme_quantify(front *f, scheme *s, type *t);

/* A vector of fresh variables for a use of the scheme at the place (NULL: of the definition itself). */
type **scheme_instance(front *f, const scheme *s, const pos *where);
/* t with the vector put in for its parameters. */
type *type_substitute(front *f, type *t, type *const *vec);

/* TYPE_PARAM i for each i: the vector of a use inside the component itself. */
type **scheme_identity(front *f, const scheme *s);

/* Binds every variable left over to its default (rule 9 of section 4, and 8.4 for messages). */
void types_default(front *f);

#endif
