#!/usr/bin/env bash
# tools/bench: every workload runs and answers right in its smallest size; lines and JSON for us and for a rival; errors for
# what it does not know.
. "$(dirname "$0")/../lib.sh"

bench() { "$SOURCE/tools/bench" --quick --rounds 1 --peers-dir "$tmp" "$@"; }

must_fail "an unknown workload" 'no workload nothing' bench nothing
must_fail "an unknown rival" 'no rival nobody' bench --peers nobody ring

must_fail "two sizes" 'not allowed with' bench --smallest

out=$("$SOURCE/tools/bench" --smallest --json "$tmp/all") || fail "the smallest sizes, status $?: $out"
python3 - "$tmp/all" "$SOURCE/tools/bench" <<'P' || fail "the smallest sizes: $out"
import json, re, sys
measured = {row["workload"] for row in json.load(open(sys.argv[1]))}
table = open(sys.argv[2]).read().split("WORKLOADS = {")[1].split("\n}")[0]
wanted = set(re.findall(r'^    "(\w+)": Workload', table, re.M))
assert wanted and measured == wanted, (wanted, measured)
P

mkdir "$tmp/slow"
printf '#!/bin/sh\n' > "$tmp/slow/build.sh"
printf '#!/bin/sh\n[ "$2" = ring ] || { echo na; exit; }\necho ring.hop 1000000 ns; echo ring.other 1 ns\n' > "$tmp/slow/cmd"
chmod +x "$tmp/slow/"*
out=$(bench --peers slow --json "$tmp/rows" ring) || fail "status $?: $out"
for line in 'ring hop_1 [0-9.]* ns$' 'ring hop_2 [0-9.]* ns$' 'ring hop_1 1000000 ns  slow, [0-9.]*x$'; do
    grep -q "^$line" <<< "$out" || fail "no line '$line' in: $out"
done
python3 - "$tmp/rows" <<'P' || fail "the rows: $(cat "$tmp/rows")"
import json, sys
rows = json.load(open(sys.argv[1]))
assert {frozenset(row) for row in rows} == {frozenset(("workload", "metric", "unit", "peer", "value"))}
cells = {(row["peer"], row["metric"]): row["value"] for row in rows}
assert set(cells) == {(peer, metric) for peer in ("buskin", "slow") for metric in ("hop_1", "hop_2")}, cells
assert all(0 < cells["buskin", metric] < cells["slow", metric] == 1000000 for metric in ("hop_1", "hop_2")), cells
P

printf '#!/bin/sh\necho wrong sum >&2; exit 1\n' > "$tmp/slow/cmd"
must_fail "a rival with a wrong answer" 'wrong sum' bench --peers slow ring
