/* payload.c - what a call hands over: the buffer, its size, its descriptor, and the entry that will read it.
 *
 * The kinds of abi.def say it all: ENTRY is called with a copy of the IN bytes, DESC is a spawn descriptor for
 * rows that spawn, a specification where it is called spec, a descriptor of slots for the rest; U64 after IN is the size. So new rows need no code here.
 *
 * Which writes belong to a call? All into the buffer, when no other call takes it. A front end may share one buffer
 * among the sites of a function; then those that come before this call and after the previous one, as far as one
 * block shows, and the set is not exact.
 */
#include "check.h"

enum { BACKWARDS = 2000 };

/* -- Descriptors ------------------------------------------------------------------------------------------------ */

static LLVMValueRef pointer_field(check_t *c, LLVMValueRef global, const char *record, const char *field) {
    LLVMValueRef at = constant_at(c, global, field_offset(record, field));
    return at && is_pointer(at) && !is_null(at) ? at : NULL;
}

static bool is_zero_field(check_t *c, LLVMValueRef global, const char *record, const char *field) {
    LLVMValueRef at = constant_at(c, global, field_offset(record, field));
    return at && LLVMIsNull(at);
}

bool desc_has_pointer(check_t *c, LLVMValueRef desc, uint64_t offset) {
    uint64_t n = 0, at = 0;
    if (!constant_int_at(c, desc, field_offset("desc", "npointers"), &n)) return false;
    for (uint64_t i = 0; i < n; i++)
        if (constant_int_at(c, desc, field_offset("desc", "offsets") + 4 * i, &at) && at == offset) return true;
    return false;
}

static void size_from_desc(check_t *c, payload_t *p, LLVMValueRef operand) {
    p->typed = true;
    if (is_null(operand)) {
        p->sized = true;
        return;
    }
    p->desc = constant_global(operand);
    if (p->desc) p->sized = constant_int_at(c, p->desc, field_offset("desc", "size"), &p->size);
}

static void from_spawn_desc(check_t *c, payload_t *p, LLVMValueRef operand) {
    p->spawns = p->typed = true;
    p->spawn_desc = constant_global(operand);
    if (!p->spawn_desc) return;
    p->entry = pointer_field(c, p->spawn_desc, "spawn_desc", "entry");
    LLVMValueRef args = pointer_field(c, p->spawn_desc, "spawn_desc", "args");
    if (args)
        size_from_desc(c, p, args);
    else
        p->sized = is_zero_field(c, p->spawn_desc, "spawn_desc", "args");
}

/* -- A call ------------------------------------------------------------------------------------------------------ */

static void from_size(payload_t *p, LLVMValueRef operand) {
    int64_t size;
    p->sized = const_signed(operand, &size);
    if (p->sized) p->size = (uint64_t)size;
}

static void from_parameter(check_t *c, payload_t *p, const abi_function_t *row, unsigned i) {
    LLVMValueRef operand = LLVMGetOperand(p->call, i);
    switch (row->params[i].kind) {
    case ABI_ENTRY:
        p->spawns = true;
        p->entry = operand;
        break;
    case ABI_PID: p->sends = true; break;
    case ABI_DESC:
        if (is_specification(row, i)) break;
        if (is_spawn_desc(row)) {
            from_spawn_desc(c, p, operand);
            break;
        } /* fall through */
    case ABI_DESCN: size_from_desc(c, p, operand); break;
    case ABI_IN:
        p->buffer = operand;
        p->place = place_of(c, operand);
        if (row->params[i + 1].kind == ABI_U64) from_size(p, LLVMGetOperand(p->call, i + 1));
        break;
    default: break;
    }
}

