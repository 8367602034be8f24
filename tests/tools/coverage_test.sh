#!/usr/bin/env bash
# tools/coverage: what one test passes is counted, what it does not is not; wrong uses are refused. LIMIT: 300
. "$(dirname "$0")/../lib.sh"
for tool in clang-19 llvm-profdata-19 llvm-cov-19; do
    command -v $tool > /dev/null || { echo "skipped: no $tool (tools/setup coverage installs it)"; exit 0; }
done
coverage() { "$SOURCE/tools/coverage" "$@"; }

for wrong in --line '--tests' '--lines' '--lines tools/coverage' '--lines runtime/no.c' 'map_test'; do
    status=0
    coverage $wrong > /dev/null 2>&1 || status=$?
    [ $status = 2 ] || fail "coverage $wrong: status $status"
done
must_fail "a test that is not there" 'no test mop_test' coverage --tests map_test,mop_test

# share FILE COLUMN: whole percents of its lines (column 2) or branches (6)
out=$(coverage --tests map_test) || fail "status $?: $out"
share() { awk -v file="$1" -v column="$2" '$1 == file { print int($column) }' <<< "$out"; }
[ "$(share runtime/base/map.c 2)" -ge 90 ] || fail "lines of map.c: $out"
[ "$(share runtime/base/map.c 6)" -ge 80 ] || fail "branches of map.c: $out"
[ "$(share runtime/base/check.c 2)" = 0 ] || fail "what ends the process on a bug is not passed: $out"
