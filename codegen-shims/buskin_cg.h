/* buskin_cg.h - emit correct calls into the Buskin runtime from any front end over LLVM-C.
 *
 * libbuskin-codegen knows the contract of abi/ (which functions exist, their types and attributes, which
 * bytes of which record emitted code may touch) and offers one builder per construct of an actor language:
 * declare, layout, descriptors and constants, allocation, actors and spawn, send, receive, ends, the main thunk, the
 * passes with reduction checks, and emission. A front end keeps its own LLVM module, types and builders; the
 * shims add to them. Everything here is optional: `buskin_cg_call` reaches every row of the table by name.
 *
 * The way of a module
 *
 *     buskin_cg_t *cg = buskin_cg_create(module, &(buskin_cg_options_t){.opt_level = 2});
 *     buskin_cg_actor_code(cg, body);                      every function that runs as an actor
 *     buskin_cg_actor_t *a = buskin_cg_actor(cg, &(buskin_cg_actor_options_t){.name = "pong", .body = body, ...});
 *     pid = buskin_cg_spawn(cg, builder, a, args, n, 0, NULL);
 *     buskin_cg_main_thunk(cg, main_actor, "main");        in one module of the program
 *     buskin_cg_optimize(cg);                              default<On>, then the reduction checks
 *     buskin_cg_emit_file(cg, BUSKIN_CG_OBJECT, "out.o");
 *     buskin_cg_dispose(cg);                               then LLVMDisposeModule
 *
 * Errors. No function aborts on misuse. A function that returns a value or a handle answers NULL, one that
 * returns int answers 0 for success and -1 for failure, and the handle keeps the text of the FIRST failure
 * (later ones are often its consequences): buskin_cg_error. While a failure stands, optimize and emit refuse,
 * so a front end that builds nothing of its own on a NULL may test once at the end. A failed builder has added
 * no instruction.
 *
 * Ownership. Strings and arrays are copied. Handles (cg's desc_t, actor_t) belong to the cg and live until
 * buskin_cg_dispose; values belong to the module. The module stays the front end's and must outlive the cg.
 *
 * Builders. A builder must stand at the END of a block without a terminator, inside a function of the module. A
 * construct that branches (alloc, receive) leaves the builder at the end of the block where the code goes on, so
 * ask LLVMGetInsertBlock again before you write a phi. Buffers and records are allocas in the function's entry
 * block, shared by all sites of the function: no loop makes the stack grow. The builder's current debug location is
 * on everything that is emitted. One cg and its context: one thread at a time.
 *
 * Licence: Apache-2.0 WITH LLVM-exception.
 */
#ifndef BUSKIN_CG_H
#define BUSKIN_CG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct buskin_cg buskin_cg_t;

/* -- The module ---------------------------------------------------------------------------------------- */

typedef enum buskin_cg_mode {
    BUSKIN_CG_AOT = 0, /* objects: the context is read from thread-local storage by two instructions */
    BUSKIN_CG_JIT = 1  /* code that is loaded into a running process: the context comes from a call */
} buskin_cg_mode_t;

typedef struct buskin_cg_options {
    const char *prefix; /* of the runtime's symbols; NULL: "buskin_" */
    buskin_cg_mode_t mode;
    const char *triple;   /* NULL: the host's. Only x86-64 ELF has the inline context; others use the call */
    const char *cpu;      /* NULL: the generic one of the triple */
    const char *features; /* NULL: none */
    unsigned opt_level;   /* 0..3, for passes and code generation */
    bool no_checks;       /* insert no reduction checks: for code that does not run as actors */
    bool write_hook; /* store_object tells the runtime of each store: for collectors to come; today it costs a call */
} buskin_cg_options_t;

/* Attaches to a module: sets triple and data layout, and the module flag buskin.abi (linking modules of two
 * epochs is an error). options may be NULL. NULL only for no memory; any other failure (unknown triple, level out
 * of range, a module that has another layout or epoch) is in buskin_cg_error of the result: test it before you take
 * types from the handle. LLVM itself warns of a CPU that it does not know, and takes the generic one. */
