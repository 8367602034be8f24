/* Descriptors, typed sends of objects, selective receive, a terminate callback, main as an actor. */
#include <buskin.h>
#include <stdbool.h>
#include <stdio.h>

struct node {
    int64_t value;
    struct node *next;
};

static const buskin_desc_t node_desc = {.size = sizeof(struct node), .npointers = 1, .name = "node", .offsets = {8}};
static const buskin_desc_t list_slots = {.size = 16, .npointers = 1, .name = "list", .offsets = {0}};
static const buskin_desc_t bytes_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t pid_slot = {.size = 8, .name = "pid"};

enum { TAG_LIST = 11, TAG_SUM = 12, TAG_PROGRESS = 13 };

struct list_message {
    struct node *head;
    uint64_t reply_to;
};

struct summer_state {
    int64_t total;
};

static void summer_terminate(void *state, const buskin_notice_t *why) {
    struct summer_state *s = state;
    if (s) printf("total %lld, reason %u\n", (long long)s->total, why->code);
}

static int64_t sum(const struct node *n) {
    int64_t total = 0;
    for (; n; n = n->next) {
        total += n->value;
        buskin_reduction_check();
    }
    return total;
}

static void summer(const void *args) {
    (void)args;
    struct summer_state *state = buskin_gc_alloc_actor(sizeof *state, 8);
    buskin_actor_set_state(state);
    for (;;) {
        buskin_receive_t r = {.timeout_ms = 500};
        const buskin_message_t *m;
        while ((m = buskin_receive_peek(&r))) {
            const buskin_message_header_t *h = (const buskin_message_header_t *)m - 1;
            if (h->kind == BUSKIN_MSG_USER && m->tag == TAG_LIST) break;
            buskin_receive_skip(&r);
        }
        if (!m) return;
        buskin_receive_take(&r);
        const struct list_message *data = (const void *)(m + 1);
        int64_t total = sum(data->head);
        state->total += total;
        buskin_send_word(data->reply_to, TAG_SUM, (uint64_t)total);
    }
}

static const buskin_spawn_desc_t summer_desc = {.size = sizeof(buskin_spawn_desc_t),
                                                .entry = summer,
                                                .name = "summer",
                                                .terminate = summer_terminate,
                                                .priority = BUSKIN_NORMAL};

static void asker(const void *args) {
    uint64_t summer_pid = *(const uint64_t *)args;
    struct node *head = NULL;
    for (int64_t i = 0; i < 100; i++) {
        struct node *n = buskin_alloc(&node_desc);
        n->value = i;
        n->next = head;
        head = n;
    }
    char *text = buskin_alloc_array(&bytes_desc, 16);
    snprintf(text + 8, 16, "%p", (void *)head);
    struct list_message message = {head, buskin_actor_self()};
    buskin_send(summer_pid, TAG_LIST, &list_slots, &message);
    const uint64_t tags[] = {TAG_SUM, TAG_PROGRESS};
    const struct {
        buskin_message_t head;
        int64_t total;
    } *m = buskin_receive_tags(tags, 2, 1000);
    if (m == NULL) buskin_actor_exit(BUSKIN_REASON_USER, "late", 4);
    printf("%lld\n", (long long)m->total);
}

static void main_actor(const void *args) {
    (void)args;
    uint64_t ref = 0, pid = buskin_spawn(&summer_desc, NULL, BUSKIN_SPAWN_MONITOR, &ref);
    const buskin_spawn_desc_t ask = {.size = sizeof ask, .entry = asker, .args = &pid_slot, .priority = BUSKIN_LOW};
    static buskin_spawn_desc_t kept;
    kept = ask;
    if (!buskin_spawn(&kept, &pid, 0, NULL)) buskin_panic("spawn", 5, NULL, 0, 0);
    const void *m = buskin_actor_receive(-1);
    (void)m;
}

int main(void) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = main_actor, .name = "main", .priority = 1};
    int32_t status = buskin_rt_init_actor(0);
    if (status < 0) return 1;
    if (!buskin_spawn_main(&desc, NULL)) return 1;
    return buskin_rt_run_scheduler();
}
