/* probe.c - the signal of probe.h on Linux x86-64. */
#include "port/probe.h"

#include <ucontext.h>

static struct sigaction earlier_probe;
static probe_answer *probe_answerer;
static bool probe_installed;

static void probe_handler(int number, siginfo_t *info, void *context) {
    const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    const probe_t at = {.pc = (uint64_t)regs[REG_RIP], .sp = (uint64_t)regs[REG_RSP], .fp = (uint64_t)regs[REG_RBP]};
    if (probe_answerer(&at)) return;
    if (earlier_probe.sa_flags & SA_SIGINFO)
        earlier_probe.sa_sigaction(number, info, context);
    else if (earlier_probe.sa_handler != SIG_DFL && earlier_probe.sa_handler != SIG_IGN)
        earlier_probe.sa_handler(number);
}

bool probe_install(probe_answer *answer) {
    probe_answerer = answer;
    struct sigaction action = {.sa_sigaction = probe_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    if (!probe_installed) probe_installed = sigaction(PROBE_SIGNAL, &action, &earlier_probe) == 0;
    return probe_installed;
}

void probe_remove(void) {
    if (probe_installed) sigaction(PROBE_SIGNAL, &earlier_probe, NULL);
    probe_installed = false;
}

void probe_send(pthread_t thread) { pthread_kill(thread, PROBE_SIGNAL); }
