/* buskin.h - the one public header of the Buskin actor runtime.
 *
 * Two readers: C code that embeds or extends the runtime, and people who write a compiler for an actor
 * language, whose emitted code makes the same calls. abi.def holds one row per function (LLVM type,
 * attributes, effects, allowed threads) and layout.def one row per field that emitted code may touch;
 * both are cross-checked against this header when the runtime is compiled.
 *
 * Conventions
 *   pid     uint64_t. 0 and all-ones are never a pid: 0 is the "nil" result of a failure.
 *   status  int32_t. BUSKIN_OK (0) or a negative code of enum buskin_status; sends also tell more of a success
 *           by a positive one.
 *   time    int64_t milliseconds of the monotonic clock. A timeout < 0 waits for ever, 0 polls.
 *   object  a pointer to the payload of a heap object; its 8-byte header lies just before it.
 *   bytes   the callee copies them before it returns, unless the comment says otherwise.
 *
 * Who may call: each section says it. "actor" is code running as an actor; "main" is the thread that
 * called buskin_rt_init_actor, which has a pid and a mailbox of its own; "any" is any thread. A call that
 * is not allowed where it is made, before init or after shutdown, answers BUSKIN_ESTATE (or 0, or NULL).
 *
 * Licence: Apache-2.0 WITH LLVM-exception.
 */
#ifndef BUSKIN_H
#define BUSKIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define BUSKIN_NORETURN [[noreturn]]
#else
#define BUSKIN_NORETURN _Noreturn
#endif

/* The contract's epoch. Until it ships it is 0.N, and a breaking change bumps N. */
#define BUSKIN_ABI_MAJOR 0
#define BUSKIN_ABI_MINOR 2

enum buskin_status {
    BUSKIN_OK = 0,
    BUSKIN_EVICTED = 1,    /* sends: accepted, and a bounded mailbox gave up its oldest message for it */
    BUSKIN_COALESCED = 2,  /* sends: accepted in the place of a queued message of the same key */
    BUSKIN_EINVAL = -1,    /* an argument is outside its documented range */
    BUSKIN_ENOMEM = -2,    /* no memory */
    BUSKIN_ESTATE = -3,    /* before init, after shutdown, or not allowed on this thread */
    BUSKIN_ENOPROC = -4,   /* the pid is dead or unknown, and the call needs it alive */
    BUSKIN_ELIMIT = -5,    /* a limit of actors, timers or names is reached */
    BUSKIN_ETAKEN = -6,    /* the name has a live owner */
    BUSKIN_ENOTFOUND = -7, /* no such name, timer, monitor or link */
    BUSKIN_EFULL = -8,     /* a bounded mailbox is full and its policy is to fail; or to block, and nobody can wait */
    BUSKIN_EDROPPED = -9,  /* a bounded mailbox is full and its policy dropped this message */
    BUSKIN_ETIMEOUT = -10, /* the time was over */

    /* supervisors */
    BUSKIN_ERUNNING = -11,    /* the child runs, and must not for this */
    BUSKIN_ERESTARTING = -12, /* the child is about to be restarted */
    BUSKIN_EPRESENT = -13,    /* there is a child of that name, stopped */
    BUSKIN_ESTART = -14,      /* a child's start failed */

    /* what is wrong with a supervisor's specification */
    BUSKIN_ESPEC_SIZE = -32,      /* a record is missing, or of a size that is not known, or has reserved bits set */
    BUSKIN_ESPEC_STRATEGY = -33,  /* no such strategy */
    BUSKIN_ESPEC_INTENSITY = -34, /* more than 1,000,000,000 restarts */
    BUSKIN_ESPEC_WINDOW = -35,    /* not from 1 ms to 2^32-1 ms */
    BUSKIN_ESPEC_AUTO_SHUTDOWN = -36, /* no such way, or one for a simple_one_for_one */
    BUSKIN_ESPEC_TEMPLATE = -37,      /* simple_one_for_one, and not exactly one child */
    BUSKIN_ESPEC_NAME = -38,          /* a child's name is missing, empty or longer than 255 bytes */
    BUSKIN_ESPEC_DUPLICATE = -39,     /* two children of one name */
    BUSKIN_ESPEC_START = -40,         /* a child without a start callback */
    BUSKIN_ESPEC_RESTART = -41,       /* no such restart type */
    BUSKIN_ESPEC_SHUTDOWN = -42,      /* a shutdown time below BUSKIN_SHUTDOWN_INFINITY or above 2^32-1 ms */
    BUSKIN_ESPEC_SIGNIFICANT = -43,   /* significant, but permanent, or nothing is shut down automatically */
    BUSKIN_ESPEC_BACKOFF = -44,       /* the longest delay is shorter than the first one, or above 2^31-1 ms */
    BUSKIN_ESPEC_BREAKER = -45        /* a breaker without a window or without a time to cool down */
};

/* -- Records that emitted code touches (layout.def) ------------------------------------------------ */

/* The context of the running actor. It does not change within one activation of a function. */
typedef struct buskin_context {
    int64_t budget;                  /* reductions left in this turn; emitted checks subtract from it */
    char *hp;                        /* next free byte of the current allocation run, 8-byte aligned */
    char *hplim;                     /* end of that run; the bytes [hp, hplim) are zero */
    char *stack_limit;               /* lowest address that compiled code may use */
    uint32_t flags;                  /* BUSKIN_CTX_*; read only */
    uint32_t private0;               /* the runtime's own */
    uint64_t pid;                    /* own pid, 0 outside actors; read only */
    struct buskin_cleanup *cleanups; /* what runs if the actor ends here, newest first; see buskin_cleanup_push */
    void *private1;                  /* the runtime's own */
} buskin_context_t;

