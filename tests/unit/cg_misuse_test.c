/* cg_misuse: what a front end can get wrong is refused with a text that says what, adds no instruction, and keeps the
 * module from being emitted.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "cg_jit.h"

static unsigned instructions(const jit_t *j) {
    unsigned n = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(j->module); f; f = LLVMGetNextFunction(f))
        for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
            for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) n++;
    return n;
}

/* The error is there, says `text`, and nothing was built. */
static void refused_(const jit_t *j, unsigned before, const char *text, int line) {
    const char *error = buskin_cg_error(j->cg);
    if (!error) fail_msg("line %d: no error", line);
    if (!strstr(error, text)) fail_msg("line %d: no '%s' in: %s", line, text, error);
    if (instructions(j) != before) fail_msg("line %d: instructions were added", line);
    buskin_cg_clear_error(j->cg);
}

#define refuses(text, call)                    \
    do {                                       \
        unsigned before_ = instructions(&j);   \
        assert_true((call) != 0);              \
        refused_(&j, before_, text, __LINE__); \
    } while (0)
/* For functions that answer NULL. */
#define refuses_null(text, call) refuses(text, (call) == NULL)

static LLVMValueRef word(const jit_t *j, uint64_t value) { return LLVMConstInt(j->i64, value, 0); }

static jit_t in_a_function(void) {
    jit_t j = jit_open(NULL);
    jit_function(&j, "f", j.none, NULL, 0);
    return j;
}

static void test_create(void **state) {
    (void)state;
    const struct {
        buskin_cg_options_t options;
        const char *text;
    } bad[] = {
        {{.opt_level = 4}, "level 4"}, {{.triple = "no-such-machine"}, "no-such-machine"}, {{.triple = ""}, "triple"}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        LLVMContextRef context = LLVMContextCreate();
        LLVMModuleRef module = LLVMModuleCreateWithNameInContext("m", context);
        buskin_cg_t *cg = buskin_cg_create(module, &bad[i].options);
        assert_non_null(cg);
        if (!buskin_cg_error(cg) || !strstr(buskin_cg_error(cg), bad[i].text))
            fail_msg("%s: %s", bad[i].text, buskin_cg_error(cg));
        assert_null(buskin_cg_declare(cg, "spawn")); /* and nothing crashes on what is not there */
        assert_int_equal(buskin_cg_optimize(cg), -1);
        buskin_cg_clear_error(cg);
        assert_null(buskin_cg_describe(cg, &(buskin_cg_object_t){0}));
        assert_null(buskin_cg_emit_memory(cg, BUSKIN_CG_LL));
        assert_int_equal(buskin_cg_optimize(cg), -1);
        buskin_cg_dispose(cg);
        LLVMDisposeModule(module);
        LLVMContextDispose(context);
    }
    buskin_cg_dispose(NULL);
}

