/* spec.c - is a specification one that can be run? Each thing that can be wrong with it has a status of its own, and nothing is
 * started before all of it has been looked at (S9.16). The faults are listed in abi/supervisor_spec.h. */
#include "api/api.h"
#include "api/supervisor/supervisor.h"
#include "supervisor_spec.h"

#include <stdio.h>
#include <string.h>

int32_t spec_check_child(const buskin_supervisor_spec_t *spec, const buskin_child_spec_t *c) {
    if (!c || c->size != sizeof *c) return BUSKIN_ESPEC_SIZE;
    size_t length = c->name ? strnlen(c->name, SPEC_NAME_MAX + 1) : 0;
    if (!length || length > SPEC_NAME_MAX) return BUSKIN_ESPEC_NAME;
    if (!c->start) return BUSKIN_ESPEC_START;
    return spec_fault_in_child(c, spec->auto_shutdown);
}

static int32_t spec_check_itself(const buskin_supervisor_spec_t *s) {
    if (!s || s->size != sizeof *s || (s->child_count && !s->children)) return BUSKIN_ESPEC_SIZE;
    return spec_fault_in_supervisor(s);
}

static bool spec_name_is_new(const buskin_supervisor_spec_t *spec, uint64_t i) {
    for (uint64_t k = 0; k < i; k++)
        if (!strcmp(spec->children[k]->name, spec->children[i]->name)) return false;
    return true;
}

/* *child: which one is at fault; UINT64_MAX: the supervisor itself. */
static int32_t spec_fault(const buskin_supervisor_spec_t *spec, uint64_t *child) {
    int32_t status = spec_check_itself(spec);
    *child = UINT64_MAX;
    if (status) return status;
    for (*child = 0; *child < spec->child_count; ++*child) {
        status = spec_check_child(spec, spec->children[*child]);
        if (status) return status;
        if (!spec_name_is_new(spec, *child)) return BUSKIN_ESPEC_DUPLICATE;
    }
    return BUSKIN_OK;
}

int32_t buskin_supervisor_check(const buskin_supervisor_spec_t *spec) {
    uint64_t child;
    return spec_fault(spec, &child);
}

/* What a child is called where its name may be the fault. */
static void spec_child_title(const buskin_supervisor_spec_t *spec, uint64_t i, char *title, size_t room) {
    const buskin_child_spec_t *c = spec->children[i];
    const char *name = c && c->size == sizeof *c && c->name && *c->name ? c->name : NULL;
    if (name)
        snprintf(title, room, ", child %.*s", SPEC_NAME_MAX, name);
    else
        snprintf(title, room, ", child %llu", (unsigned long long)i + 1);
}

int64_t buskin_supervisor_explain(const buskin_supervisor_spec_t *spec, char *text, uint64_t capacity) {
    uint64_t child;
    need_room(here());
    int32_t status = spec_fault(spec, &child);
    if (capacity && text) *text = 0;
    if (!status) return 0;
    char title[SPEC_NAME_MAX + 16] = "";
    if (child != UINT64_MAX) spec_child_title(spec, child, title, sizeof title);
    const char *name = spec && spec->size == sizeof *spec && spec->name ? spec->name : "";
    return snprintf(text, text ? capacity : 0, "supervisor%s%.*s%s: %s", *name ? " " : "", SPEC_NAME_MAX, name, title,
                    spec_fault_text(status));
}
