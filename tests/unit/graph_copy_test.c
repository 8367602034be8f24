/* copies of random graphs (S1.10): what arrives has the same shape and contents, with sharing and cycles kept, apart from constants in
 * memory of its own; what the receiver does to it the sender does not see. Messages, arguments of spawn, replies. */
#include "runtime_test.h"

enum { MOST = 400, PLACES = 1024 };

__extension__ static const buskin_desc_t node_desc = {
    .size = 40, .npointers = 3, .name = "node", .offsets = {0, 16, 32}};
__extension__ static const buskin_desc_t array_desc = {
    .size = 16, .flags = BUSKIN_DESC_ARRAY, .elem_size = 16, .elem_pointers = 1, .name = "array", .offsets = {8}};
static const buskin_desc_t bytes_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
__extension__ static const buskin_desc_t root_desc = {.size = 24, .npointers = 2, .name = "root", .offsets = {0, 8}};
static const buskin_desc_t constant_desc = {.size = 8, .flags = BUSKIN_DESC_IMMORTAL, .name = "constant"};
static const struct {
    const buskin_desc_t *header;
    uint64_t value;
} constants[3] = {{&constant_desc, 11}, {&constant_desc, 22}, {&constant_desc, 33}};

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }
static uint64_t *at(uint64_t slot) { return (uint64_t *)(uintptr_t)slot; }
static const buskin_desc_t *desc_of(const uint64_t *object) { return (const buskin_desc_t *)(uintptr_t)object[-1]; }

/* -- Shape -- */

/* Objects in the order of a breadth-first walk, and their numbers by address. */
typedef struct walk {
    uint64_t *order[MOST + 8];
    unsigned count;
    uint64_t *places[PLACES];
    unsigned numbers[PLACES];
    uint64_t hash;
} walk_t;

static void mix(walk_t *w, uint64_t value) { w->hash = (w->hash ^ value) * 0x9e3779b97f4a7c15u + (w->hash >> 29); }

static void meet(walk_t *w, uint64_t slot) {
    if (!slot) {
        mix(w, 1);
        return;
    }
    uint64_t i = slot / 8 % PLACES;
    while (w->places[i] && w->places[i] != at(slot)) i = (i + 1) % PLACES;
    if (!w->places[i]) {
        w->places[i] = at(slot);
        w->numbers[i] = w->count;
        w->order[w->count++] = at(slot);
    }
    mix(w, 2 + w->numbers[i]);
}

static void walk_object(walk_t *w, const uint64_t *object) {
    const buskin_desc_t *desc = desc_of(object);
    mix(w, word(desc));
    if (desc == &constant_desc) {
        mix(w, word(object)); /* the same one */
    } else if (desc == &node_desc) {
        mix(w, object[1]), mix(w, object[3]);
        for (int i = 0; i < 5; i += 2) meet(w, object[i]);
    } else if (desc == &bytes_desc) {
        mix(w, object[0]);
        for (uint64_t i = 0; i < object[0]; i++) mix(w, ((const unsigned char *)(object + 1))[i]);
    } else {
        mix(w, object[0]), mix(w, object[1]);
        for (uint64_t i = 0; i < object[0]; i++) mix(w, object[2 + 2 * i]), meet(w, object[3 + 2 * i]);
    }
}

/* Two graphs have the same hash exactly if they have the same shape and contents. */
static walk_t *walk(const uint64_t *roots) {
    walk_t *w = calloc(1, sizeof *w);
    meet(w, roots[0]), meet(w, roots[1]);
    for (unsigned i = 0; i < w->count; i++) walk_object(w, w->order[i]);
    return w;
}

static uint64_t hash_of(const uint64_t *roots) {
    walk_t *w = walk(roots);
    uint64_t hash = w->hash;
    free(w);
    return hash;
}

/* -- Making -- */

