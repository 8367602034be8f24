/* cg_receive: the selective receive, what its arms can match, and what many sites leave in the frame. */
#include "cg_fake.h"

/* -- Receive ------------------------------------------------------------------------------------------------ */

static fake_message_t queue[8];
static unsigned queued, peeked, dropped, taken;
static int64_t seen_timeout;

static const void *fake_receive_peek(buskin_receive_t *r) {
    seen_timeout = r->timeout_ms;
    assert_int_equal(r->state, peeked);
    return peeked < queued ? &queue[peeked].message : NULL;
}
static void fake_receive_skip(buskin_receive_t *r) { r->state = ++peeked; }
static void fake_receive_take(buskin_receive_t *r) { taken++, (void)r; }
static void fake_receive_drop(buskin_receive_t *r) { dropped++, (void)r; }
static const void *fake_actor_receive(int64_t timeout) {
    seen_timeout = timeout;
    return queued ? &queue[0].message : NULL;
}

static void enqueue(uint32_t kind, uint64_t tag, uint64_t data) {
    queue[queued++] = (fake_message_t){{kind, 0, 0}, {tag, 8}, data};
}

/* i64 wait(i64 timeout): USER 5 (data below 100) -> data, dropped; DOWN -> 1000 + code, taken; after -> -1. */
static void build_wait(jit_t *j) {
    buskin_cg_receive_t r;
    const buskin_cg_slot_t slot = {j->i64, 0};
    LLVMValueRef f = jit_function(j, "wait", j->i64, &j->i64, 1);
    LLVMBasicBlockRef not_user = LLVMAppendBasicBlockInContext(j->context, f, "not_user");
    LLVMBasicBlockRef none = LLVMAppendBasicBlockInContext(j->context, f, "none");
    LLVMBasicBlockRef small = LLVMAppendBasicBlockInContext(j->context, f, "small");
    assert_int_equal(buskin_cg_receive_begin(j->cg, j->b, LLVMGetParam(f, 0), 2, &r), 0);
    LLVMValueRef m = buskin_cg_receive_peek(j->cg, j->b, &r);
    assert_int_equal(buskin_cg_receive_test(j->cg, j->b, m, BUSKIN_MSG_USER, word(j, 5), not_user), 0);
    LLVMValueRef data = buskin_cg_message_load(j->cg, j->b, m, &slot, 1, 0);
    LLVMBuildCondBr(j->b, LLVMBuildICmp(j->b, LLVMIntULT, data, word(j, 100), ""), small, not_user);
    LLVMPositionBuilderAtEnd(j->b, small);
    assert_int_equal(buskin_cg_receive_drop(j->cg, j->b, &r), 0);
    LLVMBuildRet(j->b, data);
    LLVMPositionBuilderAtEnd(j->b, not_user);
    assert_int_equal(buskin_cg_receive_test(j->cg, j->b, m, BUSKIN_MSG_DOWN, NULL, none), 0);
    assert_int_equal(buskin_cg_receive_take(j->cg, j->b, &r), 0);
    LLVMValueRef tag = buskin_cg_message_tag(j->cg, j->b, m);
    LLVMBuildRet(j->b, LLVMBuildAdd(j->b, tag, word(j, 1000), ""));
    LLVMPositionBuilderAtEnd(j->b, none);
    assert_int_equal(buskin_cg_receive_skip(j->cg, j->b, &r), 0);
    LLVMPositionBuilderAtEnd(j->b, r.timeout);
    LLVMBuildRet(j->b, word(j, UINT64_MAX));
    LLVMValueRef arms[2], node = LLVMGetMetadata(m, LLVMGetMDKindIDInContext(j->context, "buskin.arms", 11));
    LLVMGetMDNodeOperands(node, arms);
    assert_int_equal(LLVMConstIntGetZExtValue(arms[0]), 2); /* declared */
    assert_int_equal(LLVMConstIntGetZExtValue(arms[1]), 2); /* built */
}

static void build_wait_any(jit_t *j) {
    LLVMBasicBlockRef late;
    LLVMValueRef f = jit_function(j, "wait_any", j->i64, &j->i64, 1);
    LLVMValueRef m = buskin_cg_receive_any(j->cg, j->b, LLVMGetParam(f, 0), &late);
    LLVMBuildRet(j->b, buskin_cg_message_length(j->cg, j->b, m));
    LLVMPositionBuilderAtEnd(j->b, late);
    LLVMBuildRet(j->b, word(j, UINT64_MAX));
}

static int64_t run_wait(const jit_t *j, const char *name, int64_t timeout) {
    peeked = dropped = taken = 0;
    return ((int64_t (*)(int64_t))jit_find(j, name))(timeout);
}

