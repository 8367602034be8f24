/* inbox.pml - senders find an actor asleep and tell its home, while it moves between two workers (runtime/sched/deliver.c,
 * runtime/actor/mailbox.h, worker_take_inbox and inbox_visit in runtime/sched/worker.c, runtime/sched/public.c).
 *
 * The remote word is IDLE, or holds what was pushed. The pusher that finds IDLE puts the actor into the inbox of its home, unless
 * in_inbox says that somebody is about to look. The actor moves by the public queue, where it has no home, or is handed over as
 * it waits or after its turn (runtime/sched/placement.c).
 *
 * Holds: every message is received.
 *
 * Planted: BUG_SLEEP_STORES     mailbox_sleep stores IDLE without a CAS
 * Planted: BUG_NO_FORWARD       a worker that finds a stranger in its inbox forgets it
 * Planted: BUG_HOME_FIRST       inbox_visit uses a home that was loaded before in_inbox was given back
 */
#define SENDERS 3
#define MOVES 2
#define NONE 2                      /* HOME_NONE */

mtype = { READY, WAITING, PUBLIC };
mtype state = READY;
bool idle = false, in_inbox = false;
byte pending = 0, received = 0, home = 0, moves = 0;
bool inbox[3], handed[2];

inline notify() {                   /* deliver_remote, public_forward */
    if
    :: to == NONE -> skip
    :: else ->
        atomic { was = in_inbox; in_inbox = true }
        if
        :: !was -> inbox[to] = true
        :: else -> skip
        fi
    fi
}

proctype Sender() {
    byte to;
    bool was;
    atomic { pending++; was = idle; idle = false } /* mailbox_push_remote */
    if
    :: was -> to = home; notify()
    :: else -> skip
    fi
}

inline take_in() {                  /* deliver_pending: a waiting actor becomes ready */
    atomic {
        received = received + pending;
        idle = (state == WAITING);
        if
        :: state == WAITING && pending > 0 -> state = READY
        :: else -> skip
        fi;
        pending = 0
    }
}

inline hand_over() {                /* public_hand_over; was: not now */
    atomic { was = in_inbox; in_inbox = true }
    if
    :: was -> skip
    :: else ->
        moves++;
        state = PUBLIC; /* in nobody's queue until the other one finds it */
        handed[1 - me] = true;
        home = 1 - me;
        inbox[1 - me] = true
    fi
}

proctype Worker(byte me) {
    byte to;
    bool was;
    do
    :: atomic { inbox[me] -> inbox[me] = false }     /* worker_take_inbox */
        if
        :: handed[me] -> handed[me] = false; in_inbox = false; state = READY
        :: else ->
#ifdef BUG_HOME_FIRST
            to = home;
            in_inbox = false;
#else
            in_inbox = false;
            to = home;
#endif
            if
            :: to == me && state == WAITING && moves < MOVES -> /* placement_follow */
                hand_over();
                if
                :: was -> take_in()
                :: else -> skip
                fi
            :: to == me -> take_in()
#ifndef BUG_NO_FORWARD
            :: to != me -> notify()
#else
            :: to != me -> skip
#endif
            fi
        fi
    :: home == me && state == READY -> /* a turn; then it waits, or is offered */
        take_in();
        if
#ifdef BUG_SLEEP_STORES
        :: pending == 0 -> atomic { idle = true; state = WAITING }
#else
        :: atomic { pending == 0 -> idle = true; state = WAITING }
#endif
        :: pending != 0 -> skip
        :: moves < MOVES -> moves++; home = NONE; state = PUBLIC
        :: moves < MOVES -> hand_over() /* placement_attracts */
        fi
    :: atomic { home == NONE && state == PUBLIC -> home = me; state = READY } /* public_take */
    :: received == SENDERS -> break
    od
}

init {
    byte i;
    atomic { run Worker(0); run Worker(1); for (i : 1 .. SENDERS) { run Sender() } }
}
