/* signal.c - the effect of each signal on its target: links, monitors, exits, calls, requests.
 *
 * Links (S3.5). Both ends keep an entry. An unlink marks the own entry with an id and waits for the other end's
 * acknowledgement; meanwhile an EXIT of that link, or a LINK from the other side, is ignored, because the other end
 * sent it before it knew. A new link() takes the mark away: the LINK that it sends comes after the UNLINK.
 *
 *   own entry        LINK arrives   UNLINK arrives     ACK(id) arrives   EXIT_LINK arrives
 *   none             add            acknowledge        ignore            ignore
 *   linked           keep           remove, ack        ignore            remove, take effect
 *   unlinking(id)    ignore         acknowledge        remove            remove, no effect
 *
 * Monitors (S4). The watcher keeps reference -> target, the target reference -> watcher. A DOWN counts only while the
 * watcher still has the reference, so demonitor is final the moment it returns (S4.3).
 *
 * Exits: table T-1 of the semantics, in signal_exit.
 *
 * Requests that come when the actor must end, or while its terminate callback runs: it is dead to their senders, but they may
 * not hear so before its names are free (S2.8). They wait in its cold block, and end_now answers them as a dead actor's home
 * does. So alive never says "no" and link and monitor never say "noproc" of an actor that whereis still finds.
 */
#include "actor/signal.h"

#include "actor/info.h"
#include "actor/mailbox.h"

int32_t (*signal_register)(actor_t *a, const char *name, uint64_t length);

/* f becomes the actor's reason to end. The first accepted one wins (S2.1); one that is ending already listens to KILLED
 * alone. */
static enum signal_effect signal_end(pool_t *pool, actor_t *a, fragment_t *f, uint32_t code) {
    cold_t *cold = cold_ensure(a, pool);
    bool killed = code == BUSKIN_REASON_KILLED;
    if (!cold || a->ctx.flags & ACTOR_DYING || (a->ctx.flags & ACTOR_ENDING && !killed)) {
        fragment_free(pool, f);
        return SIGNAL_NOTHING;
    }
    reason_notice(f)->code = code;
    if (cold->reason)
        fragment_free(pool, f); /* its end has begun for another reason, which stands */
    else
        cold->reason = f;
    /* atomic for the reader in a foreign call, see context_flags */
    __atomic_store_n(&a->ctx.flags, a->ctx.flags | ACTOR_DYING, __ATOMIC_RELAXED);
    return SIGNAL_MUST_RUN;
}

static enum signal_effect signal_message(actor_t *a, fragment_t *f, enum buskin_message_kind kind) {
    f->kind = kind;
    mailbox_push(a, f);
    return SIGNAL_MESSAGE;
}

static enum signal_effect signal_drop(pool_t *pool, fragment_t *f) {
    fragment_free(pool, f);
    return SIGNAL_NOTHING;
}

/* Turns f around: the answer to its sender. */
static void signal_turn(fragment_t *f, enum signal_kind kind, uint64_t from) {
    f->kind = kind;
    f->owner = reason_notice(f)->from;
    reason_notice(f)->from = from;
}

static enum signal_effect signal_exit(pool_t *pool, actor_t *a, fragment_t *f, bool by_link) {
    buskin_notice_t *why = reason_notice(f);
    if (!by_link && why->code == BUSKIN_REASON_KILL && !(a->ctx.flags & ACTOR_THREAD))
        return signal_end(pool, a, f, BUSKIN_REASON_KILLED);
    if (a->ctx.flags & ACTOR_TRAPS) return signal_message(a, f, BUSKIN_MSG_EXIT);
    if (why->code == BUSKIN_REASON_NORMAL && (by_link || why->from != a->ctx.pid)) return signal_drop(pool, f);
    return signal_end(pool, a, f, why->code);
}

/* -- Links -- */

