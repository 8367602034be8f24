/* lower_supervisor.c - supervisors: their constant specification, the functions that start children, requests.
 *
 * Each child has a start body, which the runtime calls as the supervisor (through a thunk of the shims): it evaluates the child's
 * start expression, calls what comes out, and returns the pid. A template's start body gets the arguments of start_child.
 * Through an untyped pid another supervisor's arguments can come, so a mark of their types stands before them. The specification
 * is one constant in the unit of its file; other units refer to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buskin.h"
#include "lower.h"

/* -- Starting children ---------------------------------------------------------------------------------------------- */

static type *starter_fun(lowering *l, const child *c) { return type_ground(l->p, c->type, NULL); }

/* The mark and the arguments of a start function; none of them if it has no parameters. */
static unsigned starter_slots(lowering *l, const child *c, buskin_cg_slot_t **slots) {
    type *start = starter_fun(l, c);
    unsigned n = start->nargs > 1 ? (unsigned)start->nargs : 0; /* its result makes room for the mark */
    *slots = calloc(n + 1, sizeof **slots);
    if (n > 0) (*slots)[0] = (buskin_cg_slot_t){.type = l->i64};
    for (unsigned i = 1; i < n; i++) (*slots)[i] = type_slot(l, start->args[i - 1]);
    return n;
}

LLVMTypeRef starter_fn_type(lowering *l, const child *c) {
    buskin_cg_slot_t *slots;
    unsigned n = starter_slots(l, c, &slots);
    LLVMTypeRef *all = calloc((size_t)n + 1, sizeof *all);
    for (unsigned i = 0; i < n; i++) all[i] = slots[i].type;
    LLVMTypeRef fn_type = LLVMFunctionType(l->i64, all, n, 0);
    free(all);
    free(slots);
    return fn_type;
}

static LLVMValueRef starter_mark(lowering *l, const child *c) {
    return LLVMConstInt(l->i64, type_tag(l, starter_fun(l, c)), 0);
}

static void starter_require_mark(body *b, const child *c) {
    LLVMBasicBlockRef ours = body_block(b, "ours"), theirs = body_block(b, "theirs");
    LLVMValueRef is_ours = LLVMBuildICmp(b->b, LLVMIntEQ, LLVMGetParam(b->fn, 0), starter_mark(b->l, c), "");
    LLVMBuildCondBr(b->b, is_ours, ours, theirs);
    body_position(b, theirs);
    body_panic(b, "these are the arguments of another supervisor's children");
    LLVMBuildUnreachable(b->b);
    body_position(b, ours);
}

void lower_starter_body(body *b, instance *i) {
    child *c = (child *)(uintptr_t)i->decl;
    lowering *l = i->home->l;
    type *start = starter_fun(l, c);
    body_open(b, i, c->pos, type_basic(l->p, TYPE_PID));
    if (start->nargs > 1) starter_require_mark(b, c);
    LLVMValueRef *args = calloc((size_t)start->nargs, sizeof *args);
    for (int32_t k = 0; k < start->nargs - 1; k++) args[k] = LLVMGetParam(b->fn, (unsigned)k + 1);
    LLVMValueRef closure = lower_expr(b, c->start);
    body_at(b, c->start->pos);
    body_return(b, call_value(b, start, closure, args));
    free(args);
}

/* -- The specification ------------------------------------------------------------------------------------------------ */

static buskin_cg_child_t supervisor_child(unit *u, child *c) {
    instance *i = instance_request(u, INSTANCE_STARTER, c, NULL, NULL);
    buskin_cg_slot_t *slots;
    unsigned n = starter_slots(u->l, c, &slots);
    LLVMValueRef start = buskin_cg_start(u->cg, LLVMGetValueName2(i->fn, &(size_t){0}), i->fn, slots, n);
    free(slots);
    return (buskin_cg_child_t){.name = c->name, .start = start, CHILD_NUMBERS(c)};
}

static LLVMValueRef supervisor_define(unit *u, supervisor *s, const char *name) {
    buskin_cg_child_t *children = calloc((size_t)s->nchildren + 1, sizeof *children);
    for (int32_t i = 0; i < s->nchildren; i++) children[i] = supervisor_child(u, &s->children[i]);
    LLVMValueRef spec =
        buskin_cg_supervisor(u->cg, &(buskin_cg_supervisor_options_t){.name = name,
                                                                      .title = s->name,
                                                                      .children = children,
                                                                      .nchildren = (unsigned)s->nchildren,
                                                                      .external = true,
                                                                      .strategy = (uint32_t)s->strategy,
                                                                      .auto_shutdown = (uint32_t)s->auto_shutdown,
                                                                      .max_restarts = (uint32_t)s->max_restarts,
                                                                      .window_ms = s->max_seconds * 1000});
    free(children);
    if (spec != NULL) LLVMSetVisibility(spec, LLVMHiddenVisibility);
    return spec;
}

/* The specification as `from` names it. */
static LLVMValueRef supervisor_spec(unit *from, supervisor *s) {
    unit *home = &from->l->units[s->module->file];
    char name[512], symbol[600];
    snprintf(name, sizeof name, "%s.%s", s->module->name, s->name);
    snprintf(symbol, sizeof symbol, "__actor_supervisor_%s", name);
    LLVMValueRef spec = LLVMGetNamedGlobal(home->ir, symbol);
    if (spec == NULL) spec = supervisor_define(home, s, name);
    if (spec == NULL || home == from) return spec;
    LLVMValueRef here = buskin_cg_supervisor_import(from->cg, name);
    if (here != NULL) LLVMSetVisibility(here, LLVMHiddenVisibility);
    return here;
}

