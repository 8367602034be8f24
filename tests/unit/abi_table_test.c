/* abi_table: the rows as data and as LLVM text. That LLVM takes the text is tested with the shims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi_table.h"

static void declares(const char *name, const char *expected) {
    char text[512];
    const abi_function_t *fn = abi_function(name);
    assert_non_null(fn);
    size_t length = abi_declaration(fn, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, expected);
}

static void test_declarations_carry_kinds_and_effects(void **state) {
    (void)state;
    declares("context", "declare noundef nonnull ptr @buskin_context() nounwind memory(none) willreturn\n");
    declares("reduction_slow", "declare void @buskin_reduction_slow() nounwind cold\n");
    declares("rt_init_actor",
             "declare noundef signext i32 @buskin_rt_init_actor(i32 noundef zeroext %workers) nounwind\n");
    declares("gc_alloc_actor", "declare noalias noundef ptr @buskin_gc_alloc_actor(i64 noundef %size, i64 noundef "
                               "%align) nounwind allocsize(0)\n");
    declares("alloc", "declare noalias noundef nonnull align 8 ptr @buskin_alloc(ptr noundef nonnull readonly %desc) "
                      "nounwind\n");
    declares("actor_exit", "declare void @buskin_actor_exit(i32 noundef zeroext %code, ptr noundef readonly nocapture "
                           "%bytes, i64 noundef %length) nounwind noreturn cold\n");
}

/* A function that may switch actors must not promise LLVM that it returns, or that memory stays. */
static void test_yielding_functions_promise_nothing(void **state) {
    (void)state;
    unsigned yielding = 0;
    for (size_t i = 0; i < abi_function_count; i++) {
        if (!(abi_functions[i].effects & (ABI_YIELDS | ABI_COLLECTS))) continue;
        char text[512];
        abi_declaration(&abi_functions[i], text, sizeof text);
        assert_null(strstr(text, "willreturn"));
        assert_null(strstr(text, "memory("));
        yielding++;
    }
    assert_true(yielding > 10);
}

static void test_every_row_is_declared_once(void **state) {
    (void)state;
    size_t size = abi_declarations(NULL, 0) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    assert_int_equal(abi_declarations(text, size), size - 1);
    for (size_t i = 0; i < abi_function_count; i++) {
        char symbol[128], call[136];
        abi_symbol(&abi_functions[i], symbol, sizeof symbol);
        snprintf(call, sizeof call, "@%s(", symbol);
        char *first = strstr(text, call);
        assert_non_null(first);
        assert_null(strstr(first + 1, call));
    }
    assert_non_null(strstr(text, "@buskin_abi_epoch_"));
    free(text);
}

static void test_a_small_buffer_is_respected(void **state) {
    (void)state;
    char text[8] = "1234567";
    size_t length = abi_declaration(abi_function("context"), text, 4);
    assert_true(length > 4);
    assert_string_equal(text, "dec");
    assert_string_equal(text + 4, "567");
}

static void test_lookups(void **state) {
    (void)state;
    assert_null(abi_function("no_such_function"));
    assert_null(abi_field("context", "no_such_field"));
    const abi_field_t *hp = abi_field("context", "hp");
    assert_non_null(hp);
    assert_int_equal(hp->offset, offsetof(buskin_context_t, hp));
    assert_int_equal(abi_param_count(abi_function("actor_self")), 0);
    assert_int_equal(abi_param_count(abi_function("panic")), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations_carry_kinds_and_effects),
        cmocka_unit_test(test_yielding_functions_promise_nothing),
        cmocka_unit_test(test_every_row_is_declared_once),
        cmocka_unit_test(test_a_small_buffer_is_respected),
        cmocka_unit_test(test_lookups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
