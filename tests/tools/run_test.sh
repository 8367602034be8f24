#!/usr/bin/env bash
# tools/run hands a program's arguments, output and status on; bad uses are one line and a status.
. "$(dirname "$0")/../lib.sh"

must_fail "no program" 'usage: tools/run' "$SOURCE/tools/run"
must_fail "a missing program" 'cannot read' "$SOURCE/tools/run" "$tmp/none.skit"

printf 'fn main() do\n  println("from a program")\n  panic("on purpose")\nend\n' > "$tmp/p.skit"
cd "$tmp"
out=$("$SOURCE/tools/run" p.skit 2> err) && fail "the status of a panic is lost"
[ "$out" = "from a program" ] || fail "output: $out"
grep -q 'on purpose' err || fail "standard error: $(cat err)"
rm err p.skit
[ -z "$(ls)" ] || fail "left behind: $(ls)"
