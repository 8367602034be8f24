/* The queue of a bounded mailbox against a model: an array of what is queued, with the receive's place in it (S10).
 *
 * One thread plays senders and home with operations drawn at random, for each policy and fallback. Message keys are few, and some of
 * different tags have the same hash. The ring grows, is packed and wraps around, its positions too. */
#include "runtime_test.h"

#include "actor/bounded.h"
#include "actor/reason.h"
#include "actor/signal.h"
#include "actor/table.h"

enum { QUEUED_MAX = 600, SENDERS_MAX = 12, KEYS = 12, OPERATIONS = 6000 * ROUNDS };
enum entry_kind { USER, SIGNAL, HELD, NOTICE };

typedef struct entry {
    enum entry_kind kind;
    fragment_t *f;
    unsigned key;
} entry_t;

/* -- The model -- */

static entry_t queue[QUEUED_MAX];
static unsigned count, cursor, looking; /* where a receive goes on; the place of `looked` */
static fragment_t *looked;
static enum looked looked_is;
static struct {
    fragment_t *waiter, *f;
    unsigned key;
} senders[SENDERS_MAX];
static unsigned sender_count;
static uint64_t accepted, dropped, failed, coalesced, capacity;
static bool news, asleep;
static uint32_t policy, fallback;

static unsigned find_kind(enum entry_kind kind) {
    unsigned i = 0;
    while (i < count && queue[i].kind != kind) i++;
    return i;
}

static unsigned count_kind(enum entry_kind kind) {
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++) n += queue[i].kind == kind;
    return n;
}

static void queue_add(enum entry_kind kind, fragment_t *f, unsigned key) {
    assert_true(count < QUEUED_MAX);
    queue[count++] = (entry_t){kind, f, key};
}

static void queue_remove(unsigned i) {
    memmove(&queue[i], &queue[i + 1], (--count - i) * sizeof *queue);
    if (cursor > i) cursor--;
    if (looking > i) looking--;
}

static void queue_accept(fragment_t *f, unsigned key) {
    queue_add(USER, f, key);
    accepted++;
}

/* -- What both sides use -- */

static pool_t pool;
static actor_t *owner;
static uint64_t x = 4711, numbers;

static uint64_t pick(uint64_t n) { return next_random(&x) % n; }

/* Every second key has a tag that gives it the hash of the first. */
static uint64_t key_tag(unsigned key) { return key % 2 ? 77 ^ key * 0x9e3779b97f4a7c15u : 77; }

static fragment_t *message(unsigned key) {
    fragment_t *f = fragment_new(&pool, 16);
    assert_non_null(f);
    f->tag = key_tag(key);
    f->owner = owner->ctx.pid;
    f->data[0] = numbers++;
    f->data[1] = key;
    return f;
}

static bounded_t *white_box(void) {
    return (bounded_t *)((uintptr_t)load_relaxed(&owner->remote->list) & ~(uintptr_t)REMOTE_BOUNDED);
}

static void begin(uint32_t how, uint32_t otherwise, uint64_t room) {
    buskin_spawn_desc_t desc = {
        .mailbox_capacity = room, .mailbox_policy = how, .mailbox_fallback = otherwise, .mailbox_key = 8};
    assert_true(bounded_options_valid(&desc));
    assert_true(bounded_open(owner, &desc, &pool));
    policy = how, fallback = otherwise, capacity = room;
    count = cursor = sender_count = 0;
    looked = NULL, looked_is = LOOKED_QUEUED;
    accepted = dropped = failed = coalesced = 0;
    news = false, asleep = true;
    bounded_t *b = white_box(); /* positions wrap around soon */
    b->head = b->tail = b->taken = b->oldest = b->cursor = UINT32_MAX - 300;
}

static void compare(void) {
    buskin_process_info_t info = {.size = sizeof info};
    bounded_info(owner, &info);
    assert_int_equal(info.mailbox_length, count_kind(USER) + count_kind(NOTICE));
    assert_int_equal(info.mailbox_senders, sender_count);
    assert_int_equal(info.mailbox_capacity, capacity);
    assert_int_equal(info.mailbox_policy, policy);
    assert_int_equal(info.mailbox_accepted, accepted);
    assert_int_equal(info.mailbox_dropped, dropped);
    assert_int_equal(info.mailbox_failed, failed);
    assert_int_equal(info.mailbox_coalesced, coalesced);
    bounded_t *b = white_box();
    assert_int_equal(b->present, count);
    assert_int_equal(b->used, count_kind(USER));
    assert_true(b->used <= b->capacity && (!b->senders || b->used == b->capacity));
}

/* -- Senders -- */

static void expect_discard(const posted_t *done, fragment_t *f) {
    assert_ptr_equal(done->discard, f);
    if (!f) return;
    assert_null(f->next);
    fragment_free(&pool, f);
}

