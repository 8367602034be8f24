/* cg_request: requests, replies, timers and ends. */
#include "cg_fake.h"

static char said[128];

/* -- Requests, replies, timers, ends -------------------------------------------------------------------------- */

static const buskin_message_t *fake_call(uint64_t to, uint64_t tag, const buskin_desc_t *d, const uint64_t *value,
                                         int64_t timeout, int32_t *status) {
    static fake_message_t answer;
    assert_int_equal(to, 3);
    assert_int_equal(tag, 4);
    assert_int_equal(d->size, sizeof(buskin_request_t) + 8);
    assert_int_equal(value[0] | value[1] | value[2] | value[3], 0);
    assert_int_equal(timeout, -1);
    *status = -4;
    answer = (fake_message_t){{BUSKIN_MSG_REPLY, 0, 0}, {11, 8}, value[4] * 2};
    return &answer.message;
}

static int32_t fake_reply(uint64_t from, uint64_t ref, const buskin_desc_t *d, const uint64_t *value) {
    assert_int_equal(d->size, 8);
    return (int32_t)(from + ref + value[0]);
}

static uint64_t fake_timer_send_after(uint64_t to, int64_t ms, uint64_t tag, const buskin_desc_t *d,
                                      const uint64_t *value) {
    return to + (uint64_t)ms + tag + d->size + value[0];
}

static void fake_panic(const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col) {
    snprintf(said, sizeof said, "%.*s %s:%u:%u", (int)length, text, file ? file : "?", line, col);
}

static void build_requests(jit_t *j) {
    const buskin_cg_slot_t slot = {j->i64, 0};
    LLVMTypeRef params[] = {j->i64, j->ptr};
    LLVMValueRef f = jit_function(j, "ask", j->i64, params, 2), value = LLVMGetParam(f, 0), status;
    LLVMValueRef m = buskin_cg_request(j->cg, j->b, word(j, 3), word(j, 4), &slot, &value, 1, NULL, &status);
    LLVMBuildStore(j->b, status, LLVMGetParam(f, 1));
    LLVMBuildRet(j->b, buskin_cg_message_load(j->cg, j->b, m, &slot, 1, 0));
    f = jit_function(j, "answer", j->i32, &j->ptr, 1);
    LLVMValueRef data = buskin_cg_message_data(j->cg, j->b, LLVMGetParam(f, 0));
    LLVMValueRef from = buskin_cg_load_field(j->cg, j->b, "request", "from", data);
    LLVMValueRef ref = buskin_cg_load_field(j->cg, j->b, "request", "ref", data);
    value = buskin_cg_request_load(j->cg, j->b, LLVMGetParam(f, 0), &slot, 1, 0);
    LLVMBuildRet(j->b, buskin_cg_reply(j->cg, j->b, from, ref, &slot, &value, 1));
    f = jit_function(j, "later", j->i64, &j->i64, 1);
    value = LLVMGetParam(f, 0);
    LLVMBuildRet(j->b, buskin_cg_send_after(j->cg, j->b, word(j, 1), word(j, 20), word(j, 300), &slot, &value, 1));
}

static void test_requests_and_timers(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_call", (uintptr_t)fake_call},
                                    {"fake_reply", (uintptr_t)fake_reply},
                                    {"fake_timer_send_after", (uintptr_t)fake_timer_send_after}};
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        build_requests(&j);
        jit_clean(&j);
        jit_run(&j, symbols, 3);
        int32_t status = 0;
        assert_int_equal(((uint64_t (*)(uint64_t, int32_t *))jit_find(&j, "ask"))(21, &status), 42);
        assert_int_equal(status, -4);
        struct {
            fake_message_t m;
            uint64_t rest[4];
        } request = {{{BUSKIN_MSG_CALL, 0, 0}, {4, 40}, 1000}, {200, 0, 0, 30}}; /* from, ref, -, -, value */
        assert_int_equal(((int32_t (*)(const void *))jit_find(&j, "answer"))(&request.m.message), 1230);
        assert_int_equal(((uint64_t (*)(uint64_t))jit_find(&j, "later"))(4000), 4329);
        jit_close(&j);
    }
}

static void test_ends_end_the_block(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    jit_function(&j, "p", j.none, NULL, 0);
    assert_int_equal(buskin_cg_panic_text(j.cg, j.b, "bad", "a.x", 3, 4), 0);
    assert_int_equal(buskin_cg_panic_text(j.cg, j.b, "again", "a.x", 3, 4), -1); /* the block has ended */
    assert_non_null(strstr(buskin_cg_error(j.cg), "terminator"));
    buskin_cg_clear_error(j.cg);
    jit_function(&j, "e", j.none, NULL, 0);
    assert_int_equal(buskin_cg_exit(j.cg, j.b, LLVMConstInt(j.i32, BUSKIN_REASON_USER, 0), NULL, NULL), 0);
    assert_int_equal(buskin_cg_verify(j.cg), 0);
    jit_close(&j);
}

static void test_panic_says_what_and_where(void **state) {
    (void)state;
    jit_t j = jit_open(&options[0]);
    jit_function(&j, "p", j.none, NULL, 0);
    buskin_cg_panic_text(j.cg, j.b, "out of bounds", "list.x", 30, 7);
    LLVMBasicBlockRef block = LLVMGetInsertBlock(j.b); /* so that the test's panic may return */
    LLVMInstructionEraseFromParent(LLVMGetBasicBlockTerminator(block));
    LLVMBuildRetVoid(j.b);
    LLVMValueRef panic = LLVMGetNamedFunction(j.module, "fake_panic");
    LLVMRemoveEnumAttributeAtIndex(panic, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                   LLVMGetEnumAttributeKindForName("noreturn", 8));
    const jit_symbol_t symbols[] = {{"fake_panic", (uintptr_t)fake_panic}};
    jit_run(&j, symbols, 1);
    ((void (*)(void))jit_find(&j, "p"))();
    assert_string_equal(said, "out of bounds list.x:30:7");
    jit_close(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_and_timers),
        cmocka_unit_test(test_ends_end_the_block),
        cmocka_unit_test(test_panic_says_what_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
