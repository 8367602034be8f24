/* lower_process.c - built-in functions of processes: links, monitors, exit signals, names, timers. */
#include "lower.h"

/* Timer.send_after and Timer.start: the message is laid out as by send. */
static LLVMValueRef process_timer(body *b, type *fun, LLVMValueRef *args) {
    LLVMValueRef late = LLVMBuildICmp(b->b, LLVMIntSLT, args[1], body_i64(b, 0), "");
    LLVMValueRef ms = LLVMBuildSelect(b->b, late, body_i64(b, 0), args[1], "");
    return message_send_value(b, fun->args[2], args[2], (delivery){.to = args[0], .after = ms});
}

/* true: the message is in the mailbox. */
static LLVMValueRef process_offer(body *b, type *fun, LLVMValueRef *args) {
    LLVMValueRef status = message_send_value(b, fun->args[1], args[1], (delivery){.to = args[0], .offers = true});
    return LLVMBuildICmp(b->b, LLVMIntSGE, status, body_i64(b, 0), "");
}

static LLVMValueRef process_cancel(body *b, LLVMValueRef *args) {
    LLVMValueRef left = body_runtime(b, "timer_cancel", args, 1);
    return LLVMBuildICmp(b->b, LLVMIntSGE, left, body_i64(b, 0), "");
}

static LLVMValueRef process_trap_exit(body *b, LLVMValueRef *args) {
    LLVMValueRef on = LLVMBuildZExt(b->b, args[0], b->l->i32, "");
    return body_runtime(b, "actor_trap_exit", &on, 1);
}

LLVMValueRef process_call(body *b, builtin_id id, type *fun, LLVMValueRef *args) {
    switch (id) {
    case BI_exit: return support_call(b, SKIT_FN_exit, args, 1);
    case BI_link:
    case BI_Process_link: return body_runtime(b, "actor_link", args, 1);
    case BI_unlink:
    case BI_Process_unlink: return support_call(b, SKIT_FN_unlink, args, 1);
    case BI_monitor:
    case BI_Process_monitor: return support_call(b, SKIT_FN_monitor, args, 1);
    case BI_Process_demonitor: return support_call(b, SKIT_FN_demonitor, args, 1);
    case BI_Process_exit: return support_call(b, SKIT_FN_exit_signal, args, 2);
    case BI_Process_trap_exit: return process_trap_exit(b, args);
    case BI_Process_alive: return support_call(b, SKIT_FN_alive, args, 1);
    case BI_Process_register: return support_call(b, SKIT_FN_register, args, 2);
    case BI_Process_whereis: return support_call(b, SKIT_FN_whereis, args, 1);
    case BI_Process_unregister: return support_call(b, SKIT_FN_unregister, args, 1);
    case BI_Mailbox_offer: return process_offer(b, fun, args);
    case BI_Timer_sleep: return body_runtime(b, "actor_sleep", args, 1);
    case BI_Timer_now: return body_runtime(b, "now_ms", NULL, 0);
    case BI_Timer_send_after:
    case BI_Timer_start: return process_timer(b, fun, args);
    case BI_Timer_cancel: return process_cancel(b, args);
    default: return job_call(b, id, fun, args);
    }
}
