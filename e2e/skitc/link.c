/* link.c - where outputs go: the temporary directory, the linker, running the program.
 *
 * Nothing may be left behind, also when a signal ends the compiler. So all intermediate files lie in one private
 * directory, and the signals that end a compiler are blocked while it exists: compilation is short, and the
 * driver asks for them between its phases. The linker runs with the signals unblocked and its own temporary
 * files in the same directory. `run` opens the finished program, removes the directory and executes the open file: the
 * program then is the compiler's process, so signals, standard streams and status need no forwarding.
 *
 * The archives are found beside the compiler (../lib), or in the directory BUSKIN_LIB. An archive of another epoch
 * lacks the epoch symbol that emitted thunks load, which the linker reports as undefined; link_explain turns
 * that into a sentence.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi_table.h"
#include "link.h"

extern char **environ;

/* How programs are linked: with the compiler and the sanitizer that the archives were built with. */
#ifndef SKITC_CC
#define SKITC_CC "cc"
#endif
#ifndef SKITC_LINK_FLAGS
#define SKITC_LINK_FLAGS ""
#endif

/* -- The working directory -------------------------------------------------------------------------------------- */

static char workdir[PATH_MAX];
static sigset_t workdir_old_mask;

const char *workdir_create(void) {
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0') base = "/tmp";
    if (snprintf(workdir, sizeof workdir, "%s/skitc-XXXXXX", base) >= (int)sizeof workdir) {
        fprintf(stderr, "skitc: TMPDIR is too long\n");
        workdir[0] = '\0';
        return NULL;
    }
    sigset_t deadly;
    sigemptyset(&deadly);
    sigaddset(&deadly, SIGINT);
    sigaddset(&deadly, SIGTERM);
    sigaddset(&deadly, SIGHUP);
    sigprocmask(SIG_BLOCK, &deadly, &workdir_old_mask);
    if (mkdtemp(workdir) == NULL) {
        fprintf(stderr, "skitc: cannot make a directory in %s: %s\n", base, strerror(errno));
        workdir[0] = '\0';
        sigprocmask(SIG_SETMASK, &workdir_old_mask, NULL);
        return NULL;
    }
    return workdir;
}

void workdir_remove(void) {
    if (workdir[0] == '\0') return;
    DIR *dir = opendir(workdir);
    if (dir != NULL) {
        for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
    }
    rmdir(workdir);
    workdir[0] = '\0';
    sigprocmask(SIG_SETMASK, &workdir_old_mask, NULL); /* a signal that waited ends the compiler here */
}

void workdir_poll(void) {
    sigset_t pending;
    sigpending(&pending);
    if (!sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM) && !sigismember(&pending, SIGHUP)) return;
    workdir_remove();
    exit(1);
}

/* -- The linker ------------------------------------------------------------------------------------------------- */

/* Writes DIR/name to path, where DIR is BUSKIN_LIB or the compiler's ../lib. Whether it can be read. */
static bool link_archive(const char *name, char path[PATH_MAX]) {
    const char *given = getenv("BUSKIN_LIB");
    char dir[PATH_MAX];
    if (given != NULL && given[0] != '\0') {
        snprintf(dir, sizeof dir, "%s", given);
    } else {
        ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - sizeof "/../lib");
        if (n < 0) n = 0;
        dir[n] = '\0';
        char *slash = strrchr(dir, '/');
        snprintf(slash != NULL ? slash : dir, sizeof "/../lib", "/../lib");
    }
    return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX && access(path, R_OK) == 0;
}

/* The same; 0, or 1 after a message. */
static int link_find_archive(const char *name, char path[PATH_MAX]) {
    if (link_archive(name, path)) return 0;
    fprintf(stderr, "skitc: cannot read %s: %s (BUSKIN_LIB names the directory of the archives)\n", path,
            strerror(errno));
    return 1;
}

/* Runs the linker with its messages in the file `log`. Its wait status, or -1 after a message. */
static int link_spawn(char *const *argv, const char *log) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &workdir_old_mask);
    char *tmpdir = getenv("TMPDIR") != NULL ? strdup(getenv("TMPDIR")) : NULL;
    setenv("TMPDIR", workdir, 1);
    pid_t child;
    int error = posix_spawnp(&child, argv[0], &files, &attributes, argv, environ);
    if (tmpdir != NULL)
        setenv("TMPDIR", tmpdir, 1);
    else
        unsetenv("TMPDIR");
    free(tmpdir);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
        fprintf(stderr, "skitc: cannot run the linker driver `%s`: %s\n", argv[0], strerror(error));
        return -1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return status;
}

/* Says why the link failed. */
static void link_explain(const char *log, const char *archive) {
    FILE *file = fopen(log, "r");
    char line[4096];
    bool epoch = false;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        epoch |= strstr(line, "undefined reference") != NULL && strstr(line, abi_epoch_symbol) != NULL;
    if (epoch)
        fprintf(stderr, "skitc: %s is of another ABI epoch than this compiler, which needs `%s`\n", archive,
                abi_epoch_symbol);
    else
        fprintf(stderr, "skitc: the link failed\n");
    if (file == NULL) return;
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) fputs(line, stderr);
    fclose(file);
}

int link_program(const char *const *objects, int nobjects, bool gc, const char *out) {
    char buskin[PATH_MAX], skit[PATH_MAX], second[PATH_MAX], log[PATH_MAX + 8];
    if (link_find_archive("libbuskin.a", buskin) != 0 || link_find_archive("libskit.a", skit) != 0) return 1;
    char **argv = calloc((size_t)nobjects + 16, sizeof *argv);
    int n = 0;
    argv[n++] = SKITC_CC;
    if (SKITC_LINK_FLAGS[0] != '\0') argv[n++] = SKITC_LINK_FLAGS;
    argv[n++] = "-o";
    argv[n++] = (char *)(size_t)out;
    for (int i = 0; i < nobjects; i++) argv[n++] = (char *)(size_t)objects[i];
    argv[n++] = skit;
    argv[n++] = buskin;
    if (gc && link_archive("libbuskin-gc.a", second)) { /* libbuskin.a refers to it weakly, so it must be asked for */
        argv[n++] = "-Wl,-u,buskin_gc_backend";
        argv[n++] = second;
        argv[n++] = "-lgc";
    }
    argv[n++] = "-pthread";
    argv[n++] = "-lm";
    snprintf(log, sizeof log, "%s/log", workdir);
    int status = link_spawn(argv, log);
    free(argv);
    if (status == 0) return 0;
    workdir_poll();
    if (status != -1) link_explain(log, buskin);
    return 1;
}

int link_run(const char *path, char *const *argv) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "skitc: cannot open the program: %s\n", strerror(errno));
        return 1;
    }
    workdir_remove();
    fexecve(fd, argv, environ);
    fprintf(stderr, "skitc: cannot run the program: %s\n", strerror(errno));
    close(fd);
    return 1;
}