static void expect_news(const posted_t *done, bool local) {
    assert_int_equal(done->notify, !local && asleep);
    if (!local) asleep = false;
    news = true;
}

static void expect_refused(const posted_t *done, fragment_t *f, uint64_t *counter, int32_t status) {
    assert_int_equal(done->status, status);
    assert_false(done->notify);
    ++*counter;
    expect_discard(done, f);
}

/* The model's own message of that key, which the new one replaces; false: there is none. */
static bool expect_replaced(const posted_t *done, fragment_t *f, unsigned key, bool local) {
    unsigned i = 0;
    while (i < count && !(queue[i].kind == USER && queue[i].key == key)) i++;
    if (i == count) return false;
    assert_int_equal(done->status, BUSKIN_COALESCED);
    bool is_looked = queue[i].f == looked;
    if (is_looked) looked_is = LOOKED_REPLACED;
    expect_discard(done, is_looked ? NULL : queue[i].f);
    queue[i].f = f;
    if (cursor > i) cursor = i;
    coalesced++;
    expect_news(done, local);
    return true;
}

static void expect_evicted(const posted_t *done, fragment_t *f, unsigned key, bool local) {
    assert_int_equal(done->status, BUSKIN_EVICTED);
    unsigned i = find_kind(USER);
    bool is_looked = queue[i].f == looked;
    if (is_looked) looked_is = LOOKED_EVICTED;
    expect_discard(done, is_looked ? NULL : queue[i].f);
    queue_remove(i);
    accepted--, dropped++;
    queue_accept(f, key);
    expect_news(done, local);
}

static void post(void) {
    unsigned key = (unsigned)pick(KEYS);
    fragment_t *f = message(key), *waiter = NULL;
    enum bounded_sender sender = pick(4) ? SENDER_OTHER : pick(2) ? SENDER_SELF : SENDER_NOBODY;
    if (sender == SENDER_OTHER && sender_count < SENDERS_MAX && pick(2))
        waiter = signal_new(&pool, SIGNAL_ANSWER, 5, 6, 1000 + pick(8));
    bool local = pick(2);
    posted_t done = bounded_post(owner, f, sender, waiter, local);
    assert_false(done.gone);
    bool waits = done.status == POST_WAITS;
    uint32_t how = policy == BUSKIN_POLICY_COALESCE ? fallback : policy;
    if (policy == BUSKIN_POLICY_COALESCE && expect_replaced(&done, f, key, local)) {
        /* done */
    } else if (count_kind(USER) < capacity) {
        assert_int_equal(done.status, BUSKIN_OK);
        expect_discard(&done, NULL);
        queue_accept(f, key);
        expect_news(&done, local);
    } else if (how == BUSKIN_POLICY_DROP_OLD) {
        expect_evicted(&done, f, key, local);
    } else if (how == BUSKIN_POLICY_DROP_NEW || (how == BUSKIN_POLICY_BLOCK && sender == SENDER_NOBODY)) {
        expect_refused(&done, f, &dropped, BUSKIN_EDROPPED);
    } else if (how == BUSKIN_POLICY_FAIL || sender == SENDER_SELF) {
        expect_refused(&done, f, &failed, BUSKIN_EFULL);
    } else {
        assert_int_equal(done.status, waiter ? POST_WAITS : POST_MUST_WAIT);
        assert_false(done.notify);
        expect_discard(&done, NULL);
        if (waiter) {
            senders[sender_count].waiter = waiter;
            senders[sender_count].key = key;
            senders[sender_count++].f = f;
        } else {
            fragment_free(&pool, f);
        }
    }
    if (waiter && !waits) fragment_free(&pool, waiter);
}

static void ask_first(void) {
    int32_t status = bounded_refuses(owner, owner->ctx.pid), expected = BUSKIN_OK;
    bool full = count_kind(USER) == capacity;
    if (full && policy == BUSKIN_POLICY_DROP_NEW) expected = BUSKIN_EDROPPED, dropped++;
    if (full && policy == BUSKIN_POLICY_FAIL) expected = BUSKIN_EFULL, failed++;
    assert_int_equal(status, expected);
}

static void withdraw(void) {
    uint64_t ref = 1000 + pick(8);
    unsigned i = 0;
    while (i < sender_count && reason_notice(senders[i].waiter)->ref != ref) i++;
    fragment_t *waiter = bounded_withdraw(owner, owner->ctx.pid, ref);
    assert_ptr_equal(waiter, i < sender_count ? senders[i].waiter : NULL);
    if (!waiter) return;
    assert_int_equal(waiter->tag, (uintptr_t)senders[i].f);
    fragment_free(&pool, senders[i].f);
    fragment_free(&pool, waiter);
    memmove(&senders[i], &senders[i + 1], (--sender_count - i) * sizeof *senders);
    failed++;
}

