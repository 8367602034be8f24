/* server.c - a server that lives long: it holds a table of objects, and each message replaces one of them and leaves garbage: the message,
 * what came with it, and what was made to handle it. Its heap must stay within twice of what lives in it. */
#include "bench.h"

#include <buskin.h>
#include <unistd.h>

enum { MESSAGES = 100000000 }; // quick: 10000000, smallest: 1000000
enum { ENTRIES = 20000, BATCH = 1000, GARBAGE = 12 };

typedef struct entry {
    struct entry *next;
    uint64_t key, value;
} entry_t;

typedef struct table {
    uint64_t count;
    entry_t *entries[];
} table_t;

static const buskin_desc_t entry_desc = {.size = sizeof(entry_t), .npointers = 1, .name = "entry", .offsets = {0}};
static const buskin_desc_t words_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .name = "words"};
static const buskin_desc_t table_desc = {
    .size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 8, .elem_pointers = 1, .name = "table", .offsets = {0}};

/* What lives: the table, and two objects for each entry. */
static const double LIVE = 16 + ENTRIES * (8.0 + 2 * (8 + sizeof(entry_t)));

static uint64_t most_held, collections;

static void look(void) {
    buskin_heap_stats_t stats = {.size = sizeof stats};
    buskin_heap_stats(&stats);
    if (stats.held > most_held) most_held = stats.held;
    collections = stats.collections;
}

static entry_t *new_entry(uint64_t key, uint64_t value, entry_t *next) {
    entry_t *e = buskin_alloc(&entry_desc);
    *e = (entry_t){next, key, value};
    return e;
}

static void handle(table_t *table, const entry_t *order) {
    uint64_t *scratch = buskin_alloc_array(&words_desc, GARBAGE), sum = 0;
    for (int i = 1; i <= GARBAGE; i++) sum += scratch[i] = order->value + (uint64_t)i;
    uint64_t at = order->key % ENTRIES;
    table->entries[at] = new_entry(order->key, sum, new_entry(order->next->key, order->next->value, NULL));
}

static void serve(const void *args) {
    uint64_t client = *(const uint64_t *)args;
    table_t *table = buskin_alloc_array(&table_desc, ENTRIES);
    for (uint64_t n = 1; n <= MESSAGES; n++) {
        const void *const *slots = (const void *const *)buskin_actor_receive(-1) + 2;
        handle(table, slots[0]);
        if (n % 16 == 0) look();
        if (n % BATCH == 0) buskin_send_word(client, 1, n);
    }
    for (uint64_t i = 0; i < ENTRIES; i++) {
        const entry_t *e = table->entries[i];
        bench_check(e && e->key % ENTRIES == i && e->next->value == e->key, "the table");
        bench_check(e->value == GARBAGE * e->key + GARBAGE * (GARBAGE + 1) / 2, "an entry");
    }
}

static double resident(void) {
    long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    bench_check(f && fscanf(f, "%ld %ld", &size, &pages) == 2, "statm");
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void ask(const void *args) {
    (void)args;
    static const buskin_desc_t order_desc = {.size = 8, .npointers = 1, .name = "order", .offsets = {0}};
    uint64_t self = buskin_actor_self(), server = buskin_actor_spawn(serve, &self, sizeof self, BUSKIN_NORMAL);
    bench_check(buskin_actor_monitor(server) != 0, "the server");
    int64_t start = bench_now_ns();
    for (uint64_t n = 0; n < MESSAGES; n++) {
        entry_t *order = new_entry(n, n, new_entry(1, n, NULL));
        buskin_send(server, 1, &order_desc, &order);
        if (n % BATCH == BATCH - 1) buskin_message_release(buskin_actor_receive(-1));
    }
    buskin_actor_receive(-1);
    double seconds = (double)(bench_now_ns() - start) / 1e9;
    bench_check((double)most_held <= 2 * LIVE, "the heap is within twice of what lives");
    bench_line("server", "rate", MESSAGES / seconds, "msg/s");
    bench_line("server", "held", (double)most_held / LIVE, "x");
    bench_line("server", "collections", (double)collections, "count");
    bench_line("server", "resident", resident(), "MB");
}

int main(void) {
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    buskin_actor_spawn(ask, NULL, 0, BUSKIN_NORMAL);
    return buskin_rt_run_scheduler();
}
