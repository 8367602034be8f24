/*
 * ast.h - a Skit program as the front end leaves it: names resolved, every expression and pattern typed.
 *
 * The parser builds it, resolve.c turns names into references, infer_*.c fills the types and rewrites what depends
 * on them (method calls become calls of builtins, Tuple functions become EXPR_ITEM), marks.c marks tail calls and
 * captures. What stands here is the state afterwards; nodes that exist only before are marked [early].
 *
 * Two rules for readers:
 *   - types are read through type_ground (see types.h);
 *   - a node's `pos` is its first token, and the place a panic reports.
 */
#ifndef SKITC_AST_H
#define SKITC_AST_H

#include "types.h"

typedef struct expr expr;
typedef struct pattern pattern;
typedef struct code code;
typedef struct local local;
typedef struct function function;
typedef struct actor actor;
typedef struct service service;
typedef struct handler handler;
typedef struct supervisor supervisor;
typedef struct variant variant;
typedef struct builtin builtin;
typedef struct module module;
typedef struct type_node type_node; /* [early] a type as written: parse.h */

/* -- Code units and locals ----------------------------------------------------------------------------------- */

/*
 * A code unit is what becomes one LLVM function: it owns the locals bound in it. A local met in another unit than
 * its owner is a capture of that unit, and of each unit between (`captures` lists them all, outermost first use
 * first). A TERMINATE unit captures the actor's parameters it uses, with the values of the last become.
 */
typedef enum code_kind {
    CODE_FUNCTION,
    CODE_CLOSURE,
    CODE_ACTOR,
    CODE_TERMINATE,
    CODE_INIT,    /* a service's init: also a function, service->init */
    CODE_HANDLER, /* a service's call or cast */
    CODE_START,   /* a supervisor's child start expression */
} code_kind;

struct code {
    code_kind kind;
    code *parent; /* CLOSURE, TERMINATE: the unit around it */
    type *result; /* what `return e` returns: the pair for a call handler; NULL in ACTOR and TERMINATE */
    local **captures;
    int32_t ncaptures;
    module *module;
    void *owner; /* the function, actor, handler, ... ; for a closure its expr */
};

struct local {
    const char *name; /* interned */
    pos pos;
    type *type;
    code *owner;
    int32_t id; /* dense over the program: use it to index side tables */
    bool is_used;
};

/* -- Patterns ------------------------------------------------------------------------------------------------ */

typedef enum pattern_kind {
    PAT_WILD,
    PAT_NAME, /* binds `local` */
    PAT_INT,
    PAT_FLOAT,
    PAT_STRING,
    PAT_BOOL,
    PAT_UNIT,
    PAT_TUPLE,  /* items */
    PAT_LIST,   /* items: exactly so many elements */
    PAT_CONS,   /* items[0] :: items[1] */
    PAT_CTOR,   /* variant, items: one pattern per field */
    PAT_STRUCT, /* type is the struct; items[i] matches field fields[i] */
    PAT_OR,     /* items: alternatives; all bind the same locals (the very same `local`s) */
    PAT_AS,     /* items[0], and the whole value is bound to `local` */
    PAT_ERROR,  /* [early] a wrong name: reported when inference reaches it */
} pattern_kind;

struct pattern {
    pattern_kind kind;
    pos pos;
    type *type; /* of the value it is matched against */
    pattern **items;
    int32_t nitems;
    local *local;
    variant *variant;
    int32_t *fields;
    union {
        int64_t integer;
        double real;
        bool truth;
        struct {
            const char *text;
            size_t len;
        } string;
        struct {
            int number;
            const char *text;
        } error;
    } as;
    /* [early] */
    const char *qualifier, *name;
    const char **field_names;
    pos *field_pos;
    bool is_struct;
};

/* A pattern that takes system messages: `Exit(..)` or `Down(..)`, maybe under `as` and `|`. All of a `|` or none
   need not be: `Exit(..) | "x"` takes both. An alternative matches only messages of its own sort. */
bool pattern_is_signal(const pattern *p);

/* Matches every value of its type, binding at most names: no test has to be emitted. */
bool pattern_is_irrefutable(const pattern *p);

/* -- Expressions --------------------------------------------------------------------------------------------- */

