/* end.c - how an actor ends itself: a panic with a text and a place, or an exit with a reason. */
#include "cg.h"

#include <string.h>

int buskin_cg_panic(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef text, LLVMValueRef length, const char *file,
                    unsigned line, unsigned col) {
    if (!cg_can_build(cg, b, "panic")) return -1;
    LLVMValueRef name = file ? buskin_cg_text(cg, file, strlen(file)) : LLVMConstNull(cg->type_ptr);
    LLVMValueRef args[] = {text, length, name, cg_int(cg->type_i32, line), cg_int(cg->type_i32, col)};
    return cg_call_row(cg, b, "panic", args, 5) ? 0 : -1;
}

int buskin_cg_panic_text(buskin_cg_t *cg, LLVMBuilderRef b, const char *text, const char *file, unsigned line,
                         unsigned col) {
    if (!cg_can_build(cg, b, "panic")) return -1;
    size_t length = strlen(text);
    return buskin_cg_panic(cg, b, buskin_cg_text(cg, text, length), cg_int(cg->type_i64, length), file, line, col);
}

int buskin_cg_exit(buskin_cg_t *cg, LLVMBuilderRef b, LLVMValueRef code, LLVMValueRef bytes, LLVMValueRef length) {
    if (!cg_can_build(cg, b, "exit")) return -1;
    if (!bytes != !length) return cg_fail(cg, "exit: bytes and length go together");
    LLVMValueRef args[] = {code, bytes ? bytes : LLVMConstNull(cg->type_ptr),
                           length ? length : cg_int(cg->type_i64, 0)};
    return cg_call_row(cg, b, "actor_exit", args, 3) ? 0 : -1;
}