static void send_signal(void) {
    if (count > QUEUED_MAX / 2) return;
    bool local = pick(2);
    fragment_t *f = signal_new(&pool, SIGNAL_DOWN, owner->ctx.pid, 6, pick(20));
    posted_t done = bounded_signal(owner, f, local);
    assert_int_equal(done.status, BUSKIN_OK);
    assert_false(done.gone);
    queue_add(SIGNAL, f, 0);
    expect_news(&done, local);
}

/* To a pid that the block had before, nothing is done. */
static void send_to_the_last_occupant(void) {
    uint64_t pid = owner->ctx.pid - (1ull << 32);
    fragment_t *f = message(0);
    f->owner = pid;
    posted_t done = bounded_post(owner, f, SENDER_OTHER, NULL, false);
    assert_true(done.gone && !done.notify);
    done = bounded_signal(owner, f, false);
    assert_true(done.gone && !done.notify);
    assert_int_equal(bounded_refuses(owner, pid), BUSKIN_OK);
    assert_null(bounded_withdraw(owner, pid, sender_count ? reason_notice(senders[0].waiter)->ref : 1));
    fragment_free(&pool, f);
}

/* -- The home -- */

static void take_signal(void) {
    if (count_kind(HELD)) return;
    unsigned i = find_kind(SIGNAL);
    fragment_t *f = bounded_take_signal(owner);
    assert_ptr_equal(f, i < count ? queue[i].f : NULL);
    if (!f) return;
    queue[i].kind = HELD;
    f->next = f; /* whoever applies it may free it: nobody touches it until it is placed */
}

static void place(void) {
    unsigned i = find_kind(HELD);
    if (i == count) return;
    fragment_t *f = queue[i].f;
    assert_ptr_equal(f->next, f);
    if (pick(2)) {
        f->kind = BUSKIN_MSG_DOWN;
        bounded_place(owner, f);
        queue[i].kind = NOTICE;
    } else {
        bounded_place(owner, NULL);
        fragment_free(&pool, f);
        queue_remove(i);
    }
}

static void look_for_news(void) {
    assert_int_equal(bounded_news(owner), news);
    news = count_kind(SIGNAL) > 0;
    asleep = false;
}

static void sleep_until_notified(void) {
    assert_int_equal(bounded_sleep(owner), !news);
    if (!news) asleep = true;
}

/* -- Receives -- */

static fragment_t *expected_waste(void) { return looked_is == LOOKED_QUEUED ? NULL : looked; }

static void begin_receive(void) {
    fragment_t *waste = expected_waste();
    assert_ptr_equal(bounded_begin(owner), waste);
    if (waste) fragment_free(&pool, waste);
    looked = NULL;
    cursor = 0;
}

static void peek(void) {
    fragment_t *f = bounded_peek(owner);
    if (!looked && cursor < count && queue[cursor].kind != SIGNAL && queue[cursor].kind != HELD) {
        looked = queue[looking = cursor].f;
        looked_is = LOOKED_QUEUED;
    }
    assert_ptr_equal(f, looked);
}

static void pass_over(void) {
    if (!looked) return;
    fragment_t *waste = expected_waste();
    assert_ptr_equal(bounded_skip(owner), waste);
    if (waste)
        fragment_free(&pool, waste);
    else if (cursor == looking)
        cursor++; /* otherwise something before it was replaced, and comes next */
    looked = NULL;
}

static void expect_answers(fragment_t *answers) {
    unsigned in = 0;
    while (in < sender_count && count_kind(USER) < capacity) {
        queue_accept(senders[in].f, senders[in].key);
        news = true;
        assert_ptr_equal(answers, senders[in].waiter);
        assert_int_equal(answers->tag, 0);
        assert_int_equal((int32_t)reason_notice(answers)->code, BUSKIN_OK);
        fragment_t *next = answers->next;
        fragment_free(&pool, answers);
        answers = next;
        in++;
    }
    assert_null(answers);
    memmove(senders, &senders[in], (sender_count -= in) * sizeof *senders);
}

static void take(void) {
    if (!looked) return;
    fragment_t *answers, *f = bounded_take(owner, &answers);
    assert_ptr_equal(f, looked);
    fragment_free(&pool, f);
    if (looked_is == LOOKED_QUEUED)
        queue_remove(looking);
    else
        accepted++, --*(looked_is == LOOKED_EVICTED ? &dropped : &coalesced);
    looked = NULL;
    expect_answers(answers);
}

