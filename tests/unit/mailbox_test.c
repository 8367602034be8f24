/* mailbox: the list's order under removal anywhere, and the three states of the remote list with real threads. */
#include "runtime_test.h"

#include "actor/mailbox.h"
#include "actor/table.h"

#include <pthread.h>
#include <semaphore.h>

static actor_t *owner;

static int open_actor(void **state) {
    (void)state;
    static table_cache_t cache;
    if (!table_init(100)) return -1;
    owner = table_take(&cache);
    return owner ? 0 : -1;
}

static void test_order_under_removal_anywhere(void **state) {
    (void)state;
    enum { N = 200 };
    fragment_t *messages = calloc(N, sizeof *messages);
    fragment_t *model[N];
    uint64_t x = 7;
    for (int round = 0; round < 300; round++) {
        unsigned n = 0, pushed = 0;
        owner->head = owner->tail = NULL;
        while (pushed < N || n) {
            if (pushed < N && next_random(&x) % 3) {
                mailbox_push(owner, model[n++] = &messages[pushed++]);
            } else if (n) {
                unsigned i = next_random(&x) % n;
                assert_ptr_equal(mailbox_unlink(owner, i ? model[i - 1] : NULL), model[i]);
                memmove(&model[i], &model[i + 1], (--n - i) * sizeof *model);
            }
            fragment_t *f = owner->head;
            for (unsigned i = 0; i < n; i++, f = f->next) assert_ptr_equal(f, model[i]);
            assert_null(f);
            if (n) assert_ptr_equal(owner->tail, model[n - 1]);
        }
    }
    owner->head = owner->tail = NULL;
    free(messages);
}

static void test_who_must_notify(void **state) {
    (void)state;
    fragment_t *messages = calloc(4, sizeof *messages);
    mailbox_take_remote(owner, REMOTE_IDLE);
    assert_true(mailbox_sleep(owner));
    assert_true(mailbox_push_remote(owner, &messages[0])); /* it sleeps */
    assert_false(mailbox_push_remote(owner, &messages[1]));
    assert_false(mailbox_sleep(owner)); /* something is there */
    fragment_t *f = mailbox_take_remote(owner, NULL);
    assert_ptr_equal(f, &messages[0]); /* oldest first */
    assert_ptr_equal(f->next, &messages[1]);
    assert_null(f->next->next);
    assert_false(mailbox_push_remote(owner, &messages[2])); /* awake: it will look */
    assert_false(mailbox_sleep(owner));
    assert_ptr_equal(mailbox_take_remote(owner, REMOTE_IDLE), &messages[2]);
    assert_true(mailbox_push_remote(owner, &messages[3]));
    assert_ptr_equal(mailbox_take_remote(owner, NULL), &messages[3]);
    assert_true(mailbox_sleep(owner));
    assert_null(mailbox_take_remote(owner, REMOTE_IDLE));
    free(messages);
}

/* R1: the owner looks, goes to sleep, and is woken by whoever pushed in between. A lost wake-up is a hang. */
enum { PUSHERS = 3 };
static sem_t wakes;
static unsigned pushes;

static void *push_many(void *number) {
    fragment_t *all = calloc(pushes, sizeof *all);
    for (unsigned i = 0; i < pushes; i++) {
        all[i].owner = (uint64_t)(uintptr_t)number;
        all[i].tag = i;
        if (mailbox_push_remote(owner, &all[i])) sem_post(&wakes);
        if (i % 64 == 0) sched_yield();
    }
    return all;
}

static void test_no_wake_is_lost_and_order_holds(void **state) {
    (void)state;
    pushes = 20000 * ROUNDS;
    sem_init(&wakes, 0, 0);
    mailbox_take_remote(owner, NULL);
    pthread_t threads[PUSHERS];
    uint64_t next[PUSHERS] = {0};
    for (uintptr_t i = 0; i < PUSHERS; i++) pthread_create(&threads[i], NULL, push_many, (void *)i);
    for (unsigned taken = 0; taken < PUSHERS * pushes;) {
        for (fragment_t *f = mailbox_take_remote(owner, NULL); f; f = f->next, taken++) {
            assert_int_equal(f->tag, next[f->owner]);
            next[f->owner]++;
        }
        if (taken < PUSHERS * pushes && mailbox_sleep(owner)) sem_wait(&wakes);
    }
    for (int i = 0; i < PUSHERS; i++) {
        void *all;
        pthread_join(threads[i], &all);
        free(all);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_under_removal_anywhere),
        cmocka_unit_test(test_who_must_notify),
        cmocka_unit_test(test_no_wake_is_lost_and_order_holds),
    };
    return cmocka_run_group_tests(tests, open_actor, NULL);
}
