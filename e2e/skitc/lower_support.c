/* lower_support.c - the support library's functions, declared from its table. */
#include <string.h>

#include "lower.h"

typedef enum support_kind {
    SUPPORT_VOID,
    SUPPORT_I64,
    SUPPORT_F64,
    SUPPORT_U32,
    SUPPORT_BOOL,
    SUPPORT_PTR,
    SUPPORT_STR = SUPPORT_PTR,
    SUPPORT_LIST = SUPPORT_PTR,
    SUPPORT_DESC = SUPPORT_PTR,
    SUPPORT_TEXT = SUPPORT_PTR,
    SUPPORT_BYTES = SUPPORT_PTR,
    SUPPORT_OUT_I64 = SUPPORT_PTR,
    SUPPORT_OUT_F64 = SUPPORT_PTR,
    SUPPORT_OUT_STR = SUPPORT_PTR,
    SUPPORT_OBJECT = SUPPORT_PTR,
    SUPPORT_NOTICE = SUPPORT_PTR,
} support_kind;

enum { SUPPORT_MAX_ARGS = 7 };

typedef struct support_row {
    const char *symbol; /* without skit_ */
    support_kind result;
    bool ends;
    support_kind args[SUPPORT_MAX_ARGS + 1]; /* ended by VOID */
} support_row;

enum { SUPPORT_ALLOCATES = 0, SUPPORT_PLAIN = 0, SUPPORT_ENDS = 1 };

#define ARG(kind, name) SUPPORT_##kind
#define SUPPORT_ARGS(...) __VA_ARGS__
#define SKIT_FN(ret, name, args, effect) {#name, SUPPORT_##ret, SUPPORT_##effect, {SUPPORT_ARGS args}},
static const support_row support_rows[SKIT_FN_COUNT] = {
#include "support/support.def"
};
#undef SKIT_FN
#undef ARG

static LLVMTypeRef support_type(lowering *l, support_kind kind) {
    switch (kind) {
    case SUPPORT_VOID: return l->nothing;
    case SUPPORT_I64: return l->i64;
    case SUPPORT_F64: return l->f64;
    case SUPPORT_U32: return l->i32;
    case SUPPORT_BOOL: return l->i1;
    default: return l->ptr;
    }
}

static void support_attribute(lowering *l, LLVMValueRef fn, LLVMAttributeIndex index, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, index, LLVMCreateEnumAttribute(l->context, kind, 0));
}

static LLVMValueRef support_declare(unit *u, skit_fn_id id) {
    if (u->support[id] != NULL) return u->support[id];
    lowering *l = u->l;
    const support_row *row = &support_rows[id];
    LLVMTypeRef params[SUPPORT_MAX_ARGS];
    unsigned n = 0;
    for (; row->args[n] != SUPPORT_VOID; n++) params[n] = support_type(l, row->args[n]);
    char symbol[64] = "skit_";
    strncat(symbol, row->symbol, sizeof symbol - sizeof "skit_");
    LLVMValueRef fn = LLVMAddFunction(u->ir, symbol, LLVMFunctionType(support_type(l, row->result), params, n, 0));
    for (unsigned i = 0; i < n; i++)
        if (row->args[i] == SUPPORT_BOOL) support_attribute(l, fn, i + 1, "zeroext");
    if (row->result == SUPPORT_BOOL) support_attribute(l, fn, LLVMAttributeReturnIndex, "zeroext");
    support_attribute(l, fn, LLVMAttributeFunctionIndex, "nounwind");
    support_attribute(l, fn, LLVMAttributeFunctionIndex, "nocallback");
    if (row->ends) {
        support_attribute(l, fn, LLVMAttributeFunctionIndex, "noreturn");
        support_attribute(l, fn, LLVMAttributeFunctionIndex, "cold");
    }
    u->support[id] = fn;
    return fn;
}

LLVMValueRef support_call(body *b, skit_fn_id id, LLVMValueRef *args, unsigned nargs) {
    LLVMValueRef fn = support_declare(b->u, id);
    LLVMValueRef call = LLVMBuildCall2(b->b, LLVMGlobalGetValueType(fn), fn, args, nargs, "");
    if (support_rows[id].result == SUPPORT_BOOL) {
        unsigned kind = LLVMGetEnumAttributeKindForName("zeroext", 7);
        LLVMAddCallSiteAttribute(call, LLVMAttributeReturnIndex, LLVMCreateEnumAttribute(b->l->context, kind, 0));
    }
    if (support_rows[id].ends) {
        LLVMBuildUnreachable(b->b);
        body_unreachable(b);
    }
    return support_rows[id].result == SUPPORT_VOID ? body_unit(b) : call;
}

LLVMValueRef support_call_named(body *b, const char *symbol, LLVMValueRef *args, unsigned nargs) {
    for (int i = 0; i < SKIT_FN_COUNT; i++)
        if (strcmp(support_rows[i].symbol, symbol) == 0) return support_call(b, (skit_fn_id)i, args, nargs);
    return body_unit(b);
}
