/* uses.c - everything that is done with a pointer, with offsets, and what functions read through a parameter.
 *
 * The walk goes from the root through address arithmetic, phis and selects. A phi that is met at two offsets has
 * none that is known; so the walk is done again, with every offset behind a merge unknown. Calls of functions of
 * the module are followed for reads, a bounded depth.
 */
#include "check.h"

enum { DEPTH = 8, MANY_READS = 4096 };

/* -- The walk ------------------------------------------------------------------------------------------------ */

typedef struct step {
    LLVMValueRef pointer;
    int64_t offset;
    bool known;
} step_t;

typedef struct walk {
    check_t *c;
    uses_t *uses;
    step_t *work;
    size_t n, room;
    map_t merges; /* phis and selects met, to their offset */
    bool blur;    /* offsets behind merges are unknown */
    bool again;   /* a merge was met at two offsets */
} walk_t;

static void push(walk_t *w, LLVMValueRef pointer, int64_t offset, bool known) {
    w->work = check_grow(w->c, &w->c->scratch, w->work, w->n, &w->room, sizeof *w->work);
    w->work[w->n++] = (step_t){pointer, offset, known};
}

static use_t *add(walk_t *w, enum use_kind kind, LLVMValueRef instruction, const step_t *s) {
    uses_t *u = w->uses;
    u->at = check_grow(w->c, &w->c->scratch, u->at, u->n, &u->room, sizeof *u->at);
    u->at[u->n] = (use_t){
        .kind = kind, .instruction = instruction, .pointer = s->pointer, .offset = s->offset, .known = s->known};
    return &u->at[u->n++];
}

static void walk_merge(walk_t *w, LLVMValueRef merge, const step_t *s) {
    w->uses->merged = true;
    uintptr_t old = map_get(&w->merges, merge);
    if (old != MAP_NONE) {
        if (!w->blur && old != (uintptr_t)s->offset) w->again = true;
        return;
    }
    check_put(w->c, &w->merges, merge, (uintptr_t)s->offset);
    push(w, merge, s->offset, s->known && !w->blur);
}

static void walk_gep(walk_t *w, LLVMValueRef gep, const step_t *s) {
    int64_t delta, offset = 0;
    if (LLVMGetOperand(gep, 0) != s->pointer) {
        add(w, USE_ESCAPE, gep, s);
        return;
    }
    bool known = gep_delta(w->c, gep, &delta) && !__builtin_add_overflow(s->offset, delta, &offset);
    push(w, gep, known ? offset : 0, known && s->known);
}

/* -- Memory intrinsics and calls ------------------------------------------------------------------------------- */

static void set_length(use_t *use, LLVMValueRef call) {
    int64_t length;
    use->sized = const_signed(LLVMGetOperand(call, 2), &length) && length >= 0;
    if (use->sized) use->bytes = (uint64_t)length;
}

static void walk_memory(walk_t *w, LLVMValueRef call, const step_t *s) {
    if (LLVMGetOperand(call, 0) == s->pointer) set_length(add(w, USE_WRITE, call, s), call);
    if (!LLVMIsAMemSetInst(call) && LLVMGetOperand(call, 1) == s->pointer) set_length(add(w, USE_READ, call, s), call);
}

static bool only_annotates(LLVMValueRef call) {
    return is_intrinsic(call, "lifetime") || is_intrinsic(call, "dbg") || is_intrinsic(call, "assume") ||
           is_intrinsic(call, "invariant") || is_intrinsic(call, "experimental.noalias") || is_intrinsic(call, "fake");
}

static void walk_call(walk_t *w, LLVMValueRef call, const step_t *s) {
    if (LLVMIsAMemIntrinsic(call)) {
        walk_memory(w, call, s);
        return;
    }
    if (only_annotates(call)) return;
    unsigned n = LLVMGetNumArgOperands(call);
    bool found = false;
    for (unsigned i = 0; i < n; i++) {
        if (LLVMGetOperand(call, i) != s->pointer) continue;
        add(w, USE_CALL, call, s)->argument = i;
        found = true;
    }
    if (!found) add(w, USE_ESCAPE, call, s);
}

/* -- One use --------------------------------------------------------------------------------------------------- */

static void walk_load(walk_t *w, LLVMValueRef load, const step_t *s) {
    use_t *use = add(w, USE_LOAD, load, s);
    use->bytes = store_size(w->c, LLVMTypeOf(load));
    use->sized = true;
}

static void walk_store(walk_t *w, LLVMValueRef store, const step_t *s) {
    LLVMValueRef value = LLVMGetOperand(store, 0);
    if (value == s->pointer) add(w, USE_ESCAPE, store, s);
    if (LLVMGetOperand(store, 1) != s->pointer) return;
    use_t *use = add(w, USE_STORE, store, s);
    use->bytes = store_size(w->c, LLVMTypeOf(value));
    use->sized = true;
    use->value = value;
}

