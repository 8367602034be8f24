/* cg.h - what the files of this library share: the handle, and helpers that belong to one file each.
 *
 * Every public function checks its input completely before it emits anything, so that a failure leaves the
 * module as it was. Inside, `cg_` functions trust their callers unless they say otherwise.
 */
#ifndef BUSKIN_CG_INTERNAL_H
#define BUSKIN_CG_INTERNAL_H

#include "buskin_cg.h"

#include "abi_table.h"
#include "map.h"

struct buskin_cg {
    LLVMModuleRef module;
    LLVMContextRef context;
    LLVMModuleRef table; /* abi.def as parsed LLVM text: types and attributes are copied from it */
    LLVMTargetMachineRef machine;
    LLVMTargetDataRef data;
    char *prefix;
    unsigned opt_level;
    bool no_checks;
    bool write_hook;
    bool inline_context;            /* the context by inline assembler, not by a call */
    LLVMValueRef context_assembler; /* made when first needed */
    bool checked;                   /* the reduction checks are in */
    bool optimized;
    char *error;
    struct cg_kept *kept;      /* handles and copies, freed with the cg */
    LLVMValueRef roots;        /* the function that registers roots; made when first needed (shared.c) */
    LLVMBasicBlockRef started; /* in main: where init has succeeded */
    map_t constants;           /* initializer -> the private constant that holds it */
    LLVMTypeRef type_void, type_ptr, type_i1, type_i8, type_i16, type_i32, type_i64;
};

/* What a descriptor constant is made of, in the units of buskin_desc_t. */
typedef struct cg_desc_parts {
    const char *name;
    uint32_t size, flags, user, elem_size;
    unsigned npointers, elem_pointers;
    const uint32_t *offsets; /* those of the fixed part, then those of an element */
} cg_desc_parts_t;

struct buskin_cg_desc {
    cg_desc_parts_t parts;
    LLVMTypeRef fixed; /* or NULL */
    LLVMValueRef value;
    LLVMValueRef immortal; /* its twin with the immortal flag; made when first needed */
};

struct buskin_cg_actor {
    char *name;
    buskin_cg_slot_t *params;
    buskin_cg_place_t *places;
    unsigned nparams;
    uint64_t size; /* of the argument buffer */
    LLVMValueRef thunk;
    LLVMValueRef descriptor;
};

/* cg.c */
__attribute__((format(printf, 2, 3))) int cg_fail(buskin_cg_t *cg, const char *format, ...); /* -1 */
int cg_fail_taken(buskin_cg_t *cg, const char *what, char *message); /* -1; disposes of an LLVM message */
void *cg_keep(buskin_cg_t *cg, size_t bytes);                        /* zeroed, until dispose; NULL fails */
char *cg_keep_text(buskin_cg_t *cg, const char *text);
bool cg_ready(buskin_cg_t *cg, const char *who); /* create succeeded, and building is not over */

/* build.c: checks of arguments, and small instructions */
bool cg_can_build(buskin_cg_t *cg, LLVMBuilderRef b, const char *who);
bool cg_is(buskin_cg_t *cg, LLVMValueRef value, LLVMTypeRef type, const char *who, const char *what);
LLVMValueRef cg_int(LLVMTypeRef type, uint64_t value);
LLVMValueRef cg_offset(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, int64_t bytes);
LLVMValueRef cg_load(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef address, unsigned align);
void cg_store(LLVMBuilderRef b, LLVMValueRef value, LLVMValueRef address, unsigned align);
LLVMValueRef cg_branch(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef condition, LLVMBasicBlockRef then,
                       unsigned then_weight, LLVMBasicBlockRef otherwise, unsigned otherwise_weight);
LLVMBasicBlockRef cg_block_after(buskin_cg_t *cg, LLVMBuilderRef b, const char *name);
LLVMBasicBlockRef cg_block_last(buskin_cg_t *cg, LLVMBuilderRef b, const char *name);
void cg_attribute(buskin_cg_t *cg, LLVMValueRef function, const char *key, const char *value);
void cg_annotate(buskin_cg_t *cg, LLVMValueRef instruction, const char *kind, LLVMMetadataRef node);
unsigned cg_metadata_kind(buskin_cg_t *cg, const char *kind);

/* frame.c: allocas of the entry block, shared by the sites of a function */
enum cg_frame { CG_FRAME_BUFFER, CG_FRAME_RECEIVE, CG_FRAME_REF };
LLVMValueRef cg_frame(buskin_cg_t *cg, LLVMBuilderRef b, enum cg_frame use, uint64_t bytes);