enum {
    BUSKIN_CTX_ACTOR = 1,    /* the context of an actor, not of a plain thread */
    BUSKIN_CTX_OWN_STACK = 2 /* it runs on a stack of its own, not on a shared slot */
};

/* A registered cleanup, in the frame of the function that registers it. Emitted code fills in all three before it stores the record's
 * address to the context's cleanups, and takes it out by storing next there: no call, no allocation. */
typedef struct buskin_cleanup {
    struct buskin_cleanup *next; /* what cleanups held before */
    void (*run)(void *arg);
    void *arg;
} buskin_cleanup_t;

/* Describes the payload of one kind of heap object, or a buffer of typed slots (arguments, a message).
 * Constant data of the program, 8-byte aligned, alive as long as any object of its kind. Objects with a
 * fixed part only: `size` bytes. With BUSKIN_DESC_ARRAY the fixed part begins with a uint64_t count and
 * is followed by count elements of elem_size bytes. A slot that offsets[] names holds NULL or the start
 * of an object (never an interior pointer); all other bytes are copied as they are. */
typedef struct buskin_desc {
    uint32_t size;          /* bytes of the fixed part; a multiple of 8, >= 8 for arrays */
    uint16_t flags;         /* BUSKIN_DESC_* */
    uint16_t npointers;     /* how many of offsets[] lie in the fixed part */
    uint32_t user;          /* the front end's own, for example the index of a variant */
    uint16_t elem_size;     /* arrays: bytes of one element */
    uint16_t elem_pointers; /* arrays: how many further offsets[] lie in each element */
    const char *name;       /* for diagnostics; NUL-terminated or NULL */
    uint32_t offsets[];     /* byte offsets: those of the fixed part, then those of an element */
} buskin_desc_t;

enum {
    BUSKIN_DESC_ARRAY = 1,
    BUSKIN_DESC_IMMORTAL = 2,     /* constant data of the program: never copied, marked or written */
    BUSKIN_DESC_CONSERVATIVE = 4, /* the payload's words may be pointers; never sent */
    BUSKIN_DESC_BINARY = 8 /* arrays without pointers that do not change once they are filled: see buskin_alloc_array */
};

/* Bytes of elements from which an array of a BINARY descriptor is shared. */
enum { BUSKIN_BINARY_MIN = 64 };

/* What precedes the pointer that a receive returns: kind says who made the message. User payloads always
 * have kind BUSKIN_MSG_USER, so no user bytes can pass for a system record. Test it before the tag. */
typedef struct buskin_message_header {
    uint32_t kind;
    uint32_t flags;
    uint64_t heap; /* the runtime's own: the object header of the message */
} buskin_message_header_t;

/* The message itself: 16-byte aligned, `length` bytes of data follow. */
typedef struct buskin_message {
    uint64_t tag;    /* typed sends: as given; untyped: the first 8 bytes of the data, zero-padded */
    uint64_t length; /* bytes of data */
} buskin_message_t;

enum buskin_message_kind {
    BUSKIN_MSG_USER = 0,
    BUSKIN_MSG_EXIT = 1,  /* a trapped exit signal; data is a buskin_notice */
    BUSKIN_MSG_DOWN = 2,  /* a monitor fired; data is a buskin_notice */
    BUSKIN_MSG_TIMER = 3, /* a message of a timer that was started with its own kind; data as given */
    BUSKIN_MSG_REPLY = 4, /* a reply to buskin_call; tag is the reference of the call */
    BUSKIN_MSG_CALL = 5   /* a request of buskin_call; data is a buskin_request, then the arguments */
};

/* Data of an EXIT or DOWN message. The reason's bytes follow the record. */
typedef struct buskin_notice {
    uint64_t from;   /* who ended (EXIT, DOWN), or who sent the exit signal (EXIT) */
    uint64_t ref;    /* DOWN: the monitor; EXIT: 0 */
    uint32_t code;   /* enum buskin_reason_code */
    uint32_t detail; /* crashes: the signal number; else 0 */
    uint64_t length; /* bytes of the reason that follow */
} buskin_notice_t;

/* Data of a CALL message begins with this; the request's own slots follow. The runtime fills it in. */
typedef struct buskin_request {
    uint64_t from; /* who waits */
    uint64_t ref;  /* for buskin_reply */
    uint64_t private0[2];
} buskin_request_t;

/* What buskin_process_info tells of an actor. */
typedef struct buskin_process_info {
    uint64_t size;           /* set by the caller: sizeof this */
    uint32_t state;          /* enum buskin_process_state */
    uint32_t priority;       /* enum buskin_priority */
    uint64_t mailbox_length; /* messages that wait, those set aside by a selective receive included */
    uint64_t heap_bytes;     /* held by its heap, garbage included */
    uint64_t links;
    uint64_t monitors;   /* that it holds on others */
    uint64_t watchers;   /* that others hold on it */
    uint64_t reductions; /* of the turns that it has used up, in whole turns of 4,000 */
    /* Bounded mailboxes; all 0 for others. Each attempt to send is counted once, when its sender knows what became of it. */
    uint64_t mailbox_capacity;
    uint32_t mailbox_policy;    /* enum buskin_policy */
    uint32_t mailbox_senders;   /* that wait for space */
    uint64_t mailbox_accepted;  /* received, or still in the mailbox */
    uint64_t mailbox_dropped;   /* by DROP_NEW, or evicted by DROP_OLD */
    uint64_t mailbox_failed;    /* by FAIL, for want of memory, or because the waiting sender ended */
    uint64_t mailbox_coalesced; /* put in the place of an older one */
} buskin_process_info_t;

