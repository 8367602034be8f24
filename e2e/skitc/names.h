/*
 * names.h - what names mean at the top of each file: definitions, imports, builtins; and types as written.
 */
#ifndef SKITC_NAMES_H
#define SKITC_NAMES_H

#include "parse.h"

typedef enum entity_kind {
    ENTITY_FUNCTION,
    ENTITY_ACTOR,
    ENTITY_BUILTIN,
    ENTITY_SPAWN_LINK, /* special forms that are ordinary names */
    ENTITY_SPAWN_MONITOR,
    ENTITY_SPAWN,
    ENTITY_SEND,
    ENTITY_TYPE,
    ENTITY_SERVICE,
    ENTITY_SUPERVISOR,
    ENTITY_VARIANT,
    ENTITY_MODULE,
    ENTITY_LIBRARY, /* a module of builtins, `List` */
} entity_kind;

typedef struct entity {
    entity_kind kind;
    bool is_pub, is_imported;
    pos pos;
    union {
        function *function;
        actor *actor;
        builtin *builtin;
        type_decl *type;
        service *service;
        supervisor *supervisor;
        variant *variant;
        module *module;
        const char *builtin_module;
    } as;
} entity;

/* module->front */
typedef struct module_names {
    module_items *items;
    map values; /* lower-case names: functions and actors */
    map uppers; /* types, services, supervisors */
    map variants;
    map modules; /* of `import M` */
} module_names;

/* Builtins and predeclared types, once. */
void names_begin(front *f);

/* Definitions of one file; then, when all files are there, its imports; then fields, variants and aliases. */
void names_declare(front *f, module *m, module_items *items);
void names_import(front *f, module *m);
void names_types(front *f, module *m);
/* Which declarations hold functions (for the data constraint); after names_types of all files. */
void names_data(front *f);

/* NULL if there is none. */
entity *find_value(front *f, module *m, const char *name);
entity *find_variant(front *f, module *m, const char *name);
/* What stands before a dot: module, service, supervisor, type, library. */
entity *find_qualifier(front *f, module *m, const char *name);
/* Qualifier.name; NULL if the qualifier has no such member (or it is private). */
entity *find_member(front *f, const entity *qualifier, const char *name);
/* A struct or sum type, or alias. */
type_decl *find_type(front *f, module *m, const char *name);

/* Names that stand for types in one declaration or function: generic parameters. */
typedef struct type_scope {
    const char *const *names;
    type *const *types;
    int32_t n;
    const struct type_scope *outer;
} type_scope;

type *type_written(front *f, module *m, const type_node *node, const type_scope *scope);

/* A struct or sum type with fresh arguments. */
type *type_fresh(front *f, type_decl *decl);

#endif