typedef enum expr_kind {
    EXPR_INT,
    EXPR_FLOAT,
    EXPR_BOOL,
    EXPR_UNIT,          /* () and nil */
    EXPR_STRING,        /* string.parts in order; a plain literal has one or no part */
    EXPR_LOCAL,         /* local */
    EXPR_FN,            /* fn + inst: a named function, as a callee or as a value */
    EXPR_BUILTIN,       /* builtin + inst: likewise; Math.pi is one too */
    EXPR_CTOR,          /* variant: a value if it has no fields, else a callee or a function value */
    EXPR_SERVICE_OP,    /* service_op: callee or function value */
    EXPR_SUPERVISOR_OP, /* supervisor_op: callee or function value */
    EXPR_ACTOR,         /* actor + inst: only as the callee of a become call */
    EXPR_CALL,          /* call */
    EXPR_FIELD,         /* field: operand.name */
    EXPR_ITEM,          /* item: element `index` of a tuple (Tuple.first, second, nth) */
    EXPR_INDEX,         /* pair: left[right] of a list */
    EXPR_TRY,           /* try: operand? */
    EXPR_TUPLE,         /* list */
    EXPR_LIST,          /* list */
    EXPR_STRUCT,        /* record: Name { .. }, base is NULL */
    EXPR_UPDATE,        /* record: %{base | .. } */
    EXPR_UNARY,         /* op, pair.left */
    EXPR_BINARY,        /* op, pair */
    EXPR_IF,            /* branch */
    EXPR_CASE,          /* match */
    EXPR_RECEIVE,       /* match: subject NULL */
    EXPR_FOR,           /* loop */
    EXPR_WHILE,         /* loop: iter is the condition */
    EXPR_CLOSURE,       /* closure */
    EXPR_BLOCK,         /* block; its value is that of the last statement, () if that is a let or there is none */
    EXPR_BREAK,
    EXPR_CONTINUE,
    EXPR_RETURN, /* pair.left, or NULL for () */
    EXPR_SPAWN,  /* spawn */
    EXPR_SEND,   /* pair: left is the pid, right the message; identity is the ground type of right */
    EXPR_SELF,   /* self() */
    EXPR_NAME,   /* [early] */
    EXPR_MEMBER, /* [early] field: operand.name, name not yet resolved */
    EXPR_ERROR,  /* [early] a wrong name: reported when inference reaches it */
} expr_kind;

typedef enum op {
    OP_NEG,
    OP_NOT,
    OP_MUL,
    OP_DIV,
    OP_REM,
    OP_ADD,
    OP_SUB,
    OP_CAT,
    OP_RANGE, /* [early]: only in `for`, where it becomes loop.low and loop.high */
    OP_LT,
    OP_GT,
    OP_LE,
    OP_GE,
    OP_EQ,
    OP_NE, /* operand type: pair.left->type */
    OP_AND,
    OP_OR,
} op;

/* A clause of a function or closure, or an arm of case or receive (one pattern). */
typedef struct clause {
    pos pos;
    pattern **params;
    int32_t nparams;
    expr *guard; /* or NULL */
    expr *body;
    /* [early] what is written: annotations[i] of params[i] or NULL, the result, generic parameters */
    type_node **annotations;
    type_node *result;
    const char **generics;
    int32_t ngenerics;
    const void *scope;
} clause;

typedef struct stmt {
    pos pos;
    pattern *let;          /* NULL: an expression statement */
    type_node *annotation; /* [early] */
    expr *value;
} stmt;

typedef struct string_part {
    const char *text; /* literal bytes (may hold NUL), when value is NULL */
    size_t len;
    expr *value;
} string_part;

typedef enum spawn_kind { SPAWN_PLAIN, SPAWN_LINK, SPAWN_MONITOR } spawn_kind;

typedef enum service_op_kind { SERVICE_START, SERVICE_CALL, SERVICE_CAST } service_op_kind;

typedef enum supervisor_op_kind {
    SUPERVISOR_START_CHILD,
    SUPERVISOR_TERMINATE_CHILD,
    SUPERVISOR_COUNT_CHILDREN,
    SUPERVISOR_CHILD,
} supervisor_op_kind;

