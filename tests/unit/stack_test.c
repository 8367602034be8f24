/* stack: eviction and loading by internals, sharing between two workers, and frames that must survive it all. */
#include "runtime_test.h"

#include "actor/mailbox.h"
#include "actor/stack.h"
#include "actor/table.h"

/* -- By internals: actors that never run, whose "frames" are patterns -- */

static pool_t pool;
static table_cache_t blocks;
static stacks_t ours, theirs;

static void nothing(void) {}

static actor_t *bound(stacks_t *s) {
    actor_t *a = table_take(&blocks);
    assert_non_null(a);
    a->ctx.flags = BUSKIN_CTX_ACTOR;
    a->ctx.stack_limit = NULL;
    a->spilled = NULL;
    a->sp = (char *)(uintptr_t)nothing;
    assert_true(stack_bind(s, &pool, a, 0));
    return a;
}

static uint64_t depth_of(const actor_t *a, uint64_t x) { return 64 + (a->ctx.pid * 7919 + x) % 300 * 64; }

static void write_frames(actor_t *a, uint64_t x) {
    a->sp = stack_top(a) - depth_of(a, x);
    for (uint64_t *p = (uint64_t *)(void *)a->sp; (char *)p < stack_top(a); p++)
        *p = (uint64_t)(uintptr_t)p ^ a->ctx.pid ^ x;
}

static void check_frames(const actor_t *a, uint64_t x) {
    assert_ptr_equal(a->sp, stack_top(a) - depth_of(a, x));
    for (uint64_t *p = (uint64_t *)(void *)a->sp; (char *)p < stack_top(a); p++)
        assert_int_equal(*p, (uint64_t)(uintptr_t)p ^ a->ctx.pid ^ x);
}

enum { ACTORS = 3 * SLOTS_PER_WORKER };
static actor_t *actors[ACTORS];

static int open_stacks(void **state) {
    (void)state;
    memset(&ours, 0, sizeof ours), memset(&theirs, 0, sizeof theirs);
    return arena_init() && table_init(2 * ACTORS) && stack_init(2) && stacks_open(&ours, 0) && stacks_open(&theirs, 1)
               ? 0
               : -1;
}
static int close_stacks(void **state) {
    (void)state;
    stacks_close(&ours), stacks_close(&theirs);
    pool_drain(&pool);
    return 0;
}

static void leave_and_free(stacks_t *s, actor_t *a) {
    assert_true(stack_load(&pool, a));
    stack_free(s, &pool, a);
    table_retire_pid(a);
    table_give(&blocks, a);
}

static void test_evicted_frames_come_back(void **state) {
    (void)state;
    uint64_t rounds[ACTORS] = {0}, x = 5;
    for (int i = 0; i < ACTORS; i++) {
        actors[i] = bound(&ours);
        assert_int_equal((uintptr_t)stack_top(actors[i]) % 16, 0);
        assert_true(actors[i]->ctx.stack_limit > stack_bottom(actors[i]));
        write_frames(actors[i], 0);
    }
    for (int n = 0; n < 4 * ACTORS; n++) {
        int i = (int)(next_random(&x) % ACTORS);
        assert_true(stack_load(&pool, actors[i])); /* nobody else shares these slots */
        check_frames(actors[i], rounds[i]);
        write_frames(actors[i], ++rounds[i]);
        stack_leave(actors[i]);
    }
    for (int i = 0; i < ACTORS; i++) leave_and_free(&ours, actors[i]);
}

