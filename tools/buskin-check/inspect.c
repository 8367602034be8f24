/* inspect.c - what the child does with a file: read, parse, verify, check. It may crash, hang or run out of memory in
 * LLVM; what it wrote until then is whole lines of JSON, the last of which says how it ended. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>

enum { DEBUG_LOCATION = 35 };

typedef struct inspection {
    const settings_t *settings;
    FILE *to;
    bool lost_debug_info;
} inspection_t;

/* -- Lines of JSON ------------------------------------------------------------------------------------------ */

static void put(FILE *to, json_t *line) {
    if (line) {
        json_dumpf(line, to, JSON_COMPACT);
        fputc('\n', to);
    }
    json_decref(line);
}

static void put_finding(void *data, const buskin_check_finding_t *f) {
    inspection_t *i = data;
    put(i->to, json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:i, s:i}", "rule", (int)f->rule, "severity", (int)f->severity,
                         "message", f->message, "function", f->function, "instruction", f->instruction, "file", f->file,
                         "line", (int)f->line, "column", (int)f->column));
}

/* LLVM's texts: the first line, printable. */
static void put_end(FILE *to, const char *why) {
    char line[512];
    size_t n = 0;
    while (*why == '\n') why++;
    for (; *why && *why != '\n' && n + 1 < sizeof line; why++) line[n++] = *why >= ' ' && *why <= '~' ? *why : '?';
    line[n] = 0;
    put(to, json_pack("{s:s}", "unusable", line));
    fflush(to);
}

/* -- Reading -------------------------------------------------------------------------------------------------- */

/* Not LLVMCreateMemoryBufferWithContentsOfFile: it waits for ever on a fifo, and calls a directory "Is a directory"
 * only on some systems. */
static LLVMMemoryBufferRef read_file(const char *path, FILE *to) {
    struct stat status;
    char *message = NULL;
    LLVMMemoryBufferRef buffer = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0) {
        put_end(to, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        put_end(to, S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file");
    } else if (LLVMCreateMemoryBufferWithContentsOfFile(path, &buffer, &message)) {
        put_end(to, message);
        LLVMDisposeMessage(message);
        buffer = NULL;
    }
    if (fd >= 0) close(fd);
    return buffer;
}

/* The reader drops debug info that does not verify and goes on: the sign of a call without a location (C35). */
static void diagnosed(LLVMDiagnosticInfoRef info, void *data) {
    inspection_t *i = data;
    char *text = LLVMGetDiagInfoDescription(info);
    if (strstr(text, "ignoring invalid debug info")) i->lost_debug_info = true;
    LLVMDisposeMessage(text);
}

static LLVMModuleRef parse(LLVMContextRef context, LLVMMemoryBufferRef buffer, FILE *to) {
    LLVMModuleRef module = NULL;
    char *message = NULL;
    if (!LLVMParseIRInContext(context, buffer, &module, &message)) return module;
    put_end(to, message && *message ? message : "it is not LLVM IR");
    LLVMDisposeMessage(message);
    return NULL;
}

static bool verifies(LLVMModuleRef module, FILE *to) {
    char *message = NULL;
    bool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
    if (broken) put_end(to, message);
    LLVMDisposeMessage(message);
    return !broken;
}

/* -- The check ------------------------------------------------------------------------------------------------- */

static void check(inspection_t *i, LLVMModuleRef module) {
    const buskin_check_sink_t sink = {put_finding, i};
    put(i->to, json_pack("{s:b}", "checking", 1));
    fflush(i->to);
    if (i->lost_debug_info)
        put_finding(i,
                    &(buskin_check_finding_t){
                        .rule = DEBUG_LOCATION,
                        .severity = buskin_check_rules[DEBUG_LOCATION - 1].severity,
                        .message = "LLVM drops this module's debug info, because it does not verify: a call without a "
                                   "location is the usual cause",
                        .function = "",
                        .instruction = "",
                        .file = ""});
    if (buskin_check_module(module, &i->settings->check, &sink) < 0)
        put_end(i->to, "no memory");
    else
        put(i->to, json_pack("{s:b}", "done", 1));
}

static FILE *errors_to;

static void died(const char *reason) {
    put_end(errors_to, reason);
    _exit(EXIT_UNUSABLE);
}

void inspect(const settings_t *settings, const char *path, FILE *to) {
    inspection_t i = {.settings = settings, .to = to};
    LLVMContextRef context = LLVMContextCreate();
    errors_to = to;
    LLVMInstallFatalErrorHandler(died);
    LLVMContextSetDiagnosticHandler(context, diagnosed, &i);
    LLVMMemoryBufferRef buffer = read_file(path, to);
    LLVMModuleRef module = buffer ? parse(context, buffer, to) : NULL;
    if (module && verifies(module, to)) check(&i, module);
    fflush(to);
}
