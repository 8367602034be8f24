/* link.h - where outputs go: the temporary directory, the linker, running the program. */
#ifndef SKITC_LINK_H
#define SKITC_LINK_H

#include <stdbool.h>

/* A private directory for intermediate files. While it exists, SIGINT, SIGTERM and SIGHUP wait, so that every way
 * out passes workdir_remove. NULL after a message. */
const char *workdir_create(void);
void workdir_remove(void);
/* Ends the compiler by the signal that arrived meanwhile, if one did; the directory is removed first. */
void workdir_poll(void);

/* Links objects and the archives to an executable at path `out`; gc: with the second collector, if its archive is there.
 * 0, or 1 after a message. */
int link_program(const char *const *objects, int nobjects, bool gc, const char *out);

/* Replaces the compiler by the program at path, after the working directory is removed. argv[0] names the program.
 * Comes back only on failure, after a message. */
int link_run(const char *path, char *const *argv);

#endif
