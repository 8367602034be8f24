#!/usr/bin/env bash
# tools/matrix: its combinations have every pair, a fault in one pair alone is found, and a few programs pass in all of them.
. "$(dirname "$0")/../lib.sh"
matrix() { "$SOURCE/tools/matrix" "$@"; }

# Every two values of two factors meet, but for the second collector with TSan.
list=$(matrix --list)
pair() { grep -w -e "$1" <<< "$list" | grep -qw -e "$2"; }
stacks=(stacks=shared stacks=own) collectors=(collector=own collector=boehm collector=stress)
levels=(level=0 level=1 level=2 level=3) workers=(workers=1 workers=2 workers=8) builds=(build=release build=asan build=tsan)
factors=(stacks collectors levels workers builds)
for i in 0 1 2 3; do
    for ((j = i + 1; j < 5; j++)); do
        declare -n some=${factors[i]} others=${factors[j]}
        for one in "${some[@]}"; do
            for other in "${others[@]}"; do
                case "$one $other" in
                    'collector=boehm build=tsan')
                        ! pair "$one" "$other" || fail "$one with $other" ;;
                    *) pair "$one" "$other" || fail "no $one with $other in: $list" ;;
                esac
            done
        done
    done
done
[ "$(wc -l <<< "$list")" -lt 30 ] || fail "$(wc -l <<< "$list") combinations"

# The compiler is a stand-in: it copies the program, a shell script, and notes the level in it.
cat > "$tmp/skitc" <<'S'
#!/bin/sh
for last; do :; done
{ echo '#!/bin/sh'; echo "level=$2"; cat "$3"; } > "$last" && chmod +x "$last"
S
chmod +x "$tmp/skitc"
mkdir "$tmp/programs"
stand_in() { matrix --preset release --skitc "$tmp/skitc" --programs "$tmp/programs" "$@"; }
must_fail "no programs" 'no programs' stand_in
echo 'exit 0' > "$tmp/programs/good.skit"
must "a good program" stand_in
only() { # WHAT CONDITION: a program that fails in that pair alone
    echo "if $2; then exit 1; fi" > "$tmp/programs/bad.skit"
    must_fail "$1" 'FAIL in' stand_in bad
}
only "own stacks under GC stress" '[ "$BUSKIN_STACKS$BUSKIN_GC_STRESS" = own1 ]'
only "the second collector at -O1" '[ "$BUSKIN_GC$level" = boehm-O1 ]'
must "the good program beside it" stand_in good

for wrong in --stacks=own '--preset debug' '-j 0' no_such_program; do
    status=0
    matrix $wrong > /dev/null 2>&1 || status=$?
    [ $status = 2 ] || fail "matrix $wrong: status $status"
done

must "a few programs" matrix --short -j 2
