/* sequence_test.c - programs of calls, drawn or fuzzed, against a model of the semantics.
 *
 * A byte string is a program: three bytes are a call, who makes it, and its argument. A conductor makes one of six puppets do it, waits for
 * its answer or its end, and compares with the model: who lives, who is linked to whom, who watches whom, names, and what waits in
 * each mailbox, and which cleanups run (S2.1-S2.7, S2.11, S3.1-S3.6, S4.1-S4.4, S6.1-S6.2, S7.2, S1.2, S1.7, S1.9). Whoever must end by a call, directly or over
 * links, is waited for, and the reason compared.
 *
 * Without arguments it runs drawn programs, with N so many; built with LIBFUZZER=1 (tools/fuzz) libFuzzer makes the programs.
 */
#include "unit/runtime_test.h"

#include <unistd.h>

enum { PUPPETS = 6, MONITORS = 12, PENDING = 40, NAMES = 4, HELD = 4, BYTES_MAX = 1536 };
enum { TAG_COMMAND = 0xC0, TAG_ANSWER = 0xA0, TAG_USER = 0x50 };
enum op {
    SEND,
    SEND_BYTES,
    RECEIVE,
    LINK,
    UNLINK,
    MONITOR,
    DEMONITOR,
    EXIT_SIGNAL,
    TRAP,
    REGISTER,
    UNREGISTER,
    WHEREIS,
    IS_ALIVE,
    END,
    RESPAWN,
    TIMER,
    INFO,
    ALLOCATE,
    MISUSE,
    HOLD,
    LET_GO,
    OPS
};

static atomic_ullong api_calls;
static const char *mistake; /* what the model did not expect */

#define ACTOR_CODE __attribute__((section("buskin_code"), noinline, no_sanitize("address", "undefined")))
#define CALL(expression) (atomic_fetch_add_explicit(&api_calls, 1, memory_order_relaxed), (expression))

/* -- Puppets: one call per command -- */

typedef struct command {
    uint64_t op, a, b, c;
} command_t;

typedef struct answer {
    uint64_t result, kind, from, word;
} answer_t;

static const buskin_desc_t command_desc = {.size = sizeof(command_t), .name = "command"};
static const buskin_desc_t answer_desc = {.size = sizeof(answer_t), .name = "answer"};
static const buskin_desc_t bytes_desc = {.size = 8, .flags = BUSKIN_DESC_ARRAY, .elem_size = 1, .name = "bytes"};
static const buskin_desc_t request_desc = {.size = sizeof(buskin_request_t), .name = "request"};
static volatile uintptr_t nowhere = 8;

/* The oldest message that is no command: no new one can come meanwhile, for nobody else runs. */
static answer_t receive_other(void) {
    buskin_receive_t r = {.timeout_ms = 0};
    const char *m = CALL(buskin_receive_peek(&r));
    if (!m) return (answer_t){0};
    const buskin_message_header_t *header = (const buskin_message_header_t *)(const void *)(m - 16);
    const uint64_t *words = (const uint64_t *)(const void *)m;
    answer_t answer = {.result = 1, .kind = header->kind, .from = words[2], .word = words[3]};
    CALL(buskin_receive_drop(&r));
    return answer;
}

