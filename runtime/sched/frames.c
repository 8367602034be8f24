/* frames.c - a walk by frame pointers, which emitted code and the runtime keep, and the lines that it gives.
 *
 *     #0 dive at overflow.skit:4
 *     #1 program+0x1a2b                   no debug information
 *
 * A caller's address is that of the instruction after its call, which may belong to another line or even function (a call that
 * never returns is the last of its own), so one byte is taken off.
 */
#include "sched/frames.h"

#include "actor/stack.h"
#include "port/switch.h"
#include "port/symbol.h"
#include "sched/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The linker's bounds of the program's code. */
extern const char __executable_start[] __attribute__((weak));
extern const char etext[] __attribute__((weak));

/* The first `exact` addresses are instructions that were about to run; the others were returned to. */
static void frames_settle(frames_t *f, unsigned exact) {
    for (unsigned i = exact; i < f->count; i++) f->pcs[i]--;
    f->more = f->count == FRAMES_MAX;
}

/* Leaves out the entry that the actor had called, unless that leaves nothing. */
static void frames_drop_entry(frames_t *f) {
    unsigned first = 0;
    while (first < f->count && !fault_is_actor_code(f->pcs[first])) first++;
    if (first == f->count) return;
    f->count -= first;
    memmove(f->pcs, f->pcs + first, f->count * sizeof *f->pcs);
}

void frames_of(frames_t *f, const actor_t *a) {
    f->count = switch_frames(a->sp, stack_top(a), f->pcs, FRAMES_MAX);
    frames_settle(f, 0);
    frames_drop_entry(f);
}

void frames_from(frames_t *f, const actor_t *a, uint64_t pc, uint64_t fp) {
    f->pcs[0] = pc;
    f->count = 1 + switch_callers(fp, stack_bottom(a), stack_top(a), f->pcs + 1, FRAMES_MAX - 1);
    frames_settle(f, 1);
}

void say(text_t *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->bytes + t->length, sizeof t->bytes - t->length, format, args);
    va_end(args);
    t->length += (size_t)n < sizeof t->bytes - t->length ? (size_t)n : sizeof t->bytes - t->length - 1;
}

typedef struct frame_line {
    text_t *t;
    unsigned i;
} frame_line_t;

static void say_place(void *data, const char *function, const char *file, int line) {
    const frame_line_t *l = data;
    say(l->t, "    #%u %s", l->i, function ? function : "?");
    if (file) say(l->t, " at %s:%d", file, line);
    say(l->t, "\n");
}

static void say_address(text_t *t, unsigned i, uint64_t pc) {
    uint64_t start = (uint64_t)(uintptr_t)__executable_start;
    bool ours = pc >= start && pc < (uint64_t)(uintptr_t)etext;
    say(t, "    #%u %s0x%llx\n", i, ours ? "program+" : "", (unsigned long long)(ours ? pc - start : pc));
}

void say_frames(text_t *t, const frames_t *f) {
    for (unsigned i = 0; i < f->count; i++) {
        frame_line_t line = {t, i};
        if (!symbol_find(f->pcs[i], say_place, &line)) say_address(t, i, f->pcs[i]);
    }
    if (f->more) say(t, "    ...\n");
}