enum buskin_process_state {
    BUSKIN_PROCESS_READY = 1,
    BUSKIN_PROCESS_RUNNING = 2,
    BUSKIN_PROCESS_WAITING = 3,
    BUSKIN_PROCESS_ENDING = 4 /* it must end at its next turn, or its terminate callback runs */
};

/* Figures of one actor's heap, in bytes. With BUSKIN_GC=boehm those of all actors together, and only the first four are counted. */
typedef struct buskin_heap_stats {
    uint64_t size;             /* set by the caller: sizeof this, or up to and without `live` */
    uint64_t held;             /* chunks, adopted messages and shared blocks, garbage included */
    uint64_t since_collection; /* how much of it has been allocated or adopted since the last one */
    uint64_t threshold;        /* of since_collection, at which the next one comes */
    uint64_t collections;      /* how many there have been */
    uint64_t live;             /* what lived after the last one; 0 before the first */
    uint64_t messages;         /* of held: adopted messages, and arguments */
    uint64_t large;            /* of held: objects that have a chunk of their own, from 8 KiB up */
    uint64_t shared;           /* of held: binaries and handles, which count whole in each heap that holds them */
    uint64_t limit;            /* heap_limit of its descriptor; 0: none */
} buskin_heap_stats_t;

/* A handle, as buskin_shared_handle makes it: constant but for the runtime's own part. */
typedef struct buskin_handle {
    void *object; /* that it keeps */
    uint64_t private0[3];
} buskin_handle_t;

/* Why an actor ended. Codes below BUSKIN_REASON_USER are the runtime's. */
enum buskin_reason_code {
    BUSKIN_REASON_NORMAL = 0,
    BUSKIN_REASON_SHUTDOWN = 1,
    BUSKIN_REASON_KILL = 2, /* sent: not to be trapped, its victim ends with KILLED; else like any other */
    BUSKIN_REASON_KILLED = 3,
    BUSKIN_REASON_NOPROC = 4,
    BUSKIN_REASON_PANIC = 5, /* bytes: the text */
    BUSKIN_REASON_CRASH = 6, /* a native fault; detail: the signal; bytes: a description */
    BUSKIN_REASON_LIMIT = 7, /* a heap limit, or no memory; bytes: which */
    BUSKIN_REASON_USER = 64  /* this and above: the language's own; bytes as given */
};

/* What a crash hook is shown: an actor that ends by a crash of its own. All of it is valid only while the hook runs. */
typedef struct buskin_crash {
    uint64_t size; /* set by the runtime: sizeof this */
    uint64_t pid;
    const char *name; /* of its descriptor, or "actor" */
    const char *text; /* not NUL-terminated */
    uint64_t length;
    const char *file; /* of a panic, or NULL */
    uint32_t line, col;
    uint32_t code;   /* BUSKIN_REASON_PANIC, _CRASH or _LIMIT */
    uint32_t detail; /* CRASH: the signal number */
} buskin_crash_t;

/* How to start an actor. `size` is sizeof(buskin_spawn_desc_t) of the header it was built with. */
typedef struct buskin_spawn_desc {
    uint64_t size;
    void (*entry)(const void *args); /* the entry thunk; args is 16-byte aligned, valid while it runs */
    const char *name;                /* for diagnostics; NUL-terminated or NULL */
    const buskin_desc_t *args;       /* layout of the argument buffer; NULL: none */
    /* Called as the actor when it ends for any reason but KILLED, on its own stack reset to the top.
     * state is what the actor last gave to buskin_actor_set_state, or NULL. May be NULL. */
    void (*terminate)(void *state, const buskin_notice_t *why);
    uint64_t stack_size;       /* 0: a shared stack slot; else a stack of its own of that size */
    uint64_t heap_limit;       /* bytes; 0: none */
    uint64_t mailbox_capacity; /* how many user messages may wait, at most BUSKIN_MAILBOX_MAX; 0: unbounded */
    uint32_t mailbox_policy;   /* enum buskin_policy: what a full one does */
    uint32_t mailbox_fallback; /* COALESCE: what a full one does when nothing matches; not COALESCE */
    uint32_t mailbox_key;      /* COALESCE: byte offset of the 8-byte key in the data */
    uint8_t priority;          /* enum buskin_priority */
    uint8_t reserved[3];       /* zero */
} buskin_spawn_desc_t;

enum buskin_priority { BUSKIN_HIGH = 0, BUSKIN_NORMAL = 1, BUSKIN_LOW = 2 };
enum buskin_policy {
    BUSKIN_POLICY_DROP_NEW = 0, /* the new message is dropped: EDROPPED */
    BUSKIN_POLICY_BLOCK = 1,    /* the sender waits for space, or for the end of the receiver */
    BUSKIN_POLICY_DROP_OLD = 2, /* the oldest user message is dropped for it: EVICTED */
    BUSKIN_POLICY_FAIL = 3,     /* the send fails: EFULL */
    BUSKIN_POLICY_COALESCE = 4 /* also when not full: a queued message of the same tag and key is replaced: COALESCED */
};
enum { BUSKIN_MAILBOX_MAX = 1 << 24 };
enum { BUSKIN_SPAWN_LINK = 1, BUSKIN_SPAWN_MONITOR = 2 };

/* What a selective receive can match, as far as kind, tag and the first word of the data tell: a message that fits none
 * of the entries is of no use to it, and may be passed over without being shown when the mailbox is long. What is shown
 * need not fit. Constant data, or alive until the receive has ended. */
