/*
 * skit_source.h - for tests of the front end: programs given as text, their diagnostics or signatures as text.
 */
#ifndef SKIT_SOURCE_H
#define SKIT_SOURCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "front.h"

typedef struct source_text {
    const char *name; /* `main.skit` */
    const char *text;
    size_t len;
} source_text;

/* A directory of its own, and the path of each file in it. */
static char source_dir[] = "/tmp/skit-front-XXXXXX";

/* The real prelude, so that built-in functions are what they are for users. */
static char source_prelude[1 << 16];

static inline int source_begin(void **state) {
    (void)state;
    FILE *in = fopen(TEST_SOURCE_DIR "/e2e/skitc/prelude.skit", "rb");
    if (!in) return -1;
    size_t len = fread(source_prelude, 1, sizeof source_prelude - 1, in);
    fclose(in);
    return len > 0 && mkdtemp(source_dir) ? 0 : -1;
}

static inline int source_end(void **state) {
    (void)state;
    return rmdir(source_dir);
}

static inline void source_write(const char *path, const source_text *s) {
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(s->text, 1, s->len, out), s->len);
    assert_int_equal(fclose(out), 0);
}

/* Compiles the files; the caller frees the result: signatures, or diagnostics without the directory. */
static inline char *source_check(const source_text *files, int n, int *ok) {
    char paths[4][64], *text = NULL;
    const char *list[4];
    size_t len;
    assert_true(n <= 4);
    for (int i = 0; i < n; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", source_dir, files[i].name);
        source_write(list[i] = paths[i], &files[i]);
    }
    FILE *out = open_memstream(&text, &len);
    program *p = skit_front(list, n, source_prelude, out);
    *ok = p != NULL;
    if (p) program_dump(p, out);
    if (p) program_free(p);
    fclose(out);
    for (int i = 0; i < n; i++) unlink(paths[i]);
    size_t skip = strlen(source_dir) + 1;
    bool has_dir = strncmp(text, source_dir, skip - 1) == 0;
    if (has_dir) memmove(text, text + skip, strlen(text + skip) + 1);
    return text;
}

static inline char *source_check_one(const char *program_text, size_t len, int *ok) {
    source_text s = {"p.skit", program_text, len};
    return source_check(&s, 1, ok);
}

#endif
