#!/usr/bin/env bash
# tools/shake runs again and again, and says what failed. The compiler is a stand-in: it copies the program, a shell script.
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/skitc" <<'S'
#!/bin/sh
for last; do :; done
cp "$3" "$last" && chmod +x "$last"
S
chmod +x "$tmp/skitc"
mkdir "$tmp/programs"
shake() { "$SOURCE/tools/shake" --skitc "$tmp/skitc" --programs "$tmp/programs" "$@"; }
must_fail "no programs" 'no such tests' shake

# seldom: fails at its eighth run, and once.
cat > "$tmp/programs/seldom.skit" <<P
#!/bin/sh
echo x >> $tmp/runs
[ "\$(wc -l < $tmp/runs)" != 8 ] || echo "at last"
#! workers 2
P
must_fail "the eighth run of ten" 'output line 1:.*at last' shake --rounds 10 --jobs 1
[ "$(wc -l < "$tmp/runs")" = 10 ] || fail "$(wc -l < "$tmp/runs") runs"
must "ten others" shake --rounds 10
out=$(shake --rounds 2 --load 1) || fail "status $?"
grep -q 'shake: 2 runs of 1 tests, 0 failed' <<< "$out" || fail "the count: $out"

# Each run has a seed of its own, and some have one processor.
cat > "$tmp/programs/told.skit" <<P
#!/bin/sh
echo "\${BUSKIN_STALL:-none} \${BUSKIN_WORKERS}" >> $tmp/told
#! workers 1 8
P
must "a program that notes what it is told" shake --rounds 5 told
[ "$(sort -u "$tmp/told" | wc -l)" = 10 ] || fail "seeds: $(cat "$tmp/told")"
must_fail "an unknown test" 'no such tests' shake nothing
must_fail "no rounds" 'at least 1' shake --rounds 0
