/* rule_thread.c - what belongs to a thread and to others: C15, C16.
 *
 * An actor may come back from a yielding call on another thread. LLVM does not know, and keeps the address of a
 * thread-local in a register. So no such address, and no value loaded through one, may be used on a way that has
 * passed a call that yields since. The context is the exception: its value is the actor's, only its address is the
 * thread's.
 *
 * Blocking: from actor code, through the functions of the module, to functions known to block, wherever the way is
 * not inside foreign_enter ... foreign_leave.
 */
#include "check.h"

#include <stdlib.h>

/* Marks of the search from each value in a chain of addresses. */
enum { BLOCKS = 2048, MARKS_OF_THREAD = 2, CHAIN = MARKS - MARKS_OF_THREAD };

/* -- Thread-locals (C15) --------------------------------------------------------------------------------------------- */

static const char *const per_thread[] = {"__errno_location", "__h_errno_location", "__tls_get_addr", "pthread_self"};

static bool is_per_thread_call(check_t *c, LLVMValueRef i) {
    if (is_intrinsic(i, "threadlocal.address")) return true;
    const function_t *f = is_call(i) ? callee_of(c, i) : NULL;
    for (size_t k = 0; f && k < sizeof per_thread / sizeof *per_thread; k++)
        if (strcmp(f->name, per_thread[k]) == 0) return true;
    return false;
}

static bool is_thread_local(LLVMValueRef value) { return LLVMIsAGlobalVariable(value) && LLVMIsThreadLocal(value); }

/* Whether an instruction after `from` in its block, up to `to` (NULL: the end), yields. */
static bool yields_between(check_t *c, LLVMValueRef from, LLVMValueRef to) {
    for (LLVMValueRef i = from; i && i != to; i = LLVMGetNextInstruction(i)) {
        const function_t *f = is_call(i) ? callee_of(c, i) : NULL;
        if (f && f->yields) return true;
    }
    return false;
}

static bool in_block_before(LLVMValueRef a, LLVMValueRef b) {
    for (LLVMValueRef i = a; i; i = LLVMGetNextInstruction(i))
        if (i == b) return true;
    return false;
}

static uint8_t *yielding_blocks(check_t *c) {
    uint8_t *yields = check_take(c, &c->scratch, c->flow.n + 1);
    for (size_t i = 0; i < c->in->nsites; i++)
        if (c->in->sites[i].callee && c->in->sites[i].callee->yields) yields[block_of(c, c->in->sites[i].call)] = 1;
    return yields;
}

/* Blocks that are reached from the value's definition past a yielding call: bit 2; without: bit 1. */
static marks_t *blocks_past_yield(check_t *c, LLVMValueRef value, const uint8_t *yields, unsigned depth) {
    const flow_t *flow = &c->flow;
    marks_t *seen = marks_begin(c, MARKS_OF_THREAD + depth);
    struct {
        unsigned block;
        uint8_t past;
    } work[BLOCKS];
    unsigned n = 0, home = block_of(c, value), steps = 0;
    work[n].block = home;
    work[n++].past = yields_between(c, LLVMGetNextInstruction(value), NULL) ? 2 : 1;
    while (n && ++steps < BLOCKS) {
        unsigned block = work[--n].block;
        uint8_t past = work[n].past;
        for (unsigned e = flow->first[block]; e < flow->first[block + 1]; e++) {
            unsigned to = flow->to[e];
            if (to == home || marks_get(seen, to) & past) continue;
            marks_add(seen, to, past);
            if (n < BLOCKS) {
                work[n].block = to;
                work[n++].past = past == 2 || yields[to] ? 2 : 1;
            }
        }
    }
    return seen;
}

