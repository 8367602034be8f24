/* quiesce.h - the end of the program: quiet, main's result, the last terminate callbacks. */
#ifndef BUSKIN_QUIESCE_H
#define BUSKIN_QUIESCE_H

#include "buskin.h"

#include <stdbool.h>

void quiesce_init(void);
void quiesce_main_started(uint64_t pid);
/* The main actor has ended; NULL: NORMAL. Called by its worker. */
void quiesce_main_ended(const buskin_notice_t *why);
/* Any thread: end everything, killing what is not done after timeout_ms. */
void quiesce_request(int64_t timeout_ms);
/* The system asks the process to end: a request with the usual time, and exit status 128 + signal. In a signal handler. */
void quiesce_signal(int signal);
/* Waits for the end and brings it about: the body of buskin_rt_run_scheduler. Returns the exit status. The workers still
 * run, but no actor does. */
int quiesce_run(void);
/* How long its end may take. */
uint64_t quiesce_limit_ms(void);

/* A supervisor has started or ended. */
void quiesce_tree_started(void);
void quiesce_tree_ended(void);

#endif
