/* lower.h - the lowering: a typed program in, one LLVM module per file out. What its files share.
 *
 *   lower.c          the units, the driver
 *   lower_instance.c what becomes a function, and the queue of bodies
 *   lower_type.c     ground types: LLVM types, slots, descriptors, message tags
 *   lower_body.c     one function under construction: places, joins, frame slots, panics
 *   lower_support.c  the support library's functions
 *   lower_data.c     objects: tuples, structs, variants, lists, string constants
 *   lower_constant.c objects written out of literals
 *   lower_derive.c   text form, equality and order of each type
 *   lower_match.c    patterns, clauses, case
 *   lower_loop.c     for, while, break, continue
 *   lower_tail.c     calling conventions
 *   lower_call.c     calls, tail calls, closures, functions as values
 *   lower_builtin.c  intrinsic built-in functions
 *   lower_process.c  links, monitors, exit signals, names, timers
 *   lower_actor.c    actors, spawn, become, terminate
 *   lower_parcel.c   the slots of one message
 *   lower_message.c  send, and patterns on messages
 *   lower_fresh.c    messages that are built in place
 *   lower_receive.c  receive
 *   lower_service.c  services and their calls
 *   lower_supervisor.c  supervisors
 *   lower_job.c      jobs
 *   lower_expr.c     expressions: the dispatch, operators, texts
 *   gate.c           the checker on what came out
 *
 * Values. Int, Pid i64; Float double; Bool i1; () and the values of an open mailbox the i64 0; everything else a
 * pointer to an object (a list may be null). In an object every field takes eight bytes, a Bool as i64.
 *
 * Instances. What becomes an LLVM function is an instance: a declaration, its vector of ground types, and the unit
 * that defines it. Code of the user is defined once, in the unit of its file; code of the prelude, helpers of types
 * and wrappers in every unit that uses them, so that it can be inlined there. Requesting an instance declares it and
 * queues its body; no body is lowered inside another one, so one table from locals to values serves all.
 */
#ifndef SKITC_LOWER_H
#define SKITC_LOWER_H

#include "ast.h"
#include "buskin_cg.h"
#include "support/support_ids.h"

#include <llvm-c/DebugInfo.h>

typedef struct lowering lowering;
typedef struct unit unit;
typedef struct instance instance;
typedef struct body body;

typedef enum instance_kind {
    INSTANCE_FUNCTION,         /* function */
    INSTANCE_ACTOR,            /* actor: the typed body */
    INSTANCE_TERMINATE,        /* actor: its terminate block, (ptr state, ptr notice) */
    INSTANCE_TERMINATE_ANY,    /* the callback in spawn descriptors: calls what the state names */
    INSTANCE_CLOSURE,          /* expr: the clauses of a closure */
    INSTANCE_FUNCTION_VALUE,   /* function: called through a function value */
    INSTANCE_VARIANT_VALUE,    /* variant: the constructor as a function value of type `type` */
    INSTANCE_BUILTIN_VALUE,    /* builtin: the same */
    INSTANCE_SERVICE,          /* service: the loop of its process, a function of the state */
    INSTANCE_HANDLER,          /* handler: of state and parameters, to the new state; a reply goes to the last one */
    INSTANCE_START_VALUE,      /* service: start as a function value */
    INSTANCE_REQUEST_VALUE,    /* handler: call or cast as a function value */
    INSTANCE_STARTER,          /* child: what starts it, of the arguments of start_child, to its pid */
    INSTANCE_SUPERVISOR_VALUE, /* expr: a request as a function value */
    INSTANCE_JOB,              /* type: a job's process, a function of the closure */
    INSTANCE_SHOW,             /* type: (value, ptr text), appends the text form */
    INSTANCE_EQUAL,            /* type: (a, b) -> i1 */
    INSTANCE_ORDER,            /* type: (a, b) -> i64 -1, 0, 1 */
    INSTANCE_KINDS
} instance_kind;

