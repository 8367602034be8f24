/* rule_order.c - init, run, end: C30.
 *
 * In a function that calls init, the states "before", "running" and "after" flow forward; a call of a row that needs
 * a running runtime is wrong where "running" cannot hold. A call that leads to init or run_scheduler elsewhere
 * makes everything possible. The context of the calling thread changes in init, and LLVM keeps one that was read
 * before, so such a function does not read it.
 */
#include "check.h"

enum { BEFORE = 1, RUNNING = 2, AFTER = 4, ANY = 7 };

/* buskin.h allows these at any time. */
static const char *const timeless[] = {"version",    "print",          "now_ms",        "unique_ref", "context",
                                       "actor_self", "gc_alloc_actor", "rt_init_actor", "rt_shutdown"};

static bool needs_runtime(const function_t *f) {
    if (!f || !f->row) return false;
    for (size_t i = 0; i < sizeof timeless / sizeof *timeless; i++)
        if (row_is(f, timeless[i])) return false;
    return true;
}

static uint8_t after_call(const function_t *f, uint8_t state) {
    if (row_is(f, "rt_init_actor")) return RUNNING;
    if (row_is(f, "rt_run_scheduler")) return AFTER;
    return f && f->leads_on ? ANY : state;
}

static void call_in_order(check_t *c, const site_t *site, uint8_t state) {
    if (state && !(state & RUNNING) && needs_runtime(site->callee))
        report(c, 30, site->call, "%s is called %s", site->callee->name,
               state & BEFORE ? "before rt_init_actor" : "after rt_run_scheduler");
    bool context = row_is(site->callee, "context") || is_context_asm(c, site->call);
    if (context)
        report(c, 30, site->call, "the context is read in a function that calls rt_init_actor, which changes it");
}

static bool calls_init(const function_t *f) {
    for (size_t i = 0; i < f->nsites; i++)
        if (row_is(f->sites[i].callee, "rt_init_actor")) return true;
    return false;
}

void rule_order(check_t *c) {
    uint8_t *states, state = 0;
    unsigned block = UINT32_MAX;
    if (!calls_init(c->in)) return;
    states = states_at_blocks(c, BEFORE, after_call);
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        if (block_of(c, site->call) != block) {
            block = block_of(c, site->call);
            state = states[block];
        }
        call_in_order(c, site, state);
        state = after_call(site->callee, state);
    }
}
