/* main.c - buskin-check: reads modules of LLVM IR and says where they break the contract of the runtime.
 *
 * Exit status: 0 clean, 1 findings, 2 input or arguments that cannot be used. */
#include "tool.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buskin.h"

static const char usage[] =
    "usage: buskin-check [OPTION...] FILE.{ll,bc}...\n"
    "       buskin-check --list-rules | --explain NUMBER\n"
    "\n"
    "Says where modules of LLVM IR break the contract of the Buskin runtime.\n"
    "\n"
    "  --format=text|json|sarif  how findings are written (text)\n"
    "  --prefix=NAME_            the runtime's symbols begin with this (buskin_)\n"
    "  --abi-version=0.N         check against this version of the ABI (the newest)\n"
    "  --suppressions=FILE       lines `C16 function*: reason` for findings that are accepted\n"
    "  --fail-on=error|warning|unknown\n"
    "                            the least severe finding that counts (warning)\n"
    "  --shared-heap             the heap is shared (BUSKIN_GC=boehm): bytes may hold pointers to objects\n"
    "  --frame-limit=BYTES       locals that one function of actor code may have (65536)\n"
    "  --max-findings=N          per file (500)\n"
    "  --time-limit=SECONDS      for each file (60)\n"
    "  --memory-limit=MIB        for each file (4096)\n"
    "  --color=auto|always|never\n"
    "  --list-rules              one line for each rule\n"
    "  --explain=NUMBER          what a rule is about, with a bad and a good example\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 clean, 1 findings, 2 input that cannot be used.\n";

/* -- Options ------------------------------------------------------------------------------------------------------- */

enum option_code {
    FORMAT = 256,
    PREFIX,
    ABI_VERSION,
    SUPPRESSIONS,
    FAIL_ON,
    SHARED_HEAP,
    FRAME_LIMIT,
    MAX_FINDINGS,
    TIME_LIMIT,
    MEMORY_LIMIT,
    COLOR,
    LIST_RULES,
    EXPLAIN,
    HELP,
    VERSION
};

/* A full disk is an error. */
static _Noreturn void leave(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("buskin-check: cannot write standard output\n", stderr);
        status = EXIT_UNUSABLE;
    }
    exit(status);
}

static const struct option options[] = {{"format", required_argument, NULL, FORMAT},
                                        {"prefix", required_argument, NULL, PREFIX},
                                        {"abi-version", required_argument, NULL, ABI_VERSION},
                                        {"suppressions", required_argument, NULL, SUPPRESSIONS},
                                        {"fail-on", required_argument, NULL, FAIL_ON},
                                        {"shared-heap", no_argument, NULL, SHARED_HEAP},
                                        {"frame-limit", required_argument, NULL, FRAME_LIMIT},
                                        {"max-findings", required_argument, NULL, MAX_FINDINGS},
                                        {"time-limit", required_argument, NULL, TIME_LIMIT},
                                        {"memory-limit", required_argument, NULL, MEMORY_LIMIT},
                                        {"color", required_argument, NULL, COLOR},
                                        {"list-rules", no_argument, NULL, LIST_RULES},
                                        {"explain", required_argument, NULL, EXPLAIN},
                                        {"help", no_argument, NULL, HELP},
                                        {"version", no_argument, NULL, VERSION},
                                        {NULL, 0, NULL, 0}};

static _Noreturn void refuse(const char *option, const char *value, const char *wants) {
    fprintf(stderr, "buskin-check: --%s=%s: %s\n", option, value, wants);
    exit(EXIT_UNUSABLE);
}

static unsigned choice(const char *option, const char *value, const char *const *names, const char *wants) {
    for (unsigned i = 0; names[i]; i++)
        if (strcmp(names[i], value) == 0) return i;
    refuse(option, value, wants);
}

static unsigned number(const char *option, const char *value, unsigned long most) {
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || n < 1 || n > most)
        refuse(option, value, "it is not a number in range");
    return (unsigned)n;
}

static unsigned version(const char *value) {
    unsigned major, minor;
    char rest;
    char wants[64];
    snprintf(wants, sizeof wants, "known versions are %d.1 to %d.%d", BUSKIN_ABI_MAJOR, BUSKIN_ABI_MAJOR,
             BUSKIN_ABI_MINOR);
    if (sscanf(value, "%u.%u%c", &major, &minor, &rest) != 2 || major != BUSKIN_ABI_MAJOR || minor < 1 ||
        minor > BUSKIN_ABI_MINOR)
        refuse("abi-version", value, wants);
    return minor;
}