/* Calls that must be refused: how many were not. */
static uint64_t misuse(uint64_t forged) {
    buskin_process_info_t info = {.size = 3};
    buskin_request_t request = {0};
    int32_t status = 0;
    uint64_t wrong = 0, self = buskin_actor_self();
    wrong += CALL(buskin_actor_send(self, NULL, 8)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_actor_send(0, "x", 1)) != BUSKIN_OK;
    wrong += CALL(buskin_actor_send(UINT64_MAX, "x", 1)) != BUSKIN_OK;
    wrong += CALL(buskin_actor_register("", 0, self)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_actor_register("a\0b", 3, self)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_actor_sleep(1ll << 33)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_actor_demonitor(forged, 1)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_timer_cancel(forged)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_actor_demonitor(0, 0)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_actor_unlink(0)) != BUSKIN_OK;
    wrong += CALL(buskin_timer_cancel(0)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_actor_is_alive(0)) != 0;
    wrong += CALL(buskin_actor_is_alive(forged)) != 0;
    wrong += CALL(buskin_timer_send_after(self, -1, 1, NULL, NULL)) != 0;
    wrong += CALL(buskin_gc_alloc_actor(8, 3)) != NULL;
    wrong += CALL(buskin_gc_alloc_actor(UINT64_MAX, 8)) != NULL;
    wrong += CALL(buskin_foreign_enter()) != BUSKIN_ESTATE;
    wrong += CALL(buskin_process_info(self, &info)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_rt_keepalive(7)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_call(self, 1, &request_desc, &request, 0, &status)) != NULL || status != BUSKIN_EINVAL;
    wrong += CALL(buskin_cleanup_push(NULL, NULL, NULL)) != BUSKIN_EINVAL;
    wrong += CALL(buskin_cleanup_pop(NULL)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_cleanup_pop((buskin_cleanup_t *)(uintptr_t)forged)) != BUSKIN_ENOTFOUND;
    wrong += CALL(buskin_actor_spawn(NULL, NULL, 0, 1)) != 0;
    wrong += CALL(buskin_actor_spawn((void (*)(const void *))(uintptr_t)nowhere, NULL, 8, 1)) != 0;
    return wrong;
}

static uint64_t allocate(uint64_t seed) {
    uint64_t wrong = 0;
    uint64_t *kept = CALL(buskin_gc_alloc_actor(64 + seed * 8, 16));
    memset(kept, (int)seed, 64 + seed * 8);
    for (uint64_t i = 0; i < 1 + seed % 8; i++) {
        uint64_t *array = CALL(buskin_alloc_array(&bytes_desc, seed * 16));
        for (uint64_t n = 1; n < 1 + seed * 2; n++) wrong += array[n] != 0;
    }
    if (seed % 4 == 0) CALL(buskin_gc_collect());
    for (uint64_t n = 0; n < (64 + seed * 8) / 8; n++) wrong += kept[n] != seed * 0x0101010101010101u;
    return wrong;
}

static uint64_t timer_round(uint64_t pid) {
    static const buskin_desc_t word_desc = {.size = 8, .name = "word"};
    uint64_t word = 1, ref = CALL(buskin_timer_send_after(pid, 3600000, TAG_USER, &word_desc, &word));
    int64_t left = CALL(buskin_timer_cancel(ref)), again = CALL(buskin_timer_cancel(ref));
    return ref && left > 0 && left <= 3600000 && again == BUSKIN_ENOTFOUND;
}

static ACTOR_CODE void end_self(uint64_t how) {
    switch (how % 4) {
    case 0: CALL(buskin_actor_exit(BUSKIN_REASON_USER + 2, "why", 3));
    case 1: CALL(buskin_panic("fuzzed", 6, NULL, 0, 0));
    case 2: *(volatile int *)nowhere = 1; break;
    default: CALL(buskin_actor_exit(BUSKIN_REASON_NORMAL, NULL, 0));
    }
}

/* -- Cleanups: in the puppet's frame -- */

typedef struct held {
    buskin_cleanup_t record;
    uint64_t *ran, number;
} held_t;

static uint64_t ran[PUPPETS]; /* the numbers of those that ran, in their order, three bits each */

static void clean(void *arg) {
    const held_t *held = arg;
    *held->ran = *held->ran << 3 | held->number;
    if (held->number == 2) CALL(buskin_panic("a cleanup that fails", 20, NULL, 0, 0));
}

static int32_t hold(held_t *held, uint64_t number, uint64_t who) {
    *held = (held_t){.ran = &ran[who], .number = number};
    return CALL(buskin_cleanup_push(&held->record, clean, held));
}

