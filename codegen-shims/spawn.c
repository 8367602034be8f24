/* spawn.c - spawn sites: the argument buffer, and the call.
 *
 * The buffer is filled by the actor's own layout, so site and thunk cannot disagree (C2 to C4), and it lies in
 * the entry block (C13). The runtime copies it before the call returns.
 */
#include "cg.h"

LLVMValueRef cg_fill_buffer(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                            const buskin_cg_place_t *places, const LLVMValueRef *values, unsigned n, uint64_t size) {
    if (size == 0) return LLVMConstNull(cg->type_ptr);
    LLVMValueRef buffer = cg_frame(cg, b, CG_FRAME_BUFFER, size);
    for (unsigned i = 0; i < n; i++) cg_store_slot(cg, b, buffer, &slots[i], &places[i], values[i]);
    return buffer;
}

static bool arguments_ok(buskin_cg_t *cg, const buskin_cg_actor_t *a, const LLVMValueRef *args, unsigned n) {
    if (!a) return cg_fail(cg, "spawn: the actor is missing"), false;
    if (n != a->nparams) return cg_fail(cg, "spawn: %s takes %u arguments, not %u", a->name, a->nparams, n), false;
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, args[i], a->params[i].type, a->name, "a spawn argument")) return false;
    return true;
}

LLVMValueRef buskin_cg_arguments(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor,
                                 const LLVMValueRef *args, unsigned nargs, uint64_t *size) {
    if (!cg_can_build(cg, b, "arguments") || !arguments_ok(cg, actor, args, nargs)) return NULL;
    if (size) *size = actor->size;
    return cg_fill_buffer(cg, b, actor->params, actor->places, args, nargs, actor->size);
}

static bool flags_ok(buskin_cg_t *cg, unsigned flags, LLVMValueRef *ref) {
    if (flags & ~(unsigned)(BUSKIN_SPAWN_LINK | BUSKIN_SPAWN_MONITOR))
        return cg_fail(cg, "spawn: unknown flags %#x", flags), false;
    bool monitor = flags & BUSKIN_SPAWN_MONITOR;
    if (monitor != (ref != NULL)) return cg_fail(cg, "spawn: a reference goes with MONITOR, and only with it"), false;
    return true;
}

LLVMValueRef buskin_cg_spawn(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor,
                             const LLVMValueRef *args, unsigned nargs, unsigned flags, LLVMValueRef *ref) {
    if (!cg_can_build(cg, b, "spawn") || !flags_ok(cg, flags, ref)) return NULL;
    if (!arguments_ok(cg, actor, args, nargs) || !buskin_cg_declare(cg, "spawn")) return NULL;
    LLVMValueRef where = ref ? cg_frame(cg, b, CG_FRAME_REF, 8) : LLVMConstNull(cg->type_ptr);
    LLVMValueRef buffer = cg_fill_buffer(cg, b, actor->params, actor->places, args, nargs, actor->size);
    LLVMValueRef pass[] = {actor->descriptor, buffer, cg_int(cg->type_i32, flags), where};
    LLVMValueRef pid = cg_call_row(cg, b, "spawn", pass, 4);
    cg_annotate(cg, pid, "buskin.layout", cg_layout_metadata(cg, actor->params, actor->places, nargs, actor->size));
    if (ref) *ref = cg_load(b, cg->type_i64, where, 8);
    return pid;
}
