/* symbol.h - the source lines of addresses of code. */
#ifndef BUSKIN_SYMBOL_H
#define BUSKIN_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

/* One place in a source; function and file may be NULL, line 0. The texts stay. */
typedef void symbol_found(void *data, const char *function, const char *file, int line);

/* Calls found for the place of the instruction at pc: the innermost function first, then those that it was inlined into. false:
 * nothing is known of pc, and found was not called. Reads the program's debug information when first called, with memory of its
 * own. Any thread; not in a signal handler. */
bool symbol_find(uint64_t pc, symbol_found *found, void *data);

#endif
