/* random object graphs against a model: what can be reached from frames and state keeps its contents through any number of collections,
 * and what cannot is freed by the second one. Typed objects, arrays, untyped ones, large ones, constants, cycles, sharing, and
 * pointers into and one past the end of objects in frames. Each failure names its seed. */
#include "runtime_test.h"

#include "sched/worker.h"

enum { NODES = 1500, ROOTS = 40, FRAME = 12, SLOTS = 12, NONE = -1 };
enum kind { FREE, TYPED, ARRAY, UNTYPED, LARGE, CONSTANT, KINDS };

__extension__ static const buskin_desc_t typed_desc = {
    .size = 8 * (SLOTS + 1), .npointers = 3, .name = "typed", .offsets = {8, 16, 8 * SLOTS}};
__extension__ static const buskin_desc_t array_desc = {
    .size = 16, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "array", .offsets = {0}};
static const buskin_desc_t constant_desc = {.size = 8, .flags = BUSKIN_DESC_IMMORTAL, .name = "constant"};
static const struct {
    const buskin_desc_t *header;
    uint64_t id;
} constant = {&constant_desc, 0};

typedef struct node {
    uint64_t *object;
    uint64_t bytes; /* header included */
    enum kind kind;
    bool seen;
    int to[SLOTS]; /* the model's idea of what the pointer slots hold */
} node_t;

typedef struct model {
    node_t nodes[NODES];
    int roots[ROOTS];
    int frame[FRAME]; /* nodes that words of the frame point into */
    int stack[NODES];
    uint64_t x, seed;
    uint64_t *table; /* the roots, an array object */
} model_t;

static uint64_t word(const void *p) { return (uint64_t)(uintptr_t)p; }
static uint64_t below(model_t *m, uint64_t n) { return next_random(&m->x) % n; }

/* Where the k-th pointer slot of an object of that kind lies, and how many there are. */
static unsigned slots_of(enum kind kind) { return kind == TYPED ? 3 : kind == CONSTANT ? 0 : SLOTS; }
static unsigned slot_at(enum kind kind, unsigned k) {
    static const unsigned typed[] = {1, 2, SLOTS};
    return kind == TYPED ? typed[k] : kind == ARRAY ? 2 + k : kind == LARGE ? 1 + k * 97 : 1 + k;
}
/* The word that tells the object from all others. */
static unsigned id_at(enum kind kind) { return kind == ARRAY ? 1 : 0; }

static uint64_t value_of(const model_t *m, int n) { return n == NONE ? 0 : word(m->nodes[n].object); }

static void set(model_t *m, int n, unsigned k, int to) {
    node_t *node = &m->nodes[n];
    if (node->kind == UNTYPED && to != NONE && m->nodes[to].kind == LARGE) to = NONE;
    node->to[k] = to;
    uint64_t inside =
        node->kind == UNTYPED && to != NONE && m->nodes[to].kind != CONSTANT ? k * 2 : 0; /* anywhere into it */
    node->object[slot_at(node->kind, k)] = value_of(m, to) + (to == NONE ? 0 : inside);
}

static void allocate(node_t *node, enum kind kind, uint64_t id, uint64_t extra) {
    switch (kind) {
    case TYPED:
        node->bytes = 8 + typed_desc.size;
        node->object = buskin_alloc(&typed_desc);
        break;
    case ARRAY:
        node->bytes = 8 + 16 + 8 * (SLOTS + extra % 50);
        node->object = buskin_alloc_array(&array_desc, SLOTS + extra % 50);
        break;
    case UNTYPED:
        node->bytes = 8 + 8 * (1 + SLOTS + extra % 20);
        node->object = buskin_gc_alloc_actor(node->bytes - 8, 8);
        break;
    case LARGE:
        node->bytes = 8 + 9000 + extra % 5 * 12000;
        node->object = buskin_gc_alloc_actor(node->bytes - 8, extra % 2 ? 64 : 8);
        break;
    default:
        node->bytes = 0;
        node->object = (uint64_t *)(uintptr_t)&constant.id;
        return;
    }
    node->object[id_at(kind)] = id;
}

/* -- Reachability in the model -- */

static uint64_t reach(model_t *m) {
    int top = 0, *stack = m->stack;
    uint64_t live = 0;
    for (int i = 0; i < NODES; i++) m->nodes[i].seen = false;
    for (int i = 0; i < ROOTS + FRAME; i++) {
        int n = i < ROOTS ? m->roots[i] : m->frame[i - ROOTS];
        if (n == NONE || m->nodes[n].seen) continue;
        m->nodes[n].seen = true;
        for (stack[top++] = n; top;) {
            const node_t *node = &m->nodes[stack[--top]];
            live += node->bytes;
            for (unsigned k = 0; k < slots_of(node->kind); k++)
                if (node->to[k] != NONE && !m->nodes[node->to[k]].seen) {
                    m->nodes[node->to[k]].seen = true;
                    stack[top++] = node->to[k];
                }
        }
    }
    for (int i = 0; i < NODES; i++)
        if (!m->nodes[i].seen) m->nodes[i].kind = FREE;
    return live;
}