static answer_t obey(const command_t *c, const char *name, held_t *held) {
    answer_t answer = {0};
    buskin_process_info_t info = {.size = sizeof info};
    uint64_t bytes[3] = {c->b, c->c, 0};
    switch ((enum op)c->op) {
    case SEND:
        answer.result = (uint64_t)CALL(buskin_send(c->a, TAG_USER, &answer_desc, (answer_t[]){{c->b, c->c, 0, 0}}));
        break;
    case SEND_BYTES: answer.result = (uint64_t)CALL(buskin_actor_send(c->a, bytes, sizeof bytes)); break;
    case RECEIVE: return receive_other();
    case LINK: answer.result = (uint64_t)CALL(buskin_actor_link(c->a)); break;
    case UNLINK: answer.result = (uint64_t)CALL(buskin_actor_unlink(c->a)); break;
    case MONITOR: answer.result = CALL(buskin_actor_monitor(c->a)); break;
    case DEMONITOR: answer.result = (uint64_t)CALL(buskin_actor_demonitor(c->a, (uint32_t)c->b)); break;
    case EXIT_SIGNAL: answer.result = (uint64_t)CALL(buskin_actor_exit_signal(c->a, (uint32_t)c->b, "r", 1)); break;
    case TRAP: answer.result = (uint64_t)CALL(buskin_actor_trap_exit((int32_t)c->a)); break;
    case REGISTER: answer.result = (uint64_t)CALL(buskin_actor_register(name, 2, c->a)); break;
    case UNREGISTER: answer.result = (uint64_t)CALL(buskin_actor_unregister(name, 2)); break;
    case WHEREIS: answer.result = CALL(buskin_actor_whereis(name, 2)); break;
    case IS_ALIVE: answer.result = (uint64_t)CALL(buskin_actor_is_alive(c->a)); break;
    case END: end_self(c->a); break;
    case TIMER: answer.result = timer_round(c->a); break;
    case INFO:
        answer.result = (uint64_t)CALL(buskin_process_info(c->a, &info));
        answer.kind = info.links, answer.from = info.monitors, answer.word = info.mailbox_length;
        break;
    case ALLOCATE: answer.result = allocate(c->a); break;
    case MISUSE: answer.result = misuse(c->a); break;
    case HOLD: answer.result = (uint64_t)hold(&held[c->b], c->b + 1, c->a); break;
    case LET_GO: answer.result = (uint64_t)CALL(buskin_cleanup_pop(&held[c->b].record)); break;
    default: break;
    }
    return answer;
}

static ACTOR_CODE void puppet(const void *args) {
    uint64_t conductor, tag = TAG_COMMAND;
    held_t held[HELD];
    memcpy(&conductor, args, 8);
    for (;;) {
        const char *m = CALL(buskin_receive_tags(&tag, 1, -1));
        command_t c;
        memcpy(&c, m + 16, sizeof c);
        CALL(buskin_message_release(m));
        const char name[2] = {'n', (char)('0' + c.c % NAMES)};
        answer_t answer = obey(&c, name, held);
        CALL(buskin_send(conductor, TAG_ANSWER, &answer_desc, &answer));
    }
}

/* -- The model -- */

typedef struct pending {
    uint64_t kind, from, word; /* user: sender and number; EXIT: who; DOWN: who and the reference */
} pending_t;

typedef struct watch {
    uint64_t ref, pid;
    enum { WATCH_NONE, WATCH_ACTIVE, WATCH_FIRED, WATCH_DONE } state;
} watch_t;

typedef struct model {
    uint64_t pid, ref; /* ref: the conductor's own monitor */
    bool alive, traps, awaited;
    uint32_t reason, links;  /* bit i: linked to puppet i */
    unsigned pendings, held; /* cleanups that are registered */
    pending_t pending[PENDING];
    watch_t watches[MONITORS];
} model_t;

static model_t puppets[PUPPETS];
static uint64_t names[NAMES]; /* pid, or 0 */
static uint64_t last_number;

static void expected(bool holds, const char *what) {
    if (!holds && !mistake) mistake = what;
}

