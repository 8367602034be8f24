/* cg_table: rows and fields: what the table says is what the module gets. */
#include "abi_table.h"
#include "cg_fake.h"

static buskin_context_t context;
static buskin_context_t *fake_context(void) { return &context; }

/* -- The table ------------------------------------------------------------------------------------------- */

static void test_every_row_can_be_called(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    assert_true(abi_function_count > 30);
    for (size_t i = 0; i < abi_function_count; i++) {
        const char *name = abi_functions[i].name;
        LLVMValueRef args[16], row = buskin_cg_declare(j.cg, name);
        jit_clean(&j);
        unsigned n = LLVMCountParams(row);
        for (unsigned k = 0; k < n; k++) args[k] = LLVMConstNull(LLVMTypeOf(LLVMGetParam(row, k)));
        jit_function(&j, name, j.none, NULL, 0);
        assert_non_null(buskin_cg_call(j.cg, j.b, name, args, n));
        bool ends = LLVMGetBasicBlockTerminator(LLVMGetInsertBlock(j.b)) != NULL;
        assert_int_equal(ends, (abi_functions[i].effects & ABI_NORETURN) != 0);
        if (!ends) LLVMBuildRetVoid(j.b);
    }
    assert_int_equal(buskin_cg_verify(j.cg), 0);
    jit_close(&j);
}

static void test_extensions_and_attributes_are_the_tables(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    unsigned signext = LLVMGetEnumAttributeKindForName("signext", 7);
    unsigned zeroext = LLVMGetEnumAttributeKindForName("zeroext", 7);
    unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6);
    LLVMAttributeIndex fn = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    assert_non_null(LLVMGetEnumAttributeAtIndex(buskin_cg_declare(j.cg, "print"), 1, signext));
    assert_non_null(LLVMGetEnumAttributeAtIndex(buskin_cg_declare(j.cg, "spawn"), 3, zeroext));
    assert_non_null(LLVMGetEnumAttributeAtIndex(buskin_cg_declare(j.cg, "actor_self"), fn, memory));
    assert_null(LLVMGetEnumAttributeAtIndex(buskin_cg_declare(j.cg, "actor_yield"), fn, memory));
    jit_close(&j);
}

/* -- Context and fields ---------------------------------------------------------------------------------- */

static void test_context_is_read_by_two_instructions(void **state) {
    (void)state;
    jit_t j = jit_open(&(buskin_cg_options_t){.opt_level = 2});
    LLVMValueRef f = jit_function(&j, "me", j.i64, NULL, 0);
    buskin_cg_actor_code(j.cg, f);
    LLVMValueRef a = buskin_cg_self(j.cg, j.b), b = buskin_cg_self(j.cg, j.b);
    LLVMBuildRet(j.b, LLVMBuildAdd(j.b, a, b, ""));
    jit_clean(&j);
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    LLVMMemoryBufferRef text = buskin_cg_emit_memory(j.cg, BUSKIN_CG_ASSEMBLY);
    const char *assembly = LLVMGetBufferStart(text), *first = strstr(assembly, "buskin_tls_context@GOTTPOFF");
    if (!first) first = strstr(assembly, "buskin_tls_context@gottpoff");
    assert_non_null(first);
    assert_null(strstr(first + 1, "buskin_tls_context")); /* once */
    assert_null(strstr(assembly, "__tls_get_addr"));
    assert_non_null(strstr(assembly, "buskin_code"));
    LLVMDisposeMemoryBuffer(text);
    jit_close(&j);
}

static void test_fields(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        const jit_symbol_t symbols[] = {{"fake_context", (uintptr_t)fake_context}};
        jit_function(&j, "self", j.i64, NULL, 0);
        LLVMBuildRet(j.b, buskin_cg_self(j.cg, j.b));
        LLVMValueRef f = jit_function(&j, "swap", j.i64, &j.i64, 1), ctx = buskin_cg_context(j.cg, j.b);
        LLVMValueRef old = buskin_cg_load_field(j.cg, j.b, "context", "budget", ctx);
        assert_int_equal(buskin_cg_store_field(j.cg, j.b, "context", "budget", ctx, LLVMGetParam(f, 0)), 0);
        LLVMBuildRet(j.b, old);
        jit_run(&j, symbols, 1);
        context = (buskin_context_t){.pid = 815, .budget = 12};
        assert_int_equal(((uint64_t (*)(void))jit_find(&j, "self"))(), 815);
        assert_int_equal(((uint64_t (*)(uint64_t))jit_find(&j, "swap"))(99), 12);
        assert_int_equal(context.budget, 99);
        jit_close(&j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_can_be_called),
        cmocka_unit_test(test_extensions_and_attributes_are_the_tables),
        cmocka_unit_test(test_context_is_read_by_two_instructions),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