typedef struct buskin_filter_entry {
    uint32_t kind;  /* enum buskin_message_kind */
    uint32_t flags; /* BUSKIN_FILTER_TAG: tag counts; BUSKIN_FILTER_WORD: word counts */
    uint64_t tag;
    uint64_t word; /* the first 8 bytes of the data, zero-padded */
} buskin_filter_entry_t;

typedef struct buskin_filter {
    uint64_t count; /* of entries, 1 to BUSKIN_FILTER_MAX; with any other count it says nothing */
    buskin_filter_entry_t entries[];
} buskin_filter_t;

enum { BUSKIN_FILTER_TAG = 1, BUSKIN_FILTER_WORD = 2, BUSKIN_FILTER_MAX = 8 };

/* State of one selective receive, in the receiver's frame. Set timeout_ms, and state: to 0, or to the address of a
 * buskin_filter_t. */
typedef struct buskin_receive {
    int64_t timeout_ms;
    uint64_t state;
    uint64_t private0[3];
} buskin_receive_t;

/* -- Supervisors: constant records of the program, alive as long as the supervisor ---------------------- */

/* A child. The runtime calls start as the supervisor, at the first start and at every restart. It returns the child's pid; 0,
 * a panic or an exit in it mean that the start has failed. What it spawns is tied to the supervisor from before its first act,
 * and ends with the supervisor at the latest, whatever it traps. */
typedef struct buskin_child_spec {
    uint64_t size;                       /* sizeof this */
    const char *name;                    /* 1 to 255 bytes, NUL-terminated, unique in its supervisor */
    uint64_t (*start)(const void *args); /* args: as below; for a template, the slots given to start_child */
    const void *args;
    int64_t shutdown_ms;     /* how long it may take to end; or enum buskin_shutdown */
    uint32_t restart;        /* enum buskin_restart */
    uint32_t flags;          /* BUSKIN_CHILD_SIGNIFICANT, BUSKIN_CHILD_SUPERVISOR */
    uint32_t backoff_min_ms; /* before a restart, doubling with each failure in a row up to backoff_max_ms; 0: none */
    uint32_t backoff_max_ms; /* a child that lived that long starts afresh */
    /* So many failures within breaker_window_ms open the circuit breaker: the child stays stopped for breaker_cooldown_ms and is
     * then tried once; one that fails within that time opens it again. None of this counts as a restart. All 0: none */
    uint32_t breaker_failures;
    uint32_t breaker_window_ms;
    uint32_t breaker_cooldown_ms;
    uint32_t reserved; /* 0 */
} buskin_child_spec_t;

typedef struct buskin_supervisor_spec {
    uint64_t size;                              /* sizeof this */
    const char *name;                           /* for diagnostics; NUL-terminated or NULL */
    const buskin_child_spec_t *const *children; /* in the order of their starts */
    uint64_t child_count;                       /* simple_one_for_one: 1, the template */
    uint32_t strategy;                          /* enum buskin_strategy */
    uint32_t auto_shutdown;                     /* enum buskin_auto_shutdown */
    uint32_t max_restarts;                      /* one more within window_ms: all stop, and it ends with SHUTDOWN */
    uint32_t reserved;                          /* 0 */
    int64_t window_ms;
} buskin_supervisor_spec_t;

enum buskin_shutdown {
    BUSKIN_SHUTDOWN_KILL = -1,    /* killed at once */
    BUSKIN_SHUTDOWN_INFINITY = -2 /* as long as it takes */
};
enum buskin_restart {
    BUSKIN_PERMANENT = 0, /* always restarted */
    BUSKIN_TRANSIENT = 1, /* not if it ended with NORMAL or SHUTDOWN */
    BUSKIN_TEMPORARY = 2  /* never, and forgotten */
};
enum { BUSKIN_CHILD_SIGNIFICANT = 1, BUSKIN_CHILD_SUPERVISOR = 2 };
enum buskin_strategy {
    BUSKIN_ONE_FOR_ONE = 0,
    BUSKIN_ONE_FOR_ALL = 1,
    BUSKIN_REST_FOR_ONE = 2,
    BUSKIN_SIMPLE_ONE_FOR_ONE = 3
};
enum buskin_auto_shutdown {
    BUSKIN_AUTO_SHUTDOWN_NEVER = 0,
    BUSKIN_AUTO_SHUTDOWN_ANY = 1, /* when a significant child has ended and is not restarted */
    BUSKIN_AUTO_SHUTDOWN_ALL = 2  /* when all of them have */
};

/* What buskin_supervisor_which_children tells of a child. */
typedef struct buskin_child_info {
    uint64_t pid;     /* 0 unless it runs */
    const char *name; /* of its specification */
    uint32_t state;   /* enum buskin_child_state */
    uint32_t restart; /* enum buskin_restart */
    uint64_t flags;   /* of its specification */
} buskin_child_info_t;

enum buskin_child_state {
    BUSKIN_CHILD_STOPPED = 0,
    BUSKIN_CHILD_RUNNING = 1,
    BUSKIN_CHILD_RESTARTING = 2, /* its restart is due, or waits for its backoff */
    BUSKIN_CHILD_OPEN = 3        /* its circuit breaker is open */
};
enum buskin_count {
    BUSKIN_COUNT_ALIVE = 0,
    BUSKIN_COUNT_SPECS = 1, /* simple_one_for_one: 1 */
    BUSKIN_COUNT_SUPERVISORS = 2,
    BUSKIN_COUNT_WORKERS = 3
};

/* -- Life of the runtime: main ------------------------------------------------------------------------ */

