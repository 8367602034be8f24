/*
 * types.c - types as text, and ground types: substitution and interning for the lowering.
 *
 * Ground types live in one hash table keyed by kind, declaration and the (already interned) arguments, so equality is
 * pointer equality. Instantiation vectors are interned in the same table, as the arguments of a type of kind
 * TYPE_PARAM, which no ground type has.
 */
#include "frontend.h"

static front *front_of(program *p) { return p->front; }

/* -- Text ---------------------------------------------------------------------------------------------------- */

/* `is_canonical`: no blanks, module names, Pid and open types as the message identity sees them. */
static const char *text_of(front *f, type *t, bool is_canonical);

static const char *text_join(front *f, type **args, int32_t n, bool is_canonical) {
    const char *text = "";
    for (int32_t i = 0; i < n; i++) {
        const char *comma = i == 0 ? "" : is_canonical ? "," : ", ";
        text = arena_printf(&f->arena, "%s%s%s", text, comma, text_of(f, args[i], is_canonical));
    }
    return text;
}

static const char *decl_text(front *f, type *t, bool is_canonical) {
    const char *name = t->decl->name;
    bool is_foreign = t->decl->module && t->decl->module->file != 0;
    if (is_canonical && is_foreign) name = arena_printf(&f->arena, "%s.%s", t->decl->module->name, name);
    if (t->nargs == 0) return name;
    return arena_printf(&f->arena, "%s<%s>", name, text_join(f, t->args, t->nargs, is_canonical));
}

static const char *fun_text(front *f, type *t, bool is_canonical) {
    const char *params = text_join(f, t->args, t->nargs - 1, is_canonical);
    const char *result = text_of(f, t->args[t->nargs - 1], is_canonical);
    return arena_printf(&f->arena, is_canonical ? "Fun(%s)->%s" : "Fun(%s) -> %s", params, result);
}

static const char *param_text(front *f, int32_t index) {
    if (index < 26) return arena_printf(&f->arena, "%c", 'a' + index);
    return arena_printf(&f->arena, "t%d", index);
}

static const char *text_of(front *f, type *t, bool is_canonical) {
    t = type_repr(t);
    switch (t->kind) {
    case TYPE_VAR: return t->rigid ? t->rigid : "_";
    case TYPE_PARAM: return param_text(f, t->index);
    case TYPE_INT: return "Int";
    case TYPE_FLOAT: return "Float";
    case TYPE_BOOL: return "Bool";
    case TYPE_STRING: return "String";
    case TYPE_UNIT: return "()";
    case TYPE_OPEN: return is_canonical ? "()" : "_";
    case TYPE_PID:
        if (t->nargs == 0) return "Pid";
        return arena_printf(&f->arena, "Pid<%s>", text_of(f, t->args[0], is_canonical));
    case TYPE_TUPLE: return arena_printf(&f->arena, "(%s)", text_join(f, t->args, t->nargs, is_canonical));
    case TYPE_LIST: return arena_printf(&f->arena, "List<%s>", text_of(f, t->args[0], is_canonical));
    case TYPE_FUN: return fun_text(f, t, is_canonical);
    case TYPE_STRUCT:
    case TYPE_SUM: return decl_text(f, t, is_canonical);
    }
    return "_";
}

const char *type_text(program *p, type *t) { return text_of(front_of(p), t, false); }

const char *type_canonical(program *p, type *ground) {
    if (!ground->canonical) ground->canonical = text_of(front_of(p), ground, true);
    return ground->canonical;
}

/* -- Interning ----------------------------------------------------------------------------------------------- */

struct ground {
    type **items;
    uint32_t n, room;
};

static uint64_t hash_mix(uint64_t h, const void *p) { return (h ^ (uintptr_t)p) * 0x9E3779B97F4A7C15u; }

static uint32_t ground_slot(const struct ground *g, type_kind kind, type_decl *decl, type *const *args, int32_t n) {
    uint64_t h = hash_mix((uint64_t)kind * 31 + (uint64_t)n + 1, decl);
    for (int32_t i = 0; i < n; i++) h = hash_mix(h ^ (h >> 29), args[i]);
    uint32_t slot = (uint32_t)(h >> 32) & (g->room - 1);
    for (type *t; (t = g->items[slot]); slot = (slot + 1) & (g->room - 1)) {
        bool is_same = t->kind == kind && t->decl == decl && t->nargs == n;
        if (is_same && (n == 0 || memcmp(t->args, args, sizeof *args * (size_t)n) == 0)) break;
    }
    return slot;
}

static void ground_grow(front *f, struct ground *g) {
    struct ground old = *g;
    g->room = old.room ? old.room * 2 : 128;
    g->items = NEW_ARRAY(&f->arena, type *, g->room);
    for (uint32_t i = 0; i < old.room; i++) {
        type *t = old.items[i];
        if (t) g->items[ground_slot(g, t->kind, t->decl, t->args, t->nargs)] = t;
    }
}

static type *ground_intern(front *f, type_kind kind, type_decl *decl, type *const *args, int32_t n) {
    if (!f->ground) f->ground = NEW(&f->arena, struct ground);
    struct ground *g = f->ground;
    if (g->n * 2 >= g->room) ground_grow(f, g);
    uint32_t slot = ground_slot(g, kind, decl, args, n);
    if (g->items[slot]) return g->items[slot];
    type *t = NEW(&f->arena, type);
    t->kind = kind;
    t->decl = decl;
    t->nargs = n;
    t->index = (int32_t)g->n++;
    t->args = n ? NEW_ARRAY(&f->arena, type *, n) : NULL;
    if (n) memcpy(t->args, args, sizeof *args * (size_t)n);
    return g->items[slot] = t;
}

type *type_make(program *p, type_kind kind, type_decl *decl, type *const *args, int32_t nargs) {
    return ground_intern(front_of(p), kind, decl, args, nargs);
}

type *type_basic(program *p, type_kind kind) { return ground_intern(front_of(p), kind, NULL, NULL, 0); }

/* -- Grounding ----------------------------------------------------------------------------------------------- */

enum { FEW = 8 };

static type *ground_vector(program *p, type_kind kind, type_decl *decl, type *const *vec, int32_t n,
                           type *const *inst) {
    type *few[FEW], **args = n <= FEW ? few : NEW_ARRAY(&front_of(p)->arena, type *, n);
    for (int32_t i = 0; i < n; i++) args[i] = type_ground(p, vec[i], inst);
    return ground_intern(front_of(p), kind, decl, args, n);
}

type *type_ground(program *p, type *t, type *const *inst) {
    t = type_repr(t);
    if (t->kind == TYPE_PARAM) return inst[t->index];
    if (t->kind == TYPE_PID) return type_basic(p, TYPE_PID);
    return ground_vector(p, t->kind, t->decl, t->args, t->nargs, inst);
}

type *const *inst_ground(program *p, type *const *vec, int32_t n, type *const *inst) {
    return n ? ground_vector(p, TYPE_PARAM, NULL, vec, n, inst)->args : NULL;
}

type *field_type(program *p, type *ground, int32_t index) {
    return type_ground(p, ground->decl->fields[index].type, ground->args);
}

type *variant_field_type(program *p, type *ground, int32_t which, int32_t index) {
    return type_ground(p, ground->decl->variants[which].fields[index].type, ground->args);
}
