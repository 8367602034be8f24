/* lower_job.c - jobs: a process that runs a closure, whose value is its result. */
#include "buskin.h"
#include "lower.h"

static LLVMValueRef job_async(body *b, type *fun, LLVMValueRef closure) {
    type *run = fun->args[0];
    instance *i = instance_request(b->u, INSTANCE_JOB, run->args[0], NULL, run->args[0]);
    buskin_cg_actor_t *handle =
        actor_handle(b->u, &(process){.body = i, .title = "job", .params = &run, .nparams = 1, .is_public = false});
    LLVMValueRef pid = buskin_cg_job(b->u->cg, b->b, handle, &closure, 1);
    return pid != NULL ? pid : LLVMGetPoison(b->l->i64);
}

void lower_job_body(body *b, instance *i) {
    lowering *l = i->home->l;
    body_open(b, i, (pos){.file = i->home->module->file, .line = 1, .col = 1}, NULL);
    type *run = type_make(l->p, TYPE_FUN, NULL, (type *[]){i->type}, 1);
    LLVMValueRef value = call_value(b, run, LLVMGetParam(b->fn, 0), NULL);
    message_send_value(b, i->type, value, (delivery){.is_result = true});
    body_return(b, body_unit(b));
}

/* Ok(value) or Err(text). */
static LLVMValueRef job_await(body *b, type *result, LLVMValueRef pid, LLVMValueRef timeout) {
    LLVMValueRef error = body_slot(b, b->l->ptr, "error");
    LLVMValueRef message = support_call(b, SKIT_FN_job_await, (LLVMValueRef[]){pid, timeout, error}, 3);
    LLVMBasicBlockRef good = body_block(b, "good"), bad = body_block(b, "bad");
    join done = join_open(b, b->l->ptr, "awaited");
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, message, ""), bad, good);
    body_position(b, good);
    LLVMValueRef value = message_rebuilt(b, result->args[0], buskin_cg_message_data(b->u->cg, b->b, message));
    join_add(b, &done, data_variant(b, result, RESULT_OK, &value));
    body_position(b, bad);
    LLVMValueRef text = LLVMBuildLoad2(b->b, b->l->ptr, error, "");
    join_add(b, &done, data_variant(b, result, RESULT_ERR, &text));
    return join_close(b, &done);
}

LLVMValueRef job_call(body *b, builtin_id id, type *fun, LLVMValueRef *args) {
    if (id == BI_Job_async) return job_async(b, fun, args[0]);
    type *result = fun->args[fun->nargs - 1];
    if (id == BI_Job_await) return job_await(b, result, args[0], body_i64(b, -1));
    LLVMValueRef late = LLVMBuildICmp(b->b, LLVMIntSLT, args[1], body_i64(b, 0), "");
    return job_await(b, result, args[0], LLVMBuildSelect(b->b, late, body_i64(b, 0), args[1], ""));
}
