/* check.h - what the files of the checker share.
 *
 *   check.c        the order of the phases            table.c     functions of the module, rows of the table
 *   report.c       findings                           value.c     pointers, constants, texts
 *   memory.c       arenas                             uses.c      what is done with a pointer
 *   flow.c         blocks, cycles                     payload.c   what a call hands to another actor
 *   rules.def      the rules                          rule_*.c    the rules' code, by subject
 *
 * Work on a module takes time linear in its size: each rule looks at each instruction a fixed number of times,
 * and each search that starts at an instruction has a bound, after which the answer is "unknown".
 * Memory comes from two arenas, one for the module and one for the function in hand. Without memory the check
 * ends by a long jump, so nothing here tests for NULL.
 */
#ifndef BUSKIN_CHECK_INTERNAL_H
#define BUSKIN_CHECK_INTERNAL_H

#include "buskin_check.h"

#include <setjmp.h>
#include <string.h>

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>

#include "abi_table.h"
#include "map.h"

/* -- Memory ------------------------------------------------------------------------------------------- */

typedef struct arena {
    struct arena_block *last;
} arena_t;

typedef struct check check_t;

void *check_take(check_t *c, arena_t *arena, size_t bytes); /* zeroed */
void check_put(check_t *c, map_t *map, const void *key, uintptr_t value);
void arena_free(arena_t *arena);

/* Makes room for one element more; the old array stays in the arena, as it were garbage. */
void *check_grow(check_t *c, arena_t *arena, void *array, size_t n, size_t *room, size_t size);

/* -- Functions ---------------------------------------------------------------------------------------- */

typedef struct site {
    LLVMValueRef call;
    struct function *callee; /* NULL: indirect, or inline assembler */
} site_t;

typedef struct function {
    LLVMValueRef value;
    const char *name;
    const abi_function_t *row; /* of the runtime's table, or NULL */
    LLVMValueRef model;        /* how the table declares it */
    site_t *sites;             /* its calls, in order */
    size_t nsites;
    unsigned index;
    bool defined;
    bool actor;    /* marked, in a flagged module: the rules of actor code apply */
    bool marked;   /* "buskin-actor" */
    bool thunk;    /* "buskin-entry": the runtime calls it */
    bool runtime;  /* its name begins with the prefix */
    bool yields;   /* may run other actors before it returns */
    bool is_entry; /* given to spawn, or named by a spawn descriptor */
    bool leads_on; /* calls init or run_scheduler, itself or through others */
} function_t;

/* -- Flow ---------------------------------------------------------------------------------------------- */

/* Bits on blocks that a search sets and the next one forgets at once: searches start at many instructions, and must
 * not each cost the size of the function. One search of each kind is alive at a time. */
enum { MARKS = 8 };
typedef struct marks {
    unsigned generation;
    unsigned *stamps;
    uint8_t *bits;
} marks_t;

typedef struct flow {
    unsigned n;
    LLVMBasicBlockRef *blocks;
    map_t index;
    unsigned *first, *to;             /* edges */
    unsigned *pred_first, *pred_from; /* and backwards */
    uint8_t *reachable;
    uint8_t *cyclic; /* lies on a cycle */
    marks_t marks[MARKS];
    LLVMValueRef *ends; /* per block: the call that ends a receive's search there */
} flow_t;

/* -- The check ----------------------------------------------------------------------------------------- */

struct check {
    LLVMModuleRef module, table;
    LLVMContextRef context;
    LLVMTargetDataRef data;
    buskin_check_options_t options;
    const buskin_check_sink_t *sink;
    jmp_buf no_memory;
    arena_t arena, scratch; /* of the module; of the function in hand */
    function_t *functions;
    unsigned nfunctions;
    map_t function_index; /* of functions by value */
    map_t reads;          /* parameters: what is read through them */
    map_t uses;           /* of the function in hand: pointers to their uses */
    map_t sizes;          /* constant tags: the most bytes that are sent with them */
    map_t seen;           /* of the function in hand: records that were looked at */
    map_t answers;        /* of the function in hand: whether a receive by a record may answer null */
    unsigned records;     /* records that were followed in it */
    bool flagged;         /* "buskin.checks" */
    bool copied;          /* the module is a copy of the caller's */
    int findings;
    function_t *in; /* the function in hand */
    flow_t flow;    /* and its flow */
    unsigned texts; /* instructions printed */
    unsigned kind_layout, kind_arms;
};

/* -- Reports ------------------------------------------------------------------------------------------- */

/* at: an instruction, a function, a global or NULL. report uses the rule's own severity. */
__attribute__((format(printf, 4, 5))) void report(check_t *c, unsigned rule, LLVMValueRef at, const char *format, ...);
__attribute__((format(printf, 4, 5))) void report_unknown(check_t *c, unsigned rule, LLVMValueRef at,
                                                          const char *format, ...);
