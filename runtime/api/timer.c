/* timer.c - the entries for messages to come.
 *
 * A reference is (generation << 32) | (worker << 24) | index of the timer in that worker's wheel. Whoever moves the
 * timer's claim from armed to taken, by one CAS, decides: the wheel, when it fires, or a canceller on any thread.
 * A canceller elsewhere leaves the record in the wheel and tells its worker to sweep. An actor that starts or cancels a timer of a
 * small message does so on its own stack.
 */
#include "sched/timer.h"
#include "api/caller.h"
#include "port/port.h"
#include "sched/registry.h"
#include "sched/seeded.h"

static const int64_t TIMER_MS_MAX = UINT32_MAX;

/* For the thread that called init, which has no wheel: an actor sets the timer and reports. */
typedef struct timer_order {
    fragment_t *message;
    uint64_t deadline_ns;
    uint64_t ref;
    _Atomic uint32_t done;
} timer_order_t;

static void timer_proxy(const void *args) {
    timer_order_t *order = *(timer_order_t *const *)args;
    order->ref = timer_add_message(this_worker, order->deadline_ns, order->message);
    store_release(&order->done, 1); /* pairs with the load in timer_from_thread */
    if (seeded.on) seeded_poke();
    futex_wake(&order->done, 1);
}

static uint64_t timer_from_thread(fragment_t *message, uint64_t deadline_ns) {
    timer_order_t order = {.message = message, .deadline_ns = deadline_ns}, *address = &order;
    if (!buskin_actor_spawn(timer_proxy, &address, sizeof address, BUSKIN_HIGH)) {
        if (message->next) external_free(message->next);
        external_free(message);
        return 0;
    }
    while (!load_acquire(&order.done)) {
        if (seeded.on)
            seeded_wait(0, 0);
        else
            futex_wait(&order.done, 0, -1);
    }
    return order.ref;
}

typedef struct timer_call {
    uint64_t pid, tag, deadline_ns;
    const char *name; /* instead of pid, or NULL */
    uint64_t name_length;
    const buskin_desc_t *desc;
    const void *value;
} timer_call_t;

static uint64_t send_after_run(caller_t *c, uint64_t call_address, uint64_t a2, uint64_t a3, uint64_t a4) {
    const timer_call_t *call = (const timer_call_t *)(uintptr_t)call_address;
    (void)a2, (void)a3, (void)a4;
    pool_t *pool = caller_pool(c);
    fragment_t *f = fragment_copy(pool, c->w ? &c->w->scratch : external_scratch(), call->desc, call->value);
    caller_done(c);
    if (!f) return 0;
    f->owner = call->pid;
    f->tag = call->tag;
    f->next = NULL;
    if (call->name) {
        pool = caller_pool(c);
        f->next = fragment_bytes(pool, call->name, call->name_length);
        bool kept = f->next != NULL;
        if (!kept) fragment_free(pool, f);
        caller_done(c);
        if (!kept) return 0;
    }
    if (!c->w) return timer_from_thread(f, call->deadline_ns);
    return timer_add_message(c->w, call->deadline_ns, f);
}

static uint64_t send_at(timer_call_t *call, int64_t ms) {
    if (ms < 0 || ms > TIMER_MS_MAX || (call->desc && call->desc->size && !call->value)) return 0;
    if (!call->desc) call->desc = &fragment_empty_desc;
    call->deadline_ns = now_ns() + (uint64_t)ms * 1000000u;
    return caller_run(send_after_run, (uint64_t)(uintptr_t)call, 0, 0, 0, 0);
}

/* A small message of an actor, with a piece and a record at hand: a leaf. */
static inline bool send_is_small(const buskin_context_t *ctx, int64_t ms, const buskin_desc_t *desc,
                                 const void *value) {
    return is_actor(ctx) && has_room(ctx) && (uint64_t)ms <= (uint64_t)TIMER_MS_MAX && desc && value &&
           desc_is_small(desc) && fragment_is_at_hand(&this_worker->pool, desc) &&
           wheel_is_at_hand(&this_worker->wheel);
}

uint64_t buskin_timer_send_after(uint64_t pid, int64_t ms, uint64_t tag, const buskin_desc_t *desc, const void *value) {
    if (likely(is_up() && send_is_small(here(), ms, desc, value))) {
        fragment_t *f = fragment_small(&this_worker->pool, desc, value);
        f->owner = pid;
        f->tag = tag;
        f->next = NULL;
        return timer_add_message(this_worker, now_ns() + (uint64_t)ms * 1000000u, f);
    }
    timer_call_t call = {.pid = pid, .tag = tag, .desc = desc, .value = value};
    return is_up() ? send_at(&call, ms) : 0;
}

uint64_t buskin_timer_send_to_name(const char *name, uint64_t length, int64_t ms, uint64_t tag,
                                   const buskin_desc_t *desc, const void *value) {
    timer_call_t call = {.tag = tag, .desc = desc, .value = value, .name = name, .name_length = length};
    return is_up() && registry_name_is_valid(name, length) ? send_at(&call, ms) : 0;
}

int64_t buskin_timer_cancel(uint64_t ref) {
    if (!is_up()) return BUSKIN_ESTATE;
    if (unlikely(!is_actor(here()))) return timer_cancel(NULL, ref);
    need_room(here());
    return timer_cancel(this_worker, ref);
}