static void test_receive(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_receive_peek", (uintptr_t)fake_receive_peek},
                                    {"fake_receive_skip", (uintptr_t)fake_receive_skip},
                                    {"fake_receive_take", (uintptr_t)fake_receive_take},
                                    {"fake_receive_drop", (uintptr_t)fake_receive_drop},
                                    {"fake_actor_receive", (uintptr_t)fake_actor_receive}};
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        build_wait(&j);
        build_wait_any(&j);
        jit_clean(&j);
        jit_run(&j, symbols, 5);
        queued = 0;
        assert_int_equal(run_wait(&j, "wait", 17), -1);
        assert_int_equal(seen_timeout, 17);
        assert_int_equal(run_wait(&j, "wait_any", 18), -1);
        assert_int_equal(seen_timeout, 18);
        enqueue(BUSKIN_MSG_EXIT, 5, 1); /* another kind with the tag of a user message */
        enqueue(BUSKIN_MSG_USER, 6, 1);
        enqueue(BUSKIN_MSG_USER, 5, 200);
        enqueue(BUSKIN_MSG_USER, 5, 42);
        assert_int_equal(run_wait(&j, "wait", -1), 42);
        assert_int_equal(peeked, 3);
        assert_int_equal(dropped, 1);
        assert_int_equal(taken, 0);
        queued = 2;
        enqueue(BUSKIN_MSG_DOWN, 7, 0);
        assert_int_equal(run_wait(&j, "wait", 0), 1007);
        assert_int_equal(taken, 1);
        assert_int_equal(dropped, 0);
        assert_int_equal(run_wait(&j, "wait_any", 0), 8);
        jit_close(&j);
    }
}

/* What the arms can match goes with the record; too many matches say nothing. */
static uint64_t seen_state;

static const void *filtered_peek(buskin_receive_t *r) {
    seen_state = r->state;
    return &queue[0].message;
}

static void build_filtered(jit_t *j, const char *name, unsigned matches) {
    buskin_cg_receive_t r;
    buskin_cg_match_t match[BUSKIN_FILTER_MAX + 1] = {
        {.kind = BUSKIN_MSG_USER, .has_tag = true, .has_word = true, .tag = 5, .word = 7}, {.kind = BUSKIN_MSG_DOWN}};
    jit_function(j, name, j->none, NULL, 0);
    assert_int_equal(buskin_cg_receive_begin(j->cg, j->b, NULL, 1, &r), 0);
    assert_int_equal(buskin_cg_receive_filter(j->cg, &r, match, matches), 0);
    buskin_cg_receive_peek(j->cg, j->b, &r);
    buskin_cg_receive_drop(j->cg, j->b, &r);
    LLVMBuildRetVoid(j->b);
}

static void test_receive_filter(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_receive_peek", (uintptr_t)filtered_peek},
                                    {"fake_receive_drop", (uintptr_t)fake_receive_drop}};
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        build_filtered(&j, "two", 2);
        build_filtered(&j, "many", BUSKIN_FILTER_MAX + 1);
        jit_clean(&j);
        jit_run(&j, symbols, 2);
        ((void (*)(void))jit_find(&j, "many"))();
        assert_int_equal(seen_state, 0);
        ((void (*)(void))jit_find(&j, "two"))();
        const buskin_filter_t *filter = (const buskin_filter_t *)(uintptr_t)seen_state;
        assert_non_null(filter);
        assert_int_equal(filter->count, 2);
        const buskin_filter_entry_t *user = &filter->entries[0], *down = &filter->entries[1];
        assert_true(user->kind == BUSKIN_MSG_USER && user->flags == (BUSKIN_FILTER_TAG | BUSKIN_FILTER_WORD));
        assert_true(user->tag == 5 && user->word == 7);
        assert_true(down->kind == BUSKIN_MSG_DOWN && down->flags == 0);
        jit_close(&j);
    }
}

/* -- Frames ------------------------------------------------------------------------------------------------- */

/* Twenty sites, one of each kind in a loop: all allocas in the entry block, and few of them (row C13). */
static void test_sites_share_the_frame(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    const buskin_cg_slot_t slots[] = {{j.i64, 0}, {j.ptr, BUSKIN_CG_MANAGED}};
    buskin_cg_actor_t *actor = buskin_cg_actor_import(j.cg, "other", slots, 2);
    LLVMValueRef f = jit_function(&j, "f", j.none, NULL, 0);
    LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(j.context, f, "loop");
    LLVMBuildBr(j.b, loop);
    LLVMPositionBuilderAtEnd(j.b, loop);
    for (unsigned i = 0; i < 20; i++) {
        buskin_cg_receive_t r;
        LLVMValueRef args[] = {word(&j, i), LLVMConstNull(j.ptr)}, ref;
        buskin_cg_spawn(j.cg, j.b, actor, args, 2, BUSKIN_SPAWN_MONITOR, &ref);
        buskin_cg_send(j.cg, j.b, word(&j, 1), word(&j, 2), slots, args, 2);
        buskin_cg_receive_begin(j.cg, j.b, NULL, 1, &r);
        buskin_cg_receive_peek(j.cg, j.b, &r);
        buskin_cg_receive_drop(j.cg, j.b, &r);
    }
    jit_clean(&j);
    LLVMBuildBr(j.b, loop);
    unsigned allocas = 0;
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
        for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
            if (!LLVMIsAAllocaInst(i)) continue;
            assert_ptr_equal(b, LLVMGetEntryBasicBlock(f));
            allocas++;
        }
    assert_int_equal(allocas, 3); /* buffer, reference, receive record */
    assert_int_equal(buskin_cg_verify(j.cg), 0);
    jit_close(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_receive_filter),
        cmocka_unit_test(test_sites_share_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
