/* rule_payload.c - what crosses from one actor to another: C1 to C5, C27, C34.
 *
 * A spawn site and the thunk that reads its bytes are compared three ways: the entry's type, the furthest read
 * against the size, and each value that the thunk loads against the bytes that the site stored. Optimisation merges
 * stores and narrows loads, so bytes are compared, not instructions. A load on some ways only, and a buffer with
 * writes that cannot be seen, make the answer unknown.
 */
#include "check.h"

#include <inttypes.h>

/* Tags that a runtime of this family once gave to its own messages; 0 is "no tag". */
enum { RESERVED_ABOVE = 16 };

/* -- The entry (C1) ----------------------------------------------------------------------------------------------- */

static bool has_entry_type(const check_t *c, LLVMValueRef function) {
    LLVMTypeRef type = LLVMGlobalGetValueType(function), parameter;
    if (LLVMCountParamTypes(type) != 1 || LLVMIsFunctionVarArg(type)) return false;
    LLVMGetParamTypes(type, &parameter);
    return LLVMGetReturnType(type) == LLVMVoidTypeInContext(c->context) &&
           parameter == LLVMPointerTypeInContext(c->context, 0) &&
           LLVMGetFunctionCallConv(function) == (unsigned)LLVMCCallConv;
}

static void entry_is(check_t *c, LLVMValueRef call, LLVMValueRef function) {
    size_t length;
    if (has_entry_type(c, function)) return;
    char *type = LLVMPrintTypeToString(LLVMGlobalGetValueType(function));
    report(c, 1, call, "the runtime calls %s as void (ptr) of the C convention; it is %s%s",
           LLVMGetValueName2(function, &length), type,
           LLVMGetFunctionCallConv(function) ? " of another convention" : "");
    LLVMDisposeMessage(type);
}

/* A phi or select of functions: each of them. */
static void entries_behind(check_t *c, const payload_t *p, LLVMValueRef value, int depth) {
    LLVMValueRef function = function_behind(value);
    if (function) {
        entry_is(c, p->call, function);
    } else if (depth < 4 && LLVMIsASelectInst(value)) {
        entries_behind(c, p, LLVMGetOperand(value, 1), depth + 1);
        entries_behind(c, p, LLVMGetOperand(value, 2), depth + 1);
    } else if (depth < 4 && LLVMIsAPHINode(value)) {
        for (unsigned i = 0; i < LLVMCountIncoming(value); i++)
            entries_behind(c, p, LLVMGetIncomingValue(value, i), depth + 1);
    } else if (!is_null(value)) {
        report_unknown(c, 1, p->call, "the entry is computed; its type cannot be seen");
    }
}

static void callback_type(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee->row;
    for (unsigned i = 0; i < abi_param_count(row) && i < LLVMGetNumArgOperands(site->call); i++) {
        LLVMValueRef function = function_behind(LLVMGetOperand(site->call, i));
        if (row->params[i].kind == ABI_CALLBACK && function) entry_is(c, site->call, function);
    }
}

/* -- Size against the thunk (C2) ------------------------------------------------------------------------------------- */

static function_t *thunk_of(check_t *c, const payload_t *p) {
    LLVMValueRef value = p->entry ? function_behind(p->entry) : NULL;
    function_t *f = function_of(c, value);
    return f && f->defined && has_entry_type(c, value) ? f : NULL;
}

static void thunk_reads_within(check_t *c, const payload_t *p, const function_t *thunk, const reads_t *reads) {
    if (!p->sized) {
        if (reads->n && !p->typed)
            report_unknown(c, 2, p->call, "the size is computed; %s reads %" PRId64 " bytes", thunk->name,
                           reads->extent);
        return;
    }
    if (reads->n && reads->extent > (int64_t)p->size)
        report(c, 2, p->call, "%s reads %" PRId64 " bytes of an argument buffer of %" PRIu64, thunk->name,
               reads->extent, p->size);
}

/* -- Slot by slot (C3) --------------------------------------------------------------------------------------------------- */