__attribute__((format(printf, 2, 3))) void report_note(check_t *c, const char *format, ...);

/* -- Tables -------------------------------------------------------------------------------------------- */

void table_open(check_t *c);                                   /* parses abi.def's declarations */
void functions_collect(check_t *c);                            /* and what they say about themselves */
void functions_close(check_t *c);                              /* yields, leads_on: from callees to callers */
function_t *function_of(const check_t *c, LLVMValueRef value); /* NULL: not a function */
function_t *callee_of(const check_t *c, LLVMValueRef call);
bool row_is(const function_t *f, const char *name);
bool row_has(const function_t *f, unsigned effects); /* any of them */
const abi_field_t *field_at(const char *record, int64_t offset);
uint64_t field_offset(const char *record, const char *field);
bool kind_is_nonnull(enum abi_kind kind);
bool is_spawn_desc(const abi_function_t *row);                    /* its DESC parameter is a spawn descriptor */
bool is_specification(const abi_function_t *row, unsigned param); /* of a supervisor or a child */

/* -- Values -------------------------------------------------------------------------------------------- */

typedef struct place {
    LLVMValueRef base;
    int64_t offset;
    bool known; /* the offset is */
} place_t;

place_t place_of(check_t *c, LLVMValueRef pointer);
bool gep_delta(check_t *c, LLVMValueRef gep, int64_t *delta);
bool is_gep(LLVMValueRef value);
bool is_pointer(LLVMValueRef value);
bool is_call(LLVMValueRef instruction);
bool const_signed(LLVMValueRef value, int64_t *result);
bool is_null(LLVMValueRef value);
bool is_intrinsic(LLVMValueRef value, const char *name); /* a call of llvm.<name>... */
bool is_aggregate(LLVMTypeRef type);
uint64_t store_size(check_t *c, LLVMTypeRef type);
LLVMValueRef stored_or_loaded_pointer(LLVMValueRef instruction); /* of a load or store, else NULL */
bool object_size(check_t *c, LLVMValueRef base, uint64_t *size); /* of an alloca, global or sized allocation */
bool has_string_attribute(LLVMValueRef function, const char *name);
LLVMAttributeRef attribute_of(LLVMValueRef function, LLVMAttributeIndex index, const char *name);
LLVMAttributeRef attribute_at_call(LLVMValueRef call, LLVMAttributeIndex index, const char *name);
LLVMValueRef function_metadata(check_t *c, LLVMValueRef function, unsigned kind);
bool is_context(check_t *c, LLVMValueRef value);       /* the running actor's context */
bool is_context_asm(check_t *c, LLVMValueRef call);    /* the inline reading of it */
bool calls_only_return(check_t *c, LLVMValueRef call); /* "nocallback" */

/* Where a pointer comes from. */
enum origin { FROM_UNKNOWN, FROM_STACK, FROM_HEAP, FROM_MESSAGE, FROM_CONSTANT, FROM_CONTEXT };
enum origin origin_of(check_t *c, LLVMValueRef pointer);

/* -- Constants ----------------------------------------------------------------------------------------- */

/* The scalar at that byte of a constant global's data, or NULL. */
LLVMValueRef constant_at(check_t *c, LLVMValueRef global, uint64_t offset);
bool constant_int_at(check_t *c, LLVMValueRef global, uint64_t offset, uint64_t *value);
LLVMValueRef constant_global(LLVMValueRef pointer); /* a constant with data, or NULL */
LLVMValueRef function_behind(LLVMValueRef value);   /* through casts and aliases; or NULL */

/* Records of the runtime in constant data (rule_descriptor.c). */
uint64_t record_field(check_t *c, LLVMValueRef global, const char *record, const char *name);
/* A pointer in it; NULL for none, null, or what is no pointer. */
LLVMValueRef record_pointer(check_t *c, LLVMValueRef global, const char *record, const char *name);
bool record_first_look(check_t *c, LLVMValueRef global); /* the first time that a rule asks for it */
bool record_holds(check_t *c, LLVMValueRef global, unsigned rule, const char *record, uint64_t size);
void record_is_aligned(check_t *c, LLVMValueRef global);

/* -- Uses ---------------------------------------------------------------------------------------------- */

enum use_kind { USE_LOAD, USE_STORE, USE_READ, USE_WRITE, USE_CALL, USE_COMPARE, USE_ESCAPE };

typedef struct use {
    enum use_kind kind;
    LLVMValueRef instruction;
    LLVMValueRef pointer; /* the operand that is or comes from the root */
    LLVMValueRef value;   /* USE_STORE, USE_WRITE: what is written; NULL: unknown */
    int64_t offset;
    uint64_t bytes;
    bool known; /* the offset */
    bool sized; /* the bytes */
    unsigned argument;
} use_t;

typedef struct uses {
    use_t *at;
    size_t n, room;
    bool merged; /* the pointer meets others in a phi or select */
} uses_t;