struct instance {
    instance_kind kind;
    const void *decl;  /* what the kind says */
    type *const *inst; /* ground vector, or NULL */
    type *type;        /* for values: the function type */
    unit *home;        /* where it is defined */
    LLVMValueRef fn;   /* there */
    LLVMTypeRef fn_type;
    char *name;
    buskin_cg_actor_t *actor; /* ACTOR: thunk and descriptor, once spawned */
    LLVMValueRef constant;    /* of a function value that captures nothing */
    int32_t number;           /* among the closures of the program */
    instance *group;          /* tail calls: towards the head of its group, NULL for the head */
    bool needs_tailcc;        /* of a head: some tail call in the group is between different types */
    instance *next;           /* in its hash bucket */
    instance *next_queued;
};

/* Handles of one ground type in one unit. */
typedef struct type_info {
    buskin_cg_desc_t **descs; /* one; a sum type's one per variant */
    LLVMValueRef *constants;  /* sum types: immortal nullary variants */
} type_info;

/* One file: an LLVM module and object of its own. */
struct unit {
    lowering *l;
    module *module;
    LLVMModuleRef ir;
    buskin_cg_t *cg;
    LLVMDIBuilderRef debug;
    LLVMMetadataRef debug_unit;
    LLVMMetadataRef *debug_files; /* by file of the program */
    type_info *infos;             /* by index of the ground type */
    int32_t ninfos;
    LLVMValueRef support[SKIT_FN_COUNT];
    buskin_cg_desc_t *string_desc, *list_scalar, *list_object;
    LLVMValueRef terminate_any; /* wrapped for the spawn descriptors, or NULL */
};

typedef struct lower_options {
    unsigned opt_level;
    bool full_debug;
} lower_options;

enum { INSTANCE_BUCKETS = 1024 };

struct lowering {
    program *p;
    lower_options options;
    LLVMContextRef context;
    LLVMTypeRef i1, i8, i32, i64, f64, ptr, nothing;
    unit *units; /* one per file of the user */
    int32_t nunits;
    LLVMValueRef *values; /* by local id: its value in the body being lowered */
    instance *buckets[INSTANCE_BUCKETS];
    instance *queue, **queue_end;
    int32_t nclosures;
    bool has_terminate; /* some actor has a terminate block */
};

/* A loop around the code being lowered. */
typedef struct loop {
    LLVMBasicBlockRef leave, next;
    struct loop *outer;
} loop;

/* One function under construction. */
struct body {
    lowering *l;
    unit *u;
    instance *of;
    type *const *inst;
    type *result; /* what `return` returns; NULL: the value is dropped (actors, terminate blocks) */
    LLVMBuilderRef b;
    LLVMValueRef fn;
    LLVMTypeRef result_ll;
    LLVMMetadataRef scope;
    pos pos; /* of what is being lowered: the place of panics */
    loop *loop;
    LLVMValueRef text;  /* the frame's skit_text_t, or NULL */
    LLVMValueRef reply; /* in a call handler: where the reply goes */
};

/* -- lower.c, lower_instance.c ------------------------------------------------------------------------------------------------- */

/* Lowers the whole program. NULL after a message. */
lowering *lower_program(program *p, const lower_options *options);
/* Passes and reduction checks, then writes one unit. 0, or 1 after a message. */
int lower_finish_unit(lowering *l, int32_t unit);
/* gate.c: the checker on a finished unit; nonzero after a message. */
int lower_check_unit(lowering *l, int32_t unit);
int lower_emit_unit(lowering *l, int32_t unit, buskin_cg_output_t output, const char *path);
void lower_free(lowering *l);

/* The instance, requested if it is new; `from` is the unit that uses it. */
instance *instance_request(unit *from, instance_kind kind, const void *decl, type *const *inst, type *t);
/* Its function as `from` names it: the definition, or a declaration of it. */
LLVMValueRef instance_in(unit *from, instance *i);
/* Lowers the body that was asked for first; false when there is none left. */
bool instance_lower_next(lowering *l);

/* -- lower_type.c -------------------------------------------------------------------------------------------- */