/* declare.c */
LLVMValueRef cg_template(buskin_cg_t *cg, const char *row); /* the row in the parsed table, or NULL */
LLVMValueRef cg_call_row(buskin_cg_t *cg, LLVMBuilderRef b, const char *row, const LLVMValueRef *args, unsigned nargs);
LLVMValueRef cg_epoch(buskin_cg_t *cg);
void cg_load_epoch(buskin_cg_t *cg, LLVMBuilderRef b);
const abi_function_t *cg_row_of(buskin_cg_t *cg, LLVMValueRef function); /* NULL: not of the table */
bool cg_is_actor_code(LLVMValueRef function);

/* context.c */
LLVMValueRef cg_context(buskin_cg_t *cg, LLVMBuilderRef b);
bool cg_is_context(buskin_cg_t *cg, LLVMValueRef instruction);
LLVMValueRef cg_field_address(buskin_cg_t *cg, LLVMBuilderRef b, const char *record, const char *field,
                              LLVMValueRef base);

/* layout.c */
bool cg_slots_ok(buskin_cg_t *cg, const char *who, const buskin_cg_slot_t *slots, unsigned n, buskin_cg_place_t *places,
                 uint64_t *size);
bool cg_fits_word(const buskin_cg_slot_t *slot);
LLVMValueRef cg_word(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slot, LLVMValueRef value);
void cg_store_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                   const buskin_cg_place_t *place, LLVMValueRef value);
LLVMValueRef cg_load_slot(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef base, const buskin_cg_slot_t *slot,
                          const buskin_cg_place_t *place);
LLVMMetadataRef cg_layout_metadata(buskin_cg_t *cg, const buskin_cg_slot_t *slots, const buskin_cg_place_t *places,
                                   unsigned n, uint64_t size);

/* pointers.c: where the managed pointers of a type lie */
typedef struct cg_offsets {
    uint32_t *at;
    unsigned n, room;
    bool too_many; /* more than a descriptor can list */
} cg_offsets_t;
bool cg_has_pointers(LLVMTypeRef type);
bool cg_is_plain(LLVMTypeRef type); /* sized, and nothing in it that cannot lie in memory as it is */
void cg_add_pointers(LLVMTargetDataRef data, LLVMTypeRef type, uint64_t offset, cg_offsets_t *offsets);
void cg_add_fields(LLVMTargetDataRef data, LLVMTypeRef type, const bool *managed, cg_offsets_t *offsets);

/* constant.c */
LLVMValueRef cg_constant(buskin_cg_t *cg, LLVMValueRef initializer, const char *name);
typedef struct cg_field {
    const char *name; /* a row of layout.def */
    LLVMValueRef value;
} cg_field_t;
LLVMValueRef cg_record(buskin_cg_t *cg, const char *record, uint64_t size, const cg_field_t *fields, unsigned n);

/* descriptor.c */
LLVMValueRef cg_slots_descriptor(buskin_cg_t *cg, const char *name, const buskin_cg_slot_t *slots,
                                 const buskin_cg_place_t *places, unsigned n, uint64_t size);

/* thunk.c */
bool cg_is_thunk(LLVMValueRef function); /* only the runtime calls it */
void cg_thunks_finish(buskin_cg_t *cg);

/* spawn.c */
LLVMValueRef cg_fill_buffer(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                            const buskin_cg_place_t *places, const LLVMValueRef *values, unsigned n, uint64_t size);

/* message.c */
bool cg_address_ok(buskin_cg_t *cg, LLVMValueRef to, LLVMValueRef tag, const char *who);

/* shared.c */
void cg_call_roots(buskin_cg_t *cg); /* when main or the first root has been made */

/* pack.c */
typedef struct cg_value {
    LLVMValueRef desc, buffer; /* both null pointers when there is no byte */
    LLVMMetadataRef layout;
} cg_value_t;
bool cg_values_ok(buskin_cg_t *cg, const char *who, const buskin_cg_slot_t *slots, const LLVMValueRef *values,
                  unsigned n);
bool cg_pack(buskin_cg_t *cg, LLVMBuilderRef b, const char *name, const buskin_cg_slot_t *slots,
             const LLVMValueRef *values, unsigned n, cg_value_t *value);

#endif /* BUSKIN_CG_INTERNAL_H */