buskin_cg_t *buskin_cg_create(LLVMModuleRef module, const buskin_cg_options_t *options);

/* Frees the cg and its handles; the module stays. NULL is allowed. */
void buskin_cg_dispose(buskin_cg_t *cg);

/* The first failure since create or clear, or NULL. The text lives until clear or dispose. */
const char *buskin_cg_error(const buskin_cg_t *cg);
void buskin_cg_clear_error(buskin_cg_t *cg);

/* The layout that all sizes here are computed with; owned by the cg. */
LLVMTargetDataRef buskin_cg_target_data(const buskin_cg_t *cg);

/* Marks a function as code that runs as an actor: section buskin_code, probe-stack, frame pointer, nounwind
 * and "buskin-actor". Reduction checks go into marked functions only. Call it for every function that an
 * actor may run, lambdas and generated helpers too; twice does no harm. 0 or -1. */
int buskin_cg_actor_code(buskin_cg_t *cg, LLVMValueRef function);

/* -- The table: any runtime function by name ----------------------------------------------------------- */

/* Declares a row of abi.def, by its name without prefix ("actor_self"), with the table's type and attributes.
 * A declaration that exists is completed; one of another type is a failure. NULL: unknown row, wrong type. */
LLVMValueRef buskin_cg_declare(buskin_cg_t *cg, const char *row);

/* Calls a row; arguments are compared with the table in number and type. The result is the call (of void
 * type for rows without a result). A row that does not return is followed by `unreachable`, which ends the
 * block. */
LLVMValueRef buskin_cg_call(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const LLVMValueRef *args,
                            unsigned nargs);

/* Loads or stores one field of a runtime record by its names in layout.def ("context", "pid"). Refuses fields
 * that the table does not give to emitted code in that direction. */
LLVMValueRef buskin_cg_load_field(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field,
                                  LLVMValueRef base);
int buskin_cg_store_field(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field, LLVMValueRef base,
                          LLVMValueRef value);

/* The running actor's context (ptr) and pid (i64). Not for code of the C main before or across init. */
LLVMValueRef buskin_cg_context(buskin_cg_t *cg, LLVMBuilderRef b);
LLVMValueRef buskin_cg_self(buskin_cg_t *cg, LLVMBuilderRef b);

/* -- Slots: arguments and messages --------------------------------------------------------------------- */

enum {
    BUSKIN_CG_MANAGED = 1, /* a pointer (or every pointer of an aggregate) holds NULL or an object's start */
    BUSKIN_CG_RAW = 2,     /* a pointer that is copied as it is: code or constant data, never the heap or stack */
    BUSKIN_CG_SIGNED = 4   /* an integer below 64 bits is extended by its sign; otherwise with zeros */
};

/* One value that crosses between actors. Any sized type: integers, floats, pointers (which must say MANAGED
 * or RAW), vectors, arrays and structs. */
typedef struct buskin_cg_slot {
    LLVMTypeRef type;
    unsigned flags;
} buskin_cg_slot_t;

/* Where it lies in the buffer. */
typedef struct buskin_cg_place {
    uint64_t offset; /* a multiple of 8, of 16 for types aligned to 16 or more */
    uint64_t bytes;  /* whole slots: a multiple of 8 */
} buskin_cg_place_t;

/* The one function that lays out arguments and messages: spawn sites, thunks, sends, receives and the
 * checker use it. Each value begins at the next multiple of 8 (16 when its ABI alignment is 16 or more);
 * integers up to 64 bits fill one slot, extended; floats up to 64 bits fill one as their bits; the rest
 * lies as LLVM lays it out. places[n] and *size (0 for n = 0) are written. 0, or -1 with *why set to static
 * text. */
int buskin_cg_layout(LLVMTargetDataRef target, const buskin_cg_slot_t *slots, unsigned n, buskin_cg_place_t *places,
                     uint64_t *size, const char **why);