/* Marks which of the read's bytes the write covers. */
static void cover(const use_t *write, int64_t start, const read_t *read, uint8_t *bytes) {
    if (!write->known || !write->sized) return;
    for (uint64_t i = 0; i < read->bytes; i++) {
        int64_t at = start + read->offset + (int64_t)i;
        if (at >= write->offset && at < write->offset + (int64_t)write->bytes) bytes[i] = 1;
    }
}

static bool all_set(const uint8_t *bytes, uint64_t n) { return memchr(bytes, 0, n) == NULL; }

/* exact: whether a byte that is not covered was surely not written. */
static bool is_covered(check_t *c, const payload_t *p, const writes_t *w, const read_t *read, bool *exact) {
    enum { MOST = 64 };
    uint8_t bytes[MOST] = {0};
    *exact = w->exact;
    if (read->bytes > MOST || !p->place.known) return true;
    for (size_t i = 0; i < w->n; i++) cover(&w->at[i], p->place.offset, read, bytes);
    if (all_set(bytes, read->bytes) || w->exact) return all_set(bytes, read->bytes);
    const uses_t *uses = LLVMIsAAllocaInst(p->place.base) ? uses_of(c, p->place.base) : NULL;
    for (size_t i = 0; uses && i < uses->n; i++)
        if (uses->at[i].kind == USE_STORE || uses->at[i].kind == USE_WRITE)
            cover(&uses->at[i], p->place.offset, read, bytes);
    return all_set(bytes, read->bytes);
}

static bool is_zeroed(check_t *c, const payload_t *p) {
    const function_t *f = is_call(p->place.base) ? callee_of(c, p->place.base) : NULL;
    return row_has(f, ABI_FRESH);
}

/* Memory that the runtime zeroed may be read where nothing was stored, but a value is stored whole or not at all. */
static bool is_untouched(const payload_t *p, const writes_t *w, const read_t *read) {
    uint8_t bytes[64] = {0};
    for (size_t i = 0; i < w->n; i++) cover(&w->at[i], p->place.offset, read, bytes);
    return memchr(bytes, 1, read->bytes) == NULL;
}

static void slots_agree(check_t *c, const payload_t *p, const function_t *thunk, const reads_t *reads) {
    writes_t w;
    bool exact;
    if (!p->buffer || !p->sized || reads->extent > (int64_t)p->size) return;
    if (!LLVMIsAAllocaInst(p->place.base) && !is_zeroed(c, p)) return;
    writes_of(c, p, &w);
    for (size_t i = 0; i < reads->n; i++) {
        const read_t *read = &reads->at[i];
        if (!read->whole || is_covered(c, p, &w, read, &exact)) continue;
        if (is_zeroed(c, p) && is_untouched(p, &w, read)) continue;
        if (exact && read->always)
            report(c, 3, p->call, "%s loads bytes %" PRId64 " to %" PRId64 ", which are not stored whole here",
                   thunk->name, read->offset, read->offset + (int64_t)read->bytes);
        else
            report_unknown(c, 3, p->call,
                           "%s may load bytes %" PRId64 " to %" PRId64 ", which are not seen to be stored", thunk->name,
                           read->offset, read->offset + (int64_t)read->bytes);
        return;
    }
}

/* The layouts that a front end declared at the site and at the thunk are one node when they are equal. */
static void layouts_agree(check_t *c, const payload_t *p) {
    LLVMValueRef function = p->entry ? function_behind(p->entry) : NULL;
    LLVMValueRef here = LLVMGetMetadata(p->call, c->kind_layout);
    LLVMValueRef there = function ? function_metadata(c, function, c->kind_layout) : NULL;
    size_t length;
    if (here && there && here != there)
        report(c, 3, p->call, "the declared layout differs from that of %s", LLVMGetValueName2(function, &length));
}

/* -- Size against the buffer (C4) --------------------------------------------------------------------------------------------- */

