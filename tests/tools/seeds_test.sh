#!/usr/bin/env bash
# tools/seeds: a program that always works, one that never does, and the seed that it names.
. "$(dirname "$0")/../lib.sh"

seeds() { "$SOURCE/tools/seeds" "$@"; }
must_fail "no file" 'No such file' seeds "$tmp/none.skit" 3

printf 'fn main() do println("fine") end\n' > "$tmp/p.skit"
must "a program without expectations" seeds "$tmp/p.skit" 3
must_fail "no seeds" 'at least 1' seeds "$tmp/p.skit" 0

printf 'fn main() do println("fine") end\n#> other\n' > "$tmp/p.skit"
must_fail "other output" "seed 5 fails: output line 1: 'fine', expected 'other'" seeds "$tmp/p.skit" 3 --from 5
must_fail "other output" 'replay: BUSKIN_SEED=5 tools/run' seeds "$tmp/p.skit" 3 --from 5

printf 'fn main() do panic("never") end\n' > "$tmp/p.skit"
must_fail "a panic" 'seed 1 fails: status 1' seeds "$tmp/p.skit" 3
printf 'fn main() do 1 +  end\n' > "$tmp/p.skit"
must_fail "no program" 'does not compile' seeds "$tmp/p.skit" 3

# Signals in Skit, 200 schedules each; in C, tests/unit/signal_*_test.c have theirs.
for program in exits_to_oneself monitors_many service_rules terminate_rules; do
    must "$program" seeds "$SOURCE/e2e/programs/$program.skit" 200
done

# The raced scenarios; ctest runs them with more.
must "scenarios" seeds --scenarios 20 --from 5000
must_fail "no such scenarios" 'no scenarios none_test' seeds --scenarios 2 none_test
must_fail "no seeds for them" 'at least 1' seeds --scenarios 0

# Where all of it meets.
must "chaos" seeds "$SOURCE/e2e/programs/chaos.skit" 40
