/* outside.c - see outside.h. */
#include "sched/outside.h"

#include "abi_kinds.h"
#include "mem/share.h"
#include "sched/worker.h"

#include <pthread.h>
#include <signal.h>

extern _Thread_local buskin_context_t *BUSKIN_ABI_CONTEXT_SYMBOL __attribute__((tls_model("initial-exec")));

actor_t outside_block = {.ctx = {.budget = INT64_MAX}};

void outside_call(void (*fn)(void *arg), void *arg) {
    buskin_context_t *before = BUSKIN_ABI_CONTEXT_SYMBOL;
    BUSKIN_ABI_CONTEXT_SYMBOL = outside_context;
    fn(arg);
    BUSKIN_ABI_CONTEXT_SYMBOL = before;
}

static void bury(void *pool) { share_bury(pool); }

void outside_bury(pool_t *pool) { outside_call(bury, pool); }

/* -- Forks -- */

static void (*fork_seen)(void);

/* The other threads are gone, perhaps with locks. The caller may be an actor: it is one no more. Its thread has the signals of
 * the process blocked, which the child, or what it executes, would inherit. */
static void in_child(void) {
    if (this_worker) {
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
    }
    fork_seen();
    this_worker = NULL;
    BUSKIN_ABI_CONTEXT_SYMBOL = outside_context;
}

void outside_watch_forks(void (*seen)(void)) {
    if (fork_seen) return;
    fork_seen = seen;
    pthread_atfork(NULL, NULL, in_child);
}
