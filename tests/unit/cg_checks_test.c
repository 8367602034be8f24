/* cg_checks: reduction checks are in every cycle, change no result, charge what was executed, keep loops vectorised
 * and debug info whole, and are inserted in linear time (rows C8, C12, C35 of the boundary bugs).
 *
 */
#include <time.h>

#include "cg_jit.h"

/* -- The runtime of the test ---------------------------------------------------------------------------- */

enum { TURN = 4000 };

static buskin_context_t context;
static uint64_t slow_calls;

static void fake_reduction_slow(void) {
    slow_calls++;
    context.budget = TURN;
}

static buskin_context_t *fake_context(void) { return &context; }

static const jit_symbol_t symbols[] = {{"fake_reduction_slow", (uintptr_t)fake_reduction_slow},
                                       {"fake_context", (uintptr_t)fake_context}};

static const buskin_cg_options_t jit_options[] = {
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 0},
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 1},
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 2},
    {.prefix = "fake_", .mode = BUSKIN_CG_JIT, .opt_level = 3},
};

static void mark_all(const jit_t *j) {
    for (LLVMValueRef f = LLVMGetFirstFunction(j->module); f; f = LLVMGetNextFunction(f))
        if (!LLVMIsDeclaration(f)) assert_int_equal(buskin_cg_actor_code(j->cg, f), 0);
}

static uint64_t turns_of(const jit_t *j, const char *name, uint64_t argument, uint64_t *result) {
    uint64_t (*f)(uint64_t) = (uint64_t (*)(uint64_t))jit_find(j, name);
    context.budget = TURN;
    slow_calls = 0;
    *result = f(argument);
    return slow_calls;
}

/* -- An independent reading of the control flow ---------------------------------------------------------- */

/* A block that charges: it holds the subtraction with borrow. */
static bool charges(LLVMBasicBlockRef block) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
        size_t length;
        if (!LLVMIsACallInst(i) || !LLVMIsAFunction(LLVMGetCalledValue(i))) continue;
        if (strstr(LLVMGetValueName2(LLVMGetCalledValue(i), &length), "llvm.usub.with.overflow")) return true;
    }
    return false;
}

/* A block that counts: `x = phi - 1; br x == 0, charging block, other`, and the phi comes round with x. */
static bool counts(LLVMBasicBlockRef block) {
    LLVMValueRef branch = LLVMGetBasicBlockTerminator(block);
    if (!LLVMIsABranchInst(branch) || !LLVMIsConditional(branch)) return false;
    LLVMValueRef test = LLVMIsAICmpInst(LLVMGetCondition(branch));
    if (!test || LLVMGetICmpPredicate(test) != LLVMIntEQ || !charges(LLVMGetSuccessor(branch, 0))) return false;
    LLVMValueRef less = LLVMGetOperand(test, 0);
    if (!LLVMIsABinaryOperator(less) || LLVMGetInstructionParent(less) != block) return false;
    LLVMValueRef phi = LLVMIsAPHINode(LLVMGetOperand(less, 0));
    return phi && LLVMGetInstructionParent(phi) == block;
}

static unsigned index_of(LLVMBasicBlockRef *blocks, unsigned n, LLVMBasicBlockRef block) {
    for (unsigned i = 0; i < n; i++)
        if (blocks[i] == block) return i;
    fail();
    return n;
}

static bool finds_cycle(LLVMBasicBlockRef *blocks, unsigned n, unsigned at, char *state) {
    if (charges(blocks[at]) || counts(blocks[at])) return false; /* cut */
    state[at] = 1;
    LLVMValueRef end = LLVMGetBasicBlockTerminator(blocks[at]);
    for (unsigned k = 0; k < LLVMGetNumSuccessors(end); k++) {
        unsigned to = index_of(blocks, n, LLVMGetSuccessor(end, k));
        if (state[to] == 1) return true;
        if (state[to] == 0 && finds_cycle(blocks, n, to, state)) return true;
    }
    state[at] = 2;
    return false;
}

static void reach(LLVMBasicBlockRef *blocks, unsigned n, unsigned at, char *reached) {
    reached[at] = 1;
    LLVMValueRef end = LLVMGetBasicBlockTerminator(blocks[at]);
    for (unsigned k = 0; k < LLVMGetNumSuccessors(end); k++) {
        unsigned to = index_of(blocks, n, LLVMGetSuccessor(end, k));
        if (!reached[to]) reach(blocks, n, to, reached);
    }
}

