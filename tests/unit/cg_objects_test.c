/* cg_objects: descriptors, objects that are constants, and allocation. */
#include "cg_fake.h"

static buskin_context_t context;
static buskin_context_t *fake_context(void) { return &context; }

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_immortal_objects),
        cmocka_unit_test(test_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
