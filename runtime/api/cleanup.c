/* cleanup.c - the entries of cleanups, for code that does not push and pop by stores of its own (sched/cleanup.h). */
#include "api/api.h"

/* Where the frames of an entry's caller end: its return address and the saved frame pointer are the entry's. */
#define CALLER_FRAMES ((const char *)__builtin_frame_address(0) + 16)

static bool is_on_stack(const buskin_cleanup_t *record, const char *low, const char *high) {
    const char *start = (const char *)record;
    return (uintptr_t)record % 8 == 0 && start >= low && start <= high - sizeof *record;
}

int32_t buskin_cleanup_push(buskin_cleanup_t *record, void (*run)(void *arg), void *arg) {
    buskin_context_t *ctx = here();
    if (!is_actor(ctx)) return BUSKIN_ESTATE;
    need_room(ctx);
    const char *frames = CALLER_FRAMES, *bottom = stack_bottom(actor_of(ctx)), *top = stack_top(actor_of(ctx));
    const buskin_cleanup_t *newest = ctx->cleanups;
    if (!run || !is_on_stack(record, frames, top) || record == newest) return BUSKIN_EINVAL;
    if (is_on_stack(newest, bottom, frames + sizeof *newest - 1)) return BUSKIN_EINVAL; /* below all frames that live */
    *record = (buskin_cleanup_t){.next = ctx->cleanups, .run = run, .arg = arg};
    ctx->cleanups = record;
    return BUSKIN_OK;
}

/* Through the live records of this stack; the count ends a circle. */
int32_t buskin_cleanup_pop(buskin_cleanup_t *record) {
    buskin_context_t *ctx = here();
    if (!is_actor(ctx)) return BUSKIN_ESTATE;
    need_room(ctx);
    const char *frames = CALLER_FRAMES, *top = stack_top(actor_of(ctx));
    const buskin_cleanup_t *r = ctx->cleanups;
    for (size_t n = (size_t)(top - frames) / sizeof *r; n && r != record && is_on_stack(r, frames, top); n--)
        r = r->next;
    if (r != record || !is_on_stack(record, frames, top)) return BUSKIN_ENOTFOUND;
    ctx->cleanups = record->next;
    return BUSKIN_OK;
}
