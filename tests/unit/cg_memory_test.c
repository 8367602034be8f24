/* cg_memory: binaries, handles of shared objects, moved messages, roots, and the write hook. What the rows do is the runtime's
 * tests' (handle_test, move_test, binary_test); here, that the builders call them as the header says. */
#include "cg_fake.h"

static buskin_context_t context;
static buskin_context_t *fake_context(void) { return &context; }
static const uint8_t epoch = 1;

static LLVMValueRef declare_release(const jit_t *j) {
    return LLVMAddFunction(j->module, "release", LLVMFunctionType(j->none, (LLVMTypeRef[]){j->ptr}, 1, 0));
}

/* -- Binaries -- */

static void test_binaries_are_described_as_such(void **state) {
    (void)state;
    jit_t j = jit_open(&options[0]);
    const buskin_cg_object_t string = {.name = "String", .element = j.i8, .binary = true};
    buskin_cg_desc_t *desc = buskin_cg_describe(j.cg, &string);
    export_address(&j, "desc", buskin_cg_desc_value(desc));
    export_address(&j, "literal", buskin_cg_immortal_bytes(j.cg, desc, "text", 4));
    jit_run(&j, NULL, 0);
    const buskin_desc_t *d = address(&j, "desc");
    assert_int_equal(d->flags, BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY);
    const char *literal = address(&j, "literal");
    d = *(const buskin_desc_t *const *)(literal - 8);
    assert_int_equal(d->flags, BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY | BUSKIN_DESC_IMMORTAL);
    jit_close(&j);
}

static void test_only_arrays_without_pointers_are_binaries(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    LLVMTypeRef one = LLVMStructTypeInContext(j.context, &j.i64, 1, 0);
    const buskin_cg_object_t bad[] = {{.fixed = one, .binary = true},
                                      {.element = j.ptr, .binary = true},
                                      {.element = j.i8, .conservative = true, .binary = true}};
    for (unsigned i = 0; i < 3; i++) {
        assert_null(buskin_cg_describe(j.cg, &bad[i]));
        assert_non_null(strstr(buskin_cg_error(j.cg), "a binary is an array without pointers"));
        buskin_cg_clear_error(j.cg);
    }
    jit_close(&j);
}

/* -- Handles -- */

static buskin_handle_t made; /* what the test's runtime answers */
static bool makes;           /* or null */
static void *seen_object;
static uint64_t seen_size;
static void (*seen_release)(void *object);
static const void *let_go;
static unsigned released;
static char panicked[128];
static jmp_buf after_panic;

static void release(void *object) {
    (void)object;
    released++;
}

static void *fake_shared_handle(void *object, void (*release_it)(void *object)) {
    seen_object = object, seen_release = release_it;
    made.object = object;
    return makes ? &made : NULL;
}

static void *fake_shared_alloc(uint64_t size, void (*release_it)(void *object)) {
    seen_size = size, seen_release = release_it;
    made.object = &made;
    return makes ? &made : NULL;
}

static int32_t fake_shared_release(const void *handle) {
    let_go = handle;
    return 7;
}

static void fake_panic(const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col) {
    snprintf(panicked, sizeof panicked, "%.*s%s%u%u", (int)length, text, file ? file : "", line, col);
    longjmp(after_panic, 1);
}

static void build_handles(jit_t *j) {
    LLVMValueRef f = jit_function(j, "hold", j->ptr, &j->ptr, 1);
    LLVMBuildRet(j->b, buskin_cg_shared_handle(j->cg, j->b, LLVMGetParam(f, 0), declare_release(j)));
    f = jit_function(j, "make", j->ptr, &j->i64, 1);
    LLVMValueRef handle = buskin_cg_shared_alloc(j->cg, j->b, LLVMGetParam(f, 0), NULL);
    LLVMBuildRet(j->b, buskin_cg_shared_object(j->cg, j->b, handle));
    f = jit_function(j, "let_go", j->i32, &j->ptr, 1);
    LLVMBuildRet(j->b, buskin_cg_shared_release(j->cg, j->b, LLVMGetParam(f, 0)));
    jit_clean(j);
}

