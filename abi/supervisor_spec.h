/* supervisor_spec.h - what makes a supervisor's specification unusable (S9.16).
 *
 * One row per kind of fault, with its text, and the tests of all that is a plain number in the records. The runtime, the
 * shims and the checker test the same by including this; what needs the names, the callbacks or the list of children is
 * each one's own to look at.
 */
#ifndef BUSKIN_SUPERVISOR_SPEC_H
#define BUSKIN_SUPERVISOR_SPEC_H

#include "buskin.h"

/* FAULT(status without BUSKIN_ESPEC_, text) */
#define BUSKIN_SPEC_FAULTS(FAULT)                                                                                      \
    FAULT(SIZE, "the record is missing, has another version's size, or has unknown flags or reserved fields set")      \
    FAULT(STRATEGY, "strategy is none of one_for_one, one_for_all, rest_for_one, simple_one_for_one")                  \
    FAULT(INTENSITY, "max_restarts is above 1000000000")                                                               \
    FAULT(WINDOW, "window_ms is not in 1..4294967295")                                                                 \
    FAULT(AUTO_SHUTDOWN, "auto_shutdown is none of never, any, all, or is set for simple_one_for_one")                 \
    FAULT(TEMPLATE, "simple_one_for_one takes exactly one child, the template")                                        \
    FAULT(NAME, "the name is missing, empty or longer than 255 bytes")                                                 \
    FAULT(DUPLICATE, "another child has the same name")                                                                \
    FAULT(START, "it has no start function")                                                                           \
    FAULT(RESTART, "restart is none of permanent, transient, temporary")                                               \
    FAULT(SHUTDOWN, "shutdown_ms is neither kill, infinity, nor in 0..4294967295")                                     \
    FAULT(SIGNIFICANT, "a significant child must be transient or temporary, and its supervisor have an auto_shutdown") \
    FAULT(BACKOFF, "backoff_max_ms is below backoff_min_ms, or above 2147483647")                                      \
    FAULT(BREAKER, "a breaker needs failures, a window and a time to cool down")

enum { SPEC_NAME_MAX = 255 };

static inline const char *spec_fault_text(int32_t status) {
#define SPEC_FAULT_TEXT(name, text) \
    case BUSKIN_ESPEC_##name: return text;
    switch (status) {
        BUSKIN_SPEC_FAULTS(SPEC_FAULT_TEXT)
    default: return "";
    }
#undef SPEC_FAULT_TEXT
}

static inline int32_t spec_fault_in_supervisor(const buskin_supervisor_spec_t *s) {
    const uint32_t most_restarts = 1000000000;
    int simple = s->strategy == BUSKIN_SIMPLE_ONE_FOR_ONE;
    if (s->size != sizeof *s || s->reserved) return BUSKIN_ESPEC_SIZE;
    if (s->strategy > BUSKIN_SIMPLE_ONE_FOR_ONE) return BUSKIN_ESPEC_STRATEGY;
    if (s->max_restarts > most_restarts) return BUSKIN_ESPEC_INTENSITY;
    if (s->window_ms < 1 || s->window_ms > UINT32_MAX) return BUSKIN_ESPEC_WINDOW;
    if (s->auto_shutdown > BUSKIN_AUTO_SHUTDOWN_ALL || (simple && s->auto_shutdown)) return BUSKIN_ESPEC_AUTO_SHUTDOWN;
    return simple && s->child_count != 1 ? BUSKIN_ESPEC_TEMPLATE : BUSKIN_OK;
}

static inline int32_t spec_fault_in_retry(const buskin_child_spec_t *c) {
    if (c->backoff_max_ms < c->backoff_min_ms || c->backoff_max_ms > INT32_MAX) return BUSKIN_ESPEC_BACKOFF;
    if (!c->breaker_failures != !c->breaker_window_ms || !c->breaker_failures != !c->breaker_cooldown_ms)
        return BUSKIN_ESPEC_BREAKER;
    return BUSKIN_OK;
}

/* Name and start are not looked at. */
static inline int32_t spec_fault_in_child(const buskin_child_spec_t *c, uint32_t auto_shutdown) {
    const uint32_t known = BUSKIN_CHILD_SIGNIFICANT | BUSKIN_CHILD_SUPERVISOR;
    if (c->size != sizeof *c || c->reserved || c->flags & ~known) return BUSKIN_ESPEC_SIZE;
    if (c->restart > BUSKIN_TEMPORARY) return BUSKIN_ESPEC_RESTART;
    if (c->shutdown_ms < BUSKIN_SHUTDOWN_INFINITY || c->shutdown_ms > UINT32_MAX) return BUSKIN_ESPEC_SHUTDOWN;
    if (c->flags & BUSKIN_CHILD_SIGNIFICANT &&
        (c->restart == BUSKIN_PERMANENT || auto_shutdown == BUSKIN_AUTO_SHUTDOWN_NEVER))
        return BUSKIN_ESPEC_SIGNIFICANT;
    return spec_fault_in_retry(c);
}

#endif /* BUSKIN_SUPERVISOR_SPEC_H */
