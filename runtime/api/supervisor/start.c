/* start.c - the start of a child: the callback runs as the supervisor, in an attempt, so that its panic is the start's failure
 * and not the supervisor's end. */
#include "api/caller.h"
#include "api/supervisor/supervisor.h"
#include "sched/attempt.h"

uint64_t slow_attempt(attempt_t *attempt) __attribute__((returns_twice));

actor_t *handle_attempt(actor_t *self, attempt_t *attempt) {
    *actor_result(self) = !attempt_begin(worker_of(self), self, attempt);
    return self;
}

/* 0: it failed, and attempt->failure may say why. */
static __attribute__((noinline)) uint64_t start_attempt(const buskin_child_spec_t *spec, const void *args,
                                                        attempt_t *attempt) {
    attempt->tied = 0;
    attempt->failure = NULL;
    if (slow_attempt(attempt)) return 0; /* comes back here when the callback ends in any other way */
    uint64_t pid = spec->start(args);
    attempt_end(actor_of(here()));
    return pid;
}

/* The callback has returned a pid that it did not spawn. */
static uint64_t start_tie_run(caller_t *c, uint64_t pid, uint64_t a2, uint64_t a3, uint64_t a4) {
    cold_t *cold = actor_cold(c->self);
    (void)a2, (void)a3, (void)a4;
    uint64_t ref = worker_ref(c->w);
    fragment_t *monitor = signal_new(&c->w->pool, SIGNAL_MONITOR, pid, c->self->ctx.pid, ref);
    if (!monitor || !map_put(&cold->watching, ref, pid) || !map_put(&cold->links, pid, 0)) {
        if (monitor) fragment_free(&c->w->pool, monitor);
        map_remove(&cold->watching, ref);
        return 0;
    }
    reason_notice(monitor)->code = SIGNAL_KEEPER;
    caller_deliver(c, monitor);
    caller_signal(c, SIGNAL_LINK, pid, 0);
    return ref;
}

static uint64_t start_reference(const attempt_t *attempt, uint64_t pid) {
    for (uint32_t i = 0; i < attempt->tied; i++)
        if (attempt->ties[i].pid == pid) return attempt->ties[i].ref;
    return caller_run(start_tie_run, pid, 0, 0, 0, 0);
}

start_t start_child(const supervisor_t *s, const buskin_child_spec_t *spec, const void *args) {
    attempt_t attempt;
    uint64_t pid = start_attempt(spec, args, &attempt);
    if (!pid) return (start_t){.reason = attempt.failure};
    if (pid == buskin_actor_self() || pid == s->parent || children_find(&s->children, pid)) return (start_t){0};
    uint64_t ref = start_reference(&attempt, pid);
    return (start_t){.pid = ref ? pid : 0, .ref = ref};
}
