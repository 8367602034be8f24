/* child.c - starting and stopping children (S9.1, S9.9). A stop waits for the child's DOWN in a receive of its own, which leaves
 * requests and other children's ends in the mailbox; the supervisor waits, its worker does not. */
#include "api/supervisor/supervisor.h"

void child_set_state(supervisor_t *s, child_t *c, uint32_t state) {
    s->waiting -= c->state >= BUSKIN_CHILD_RESTARTING;
    s->waiting += state >= BUSKIN_CHILD_RESTARTING;
    c->state = state;
}

bool child_start(supervisor_t *s, child_t *c, const buskin_notice_t **why) {
    if (c->retry) c->retry->started_ms = buskin_now_ms();
    start_t started = start_child(s, c->spec, c->args);
    *why = started.reason;
    child_set_state(s, c, started.pid ? BUSKIN_CHILD_RUNNING : BUSKIN_CHILD_STOPPED);
    if (!started.pid) return false;
    c->pid = started.pid;
    c->ref = started.ref;
    children_map(&s->children, c);
    return true;
}

void child_stopped(supervisor_t *s, child_t *c) {
    bool kept = !supervisor_is_simple(s) && c->spec->restart != BUSKIN_TEMPORARY;
    if (!kept) children_forget(&s->children, c, !supervisor_is_simple(s));
}

/* -- Stopping one -- */

static void child_gone(supervisor_t *s, child_t *c) {
    children_unmap(&s->children, c);
    child_set_state(s, c, BUSKIN_CHILD_STOPPED);
    c->pid = c->ref = 0;
}

/* Whether nothing will ever be done about a message: of the EXITs only the parent's, or the runtime's, counts (S9.13). */
static bool child_is_noise(const supervisor_t *s, const void *message) {
    const buskin_message_header_t *header = (const buskin_message_header_t *)message - 1;
    const buskin_notice_t *n = (const buskin_notice_t *)((const buskin_message_t *)message + 1);
    if (header->kind == BUSKIN_MSG_EXIT) return n->from && n->from != s->parent;
    return header->kind == BUSKIN_MSG_USER;
}

static bool child_is_down(const void *message, uint64_t ref) {
    const buskin_message_header_t *header = (const buskin_message_header_t *)message - 1;
    const buskin_notice_t *n = (const buskin_notice_t *)((const buskin_message_t *)message + 1);
    return header->kind == BUSKIN_MSG_DOWN && n->ref == ref;
}

/* Waits for the DOWN of ref and takes it out. false: the time is over. */
static bool child_await(const supervisor_t *s, uint64_t ref, int64_t timeout_ms) {
    int64_t deadline = timeout_ms > 0 ? buskin_now_ms() + timeout_ms : 0;
    buskin_receive_t r = {.timeout_ms = timeout_ms};
    for (const void *m; (m = buskin_receive_peek(&r));) {
        bool down = child_is_down(m, ref);
        if (!down && !child_is_noise(s, m)) {
            buskin_receive_skip(&r);
            continue;
        }
        buskin_receive_drop(&r);
        if (down) return true;
        int64_t left = deadline ? deadline - buskin_now_ms() : timeout_ms;
        r = (buskin_receive_t){.timeout_ms = deadline && left < 0 ? 0 : left};
    }
    return false;
}

static void child_signal(const child_t *c, uint32_t code) { buskin_actor_exit_signal(c->pid, code, NULL, 0); }

void child_stop(supervisor_t *s, child_t *c) {
    if (c->state != BUSKIN_CHILD_RUNNING) {
        child_set_state(s, c, BUSKIN_CHILD_STOPPED);
        return;
    }
    int64_t ms = c->spec->shutdown_ms;
    bool gone = false;
    if (ms != BUSKIN_SHUTDOWN_KILL) {
        child_signal(c, BUSKIN_REASON_SHUTDOWN);
        gone = child_await(s, c->ref, ms == BUSKIN_SHUTDOWN_INFINITY ? -1 : ms);
    }
    if (!gone) {
        child_signal(c, BUSKIN_REASON_KILL);
        child_await(s, c->ref, -1);
    }
    child_gone(s, c);
}

/* -- Stopping all -- */

static void child_signal_all(const supervisor_t *s, uint32_t code) {
    for (uint32_t i = 0; i < s->children.count; i++) {
        if (s->children.list[i]->state == BUSKIN_CHILD_RUNNING) child_signal(s->children.list[i], code);
        buskin_reduction_check(); /* there may be a million */
    }
}

/* Takes out messages until all children are gone, or the time is over. The supervisor is about to end: nothing else counts. */
static void child_await_all(supervisor_t *s, int64_t timeout_ms) {
    int64_t deadline = timeout_ms > 0 ? buskin_now_ms() + timeout_ms : 0;
    while (s->children.running) {
        int64_t left = deadline ? deadline - buskin_now_ms() : timeout_ms;
        buskin_receive_t r = {.timeout_ms = deadline && left < 0 ? 0 : left};
        const buskin_message_t *m = buskin_receive_peek(&r);
        if (!m) return;
        const buskin_notice_t *n = (const buskin_notice_t *)(m + 1);
        bool down = ((const buskin_message_header_t *)(const void *)m - 1)->kind == BUSKIN_MSG_DOWN;
        child_t *c = down ? children_find(&s->children, n->from) : NULL;
        bool gone = c && c->ref == n->ref;
        buskin_receive_drop(&r);
        if (gone) child_gone(s, c);
    }
}

/* Without an order among them, children stop together: the time of one is the time of all (S9.17). */
static void child_stop_together(supervisor_t *s) {
    int64_t ms = s->spec->children[0]->shutdown_ms;
    if (ms != BUSKIN_SHUTDOWN_KILL) {
        child_signal_all(s, BUSKIN_REASON_SHUTDOWN);
        child_await_all(s, ms == BUSKIN_SHUTDOWN_INFINITY ? -1 : ms);
    }
    if (!s->children.running) return;
    child_signal_all(s, BUSKIN_REASON_KILL);
    child_await_all(s, -1);
}

void child_stop_all(supervisor_t *s) {
    if (supervisor_is_simple(s)) {
        child_stop_together(s);
        return;
    }
    for (uint32_t i = s->children.count; i; i--) child_stop(s, s->children.list[i - 1]);
}
