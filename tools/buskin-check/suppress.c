/* suppress.c - findings that someone has looked at and accepts, each with a reason.
 *
 *     # comment
 *     C16 config_read*: reads its file before the first actor starts
 *
 * The rule, a pattern of function names (as for file names; * for all, and for findings without a function), a colon, the reason.
 */
#include "tool.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

typedef struct suppression {
    unsigned rule, line;
    char function[256], reason[512];
    bool used;
} suppression_t;

struct suppressions {
    const char *path;
    suppression_t *list;
    size_t n;
};

static bool parse_line(suppression_t *s, const char *text) {
    if (sscanf(text, " C%u %255[^: \t\n] : %511[^\n]", &s->rule, s->function, s->reason) != 3) return false;
    return s->rule >= 1 && s->rule <= buskin_check_rule_count && strspn(s->reason, " \t") < strlen(s->reason);
}

static bool add_line(suppressions_t *list, const char *text, unsigned number) {
    suppression_t s = {.line = number};
    const char *start = text + strspn(text, " \t\r\n");
    if (!*start || *start == '#') return true;
    if (!parse_line(&s, text)) {
        fprintf(stderr, "buskin-check: %s:%u: it is not `C<rule> <function>: <reason>`\n", list->path, number);
        return false;
    }
    list->list = must(realloc(list->list, (list->n + 1) * sizeof s));
    list->list[list->n++] = s;
    return true;
}

suppressions_t *suppressions_read(const char *path) {
    char line[1024];
    bool good = true;
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "buskin-check: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    suppressions_t *list = must(calloc(1, sizeof *list));
    list->path = path;
    for (unsigned number = 1; good && fgets(line, sizeof line, file); number++) good = add_line(list, line, number);
    fclose(file);
    if (good) return list;
    suppressions_free(list);
    return NULL;
}

void suppress(suppressions_t *list, result_t *result) {
    for (size_t i = 0; list && i < result->n; i++)
        for (size_t k = 0; k < list->n && !result->findings[i].reason; k++) {
            suppression_t *s = &list->list[k];
            const buskin_check_finding_t *f = &result->findings[i].finding;
            if (s->rule != f->rule || fnmatch(s->function, f->function, 0) != 0) continue;
            result->findings[i].reason = s->reason;
            s->used = true;
        }
}

void suppressions_report_unused(const suppressions_t *list, FILE *to) {
    for (size_t i = 0; list && i < list->n; i++)
        if (!list->list[i].used)
            fprintf(to, "buskin-check: %s:%u: nothing to suppress\n", list->path, list->list[i].line);
}

void suppressions_free(suppressions_t *list) {
    if (list) free(list->list);
    free(list);
}