static enum signal_effect apply_link(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = cold_ensure(a, pool);
    uint64_t from = reason_notice(f)->from;
    if (cold && !map_find(&cold->links, from)) map_put(&cold->links, from, 0);
    return signal_drop(pool, f);
}

static enum signal_effect apply_unlink(actor_t *a, fragment_t *f, fragment_t **answer) {
    cold_t *cold = actor_cold(a);
    uint64_t from = reason_notice(f)->from;
    uint64_t *link = cold ? map_find(&cold->links, from) : NULL;
    if (link && !*link) map_remove(&cold->links, from);
    signal_turn(f, SIGNAL_UNLINK_ACK, a->ctx.pid);
    *answer = f;
    return SIGNAL_NOTHING;
}

static enum signal_effect apply_unlink_ack(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    const buskin_notice_t *n = reason_notice(f);
    uint64_t *link = cold ? map_find(&cold->links, n->from) : NULL;
    if (link && *link == n->ref) map_remove(&cold->links, n->from);
    return signal_drop(pool, f);
}

static enum signal_effect apply_exit_link(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    uint64_t from = reason_notice(f)->from;
    uint64_t *link = cold ? map_find(&cold->links, from) : NULL;
    bool counts = !from || (link && !*link); /* 0: of a link to nobody, which has no entry */
    if (link) map_remove(&cold->links, from);
    return counts ? signal_exit(pool, a, f, true) : signal_drop(pool, f);
}

/* -- Monitors and calls -- */

static enum signal_effect apply_monitor(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = cold_ensure(a, pool);
    const buskin_notice_t *n = reason_notice(f);
    if (cold) map_put(&cold->watchers, n->ref, n->from);
    if (cold && n->code == SIGNAL_KEEPER) cold->keeper = n->ref;
    return signal_drop(pool, f);
}

/* A supervisor that has ended leaves no orphans, whatever they trap (S9.12). Its link has told them already; a supervisor among
 * them, which takes that for its parent's exit signal, stops its own children first, unless it hangs in a start callback. */
static enum signal_effect apply_demonitor(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    const buskin_notice_t *n = reason_notice(f);
    if (!cold) return signal_drop(pool, f);
    map_remove(&cold->watchers, n->ref);
    bool kept = cold->keeper == n->ref,
         stops_itself = (a->ctx.flags & (ACTOR_SUPERVISOR | ACTOR_ATTEMPT)) == ACTOR_SUPERVISOR;
    if (kept) cold->keeper = 0;
    if (!kept || n->code != SIGNAL_WATCHER_ENDED || stops_itself) return signal_drop(pool, f);
    return signal_end(pool, a, f, BUSKIN_REASON_KILLED);
}

static enum signal_effect apply_end(pool_t *pool, actor_t *a, fragment_t *f) {
    buskin_notice_t *n = reason_notice(f);
    if (n->ref != SIGNAL_TREES) return signal_end(pool, a, f, n->code);
    const cold_t *cold = actor_cold(a);
    if (!(a->ctx.flags & ACTOR_SUPERVISOR) || (cold && cold->keeper)) return signal_drop(pool, f);
    n->from = n->ref = 0;
    return signal_message(a, f, BUSKIN_MSG_EXIT);
}

/* f with the name that the monitor was made by behind the reason's bytes, and its length as the tag; f itself without memory. */
static fragment_t *down_by_name(pool_t *pool, fragment_t *f, fragment_t *name) {
    const buskin_notice_t *n = reason_notice(f);
    fragment_t *named = reason_room(pool, n->code, n->length + name->length);
    if (named) {
        *reason_notice(named) = *n;
        memcpy(reason_notice(named) + 1, reason_bytes(f), n->length);
        memcpy((char *)(reason_notice(named) + 1) + n->length, name->data, name->length);
        named->owner = f->owner;
        named->tag = name->length;
        fragment_free(pool, f);
    }
    fragment_free(pool, name);
    return named ? named : f;
}

