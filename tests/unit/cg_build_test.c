/* cg_build: what the builders emit does what the header says, run against a runtime of the test's own. Layout of
 * arguments and messages has its own test, as have the reduction checks.
 */
#include "abi_table.h"
#include "cg_jit.h"

static buskin_context_t context;
static buskin_context_t *fake_context(void) { return &context; }
static const uint8_t epoch = 1;

static const buskin_cg_options_t options[] = {
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 0, .no_checks = true},
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 2, .no_checks = true},
};

static LLVMValueRef word(const jit_t *j, uint64_t value) { return LLVMConstInt(j->i64, value, 0); }

/* ptr NAME(): where a constant of the module lies. */
static void export_address(const jit_t *j, const char *name, LLVMValueRef address) {
    jit_clean(j);
    jit_function(j, name, j->ptr, NULL, 0);
    LLVMBuildRet(j->b, address);
}

static const void *address(const jit_t *j, const char *name) { return ((const void *(*)(void))jit_find(j, name))(); }

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

/* -- Descriptors and constants ---------------------------------------------------------------------------- */

static void expect_offsets(const buskin_desc_t *d, const uint32_t *offsets, unsigned fixed, unsigned element) {
    assert_int_equal(d->npointers, fixed);
    assert_int_equal(d->elem_pointers, element);
    for (unsigned i = 0; i < fixed + element; i++) assert_int_equal(d->offsets[i], offsets[i]);
}

static void test_descriptors(void **state) {
    (void)state;
    jit_t j = jit_open(&options[0]);
    LLVMTypeRef inner[] = {j.i32, j.ptr}, inner_type = LLVMStructTypeInContext(j.context, inner, 2, 0);
    LLVMTypeRef fields[] = {j.ptr, j.i8, LLVMArrayType2(j.ptr, 2), inner_type, j.ptr};
    LLVMTypeRef fixed = LLVMStructTypeInContext(j.context, fields, 5, 0);
    const bool managed[] = {false, false, true, true, true};
    const bool element_managed[] = {false, true};
    LLVMTypeRef counted[] = {j.i64, j.ptr};
    const buskin_cg_object_t objects[] = {
        {.name = "Point", .fixed = fixed, .managed = managed, .user = 7},
        {.fixed = fixed},
        {.name = "Bytes", .element = j.i8},
        {.fixed = LLVMStructTypeInContext(j.context, counted, 2, 0),
         .element = inner_type,
         .element_managed = element_managed,
         .conservative = true},
        {.element = j.ptr, .element_managed = &managed[0]},
        {.name = "Empty"},
    };
    for (unsigned i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "d%u", i);
        export_address(&j, name, buskin_cg_desc_value(buskin_cg_describe(j.cg, &objects[i])));
    }
    jit_run(&j, NULL, 0);
    const buskin_desc_t *d = address(&j, "d0");
    assert_int_equal(d->size, 56);
    assert_int_equal(d->flags, 0);
    assert_int_equal(d->user, 7);
    assert_string_equal(d->name, "Point");
    expect_offsets(d, (const uint32_t[]){16, 24, 40, 48}, 4, 0);
    expect_offsets(address(&j, "d1"), (const uint32_t[]){0, 16, 24, 40, 48}, 5, 0);
    assert_null(((const buskin_desc_t *)address(&j, "d1"))->name);
    d = address(&j, "d2");
    assert_int_equal(d->size, 8);
    assert_int_equal(d->flags, BUSKIN_DESC_ARRAY);
    assert_int_equal(d->elem_size, 1);
    d = address(&j, "d3");
    assert_int_equal(d->size, 16);
    assert_int_equal(d->flags, BUSKIN_DESC_ARRAY | BUSKIN_DESC_CONSERVATIVE);
    assert_int_equal(d->elem_size, 16);
    expect_offsets(d, (const uint32_t[]){8, 8}, 1, 1);
    expect_offsets(address(&j, "d4"), NULL, 0, 0);
    assert_int_equal(((const buskin_desc_t *)address(&j, "d5"))->size, 0);
    jit_close(&j);
}

static void test_immortal_objects(void **state) {
    (void)state;
    jit_t j = jit_open(&options[0]);
    buskin_cg_desc_t *bytes = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.name = "String", .element = j.i8});
    LLVMTypeRef pair[] = {j.i64, j.ptr}, pair_type = LLVMStructTypeInContext(j.context, pair, 2, 0);
    buskin_cg_desc_t *node = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = pair_type, .user = 3});
    LLVMValueRef text = buskin_cg_immortal_bytes(j.cg, bytes, "a\0cde", 5);
    LLVMValueRef fields[] = {word(&j, 77), text};
    assert_ptr_equal(text, buskin_cg_immortal_bytes(j.cg, bytes, "a\0cde", 5));
    assert_ptr_not_equal(text, buskin_cg_immortal_bytes(j.cg, bytes, "a\0cdf", 5));
    export_address(&j, "text", text);
    export_address(&j, "empty", buskin_cg_immortal_bytes(j.cg, bytes, "", 0));
    export_address(&j, "node", buskin_cg_immortal(j.cg, node, LLVMConstStructInContext(j.context, fields, 2, 0)));
    LLVMValueRef user = jit_function(&j, "user", j.i32, &j.ptr, 1);
    LLVMBuildRet(j.b, buskin_cg_object_user(j.cg, j.b, LLVMGetParam(user, 0)));
    jit_run(&j, NULL, 0);
    const char *object = address(&j, "text");
    const buskin_desc_t *header = *(const buskin_desc_t *const *)(object - 8);
    assert_int_equal(header->flags, BUSKIN_DESC_ARRAY | BUSKIN_DESC_IMMORTAL);
    assert_int_equal(*(const uint64_t *)object, 5);
    assert_memory_equal(object + 8, "a\0cde", 5);
    assert_int_equal(*(const uint64_t *)address(&j, "empty"), 0);
    const uint64_t *n = address(&j, "node");
    assert_int_equal(n[0], 77);
    assert_ptr_equal((const char *)n[1], object);
    assert_int_equal(((uint32_t (*)(const void *))jit_find(&j, "user"))(n), 3);
    jit_close(&j);
}

