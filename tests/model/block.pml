/* block.pml - signals to an actor that has ended come late, while another worker takes its block for a new actor (inbox_visit_free
 * and worker_take_inbox in runtime/sched/worker.c, block_claim in runtime/actor/table.c, deliver_remote in
 * runtime/sched/deliver.c).
 *
 * The old actor has ended at worker 1, which is its block's home still; the block lies in the depot. Senders that found the old pid
 * before it was retired push to the block; worker 2 claims it and starts the new actor, to whose pid others send.
 *
 * Holds: what is for the old pid is answered, what is for the new one reaches it, and worker 1 touches nothing of it.
 *
 * Planted: BUG_RELEASE_FIRST   worker 1 gives in_inbox back before it takes in what is pending
 * Planted: BUG_NO_CLAIM        worker 2 takes the block without in_inbox
 * Planted: BUG_NO_SECOND_LOOK  worker 1 does not look again after it has given in_inbox back
 */
#define OLD_SENDERS 2
#define NEW_SENDERS 1
#define OLD 1
#define NEW 2

bool live = false, waiting = false, idle = true, in_inbox = false;
byte home = 1, answered = 0, received = 0;
bool inbox[3];                      /* of worker 1 and 2; one actor is enough to say whether it is in there */
chan list = [OLD_SENDERS + NEW_SENDERS] of { byte }; /* the remote word */

inline notify() {                   /* deliver_notify */
    to = home;
    atomic { was = in_inbox; in_inbox = true }
    if
    :: !was -> inbox[to] = true
    :: else -> skip
    fi
}

proctype Sender(byte target) {
    byte to;
    bool was;
end:
    live || target == OLD;
    atomic { list ! target; was = idle; idle = false } /* mailbox_push_remote */
    if
    :: was -> notify()
    :: else -> skip
    fi
}

/* Takes in what the list holds, as worker `me`; leaves `idle` as said. */
inline take_in(me, leaves_idle) {
    atomic {
        idle = leaves_idle;
        do
        :: list ? OLD -> answered++
        :: list ? NEW -> assert(me == 2); received++; waiting = false
        :: empty(list) -> break
        od
    }
}

proctype Worker1() {
    byte to, seen;
    bool was;
end:
    do
    :: inbox[1] ->
        inbox[1] = false;
#ifdef BUG_RELEASE_FIRST
        in_inbox = false;
        seen = home;
        if
        :: seen == 1 -> take_in(1, true)
        :: else -> notify()
        fi
#else
        if
        :: home == 1 ->             /* stays so, and the block free, while in_inbox is ours */
            take_in(1, true);
            in_inbox = false;
#ifndef BUG_NO_SECOND_LOOK
            if
            :: nempty(list) -> notify()
            :: empty(list) -> skip
            fi
#endif
        :: else ->                  /* inbox_visit, public_forward */
            in_inbox = false;
            notify()
        fi
#endif
    od
}

proctype Worker2() {
    do                              /* block_claim; meanwhile other blocks are tried */
#ifndef BUG_NO_CLAIM
    :: atomic { !in_inbox -> in_inbox = true }
       home = 2;
       in_inbox = false;
#else
    :: home = 2;
#endif
       break
    :: goto over                    /* perhaps nobody needs the block */
    od;
    live = true;                    /* spawn_here: ready, so it looks before it sleeps */
    do
    :: !waiting ->                  /* a turn, and its end */
        take_in(2, false);
        atomic {
            if
            :: empty(list) -> idle = true; waiting = true
            :: nempty(list) -> skip
            fi
        }
    :: waiting && inbox[2] ->
        inbox[2] = false;
        in_inbox = false;
        take_in(2, waiting)
    :: waiting && received == NEW_SENDERS && answered == OLD_SENDERS -> break
    od;
over:
    skip
}

proctype End() {
    timeout;
    assert(answered == OLD_SENDERS && (!live || received == NEW_SENDERS))
}

init {
    byte i;
    atomic {
        run Worker1();
        run Worker2();
        run End();
        for (i : 1 .. OLD_SENDERS) { run Sender(OLD) }
        for (i : 1 .. NEW_SENDERS) { run Sender(NEW) }
    }
}