static void run_handles(const jit_t *j) {
    void *(*hold)(void *) = (void *(*)(void *))jit_find(j, "hold");
    void *(*make)(uint64_t) = (void *(*)(uint64_t))jit_find(j, "make");
    uint64_t object = 5;
    makes = true;
    assert_ptr_equal(hold(&object), &made);
    assert_ptr_equal(seen_object, &object);
    assert_non_null(seen_release);
    released = 0;
    seen_release(NULL);
    assert_int_equal(released, 1);
    assert_ptr_equal(make(48), &made); /* the object, read through the handle */
    assert_int_equal(seen_size, 48);
    assert_null(seen_release);
    assert_int_equal(((int32_t (*)(const void *))jit_find(j, "let_go"))(&made), 7);
    assert_ptr_equal(let_go, &made);
    makes = false;
    panicked[0] = 0;
    if (!setjmp(after_panic)) fail_msg("%p", hold(&object));
    assert_string_equal(panicked, "no memory for a handle, or nothing to hold00");
    panicked[0] = 0;
    if (!setjmp(after_panic)) fail_msg("%p", make(1));
    assert_string_equal(panicked, "no memory for a handle, or nothing to hold00");
}

static void test_handles(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_shared_handle", (uintptr_t)fake_shared_handle},
                                    {"fake_shared_alloc", (uintptr_t)fake_shared_alloc},
                                    {"fake_shared_release", (uintptr_t)fake_shared_release},
                                    {"fake_panic", (uintptr_t)fake_panic},
                                    {"release", (uintptr_t)release}};
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        build_handles(&j);
        jit_run(&j, symbols, 5);
        run_handles(&j);
        jit_close(&j);
    }
}

static void refused(jit_t *j, LLVMValueRef value, const char *text) {
    assert_null(value);
    if (!buskin_cg_error(j->cg) || !strstr(buskin_cg_error(j->cg), text))
        fail_msg("no '%s' in: %s", text, buskin_cg_error(j->cg));
    assert_null(LLVMGetFirstInstruction(LLVMGetInsertBlock(j->b)));
    buskin_cg_clear_error(j->cg);
}

static void test_release_runs_outside_actors(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    LLVMValueRef actor = LLVMAddFunction(j.module, "actor", LLVMFunctionType(j.none, &j.ptr, 1, 0));
    LLVMValueRef fast = LLVMAddFunction(j.module, "fast", LLVMFunctionType(j.none, &j.ptr, 1, 0));
    LLVMValueRef typed = LLVMAddFunction(j.module, "typed", LLVMFunctionType(j.none, &j.i64, 1, 0));
    buskin_cg_actor_code(j.cg, actor);
    LLVMSetFunctionCallConv(fast, 18); /* tailcc */
    LLVMValueRef f = jit_function(&j, "f", j.none, &j.ptr, 1), object = LLVMGetParam(f, 0);
    refused(&j, buskin_cg_shared_handle(j.cg, j.b, object, actor), "is actor code");
    refused(&j, buskin_cg_shared_handle(j.cg, j.b, object, fast), "C convention");
    refused(&j, buskin_cg_shared_alloc(j.cg, j.b, word(&j, 8), typed), "void (ptr)");
    refused(&j, buskin_cg_shared_alloc(j.cg, j.b, word(&j, 8), object), "not a function");
    refused(&j, buskin_cg_shared_handle(j.cg, j.b, word(&j, 8), NULL), "the object is i64");
    refused(&j, buskin_cg_shared_alloc(j.cg, j.b, object, NULL), "the size is ptr");
    jit_close(&j);
}

/* -- Moves -- */

static uint64_t moved[2];
static const void *moved_message;

static int32_t fake_send_move(uint64_t to, uint64_t tag, const void *message) {
    moved[0] = to, moved[1] = tag, moved_message = message;
    return -3;
}

