/* cg_fresh: messages that are built in place. What lies in the message is what its reader expects, all bytes of it are written, and
 * what would have to be copied is refused.
 */
#include "cg_fake.h"

static uint64_t sent_to, sent_tag, sent_room;
static const buskin_desc_t *sent_desc;
static bool has_memory;
static unsigned sends;

/* [tag][length][data ...], full of ones, so that a byte that nobody writes is seen. */
static _Alignas(16) uint64_t memory[64];

static void *fake_message_new(uint64_t to, uint64_t tag, const buskin_desc_t *desc, uint64_t room) {
    sent_to = to, sent_tag = tag, sent_desc = desc, sent_room = room;
    memset(memory, 0xff, sizeof memory);
    return has_memory ? memory : NULL;
}

static int32_t fake_message_send(const void *message) {
    assert_ptr_equal(message, memory);
    sends++;
    return 5;
}

static const jit_symbol_t symbols[] = {{"fake_message_new", (uintptr_t)fake_message_new},
                                       {"fake_message_send", (uintptr_t)fake_message_send}};

typedef struct shape {
    buskin_cg_desc_t *pair, *node, *odd, *empty;
    LLVMValueRef literal;
} shape_t;

static LLVMTypeRef record(const jit_t *j, LLVMTypeRef *fields, unsigned n) {
    return LLVMStructTypeInContext(j->context, fields, n, 0);
}

static shape_t describe_all(jit_t *j) {
    LLVMTypeRef pair[] = {j->i64, j->f64}, node[] = {j->ptr, j->ptr}, odd[] = {j->i8, j->i32, j->ptr, j->i16};
    static const bool raw_second[] = {true, false};
    shape_t s = {.pair = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "pair", .fixed = record(j, pair, 2)}),
                 .node = buskin_cg_describe(
                     j->cg, &(buskin_cg_object_t){.name = "node", .fixed = record(j, node, 2), .managed = raw_second}),
                 .odd = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "odd", .fixed = record(j, odd, 4)}),
                 .empty = buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "empty"})};
    s.literal = buskin_cg_immortal_bytes(
        j->cg, buskin_cg_describe(j->cg, &(buskin_cg_object_t){.name = "text", .element = j->i8}), "ab", 2);
    jit_clean(j);
    return s;
}

static buskin_cg_fresh_t plain(LLVMValueRef value) { return (buskin_cg_fresh_t){.value = value}; }

static buskin_cg_fresh_t object(const buskin_cg_desc_t *desc, const buskin_cg_fresh_t *fields, unsigned n) {
    return (buskin_cg_fresh_t){.desc = desc, .fields = fields, .nfields = n};
}

/* i32 tell(i64 x, double y, ptr raw): 7, node{odd{3, 4, pair{x, y}, 5}, raw}, empty, literal */
static void build_tell(jit_t *j) {
    shape_t s = describe_all(j);
    LLVMTypeRef params[] = {j->i64, j->f64, j->ptr};
    LLVMValueRef f = jit_function(j, "tell", j->i32, params, 3);
    const buskin_cg_fresh_t pair[] = {plain(LLVMGetParam(f, 0)), plain(LLVMGetParam(f, 1))};
    const buskin_cg_fresh_t odd[] = {plain(LLVMConstInt(j->i8, 3, 0)), plain(LLVMConstInt(j->i32, 4, 0)),
                                     object(s.pair, pair, 2), plain(LLVMConstInt(j->i16, 5, 0))};
    const buskin_cg_fresh_t node[] = {object(s.odd, odd, 4), plain(LLVMGetParam(f, 2))};
    const buskin_cg_fresh_t values[] = {plain(LLVMConstInt(j->i8, 7, 0)), object(s.node, node, 2),
                                        object(s.empty, NULL, 0), plain(s.literal)};
    const buskin_cg_slot_t slots[] = {
        {j->i8, 0}, {j->ptr, BUSKIN_CG_MANAGED}, {j->ptr, BUSKIN_CG_MANAGED}, {j->ptr, BUSKIN_CG_MANAGED}};
    LLVMBuildRet(j->b, buskin_cg_send_new(j->cg, j->b, word(j, 11), word(j, 12), slots, values, 4));
    export_address(j, "literal", s.literal);
}

