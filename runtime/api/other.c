/* other.c - output, clock and unique numbers. */
#include "api/api.h"
#include "sched/output.h"
#include "sched/seeded.h"

int32_t buskin_print(int32_t fd, const void *bytes, uint64_t length) {
    if ((fd != 1 && fd != 2) || (length && !bytes)) return BUSKIN_EINVAL;
    buskin_context_t *ctx = here();
    need_room(ctx);
    if (unlikely(seeded.on) && ctx->flags & BUSKIN_CTX_ACTOR) seeded_note_bytes(bytes, length);
    if (is_actor(ctx)) actor_charge(ctx, 1 + (int64_t)(length / 64));
    bool alone =
        unlikely(load_relaxed(&runtime_state) == RUNTIME_FORKED); /* the lock and the buffer are the parent's */
    return (alone ? output_alone(fd, bytes, length) : output_write(fd, bytes, length)) ? BUSKIN_OK : BUSKIN_ESTATE;
}

int64_t buskin_now_ms(void) { return (int64_t)(now_ns() / 1000000u); }

uint64_t buskin_unique_ref(void) { return worker_ref(is_actor(here()) ? this_worker : NULL); }
