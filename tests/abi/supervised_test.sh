#!/usr/bin/env bash
# docs/examples/supervised.c, a C program with a supervisor, is built against the shipped header and archive, and its child is
# restarted (S9.3) on 1, 2 and 8 workers.
. "$(dirname "$0")/../lib.sh"

config=$BUILD/bin/buskin-config
must "build" "$CC" -std=c17 -Wall -Wextra -Werror "$SOURCE/docs/examples/supervised.c" $("$config" --cflags --libs) -o "$tmp/program"
want="divider: at work
100 / 5 = 20
divider: at work
100 / 20 = 5"
for workers in 1 2 8; do
    out=$(BUSKIN_WORKERS=$workers timeout 200 "$tmp/program" 2> "$tmp/err") || fail "$workers workers: status $?"
    [ "$out" = "$want" ] || fail "$workers workers: '$out'"
    grep -q "division by 0 at" "$tmp/err" || fail "$workers workers: the crash is not reported"
done
