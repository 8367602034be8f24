/* rule_descriptor.c - constant data that the runtime reads: C21, C22, C23.
 *
 * Descriptors are found where calls name them and decoded as the runtime does, by layout.def. A descriptor that is
 * built while the program runs is seen only as far as its size field is stored.
 */
#include "check.h"

#include <inttypes.h>

/* -- Records ------------------------------------------------------------------------------------------------------------- */

uint64_t record_field(check_t *c, LLVMValueRef global, const char *record, const char *name) {
    uint64_t value = 0;
    constant_int_at(c, global, field_offset(record, name), &value);
    return value;
}

LLVMValueRef record_pointer(check_t *c, LLVMValueRef global, const char *record, const char *name) {
    LLVMValueRef at = constant_at(c, global, field_offset(record, name));
    return at && is_pointer(at) && !is_null(at) ? at : NULL;
}

bool record_first_look(check_t *c, LLVMValueRef global) {
    if (map_get(&c->reads, global) != MAP_NONE) return false;
    check_put(c, &c->reads, global, 1);
    return true;
}

bool record_holds(check_t *c, LLVMValueRef global, unsigned rule, const char *record, uint64_t size) {
    uint64_t is = LLVMABISizeOfType(c->data, LLVMGlobalGetValueType(global));
    if (is >= size) return true;
    report(c, rule, global, "a buskin_%s_t of %" PRIu64 " bytes; it has %" PRIu64, record, is, size);
    return false;
}

void record_is_aligned(check_t *c, LLVMValueRef global) {
    unsigned is = LLVMGetAlignment(global);
    if (is && is < 8) report(c, 21, global, "a descriptor of alignment %u; it has 8", is);
}

/* -- Descriptors of objects and slots (C21) ---------------------------------------------------------------------------------- */

static void offsets_are_right(check_t *c, LLVMValueRef desc, uint64_t first, uint64_t n, uint64_t room,
                              const char *part) {
    uint64_t at;
    for (uint64_t i = first; i < first + n; i++) {
        if (!constant_int_at(c, desc, field_offset("desc", "offsets") + 4 * i, &at)) {
            report(c, 21, desc, "it says %" PRIu64 " pointers, offsets[%" PRIu64 "] is not there", first + n, i);
            return;
        }
        if (at % 8 || at + 8 > room) {
            report(c, 21, desc, "offsets[%" PRIu64 "] is %" PRIu64 ": no pointer fits there in %s of %" PRIu64 " bytes",
                   i, at, part, room);
            return;
        }
    }
}

static void shape_is_right(check_t *c, LLVMValueRef desc, uint64_t flags, uint64_t size) {
    uint64_t elem_size = record_field(c, desc, "desc", "elem_size"),
             elem_pointers = record_field(c, desc, "desc", "elem_pointers");
    const uint64_t known = BUSKIN_DESC_ARRAY | BUSKIN_DESC_IMMORTAL | BUSKIN_DESC_CONSERVATIVE | BUSKIN_DESC_BINARY;
    bool pointers = record_field(c, desc, "desc", "npointers") || elem_pointers || flags & BUSKIN_DESC_CONSERVATIVE;
    bool array = flags & BUSKIN_DESC_ARRAY;
    if (flags & ~known) report(c, 21, desc, "unknown flags %#" PRIx64, flags & ~known);
    if (size % 8) report(c, 21, desc, "its size is %" PRIu64 ", not a multiple of 8", size);
    if (array && size < 8) report(c, 21, desc, "an array without room for its count");
    if (array && !elem_size) report(c, 21, desc, "an array whose elements have no size");
    if (flags & BUSKIN_DESC_BINARY && (!array || pointers))
        report(c, 21, desc, "a binary is an array without pointers");
    if (!array && (elem_size || elem_pointers)) report(c, 21, desc, "elements without the flag of an array");
}

