/* The index of a long mailbox against a plain list, section 5 of the semantics: whatever is sent and received, in whatever way,
 * a receive gets the oldest message that it accepts, and all others stay in order. */
#include "rows.h"

#include "actor/actor.h"

enum { TAGS = 60, WORDS = 5, USUAL = 6, MOST = 1200, STEPS = 800 };

/* -- The model: what is in the mailbox, oldest first -- */

typedef struct item {
    uint32_t kind;
    uint64_t tag, word, number; /* number: of the message, or the monitor of a DOWN */
} item_t;

/* What a receive accepts. */
typedef struct wish {
    uint64_t count; /* this and the entries are a buskin_filter_t */
    buskin_filter_entry_t entries[BUSKIN_FILTER_MAX + 2];
    bool filtered;
    uint64_t modulus, rest; /* accepts numbers with this rest: a guard, of which the filter knows nothing */
} wish_t;

typedef struct model {
    item_t items[MOST];
    wish_t usual[USUAL];
    size_t n;
    uint64_t numbers, x;
    unsigned indexed; /* how often the mailbox had an index */
} model_t;

static uint64_t random_below(model_t *m, uint64_t n) {
    m->x ^= m->x << 13;
    m->x ^= m->x >> 7;
    m->x ^= m->x << 17;
    return m->x % n;
}

static void model_remove(model_t *m, size_t i) {
    m->n--;
    memmove(&m->items[i], &m->items[i + 1], (m->n - i) * sizeof *m->items);
}

/* What lies in a message, as an item. Every message of this file has two words; notices have their own. */
static item_t item_of(const void *message) {
    const uint64_t *words = data_of(message);
    item_t item = {.kind = kind_of(message), .tag = tag_of(message), .word = words[0], .number = words[1]};
    return item;
}

static bool same(const item_t *a, const item_t *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == BUSKIN_MSG_USER) return a->tag == b->tag && a->word == b->word && a->number == b->number;
    return a->word == b->word && a->number == b->number;
}

/* -- What a receive accepts -- */

static wish_t random_wish(model_t *m) {
    wish_t w = {.filtered = random_below(m, 5) != 0};
    w.count = 1 + random_below(m, random_below(m, 8) ? 3 : BUSKIN_FILTER_MAX + 2);
    for (uint64_t i = 0; i < w.count; i++) {
        buskin_filter_entry_t *e = &w.entries[i];
        if (random_below(m, 10) == 0) {
            e->kind = random_below(m, 2) ? BUSKIN_MSG_EXIT : BUSKIN_MSG_DOWN;
            continue;
        }
        e->flags = random_below(m, 20) ? BUSKIN_FILTER_TAG : 0;
        if (random_below(m, 2)) e->flags |= BUSKIN_FILTER_WORD;
        e->tag = 1 + random_below(m, TAGS);
        e->word = random_below(m, WORDS);
    }
    return w;
}

/* Mostly one of a few filters, under a guard that changes. */
static wish_t next_wish(model_t *m) {
    wish_t w = random_below(m, 8) ? m->usual[random_below(m, USUAL)] : random_wish(m);
    w.modulus = 1 + random_below(m, 4) * random_below(m, 4);
    w.rest = random_below(m, w.modulus);
    return w;
}

static bool accepts(const wish_t *w, const item_t *item) {
    if (item->kind == BUSKIN_MSG_USER && item->number % w->modulus != w->rest) return false;
    for (uint64_t i = 0; i < w->count; i++) {
        const buskin_filter_entry_t *e = &w->entries[i];
        if (e->kind == item->kind && (!(e->flags & BUSKIN_FILTER_TAG) || e->tag == item->tag) &&
            (!(e->flags & BUSKIN_FILTER_WORD) || e->word == item->word))
            return true;
    }
    return false;
}

/* -- Steps, each on the mailbox and on the model -- */

static void push(model_t *m, item_t item) {
    static const buskin_desc_t two_words = {.size = 16, .name = "two words"};
    uint64_t words[] = {item.word, item.number};
    m->items[m->n++] = item;
    EXPECT(buskin_send(buskin_actor_self(), item.tag, &two_words, words) == BUSKIN_OK);
}

static void push_some(model_t *m) {
    for (uint64_t k = random_below(m, 40); k && m->n < MOST; k--)
        push(m, (item_t){.tag = 1 + random_below(m, TAGS), .word = random_below(m, WORDS), .number = m->numbers++});
}

/* Untyped bytes: the tag repeats the first word. */
static void push_bytes(model_t *m) {
    if (m->n == MOST) return;
    uint64_t words[] = {1 + random_below(m, WORDS), m->numbers++};
    m->items[m->n++] = (item_t){.tag = words[0], .word = words[0], .number = words[1]};
    EXPECT(buskin_actor_send(buskin_actor_self(), words, sizeof words) == BUSKIN_OK);
}

