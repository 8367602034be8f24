/* output.c - one buffer for standard output under a lock; standard error goes out at once, after the buffer.
 *
 * A piece is written whole or after the buffer, so two actors' lines never mix. The buffer is flushed when it is full,
 * when a worker has nothing to do, when FLUSH_NS have passed since the last time, at the end, and after every piece if
 * the output is a terminal.
 */
#include "sched/output.h"

#include "base/lock.h"
#include "port/port.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 14, FLUSH_NS = 20000000 };

static lock_t output_lock;
static char buffer[BUFFER_BYTES];
static _Atomic uint32_t buffered;
static uint64_t last_flush;
static bool terminal;

void output_init(void) {
    terminal = isatty(1);
    last_flush = clock_ns();
}

static bool write_all(int fd, const char *bytes, uint64_t length) {
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            thread_yield();
            continue;
        }
        if (n <= 0) return false;
        bytes += n;
        length -= (uint64_t)n;
    }
    return true;
}

bool output_alone(int fd, const void *bytes, uint64_t length) { return write_all(fd, bytes, length); }

static bool flush_locked(void) {
    uint32_t n = load_relaxed(&buffered);
    store_relaxed(&buffered, 0);
    last_flush = clock_ns();
    return !n || write_all(1, buffer, n);
}

bool output_write(int fd, const void *bytes, uint64_t length) {
    bool ok = true;
    lock_take(&output_lock);
    uint32_t n = load_relaxed(&buffered);
    if (fd == 2 || n + length > BUFFER_BYTES) ok = flush_locked();
    if (fd == 2 || length > BUFFER_BYTES) {
        ok = write_all(fd, bytes, length) && ok;
    } else {
        n = load_relaxed(&buffered);
        memcpy(buffer + n, bytes, length);
        store_relaxed(&buffered, n + (uint32_t)length);
        if (terminal || clock_ns() - last_flush > FLUSH_NS) ok = flush_locked();
    }
    lock_drop(&output_lock);
    return ok;
}

void output_flush(void) {
    lock_take(&output_lock);
    flush_locked();
    lock_drop(&output_lock);
}

void output_idle(void) {
    if (load_relaxed(&buffered)) output_flush();
}

void output_pieces(int fd, const output_piece_t *pieces, unsigned n) {
    char one[1024]; /* one write, so that other processes' lines do not mix in either; a long text goes out as it is */
    uint64_t all = 0;
    for (unsigned i = 0; i < n; i++) all += pieces[i].length;
    char *end = one;
    lock_take(&output_lock);
    flush_locked();
    for (unsigned i = 0; i < n; i++)
        if (all > sizeof one)
            write_all(fd, pieces[i].bytes, pieces[i].length);
        else if (pieces[i].length)
            end = mempcpy(end, pieces[i].bytes, pieces[i].length);
    write_all(fd, one, (uint64_t)(end - one));
    lock_drop(&output_lock);
}
