/* two_actors.c - a front end in one file: it builds a module of two actors and a supervisor by hand, has it checked, and writes
 * an object.
 *
 *     cc two_actors.c -I$(llvm-config-19 --includedir) -IBUILD/include BUILD/lib/libbuskin-codegen.a \\
 *         $(llvm-config-19 --ldflags --libs) -o two_actors
 *     ./two_actors out.o
 *     cc out.o $(buskin-config --libs) -o program && ./program
 *
 * The program that it builds, in the notation of no language in particular:
 *
 *     actor adder(reply_to: Pid, step: Float, label: String, ledger: Handle)
 *         total = 0.0
 *         loop receive
 *             Add(n)  -> total += n * step
 *             Report  -> ledger.rounds = n; send reply_to Total{label, total}; end
 *
 *     supervisor desk: simple_one_for_one, transient adders
 *
 *     actor main
 *         ledger = handle of 8 bytes, closed by `close`
 *         p = start_child desk adder(self, 0.5, "halves", ledger)
 *         for i in 1..100_000: send p Add(i)
 *         send p Report
 *         receive Total{label, total} -> print label, total, ledger.rounds
 *         after 10_000 -> panic "no answer"
 */
#include <buskin_cg.h>
#include <buskin_check.h>

#include <stdio.h>
#include <stdlib.h>

#include <buskin.h>

enum { TAG_ADD = 101, TAG_REPORT = 102, TAG_TOTAL = 103, ROUNDS = 100000, LEDGER_BYTES = 8, NPARAMS = 4 };

static LLVMContextRef context;
static LLVMModuleRef module;
static buskin_cg_t *cg;
static LLVMTypeRef i32, i64, f64, ptr, none;
static buskin_cg_desc_t *string, *total_desc;
static LLVMTypeRef total_type; /* { ptr label, double total } */

static LLVMValueRef word(int64_t value) { return LLVMConstInt(i64, (uint64_t)value, 1); }

static LLVMBasicBlockRef block(LLVMValueRef function, const char *name) {
    return LLVMAppendBasicBlockInContext(context, function, name);
}

static LLVMValueRef field(LLVMBuilderRef b, LLVMValueRef object, unsigned i) {
    return LLVMBuildStructGEP2(b, total_type, object, i, "");
}

/* -- What the language knows: types, descriptors, slots ------------------------------------------------- */

static void types_init(void) {
    i32 = LLVMInt32TypeInContext(context);
    i64 = LLVMInt64TypeInContext(context);
    f64 = LLVMDoubleTypeInContext(context);
    ptr = LLVMPointerTypeInContext(context, 0);
    none = LLVMVoidTypeInContext(context);
    string = buskin_cg_describe(
        cg, &(buskin_cg_object_t){.name = "String", .element = LLVMInt8TypeInContext(context), .binary = true});
    LLVMTypeRef fields[] = {ptr, f64};
    total_type = LLVMStructTypeInContext(context, fields, 2, 0);
    total_desc = buskin_cg_describe(cg, &(buskin_cg_object_t){.name = "Total", .fixed = total_type});
}

static buskin_cg_slot_t slot(LLVMTypeRef type, unsigned flags) { return (buskin_cg_slot_t){type, flags}; }

/* What an adder is started with: by spawn, and before that by start_child. */
static void adder_slots(buskin_cg_slot_t slots[NPARAMS]) {
    slots[0] = slot(i64, 0);
    slots[1] = slot(f64, 0);
    slots[2] = slots[3] = slot(ptr, BUSKIN_CG_MANAGED);
}

static LLVMValueRef function_of(const char *name, LLVMTypeRef result) {
    LLVMTypeRef params[NPARAMS] = {i64, f64, ptr, ptr};
    return LLVMAddFunction(module, name, LLVMFunctionType(result, params, NPARAMS, 0));
}

/* -- adder ---------------------------------------------------------------------------------------------- */

