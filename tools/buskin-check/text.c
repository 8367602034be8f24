/* text.c - findings for people: one line each, the instruction under it. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

static const char *colour_of(const settings_t *settings, buskin_check_severity_t severity) {
    if (!settings->colour) return "";
    switch (severity) {
    case BUSKIN_CHECK_ERROR: return "\033[1;31m";
    case BUSKIN_CHECK_WARNING: return "\033[1;35m";
    case BUSKIN_CHECK_UNKNOWN: return "\033[1;36m";
    case BUSKIN_CHECK_NOTE: return "\033[1m";
    }
    return "";
}

static void text_finding(const settings_t *settings, const char *path, const kept_t *kept, FILE *to) {
    const buskin_check_finding_t *f = &kept->finding;
    size_t severity = strlen(buskin_check_severity_name(f->severity)), length = buskin_check_line(f, NULL, 0);
    char *line = must(malloc(length + 1));
    buskin_check_line(f, line, length + 1);
    fprintf(to, "%s: %s%.*s%s%s\n", path, colour_of(settings, f->severity), (int)severity, line,
            settings->colour ? "\033[0m" : "", line + severity);
    if (f->instruction[0]) fprintf(to, "    %s\n", f->instruction);
    free(line);
}

void text_result(const settings_t *settings, const result_t *result, FILE *to) {
    bool found = false;
    for (size_t i = 0; i < result->n; i++) found |= result->findings[i].finding.severity > BUSKIN_CHECK_NOTE;
    for (size_t i = 0; found && i < result->n; i++)
        if (!result->findings[i].reason) text_finding(settings, result->path, &result->findings[i], to);
    if (result->dropped) fprintf(to, "%s: and %zu more\n", result->path, result->dropped);
    if (result->unusable) fprintf(stderr, "buskin-check: %s: %s\n", result->path, result->unusable);
}

void text_summary(const settings_t *settings, const result_t *results, size_t n, FILE *to) {
    size_t counts[4] = {0}, suppressed = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < results[i].n; k++) {
            if (results[i].findings[k].reason)
                suppressed++;
            else
                counts[results[i].findings[k].finding.severity & 3]++;
        }
    if (!counts[BUSKIN_CHECK_ERROR] && !counts[BUSKIN_CHECK_WARNING] && !counts[BUSKIN_CHECK_UNKNOWN] && !suppressed)
        return;
    fprintf(to, "%zu errors, %zu warnings, %zu unknown", counts[BUSKIN_CHECK_ERROR], counts[BUSKIN_CHECK_WARNING],
            counts[BUSKIN_CHECK_UNKNOWN]);
    if (suppressed) fprintf(to, ", %zu suppressed", suppressed);
    fputs(settings->format == FORMAT_TEXT && counts[BUSKIN_CHECK_ERROR] + counts[BUSKIN_CHECK_WARNING]
              ? "; --explain C<number> says why\n"
              : "\n",
          to);
}
