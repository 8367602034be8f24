/* lower.c - the lowering's driver: units, the order of work, output.
 *
 * Lowering begins with main's actor and ends when the queue of instances is empty, so a function that nothing uses is
 * never compiled and a generic one once per vector of types.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Transforms/PassBuilder.h>

#include "lower.h"

/* -- Units --------------------------------------------------------------------------------------------------- */

static void unit_debug(unit *u) {
    lowering *l = u->l;
    u->debug = LLVMCreateDIBuilder(u->ir);
    u->debug_files = calloc((size_t)l->p->nfiles, sizeof *u->debug_files);
    for (int32_t i = 0; i < l->p->nfiles; i++) {
        const char *path = l->p->files[i].path;
        u->debug_files[i] = LLVMDIBuilderCreateFile(u->debug, path, strlen(path), ".", 1);
    }
    u->debug_unit = LLVMDIBuilderCreateCompileUnit(
        u->debug, LLVMDWARFSourceLanguageC11, u->debug_files[u->module->file], "skitc", 5, l->options.opt_level > 0, "",
        0, 0, "", 0, l->options.full_debug ? LLVMDWARFEmissionFull : LLVMDWARFEmissionLineTablesOnly, 0, 0, 0, "", 0,
        "", 0);
    LLVMAddModuleFlag(u->ir, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
                      LLVMValueAsMetadata(LLVMConstInt(l->i32, LLVMDebugMetadataVersion(), 0)));
    LLVMAddModuleFlag(u->ir, LLVMModuleFlagBehaviorWarning, "Dwarf Version", 13,
                      LLVMValueAsMetadata(LLVMConstInt(l->i32, 5, 0)));
}

static void unit_open(lowering *l, int32_t index) {
    unit *u = &l->units[index];
    u->l = l;
    u->module = l->p->modules[index];
    u->ir = LLVMModuleCreateWithNameInContext(u->module->name, l->context);
    const char *path = l->p->files[u->module->file].path;
    LLVMSetSourceFileName(u->ir, path, strlen(path));
    u->cg = buskin_cg_create(u->ir, &(buskin_cg_options_t){.opt_level = l->options.opt_level});
    unit_debug(u);
}

static int unit_report(const unit *u) {
    const char *error = buskin_cg_error(u->cg);
    if (error == NULL) return 0;
    fprintf(stderr, "skitc: internal error in the code of %s: %s\n", u->l->p->files[u->module->file].path, error);
    return 1;
}

static void unit_close(unit *u) {
    if (u->cg == NULL) return;
    buskin_cg_dispose(u->cg);
    LLVMDisposeDIBuilder(u->debug);
    LLVMDisposeModule(u->ir);
    for (int32_t i = 0; i < u->ninfos; i++) {
        free(u->infos[i].descs);
        free(u->infos[i].constants);
    }
    free(u->infos);
    free(u->debug_files);
}

/* -- The program ----------------------------------------------------------------------------------------------- */

static lowering *lowering_create(program *p, const lower_options *options) {
    lowering *l = calloc(1, sizeof *l);
    l->p = p;
    l->options = *options;
    l->context = LLVMContextCreate();
    l->i1 = LLVMInt1TypeInContext(l->context);
    l->i8 = LLVMInt8TypeInContext(l->context);
    l->i32 = LLVMInt32TypeInContext(l->context);
    l->i64 = LLVMInt64TypeInContext(l->context);
    l->f64 = LLVMDoubleTypeInContext(l->context);
    l->ptr = LLVMPointerTypeInContext(l->context, 0);
    l->nothing = LLVMVoidTypeInContext(l->context);
    l->values = calloc((size_t)p->nlocals + 1, sizeof(LLVMValueRef));
    l->queue_end = &l->queue;
    for (int32_t i = 0; i < p->nmodules; i++) {
        const module *m = p->modules[i];
        l->nunits += !m->is_prelude;
        for (int32_t k = 0; k < m->nactors; k++) l->has_terminate |= m->actors[k]->terminate != NULL;
    }
    l->units = calloc((size_t)l->nunits, sizeof *l->units);
    for (int32_t i = 0; i < l->nunits; i++) unit_open(l, i);
    return l;
}

lowering *lower_program(program *p, const lower_options *options) {
    lowering *l = lowering_create(p, options);
    lower_main_thunk(&l->units[0]);
    while (instance_lower_next(l)) continue;
    tail_conventions(l);
    int failures = 0;
    for (int32_t i = 0; i < l->nunits; i++) {
        LLVMDIBuilderFinalize(l->units[i].debug);
        failures += unit_report(&l->units[i]);
    }
    if (failures == 0) return l;
    lower_free(l);
    return NULL;
}

int lower_finish_unit(lowering *l, int32_t index) {
    unit *u = &l->units[index];
    if (buskin_cg_verify(u->cg) != 0) return unit_report(u);
    if (l->options.opt_level == 0) {
        /* Frames must stay small at every level: frame slots become values even where nothing else is done. */
        LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
        LLVMErrorRef error = LLVMRunPasses(u->ir, "function(sroa,simplifycfg)", NULL, options);
        LLVMDisposePassBuilderOptions(options);
        if (error != NULL) LLVMConsumeError(error);
    }
    buskin_cg_optimize(u->cg);
    return unit_report(u);
}

int lower_emit_unit(lowering *l, int32_t index, buskin_cg_output_t output, const char *path) {
    unit *u = &l->units[index];
    if (buskin_cg_emit_file(u->cg, output, path) == 0) return 0;
    fprintf(stderr, "skitc: cannot write %s: %s\n", path, buskin_cg_error(u->cg));
    return 1;
}

void lower_free(lowering *l) {
    if (l == NULL) return;
    for (int32_t i = 0; i < l->nunits; i++) unit_close(&l->units[i]);
    for (int i = 0; i < INSTANCE_BUCKETS; i++)
        for (instance *at = l->buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            free(at->name);
            free(at);
        }
    free(l->units);
    free(l->values);
    LLVMContextDispose(l->context);
    free(l);
}
