/* cg_cleanup: regions with something to undo, pushed and popped by emitted stores; what is in the record meanwhile,
 * and that optimising changes nothing about it (S2.11). What the runtime does with records is cleanup_test's. */
#include "cg_fake.h"

static buskin_context_t context;
static buskin_context_t *fake_context(void) { return &context; }
static const uint8_t epoch = 1;

/* void undo(ptr): adds 1 to the word there. */
static LLVMValueRef build_undo(const jit_t *j) {
    LLVMValueRef undo = jit_function(j, "undo", j->none, (LLVMTypeRef[]){j->ptr}, 1), at = LLVMGetParam(undo, 0);
    LLVMBuildStore(j->b, LLVMBuildAdd(j->b, LLVMBuildLoad2(j->b, j->i64, at, ""), word(j, 1), ""), at);
    LLVMBuildRetVoid(j->b);
    buskin_cg_actor_code(j->cg, undo);
    return undo;
}

/* -- What is in the record while the region runs -- */

static uint64_t words[2];
static unsigned probes;
static void (*undo_address)(void *arg);

static void probe(uint64_t depth) {
    const buskin_cleanup_t *record = context.cleanups;
    probes++;
    for (uint64_t i = depth; i > 0; i--, record = record->next) {
        assert_non_null(record);
        assert_ptr_equal(record->arg, &words[i - 1]);
        assert_true(record->run == undo_address);
    }
    assert_ptr_equal(record, &context); /* what was there before */
}

static void call_probe(const jit_t *j, uint64_t depth) {
    LLVMTypeRef type = LLVMFunctionType(j->none, (LLVMTypeRef[]){j->i64}, 1, 0);
    LLVMValueRef callee = LLVMGetNamedFunction(j->module, "probe"), arg = word(j, depth);
    if (!callee) callee = LLVMAddFunction(j->module, "probe", type);
    LLVMBuildCall2(j->b, type, callee, &arg, 1, "");
}

/* void regions(ptr words): two, one in the other; the outer one is undone at its end, too. */
static void build_regions(const jit_t *j, LLVMValueRef undo) {
    LLVMValueRef regions = jit_function(j, "regions", j->none, (LLVMTypeRef[]){j->ptr}, 1), index = word(j, 1);
    LLVMValueRef first = LLVMGetParam(regions, 0), second = LLVMBuildGEP2(j->b, j->i64, first, &index, 1, "");
    buskin_cg_cleanup_t outer, inner;
    buskin_cg_actor_code(j->cg, regions);
    call_probe(j, 0);
    assert_int_equal(buskin_cg_cleanup_push(j->cg, j->b, undo, first, &outer), 0);
    call_probe(j, 1);
    assert_int_equal(buskin_cg_cleanup_push(j->cg, j->b, undo, second, &inner), 0);
    call_probe(j, 2);
    assert_int_equal(buskin_cg_cleanup_pop(j->cg, j->b, &inner, 0), 0);
    call_probe(j, 1);
    assert_int_equal(buskin_cg_cleanup_pop(j->cg, j->b, &outer, 1), 0);
    call_probe(j, 0);
    LLVMBuildRetVoid(j->b);
    jit_clean(j);
}

static void test_regions(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        build_regions(&j, build_undo(&j));
        jit_run(&j,
                (jit_symbol_t[]){{"fake_context", (uintptr_t)fake_context},
                                 {"probe", (uintptr_t)probe},
                                 {JIT_EPOCH, (uintptr_t)&epoch}},
                3);
        undo_address = (void (*)(void *))jit_find(&j, "undo");
        context.cleanups = (buskin_cleanup_t *)(void *)&context;
        words[0] = words[1] = probes = 0;
        ((void (*)(uint64_t *))jit_find(&j, "regions"))(words);
        assert_int_equal(probes, 5);
        assert_int_equal(words[0], 1); /* by the pop that runs it */
        assert_int_equal(words[1], 0);
        assert_ptr_equal(context.cleanups, &context);
        jit_close(&j);
    }
}

/* -- A region without a call: only a fault can come there -- */