/* R18: a slot that actors of two workers are bound to is used by one at a time. */
static void test_a_shared_slot_is_used_by_one_worker(void **state) {
    (void)state;
    for (int i = 0; i < SLOTS_PER_WORKER + 1; i++) {
        actors[i] = bound(&ours);
        write_frames(actors[i], 0);
    }
    actor_t *mine = NULL, *yours = actors[SLOTS_PER_WORKER];
    for (int i = 0; i < SLOTS_PER_WORKER; i++)
        if (actors[i]->slot == yours->slot) mine = actors[i];
    assert_non_null(mine);
    stack_publish(&ours, yours); /* it moves to the other worker; its slot is now shared */
    stack_adopt(&theirs, yours);
    for (uint64_t round = 0; round < 10; round++) {
        assert_true(stack_load(&pool, mine));
        check_frames(mine, round);
        assert_false(stack_load(&pool, yours)); /* while mine runs */
        write_frames(mine, round + 1);
        stack_leave(mine);
        assert_true(stack_load(&pool, yours));
        check_frames(yours, round);
        assert_false(stack_load(&pool, mine));
        write_frames(yours, round + 1);
        stack_leave(yours);
    }
    leave_and_free(&theirs, yours);
    assert_true(stack_load(&pool, mine)); /* its end has let the slot go */
    check_frames(mine, 10);
    stack_leave(mine);
    for (int i = 0; i < SLOTS_PER_WORKER; i++) leave_and_free(&ours, actors[i]);
}

/* The only actor of a slot takes it along. */
static void test_a_slot_travels_with_its_only_actor(void **state) {
    (void)state;
    actor_t *a = bound(&ours);
    write_frames(a, 1);
    for (int i = 0; i < 10; i++) {
        stack_publish(i % 2 ? &theirs : &ours, a);
        stack_adopt(i % 2 ? &ours : &theirs, a);
        assert_true(stack_load(&pool, a));
        check_frames(a, 1);
        stack_leave(a);
    }
    leave_and_free(&ours, a);
}

/* -- By programs: more actors than slots, moving between workers, with pointers into their own frames -- */

static atomic_uint good;

static void deep(uint64_t levels, uint64_t *above, uint64_t peer) {
    uint64_t here[8];
    for (uint64_t i = 0; i < 8; i++) here[i] = levels * 100 + i;
    if (levels) {
        deep(levels - 1, here, peer);
    } else {
        for (int i = 0; i < 3; i++) {
            buskin_send_word(peer, 1, 7);
            EXPECT(take_word() == 7);
            if (i == 1) buskin_actor_yield();
        }
    }
    for (uint64_t i = 0; i < 8; i++) EXPECT(here[i] == levels * 100 + i);
    if (above) EXPECT(above[3] == (levels + 1) * 100 + 3);
}

static void ring_member(const void *args) {
    uint64_t peer = ((const uint64_t *)args)[0], number = ((const uint64_t *)args)[1];
    if (!peer) peer = take_word();
    deep(number % 40, NULL, peer);
    atomic_fetch_add(&good, 1);
}

enum { MEMBERS = 2 * SLOTS_PER_WORKER + SLOTS_PER_WORKER / 4 };

static void make_ring(const void *args) {
    (void)args;
    uint64_t order[2] = {0, 0}, first = buskin_actor_spawn(ring_member, order, sizeof order, BUSKIN_NORMAL);
    order[0] = first;
    for (order[1] = 1; order[1] < MEMBERS; order[1]++)
        order[0] = buskin_actor_spawn(ring_member, order, sizeof order, BUSKIN_NORMAL);
    buskin_send_word(first, 1, order[0]);
}

static void test_frames_survive_eviction_and_moves(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers *= 2)
        for (int i = 0; i < 2; i++) {
            atomic_store(&good, 0);
            run(workers, make_ring, NULL, 0);
            assert_int_equal(atomic_load(&good), MEMBERS);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_evicted_frames_come_back, open_stacks, close_stacks),
        cmocka_unit_test_setup_teardown(test_a_shared_slot_is_used_by_one_worker, open_stacks, close_stacks),
        cmocka_unit_test_setup_teardown(test_a_slot_travels_with_its_only_actor, open_stacks, close_stacks),
        BOTH(test_frames_survive_eviction_and_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
