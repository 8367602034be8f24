/* external.c - threads without a worker.
 *
 * The thread that called init has an actor block with home == HOME_THREAD. Everybody sends to it by way of `remote`, and
 * the sender that finds it asleep bumps a futex. Its signals take effect when it looks, in one of its receive calls.
 * Its frames are on the thread's own stack: nothing spills them, and it has no turns.
 */
#include "sched/external.h"

#include "mem/share.h"

#include "actor/reason.h"
#include "actor/signal.h"
#include "base/lock.h"
#include "port/port.h"
#include "sched/deliver.h"
#include "sched/outside.h"
#include "sched/seeded.h"

static lock_t shared_lock;
static pool_t shared_pool;
static table_cache_t shared_blocks = {.home = HOME_NONE};
static scratch_t shared_scratch;
static actor_t *main_actor;
static _Atomic uint32_t main_event;

pool_t *external_lock(void) {
    lock_take(&shared_lock);
    return &shared_pool;
}
table_cache_t *external_blocks(void) { return &shared_blocks; }
scratch_t *external_scratch(void) { return &shared_scratch; }
void external_unlock(void) { lock_drop(&shared_lock); }

actor_t *external_main(void) { return main_actor; }

bool external_open(void) {
    external_lock();
    actor_t *a = table_take(&shared_blocks);
    external_unlock();
    if (!a) return false;
    main_actor = a;
    uint64_t pid = a->ctx.pid;
    a->ctx =
        (buskin_context_t){.flags = BUSKIN_CTX_ACTOR | ACTOR_THREAD | ACTOR_TRAPS, .pid = pid, .budget = INT64_MAX};
    a->head = a->tail = NULL;
    a->meta = 0;
    a->state = ACTOR_RUNNING;
    store_seq_cst(&a->remote->home, HOME_THREAD);
    table_publish_pid(a);
    bool ok = heap_ensure(&a->ctx, external_lock()) != NULL; /* so that it can receive when memory is short */
    external_unlock();
    return ok;
}

void external_close(void) {
    pool_t *pool = external_lock();
    actor_t *a = main_actor;
    if (a) {
        table_retire_pid(a);
        for (fragment_t *f = a->head, *next; f; f = next) {
            next = f->next;
            fragment_free(pool, f);
        }
        for (fragment_t *f = mailbox_take_remote(a, REMOTE_IDLE), *next; f; f = next) {
            next = f->next;
            fragment_free(pool, f);
        }
        a->head = a->tail = NULL;
        heap_free(&a->ctx, pool);
        cold_free(a, pool);
        a->state = ACTOR_FREE;
        table_give(&shared_blocks, a);
    }
    main_actor = NULL;
    outside_bury(pool); /* what the end of everything has let go of */
    pool_drain(&shared_pool);
    table_drain(&shared_blocks);
    scratch_free(&shared_scratch);
    external_unlock();
}

void external_free(fragment_t *f) {
    fragment_free(external_lock(), f);
    external_unlock();
}

fragment_t *external_reason(uint32_t code) {
    fragment_t *f = reason_new(external_lock(), code, NULL, 0);
    external_unlock();
    return f;
}

void external_notify(void) {
    if (seeded.on) seeded_poke();
    add_seq_cst(&main_event, 1); /* pairs with the load in external_take_in */
    futex_wake(&main_event, 1);
}

static void take_in(actor_t *a) {
    for (fragment_t *f = mailbox_take_remote(a, NULL), *next; f; f = next) {
        next = f->next;
        if (f->owner != a->ctx.pid) {
            deliver_bounce(NULL, f);
        } else if (f->kind < SIGNAL_FIRST) {
            mailbox_push(a, f);
        } else {
            fragment_t *answer = NULL;
            signal_apply(external_lock(), a, f, &answer);
            external_unlock();
            if (answer) deliver_foreign(answer);
        }
    }
}

bool external_take_in(uint64_t deadline_ns) {
    actor_t *a = main_actor;
    for (;;) {
        if (remote_pending(a)) {
            take_in(a);
            return true;
        }
        if (deadline_ns == 1) return false;
        uint32_t seen = load_seq_cst(&main_event);
        if (!mailbox_sleep(a)) continue;
        if (seeded.on) {
            if (deadline_ns && now_ns() >= deadline_ns) return false;
            seeded_wait(load_seq_cst(&scheduler.event), deadline_ns);
            continue;
        }
        int64_t wait = -1;
        if (deadline_ns) {
            uint64_t now = now_ns();
            if (now >= deadline_ns) return false;
            wait = (int64_t)(deadline_ns - now);
        }
        futex_wait(&main_event, seen, wait);
    }
}

uint64_t external_deadline(int64_t timeout_ms) {
    if (timeout_ms <= 0) return timeout_ms == 0;
    return now_ns() + (uint64_t)(timeout_ms < UINT32_MAX ? timeout_ms : UINT32_MAX) * 1000000u;
}
