/* cg_actor: the spawn descriptor, actors of other modules, and the C main. */
#include "cg_fake.h"

static const uint8_t epoch = 1;

/* -- Actors ----------------------------------------------------------------------------------------------- */

static unsigned terminated;
static void on_terminate(void) { terminated++; }

static LLVMValueRef build_terminate(jit_t *j, unsigned nparams, const char *name) {
    LLVMTypeRef params[] = {j->ptr, j->ptr}, none = LLVMFunctionType(j->none, NULL, 0, 0);
    LLVMValueRef f = jit_function(j, name, j->none, params, nparams);
    LLVMSetFunctionCallConv(f, 18);
    LLVMValueRef count = LLVMGetNamedFunction(j->module, "on_terminate");
    if (!count) count = LLVMAddFunction(j->module, "on_terminate", none);
    LLVMBuildCall2(j->b, none, count, NULL, 0, "");
    LLVMBuildRetVoid(j->b);
    return buskin_cg_terminate(j->cg, name, f);
}

static void test_spawn_descriptor(void **state) {
    (void)state;
    jit_t j = jit_open(&options[1]);
    LLVMValueRef body = jit_function(&j, "body", j.i64, NULL, 0); /* its result is dropped */
    LLVMBuildRet(j.b, word(&j, 1));
    build_terminate(&j, 1, "one");
    const buskin_cg_actor_options_t o = {.name = "worker",
                                         .title = "Worker #1",
                                         .body = body,
                                         .terminate = build_terminate(&j, 2, "two"),
                                         .stack_size = 65536,
                                         .heap_limit = 1 << 20,
                                         .mailbox_capacity = 100,
                                         .mailbox_policy = BUSKIN_POLICY_COALESCE,
                                         .mailbox_fallback = BUSKIN_POLICY_DROP_OLD,
                                         .mailbox_key = 16,
                                         .priority = BUSKIN_LOW};
    buskin_cg_actor_t *actor = buskin_cg_actor(j.cg, &o);
    export_address(&j, "descriptor", buskin_cg_actor_descriptor(actor));
    export_address(&j, "thunk", buskin_cg_actor_thunk(actor));
    assert_int_equal(LLVMGetLinkage(buskin_cg_actor_thunk(actor)), LLVMInternalLinkage);
    assert_int_equal(LLVMGetNamedMetadataNumOperands(j.module, "buskin.actors"), 1);
    const jit_symbol_t symbols[] = {{"on_terminate", (uintptr_t)on_terminate}, {JIT_EPOCH, (uintptr_t)&epoch}};
    jit_run(&j, symbols, 2);
    const buskin_spawn_desc_t *d = address(&j, "descriptor");
    assert_int_equal(d->size, sizeof *d);
    assert_int_equal((uintptr_t)d->entry, (uintptr_t)address(&j, "thunk"));
    assert_string_equal(d->name, "Worker #1");
    assert_null(d->args);
    assert_int_equal(d->stack_size, 65536);
    assert_int_equal(d->heap_limit, 1 << 20);
    assert_int_equal(d->mailbox_capacity, 100);
    assert_int_equal(d->mailbox_policy, BUSKIN_POLICY_COALESCE);
    assert_int_equal(d->mailbox_fallback, BUSKIN_POLICY_DROP_OLD);
    assert_int_equal(d->mailbox_key, 16);
    assert_int_equal(d->priority, BUSKIN_LOW);
    buskin_notice_t why = {0};
    terminated = 0;
    d->terminate(NULL, &why); /* it never began */
    assert_int_equal(terminated, 0);
    d->terminate(&why, &why);
    assert_int_equal(terminated, 1);
    jit_close(&j);
}