/* Stores a value in its slot form at base + place->offset, and loads it back. */
int buskin_cg_store_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                         const buskin_cg_place_t *place, LLVMValueRef value);
LLVMValueRef buskin_cg_load_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                                 const buskin_cg_place_t *place);

/* -- Objects: descriptors, constants, allocation ------------------------------------------------------- */

typedef struct buskin_cg_desc buskin_cg_desc_t;

/* A kind of heap object. Fixed objects give `fixed`, arrays `element` (and `fixed` when they have more in
 * front than the i64 count, which must then be its first field). */
typedef struct buskin_cg_object {
    const char *name;            /* for diagnostics; may be NULL */
    LLVMTypeRef fixed;           /* a struct type: the payload's fixed part. NULL: empty, or an array's count */
    const bool *managed;         /* one per field of fixed: its pointers are managed. NULL: all pointers are */
    LLVMTypeRef element;         /* arrays: any sized type, at most 65,535 bytes; NULL: not an array */
    const bool *element_managed; /* one per field when element is a struct, else one. NULL: all pointers are */
    uint32_t user;               /* the front end's own: the index of a variant, for example */
    bool conservative;           /* words may be pointers; such an object is never sent */
    bool binary;                 /* an array without pointers whose contents never change: from BUSKIN_BINARY_MIN bytes
                                    up, messages share it instead of copying it */
} buskin_cg_object_t;

/* Makes the constant descriptor. Equal requests may answer the same handle. */
buskin_cg_desc_t *buskin_cg_describe(buskin_cg_t *cg, const buskin_cg_object_t *object);

/* The descriptor's address, a constant ptr. */
LLVMValueRef buskin_cg_desc_value(const buskin_cg_desc_t *desc);

/* An object that is constant data of the program (never copied, marked or written). payload is a constant
 * of the whole payload, for arrays the count and elements too: its size must fit the descriptor. The result
 * is the object's address, an ordinary value wherever a managed pointer goes. Managed fields may hold NULL
 * or other immortal objects. */
LLVMValueRef buskin_cg_immortal(buskin_cg_t *cg, buskin_cg_desc_t *desc, LLVMValueRef payload);

/* The same for an array of bytes (element size 1, no further fixed part): [u64 length][bytes]. Equal bytes of
 * one descriptor answer the same constant. */
LLVMValueRef buskin_cg_immortal_bytes(buskin_cg_t *cg, buskin_cg_desc_t *desc, const char *bytes, uint64_t length);

/* A zeroed object: inline bump allocation, with the runtime's slow path in a cold block; large objects by
 * call. Fixed descriptors only. */
LLVMValueRef buskin_cg_alloc(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_desc_t *desc);

/* A zeroed array object of count (i64) elements, its count set. */
LLVMValueRef buskin_cg_alloc_array(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_desc_t *desc, LLVMValueRef count);

/* Stores a managed pointer into an object that was filled in before: field is its address, value NULL or an object. The first
 * stores, into an object that nothing was allocated after, need no more than LLVMBuildStore. 0 or -1. */
int buskin_cg_store_object(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object, LLVMValueRef field,
                           LLVMValueRef value);

/* The i32 `user` of an object's descriptor, read through its header: the variant of a sum value. */
LLVMValueRef buskin_cg_object_user(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object);

/* -- Objects outside the actors' heaps ------------------------------------------------------------------- */

/* A handle: an object of the actor's heap that holds another one, of the shared heap or of any library, until the last heap and
 * message that refer to the handle have gone. Handles go into managed slots; what crosses is the handle, and all share the object.
 * release, `void (ptr)` of the C convention or NULL, is then called with the object, outside actors: it is not actor code. Never
 * null: for want of memory, and for an object that is NULL, the actor ends with a panic. The builder goes on in another block. */
LLVMValueRef buskin_cg_shared_handle(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef object, LLVMValueRef release);

/* The same with a new object of size (i64) zeroed bytes, that goes after its release. No collector looks into it. */
LLVMValueRef buskin_cg_shared_alloc(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef size, LLVMValueRef release);