/* Starts the workers; 0 = one per core that affinity and the cgroup quota allow; at most 256.
 * BUSKIN_WORKERS in the environment overrides. Answers EINVAL (after one line on standard error that names
 * the variable) for a BUSKIN_* value that cannot be used, ENOMEM (after one line) when there is no room for so many workers, ESTATE
 * when it is running already. After a failure, and after the end of a run, it may be called again, any number of times.
 *
 * A child that is forked while the runtime runs has none: its entries answer as before init, init too answers ESTATE, and
 * buskin_print writes at once. It may execute a program, or end. */
int32_t buskin_rt_init_actor(uint32_t workers);

/* Waits until no actor can make progress, ends those that still wait with SHUTDOWN, stops the workers.
 * Returns the program's exit status: that of the main actor (see buskin_spawn_main), 0 without one. A thread in code that
 * passes no safepoint, or in a blocking call, gets as long again after the time limit of the end, at least two seconds; then one
 * line on standard error says so, it is left behind, and init answers ESTATE until it has come out. */
int32_t buskin_rt_run_scheduler(void);

/* Orderly end from any thread or actor: all actors end with SHUTDOWN; those that are not done after
 * timeout_ms are killed. Does not wait; buskin_rt_run_scheduler returns when it is done. */
int32_t buskin_rt_shutdown(int64_t timeout_ms);

/* While the count of references is above 0 the program is not quiet: for threads that will send later.
 * delta is +1 or -1; ENOTFOUND: -1, and there is no reference. Any thread. */
int32_t buskin_rt_keepalive(int32_t delta);

/* Says that code in [start, start + bytes) is actor code: a native fault there ends the actor, not the process. The section
 * buskin_code of the program is known already; a JIT adds what it emits. At most 64 ranges. Any thread, any time. */
int32_t buskin_rt_add_code(const void *start, uint64_t bytes);

/* Calls hook at each crash, after its line was printed: on a worker's own stack, perhaps on several at once, and before
 * anybody hears of the end. To the entries it is a thread of the program's own: it may send, spawn and print, but has no pid
 * and no mailbox. NULL: none. Stays over restarts of the
 * runtime. Any thread, also before init. */
int32_t buskin_rt_crash_hook(void (*hook)(const buskin_crash_t *crash));

/* -- Actors ------------------------------------------------------------------------------------------- */

/* Any of actor, main and other threads after init. Copies `size` bytes of args. 0 on failure. */
uint64_t buskin_actor_spawn(void (*entry)(const void *args), const void *args, uint64_t size, uint8_t priority);

/* The same from a descriptor, which must live as long as the actor. args holds one slot per argument as
 * desc->args says; objects that it refers to are deep-copied. flags: BUSKIN_SPAWN_LINK and _MONITOR, both
 * atomic with the start; *ref (may be NULL) receives the monitor's reference. 0 on failure. */
uint64_t buskin_spawn(const buskin_spawn_desc_t *desc, const void *args, uint32_t flags, uint64_t *ref);

/* Starts the program's main actor: its end decides the exit status, and it has a stack of its own (8 MiB
 * unless desc says otherwise). Once per init, from main. */
uint64_t buskin_spawn_main(const buskin_spawn_desc_t *desc, const void *args);

uint64_t buskin_actor_self(void);       /* own pid; 0 outside actors and main */
buskin_context_t *buskin_context(void); /* of the caller; never NULL */
void buskin_reduction_check(void);      /* one reduction; may yield, collect, or end the actor */
void buskin_reduction_slow(void);       /* what an inlined check calls when the budget is used up */
void buskin_actor_yield(void);          /* to the end of the run queue */
int32_t buskin_actor_sleep(int64_t ms); /* suspends the caller only; <= 0 yields. actor, main */
/* The object that terminate gets; kept alive as a root. actor */
void buskin_actor_set_state(void *state);

/* -- Messages ----------------------------------------------------------------------------------------- */

/* Sends never fail for a dead or unknown pid: the message is dropped and the status is OK. Bounded mailboxes answer EVICTED,
 * COALESCED, EDROPPED, EFULL, and ENOPROC to a sender that waited for space when the receiver ended. An actor that waits is
 * parked; other threads sleep. To oneself a full mailbox that blocks is EFULL. Any thread after init. */
int32_t buskin_actor_send(uint64_t to, const void *bytes, uint64_t size);

/* Typed: value points to desc->size bytes of slots; objects that they refer to are deep-copied, sharing
 * and cycles kept. The receiver finds the slots as the message's data. desc NULL: no data. actor */
int32_t buskin_send(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value);

/* Typed, one slot without pointers. Any thread after init. */
int32_t buskin_send_word(uint64_t to, uint64_t tag, uint64_t word);

/* The oldest message, moved to the receiver's heap: [tag][length][data], 16-byte aligned. NULL on timeout
 * only. actor, main */
const void *buskin_actor_receive(int64_t timeout_ms);

/* The oldest user message whose tag is one of tags[0..n), n >= 1; the others stay. actor, main */
const void *buskin_receive_tags(const uint64_t *tags, uint64_t n, int64_t timeout_ms);

/* Selective receive: peek answers the oldest message that this receive has not skipped, or waits for one,
 * or NULL when the time is over, which ends the receive. The message stays in the mailbox (and alive) until
 * take moves it to the heap, or drop frees it; either ends the receive. skip leaves it where it is.
 * Only other functions of this group may follow with the same r; no receive may nest in between. actor, main */
const void *buskin_receive_peek(buskin_receive_t *r);
void buskin_receive_skip(buskin_receive_t *r);
void buskin_receive_take(buskin_receive_t *r);
void buskin_receive_drop(buskin_receive_t *r);

