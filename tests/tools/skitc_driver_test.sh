#!/usr/bin/env bash
# skitc as a command: usage errors, compile errors, outputs, what `run` passes on and leaves behind, bad archives.
. "$(dirname "$0")/../lib.sh"
skitc=$BUILD/bin/skitc
cat > "$tmp/good.skit" <<'P'
fn main() do println("good") end
P
cat > "$tmp/bad.skit" <<'P'
fn main() do
  println(1)
end
P

# status N WHAT COMMAND...: it ends with status N
status() {
    local want=$1 what=$2 got=0
    shift 2
    "$@" > "$tmp/stdout" 2> "$tmp/stderr" || got=$?
    [ "$got" = "$want" ] || fail "$what: status $got, not $want: $(head -3 "$tmp/stderr")"
}
says() { grep -q -e "$1" "$tmp/stderr" || fail "no '$1' in: $(head -3 "$tmp/stderr")"; }

# usage
status 2 "no command" "$skitc"
says "usage: skitc build"
status 2 "unknown command" "$skitc" make "$tmp/good.skit"
says 'unknown command `make`'
status 2 "no file" "$skitc" build
status 2 "unknown option" "$skitc" build --fast "$tmp/good.skit"
says 'unknown option `--fast`'
status 2 "bad level" "$skitc" build -O7 "$tmp/good.skit"
status 2 "-o without a name" "$skitc" build "$tmp/good.skit" -o
status 2 "unknown output" "$skitc" emit --emit=elf "$tmp/good.skit"
says "takes ll, bc or obj"
status 2 "another kind of file" "$skitc" build "$tmp/stdout"
status 0 "help" "$skitc" --help

# errors leave no output and keep an old one
status 1 "compile error" "$skitc" build "$tmp/bad.skit" -o "$tmp/bad"
says "bad.skit:2:11: error\[E0001\]"
[ ! -e "$tmp/bad" ] || fail "an output after an error"
echo old > "$tmp/kept"
status 1 "compile error over an old output" "$skitc" build "$tmp/bad.skit" -o "$tmp/kept"
[ "$(cat "$tmp/kept")" = old ] || fail "the old output is gone"
status 1 "no such file" "$skitc" build "$tmp/none.skit" -o "$tmp/none"
says "none.skit"
status 1 "no such folder" "$skitc" build "$tmp/good.skit" -o "$tmp/no/such/folder"
says "cannot write"

# archives
status 1 "missing archives" env BUSKIN_LIB="$tmp" "$skitc" build "$tmp/good.skit" -o "$tmp/x"
says "libbuskin.a"
mkdir "$tmp/lib"
cp "$BUILD/lib/libskit.a" "$tmp/lib/"
epoch=buskin_abi_epoch_$("$BUILD/bin/buskin-config" --abi | tr . _)
objcopy --redefine-sym "$epoch=buskin_abi_epoch_0_0" "$BUILD/lib/libbuskin.a" "$tmp/lib/libbuskin.a"
status 1 "archive of another epoch" env BUSKIN_LIB="$tmp/lib" "$skitc" build "$tmp/good.skit" -o "$tmp/x"
says "another ABI epoch"
[ ! -e "$tmp/x" ] || fail "an output after a failed link"

# outputs
(cd "$tmp" && must "build" "$skitc" build good.skit && [ "$(./good)" = good ]) || fail "build names its output"
for kind in ll bc obj; do
    must "emit $kind" "$skitc" emit --emit=$kind "$tmp/good.skit" -o "$tmp/good.$kind"
    [ -s "$tmp/good.$kind" ] || fail "emit $kind writes nothing"
done
grep -q 'define.*@__actor_entry_' "$tmp/good.ll" || fail "no entry thunk"

# run: status, arguments, nothing left
mkdir "$tmp/t"
export TMPDIR=$tmp/t
cat > "$tmp/two.skit" <<'P'
fn main() do
  println("out")
  panic("over")
end
P
status 1 "run passes the status" "$skitc" run "$tmp/two.skit" some args --flag
[ "$(cat "$tmp/stdout")" = out ] || fail "run's output: $(cat "$tmp/stdout")"
status 0 "run" "$skitc" run "$tmp/good.skit"
status 1 "run of a bad program" "$skitc" run "$tmp/bad.skit"
cat > "$tmp/sleep.skit" <<'P'
fn main() do
  IO.eprintln("asleep")
  Timer.sleep(3600000)
end
P
"$skitc" run "$tmp/sleep.skit" 2> "$tmp/stderr" &
job=$!
until grep -q asleep "$tmp/stderr"; do sleep 0.1; done
kill -TERM $job
wait $job || true
"$skitc" run "$tmp/sleep.skit" 2> /dev/null &
job=$!
until grep -qs skitc "/proc/$job/comm" || ! kill -0 $job 2> /dev/null; do sleep 0.01; done
kill -TERM $job # while it compiles
wait $job || true
[ -z "$(ls -A "$tmp/t")" ] || fail "left behind: $(ls -A "$tmp/t")"
