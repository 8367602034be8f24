/* Shapes that optimisation likes to rewrite: unrolled sends, joined stores, tests folded together, tail calls. */
#include <buskin.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct wide {
    double x, y, z;
    float w;
    int16_t small;
    bool flag;
    int64_t words[4];
};

static void reader(const void *args) {
    struct wide w = *(const struct wide *)args;
    if (w.flag && w.words[3] > 2)
        buskin_send_word((uint64_t)w.words[0], 40, (uint64_t)(w.x + w.y + w.z));
    else if (w.small < 0)
        buskin_actor_exit(BUSKIN_REASON_USER, &w, sizeof w);
}

static void chooser(const void *args) {
    const struct wide *w = args;
    const buskin_message_t *m = buskin_actor_receive(w->words[1]);
    const buskin_message_t *n = m ? m : buskin_actor_receive(0);
    bool both = n != NULL && n->length >= 8;
    if (both) buskin_send_word((uint64_t)w->words[0], 41, n->tag);
    if (!n) return;
    switch (n->tag) {
    case 1: buskin_actor_yield(); break;
    case 2: buskin_actor_sleep(3); break;
    case 3: buskin_panic("three", 5, __FILE__, __LINE__, 0);
    default: buskin_message_release(n);
    }
}

static uint64_t start(bool which, uint64_t to, int n) {
    struct wide w;
    memset(&w, 0, sizeof w);
    w.words[0] = (int64_t)to;
    w.words[3] = n;
    w.flag = n & 1;
    return buskin_actor_spawn(which ? reader : chooser, &w, sizeof w, (uint8_t)(n % 3));
}

static void flood(uint64_t to) {
    for (int i = 0; i < 8; i++) {
        uint64_t message[3] = {40, (uint64_t)i, to};
        buskin_actor_send(to, message, sizeof message);
    }
    char *text = buskin_gc_alloc_actor(64, 1);
    strcpy(text, "longer than a register, and copied");
    buskin_actor_send(to, text, 64);
    size_t n = (size_t)buskin_now_ms() % 100 + 8;
    char *bytes = malloc(n);
    if (bytes) {
        memset(bytes, 1, n);
        buskin_actor_send(to, bytes, n);
    }
    free(bytes);
}

static void parent(const void *args) {
    (void)args;
    uint64_t self = buskin_actor_self();
    for (int i = 0; i < 5; i++) flood(start(i & 1, self, i));
    uint64_t total = 0;
    for (const buskin_message_t *m; (m = buskin_actor_receive(50)); buskin_message_release(m)) total += m->length;
    buskin_context_t *c = buskin_context();
    if (c->pid == self && total && !(c->flags & BUSKIN_CTX_OWN_STACK)) buskin_rt_shutdown(0);
}

static int run(void) {
    if (!buskin_actor_spawn(parent, NULL, 0, 1)) return 2;
    return 0;
}

int main(void) {
    if (buskin_rt_init_actor(1) < 0) return 1;
    int early = run();
    int status = buskin_rt_run_scheduler();
    return status ? status : early;
}
