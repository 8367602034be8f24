/* child.c - a file in a child process.
 *
 * LLVM's readers are not made for hostile input: bitcode can crash them, and a small file can ask for all memory.
 * So the child has limits of memory, processor time and core files, and the parent one of time. The child's lines
 * are read until it closes the pipe; without a last line that says "done" or "unusable" the file is unusable, and
 * how the child ended says why. Its standard error goes to a file that is looked into for LLVM's last words.
 */
#include "tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

/* -- Results -------------------------------------------------------------------------------------------------- */

void *must(void *memory) {
    if (memory) return memory;
    fputs("buskin-check: no memory\n", stderr);
    exit(EXIT_UNUSABLE);
}

void result_add(result_t *result, const buskin_check_finding_t *finding) {
    if (result->n == result->room) {
        result->room = result->room ? 2 * result->room : 16;
        result->findings = must(realloc(result->findings, result->room * sizeof *result->findings));
    }
    kept_t *kept = &result->findings[result->n++];
    *kept = (kept_t){.finding = *finding};
    kept->finding.message = must(strdup(finding->message));
    kept->finding.function = must(strdup(finding->function));
    kept->finding.instruction = must(strdup(finding->instruction));
    kept->finding.file = must(strdup(finding->file));
}

void result_free(result_t *result) {
    for (size_t i = 0; i < result->n; i++) {
        const buskin_check_finding_t *f = &result->findings[i].finding;
        free((void *)f->message);
        free((void *)f->function);
        free((void *)f->instruction);
        free((void *)f->file);
    }
    free(result->findings);
    free(result->unusable);
}

/* Sanitizers reserve more addresses than any limit. */
#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

/* -- The child -------------------------------------------------------------------------------------------------- */

static void limit(int resource, rlim_t value) {
    struct rlimit old;
    if (getrlimit(resource, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < value) value = old.rlim_max;
    setrlimit(resource, &(struct rlimit){value, value});
}

static _Noreturn void child(const settings_t *settings, const char *path, int pipe_end, FILE *errors) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, settings->seconds + 1);
    if (!SANITIZED) limit(RLIMIT_AS, (rlim_t)settings->megabytes << 20);
    dup2(fileno(errors), STDERR_FILENO);
    FILE *to = fdopen(pipe_end, "w");
    if (to) inspect(settings, path, to);
    _exit(0); /* no destructors: the system is quicker */
}

/* -- The parent --------------------------------------------------------------------------------------------------- */

typedef struct reading {
    result_t *result;
    const settings_t *settings;
    char *line; /* what came after the last newline */
    size_t n, room;
    bool checking; /* LLVM has accepted the file: what goes wrong now is ours */
    bool ended;
} reading_t;

static const char *text_in(const json_t *line, const char *key) {
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}

static unsigned number_in(const json_t *line, const char *key) {
    return (unsigned)json_integer_value(json_object_get(line, key));
}

static void take_finding(reading_t *r, const json_t *line) {
    if (r->result->n >= r->settings->most) {
        r->result->dropped++;
        return;
    }
    result_add(r->result, &(buskin_check_finding_t){.rule = number_in(line, "rule"),
                                                    .severity = (buskin_check_severity_t)number_in(line, "severity"),
                                                    .message = text_in(line, "message"),
                                                    .function = text_in(line, "function"),
                                                    .instruction = text_in(line, "instruction"),
                                                    .file = text_in(line, "file"),
                                                    .line = number_in(line, "line"),
                                                    .column = number_in(line, "column")});
}

static void take_line(reading_t *r, const char *text, size_t length) {
    json_t *line = json_loadb(text, length, 0, NULL);
    if (json_object_get(line, "unusable")) {
        r->result->unusable = must(strdup(text_in(line, "unusable")));
        r->ended = true;
    } else if (json_object_get(line, "done")) {
        r->ended = true;
    } else if (json_object_get(line, "checking")) {
        r->checking = true;
    } else if (line) {
        take_finding(r, line);
    }
    json_decref(line);
}

static void take_lines(reading_t *r) {
    char *from = r->line, *end;
    while ((end = memchr(from, '\n', (size_t)(r->line + r->n - from)))) {
        take_line(r, from, (size_t)(end - from));
        from = end + 1;
    }
    r->n = (size_t)(r->line + r->n - from);
    memmove(r->line, from, r->n);
}

/* false: the end of the pipe. */
static bool take_bytes(reading_t *r, int fd) {
    if (r->room - r->n < 4096) {
        r->room = r->room ? 2 * r->room : 16384;
        r->line = must(realloc(r->line, r->room));
    }
    ssize_t got = read(fd, r->line + r->n, r->room - r->n);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    r->n += (size_t)got;
    take_lines(r);
    return true;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* true: the time is over. */
static bool read_until(reading_t *r, int fd, long deadline) {
    for (;;) {
        long left = deadline - now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0) return true;
        int ready = poll(&wait, 1, (int)left);
        if (ready < 0 && errno != EINTR) return false;
        if (ready > 0 && !take_bytes(r, fd)) return false;
    }
}

/* LLVM's last words begin with "LLVM ERROR: ", or are those of the C++ library. */
static void last_words(FILE *errors, char *words, size_t room) {
    char line[512];
    words[0] = 0;
    rewind(errors);
    while (!words[0] && fgets(line, sizeof line, errors)) {
        char *at = strstr(line, "LLVM ERROR: ");
        if (at) snprintf(words, room, "%s", at + 12);
        if (strstr(line, "std::bad_alloc")) snprintf(words, room, "out of memory");
    }
    words[strcspn(words, "\n")] = 0;
}

static char *how_it_ended(int status, bool late, const reading_t *r, FILE *errors) {
    const settings_t *settings = r->settings;
    char why[512], words[256];
    last_words(errors, words, sizeof words);
    if (late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
        snprintf(why, sizeof why, "it took more than %u seconds", settings->seconds);
    else if (strstr(words, "out of memory") || strstr(words, "allocation"))
        snprintf(why, sizeof why, "it took more than %u MiB of memory", settings->megabytes);
    else if (r->checking && !words[0])
        snprintf(why, sizeof why, "the check crashed on it (status %d): this is a bug of buskin-check", status);
    else if (words[0])
        snprintf(why, sizeof why, "LLVM gave up on it: %s", words);
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "LLVM crashed on it (%s)", strsignal(WTERMSIG(status)));
    else
        snprintf(why, sizeof why, "LLVM ended on it with status %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return must(strdup(why));
}

static void parent(const settings_t *settings, result_t *result, pid_t pid, int fd, FILE *errors) {
    reading_t r = {.result = result, .settings = settings};
    int status = 0;
    bool late = read_until(&r, fd, now_ms() + settings->seconds * 1000L);
    if (late) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (!r.ended) result->unusable = how_it_ended(status, late, &r, errors);
    free(r.line);
}

void check_in_child(const settings_t *settings, result_t *result) {
    int ends[2];
    FILE *errors = must(tmpfile());
    fflush(NULL);
    if (pipe(ends) < 0) {
        result->unusable = must(strdup(strerror(errno)));
        fclose(errors);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(settings, result->path, ends[1], errors);
    }
    close(ends[1]);
    if (pid < 0)
        result->unusable = must(strdup(strerror(errno)));
    else
        parent(settings, result, pid, ends[0], errors);
    close(ends[0]);
    fclose(errors);
}