static void take_down(void) {
    uint64_t ref = pick(20);
    unsigned i = 0;
    while (i < count && !(queue[i].kind == NOTICE && reason_notice(queue[i].f)->ref == ref)) i++;
    if (i < count && queue[i].f == looked) return;
    fragment_t *f = bounded_take_down(owner, ref);
    assert_ptr_equal(f, i < count ? queue[i].f : NULL);
    if (!f) return;
    fragment_free(&pool, f);
    queue_remove(i);
}

/* -- The end: everything comes out once, in order, then what a receive was looking at, then the senders -- */

static void expect_rest(bounded_t *b, fragment_t *f) {
    assert_ptr_equal(bounded_empty(b, &pool), f);
    if (f) fragment_free(&pool, f);
}

static void end(void) {
    place();
    fragment_t *waste = expected_waste();
    bounded_t *b = bounded_close(owner, REMOTE_IDLE);
    assert_ptr_equal(load_relaxed(&owner->remote->list), REMOTE_IDLE);
    for (unsigned i = 0; i < count; i++) expect_rest(b, queue[i].f);
    if (waste) expect_rest(b, waste);
    for (unsigned i = 0; i < sender_count; i++) {
        fragment_t *f = senders[i].f;
        assert_int_equal(senders[i].waiter->tag, (uintptr_t)f);
        fragment_free(&pool, f);
        expect_rest(b, senders[i].waiter);
    }
    expect_rest(b, NULL);
}

typedef void operation(void);
static operation *const operations[] = {
    post,
    post,
    post,
    post,
    ask_first,
    withdraw,
    send_signal,
    take_signal,
    take_signal,
    place,
    place,
    peek,
    peek,
    peek,
    pass_over,
    pass_over,
    take,
    take,
    take_down,
    begin_receive,
    look_for_news,
    sleep_until_notified,
    send_to_the_last_occupant,
};

static void run_model(uint32_t how, uint32_t otherwise, uint64_t room, bool busy) {
    begin(how, otherwise, room);
    for (int i = 0; i < OPERATIONS; i++) {
        if (busy && i / 500 % 2) send_signal(), post(); /* a backlog, in which the ring grows */
        operations[pick(sizeof operations / sizeof *operations)]();
        compare();
    }
    end();
}

static void test_every_policy_is_as_the_model(void **state) {
    (void)state;
    static const uint64_t rooms[] = {1, 3, 17, 100};
    for (unsigned r = 0; r < 4; r++)
        for (uint32_t how = 0; how <= BUSKIN_POLICY_COALESCE; how++)
            for (uint32_t busy = 0; busy < 2; busy++)
                if (how != BUSKIN_POLICY_COALESCE) run_model(how, 0, rooms[r], busy);
}

static void test_every_fallback_is_as_the_model(void **state) {
    (void)state;
    static const uint64_t rooms[] = {1, 3, 9, 40};
    for (unsigned r = 0; r < 4; r++)
        for (uint32_t otherwise = 0; otherwise < BUSKIN_POLICY_COALESCE; otherwise++)
            if (otherwise != BUSKIN_POLICY_BLOCK) run_model(BUSKIN_POLICY_COALESCE, otherwise, rooms[r], otherwise % 2);
}

/* What a late sender has pushed onto the block before it got this mailbox: signals stay, in order; messages go. */
static void test_late_pushes_are_taken_over(void **state) {
    (void)state;
    fragment_t *first = signal_new(&pool, SIGNAL_DOWN, 1, 6, 1), *second = signal_new(&pool, SIGNAL_ALIVE, 1, 6, 2),
               *lost = message(3);
    first->next = NULL, lost->next = first, second->next = lost; /* the newest is first in the list */
    store_relaxed(&owner->remote->list, second);
    buskin_spawn_desc_t desc = {.mailbox_capacity = 4, .mailbox_policy = BUSKIN_POLICY_FAIL};
    assert_true(bounded_open(owner, &desc, &pool));
    assert_ptr_equal(bounded_take_signal(owner), first);
    bounded_place(owner, NULL);
    assert_ptr_equal(bounded_take_signal(owner), second);
    bounded_place(owner, NULL);
    assert_null(bounded_take_signal(owner));
    assert_null(bounded_peek(owner));
    fragment_free(&pool, first);
    fragment_free(&pool, second);
    assert_null(bounded_empty(bounded_close(owner, REMOTE_IDLE), &pool));
}

static int open_actor(void **state) {
    (void)state;
    static table_cache_t cache;
    if (!arena_init() || !table_init(100)) return -1;
    owner = table_take(&cache);
    if (!owner) return -1;
    table_publish_pid(owner);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_policy_is_as_the_model),
        cmocka_unit_test(test_every_fallback_is_as_the_model),
        cmocka_unit_test(test_late_pushes_are_taken_over),
    };
    return cmocka_run_group_tests(tests, open_actor, NULL);
}
