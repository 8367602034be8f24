/* world.h - stopping all actors: for the second collector, which is the only thing that does (BUSKIN_GC=boehm). */
#ifndef BUSKIN_WORLD_H
#define BUSKIN_WORLD_H

#include "mem/backend.h"

#include <stdbool.h>

/* The second collector becomes the heap of all actors. false: it cannot, or is not there. */
bool world_open(void);

/* A worker's thread, on its own stack with no actor running: it may run actors from now on, and no longer. */
void world_enter(void);
void world_leave(void);
/* SCHEDULER_COLLECT is set: waits until the collection is done. */
void world_pause(void);

/* Stops all actors and collects. inside: called by a handler. */
void world_collect(bool inside);

#endif