static const char *name_of(const uint64_t *object) { return (*(const buskin_desc_t *const *)(object - 1))->name; }

static const uint64_t *pointer(uint64_t word) { return (const uint64_t *)(uintptr_t)word; }

static void check_tell(const jit_t *j, const char *raw) {
    const uint64_t *data = memory + 2, *node = pointer(data[1]), *odd = pointer(node[0]), *pair = pointer(odd[1]);
    double y;
    assert_int_equal(sent_to, 11);
    assert_int_equal(sent_tag, 12);
    assert_int_equal(sent_desc->size, 32);
    assert_int_equal(sent_desc->npointers, 3);
    assert_int_equal(sent_room, 8 + 16 + 8 + 24 + 8 + 16 + 8);
    assert_int_equal(data[0], 7);
    assert_string_equal(name_of(node), "node");
    assert_ptr_equal(node[1], raw);
    assert_string_equal(name_of(odd), "odd");
    assert_int_equal(odd[0], 3 | UINT64_C(4) << 32); /* what lies between is zero */
    assert_int_equal(odd[2], 5);
    assert_string_equal(name_of(pair), "pair");
    assert_int_equal(pair[0], 99);
    memcpy(&y, &pair[1], sizeof y);
    assert_true(y == 2.5);
    assert_string_equal(name_of(pointer(data[2])), "empty");
    assert_ptr_equal(data[3], address(j, "literal"));
    /* the objects fill the room, one behind the other, and nothing else was written */
    assert_ptr_equal(node, data + 5);
    assert_ptr_equal(odd, node + 3);
    assert_ptr_equal(pair, odd + 4);
    assert_ptr_equal(data[2], pair + 3);
    assert_int_equal(pair[3], UINT64_MAX); /* behind the last one */
    assert_int_equal(memory[0], UINT64_MAX);
    assert_int_equal(memory[1], UINT64_MAX);
}

static void test_objects_are_built_in_the_message(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const char raw[] = "raw";
        jit_t j = jit_open(&options[i]);
        build_tell(&j);
        jit_clean(&j);
        jit_run(&j, symbols, 2);
        int32_t (*tell)(uint64_t, double, const char *) =
            (int32_t (*)(uint64_t, double, const char *))jit_find(&j, "tell");
        has_memory = true, sends = 0;
        assert_int_equal(tell(99, 2.5, raw), 5);
        assert_int_equal(sends, 1);
        check_tell(&j, raw);
        has_memory = false, sends = 0;
        assert_int_equal(tell(99, 2.5, raw), BUSKIN_ENOMEM);
        assert_int_equal(sends, 0);
        jit_close(&j);
    }
}

/* Slots that are more than a word lie as they would in a buffer, and what is between slots is zero. */
static void test_wide_slots(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        jit_t j = jit_open(&options[i]);
        LLVMTypeRef gap[] = {j.i8, j.i64}, gap_type = record(&j, gap, 2), i128 = LLVMIntTypeInContext(j.context, 128);
        const buskin_cg_slot_t slots[] = {{j.i32, BUSKIN_CG_SIGNED}, {i128, 0}, {gap_type, 0}};
        LLVMValueRef f = jit_function(&j, "tell", j.i32, &j.i32, 1);
        LLVMValueRef fields[] = {LLVMConstInt(j.i8, 9, 0), word(&j, 10)};
        const buskin_cg_fresh_t values[] = {plain(LLVMGetParam(f, 0)), plain(LLVMConstInt(i128, 8, 0)),
                                            plain(LLVMConstStructInContext(j.context, fields, 2, 0))};
        LLVMBuildRet(j.b, buskin_cg_send_new(j.cg, j.b, word(&j, 1), word(&j, 2), slots, values, 3));
        jit_clean(&j);
        jit_run(&j, symbols, 2);
        has_memory = true;
        ((int32_t (*)(int32_t))jit_find(&j, "tell"))(-3);
        const uint64_t want[] = {(uint64_t)-3, 0, 8, 0, 9, 10};
        memory[2 + 4] &= 0xff; /* what lies between the fields of a struct is nobody's */
        assert_memory_equal(memory + 2, want, sizeof want);
        assert_int_equal(memory[2 + 6], UINT64_MAX);
        assert_int_equal(sent_desc->size, sizeof want);
        assert_int_equal(sent_room, 0);
        jit_close(&j);
    }
}

