/* main.c - skitc, the compiler driver.
 *
 *   skitc build FILE.skit... [-o OUT] [-O0..-O3] [-g] [--no-gc]        an executable; OUT is the first file's name
 *   skitc run   FILE.skit... [-O0..-O3] [-g] [--no-gc] [--] [ARG...]   the same, run at once; nothing stays behind
 *   skitc emit  FILE.skit... [-o OUT] [--emit=ll|bc|obj] [-O0..-O3]    one output per file
 *
 * --no-gc leaves libbuskin-gc.a and libgc out of the program.
 *
 * Exit status: 0, 1 after an error in the program or in linking, 2 for a usage error; of `run` the program's own.
 * Outputs are written in a private directory and moved to their place when all is well, so an error never
 * leaves half an output or replaces an old one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front.h"
#include "link.h"
#include "lower.h"

static const char prelude[] =
#include "prelude.inc"
    ;

static const char usage[] = "usage: skitc build FILE.skit... [-o OUT] [-O0..-O3] [-g] [--no-gc]\n"
                            "       skitc run   FILE.skit... [-O0..-O3] [-g] [--no-gc] [--] [ARG...]\n"
                            "       skitc emit  FILE.skit... [-o OUT] [--emit=ll|bc|obj] [-O0..-O3] [-g]\n";

typedef enum command { COMMAND_BUILD, COMMAND_RUN, COMMAND_EMIT } command;

typedef struct request {
    command command;
    const char **files;
    int nfiles;
    const char *out; /* NULL: named after the first file */
    buskin_cg_output_t output;
    lower_options options;
    bool no_gc;  /* link without the second collector */
    char **args; /* of the program: what follows the files */
    int nargs;
} request;

/* -- The command line ------------------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) _Noreturn static void usage_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("skitc: ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n%s", usage);
    va_end(args);
    exit(2);
}

static bool is_source(const char *arg) {
    const char *dot = strrchr(arg, '.');
    return dot != NULL && (strcmp(dot, ".skit") == 0 || strcmp(dot, ".mpl") == 0);
}

/* The last part of a path without its extension. */
static char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot != NULL) *dot = '\0';
    return name;
}

static command parse_command(const char *word) {
    if (strcmp(word, "build") == 0) return COMMAND_BUILD;
    if (strcmp(word, "run") == 0) return COMMAND_RUN;
    if (strcmp(word, "emit") == 0) return COMMAND_EMIT;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        fputs(usage, stdout);
        exit(0);
    }
    usage_error("unknown command `%s`", word);
}

static void parse_emit(request *r, const char *format) {
    if (r->command != COMMAND_EMIT) usage_error("--emit belongs to `skitc emit`");
    if (strcmp(format, "ll") == 0)
        r->output = BUSKIN_CG_LL;
    else if (strcmp(format, "bc") == 0)
        r->output = BUSKIN_CG_BC;
    else if (strcmp(format, "obj") == 0)
        r->output = BUSKIN_CG_OBJECT;
    else
        usage_error("--emit takes ll, bc or obj, not `%s`", format);
}

/* One option at argv[i]; answers how many words it took. */
static int parse_option(request *r, int argc, char **argv, int i) {
    const char *arg = argv[i];
    if (strcmp(arg, "-o") == 0) {
        if (r->command == COMMAND_RUN) usage_error("-o does not belong to `skitc run`");
        if (i + 1 >= argc || argv[i + 1][0] == '\0') usage_error("-o needs a file name");
        r->out = argv[i + 1];
        return 2;
    }
    if (strncmp(arg, "-O", 2) == 0 && arg[2] >= '0' && arg[2] <= '3' && arg[3] == '\0')
        r->options.opt_level = (unsigned)(arg[2] - '0');
    else if (strcmp(arg, "-g") == 0)
        r->options.full_debug = true;
    else if (strcmp(arg, "--no-gc") == 0 && r->command != COMMAND_EMIT)
        r->no_gc = true;
    else if (strncmp(arg, "--emit=", 7) == 0)
        parse_emit(r, arg + 7);
    else
        usage_error("unknown option `%s`", arg);
    return 1;
}

static request parse_command_line(int argc, char **argv) {
    if (argc < 2) usage_error("a command is needed");
    request r = {.command = parse_command(argv[1]), .options.opt_level = 2, .output = BUSKIN_CG_OBJECT};
    r.files = calloc((size_t)argc, sizeof *r.files);
    int i = 2;
    while (i < argc) {
        if (r.command == COMMAND_RUN && strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (r.command == COMMAND_RUN && r.nfiles > 0 && strncmp(argv[i], "-O", 2) != 0 &&
                strcmp(argv[i], "-g") != 0 && strcmp(argv[i], "--no-gc") != 0)
                break; /* the program's own */
            i += parse_option(&r, argc, argv, i);
        } else if (is_source(argv[i])) {
            r.files[r.nfiles++] = argv[i++];
        } else if (r.command == COMMAND_RUN && r.nfiles > 0) {
            break;
        } else {
            usage_error("`%s` is not a .skit or .mpl file", argv[i]);
        }
    }
    r.args = argv + i;
    r.nargs = argc - i;
    if (r.nfiles == 0) usage_error("a source file is needed");
    if (r.command == COMMAND_EMIT && r.out != NULL && r.nfiles > 1)
        usage_error("`emit` of several files writes one output for each, so -o cannot name them");
    return r;
}

