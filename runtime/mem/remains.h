/* remains.h - what takes long to free is freed in steps: large spans, and what actors leave at their end.
 *
 * A pool whose owner has time between other work says so by `set_aside`. What would take longer than a step then hangs in the pool's
 * remains, that function is called, and the owner calls remains_step until nothing is left. Any other pool frees at
 * once. What hangs there is known to nobody else: its actor has ended, or its collector has found it dead.
 *
 * A step frees REMAINS_STEP small pieces, fewer chunks (each a page that is not in the cache), or SPAN_STEP units: about as long as a
 * turn.
 */
#ifndef BUSKIN_REMAINS_H
#define BUSKIN_REMAINS_H

#include "mem/heap.h"

enum { REMAINS_STEP = 1000, CHUNK_COST = 8, SPAN_STEP = 16 };

/* Frees a heap that has no owner any more. */
void remains_heap(pool_t *pool, heap_t *heap);
/* Frees the messages from head to tail, which no heap has adopted; NULL: there are none. */
void remains_messages(pool_t *pool, fragment_t *head, fragment_t *tail);

/* true: nothing is left. */
bool remains_step(pool_t *pool);
/* All that is left, now. */
void remains_finish(pool_t *pool);

#endif