/* The object that a handle holds (ptr). It may go when nothing refers to the handle: keep that, not the object. */
LLVMValueRef buskin_cg_shared_object(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef handle);

/* Lets go of a handle before the collector finds that nothing refers to it. The result is the status (i32). */
LLVMValueRef buskin_cg_shared_release(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef handle);

/* A global variable of this module whose words may refer to objects of the shared heap. The main thunk registers it behind init;
 * in a module without one, call the row gc_add_roots. Needed where the module is loaded late, by a JIT or as a library: those
 * of the program itself are known. 0 or -1. */
int buskin_cg_root(buskin_cg_t *cg, LLVMValueRef global);

/* -- Actors -------------------------------------------------------------------------------------------- */

typedef struct buskin_cg_actor buskin_cg_actor_t;

typedef struct buskin_cg_actor_options {
    const char *name;               /* required: symbols __actor_entry_NAME and __actor_desc_NAME, and diagnostics */
    const char *title;              /* the name that diagnostics of the runtime show; NULL: name */
    LLVMValueRef body;              /* the typed function, any calling convention; its result is dropped. It may get
                                       its blocks later. NULL: another module defines the thunk __actor_entry_NAME, and
                                       this one has a descriptor of its own for it */
    const buskin_cg_slot_t *params; /* one per parameter of body, equal in type */
    unsigned nparams;
    bool external;             /* thunk and descriptor are visible to other modules (see actor_import) */
    LLVMValueRef terminate;    /* of buskin_cg_terminate; NULL: none */
    uint64_t stack_size;       /* 0: a shared stack slot */
    uint64_t heap_limit;       /* 0: none */
    uint64_t mailbox_capacity; /* 0: unbounded */
    uint32_t mailbox_policy;   /* enum buskin_policy */
    uint32_t mailbox_fallback; /* COALESCE: the policy when nothing matches; not COALESCE itself */
    uint32_t mailbox_key;      /* COALESCE: byte offset of the key */
    uint8_t priority;          /* enum buskin_priority; mind that 0 is HIGH, 1 NORMAL */
} buskin_cg_actor_options_t;

/* Defines the entry thunk `void __actor_entry_NAME(ptr args)`, which loads every argument and calls the body,
 * and the constant spawn descriptor. The body is marked as actor code. Refused: a tailcc body with i128 or vector
 * parameters among more than six words, which LLVM miscompiles. */
buskin_cg_actor_t *buskin_cg_actor(buskin_cg_t *cg, const buskin_cg_actor_options_t *options);

/* Declares an actor whose thunk and descriptor another module defines with `external`. */
buskin_cg_actor_t *buskin_cg_actor_import(buskin_cg_t *cg, const char *name, const buskin_cg_slot_t *params,
                                          unsigned nparams);

LLVMValueRef buskin_cg_actor_thunk(const buskin_cg_actor_t *actor);      /* for actor_spawn and registrations */
LLVMValueRef buskin_cg_actor_descriptor(const buskin_cg_actor_t *actor); /* for spawn_main and supervisors */

/* Spawns: args equal the parameters in number and type, objects are deep-copied by the runtime. flags:
 * BUSKIN_SPAWN_LINK and BUSKIN_SPAWN_MONITOR. ref: where the monitor's reference (i64) goes, required with
 * MONITOR, else NULL. The result is the pid (i64), 0 on failure. */
LLVMValueRef buskin_cg_spawn(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor,
                             const LLVMValueRef *args, unsigned nargs, unsigned flags, LLVMValueRef *ref);

/* Only the argument buffer, filled, for other ways to start an actor. *size (may be NULL) receives its bytes.
 * The buffer is shared scratch: hand it over before the next construct. A null pointer without arguments;
 * C's NULL on failure. */
LLVMValueRef buskin_cg_arguments(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor,
                                 const LLVMValueRef *args, unsigned nargs, uint64_t *size);

