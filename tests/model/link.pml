/* link.pml - two actors link and unlink each other at the same time (S3.5; runtime/api/link.c, apply_link, apply_unlink and
 * apply_unlink_ack in runtime/actor/signal.c).
 *
 * entry[x] is x's own entry of cold->links: NONE, LINKED, or the id of an unlink that is not yet acknowledged. The channels are
 * the one ordered stream per pair.
 *
 * Holds: when all signals have been taken in, both ends agree.
 *
 * Planted: BUG_NO_ACK     an unlink forgets the entry at once and waits for no acknowledgement
 * Planted: BUG_NO_ID      any acknowledgement ends the wait, also that of an earlier unlink
 */
#define OPS 4
#define NONE 0
#define LINKED 1
#define FIRST_ID 2

mtype = { LINK, UNLINK, ACK };
chan to[2] = [2 * OPS + 2] of { mtype, byte };
byte entry[2], next_id[2], ops[2];

inline take_in(me) {
    if
    :: to[me] ? LINK(id) ->         /* apply_link */
        if
        :: entry[me] == NONE -> entry[me] = LINKED
        :: else -> skip             /* linked already; or the other end sent it before it knew */
        fi
    :: to[me] ? UNLINK(id) ->       /* apply_unlink */
        if
        :: entry[me] == LINKED -> entry[me] = NONE
        :: else -> skip
        fi;
        to[1 - me] ! ACK(id)
    :: to[me] ? ACK(id) ->          /* apply_unlink_ack */
        if
#ifdef BUG_NO_ID
        :: entry[me] >= FIRST_ID -> entry[me] = NONE
#else
        :: entry[me] == id -> entry[me] = NONE
#endif
        :: else -> skip
        fi
    fi
}

proctype Actor(byte me) {
    byte id;
end:
    do
    :: ops[me] < OPS && entry[me] != LINKED -> /* link_run */
        atomic { ops[me]++; entry[me] = LINKED; to[1 - me] ! LINK(0) }
    :: ops[me] < OPS && entry[me] == LINKED -> /* unlink_run */
        atomic {
            ops[me]++;
            id = FIRST_ID + next_id[me];
            next_id[me]++;
#ifdef BUG_NO_ACK
            entry[me] = NONE;
#else
            entry[me] = id;
#endif
            to[1 - me] ! UNLINK(id)
        }
    :: atomic { nempty(to[me]) -> take_in(me) }
    od
}

init {
    atomic { run Actor(0); run Actor(1) }
    ops[0] == OPS && ops[1] == OPS && empty(to[0]) && empty(to[1]);
    assert((entry[0] == LINKED) == (entry[1] == LINKED));
    assert(entry[0] < FIRST_ID && entry[1] < FIRST_ID)
}
