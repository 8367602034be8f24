/* info.h - what an actor tells of itself. */
#ifndef BUSKIN_INFO_H
#define BUSKIN_INFO_H

#include "actor/actor.h"

/* Called by a's home. */
void info_fill(const actor_t *a, buskin_process_info_t *info);

#endif
