/* job.c - jobs: an actor whose one result is for its parent.
 *
 * The parent watches the job by a monitor of its own, whose reference is the job's. The result is a reply under that reference
 * (call.c): it ends the monitor, so exactly one of result and DOWN reaches the parent. What the parent has not awaited yet is in
 * cold->jobs, which is why only the parent can await, and only once.
 */
#include "api/call.h"
#include "api/caller.h"
#include "api/spawn.h"

uint64_t buskin_job_spawn(const buskin_spawn_desc_t *desc, const void *args) {
    need_room(here());
    if (!is_open() || !spawn_desc_is_valid(desc) || (desc->args && desc->args->size && !args)) return 0;
    return spawn_kind(desc, args, SPAWN_JOB, NULL);
}

static uint64_t finish_run(caller_t *c, uint64_t desc_address, uint64_t value, uint64_t a3, uint64_t a4) {
    cold_t *cold = actor_cold(c->self);
    (void)a3, (void)a4;
    if (!cold || !cold->job) return (uint64_t)BUSKIN_EINVAL;
    const uint64_t *owner = map_find(&cold->watchers, cold->job);
    return owner ? call_reply(c, *owner, cold->job, (const buskin_desc_t *)(uintptr_t)desc_address,
                              (const void *)(uintptr_t)value)
                 : BUSKIN_OK; /* nobody waits for it, or it has been given */
}

int32_t buskin_job_finish(const buskin_desc_t *desc, const void *value) {
    if (desc && desc->size && !value) return is_up() ? BUSKIN_EINVAL : BUSKIN_ESTATE;
    if (!is_actor(here())) return BUSKIN_ESTATE;
    return (int32_t)caller_run(finish_run, (uint64_t)(uintptr_t)desc, (uint64_t)(uintptr_t)value, 0, 0,
                               (uint64_t)BUSKIN_ESTATE);
}

static uint64_t reference_run(caller_t *c, uint64_t job, uint64_t a2, uint64_t a3, uint64_t a4) {
    cold_t *cold = actor_cold(c->self);
    (void)a2, (void)a3, (void)a4;
    const uint64_t *ref = cold && cold->jobs ? map_find(cold->jobs, job) : NULL;
    return ref ? *ref : 0;
}

static uint64_t forget_run(caller_t *c, uint64_t job, uint64_t a2, uint64_t a3, uint64_t a4) {
    (void)a2, (void)a3, (void)a4;
    return map_remove(actor_cold(c->self)->jobs, job);
}

static bool is_result(const void *message, uint64_t ref) {
    const fragment_t *f = fragment_of_message(message);
    if (f->kind == BUSKIN_MSG_REPLY) return f->tag == ref;
    return f->kind == BUSKIN_MSG_DOWN && ((const buskin_notice_t *)(const void *)f->data)->ref == ref;
}

/* Waits for the reply under ref or the end of the job, and takes that message. *status is OK, ENOPROC or, with NULL, ETIMEOUT. */
static const void *await_result(buskin_receive_t *r, uint64_t ref, int32_t *status) {
    const void *message;
    while ((message = buskin_receive_peek(r)) && !is_result(message, ref)) buskin_receive_skip(r);
    *status = BUSKIN_ETIMEOUT;
    if (!message) return NULL;
    *status = fragment_of_message(message)->kind == BUSKIN_MSG_REPLY ? BUSKIN_OK : BUSKIN_ENOPROC;
    buskin_receive_take(r);
    return message;
}

const void *buskin_job_await(uint64_t job, int64_t timeout_ms, int32_t *status) {
    int32_t unused;
    if (!status) status = &unused;
    *status = BUSKIN_ESTATE;
    if (!is_up()) return NULL;
    *status = BUSKIN_ENOPROC;
    uint64_t ref = caller_run(reference_run, job, 0, 0, 0, 0);
    if (!ref) return NULL;
    buskin_receive_t r = {.timeout_ms = timeout_ms};
    const void *message = await_result(&r, ref, status);
    if (message) caller_run(forget_run, job, 0, 0, 0, 0);
    return message;
}