/* Wraps a terminate body for actor options. body is `(ptr state)` or `(ptr state, ptr notice)`, any calling
 * convention; it runs only when the actor has called actor_set_state, so state is never null. The wrapper is
 * __actor_terminate_NAME, internal. */
LLVMValueRef buskin_cg_terminate(buskin_cg_t *cg, const char *name, LLVMValueRef body);

/* The C `main` (or another symbol): init, spawn_main(actor), run, exit status. The actor takes no
 * arguments. */
LLVMValueRef buskin_cg_main_thunk(buskin_cg_t *cg, const buskin_cg_actor_t *actor, const char *symbol);

/* -- Messages ------------------------------------------------------------------------------------------ */

/* Sends n values under a tag (i64, not 0; usually a constant). One scalar goes as a word; other values
 * through a constant descriptor and a buffer, deep-copied by the runtime; n = 0 sends no data. The receiver
 * reads them with buskin_cg_message_load and equal slots. The result is the status (i32). */
LLVMValueRef buskin_cg_send(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                            const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n);

/* Sends bytes: no object pointers in them. size is i64. The result is the status. */
LLVMValueRef buskin_cg_send_bytes(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef bytes,
                                  LLVMValueRef size);

/* A value that is built in its message. */
typedef struct buskin_cg_fresh {
    LLVMValueRef value; /* a plain value; or, where a managed pointer goes, a constant: NULL, an immortal object */
    const buskin_cg_desc_t *desc; /* not NULL: instead of value, a new object of that description, of a fixed size */
    const struct buskin_cg_fresh *fields; /* with desc: one per field of its struct type */
    unsigned nfields;
} buskin_cg_fresh_t;

/* As buskin_cg_send, without a copy: the objects that the message refers to are built in it. For messages that are written out,
 * `send(to, Node{1, Leaf{2}})`: from two objects on they cost a third. Evaluate all values first. At least one slot. The builder goes
 * on in another block. */
LLVMValueRef buskin_cg_send_new(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                                const buskin_cg_slot_t *slots, const buskin_cg_fresh_t *values, unsigned n);

/* Hands on a message that the actor has received and taken, under another tag, without a copy. message is what receive answered;
 * nothing of it may be used afterwards (C36), and it must refer to nothing else of the sender's. The result is the status. */
LLVMValueRef buskin_cg_send_move(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                                 LLVMValueRef message);

/* As buskin_cg_send in ms (i64) milliseconds, by a timer. The result is the timer's reference (i64, for the row
 * timer_cancel), 0 on failure. */
LLVMValueRef buskin_cg_send_after(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef ms, LLVMValueRef tag,
                                  const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n);

/* Only the buffer and descriptor of n values, for rows that take (desc, value). The buffer is shared scratch: hand
 * it over before the next construct. *desc (may be NULL) receives the descriptor; both are null pointers for no
 * data. */
LLVMValueRef buskin_cg_pack(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                            const LLVMValueRef *values, unsigned n, LLVMValueRef *desc);

/* Parts of a received message: kind (i32, enum buskin_message_kind), tag (i64), length of the data (i64),
 * the data's address, and value number i of data that was sent with equal slots. Test kind, then tag, then
 * load. */
LLVMValueRef buskin_cg_message_kind(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message);
LLVMValueRef buskin_cg_message_tag(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message);
LLVMValueRef buskin_cg_message_length(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message);
LLVMValueRef buskin_cg_message_data(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message);
LLVMValueRef buskin_cg_message_load(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message,
                                    const buskin_cg_slot_t *slots, unsigned n, unsigned i);

/* Fields of an EXIT or DOWN notice (the data of such a message, or a terminate body's second parameter): by
 * buskin_cg_load_field(cg, b, "notice", "code" | "from" | "ref" | "detail" | "length", notice); and its
 * bytes: */
LLVMValueRef buskin_cg_notice_bytes(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef notice);

/* -- Requests ------------------------------------------------------------------------------------------ */