static void refuses_module(const char *ir, const char *text) {
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *message = NULL;
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(ir, strlen(ir), "m");
    if (LLVMParseIRInContext(context, buffer, &module, &message)) fail_msg("%s", message);
    buskin_cg_t *cg = buskin_cg_create(module, NULL);
    assert_non_null(buskin_cg_error(cg));
    assert_non_null(strstr(buskin_cg_error(cg), text));
    buskin_cg_dispose(cg);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

static void test_modules_of_another_kind(void **state) {
    (void)state;
    refuses_module("target datalayout = \"E-p:32:32\"\n", "data layout");
    refuses_module("!llvm.module.flags = !{!0}\n!0 = !{i32 1, !\"buskin.abi\", i32 99}\n", "epoch");
}

static void test_builder_positions(void **state) {
    (void)state;
    jit_t j = jit_open(NULL), other = in_a_function();
    refuses_null("no function", buskin_cg_context(j.cg, j.b));
    refuses_null("no function", buskin_cg_context(j.cg, NULL));
    refuses_null("another module", buskin_cg_context(j.cg, other.b));
    jit_function(&j, "f", j.none, NULL, 0);
    LLVMBuildRetVoid(j.b);
    refuses_null("terminator", buskin_cg_self(j.cg, j.b));
    jit_close(&other);
    jit_close(&j);
}

static void test_rows(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMValueRef one = word(&j, 1), args[] = {one, one, one, one};
    refuses_null("no function \"nothing\"", buskin_cg_declare(j.cg, "nothing"));
    refuses_null("no function \"nothing\"", buskin_cg_call(j.cg, j.b, "nothing", NULL, 0));
    refuses_null("takes 3 arguments, not 2", buskin_cg_call(j.cg, j.b, "send_word", args, 2));
    refuses_null("bytes is i64, not ptr", buskin_cg_call(j.cg, j.b, "actor_send", args, 3));
    args[1] = NULL;
    refuses_null("missing", buskin_cg_call(j.cg, j.b, "send_word", args, 3));
    LLVMAddFunction(j.module, "buskin_actor_self", LLVMFunctionType(j.i32, NULL, 0, 0));
    refuses_null("another type", buskin_cg_declare(j.cg, "actor_self"));
    LLVMAddGlobal(j.module, j.i64, "buskin_actor_yield");
    refuses_null("variable", buskin_cg_declare(j.cg, "actor_yield"));
    jit_t k = jit_open(NULL);
    jit_function(&k, "buskin_actor_yield", k.none, NULL, 0);
    assert_null(buskin_cg_declare(k.cg, "actor_yield"));
    assert_non_null(strstr(buskin_cg_error(k.cg), "defined in the module"));
    jit_close(&k);
    jit_close(&j);
}

static void test_fields(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMValueRef p = LLVMConstNull(j.ptr), one = word(&j, 1);
    refuses_null("no field", buskin_cg_load_field(j.cg, j.b, "context", "private1", p));
    refuses_null("may not load", buskin_cg_load_field(j.cg, j.b, "spawn_desc", "priority", p));
    refuses_null("may not load", buskin_cg_load_field(j.cg, j.b, "receive", "state", p));
    refuses("may not store", buskin_cg_store_field(j.cg, j.b, "context", "pid", p, one));
    refuses("i64, not i32", buskin_cg_store_field(j.cg, j.b, "desc", "user", p, one));
    refuses_null("i64, not ptr", buskin_cg_load_field(j.cg, j.b, "context", "pid", one));
    jit_close(&j);
}

static void test_objects(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMTypeRef wide = LLVMInt128TypeInContext(j.context),
                wide_struct = LLVMStructTypeInContext(j.context, &wide, 1, 0);
    LLVMTypeRef narrow = LLVMStructTypeInContext(j.context, &j.i32, 1, 0);
    refuses_null("not a struct", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = j.i64}));
    refuses_null("alignment", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = wide_struct}));
    refuses_null("alignment", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.element = wide}));
    refuses_null("no size", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.element = j.none}));
    refuses_null("count", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = narrow, .element = j.i8}));
    refuses_null("1 to 65535", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.element = LLVMArrayType2(j.i8, 65536)}));
    LLVMTypeRef many = LLVMArrayType2(j.ptr, 70000), many_struct = LLVMStructTypeInContext(j.context, &many, 1, 0);
    refuses_null("more pointers", buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = many_struct}));
    buskin_cg_desc_t *fixed = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.fixed = narrow});
    buskin_cg_desc_t *array = buskin_cg_describe(j.cg, &(buskin_cg_object_t){.element = j.i64});
    refuses_null("alloc_array", buskin_cg_alloc(j.cg, j.b, array));
    refuses_null("not an array", buskin_cg_alloc_array(j.cg, j.b, fixed, word(&j, 1)));
    refuses_null("missing", buskin_cg_alloc(j.cg, j.b, NULL));
    refuses_null("i64, not ptr", buskin_cg_object_user(j.cg, j.b, word(&j, 1)));
    refuses_null("not a constant", buskin_cg_immortal(j.cg, fixed, NULL));
    refuses_null("16 bytes, its descriptor says 8",
                 buskin_cg_immortal(j.cg, fixed, LLVMConstNull(LLVMArrayType2(j.i64, 2))));
    refuses_null("count", buskin_cg_immortal(j.cg, array, word(&j, 1)));
    LLVMValueRef three[] = {word(&j, 3), word(&j, 1)};
    refuses_null("16 bytes, its descriptor says 32",
                 buskin_cg_immortal(j.cg, array, LLVMConstStructInContext(j.context, three, 2, 0)));
    refuses_null("plain array of bytes", buskin_cg_immortal_bytes(j.cg, array, "x", 1));
    jit_close(&j);
}