bool payload_of(check_t *c, const site_t *site, payload_t *payload) {
    const function_t *f = site->callee;
    if (!f || !f->row || row_is(f, "receive_tags")) return false; /* its bytes are words of the caller's */
    unsigned n = abi_param_count(f->row);
    if (LLVMGetNumArgOperands(site->call) != n) return false;
    *payload = (payload_t){.call = site->call, .callee = f};
    for (unsigned i = 0; i < n; i++) {
        enum abi_kind kind = f->row->params[i].kind;
        bool fits = is_pointer(LLVMGetOperand(site->call, i)) == (strcmp(abi_kind_llvm(kind), "ptr") == 0);
        if (!fits) return false;
        from_parameter(c, payload, f->row, i);
    }
    if (!payload->buffer || is_null(payload->buffer)) payload->buffer = NULL;
    payload->sends &= payload->buffer != NULL;
    return payload->spawns || payload->buffer;
}

/* -- Writes into the buffer ---------------------------------------------------------------------------------------- */

static void writes_add(check_t *c, writes_t *w, const use_t *use) {
    w->at = check_grow(c, &c->scratch, w->at, w->n, &w->room, sizeof *w->at);
    w->at[w->n++] = *use;
}

static bool is_write(const use_t *use) { return use->kind == USE_STORE || use->kind == USE_WRITE; }

/* Calls that take the buffer, up to two. */
static unsigned takers(const uses_t *uses) {
    unsigned n = 0;
    LLVMValueRef first = NULL;
    for (size_t i = 0; i < uses->n && n < 2; i++) {
        if (uses->at[i].kind != USE_CALL || uses->at[i].instruction == first) continue;
        first = uses->at[i].instruction;
        n++;
    }
    return n;
}

static bool only_known_writes(const uses_t *uses) {
    for (size_t i = 0; i < uses->n; i++) {
        const use_t *use = &uses->at[i];
        if (use->kind == USE_ESCAPE) return false;
        if (is_write(use) && !(use->known && use->sized)) return false;
    }
    return !uses->merged;
}

static bool takes(check_t *c, LLVMValueRef call, LLVMValueRef base) {
    if (LLVMIsAMemIntrinsic(call) || is_intrinsic(call, "lifetime")) return false;
    for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++) {
        LLVMValueRef operand = LLVMGetOperand(call, i);
        if (is_pointer(operand) && place_of(c, operand).base == base) return true;
    }
    return false;
}

static void add_if_into(check_t *c, writes_t *w, LLVMValueRef i, LLVMValueRef base) {
    bool store = LLVMIsAStoreInst(i) != NULL;
    LLVMValueRef pointer = LLVMGetOperand(i, store ? 1 : 0);
    place_t place = place_of(c, pointer);
    if (place.base != base) return;
    use_t use = {.kind = store ? USE_STORE : USE_WRITE,
                 .instruction = i,
                 .pointer = pointer,
                 .offset = place.offset,
                 .known = place.known};
    if (store) {
        use.value = LLVMGetOperand(i, 0);
        use.bytes = store_size(c, LLVMTypeOf(use.value));
        use.sized = true;
    } else {
        int64_t length;
        use.sized = const_signed(LLVMGetOperand(i, 2), &length) && length >= 0;
        if (use.sized) use.bytes = (uint64_t)length;
    }
    writes_add(c, w, &use);
}

static void writes_before(check_t *c, const payload_t *p, writes_t *w) {
    LLVMValueRef i = LLVMGetPreviousInstruction(p->call);
    for (int n = 0; i && n < BACKWARDS; n++, i = LLVMGetPreviousInstruction(i)) {
        if (LLVMIsAStoreInst(i) || LLVMIsAMemIntrinsic(i))
            add_if_into(c, w, i, p->place.base);
        else if (is_call(i) && takes(c, i, p->place.base))
            return;
    }
}

void writes_of(check_t *c, const payload_t *payload, writes_t *w) {
    *w = (writes_t){0};
    LLVMValueRef base = payload->place.base;
    if (!LLVMIsAAllocaInst(base) && !(is_call(base) && origin_of(c, base) == FROM_HEAP)) {
        writes_before(c, payload, w);
        return;
    }
    const uses_t *uses = uses_of(c, base);
    if (takers(uses) > 1) {
        writes_before(c, payload, w);
        return;
    }
    for (size_t i = 0; i < uses->n; i++)
        if (is_write(&uses->at[i])) writes_add(c, w, &uses->at[i]);
    w->exact = only_known_writes(uses);
}