static void desc_is_right(check_t *c, LLVMValueRef desc) {
    if (!record_first_look(c, desc) || !record_holds(c, desc, 21, "desc", sizeof(buskin_desc_t))) return;
    uint64_t flags = record_field(c, desc, "desc", "flags"), size = record_field(c, desc, "desc", "size");
    uint64_t n = record_field(c, desc, "desc", "npointers");
    record_is_aligned(c, desc);
    shape_is_right(c, desc, flags, size);
    offsets_are_right(c, desc, 0, n, size, "a fixed part");
    offsets_are_right(c, desc, n, record_field(c, desc, "desc", "elem_pointers"),
                      record_field(c, desc, "desc", "elem_size"), "an element");
}

/* What a call wants of the descriptor that it names. */
static void desc_fits_call(check_t *c, const site_t *site, LLVMValueRef desc) {
    uint64_t flags = record_field(c, desc, "desc", "flags");
    bool array = flags & BUSKIN_DESC_ARRAY, allocates = row_has(site->callee, ABI_FRESH);
    bool wants_array = strstr(site->callee->row->name, "array") != NULL;
    if (allocates && array != wants_array)
        report(c, 21, site->call, "%s with the descriptor of %s array", site->callee->name, array ? "an" : "no");
    if (allocates && flags & BUSKIN_DESC_IMMORTAL)
        report(c, 21, site->call, "%s with a descriptor of constant data", site->callee->name);
    if (!allocates && flags & (BUSKIN_DESC_ARRAY | BUSKIN_DESC_CONSERVATIVE))
        report(c, 21, site->call, "the slots of %s are described as %s", site->callee->name,
               array ? "an array" : "words that may be pointers");
}

/* -- Spawn descriptors (C21, C22, C23) ------------------------------------------------------------------------------------------ */

static bool size_is_right(check_t *c, LLVMValueRef at, uint64_t size) {
    if (size == sizeof(buskin_spawn_desc_t)) return true;
    report(c, 22, at, "its size field is %" PRIu64 ", buskin_spawn_desc_t has %zu bytes", size,
           sizeof(buskin_spawn_desc_t));
    return false;
}

static void options_in_range(check_t *c, LLVMValueRef desc) {
    uint64_t priority = record_field(c, desc, "spawn_desc", "priority"),
             policy = record_field(c, desc, "spawn_desc", "mailbox_policy");
    uint64_t fallback = record_field(c, desc, "spawn_desc", "mailbox_fallback"), value = 0;
    if (priority > BUSKIN_LOW) report(c, 23, desc, "priority %" PRIu64 " does not exist", priority);
    if (policy > BUSKIN_POLICY_COALESCE) report(c, 23, desc, "mailbox policy %" PRIu64 " does not exist", policy);
    if (fallback >= BUSKIN_POLICY_COALESCE) report(c, 23, desc, "mailbox fallback %" PRIu64 " is none", fallback);
    for (uint64_t i = 0; i < sizeof((buskin_spawn_desc_t){0}.reserved); i++)
        if (constant_int_at(c, desc, offsetof(buskin_spawn_desc_t, reserved) + i, &value) && value) {
            report(c, 23, desc, "its reserved bytes are not zero");
            return;
        }
}

static void spawn_desc_is_right(check_t *c, LLVMValueRef desc) {
    if (!record_first_look(c, desc) || !record_holds(c, desc, 22, "spawn_desc", sizeof(buskin_spawn_desc_t))) return;
    if (!size_is_right(c, desc, record_field(c, desc, "spawn_desc", "size"))) return;
    record_is_aligned(c, desc);
    if (!record_pointer(c, desc, "spawn_desc", "entry")) report(c, 21, desc, "it has no entry");
    LLVMValueRef args = record_pointer(c, desc, "spawn_desc", "args");
    if (args && constant_global(args)) desc_is_right(c, args);
    options_in_range(c, desc);
}

/* One that is filled in the frame: its size as stored, or as copied from constant data. */
static void stored_size_is_right(check_t *c, LLVMValueRef alloca) {
    const uses_t *uses = uses_of(c, alloca);
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        int64_t size;
        uint64_t copied;
        if (!use->known || use->offset != (int64_t)field_offset("spawn_desc", "size")) continue;
        if (use->kind == USE_STORE && use->bytes == 8 && const_signed(use->value, &size))
            size_is_right(c, use->instruction, (uint64_t)size);
        if (use->kind != USE_WRITE || !LLVMIsAMemCpyInst(use->instruction)) continue;
        LLVMValueRef from = constant_global(LLVMGetOperand(use->instruction, 1));
        if (from && constant_int_at(c, from, (uint64_t)use->offset, &copied) && copied)
            size_is_right(c, use->instruction, copied);
    }
}