LLVMValueRef supervisor_spawn(body *b, supervisor *s, unsigned flags, LLVMValueRef *ref) {
    LLVMValueRef spec = supervisor_spec(b->u, s);
    LLVMValueRef pid = spec != NULL ? buskin_cg_supervisor_start(b->u->cg, b->b, spec, flags, ref) : NULL;
    if (pid != NULL) return pid;
    if (ref != NULL) *ref = LLVMGetPoison(b->l->i64);
    return LLVMGetPoison(b->l->i64);
}

/* -- Requests ----------------------------------------------------------------------------------------------- */

/* Some(pid), or None for 0. */
static LLVMValueRef supervisor_option(body *b, type *option, LLVMValueRef pid) {
    LLVMBasicBlockRef some = body_block(b, "some"), none = body_block(b, "none");
    join done = join_open(b, b->l->ptr, "child");
    LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntEQ, pid, body_i64(b, 0), ""), none, some);
    body_position(b, some);
    join_add(b, &done, data_variant(b, option, OPTION_SOME, &pid));
    body_position(b, none);
    join_add(b, &done, data_variant(b, option, OPTION_NONE, NULL));
    return join_close(b, &done);
}

/* A status (i64) below 0 that is not this one is a panic: `call S.request failed: why`. */
static void supervisor_require(body *b, const supervisor *s, const char *request, LLVMValueRef pid, LLVMValueRef status,
                               int32_t allowed) {
    char name[512];
    snprintf(name, sizeof name, "%s.%s", s->name, request);
    const char *path = b->l->p->files[b->pos.file].path;
    LLVMBasicBlockRef bad = body_block(b, "failed"), fine = body_block(b, "answered");
    LLVMValueRef failed = LLVMBuildICmp(b->b, LLVMIntSLT, status, body_i64(b, 0), "");
    LLVMValueRef unexpected = LLVMBuildICmp(b->b, LLVMIntNE, status, body_i64(b, allowed), "");
    LLVMBuildCondBr(b->b, LLVMBuildAnd(b->b, failed, unexpected, ""), bad, fine);
    body_position(b, bad);
    LLVMValueRef args[] = {buskin_cg_text(b->u->cg, name, strlen(name)),
                           body_i64(b, (int64_t)strlen(name)),
                           pid,
                           status,
                           buskin_cg_text(b->u->cg, path, strlen(path)),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.line, 0),
                           LLVMConstInt(b->l->i32, (unsigned)b->pos.col, 0)};
    support_call(b, SKIT_FN_supervisor_failed, args, 7);
    LLVMBuildUnreachable(b->b);
    body_position(b, fine);
}

static LLVMValueRef supervisor_start_child(body *b, supervisor *s, LLVMValueRef *args) {
    buskin_cg_slot_t *slots;
    unsigned n = starter_slots(b->l, &s->children[0], &slots);
    LLVMValueRef *values = calloc((size_t)n + 1, sizeof *values), status = NULL;
    if (n > 0) values[0] = starter_mark(b->l, &s->children[0]);
    for (unsigned i = 1; i < n; i++) values[i] = args[i];
    LLVMValueRef pid = buskin_cg_start_child(b->u->cg, b->b, args[0], slots, values, n, &status);
    free(values);
    free(slots);
    if (pid == NULL) return LLVMGetPoison(b->l->i64);
    LLVMValueRef wide = LLVMBuildSExt(b->b, status, b->l->i64, "");
    supervisor_require(b, s, "start_child", args[0], wide, BUSKIN_ESTART);
    return pid;
}

/* fun is the type of the operation: (Pid, arguments...) -> result. */
LLVMValueRef supervisor_request(body *b, supervisor *s, supervisor_op_kind kind, type *fun, LLVMValueRef *args) {
    switch (kind) {
    case SUPERVISOR_START_CHILD: return supervisor_start_child(b, s, args);
    case SUPERVISOR_TERMINATE_CHILD: {
        LLVMValueRef status = body_runtime(b, "supervisor_terminate_child", args, 2);
        LLVMValueRef wide = LLVMBuildSExt(b->b, status, b->l->i64, "");
        supervisor_require(b, s, "terminate_child", args[0], wide, BUSKIN_ENOTFOUND);
        return LLVMBuildICmp(b->b, LLVMIntEQ, wide, body_i64(b, BUSKIN_OK), "");
    }
    case SUPERVISOR_COUNT_CHILDREN: {
        LLVMValueRef ask[] = {args[0], LLVMConstInt(b->l->i32, BUSKIN_COUNT_ALIVE, 0)};
        LLVMValueRef count = body_runtime(b, "supervisor_count_children", ask, 2);
        supervisor_require(b, s, "count_children", args[0], count, BUSKIN_OK);
        return count;
    }
    default: {
        LLVMValueRef eight = body_i64(b, 8), length = body_load(b, b->l->i64, args[1], 0);
        LLVMValueRef bytes = LLVMBuildInBoundsGEP2(b->b, b->l->i8, args[1], &eight, 1, "");
        LLVMValueRef pid = body_runtime(b, "supervisor_child", (LLVMValueRef[]){args[0], bytes, length}, 3);
        return supervisor_option(b, fun->args[2], pid);
    }
    }
}