static const char *prefix(const char *value) {
    size_t n = strlen(value);
    bool name = n >= 2 && n < 64 && value[n - 1] == '_' && !(value[0] >= '0' && value[0] <= '9') &&
                strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == n;
    if (!name) refuse("prefix", value, "it is not a C name that ends in _");
    return value;
}

static bool colour(const char *value) {
    static const char *const names[] = {"auto", "always", "never", NULL};
    unsigned which = choice("color", value, names, "it is auto, always or never");
    return which == 1 || (which == 0 && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
}

static void apply(settings_t *s, int code, const char *value) {
    static const char *const formats[] = {"text", "json", "sarif", NULL};
    static const char *const severities[] = {"note", "unknown", "warning", "error", NULL};
    switch (code) {
    case FORMAT: s->format = (enum format)choice("format", value, formats, "it is text, json or sarif"); break;
    case PREFIX: s->check.prefix = prefix(value); break;
    case ABI_VERSION: s->check.abi_minor = version(value); break;
    case SUPPRESSIONS: s->suppressions = value; break;
    case FAIL_ON:
        s->fail_on =
            (buskin_check_severity_t)choice("fail-on", value, severities + 1, "it is error, warning or unknown") + 1;
        break;
    case SHARED_HEAP: s->check.shared_heap = true; break;
    case FRAME_LIMIT: s->check.frame_limit = number("frame-limit", value, UINT32_MAX); break;
    case MAX_FINDINGS: s->most = number("max-findings", value, 1000000); break;
    case TIME_LIMIT: s->seconds = number("time-limit", value, 86400); break;
    case MEMORY_LIMIT: s->megabytes = number("memory-limit", value, 1 << 20); break;
    case COLOR: s->colour = colour(value); break;
    case LIST_RULES: list_rules(stdout); leave(EXIT_CLEAN);
    case EXPLAIN: leave(explain(value, stdout));
    case HELP: fputs(usage, stdout); leave(EXIT_CLEAN);
    case VERSION: printf("buskin-check, ABI %d.%d\n", BUSKIN_ABI_MAJOR, BUSKIN_ABI_MINOR); leave(EXIT_CLEAN);
    default: fputs("buskin-check: --help lists the options\n", stderr); exit(EXIT_UNUSABLE);
    }
}

/* -- Files --------------------------------------------------------------------------------------------------------- */

static bool fails(const settings_t *settings, const result_t *result) {
    for (size_t i = 0; i < result->n; i++)
        if (!result->findings[i].reason && result->findings[i].finding.severity >= settings->fail_on) return true;
    return result->dropped > 0;
}

static int status_of(const settings_t *settings, const result_t *results, size_t n) {
    int status = EXIT_CLEAN;
    for (size_t i = 0; i < n; i++) {
        if (results[i].unusable) return EXIT_UNUSABLE;
        if (fails(settings, &results[i])) status = EXIT_FINDINGS;
    }
    return status;
}

static void write_document(const settings_t *settings, const result_t *results, size_t n) {
    switch (settings->format) {
    case FORMAT_TEXT: text_summary(settings, results, n, stdout); break;
    case FORMAT_JSON: json_results(results, n, stdout); break;
    case FORMAT_SARIF: sarif_results(results, n, stdout); break;
    }
}

static int check_files(const settings_t *settings, char **paths, size_t n, suppressions_t *list) {
    result_t *results = must(calloc(n, sizeof *results));
    for (size_t i = 0; i < n; i++) {
        results[i].path = paths[i];
        check_in_child(settings, &results[i]);
        suppress(list, &results[i]);
        if (settings->format == FORMAT_TEXT) text_result(settings, &results[i], stdout);
    }
    write_document(settings, results, n);
    suppressions_report_unused(list, stderr);
    int status = status_of(settings, results, n);
    for (size_t i = 0; i < n; i++) result_free(&results[i]);
    free(results);
    return status;
}

int main(int argc, char **argv) {
    settings_t settings = {.check.may_change = true,
                           .fail_on = BUSKIN_CHECK_WARNING,
                           .seconds = 60,
                           .megabytes = 4096,
                           .most = 500,
                           .colour = colour("auto")};
    suppressions_t *list = NULL;
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) apply(&settings, code, optarg);
    if (optind == argc) {
        fputs(usage, stderr);
        return EXIT_UNUSABLE;
    }
    if (settings.suppressions && !(list = suppressions_read(settings.suppressions))) return EXIT_UNUSABLE;
    int status = check_files(&settings, argv + optind, (size_t)(argc - optind), list);
    suppressions_free(list);
    leave(status);
}
