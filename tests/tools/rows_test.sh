#!/usr/bin/env bash
# tools/rows: each row of the semantics has a test that names it, and the tool notices when one has none.
. "$(dirname "$0")/../lib.sh"
rows() { "$SOURCE/tools/rows" "$@"; }

s=S9 t=T # written so that this file names no row of its own
mkdir -p "$tmp/docs" "$tmp/tests/unit" "$tmp/e2e/programs"
printf '| %s.1 | One. |\n| %s.2 | Two. |\n| %s.10 | Ten. |\n\n**%s-3, a table**\n' $s $s $s $t > "$tmp/docs/semantics.md"
printf '/* %s.1, %s.10 */\n' $s $s > "$tmp/tests/unit/a_test.c"
printf '# %s-3\n' $t > "$tmp/e2e/programs/p.skit"
must_fail "a row without a test" "^$s.2 has no test: Two.\$" rows --root "$tmp" --check
printf '# x%s.2 %s.25\n' $s $s > "$tmp/tests/unit/b_test.sh"
must_fail "a longer number" "^$s.2 has no test" rows --root "$tmp" --check
must_fail "a row that is not there" "b_test.sh names $s.25, which is no row" rows --root "$tmp" --check
printf '# %s.2\n' $s > "$tmp/tests/unit/b_test.sh"
must "each row has a test" rows --root "$tmp" --check
[ "$(rows --root "$tmp" $s.2)" = "$s.2   tests/unit/b_test.sh" ] || fail "the list: $(rows --root "$tmp" $s.2)"
must_fail "an unknown row" "no row ${s}9.9" rows --root "$tmp" ${s}9.9
must_fail "no rows" "No such file" rows --root "$tmp/docs" --check

must "the rows of the semantics" rows --check
