#!/usr/bin/env bash
# tools/e2e says yes and no where it should. The compiler is a stand-in: it copies the program, a shell script.
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/skitc" <<'S'
#!/bin/sh
grep -q SYNTAX "$3" && { echo "error[E0001]: no" >&2; exit 1; }
for last; do :; done
cp "$3" "$last" && chmod +x "$last"
S
chmod +x "$tmp/skitc"
mkdir "$tmp/programs"
e2e() { "$SOURCE/tools/e2e" --skitc "$tmp/skitc" --programs "$tmp/programs" "$@"; }

# program NAME: standard input becomes the body; the first line makes it a script.
program() { { echo '#!/bin/sh'; cat; } > "$tmp/programs/$1.skit"; }

must_fail "no programs" 'no programs' e2e

program good <<'P'
echo "workers $BUSKIN_WORKERS"; echo "$GREETING $1"; echo oops >&2; exit 3
#> workers 2
#> hello you
#! exit 3
#! stderr: oops
#! env GREETING=hello
#! args you
#! workers 2
P
must "a good program" e2e
e2e | grep -q '1 programs, 2 runs, 0 failed' || fail "the count of runs"
must_fail "a shard without programs" 'no programs' e2e --shard 2/2
must_fail "an unknown program" 'no program missing' e2e missing

# wrong NAME PATTERN: that program must fail, and say the pattern.
wrong() {
    program "$1"
    must_fail "$1" "$2" e2e "$1"
    rm "$tmp/programs/$1.skit"
}
wrong other-output "line 1: 'a', expected 'b'" <<< $'echo a\n#> b'
wrong more-output "line 2: 'b', expected nothing more" <<< $'echo a; echo b\n#> a'
wrong less-output "line 2: nothing more, expected 'b'" <<< $'echo a\n#> a\n#> b'
wrong no-newline "output line" <<< $'printf a\n#> a'
wrong unexpected-output "expected nothing more" <<< 'echo a'
wrong other-status 'status 1, expected 0' <<< 'exit 1'
wrong silent-error "lacks 'boom'" <<< '#! stderr: boom'
wrong too-slow 'none after 1 s' <<< $'exec sleep 5\n#! timeout 1\n#! workers 1'
wrong misspelt 'unknown directive' <<< '#! exits 1'
wrong does-not-compile 'does not compile' <<< 'SYNTAX'
wrong wrongly-accepted 'status 0, expected 1' <<< '#! rejected'

program only-elsewhere <<< $'exit 1\n#! skip release tsan'
must_fail "a program that is skipped" 'no programs' e2e only-elsewhere
must_fail "the same in another build" 'status 1' e2e --preset asan only-elsewhere
must_fail "no compiler" 'no compiler' "$SOURCE/tools/e2e" --preset nothing

program refused <<< $'SYNTAX\n#! rejected\n#! stderr: E0001'
must "a program that is refused" e2e refused
