#!/usr/bin/env bash
# Running a program: the signals that ask it to end, crash reports, seeds, and values that are refused.
. "$(dirname "$0")/../lib.sh"
build() { "$BUILD/bin/skitc" build "$tmp/$1.skit" -o "$tmp/$1"; }

# Two programs: in one the end takes a moment, in the other as long as ends may take.
cat > "$tmp/waits.skit" <<'P'
actor worker(out :: Pid<Int>) do
  send(out, 1)
  receive do k -> println("got ${k + 1}") end
  terminate do
    println("bye")
    Timer.sleep(300)
    println("done")
  end
end
fn main() do
  spawn(worker, self())
  receive do k -> println("up ${k}") end
  Timer.sleep(3600000)
end
P
sed 's/sleep(300)/sleep(60000)/' "$tmp/waits.skit" > "$tmp/lingers.skit"
build waits
build lingers

# until_said TEXT: waits until the program has printed it.
until_said() {
    until grep -qs "$1" "$tmp/out"; do sleep 0.05; done # for ever, if it does not
}

# ends PROGRAM SIGNAL...: runs it, sends the signals one after the other, leaves its output and status.
ends() {
    local pid signal program=$1
    shift
    rm -f "$tmp/out" # what the last one said is not what this one says
    env --default-signal=INT "$tmp/$program" > "$tmp/out" 2>&1 & # the shell has its background jobs ignore it
    pid=$!
    until_said up
    for signal in "$@"; do
        kill "-$signal" "$pid"
        until_said bye
    done
    status=0
    wait "$pid" 2> "$tmp/wait" || status=$?
}
ends waits TERM
[ "$status $(tr '\n' ' ' < "$tmp/out")" = "143 up 1 bye done " ] || fail "SIGTERM: status $status: $(cat "$tmp/out")"
ends lingers TERM TERM
[ "$status" = 143 ] || fail "a second SIGTERM: status $status"
grep -q done "$tmp/out" && fail "a second SIGTERM did not end it at once"

# Either signal, and either after the other.
ends waits INT
[ "$status $(tr '\n' ' ' < "$tmp/out")" = "130 up 1 bye done " ] || fail "SIGINT: status $status: $(cat "$tmp/out")"
ends lingers INT INT
[ "$status" = 130 ] || fail "a second SIGINT: status $status"
grep -q done "$tmp/out" && fail "a second SIGINT did not end it at once"
ends lingers TERM INT
[ "$status" = 130 ] || fail "SIGINT after SIGTERM: status $status"
grep -q done "$tmp/out" && fail "SIGINT after SIGTERM did not end it at once"

cat > "$tmp/crash.skit" <<'P'
actor bad() do panic("boom") end
fn main() do
  spawn(bad)
  Timer.sleep(20)
end
P
build crash
report() { BUSKIN_CRASH=$1 "$tmp/crash" 2>&1; }
[ -z "$(report off)" ] || fail "off: $(report off)"
[[ "$(report line)" =~ ^panic\ in\ Pid\([0-9]+\):\ boom\ at\ [^[:space:]]*crash.skit:1:[0-9]+$ ]] || fail "line: $(report line)"
[[ "$(report full)" == *"boom"*"is bad: 0 messages wait"*"#0 "*"crash.skit:1"* ]] || fail "full: $(report full)"
strip "$tmp/crash"
[[ "$(report full)" == *"boom"*"is bad: 0 messages wait"*"#0 program+0x"* ]] || fail "full, stripped: $(report full)"

hash() { BUSKIN_SEED=$1 BUSKIN_TRACE_HASH=1 BUSKIN_CRASH=off "$tmp/crash" 2>&1; }
[[ "$(hash 5)" =~ ^buskin:\ seed\ 5,\ trace\ [0-9a-f]{16}\ of\ [0-9]+\ choices$ ]] || fail "no trace: $(hash 5)"
[ "$(hash 5)" = "$(hash 5)" ] || fail "seed 5 does not replay"

refused() { must_fail "$1" "$1 cannot be used" env "$@" "$tmp/crash"; }
refused BUSKIN_CRASH=loud
refused BUSKIN_SEED=-1
refused BUSKIN_SEED=18446744073709551616
refused BUSKIN_TRACE_HASH=1
