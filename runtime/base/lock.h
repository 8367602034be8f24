/* lock.h - a small lock for short critical sections that run on worker stacks.
 *
 * Three states in one word: 0 free, 1 held, 2 held and somebody may sleep. Spins a little, then sleeps on the
 * futex, so a holder that lost its processor does not cost the others theirs. Not recursive. Lock ranks: a
 * thread that holds one takes only locks further down this list:
 *   bounded mailbox, registry, scheduler public queue, blocking pool, actor table, pool depot, arena, output
 */
#ifndef BUSKIN_LOCK_H
#define BUSKIN_LOCK_H

#include "base/atomic.h"
#include "port/port.h"

typedef struct lock {
    _Atomic uint32_t word;
} lock_t;

static inline void lock_take(lock_t *lock) {
    uint32_t seen = 0;
    /* acquire: pairs with the release in lock_drop; what the last holder wrote is visible */
    if (cas_acquire(&lock->word, &seen, 1)) return;
    for (int spin = 0; spin < 100; spin++) {
        cpu_relax();
        seen = 0;
        if (load_relaxed(&lock->word) == 0 && cas_acquire(&lock->word, &seen, 1)) return;
    }
    while (exchange_acquire(&lock->word, 2) != 0) futex_wait(&lock->word, 2, -1);
}

static inline void lock_drop(lock_t *lock) {
    /* release: pairs with the acquires in lock_take */
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2) futex_wake(&lock->word, 1);
}

#endif
