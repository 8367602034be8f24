/* pack.c - values as the runtime takes them: slots in a buffer, with a constant descriptor.
 *
 * Sends, requests, replies and timers take (descriptor, pointer to slots). The check comes apart from the packing, so
 * that a caller can test everything before it emits anything.
 */
#include "cg.h"

#include <stdlib.h>

static bool values_typed(buskin_cg_t *cg, const char *who, const buskin_cg_slot_t *slots, const LLVMValueRef *values,
                         unsigned n) {
    for (unsigned i = 0; i < n; i++)
        if (!cg_is(cg, values[i], slots[i].type, who, "a value")) return false;
    return true;
}

bool cg_values_ok(buskin_cg_t *cg, const char *who, const buskin_cg_slot_t *slots, const LLVMValueRef *values,
                  unsigned n) {
    uint64_t size;
    buskin_cg_place_t *places = calloc(n + 1, sizeof *places);
    if (!places) return cg_fail(cg, "no memory"), false;
    bool ok = cg_slots_ok(cg, who, slots, n, places, &size) && values_typed(cg, who, slots, values, n);
    free(places);
    return ok;
}

static bool pack_placed(buskin_cg_t *cg, LLVMBuilderRef b, const char *name, const buskin_cg_slot_t *slots,
                        const LLVMValueRef *values, unsigned n, buskin_cg_place_t *places, cg_value_t *v) {
    uint64_t size;
    if (!cg_slots_ok(cg, name, slots, n, places, &size)) return false;
    v->desc = size ? cg_slots_descriptor(cg, name, slots, places, n, size) : LLVMConstNull(cg->type_ptr);
    if (!v->desc) return false;
    v->buffer = cg_fill_buffer(cg, b, slots, places, values, n, size);
    v->layout = cg_layout_metadata(cg, slots, places, n, size);
    return true;
}

/* Slots without a single byte have neither descriptor nor buffer: both are null. */
bool cg_pack(buskin_cg_t *cg, LLVMBuilderRef b, const char *name, const buskin_cg_slot_t *slots,
             const LLVMValueRef *values, unsigned n, cg_value_t *v) {
    buskin_cg_place_t *places = calloc(n + 1, sizeof *places);
    if (!places) return cg_fail(cg, "no memory"), false;
    bool ok = pack_placed(cg, b, name, slots, values, n, places, v);
    free(places);
    return ok;
}

LLVMValueRef buskin_cg_pack(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                            const LLVMValueRef *values, unsigned n, LLVMValueRef *desc) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "pack") || !cg_values_ok(cg, "pack", slots, values, n)) return NULL;
    if (!cg_pack(cg, b, "value", slots, values, n, &v)) return NULL;
    if (desc) *desc = v.desc;
    return v.buffer;
}
