/* chaos_test.c - actors that crash, exit, are killed and delayed at random, with conservation checks (S1.2, S2.8, S4.1, S6.2).
 *
 * Keepers start children whose fate is drawn: end normally, a native fault, a panic, an exit, wait to be killed, or work for
 * a while; some are linked to a sibling and go with it. For every child its keeper gets what it said before its end, then exactly one
 * DOWN, after which its name is free. `chaos_test SECONDS` goes on that long and prints each second what the process holds:
 * tools/chaos and tools/soak are that, and the latter fails if it grows.
 */
#include "unit/runtime_test.h"

#include <dirent.h>
#include <unistd.h>

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "thread", "undefined")))

enum fate { FINE, FAULT, PANIC, EXIT, WAIT_FOR_KILL, WORK, LINKED, FATES };
enum { KEEPERS = 4, CHILDREN = 16, BEGUN = 1 };

static atomic_ulong started, ended, by_fate[FATES], messages;
static atomic_bool over;
static volatile uintptr_t nowhere = 8;

typedef struct orders {
    uint64_t fate, keeper, seed;
} orders_t;

static void work(uint64_t seed) {
    uint64_t me = buskin_actor_self();
    for (uint64_t i = 0; i < 5 + seed % 20; i++) {
        char *bytes = buskin_gc_alloc_actor(64 + next_random(&seed) % 5000, 8);
        EXPECT(buskin_actor_send(me, bytes, 16 + seed % 400) == BUSKIN_OK);
        if (seed % 3 == 0) buskin_actor_sleep((int64_t)(seed % 4));
        EXPECT(buskin_actor_receive(-1) != NULL);
        buskin_reduction_check();
        atomic_fetch_add(&messages, 1);
    }
}

static ACTOR_CODE void child(const void *args) {
    orders_t o;
    memcpy(&o, args, sizeof o);
    char name[24];
    int length = snprintf(name, sizeof name, "%llx", (unsigned long long)buskin_actor_self());
    EXPECT(buskin_actor_register(name, (uint64_t)length, buskin_actor_self()) == BUSKIN_OK);
    EXPECT(buskin_send_word(o.keeper, BUSKIN_REASON_USER + o.fate, buskin_actor_self()) == BUSKIN_OK);
    switch ((enum fate)o.fate) {
    case FAULT: *(volatile int *)nowhere = 1; break;
    case PANIC: buskin_panic("chaos", 5, NULL, 0, 0);
    case EXIT: buskin_actor_exit(BUSKIN_REASON_USER + 9, name, 4);
    case WAIT_FOR_KILL: (void)buskin_actor_receive(-1); break;
    case WORK: work(o.seed | 1); break;
    default: break;
    }
}

static const buskin_desc_t orders_desc = {.size = sizeof(orders_t), .name = "orders"};
static const buskin_spawn_desc_t children[2] = {
    {.size = sizeof(buskin_spawn_desc_t), .entry = child, .args = &orders_desc, .priority = BUSKIN_NORMAL},
    {.size = sizeof(buskin_spawn_desc_t),
     .entry = child,
     .args = &orders_desc,
     .stack_size = 64 << 10,
     .priority = BUSKIN_LOW},
};

/* -- A keeper -- */

typedef struct kept {
    uint64_t pid, ref, fate;
    bool begun, killed;
} kept_t;

static void start_child(kept_t *k, uint64_t *seed, uint64_t sibling) {
    orders_t o = {.fate = next_random(seed) % FATES, .keeper = buskin_actor_self(), .seed = *seed};
    *k = (kept_t){.fate = o.fate};
    k->pid = buskin_spawn(&children[*seed >> 40 & 1], &o, BUSKIN_SPAWN_MONITOR, &k->ref);
    EXPECT(k->pid != 0);
    atomic_fetch_add(&started, 1);
    atomic_fetch_add(&by_fate[o.fate], 1);
    if (o.fate == LINKED && sibling) buskin_actor_exit_signal(sibling, BUSKIN_REASON_USER + 7, NULL, 0);
}

static bool reason_fits(const kept_t *k, uint32_t code) {
    if (code == BUSKIN_REASON_USER + 7) return true; /* a sibling's doing */
    if (k->killed && code == BUSKIN_REASON_KILLED) return true;
    switch ((enum fate)k->fate) {
    case FAULT: return code == BUSKIN_REASON_CRASH;
    case PANIC: return code == BUSKIN_REASON_PANIC;
    case EXIT: return code == BUSKIN_REASON_USER + 9;
    case WAIT_FOR_KILL: return false;
    default: return code == BUSKIN_REASON_NORMAL;
    }
}

