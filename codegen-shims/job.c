/* job.c - jobs: an actor that is spawned for its one result, and that result. */
#include "cg.h"

LLVMValueRef buskin_cg_job(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_actor_t *actor, const LLVMValueRef *args,
                           unsigned nargs) {
    if (!cg_can_build(cg, b, "job") || !buskin_cg_declare(cg, "job_spawn")) return NULL;
    LLVMValueRef buffer = buskin_cg_arguments(cg, b, actor, args, nargs, NULL);
    if (!buffer) return NULL;
    LLVMValueRef pid = cg_call_row(cg, b, "job_spawn", (LLVMValueRef[]){actor->descriptor, buffer}, 2);
    cg_annotate(cg, pid, "buskin.layout", cg_layout_metadata(cg, actor->params, actor->places, nargs, actor->size));
    return pid;
}

LLVMValueRef buskin_cg_job_finish(buskin_cg_t *cg, LLVMBuilderRef b, const buskin_cg_slot_t *slots,
                                  const LLVMValueRef *values, unsigned n) {
    cg_value_t v;
    if (!cg_can_build(cg, b, "job_finish") || !cg_values_ok(cg, "job_finish", slots, values, n)) return NULL;
    if (!buskin_cg_declare(cg, "job_finish") || !cg_pack(cg, b, "job_finish", slots, values, n, &v)) return NULL;
    LLVMValueRef status = cg_call_row(cg, b, "job_finish", (LLVMValueRef[]){v.desc, v.buffer}, 2);
    cg_annotate(cg, status, "buskin.layout", v.layout);
    return status;
}