const uses_t *uses_of(check_t *c, LLVMValueRef root);

/* What a function reads through a parameter. */
typedef struct read {
    int64_t offset;
    uint64_t bytes;
    LLVMValueRef instruction;
    bool always; /* on every way through the function */
    bool whole;  /* a load of one value, not a copy of bytes */
} read_t;

typedef struct reads {
    read_t *at;
    size_t n, room;
    int64_t extent; /* where the furthest read ends */
    LLVMValueRef furthest;
    bool open; /* there may be others */
} reads_t;

const reads_t *reads_of(check_t *c, function_t *f, unsigned parameter);

/* -- Payloads ------------------------------------------------------------------------------------------ */

typedef struct payload {
    LLVMValueRef call;
    const function_t *callee;
    LLVMValueRef buffer;           /* or NULL */
    place_t place;                 /* of the buffer */
    LLVMValueRef entry;            /* spawn: the operand that is called, or NULL when it cannot be seen */
    LLVMValueRef spawn_desc, desc; /* constant globals, or NULL */
    uint64_t size;
    bool sized;
    bool spawns, sends; /* neither: bytes that are only read */
    bool typed;         /* a descriptor says where pointers are */
} payload_t;

bool payload_of(check_t *c, const site_t *site, payload_t *payload);
bool desc_has_pointer(check_t *c, LLVMValueRef desc, uint64_t offset);

/* The writes into a payload's buffer that belong to this call. exact: there are no others. */
typedef struct writes {
    use_t *at;
    size_t n, room;
    bool exact;
} writes_t;

void writes_of(check_t *c, const payload_t *payload, writes_t *writes);

/* C34: an integer that another actor gets. */
void no_pointer_as_integer(check_t *c, LLVMValueRef at, LLVMValueRef value);

/* -- Flow ---------------------------------------------------------------------------------------------- */

marks_t *marks_begin(check_t *c, unsigned slot);
uint8_t marks_get(const marks_t *marks, unsigned block);
void marks_add(marks_t *marks, unsigned block, uint8_t bits);
void flow_build(check_t *c, LLVMValueRef function);
/* The states, as bits, that may hold at each block's beginning: first at the entry, then as calls change them. */
uint8_t *states_at_blocks(check_t *c, uint8_t first, uint8_t (*after_call)(const function_t *callee, uint8_t state));
unsigned block_number(const flow_t *flow, LLVMBasicBlockRef block);
unsigned block_of(const check_t *c, LLVMValueRef instruction); /* of the function in hand */

/* A directed graph: edges of node i are to[first[i]..first[i+1]). Marks the nodes on cycles; skipped nodes and
 * edges into them do not count. */
void graph_cycles(check_t *c, unsigned n, const unsigned *first, const unsigned *to, const uint8_t *skip,
                  uint8_t *cyclic);

/* Whether the use may see null: a path from the definition that passes no test of the value. */
typedef struct null_test {
    LLVMValueRef value;
    marks_t *maybe; /* blocks at whose beginning it may be null */
} null_test_t;
void null_test(check_t *c, LLVMValueRef value, null_test_t *test);
bool maybe_null_at(check_t *c, const null_test_t *test, LLVMValueRef instruction);

/* -- Rules --------------------------------------------------------------------------------------------- */

/* Whole module, before and after the functions. */
void rule_module(check_t *c);       /* C14's note, C18, C25, C33 */
void rule_declarations(check_t *c); /* C6, C7, C8, C20 */
void rule_descriptors(check_t *c);  /* C21, C22, C23 */
void rule_supervisors(check_t *c);  /* the same, of supervisors */
void entries_mark(check_t *c);
void rule_entries(check_t *c);   /* C24, C28, C31, C32 */
void rule_recursion(check_t *c); /* C12 */
void rule_blocking(check_t *c);  /* C16 */

/* The function in hand. */
void rule_row_call(check_t *c, const site_t *site);
void rule_calls(check_t *c);    /* C6, C7, C10, C17, C20, C26, C29, C35 */
void note_sends(check_t *c);    /* what is sent with each tag, for C11 */
void rule_payloads(check_t *c); /* C1, C2, C3, C4, C5, C27, C34 */
void rule_results(check_t *c);  /* C9 */
void rule_messages(check_t *c); /* C11, C27, C34 */
void rule_given(check_t *c);    /* C36, C37, and C5, C34 of messages built in place */
void rule_cycles(check_t *c);   /* C12 */
void rule_frame(check_t *c);    /* C13, C14 */
void rule_threads(check_t *c);  /* C15 */
void rule_records(check_t *c);  /* C18, C19 */
void rule_order(check_t *c);    /* C30 */

/* Which blocks of the function in hand pass a reduction check before they end. */
uint8_t *check_blocks(check_t *c);
bool polls(const function_t *callee);

#endif /* BUSKIN_CHECK_INTERNAL_H */