static void test_actors(void **state) {
    (void)state;
    jit_t j = jit_open(NULL);
    LLVMValueRef body = jit_function(&j, "body", j.none, &j.i64, 1);
    LLVMBuildRetVoid(j.b);
    const buskin_cg_slot_t number = {j.i64, 0}, text = {j.ptr, BUSKIN_CG_MANAGED}, bare = {j.ptr, 0};
    buskin_cg_actor_options_t o = {.body = body, .params = &number, .nparams = 1, .priority = BUSKIN_NORMAL};
    refuses_null("no name", buskin_cg_actor(j.cg, &o));
    o.name = "a";
    o.nparams = 0;
    refuses_null("1 parameters, 0 are described", buskin_cg_actor(j.cg, &o));
    o.nparams = 1;
    o.params = &text;
    refuses_null("is i64, not ptr", buskin_cg_actor(j.cg, &o));
    o.params = NULL;
    refuses_null("params are missing", buskin_cg_actor(j.cg, &o));
    o.params = &number;
    o.priority = 3;
    refuses_null("priority 3", buskin_cg_actor(j.cg, &o));
    o.priority = BUSKIN_HIGH;
    o.mailbox_policy = 5;
    refuses_null("policy 5", buskin_cg_actor(j.cg, &o));
    o.mailbox_policy = BUSKIN_POLICY_COALESCE;
    o.mailbox_fallback = BUSKIN_POLICY_COALESCE;
    refuses_null("fallback 4", buskin_cg_actor(j.cg, &o));
    o.mailbox_fallback = 0;
    o.terminate = word(&j, 1);
    refuses_null("terminate", buskin_cg_actor(j.cg, &o));
    o.terminate = NULL;
    refuses_null("neither managed nor raw", buskin_cg_actor_import(j.cg, "b", &bare, 1));
    refuses_null("no name", buskin_cg_actor_import(j.cg, "", NULL, 0));
    buskin_cg_actor_t *a = buskin_cg_actor(j.cg, &o);
    assert_non_null(a);
    refuses_null("exists already", buskin_cg_actor(j.cg, &o));
    refuses_null("without parameters", buskin_cg_main_thunk(j.cg, a, "main"));
    refuses_null("(state)", buskin_cg_terminate(j.cg, "t", jit_function(&j, "t", j.none, NULL, 0)));
    jit_function(&j, "f", j.none, NULL, 0);
    LLVMValueRef one = word(&j, 1), null = LLVMConstNull(j.ptr), ref;
    refuses_null("takes 1 arguments, not 0", buskin_cg_spawn(j.cg, j.b, a, NULL, 0, 0, NULL));
    refuses_null("is ptr, not i64", buskin_cg_spawn(j.cg, j.b, a, &null, 1, 0, NULL));
    refuses_null("actor is missing", buskin_cg_spawn(j.cg, j.b, NULL, &one, 1, 0, NULL));
    refuses_null("unknown flags", buskin_cg_spawn(j.cg, j.b, a, &one, 1, 4, NULL));
    refuses_null("reference", buskin_cg_spawn(j.cg, j.b, a, &one, 1, BUSKIN_SPAWN_MONITOR, NULL));
    refuses_null("reference", buskin_cg_spawn(j.cg, j.b, a, &one, 1, 0, &ref));
    refuses("not a function", buskin_cg_actor_code(j.cg, one));
    jit_close(&j);
}