/* -- Allocation ------------------------------------------------------------------------------------------- */

static uint64_t slow_object[64];
static const buskin_desc_t *slow_desc;
static uint64_t slow_count;

static void *fake_alloc(const buskin_desc_t *desc) {
    slow_desc = desc;
    slow_object[0] = (uintptr_t)desc;
    return slow_object + 1;
}

static void *fake_alloc_array(const buskin_desc_t *desc, uint64_t count) {
    slow_count = count;
    return fake_alloc(desc);
}

static void *run_alloc(const jit_t *j, const char *name) {
    slow_desc = NULL;
    return ((void *(*)(void))jit_find(j, name))();
}

static void build_allocs(jit_t *j) {
    LLVMTypeRef small[] = {j->i64, j->ptr, j->i8}, large = LLVMArrayType2(j->i64, 40);
    LLVMTypeRef small_type = LLVMStructTypeInContext(j->context, small, 3, 0);
    LLVMTypeRef large_type = LLVMStructTypeInContext(j->context, &large, 1, 0);
    buskin_cg_desc_t *s = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "small", .fixed = small_type});
    buskin_cg_desc_t *l = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "large", .fixed = large_type});
    buskin_cg_desc_t *a = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "array", .element = j->ptr});
    jit_function(j, "small", j->ptr, NULL, 0);
    LLVMBuildRet(j->b, buskin_cg_alloc(j->cg, j->b, s));
    jit_function(j, "large", j->ptr, NULL, 0);
    LLVMBuildRet(j->b, buskin_cg_alloc(j->cg, j->b, l));
    jit_function(j, "array", j->ptr, NULL, 0);
    LLVMBuildRet(j->b, buskin_cg_alloc_array(j->cg, j->b, a, word(j, 12)));
    jit_clean(j);
}

static void test_allocation(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_context", (uintptr_t)fake_context},
                                    {"fake_alloc", (uintptr_t)fake_alloc},
                                    {"fake_alloc_array", (uintptr_t)fake_alloc_array}};
    for (unsigned i = 0; i < 2; i++) {
        static uint64_t run[8]; /* two small objects of 32 bytes with header: 64 bytes */
        jit_t j = jit_open(&options[i]);
        build_allocs(&j);
        jit_run(&j, symbols, 3);
        memset(run, 0, sizeof run);
        context = (buskin_context_t){.hp = (char *)run, .hplim = (char *)(run + 8)};
        assert_ptr_equal(run_alloc(&j, "small"), run + 1);
        assert_ptr_equal(context.hp, run + 4);
        assert_string_equal(((const buskin_desc_t *)run[0])->name, "small");
        assert_ptr_equal(run_alloc(&j, "small"), run + 5);
        assert_null(slow_desc);
        assert_ptr_equal(run_alloc(&j, "small"), slow_object + 1); /* the run is used up */
        assert_string_equal(slow_desc->name, "small");
        context.hp = (char *)(run + 5); /* 24 bytes left: too few */
        assert_ptr_equal(run_alloc(&j, "small"), slow_object + 1);
        context = (buskin_context_t){0};
        assert_ptr_equal(run_alloc(&j, "small"), slow_object + 1);
        run_alloc(&j, "large");
        assert_string_equal(slow_desc->name, "large");
        run_alloc(&j, "array");
        assert_string_equal(slow_desc->name, "array");
        assert_int_equal(slow_count, 12);
        jit_close(&j);
    }
}

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

/* -- Receive ------------------------------------------------------------------------------------------------ */

typedef struct fake_message {
    buskin_message_header_t header;
    buskin_message_t message;
    uint64_t data;
} fake_message_t;

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
        cmocka_unit_test(test_every_row_can_be_called),
        cmocka_unit_test(test_extensions_and_attributes_are_the_tables),
        cmocka_unit_test(test_context_is_read_by_two_instructions),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_immortal_objects),
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_spawn_descriptor),
        cmocka_unit_test(test_spawn_across_modules),
        cmocka_unit_test(test_main_thunk),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_receive_filter),
        cmocka_unit_test(test_sites_share_the_frame),
        cmocka_unit_test(test_requests_and_timers),
        cmocka_unit_test(test_ends_end_the_block),
        cmocka_unit_test(test_panic_says_what_and_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
