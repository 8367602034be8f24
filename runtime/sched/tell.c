/* tell.c - notices of an end, which must not get lost for want of memory.
 *
 * Each notice is a copy of the reason, as a signal. When there is no memory for one, the cold block of the actor that has ended,
 * which holds its links, monitors and reason, is not freed but goes to the worker's list `untold`, with the number of those
 * who know. The list is tried again at every further end on this worker (it gives memory back), and every few milliseconds while the
 * worker has nothing else to do; until then the worker counts as active, so the program does not end before all are told.
 */
#include "sched/tell.h"

#include "actor/signal.h"
#include "sched/deliver.h"

/* A copy of the reason, as a signal to one who was linked to or watched the actor. false: no memory. */
static bool tell(worker_t *w, const cold_t *cold, enum signal_kind kind, uint64_t to, uint64_t ref) {
    const buskin_notice_t *n = cold->reason ? reason_notice(cold->reason) : NULL;
    fragment_t *f =
        reason_new(&w->pool, n ? n->code : cold->code, n ? reason_bytes(cold->reason) : NULL, n ? n->length : 0);
    if (!f) return false;
    f->kind = kind;
    f->owner = to;
    reason_notice(f)->from = cold->pid;
    reason_notice(f)->ref = ref;
    reason_notice(f)->detail = n ? n->detail : 0;
    deliver(w, f);
    return true;
}

static bool tell_watched(worker_t *w, const cold_t *cold, const map_entry_t *e) {
    fragment_t *f = signal_new(&w->pool, SIGNAL_DEMONITOR, e->value, cold->pid, e->key);
    if (!f) return false;
    reason_notice(f)->code = SIGNAL_WATCHER_ENDED;
    deliver(w, f);
    return true;
}

/* All who do not know yet, in an order that does not change: the maps do not, any more. Its supervisor is told before all others, so
 * whoever has heard of the end finds that the supervisor, when asked, has heard of it, too. false: no memory. */
static bool tell_rest(worker_t *w, cold_t *cold) {
    uint64_t *keeper = cold->keeper ? map_find(&cold->watchers, cold->keeper) : NULL;
    if (keeper) {
        if (!tell(w, cold, SIGNAL_DOWN, *keeper, cold->keeper)) return false;
        map_remove(&cold->watchers, cold->keeper);
    }
    uint64_t i = 0;
    for (map_entry_t *e = map_first(&cold->links); e; e = map_next(&cold->links, e)) {
        if (i++ < cold->told) continue;
        if (!e->value && !tell(w, cold, SIGNAL_EXIT_LINK, e->key, 0)) return false;
        cold->told++;
    }
    for (map_entry_t *e = map_first(&cold->watchers); e; e = map_next(&cold->watchers, e)) {
        if (i++ < cold->told) continue;
        if (!tell(w, cold, SIGNAL_DOWN, e->value, e->key)) return false;
        cold->told++;
    }
    for (map_entry_t *e = map_first(&cold->watching); e; e = map_next(&cold->watching, e)) {
        if (i++ < cold->told) continue;
        if (!tell_watched(w, cold, e)) return false;
        cold->told++;
    }
    return true;
}

void tell_others(worker_t *w, actor_t *a, uint64_t pid) {
    cold_t *cold = actor_cold(a);
    cold->pid = pid;
    if (likely(tell_rest(w, cold))) return;
    a->meta = (uintptr_t)cold->desc; /* the block stays when a is freed */
    cold->next_untold = w->untold;
    w->untold = cold;
}

bool tell_late(worker_t *w) {
    while (w->untold) {
        cold_t *cold = w->untold;
        if (!tell_rest(w, cold)) return false;
        w->untold = cold->next_untold;
        cold_discard(cold, &w->pool);
    }
    return true;
}

void tell_nobody(worker_t *w) {
    while (w->untold) {
        cold_t *cold = w->untold;
        w->untold = cold->next_untold;
        cold_discard(cold, &w->pool);
    }
}