static bool has_unchecked_cycle(LLVMValueRef function) {
    unsigned n = LLVMCountBasicBlocks(function);
    LLVMBasicBlockRef *blocks = calloc(n, sizeof *blocks);
    char *state = calloc(n, 1), *reached = calloc(n, 1);
    bool found = false;
    LLVMGetBasicBlocks(function, blocks);
    reach(blocks, n, 0, reached);
    for (unsigned i = 0; i < n && !found; i++)
        if (reached[i] && state[i] == 0) found = finds_cycle(blocks, n, i, state);
    free(blocks);
    free(state);
    free(reached);
    return found;
}

static void all_cycles_checked(const jit_t *j) {
    assert_int_equal(buskin_cg_verify(j->cg), 0);
    for (LLVMValueRef f = LLVMGetFirstFunction(j->module); f; f = LLVMGetNextFunction(f)) {
        size_t length;
        if (LLVMIsDeclaration(f) || !has_unchecked_cycle(f)) continue;
        LLVMDumpValue(f);
        fail_msg("%s has a cycle without a check", LLVMGetValueName2(f, &length));
    }
}

/* -- Known programs -------------------------------------------------------------------------------------- */

static const char known[] =
    "define i64 @sum(i64 %n) {\n" /* a counting loop */
    "entry:\n  %none = icmp eq i64 %n, 0\n  br i1 %none, label %out, label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n  %s = phi i64 [ 0, %entry ], [ %t, %loop ]\n"
    "  %x = xor i64 %i, 5\n  %y = mul i64 %x, %s\n  %t = add i64 %y, %i\n  %j = add i64 %i, 1\n"
    "  %done = icmp eq i64 %j, %n\n  br i1 %done, label %out, label %loop\n"
    "out:\n  %r = phi i64 [ 0, %entry ], [ %t, %loop ]\n  ret i64 %r\n}\n"
    "declare i64 @outside(i64)\n"
    "define i64 @calling(i64 %n) {\n" /* a loop that calls */
    "entry:\n  br label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n  %s = phi i64 [ 0, %entry ], [ %t, %loop ]\n"
    "  %x = call i64 @outside(i64 %i)\n  %t = add i64 %s, %x\n  %j = add i64 %i, 1\n"
    "  %done = icmp uge i64 %j, %n\n  br i1 %done, label %out, label %loop\nout:\n  ret i64 %t\n}\n"
    "define i64 @short_loops(i64 %n) {\n" /* many runs of a counting loop that never settles in itself */
    "entry:\n  br label %outer\n"
    "outer:\n  %i = phi i64 [ 0, %entry ], [ %j, %next ]\n  %a = phi i64 [ 1, %entry ], [ %w, %next ]\n  br label %loop\n"
    "loop:\n  %k = phi i64 [ 0, %outer ], [ %l, %loop ]\n  %v = phi i64 [ %a, %outer ], [ %w, %loop ]\n"
    "  %m = mul i64 %v, 6364136223846793005\n  %w = add i64 %m, %k\n  %l = add i64 %k, 1\n"
    "  %end = icmp eq i64 %l, 500\n  br i1 %end, label %next, label %loop\n"
    "next:\n  %j = add i64 %i, 1\n  %done = icmp uge i64 %j, %n\n  br i1 %done, label %out, label %outer\n"
    "out:\n  ret i64 %w\n}\n"
    "define internal i64 @even(i64 %n) noinline {\n" /* recursion of two, which no optimisation makes a loop */
    "  %z = icmp eq i64 %n, 0\n  br i1 %z, label %yes, label %more\nyes:\n  ret i64 1\n"
    "more:\n  %m = sub i64 %n, 1\n  %x = call i64 @odd(i64 %m)\n  %y = mul i64 %x, 3\n  ret i64 %y\n}\n"
    "define internal i64 @odd(i64 %n) noinline {\n"
    "  %z = icmp eq i64 %n, 0\n  br i1 %z, label %no, label %more\nno:\n  ret i64 2\n"
    "more:\n  %m = sub i64 %n, 1\n  %x = call i64 @even(i64 %m)\n  %y = add i64 %x, %n\n  ret i64 %y\n}\n"
    "define i64 @parity(i64 %n) {\n  %x = call i64 @even(i64 %n)\n  ret i64 %x\n}\n"
    "define tailcc i64 @spin(i64 %n, i64 %a) noinline {\n" /* guaranteed tail calls, two functions */
    "  %z = icmp eq i64 %n, 0\n  br i1 %z, label %out, label %more\nout:\n  ret i64 %a\n"
    "more:\n  %m = sub i64 %n, 1\n  %b = add i64 %a, %n\n"
    "  %x = musttail call tailcc i64 @spun(i64 %m, i64 %b)\n  ret i64 %x\n}\n"
    "define tailcc i64 @spun(i64 %n, i64 %a) noinline {\n"
    "  %z = icmp eq i64 %n, 0\n  br i1 %z, label %out, label %more\nout:\n  ret i64 %a\n"
    "more:\n  %m = sub i64 %n, 1\n  %b = xor i64 %a, %n\n"
    "  %x = musttail call tailcc i64 @spin(i64 %m, i64 %b)\n  ret i64 %x\n}\n"
    "define i64 @tails(i64 %n) {\n  %x = call tailcc i64 @spin(i64 %n, i64 0)\n  ret i64 %x\n}\n"
    "define i64 @straight(i64 %n) {\n  %x = mul i64 %n, 3\n  ret i64 %x\n}\n";

