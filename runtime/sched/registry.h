/* registry.h - names of actors. */
#ifndef BUSKIN_REGISTRY_H
#define BUSKIN_REGISTRY_H

#include "actor/cold.h"

enum { NAME_MAX_BYTES = 255 };

bool registry_name_is_valid(const char *name, uint64_t length);
/* The name becomes a's; called by a's home. OK, ETAKEN or ENOMEM. */
int32_t registry_add(actor_t *a, const char *name, uint64_t length);
int32_t registry_remove(const char *name, uint64_t length);
uint64_t registry_find(const char *name, uint64_t length);
/* All names of an actor that is ending. */
void registry_release(cold_t *cold);
void registry_clear(void);

#endif
