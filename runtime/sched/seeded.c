/* seeded.c - the generator, virtual time, the baton and the trace.
 *
 * A run is a function of the program, its input and the seed. What would otherwise depend on the machine:
 *
 *   which actor is next      drawn among all that are ready, whatever their priority
 *   when it is preempted     the budget of each turn is drawn, small ones more often than large ones
 *   the time                 virtual. It jumps to the next timer when nothing is ready, perhaps a little further, so that timers
 *                            of different deadlines fire together; else it creeps by a nanosecond per reduction given
 *                            out, or a program that is always busy would never see a timeout
 *   workers                  one; blocking calls run on it, inline; foreign calls are not handed over
 *   the init thread          runs only while the worker waits for it, and the other way round: they pass a baton
 *   other threads            may not send or spawn
 *
 * The baton goes to the init thread when the worker has poked it (a message for it, main's end) and a draw says so,
 * when its deadline is reached, or when nothing else can run; it comes back when the init thread waits again.
 *
 *   init thread      seeded_wait: turn = WORKER ... sleeps until turn == INIT      seeded_leave: turn = WORKER for good
 *   worker           seeded_turn, seeded_idle: turn = INIT ... sleeps until turn == WORKER
 *
 * All plain fields below belong to who has the baton; the exchanges of turn publish them.
 *
 * The trace is a hash over every choice (of how many, which one, what it waited for, its descriptor's name), jump, end and
 * printed byte. No address, pid or collection goes into it, so it is the same on any machine and in any build.
 */
#include "sched/seeded.h"

#include "actor/cold.h"
#include "sched/external.h"

enum { TURN_INIT, TURN_WORKER };

static const uint64_t TIME_ZERO = 1000000000;

seeded_t seeded;

/* All of the run but what now_ns needs. */
static struct {
    uint64_t state; /* of the generator */
    uint64_t trace, choices;
    uint64_t deadline; /* of the init thread's wait; 0: none */
    bool idle;         /* the worker gave the baton because nothing can run */
    _Atomic uint32_t turn, poked;
} run;

/* -- The generator and the trace -- */

/* splitmix64 (Steele, Lea, Flood): the state only counts, so every seed is as good as any other. */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t seeded_draw(uint64_t below) {
    run.state += 0x9e3779b97f4a7c15u;
    return mix(run.state) % below; /* the bias of so wide a number does not matter here */
}

void seeded_note(uint64_t what) { run.trace = mix(run.trace ^ what) + 0x9e3779b97f4a7c15u; }

void seeded_note_bytes(const void *bytes, uint64_t length) {
    const uint8_t *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < length; i++) hash = (hash ^ p[i]) * 0x100000001b3u;
    seeded_note(hash);
    seeded_note(length);
}

uint64_t seeded_trace(uint64_t *count) {
    *count = run.choices;
    return run.trace;
}

void seeded_start(uint64_t seed) {
    seeded = (seeded_t){.on = true, .now_ns = TIME_ZERO};
    run.state = mix(seed + 1);
    run.trace = run.choices = run.deadline = 0;
    run.idle = false;
    store_relaxed(&run.poked, 0);
    store_relaxed(&run.turn, TURN_INIT); /* the threads' start publishes it */
}

void seeded_stop(void) { seeded.on = false; }

/* -- The baton -- */

static void pass(uint32_t to) {
    store_seq_cst(&run.turn, to); /* releases the fields above; pairs with await */
    futex_wake(&run.turn, 1);
}

static void await(uint32_t me) {
    while (load_seq_cst(&run.turn) != me) futex_wait(&run.turn, 1 - me, -1);
}

void seeded_poke(void) { store_seq_cst(&run.poked, 1); }

static void let_init_run(void) {
    store_seq_cst(&run.poked, 0);
    pass(TURN_INIT);
    await(TURN_WORKER);
}

bool seeded_turn(worker_t *w) {
    await(TURN_WORKER);
    bool wanted = load_seq_cst(&run.poked) || (run.deadline && seeded.now_ns >= run.deadline);
    if (wanted && !scheduler_stops() && (!worker_has_ready(w) || seeded_draw(2))) let_init_run();
    return !scheduler_stops();
}

void seeded_wait(uint32_t seen, uint64_t deadline_ns) {
    /* the worker found nothing, and got nothing since: only another thread's keepalive or shutdown can change that */
    if (run.idle && !deadline_ns && !load_seq_cst(&workers[0]->inbox)) futex_wait(&scheduler.event, seen, -1);
    run.deadline = deadline_ns;
    run.idle = false;
    pass(TURN_WORKER);
    await(TURN_INIT);
    run.deadline = 0;
}

void seeded_leave(void) { pass(TURN_WORKER); }

/* -- Time -- */

static void jump(uint64_t to) {
    if (to > seeded.now_ns) seeded.now_ns = to;
    seeded_note(seeded.now_ns);
}

void seeded_idle(worker_t *w) {
    uint64_t next = w->wheel.count ? wheel_next_ns(&w->wheel) : UINT64_MAX;
    if (run.deadline && run.deadline <= next) {
        jump(run.deadline);
        let_init_run();
    } else if (w->wheel.count) {
        jump(next + (seeded_draw(4) ? 0 : seeded_draw(2000000)));
    } else {
        run.idle = true;
        store_seq_cst(&w->parked, PARKED_IDLE); /* as in worker_park: who sends to it meanwhile counts it again */
        sub_seq_cst(&scheduler.active, 1); /* for quiesce.c; no poke: the init thread looks when it has the baton */
        let_init_run();
        if (exchange_seq_cst(&w->parked, PARKED_NO) == PARKED_IDLE) add_seq_cst(&scheduler.active, 1);
    }
}

/* -- Choices -- */

static actor_t *ready_take(worker_t *w, uint64_t i) {
    if (w->lifo && !i--) {
        actor_t *a = w->lifo;
        w->lifo = NULL;
        return a;
    }
    unsigned p = 0;
    for (; i >= runq_length(&w->queues[p]); p++) i -= runq_length(&w->queues[p]);
    actor_t *a = runq_take(&w->queues[p], (uint32_t)i);
    if (!runq_length(&w->queues[p])) w->queued &= ~(1u << p);
    return a;
}

actor_t *seeded_pick(worker_t *w) {
    uint64_t ready = w->lifo != NULL;
    for (unsigned p = 0; p < QUEUES; p++) ready += runq_length(&w->queues[p]);
    uint64_t i = seeded_draw(ready);
    actor_t *a = ready_take(w, i);
    run.choices++;
    seeded_note(ready << 32 | i);
    const char *name = actor_name(a);
    seeded_note_bytes(name, strlen(name));
    seeded_note(actor_wait(a));
    return a;
}

int64_t seeded_budget(void) {
    uint64_t budget = 1 + seeded_draw(seeded_draw(4) ? 32 : ACTOR_TURN);
    seeded.now_ns += budget;
    return (int64_t)budget;
}
