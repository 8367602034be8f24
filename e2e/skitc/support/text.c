/* text.c - text forms under construction, output, and panics with composed texts.
 *
 * Interpolation and to_string append the parts of a value to one growing buffer; the end copies them to a string
 * of the exact length. The buffer doubles, so a long text costs a constant number of copies per byte. The record
 * lies in the frame of compiled code, which names the parts in order; it may be begun again after its end.
 */
#include <string.h>

#include "skit.h"

SKIT_CODE void skit_text_begin(skit_text_t *t) { *t = (skit_text_t){0}; }

/* Makes room for n more bytes and answers where they go. */
SKIT_CODE static char *text_reserve(skit_text_t *t, uint64_t n) {
    uint64_t capacity = t->buffer != NULL ? t->buffer->length : 0;
    if (t->length + n > capacity) {
        uint64_t wanted = 2 * capacity > t->length + n ? 2 * capacity : t->length + n;
        skit_string_t *larger = skit_string_new(wanted < 56 ? 56 : wanted);
        if (t->length > 0) memcpy(larger->bytes, t->buffer->bytes, t->length);
        t->buffer = larger;
    }
    char *at = t->buffer->bytes + t->length;
    t->length += n;
    return at;
}

SKIT_CODE void skit_text_bytes(skit_text_t *t, const char *bytes, int64_t length) {
    if (length > 0) memcpy(text_reserve(t, (uint64_t)length), bytes, (size_t)length);
}

SKIT_CODE void skit_text_string(skit_text_t *t, const skit_string_t *s) {
    skit_text_bytes(t, s->bytes, (int64_t)s->length);
}

SKIT_CODE void skit_text_int(skit_text_t *t, int64_t i) {
    char digits[SKIT_INT_CHARS];
    skit_text_bytes(t, digits, (int64_t)skit_int_text(i, digits));
}

SKIT_CODE void skit_text_float(skit_text_t *t, double f) {
    char digits[SKIT_FLOAT_CHARS];
    skit_text_bytes(t, digits, (int64_t)skit_float_text(f, digits));
}

SKIT_CODE void skit_text_bool(skit_text_t *t, bool b) { skit_text_bytes(t, b ? "true" : "false", b ? 4 : 5); }

SKIT_CODE void skit_text_pid(skit_text_t *t, int64_t pid) {
    char digits[SKIT_INT_CHARS];
    size_t length = skit_pid_text((uint64_t)pid, digits);
    skit_text_bytes(t, "Pid(", 4);
    skit_text_bytes(t, digits, (int64_t)length);
    skit_text_bytes(t, ")", 1);
}

SKIT_CODE const skit_string_t *skit_text_end(skit_text_t *t) {
    return t->length > 0 ? skit_string_of(t->buffer->bytes, t->length) : skit_string_new(0);
}

SKIT_CODE const skit_string_t *skit_int_to_string(int64_t i) {
    char digits[SKIT_INT_CHARS];
    size_t length = skit_int_text(i, digits);
    return skit_string_of(digits, length);
}

SKIT_CODE const skit_string_t *skit_float_to_string(double f) {
    char digits[SKIT_FLOAT_CHARS];
    size_t length = skit_float_text(f, digits);
    return skit_string_of(digits, length);
}

/* -- Output: one call of the runtime per text, so that lines of several actors never mix ----------------------- */

SKIT_CODE void skit_print(const skit_string_t *s) { buskin_print(1, s->bytes, s->length); }

SKIT_CODE static void text_print_line(int32_t fd, const skit_string_t *s) {
    enum { SHORT = 256 };
    if (s->length < SHORT) {
        char line[SHORT];
        memcpy(line, s->bytes, s->length);
        line[s->length] = '\n';
        buskin_print(fd, line, s->length + 1);
        return;
    }
    skit_string_t *line = skit_string_new(s->length + 1);
    memcpy(line->bytes, s->bytes, s->length);
    line->bytes[s->length] = '\n';
    buskin_print(fd, line->bytes, line->length);
}

SKIT_CODE void skit_println(const skit_string_t *s) { text_print_line(1, s); }

SKIT_CODE void skit_eprintln(const skit_string_t *s) { text_print_line(2, s); }

/* -- Panics ---------------------------------------------------------------------------------------------------- */

SKIT_CODE void skit_panic(const skit_string_t *s, const char *file, uint32_t line, uint32_t col) {
    buskin_panic(s->bytes, s->length, file, line, col);
}

SKIT_CODE void skit_panic_index(int64_t index, const skit_list_t *xs, const char *file, uint32_t line, uint32_t col) {
    skit_text_t t;
    skit_text_begin(&t);
    skit_text_bytes(&t, "index ", 6);
    skit_text_int(&t, index);
    skit_text_bytes(&t, " out of bounds (length ", 23);
    skit_text_int(&t, skit_list_length(xs));
    skit_text_bytes(&t, ")", 1);
    skit_panic(skit_text_end(&t), file, line, col);
}