static uint64_t outside(uint64_t x) { return x * x; }

static uint64_t c_sum(uint64_t n) {
    uint64_t s = 0;
    for (uint64_t i = 0; i < n; i++) s = (i ^ 5) * s + i;
    return s;
}

static uint64_t c_calling(uint64_t n) {
    uint64_t s = 0;
    for (uint64_t i = 0; i < n; i++) s += outside(i);
    return s;
}

static uint64_t c_short_loops(uint64_t n) {
    uint64_t v = 1;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < 500; k++) v = v * 6364136223846793005u + k;
    return v;
}

static uint64_t c_parity(uint64_t n) {
    uint64_t x = n % 2 ? 2 : 1;
    for (uint64_t k = 1; k <= n; k++) x = (n - k) % 2 ? x + k : 3 * x; /* k is the argument on the way out */
    return x;
}

static uint64_t c_tails(uint64_t n) {
    uint64_t a = 0;
    for (uint64_t k = n, i = 0; k > 0; k--, i++) a = i % 2 ? a ^ k : a + k;
    return a;
}

/* Each must be charged between half of least and most: least is what the shortest optimised form still executes. */
typedef struct expectation {
    const char *name;
    uint64_t argument, (*reference)(uint64_t), least, most;
} expectation_t;

static const expectation_t expectations[] = {
    {"sum", 4000000, c_sum, 100, 1040},
    {"sum", 0, c_sum, 0, 0},
    {"sum", 1023, c_sum, 0, 0},
    {"calling", 400000, c_calling, 90, 110},
    {"short_loops", 8000, c_short_loops, 100, 1100},
    {"parity", 20000, c_parity, 2, 6},
    {"tails", 4000000, c_tails, 400, 1100},
};

static void test_results_and_charges(void **state) {
    (void)state;
    for (unsigned level = 0; level < 4; level++) {
        jit_t j = jit_parse(known, &jit_options[level]);
        jit_symbol_t all[] = {symbols[0], symbols[1], {"outside", (uintptr_t)outside}};
        mark_all(&j);
        jit_run(&j, all, 3);
        all_cycles_checked(&j);
        for (unsigned i = 0; i < sizeof expectations / sizeof *expectations; i++) {
            const expectation_t *e = &expectations[i];
            uint64_t result, turns = turns_of(&j, e->name, e->argument, &result);
            assert_int_equal(result, e->reference(e->argument));
            if (turns < e->least || turns > e->most)
                fail_msg("%s at O%u: %llu turns", e->name, level, (unsigned long long)turns);
        }
        jit_close(&j);
    }
}

static bool calls_slow(LLVMValueRef function) {
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b; b = LLVMGetNextBasicBlock(b))
        if (charges(b)) return true;
    return false;
}

/* Checks go where a cycle is and nowhere else; one of a pair of functions is enough. */
static void test_only_where_needed(void **state) {
    (void)state;
    jit_t j = jit_parse(known, NULL);
    mark_all(&j);
    assert_true(buskin_cg_insert_checks(j.cg) > 0);
    all_cycles_checked(&j);
    const LLVMModuleRef m = j.module;
    assert_false(calls_slow(LLVMGetNamedFunction(m, "straight")));
    assert_false(calls_slow(LLVMGetNamedFunction(m, "parity")));
    assert_true(calls_slow(LLVMGetNamedFunction(m, "even")) != calls_slow(LLVMGetNamedFunction(m, "odd")));
    assert_true(calls_slow(LLVMGetNamedFunction(m, "spin")) != calls_slow(LLVMGetNamedFunction(m, "spun")));
    jit_close(&j);
}

/* The shape of an actor: an outer loop that always passes the scan of its receive. One check covers both; not so where
 * the inner loop can be passed by. */
