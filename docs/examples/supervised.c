/* supervised.c - a supervisor and a child that crashes: how a C program, or a front end's runtime library, uses the rows.
 *
 *     cc supervised.c $(buskin-config --cflags --libs) -o supervised
 */
#include <buskin.h>
#include <stdio.h>
#include <string.h>

enum { TAG_DIVIDE = 1 };

static void say(const char *text) { buskin_print(1, text, strlen(text)); }

/* Ends at the first division by 0, and is started again. */
static void divider(const void *args) {
    (void)args;
    say("divider: at work\n");
    for (;;) {
        const uint64_t tags[] = {TAG_DIVIDE};
        const uint64_t *m = buskin_receive_tags(tags, 1, -1);
        uint64_t by = m[2];
        char text[64];
        buskin_message_release(m);
        if (!by) buskin_panic("division by 0", 13, __FILE__, __LINE__, 1);
        snprintf(text, sizeof text, "100 / %llu = %llu\n", (unsigned long long)by, (unsigned long long)(100 / by));
        say(text);
    }
}

static const buskin_spawn_desc_t divider_desc = {
    .size = sizeof divider_desc, .entry = divider, .name = "divider", .priority = BUSKIN_NORMAL};

/* Runs as the supervisor, at each start. */
static uint64_t start_divider(const void *args) { return buskin_spawn(args, NULL, 0, NULL); }

static const buskin_child_spec_t child = {.size = sizeof child,
                                          .name = "divider",
                                          .start = start_divider,
                                          .args = &divider_desc,
                                          .shutdown_ms = 5000,
                                          .restart = BUSKIN_PERMANENT};
static const buskin_child_spec_t *const children[] = {&child};
static const buskin_supervisor_spec_t spec = {.size = sizeof spec,
                                              .name = "calculator",
                                              .children = children,
                                              .child_count = 1,
                                              .strategy = BUSKIN_ONE_FOR_ONE,
                                              .max_restarts = 3,
                                              .window_ms = 5000};

int main(void) {
    int32_t status;
    char why[200];
    if (buskin_supervisor_explain(&spec, why, sizeof why)) return fprintf(stderr, "%s\n", why), 1;
    if (buskin_rt_init_actor(0) != BUSKIN_OK) return 1;
    uint64_t supervisor = buskin_supervisor_start(&spec, 0, NULL, &status);
    if (status != BUSKIN_OK) return 1;
    const uint64_t numbers[] = {5, 0, 20};
    for (int i = 0; i < 3; i++) {
        uint64_t pid = buskin_supervisor_child(supervisor, "divider", 7);
        uint64_t ref = buskin_actor_monitor(pid);
        buskin_send_word(pid, TAG_DIVIDE, numbers[i]);
        if (!numbers[i]) buskin_message_release(buskin_actor_receive(-1)); /* its DOWN: the supervisor knows, too */
        buskin_actor_demonitor(ref, 1);
    }
    return buskin_rt_run_scheduler();
}