/* Sends a request and waits for its answer: a message of kind REPLY, whose values buskin_cg_message_load reads, or
 * of kind DOWN when the server is or becomes dead, or null when the time is over; test for null, then the kind.
 * timeout: i64 milliseconds, or NULL to wait for ever (null then means a request to oneself). *status (may be NULL)
 * receives the row's status (i32). */
LLVMValueRef buskin_cg_request(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef to, LLVMValueRef tag,
                               const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n,
                               LLVMValueRef timeout, LLVMValueRef *status);

/* At the server, in a message of kind CALL and the request's tag: value number i of the request. */
LLVMValueRef buskin_cg_request_load(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message,
                                    const buskin_cg_slot_t *slots, unsigned n, unsigned i);

/* Answers a request. from and ref are load_field(cg, b, "request", "from" | "ref", message_data) of its message, loaded
 * before it is dropped; in a selective receive the reply comes after take or drop. The result is the status (i32). */
LLVMValueRef buskin_cg_reply(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef from, LLVMValueRef ref,
                             const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n);

/* -- Jobs ------------------------------------------------------------------------------------------------ */

/* Starts an actor whose one result the caller will await, once, by the row job_await: a message whose values
 * buskin_cg_message_load reads. args as in buskin_cg_spawn. The result is the job's pid (i64), 0 on failure. */
LLVMValueRef buskin_cg_job(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor, const LLVMValueRef *args,
                           unsigned nargs);

/* In a job: its result, n values as in buskin_cg_send. The first one counts. The result is the status (i32). */
LLVMValueRef buskin_cg_job_finish(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                                  const LLVMValueRef *values, unsigned n);

/* -- Supervisors ----------------------------------------------------------------------------------------- */

/* Wraps a child's start body, `i64 (params...)` of any calling convention, which returns the child's pid and runs as
 * the supervisor. Its parameters are the slots that start_child packs (for a template) or that the child's constant
 * args hold. The wrapper is __actor_start_NAME, internal. */
LLVMValueRef buskin_cg_start(buskin_cg_t *cg, const char *name, LLVMValueRef body, const buskin_cg_slot_t *params,
                             unsigned nparams);

/* One child; zeros mean what they mean in buskin_child_spec_t, so mind shutdown_ms. */
typedef struct buskin_cg_child {
    const char *name;    /* 1 to 255 bytes, unique in its supervisor */
    LLVMValueRef start;  /* of buskin_cg_start */
    LLVMValueRef args;   /* a constant's address, which start gets; NULL: none */
    int64_t shutdown_ms; /* or enum buskin_shutdown */
    uint32_t restart;    /* enum buskin_restart */
    uint32_t flags;      /* BUSKIN_CHILD_SIGNIFICANT, BUSKIN_CHILD_SUPERVISOR */
    uint32_t backoff_min_ms, backoff_max_ms;
    uint32_t breaker_failures, breaker_window_ms, breaker_cooldown_ms;
} buskin_cg_child_t;

typedef struct buskin_cg_supervisor_options {
    const char *name;  /* required: the symbol __actor_supervisor_NAME, and diagnostics */
    const char *title; /* the name that diagnostics of the runtime show; NULL: name */
    const buskin_cg_child_t *children;
    unsigned nchildren;
    bool external;          /* visible to other modules (see supervisor_import) */
    uint32_t strategy;      /* enum buskin_strategy */
    uint32_t auto_shutdown; /* enum buskin_auto_shutdown */
    uint32_t max_restarts;
    int64_t window_ms;
} buskin_cg_supervisor_options_t;

/* The constant specification (ptr). Whatever the runtime would refuse at the start is a failure here, with the runtime's
 * text. */
LLVMValueRef buskin_cg_supervisor(buskin_cg_t *cg, const buskin_cg_supervisor_options_t *options);

/* The address of one that another module defines with `external`. */
LLVMValueRef buskin_cg_supervisor_import(buskin_cg_t *cg, const char *name);

/* Starts a supervisor; comes back when its children run, or with the pid of one that could not start a child, and is
 * dead. flags and ref as in buskin_cg_spawn. */
LLVMValueRef buskin_cg_supervisor_start(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef spec, unsigned flags,
                                        LLVMValueRef *ref);