static unsigned checks_of(const char *way_in) {
    char ir[1024];
    snprintf(ir, sizeof ir,
             "declare i1 @peek() nocallback\ndefine void @actor(i1 %%c) {\n  br label %%outer\n"
             "outer:\n  %s\nscan:\n  %%m = call i1 @peek()\n  br i1 %%m, label %%arm, label %%scan\n"
             "arm:\n  %%again = call i1 @peek()\n  br i1 %%again, label %%outer, label %%out\nout:\n  ret void\n}\n",
             way_in);
    jit_t j = jit_parse(ir, NULL);
    mark_all(&j);
    int inserted = buskin_cg_insert_checks(j.cg);
    assert_true(inserted > 0);
    all_cycles_checked(&j);
    jit_close(&j);
    return (unsigned)inserted;
}

static void test_one_check_for_two_loops(void **state) {
    (void)state;
    assert_int_equal(checks_of("br label %scan"), 1);
    assert_int_equal(checks_of("br i1 %c, label %scan, label %arm"), 2);
}

/* A function that may be called back by what it calls needs a check; nocallback, a row of the table or a check on the
 * way to the call make it needless. */
static void test_calls_that_leave_the_module(void **state) {
    (void)state;
    jit_t j = jit_parse("declare void @out()\ndeclare void @leaf() nocallback\ndeclare void @buskin_actor_yield()\n"
                        "define void @open() {\n  call void @out()\n  ret void\n}\n"
                        "define void @indirect(ptr %f) {\n  call void %f()\n  ret void\n}\n"
                        "define void @with_leaf() {\n  call void @leaf()\n  ret void\n}\n"
                        "define void @with_row() {\n  call void @buskin_actor_yield()\n  ret void\n}\n"
                        "define internal void @hidden() {\n  call void @out()\n  ret void\n}\n"
                        "define internal void @taken() {\n  call void @out()\n  ret void\n}\n"
                        "@table = constant ptr @taken\n"
                        "define void @behind(i1 %c) {\n  br label %loop\n"
                        "loop:\n  call void @out()\n  call void @hidden()\n  br i1 %c, label %loop, label %end\n"
                        "end:\n  ret void\n}\n",
                        NULL);
    mark_all(&j);
    assert_true(buskin_cg_insert_checks(j.cg) > 0);
    assert_true(calls_slow(LLVMGetNamedFunction(j.module, "open")));
    assert_true(calls_slow(LLVMGetNamedFunction(j.module, "indirect")));
    assert_true(calls_slow(LLVMGetNamedFunction(j.module, "taken")));
    assert_true(calls_slow(LLVMGetNamedFunction(j.module, "hidden"))); /* outside -> behind -> hidden -> outside */
    assert_false(calls_slow(LLVMGetNamedFunction(j.module, "with_leaf")));
    assert_false(calls_slow(LLVMGetNamedFunction(j.module, "with_row")));
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(LLVMGetNamedFunction(j.module, "behind"));
    assert_false(charges(entry)); /* its loop's check is enough */
    jit_close(&j);
}

/* -- Random control flow --------------------------------------------------------------------------------- */

/* Blocks in any order, irreducible loops, switches with equal targets, self loops: block i computes
 * v = v * MUL + i and goes to one of its targets by v; after `fuel` blocks it ends. */
enum { MOST_BLOCKS = 24, MOST_TARGETS = 4 };
#define MUL UINT64_C(6364136223846793005)

typedef struct flow {
    unsigned n, targets[MOST_BLOCKS][MOST_TARGETS], ntargets[MOST_BLOCKS];
} flow_t;

static uint64_t seed = 1;

