/*
 * dump.c - the inferred signatures, for tests and for `skitc` users who wonder.
 *
 *     fn map(List<a>, Fun(a) -> b) -> List<b>
 *     fn ask(Pid<Msg>, Int) -> String receives String
 *     fn max(a, a) -> a where a: num data
 */
#include "front.h"

#include "frontend.h"

static void dump_params(program *p, type *const *params, int32_t n, FILE *out) {
    fputc('(', out);
    for (int32_t i = 0; i < n; i++) fprintf(out, "%s%s", i ? ", " : "", type_text(p, params[i]));
    fputc(')', out);
}

static void dump_constraints(program *p, const scheme *s, FILE *out) {
    static const char *const names[] = {"num", "cat", "data"};
    bool is_first = true;
    for (int32_t i = 0; i < s->nparams; i++) {
        if (!s->constraints[i]) continue;
        type param = {.kind = TYPE_PARAM, .index = i};
        fprintf(out, "%s%s:", is_first ? " where " : ", ", type_text(p, &param));
        for (int bit = 0; bit < 3; bit++)
            if (s->constraints[i] >> bit & 1) fprintf(out, " %s", names[bit]);
        is_first = false;
    }
    fputc('\n', out);
}

static void dump_function(program *p, const function *fn, FILE *out) {
    fprintf(out, "fn %s", fn->name);
    dump_params(p, fn->params, fn->nparams, out);
    fprintf(out, " -> %s", type_text(p, fn->result));
    if (fn->mailbox) fprintf(out, " receives %s", type_text(p, fn->mailbox));
    dump_constraints(p, fn->scheme, out);
}

static void dump_actor(program *p, const actor *a, FILE *out) {
    fprintf(out, "actor %s", a->name);
    dump_params(p, a->params, a->clause.nparams, out);
    fprintf(out, " receives %s", type_text(p, a->mailbox));
    dump_constraints(p, a->scheme, out);
}

static void dump_service(program *p, const service *s, FILE *out) {
    fprintf(out, "service %s", s->name);
    dump_params(p, s->init->params, s->init->nparams, out);
    fprintf(out, " keeps %s\n", type_text(p, s->state));
    for (int32_t i = 0; i < s->nhandlers; i++) {
        const handler *h = &s->handlers[i];
        fprintf(out, "  %s %s", h->is_call ? "call" : "cast", h->op);
        dump_params(p, h->params, h->clause.nparams, out);
        fprintf(out, " -> %s\n", type_text(p, h->reply));
    }
}

static void dump_supervisor(program *p, const supervisor *s, FILE *out) {
    fprintf(out, "supervisor %s\n", s->name);
    for (int32_t i = 0; i < s->nchildren; i++)
        fprintf(out, "  child %s %s\n", s->children[i].name, type_text(p, s->children[i].type));
}

static void dump_module(program *p, const module *m, FILE *out) {
    for (int32_t i = 0; i < m->nfunctions; i++) dump_function(p, m->functions[i], out);
    for (int32_t i = 0; i < m->nactors; i++) dump_actor(p, m->actors[i], out);
    for (int32_t i = 0; i < m->nservices; i++) dump_service(p, m->services[i], out);
    for (int32_t i = 0; i < m->nsupervisors; i++) dump_supervisor(p, m->supervisors[i], out);
}

void program_dump(program *p, FILE *out) {
    for (int32_t i = 0; i < p->nmodules; i++)
        if (!p->modules[i]->is_prelude) dump_module(p, p->modules[i], out);
}
