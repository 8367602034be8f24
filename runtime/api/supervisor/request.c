/* request.c - what others ask of a supervisor, on its side. A request is a call whose tag nobody else can send. */
#include "api/supervisor/supervisor.h"

__extension__ const buskin_desc_t request_desc = {
    .size = sizeof(request_t), .npointers = 1, .name = "supervisor request", .offsets = {offsetof(request_t, object)}};
__extension__ const buskin_desc_t reply_desc = {
    .size = sizeof(reply_t), .npointers = 1, .name = "supervisor reply", .offsets = {offsetof(reply_t, object)}};
const buskin_desc_t request_name_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "name"};
const buskin_desc_t request_list_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = sizeof(buskin_child_info_t), .name = "children"};

static reply_t request_failed(int32_t status) { return (reply_t){.status = status}; }

/* Starts c on request: a failure is told, not tried again. */
static reply_t request_start(supervisor_t *s, child_t *c, bool keep) {
    const buskin_notice_t *why;
    if (child_start(s, c, &why)) return (reply_t){.number = c->pid};
    if (!keep) children_forget(&s->children, c, !supervisor_is_simple(s));
    return request_failed(BUSKIN_ESTART);
}

static reply_t request_start_child(supervisor_t *s, const request_t *request) {
    if (!supervisor_is_simple(s)) return request_failed(BUSKIN_EINVAL);
    return request_start(s, children_add(&s->children, s->spec->children[0], request->object), false);
}

static reply_t request_add_child(supervisor_t *s, const buskin_child_spec_t *spec) {
    if (supervisor_is_simple(s)) return request_failed(BUSKIN_EINVAL);
    int32_t status = spec_check_child(s->spec, spec);
    if (status) return request_failed(status);
    uint64_t length = 0;
    while (spec->name[length]) length++;
    const child_t *present = children_named(&s->children, spec->name, length);
    if (present) return request_failed(present->state == BUSKIN_CHILD_STOPPED ? BUSKIN_EPRESENT : BUSKIN_ERUNNING);
    return request_start(s, children_add(&s->children, spec, spec->args), false);
}

/* Neither restarted nor counted (S9.10). */
static reply_t request_stop(supervisor_t *s, child_t *c) {
    if (!c) return request_failed(BUSKIN_ENOTFOUND);
    child_stop(s, c);
    child_stopped(s, c);
    return (reply_t){0};
}

static int32_t request_need_stopped(const child_t *c) {
    if (!c) return BUSKIN_ENOTFOUND;
    if (c->state == BUSKIN_CHILD_STOPPED) return BUSKIN_OK;
    return c->state == BUSKIN_CHILD_RUNNING ? BUSKIN_ERUNNING : BUSKIN_ERESTARTING;
}

static reply_t request_restart(supervisor_t *s, child_t *c) {
    int32_t status = request_need_stopped(c);
    return status ? request_failed(status) : request_start(s, c, true);
}

static reply_t request_delete(supervisor_t *s, child_t *c) {
    int32_t status = request_need_stopped(c);
    if (!status) children_forget(&s->children, c, true);
    return request_failed(status);
}

static reply_t request_count(const supervisor_t *s, uint64_t which) {
    uint64_t supervisors = 0, specs = supervisor_is_simple(s) ? 1 : s->children.count;
    for (uint32_t i = 0; i < s->children.count; i++)
        supervisors += (s->children.list[i]->spec->flags & BUSKIN_CHILD_SUPERVISOR) != 0;
    switch (which) {
    case BUSKIN_COUNT_ALIVE: return (reply_t){.number = s->children.running};
    case BUSKIN_COUNT_SPECS: return (reply_t){.number = specs};
    case BUSKIN_COUNT_SUPERVISORS: return (reply_t){.number = supervisors};
    case BUSKIN_COUNT_WORKERS: return (reply_t){.number = s->children.count - supervisors};
    default: return request_failed(BUSKIN_EINVAL);
    }
}

static reply_t request_which(const supervisor_t *s) {
    array_t *list = buskin_alloc_array(&request_list_desc, s->children.count);
    buskin_child_info_t *info = (buskin_child_info_t *)(void *)list->bytes;
    for (uint32_t i = 0; i < s->children.count; i++) {
        const child_t *c = s->children.list[i];
        info[i] = (buskin_child_info_t){.pid = c->pid,
                                        .name = c->spec->name,
                                        .state = c->state,
                                        .restart = c->spec->restart,
                                        .flags = c->spec->flags};
    }
    return (reply_t){.number = s->children.count, .object = list};
}

/* Those by name; without an order, children have none. */
static reply_t request_by_name(supervisor_t *s, const request_t *request) {
    const array_t *name = request->object;
    if (supervisor_is_simple(s)) return request_failed(BUSKIN_EINVAL);
    child_t *c = children_named(&s->children, name->bytes, name->count);
    switch (request->op) {
    case REQUEST_STOP: return request_stop(s, c);
    case REQUEST_RESTART: return request_restart(s, c);
    case REQUEST_DELETE: return request_delete(s, c);
    default: return c ? (reply_t){.number = c->pid} : request_failed(BUSKIN_ENOTFOUND);
    }
}

static reply_t request_answer(supervisor_t *s, const request_t *request) {
    switch (request->op) {
    case REQUEST_START_CHILD: return request_start_child(s, request);
    case REQUEST_ADD_CHILD: return request_add_child(s, (const buskin_child_spec_t *)(uintptr_t)request->number);
    case REQUEST_TERMINATE: return request_stop(s, children_find(&s->children, request->number));
    case REQUEST_COUNT: return request_count(s, request->number);
    case REQUEST_WHICH: return request_which(s);
    default: return request_by_name(s, request);
    }
}

void request_handle(supervisor_t *s, const void *message) {
    const request_t *request = (const request_t *)(const void *)((const buskin_message_t *)message + 1);
    const buskin_request_t caller = request->request;
    bool keeps = request->op == REQUEST_START_CHILD; /* the arguments lie in the message */
    reply_t reply = request_answer(s, request);
    if (!keeps) buskin_message_release(message);
    buskin_reply(caller.from, caller.ref, &reply_desc, &reply);
}