static void model_queue(model_t *m, uint64_t kind, uint64_t from, uint64_t word) {
    if (m->alive && m->pendings < PENDING) m->pending[m->pendings++] = (pending_t){kind, from, word};
}

static void model_end(model_t *m, uint32_t reason);

/* Table T-1. */
static void model_exit(model_t *m, uint64_t from, uint32_t reason, bool by_link, bool to_self) {
    if (!m->alive) return;
    if (reason == BUSKIN_REASON_KILL && !by_link)
        model_end(m, BUSKIN_REASON_KILLED);
    else if (m->traps)
        model_queue(m, BUSKIN_MSG_EXIT, from, 0);
    else if (reason != BUSKIN_REASON_NORMAL || to_self)
        model_end(m, reason);
}

static void model_end(model_t *m, uint32_t reason) {
    uint32_t links = m->links, me = 1u << (m - puppets);
    m->alive = false;
    m->awaited = true;
    m->reason = reason;
    m->links = 0;
    m->pendings = 0;
    for (int i = 0; i < NAMES; i++)
        if (names[i] == m->pid) names[i] = 0;
    for (int i = 0; i < PUPPETS; i++) puppets[i].links &= ~me;
    for (int i = 0; i < PUPPETS; i++)
        for (int n = 0; n < MONITORS; n++) {
            watch_t *w = &puppets[i].watches[n];
            if (!puppets[i].alive || w->state != WATCH_ACTIVE || w->pid != m->pid) continue;
            w->state = WATCH_FIRED;
            model_queue(&puppets[i], BUSKIN_MSG_DOWN, m->pid, w->ref);
        }
    for (int i = 0; i < PUPPETS; i++)
        if (links & 1u << i) model_exit(&puppets[i], m->pid, reason, true, false);
}

/* The message that a puppet has taken must be one that waits, and of one sender the oldest. */
static void model_take(model_t *m, const answer_t *got) {
    expected((got->result != 0) == (m->pendings != 0), "a receive with timeout 0 finds what waits, and nothing else");
    for (unsigned i = 0; got->result && i < m->pendings; i++) {
        pending_t *p = &m->pending[i];
        if (p->kind != got->kind || p->from != got->from) continue;
        if (p->kind != BUSKIN_MSG_EXIT && p->word != got->word) {
            if (p->kind == BUSKIN_MSG_USER) break;
            continue;
        }
        for (int n = 0; n < MONITORS; n++)
            if (p->kind == BUSKIN_MSG_DOWN && m->watches[n].ref == p->word) m->watches[n].state = WATCH_DONE;
        memmove(p, p + 1, (--m->pendings - i) * sizeof *p);
        return;
    }
    expected(!got->result, "the message taken is the oldest of its sender");
}

/* -- The conductor -- */

/* For any end but a kill, each once, the newest first, whatever becomes of them. */
static void compare_cleanups(const model_t *m) {
    uint64_t order = 0;
    for (unsigned i = m->held; i > 0 && m->reason != BUSKIN_REASON_KILLED; i--) order = order << 3 | i;
    expected(ran[m - puppets] == order, "its cleanups ran, the newest first");
}

/* The answer, or false if the puppet has ended instead. Notices of other ends are kept. */
static bool await(model_t *m, answer_t *answer) {
    for (buskin_receive_t r = {.timeout_ms = -1};;) {
        const char *message = CALL(buskin_receive_peek(&r));
        const buskin_message_header_t *header = (const buskin_message_header_t *)(const void *)(message - 16);
        const buskin_notice_t *down = (const buskin_notice_t *)(const void *)(message + 16);
        if (header->kind == BUSKIN_MSG_USER) {
            memcpy(answer, message + 16, sizeof *answer);
            CALL(buskin_receive_drop(&r));
            return true;
        }
        if (header->kind == BUSKIN_MSG_DOWN && down->ref == m->ref) {
            m->awaited = false;
            expected(!m->alive && down->code == m->reason, "it ended, and with that reason");
            compare_cleanups(m);
            CALL(buskin_receive_drop(&r));
            return false;
        }
        CALL(buskin_receive_skip(&r));
    }
}

