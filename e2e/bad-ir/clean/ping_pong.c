/* Two actors, untyped messages, arguments copied from the spawner's frame. */
#include <buskin.h>
#include <stdio.h>
#include <string.h>

struct ping_args {
    uint64_t partner;
    int32_t rounds;
    uint8_t loud;
};

struct ball {
    uint64_t tag;
    uint64_t from;
    int32_t count;
};

enum { TAG_BALL = 7, TAG_STOP = 8 };

static void pong(const void *args) {
    (void)args;
    for (;;) {
        const struct {
            buskin_message_t head;
            struct ball ball;
        } *m = buskin_actor_receive(-1);
        if (m->head.tag == TAG_STOP) return;
        struct ball back = {.tag = TAG_BALL, .from = buskin_actor_self(), .count = m->ball.count + 1};
        buskin_actor_send(m->ball.from, &back, sizeof back);
        buskin_message_release(m);
    }
}

static void ping(const void *args) {
    const struct ping_args *a = args;
    int32_t count = 0;
    for (int32_t i = 0; i < a->rounds; i++) {
        struct ball ball = {.tag = TAG_BALL, .from = buskin_actor_self(), .count = count};
        buskin_actor_send(a->partner, &ball, sizeof ball);
        const void *m = buskin_actor_receive(1000);
        if (!m) {
            buskin_panic("no answer", 9, __FILE__, __LINE__, 1);
        }
        struct ball back;
        memcpy(&back, (const char *)m + sizeof(buskin_message_t), sizeof back);
        count = back.count;
        buskin_reduction_check();
    }
    if (a->loud) printf("%d\n", count);
    uint64_t stop = TAG_STOP;
    buskin_actor_send(a->partner, &stop, sizeof stop);
}

int main(int argc, char **argv) {
    (void)argv;
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    uint64_t partner = buskin_actor_spawn(pong, NULL, 0, BUSKIN_NORMAL);
    struct ping_args args = {partner, argc > 1 ? 10 : 1000, 1};
    if (!partner || !buskin_actor_spawn(ping, &args, sizeof args, BUSKIN_HIGH)) {
        fputs("cannot spawn\n", stderr);
        return 1;
    }
    return buskin_rt_run_scheduler();
}
