#!/usr/bin/env bash
# A program of another epoch does not link, and the linker's message names the epoch. The reference survives
# --gc-sections, in a program that is otherwise all dead code to the linker.
. "$(dirname "$0")/../lib.sh"

# What a main thunk does: a volatile load of the epoch symbol.
program() {
    cat > "$tmp/main.c" <<P
#include "buskin.h"
extern const volatile unsigned char $1;
int main(void) { (void)$1; return buskin_version()[0] == 0; }
P
    "$CC" -ffunction-sections -fdata-sections -I"$BUILD/include" -c "$tmp/main.c" -o "$tmp/main.o"
}
link_it() { "$CC" "$tmp/main.o" $("$BUILD/bin/buskin-config" --libs) -o "$tmp/main" "$@"; }

now=buskin_abi_epoch_$("$BUILD/bin/buskin-config" --abi | tr . _)
program "$now"
must "this epoch" link_it
must "this epoch, with --gc-sections" link_it -Wl,--gc-sections
must "run it" "$tmp/main"
"$NM" "$tmp/main" | grep -q " $now\$" || fail "--gc-sections dropped $now"

program buskin_abi_epoch_0_0
must_fail "another epoch" 'buskin_abi_epoch_0_0' link_it
must_fail "another epoch, with --gc-sections" 'buskin_abi_epoch_0_0' link_it -Wl,--gc-sections