static const buskin_desc_t pid_desc = {.size = 8, .name = "pid"};
static const buskin_spawn_desc_t puppet_kind = {
    .size = sizeof puppet_kind, .entry = puppet, .name = "puppet", .args = &pid_desc, .priority = BUSKIN_NORMAL};

static void respawn(model_t *m) {
    uint64_t me = buskin_actor_self();
    if (m->alive) return;
    *m = (model_t){.alive = true};
    ran[m - puppets] = 0;
    m->pid = CALL(buskin_spawn(&puppet_kind, &me, BUSKIN_SPAWN_MONITOR, &m->ref));
    expected(m->pid != 0, "a puppet starts");
}

static unsigned bits(uint32_t n) { return (unsigned)__builtin_popcount(n); }

static unsigned active_watches(const model_t *m) {
    unsigned n = 0;
    for (int i = 0; i < MONITORS; i++) n += m->watches[i].state == WATCH_ACTIVE;
    return n;
}

static bool has_free_watch(const model_t *m) {
    for (int i = 0; i < MONITORS; i++)
        if (m->watches[i].state == WATCH_NONE || m->watches[i].state == WATCH_DONE) return true;
    return false;
}

/* What the call must do to the model before its answer is known; false: the call is not made. */
static bool predict(model_t *m, model_t *other, command_t *c, uint8_t arg) {
    static const uint32_t reasons[] = {BUSKIN_REASON_NORMAL, BUSKIN_REASON_SHUTDOWN, BUSKIN_REASON_USER + 1,
                                       BUSKIN_REASON_KILL};
    c->a = other->pid;
    switch ((enum op)c->op) {
    case SEND:
    case SEND_BYTES:
        if (other->pendings + 8 >= PENDING) return false;
        c->b = m->pid, c->c = ++last_number;
        model_queue(other, BUSKIN_MSG_USER, m->pid, last_number);
        break;
    case LINK:
        if (m == other) break;
        if (other->alive)
            m->links |= 1u << (other - puppets), other->links |= 1u << (m - puppets);
        else
            model_exit(m, other->pid, BUSKIN_REASON_NOPROC, true, false);
        break;
    case UNLINK: m->links &= ~(1u << (other - puppets)), other->links &= ~(1u << (m - puppets)); break;
    case MONITOR: return m != other && m->pendings + 8 < PENDING && has_free_watch(m);
    case DEMONITOR: c->a = m->watches[arg % MONITORS].ref, c->b = arg >> 7; break;
    case EXIT_SIGNAL:
        c->b = reasons[arg >> 3 & 3];
        if (other->pendings + 8 >= PENDING) return false;
        model_exit(other, m->pid, (uint32_t)c->b, false, m == other);
        break;
    case TRAP: c->a = arg >> 3 & 1; break;
    case REGISTER:
    case UNREGISTER:
    case WHEREIS: c->c = arg >> 3; break;
    case END: {
        static const uint32_t ends[] = {BUSKIN_REASON_USER + 2, BUSKIN_REASON_PANIC, BUSKIN_REASON_CRASH,
                                        BUSKIN_REASON_NORMAL};
        c->a = arg;
        model_end(m, ends[arg % 4]);
        break;
    }
    case TIMER: return other->alive;
    case ALLOCATE: c->a = arg; break;
    case MISUSE: c->a = 0x7fff000000000000u + arg; break;
    case HOLD:
        if (m->held == HELD) return false;
        c->a = (uint64_t)(m - puppets), c->b = m->held++;
        break;
    case LET_GO: c->b = arg >> 3 & (HELD - 1); break;
    default: break;
    }
    return true;
}