/* Hands on a message that the caller has received and owns, under another tag, without a copy: its data with all that hangs
 * from it. The caller must not refer to any of it afterwards, and must not have stored pointers to other objects of its own into
 * it: with BUSKIN_GC_STRESS=1, and in debug builds, this answers ESTATE, and what was moved is overwritten at the caller's. It must be a
 * message of buskin_actor_receive, buskin_receive_tags or buskin_receive_take that was neither released nor moved, of kind USER,
 * TIMER or REPLY, else EINVAL, and nothing has happened. Otherwise as buskin_send, with its statuses; when they say that it was not queued, it is gone all the same. actor,
 * main */
int32_t buskin_send_move(uint64_t to, uint64_t tag, const void *message);

/* A message that the caller builds where it will lie, without a copy: [tag][length][data], with desc->size bytes of slots, and
 * behind them, rounded up to 8, room for objects: each a header (the address of its descriptor) and its payload, whole words, one
 * behind the other, up to the last byte of room. Nothing is zeroed: the caller writes all of it, then calls message_send. The slots
 * and objects may refer to objects of the message, to immortal ones and to NULL, to nothing else. Between the two calls the caller
 * calls nothing that yields or collects: no collector knows of the message yet. NULL: no memory. actor, main */
void *buskin_message_new(uint64_t to, uint64_t tag, const buskin_desc_t *desc, uint64_t room);
/* Sends it, as buskin_send and with its statuses; the caller refers to none of it afterwards. EINVAL: it is none of message_new, or
 * was sent. With BUSKIN_GC_STRESS=1, and in debug builds, ESTATE for one that refers to anything else. actor, main */
int32_t buskin_message_send(void *message);

/* Gives a received message back early: nothing of it may be referred to any more. actor, main */
void buskin_message_release(const void *message);

/* -- The actor's heap: actor, main -------------------------------------------------------------------- */

/* Zeroed; conservatively scanned. align is a power of two, at most 4096. Outside actors: the shared heap.
 * NULL for size overflow or a bad alignment; running out of memory ends the actor with LIMIT. */
void *buskin_gc_alloc_actor(uint64_t size, uint64_t align);

/* A zeroed object of a fixed size (no ARRAY flag). Never NULL: no memory ends the actor with LIMIT. */
void *buskin_alloc(const buskin_desc_t *desc);

/* An array object with its count set and zeroed elements. With BUSKIN_DESC_BINARY and BUSKIN_BINARY_MIN bytes of elements or
 * more it lies outside the heap, counted: messages, arguments, timers and replies refer to it instead of copying it, and it goes
 * when no actor and no message refers to it any more. Nobody may write to it after it was first sent. */
void *buskin_alloc_array(const buskin_desc_t *desc, uint64_t count);

/* Collects the calling actor's heap now; nobody else stops. It happens by itself when the heap has grown by what lived
 * after the last one. actor */
int32_t buskin_gc_collect(void);
int32_t buskin_heap_stats(buskin_heap_stats_t *stats);

/* -- Objects of the shared heap, in actors: actor, main --------------------------------------------------
 *
 * Actors' heaps are not traced by the collector of the shared heap, which holds what code outside actors allocates. An actor refers
 * to such an object by a handle: an object on its own heap, for typed slots, that is shared like a binary when it is sent. The shared
 * object lives as long as any heap or message holds the handle. */

/* A handle (buskin_handle_t) of object: of the shared heap, or anything else. release, if not NULL, is called with it when nobody
 * holds the handle any more: on a thread of the runtime, once, soon, at the latest before buskin_rt_run_scheduler returns. It may call
 * buskin_print, and nothing else of this header. With BUSKIN_GC=boehm it is called when the collector notices, if it does.
 * NULL: object is NULL, or no memory. */
void *buskin_shared_handle(void *object, void (*release)(void *object));

/* The same with a new object of size bytes: zeroed, aligned to 16, freed after its release function has seen it. No collector looks
 * into it: what it points to is kept alive by others. NULL: too large, or no memory. */
void *buskin_shared_alloc(uint64_t size, void (*release)(void *object));

/* The caller refers to the handle no more, and will not wait for its collector to notice. Others may still hold it.
 * EINVAL: the caller does not hold it, or it is no handle. */
int32_t buskin_shared_release(void *handle);

/* -- Roots: any thread ------------------------------------------------------------------------------------- */

/* The words in [start, start + bytes) may be pointers to objects of the shared heap, until the process ends: data of a
 * JIT, or of a library that is loaded late (that of the program itself is known). Several times is fine. They may not refer to objects of
 * actors, which nothing outside keeps alive, but with BUSKIN_GC=boehm, where all heaps are one. EINVAL: start is NULL or no multiple
 * of 8, or bytes is 0. Without the second collector nothing is to be done. */
int32_t buskin_gc_add_roots(void *start, uint64_t bytes);

/* Reserved for collectors to come that must hear of stores into objects: value is about to be stored in object. Does nothing now. */
void buskin_gc_write_hook(void *object, void *value);

/* -- Ends: actor ---------------------------------------------------------------------------------------- */

/* Ends the caller with PANIC and the text. file may be NULL; line and col count from 1, 0 = unknown. One
 * line `panic in Pid(n): text at file:line:col` goes to standard error. */
BUSKIN_NORETURN void buskin_panic(const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col);
/* Ends the caller with a reason of its own; code as in enum buskin_reason_code. */
BUSKIN_NORETURN void buskin_actor_exit(uint32_t code, const void *bytes, uint64_t length);

