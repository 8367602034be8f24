/*
 * diag.c - a phase that finds an error records it and gives up the smallest thing around it that can be given up
 * (a file while parsing, a declaration or a component of functions later), by a jump to the innermost diag_try. So one
 * run reports one error of each, and no error follows from another.
 */
#include "frontend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

enum { MAX_PRINTED = 20, MAX_WIDTH = 160 };

typedef struct diag_frame {
    jmp_buf place;
    struct diag_frame *outer;
} diag_frame;

bool diag_try(front *f, void (*run)(front *f, void *arg), void *arg) {
    diag_frame frame;
    frame.outer = f->frame;
    if (setjmp(frame.place)) return false;
    f->frame = &frame;
    run(f, arg);
    f->frame = frame.outer;
    return true;
}

void diag_fail(front *f, pos at, diag_code number, const char *format, ...) {
    va_list args;
    char text[1024];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    diagnostic d = {at, number, arena_copy(&f->arena, text, strlen(text))};
    vec_push(&f->arena, f->diagnostics, d);
    diag_frame *frame = f->frame;
    f->frame = frame->outer;
    longjmp(frame->place, 1);
}

int diag_count(const front *f) { return f->diagnostics.n; }

/* -- Printing ------------------------------------------------------------------------------------------------ */

static int diag_order(const void *left, const void *right) {
    const diagnostic *a = left, *b = right;
    if (a->at.file != b->at.file) return a->at.file < b->at.file ? -1 : 1;
    if (a->at.line != b->at.line) return a->at.line < b->at.line ? -1 : 1;
    return (a->at.col > b->at.col) - (a->at.col < b->at.col);
}

static const char *line_start(const source_file *file, int32_t line) {
    const char *p = file->text, *end = file->text + file->len;
    for (int32_t i = 1; i < line && p < end; p++) {
        if (*p == '\n') i++;
        if (*p == '\r' && !(p + 1 < end && p[1] == '\n')) i++;
    }
    return p;
}

/* The line with a caret below; a long line is shown around the column. Control bytes show as `?`, tabs stay. */
static void print_line(FILE *out, const source_file *file, pos at) {
    if (!file->text) return;
    const char *line = line_start(file, at.line), *end = file->text + file->len, *stop = line;
    while (stop < end && *stop != '\n' && *stop != '\r') stop++;
    ptrdiff_t col = at.col - 1;
    if (col > stop - line) return;
    ptrdiff_t from = col > MAX_WIDTH / 2 ? col - MAX_WIDTH / 2 : 0;
    while (from && ((unsigned char)line[from] & 0xC0) == 0x80) from--;
    if (stop - line - from > MAX_WIDTH) stop = line + from + MAX_WIDTH;
    fputs("    ", out);
    for (const char *p = line + from; p < stop; p++) {
        unsigned char c = (unsigned char)*p;
        fputc((c < ' ' && c != '\t') || c == 127 ? '?' : c, out);
    }
    fputs("\n    ", out);
    for (const char *p = line + from; p < line + col; p++)
        if (*p == '\t')
            fputc('\t', out);
        else if (((unsigned char)*p & 0xC0) != 0x80)
            fputc(' ', out);
    fputs("^\n", out);
}

void diag_print(front *f, FILE *out) {
    if (f->diagnostics.n == 0) return;
    qsort(f->diagnostics.items, (size_t)f->diagnostics.n, sizeof(diagnostic), diag_order);
    for (int32_t i = 0; i < f->diagnostics.n && i < MAX_PRINTED; i++) {
        const diagnostic *d = &f->diagnostics.items[i];
        if (i && diag_order(d - 1, d) == 0) continue;
        const source_file *file = &f->program.files[d->at.file];
        fprintf(out, "%s:%d:%d: error[E%04d]: %s\n", file->path, d->at.line, d->at.col, d->code, d->text);
        print_line(out, file, d->at);
    }
    if (f->diagnostics.n > MAX_PRINTED) fprintf(out, "and %d more errors\n", f->diagnostics.n - MAX_PRINTED);
}