static kept_t *find(kept_t *all, uint64_t pid) {
    for (int i = 0; i < CHILDREN; i++)
        if (all[i].pid == pid) return &all[i];
    return NULL;
}

static void keeper(const void *args) {
    kept_t all[CHILDREN] = {{0}};
    uint64_t seed;
    unsigned alive = CHILDREN;
    memcpy(&seed, args, 8);
    buskin_actor_trap_exit(1);
    for (int i = 0; i < CHILDREN; i++) start_child(&all[i], &seed, 0);
    while (alive) {
        const char *m = buskin_actor_receive(-1);
        bool down = ((const buskin_message_header_t *)(const void *)(m - 16))->kind == BUSKIN_MSG_DOWN;
        const buskin_notice_t *n = (const buskin_notice_t *)(const void *)(m + 16);
        kept_t *k = find(all, n->from); /* a child's word is its pid, and lies there too */
        if (!EXPECT(k != NULL)) continue;
        if (!down) {
            EXPECT(!k->begun);
            k->begun = true;
            k->killed = k->fate == WAIT_FOR_KILL || next_random(&seed) % 8 == 0;
            if (k->killed) buskin_actor_exit_signal(k->pid, BUSKIN_REASON_KILL, NULL, 0);
            continue;
        }
        EXPECT(n->ref == k->ref && reason_fits(k, n->code));
        EXPECT(k->begun || n->code == BUSKIN_REASON_USER + 7); /* its words come first */
        char name[24];
        int length = snprintf(name, sizeof name, "%llx", (unsigned long long)k->pid);
        EXPECT(buskin_actor_whereis(name, (uint64_t)length) == 0);
        atomic_fetch_add(&ended, 1);
        *k = (kept_t){0};
        if (atomic_load(&over))
            alive--;
        else
            start_child(k, &seed, all[next_random(&seed) % CHILDREN].pid);
        buskin_reduction_check();
    }
}

/* -- What the process holds -- */

static unsigned long lines_of(const char *path) {
    unsigned long n = 0;
    FILE *f = fopen(path, "re");
    for (int c; f && (c = getc(f)) != EOF;) n += c == '\n';
    if (f) fclose(f);
    return n;
}

static unsigned long open_files(void) {
    unsigned long n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

static unsigned long resident_kib(void) {
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%lu %lu", &size, &resident) != 2) resident = 0;
    if (f) fclose(f);
    return resident * 4;
}

static void sample(unsigned second) {
    printf("%u s: %lu actors started, %lu ended, %lu messages, %lu KiB resident, %lu descriptors, %lu mappings\n",
           second, atomic_load(&started), atomic_load(&ended), atomic_load(&messages), resident_kib(), open_files(),
           lines_of("/proc/self/maps"));
    fflush(stdout);
}

static void start_keepers(uint32_t workers) {
    atomic_store(&over, false);
    atomic_store(&started, 0);
    atomic_store(&ended, 0);
    start(workers);
    for (uint64_t i = 1; i <= KEEPERS; i++) {
        uint64_t seed = 0x9E3779B97F4A7C15u * i;
        assert_int_not_equal(buskin_actor_spawn(keeper, &seed, sizeof seed, BUSKIN_NORMAL), 0);
    }
}

static void end_keepers(void) {
    atomic_store(&over, true);
    assert_int_equal(finish(), 0);
    assert_int_equal(atomic_load(&started), atomic_load(&ended));
}

static void run_chaos(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers *= 2) {
        start_keepers(workers);
        while (atomic_load(&ended) < 300 * ROUNDS) usleep(1000);
        end_keepers();
        for (int i = 0; i < FATES; i++) assert_true(atomic_load(&by_fate[i]) > 0);
    }
}

int main(int argc, char **argv) {
    setenv("BUSKIN_CRASH", "off", 1);
    if (argc < 2) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(run_chaos)};
        return cmocka_run_group_tests(tests, NULL, NULL);
    }
    start_keepers(0);
    for (unsigned s = 1, seconds = (unsigned)strtoul(argv[1], NULL, 10); s <= seconds; s++) {
        sleep(1);
        sample(s);
    }
    end_keepers();
    printf("every child was heard of once: %lu\n", atomic_load(&ended));
    return 0;
}
