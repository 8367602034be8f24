/* spawn.c - a new actor costs a block and, until it first runs, the copy of its arguments; its stack comes then.
 *
 * The block comes with its home (actor/table.c). A thread without a worker may not touch run queues: it makes the actor as if it waited for a call and sends it the
 * SIGNAL_WAKE that ends one, so the ordinary delivery protocol starts it.
 */
#include "sched/spawn.h"

#include "actor/cold.h"
#include "actor/signal.h"
#include "sched/deliver.h"
#include "sched/external.h"
#include "sched/post.h"
#include "sched/quiesce.h"

static bool tie_monitor(cold_t *theirs, cold_t *ours, uint64_t ref, uint64_t parent, uint64_t child) {
    return !ref || (map_put(&theirs->watchers, ref, parent) && map_put(&ours->watching, ref, child));
}

static bool tie_job(pool_t *pool, cold_t *ours, uint64_t ref, uint64_t child) {
    return !ref || (cold_jobs(ours, pool) && map_put(ours->jobs, child, ref));
}

/* Both ends know of the link and the monitors before the child can run or the parent can go on. */
static bool tie(pool_t *pool, actor_t *child, const spawn_order_t *order) {
    cold_t *theirs = cold_ensure(child, pool), *ours = cold_ensure(order->parent, pool);
    uint64_t child_pid = child->ctx.pid, parent_pid = order->parent->ctx.pid;
    if (!theirs || !ours) return false;
    theirs->job = order->job;
    theirs->keeper = order->kept ? order->ref : 0;
    if ((!order->link || (map_put(&theirs->links, parent_pid, 0) && map_put(&ours->links, child_pid, 0))) &&
        tie_monitor(theirs, ours, order->ref, parent_pid, child_pid) &&
        tie_monitor(theirs, ours, order->job, parent_pid, child_pid) && tie_job(pool, ours, order->job, child_pid))
        return true;
    map_remove(&ours->links, child_pid);
    if (order->ref) map_remove(&ours->watching, order->ref);
    if (order->job) map_remove(&ours->watching, order->job);
    return false;
}

/* The block was claimed in vain: it needs a home that answers, also what has been pushed meanwhile. */
static void block_give_back(table_cache_t *blocks, actor_t *a) {
    a->state = ACTOR_FREE;
    if (blocks->home == HOME_NONE)
        store_seq_cst(&a->remote->home, 0); /* as in block_claim; nobody visits a block without one */
    table_give(blocks, a);
    if (remote_pending(a)) deliver_notify(NULL, a);
}

actor_t *spawn_block(table_cache_t *blocks, pool_t *pool, const spawn_order_t *order) {
    actor_t *a = table_take(blocks);
    if (unlikely(!a)) return NULL;
    a->ctx.budget = 0;
    a->ctx.hp = a->ctx.hplim = NULL;
    a->ctx.stack_limit = NULL;
    a->ctx.flags = BUSKIN_CTX_ACTOR | order->flags | (uint32_t)order->priority << ACTOR_PRIORITY_SHIFT;
    a->ctx.private0 = 0;
    a->ctx.cleanups = NULL;
    a->ctx.private1 = NULL;
    /* remote, inbox_next, in_inbox, waker: a late sender to the block's last occupant may be using them */
    a->head = a->tail = NULL;
    a->sp = (char *)(uintptr_t)order->entry;
    a->spilled = order->args;
    a->meta = (uintptr_t)order->desc;
    a->slot = 0;
    a->last_waker = 0;
    if (order->args) order->args->owner = a->ctx.pid;
    if (unlikely(order->desc && order->desc->mailbox_capacity) && !bounded_open(a, order->desc, pool)) {
        a->state = ACTOR_FREE;
        table_give(blocks, a);
        return NULL;
    }
    if (unlikely(order->flags & ACTOR_SUPERVISOR)) quiesce_tree_started();
    if (unlikely(order->parent) && !tie(pool, a, order)) {
        cold_free(a, pool);
        if (actor_is_bounded(a)) post_undo(pool, a);
        if (order->flags & ACTOR_SUPERVISOR) quiesce_tree_ended();
        block_give_back(blocks, a);
        return NULL;
    }
    table_publish_pid(a);
    return a;
}

uint64_t spawn_here(worker_t *w, const spawn_order_t *order) {
    actor_t *a = spawn_block(&w->blocks, &w->pool, order);
    if (unlikely(!a)) return 0;
    worker_enqueue_new(w, a);
    return a->ctx.pid;
}

uint64_t spawn_foreign(const spawn_order_t *order) {
    static _Atomic uint32_t turn;
    pool_t *pool = external_lock();
    fragment_t *wake = fragment_new(pool, 0);
    actor_t *a = wake ? spawn_block(external_blocks(), pool, order) : NULL;
    if (wake && !a) fragment_free(pool, wake);
    external_unlock();
    if (!a) return 0;
    uint64_t pid = a->ctx.pid;
    actor_set_wait(a, WAIT_CALL);
    a->state = ACTOR_WAITING;
    if (order->flags & ACTOR_MAIN) quiesce_main_started(pid);
    store_seq_cst(&a->remote->home, (uint8_t)(add_relaxed(&turn, 1) % scheduler.workers));
    wake->kind = SIGNAL_WAKE;
    wake->owner = pid;
    deliver_remote(NULL, a, wake); /* from here on the actor may run and end */
    deliver_notify(NULL,
                   a); /* in any case: a late sender to its block may have been first, and found no home to tell */
    return pid;
}