static void compare_names(const model_t *other, const command_t *c, const answer_t *answer) {
    uint64_t *owner = &names[c->c % NAMES];
    int32_t status = (int32_t)answer->result;
    if (c->op == WHEREIS) {
        expected(answer->result == *owner, "whereis finds the owner");
    } else if (c->op == UNREGISTER) {
        expected(status == (*owner ? BUSKIN_OK : BUSKIN_ENOTFOUND), "unregister finds the owner");
        *owner = 0;
    } else if (status == BUSKIN_OK) {
        expected(!*owner && other->alive, "a free name goes to a live actor");
        *owner = other->pid;
    } else {
        expected((status == BUSKIN_ETAKEN && *owner) || (status == BUSKIN_ENOPROC && !other->alive),
                 "a name is refused because it is taken, or its owner dead");
    }
}

static void compare_monitor(model_t *m, const model_t *other, uint64_t ref) {
    expected(ref != 0, "a monitor has a reference");
    for (int i = 0; i < MONITORS; i++) {
        watch_t *w = &m->watches[i];
        if (w->state == WATCH_ACTIVE || w->state == WATCH_FIRED) continue;
        *w = (watch_t){ref, other->pid, other->alive ? WATCH_ACTIVE : WATCH_FIRED};
        if (!other->alive) model_queue(m, BUSKIN_MSG_DOWN, other->pid, ref);
        return;
    }
}

static void compare_demonitor(model_t *m, const command_t *c, int32_t status, uint8_t arg) {
    watch_t *w = &m->watches[arg % MONITORS];
    bool removed = w->state == WATCH_ACTIVE || (w->state == WATCH_FIRED && c->b);
    expected(status == (removed ? BUSKIN_OK : BUSKIN_ENOTFOUND), "demonitor says whether a DOWN will be seen");
    if (w->state == WATCH_FIRED && c->b)
        for (unsigned i = 0; i < m->pendings; i++)
            if (m->pending[i].kind == BUSKIN_MSG_DOWN && m->pending[i].word == w->ref) {
                memmove(&m->pending[i], &m->pending[i + 1], (--m->pendings - i) * sizeof *m->pending);
                break;
            }
    if (removed) w->state = WATCH_DONE;
}

/* It goes with all that are newer. */
static void compare_pop(model_t *m, const command_t *c, int32_t status) {
    expected(status == (c->b < m->held ? BUSKIN_OK : BUSKIN_ENOTFOUND), "a cleanup that is registered can be popped");
    if (c->b < m->held) m->held = (unsigned)c->b;
}

static void compare(model_t *m, const model_t *other, const command_t *c, const answer_t *answer, uint8_t arg) {
    switch ((enum op)c->op) {
    case RECEIVE: model_take(m, answer); break;
    case MONITOR: compare_monitor(m, other, answer->result); break;
    case DEMONITOR: compare_demonitor(m, c, (int32_t)answer->result, arg); break;
    case TRAP:
        expected(answer->result == m->traps, "trap_exit answers the old value");
        m->traps = c->a;
        break;
    case REGISTER:
    case UNREGISTER:
    case WHEREIS: compare_names(other, c, answer); break;
    case IS_ALIVE: expected((answer->result != 0) == other->alive, "is_alive"); break;
    case INFO:
        expected((int32_t)answer->result == (other->alive ? BUSKIN_OK : BUSKIN_ENOPROC), "process_info of the dead");
        if (!other->alive) break;
        expected(answer->kind == bits(other->links), "process_info counts the links");
        expected(answer->from == active_watches(other), "process_info counts the monitors");
        expected(answer->word == other->pendings, "process_info counts the messages");
        break;
    case TIMER: expected(answer->result == 1, "a timer is cancelled once"); break;
    case ALLOCATE:
    case MISUSE: expected(answer->result == 0, "nothing is wrong with heap and misuse"); break;
    case LET_GO: compare_pop(m, c, (int32_t)answer->result); break;
    default: expected((int32_t)answer->result == BUSKIN_OK, "the call succeeds"); break;
    }
}

/* All who had to end by the last call. */
static void await_ends(void) {
    answer_t answer;
    for (int i = 0; i < PUPPETS; i++)
        if (puppets[i].awaited) expected(!await(&puppets[i], &answer), "no more than one answer comes");
}