static unsigned draw(unsigned n) {
    seed = seed * MUL + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static flow_t random_flow(void) {
    flow_t f = {.n = 2 + draw(MOST_BLOCKS - 2)};
    for (unsigned i = 0; i < f.n; i++) {
        f.ntargets[i] = 1 + draw(MOST_TARGETS);
        for (unsigned k = 0; k < f.ntargets[i]; k++)
            f.targets[i][k] = 1 + draw(f.n - 1); /* the entry has no edges in */
    }
    return f;
}

static uint64_t run_flow(const flow_t *f, uint64_t fuel) {
    uint64_t v = fuel;
    for (unsigned at = 0; fuel > 0; fuel--) {
        v = v * MUL + at;
        at = f->targets[at][(v >> 40) % f->ntargets[at]];
    }
    return v;
}

typedef struct flow_ir {
    LLVMBasicBlockRef block[MOST_BLOCKS], go[MOST_BLOCKS], end;
    LLVMValueRef v[MOST_BLOCKS], fuel[MOST_BLOCKS], phi_v[MOST_BLOCKS], phi_fuel[MOST_BLOCKS], result;
} flow_ir_t;

static void edge_phis(flow_ir_t *ir, unsigned from, unsigned to) {
    LLVMAddIncoming(ir->phi_v[to], &ir->v[from], &ir->go[from], 1);
    LLVMAddIncoming(ir->phi_fuel[to], &ir->fuel[from], &ir->go[from], 1);
}

/* Half of the fuel tests stand in the block itself, so that it branches to the end. */
static void build_block(const jit_t *j, const flow_t *f, flow_ir_t *ir, unsigned i) {
    LLVMPositionBuilderAtEnd(j->b, ir->block[i]);
    LLVMValueRef product = LLVMBuildMul(j->b, ir->phi_v[i], LLVMConstInt(j->i64, MUL, 0), "");
    ir->v[i] = LLVMBuildAdd(j->b, product, LLVMConstInt(j->i64, i, 0), "");
    ir->fuel[i] = LLVMBuildSub(j->b, ir->phi_fuel[i], LLVMConstInt(j->i64, 1, 0), "");
    LLVMValueRef over = LLVMBuildIsNull(j->b, ir->fuel[i], "");
    LLVMBuildCondBr(j->b, over, ir->end, ir->go[i]);
    LLVMAddIncoming(ir->result, &ir->v[i], &ir->block[i], 1);
    LLVMPositionBuilderAtEnd(j->b, ir->go[i]);
    LLVMValueRef high = LLVMBuildLShr(j->b, ir->v[i], LLVMConstInt(j->i64, 40, 0), "");
    LLVMValueRef which = LLVMBuildURem(j->b, high, LLVMConstInt(j->i64, f->ntargets[i], 0), "");
    LLVMValueRef branch = LLVMBuildSwitch(j->b, which, ir->block[f->targets[i][0]], f->ntargets[i] - 1);
    for (unsigned k = 1; k < f->ntargets[i]; k++)
        LLVMAddCase(branch, LLVMConstInt(j->i64, k, 0), ir->block[f->targets[i][k]]);
}

static void build_flow(const jit_t *j, const flow_t *f, unsigned number) {
    char name[32];
    flow_ir_t ir;
    LLVMTypeRef param = j->i64;
    snprintf(name, sizeof name, "flow%u", number);
    LLVMValueRef fn = LLVMAddFunction(j->module, name, LLVMFunctionType(j->i64, &param, 1, 0));
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(j->context, fn, "entry");
    for (unsigned i = 0; i < f->n; i++) {
        ir.block[i] = LLVMAppendBasicBlockInContext(j->context, fn, "block");
        ir.go[i] = LLVMAppendBasicBlockInContext(j->context, fn, "go");
        LLVMPositionBuilderAtEnd(j->b, ir.block[i]);
        ir.phi_v[i] = LLVMBuildPhi(j->b, j->i64, "v");
        ir.phi_fuel[i] = LLVMBuildPhi(j->b, j->i64, "fuel");
    }
    ir.end = LLVMAppendBasicBlockInContext(j->context, fn, "end");
    LLVMPositionBuilderAtEnd(j->b, ir.end);
    ir.result = LLVMBuildPhi(j->b, j->i64, "result");
    LLVMBuildRet(j->b, ir.result);
    for (unsigned i = 0; i < f->n; i++) build_block(j, f, &ir, i);
    for (unsigned i = 0; i < f->n; i++)
        for (unsigned k = 0; k < f->ntargets[i]; k++) edge_phis(&ir, i, f->targets[i][k]);
    LLVMPositionBuilderAtEnd(j->b, entry);
    LLVMBuildBr(j->b, ir.block[0]);
    LLVMValueRef fuel = LLVMGetParam(fn, 0);
    LLVMAddIncoming(ir.phi_v[0], &fuel, &entry, 1);
    LLVMAddIncoming(ir.phi_fuel[0], &fuel, &entry, 1);
}

/* A cycle is no longer than the function, so each of its blocks is charged for at least one in n; an optimised loop
 * may be unrolled, and then charges once for up to 16 rounds. */
static void compare_flow(const jit_t *j, const flow_t *f, unsigned number, uint64_t fuel, unsigned unrolled) {
    char name[32];
    uint64_t result;
    snprintf(name, sizeof name, "flow%u", number);
    uint64_t turns = turns_of(j, name, fuel, &result);
    assert_int_equal(result, run_flow(f, fuel));
    uint64_t least = fuel / ((uint64_t)TURN * f->n * unrolled), most = fuel / TURN + fuel / (3 * 1024) + 2;
    if (turns < least || turns > most)
        fail_msg("flow %u of %u blocks, fuel %llu: %llu turns", number, f->n, (unsigned long long)fuel,
                 (unsigned long long)turns);
}

static void run_random_flows(unsigned rounds, unsigned level) {
    enum { N = 40 };
    for (unsigned round = 0; round < rounds; round++) {
        flow_t flows[N];
        jit_t j = jit_open(&jit_options[level]);
        for (unsigned i = 0; i < N; i++) {
            flows[i] = random_flow();
            build_flow(&j, &flows[i], i);
        }
        mark_all(&j);
        jit_run(&j, symbols, 2);
        all_cycles_checked(&j);
        for (unsigned i = 0; i < N; i++) {
            compare_flow(&j, &flows[i], i, 1 + draw(100), level ? 16 : 1);
            compare_flow(&j, &flows[i], i, 300000, level ? 16 : 1);
        }
        jit_close(&j);
    }
}

/* Many more, only looked at: what is decided about one loop must not rest on another that is undecided. */
static void test_random_flows_are_cut(void **state) {
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        jit_t j = jit_open(NULL);
        for (unsigned i = 0; i < 100; i++) {
            flow_t flow = random_flow();
            build_flow(&j, &flow, i);
        }
        mark_all(&j);
        assert_true(buskin_cg_insert_checks(j.cg) > 0);
        all_cycles_checked(&j);
        jit_close(&j);
    }
}