static void walk_user(walk_t *w, LLVMValueRef user, const step_t *s) {
    if (!LLVMIsAInstruction(user)) {
        add(w, USE_ESCAPE, user, s);
        return;
    }
    switch (LLVMGetInstructionOpcode(user)) {
    case LLVMLoad: walk_load(w, user, s); break;
    case LLVMStore: walk_store(w, user, s); break;
    case LLVMGetElementPtr: walk_gep(w, user, s); break;
    case LLVMBitCast:
    case LLVMAddrSpaceCast:
    case LLVMFreeze: push(w, user, s->offset, s->known); break;
    case LLVMPHI:
    case LLVMSelect: walk_merge(w, user, s); break;
    case LLVMCall:
    case LLVMInvoke:
    case LLVMCallBr: walk_call(w, user, s); break;
    case LLVMICmp: add(w, USE_COMPARE, user, s); break;
    case LLVMAtomicRMW:
    case LLVMAtomicCmpXchg: add(w, USE_WRITE, user, s); break;
    default: add(w, USE_ESCAPE, user, s); break;
    }
}

static void walk_run(walk_t *w, LLVMValueRef root) {
    push(w, root, 0, true);
    while (w->n) {
        step_t s = w->work[--w->n];
        LLVMValueRef last = NULL;
        for (LLVMUseRef use = LLVMGetFirstUse(s.pointer); use; use = LLVMGetNextUse(use)) {
            LLVMValueRef user = LLVMGetUser(use);
            if (user == last) continue; /* both operands of one instruction: seen */
            last = user;
            walk_user(w, user, &s);
        }
    }
}

const uses_t *uses_of(check_t *c, LLVMValueRef root) {
    uintptr_t old = map_get(&c->uses, root);
    if (old != MAP_NONE) return (const uses_t *)old;
    uses_t *uses = check_take(c, &c->scratch, sizeof *uses);
    walk_t w = {.c = c, .uses = uses};
    walk_run(&w, root);
    if (w.again) {
        map_free(&w.merges);
        uses->n = 0;
        w.blur = true;
        walk_run(&w, root);
    }
    map_free(&w.merges);
    check_put(c, &c->uses, root, (uintptr_t)uses);
    return uses;
}

/* -- Reads through a parameter ----------------------------------------------------------------------------------- */

static void reads_add(check_t *c, reads_t *r, const read_t *read) {
    if (r->n >= MANY_READS) {
        r->open = true;
        return;
    }
    r->at = check_grow(c, &c->arena, r->at, r->n, &r->room, sizeof *r->at);
    r->at[r->n++] = *read;
    int64_t end = read->offset + (int64_t)read->bytes;
    if (end > r->extent || !r->furthest) {
        r->extent = end > r->extent ? end : r->extent;
        r->furthest = read->instruction;
    }
}

static const reads_t *reads_at_depth(check_t *c, function_t *f, unsigned parameter, unsigned depth);

/* The blocks that run whenever the function does: a chain from the entry. */
static bool runs_always(LLVMValueRef instruction) {
    enum { CHAIN = 64 };
    LLVMBasicBlockRef want = LLVMGetInstructionParent(instruction);
    LLVMBasicBlockRef at = LLVMGetEntryBasicBlock(LLVMGetBasicBlockParent(want));
    for (int i = 0; i < CHAIN; i++) {
        if (at == want) return true;
        LLVMValueRef end = LLVMGetBasicBlockTerminator(at);
        if (LLVMGetNumSuccessors(end) != 1) return false;
        at = LLVMGetSuccessor(end, 0);
    }
    return false;
}

static void reads_in_call(check_t *c, reads_t *r, const use_t *use, unsigned depth) {
    function_t *callee = callee_of(c, use->instruction);
    if (!callee || !callee->defined || !use->known || use->argument >= LLVMCountParams(callee->value)) {
        r->open = true;
        return;
    }
    const reads_t *inner = reads_at_depth(c, callee, use->argument, depth + 1);
    bool always = runs_always(use->instruction);
    r->open |= inner->open;
    for (size_t i = 0; i < inner->n; i++) {
        read_t read = inner->at[i];
        read.offset += use->offset;
        read.always &= always;
        reads_add(c, r, &read);
    }
}

static void reads_from_use(check_t *c, reads_t *r, const use_t *use, unsigned depth) {
    switch (use->kind) {
    case USE_LOAD:
    case USE_READ:
        if (!use->known || !use->sized) {
            r->open = true;
        } else {
            const read_t read = {use->offset, use->bytes, use->instruction, runs_always(use->instruction),
                                 use->kind == USE_LOAD && !is_aggregate(LLVMTypeOf(use->instruction))};
            reads_add(c, r, &read);
        }
        break;
    case USE_CALL: reads_in_call(c, r, use, depth); break;
    case USE_ESCAPE: r->open = true; break;
    case USE_STORE:
    case USE_WRITE:
    case USE_COMPARE: break;
    }
}

/* Found once per parameter; one that is being looked at (recursion) reads nothing new. The uses are those of
 * another function than the one in hand, so they are not kept. */
static const reads_t *reads_at_depth(check_t *c, function_t *f, unsigned parameter, unsigned depth) {
    LLVMValueRef value = LLVMGetParam(f->value, parameter);
    uintptr_t old = map_get(&c->reads, value);
    if (old != MAP_NONE) return (const reads_t *)old;
    reads_t *r = check_take(c, &c->arena, sizeof *r);
    if (depth >= DEPTH || !is_pointer(value)) {
        r->open = true;
        return r;
    }
    check_put(c, &c->reads, value, (uintptr_t)r);
    const uses_t *uses = uses_of(c, value);
    for (size_t i = 0; i < uses->n; i++) reads_from_use(c, r, &uses->at[i], depth);
    return r;
}

const reads_t *reads_of(check_t *c, function_t *f, unsigned parameter) { return reads_at_depth(c, f, parameter, 0); }
