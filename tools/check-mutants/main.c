/* main.c - check-mutants: breaks good modules in each rule's way, and sees that each break is found.
 *
 *     check-mutants [--most N] [--points N] [--require N] [--rule N] FILE.{ll,bc}...
 *
 * Every module must be clean to begin with. Each mutator is applied to each module, at its first few points; the
 * mutant must pass LLVM's verifier and be found by the mutator's rule. --most limits the modules per rule (0: none),
 * --require is how many from different modules each rule must have had. One line per rule; exit 1 when a mutant
 * was missed or a rule has too few. */
#include "mutate.h"

#include <getopt.h>
#include <stdlib.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/IRReader.h>

enum { RULES = 64 };

typedef struct account {
    unsigned mutants, caught, modules;
    const void *last; /* module that was counted */
} account_t;

typedef struct run {
    LLVMContextRef context;
    account_t rules[RULES];
    unsigned most, points, require, only;
    bool bad;
} run_t;

/* -- One check ------------------------------------------------------------------------------------------------- */

typedef struct seen {
    bool rules[RULES];
    unsigned findings;
    char first[512];
} seen_t;

static void note(void *data, const buskin_check_finding_t *f) {
    seen_t *seen = data;
    if (f->severity < BUSKIN_CHECK_WARNING || f->rule >= RULES) return;
    seen->rules[f->rule] = true;
    if (!seen->findings++) buskin_check_line(f, seen->first, sizeof seen->first);
}

static seen_t look_at(LLVMModuleRef module) {
    seen_t seen = {.findings = 0};
    const buskin_check_sink_t sink = {note, &seen};
    if (buskin_check_module(module, NULL, &sink) < 0) snprintf(seen.first, sizeof seen.first, "no memory");
    return seen;
}

/* -- Mutants ------------------------------------------------------------------------------------------------------ */

static void complain(run_t *run, const char *path, const mutator_t *m, unsigned point, const char *what) {
    printf("FAIL C%u %s at point %u of %s: %s\n", m->rule, m->name, point, path, what);
    run->bad = true;
}

static bool try_mutant(run_t *run, const char *path, LLVMModuleRef good, const mutator_t *m, unsigned point) {
    LLVMModuleRef module = LLVMCloneModule(good);
    char *message = NULL;
    bool applied = m->apply(module, point);
    if (applied && LLVMVerifyModule(module, LLVMReturnStatusAction, &message)) {
        complain(run, path, m, point, message);
    } else if (applied) {
        seen_t seen = look_at(module);
        account_t *account = &run->rules[m->rule];
        account->mutants++;
        account->caught += seen.rules[m->rule];
        account->modules += account->last != good;
        account->last = good;
        if (!seen.rules[m->rule]) complain(run, path, m, point, seen.findings ? seen.first : "nothing was found");
    }
    LLVMDisposeMessage(message);
    LLVMDisposeModule(module);
    return applied;
}

static bool has_enough(const run_t *run, unsigned rule, LLVMModuleRef good) {
    const account_t *account = &run->rules[rule];
    return run->most && account->modules >= run->most && account->last != good;
}

static void try_module(run_t *run, const char *path, LLVMModuleRef good) {
    seen_t seen = look_at(good);
    if (seen.findings) {
        printf("FAIL %s is not clean: %s\n", path, seen.first);
        run->bad = true;
        return;
    }
    for (unsigned i = 0; i < mutator_count; i++) {
        const mutator_t *m = &mutators[i];
        if (run->only && run->only != m->rule) continue;
        if (has_enough(run, m->rule, good)) continue;
        for (unsigned point = 0; point < run->points; point++)
            if (!try_mutant(run, path, good, m, point)) break;
    }
}

static void try_file(run_t *run, const char *path) {
    LLVMMemoryBufferRef buffer;
    LLVMModuleRef module;
    char *message = NULL;
    if (LLVMCreateMemoryBufferWithContentsOfFile(path, &buffer, &message) ||
        LLVMParseIRInContext(run->context, buffer, &module, &message)) {
        printf("FAIL %s: %s\n", path, message);
        LLVMDisposeMessage(message);
        run->bad = true;
        return;
    }
    try_module(run, path, module);
    LLVMDisposeModule(module);
    for (unsigned i = 0; i < RULES; i++) run->rules[i].last = NULL;
}

/* -- The account ------------------------------------------------------------------------------------------------------ */

static void close_account(run_t *run) {
    unsigned mutants = 0, caught = 0;
    for (unsigned rule = 1; rule <= buskin_check_rule_count; rule++) {
        const account_t *a = &run->rules[rule];
        if (run->only && run->only != rule) continue;
        printf("C%-3u %5u mutants of %4u modules, %5u caught\n", rule, a->mutants, a->modules, a->caught);
        if (a->mutants < run->require || a->modules < run->require || a->caught != a->mutants) {
            printf("FAIL C%u: %u are wanted, of different modules, all caught\n", rule, run->require);
            run->bad = true;
        }
        mutants += a->mutants;
        caught += a->caught;
    }
    printf("%u mutants, %u caught\n", mutants, caught);
}

static unsigned number(const char *text) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n > 1000000) {
        fprintf(stderr, "check-mutants: %s is not a number in range\n", text);
        exit(2);
    }
    return (unsigned)n;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"most", required_argument, NULL, 'm'},
                                            {"points", required_argument, NULL, 'p'},
                                            {"require", required_argument, NULL, 'r'},
                                            {"rule", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    run_t run = {.context = LLVMContextCreate(), .points = 1, .require = 1};
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (code) {
        case 'm': run.most = number(optarg); break;
        case 'p': run.points = number(optarg); break;
        case 'r': run.require = number(optarg); break;
        case 'n': run.only = number(optarg); break;
        default: return 2;
        }
    }
    if (optind == argc) {
        fputs("usage: check-mutants [--most N] [--points N] [--require N] [--rule N] FILE.{ll,bc}...\n", stderr);
        return 2;
    }
    for (int i = optind; i < argc; i++) try_file(&run, argv[i]);
    close_account(&run);
    LLVMContextDispose(run.context);
    return run.bad;
}

/* -- The mutators -------------------------------------------------------------------------------------------------------- */

const mutator_t mutators[] = {
#define MUTATOR(rule, function) {rule, #function, function},
#include "mutators.def"
#undef MUTATOR
};
const unsigned mutator_count = sizeof mutators / sizeof *mutators;
