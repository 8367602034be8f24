/* Links, monitors, names, timers, calls, foreign code, from main and from actors. */
#include <buskin.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int calls_of_thread;
static int shared;

struct request {
    buskin_request_t head;
    int64_t n;
};

static const buskin_desc_t request_slots = {.size = sizeof(struct request), .name = "request"};
static const buskin_desc_t word_slot = {.size = 8, .name = "word"};

static void locked(void *arg) {
    pthread_mutex_lock(&lock);
    *(int *)arg += 1;
    calls_of_thread++;
    pthread_mutex_unlock(&lock);
}

static void server(const void *args) {
    (void)args;
    for (;;) {
        const buskin_message_t *m = buskin_actor_receive(-1);
        const buskin_message_header_t *h = (const buskin_message_header_t *)m - 1;
        switch (h->kind) {
        case BUSKIN_MSG_CALL: {
            const struct request *r = (const void *)(m + 1);
            int64_t twice = 2 * r->n;
            buskin_reply(r->head.from, r->head.ref, &word_slot, &twice);
            break;
        }
        case BUSKIN_MSG_DOWN:
        case BUSKIN_MSG_EXIT: {
            const buskin_notice_t *n = (const void *)(m + 1);
            if (n->code != BUSKIN_REASON_NORMAL) buskin_actor_exit(n->code, n + 1, n->length);
            return;
        }
        default: buskin_message_release(m);
        }
    }
}

static void copy_to_stderr(int fd) {
    char text[256];
    if (buskin_foreign_enter() != BUSKIN_OK) return;
    ssize_t n = read(fd, text, sizeof text);
    int error = errno;
    buskin_foreign_leave();
    if (n < 0)
        fprintf(stderr, "%s\n", strerror(error));
    else
        buskin_print(2, text, (uint64_t)n);
}

static void client(const void *args) {
    uint64_t pid;
    memcpy(&pid, args, sizeof pid);
    struct request request = {.n = 21};
    int32_t status;
    const void *m = buskin_call(pid, 5, &request_slots, &request, 100, &status);
    if (!m) {
        printf("status %d\n", status);
        return;
    }
    uint64_t ref = buskin_timer_send_after(buskin_actor_self(), 10, 6, &word_slot, &request.n);
    buskin_actor_sleep(1);
    if (buskin_timer_cancel(ref) < 0) buskin_message_release(buskin_actor_receive(-1));
    buskin_blocking_call(locked, &shared);
    copy_to_stderr(0);
}

int main(void) {
    if (buskin_rt_init_actor(2)) return 1;
    uint64_t pid = buskin_actor_spawn(server, NULL, 0, 1);
    if (!pid || buskin_actor_register("server", 6, pid) < 0) return 1;
    uint64_t found = buskin_actor_whereis("server", 6);
    for (int i = 0; i < 3; i++)
        if (!buskin_actor_spawn(client, &found, sizeof found, 2)) return 1;
    uint64_t ref = buskin_actor_monitor(pid);
    buskin_actor_link(pid);
    buskin_actor_trap_exit(1);
    const buskin_message_t *m = buskin_actor_receive(2000);
    if (m && m->tag) printf("%llu\n", (unsigned long long)m->length);
    buskin_actor_demonitor(ref, 1);
    buskin_actor_exit_signal(pid, BUSKIN_REASON_SHUTDOWN, NULL, 0);
    buskin_rt_shutdown(100);
    int status = buskin_rt_run_scheduler();
    printf("%s ended with %d\n", buskin_version(), status);
    return status;
}
