/* json.c - findings for programs: a plain JSON document, and SARIF 2.1.0, which code hosts show. */
#include "tool.h"

#include <jansson.h>

static void put(json_t *document, FILE *to) {
    json_dumpf(must(document), to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(document);
}

static json_t *text_or_null(const char *text) { return text && *text ? json_string(text) : json_null(); }

static void rule_name(char name[16], unsigned rule) { snprintf(name, 16, "C%u", rule); }

/* -- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *json_finding(const kept_t *kept) {
    const buskin_check_finding_t *f = &kept->finding;
    return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:i, s:i, s:o}", "rule", (int)f->rule, "severity",
                     buskin_check_severity_name(f->severity), "message", f->message, "function",
                     text_or_null(f->function), "instruction", text_or_null(f->instruction), "source",
                     text_or_null(f->file), "line", (int)f->line, "column", (int)f->column, "suppressed",
                     text_or_null(kept->reason));
}

static json_t *json_result(const result_t *result) {
    json_t *findings = json_array();
    for (size_t i = 0; i < result->n; i++) json_array_append_new(findings, json_finding(&result->findings[i]));
    return json_pack("{s:s, s:o, s:o, s:I}", "file", result->path, "unusable", text_or_null(result->unusable),
                     "findings", findings, "dropped", (json_int_t)result->dropped);
}

void json_results(const result_t *results, size_t n, FILE *to) {
    json_t *files = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(files, json_result(&results[i]));
    put(json_pack("{s:s, s:o}", "tool", "buskin-check", "files", files), to);
}

/* -- SARIF ----------------------------------------------------------------------------------------------------- */

static const char *sarif_level(buskin_check_severity_t severity) {
    return severity == BUSKIN_CHECK_ERROR ? "error" : severity == BUSKIN_CHECK_WARNING ? "warning" : "note";
}

static json_t *sarif_rule(const buskin_check_rule_t *rule) {
    char id[16];
    rule_name(id, rule->number);
    return json_pack("{s:s, s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}", "id", id, "name", rule->name, "shortDescription",
                     "text", rule->title, "fullDescription", "text", rule->why, "help", "text", rule->fix,
                     "defaultConfiguration", "level", sarif_level(rule->severity));
}

/* The module, and the source line when debug info has one. */
static json_t *sarif_location(const char *uri, const buskin_check_finding_t *f, bool source) {
    json_t *physical = json_pack("{s:{s:s}}", "artifactLocation", "uri", uri);
    if (source && f->line)
        json_object_set_new(
            physical, "region",
            json_pack("{s:i, s:i}", "startLine", (int)f->line, "startColumn", f->column ? (int)f->column : 1));
    json_t *location = json_pack("{s:o}", "physicalLocation", physical);
    if (f->function[0])
        json_object_set_new(location, "logicalLocations",
                            json_pack("[{s:s, s:s}]", "name", f->function, "kind", "function"));
    return location;
}

static json_t *sarif_finding(const result_t *result, const kept_t *kept) {
    const buskin_check_finding_t *f = &kept->finding;
    char id[16];
    rule_name(id, f->rule);
    bool source = f->file[0] != 0;
    json_t *finding =
        json_pack("{s:s, s:i, s:s, s:s, s:{s:s}, s:[o]}", "ruleId", id, "ruleIndex", (int)f->rule - 1, "level",
                  sarif_level(f->severity), "kind", f->severity == BUSKIN_CHECK_UNKNOWN ? "review" : "fail", "message",
                  "text", f->message, "locations", sarif_location(source ? f->file : result->path, f, source));
    if (f->severity == BUSKIN_CHECK_UNKNOWN) json_object_set_new(finding, "level", json_string("none"));
    if (f->instruction[0] || source)
        json_object_set_new(finding, "properties",
                            json_pack("{s:s, s:s}", "module", result->path, "instruction", f->instruction));
    if (kept->reason)
        json_object_set_new(finding, "suppressions",
                            json_pack("[{s:s, s:s}]", "kind", "external", "justification", kept->reason));
    return finding;
}

static json_t *sarif_notification(const result_t *result, const char *text, const char *level) {
    return json_pack("{s:s, s:{s:s}, s:[{s:{s:{s:s}}}]}", "level", level, "message", "text", text, "locations",
                     "physicalLocation", "artifactLocation", "uri", result->path);
}

void sarif_results(const result_t *results, size_t n, FILE *to) {
    json_t *rules = json_array(), *findings = json_array(), *notes = json_array();
    bool usable = true;
    for (unsigned i = 0; i < buskin_check_rule_count; i++)
        json_array_append_new(rules, sarif_rule(&buskin_check_rules[i]));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < results[i].n; k++) {
            const kept_t *kept = &results[i].findings[k];
            if (kept->finding.rule)
                json_array_append_new(findings, sarif_finding(&results[i], kept));
            else
                json_array_append_new(notes, sarif_notification(&results[i], kept->finding.message, "note"));
        }
        if (results[i].unusable)
            json_array_append_new(notes, sarif_notification(&results[i], results[i].unusable, "error"));
        usable &= !results[i].unusable;
    }
    put(json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:o}}, s:o, s:[{s:b, s:o}]}]}", "$schema",
                  "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver", "name",
                  "buskin-check", "rules", rules, "results", findings, "invocations", "executionSuccessful", usable,
                  "toolExecutionNotifications", notes),
        to);
}
