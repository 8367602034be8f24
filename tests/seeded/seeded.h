/* seeded.h - what the raced scenarios share. Here actors do what they draw, in schedules that are drawn too, and what is checked holds for
 * whatever they did: SEEDS of them in each run, any number by tools/seeds --scenarios.
 */
#ifndef BUSKIN_TEST_SEEDED_H
#define BUSKIN_TEST_SEEDED_H

#define ROWS_SEEDS 2000
#include "unit/rows.h"

extern uint64_t boss;
uint64_t boss; /* the scenario's main actor */

/* Between any two acts: others may run, and time may pass. */
static inline void step(void) {
    switch (draw(8)) {
    case 0: buskin_actor_sleep((int64_t)draw(3)); break;
    case 1:
    case 2: buskin_actor_yield(); break;
    default:
        for (uint64_t i = draw(16); i; i--) buskin_reduction_check();
    }
}

static inline void steps(uint64_t at_most) {
    for (uint64_t i = draw(at_most + 1); i; i--) step();
}

/* Waits for what must come, but no promise says when. The condition has no effects. */
#define AWAIT(condition)                                                                   \
    do {                                                                                   \
        for (int tries = 0; !(condition) && tries < 20000; tries++) buskin_actor_sleep(1); \
        EXPECT(condition);                                                                 \
    } while (0)

static inline buskin_process_info_t info_of(uint64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(pid, &info) == 0);
    return info;
}

/* A message of the runtime's own kinds, of this reference: EXPECT(!left_over(...)). */
static inline bool left_over(uint32_t kind, uint64_t ref) {
    buskin_receive_t r = {0};
    const void *m;
    while ((m = buskin_receive_peek(&r)) &&
           !(kind_of(m) == kind && (kind == BUSKIN_MSG_REPLY ? tag_of(m) : notice_of(m)->ref) == ref))
        buskin_receive_skip(&r);
    if (m) buskin_receive_take(&r);
    return m != NULL;
}

/* Kills the actor that it is told of, after some time. */
static inline void killer(const void *args) {
    uint64_t victim = word_of(args);
    steps(6);
    buskin_actor_exit_signal(victim, BUSKIN_REASON_KILL, NULL, 0);
}

#endif
