/* pauses.c - what the runtime does on behalf of an actor with much memory, and how long its neighbour on the same worker must wait for
 * it: the most processor time of the worker between two turns of an actor that does nothing but yield. */
#include "bench.h"

#include <buskin.h>
#include <string.h>

enum { MEGABYTES = 500 }; // quick: 500, smallest: 10
enum { MANY = 1000000 };  // quick: 1000000, smallest: 20000
enum { DEPTH = 15, NODES = (2 << DEPTH) - 1, TREES = (int)(MEGABYTES * 1000000ll / (NODES * 24ll)) + 1 };
enum { YIELDS = 20000, SHARE = 5 /* of the megabytes: a message's */ };

static const buskin_desc_t node_desc = {.size = 16, .npointers = 2, .name = "node", .offsets = {0, 8}};
static const buskin_desc_t list_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "list", .offsets = {0}};
static const buskin_desc_t bytes_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY | BUSKIN_DESC_BINARY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t large_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "large"};
static const buskin_desc_t slot_desc = {.size = 8, .npointers = 1, .name = "slot", .offsets = {0}};

typedef struct list {
    uint64_t count;
    void *items[];
} list_t;

/* -- The neighbour: yields while `wanted`, measures while `measuring` -- */

static volatile int wanted = 1, measuring;
static int64_t worst;

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void neighbour(const void *args) {
    (void)args;
    for (int64_t last = cpu_ns(); wanted; last = cpu_ns()) {
        buskin_actor_yield();
        int64_t took = cpu_ns() - last;
        if (measuring && took > worst) worst = took;
    }
}

/* -- What has much memory -- */

static void begin(void) {
    buskin_actor_yield();
    worst = 0;
    measuring = 1;
}

static void **build(int depth) {
    buskin_reduction_check();
    void **left = depth ? build(depth - 1) : NULL, **right = depth ? build(depth - 1) : NULL;
    void **node = buskin_alloc(&node_desc);
    node[0] = left;
    node[1] = right;
    return node;
}

static list_t *forest(int trees) {
    list_t *list = buskin_alloc_array(&list_desc, (uint64_t)trees);
    for (int i = 0; i < trees; i++) list->items[i] = build(DEPTH);
    return list;
}

static list_t *binaries(void) {
    list_t *list = buskin_alloc_array(&list_desc, MANY);
    for (int i = 0; i < MANY; i++) {
        list->items[i] = buskin_alloc_array(&bytes_desc, 64);
        buskin_reduction_check();
    }
    return list;
}

static void heap_ends(const void *args) {
    list_t *volatile kept = forest(TREES);
    (void)args, (void)kept;
    begin();
}

static void object_ends(const void *args) {
    char *volatile kept = buskin_alloc_array(&large_desc, MEGABYTES * 1000000ull);
    (void)args;
    for (uint64_t i = 4096; i < MEGABYTES * 1000000ull; i += 4096) {
        kept[i] = 1;
        buskin_reduction_check();
    }
    begin();
}

static void mailbox_ends(const void *args) {
    (void)args;
    for (uint64_t i = 0; i < MANY; i++) {
        buskin_send_word(buskin_actor_self(), 1, i);
        buskin_reduction_check();
    }
    begin();
}

static void binaries_made(const void *args) {
    (void)args;
    begin();
    list_t *volatile kept = binaries();
    (void)kept;
}

static void binaries_end(const void *args) {
    list_t *volatile kept = binaries();
    (void)args, (void)kept;
    begin();
}

static void binaries_dropped(const void *args) {
    list_t *kept = binaries();
    (void)args;
    memset(kept->items, 0, MANY * sizeof kept->items[0]);
    begin();
    buskin_gc_collect();
}

/* Held by an actor to itself, so that it is copied, adopted, marked and freed. */
static void message_copied(const void *args) {
    list_t *volatile kept = forest(TREES / SHARE);
    (void)args;
    begin();
    buskin_send(buskin_actor_self(), 1, &slot_desc, (void *)&kept);
}

static void message_marked(const void *args) {
    list_t *kept = forest(TREES / SHARE);
    (void)args;
    buskin_send(buskin_actor_self(), 1, &slot_desc, (void *)&kept);
    kept = NULL;
    const void *volatile message = buskin_actor_receive(-1);
    (void)message;
    begin();
    buskin_gc_collect();
}

static void measure(const char *name, void (*actor)(const void *args)) {
    uint64_t pid = buskin_actor_spawn(actor, NULL, 0, BUSKIN_NORMAL);
    wanted = 1;
    uint64_t other = buskin_actor_spawn(neighbour, NULL, 0, BUSKIN_NORMAL);
    bench_check(pid && other && buskin_actor_monitor(pid), "the actors");
    buskin_actor_receive(-1);
    for (int i = 0; i < YIELDS; i++) buskin_actor_yield(); /* what follows the end */
    measuring = wanted = 0;
    buskin_actor_yield();
    bench_line("pauses", name, (double)worst / 1e3, "us");
}

static void run(const void *args) {
    (void)args;
    measure("heap_ends", heap_ends);
    measure("object_ends", object_ends);
    measure("mailbox_ends", mailbox_ends);
    measure("binaries_made", binaries_made);
    measure("binaries_end", binaries_end);
    measure("binaries_dropped", binaries_dropped);
    measure("message_copied", message_copied);
    measure("message_marked", message_marked);
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    buskin_actor_spawn(run, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}