static bool is_past_yield(check_t *c, LLVMValueRef value, LLVMValueRef user, const marks_t *past,
                          const uint8_t *yields) {
    unsigned home = block_of(c, value), block = block_of(c, user);
    if (LLVMIsAPHINode(user)) return false; /* its own uses are asked */
    if (block == home && in_block_before(value, user)) return yields_between(c, LLVMGetNextInstruction(value), user);
    if (marks_get(past, block) & 2) return true;
    return marks_get(past, block) & 1 && yields[block] &&
           yields_between(c, LLVMGetFirstInstruction(c->flow.blocks[block]), user);
}

static bool live_past_yield(check_t *c, LLVMValueRef value, const uint8_t *yields, unsigned depth,
                            LLVMValueRef *where) {
    marks_t *past = NULL;
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
        LLVMValueRef user = LLVMGetUser(use);
        if (!LLVMIsAInstruction(user)) continue;
        if (!past) past = blocks_past_yield(c, value, yields, depth);
        *where = user;
        if (is_past_yield(c, value, user, past, yields)) return true;
        if (depth + 1 < CHAIN && (is_gep(user) || LLVMIsABitCastInst(user)) &&
            live_past_yield(c, user, yields, depth + 1, where))
            return true;
    }
    return false;
}

static void value_ends_before_yield(check_t *c, LLVMValueRef load, const uint8_t *yields) {
    LLVMValueRef where;
    if (is_context(c, load)) return;
    if (live_past_yield(c, load, yields, 0, &where))
        report(c, 15, where, "a value of a thread-local is used after a call that may come back on another thread");
}

static void address_ends_before_yield(check_t *c, LLVMValueRef address, const uint8_t *yields) {
    LLVMValueRef where;
    if (live_past_yield(c, address, yields, 0, &where)) {
        report(c, 15, where, "the address of a thread-local is used after a call that may come back on another thread");
        return;
    }
    if (!c->in->actor) return;
    for (LLVMUseRef use = LLVMGetFirstUse(address); use; use = LLVMGetNextUse(use))
        if (LLVMIsALoadInst(LLVMGetUser(use))) value_ends_before_yield(c, LLVMGetUser(use), yields);
}

/* A direct access: code generation makes the address, and may keep it from one access to the next. */
static bool is_direct_access(LLVMValueRef i) {
    LLVMValueRef pointer = stored_or_loaded_pointer(i);
    if (!pointer) return false;
    if (is_gep(pointer)) pointer = LLVMGetOperand(pointer, 0);
    return is_thread_local(pointer);
}

static void direct_accesses(check_t *c, LLVMValueRef *accesses, size_t n, const uint8_t *yields) {
    for (size_t i = 0; i < n && i < 64; i++) {
        const marks_t *past = blocks_past_yield(c, accesses[i], yields, 0);
        for (size_t k = 0; k < n && k < 64; k++) {
            if (!is_past_yield(c, accesses[i], accesses[k], past, yields)) continue;
            report(c, 15, accesses[k],
                   "a thread-local is used before and after a call that may come back on another "
                   "thread; its address may be kept");
            return;
        }
        if (c->in->actor && LLVMIsALoadInst(accesses[i])) value_ends_before_yield(c, accesses[i], yields);
    }
}

static void thread_values(check_t *c, const uint8_t *yields) {
    LLVMValueRef *direct = NULL;
    size_t n = 0, room = 0;
    for (unsigned block = 0; block < c->flow.n; block++)
        for (LLVMValueRef i = LLVMGetFirstInstruction(c->flow.blocks[block]); i; i = LLVMGetNextInstruction(i)) {
            if (is_per_thread_call(c, i)) address_ends_before_yield(c, i, yields);
            if (!is_direct_access(i)) continue;
            direct = check_grow(c, &c->scratch, direct, n, &room, sizeof *direct);
            direct[n++] = i;
        }
    direct_accesses(c, direct, n, yields);
}

void rule_threads(check_t *c) {
    if (c->in->yields) thread_values(c, yielding_blocks(c));
}

/* -- Blocking calls (C16) ------------------------------------------------------------------------------------------------ */