/* -- Against what the source declared (C23) ----------------------------------------------------------------------------------------- */

static const char *const declared_fields[] = {"mailbox_capacity", "mailbox_policy", "mailbox_fallback", "mailbox_key",
                                              "priority"};
enum { DECLARED = 1 + sizeof declared_fields / sizeof *declared_fields };

static void as_declared(check_t *c, LLVMValueRef node) {
    LLVMValueRef parts[DECLARED];
    char symbol[512] = "__actor_desc_";
    unsigned length = 0;
    if (LLVMGetMDNodeNumOperands(node) != DECLARED) return;
    LLVMGetMDNodeOperands(node, parts);
    const char *name = parts[0] ? LLVMGetMDString(parts[0], &length) : NULL;
    size_t before = strlen(symbol);
    if (!name || length >= sizeof symbol - before) return;
    memcpy(symbol + before, name, length);
    symbol[before + length] = 0;
    LLVMValueRef desc = constant_global(LLVMGetNamedGlobal(c->module, symbol));
    for (unsigned i = 1; desc && i < DECLARED; i++) {
        int64_t want;
        uint64_t is = 0;
        if (!const_signed(parts[i], &want)) continue;
        if (!constant_int_at(c, desc, field_offset("spawn_desc", declared_fields[i - 1]), &is)) continue;
        if ((uint64_t)want != is)
            report(c, 23, desc, "%s is %" PRIu64 ", the source declares %" PRId64, declared_fields[i - 1], is, want);
    }
}

static void all_as_declared(check_t *c) {
    enum { MOST = 65536 };
    unsigned n = LLVMGetNamedMetadataNumOperands(c->module, "buskin.actors");
    if (!n || n > MOST) return;
    LLVMValueRef *nodes = check_take(c, &c->scratch, n * sizeof *nodes);
    LLVMGetNamedMetadataOperands(c->module, "buskin.actors", nodes);
    for (unsigned i = 0; i < n; i++) as_declared(c, nodes[i]);
}

/* -- The module ------------------------------------------------------------------------------------------------------------------------ */

static void operand_is_right(check_t *c, const site_t *site, unsigned i) {
    enum abi_kind kind = site->callee->row->params[i].kind;
    if ((kind != ABI_DESC && kind != ABI_DESCN) || is_specification(site->callee->row, i)) return;
    LLVMValueRef operand = LLVMGetOperand(site->call, i), global = constant_global(operand);
    bool spawn = kind == ABI_DESC && is_spawn_desc(site->callee->row);
    if (spawn && LLVMIsAAllocaInst(operand)) stored_size_is_right(c, operand);
    if (!global) return;
    if (spawn) {
        spawn_desc_is_right(c, global);
    } else {
        desc_is_right(c, global);
        desc_fits_call(c, site, global);
    }
}

static void site_descriptors(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee ? site->callee->row : NULL;
    if (!row || LLVMGetNumArgOperands(site->call) != abi_param_count(row)) return;
    for (unsigned i = 0; i < abi_param_count(row); i++)
        if (is_pointer(LLVMGetOperand(site->call, i))) operand_is_right(c, site, i);
}

static bool is_actor_desc(LLVMValueRef global) {
    size_t length;
    return strncmp(LLVMGetValueName2(global, &length), "__actor_desc_", 13) == 0 && constant_global(global);
}

void rule_descriptors(check_t *c) {
    for (unsigned i = 0; i < c->nfunctions; i++)
        for (size_t k = 0; k < c->functions[i].nsites; k++) site_descriptors(c, &c->functions[i].sites[k]);
    for (LLVMValueRef g = LLVMGetFirstGlobal(c->module); g; g = LLVMGetNextGlobal(g))
        if (is_actor_desc(g)) spawn_desc_is_right(c, g);
    all_as_declared(c);
    rule_supervisors(c);
}