/* -- Outputs ----------------------------------------------------------------------------------------------------- */

/* Moves a finished output to its place, over file systems too. */
static int place_output(const char *from, const char *to) {
    if (rename(from, to) == 0) return 0;
    if (errno != EXDEV) {
        fprintf(stderr, "skitc: cannot write %s: %s\n", to, strerror(errno));
        return 1;
    }
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    unlink(to); /* a running program's file cannot be overwritten */
    int out =
        in < 0 || fstat(in, &info) != 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, info.st_mode & 0777);
    ssize_t n = -1;
    if (out >= 0) {
        static char block[1 << 16];
        while ((n = read(in, block, sizeof block)) > 0)
            if (write(out, block, (size_t)n) != n) {
                n = -1;
                break;
            }
    }
    if (out >= 0 && close(out) != 0) n = -1;
    if (in >= 0) close(in);
    if (n == 0) return 0;
    fprintf(stderr, "skitc: cannot write %s: %s\n", to, strerror(errno));
    if (out >= 0) unlink(to);
    return 1;
}

static const char *output_suffix(buskin_cg_output_t output) {
    return output == BUSKIN_CG_LL ? ".ll" : output == BUSKIN_CG_BC ? ".bc" : ".o";
}

/* Optimises and writes every unit into dir; paths[i] is where. */
static int write_units(lowering *l, const request *r, const char *dir, char **paths) {
    for (int i = 0; i < l->nunits; i++) {
        if (lower_finish_unit(l, i) != 0 || lower_check_unit(l, i) != 0) return 1;
        if (asprintf(&paths[i], "%s/%d%s", dir, i, output_suffix(r->output)) < 0) return 1;
        if (lower_emit_unit(l, i, r->output, paths[i]) != 0) return 1;
        workdir_poll();
    }
    return 0;
}

static int place_units(const request *r, char **paths) {
    for (int i = 0; i < r->nfiles; i++) {
        char *name = base_name(r->files[i]), *to = NULL;
        if (asprintf(&to, "%s%s", name, output_suffix(r->output)) < 0) return 1;
        int failed = place_output(paths[i], r->out != NULL ? r->out : to);
        free(to);
        free(name);
        if (failed) return 1;
    }
    return 0;
}

/* -- The phases ---------------------------------------------------------------------------------------------------- */

static lowering *compile(const request *r, program **p) {
    *p = skit_front(r->files, r->nfiles, prelude, stderr);
    return *p != NULL ? lower_program(*p, &r->options) : NULL;
}

/* argv of the program: its name, then its arguments. */
static char **program_args(const request *r, char *name) {
    char **argv = calloc((size_t)r->nargs + 2, sizeof *argv);
    argv[0] = name;
    for (int i = 0; i < r->nargs; i++) argv[i + 1] = r->args[i];
    return argv;
}

static int finish(const request *r, const char *dir, char **paths) {
    if (r->command == COMMAND_EMIT) return place_units(r, paths);
    char exe[PATH_MAX];
    snprintf(exe, sizeof exe, "%s/program", dir);
    if (link_program((const char *const *)paths, r->nfiles, !r->no_gc, exe) != 0) return 1;
    workdir_poll();
    char *name = base_name(r->files[0]);
    int status;
    if (r->command == COMMAND_RUN) {
        char **argv = program_args(r, name);
        status = link_run(exe, argv);
        free(argv);
    } else {
        status = place_output(exe, r->out != NULL ? r->out : name);
    }
    free(name);
    return status;
}

int main(int argc, char **argv) {
    request r = parse_command_line(argc, argv);
    program *p = NULL;
    lowering *l = compile(&r, &p);
    int status = 1;
    const char *dir = l != NULL ? workdir_create() : NULL;
    if (dir != NULL) {
        char **paths = calloc((size_t)r.nfiles, sizeof *paths);
        status = write_units(l, &r, dir, paths);
        if (status == 0) status = finish(&r, dir, paths);
        workdir_remove();
        for (int i = 0; i < r.nfiles; i++) free(paths[i]);
        free(paths);
    }
    lower_free(l);
    if (p != NULL) program_free(p);
    free(r.files);
    return status;
}