static void adder_report(LLVMBuilderRef b, LLVMValueRef body, LLVMValueRef total, LLVMValueRef rounds) {
    LLVMBuildStore(b, rounds, buskin_cg_shared_object(cg, b, LLVMGetParam(body, 3)));
    LLVMValueRef object = buskin_cg_alloc(cg, b, total_desc);
    LLVMBuildStore(b, LLVMGetParam(body, 2), field(b, object, 0));
    LLVMBuildStore(b, total, field(b, object, 1));
    buskin_cg_slot_t managed = slot(ptr, BUSKIN_CG_MANAGED);
    buskin_cg_send(cg, b, LLVMGetParam(body, 0), word(TAG_TOTAL), &managed, &object, 1);
    LLVMBuildRetVoid(b);
}

static LLVMValueRef adder_body(void) {
    LLVMValueRef body = function_of("adder", none);
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    LLVMBasicBlockRef entry = block(body, "entry"), loop = block(body, "loop");
    LLVMBasicBlockRef not_add = block(body, "not_add"), other = block(body, "other");
    buskin_cg_slot_t number = slot(i64, 0);
    buskin_cg_receive_t r;

    LLVMPositionBuilderAtEnd(b, entry);
    LLVMBuildBr(b, loop);
    LLVMPositionBuilderAtEnd(b, loop);
    LLVMValueRef total = LLVMBuildPhi(b, f64, "total"), rounds = LLVMBuildPhi(b, i64, "rounds");
    buskin_cg_receive_begin(cg, b, NULL, 2, &r);
    LLVMValueRef message = buskin_cg_receive_peek(cg, b, &r);

    buskin_cg_receive_test(cg, b, message, BUSKIN_MSG_USER, word(TAG_ADD), not_add);
    LLVMValueRef n = buskin_cg_message_load(cg, b, message, &number, 1, 0);
    buskin_cg_receive_drop(cg, b, &r);
    LLVMValueRef product = LLVMBuildFMul(b, LLVMBuildSIToFP(b, n, f64, ""), LLVMGetParam(body, 1), "");
    LLVMValueRef sum = LLVMBuildFAdd(b, total, product, "");
    LLVMValueRef more = LLVMBuildAdd(b, rounds, word(1), "");
    LLVMBasicBlockRef from[] = {entry, LLVMGetInsertBlock(b)};
    LLVMBuildBr(b, loop);
    LLVMAddIncoming(total, (LLVMValueRef[]){LLVMConstReal(f64, 0), sum}, from, 2);
    LLVMAddIncoming(rounds, (LLVMValueRef[]){word(0), more}, from, 2);

    LLVMPositionBuilderAtEnd(b, not_add);
    buskin_cg_receive_test(cg, b, message, BUSKIN_MSG_USER, word(TAG_REPORT), other);
    buskin_cg_receive_drop(cg, b, &r);
    adder_report(b, body, total, rounds);

    LLVMPositionBuilderAtEnd(b, other);
    buskin_cg_receive_skip(cg, b, &r);
    LLVMDisposeBuilder(b);
    return body;
}

/* -- desk: a supervisor that starts adders on request -------------------------------------------------- */

/* i64 start_adder(the adder's parameters): the child's pid. The runtime calls it as the supervisor, at each start. */
static LLVMValueRef desk_spec(buskin_cg_actor_t *adder) {
    buskin_cg_slot_t slots[NPARAMS];
    LLVMValueRef body = function_of("start_adder", i64), args[NPARAMS];
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(b, block(body, "entry"));
    LLVMGetParams(body, args);
    LLVMBuildRet(b, buskin_cg_spawn(cg, b, adder, args, NPARAMS, 0, NULL));
    LLVMDisposeBuilder(b);
    adder_slots(slots);
    const buskin_cg_child_t child = {.name = "adder",
                                     .start = buskin_cg_start(cg, "adder", body, slots, NPARAMS),
                                     .shutdown_ms = 1000,
                                     .restart = BUSKIN_TRANSIENT};
    return buskin_cg_supervisor(cg, &(buskin_cg_supervisor_options_t){.name = "desk",
                                                                      .children = &child,
                                                                      .nchildren = 1,
                                                                      .strategy = BUSKIN_SIMPLE_ONE_FOR_ONE,
                                                                      .max_restarts = 3,
                                                                      .window_ms = 5000});
}