static void test_messages(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMValueRef one = word(&j, 1), null = LLVMConstNull(j.ptr);
    const buskin_cg_slot_t number = {j.i64, 0}, bare = {j.ptr, 0};
    buskin_cg_receive_t r;
    refuses_null("tag is 0", buskin_cg_send(j.cg, j.b, one, word(&j, 0), &number, &one, 1));
    refuses_null("the pid is ptr", buskin_cg_send(j.cg, j.b, null, one, &number, &one, 1));
    refuses_null("a value is ptr, not i64", buskin_cg_send(j.cg, j.b, one, one, &number, &null, 1));
    refuses_null("neither managed nor raw", buskin_cg_send(j.cg, j.b, one, one, &bare, &null, 1));
    refuses_null("slots are missing", buskin_cg_send(j.cg, j.b, one, one, NULL, &one, 1));
    refuses_null("size is ptr", buskin_cg_send_bytes(j.cg, j.b, one, null, null));
    refuses_null("value 1 of 1", buskin_cg_message_load(j.cg, j.b, null, &number, 1, 1));
    refuses_null("i64, not ptr", buskin_cg_message_load(j.cg, j.b, one, &number, 1, 0));
    refuses_null("i64, not ptr", buskin_cg_message_kind(j.cg, j.b, one));
    refuses_null("i64, not ptr", buskin_cg_notice_bytes(j.cg, j.b, one));
    refuses("ptr, not i64", buskin_cg_receive_begin(j.cg, j.b, null, 1, &r));
    r = (buskin_cg_receive_t){0};
    refuses("no begin", buskin_cg_receive_filter(j.cg, &r, NULL, 0));
    r.reset = one;
    refuses("matches are missing", buskin_cg_receive_filter(j.cg, &r, NULL, 1));
    refuses("of kind 6", buskin_cg_receive_filter(j.cg, &r, &(buskin_cg_match_t){.kind = 6}, 1));
    r.message = null;
    refuses("before the peek", buskin_cg_receive_filter(j.cg, &r, NULL, 0));
    r.message = NULL;
    refuses("no peek", buskin_cg_receive_take(j.cg, j.b, &r));
    refuses("the other block", buskin_cg_receive_test(j.cg, j.b, null, 0, one, NULL));
    refuses_null("on_timeout", buskin_cg_receive_any(j.cg, j.b, one, NULL));
    refuses_null("the time is ptr", buskin_cg_send_after(j.cg, j.b, one, null, one, &number, &one, 1));
    refuses_null("the timeout is ptr", buskin_cg_request(j.cg, j.b, one, one, &number, &one, 1, null, NULL));
    refuses_null("value 2 of 1", buskin_cg_request_load(j.cg, j.b, null, &number, 1, 2));
    refuses_null("reference is ptr", buskin_cg_reply(j.cg, j.b, one, null, &number, &one, 1));
    refuses_null("a value is ptr", buskin_cg_pack(j.cg, j.b, &number, &null, 1, NULL));
    refuses("length is ptr", buskin_cg_panic(j.cg, j.b, null, null, NULL, 0, 0));
    refuses("go together", buskin_cg_exit(j.cg, j.b, LLVMConstInt(j.i32, 64, 0), null, NULL));
    jit_close(&j);
}

/* -- Emission ----------------------------------------------------------------------------------------------- */

static void test_the_first_error_stays(void **state) {
    (void)state;
    jit_t j = in_a_function();
    assert_null(buskin_cg_declare(j.cg, "first"));
    assert_null(buskin_cg_declare(j.cg, "second"));
    assert_non_null(strstr(buskin_cg_error(j.cg), "first"));
    LLVMBuildRetVoid(j.b);
    assert_int_equal(buskin_cg_optimize(j.cg), -1);
    assert_null(buskin_cg_emit_memory(j.cg, BUSKIN_CG_LL));
    assert_int_equal(buskin_cg_emit_file(j.cg, BUSKIN_CG_LL, "/nonexistent/x"), -1);
    assert_non_null(strstr(buskin_cg_error(j.cg), "first"));
    buskin_cg_clear_error(j.cg);
    assert_null(buskin_cg_error(j.cg));
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    jit_close(&j);
}

