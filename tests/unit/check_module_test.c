/* check_module_test.c - the checker as a library: the module stays as it is, findings come to the sink with their
 * place, options are honoured, and what cannot be an option is refused. The rules themselves are tested on e2e/bad-ir/ and
 * by check-mutants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>

#include "buskin_check.h"

static const char target[] =
    "target datalayout = \"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128\"\n"
    "target triple = \"x86_64-pc-linux-gnu\"\n";

typedef struct seen {
    unsigned n, rule, line;
    buskin_check_severity_t severity;
    char message[256], function[64], instruction[256], file[64], text[512];
} seen_t;

static void note(void *data, const buskin_check_finding_t *f) {
    seen_t *seen = data;
    if (f->severity == BUSKIN_CHECK_NOTE) return;
    seen->n++;
    seen->rule = f->rule;
    seen->line = f->line;
    seen->severity = f->severity;
    snprintf(seen->message, sizeof seen->message, "%s", f->message);
    snprintf(seen->function, sizeof seen->function, "%s", f->function);
    snprintf(seen->instruction, sizeof seen->instruction, "%s", f->instruction);
    snprintf(seen->file, sizeof seen->file, "%s", f->file);
    buskin_check_line(f, seen->text, sizeof seen->text);
}

static LLVMModuleRef parse(LLVMContextRef context, const char *body) {
    char *message = NULL, *text = malloc(strlen(target) + strlen(body) + 1);
    LLVMModuleRef module = NULL;
    assert_non_null(text);
    strcat(strcpy(text, target), body);
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, strlen(text), "test");
    if (LLVMParseIRInContext(context, buffer, &module, &message)) fail_msg("%s", message);
    free(text);
    return module;
}

/* The result of the check; what was found last is in *seen. */
static int look_at(const char *body, const buskin_check_options_t *options, seen_t *seen) {
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = parse(context, body);
    *seen = (seen_t){0};
    const buskin_check_sink_t sink = {note, seen};
    char *before = LLVMPrintModuleToString(module);
    int result = buskin_check_module(module, options, &sink);
    char *after = LLVMPrintModuleToString(module);
    if (!options || !options->may_change) assert_string_equal(before, after);
    LLVMDisposeMessage(before);
    LLVMDisposeMessage(after);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return result;
}

static const char null_release[] =
    "declare void @buskin_message_release(ptr)\n"
    "define void @\"f\\01\\FF\"() !dbg !3 {\n"
    "  call void @buskin_message_release(ptr null), !dbg !5\n"
    "  ret void, !dbg !5\n}\n"
    "!llvm.module.flags = !{!0}\n"
    "!llvm.dbg.cu = !{!1}\n"
    "!0 = !{i32 2, !\"Debug Info Version\", i32 3}\n"
    "!1 = distinct !DICompileUnit(language: DW_LANG_C11, file: !2, emissionKind: LineTablesOnly)\n"
    "!2 = !DIFile(filename: \"f.skit\", directory: \"\")\n"
    "!3 = distinct !DISubprogram(name: \"f\", scope: !2, file: !2, line: 1, type: !4, spFlags: "
    "DISPFlagDefinition, unit: !1)\n"
    "!4 = !DISubroutineType(types: !6)\n"
    "!5 = !DILocation(line: 12, column: 3, scope: !3)\n"
    "!6 = !{}\n";

static void a_finding_has_its_place(void **state) {
    (void)state;
    seen_t seen;
    assert_int_equal(look_at(null_release, NULL, &seen), 1);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.rule, 29);
    assert_int_equal(seen.severity, BUSKIN_CHECK_ERROR);
    assert_string_equal(seen.function, "f\\01\\FF"); /* no raw bytes leave */
    assert_string_equal(seen.file, "f.skit");
    assert_int_equal(seen.line, 12);
    assert_non_null(strstr(seen.instruction, "call void @buskin_message_release(ptr null)"));
    assert_string_equal(
        seen.text, "error [C29 null-argument] in f\\01\\FF: message of buskin_message_release is null (f.skit:12:3)");
}

static void a_line_is_as_long_as_it_says(void **state) {
    (void)state;
    char text[16];
    const buskin_check_finding_t finding = {
        .rule = 3, .severity = BUSKIN_CHECK_UNKNOWN, .message = "m", .function = "", .instruction = "", .file = ""};
    assert_int_equal(buskin_check_line(&finding, text, sizeof text), strlen("unknown [C3 spawn-slots]: m"));
    assert_string_equal(text, "unknown [C3 spa");
}

