/* actor.c - the supervisor as an actor: it starts its children, tells its parent, and then takes one message after another.
 *
 * No message lies under its hands while it starts or stops a child, since a stop is a receive of its own: what a message says is
 * read, the message dropped or taken, and then acted on. What it does not understand is dropped (S9.13).
 */
#include "api/call.h"
#include "api/supervisor/supervisor.h"

#include <stdio.h>
#include <string.h>

/* The parent is told the end's reason, not the children's. */
_Noreturn void supervisor_end(supervisor_t *s, uint32_t code, const void *bytes, uint64_t length) {
    child_stop_all(s);
    buskin_actor_exit(code, bytes, length);
}

/* -- The first start -- */

/* What a reason is called where only its text counts. */
static const char *supervisor_why(const buskin_notice_t *why, int *length) {
    static const char *const names[] = {"normal", "shutdown", "killed", "killed", "noproc"};
    if (why && why->code > BUSKIN_REASON_NOPROC) {
        *length = why->length < INT32_MAX ? (int)why->length : INT32_MAX;
        return (const char *)(why + 1);
    }
    const char *name = why ? names[why->code] : "no process";
    *length = (int)strlen(name);
    return name;
}

/* S9.2: those before it are stopped, those after it never tried. */
static _Noreturn void supervisor_start_failed(supervisor_t *s, const child_t *c, const buskin_notice_t *why) {
    int length;
    const char *reason = supervisor_why(why, &length);
    size_t room = strlen(c->spec->name) + (size_t)length + sizeof "child  failed to start: ";
    char *text = buskin_gc_alloc_actor(room, 8);
    int n = snprintf(text, room, "child %s failed to start: %.*s", c->spec->name, length, reason);
    supervisor_end(s, BUSKIN_REASON_PANIC, text, (uint64_t)n);
}

static void supervisor_start_all(supervisor_t *s) {
    for (uint64_t i = 0; i < s->spec->child_count; i++)
        children_add(&s->children, s->spec->children[i], s->spec->children[i]->args);
    for (uint32_t i = 0; i < s->children.count; i++) {
        const buskin_notice_t *why;
        if (!child_start(s, s->children.list[i], &why)) supervisor_start_failed(s, s->children.list[i], why);
    }
}

/* -- Messages -- */

/* From the parent, or from the runtime when the program ends: as table T-1 would have it, were exits not trapped. */
static void supervisor_on_exit(supervisor_t *s, buskin_receive_t *r, const buskin_notice_t *n) {
    bool counts = (!n->from || n->from == s->parent) && n->code != BUSKIN_REASON_NORMAL;
    if (!counts) {
        buskin_receive_drop(r);
        return;
    }
    buskin_receive_take(r); /* the reason is kept until the end */
    supervisor_end(s, n->code, n + 1, n->length);
}

static void supervisor_on_down(supervisor_t *s, buskin_receive_t *r, const buskin_notice_t *n) {
    child_t *c = children_find(&s->children, n->from);
    if (c && c->ref != n->ref) c = NULL;
    uint32_t code = n->code;
    buskin_receive_drop(r);
    if (c) restart_after_end(s, c, code);
}

static void supervisor_on_message(supervisor_t *s, buskin_receive_t *r, const buskin_message_t *m) {
    uint32_t kind = ((const buskin_message_header_t *)(const void *)m - 1)->kind;
    const buskin_notice_t *n = (const buskin_notice_t *)(m + 1);
    if (kind == BUSKIN_MSG_EXIT) {
        supervisor_on_exit(s, r, n);
    } else if (kind == BUSKIN_MSG_DOWN) {
        supervisor_on_down(s, r, n);
    } else if (kind == BUSKIN_MSG_CALL && m->tag == CALL_SUPERVISOR) {
        buskin_receive_take(r);
        request_handle(s, m);
    } else {
        buskin_receive_drop(r);
    }
}

void supervisor_entry(const void *args) {
    const uint64_t *arg = args;
    supervisor_t s = {.spec = (const buskin_supervisor_spec_t *)(uintptr_t)arg[0], .parent = arg[1]};
    buskin_actor_trap_exit(1);
    if (!supervisor_is_simple(&s)) supervisor_start_all(&s);
    buskin_job_finish(NULL, NULL);
    for (;;) {
        buskin_receive_t r = {.timeout_ms = restart_wait(&s)};
        const void *m = buskin_receive_peek(&r);
        if (m) supervisor_on_message(&s, &r, m);
        if (s.waiting) restart_due(&s);
        buskin_reduction_check();
    }
}
