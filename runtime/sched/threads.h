/* threads.h - the threads that the runtime makes: for workers, spares, blocking calls and the monitor. */
#ifndef BUSKIN_THREADS_H
#define BUSKIN_THREADS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts a thread. One caller at a time. false: the system refused. */
bool threads_start(void *(*body)(void *), void *arg);
/* How many were started since the last join. */
unsigned threads_count(void);
/* Waits until all have ended, but not beyond that time of clock_ns. How many still run; 0: all are joined. */
unsigned threads_join(uint64_t deadline_ns);

#endif