static void test_random_flows(void **state) {
    (void)state;
    for (unsigned level = 0; level < 3; level++) run_random_flows(2, level);
}

/* -- Vectors --------------------------------------------------------------------------------------------- */

static const char vector[] =
    "define void @add(ptr noalias %a, ptr noalias %b, i64 %n) {\n"
    "entry:\n  %none = icmp eq i64 %n, 0\n  br i1 %none, label %out, label %loop\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n"
    "  %p = getelementptr inbounds float, ptr %a, i64 %i\n  %q = getelementptr inbounds float, ptr %b, i64 %i\n"
    "  %x = load float, ptr %p\n  %y = load float, ptr %q\n  %z = fadd float %x, %y\n  store float %z, ptr %p\n"
    "  %j = add nuw i64 %i, 1\n  %done = icmp eq i64 %j, %n\n  br i1 %done, label %out, label %loop\n"
    "out:\n  ret void\n}\n";

static void test_loops_stay_vectorised(void **state) {
    (void)state;
    jit_t j = jit_parse(vector, &jit_options[2]);
    static float a[10007], b[10007];
    mark_all(&j);
    jit_run(&j, symbols, 2);
    all_cycles_checked(&j);
    LLVMMemoryBufferRef text = buskin_cg_emit_memory(j.cg, BUSKIN_CG_LL);
    const char *ir = LLVMGetBufferStart(text);
    assert_non_null(strstr(ir, "fadd <4 x float>"));
    assert_non_null(strstr(ir, "check.count")); /* the loop counts in a register */
    LLVMDisposeMemoryBuffer(text);
    void (*add)(float *, float *, uint64_t) = (void (*)(float *, float *, uint64_t))jit_find(&j, "add");
    for (int i = 0; i < 10007; i++) a[i] = (float)i, b[i] = (float)(3 * i);
    context.budget = TURN;
    add(a, b, 10007);
    for (int i = 0; i < 10007; i++) assert_true(a[i] == (float)(4 * i));
    assert_true(context.budget < TURN && context.budget >= 0); /* the rest was settled at the exit */
    jit_close(&j);
}

/* -- Debug info ------------------------------------------------------------------------------------------- */