static uint64_t *make(uint64_t *x) {
    uint64_t dice = next_random(x) % 20;
    uint64_t *object;
    if (dice < 12) {
        object = buskin_alloc(&node_desc);
        object[1] = next_random(x), object[3] = next_random(x);
    } else if (dice < 17) {
        object = buskin_alloc_array(&array_desc, next_random(x) % 12);
        object[1] = next_random(x);
        for (uint64_t i = 0; i < object[0]; i++) object[2 + 2 * i] = next_random(x);
    } else if (dice < 19) {
        object = buskin_alloc_array(&bytes_desc, next_random(x) % (dice == 17 ? 60 : 5000));
        for (uint64_t i = 0; i < object[0]; i++) ((unsigned char *)(object + 1))[i] = (unsigned char)next_random(x);
    } else {
        object = (uint64_t *)(uintptr_t)&constants[next_random(x) % 3].value;
    }
    return object;
}

static uint64_t pick(uint64_t *x, const uint64_t *all, uint64_t n) {
    return next_random(x) % 4 ? all[2 + next_random(x) % n] : 0;
}

/* Objects that refer to any of them: trees, sharing and cycles come by chance. An untyped array holds them meanwhile. */
static void make_graph(uint64_t *x, uint64_t roots[3]) {
    uint64_t n = 1 + next_random(x) % MOST;
    if (next_random(x) % 4 == 0) n = 1 + n % 8;
    uint64_t *all = buskin_gc_alloc_actor(16 + n * 8, 8);
    for (uint64_t i = 0; i < n; i++) all[2 + i] = word(make(x));
    for (uint64_t i = 0; i < n; i++) {
        uint64_t *object = at(all[2 + i]);
        const buskin_desc_t *desc = desc_of(object);
        if (desc == &node_desc)
            for (int k = 0; k < 5; k += 2) object[k] = pick(x, all, n);
        else if (desc == &array_desc)
            for (uint64_t k = 0; k < object[0]; k++) object[3 + 2 * k] = pick(x, all, n);
    }
    roots[0] = pick(x, all, n), roots[1] = pick(x, all, n);
}

/* Overwrites all that may be written. */
static void spoil(const uint64_t *roots) {
    walk_t *w = walk(roots);
    for (unsigned i = 0; i < w->count; i++) {
        const buskin_desc_t *desc = desc_of(w->order[i]);
        if (desc == &node_desc)
            memset(w->order[i], 0, 40);
        else if (desc != &constant_desc)
            memset(w->order[i] + 1, 0, desc == &bytes_desc ? w->order[i][0] : 8 + 16 * w->order[i][0]);
    }
    free(w);
}

/* -- Ways -- */

static void receive_all(const void *args) {
    uint64_t rounds = *(const uint64_t *)args;
    for (uint64_t i = 0; i < rounds; i++) {
        const uint64_t *m = buskin_actor_receive(-1);
        EXPECT(m[0] == 3 && m[1] == 24 && hash_of(m + 2) == m[4]);
        if (i % 2) spoil(m + 2);
        if (i % 3 == 0) buskin_message_release(m);
    }
}

static void check_argument(const void *args) {
    const uint64_t *roots = args;
    EXPECT(hash_of(roots) == roots[2]);
    spoil(roots);
}

static void send_graphs(const void *args) {
    uint64_t x = *(const uint64_t *)args, rounds = 20 * ROUNDS;
    static const buskin_spawn_desc_t child = {
        .size = sizeof child, .entry = check_argument, .args = &root_desc, .priority = BUSKIN_NORMAL};
    uint64_t to = buskin_actor_spawn(receive_all, &rounds, sizeof rounds, BUSKIN_NORMAL);
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t roots[3];
        make_graph(&x, roots);
        roots[2] = hash_of(roots);
        EXPECT(buskin_send(to, 3, &root_desc, roots) == BUSKIN_OK);
        if (i % 5 == 0) EXPECT(buskin_spawn(&child, roots, 0, NULL) != 0);
        buskin_actor_yield(); /* on one worker the receiver spoils its copy meanwhile */
        EXPECT(hash_of(roots) == roots[2]);
        spoil(roots); /* nor does the receiver see this */
    }
}

static void test_copies_of_graphs(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        start(workers);
        for (uint64_t seed = 1; seed <= 3; seed++)
            buskin_actor_spawn(send_graphs, &(uint64_t){seed * 7919 + workers}, 8, BUSKIN_NORMAL);
        assert_int_equal(finish(), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_copies_of_graphs),
        {"test_copies_of_graphs (GC stress)", test_copies_of_graphs, stress, no_stress, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
