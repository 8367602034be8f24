#!/usr/bin/env bash
# A front end that is not Skit: docs/examples/two_actors.c, with a supervisor and a handle, is built against the shipped headers
# and archives, writes an object at each level that the checker finds nothing in, and the program runs on 1, 2 and 8 workers. An object of another epoch does not link.
. "$(dirname "$0")/../lib.sh"

llvm=$(command -v llvm-config-19 || echo /usr/lib/llvm-19/bin/llvm-config)
config=$BUILD/bin/buskin-config
must "build the front end" "$CC" -std=gnu17 -Wall -Wextra -Werror -I"$BUILD/include" -isystem "$("$llvm" --includedir)" \
    "$SOURCE/docs/examples/two_actors.c" "$BUILD/lib/libbuskin-codegen.a" $("$llvm" --ldflags --libs) -o "$tmp/front"

want="halves: 2500025000.0 in 100000
closed"
for level in 0 1 2 3; do
    must "emit at O$level" "$tmp/front" "$tmp/out.o" $level
    must "link at O$level" "$CC" "$tmp/out.o" $("$config" --libs) -o "$tmp/program"
    for workers in 1 2 8; do
        out=$(BUSKIN_WORKERS=$workers timeout 200 "$tmp/program") || fail "O$level, $workers workers: status $?"
        [ "$out" = "$want" ] || fail "O$level, $workers workers: '$out'"
    done
done

must_fail "no arguments" usage "$tmp/front"
must_fail "a level that is none" 'level 7' "$tmp/front" "$tmp/out.o" 7
must_fail "a file that cannot be written" '/nonexistent/out.o' "$tmp/front" /nonexistent/out.o

epoch=buskin_abi_epoch_$("$config" --abi | tr . _)
objcopy --redefine-sym "$epoch=buskin_abi_epoch_0_0" "$tmp/out.o" "$tmp/old.o"
must_fail "another epoch" buskin_abi_epoch_0_0 "$CC" "$tmp/old.o" $("$config" --libs) -o "$tmp/old"
must_fail "another epoch, with --gc-sections" buskin_abi_epoch_0_0 \
    "$CC" -Wl,--gc-sections "$tmp/old.o" $("$config" --libs) -o "$tmp/old"