LLVMTypeRef type_ll(lowering *l, type *ground);
bool type_is_object(const type *ground);
bool type_is_unit(const type *ground);
buskin_cg_slot_t type_slot(lowering *l, type *ground);
/* The LLVM type of a function value's code: the parameters, then the closure object. */
LLVMTypeRef type_code(lowering *l, type *fun);
/* The message tag of a type: the hash of its canonical text. */
uint64_t type_tag(lowering *l, type *ground);
uint64_t tag_of_text(const char *text);
/* The descriptor of a tuple, struct or (with the variant's index) sum type; of a list's node; of strings. */
buskin_cg_desc_t *type_desc(unit *u, type *ground, int32_t which);
buskin_cg_desc_t *type_list_desc(unit *u, type *element);
buskin_cg_desc_t *type_string_desc(unit *u);
type_info *type_infos(unit *u, type *ground);
type *ground_in(body *b, type *t);

/* -- lower_body.c -------------------------------------------------------------------------------------------- */

/* Opens the function of an instance; parameters are LLVMGetParam(b->fn, i). */
void body_open(body *b, instance *i, pos pos, type *result);
void body_close(body *b);
void body_at(body *b, pos pos); /* the place of what is built next */
LLVMBasicBlockRef body_block(body *b, const char *name);
void body_position(body *b, LLVMBasicBlockRef block);
/* After a terminator: goes on in a block that nothing reaches, so that builders always have a place. */
void body_unreachable(body *b);
LLVMValueRef body_slot(body *b, LLVMTypeRef of, const char *name); /* an alloca of the frame */
void body_return(body *b, LLVMValueRef value);
void body_panic(body *b, const char *text); /* at b->pos; ends the block, goes on unreachable */
LLVMValueRef body_i64(body *b, int64_t value);
LLVMValueRef body_unit(body *b);
LLVMValueRef body_call(body *b, instance *callee, LLVMValueRef *args, unsigned nargs, bool tail);
/* A row of the runtime's table. */
LLVMValueRef body_runtime(body *b, const char *row, LLVMValueRef *args, unsigned nargs);
LLVMValueRef body_load(body *b, LLVMTypeRef of, LLVMValueRef base, uint64_t offset);

/* Where several ways of control flow meet with a value. */
typedef struct join {
    LLVMBasicBlockRef block;
    LLVMTypeRef type;
    LLVMValueRef *values;
    LLVMBasicBlockRef *from;
    unsigned n;
} join;
join join_open(body *b, LLVMTypeRef of, const char *name);
void join_add(body *b, join *j, LLVMValueRef value); /* branches there from here */
LLVMValueRef join_close(body *b, join *j);           /* goes on there */

/* -- lower_tail.c ----------------------------------------------------------------------------------------- */

/* Whether a tail call of one instance by the other must take constant stack. */
bool tail_is_guaranteed(const instance *caller, const instance *callee);
/* Notes such a call. */
void tail_join(instance *caller, instance *callee);
/* When all is lowered: gives each function its calling convention. */
void tail_conventions(lowering *l);

/* -- lower_support.c ----------------------------------------------------------------------------------------- */

LLVMValueRef support_call(body *b, skit_fn_id id, LLVMValueRef *args, unsigned nargs);
LLVMValueRef support_call_named(body *b, const char *symbol, LLVMValueRef *args, unsigned nargs);

/* -- lower_data.c -------------------------------------------------------------------------------------------- */

LLVMValueRef data_string(unit *u, const char *bytes, size_t length);
LLVMValueRef data_new(body *b, buskin_cg_desc_t *desc);
void data_store(body *b, type *of, LLVMValueRef object, int32_t index, LLVMValueRef value);
LLVMValueRef data_load(body *b, type *of, LLVMValueRef object, int32_t index);
LLVMValueRef data_tuple(body *b, type *tuple, LLVMValueRef *items);
LLVMValueRef data_struct(body *b, type *record, LLVMValueRef *fields);
LLVMValueRef data_variant(body *b, type *sum, int32_t index, LLVMValueRef *fields);
LLVMValueRef data_variant_index(body *b, type *t, LLVMValueRef value); /* i32 */
LLVMValueRef data_cons(body *b, type *element, LLVMValueRef head, LLVMValueRef tail);
LLVMValueRef data_head(body *b, type *element, LLVMValueRef node);
LLVMValueRef data_tail(body *b, LLVMValueRef node);
type *data_field_type(body *b, type *aggregate, int32_t which, int32_t index);

/* -- lower_constant.c ------------------------------------------------------------------------------------ */