static void test_order_of_the_end(void **state) {
    (void)state;
    jit_t j = in_a_function();
    refuses("not valid", buskin_cg_verify(j.cg)); /* a block without an end */
    refuses("not valid", buskin_cg_optimize(j.cg));
    buskin_cg_actor_code(j.cg, LLVMGetNamedFunction(j.module, "f"));
    LLVMBuildRetVoid(j.b);
    refuses_null("without reduction checks", buskin_cg_emit_memory(j.cg, BUSKIN_CG_OBJECT));
    refuses_null("unknown output", buskin_cg_emit_memory(j.cg, (buskin_cg_output_t)9));
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    refuses("finished", buskin_cg_optimize(j.cg));
    refuses("finished", buskin_cg_insert_checks(j.cg));
    refuses_null("finished", buskin_cg_declare(j.cg, "spawn"));
    refuses_null("finished", buskin_cg_context(j.cg, j.b));
    jit_close(&j);
}

static void test_files(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMBuildRetVoid(j.b);
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    char path[] = "/tmp/cg_misuse_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct {
        buskin_cg_output_t output;
        const char *begins;
    } outputs[] = {{BUSKIN_CG_LL, "; ModuleID"}, {BUSKIN_CG_BC, "BC"}, {BUSKIN_CG_OBJECT, "\177ELF"}};
    for (unsigned i = 0; i < 3; i++) {
        char head[16] = {0};
        assert_int_equal(buskin_cg_emit_file(j.cg, outputs[i].output, path), 0);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        assert_true(fread(head, 1, 10, file) == 10);
        fclose(file);
        assert_memory_equal(head, outputs[i].begins, strlen(outputs[i].begins));
    }
    unlink(path);
    refuses("/nonexistent/x", buskin_cg_emit_file(j.cg, BUSKIN_CG_LL, "/nonexistent/x"));
    refuses("cannot write /dev/full", buskin_cg_emit_file(j.cg, BUSKIN_CG_OBJECT, "/dev/full"));
    struct stat status;
    assert_int_equal(stat("/dev/full", &status), 0); /* a device stays */
    jit_close(&j);
}

/* What does not assemble is an error here, not the end of the process. */
static void test_bad_assembler(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMTypeRef type = LLVMFunctionType(j.none, NULL, 0, 0);
    const char text[] = "no such instruction";
    LLVMValueRef assembler = LLVMGetInlineAsm(type, text, sizeof text - 1, "", 0, 1, 0, LLVMInlineAsmDialectATT, 0);
    LLVMBuildCall2(j.b, type, assembler, NULL, 0, "");
    LLVMBuildRetVoid(j.b);
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    assert_null(buskin_cg_emit_memory(j.cg, BUSKIN_CG_OBJECT));
    assert_non_null(strstr(buskin_cg_error(j.cg), "code generation"));
    jit_close(&j);
}

/* Modules of two epochs, or with and without checks claimed otherwise, do not link. */
static void test_module_flags(void **state) {
    (void)state;
    jit_t j = in_a_function();
    LLVMBuildRetVoid(j.b);
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    size_t n;
    unsigned found = 0;
    LLVMModuleFlagEntry *flags = LLVMCopyModuleFlagsMetadata(j.module, &n);
    for (unsigned i = 0; i < n; i++) {
        size_t length;
        const char *key = LLVMModuleFlagEntriesGetKey(flags, i, &length);
        if (strncmp(key, "buskin.", 7) != 0) continue;
        assert_int_equal(LLVMModuleFlagEntriesGetFlagBehavior(flags, i), LLVMModuleFlagBehaviorError);
        found++;
    }
    LLVMDisposeModuleFlagsMetadata(flags);
    assert_int_equal(found, 2); /* buskin.abi, buskin.checks */
    assert_true(strlen(LLVMGetDataLayoutStr(j.module)) > 0);
    assert_true(strlen(LLVMGetTarget(j.module)) > 0);
    jit_close(&j);
}

/* -- Supervisors (S9.16): what the runtime would refuse is refused here, with its text -- */

