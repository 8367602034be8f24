/* lower_tail.c - which functions need the calling convention of guaranteed tail calls.
 *
 * LLVM guarantees a tail call between functions of the C convention only where their types are equal; between others
 * both must be `tailcc`, in which the callee pops its arguments, and that costs every call some cycles. So a function
 * gets it only where it is needed: tail calls join functions to groups (caller and callee must agree), and a
 * group with a tail call between different types is tailcc as a whole. The groups are known when all is lowered; then the
 * definitions, declarations and calls of those groups change over.
 *
 * Guaranteed are tail calls between named functions, between actors (become), and between the helpers of types.
 * A closure, a wrapper or an actor that ends with the call of a function makes an ordinary call: that adds one
 * frame to a call that has one anyway, and never two in a row.
 */
#include "lower.h"

enum { CALL_CONV_TAIL = 18 };

static instance *tail_group(instance *i) {
    while (i->group != NULL) i = i->group;
    return i;
}

bool tail_is_guaranteed(const instance *caller, const instance *callee) {
    if (caller->kind != callee->kind) return false;
    switch (caller->kind) {
    case INSTANCE_FUNCTION:
    case INSTANCE_ACTOR:
    case INSTANCE_EQUAL:
    case INSTANCE_ORDER: return LLVMGetReturnType(caller->fn_type) == LLVMGetReturnType(callee->fn_type);
    default: return false;
    }
}

void tail_join(instance *caller, instance *callee) {
    instance *group = tail_group(caller), *other = tail_group(callee);
    bool differ = caller->fn_type != callee->fn_type; /* types are unique: equal ones are one */
    if (group != other) {
        other->group = group;
        group->needs_tailcc |= other->needs_tailcc;
    }
    group->needs_tailcc |= differ;
}

static void tail_convert(LLVMValueRef fn) {
    LLVMSetFunctionCallConv(fn, CALL_CONV_TAIL);
    for (LLVMUseRef use = LLVMGetFirstUse(fn); use != NULL; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (LLVMIsACallInst(user) != NULL && LLVMGetCalledValue(user) == fn)
            LLVMSetInstructionCallConv(user, CALL_CONV_TAIL);
    }
}

void tail_conventions(lowering *l) {
    for (int bucket = 0; bucket < INSTANCE_BUCKETS; bucket++)
        for (instance *i = l->buckets[bucket]; i != NULL; i = i->next) {
            if (!tail_group(i)->needs_tailcc) continue;
            size_t length;
            const char *name = LLVMGetValueName2(i->fn, &length);
            tail_convert(i->fn);
            for (int32_t u = 0; u < l->nunits; u++) {
                LLVMValueRef elsewhere = &l->units[u] != i->home ? LLVMGetNamedFunction(l->units[u].ir, name) : NULL;
                if (elsewhere != NULL && LLVMIsDeclaration(elsewhere)) tail_convert(elsewhere);
            }
        }
}
