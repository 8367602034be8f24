/* Random trees against a model of the restart rules (S9.1 to S9.6, S9.8, S9.10, S9.11, T-3).
 *
 * A tree of up to three levels is drawn, with its strategies, limits and kinds of children. Then things happen to it: a worker
 * ends in some way, is stopped or started on request, or the next starts of one will fail. The model says what the log of starts
 * and ends must be after each; it knows the rules as the semantics state them, and nothing of time.
 */
#include "supervised.h"

enum { SUPERVISORS = 6, FANOUT = 4, WORKERS = 12, EVENTS = 12 };

typedef struct node node_t;
struct node {
    node_t *parent;
    node_t *children[FANOUT];
    int count;        /* 0: a worker */
    uint64_t number;  /* a worker's */
    uint32_t restart; /* as a child */
    uint32_t most;    /* restarts, as a supervisor */
    _Atomic uint64_t pid;
    buskin_supervisor_spec_t spec;
    buskin_child_spec_t specs[FANOUT];
    const buskin_child_spec_t *list[FANOUT];
    /* the model's */
    uint32_t used;
    bool running, forgotten;
};

static node_t nodes[SUPERVISORS + WORKERS];
static int nnodes, nworkers, nsupervisors;
static uint64_t dice;
static unsigned will_fail[WORKERS];
static char model_log[sizeof event_log];

static unsigned draw(unsigned n) { return (unsigned)(next_random(&dice) >> 20) % n; }

/* -- The model -- */

static void model_note(char what, uint64_t worker) {
    char *end = model_log + strlen(model_log);
    sprintf(end, "%s%c%c", *model_log ? " " : "", what, (char)('a' + worker));
}

static void model_stop(node_t *n) {
    if (!n->running) return;
    for (int i = n->count; i; i--) model_stop(n->children[i - 1]);
    if (!n->count) model_note('-', n->number);
    n->running = false;
}

static bool model_start(node_t *n) {
    if (!n->count) {
        if (will_fail[n->number]) {
            will_fail[n->number]--;
            return false;
        }
        model_note('+', n->number);
        return n->running = true;
    }
    n->used = 0;
    for (int i = 0; i < n->count; i++) n->children[i]->forgotten = false;
    for (int i = 0; i < n->count; i++) {
        if (model_start(n->children[i])) continue;
        while (i) model_stop(n->children[--i]);
        return false;
    }
    return n->running = true;
}

/* Stopped by its supervisor, as one of a group or on request. */
static void model_stop_child(node_t *c) {
    model_stop(c);
    c->forgotten |= c->restart == BUSKIN_TEMPORARY;
}

static void model_ended(node_t *c, enum order how);

/* c ended, or could not be started, and is to run again. */
static void model_restart(node_t *s, node_t *c) {
    if (++s->used > s->most) {
        model_stop(s);
        model_ended(s, END_SHUTDOWN);
        return;
    }
    int first = 0, last = s->count - 1, at = 0;
    while (s->children[at] != c) at++;
    if (s->spec.strategy != BUSKIN_ONE_FOR_ALL) first = at;
    if (s->spec.strategy == BUSKIN_ONE_FOR_ONE) last = at;
    for (int i = last; i >= first; i--)
        if (i != at && !s->children[i]->forgotten) model_stop_child(s->children[i]);
    for (int i = first; i <= last; i++) {
        if (s->children[i]->forgotten || model_start(s->children[i])) continue;
        model_restart(s, s->children[i]);
        return;
    }
}

static void model_ended(node_t *c, enum order how) {
    c->running = false;
    if (!c->parent) return;
    bool orderly = how == END_NORMAL || how == END_SHUTDOWN || how == END_SHUTDOWN_MORE;
    if (c->restart == BUSKIN_PERMANENT || (c->restart == BUSKIN_TRANSIENT && !orderly))
        model_restart(c->parent, c);
    else
        c->forgotten |= c->restart == BUSKIN_TEMPORARY;
}

/* -- The tree -- */

static uint64_t start_node(const void *args) {
    node_t *n = (node_t *)(uintptr_t)args;
    uint64_t pid = buskin_supervisor_start(&n->spec, 0, NULL, NULL);
    atomic_store(&n->pid, pid);
    return pid;
}

static buskin_child_spec_t child_spec(node_t *n) {
    buskin_child_spec_t spec = plan_child(n->count ? (uint64_t)(n - nodes) : n->number, n->restart);
    if (!n->count) return spec;
    static const char *const names[] = {"S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8",
                                        "S9", "SA", "SB", "SC", "SD", "SE", "SF", "SG", "SH"};
    spec.name = names[n - nodes];
    spec.start = start_node;
    spec.args = n;
    spec.shutdown_ms = BUSKIN_SHUTDOWN_INFINITY;
    spec.flags = BUSKIN_CHILD_SUPERVISOR;
    return spec;
}

static node_t *grow(node_t *parent, int depth) {
    node_t *n = &nodes[nnodes++];
    *n = (node_t){.parent = parent, .restart = draw(3)};
    bool inner = !parent || (depth < 3 && nsupervisors < SUPERVISORS && draw(3) == 0);
    if (!inner) {
        n->number = (uint64_t)nworkers++;
        return n;
    }
    nsupervisors++;
    n->most = draw(4);
    int want = 1 + (int)draw(FANOUT);
    for (int i = 0; i < want && (nworkers < WORKERS - FANOUT || !n->count); i++) {
        n->children[n->count] = grow(n, depth + 1);
        n->specs[n->count] = child_spec(n->children[n->count]);
        n->list[n->count] = &n->specs[n->count];
        n->count++;
    }
    n->spec = (buskin_supervisor_spec_t){.size = sizeof n->spec,
                                         .name = "node",
                                         .children = n->list,
                                         .child_count = (uint64_t)n->count,
                                         .strategy = draw(3),
                                         .max_restarts = n->most,
                                         .window_ms = 3600000};
    return n;
}