/* void close(ptr ledger): runs when the last actor has let go of the handle, outside actors. */
static LLVMValueRef close_function(void) {
    LLVMValueRef body = LLVMAddFunction(module, "close", LLVMFunctionType(none, &ptr, 1, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    LLVMSetLinkage(body, LLVMInternalLinkage);
    LLVMPositionBuilderAtEnd(b, block(body, "entry"));
    LLVMValueRef print[] = {LLVMConstInt(i32, 1, 0), buskin_cg_text(cg, "closed\n", 7), word(7)};
    buskin_cg_call(cg, b, "print", print, 3);
    LLVMBuildRetVoid(b);
    LLVMDisposeBuilder(b);
    return body;
}

/* -- main ----------------------------------------------------------------------------------------------- */

/* int snprintf(char *, size_t, const char *, ...): it calls nothing of the language, so it says nocallback. */
static LLVMValueRef declare_snprintf(LLVMTypeRef *type) {
    LLVMTypeRef params[] = {ptr, i64, ptr};
    *type = LLVMFunctionType(i32, params, 3, 1);
    LLVMValueRef function = LLVMAddFunction(module, "snprintf", *type);
    unsigned kind = LLVMGetEnumAttributeKindForName("nocallback", 10);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(context, kind, 0));
    return function;
}

static void main_print(LLVMBuilderRef b, LLVMValueRef line, LLVMValueRef object, LLVMValueRef ledger) {
    LLVMTypeRef type;
    LLVMValueRef snprintf_fn = declare_snprintf(&type);
    LLVMValueRef label = LLVMBuildLoad2(b, ptr, field(b, object, 0), "");
    LLVMValueRef length = LLVMBuildLoad2(b, i64, label, "");
    LLVMValueRef bytes = LLVMBuildGEP2(b, i64, label, (LLVMValueRef[]){word(1)}, 1, "");
    LLVMValueRef args[] = {line,
                           word(80),
                           buskin_cg_text(cg, "%.*s: %.1f in %ld\n", 19),
                           LLVMBuildTrunc(b, length, i32, ""),
                           bytes,
                           LLVMBuildLoad2(b, f64, field(b, object, 1), ""),
                           LLVMBuildLoad2(b, i64, buskin_cg_shared_object(cg, b, ledger), "")};
    LLVMValueRef n = LLVMBuildCall2(b, type, snprintf_fn, args, 7, "");
    LLVMValueRef print[] = {LLVMConstInt(i32, 1, 0), line, LLVMBuildZExt(b, n, i64, "")};
    buskin_cg_call(cg, b, "print", print, 3);
    LLVMBuildRetVoid(b);
}

/* for i in 1..ROUNDS: send pid Add(i). Leaves the builder behind the loop. */
static void main_send_all(LLVMBuilderRef b, LLVMValueRef body, LLVMValueRef pid) {
    buskin_cg_slot_t number = slot(i64, 0);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b), loop = block(body, "loop"), after = block(body, "after");
    LLVMBuildBr(b, loop);
    LLVMPositionBuilderAtEnd(b, loop);
    LLVMValueRef i = LLVMBuildPhi(b, i64, "i");
    buskin_cg_send(cg, b, pid, word(TAG_ADD), &number, &i, 1);
    LLVMValueRef next = LLVMBuildAdd(b, i, word(1), "");
    LLVMAddIncoming(i, (LLVMValueRef[]){word(1), next}, (LLVMBasicBlockRef[]){before, LLVMGetInsertBlock(b)}, 2);
    LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntSGT, next, word(ROUNDS), ""), after, loop);
    LLVMPositionBuilderAtEnd(b, after);
    buskin_cg_send(cg, b, pid, word(TAG_REPORT), NULL, NULL, 0);
}

