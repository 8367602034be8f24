/* signal.h - fragments that are no messages: what they do to their target.
 *
 * Every signal travels the way of a message, in one stream per pair of actors (S1.2), and is applied by the home of its
 * target when it is taken in. Its data is a buskin_notice_t: from is the sender, ref and code as said below, and bytes may
 * follow. A signal is never seen by user code; EXIT and DOWN become messages when they are applied.
 */
#ifndef BUSKIN_SIGNAL_H
#define BUSKIN_SIGNAL_H

#include "actor/cold.h"
#include "actor/reason.h"

/* Kinds of a fragment, continuing enum buskin_message_kind. */
enum signal_kind {
    SIGNAL_FIRST = 64,
    SIGNAL_END = 64,   /* the runtime ends the actor, whatever it traps: a reason; ref: SIGNAL_TREES, or 0 */
    SIGNAL_WAKE,       /* a blocking call is done */
    SIGNAL_LINK,       /* from wants a link */
    SIGNAL_UNLINK,     /* from has removed it; ref: the id to acknowledge */
    SIGNAL_UNLINK_ACK, /* ref: that id */
    SIGNAL_EXIT_LINK,  /* a linked actor has ended: a reason */
    SIGNAL_EXIT,       /* actor_exit_signal: a reason */
    SIGNAL_MONITOR,    /* from watches; ref; code: SIGNAL_KEEPER, or 0 */
    SIGNAL_DEMONITOR,  /* and no longer; ref; code: SIGNAL_WATCHER_ENDED, or 0 */
    SIGNAL_DOWN,       /* a watched actor has ended; ref, a reason */
    SIGNAL_CALL,       /* a request and its monitor: becomes a message of kind CALL */
    SIGNAL_REPLY, /* its reply, of kind REPLY if it is still waited for: the call's result, or a message; tag: the reference */
    SIGNAL_ALIVE,    /* is the target alive? answered with ANSWER; ref */
    SIGNAL_REGISTER, /* own the name in the bytes; answered with ANSWER; ref */
    SIGNAL_INFO,     /* fill in a buskin_process_info; answered with ANSWER; ref */
    SIGNAL_ANSWER    /* ref; code: the result; bytes */
};

/* What refines a signal. */
enum {
    SIGNAL_TREES =
        1, /* END: only for supervisors that have none above them: to them it is their parent's exit signal */
    SIGNAL_KEEPER = 1,       /* MONITOR: the watcher is the actor's supervisor */
    SIGNAL_WATCHER_ENDED = 1 /* DEMONITOR: because the watcher has ended */
};

/* The tag of requests to supervisors, which buskin_call refuses: nobody else can make one. */
#define CALL_SUPERVISOR 0x53555045525649f0u

enum signal_effect {
    SIGNAL_NOTHING,
    SIGNAL_MESSAGE, /* a message was put into the mailbox */
    SIGNAL_MUST_RUN /* the actor must run, to end or to go on */
};

/* Does to a what f says, and frees f, keeps it, or turns it into *answer, which the caller sends on. Called by a's home. */
enum signal_effect signal_apply(pool_t *pool, actor_t *a, fragment_t *f, fragment_t **answer);

/* What the sender of f gets when its target is dead: f itself, turned into the answer, or NULL for none (f is the
 * caller's to free). */
fragment_t *signal_bounce(fragment_t *f);

/* The requests that came since a's end was certain, oldest first: the caller answers them. They are a's no more. */
fragment_t *signal_take_late(actor_t *a);

/* A signal with no bytes, to be sent by the caller. NULL: no memory. */
static inline fragment_t *signal_new(pool_t *pool, enum signal_kind kind, uint64_t to, uint64_t from, uint64_t ref) {
    fragment_t *f = reason_new(pool, 0, NULL, 0);
    if (!f) return NULL;
    f->kind = kind;
    f->owner = to;
    reason_notice(f)->from = from;
    reason_notice(f)->ref = ref;
    return f;
}

/* Registers the name for a; set by the layer that keeps the names. Returns an enum buskin_status. */
extern int32_t (*signal_register)(actor_t *a, const char *name, uint64_t length);

#endif
