/* name.c - the entries for names. An actor's home registers its names, so a name for another actor is a request to it. */
#include "api/caller.h"
#include "sched/registry.h"

static uint64_t register_self(caller_t *c, uint64_t name, uint64_t length, uint64_t a3, uint64_t a4) {
    (void)a3, (void)a4;
    if (!caller_cold(c)) return (uint64_t)BUSKIN_ENOMEM;
    return (uint64_t)registry_add(c->self, (const char *)(uintptr_t)name, length);
}

int32_t buskin_actor_register(const char *name, uint64_t length, uint64_t pid) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (!registry_name_is_valid(name, length)) return BUSKIN_EINVAL;
    if (pid && pid == here()->pid)
        return (int32_t)caller_run(register_self, (uint64_t)(uintptr_t)name, length, 0, 0, (uint64_t)BUSKIN_ESTATE);
    return ask(SIGNAL_REGISTER, pid, name, length, NULL);
}

int32_t buskin_actor_unregister(const char *name, uint64_t length) {
    if (!is_up() || !is_home(here())) return BUSKIN_ESTATE;
    if (!registry_name_is_valid(name, length)) return BUSKIN_EINVAL;
    need_room(here());
    return registry_remove(name, length);
}

uint64_t buskin_actor_whereis(const char *name, uint64_t length) {
    need_room(here());
    return is_up() && registry_name_is_valid(name, length) ? registry_find(name, length) : 0;
}

int32_t buskin_send_to_name(const char *name, uint64_t length, uint64_t tag, const buskin_desc_t *desc,
                            const void *value) {
    if (!is_up() || !is_home(here())) return BUSKIN_ESTATE;
    if (!registry_name_is_valid(name, length)) return BUSKIN_EINVAL;
    need_room(here());
    uint64_t pid = registry_find(name, length);
    return pid ? buskin_send(pid, tag, desc, value) : BUSKIN_ENOTFOUND;
}
