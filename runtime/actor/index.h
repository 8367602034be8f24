/* index.h - the index of a long mailbox: which messages a selective receive can pass over without looking at them.
 *
 * The mailbox stays a list. A receive that has skipped many messages, and has said by a buskin_filter_t what it can match, gets
 * an index of the list: an array in the list's order, of a mark of 32 bits for each message, and the message.
 *
 *   mark     bits 0-2 kind, 3-15 a hash of the tag, 16-31 a hash of the first word of the data
 *   pattern  value and mask, from each entry of the filter: a message can match only if its mark fits one
 *
 * What fits is a candidate, no more: the receive looks at it. What does not fit is passed over, at 16 messages a step.
 * And the index remembers, for the filters it last saw, up to where nothing fits, so that the same receive, run again
 * and again behind the same backlog, looks only at what is new.
 *
 * A push knows nothing of the index: it covers the list from its head to some message (AREA_INDEXED in its flags), and
 * the rest is added when a receive wants to pass over it. Taking a message out of the list leaves a hole, and
 * mailbox_unlink is the only way out. A hole says where to look for the message before it. The index goes when its last
 * message does, or the actor.
 *
 * All of it belongs to the thread that runs the actor.
 */
#ifndef BUSKIN_INDEX_H
#define BUSKIN_INDEX_H

#include "actor/cold.h"
#include "port/scan.h"

#include <stdbool.h>

enum {
    INDEX_AFTER = 32, /* messages that a receive skips one by one before it asks the index */
    INDEX_SEEN = 4    /* filters that an index remembers */
};

/* A filter as patterns of marks; count 0: it can match anything. */
typedef struct index_filter {
    uint32_t count;
    scan_pattern_t patterns[BUSKIN_FILTER_MAX];
} index_filter_t;

index_filter_t index_filter(const buskin_filter_t *filter);

/* The last message that a receive with that filter can leave behind, given that it has skipped `skipped`; *passed: how many
 * more than that one. Makes the index if there is none; without memory nothing is passed over. */
fragment_t *index_pass(actor_t *a, fragment_t *skipped, const index_filter_t *filter, uint32_t *passed);

/* f leaves a's mailbox. Only for f with AREA_INDEXED. */
void index_forget(actor_t *a, fragment_t *f);

/* Also if there is none. */
void index_free(cold_t *cold);

#endif
