/* cg.c - the handle: target, table, errors, memory that lives as long as it does.
 *
 * The table of the ABI is parsed from its LLVM text once per handle, in the module's context, because attribute
 * numbers and encodings differ between versions of LLVM while the text is upgraded; types are unique per
 * context, so a comparison of types is a comparison of pointers.
 */
#define _GNU_SOURCE /* vasprintf */
#include "cg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/IRReader.h>

struct cg_kept {
    struct cg_kept *next;
    _Alignas(max_align_t) char bytes[];
};

/* -- Errors and memory --------------------------------------------------------------------------------- */

int cg_fail(buskin_cg_t *cg, const char *format, ...) {
    if (cg->error) return -1;
    va_list args;
    va_start(args, format);
    if (vasprintf(&cg->error, format, args) < 0) cg->error = NULL;
    va_end(args);
    return -1;
}

int cg_fail_taken(buskin_cg_t *cg, const char *what, char *message) {
    cg_fail(cg, "%s: %s", what, message && *message ? message : "no reason given by LLVM");
    LLVMDisposeMessage(message);
    return -1;
}

void *cg_keep(buskin_cg_t *cg, size_t bytes) {
    struct cg_kept *kept = calloc(1, sizeof *kept + bytes);
    if (!kept) return cg_fail(cg, "no memory"), NULL;
    kept->next = cg->kept;
    cg->kept = kept;
    return kept->bytes;
}

