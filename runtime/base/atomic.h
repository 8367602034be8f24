/* atomic.h - atomic operations under the names of their orders, so that grep gives the inventory.
 *
 * Every acquire, release and seq_cst operation in the tree names its partner at the call. Plain assignment to
 * an atomic object is not used anywhere: it is a hidden full barrier (row R19 of the boundary bugs).
 */
#ifndef BUSKIN_ATOMIC_H
#define BUSKIN_ATOMIC_H

#include <stdatomic.h>

#define load_relaxed(p) atomic_load_explicit(p, memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit(p, memory_order_acquire)
#define load_seq_cst(p) atomic_load_explicit(p, memory_order_seq_cst)
#define store_relaxed(p, v) atomic_store_explicit(p, v, memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit(p, v, memory_order_release)
#define store_seq_cst(p, v) atomic_store_explicit(p, v, memory_order_seq_cst)
#define exchange_relaxed(p, v) atomic_exchange_explicit(p, v, memory_order_relaxed)
#define exchange_acquire(p, v) atomic_exchange_explicit(p, v, memory_order_acquire)
#define exchange_acq_rel(p, v) atomic_exchange_explicit(p, v, memory_order_acq_rel)
#define exchange_seq_cst(p, v) atomic_exchange_explicit(p, v, memory_order_seq_cst)
#define add_relaxed(p, v) atomic_fetch_add_explicit(p, v, memory_order_relaxed)
#define add_seq_cst(p, v) atomic_fetch_add_explicit(p, v, memory_order_seq_cst)
#define sub_seq_cst(p, v) atomic_fetch_sub_explicit(p, v, memory_order_seq_cst)
#define sub_acq_rel(p, v) atomic_fetch_sub_explicit(p, v, memory_order_acq_rel)
#define cas_acquire(p, expected, v) \
    atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_acquire, memory_order_relaxed)
#define cas_seq_cst(p, expected, v) \
    atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_seq_cst, memory_order_relaxed)
#define cas_weak_seq_cst(p, expected, v) \
    atomic_compare_exchange_weak_explicit(p, expected, v, memory_order_seq_cst, memory_order_relaxed)

#endif