static void another_prefix_is_another_runtime(void **state) {
    (void)state;
    static const char body[] = "declare void @mesh_message_release(ptr)\n"
                               "define void @f() {\n  call void @mesh_message_release(ptr null)\n  ret void\n}\n";
    seen_t seen;
    assert_int_equal(look_at(body, NULL, &seen), 0);
    assert_int_equal(look_at(body, &(buskin_check_options_t){.prefix = "mesh_"}, &seen), 1);
    assert_int_equal(seen.rule, 29);
}

static void a_shared_heap_allows_pointers(void **state) {
    (void)state;
    static const char body[] = "declare ptr @buskin_gc_alloc_actor(i64, i64)\n"
                               "declare i32 @buskin_actor_send(i64, ptr, i64)\n"
                               "define void @f(i64 %to) {\n  %b = alloca ptr\n"
                               "  %p = call ptr @buskin_gc_alloc_actor(i64 8, i64 8)\n  store ptr %p, ptr %b\n"
                               "  %s = call i32 @buskin_actor_send(i64 %to, ptr %b, i64 8)\n  ret void\n}\n";
    seen_t seen;
    assert_int_equal(look_at(body, NULL, &seen), 1);
    assert_int_equal(seen.rule, 5);
    assert_int_equal(look_at(body, &(buskin_check_options_t){.shared_heap = true}, &seen), 0);
}

static void the_frame_limit_is_an_option(void **state) {
    (void)state;
    static const char body[] =
        "declare void @use(ptr) nocallback\n"
        "define void @f() \"buskin-actor\" \"probe-stack\"=\"inline-asm\" {\n"
        "  %b = alloca [2000 x i8]\n  call void @use(ptr %b)\n  ret void\n}\n"
        "!llvm.module.flags = !{!0, !1}\n!0 = !{i32 1, !\"buskin.abi\", i32 2}\n!1 = !{i32 1, !\"buskin.checks\", i32 1}\n";
    seen_t seen;
    assert_int_equal(look_at(body, NULL, &seen), 0);
    assert_int_equal(look_at(body, &(buskin_check_options_t){.frame_limit = 1000}, &seen), 1);
    assert_int_equal(seen.rule, 13);
}

static void what_is_unknown_does_not_count(void **state) {
    (void)state;
    static const char body[] =
        "declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)\n"
        "define i64 @f(ptr %e) {\n"
        "  %p = call i64 @buskin_actor_spawn(ptr %e, ptr null, i64 0, i8 zeroext 1)\n  ret i64 %p\n}\n";
    seen_t seen;
    assert_int_equal(look_at(body, NULL, &seen), 0);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.severity, BUSKIN_CHECK_UNKNOWN);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    seen_t seen;
    assert_int_equal(look_at("", &(buskin_check_options_t){.abi_minor = 999}, &seen), -1);
    assert_int_equal(look_at("", &(buskin_check_options_t){.prefix = ""}, &seen), -1);
    assert_int_equal(look_at("", &(buskin_check_options_t){.abi_minor = 1, .may_change = true}, &seen), 0);
}

static void a_check_needs_no_sink(void **state) {
    (void)state;
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = parse(context, null_release);
    assert_int_equal(buskin_check_module(module, NULL, NULL), 1);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

static void rules_are_numbered_and_explained(void **state) {
    (void)state;
    assert_true(buskin_check_rule_count >= 35);
    for (unsigned i = 0; i < buskin_check_rule_count; i++) {
        const buskin_check_rule_t *r = &buskin_check_rules[i];
        assert_int_equal(r->number, i + 1);
        assert_true(r->severity >= BUSKIN_CHECK_WARNING);
        const char *const texts[] = {r->name, r->title, r->why, r->bad, r->good, r->fix};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) assert_true(strlen(texts[k]) > 3);
        for (unsigned k = 0; k < i; k++) assert_string_not_equal(r->name, buskin_check_rules[k].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_its_place),           cmocka_unit_test(a_line_is_as_long_as_it_says),
        cmocka_unit_test(another_prefix_is_another_runtime), cmocka_unit_test(a_shared_heap_allows_pointers),
        cmocka_unit_test(the_frame_limit_is_an_option),      cmocka_unit_test(what_is_unknown_does_not_count),
        cmocka_unit_test(bad_options_are_refused),           cmocka_unit_test(a_check_needs_no_sink),
        cmocka_unit_test(rules_are_numbered_and_explained)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