/* A new child of a simple_one_for_one supervisor (i64), from n values that equal the parameters of its template's start
 * body; 0 on failure. *status (may be NULL) receives the row's status (i32). All other requests are rows that take plain
 * values: buskin_cg_call. */
LLVMValueRef buskin_cg_start_child(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef supervisor,
                                   const buskin_cg_slot_t *slots, const LLVMValueRef *values, unsigned n,
                                   LLVMValueRef *status);

/* -- Receive ----------------------------------------------------------------------------------------------
 *
 *     buskin_cg_receive_begin(cg, b, timeout, narms, &r);     state reset; the builder stands in the scan loop
 *     buskin_cg_receive_filter(cg, &r, matches, n);           optional
 *     m = buskin_cg_receive_peek(cg, b, &r);                  r.timeout: block of the `after` arm (or NULL)
 *     buskin_cg_receive_test(cg, b, m, kind, tag, next);      kind, then tag; goes on where both fit
 *       ... pattern and guard on the data in place, branches to `next` ...
 *       buskin_cg_receive_take or _drop                       then the arm
 *     at `next`, when no arm is left: buskin_cg_receive_skip  back to the loop; ends the block
 *     position at r.timeout: the `after` arm
 *
 * take: something of the message lives on. drop: only scalars were loaded. The record is shared by all receives
 * of the function: after take or drop the next receive may begin, also inside the arm. */
typedef struct buskin_cg_receive {
    LLVMValueRef record;       /* buskin_receive_t in the frame */
    LLVMBasicBlockRef loop;    /* head of the scan */
    LLVMBasicBlockRef timeout; /* set by peek: where the time is over; NULL when it waits for ever */
    LLVMValueRef reset;        /* the store that begins it */
    LLVMValueRef message;      /* set by peek */
    bool may_time_out;
    unsigned arms;
} buskin_cg_receive_t;

/* timeout: i64 milliseconds, or NULL to wait for ever. arms: how many the source has, kept as metadata at
 * the peek for the checker. 0 or -1. */
int buskin_cg_receive_begin(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef timeout, unsigned arms,
                            buskin_cg_receive_t *r);

/* What an arm can match, as far as kind, tag and the first 8 bytes of the data tell. */
typedef struct buskin_cg_match {
    unsigned kind; /* enum buskin_message_kind */
    bool has_tag, has_word;
    uint64_t tag, word;
} buskin_cg_match_t;

/* Lets the runtime pass over messages that no arm can match, when there are many. Every message that an arm may match must
 * fit one of the n matches; the arms still test what they are shown. With more than 8 of them it says nothing. Once
 * between begin and peek, or not at all. 0 or -1. */
int buskin_cg_receive_filter(buskin_cg_t *cg, const buskin_cg_receive_t *r, const buskin_cg_match_t *matches,
                             unsigned n);

/* The candidate message. With a possible timeout the null test is made here and the builder goes on where
 * there is a message. Once per begin. */
LLVMValueRef buskin_cg_receive_peek(buskin_cg_t *cg, LLVMBuilderRef b, buskin_cg_receive_t *r);

/* Branches to otherwise unless the message has this kind and tag; the builder goes on where both fit. tag
 * NULL: any tag. otherwise is the front end's block. 0 or -1. */
int buskin_cg_receive_test(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef message, unsigned kind, LLVMValueRef tag,
                           LLVMBasicBlockRef otherwise);

int buskin_cg_receive_take(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r);
int buskin_cg_receive_drop(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r);

/* Leaves the message where it is and goes back to the loop; ends the block. */
int buskin_cg_receive_skip(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_receive_t *r);

/* The plain receive: the oldest message, whatever it is, on the receiver's heap. timeout as above;
 * *on_timeout is set to the block where the time is over (NULL when it waits for ever) and the builder goes
 * on with the message. */
LLVMValueRef buskin_cg_receive_any(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef timeout,
                                   LLVMBasicBlockRef *on_timeout);

