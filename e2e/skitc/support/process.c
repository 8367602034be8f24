/* process.c - processes: exit signals, links, names, as Skit means them.
 *
 * Thin: what differs from the runtime's functions is the form of names (strings) and reasons (variants), the
 * statuses (0 or 1), and that unlink also removes an Exit that is queued already.
 */
#include "skit.h"

SKIT_CODE void skit_unlink(int64_t pid) {
    buskin_actor_unlink((uint64_t)pid);
    buskin_receive_t r = {.timeout_ms = 0};
    const buskin_message_t *message;
    while ((message = buskin_receive_peek(&r)) != NULL) {
        const buskin_message_header_t *header = (const buskin_message_header_t *)message - 1;
        const buskin_notice_t *notice = (const buskin_notice_t *)(message + 1);
        if (header->kind == BUSKIN_MSG_EXIT && notice->from == (uint64_t)pid) {
            buskin_receive_drop(&r);
            return;
        }
        buskin_receive_skip(&r);
    }
}

/* A program may well watch without keeping the reference. */
SKIT_CODE int64_t skit_monitor(int64_t pid) { return (int64_t)buskin_actor_monitor((uint64_t)pid); }

SKIT_CODE int64_t skit_demonitor(int64_t ref) { return buskin_actor_demonitor((uint64_t)ref, 1) != BUSKIN_OK; }

SKIT_CODE bool skit_alive(int64_t pid) { return pid != 0 && buskin_actor_is_alive((uint64_t)pid) != 0; }

SKIT_CODE int64_t skit_register(const skit_string_t *name, int64_t pid) {
    return buskin_actor_register(name->bytes, name->length, (uint64_t)pid) != BUSKIN_OK;
}

SKIT_CODE int64_t skit_unregister(const skit_string_t *name) {
    return buskin_actor_unregister(name->bytes, name->length) != BUSKIN_OK;
}

SKIT_CODE int64_t skit_whereis(const skit_string_t *name) {
    return (int64_t)buskin_actor_whereis(name->bytes, name->length);
}