static void step(const uint8_t *bytes) {
    command_t c = {.op = bytes[0] % OPS};
    uint8_t arg = bytes[2];
    model_t *m = &puppets[bytes[1] % PUPPETS], *other = &puppets[arg % PUPPETS];
    answer_t answer;
    if (c.op == RESPAWN || !m->alive) {
        respawn(m);
        return;
    }
    if (!predict(m, other, &c, arg)) return;
    CALL(buskin_send(m->pid, TAG_COMMAND, &command_desc, &c));
    bool answered = await(m, &answer);
    if (answered && (m->alive || c.op != END)) compare(m, other, &c, &answer, arg);
    expected(answered || !m->alive, "it ends only if it must");
    await_ends();
}

static void conductor(const void *args) {
    uint64_t program[2];
    memcpy(program, args, sizeof program);
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)program[0];
    memset(puppets, 0, sizeof puppets);
    memset(names, 0, sizeof names);
    for (int i = 0; i < PUPPETS; i++) respawn(&puppets[i]);
    for (uint64_t i = 0; i + 3 <= program[1] && !mistake; i += 3) {
        step(bytes + i);
        if (mistake)
            fprintf(stderr, "call %llu (%u %u %u): expected: %s\n", (unsigned long long)i / 3, bytes[i] % OPS,
                    bytes[i + 1] % PUPPETS, bytes[i + 2], mistake);
        buskin_reduction_check();
    }
    for (int i = 0; i < PUPPETS && !mistake; i++) { /* one by one: those that are linked go with it */
        if (!puppets[i].alive) continue;
        CALL(buskin_actor_exit_signal(puppets[i].pid, BUSKIN_REASON_KILL, NULL, 0));
        model_end(&puppets[i], BUSKIN_REASON_KILLED);
        await_ends();
    }
}

/* -- Programs -- */

static void open_runtime(void) {
    static bool open;
    if (open) return;
    setenv("BUSKIN_CRASH", "off", 1);
    setenv("BUSKIN_WATCHDOG", "off", 1);
    open = buskin_rt_init_actor(1) == BUSKIN_OK;
    if (!open) abort();
}

static void run_program(const uint8_t *bytes, size_t size) {
    static const buskin_desc_t program_desc = {.size = 16, .name = "program"};
    static const buskin_spawn_desc_t kind = {.size = sizeof kind,
                                             .entry = conductor,
                                             .name = "conductor",
                                             .args = &program_desc,
                                             .stack_size = 256 << 10,
                                             .priority = BUSKIN_NORMAL};
    uint64_t program[2] = {(uint64_t)(uintptr_t)bytes, size < BYTES_MAX ? size : BYTES_MAX}, ref;
    open_runtime();
    if (!buskin_spawn(&kind, program, BUSKIN_SPAWN_MONITOR, &ref)) abort();
    const char *m = buskin_actor_receive(-1);
    const buskin_notice_t *down = (const buskin_notice_t *)(const void *)(m + 16);
    if (mistake || down->code != BUSKIN_REASON_NORMAL) abort();
    buskin_message_release(m);
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
static void say_calls(void) { fprintf(stderr, "%llu calls of the ABI\n", atomic_load(&api_calls)); }
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static bool told;
    if (!told) told = !atexit(say_calls);
    run_program(bytes, size);
    return 0;
}
#else
int main(int argc, char **argv) {
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0x2545F4914F6CDD1Du;
    uint64_t programs = argc > 1 ? strtoull(argv[1], NULL, 10) : 50 * ROUNDS;
    static uint8_t bytes[BYTES_MAX];
    for (uint64_t i = 0; i < programs; i++) {
        for (int n = 0; n < BYTES_MAX; n++) bytes[n] = (uint8_t)(next_random(&seed) >> 32);
        run_program(bytes, sizeof bytes);
    }
    int32_t status = buskin_rt_run_scheduler();
    printf("%llu programs, %llu calls of the ABI as the model says\n", (unsigned long long)programs,
           atomic_load(&api_calls));
    return status;
}
#endif