static const char *const blocking[] = {"accept",
                                       "accept4",
                                       "clock_nanosleep",
                                       "connect",
                                       "epoll_pwait",
                                       "epoll_wait",
                                       "fdatasync",
                                       "fgetc",
                                       "fgets",
                                       "flock",
                                       "fread",
                                       "fsync",
                                       "getaddrinfo",
                                       "getc",
                                       "getchar",
                                       "getdelim",
                                       "gethostbyaddr",
                                       "gethostbyname",
                                       "getline",
                                       "getnameinfo",
                                       "lockf",
                                       "msgrcv",
                                       "mtx_lock",
                                       "nanosleep",
                                       "pause",
                                       "poll",
                                       "ppoll",
                                       "pread",
                                       "preadv",
                                       "pselect",
                                       "pthread_barrier_wait",
                                       "pthread_cond_timedwait",
                                       "pthread_cond_wait",
                                       "pthread_join",
                                       "pthread_mutex_lock",
                                       "pthread_rwlock_rdlock",
                                       "pthread_rwlock_wrlock",
                                       "read",
                                       "readv",
                                       "recv",
                                       "recvfrom",
                                       "recvmsg",
                                       "scanf",
                                       "select",
                                       "sem_timedwait",
                                       "sem_wait",
                                       "sendto",
                                       "sigsuspend",
                                       "sigwait",
                                       "sigwaitinfo",
                                       "sleep",
                                       "system",
                                       "tcdrain",
                                       "thrd_join",
                                       "thrd_sleep",
                                       "usleep",
                                       "wait",
                                       "wait3",
                                       "wait4",
                                       "waitid",
                                       "waitpid",
                                       "write",
                                       "writev"};

static int by_name(const void *a, const void *b) { return strcmp(a, *(const char *const *)b); }

static bool is_blocking(const function_t *f) {
    return f && !f->defined && !f->row &&
           bsearch(f->name, blocking, sizeof blocking / sizeof *blocking, sizeof *blocking, by_name);
}

enum { OUT = 1, IN = 2 }; /* of a bracket */

static uint8_t after_call(const function_t *f, uint8_t state) {
    if (row_is(f, "foreign_enter")) return IN;
    return row_is(f, "foreign_leave") ? OUT : state;
}

/* Functions of the module that are reached outside of a bracket; those of actor code are where it begins. */
static void blocking_in(check_t *c, unsigned *work, unsigned *n, uint8_t *seen) {
    uint8_t *state = states_at_blocks(c, OUT, after_call), now = 0;
    unsigned block = UINT32_MAX;
    for (size_t i = 0; i < c->in->nsites; i++) {
        const site_t *site = &c->in->sites[i];
        if (block_of(c, site->call) != block) {
            block = block_of(c, site->call);
            now = state[block];
        }
        if (now & OUT && is_blocking(site->callee))
            report(c, 16, site->call, "%s may block, and with it every actor of this worker", site->callee->name);
        if (now & OUT && site->callee && site->callee->defined && !seen[site->callee->index]) {
            seen[site->callee->index] = 1;
            work[(*n)++] = site->callee->index;
        }
        now = after_call(site->callee, now);
    }
}

void rule_blocking(check_t *c) {
    if (!c->flagged) return;
    unsigned *work = check_take(c, &c->arena, (c->nfunctions + 1) * sizeof *work), n = 0;
    uint8_t *seen = check_take(c, &c->arena, c->nfunctions + 1);
    for (unsigned i = 0; i < c->nfunctions; i++)
        if (c->functions[i].actor) {
            seen[i] = 1;
            work[n++] = i;
        }
    while (n) {
        c->in = &c->functions[work[--n]];
        if (!c->in->nsites) continue;
        flow_build(c, c->in->value);
        blocking_in(c, work, &n, seen);
        arena_free(&c->scratch);
    }
}
