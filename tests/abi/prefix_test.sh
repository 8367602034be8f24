#!/usr/bin/env bash
# A build with BUSKIN_ABI_PREFIX=mesh_ exports mesh_ names only, epoch included; a C program that uses them compiles,
# links and runs, and so does what the build's shims emit.
. "$(dirname "$0")/../lib.sh"

must_fail "a prefix that is no name" 'a C name' cmake -S "$SOURCE" -B "$tmp/bad" -G Ninja -DBUSKIN_ABI_PREFIX=3x
must "configure" cmake -S "$SOURCE" -B "$tmp/mesh" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DBUSKIN_ABI_PREFIX=mesh_ \
    -DCMAKE_C_COMPILER="$CC"
must "build" ninja -C "$tmp/mesh"

foreign=$("$NM" -g --defined-only "$tmp/mesh/lib/libbuskin.a" | awk 'NF == 3 && $3 !~ /^mesh_/ { print $3 }')
[ -z "$foreign" ] || fail "exported under another prefix: $foreign"
epoch=mesh_abi_epoch_$("$BUILD/bin/buskin-config" --abi | tr . _)

cat > "$tmp/main.c" <<P
#include <stdio.h>
#include "mesh.h"
extern const volatile unsigned char $epoch;
static void actor(const void *args) { mesh_print(1, args, 5); }
int main(void) {
    (void)$epoch;
    if (mesh_rt_init_actor(2) != BUSKIN_OK || mesh_actor_spawn(actor, "hello", 5, BUSKIN_NORMAL) == 0) return 1;
    return mesh_rt_run_scheduler();
}
P
config=$tmp/mesh/bin/buskin-config
must "compile and link" "$CC" -Wall -Werror $("$config" --cflags) "$tmp/main.c" $("$config" --libs) -o "$tmp/main"
out=$("$tmp/main") || fail "the program's status is $?"
[ "$out" = hello ] || fail "the program says '$out'"

out=$("$tmp/mesh/bin/skitc" run "$SOURCE/e2e/programs/hello.skit" 2>&1) || fail "hello.skit: status $?: $out"
grep -q "^${out}\$" <(sed -n 's/^#> //p' "$SOURCE/e2e/programs/hello.skit") || fail "hello.skit says '$out'"
