#!/usr/bin/env bash
# LIMIT: 400. Programs under valgrind: what they say they print, and no error. Without line numbers, which take long to read.
. "${SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/valgrind/memcheck.sh"

for name in allocation deep_copy; do
    "$BUILD/bin/skitc" build -O2 --no-gc "$SOURCE/e2e/programs/$name.skit" -o "$tmp/$name" || fail "$name: does not compile"
    strip -g "$tmp/$name"
    sed -n 's/^#> //p' "$SOURCE/e2e/programs/$name.skit" > "$tmp/wanted"
    memcheck "$tmp/$name" > "$tmp/out" || fail "$name: status $?"
    diff "$tmp/wanted" "$tmp/out" || fail "$name: printed something else"
done
