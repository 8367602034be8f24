/* supervisor.h - what the parts of a supervisor share. It is an ordinary actor (actor.c) whose state lies on its own stack and
 * heap, so that a kill at any moment leaves nothing behind; it talks to the runtime through the public entries, and waits only
 * in receives.
 *
 * Every child is linked to the supervisor and watched by it. The DOWN of that monitor is what tells of the child's end, even if
 * the child has unlinked (S9.9); the link, and the mark that the monitor is a keeper's, see that it does not outlive the
 * supervisor (S9.12). EXIT messages count only from the parent.
 *
 *   STOPPED     not running, no restart due: ended as it should, or was stopped on request
 *   RUNNING     pid and ref are set, and it is found by its pid
 *   RESTARTING  due_ms: when to try; OPEN: the same, and its circuit breaker is open
 *
 *   STOPPED, RESTARTING, OPEN --child_start--> RUNNING --DOWN, restart warranted--> RUNNING again, RESTARTING or OPEN
 *                                              RUNNING --DOWN, child_stop---------> STOPPED, or forgotten
 */
#ifndef BUSKIN_SUPERVISOR_H
#define BUSKIN_SUPERVISOR_H

#include "buskin.h"

#include <stdbool.h>

/* Times of events within a span, in milliseconds: events of one millisecond are one entry. */
typedef struct window {
    struct window_mark {
        int64_t ms;
        uint64_t events;
    } *ring;
    uint32_t first, count, capacity;
    uint64_t events; /* in all of them */
} window_t;

/* Only for children whose specification asks for a backoff or a breaker. */
typedef struct retry {
    int64_t started_ms; /* when it was last started */
    uint32_t failures;  /* in a row, for the backoff */
    bool half_open;     /* its breaker lets it try */
    window_t recent;    /* failures, for the breaker */
} retry_t;

typedef struct child {
    const buskin_child_spec_t *spec;
    const void *args; /* the supervisor's own copy, or the specification's constant */
    uint64_t pid, ref;
    int64_t due_ms;
    retry_t *retry; /* or NULL */
    uint32_t index; /* in children_t.list */
    uint32_t state; /* enum buskin_child_state */
} child_t;

typedef struct children {
    child_t **list; /* in start order; those of a simple_one_for_one in none */
    uint32_t count, capacity;
    child_t **by_pid; /* open addressing; those that run */
    uint32_t running, slots;
} children_t;

typedef struct supervisor {
    const buskin_supervisor_spec_t *spec;
    uint64_t parent;
    children_t children;
    window_t restarts;
    uint32_t waiting; /* children that are RESTARTING or OPEN */
} supervisor_t;

static inline bool supervisor_is_simple(const supervisor_t *s) {
    return s->spec->strategy == BUSKIN_SIMPLE_ONE_FOR_ONE;
}

/* -- spec.c -- */

int32_t spec_check_child(const buskin_supervisor_spec_t *spec, const buskin_child_spec_t *child);

/* -- children.c: the table of children -- */

child_t *children_add(children_t *children, const buskin_child_spec_t *spec, const void *args);
void children_forget(children_t *children, child_t *c, bool keep_order);
child_t *children_named(const children_t *children, const char *name, uint64_t length);
child_t *children_find(const children_t *children, uint64_t pid);
void children_map(children_t *children, child_t *c);   /* c->pid is set */
void children_unmap(children_t *children, child_t *c); /* c->pid still is */

/* -- window.c -- */

/* Notes an event at now. true: with it, more than `most` lie less than span_ms apart from now. */
bool window_add(window_t *window, int64_t now, int64_t span_ms, uint64_t most);

/* -- start.c -- */

typedef struct start {
    uint64_t pid, ref;             /* 0: it has failed */
    const buskin_notice_t *reason; /* then: why, or NULL if start said no pid, or one that cannot be a child's */
} start_t;

/* Runs the callback, and ties the child to the caller. */
start_t start_child(const supervisor_t *s, const buskin_child_spec_t *spec, const void *args);

/* -- child.c: starting and stopping -- */

/* false: it is STOPPED, and *why (which may be NULL) is as in start_t. */
bool child_start(supervisor_t *s, child_t *c, const buskin_notice_t **why);
/* Stops c if it runs, or cancels its restart; returns when it is gone. */
void child_stop(supervisor_t *s, child_t *c);
/* Forgets it if its specification is not kept. */
void child_stopped(supervisor_t *s, child_t *c);
void child_set_state(supervisor_t *s, child_t *c, uint32_t state);
/* Stops all: in reverse order, or, without an order, together. */
void child_stop_all(supervisor_t *s);

/* -- restart.c: what follows from a child's end -- */

void restart_after_end(supervisor_t *s, child_t *c, uint32_t code);
/* Restarts those whose time has come. */
void restart_due(supervisor_t *s);
/* Milliseconds until the next one's time, or -1. */
int64_t restart_wait(const supervisor_t *s);

/* -- actor.c -- */

void supervisor_entry(const void *args);
/* Stops all children, and ends the supervisor. */
_Noreturn void supervisor_end(supervisor_t *s, uint32_t code, const void *bytes, uint64_t length);

/* -- request.c: what others ask of it -- */

enum request_op {
    REQUEST_START_CHILD, /* object: the arguments */
    REQUEST_ADD_CHILD,   /* number: address of its specification */
    REQUEST_TERMINATE,   /* number: pid */
    REQUEST_STOP,        /* object: a name; so the next three */
    REQUEST_RESTART,
    REQUEST_DELETE,
    REQUEST_CHILD,
    REQUEST_COUNT, /* number: enum buskin_count */
    REQUEST_WHICH
};

typedef struct request {
    buskin_request_t request;
    uint64_t op, number;
    const void *object;
} request_t;

typedef struct reply {
    int64_t status;
    uint64_t number;
    const void *object; /* REQUEST_WHICH: an array of buskin_child_info_t */
} reply_t;

/* An array object: names, and lists of children. */
typedef struct array {
    uint64_t count;
    char bytes[];
} array_t;

extern const buskin_desc_t request_desc, reply_desc, request_name_desc, request_list_desc;

/* Handles the request in this message, which was taken, and answers it. */
void request_handle(supervisor_t *s, const void *message);

#endif
