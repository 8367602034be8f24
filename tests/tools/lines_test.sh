#!/usr/bin/env bash
# What is printed in one piece stays in one piece, whoever prints, on both streams at once.
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/lines.skit" <<'P'
actor prints(line :: String, left :: Int) do
  if left > 0 do
    println(line)
    IO.eprintln(line)
    if left % 10 == 0 do Timer.sleep(0) end
    prints(line, left - 1)
  end
end
fn long(s :: String, n :: Int) -> String do if n == 0 do "" else s <> long(s, n - 1) end end
fn main() do
  for (i, c) in List.enumerate(["a", "b", "c", "d", "e", "f", "g", "h"]) do spawn(prints, long(c, 50 + 97 * i), 100) end
end
P
must "build" "$BUILD/bin/skitc" build "$tmp/lines.skit" -o "$tmp/lines"
for workers in 1 2 8; do
    BUSKIN_WORKERS=$workers timeout 200 "$tmp/lines" > "$tmp/out" 2>&1 || fail "$workers workers: status $?"
    [ "$(wc -l < "$tmp/out")" = 1600 ] || fail "$workers workers: $(wc -l < "$tmp/out") lines"
    [ "$(sort -u "$tmp/out" | wc -l)" = 8 ] || fail "$workers workers: lines are mixed: $(sort -u "$tmp/out" | cut -c1-60)"
done
