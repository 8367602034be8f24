/* probe.h - asks another thread where it is, by a signal that nobody else is likely to use: SIGURG, which does nothing by default. */
#ifndef BUSKIN_PROBE_H
#define BUSKIN_PROBE_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum { PROBE_SIGNAL = SIGURG };

/* Where the thread was interrupted: program counter, stack and frame pointers. */
typedef struct probe {
    uint64_t pc, sp, fp;
} probe_t;

/* Called in a signal handler on the probed thread. false: nobody asked it, so the signal is the program's own. */
typedef bool probe_answer(const probe_t *at);

/* false: the system refused. */
bool probe_install(probe_answer *answer);
/* The program's own handler is back. */
void probe_remove(void);
/* The thread must not have been joined. It answers soon, unless it blocks the signal. */
void probe_send(pthread_t thread);

#endif