static void test_send_move(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        LLVMTypeRef params[] = {j.i64, j.ptr};
        LLVMValueRef f = jit_function(&j, "move", j.i32, params, 2);
        refused(&j, buskin_cg_send_move(j.cg, j.b, LLVMGetParam(f, 0), word(&j, 0), LLVMGetParam(f, 1)),
                "the tag is 0");
        refused(&j, buskin_cg_send_move(j.cg, j.b, LLVMGetParam(f, 0), word(&j, 8), word(&j, 8)), "i64, not ptr");
        LLVMBuildRet(j.b, buskin_cg_send_move(j.cg, j.b, LLVMGetParam(f, 0), word(&j, 8), LLVMGetParam(f, 1)));
        jit_clean(&j);
        jit_run(&j, (const jit_symbol_t[]){{"fake_send_move", (uintptr_t)fake_send_move}}, 1);
        assert_int_equal(((int32_t (*)(uint64_t, const void *))jit_find(&j, "move"))(5, moved), -3);
        assert_int_equal(moved[0], 5);
        assert_int_equal(moved[1], 8);
        assert_ptr_equal(moved_message, moved);
        jit_close(&j);
    }
}

/* -- Roots -- */

static uint64_t order, init_at, main_at, root_at[4], root_bytes[4];
static const void *root_start[4];
static unsigned roots;
static int32_t init_status;

static int32_t fake_rt_init_actor(uint32_t workers) {
    (void)workers;
    init_at = ++order;
    return init_status;
}
static uint64_t fake_spawn_main(const void *desc, const void *args) {
    (void)desc, (void)args;
    main_at = ++order;
    return 1;
}
static int32_t fake_rt_run_scheduler(void) { return 0; }
static int32_t fake_gc_add_roots(const void *start, uint64_t bytes) {
    root_start[roots] = start, root_bytes[roots] = bytes, root_at[roots++] = ++order;
    return 0;
}

static LLVMValueRef define_global(const jit_t *j, const char *name, LLVMTypeRef type) {
    LLVMValueRef global = LLVMAddGlobal(j->module, type, name);
    LLVMSetInitializer(global, LLVMConstNull(type));
    return global;
}

static void build_main(jit_t *j) {
    LLVMValueRef body = jit_function(j, "body", j->none, NULL, 0);
    LLVMBuildRetVoid(j->b);
    const buskin_cg_actor_options_t o = {.name = "main", .body = body, .priority = BUSKIN_NORMAL};
    assert_non_null(buskin_cg_main_thunk(j->cg, buskin_cg_actor(j->cg, &o), "program"));
}

/* One root before the main thunk and one after it; or all after it. */
static void build_roots(jit_t *j, bool first) {
    LLVMTypeRef bytes = LLVMArrayType2(j->i8, 21);
    LLVMValueRef a = define_global(j, "a", j->ptr), b = define_global(j, "b", bytes);
    if (first) assert_int_equal(buskin_cg_root(j->cg, a), 0);
    build_main(j);
    if (!first) assert_int_equal(buskin_cg_root(j->cg, a), 0);
    assert_int_equal(buskin_cg_root(j->cg, b), 0);
    export_address(j, "address_of_a", a);
    export_address(j, "address_of_b", b);
    jit_clean(j);
}

static void run_roots(const jit_t *j) {
    int (*program)(int, char **) = (int (*)(int, char **))jit_find(j, "program");
    order = roots = 0, init_status = -1;
    assert_int_equal(program(0, NULL), 1);
    assert_int_equal(roots, 0); /* no runtime, no roots */
    init_status = 0;
    assert_int_equal(program(0, NULL), 0);
    assert_int_equal(roots, 2);
    assert_true(init_at < root_at[0] && root_at[0] < root_at[1] && root_at[1] < main_at);
    assert_ptr_equal(root_start[0], address(j, "address_of_a"));
    assert_ptr_equal(root_start[1], address(j, "address_of_b"));
    assert_int_equal(root_bytes[0], 8);
    assert_int_equal(root_bytes[1], 16); /* whole words */
    assert_int_equal((uintptr_t)root_start[1] % 8, 0);
}

static void test_main_registers_the_roots(void **state) {
    (void)state;
    const jit_symbol_t symbols[] = {{"fake_rt_init_actor", (uintptr_t)fake_rt_init_actor},
                                    {"fake_spawn_main", (uintptr_t)fake_spawn_main},
                                    {"fake_rt_run_scheduler", (uintptr_t)fake_rt_run_scheduler},
                                    {"fake_gc_add_roots", (uintptr_t)fake_gc_add_roots},
                                    {"fake_print", (uintptr_t)fake_rt_run_scheduler},
                                    {JIT_EPOCH, (uintptr_t)&epoch}};
    for (unsigned i = 0; i < 4; i++) {
        jit_t j = jit_open(&options[i / 2]);
        build_roots(&j, i % 2);
        jit_run(&j, symbols, 6);
        run_roots(&j);
        jit_close(&j);
    }
}