static void refused_(jit_t *j, LLVMValueRef status, const char *text, int line) {
    const char *error = buskin_cg_error(j->cg);
    if (status || !error || !strstr(error, text)) fail_msg("line %d: no '%s' in: %s", line, text, error);
    assert_null(LLVMGetFirstInstruction(LLVMGetInsertBlock(j->b))); /* nothing was built */
    buskin_cg_clear_error(j->cg);
}
#define refused(value, slot, text) \
    refused_(&j, buskin_cg_send_new(j.cg, j.b, word(&j, 1), word(&j, 2), (slot), (value), 1), text, __LINE__)

static void test_what_would_have_to_be_copied_is_refused(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    shape_t s = describe_all(&j);
    const buskin_cg_slot_t managed = {j.ptr, BUSKIN_CG_MANAGED}, raw = {j.ptr, BUSKIN_CG_RAW}, number = {j.i64, 0};
    buskin_cg_desc_t *array = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.element = j.i64});
    LLVMTypeRef inner = record(&j, (LLVMTypeRef[]){j.i64, j.ptr}, 2);
    buskin_cg_desc_t *wide = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = record(&j, &inner, 1)});
    LLVMValueRef f = jit_function(&j, "f", j.none, (LLVMTypeRef[]){j.ptr, inner}, 2);
    buskin_cg_fresh_t mine = plain(LLVMGetParam(f, 0)), whole = plain(LLVMGetParam(f, 1)), one = plain(word(&j, 1));
    buskin_cg_fresh_t fields[] = {mine, mine}, made = object(s.node, fields, 2);
    refused(&mine, &managed, "would have to be copied");
    refused(&made, &managed, "would have to be copied"); /* in a field */
    made = object(wide, &whole, 1);
    refused(&made, &managed, "would have to be copied"); /* in a struct in a field */
    made = object(s.empty, NULL, 0);
    refused(&made, &raw, "where no managed pointer goes");
    refused(&made, &number, "where no managed pointer goes");
    fields[0] = plain(s.literal), fields[1] = made;
    made = object(s.node, fields, 2);
    refused(&made, &managed, "where no managed pointer goes"); /* its second field is raw */
    made = object(array, &one, 1);
    refused(&made, &managed, "of a fixed size");
    made = object(s.pair, &one, 1);
    refused(&made, &managed, "2 fields, not 1");
    fields[0] = one, fields[1] = one;
    made = object(s.pair, fields, 2);
    refused(&made, &managed, "a value is i64, not double");
    refused(&one, &managed, "a value is i64, not ptr");
    refused_(&j, buskin_cg_send_new(j.cg, j.b, word(&j, 1), word(&j, 2), NULL, NULL, 0), "without data", __LINE__);
    refused_(&j, buskin_cg_send_new(j.cg, j.b, word(&j, 1), word(&j, 0), &number, &one, 1), "the tag is 0", __LINE__);
    jit_close(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_built_in_the_message),
        cmocka_unit_test(test_wide_slots),
        cmocka_unit_test(test_what_would_have_to_be_copied_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