struct expr {
    expr_kind kind;
    op op;
    pos pos;   /* first token; the place of its panics */
    pos start; /* the same, but a parenthesised expression's `(` */
    type *type;
    type *const *inst; /* FN, BUILTIN, ACTOR, SPAWN: instantiation vector in terms of the user's own parameters */
    bool is_tail;      /* CALL: stands in tail position (syntactically: compare the result types before a musttail) */
    bool is_become;    /* CALL of EXPR_ACTOR: an actor becomes another; its value never exists */
    bool in_parens;    /* [early] */
    int32_t depth;     /* height of the tree below; bounded, so recursion over trees is safe */
    union {
        int64_t integer;
        double real;
        bool truth;
        struct {
            string_part *parts;
            int32_t nparts;
        } string;
        local *local;
        function *fn;
        actor *actor;
        builtin *builtin;
        variant *variant;
        struct {
            service *service;
            service_op_kind kind;
            handler *handler; /* CALL, CAST */
        } service_op;
        struct {
            supervisor *supervisor;
            supervisor_op_kind kind;
        } supervisor_op;
        struct {
            expr *callee;
            expr **args;
            int32_t nargs;
        } call;
        struct {
            expr *operand;
            const char *name;
            int32_t index;
            pos name_pos;
        } field;
        struct {
            expr *operand;
            int32_t index;
        } item;
        struct {
            expr *left, *right;
        } pair;
        struct {
            expr *operand;
            bool is_option;
        } try;
        struct {
            expr **items;
            int32_t nitems;
        } list;
        /* values in written order; values[i] is field fields[i]. UPDATE: fields not named keep base's value. */
        struct {
            expr *base;
            expr **values;
            int32_t *fields;
            int32_t nfields;
            const char *name;
            const char **names;
            pos *names_pos; /* [early] */
        } record;
        /* conds[i] guards bodies[i]; otherwise NULL: the value is () and those of the bodies are dropped. */
        struct {
            expr **conds;
            expr **bodies;
            int32_t n;
            expr *otherwise;
        } branch;
        /* RECEIVE: mailbox is the message type M that arms other than signal arms match; after_time may be NULL */
        struct {
            expr *subject;
            clause *arms;
            int32_t narms;
            expr *after_time, *after_body;
            type *mailbox;
        } match;
        /* FOR: over iter (a list), or low .. high when iter is NULL; guard may be NULL */
        struct {
            pattern *pattern;
            expr *iter, *low, *high, *guard, *body;
        } loop;
        struct {
            clause *clauses;
            int32_t nclauses;
            int32_t nparams;
            code *code;
        } closure;
        struct {
            stmt *stmts;
            int32_t nstmts;
        } block;
        /* actor with args and inst, or else a supervisor. SPAWN_MONITOR: the value is (pid, ref) */
        struct {
            spawn_kind kind;
            actor *actor;
            supervisor *supervisor;
            expr **args;
            int32_t nargs;
            expr *target; /* [early] */
        } spawn;
        struct {
            const char *name;
        } name;
        struct {
            int number;
            const char *text;
            pos at;
        } error;
    } as;
};

/* -- Declarations -------------------------------------------------------------------------------------------- */

typedef struct field {
    const char *name; /* NULL in a variant without labels */
    pos pos;
    type *type;         /* mentions the declaration's TYPE_PARAMs; read with field_type, variant_field_type */
    type_node *written; /* [early] */
} field;

struct variant {
    const char *name;
    pos pos;
    type_decl *decl;
    int32_t index;
    field *fields;
    int32_t nfields;
};

typedef enum decl_kind { DECL_STRUCT, DECL_SUM, DECL_ALIAS } decl_kind;

struct type_decl {
    decl_kind kind;
    const char *name;
    pos pos;
    module *module; /* NULL: predeclared */
    bool is_pub;
    const char **params;
    int32_t nparams;
    field *fields; /* STRUCT */
    int32_t nfields;
    variant *variants; /* SUM */
    int32_t nvariants;
    /* -- the front end's own -- */
    type_node *target; /* ALIAS */
    type *expansion;
    int state;
    bool has_function; /* holds a function whatever its arguments */
    bool *data_params; /* arguments that must be data for the whole to be */
};

struct function {
    const char *name;
    pos pos;
    module *module;
    bool is_pub;
    int32_t nparams;
    clause *clauses; /* one code unit for all */
    int32_t nclauses;
    code *code;
    type **params;
    type *result;
    scheme *scheme;
    bool uses_mailbox; /* receives or calls self(), itself or through others: then it has a mailbox type, */
    type *mailbox;     /* that of its caller; an instance of it is for one mailbox type */
    void *front;       /* the front end's own */
};

/* `mailbox(100, drop_old)`: how many messages may wait, and what a full mailbox does. */
typedef struct mailbox_spec {
    pos pos;
    int64_t capacity;
    uint32_t policy, fallback; /* enum buskin_policy */
    const char *key_name;      /* coalesce(name): a field of a struct */
    int64_t key_index;         /* coalesce(0): an element of a tuple; -1: neither */
    pos key_pos;
    uint32_t key; /* set by inference: where the key lies in a message's data */
} mailbox_spec;

struct actor {
    const char *name;
    mailbox_spec *bound; /* or NULL */
    pos pos;
    module *module;
    bool is_pub;
    clause clause; /* parameters and body; no guard */
    code *code;
    type **params;
    scheme *scheme;
    type *mailbox;   /* ground: TYPE_OPEN takes user messages of every type */
    expr *terminate; /* body of the block, or NULL */
    local *reason;   /* |r|, of type ExitReason, or NULL */
    code *terminate_code;
    void *front;
};

struct handler {
    bool is_call;     /* else a cast */
    const char *name; /* `GetCount` */
    const char *op;   /* `get_count` */
    pos pos;
    service *service;
    int32_t index; /* among the service's handlers */
    clause clause; /* parameters and body: (state, reply) for a call, the state for a cast */
    local *state;  /* |s|, or NULL */
    type **params;
    type *reply;              /* () for a cast */
    type_node *written_reply; /* [early] */
    code *code;
};