/* -- Cleanups: actor ------------------------------------------------------------------------------------
 *
 * What must be done if the actor ends while a function runs: close, unlock, give back. The function pushes a record that lies in its
 * own frame, and pops it before it returns or leaves the region by any other way. If the actor ends in between, for any reason but
 * KILLED, run(arg) is called, the newest first, each once, before the terminate callback. So it is with what a start callback
 * of a supervisor registers, when the start fails.
 *
 * run is actor code and has the actor's pid and heap. The frames are as they were, and it runs on a stack of the worker's, so that there is
 * room even after an overflow. It does not wait: where it would, receives answer what is there or NULL, calls and jobs
 * ETIMEOUT, sends to a mailbox that blocks EFULL, and all others ESTATE. A heap limit does not hold for it. One that fails is
 * reported and ends, and the next one runs; once all together have taken 5 s, each of the rest has one turn. */

/* EINVAL: record is not in a live frame of the caller's stack or not aligned, run is NULL, the record is the newest already, or the newest
 * one is of a frame that was left without a pop; then nothing has changed. A record that is pushed twice runs once, and hides
 * what was pushed before it. ESTATE: outside actors, and in foreign-call brackets. */
int32_t buskin_cleanup_push(buskin_cleanup_t *record, void (*run)(void *arg), void *arg);
/* Takes the record out, and with it all that were pushed after it; runs none. ENOTFOUND: it is not registered. */
int32_t buskin_cleanup_pop(buskin_cleanup_t *record);

/* -- Links and exits: actor, main ------------------------------------------------------------------------
 * The thread that called init traps exits always: they come as EXIT messages. */

/* At most one link per pair; no effect on self. Linking to a dead pid gives the caller the exit signal NOPROC. */
int32_t buskin_actor_link(uint64_t pid);
/* Final: when it has returned, that link has no further effect on the caller. An EXIT message that is queued already
 * stays. OK also if there was none. */
int32_t buskin_actor_unlink(uint64_t pid);
/* Sends an exit signal, as the semantics' table T-1 says. Never fails for a dead pid. */
int32_t buskin_actor_exit_signal(uint64_t to, uint32_t code, const void *bytes, uint64_t length);
/* Sets the trap flag (0 or 1) and returns the old one. */
int32_t buskin_actor_trap_exit(int32_t on);
/* 1 or 0; answered after all earlier signals of the caller to pid were handled. */
int32_t buskin_actor_is_alive(uint64_t pid);

/* -- Monitors: actor, main ------------------------------------------------------------------------------ */

/* A new monitor; exactly one DOWN message with this reference will come, or none after demonitor. 0: no memory. */
uint64_t buskin_actor_monitor(uint64_t pid);
/* On whoever has that name now; the DOWN's tag is the name's length, and the name follows the reason's bytes. An unknown name
 * is a dead target, whose DOWN is from 0. 0: no memory, or no valid name. */
uint64_t buskin_actor_monitor_name(const char *name, uint64_t length);
/* Final. OK: removed, no DOWN comes. ENOTFOUND: one is queued already, or the reference is unknown or another's. With
 * flush a queued DOWN of that reference is removed too, and the answer then is OK. */
int32_t buskin_actor_demonitor(uint64_t ref, uint32_t flush);

/* -- Names: actor, main ---------------------------------------------------------------------------------- */

/* Names are 1 to 255 bytes, compared exactly; an embedded NUL is EINVAL. ETAKEN: has a live owner. ENOPROC: pid is dead. */
int32_t buskin_actor_register(const char *name, uint64_t length, uint64_t pid);
int32_t buskin_actor_unregister(const char *name, uint64_t length);
uint64_t buskin_actor_whereis(const char *name, uint64_t length); /* 0: unknown. Any thread */

/* As buskin_send, to the name's owner. ENOTFOUND: nobody has it. EINVAL: no valid name. */
int32_t buskin_send_to_name(const char *name, uint64_t length, uint64_t tag, const buskin_desc_t *desc,
                            const void *value);

/* -- Calls: actor, main ---------------------------------------------------------------------------------- */

/* Sends a request and waits for its reply. value holds desc->size bytes of slots that begin with a buskin_request_t, which
 * the runtime fills in. Returns the REPLY message, or the DOWN message if the server is or becomes dead, or NULL on
 * timeout (and for a call to oneself, with status EINVAL in *status, which may be NULL). A reply that comes later never
 * arrives. Other messages stay where they are; the cost does not depend on their number. */
const void *buskin_call(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                        int32_t *status);
/* Answers a request; from and ref as in its buskin_request_t. OK also if it is not waited for: the reply is dropped. */
int32_t buskin_reply(uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value);
/* A reference that one buskin_reply to the caller may use: it comes as a REPLY with that tag, and ends the alias. For requests of
 * the front end's own kind: give pid and alias to the server, wait for the REPLY, unalias when the time is over. 0: no memory. */
uint64_t buskin_actor_alias(void);
/* Final: no reply comes to it. ENOTFOUND: one has come, or it is not the caller's. */
int32_t buskin_actor_unalias(uint64_t ref);

/* -- Timers: actor, main --------------------------------------------------------------------------------- */

/* Sends a typed message (copied now) to pid in ms milliseconds, never before. Ends with its target, not with the caller.
 * 0: the limit of timers, or ms is negative or above 2^32-1. */
uint64_t buskin_timer_send_after(uint64_t pid, int64_t ms, uint64_t tag, const buskin_desc_t *desc, const void *value);
/* The same to whoever has the name when the time is over; nobody: the message is dropped. 0 also for no valid name. */
uint64_t buskin_timer_send_to_name(const char *name, uint64_t length, int64_t ms, uint64_t tag,
                                   const buskin_desc_t *desc, const void *value);