/* -- Events -- */

static const char *name_of(const node_t *n) {
    int i = 0;
    while (n->parent->children[i] != n) i++;
    return n->parent->specs[i].name;
}

static bool is_known_to_be_gone(const void *arg) {
    const node_t *n = arg;
    const char *name = name_of(n);
    return !buskin_supervisor_child(atomic_load(&n->parent->pid), name, strlen(name));
}

/* All has been done that follows from what happened: a supervisor answers only between two steps, the upper ones first; and
 * one that has given up is known to have. */
static void settle(void) {
    for (int i = 0; i < nnodes; i++) {
        node_t *n = &nodes[i];
        if (n->count && n->running)
            EXPECT(buskin_supervisor_count_children(atomic_load(&n->pid), BUSKIN_COUNT_ALIVE) >= 0);
        else if (n->parent && n->parent->running)
            EXPECT(n->running || eventually(is_known_to_be_gone, n));
    }
}

/* `one_for_all 2 (permanent a, transient rest_for_one 0 (temporary b))` */
static void print_tree(const node_t *n) {
    static const char *const kinds[] = {"permanent", "transient", "temporary"};
    static const char *const strategies[] = {"one_for_one", "one_for_all", "rest_for_one"};
    if (n->parent) fprintf(stderr, "%s ", kinds[n->restart]);
    if (!n->count) {
        fprintf(stderr, "%c", (char)('a' + n->number));
        return;
    }
    fprintf(stderr, "%s %u (", strategies[n->spec.strategy], n->most);
    for (int i = 0; i < n->count; i++) {
        fputs(i ? ", " : "", stderr);
        print_tree(n->children[i]);
    }
    fputs(")", stderr);
}

static void compare(unsigned tree, unsigned event) {
    if (!eventually(log_is, model_log)) {
        EXPECT(!"the model's log");
        fprintf(stderr, "  event %u in tree %u: ", event, tree);
        print_tree(&nodes[0]);
        fprintf(stderr, "\n  is     %s\n  wanted %s\n", event_log, model_log);
    }
    settle();
    EXPECT(log_is(model_log));
    for (int i = 0; i < nnodes; i++) {
        const node_t *n = &nodes[i];
        if (n->count) continue;
        uint64_t pid = atomic_load(&live[n->number]);
        EXPECT((pid && buskin_actor_is_alive(pid) == 1) == n->running);
    }
}

static node_t *some_worker(void) {
    node_t *found[WORKERS];
    unsigned n = 0;
    for (int i = 0; i < nnodes; i++)
        if (!nodes[i].count && nodes[i].running) found[n++] = &nodes[i];
    return n ? found[draw(n)] : NULL;
}

static void event_end(void) {
    static const enum order ends[] = {END_NORMAL, END_SHUTDOWN, END_SHUTDOWN_MORE, END_CRASH, END_USER, END_KILLED};
    node_t *n = some_worker();
    enum order how = ends[draw(6)];
    if (!n) return;
    if (how != END_KILLED) model_note('-', n->number);
    model_ended(n, how);
    end_child(n->number, how);
}

/* Stops what runs, starts what does not. */
static void event_request(void) {
    node_t *n = &nodes[1 + draw((unsigned)nnodes - 1)];
    if (n->forgotten || !n->parent->running) return;
    uint64_t parent = atomic_load(&n->parent->pid);
    const char *name = name_of(n);
    if (n->running) {
        EXPECT(buskin_supervisor_stop_child(parent, name, strlen(name)) == BUSKIN_OK);
        model_stop_child(n);
    } else {
        int32_t status;
        buskin_supervisor_restart_child(parent, name, strlen(name), &status);
        EXPECT(status == (model_start(n) ? BUSKIN_OK : BUSKIN_ESTART));
    }
}

static void event_failure(void) {
    uint64_t worker = draw((unsigned)nworkers);
    unsigned times = 1 + draw(2);
    will_fail[worker] = times;
    atomic_store(&fail_starts[worker], times);
}

static void tree_once(unsigned tree) {
    fresh();
    *model_log = 0;
    memset(will_fail, 0, sizeof will_fail);
    nnodes = nworkers = nsupervisors = 0;
    node_t *root = grow(NULL, 0);
    uint64_t ref;
    atomic_store(&root->pid, buskin_supervisor_start(&root->spec, BUSKIN_SPAWN_MONITOR, &ref, NULL));
    EXPECT(model_start(root));
    for (unsigned event = 0; event < EVENTS && root->running; event++) {
        compare(tree, event);
        unsigned what = draw(8);
        if (what < 5)
            event_end();
        else if (what < 7)
            event_request();
        else
            event_failure();
    }
    if (root->running) {
        compare(tree, EVENTS);
        buskin_actor_exit_signal(atomic_load(&root->pid), BUSKIN_REASON_SHUTDOWN, NULL, 0);
        model_stop(root);
    }
    EXPECT(await_down(ref, NULL) == BUSKIN_REASON_SHUTDOWN);
    EXPECT(log_is(model_log));
}

static void trees_body(const void *args) {
    (void)args;
    for (unsigned tree = 0; tree < 20 * ROUNDS; tree++) {
        dice = 0x9E3779B97F4A7C15u * (tree + 1);
        tree_once(tree);
    }
}

static void on_all_workers(void **state) { /* S9.4 S9.5 S9.6 S9.8 S9.11 T-3 */
    (void)state;
    on_workers(trees_body);
}

static void in_seeded_schedules(void **state) {
    (void)state;
    on_seeds(trees_body, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(on_all_workers), cmocka_unit_test(in_seeded_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