static void size_within_buffer(check_t *c, const payload_t *p) {
    uint64_t room;
    if (!p->sized || !p->buffer || !p->place.known || !object_size(c, p->place.base, &room)) return;
    if (p->place.offset < 0 || (uint64_t)p->place.offset + p->size > room || p->size > room)
        report(c, 4, p->call, "the size is %" PRIu64 ", the buffer has %" PRId64 " bytes", p->size,
               (int64_t)room - p->place.offset);
}

static bool is_loaded(const uses_t *uses, int64_t from) {
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind != USE_LOAD && use->kind != USE_READ) continue;
        if (!use->known || !use->sized || use->offset + (int64_t)use->bytes > from) return true;
    }
    return false;
}

/* What is stored here, and nowhere else used, is meant for the receiver. */
static void stores_within_size(check_t *c, const payload_t *p, const writes_t *w) {
    int64_t end = p->place.offset + (int64_t)p->size;
    for (size_t i = 0; i < w->n; i++) {
        const use_t *use = &w->at[i];
        if (use->kind != USE_STORE || use->offset + (int64_t)use->bytes <= end) continue;
        if (is_loaded(uses_of(c, p->place.base), end)) return;
        report(c, 4, use->instruction, "byte %" PRId64 " is stored, the size handed over is %" PRIu64,
               use->offset + (int64_t)use->bytes - p->place.offset, p->size);
        return;
    }
}

/* Bytes that nobody wrote: a whole slot or more at the end. */
static void size_is_stored(check_t *c, const payload_t *p, const writes_t *w) {
    int64_t stored = 0;
    for (size_t i = 0; i < w->n; i++) {
        int64_t end = w->at[i].offset + (int64_t)w->at[i].bytes - p->place.offset;
        if (end > stored) stored = end;
    }
    if (w->n && stored + 8 <= (int64_t)p->size)
        report(c, 4, p->call, "the size is %" PRIu64 ", %" PRId64 " bytes are stored", p->size, stored);
}

static void size_is_right(check_t *c, const payload_t *p) {
    writes_t w;
    size_within_buffer(c, p);
    if (!p->sized || !p->buffer || !p->place.known || !(p->spawns || p->sends)) return;
    if (!LLVMIsAAllocaInst(p->place.base) && !is_zeroed(c, p)) return;
    writes_of(c, p, &w);
    if (!w.exact) return;
    stores_within_size(c, p, &w);
    if (!is_zeroed(c, p)) size_is_stored(c, p, &w);
}

static int64_t first_operand(LLVMValueRef node) {
    enum { MOST = 256 };
    LLVMValueRef operands[MOST];
    int64_t value = -1;
    unsigned n = node ? LLVMGetMDNodeNumOperands(node) : 0;
    if (n == 0 || n > MOST) return -1;
    LLVMGetMDNodeOperands(node, operands);
    return operands[0] && const_signed(operands[0], &value) ? value : -1;
}

static void declared_size_is_right(check_t *c, const payload_t *p) {
    int64_t size = first_operand(LLVMGetMetadata(p->call, c->kind_layout));
    if (size >= 0 && p->sized && (uint64_t)size != p->size)
        report(c, 4, p->call, "the declared layout has %" PRId64 " bytes, %" PRIu64 " are handed over", size, p->size);
}

/* -- Pointers in the bytes (C5, C34) ---------------------------------------------------------------------------------------------- */

static bool in_main(const check_t *c) { return strcmp(c->in->name, "main") == 0; }

