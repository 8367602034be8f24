/* gcpause.c - one actor holds 500 MB of live trees and goes on replacing them; how late is another one, which waits 1 ms at a
 * time? Collections of that heap go on meanwhile. */
#include "bench.h"

#include <buskin.h>

enum { MEGABYTES = 500 }; // quick: 500, smallest: 10
enum { SECONDS = 5 };     // quick: 3, smallest: 1
enum { DEPTH = 15, NODES = (2 << DEPTH) - 1, TREES = (int)(MEGABYTES * 1000000ll / (NODES * 24ll)) + 1 };

typedef struct node {
    struct node *left, *right;
} node_t;

typedef struct forest {
    uint64_t count;
    node_t *trees[];
} forest_t;

static const buskin_desc_t node_desc = {.size = sizeof(node_t), .npointers = 2, .name = "node", .offsets = {0, 8}};
static const buskin_desc_t forest_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "forest", .offsets = {0}};

static int64_t late[SECONDS * 1000];

static node_t *build(int depth) {
    buskin_reduction_check();
    node_t *left = depth ? build(depth - 1) : NULL, *right = depth ? build(depth - 1) : NULL;
    node_t *node = buskin_alloc(&node_desc);
    node->left = left;
    node->right = right;
    return node;
}

static uint64_t count(const node_t *node) {
    buskin_reduction_check();
    return node ? 1 + count(node->left) + count(node->right) : 0;
}

typedef struct keeper {
    uint64_t starter;
} keeper_t;

static void keep(const void *args) {
    uint64_t starter = ((const keeper_t *)args)->starter, steps = 0;
    forest_t *forest = buskin_alloc_array(&forest_desc, TREES);
    for (int i = 0; i < TREES; i++) forest->trees[i] = build(DEPTH);
    buskin_actor_send(starter, &steps, sizeof steps);
    while (!buskin_actor_receive(0)) forest->trees[steps++ * 7 % TREES] = build(DEPTH);
    buskin_heap_stats_t stats = {.size = sizeof stats};
    buskin_heap_stats(&stats);
    for (int i = 0; i < TREES; i++) bench_check(count(forest->trees[i]) == NODES, "live trees");
    uint64_t said[] = {steps, stats.collections, stats.held};
    buskin_actor_send(starter, said, sizeof said);
}

static void tick(const void *args) {
    uint64_t starter = ((const keeper_t *)args)->starter;
    for (int i = 0; i < SECONDS * 1000; i++) {
        int64_t start = bench_now_ns();
        buskin_actor_receive(1);
        late[i] = bench_now_ns() - start - 1000000;
    }
    buskin_actor_send(starter, NULL, 0);
}

static const uint64_t *wait_for_one(void) { return (const uint64_t *)buskin_actor_receive(-1) + 2; }

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    keeper_t args = {buskin_actor_self()};
    uint64_t keeper = buskin_actor_spawn(keep, &args, sizeof args, BUSKIN_NORMAL);
    wait_for_one();
    buskin_actor_spawn(tick, &args, sizeof args, BUSKIN_NORMAL);
    wait_for_one();
    buskin_actor_send(keeper, NULL, 0);
    const uint64_t *said = wait_for_one();
    bench_late("gcpause", late, SECONDS * 1000);
    bench_line("gcpause", "work", (double)said[0] / SECONDS, "trees/s");
    bench_line("gcpause", "collections", (double)said[1], "count");
    bench_line("gcpause", "held", (double)said[2] / 1e6, "MB");
    return buskin_rt_run_scheduler();
}
