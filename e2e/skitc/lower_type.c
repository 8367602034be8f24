/* lower_type.c - ground types: LLVM types, slots, descriptors, message tags.
 *
 * A unit makes each descriptor once and finds it again by the type's dense index. Lists share two node
 * descriptors, for heads that are objects and heads that are not.
 */
#include <stdlib.h>
#include <string.h>

#include "lower.h"

LLVMTypeRef type_ll(lowering *l, type *t) {
    switch (t->kind) {
    case TYPE_FLOAT: return l->f64;
    case TYPE_BOOL: return l->i1;
    case TYPE_INT:
    case TYPE_PID:
    case TYPE_UNIT:
    case TYPE_OPEN: return l->i64;
    default: return l->ptr;
    }
}

bool type_is_unit(const type *t) { return t->kind == TYPE_UNIT || t->kind == TYPE_OPEN; }

bool type_is_object(const type *t) {
    switch (t->kind) {
    case TYPE_STRING:
    case TYPE_TUPLE:
    case TYPE_LIST:
    case TYPE_FUN:
    case TYPE_STRUCT:
    case TYPE_SUM: return true;
    default: return false;
    }
}

buskin_cg_slot_t type_slot(lowering *l, type *t) {
    return (buskin_cg_slot_t){.type = type_ll(l, t), .flags = type_is_object(t) ? BUSKIN_CG_MANAGED : 0};
}

LLVMTypeRef type_code(lowering *l, type *fun) {
    int32_t n = fun->nargs - 1;
    LLVMTypeRef *params = calloc((size_t)n + 1, sizeof *params);
    for (int32_t i = 0; i < n; i++) params[i] = type_ll(l, fun->args[i]);
    params[n] = l->ptr;
    LLVMTypeRef signature = LLVMFunctionType(type_ll(l, fun->args[n]), params, (unsigned)n + 1, 0);
    free(params);
    return signature;
}

uint64_t tag_of_text(const char *text) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return hash != 0 ? hash : 1;
}

uint64_t type_tag(lowering *l, type *t) { return tag_of_text(type_canonical(l->p, t)); }

type *ground_in(body *b, type *t) { return type_ground(b->l->p, t, b->inst); }

/* -- Descriptors ----------------------------------------------------------------------------------------------- */

type_info *type_infos(unit *u, type *t) {
    if (t->index >= u->ninfos) {
        int32_t n = 2 * t->index + 32;
        u->infos = realloc(u->infos, (size_t)n * sizeof *u->infos);
        memset(u->infos + u->ninfos, 0, (size_t)(n - u->ninfos) * sizeof *u->infos);
        u->ninfos = n;
    }
    return &u->infos[t->index];
}

/* A descriptor of n eight-byte fields. */
static buskin_cg_desc_t *type_describe(unit *u, const char *name, type **fields, int32_t n, uint32_t user) {
    lowering *l = u->l;
    LLVMTypeRef *slots = calloc((size_t)n + 1, sizeof *slots);
    bool *managed = calloc((size_t)n + 1, sizeof *managed);
    for (int32_t i = 0; i < n; i++) {
        managed[i] = type_is_object(fields[i]);
        slots[i] = managed[i] ? l->ptr : l->i64;
    }
    buskin_cg_desc_t *desc = buskin_cg_describe(
        u->cg, &(buskin_cg_object_t){.name = name,
                                     .fixed = n > 0 ? LLVMStructTypeInContext(l->context, slots, (unsigned)n, 0) : NULL,
                                     .managed = managed,
                                     .user = user});
    free(slots);
    free(managed);
    return desc;
}

buskin_cg_desc_t *type_desc(unit *u, type *t, int32_t which) {
    program *p = u->l->p;
    type_info *info = type_infos(u, t);
    int32_t ndescs = t->kind == TYPE_SUM ? t->decl->nvariants : 1;
    if (info->descs == NULL) info->descs = calloc((size_t)ndescs, sizeof(buskin_cg_desc_t *));
    if (info->descs[which] != NULL) return info->descs[which];
    const variant *v = t->kind == TYPE_SUM ? &t->decl->variants[which] : NULL;
    int32_t n = t->kind == TYPE_TUPLE ? t->nargs : v != NULL ? v->nfields : t->decl->nfields;
    type **fields = calloc((size_t)n + 1, sizeof *fields);
    for (int32_t i = 0; i < n; i++)
        fields[i] = t->kind == TYPE_TUPLE ? t->args[i]
                    : v != NULL           ? variant_field_type(p, t, which, i)
                                          : field_type(p, t, i);
    buskin_cg_desc_t *desc =
        type_describe(u, v != NULL ? v->name : type_canonical(p, t), fields, n, v != NULL ? (uint32_t)which : 0);
    free(fields);
    type_infos(u, t)->descs[which] = desc;
    return desc;
}

buskin_cg_desc_t *type_list_desc(unit *u, type *element) {
    buskin_cg_desc_t **desc = type_is_object(element) ? &u->list_object : &u->list_scalar;
    if (*desc != NULL) return *desc;
    lowering *l = u->l;
    LLVMTypeRef slots[] = {type_is_object(element) ? l->ptr : l->i64, l->ptr};
    bool managed[] = {type_is_object(element), true};
    *desc = buskin_cg_describe(u->cg, &(buskin_cg_object_t){.name = "List",
                                                            .fixed = LLVMStructTypeInContext(l->context, slots, 2, 0),
                                                            .managed = managed});
    return *desc;
}

buskin_cg_desc_t *type_string_desc(unit *u) {
    if (u->string_desc == NULL)
        u->string_desc =
            buskin_cg_describe(u->cg, &(buskin_cg_object_t){.name = "String", .element = u->l->i8, .binary = true});
    return u->string_desc;
}