static void push_exit(model_t *m) {
    if (m->n == MOST) return;
    uint64_t self = buskin_actor_self();
    m->items[m->n++] = (item_t){.kind = BUSKIN_MSG_EXIT, .word = self};
    EXPECT(buskin_actor_exit_signal(self, BUSKIN_REASON_USER, NULL, 0) == BUSKIN_OK);
    EXPECT(buskin_actor_is_alive(self) == 1);
}

static void push_down(model_t *m) {
    static const uint64_t nobody = UINT64_MAX - 1;
    if (m->n == MOST) return;
    uint64_t ref = buskin_actor_monitor(nobody);
    m->items[m->n++] = (item_t){.kind = BUSKIN_MSG_DOWN, .word = nobody, .number = ref};
}

static void take_oldest(model_t *m) {
    const void *message = buskin_actor_receive(0);
    EXPECT((message != NULL) == (m->n > 0));
    if (!message) return;
    item_t got = item_of(message);
    EXPECT(same(&got, &m->items[0]));
    model_remove(m, 0);
}

static void take_by_tags(model_t *m) {
    uint64_t tags[BUSKIN_FILTER_MAX + 2], n = 1 + random_below(m, BUSKIN_FILTER_MAX + 2);
    size_t wanted = m->n;
    for (uint64_t i = 0; i < n; i++) tags[i] = 1 + random_below(m, TAGS);
    for (size_t at = m->n; at--;)
        for (uint64_t i = 0; i < n; i++)
            if (m->items[at].kind == BUSKIN_MSG_USER && m->items[at].tag == tags[i]) wanted = at;
    const void *message = buskin_receive_tags(tags, n, 0);
    EXPECT((message != NULL) == (wanted < m->n));
    if (!message) return;
    item_t got = item_of(message);
    EXPECT(same(&got, &m->items[wanted]));
    model_remove(m, wanted);
}

static void take_by_wish(model_t *m) {
    wish_t w = next_wish(m);
    size_t wanted = 0, at = 0;
    while (wanted < m->n && !accepts(&w, &m->items[wanted])) wanted++;
    buskin_receive_t r = {.timeout_ms = random_below(m, 50) == 0,
                          .state = w.filtered ? (uint64_t)(uintptr_t)&w.count : 0};
    const void *message;
    while ((message = buskin_receive_peek(&r))) {
        item_t got = item_of(message);
        while (at < m->n && !same(&got, &m->items[at])) at++; /* in order, each at most once */
        EXPECT(at <= wanted && at < m->n);
        if (accepts(&w, &got)) break;
        buskin_receive_skip(&r);
        at++;
    }
    EXPECT((message != NULL) == (wanted < m->n));
    if (!message) return;
    EXPECT(at == wanted);
    if (random_below(m, 2))
        buskin_receive_take(&r);
    else
        buskin_receive_drop(&r);
    model_remove(m, wanted);
}

/* Takes a DOWN out from wherever it is. */
static void flush_down(model_t *m) {
    for (size_t i = m->n; i--;)
        if (m->items[i].kind == BUSKIN_MSG_DOWN) {
            EXPECT(buskin_actor_demonitor(m->items[i].number, 1) == BUSKIN_OK);
            model_remove(m, i);
            return;
        }
}

static void take_many(model_t *m) {
    for (uint64_t k = random_below(m, m->n + 1); k; k--) take_oldest(m);
}

static void step(model_t *m) {
    if (random_below(m, 100) == 0) take_many(m);
    switch (random_below(m, 16)) {
    case 0:
    case 1:
    case 2: push_some(m); return;
    case 3: push_bytes(m); return;
    case 4: push_exit(m); return;
    case 5: push_down(m); return;
    case 6: flush_down(m); return;
    case 7: take_oldest(m); return;
    case 8: take_by_tags(m); return;
    default: take_by_wish(m); return;
    }
}

static void is_as_modelled(const model_t *m) {
    buskin_process_info_t info = {.size = sizeof info};
    EXPECT(buskin_process_info(buskin_actor_self(), &info) == BUSKIN_OK);
    EXPECT(info.mailbox_length == m->n);
}

/* Other numbers in each run, the same ones when a seed is run again. */
static uint64_t start_of_numbers(void) {
    static atomic_uint runs;
    const char *seed = getenv("BUSKIN_SEED");
    return 0x9E3779B97F4A7C15u * (seed ? strtoul(seed, NULL, 10) : 1000u + atomic_fetch_add(&runs, 1));
}

static void receives_as_a_list_does(void) {
    model_t *m = calloc(1, sizeof *m);
    m->x = start_of_numbers();
    for (int i = 0; i < USUAL; i++) m->usual[i] = random_wish(m);
    buskin_actor_trap_exit(1);
    for (int i = 0; i < STEPS; i++) {
        step(m);
        m->indexed += (buskin_context()->flags & ACTOR_INDEXED) != 0;
        if (i % 64 == 0) is_as_modelled(m);
    }
    EXPECT(m->indexed > STEPS / 4);
    is_as_modelled(m);
    while (m->n) take_oldest(m);
    EXPECT(mailbox_is_empty());
    EXPECT(!(buskin_context()->flags & ACTOR_INDEXED)); /* it goes with its last message */
    free(m);
}

