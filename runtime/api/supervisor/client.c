/* client.c - the entries for supervisors: what the callers do. Names and arguments travel as objects of the caller's heap, which
 * the request copies. */
#include "api/call.h"
#include "api/spawn.h"
#include "api/supervisor/supervisor.h"

#include <string.h>

enum { CLIENT_NAME_MAX = 255 };

static const buskin_desc_t client_args_desc = {.size = 16, .name = "supervisor"}; /* specification, parent */
static const buskin_spawn_desc_t client_supervisor_desc = {.size = sizeof client_supervisor_desc,
                                                           .entry = supervisor_entry,
                                                           .name = "supervisor",
                                                           .args = &client_args_desc,
                                                           .priority = BUSKIN_NORMAL};

/* -- Start -- */

/* It has not come up: in a start callback of another supervisor, that start has failed for the same reason. */
static void client_start_failed(const void *message) {
    const buskin_notice_t *why = (const buskin_notice_t *)(const void *)((const buskin_message_t *)message + 1);
    if (here()->flags & ACTOR_ATTEMPT) buskin_actor_exit(why->code, why + 1, why->length);
    buskin_message_release(message);
}

uint64_t buskin_supervisor_start(const buskin_supervisor_spec_t *spec, uint32_t flags, uint64_t *ref, int32_t *status) {
    int32_t unused;
    if (!status) status = &unused;
    if (ref) *ref = 0;
    need_room(here());
    *status = BUSKIN_ESTATE;
    if (!is_open() || !(here()->flags & BUSKIN_CTX_ACTOR)) return 0;
    *status = buskin_supervisor_check(spec);
    if (!*status && flags & ~(uint32_t)(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR)) *status = BUSKIN_EINVAL;
    if (*status) return 0;
    const uint64_t args[2] = {(uint64_t)(uintptr_t)spec, here()->pid};
    uint64_t pid = spawn_kind(&client_supervisor_desc, args, flags | SPAWN_JOB | SPAWN_SUPERVISOR, ref);
    *status = BUSKIN_ELIMIT;
    if (!pid) return 0;
    const void *message = buskin_job_await(pid, -1, status);
    if (*status)
        client_start_failed(message);
    else
        buskin_message_release(message);
    if (*status) *status = BUSKIN_ESTART;
    return pid;
}

/* -- Requests -- */

/* Sends the request and waits; *reply is valid if the result is OK. A list is copied to children. */
static int32_t client_ask(uint64_t supervisor, uint64_t op, uint64_t number, const void *object, reply_t *reply,
                          buskin_child_info_t *children, uint64_t capacity) {
    request_t request = {.op = op, .number = number, .object = object};
    int32_t status;
    const buskin_message_t *m = call_any(supervisor, CALL_SUPERVISOR, &request_desc, &request, -1, &status);
    if (!m) return status;
    if (!status) {
        *reply = *(const reply_t *)(const void *)(m + 1);
        const array_t *list = reply->object;
        uint64_t n = list && list->count < capacity ? list->count : capacity;
        if (list && n) memcpy(children, list->bytes, n * sizeof *children);
    }
    buskin_message_release(m);
    return status ? status : (int32_t)reply->status;
}

static uint64_t client_pid(int32_t result, const reply_t *reply, int32_t *status) {
    if (status) *status = result;
    return result ? 0 : reply->number;
}

static bool client_is_ready(void) { return is_open() && here()->flags & BUSKIN_CTX_ACTOR; }

uint64_t buskin_supervisor_start_child(uint64_t supervisor, const buskin_desc_t *desc, const void *args,
                                       int32_t *status) {
    reply_t reply;
    void *object = NULL;
    if (!client_is_ready()) return client_pid(BUSKIN_ESTATE, NULL, status);
    if (desc && desc->size) {
        if (!args || desc->flags & BUSKIN_DESC_ARRAY) return client_pid(BUSKIN_EINVAL, NULL, status);
        object = buskin_alloc(desc);
        memcpy(object, args, desc->size);
    }
    return client_pid(client_ask(supervisor, REQUEST_START_CHILD, 0, object, &reply, NULL, 0), &reply, status);
}

uint64_t buskin_supervisor_add_child(uint64_t supervisor, const buskin_child_spec_t *spec, int32_t *status) {
    reply_t reply;
    if (!client_is_ready()) return client_pid(BUSKIN_ESTATE, NULL, status);
    return client_pid(client_ask(supervisor, REQUEST_ADD_CHILD, (uint64_t)(uintptr_t)spec, NULL, &reply, NULL, 0),
                      &reply, status);
}

int32_t buskin_supervisor_terminate_child(uint64_t supervisor, uint64_t child) {
    reply_t reply;
    return client_is_ready() ? client_ask(supervisor, REQUEST_TERMINATE, child, NULL, &reply, NULL, 0) : BUSKIN_ESTATE;
}

static int32_t client_ask_name(uint64_t supervisor, uint64_t op, const char *name, uint64_t length, reply_t *reply) {
    if (!client_is_ready()) return BUSKIN_ESTATE;
    if (!name || !length || length > CLIENT_NAME_MAX) return BUSKIN_EINVAL;
    array_t *object = buskin_alloc_array(&request_name_desc, length);
    memcpy(object->bytes, name, length);
    return client_ask(supervisor, op, 0, object, reply, NULL, 0);
}

int32_t buskin_supervisor_stop_child(uint64_t supervisor, const char *name, uint64_t length) {
    reply_t reply;
    return client_ask_name(supervisor, REQUEST_STOP, name, length, &reply);
}

uint64_t buskin_supervisor_restart_child(uint64_t supervisor, const char *name, uint64_t length, int32_t *status) {
    reply_t reply;
    return client_pid(client_ask_name(supervisor, REQUEST_RESTART, name, length, &reply), &reply, status);
}

int32_t buskin_supervisor_delete_child(uint64_t supervisor, const char *name, uint64_t length) {
    reply_t reply;
    return client_ask_name(supervisor, REQUEST_DELETE, name, length, &reply);
}

uint64_t buskin_supervisor_child(uint64_t supervisor, const char *name, uint64_t length) {
    reply_t reply;
    return client_pid(client_ask_name(supervisor, REQUEST_CHILD, name, length, &reply), &reply, NULL);
}

int64_t buskin_supervisor_count_children(uint64_t supervisor, uint32_t which) {
    reply_t reply;
    if (!client_is_ready()) return BUSKIN_ESTATE;
    int32_t status = client_ask(supervisor, REQUEST_COUNT, which, NULL, &reply, NULL, 0);
    return status ? status : (int64_t)reply.number;
}

int64_t buskin_supervisor_which_children(uint64_t supervisor, buskin_child_info_t *children, uint64_t capacity) {
    reply_t reply;
    if (!client_is_ready()) return BUSKIN_ESTATE;
    if (capacity && !children) return BUSKIN_EINVAL;
    int32_t status = client_ask(supervisor, REQUEST_WHICH, 0, NULL, &reply, children, capacity);
    return status ? status : (int64_t)reply.number;
}