static void main_receive(LLVMBuilderRef b, LLVMValueRef body, LLVMValueRef line, LLVMValueRef ledger) {
    buskin_cg_slot_t managed = slot(ptr, BUSKIN_CG_MANAGED);
    buskin_cg_receive_t r;
    LLVMBasicBlockRef other = block(body, "other");
    buskin_cg_receive_begin(cg, b, word(10000), 1, &r);
    LLVMValueRef message = buskin_cg_receive_peek(cg, b, &r);
    buskin_cg_receive_test(cg, b, message, BUSKIN_MSG_USER, word(TAG_TOTAL), other);
    LLVMValueRef object = buskin_cg_message_load(cg, b, message, &managed, 1, 0);
    buskin_cg_receive_take(cg, b, &r); /* the object lives on */
    main_print(b, line, object, ledger);
    LLVMPositionBuilderAtEnd(b, other);
    buskin_cg_receive_skip(cg, b, &r);
    LLVMPositionBuilderAtEnd(b, r.timeout);
    buskin_cg_panic_text(cg, b, "no answer", "two_actors", 19, 9);
}

static LLVMValueRef main_body(LLVMValueRef desk) {
    LLVMValueRef body = LLVMAddFunction(module, "program_main", LLVMFunctionType(none, NULL, 0, 0));
    LLVMBuilderRef b = LLVMCreateBuilderInContext(context);
    buskin_cg_slot_t slots[NPARAMS];
    adder_slots(slots);
    LLVMPositionBuilderAtEnd(b, block(body, "entry"));
    LLVMValueRef line = LLVMBuildAlloca(b, LLVMArrayType2(LLVMInt8TypeInContext(context), 80), "line");
    LLVMValueRef ledger = buskin_cg_shared_alloc(cg, b, word(LEDGER_BYTES), close_function());
    LLVMValueRef label = buskin_cg_immortal_bytes(cg, string, "halves", 6);
    LLVMValueRef args[] = {buskin_cg_self(cg, b), LLVMConstReal(f64, 0.5), label, ledger};
    LLVMValueRef supervisor = buskin_cg_supervisor_start(cg, b, desk, 0, NULL);
    main_send_all(b, body, buskin_cg_start_child(cg, b, supervisor, slots, args, NPARAMS, NULL));
    main_receive(b, body, line, ledger);
    LLVMDisposeBuilder(b);
    return body;
}

/* -- The module ----------------------------------------------------------------------------------------- */

static int build(void) {
    if (buskin_cg_error(cg)) return -1; /* no target, no types: nothing below would work */
    types_init();
    buskin_cg_slot_t params[NPARAMS];
    adder_slots(params);
    buskin_cg_actor_t *adder = buskin_cg_actor(
        cg,
        &(buskin_cg_actor_options_t){
            .name = "adder", .body = adder_body(), .params = params, .nparams = NPARAMS, .priority = BUSKIN_NORMAL});
    buskin_cg_actor_t *main_actor = buskin_cg_actor(
        cg,
        &(buskin_cg_actor_options_t){.name = "main", .body = main_body(desk_spec(adder)), .priority = BUSKIN_NORMAL});
    buskin_cg_main_thunk(cg, main_actor, "main");
    return 0; /* what went wrong on the way is in buskin_cg_error, and optimize refuses */
}

/* The checker's findings in a finished module: each is a bug of this front end. */
static void show(void *data, const buskin_check_finding_t *finding) {
    char line[2048];
    if (finding->severity < BUSKIN_CHECK_WARNING) return;
    buskin_check_line(finding, line, sizeof line);
    fprintf(stderr, "%s: %s\n", (const char *)data, line);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s OUT.o [OPT_LEVEL]\n", argv[0]);
        return 2;
    }
    context = LLVMContextCreate();
    module = LLVMModuleCreateWithNameInContext("two_actors", context);
    cg = buskin_cg_create(module, &(buskin_cg_options_t){.opt_level = argc == 3 ? (unsigned)atoi(argv[2]) : 2});
    int status = build() || buskin_cg_optimize(cg) ||
                 buskin_check_module(module, NULL, &(buskin_check_sink_t){show, argv[0]}) ||
                 buskin_cg_emit_file(cg, BUSKIN_CG_OBJECT, argv[1]);
    if (status && buskin_cg_error(cg)) fprintf(stderr, "%s: %s\n", argv[0], buskin_cg_error(cg));
    buskin_cg_dispose(cg);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return status ? 1 : 0;
}
