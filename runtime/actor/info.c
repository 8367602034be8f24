/* info.c - process_info: read by the actor's home, on demand; nothing is counted for it on any hot path. */
#include "actor/info.h"

#include "actor/bounded.h"
#include "actor/cold.h"

/* Those that count: not the ones whose unlink is only to be acknowledged (signal.c). */
static uint64_t links_of(cold_t *cold) {
    uint64_t n = 0;
    for (map_entry_t *e = map_first(&cold->links); e; e = map_next(&cold->links, e)) n += !e->value;
    return n;
}

void info_fill(const actor_t *a, buskin_process_info_t *info) {
    cold_t *cold = actor_cold(a);
    const heap_t *heap = heap_of(&a->ctx);
    *info = (buskin_process_info_t){.size = sizeof *info, .priority = actor_priority(a)};
    info->state = a->ctx.flags & (ACTOR_DYING | ACTOR_ENDING) ? BUSKIN_PROCESS_ENDING
                  : a->state == ACTOR_RUNNING                 ? BUSKIN_PROCESS_RUNNING
                  : a->state == ACTOR_WAITING                 ? BUSKIN_PROCESS_WAITING
                                                              : BUSKIN_PROCESS_READY;
    for (const fragment_t *f = a->head; f; f = f->next) info->mailbox_length++;
    if (actor_is_bounded(a)) bounded_info(a, info);
    info->heap_bytes = heap ? heap->held : 0;
    if (cold) {
        info->links = links_of(cold);
        info->monitors = cold->watching.count;
        info->watchers = cold->watchers.count;
        info->reductions = cold->turns * ACTOR_TURN;
    }
}
