/* crash.c - one line per crash, more if BUSKIN_CRASH=full, and the program's own hook.
 *
 *   panic in Pid(4294967361): TEXT at FILE:LINE:COL           PANIC
 *   crash in Pid(4294967361) (NAME): TEXT                     CRASH and LIMIT
 *
 * full adds what the actor held and where it was: its callers by their frame pointers (frames.c). It is a piece of its own
 * that names the pid once more, because the line alone may be as long as the panic's text. Memory is never allocated here: a
 * crash may be for want of it.
 */
#include "sched/crash.h"

#include "actor/cold.h"
#include "actor/info.h"
#include "sched/frames.h"
#include "sched/output.h"
#include "sched/outside.h"

static enum crash_mode crash_mode = CRASH_LINE;
static void (*_Atomic crash_hook)(const buskin_crash_t *crash);

void crash_init(enum crash_mode mode) { crash_mode = mode; }

void crash_set_hook(void (*hook)(const buskin_crash_t *crash)) { store_seq_cst(&crash_hook, hook); }

static void say_line(const buskin_crash_t *c) {
    text_t head = {.length = 0}, tail = {.length = 0};
    unsigned long long pid = c->pid;
    if (c->code == BUSKIN_REASON_PANIC)
        say(&head, "panic in Pid(%llu): ", pid);
    else
        say(&head, "crash in Pid(%llu) (%s): ", pid, c->name);
    if (c->file) say(&tail, " at %s:%u:%u", c->file, c->line, c->col);
    say(&tail, "\n");
    const output_piece_t pieces[] = {{head.bytes, head.length}, {c->text, c->length}, {tail.bytes, tail.length}};
    output_pieces(2, pieces, 3);
}

static void say_all(const actor_t *a, const crash_place_t *place) {
    text_t t = {.length = 0};
    buskin_process_info_t info;
    info_fill(a, &info);
    say(&t, "    Pid(%llu) is %s: %llu messages wait, heap of %llu bytes, %llu links, %llu monitors, watched by %llu\n",
        (unsigned long long)a->ctx.pid, actor_name(a), (unsigned long long)info.mailbox_length,
        (unsigned long long)info.heap_bytes, (unsigned long long)info.links, (unsigned long long)info.monitors,
        (unsigned long long)info.watchers);
    frames_t frames;
    if (place->pc)
        frames_from(&frames, a, place->pc, place->fp);
    else
        frames_of(&frames, a);
    say_frames(&t, &frames);
    output_write(2, t.bytes, t.length);
}

typedef struct hook_call {
    void (*hook)(const buskin_crash_t *crash);
    const buskin_crash_t *crash;
} hook_call_t;

static void call_hook(void *arg) {
    const hook_call_t *call = arg;
    call->hook(call->crash);
}

void crash_report(const actor_t *a, uint32_t code, uint32_t detail, const char *text, uint64_t length,
                  const crash_place_t *place) {
    buskin_crash_t crash = {.size = sizeof crash,
                            .pid = a->ctx.pid,
                            .name = actor_name(a),
                            .text = text,
                            .length = length,
                            .file = place->file,
                            .line = place->line,
                            .col = place->col,
                            .code = code,
                            .detail = detail};
    if (crash_mode != CRASH_OFF) say_line(&crash);
    if (crash_mode == CRASH_FULL) say_all(a, place);
    void (*hook)(const buskin_crash_t *) = load_seq_cst(&crash_hook);
    if (hook) outside_call(call_hook, &(hook_call_t){hook, &crash});
}

static const char *reason_text(uint32_t code) {
    switch (code) {
    case BUSKIN_REASON_KILLED: return "killed";
    case BUSKIN_REASON_KILL: return "kill, over a link";
    case BUSKIN_REASON_NOPROC: return "noproc, over a link";
    case BUSKIN_REASON_PANIC: return "panic, over a link: ";
    case BUSKIN_REASON_CRASH: return "crash, over a link: ";
    case BUSKIN_REASON_LIMIT: return "limit, over a link: ";
    default: return "a reason of its own: ";
    }
}

void crash_report_main(uint64_t pid, const buskin_notice_t *why) {
    bool crash = why->code >= BUSKIN_REASON_PANIC && why->code <= BUSKIN_REASON_LIMIT;
    if (crash_mode == CRASH_OFF || (crash && why->from == pid)) return;
    text_t head = {.length = 0};
    say(&head, "buskin: the main actor ended: %s", reason_text(why->code));
    const output_piece_t pieces[] = {{head.bytes, head.length}, {(const char *)(why + 1), why->length}, {"\n", 1}};
    output_pieces(2, pieces, 3);
}

void crash_report_outside(const char *text, uint64_t length, const crash_place_t *place) {
    buskin_crash_t crash = {.text = text,
                            .length = length,
                            .file = place->file,
                            .line = place->line,
                            .col = place->col,
                            .code = BUSKIN_REASON_PANIC};
    say_line(&crash);
}