static const char debug[] =
    "define internal i64 @inner(i64 %n) noinline !dbg !4 {\n"
    "entry:\n    #dbg_value(i64 %n, !10, !DIExpression(), !9)\n  br label %loop, !dbg !9\n"
    "loop:\n  %i = phi i64 [ 0, %entry ], [ %j, %loop ], !dbg !9\n    #dbg_value(i64 %i, !10, !DIExpression(), !9)\n"
    "  %j = add i64 %i, 3, !dbg !9\n  %m = mul i64 %j, %j, !dbg !9\n"
    "  %c = icmp ult i64 %m, %n, !dbg !9\n  br i1 %c, label %loop, label %out, !dbg !9\n"
    "out:\n  ret i64 %i, !dbg !9\n}\n"
    "define i64 @outer(i64 %n) !dbg !5 {\n  %z = icmp ugt i64 %n, 100, !dbg !8\n"
    "  br i1 %z, label %more, label %out, !dbg !8\nout:\n  ret i64 %n, !dbg !8\n"
    "more:\n  %x = call i64 @inner(i64 %n), !dbg !8\n  %h = lshr i64 %n, 1, !dbg !8\n"
    "  %y = call i64 @outer(i64 %h), !dbg !8\n  %s = add i64 %x, %y, !dbg !8\n"
    "  %k = lshr i64 %n, 2, !dbg !8\n  %w = call i64 @outer(i64 %k), !dbg !8\n  %t = mul i64 %s, %w, !dbg !8\n"
    "  ret i64 %t, !dbg !8\n}\n"
    "!llvm.dbg.cu = !{!0}\n!llvm.module.flags = !{!2}\n"
    "!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, producer: \"test\", emissionKind: FullDebug)\n"
    "!1 = !DIFile(filename: \"a.x\", directory: \"/d\")\n!2 = !{i32 2, !\"Debug Info Version\", i32 3}\n"
    "!3 = !DISubroutineType(types: !{null})\n"
    "!4 = distinct !DISubprogram(name: \"inner\", file: !1, line: 3, type: !3, unit: !0, spFlags: "
    "DISPFlagDefinition|DISPFlagLocalToUnit)\n"
    "!5 = distinct !DISubprogram(name: \"outer\", file: !1, line: 7, type: !3, unit: !0, spFlags: DISPFlagDefinition)\n"
    "!8 = !DILocation(line: 8, scope: !5)\n!9 = !DILocation(line: 4, scope: !4)\n"
    "!10 = !DILocalVariable(name: \"n\", scope: !4, file: !1, line: 3, type: !11)\n"
    "!11 = !DIBasicType(name: \"int\", size: 64, encoding: DW_ATE_signed)\n";

static unsigned complaints;

static void complain(LLVMDiagnosticInfoRef info, void *data) {
    (void)data;
    char *text = LLVMGetDiagInfoDescription(info);
    print_error("LLVM says: %s\n", text);
    LLVMDisposeMessage(text);
    complaints++;
}

static void slow_calls_have_locations(const jit_t *j) {
    LLVMValueRef slow = LLVMGetNamedFunction(j->module, "buskin_reduction_slow");
    unsigned found = 0;
    assert_non_null(slow);
    for (LLVMUseRef use = LLVMGetFirstUse(slow); use; use = LLVMGetNextUse(use), found++)
        assert_true(LLVMGetDebugLocLine(LLVMGetUser(use)) > 0);
    assert_true(found >= 2);
}

/* Written as bitcode and read again, where LLVM would drop debug info that it finds invalid, with a warning. */
static void survives_reading(const jit_t *j) {
    LLVMMemoryBufferRef bitcode = buskin_cg_emit_memory(j->cg, BUSKIN_CG_BC);
    assert_non_null(bitcode);
    LLVMContextRef other = LLVMContextCreate();
    LLVMModuleRef module;
    char *message = NULL;
    complaints = 0;
    LLVMContextSetDiagnosticHandler(other, complain, NULL);
    assert_false(LLVMParseIRInContext(other, bitcode, &module, &message));
    assert_int_equal(complaints, 0);
    assert_int_equal(LLVMGetNamedMetadataNumOperands(module, "llvm.dbg.cu"), 1);
    LLVMDisposeModule(module);
    LLVMContextDispose(other);
}

static void test_debug_info_survives(void **state) {
    (void)state;
    for (unsigned level = 0; level < 4; level++) {
        jit_t j = jit_parse(debug, &(buskin_cg_options_t){.opt_level = level});
        mark_all(&j);
        if (buskin_cg_optimize(j.cg)) fail_msg("%s", buskin_cg_error(j.cg));
        all_cycles_checked(&j);
        slow_calls_have_locations(&j);
        survives_reading(&j);
        LLVMMemoryBufferRef object = buskin_cg_emit_memory(j.cg, BUSKIN_CG_OBJECT);
        jit_clean(&j);
        LLVMDisposeMemoryBuffer(object);
        jit_close(&j);
    }
}

/* -- Attributes ------------------------------------------------------------------------------------------- */

static bool has(LLVMValueRef function, const char *attribute) {
    return LLVMGetEnumAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                       LLVMGetEnumAttributeKindForName(attribute, strlen(attribute))) != NULL;
}

static void test_inferred_attributes_are_forgotten(void **state) {
    (void)state;
    jit_t j = jit_parse(known, &(buskin_cg_options_t){.opt_level = 2});
    mark_all(&j);
    assert_int_equal(buskin_cg_optimize(j.cg), 0);
    LLVMValueRef sum = LLVMGetNamedFunction(j.module, "sum");
    assert_false(has(sum, "memory"));
    assert_false(has(sum, "willreturn"));
    assert_false(has(sum, "nosync"));
    assert_true(has(sum, "nounwind"));
    jit_close(&j);
}