static const buskin_cg_child_t good_child = {.name = "a", .shutdown_ms = 5000};
static const buskin_cg_supervisor_options_t good_supervisor = {.name = "S", .nchildren = 1, .window_ms = 5000};

static LLVMValueRef supervisor_with(const jit_t *j, buskin_cg_supervisor_options_t o, buskin_cg_child_t c) {
    buskin_cg_child_t children[] = {c, c};
    o.children = children;
    return buskin_cg_supervisor(j->cg, &o);
}

static void test_supervisor(void **state) {
    jit_t j = in_a_function();
    (void)state;
    LLVMValueRef body = LLVMAddFunction(j.module, "body", LLVMFunctionType(j.i64, &j.i64, 1, 0));
    const buskin_cg_slot_t slot = {.type = j.i64};
    refuses_null("no name", buskin_cg_start(j.cg, "", body, &slot, 1));
    refuses_null("not a function", buskin_cg_start(j.cg, "a", NULL, &slot, 1));
    refuses_null("1 parameters, 0 are described", buskin_cg_start(j.cg, "a", body, NULL, 0));
    refuses_null("returns the child's pid", buskin_cg_start(j.cg, "a", LLVMGetNamedFunction(j.module, "f"), NULL, 0));
    buskin_cg_child_t child = good_child;
    child.start = buskin_cg_start(j.cg, "a", body, &slot, 1);
    assert_non_null(child.start);
#define SUPERVISOR(text, field, value)                                    \
    do {                                                                  \
        buskin_cg_supervisor_options_t o = good_supervisor;               \
        o.field = value;                                                  \
        refuses_null("supervisor S" text, supervisor_with(&j, o, child)); \
    } while (0)
#define CHILD(text, field, value)                                                           \
    do {                                                                                    \
        buskin_cg_child_t c = child;                                                        \
        c.field = value;                                                                    \
        refuses_null("supervisor S, child " text, supervisor_with(&j, good_supervisor, c)); \
    } while (0)
    SUPERVISOR(": strategy is none of", strategy, 4);
    SUPERVISOR(": max_restarts", max_restarts, UINT32_MAX);
    SUPERVISOR(": window_ms", window_ms, 0);
    SUPERVISOR(": auto_shutdown", auto_shutdown, 3);
    SUPERVISOR(", child a: another child", nchildren, 2);
    CHILD(": the name is missing", name, NULL);
    CHILD(": the name is missing", name, "");
    CHILD("a: it has no start function", start, NULL);
    CHILD("a: restart is none of", restart, 3);
    CHILD("a: shutdown_ms", shutdown_ms, -3);
    CHILD("a: a significant child", flags, BUSKIN_CHILD_SIGNIFICANT);
    CHILD("a: backoff_max_ms", backoff_min_ms, 1);
    CHILD("a: a breaker needs", breaker_window_ms, 1);
    CHILD("a: the record is missing", flags, 4);
    buskin_cg_supervisor_options_t two = good_supervisor;
    two.strategy = BUSKIN_SIMPLE_ONE_FOR_ONE;
    two.nchildren = 2;
    refuses_null("exactly one child", supervisor_with(&j, two, child));
    LLVMValueRef spec = supervisor_with(&j, good_supervisor, child);
    assert_non_null(spec);
    refuses_null("exists already", supervisor_with(&j, good_supervisor, child));
    refuses_null("unknown flags", buskin_cg_supervisor_start(j.cg, j.b, spec, 4, NULL));
    refuses_null("goes with MONITOR", buskin_cg_supervisor_start(j.cg, j.b, spec, BUSKIN_SPAWN_MONITOR, NULL));
    refuses_null("the supervisor", buskin_cg_start_child(j.cg, j.b, spec, NULL, NULL, 0, NULL));
    jit_close(&j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_supervisor),
        cmocka_unit_test(test_modules_of_another_kind),
        cmocka_unit_test(test_builder_positions),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_actors),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_the_first_error_stays),
        cmocka_unit_test(test_order_of_the_end),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_bad_assembler),
        cmocka_unit_test(test_module_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