static bool intact(const model_t *m) {
    for (int i = 0; i < NODES; i++) {
        const node_t *node = &m->nodes[i];
        if (node->kind == FREE || node->kind == CONSTANT) continue;
        bool good = node->object[id_at(node->kind)] == (uint64_t)i;
        for (unsigned k = 0; k < slots_of(node->kind) && good; k++) {
            uint64_t held = node->object[slot_at(node->kind, k)], want = value_of(m, node->to[k]);
            good = held == want || (node->kind == UNTYPED && node->to[k] != NONE && held - want < 2 * SLOTS);
        }
        if (good) continue;
        fprintf(stderr, "seed %llu: object %d of kind %d is not what it was\n", (unsigned long long)m->seed, i,
                node->kind);
        return false;
    }
    return true;
}

/* -- Random steps -- */

#ifdef RUNTIME_TEST_SLOW
enum { SEEDS = 2, STEPS = 500 };
#else
enum { SEEDS = 8, STEPS = 1200 };
#endif

static int some_node(model_t *m) {
    for (int tries = 0; tries < 20; tries++) {
        int n = (int)below(m, NODES);
        if (m->nodes[n].kind != FREE) return n;
    }
    return NONE;
}

static void set_root(model_t *m, int n) {
    unsigned at = (unsigned)below(m, ROOTS);
    m->roots[at] = n;
    m->table[2 + at] = value_of(m, n);
}

static void make_one(model_t *m) {
    int n = (int)below(m, NODES);
    node_t *node = &m->nodes[n];
    if (node->kind != FREE) return;
    uint64_t dice = below(m, 100);
    enum kind kind = dice < 45 ? TYPED : dice < 70 ? ARRAY : dice < 95 ? UNTYPED : dice < 98 ? LARGE : CONSTANT;
    allocate(node, kind, (uint64_t)n, below(m, 1000));
    node->kind = kind;
    for (unsigned k = 0; k < slots_of(kind); k++) set(m, n, k, below(m, 3) ? NONE : some_node(m));
    int parent = below(m, 4) ? some_node(m) : NONE;
    if (parent != NONE && slots_of(m->nodes[parent].kind))
        set(m, parent, (unsigned)below(m, slots_of(m->nodes[parent].kind)), n);
    else
        set_root(m, n);
}

/* A word of the frame points into an object, or one past its end. */
static void aim(model_t *m, volatile uint64_t *frame) {
    unsigned at = (unsigned)below(m, FRAME);
    int n = some_node(m);
    if (n != NONE && m->nodes[n].kind == CONSTANT) n = NONE;
    m->frame[at] = n;
    frame[at] = n == NONE ? 0 : value_of(m, n) + below(m, m->nodes[n].bytes - 7);
}

static void step(model_t *m, volatile uint64_t *frame) {
    uint64_t dice = below(m, 100);
    if (dice < 60) {
        make_one(m);
    } else if (dice < 80) {
        int n = some_node(m);
        if (n != NONE && slots_of(m->nodes[n].kind))
            set(m, n, (unsigned)below(m, slots_of(m->nodes[n].kind)), below(m, 2) ? NONE : some_node(m));
    } else if (dice < 92) {
        set_root(m, NONE);
    } else {
        aim(m, frame);
    }
}

static void epoch(model_t *m, volatile uint64_t *frame, uint64_t *live, uint64_t *kept) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    for (int i = 0; i < STEPS; i++) {
        step(m, frame);
        reach(m); /* what is gone is gone for the program too */
    }
    EXPECT(intact(m));
    EXPECT(buskin_gc_collect() == BUSKIN_OK && buskin_gc_collect() == BUSKIN_OK);
    EXPECT(intact(m));
    EXPECT(buskin_heap_stats(&stats) == BUSKIN_OK && stats.threshold <= stats.held);
    const heap_t *heap = heap_of(&this_worker->current->ctx);
    EXPECT(heap->live <= stats.held);
    *live += reach(m) + 8 + 16 + ROOTS * 8;
    *kept += heap->live;
}

static void grow_and_prune(const void *args) {
    model_t *m = calloc(1, sizeof *m);
    m->x = m->seed = *(const uint64_t *)args;
    for (int i = 0; i < ROOTS; i++) m->roots[i] = NONE;
    for (int i = 0; i < FRAME; i++) m->frame[i] = NONE;
    volatile uint64_t frame[FRAME] = {0};
    m->table = buskin_alloc_array(&array_desc, ROOTS);
    uint64_t *volatile table = m->table; /* the model is no root */
    uint64_t live = 0, kept = 0;
    for (int i = 0; i < 6; i++) epoch(m, frame, &live, &kept);
    EXPECT(table == m->table && kept >= live);
    if (!EXPECT(kept <= live + live / 4 + 6 * 20000))
        fprintf(stderr, "seed %llu: %llu live, %llu kept\n", (unsigned long long)m->seed, (unsigned long long)live,
                (unsigned long long)kept);
    free(m);
}

static void test_graphs(void **state) {
    (void)state;
    start(2);
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        buskin_actor_spawn(grow_and_prune, &seed, sizeof seed, BUSKIN_NORMAL);
    assert_int_equal(finish(), 0);
}

/* Slower by far, as each step may collect. */
static void test_graphs_under_gc_stress(void **state) {
    (void)state;
    uint64_t seed = 100;
    run(1, grow_and_prune, &seed, sizeof seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_graphs),
        {"test_graphs_under_gc_stress", test_graphs_under_gc_stress, stress, no_stress, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