static void pointer_stored(check_t *c, const payload_t *p, const use_t *use) {
    enum origin origin = origin_of(c, use->value);
    int64_t offset = use->offset - p->place.offset;
    bool elsewhere = p->typed && !p->desc; /* another module's descriptor names the slots */
    bool slot = elsewhere || (p->desc && offset >= 0 && desc_has_pointer(c, p->desc, (uint64_t)offset));
    bool context = origin == FROM_CONTEXT;
    if ((origin == FROM_STACK && !in_main(c)) || context)
        report(c, 5, use->instruction, "%s goes to another actor at byte %" PRId64,
               context ? "the context" : "the address of a local", offset);
    else if (origin == FROM_STACK)
        report_unknown(c, 5, use->instruction, "the address of a local of main goes to an actor, which may outlive it");
    else if ((origin == FROM_HEAP || origin == FROM_MESSAGE) && !slot && !c->options.shared_heap)
        report(c, 5, use->instruction,
               "a pointer into the own heap goes to another actor at byte %" PRId64 ", where no descriptor names it",
               offset);
}

static LLVMValueRef integer_of_pointer(LLVMValueRef value) {
    for (int i = 0; value && i < 8; i++) {
        if (LLVMIsAPtrToIntInst(value)) return LLVMGetOperand(value, 0);
        if (!LLVMIsABinaryOperator(value) || !LLVMIsAConstantInt(LLVMGetOperand(value, 1))) return NULL;
        value = LLVMGetOperand(value, 0);
    }
    return NULL;
}

void no_pointer_as_integer(check_t *c, LLVMValueRef at, LLVMValueRef value) {
    LLVMValueRef pointer = integer_of_pointer(value);
    if (!pointer) return;
    enum origin origin = origin_of(c, pointer);
    bool own = origin == FROM_STACK || origin == FROM_HEAP || origin == FROM_MESSAGE || origin == FROM_CONTEXT;
    if (own && !(origin == FROM_STACK && in_main(c)))
        report(c, 34, at, "a pointer goes to another actor as an integer");
    else if (origin != FROM_CONSTANT)
        report_unknown(c, 34, at, "a pointer goes to another actor as an integer; where it points to cannot be seen");
}

static void no_raw_pointers(check_t *c, const payload_t *p) {
    writes_t w;
    if (!p->buffer || !(p->spawns || p->sends)) return;
    writes_of(c, p, &w);
    for (size_t i = 0; i < w.n; i++) {
        if (w.at[i].kind != USE_STORE || !w.at[i].known) continue;
        if (is_pointer(w.at[i].value))
            pointer_stored(c, p, &w.at[i]);
        else
            no_pointer_as_integer(c, w.at[i].instruction, w.at[i].value);
    }
}

/* -- Tags (C27), and words (C34) ------------------------------------------------------------------------------------------------------ */

static void tag_and_word(check_t *c, const site_t *site) {
    const abi_function_t *row = site->callee->row;
    for (unsigned i = 0; i < abi_param_count(row) && i < LLVMGetNumArgOperands(site->call); i++) {
        const char *name = row->params[i].name;
        LLVMValueRef operand = LLVMGetOperand(site->call, i);
        int64_t tag;
        if (row->params[i].kind != ABI_U64) continue;
        if (strcmp(name, "word") == 0) no_pointer_as_integer(c, site->call, operand);
        if (strcmp(name, "tag") == 0 && const_signed(operand, &tag) && tag <= 0 && tag >= -RESERVED_ABOVE)
            report(c, 27, site->call, "the tag %" PRId64 " is reserved", tag);
    }
}

/* -- The function in hand --------------------------------------------------------------------------------------------------------------- */

static void payload_rules(check_t *c, const payload_t *p) {
    function_t *thunk = thunk_of(c, p);
    if (p->spawns && p->entry) entries_behind(c, p, p->entry, 0);
    if (thunk) {
        const reads_t *reads = reads_of(c, thunk, 0);
        thunk_reads_within(c, p, thunk, reads);
        slots_agree(c, p, thunk, reads);
    }
    layouts_agree(c, p);
    size_is_right(c, p);
    declared_size_is_right(c, p);
    no_raw_pointers(c, p);
}

void rule_payloads(check_t *c) {
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        payload_t payload;
        if (!site->callee || !site->callee->row) continue;
        callback_type(c, site);
        tag_and_word(c, site);
        if (payload_of(c, site, &payload)) payload_rules(c, &payload);
    }
}
