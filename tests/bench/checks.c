/* checks.c - what reduction checks cost: two loops, one that the processor executes step by step and one that LLVM
 * vectorises, compiled by the shims with checks and without, and run by an actor in turns. The least time of each counts.
 *
 * LINK: codegen
 */
#include "bench.h"

#include <buskin.h>
#include <buskin_cg.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/LLJIT.h>
#include <string.h>

enum { WORDS = 4096 };  /* the vectorised loop's: they stay in the first cache */
enum { ROUNDS = 40 };   // quick: 20, smallest: 2
enum { REPEAT = 1000 }; // quick: 500, smallest: 2

static const char loops[] = "define i64 @plain(ptr %data, i64 %n) {\n"
                            "entry:\n"
                            "  br label %loop\n"
                            "loop:\n"
                            "  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]\n"
                            "  %x = phi i64 [ 1, %entry ], [ %x1, %loop ]\n"
                            "  %m = mul i64 %x, 6364136223846793005\n"
                            "  %x1 = xor i64 %m, %i\n"
                            "  %i1 = add nuw nsw i64 %i, 1\n"
                            "  %done = icmp eq i64 %i1, %n\n"
                            "  br i1 %done, label %exit, label %loop\n"
                            "exit:\n"
                            "  ret i64 %x1\n"
                            "}\n"
                            "define i64 @vector(ptr %data, i64 %n) {\n"
                            "entry:\n"
                            "  br label %loop\n"
                            "loop:\n"
                            "  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]\n"
                            "  %s = phi i32 [ 0, %entry ], [ %s1, %loop ]\n"
                            "  %at = getelementptr inbounds i32, ptr %data, i64 %i\n"
                            "  %v = load i32, ptr %at, align 4\n"
                            "  %s1 = add i32 %s, %v\n"
                            "  %i1 = add nuw nsw i64 %i, 1\n"
                            "  %done = icmp eq i64 %i1, %n\n"
                            "  br i1 %done, label %exit, label %loop\n"
                            "exit:\n"
                            "  %r = zext i32 %s1 to i64\n"
                            "  ret i64 %r\n"
                            "}\n";

typedef uint64_t loop_fn(const uint32_t *data, uint64_t n);
typedef struct variant {
    loop_fn *plain, *vector;
} variant_t;

static variant_t with, without;
static uint32_t data[WORDS];

/* -- Compiling ----------------------------------------------------------------------------------------- */

static void no_error(LLVMErrorRef error) {
    if (error) bench_check(0, LLVMGetErrorMessage(error));
}

static loop_fn *find(LLVMOrcLLJITRef jit, const char *name) {
    LLVMOrcExecutorAddress address = 0;
    no_error(LLVMOrcLLJITLookup(jit, &address, name));
    return (loop_fn *)(uintptr_t)address;
}

static variant_t compile(bool no_checks) {
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module;
    char *message = NULL;
    LLVMMemoryBufferRef text = LLVMCreateMemoryBufferWithMemoryRangeCopy(loops, strlen(loops), "loops");
    bench_check(!LLVMParseIRInContext(context, text, &module, &message), "the loops");
    buskin_cg_t *cg =
        buskin_cg_create(module, &(buskin_cg_options_t){.mode = BUSKIN_CG_JIT, .opt_level = 2, .no_checks = no_checks});
    buskin_cg_actor_code(cg, LLVMGetNamedFunction(module, "plain"));
    buskin_cg_actor_code(cg, LLVMGetNamedFunction(module, "vector"));
    buskin_cg_optimize(cg);
    LLVMMemoryBufferRef object = buskin_cg_emit_memory(cg, BUSKIN_CG_OBJECT);
    if (!object) bench_check(0, buskin_cg_error(cg));

    LLVMOrcLLJITRef jit; /* lives as long as the program */
    no_error(LLVMOrcCreateLLJIT(&jit, NULL));
    LLVMOrcJITDylibRef library = LLVMOrcLLJITGetMainJITDylib(jit);
    LLVMOrcCSymbolMapPair pairs[] = {
        {LLVMOrcLLJITMangleAndIntern(jit, "buskin_context"), {.Address = (uintptr_t)buskin_context}},
        {LLVMOrcLLJITMangleAndIntern(jit, "buskin_reduction_slow"), {.Address = (uintptr_t)buskin_reduction_slow}}};
    no_error(LLVMOrcJITDylibDefine(library, LLVMOrcAbsoluteSymbols(pairs, 2)));
    no_error(LLVMOrcLLJITAddObjectFile(jit, library, object));
    return (variant_t){find(jit, "plain"), find(jit, "vector")};
}

/* -- Measuring ----------------------------------------------------------------------------------------- */

static uint64_t run(loop_fn *loop, int64_t *least) {
    uint64_t sum = 0;
    int64_t start = bench_now_ns();
    for (int i = 0; i < REPEAT; i++) sum += loop(data, WORDS);
    int64_t took = bench_now_ns() - start;
    if (took < *least) *least = took;
    return sum;
}

static void compare(const char *metric, loop_fn *checked, loop_fn *bare) {
    int64_t least = INT64_MAX, least_bare = INT64_MAX;
    for (int i = 0; i < ROUNDS; i++)
        bench_check(run(checked, &least) == run(bare, &least_bare), "the loops' results differ");
    bench_line("checks", metric, 100 * ((double)least / (double)least_bare - 1), "%");
}

static void measure(const void *args) {
    (void)args;
    compare("plain", with.plain, without.plain);
    compare("vector", with.vector, without.vector);
}

int main(void) {
    for (uint32_t i = 0; i < WORDS; i++) data[i] = i * 2654435761u;
    with = compile(false);
    without = compile(true);
    if (buskin_rt_init_actor(1) != BUSKIN_OK) return 1;
    buskin_actor_spawn(measure, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}