/* What the actor waits for in WAIT_REPLY: it is the call's result, and no message. */
static enum signal_effect call_ends(cold_t *cold, fragment_t *f, enum buskin_message_kind kind) {
    f->kind = kind;
    cold->answer = f;
    return SIGNAL_MUST_RUN;
}

static enum signal_effect apply_down(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    if (!cold || !map_take(&cold->watching, reason_notice(f)->ref)) return signal_drop(pool, f);
    if (cold->asked == reason_notice(f)->ref) return call_ends(cold, f, BUSKIN_MSG_DOWN);
    fragment_t *name = cold_name_take(cold, reason_notice(f)->ref);
    return signal_message(a, name ? down_by_name(pool, f, name) : f, BUSKIN_MSG_DOWN);
}

static enum signal_effect apply_call(pool_t *pool, actor_t *a, fragment_t *f, fragment_t **answer) {
    if (unlikely(f->tag == CALL_SUPERVISOR && !(a->ctx.flags & ACTOR_SUPERVISOR))) {
        *answer = signal_bounce(f); /* it would never understand */
        return SIGNAL_NOTHING;
    }
    cold_t *cold = cold_ensure(a, pool);
    const buskin_request_t *request = (const buskin_request_t *)(const void *)f->data;
    if (cold) map_add(&cold->watchers, request->ref, request->from);
    return signal_message(a, f, BUSKIN_MSG_CALL);
}

/* The reference is in the tag: the data is the reply's own. */
static enum signal_effect apply_reply(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    if (!cold || !map_take(&cold->watching, f->tag)) return signal_drop(pool, f); /* too late (S8.2) */
    if (likely(cold->asked == f->tag)) return call_ends(cold, f, BUSKIN_MSG_REPLY);
    return signal_message(a, f, BUSKIN_MSG_REPLY);
}

/* -- Requests, answered here and now -- */

static enum signal_effect apply_answer(pool_t *pool, actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    const buskin_notice_t *n = reason_notice(f);
    if (!cold || cold->asked != n->ref || cold->answer) return signal_drop(pool, f);
    cold->answer = f;
    return SIGNAL_MUST_RUN;
}

static enum signal_effect answer_request(actor_t *a, fragment_t *f, uint32_t result, fragment_t **answer) {
    signal_turn(f, SIGNAL_ANSWER, a->ctx.pid);
    reason_notice(f)->code = result;
    reason_notice(f)->length = 0;
    *answer = f;
    return SIGNAL_NOTHING;
}

static enum signal_effect apply_info(actor_t *a, fragment_t *f, fragment_t **answer) {
    buskin_process_info_t *info = (buskin_process_info_t *)(void *)(reason_notice(f) + 1);
    info_fill(a, info);
    signal_turn(f, SIGNAL_ANSWER, a->ctx.pid);
    reason_notice(f)->code = (uint32_t)BUSKIN_OK;
    *answer = f;
    return SIGNAL_NOTHING;
}

/* What the sender of waits for, or would miss. Not SIGNAL_INFO, which changes nothing and can tell that the actor is ending. */
static bool signal_is_request(const fragment_t *f) {
    switch ((enum signal_kind)f->kind) {
    case SIGNAL_LINK:
    case SIGNAL_UNLINK:
    case SIGNAL_MONITOR:
    case SIGNAL_CALL:
    case SIGNAL_ALIVE:
    case SIGNAL_REGISTER: return true;
    default: return false;
    }
}

/* a has a cold block: no actor is told to end, or runs its terminate callback, without one. */
static enum signal_effect signal_put_off(actor_t *a, fragment_t *f) {
    cold_t *cold = actor_cold(a);
    f->next = cold->late;
    cold->late = f;
    return SIGNAL_NOTHING;
}

