/* alloc.c - counting down to the allocation that fails. */
#include "base/alloc.h"

_Atomic int64_t alloc_countdown;
_Atomic uint64_t alloc_failed;
bool alloc_watched;
static _Atomic bool alloc_all;

void alloc_fail_at(uint64_t k, bool all) {
    store_relaxed(&alloc_all, all);
    store_relaxed(&alloc_failed, 0);
    store_relaxed(&alloc_countdown, (int64_t)k);
}

bool alloc_count_down(void) {
    int64_t left = load_relaxed(&alloc_countdown), after;
    do {
        if (left < 0) break; /* all of them */
        if (!left) return false;
        after = left > 1 ? left - 1 : load_relaxed(&alloc_all) ? -1 : 0;
    } while (!atomic_compare_exchange_weak_explicit(&alloc_countdown, &left, after, memory_order_relaxed,
                                                    memory_order_relaxed));
    if (left > 1) return false;
    add_relaxed(&alloc_failed, 1);
    return true;
}
