#!/usr/bin/env bash
# A Skit program gives a message back before its handler goes on when the handler only reads it: the arm drops it, and nothing of it
# becomes part of the heap. Which arms do, and which must keep it (docs/memory.md).
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/arms.skit" <<'P'
type Shape do Dot; Segment((Int, Int), String) end
struct Job do id :: Int; name :: String end

actor reads_numbers(out :: Pid<Int>) do receive do (a, (b, c)) -> send(out, a + b + c) end end
actor reads_some(out :: Pid<Int>) do receive do Job { id } -> send(out, id) end end
actor reads_a_text(out :: Pid<Int>) do receive do "go" -> send(out, 1) _ -> send(out, 2) end end
actor reads_a_list(out :: Pid<Int>) do receive do [(a, _), (b, _)] -> send(out, a - b) _ -> send(out, 0) end end
actor reads_a_variant(out :: Pid<Int>) do receive do Segment((x, _), "left") -> send(out, x) _ -> send(out, 0) end end
actor reads_under_a_guard(out :: Pid<Int>) do receive do (n, (m, _)) when n > m -> send(out, n) _ -> send(out, 0) end end
actor names_but_ignores(out :: Pid<Int>) do receive do (n, text) -> send(out, n) end end

actor keeps_a_text(out :: Pid<Int>) do receive do (n, text) -> send(out, n + String.length(text)) end end
actor keeps_an_object(out :: Pid<(Int, Int)>) do receive do (_, pair) -> send(out, pair) end end
actor keeps_the_whole(out :: Pid<Job>) do receive do job -> send(out, job) end end

fn main() do
  let n = receive do x -> x after 0 -> 0 end
  let me = self()
  send(spawn(reads_numbers, me), (n, (n, n)))
  send(spawn(reads_some, me), Job { id: n, name: "a" })
  send(spawn(reads_a_text, me), "go")
  send(spawn(reads_a_list, me), [(n, "a"), (n, "b")])
  send(spawn(reads_a_variant, me), Segment((n, n), "left"))
  send(spawn(reads_under_a_guard, me), (n, (n, "a")))
  send(spawn(names_but_ignores, me), (n, "a"))
  send(spawn(keeps_a_text, me), (n, "a"))
  send(spawn(keeps_an_object), (n, (n, n)))
  send(spawn(keeps_the_whole), Job { id: n, name: "a" })
end
P
sed -i 's/spawn(keeps_an_object)/spawn(keeps_an_object, spawn(pairs))/; s/spawn(keeps_the_whole)/spawn(keeps_the_whole, spawn(jobs))/' "$tmp/arms.skit"
cat >> "$tmp/arms.skit" <<'P'
actor pairs() do receive do (_, _) -> () end end
actor jobs() do receive do Job { id } -> println("${id}") end end
P
must "compile" "$BUILD/bin/skitc" emit -O0 --emit=ll "$tmp/arms.skit" -o "$tmp/arms.ll"

# calls ACTOR ROW: how often its body calls the row
calls() {
    awk -v name="^define .*@\"?Arms\\.$1[<(]" '$0 ~ name { on = 1 } on { print } on && /^}/ { exit }' "$tmp/arms.ll" > "$tmp/body"
    [ -s "$tmp/body" ] || echo "no function $1"
    grep -c "@buskin_$2(" "$tmp/body" || true
}

for actor in reads_numbers reads_some reads_a_text reads_a_list reads_a_variant reads_under_a_guard names_but_ignores; do
    [ "$(calls $actor receive_take)" = 0 ] || fail "$actor keeps its message"
    [ "$(calls $actor receive_drop)" != 0 ] || fail "$actor does not give its message back"
done
for actor in keeps_a_text keeps_an_object keeps_the_whole; do
    [ "$(calls $actor receive_take)" = 1 ] || fail "$actor must keep its message"
done
