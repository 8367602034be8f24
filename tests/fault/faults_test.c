/* faults_test.c - real faults of every kind, on shared slots and on stacks of their own (S2.1, S2.8, S2.11, S8.1, S11.1, S11.2).
 *
 * Each round a victim that is registered, linked, watched, and the server of a call in progress makes one fault. Its reason, its
 * terminate callback, and what the others hear are compared; the process surviving is half of what the test says. `faults_test N`
 * makes N faults and prints how many of each kind there were; tools/faults is that.
 */
#include "unit/runtime_test.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "thread", "undefined")))

enum kind {
    NULL_WRITE,
    WILD_READ,
    NOT_CANONICAL,
    NULL_CALL,
    DATA_CALL,
    DIVISION,
    OVERFLOWING_DIVISION,
    ILLEGAL,
    BREAKPOINT,
    BUS_ERROR,
    RECURSION,
    LARGE_FRAME,
    PANIC,
    HEAP_LIMIT,
    NO_MEMORY,
    KINDS
};

static const struct {
    const char *name;
    uint32_t code, detail;
    const char *text;
} expected[KINDS] = {
    [NULL_WRITE] = {"null write", BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x8"},
    [WILD_READ] = {"wild read", BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x12340"},
    [NOT_CANONICAL] = {"not canonical", BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x0"},
    [NULL_CALL] = {"call of null", BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x0"},
    [DATA_CALL] = {"call of data", BUSKIN_REASON_CRASH, SIGSEGV, "segmentation fault at address 0x"},
    [DIVISION] = {"division by zero", BUSKIN_REASON_CRASH, SIGFPE, "arithmetic fault"},
    [OVERFLOWING_DIVISION] = {"overflowing division", BUSKIN_REASON_CRASH, SIGFPE, "arithmetic fault"},
    [ILLEGAL] = {"illegal instruction", BUSKIN_REASON_CRASH, SIGILL, "illegal instruction"},
    [BREAKPOINT] = {"breakpoint", BUSKIN_REASON_CRASH, SIGTRAP, "trap"},
    [BUS_ERROR] = {"bus error", BUSKIN_REASON_CRASH, SIGBUS, "bus error at address "},
    [RECURSION] = {"recursion", BUSKIN_REASON_CRASH, SIGSEGV, "stack overflow"},
    [LARGE_FRAME] = {"one large frame", BUSKIN_REASON_CRASH, SIGSEGV, "stack overflow"},
    [PANIC] = {"panic", BUSKIN_REASON_PANIC, 0, "on purpose"},
    [HEAP_LIMIT] = {"heap limit", BUSKIN_REASON_LIMIT, 0, "heap limit"},
    [NO_MEMORY] = {"no memory", BUSKIN_REASON_LIMIT, 0, "no memory for the actor's heap"},
};

static volatile uintptr_t nowhere = 8, wild = 0x12340,
                          impossible = 0xdead000000000000; /* no compiler sees the faults */
static volatile uintptr_t no_code, data;
static volatile int zero, minus_one = -1, least = INT32_MIN;
static volatile char *cut_off; /* a page of a file that ends before it */
static atomic_ulong made[KINDS], terminated;
static int (*volatile again)(int depth); /* so that no compiler sees the recursion */

static ACTOR_CODE int recurse(int depth) {
    volatile char frame[200];
    frame[0] = (char)depth;
    return again(depth + 1) + frame[0];
}

/* What compilers emit for a frame larger than the stack: it is probed page by page. */
static ACTOR_CODE void enter_large_frame(void) {
    __asm__ volatile("1: subq $4096, %%rsp\n\tmovq $0, (%%rsp)\n\tjmp 1b" ::: "memory");
}

static ACTOR_CODE void fill_heap(void) {
    void **list = NULL;
    for (;;) {
        void **cell = buskin_gc_alloc_actor(1024, 8);
        *cell = list;
        list = cell;
        buskin_actor_set_state(list);
    }
}

static const buskin_desc_t bytes_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};

static ACTOR_CODE void make_fault(enum kind kind) {
    switch (kind) {
    case NULL_WRITE: *(volatile int *)nowhere = 1; break;
    case WILD_READ: (void)*(volatile int *)wild; break;
    case NOT_CANONICAL: (void)*(volatile int *)impossible; break;
    case NULL_CALL: ((void (*)(void))no_code)(); break;
    case DATA_CALL: ((void (*)(void))data)(); break;
    case DIVISION: zero = 100 / zero; break;
    case OVERFLOWING_DIVISION: least = least / minus_one; break;
    case ILLEGAL: __asm__ volatile("ud2"); break;
    case BREAKPOINT: __asm__ volatile("int3"); break;
    case BUS_ERROR: (void)*cut_off; break;
    case RECURSION: zero = recurse(0) * 0; break;
    case LARGE_FRAME: enter_large_frame(); break;
    case PANIC: buskin_panic("on purpose", 10, NULL, 0, 0);
    case HEAP_LIMIT: fill_heap(); break;
    case NO_MEMORY: (void)buskin_alloc_array(&bytes_desc, 1ull << 45); break;
    default: break;
    }
}

/* -- The victim -- */

enum { GO = 1, ASK = 2 };

static ACTOR_CODE void victim(const void *args) {
    uint64_t kind;
    memcpy(&kind, args, sizeof kind);
    buskin_actor_set_state(buskin_gc_alloc_actor(16, 8));
    while (take_word() != GO) continue; /* all who want to hear of its end are there */
    make_fault((enum kind)kind);
}

static void on_end(void *state, const buskin_notice_t *why) {
    EXPECT(state != NULL && why->code >= BUSKIN_REASON_PANIC && why->code <= BUSKIN_REASON_LIMIT);
    atomic_fetch_add(&terminated, 1);
}

static const buskin_desc_t kind_desc = {.size = 8, .name = "kind"};
static const buskin_spawn_desc_t victims[2] = {
    {.size = sizeof(buskin_spawn_desc_t),
     .entry = victim,
     .name = "victim",
     .args = &kind_desc,
     .terminate = on_end,
     .heap_limit = 256 << 10,
     .priority = BUSKIN_NORMAL},
    {.size = sizeof(buskin_spawn_desc_t),
     .entry = victim,
     .name = "victim on its own stack",
     .args = &kind_desc,
     .terminate = on_end,
     .heap_limit = 256 << 10,
     .stack_size = 256 << 10,
     .priority = BUSKIN_NORMAL},
};

/* -- Who hears of it -- */

static bool notice_is(const buskin_notice_t *n, enum kind kind, uint64_t pid) {
    size_t length = strlen(expected[kind].text);
    bool right = n->from == pid && n->code == expected[kind].code && n->detail == expected[kind].detail &&
                 n->length >= length && !memcmp(n + 1, expected[kind].text, length);
    if (!right)
        fprintf(stderr, "%s: code %u, detail %u, %.*s\n", expected[kind].name, n->code, n->detail, (int)n->length,
                (const char *)(n + 1));
    return right;
}

static const buskin_notice_t *data_of(const void *message) {
    return (const buskin_notice_t *)(const void *)((const char *)message + 16);
}

/* Calls the victim, which never answers. */
static void client(const void *args) {
    static const buskin_desc_t request_desc = {.size = sizeof(buskin_request_t), .name = "request"};
    uint64_t pid, kind;
    memcpy(&pid, args, 8);
    memcpy(&kind, (const char *)args + 8, 8);
    buskin_request_t request = {0};
    int32_t status;
    const char *answer = buskin_call(pid, ASK, &request_desc, &request, -1, &status);
    const buskin_message_header_t *header = (const buskin_message_header_t *)(const void *)(answer - 16);
    EXPECT(header->kind == BUSKIN_MSG_DOWN);
    const buskin_notice_t *down = data_of(answer);
    EXPECT(down->code == expected[kind].code || down->code == BUSKIN_REASON_NOPROC); /* it may have come too late */
}

static void one_fault(enum kind kind, unsigned own) {
    char name[32];
    uint64_t argument = kind, ref, me = buskin_actor_self();
    uint64_t pid = buskin_spawn(&victims[own], &argument, BUSKIN_SPAWN_MONITOR | BUSKIN_SPAWN_LINK, &ref);
    int length = snprintf(name, sizeof name, "victim of %llu", (unsigned long long)me);
    EXPECT(buskin_actor_register(name, (uint64_t)length, pid) == BUSKIN_OK);
    EXPECT(buskin_timer_send_after(pid, 3600000, GO, &kind_desc, &argument) != 0);
    uint64_t call[2] = {pid, kind};
    EXPECT(buskin_actor_spawn(client, call, sizeof call, BUSKIN_NORMAL) != 0);
    EXPECT(buskin_send_word(pid, 1, GO) == BUSKIN_OK);
    for (unsigned heard = 0; heard != 3;) { /* bit 0: EXIT, bit 1: DOWN */
        const char *message = buskin_actor_receive(-1);
        uint32_t what = ((const buskin_message_header_t *)(const void *)(message - 16))->kind;
        heard |= what == BUSKIN_MSG_EXIT ? 1u : 2u;
        if (!EXPECT(what == BUSKIN_MSG_EXIT || what == BUSKIN_MSG_DOWN)) return;
        EXPECT(notice_is(data_of(message), kind, pid));
        EXPECT(buskin_actor_whereis(name, (uint64_t)length) == 0); /* S2.8 */
    }
    EXPECT(!buskin_actor_is_alive(pid));
    atomic_fetch_add(&made[kind], 1);
}

typedef struct plan {
    uint64_t faults, first;
} plan_t;

static void watch(const void *args) {
    plan_t plan;
    memcpy(&plan, args, sizeof plan);
    buskin_actor_trap_exit(1);
    for (uint64_t i = plan.first; i < plan.first + plan.faults; i++)
        one_fault((enum kind)(i % KINDS), (unsigned)(i / KINDS % 2));
}

static void make_faults(uint32_t workers, uint64_t faults) {
    enum { WATCHERS = 4 };
    for (int i = 0; i < KINDS; i++) atomic_store(&made[i], 0);
    atomic_store(&terminated, 0);
    start(workers);
    for (uint64_t i = 0; i < WATCHERS; i++) {
        uint64_t low = faults * i / WATCHERS, high = faults * (i + 1) / WATCHERS;
        plan_t plan = {.faults = high - low, .first = low};
        assert_int_not_equal(buskin_actor_spawn(watch, &plan, sizeof plan, BUSKIN_NORMAL), 0);
    }
    assert_int_equal(finish(), 0);
    assert_int_equal(atomic_load(&terminated), faults);
}

static void one_worker(void **state) {
    (void)state;
    make_faults(1, 20 * 2 * KINDS);
    for (int i = 0; i < KINDS; i++) assert_int_equal(atomic_load(&made[i]), 40);
}

static void four_workers(void **state) {
    (void)state;
    make_faults(4, 20 * 2 * KINDS);
}

static int prepare(void) {
    int file = memfd_create("cut off", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 4096)) return 1;
    cut_off = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (ftruncate(file, 0) || cut_off == MAP_FAILED) return 1;
    again = recurse;
    data = (uintptr_t)&zero;
    return setenv("BUSKIN_CRASH", "off", 1);
}

int main(int argc, char **argv) {
    if (prepare()) return 1;
    if (argc < 2) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(one_worker), cmocka_unit_test(four_workers)};
        return cmocka_run_group_tests(tests, NULL, NULL);
    }
    uint64_t total = 0;
    make_faults(0, strtoull(argv[1], NULL, 10));
    for (int i = 0; i < KINDS; i++) {
        printf("%-22s %lu\n", expected[i].name, atomic_load(&made[i]));
        total += atomic_load(&made[i]);
    }
    printf("%llu faults, 0 process deaths\n", (unsigned long long)total);
    return 0;
}
