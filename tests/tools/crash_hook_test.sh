#!/usr/bin/env bash
# The crash hook: it is shown each crash, after its line, whatever BUSKIN_CRASH says; it may print; it stays over restarts, and can be
# taken away.
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/hook.c" <<'C'
#include <buskin.h>
#include <stdio.h>
#include <string.h>

static void hook(const buskin_crash_t *c) {
    char text[200];
    int n = snprintf(text, sizeof text, "hook: %s, code %u, %.*s, %s:%u:%u\n", c->name, c->code, (int)c->length, c->text,
                     c->file ? c->file : "-", c->line, c->col);
    if (c->size == sizeof *c && c->pid) buskin_print(1, text, (uint64_t)n);
}
static void bad(const void *args) {
    (void)args;
    buskin_panic("text", 4, "file", 3, 7);
}
static void good(const void *args) {
    (void)args;
    buskin_actor_exit(BUSKIN_REASON_USER, "no crash", 8);
}
int main(int argc, char **argv) {
    static const buskin_spawn_desc_t desc = {.size = sizeof desc, .entry = bad, .name = "bad", .priority = BUSKIN_NORMAL};
    (void)argv;
    if (buskin_rt_crash_hook(hook)) return 90;
    for (int round = 0; round < 2; round++) { /* the hook stays over restarts of the runtime */
        if (buskin_rt_init_actor(2)) return 91;
        if (!buskin_spawn(&desc, NULL, 0, NULL) || !buskin_actor_spawn(good, NULL, 0, BUSKIN_NORMAL)) return 92;
        if (buskin_rt_run_scheduler()) return 93;
        if (argc > 1 && buskin_rt_crash_hook(NULL)) return 94;
    }
    return 0;
}
C
config=$BUILD/bin/buskin-config
must "build" "$CC" -std=gnu17 -I"$BUILD/include" "$tmp/hook.c" $("$config" --libs) -o "$tmp/hook"
hook() { timeout 200 "$tmp/hook" "$@" 2>&1 | head -20; }

shown="hook: bad, code 5, text, file:3:7"
[ "$(BUSKIN_CRASH=off hook)" = "$shown"$'\n'"$shown" ] || fail "off: $(BUSKIN_CRASH=off hook)"
[ "$(BUSKIN_CRASH=off hook once)" = "$shown" ] || fail "taken away: $(BUSKIN_CRASH=off hook once)"
[ "$(BUSKIN_CRASH=line hook | grep -c 'panic in Pid([0-9]*): text at file:3:7$')" = 2 ] || fail "line: $(BUSKIN_CRASH=line hook)"
[ "$(BUSKIN_CRASH=line hook | grep -c "^$shown\$")" = 2 ] || fail "line: $(BUSKIN_CRASH=line hook)"
