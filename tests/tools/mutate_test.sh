#!/usr/bin/env bash
# tools/mutate: mutants that must be killed are, one that changes nothing survives, and a sample of others, another one each day, says
# what share of them the quickest tests kill. LIMIT: 300
. "$(dirname "$0")/../lib.sh"
for tool in clang-19 llvm-profdata-19 llvm-cov-19; do
    command -v $tool > /dev/null || { echo "skipped: no $tool (tools/setup coverage installs it)"; exit 0; }
done
mutate() { "$SOURCE/tools/mutate" --tests map_test,wheel_test,table_test,runq_test -j 2 "$@"; }

must_fail "a file that is not there" 'no file runtime/base/mop.c' mutate --files base/mop.c
must_fail "a test that is not there" 'no test mop_test' "$SOURCE/tools/mutate" --tests mop_test
must_fail "no list" 'no file' mutate --these "$tmp/none"
touch "$tmp/empty"
must_fail "an empty list" 'no mutants in' mutate --these "$tmp/empty"
printf 'base/map.c:1\n- no such line\n+ other\n' > "$tmp/stale"
must_fail "a mutant of another source" 'not in base/map.c: no such line' mutate --these "$tmp/stale"

must "the mutants that must be killed" mutate --these "$SOURCE/tests/mutate/killed"

# planted NEW: the list of one mutant, of a line that only the end of a map passes
planted() {
    printf 'base/map.c:999\n- if (map->capacity) free(map->entries);\n+ %s\n' "$1" > "$tmp/planted"
    mutate --these "$tmp/planted"
}
must_fail "a mutant that no test can see" '^+ if (map->capacity) map->entries;' planted 'if (map->capacity) map->entries;'
must_fail "the same code" '1 equivalent' planted 'if (map->capacity != 0) free(map->entries);'
must_fail "a mutant that does not compile" '1 not built' planted 'if (map->capacity free(map->entries);'
must "one that ends the test" planted 'if (map->capacity) abort();'
must "one that hangs" planted 'for (;;) continue;'

mutate --files base/map.c,sched/wheel.c,sched/runq.c,actor/table.c --count 8 --seed "$(date +%Y%j)" || fail "the sample: status $?"
