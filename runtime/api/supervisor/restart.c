/* restart.c - what follows from a child's end: table T-3, the limit on restarts, the three strategies, backoff and breaker.
 *
 * A failure is an end after which the child is to be restarted, or a restart whose start fails. Each counts once (S9.6, S9.8).
 * A failed child is started again at once if its end calls for it; after a failed start, or with a backoff, it becomes
 * RESTARTING, and the supervisor serves others until its time comes. A restart concerns a group: the child alone, all of them,
 * or it and those after it. The others of the group stop, in reverse order, when the child fails, and all start, in order, when
 * its restart is due; temporary ones are forgotten (S9.4, S9.5).
 *
 * A breaker that opens takes the place of the restart, and of its count: the child is tried again after the time to cool down.
 */
#include "api/supervisor/supervisor.h"

/* -- Groups -- */

static uint32_t restart_group_first(const supervisor_t *s, const child_t *c) {
    return s->spec->strategy == BUSKIN_ONE_FOR_ALL ? 0 : c->index;
}

static bool restart_is_alone(const supervisor_t *s) {
    return s->spec->strategy == BUSKIN_ONE_FOR_ONE || supervisor_is_simple(s);
}

/* All of c's group but c itself. */
static void restart_stop_group(supervisor_t *s, child_t *c) {
    if (restart_is_alone(s)) return;
    for (uint32_t i = s->children.count; i > restart_group_first(s, c); i--) {
        child_t *other = s->children.list[i - 1];
        if (other == c) continue;
        child_stop(s, other);
        child_stopped(s, other);
    }
}

static void restart_failed(supervisor_t *s, child_t *c, bool at_once);

/* Starts c's group. */
static void restart_now(supervisor_t *s, child_t *c) {
    const buskin_notice_t *why;
    if (restart_is_alone(s)) {
        if (!child_start(s, c, &why)) restart_failed(s, c, false);
        return;
    }
    for (uint32_t i = restart_group_first(s, c); i < s->children.count; i++) {
        child_t *next = s->children.list[i];
        if (next->state == BUSKIN_CHILD_RUNNING || child_start(s, next, &why)) continue;
        restart_failed(s, next, false);
        return;
    }
}

/* -- When -- */

/* Whether c's breaker opens, or stays open, with a failure now. */
static bool restart_breaks(child_t *c, int64_t now) {
    const buskin_child_spec_t *spec = c->spec;
    retry_t *retry = c->retry;
    if (!spec->breaker_failures) return false;
    bool again = retry->half_open && now - retry->started_ms < spec->breaker_cooldown_ms;
    retry->half_open = false;
    if (!again && !window_add(&retry->recent, now, spec->breaker_window_ms, spec->breaker_failures - 1)) return false;
    retry->recent = (window_t){0};
    return true;
}

static int64_t restart_backoff(child_t *c, int64_t now) {
    const buskin_child_spec_t *spec = c->spec;
    retry_t *retry = c->retry;
    if (!spec->backoff_min_ms) return 0;
    if (now - retry->started_ms >= spec->backoff_max_ms) retry->failures = 0;
    uint64_t delay = retry->failures < 32 ? (uint64_t)spec->backoff_min_ms << retry->failures : UINT64_MAX;
    retry->failures++;
    return delay < spec->backoff_max_ms ? (int64_t)delay : spec->backoff_max_ms;
}

static void restart_later(supervisor_t *s, child_t *c, uint32_t state, int64_t due_ms) {
    child_set_state(s, c, state);
    c->due_ms = due_ms;
}

/* c is to be started again. */
static void restart_failed(supervisor_t *s, child_t *c, bool at_once) {
    int64_t now = buskin_now_ms(), delay = 0;
    if (c->retry && restart_breaks(c, now)) {
        restart_later(s, c, BUSKIN_CHILD_OPEN, now + c->spec->breaker_cooldown_ms);
        restart_stop_group(s, c);
        return;
    }
    if (window_add(&s->restarts, now, s->spec->window_ms, s->spec->max_restarts))
        supervisor_end(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    if (c->retry) delay = restart_backoff(c, now);
    restart_stop_group(s, c);
    if (at_once && !delay)
        restart_now(s, c);
    else
        restart_later(s, c, BUSKIN_CHILD_RESTARTING, now + delay);
}

void restart_due(supervisor_t *s) {
    int64_t now = buskin_now_ms();
    for (uint32_t i = 0; s->waiting && i < s->children.count; i++) {
        child_t *c = s->children.list[i];
        if (c->state < BUSKIN_CHILD_RESTARTING || c->due_ms > now) continue;
        if (c->state == BUSKIN_CHILD_OPEN) c->retry->half_open = true;
        restart_now(s, c);
    }
}

int64_t restart_wait(const supervisor_t *s) {
    if (!s->waiting) return -1;
    int64_t now = buskin_now_ms(), next = INT64_MAX;
    for (uint32_t i = 0; i < s->children.count; i++) {
        const child_t *c = s->children.list[i];
        if (c->state >= BUSKIN_CHILD_RESTARTING && c->due_ms < next) next = c->due_ms;
    }
    return next > now ? next - now : 0;
}

/* -- Ends -- */

/* Table T-3. */
static bool restart_wanted(const child_t *c, uint32_t code) {
    if (c->spec->restart == BUSKIN_TRANSIENT) return code != BUSKIN_REASON_NORMAL && code != BUSKIN_REASON_SHUTDOWN;
    return c->spec->restart == BUSKIN_PERMANENT;
}

static bool restart_significant_left(const supervisor_t *s) {
    for (uint32_t i = 0; i < s->children.count; i++) {
        const child_t *c = s->children.list[i];
        if (c->spec->flags & BUSKIN_CHILD_SIGNIFICANT && c->state != BUSKIN_CHILD_STOPPED) return true;
    }
    return false;
}

void restart_after_end(supervisor_t *s, child_t *c, uint32_t code) {
    children_unmap(&s->children, c);
    child_set_state(s, c, BUSKIN_CHILD_STOPPED);
    c->pid = c->ref = 0;
    if (restart_wanted(c, code)) {
        restart_failed(s, c, true);
        return;
    }
    bool significant = c->spec->flags & BUSKIN_CHILD_SIGNIFICANT;
    child_stopped(s, c);
    if (significant && (s->spec->auto_shutdown == BUSKIN_AUTO_SHUTDOWN_ANY || !restart_significant_left(s)))
        supervisor_end(s, BUSKIN_REASON_SHUTDOWN, NULL, 0);
}
