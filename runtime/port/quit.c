/* quit.c - the two requests to end, by POSIX signals.
 *
 * The handler puts the system's own effect back before it calls, so that the next signal of either kind ends the process,
 * whatever state it is in, with the status that its parent expects of that signal.
 */
#include "port/quit.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static const int quit_signals[] = {SIGTERM, SIGINT};
enum { QUIT_SIGNALS = sizeof quit_signals / sizeof *quit_signals };

static void (*quit_first)(int signal);
static volatile sig_atomic_t quit_ours[QUIT_SIGNALS]; /* we have installed a handler, and have not removed it */

void quit_remove(void) {
    for (size_t i = 0; i < QUIT_SIGNALS; i++)
        if (quit_ours[i]) {
            quit_ours[i] = false;
            signal(quit_signals[i], SIG_DFL);
        }
}

static void quit_handler(int number) {
    quit_remove();
    quit_first(number);
}

void quit_install(void (*first)(int signal)) {
    quit_first = first;
    for (size_t i = 0; i < QUIT_SIGNALS; i++) {
        struct sigaction now, ours = {.sa_handler = quit_handler};
        sigfillset(&ours.sa_mask);
        if (sigaction(quit_signals[i], NULL, &now) || now.sa_flags & SA_SIGINFO || now.sa_handler != SIG_DFL) continue;
        quit_ours[i] = sigaction(quit_signals[i], &ours, NULL) == 0;
    }
}