static void root_refused(const jit_t *j, LLVMValueRef global, const char *text) {
    assert_int_equal(buskin_cg_root(j->cg, global), -1);
    if (!strstr(buskin_cg_error(j->cg), text)) fail_msg("no '%s' in: %s", text, buskin_cg_error(j->cg));
    buskin_cg_clear_error(j->cg);
}

static void test_what_is_no_root(void **state) {
    (void)state;
    jit_t j = jit_open(NULL), other = jit_open(NULL);
    LLVMValueRef constant = define_global(&j, "constant", j.ptr), local = define_global(&j, "local", j.ptr);
    LLVMSetGlobalConstant(constant, 1);
    LLVMSetThreadLocal(local, 1);
    root_refused(&j, NULL, "no global variable");
    root_refused(&j, jit_function(&j, "f", j.none, NULL, 0), "no global variable");
    root_refused(&j, define_global(&other, "theirs", other.ptr), "theirs is of another module");
    root_refused(&j, LLVMAddGlobal(j.module, j.ptr, "elsewhere"), "elsewhere is defined elsewhere");
    root_refused(&j, constant, "is constant");
    root_refused(&j, local, "a thread's own");
    root_refused(&j, define_global(&j, "small", j.i32), "no room");
    assert_null(LLVMGetNamedFunction(j.module, "__buskin_roots"));
    jit_close(&other);
    jit_close(&j);
}

/* -- The write hook -- */

static const void *hooked[2];
static const void *field_at_hook;
static const void **hooked_field;

static void fake_gc_write_hook(const void *object, const void *value) {
    hooked[0] = object, hooked[1] = value;
    field_at_hook = *hooked_field;
}

static void test_stores_tell_the_write_hook_if_asked(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        buskin_cg_options_t o = options[i / 2];
        o.write_hook = i % 2;
        jit_t j = jit_open(&o);
        LLVMTypeRef params[] = {j.ptr, j.ptr, j.ptr};
        LLVMValueRef f = jit_function(&j, "set", j.none, params, 3), object = LLVMGetParam(f, 0);
        assert_int_equal(buskin_cg_store_object(j.cg, j.b, object, LLVMGetParam(f, 1), word(&j, 1)), -1);
        buskin_cg_clear_error(j.cg);
        assert_int_equal(buskin_cg_store_object(j.cg, j.b, object, LLVMGetParam(f, 1), LLVMGetParam(f, 2)), 0);
        LLVMBuildRetVoid(j.b);
        const jit_symbol_t symbols[] = {{"fake_gc_write_hook", (uintptr_t)fake_gc_write_hook},
                                        {"fake_context", (uintptr_t)fake_context}};
        jit_run(&j, symbols, 2);
        const void *fields[2] = {NULL, fields}, *value = &context;
        hooked[0] = hooked[1] = NULL, hooked_field = &fields[1];
        ((void (*)(void *, void *, const void *))jit_find(&j, "set"))(fields, &fields[1], value);
        assert_ptr_equal(fields[1], value);
        assert_ptr_equal(hooked[0], i % 2 ? (const void *)fields : NULL);
        assert_ptr_equal(hooked[1], i % 2 ? value : NULL);
        if (i % 2) assert_ptr_equal(field_at_hook, fields); /* before the store */
        jit_close(&j);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binaries_are_described_as_such),
        cmocka_unit_test(test_only_arrays_without_pointers_are_binaries),
        cmocka_unit_test(test_handles),
        cmocka_unit_test(test_release_runs_outside_actors),
        cmocka_unit_test(test_send_move),
        cmocka_unit_test(test_main_registers_the_roots),
        cmocka_unit_test(test_what_is_no_root),
        cmocka_unit_test(test_stores_tell_the_write_hook_if_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