/* A spawn of another module's actor passes through its exported thunk and descriptor, and carries the same layout. */
static void test_spawn_across_modules(void **state) {
    (void)state;
    jit_t there = jit_open(&(buskin_cg_options_t){.opt_level = 2});
    const buskin_cg_slot_t slots[] = {{there.i64, 0}, {there.f64, 0}};
    LLVMTypeRef params[] = {there.i64, there.f64};
    LLVMValueRef body = jit_function(&there, "body", there.none, params, 2);
    LLVMBuildRetVoid(there.b);
    const buskin_cg_actor_options_t o = {
        .name = "remote", .body = body, .params = slots, .nparams = 2, .external = true, .priority = BUSKIN_NORMAL};
    assert_non_null(buskin_cg_actor(there.cg, &o));

    jit_t here = {.context = there.context, .module = LLVMModuleCreateWithNameInContext("here", there.context)};
    jit_attach(&here, &(buskin_cg_options_t){.opt_level = 2});
    buskin_cg_actor_t *actor = buskin_cg_actor_import(here.cg, "remote", slots, 2);
    LLVMValueRef f = jit_function(&here, "start", here.i64, NULL, 0);
    buskin_cg_actor_code(here.cg, f);
    LLVMValueRef args[] = {word(&here, 1), LLVMConstReal(here.f64, 2.5)};
    LLVMValueRef call = buskin_cg_spawn(here.cg, here.b, actor, args, 2, 0, NULL);
    jit_clean(&here);
    LLVMBuildRet(here.b, call);
    const buskin_cg_actor_options_t own = {.name = "other", .params = slots, .nparams = 2, .external = true};
    buskin_cg_actor_t *other = buskin_cg_actor(here.cg, &own); /* only the thunk is elsewhere */
    assert_true(LLVMIsDeclaration(buskin_cg_actor_thunk(other)));
    assert_int_equal(LLVMGetLinkage(buskin_cg_actor_descriptor(other)), LLVMInternalLinkage);
    unsigned kind = LLVMGetMDKindIDInContext(there.context, "buskin.layout", 13);
    size_t n;
    LLVMValueRef thunk = LLVMGetNamedFunction(there.module, "__actor_entry_remote");
    LLVMValueMetadataEntry *entries = LLVMGlobalCopyAllMetadata(thunk, &n);
    assert_int_equal(n, 1);
    assert_int_equal(LLVMValueMetadataEntriesGetKind(entries, 0), kind);
    assert_ptr_equal(LLVMMetadataAsValue(there.context, LLVMValueMetadataEntriesGetMetadata(entries, 0)),
                     LLVMGetMetadata(call, kind));
    LLVMDisposeValueMetadataEntries(entries);
    assert_int_equal(buskin_cg_optimize(here.cg), 0);
    assert_int_equal(buskin_cg_optimize(there.cg), 0);
    assert_int_equal(LLVMGetLinkage(LLVMGetNamedGlobal(there.module, "__actor_desc_remote")), LLVMExternalLinkage);
    assert_true(LLVMIsDeclaration(LLVMGetNamedGlobal(here.module, "__actor_desc_remote")));
    LLVMDisposeBuilder(here.b);
    buskin_cg_dispose(here.cg);
    LLVMDisposeModule(here.module);
    jit_close(&there);
}

/* -- Main --------------------------------------------------------------------------------------------------- */

static int32_t init_status, run_status;
static uint64_t main_pid;
static char said[128];

static int32_t fake_rt_init_actor(uint32_t workers) { return workers == 0 ? init_status : 55; }
static uint64_t fake_spawn_main(const buskin_spawn_desc_t *d, const void *args) {
    return d->size == sizeof *d && !args ? main_pid : 0;
}
static int32_t fake_rt_run_scheduler(void) { return run_status; }
static int32_t fake_print(int32_t fd, const void *bytes, uint64_t length) {
    snprintf(said, sizeof said, "%d:%.*s", fd, (int)length, (const char *)bytes);
    return 0;
}

static void test_main_thunk(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        LLVMValueRef body = jit_function(&j, "body", j.none, NULL, 0);
        LLVMBuildRetVoid(j.b);
        const buskin_cg_actor_options_t o = {.name = "main", .body = body, .priority = BUSKIN_NORMAL};
        assert_non_null(buskin_cg_main_thunk(j.cg, buskin_cg_actor(j.cg, &o), "program"));
        const jit_symbol_t symbols[] = {{"fake_rt_init_actor", (uintptr_t)fake_rt_init_actor},
                                        {"fake_spawn_main", (uintptr_t)fake_spawn_main},
                                        {"fake_rt_run_scheduler", (uintptr_t)fake_rt_run_scheduler},
                                        {"fake_print", (uintptr_t)fake_print},
                                        {JIT_EPOCH, (uintptr_t)&epoch}};
        jit_run(&j, symbols, 5);
        int (*program)(int, char **) = (int (*)(int, char **))jit_find(&j, "program");
        init_status = -1, main_pid = 9, run_status = 3, said[0] = 0;
        assert_int_equal(program(0, NULL), 1); /* init has said why */
        assert_string_equal(said, "");
        init_status = 0;
        assert_int_equal(program(0, NULL), 3);
        main_pid = 0;
        assert_int_equal(program(0, NULL), 1);
        assert_string_equal(said, "2:error: the main actor could not be started\n");
        jit_close(&j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spawn_descriptor),
        cmocka_unit_test(test_spawn_across_modules),
        cmocka_unit_test(test_main_thunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
