/* end.c - the entries that end the calling actor. */
#include "sched/end.h"

#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void slow_panic(const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col);
_Noreturn void slow_end(uint32_t code, const void *bytes, uint64_t length);

/* Without an actor to end, the process does. */
static _Noreturn void end_process(const char *what) {
    fprintf(stderr, "buskin: %s outside an actor\n", what);
    abort();
}

void buskin_panic(const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col) {
    if (!text) length = 0;
    if (is_actor(here())) slow_panic(text, length, file, line, col);
    crash_report_outside(text, length, &(crash_place_t){.file = file, .line = line, .col = col});
    end_process("panic");
}

actor_t *handle_panic(actor_t *self, const char *text, uint64_t length, const char *file, uint32_t line, uint32_t col) {
    worker_t *w = worker_of(self);
    const crash_place_t place = {.file = file, .line = line, .col = col};
    end_crash(w, self, BUSKIN_REASON_PANIC, 0, text, length, &place);
    return end_current(w, self);
}

void buskin_actor_exit(uint32_t code, const void *bytes, uint64_t length) {
    if (!is_actor(here())) end_process("exit");
    slow_end(code, bytes, bytes ? length : 0);
}

actor_t *handle_end(actor_t *self, uint32_t code, const void *bytes, uint64_t length) {
    worker_t *w = worker_of(self);
    end_because(w, self, code, bytes, length);
    return end_current(w, self);
}
