#!/usr/bin/env bash
# abi.lock is up to date; tools/abi-lock tells additions from breaks; constants.def misses no enumerator.
. "$(dirname "$0")/../lib.sh"

must "the tree's lock" "$SOURCE/tools/abi-lock" --check --dump "$BUILD/bin/abi-dump"

grep -o '^ *BUSKIN_[A-Z0-9_]* = -\?[0-9]*\|[{,] *BUSKIN_[A-Z0-9_]* = -\?[0-9]*' "$SOURCE/abi/buskin.h" |
    grep -o 'BUSKIN_[A-Z0-9_]*' | sort > "$tmp/header"
grep -o '^BUSKIN_CONSTANT([A-Z0-9_]*' "$SOURCE/abi/constants.def" | cut -d'(' -f2 | sort > "$tmp/rows"
diff "$tmp/header" "$tmp/rows" > "$tmp/diff" || fail "constants.def and buskin.h differ: $(cat "$tmp/diff")"

# A stand-in for abi-dump that prints a file.
printf '#!/bin/sh\ncat %s/$1\n' "$tmp" > "$tmp/program"
chmod +x "$tmp/program"
echo '| a row |' > "$tmp/book"
printf 'before\n<!-- table -->\n<!-- end of table -->\nafter\n' > "$tmp/abi.md"
lock() { "$SOURCE/tools/abi-lock" --lock "$tmp/frozen" --book "$tmp/abi.md" --dump "$tmp/program" "$@"; }
dump() { printf '%s\n' "epoch abi = $1" "${@:2}" > "$tmp/lock"; }

dump 0.1 'fn send = STATUS (PID to)' 'field context.hp = offset=8'
must "freeze" lock --update
must "unchanged" lock --check

dump 0.1 'fn send = STATUS (PID to)' 'field context.hp = offset=8' 'fn link = STATUS (PID to)'
must_fail "an addition that is not frozen" 'fn link is new' lock --check
must "freeze the addition" lock --update
must "the addition" lock --check

dump 0.1 'fn send = STATUS (PID to)' 'field context.hp = offset=16' 'fn link = STATUS (PID to)'
must_fail "a moved field" 'bump the epoch 0.1' lock --check
must_fail "a moved field" 'field context.hp changed' lock --check
must_fail "a moved field is not frozen" 'bump the epoch 0.1' lock --update
dump 0.1 'fn send = STATUS (PID to)' 'field context.hp = offset=8'
must_fail "a function that is gone" 'fn link is gone' lock --update

record() { dump 0.1 'fn send = STATUS (PID to)' 'field context.hp = offset=8' 'fn link = STATUS (PID to)' \
    'field stats.size = offset=0 bytes=8 access=W' "size stats = $1" "size other = $2"; }
record 40 40
must "freeze records" lock --update
record 48 40
must_fail "a record that has grown and is not frozen" 'size stats grows from 40 to 48' lock --check
must "freeze what has grown" lock --update
record 40 40
must_fail "a record that shrinks" 'size stats changed' lock --check
record 48 48
must_fail "a record without a size of its caller's grows" 'size other changed' lock --check

dump 0.2 'fn send = STATUS (PID to)' 'field context.hp = offset=16'
must_fail "a new epoch that is not frozen" 'behind the headers' lock --check
must "freeze the new epoch" lock --update
must "the new epoch" lock --check

echo '| another row |' > "$tmp/book"
must_fail "a table that is behind" 'behind abi.def' lock --check
must "write the table" lock --update
must "the table" lock --check
grep -q 'another row' "$tmp/abi.md" && grep -q after "$tmp/abi.md" || fail "the page: $(cat "$tmp/abi.md")"
must_fail "no program" 'build first' "$SOURCE/tools/abi-lock" --check --dump "$tmp/none"