fragment_t *signal_take_late(actor_t *a) {
    cold_t *cold = actor_cold(a);
    fragment_t *oldest = NULL;
    for (fragment_t *f = cold->late, *next; f; f = next) {
        next = f->next;
        f->next = oldest;
        oldest = f;
    }
    cold->late = NULL;
    return oldest;
}

enum signal_effect signal_apply(pool_t *pool, actor_t *a, fragment_t *f, fragment_t **answer) {
    if (unlikely(a->ctx.flags & (ACTOR_DYING | ACTOR_ENDING)) && signal_is_request(f)) return signal_put_off(a, f);
    switch ((enum signal_kind)f->kind) {
    case SIGNAL_END: return apply_end(pool, a, f);
    case SIGNAL_WAKE:
        fragment_free(pool, f);
        if (actor_wait(a) != WAIT_CALL) return SIGNAL_NOTHING;
        actor_set_wait(a, WAIT_NONE);
        a->ctx.flags &= ~(uint32_t)ACTOR_FOREIGN; /* of a call on another thread */
        return SIGNAL_MUST_RUN;
    case SIGNAL_LINK: return apply_link(pool, a, f);
    case SIGNAL_UNLINK: return apply_unlink(a, f, answer);
    case SIGNAL_UNLINK_ACK: return apply_unlink_ack(pool, a, f);
    case SIGNAL_EXIT_LINK: return apply_exit_link(pool, a, f);
    case SIGNAL_EXIT: return signal_exit(pool, a, f, false);
    case SIGNAL_MONITOR: return apply_monitor(pool, a, f);
    case SIGNAL_DEMONITOR: return apply_demonitor(pool, a, f);
    case SIGNAL_DOWN: return apply_down(pool, a, f);
    case SIGNAL_CALL: return apply_call(pool, a, f, answer);
    case SIGNAL_REPLY: return apply_reply(pool, a, f);
    case SIGNAL_ALIVE: return answer_request(a, f, true, answer);
    case SIGNAL_REGISTER:
        cold_ensure(a, pool);
        return answer_request(a, f, (uint32_t)signal_register(a, reason_bytes(f), reason_notice(f)->length), answer);
    case SIGNAL_INFO: return apply_info(a, f, answer);
    case SIGNAL_ANSWER: return apply_answer(pool, a, f);
    }
    return signal_drop(pool, f);
}

fragment_t *signal_bounce(fragment_t *f) {
    if (f->kind < SIGNAL_FIRST) return NULL;
    buskin_notice_t *n = reason_notice(f);
    uint64_t dead = f->owner;
    switch ((enum signal_kind)f->kind) {
    case SIGNAL_LINK:
        signal_turn(f, SIGNAL_EXIT_LINK, dead);
        n->code = BUSKIN_REASON_NOPROC;
        return f;
    case SIGNAL_UNLINK: signal_turn(f, SIGNAL_UNLINK_ACK, dead); return f;
    case SIGNAL_MONITOR:
        signal_turn(f, SIGNAL_DOWN, dead);
        n->code = BUSKIN_REASON_NOPROC;
        return f;
    case SIGNAL_CALL: { /* its data begins with the request: ref and from lie elsewhere */
        buskin_request_t request = *(buskin_request_t *)(void *)f->data;
        f->header = header_sized(HEADER_BYTES, 8 + sizeof(buskin_message_t) + sizeof *n);
        f->length = sizeof *n;
        *n = (buskin_notice_t){.from = dead, .ref = request.ref, .code = BUSKIN_REASON_NOPROC};
        f->owner = request.from;
        f->kind = SIGNAL_DOWN;
        return f;
    }
    case SIGNAL_ALIVE:
        signal_turn(f, SIGNAL_ANSWER, dead);
        n->code = 0;
        return f;
    case SIGNAL_REGISTER:
    case SIGNAL_INFO:
        signal_turn(f, SIGNAL_ANSWER, dead);
        n->code = (uint32_t)BUSKIN_ENOPROC;
        n->length = 0;
        return f;
    default: return NULL;
    }
}