/* -- Ends ---------------------------------------------------------------------------------------------- */

/* Ends the actor with a panic; the block ends too. text is ptr, length i64. file may be NULL. 0 or -1. */
int buskin_cg_panic(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef text, LLVMValueRef length, const char *file,
                    unsigned line, unsigned col);

/* The same with a constant text. */
int buskin_cg_panic_text(buskin_cg_t *cg, LLVMBuilderRef b, const char *text, const char *file, unsigned line,
                         unsigned col);

/* Ends the actor with a reason: code i32, bytes ptr or NULL, length i64 or NULL. The block ends too. 0 or
 * -1. */
int buskin_cg_exit(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef code, LLVMValueRef bytes, LLVMValueRef length);

/* What must be undone if the actor ends in a region of a function: `defer`, destructors, locks of a library. run, `void (ptr)` of the
 * C convention, marked as actor code, is called with arg for any end but a kill: a panic, an exit, a native fault, an exit signal. The
 * frame is as it was, so arg may point into it; what run reads there must have been stored before the push, or is in memory for another
 * reason. It must not wait (buskin.h). */
typedef struct buskin_cg_cleanup {
    LLVMValueRef record, run, arg;
} buskin_cg_cleanup_t;

/* The region begins here; it costs a few stores. On every way out of it - returns, jumps, also those of an unwinder - there is a pop, and none
 * after: a tail call leaves the frame. A push in a loop needs its pop in the same round. 0 or -1. */
int buskin_cg_cleanup_push(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef run, LLVMValueRef arg,
                           buskin_cg_cleanup_t *cleanup);

/* The region ends here, and with it all that were begun in it. runs: calls run(arg), for what is undone on this way too. 0 or -1. */
int buskin_cg_cleanup_pop(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_cleanup_t *cleanup, int runs);

/* A private constant with these bytes and a NUL; its address. Equal texts share one constant. */
LLVMValueRef buskin_cg_text(buskin_cg_t *cg, const char *bytes, uint64_t length);

/* -- Passes and emission ------------------------------------------------------------------------------- */

/* Runs LLVM's verifier. 0, or -1 with its text in buskin_cg_error. */
int buskin_cg_verify(buskin_cg_t *cg);

/* Verifies, runs default<On> of the module's level, then inserts the reduction checks. Once per module;
 * nothing may be built afterwards. 0 or -1. */
int buskin_cg_optimize(buskin_cg_t *cg);

/* Only the reduction checks, for a front end with a pipeline of its own: run it after the last optimisation
 * and before code generation. Every cycle of the control flow and of the call graph of the marked functions
 * passes a check afterwards, and the module flag buskin.checks says so. A call that leaves the module may
 * come back, unless its declaration is a row of the table, an intrinsic, or carries LLVM's attribute
 * nocallback: put that on C functions that do not call back into the language. Once per module. The number
 * of checks, or -1. */
int buskin_cg_insert_checks(buskin_cg_t *cg);

typedef enum buskin_cg_output {
    BUSKIN_CG_LL = 0,     /* LLVM text */
    BUSKIN_CG_BC = 1,     /* LLVM bitcode */
    BUSKIN_CG_OBJECT = 2, /* a relocatable object, position independent */
    BUSKIN_CG_ASSEMBLY = 3
} buskin_cg_output_t;

/* Verifies and writes. A file that could not be written completely is removed. Marked functions that have no
 * reduction checks yet are a failure for OBJECT and ASSEMBLY (unless no_checks). Code generation changes the module:
 * write text and bitcode first. 0 or -1. */
int buskin_cg_emit_file(buskin_cg_t *cg, buskin_cg_output_t output, const char *path);

/* The same into memory; NULL on failure. The caller disposes of the buffer with LLVMDisposeMemoryBuffer. */
LLVMMemoryBufferRef buskin_cg_emit_memory(buskin_cg_t *cg, buskin_cg_output_t output);

#ifdef __cplusplus
}
#endif
#endif /* BUSKIN_CG_H */