/* The remaining ms (>= 0), and no message will come; or ENOTFOUND: it was sent, cancelled or never was. */
int64_t buskin_timer_cancel(uint64_t ref);

/* ENOPROC: dead. info->size is set by the caller. actor, main */
int32_t buskin_process_info(uint64_t pid, buskin_process_info_t *info);

/* -- Jobs: actor, main ---------------------------------------------------------------------------------- */

/* Starts an actor whose result the caller will await. Its failure does not harm the caller. 0 on failure. */
uint64_t buskin_job_spawn(const buskin_spawn_desc_t *desc, const void *args);
/* The job's result, as in buskin_send; the first one counts. OK also if nobody awaits it any more. actor */
int32_t buskin_job_finish(const buskin_desc_t *desc, const void *value);
/* The REPLY message with the job's result, or the DOWN message if it ended without one. NULL with status ETIMEOUT: it goes on,
 * and may be awaited again. NULL with ENOPROC: no job of the caller's, or awaited before. Other messages stay. */
const void *buskin_job_await(uint64_t job, int64_t timeout_ms, int32_t *status);

/* -- Supervisors: actor, main ------------------------------------------------------------------------------
 * status may be NULL everywhere. A supervisor that is dead, or ends meanwhile, gives ENOPROC. */

/* OK, or what is wrong with it: BUSKIN_ESPEC_*. Any thread, also before init */
int32_t buskin_supervisor_check(const buskin_supervisor_spec_t *spec);
/* The same as text for people, as snprintf writes it: `supervisor NAME, child NAME: what is wrong`. The length that the whole
 * text has; 0 and no text if all is well. text may be NULL with a capacity of 0. Any thread, also before init */
int64_t buskin_supervisor_explain(const buskin_supervisor_spec_t *spec, char *text, uint64_t capacity);
/* Starts a supervisor; returns when its children run, started in order. The caller is its parent: an exit signal from it other
 * than NORMAL stops the children in reverse order, then the supervisor. flags and ref as in buskin_spawn. If a child's start fails,
 * those before it are stopped in reverse order, and the supervisor ends with PANIC "child NAME failed to start: why": status is
 * ESTART, the result its dead pid (in a start callback of another supervisor, that start fails, too). A bad specification
 * gives 0, and its status. */
uint64_t buskin_supervisor_start(const buskin_supervisor_spec_t *spec, uint32_t flags, uint64_t *ref, int32_t *status);
/* A new child of a simple_one_for_one supervisor; args holds desc->size bytes of slots, which the supervisor copies. 0 on
 * failure: ESTART, EINVAL for another kind of supervisor. */
uint64_t buskin_supervisor_start_child(uint64_t supervisor, const buskin_desc_t *desc, const void *args,
                                       int32_t *status);
/* A new child, the last in order, of any other supervisor. ERUNNING or EPRESENT: there is one of that name. */
uint64_t buskin_supervisor_add_child(uint64_t supervisor, const buskin_child_spec_t *spec, int32_t *status);
/* Stops the child of that pid, and returns when it is gone; no restart. ENOTFOUND: no running child has it. */
int32_t buskin_supervisor_terminate_child(uint64_t supervisor, uint64_t child);
/* The same by name: its specification stays, unless it is temporary. OK also if it is stopped already. */
int32_t buskin_supervisor_stop_child(uint64_t supervisor, const char *name, uint64_t length);
/* Starts a stopped child again. ERUNNING, ERESTARTING, ENOTFOUND, ESTART: 0. */
uint64_t buskin_supervisor_restart_child(uint64_t supervisor, const char *name, uint64_t length, int32_t *status);
/* Forgets a stopped child. ERUNNING, ERESTARTING, ENOTFOUND. */
int32_t buskin_supervisor_delete_child(uint64_t supervisor, const char *name, uint64_t length);
/* The pid of a running child, or 0. */
uint64_t buskin_supervisor_child(uint64_t supervisor, const char *name, uint64_t length);
/* which: enum buskin_count. A negative status on failure. */
int64_t buskin_supervisor_count_children(uint64_t supervisor, uint32_t which);
/* Fills in up to capacity records, in start order; returns how many children there are, or a negative status. */
int64_t buskin_supervisor_which_children(uint64_t supervisor, buskin_child_info_t *children, uint64_t capacity);

/* -- Foreign calls: actor -------------------------------------------------------------------------------- */

/* Brackets a call that may block. On a stack of its own the actor keeps its thread, and its worker goes on
 * with another one; on a shared slot enter answers ESTATE: use buskin_blocking_call. */
int32_t buskin_foreign_enter(void);
void buskin_foreign_leave(void);

/* Runs fn(arg) on a pool thread while the actor waits; arg must not point into the actor's stack. To the entries fn is a thread
 * of the program's own. It may end by pthread_exit. */
int32_t buskin_blocking_call(void (*fn)(void *arg), void *arg);

/* -- Other ------------------------------------------------------------------------------------------------ */

/* Writes the text in one piece, never mixed with another's. fd is 1 or 2; 1 is buffered until the program
 * ends, or the buffer is full, or the actor waits. Any thread. */
int32_t buskin_print(int32_t fd, const void *bytes, uint64_t length);
int64_t buskin_now_ms(void);      /* monotonic. Any thread */
uint64_t buskin_unique_ref(void); /* > 0, never the same twice in a run. Any thread */
const char *buskin_version(void); /* "0.1.0"; static. Any thread, also before init */

#ifdef __cplusplus
}
#endif
#endif /* BUSKIN_H */
