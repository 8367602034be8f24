/* threads.c - starting threads and seeing them end, however they do.
 *
 * The end of a thread is seen in the destructor of a thread-specific value, which runs when its body returns, and also when
 * code of the program calls pthread_exit in an actor or a blocking call. So no worker is lost with its thread
 * (foreign_thread_lost), and whoever joins knows beforehand who will not come: a thread that is held up in code of the program
 * cannot be stopped, only left behind.
 */
#include "sched/threads.h"

#include "base/atomic.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/trap.h"
#include "sched/foreign.h"
#include "sched/worker.h"

#include <pthread.h>
#include <signal.h>

enum { THREADS_MAX = WORKERS_MAX + 512 };

typedef struct thread {
    pthread_t id;
    void *(*body)(void *);
    void *arg;
} thread_t;

static thread_t threads[THREADS_MAX];
static unsigned thread_count;
static _Atomic uint32_t threads_running; /* a futex */
static pthread_key_t ended_key;
static bool has_key;

static void thread_ended(void *thread) {
    (void)thread;
    foreign_thread_lost();
    trap_stack_close();
    sub_seq_cst(&threads_running, 1); /* pairs with the loads in threads_join */
    futex_wake(&threads_running, 1);
}

static void *thread_main(void *arg) {
    thread_t *thread = arg;
    BUG_IF(pthread_setspecific(ended_key, thread) != 0);
    trap_stack_open();
    return thread->body(thread->arg);
}

bool threads_start(void *(*body)(void *), void *arg) {
    if (thread_count == THREADS_MAX) return false;
    if (!has_key && !(has_key = pthread_key_create(&ended_key, thread_ended) == 0)) return false;
    sigset_t all, old;
    sigfillset(&all); /* the process's signals are for the program's own threads */
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, PROBE_SIGNAL);
    thread_t *thread = &threads[thread_count];
    *thread = (thread_t){.body = body, .arg = arg};
    add_seq_cst(&threads_running, 1);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(&thread->id, NULL, thread_main, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (ok)
        thread_count++;
    else
        sub_seq_cst(&threads_running, 1);
    return ok;
}

unsigned threads_count(void) { return thread_count; }

unsigned threads_join(uint64_t deadline_ns) {
    for (uint32_t n; (n = load_seq_cst(&threads_running));) {
        uint64_t now = clock_ns();
        if (now >= deadline_ns) return n;
        futex_wait(&threads_running, n, (int64_t)(deadline_ns - now));
    }
    for (unsigned i = 0; i < thread_count; i++) pthread_join(threads[i].id, NULL);
    thread_count = 0;
    return 0;
}
