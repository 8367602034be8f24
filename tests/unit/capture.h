/* capture.h - runs a function in a child process and keeps what it writes and how it ends. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "runtime_test.h"

#include <sys/wait.h>
#include <unistd.h>

typedef struct captured {
    int status; /* exit status, or 256 + signal */
    size_t length;
    char text[1 << 20]; /* standard output and error, NUL-terminated */
} captured_t;

static inline captured_t *capture(int (*body)(void)) {
    static captured_t c;
    int ends[2];
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        int status = body();
        fflush(NULL);
        _exit(atomic_load(&expectations_failed) ? 99 : status);
    }
    close(ends[1]);
    c.length = 0;
    for (ssize_t n; (n = read(ends[0], c.text + c.length, sizeof c.text - 1 - c.length)) > 0;) c.length += (size_t)n;
    c.text[c.length] = 0;
    close(ends[0]);
    int how;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    c.status = WIFEXITED(how) ? WEXITSTATUS(how) : 256 + WTERMSIG(how);
    return &c;
}

#endif
