/* emit.c - verify, optimise, write.
 *
 *   optimize:  verify -> default<On> -> reduction checks
 *   emit:      verify -> text, bitcode, or code generation -> memory -> file
 *
 * Checks go in last: before default<O2> they cost eight times as much and keep loops from being vectorised. Output
 * is made in memory and written in one piece, so that a full disk is an error and no half file is left behind.
 */
#include "cg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Transforms/PassBuilder.h>

/* -- Verify -------------------------------------------------------------------------------------------- */

static bool has_machine(buskin_cg_t *cg, const char *who) {
    if (cg->machine && cg->table) return true;
    return cg_fail(cg, "%s: buskin_cg_create has failed", who), false;
}

int buskin_cg_verify(buskin_cg_t *cg) {
    char *message = NULL;
    if (!has_machine(cg, "verify")) return -1;
    if (LLVMVerifyModule(cg->module, LLVMReturnStatusAction, &message))
        return cg_fail_taken(cg, "the module is not valid", message);
    LLVMDisposeMessage(message);
    return 0;
}

/* -- Optimise ------------------------------------------------------------------------------------------ */

static int run_passes(buskin_cg_t *cg) {
    char pipeline[] = "default<O0>";
    pipeline[9] = (char)('0' + cg->opt_level);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopInterleaving(options, cg->opt_level >= 2);
    LLVMPassBuilderOptionsSetLoopUnrolling(options, cg->opt_level >= 2);
    LLVMPassBuilderOptionsSetLoopVectorization(options, cg->opt_level >= 2);
    LLVMPassBuilderOptionsSetSLPVectorization(options, cg->opt_level >= 2);
    LLVMErrorRef error = LLVMRunPasses(cg->module, pipeline, cg->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error) return 0;
    char *message = LLVMGetErrorMessage(error);
    int status = cg_fail(cg, "optimize: %s", message);
    LLVMDisposeErrorMessage(message);
    return status;
}

int buskin_cg_optimize(buskin_cg_t *cg) {
    if (cg->error) return -1;
    if (!cg_ready(cg, "optimize") || buskin_cg_verify(cg)) return -1;
    cg_thunks_finish(cg);
    if (run_passes(cg)) return -1;
    if (!cg->no_checks && buskin_cg_insert_checks(cg) < 0) return -1;
    cg->optimized = true;
    return 0;
}

/* -- Emission to memory -------------------------------------------------------------------------------- */

static bool has_unchecked_code(buskin_cg_t *cg) {
    for (LLVMValueRef f = LLVMGetFirstFunction(cg->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f) && cg_is_actor_code(f)) return true;
    return false;
}

static LLVMMemoryBufferRef emit_text(buskin_cg_t *cg) {
    char *text = LLVMPrintModuleToString(cg->module);
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "module");
    LLVMDisposeMessage(text);
    return buffer;
}

/* What LLVM would print and exit for (an inline assembler text that does not assemble, say) becomes the error. */
static void diagnosed(LLVMDiagnosticInfoRef info, void *at) {
    buskin_cg_t *cg = at;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError) return;
    char *text = LLVMGetDiagInfoDescription(info);
    cg_fail(cg, "code generation: %s", text);
    LLVMDisposeMessage(text);
}

static LLVMMemoryBufferRef emit_code(buskin_cg_t *cg, LLVMCodeGenFileType type) {
    char *message = NULL;
    LLVMMemoryBufferRef buffer = NULL;
    LLVMDiagnosticHandler handler = LLVMContextGetDiagnosticHandler(cg->context);
    void *handler_data = LLVMContextGetDiagnosticContext(cg->context);
    LLVMContextSetDiagnosticHandler(cg->context, diagnosed, cg);
    if (LLVMTargetMachineEmitToMemoryBuffer(cg->machine, cg->module, type, &message, &buffer)) {
        cg_fail_taken(cg, "code generation", message);
        buffer = NULL;
    }
    LLVMContextSetDiagnosticHandler(cg->context, handler, handler_data);
    if (cg->error && buffer) LLVMDisposeMemoryBuffer(buffer);
    return cg->error ? NULL : buffer;
}

LLVMMemoryBufferRef buskin_cg_emit_memory(buskin_cg_t *cg, buskin_cg_output_t output) {
    if (cg->error || !has_machine(cg, "emit") || buskin_cg_verify(cg)) return NULL;
    bool code = output == BUSKIN_CG_OBJECT || output == BUSKIN_CG_ASSEMBLY;
    if (code && !cg->checked && !cg->no_checks && has_unchecked_code(cg))
        return cg_fail(cg, "emit: actor code without reduction checks; run optimize or insert_checks"), NULL;
    switch (output) {
    case BUSKIN_CG_LL: return emit_text(cg);
    case BUSKIN_CG_BC: return LLVMWriteBitcodeToMemoryBuffer(cg->module);
    case BUSKIN_CG_OBJECT: return emit_code(cg, LLVMObjectFile);
    case BUSKIN_CG_ASSEMBLY: return emit_code(cg, LLVMAssemblyFile);
    }
    return cg_fail(cg, "emit: unknown output %u", (unsigned)output), NULL;
}

/* -- Emission to a file -------------------------------------------------------------------------------- */

/* Only what we made: a device that refused the bytes stays. */
static void remove_regular(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) unlink(path);
}

static int write_file(buskin_cg_t *cg, LLVMMemoryBufferRef buffer, const char *path) {
    size_t size = LLVMGetBufferSize(buffer);
    FILE *file = fopen(path, "wb");
    if (!file) return cg_fail(cg, "cannot write %s: %s", path, strerror(errno));
    bool whole = fwrite(LLVMGetBufferStart(buffer), 1, size, file) == size;
    int first = whole ? 0 : errno;
    bool closed = fclose(file) == 0;
    if (whole && closed) return 0;
    cg_fail(cg, "cannot write %s: %s", path, strerror(whole ? errno : first));
    remove_regular(path);
    return -1;
}

int buskin_cg_emit_file(buskin_cg_t *cg, buskin_cg_output_t output, const char *path) {
    LLVMMemoryBufferRef buffer = buskin_cg_emit_memory(cg, output);
    if (!buffer) return -1;
    int status = write_file(cg, buffer, path);
    LLVMDisposeMemoryBuffer(buffer);
    return status;
}
