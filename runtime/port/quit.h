/* quit.h - SIGTERM and SIGINT: the system asks the process to end. */
#ifndef BUSKIN_QUIT_H
#define BUSKIN_QUIT_H

/* From now on the first of the two calls first(signal), in a signal handler; the second has its usual effect, at once. A signal
 * that the program ignores or handles itself is left alone. */
void quit_install(void (*first)(int signal));
/* Back to what it was before. */
void quit_remove(void);

#endif