/* -- Messages that come while the receive waits, from elsewhere -- */

enum { STREAMS = 6, EACH = 60, JUNK = 300 };

static void feeder(const void *args) {
    for (uint64_t i = 0; i < EACH; i++)
        for (uint64_t s = 1; s <= STREAMS; s++) {
            tell(word_of(args), s, i);
            if ((i + s) % 16 == 0) buskin_reduction_check();
        }
}

/* By streams, the last one first: each in its order, behind junk that stays. */
static void streams_keep_their_order(void) {
    for (uint64_t i = 0; i < JUNK; i++) tell(buskin_actor_self(), TAG_OTHER, i);
    SPAWN(buskin_actor_self(), feeder);
    for (uint64_t s = STREAMS; s; s--)
        for (uint64_t i = 0; i < EACH; i++) EXPECT(await_word(s) == i);
    EXPECT(buskin_context()->flags & ACTOR_INDEXED);
    uint64_t missing = TAG_GO;
    EXPECT(buskin_receive_tags(&missing, 1, 1) == NULL);
    for (uint64_t i = 0; i < JUNK; i++) EXPECT(expect_word(TAG_OTHER) == i);
    EXPECT(mailbox_is_empty());
}

/* An actor that ends with an index leaves nothing behind. */
static void ends_with_an_index(const void *args) {
    uint64_t missing = TAG_GO;
    for (uint64_t i = 0; i < JUNK; i++) tell(buskin_actor_self(), TAG_OTHER, i);
    EXPECT(buskin_receive_tags(&missing, 1, 0) == NULL);
    EXPECT(buskin_context()->flags & ACTOR_INDEXED);
    tell(word_of(args), TAG_DONE, 0);
}

static void an_index_ends_with_its_actor(void) {
    for (int i = 0; i < 5; i++) {
        uint64_t ref;
        START(BUSKIN_SPAWN_MONITOR, &ref, buskin_actor_self(), ends_with_an_index);
        EXPECT(await_down(ref) != NULL);
        await_word(TAG_DONE);
    }
}

static const struct {
    uint64_t count;
    buskin_filter_entry_t entry;
} words_only = {1, {.kind = BUSKIN_MSG_USER, .flags = BUSKIN_FILTER_TAG, .tag = TAG_WORD}};

static uint64_t filter_for_words(void) { return (uint64_t)(uintptr_t)&words_only; }

static bool takes_word(uint64_t value) {
    buskin_receive_t r = {.timeout_ms = 0, .state = filter_for_words()};
    const void *m;
    while ((m = buskin_receive_peek(&r)) && !(tag_of(m) == TAG_WORD && value_of(m) == value)) buskin_receive_skip(&r);
    if (m) buskin_receive_drop(&r);
    return m != NULL;
}

/* What fits the filter and not the guard is shown to the next receive again. */
static void what_was_refused_is_shown_again(void) {
    for (uint64_t i = 0; i < 3 * JUNK; i++) {
        if (i % JUNK == JUNK - 1) tell(buskin_actor_self(), TAG_WORD, i / JUNK);
        tell(buskin_actor_self(), TAG_OTHER, i);
    }
    EXPECT(takes_word(2));
    EXPECT(takes_word(0));
    EXPECT(!takes_word(2));
    EXPECT(takes_word(1));
    EXPECT(!takes_word(1));
    for (uint64_t i = 0; i < 3 * JUNK; i++) EXPECT(expect_word(TAG_OTHER) == i);
}

/* Only the receiver's wish moves: the cost of a receive is not that of its backlog. Counted in what it is shown. */
static void a_backlog_is_not_shown_again(void) {
    for (uint64_t i = 0; i < 10 * JUNK; i++) tell(buskin_actor_self(), TAG_OTHER, i);
    for (uint64_t round = 0; round < 20; round++) {
        unsigned shown = 0;
        tell(buskin_actor_self(), TAG_WORD, round);
        buskin_receive_t r = {.timeout_ms = -1, .state = filter_for_words()};
        const void *m;
        while (tag_of(m = buskin_receive_peek(&r)) != TAG_WORD) {
            buskin_receive_skip(&r);
            shown++;
        }
        EXPECT(value_of(m) == round);
        buskin_receive_drop(&r);
        EXPECT(shown <= 50);
    }
}

static const scenario_t scenarios[] = {
    {"S5.1 S5.2 S5.3 S5.6", receives_as_a_list_does}, {"S5.1 S5.2 S5.5", streams_keep_their_order},
    {"S5.2", an_index_ends_with_its_actor},           {"S5.1 S5.2 S5.3", what_was_refused_is_shown_again},
    {"S5.7", a_backlog_is_not_shown_again},
};

int main(int argc, char **argv) { return rows_main(argc, argv, scenarios, COUNT(scenarios)); }
