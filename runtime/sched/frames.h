/* frames.h - where an actor was: its frames, as text for a report. */
#ifndef BUSKIN_FRAMES_H
#define BUSKIN_FRAMES_H

#include "actor/actor.h"

enum { FRAMES_MAX = 32 };

/* The innermost frames first: addresses of instructions, for a caller that of its call. */
typedef struct frames {
    unsigned count;
    bool more; /* there are callers that did not fit */
    uint64_t pcs[FRAMES_MAX];
} frames_t;

/* Of an actor that waits or called a slow gate: its saved frame is at a->sp. Its stack must be present. */
void frames_of(frames_t *f, const actor_t *a);
/* Of an actor that was interrupted at pc, with that frame pointer. Also in a signal handler. */
void frames_from(frames_t *f, const actor_t *a, uint64_t pc, uint64_t fp);

/* A text that is built in place: what does not fit is cut off. */
typedef struct text {
    char bytes[4096];
    size_t length;
} text_t;

void say(text_t *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One line for each: function and source line if the program has debug information, else the offset into the program, which
 * `addr2line -fe PROGRAM` turns into them. Not in a signal handler. */
void say_frames(text_t *t, const frames_t *f);

#endif
