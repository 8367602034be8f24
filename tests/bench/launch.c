/* launch.c - launch N PROGRAM [ARG...]: runs a program that prints "hello" N times, one after the other. Prints the median
 * time from its start to its end, and the median of its largest resident memory. A small program does this, because what is
 * started counts its parent's memory as its own until it has become itself. */
#include "bench.h"

#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { RUNS_MAX = 1000 };

static void run(char **argv, int64_t *ns, int64_t *resident) {
    int out[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    bench_check(pipe(out) == 0 && posix_spawn_file_actions_init(&actions) == 0, "a pipe");
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addclose(&actions, out[0]);
    int64_t start = bench_now_ns();
    bench_check(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) == 0, argv[0]);
    close(out[1]);
    int status;
    struct rusage use;
    bench_check(wait4(pid, &status, 0, &use) == pid && status == 0, "its status");
    *ns = bench_now_ns() - start;
    *resident = use.ru_maxrss;
    char text[16] = "";
    bench_check(read(out[0], text, sizeof text - 1) > 0 && !strcmp(text, "hello\n"), "what it printed");
    close(out[0]);
    posix_spawn_file_actions_destroy(&actions);
}

int main(int argc, char **argv) {
    static int64_t ns[RUNS_MAX], resident[RUNS_MAX];
    int n = argc > 2 ? atoi(argv[1]) : 0;
    if (n < 1 || n > RUNS_MAX) return fprintf(stderr, "usage: launch N PROGRAM [ARG...]\n"), 2;
    for (int i = 0; i < n; i++) run(argv + 2, &ns[i], &resident[i]);
    qsort(ns, (size_t)n, sizeof *ns, bench_compare);
    qsort(resident, (size_t)n, sizeof *resident, bench_compare);
    bench_line("hello", "start", (double)ns[n / 2] / 1e6, "ms");
    bench_line("hello", "resident", (double)resident[n / 2] / 1024, "MiB");
    return 0;
}