/* i64 reads(ptr arg, ptr from): what is read may be no memory. */
static void build_reading_region(const jit_t *j, LLVMValueRef undo) {
    LLVMValueRef reads = jit_function(j, "reads", j->i64, (LLVMTypeRef[]){j->ptr, j->ptr}, 2);
    buskin_cg_cleanup_t cleanup;
    buskin_cg_actor_code(j->cg, reads);
    LLVMBuildStore(j->b, word(j, 4711), LLVMGetParam(reads, 0)); /* for undo */
    assert_int_equal(buskin_cg_cleanup_push(j->cg, j->b, undo, LLVMGetParam(reads, 0), &cleanup), 0);
    LLVMValueRef value = LLVMBuildLoad2(j->b, j->i64, LLVMGetParam(reads, 1), "read_here");
    assert_int_equal(buskin_cg_cleanup_pop(j->cg, j->b, &cleanup, 0), 0);
    LLVMBuildRet(j->b, value);
    jit_clean(j);
}

/* Where the text comes next in *at; moves on behind it. */
static void expect_next(const char **at, const char *text) {
    const char *found = strstr(*at, text);
    if (!found) fail_msg("no \"%s\" in %s", text, *at);
    *at = found + strlen(text);
}

/* No compiler sees a reader of the record, and none may move the read out, or leave out or delay a store. */
static void test_the_optimiser_keeps_the_region(void **state) {
    (void)state;
    jit_t j = jit_open(&options[1]);
    build_reading_region(&j, build_undo(&j));
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    char *text = LLVMPrintValueToString(LLVMGetNamedFunction(j.module, "reads"));
    const char *at = text;
    expect_next(&at, "store i64 4711");
    expect_next(&at, "store ptr @undo");
    expect_next(&at, "store volatile ptr");
    expect_next(&at, "%read_here = load i64");
    expect_next(&at, "store volatile ptr");
    expect_next(&at, "ret i64 %read_here");
    LLVMDisposeMessage(text);
    jit_close(&j);
}

/* -- Bad input -- */

static void expect_error(const jit_t *j, int result, const char *text) {
    assert_int_equal(result, -1);
    assert_non_null(buskin_cg_error(j->cg));
    assert_non_null(strstr(buskin_cg_error(j->cg), text));
    buskin_cg_clear_error(j->cg);
}

static void test_what_is_no_cleanup(void **state) {
    (void)state;
    jit_t j = jit_open(&options[0]);
    buskin_cg_cleanup_t cleanup, elsewhere;
    LLVMValueRef null = LLVMConstNull(j.ptr), undo = build_undo(&j);
    LLVMValueRef unmarked = LLVMAddFunction(j.module, "unmarked", LLVMGlobalGetValueType(undo));
    LLVMValueRef answers = LLVMAddFunction(j.module, "answers", LLVMFunctionType(j.i64, &j.ptr, 1, 0));
    jit_function(&j, "other", j.none, NULL, 0);
    assert_int_equal(buskin_cg_cleanup_push(j.cg, j.b, undo, null, &elsewhere), 0);
    LLVMBuildRetVoid(j.b);
    jit_function(&j, "f", j.none, NULL, 0);
    expect_error(&j, buskin_cg_cleanup_push(j.cg, j.b, null, null, &cleanup), "not a function");
    expect_error(&j, buskin_cg_cleanup_push(j.cg, j.b, unmarked, null, &cleanup), "not actor code");
    expect_error(&j, buskin_cg_cleanup_push(j.cg, j.b, answers, null, &cleanup), "not void (ptr)");
    expect_error(&j, buskin_cg_cleanup_push(j.cg, j.b, undo, word(&j, 1), &cleanup), "arg is");
    expect_error(&j, buskin_cg_cleanup_push(j.cg, j.b, undo, NULL, &cleanup), "arg is missing");
    expect_error(&j, buskin_cg_cleanup_pop(j.cg, j.b, &elsewhere, 0), "another function");
    expect_error(&j, buskin_cg_cleanup_pop(j.cg, j.b, &(buskin_cg_cleanup_t){0}, 0), "another function");
    jit_close(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_the_optimiser_keeps_the_region),
        cmocka_unit_test(test_what_is_no_cleanup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
