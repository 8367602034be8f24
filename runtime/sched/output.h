/* output.h - standard output and error: pieces of text that are never mixed. */
#ifndef BUSKIN_OUTPUT_H
#define BUSKIN_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

void output_init(void);
/* fd is 1 or 2. false: the system refused the bytes. */
bool output_write(int fd, const void *bytes, uint64_t length);
/* The same in a forked child, past buffer and lock. */
bool output_alone(int fd, const void *bytes, uint64_t length);
void output_flush(void);
void output_idle(void); /* a worker is about to sleep */
/* Several pieces as one, on a stream that is not buffered. */
typedef struct output_piece {
    const char *bytes;
    uint64_t length;
} output_piece_t;
void output_pieces(int fd, const output_piece_t *pieces, unsigned n);

#endif
