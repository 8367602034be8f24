/* explain.c - the rules, listed and explained. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

void list_rules(FILE *to) {
    for (unsigned i = 0; i < buskin_check_rule_count; i++) {
        const buskin_check_rule_t *r = &buskin_check_rules[i];
        fprintf(to, "C%-3u %-8s %-19s %s\n", r->number, buskin_check_severity_name(r->severity), r->name, r->title);
    }
}

static void indented(const char *text, FILE *to) {
    while (*text) {
        size_t n = strcspn(text, "\n");
        fprintf(to, "    %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static const buskin_check_rule_t *rule_of(const char *number) {
    char *end;
    if (*number == 'C' || *number == 'c') number++;
    unsigned long n = strtoul(number, &end, 10);
    return *number >= '0' && *number <= '9' && !*end && n >= 1 && n <= buskin_check_rule_count
               ? &buskin_check_rules[n - 1]
               : NULL;
}

int explain(const char *number, FILE *to) {
    const buskin_check_rule_t *r = rule_of(number);
    if (!r) {
        fprintf(stderr, "buskin-check: there is no rule %s; --list-rules lists them\n", number);
        return EXIT_UNUSABLE;
    }
    fprintf(to, "C%u %s (%s): %s\n\nWhy: %s\n\nBad:\n", r->number, r->name, buskin_check_severity_name(r->severity),
            r->title, r->why);
    indented(r->bad, to);
    fputs("\nGood:\n", to);
    indented(r->good, to);
    fprintf(to, "\nFix: %s\n", r->fix);
    return EXIT_CLEAN;
}