/* Whether an expression is a literal, or an object written out of literals; and its value, a constant. */
bool constant_is(const expr *e);
LLVMValueRef constant_value(body *b, expr *e);

/* -- lower_derive.c ------------------------------------------------------------------------------------------ */

LLVMValueRef derive_equal(body *b, type *t, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef derive_order(body *b, type *t, LLVMValueRef x, LLVMValueRef y);
void derive_show(body *b, type *t, LLVMValueRef value, LLVMValueRef text);
LLVMValueRef derive_string(body *b, type *t, LLVMValueRef value);
void lower_show(body *b, instance *i);
void lower_equal(body *b, instance *i);
void lower_order(body *b, instance *i);

/* -- lower_match.c ------------------------------------------------------------------------------------------- */

/* Tests value against the pattern, binds its names, branches to `otherwise` where it does not match. */
void match_pattern(body *b, pattern *p, LLVMValueRef value, LLVMBasicBlockRef otherwise);
/* The same in a place where no match is a panic. */
void match_or_panic(body *b, pattern *p, LLVMValueRef value, const char *text);
/* The alternatives of an or-pattern, each tested by `one`; their names join. */
typedef void match_one(body *b, pattern *p, void *context, LLVMBasicBlockRef otherwise);
void match_alternatives(body *b, pattern *p, match_one *one, void *context, LLVMBasicBlockRef otherwise);
/* Goes on where the condition holds. */
void match_require(body *b, LLVMValueRef condition, LLVMBasicBlockRef otherwise);
/* The sub-patterns of a tuple, struct or constructor against the fields of a payload. */
void match_fields(body *b, pattern *p, type *t, LLVMValueRef payload, LLVMBasicBlockRef otherwise);
void match_bind(body *b, local *name, LLVMValueRef value);
/* The clauses of a function or closure over its parameters; every way returns. */
void match_clauses(body *b, clause *clauses, int32_t n, LLVMValueRef *params, const char *name);
LLVMValueRef lower_case(body *b, expr *e, bool wanted);

/* -- lower_loop.c -------------------------------------------------------------------------------------------- */

LLVMValueRef lower_for(body *b, expr *e, bool wanted);
LLVMValueRef lower_while(body *b, expr *e);
LLVMValueRef lower_jump(body *b, expr *e);

/* -- lower_call.c -------------------------------------------------------------------------------------------- */

LLVMValueRef lower_call(body *b, expr *e);
LLVMValueRef lower_closure(body *b, expr *e);
/* An object of a code's address and the values of captured locals; and the way back, at the start of that code. */
LLVMValueRef data_environment(body *b, instance *entry, local **captures, int32_t n);
void data_open_environment(body *b, LLVMValueRef object, local **captures, int32_t n);
LLVMValueRef lower_function_value(body *b, expr *e); /* FN, BUILTIN, CTOR as values */
LLVMValueRef call_value(body *b, type *fun, LLVMValueRef closure, LLVMValueRef *args);
void lower_function_body(body *b, instance *i);
void lower_closure_body(body *b, instance *i);
void lower_value_body(body *b, instance *i);

/* -- lower_builtin.c ----------------------------------------------------------------------------------------- */

/* Calls a builtin: `fun` is its ground type (for Math.pi no function type). */
LLVMValueRef builtin_call(body *b, const builtin *which, type *fun, LLVMValueRef *args, unsigned nargs);

/* -- lower_process.c ------------------------------------------------------------------------------------- */

LLVMValueRef process_call(body *b, builtin_id id, type *fun, LLVMValueRef *args);

/* -- lower_parcel.c -------------------------------------------------------------------------------------- */

/* Where a message goes. */
typedef struct delivery {
    LLVMValueRef to;
    LLVMValueRef tag;   /* NULL: that of the value's type */
    LLVMValueRef after; /* ms of a timer, whose reference is the result; or NULL */
    LLVMValueRef ref;   /* of the call that it answers; or NULL */
    bool is_result;     /* it is what the running job was for; there is no `to` */
    bool offers;        /* the result is the send's status, as an i64 */
} delivery;

/* The slots of one message. */
typedef struct parcel {
    delivery delivery;
    buskin_cg_slot_t *slots;
    LLVMValueRef *values;
    unsigned n;
} parcel;

parcel parcel_open(delivery d, int32_t room);
void parcel_add(body *b, parcel *p, type *t, LLVMValueRef value);
LLVMValueRef parcel_send(body *b, parcel *p); /* () unless it is a timer */
LLVMValueRef parcel_call(body *b, parcel *p); /* the REPLY or DOWN message, or null for a call to oneself */

/* -- lower_fresh.c ---------------------------------------------------------------------------------------------- */

/* Whether all objects of the message are made by its expression, and there are some. */
bool fresh_pays(body *b, expr *message);
void fresh_send(body *b, LLVMValueRef to, LLVMValueRef tag, expr *message);

/* -- lower_message.c --------------------------------------------------------------------------------------- */

/* Sends a value. */
LLVMValueRef message_send_value(body *b, type *t, LLVMValueRef value, delivery d);
/* The whole value, from the data of a message. */
LLVMValueRef message_rebuilt(body *b, type *t, LLVMValueRef data);
/* Whether a slot of such a message is an object. */
bool message_has_object(body *b, type *t);
/* Tests a user message of type t against an arm's pattern and binds its names, like match_pattern. */
void message_pattern(body *b, pattern *p, type *t, LLVMValueRef data, LLVMBasicBlockRef otherwise);
/* Whether an object of the message outlives the match. */
/* Whether the pattern fits only messages of type t whose data begins with *word. */
bool message_first_word(const pattern *p, const type *t, uint64_t *word);
bool message_keeps(body *b, const pattern *p, type *t);

/* -- lower_actor.c, lower_receive.c -------------------------------------------------------------------------- */

/* The thunk and descriptor of a process body as `from` names them. */
typedef struct process {
    instance *body;
    const char *title;
    type **params;
    int32_t nparams;
    bool is_public;
    const mailbox_spec *bound; /* or NULL */
} process;
buskin_cg_actor_t *actor_handle(unit *from, const process *e);
LLVMValueRef lower_spawn(body *b, expr *e);
LLVMValueRef lower_send(body *b, expr *e);
LLVMValueRef lower_become(body *b, expr *e);
LLVMValueRef lower_receive(body *b, expr *e, bool wanted);
void lower_actor_body(body *b, instance *i);
void lower_terminate_body(body *b, instance *i);
void lower_terminate_any_body(body *b, instance *i);
void lower_main_thunk(unit *u);

/* -- lower_service.c, lower_supervisor.c, lower_job.c ------------------------------------------------------------------------- */

/* S.start(args), S.call(pid, args), S.cast(pid, args); handler is NULL for start. */
LLVMValueRef service_call(body *b, service *s, handler *h, LLVMValueRef *args);
/* The value of a reply; where none came, `call NAME failed: why` is the panic. */
LLVMValueRef service_reply_value(body *b, const char *name, type *t, LLVMValueRef message);
void lower_service_body(body *b, instance *i);
void lower_handler_body(body *b, instance *i);
/* Returns from a call handler with the value of a (state, reply) expression. */
void service_return(body *b, expr *e);
LLVMValueRef supervisor_spawn(body *b, supervisor *s, unsigned flags, LLVMValueRef *ref);
LLVMValueRef supervisor_request(body *b, supervisor *s, supervisor_op_kind kind, type *fun, LLVMValueRef *args);
LLVMTypeRef starter_fn_type(lowering *l, const child *c);
void lower_starter_body(body *b, instance *i);
LLVMValueRef job_call(body *b, builtin_id id, type *fun, LLVMValueRef *args);
void lower_job_body(body *b, instance *i);

/* -- lower_expr.c -------------------------------------------------------------------------------------------- */

LLVMValueRef lower_expr(body *b, expr *e);
/* The statements of a block but the last, if that is an expression, which is the result; else NULL. */
expr *lower_block_head(body *b, expr *block);
/* The same for its effects: the value is dropped, and no list is made for a `for`. */
void lower_effect(body *b, expr *e);

/* For constructs with branches: the value of one branch, and the type of their join; () when it is not wanted. */
LLVMValueRef lower_branch(body *b, expr *e, bool wanted);
LLVMTypeRef lower_type_of(body *b, expr *e, bool wanted);

#endif
