/* check.c - the end of the process on a broken invariant: one line, then abort. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void bug(const char *file, int line, const char *what) {
    fprintf(stderr, "buskin: internal error at %s:%d: %s\n", file, line, what);
    abort();
}
