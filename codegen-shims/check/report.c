/* report.c - from a rule's words to a finding: where it is, and the texts in a form that any output can carry.
 *
 * LLVM names may hold any bytes. What is not printable ASCII or valid UTF-8 becomes \XX, as LLVM itself writes it.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Printing an instruction makes LLVM number the whole function; enough for a reader, then only names. */
enum { TEXT_MAX = 1024, TEXTS = 200 };

/* -- Clean text ---------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at s, 0 when it is none. */
static size_t utf8_length(const unsigned char *s) {
    size_t n = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : s[0] >= 0xE1 && s[0] <= 0xEC ? 3 : 0;
    if (s[0] >= 0xF1 && s[0] <= 0xF3) n = 4;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    return n;
}

static void clean(char *to, size_t room, const char *from) {
    size_t at = 0;
    while (*from == ' ') from++;
    while (*from && at + 8 < room) {
        size_t n = utf8_length((const unsigned char *)from);
        if (n) {
            memcpy(to + at, from, n);
            at += n;
            from += n;
        } else if (*from >= ' ' && *from <= '~') {
            to[at++] = *from++;
        } else {
            at += (size_t)snprintf(to + at, 4, *from == '\n' ? " " : "\\%02X", (unsigned char)*from);
            from++;
        }
    }
    if (*from) at += (size_t)snprintf(to + at, 4, "...");
    to[at] = 0;
}

/* -- Where --------------------------------------------------------------------------------------------- */

typedef struct where {
    char function[TEXT_MAX], instruction[TEXT_MAX], file[TEXT_MAX];
    unsigned line, column;
} where_t;

static void where_name(LLVMValueRef value, where_t *w) {
    size_t length;
    clean(w->function, sizeof w->function, LLVMGetValueName2(value, &length));
}

static void where_source(LLVMValueRef value, where_t *w) {
    unsigned directory_length = 0, file_length = 0;
    const char *file = LLVMGetDebugLocFilename(value, &file_length);
    const char *directory = LLVMGetDebugLocDirectory(value, &directory_length);
    char path[TEXT_MAX];
    if (!file || !file_length) return;
    bool join = directory && directory_length && file[0] != '/';
    snprintf(path, sizeof path, "%.*s%s%.*s", join ? (int)directory_length : 0, join ? directory : "", join ? "/" : "",
             (int)file_length, file);
    clean(w->file, sizeof w->file, path);
    w->line = LLVMGetDebugLocLine(value);
    if (LLVMIsAInstruction(value)) w->column = LLVMGetDebugLocColumn(value);
}

static void where_text(check_t *c, LLVMValueRef instruction, where_t *w) {
    if (c->texts++ >= TEXTS) return;
    char *text = LLVMPrintValueToString(instruction);
    clean(w->instruction, sizeof w->instruction, text);
    LLVMDisposeMessage(text);
}

static void where_is(check_t *c, LLVMValueRef at, where_t *w) {
    w->function[0] = w->instruction[0] = w->file[0] = 0;
    w->line = w->column = 0;
    if (!at) return;
    if (LLVMIsAInstruction(at)) {
        where_name(LLVMGetBasicBlockParent(LLVMGetInstructionParent(at)), w);
        where_text(c, at, w);
        where_source(at, w);
    } else if (LLVMIsAFunction(at) || LLVMIsAGlobalVariable(at)) {
        where_name(at, w);
        where_source(at, w);
    } else if (LLVMIsAArgument(at)) {
        where_name(LLVMGetParamParent(at), w);
    }
}

/* -- Reports ------------------------------------------------------------------------------------------- */

static void emit(check_t *c, unsigned rule, buskin_check_severity_t severity, LLVMValueRef at, const char *format,
                 va_list arguments) {
    char raw[TEXT_MAX], message[TEXT_MAX];
    where_t where;
    vsnprintf(raw, sizeof raw, format, arguments);
    clean(message, sizeof message, raw);
    where_is(c, at, &where);
    if (severity >= BUSKIN_CHECK_WARNING) c->findings++;
    const buskin_check_finding_t finding = {.rule = rule,
                                            .severity = severity,
                                            .message = message,
                                            .function = where.function,
                                            .instruction = where.instruction,
                                            .file = where.file,
                                            .line = where.line,
                                            .column = where.column};
    if (c->sink && c->sink->finding) c->sink->finding(c->sink->data, &finding);
}

void report(check_t *c, unsigned rule, LLVMValueRef at, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    emit(c, rule, buskin_check_rules[rule - 1].severity, at, format, arguments);
    va_end(arguments);
}

void report_unknown(check_t *c, unsigned rule, LLVMValueRef at, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    emit(c, rule, BUSKIN_CHECK_UNKNOWN, at, format, arguments);
    va_end(arguments);
}

void report_note(check_t *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    emit(c, 0, BUSKIN_CHECK_NOTE, NULL, format, arguments);
    va_end(arguments);
}

/* -- Lines --------------------------------------------------------------------------------------------- */

const char *buskin_check_severity_name(buskin_check_severity_t severity) {
    static const char *const names[] = {"note", "unknown", "warning", "error"};
    return names[severity & 3];
}

size_t buskin_check_line(const buskin_check_finding_t *f, char *text, size_t size) {
    char rule[64] = "", column[16] = "", source[TEXT_MAX + 32] = "";
    const buskin_check_rule_t *r = f->rule ? &buskin_check_rules[f->rule - 1] : NULL;
    if (r) snprintf(rule, sizeof rule, " [C%u %s]", r->number, r->name);
    if (f->column) snprintf(column, sizeof column, ":%u", f->column);
    if (f->file[0]) snprintf(source, sizeof source, " (%s:%u%s)", f->file, f->line, column);
    int n = snprintf(text, size, "%s%s%s%s%s %s%s", buskin_check_severity_name(f->severity), rule,
                     f->function[0] ? " in " : "", f->function, ":", f->message, source);
    return n < 0 ? 0 : (size_t)n;
}