char *cg_keep_text(buskin_cg_t *cg, const char *text) {
    char *copy = cg_keep(cg, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

bool cg_ready(buskin_cg_t *cg, const char *who) {
    if (!cg->table || !cg->data) return cg_fail(cg, "%s: buskin_cg_create has failed", who), false;
    if (cg->optimized || cg->checked)
        return cg_fail(cg, "%s: the module is finished; nothing may be built after optimize", who), false;
    return true;
}

const char *buskin_cg_error(const buskin_cg_t *cg) { return cg ? cg->error : "no memory"; }

void buskin_cg_clear_error(buskin_cg_t *cg) {
    free(cg->error);
    cg->error = NULL;
}

LLVMTargetDataRef buskin_cg_target_data(const buskin_cg_t *cg) { return cg->data; }

/* -- Target -------------------------------------------------------------------------------------------- */

/* The host's target alone is set up unless another is asked for: that takes a tenth of the time. */
static void target_register(bool all) {
    if (all) {
        LLVMInitializeAllTargetInfos();
        LLVMInitializeAllTargets();
        LLVMInitializeAllTargetMCs();
        LLVMInitializeAllAsmPrinters();
        LLVMInitializeAllAsmParsers();
    } else {
        LLVMInitializeNativeTarget();
        LLVMInitializeNativeAsmPrinter();
        LLVMInitializeNativeAsmParser();
    }
}

static bool is_x86_64_elf(const char *triple) {
    return strncmp(triple, "x86_64", 6) == 0 && !strstr(triple, "windows") && !strstr(triple, "win32") &&
           !strstr(triple, "apple") && !strstr(triple, "darwin") && !strstr(triple, "macho");
}

static int target_create(buskin_cg_t *cg, const buskin_cg_options_t *options, const char *triple) {
    char *message = NULL;
    LLVMTargetRef target;
    target_register(options->triple != NULL);
    if (LLVMGetTargetFromTriple(triple, &target, &message)) return cg_fail_taken(cg, triple, message);
    bool x86 = strncmp(triple, "x86_64", 6) == 0;
    const char *cpu = options->cpu ? options->cpu : x86 ? "x86-64" : "generic";
    const char *features = options->features ? options->features : "";
    cg->machine = LLVMCreateTargetMachine(target, triple, cpu, features, (LLVMCodeGenOptLevel)cg->opt_level,
                                          LLVMRelocPIC, LLVMCodeModelDefault);
    if (!cg->machine) return cg_fail(cg, "LLVM has no code generator for %s", triple);
    cg->data = LLVMCreateTargetDataLayout(cg->machine);
    cg->inline_context = options->mode == BUSKIN_CG_AOT && is_x86_64_elf(triple);
    return 0;
}

/* A module that has a layout already must have ours: sizes that the front end computed hold for that one. */
static int target_apply(buskin_cg_t *cg, const char *triple) {
    char *layout = LLVMCopyStringRepOfTargetData(cg->data);
    const char *old = LLVMGetDataLayoutStr(cg->module);
    int status = 0;
    if (*old && strcmp(old, layout) != 0)
        status = cg_fail(cg, "the module has data layout \"%s\", the target has \"%s\"", old, layout);
    LLVMDisposeMessage(layout);
    if (status) return status;
    LLVMSetModuleDataLayout(cg->module, cg->data);
    LLVMSetTarget(cg->module, triple);
    return 0;
}

static int target_open(buskin_cg_t *cg, const buskin_cg_options_t *options) {
    char *host = options->triple ? NULL : LLVMGetDefaultTargetTriple();
    const char *triple = host ? host : options->triple;
    int status = target_create(cg, options, triple);
    if (!status) status = target_apply(cg, triple);
    if (host) LLVMDisposeMessage(host);
    return status;
}

/* -- The table, and what the module says about itself ---------------------------------------------------- */

static int table_parse(buskin_cg_t *cg) {
    size_t length = abi_declarations(NULL, 0);
    char *text = malloc(length + 1), *message = NULL;
    if (!text) return cg_fail(cg, "no memory");
    abi_declarations(text, length + 1);
    /* the parser takes the buffer over, and wants it NUL-terminated */
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, length, "abi.def");
    free(text);
    if (!LLVMParseIRInContext(cg->context, buffer, &cg->table, &message)) return 0;
    cg->table = NULL;
    return cg_fail_taken(cg, "the table of the ABI", message);
}

static int abi_flag(buskin_cg_t *cg) {
    const char key[] = "buskin.abi";
    uint64_t epoch = BUSKIN_ABI_MAJOR << 16 | BUSKIN_ABI_MINOR;
    LLVMMetadataRef old = LLVMGetModuleFlag(cg->module, key, sizeof key - 1);
    LLVMMetadataRef now = LLVMValueAsMetadata(cg_int(cg->type_i32, epoch));
    if (old && old != now) return cg_fail(cg, "the module was built for another epoch of the ABI");
    if (!old) LLVMAddModuleFlag(cg->module, LLVMModuleFlagBehaviorError, key, sizeof key - 1, now);
    cg->checked = LLVMGetModuleFlag(cg->module, "buskin.checks", 13) != NULL;
    return 0;
}

/* -- Create and dispose ---------------------------------------------------------------------------------- */

static void types_set(buskin_cg_t *cg) {
    cg->type_void = LLVMVoidTypeInContext(cg->context);
    cg->type_ptr = LLVMPointerTypeInContext(cg->context, 0);
    cg->type_i1 = LLVMInt1TypeInContext(cg->context);
    cg->type_i8 = LLVMInt8TypeInContext(cg->context);
    cg->type_i16 = LLVMInt16TypeInContext(cg->context);
    cg->type_i32 = LLVMInt32TypeInContext(cg->context);
    cg->type_i64 = LLVMInt64TypeInContext(cg->context);
}

static int open_parts(buskin_cg_t *cg, const buskin_cg_options_t *options) {
    if (options->opt_level > 3) return cg_fail(cg, "optimisation level %u: it is 0 to 3", options->opt_level);
    cg->opt_level = options->opt_level;
    cg->no_checks = options->no_checks;
    cg->write_hook = options->write_hook;
    cg->prefix = cg_keep_text(cg, options->prefix ? options->prefix : abi_prefix);
    if (!cg->prefix || target_open(cg, options) || table_parse(cg)) return -1;
    return abi_flag(cg);
}

buskin_cg_t *buskin_cg_create(LLVMModuleRef module, const buskin_cg_options_t *options) {
    buskin_cg_t *cg = calloc(1, sizeof *cg);
    if (!cg) return NULL;
    cg->module = module;
    cg->context = LLVMGetModuleContext(module);
    types_set(cg);
    open_parts(cg, options ? options : &(buskin_cg_options_t){0});
    return cg;
}

void buskin_cg_dispose(buskin_cg_t *cg) {
    if (!cg) return;
    if (cg->table) LLVMDisposeModule(cg->table);
    if (cg->data) LLVMDisposeTargetData(cg->data);
    if (cg->machine) LLVMDisposeTargetMachine(cg->machine);
    for (struct cg_kept *kept = cg->kept, *next; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
    map_free(&cg->constants);
    free(cg->error);
    free(cg);
}
