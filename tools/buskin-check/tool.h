/* tool.h - what the files of buskin-check share.
 *
 *   main.c      options, the files in turn, the exit status
 *   child.c     a file is read and checked in a child process, with limits; findings come back through a pipe
 *   inspect.c   the child's work: read, verify, check
 *   suppress.c  findings that a file of suppressions accepts, with reasons
 *   text.c      for people        json.c   JSON and SARIF        explain.c   the rules
 */
#ifndef BUSKIN_CHECK_TOOL_H
#define BUSKIN_CHECK_TOOL_H

#include <stdio.h>

#include "buskin_check.h"

enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_UNUSABLE = 2 };
enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

typedef struct settings {
    buskin_check_options_t check;
    enum format format;
    buskin_check_severity_t fail_on;
    const char *suppressions;    /* path, or NULL */
    unsigned seconds, megabytes; /* limits of the child */
    unsigned most;               /* findings per file that are shown */
    bool colour;
} settings_t;

/* A finding that outlives the child. */
typedef struct kept {
    buskin_check_finding_t finding; /* its texts are owned */
    const char *reason;             /* why it is suppressed, or NULL */
} kept_t;

typedef struct result {
    const char *path;
    kept_t *findings;
    size_t n, room;
    size_t dropped; /* findings beyond the limit */
    char *unusable; /* why, or NULL */
} result_t;

void result_add(result_t *result, const buskin_check_finding_t *finding);
void result_free(result_t *result);

/* child.c, inspect.c */
void check_in_child(const settings_t *settings, result_t *result);
void inspect(const settings_t *settings, const char *path, FILE *to); /* does not return a status: it writes it */

/* suppress.c */
typedef struct suppressions suppressions_t;
suppressions_t *suppressions_read(const char *path); /* NULL: it has said why not */
void suppress(suppressions_t *list, result_t *result);
void suppressions_report_unused(const suppressions_t *list, FILE *to);
void suppressions_free(suppressions_t *list);

/* text.c, json.c, explain.c */
void text_result(const settings_t *settings, const result_t *result, FILE *to);
void text_summary(const settings_t *settings, const result_t *results, size_t n, FILE *to);
void json_results(const result_t *results, size_t n, FILE *to);
void sarif_results(const result_t *results, size_t n, FILE *to);
void list_rules(FILE *to);
int explain(const char *number, FILE *to); /* EXIT_CLEAN, or EXIT_UNUSABLE for no such rule */

void *must(void *memory); /* ends the program when there is none */

#endif /* BUSKIN_CHECK_TOOL_H */