/* -- Time ------------------------------------------------------------------------------------------------- */

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* n loops one after the other in one function. */
static void build_many_loops(const jit_t *j, unsigned n) {
    LLVMTypeRef param = j->i64;
    LLVMValueRef f = jit_function(j, "many_loops", j->i64, &param, 1), v = LLVMGetParam(f, 0);
    for (unsigned i = 0; i < n; i++) {
        LLVMBasicBlockRef before = LLVMGetInsertBlock(j->b);
        LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(j->context, f, "loop");
        LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(j->context, f, "next");
        LLVMBuildBr(j->b, loop);
        LLVMPositionBuilderAtEnd(j->b, loop);
        LLVMValueRef phi = LLVMBuildPhi(j->b, j->i64, ""), x = LLVMBuildLShr(j->b, phi, LLVMConstInt(j->i64, 1, 0), "");
        LLVMAddIncoming(phi, (LLVMValueRef[]){v, x}, (LLVMBasicBlockRef[]){before, loop}, 2);
        LLVMBuildCondBr(j->b, LLVMBuildIsNull(j->b, x, ""), next, loop);
        LLVMPositionBuilderAtEnd(j->b, next);
        v = LLVMBuildAdd(j->b, x, LLVMGetParam(f, 0), "");
    }
    LLVMBuildRet(j->b, v);
}

/* n loops, each inside the one before. */
static void build_nested_loops(const jit_t *j, unsigned n) {
    LLVMTypeRef param = j->i1;
    LLVMValueRef f = jit_function(j, "nested_loops", j->none, &param, 1);
    LLVMBasicBlockRef *heads = calloc(n, sizeof *heads);
    for (unsigned i = 0; i < n; i++) {
        heads[i] = LLVMAppendBasicBlockInContext(j->context, f, "head");
        LLVMBuildBr(j->b, heads[i]);
        LLVMPositionBuilderAtEnd(j->b, heads[i]);
    }
    for (unsigned i = n; i-- > 0;) {
        LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(j->context, f, "next");
        LLVMBuildCondBr(j->b, LLVMGetParam(f, 0), heads[i], next);
        LLVMPositionBuilderAtEnd(j->b, next);
    }
    LLVMBuildRetVoid(j->b);
    free(heads);
}

/* n functions, each calling the next two. */
static void build_many_functions(const jit_t *j, unsigned n) {
    LLVMValueRef *f = calloc(n, sizeof *f);
    for (unsigned i = 0; i < n; i++) {
        f[i] = jit_function(j, "f", j->none, NULL, 0);
        LLVMSetLinkage(f[i], LLVMInternalLinkage);
    }
    LLVMTypeRef type = LLVMFunctionType(j->none, NULL, 0, 0);
    for (unsigned i = 0; i < n; i++) {
        LLVMPositionBuilderAtEnd(j->b, LLVMGetEntryBasicBlock(f[i]));
        LLVMBuildCall2(j->b, type, f[(i + 1) % n], NULL, 0, "");
        LLVMBuildCall2(j->b, type, f[(i * 7 + 3) % n], NULL, 0, "");
        LLVMBuildRetVoid(j->b);
    }
    free(f);
}

static double time_of(void (*build)(const jit_t *, unsigned), unsigned n) {
    double best = 1e9;
    for (int round = 0; round < 2; round++) {
        jit_t j = jit_open(NULL);
        build(&j, n);
        mark_all(&j);
        double start = seconds();
        assert_true(buskin_cg_insert_checks(j.cg) > 0);
        double took = seconds() - start;
        if (took < best) best = took;
        assert_int_equal(buskin_cg_verify(j.cg), 0);
        jit_close(&j);
    }
    return best;
}

/* Eight times the work in less than 24 times the time: quadratic would be 64. */
static void test_time_is_linear(void **state) {
    (void)state;
    void (*const builds[])(const jit_t *, unsigned) = {build_many_loops, build_nested_loops, build_many_functions};
    for (unsigned i = 0; i < 3; i++) {
        double small = time_of(builds[i], 1000), large = time_of(builds[i], 8000);
        print_message("%u: 1000 in %.1f ms, 8000 in %.1f ms\n", i, 1e3 * small, 1e3 * large);
        assert_true(large < 24 * small);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_and_charges),
        cmocka_unit_test(test_only_where_needed),
        cmocka_unit_test(test_one_check_for_two_loops),
        cmocka_unit_test(test_calls_that_leave_the_module),
        cmocka_unit_test(test_random_flows_are_cut),
        cmocka_unit_test(test_random_flows),
        cmocka_unit_test(test_loops_stay_vectorised),
        cmocka_unit_test(test_debug_info_survives),
        cmocka_unit_test(test_inferred_attributes_are_forgotten),
        cmocka_unit_test(test_time_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