/* Never generic: all its types are ground with inst = NULL. */
struct service {
    const char *name;
    pos pos;
    module *module;
    bool is_pub;
    mailbox_spec *bound; /* or NULL */
    function *init;      /* its result is the state */
    handler *handlers;
    int32_t nhandlers;
    type *state;
    void *front;
};

/* ORDER buskin.h: the values are those of buskin_strategy, buskin_auto_shutdown and buskin_restart. */
typedef enum strategy { ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE, SIMPLE_ONE_FOR_ONE } strategy;
typedef enum ending { ENDING_NEVER, ENDING_ANY, ENDING_ALL } ending;
typedef enum restart { RESTART_PERMANENT, RESTART_TRANSIENT, RESTART_TEMPORARY } restart;

typedef struct child {
    const char *name;
    pos pos;
    expr *start; /* evaluated at each (re)start: a function value that returns a Pid */
    type *type;  /* of start: no parameters, or those of start_child */
    code *code;
    restart restart;
    bool significant;
    int64_t shutdown_ms;                                                                   /* or enum buskin_shutdown */
    uint32_t backoff_min, backoff_max, breaker_failures, breaker_window, breaker_cooldown; /* 0: none */
} child;

/* Its numbers, as the records buskin_child_spec_t and buskin_cg_child_t both name them: names.c asks what is wrong with them,
 * lower_supervisor.c emits them. */
#define CHILD_NUMBERS(c)                                                                          \
    .shutdown_ms = (c)->shutdown_ms, .restart = (uint32_t)(c)->restart,                           \
    .flags = (c)->significant ? BUSKIN_CHILD_SIGNIFICANT : 0, .backoff_min_ms = (c)->backoff_min, \
    .backoff_max_ms = (c)->backoff_max, .breaker_failures = (c)->breaker_failures,                \
    .breaker_window_ms = (c)->breaker_window, .breaker_cooldown_ms = (c)->breaker_cooldown

/* Never generic, as services. */
struct supervisor {
    const char *name;
    pos pos;
    module *module;
    bool is_pub;
    strategy strategy;
    ending auto_shutdown;
    int64_t max_restarts, max_seconds;
    child *children;
    int32_t nchildren;
    void *front;
};

/* One built-in function or value: a row of builtins.def. */
typedef enum builtin_id {
#define BUILTIN(id, name, type, guard, how, symbol) BI_##id,
#include "builtins.def"
#undef BUILTIN
    BI_COUNT
} builtin_id;

typedef enum builtin_how { INTRINSIC, SUPPORT, PRELUDE } builtin_how;

struct builtin {
    builtin_id id;
    const char *name;   /* `List.map` */
    const char *text;   /* its type as written in the table */
    bool in_guard;      /* pure and takes no function */
    builtin_how how;    /* who implements it; a PRELUDE one never reaches the lowering: */
    const char *symbol; /* the front end puts EXPR_FN of the prelude's function in its place */
    type *type;         /* over scheme */
    scheme *scheme;
    function *prelude; /* PRELUDE */
};

/* -- The program --------------------------------------------------------------------------------------------- */

typedef struct source_file {
    const char *path; /* as given on the command line: panics and diagnostics print it */
    const char *text;
    size_t len;
} source_file;

/* One source file. modules[i] comes from files[i]; the first holds main; the prelude is the last, if there is one. */
struct module {
    const char *name; /* `RateLimiter` */
    int32_t file;
    bool is_prelude;
    function **functions; /* the init functions of services are not among them */
    int32_t nfunctions;
    actor **actors;
    int32_t nactors;
    service **services;
    int32_t nservices;
    supervisor **supervisors;
    int32_t nsupervisors;
    type_decl **types;
    int32_t ntypes;
    void *front;
};

struct program {
    source_file *files;
    int32_t nfiles;
    module **modules;
    int32_t nmodules;
    function *main;
    type *const *main_inst; /* ground; main's instance */
    int32_t nlocals;        /* local ids are below */
    /* predeclared sum types */
    type_decl *option, *result, *ordering, *exit_reason, *signal;
    builtin *builtins;   /* [BI_COUNT], by id */
    struct front *front; /* the front end's own */
};

/* Indices of the predeclared variants. */
enum { OPTION_SOME, OPTION_NONE };
enum { RESULT_OK, RESULT_ERR };
enum { ORDERING_LESS, ORDERING_EQUAL, ORDERING_GREATER };
enum { EXIT_NORMAL, EXIT_ERROR, EXIT_KILLED, EXIT_SHUTDOWN, EXIT_CUSTOM, EXIT_NOPROC };
enum { SIGNAL_EXIT, SIGNAL_DOWN };

#endif
