/*
 * Every diagnostic of section 16 of the language: its code, its place and the words its text must hold. In a program a
 * `^` (no character of Skit) marks the place. Exactly one diagnostic is expected: an error must not cause others.
 */
#include "skit_source.h"

#define M "; fn main() do 0 end"

typedef struct row {
    const char *code;
    const char *word;
    const char *program;
} row;

static const row rows[] = {
    /* -- The language's own table -- */
    {"E0001", "expected `String`, found `Int`", "fn main() do println(^1) end"},
    {"E0006", "`String`", "fn main() do println(^\"a\" + \"b\") end"},
    {"E0001", "expected `Int`, found `String`", "fn f(0) = 0; fn f(n) = ^\"s\"" M},
    {"E0003", "takes 1 arguments, found 2", "fn main() do ^f(1, 2) end; fn f(x) = x"},
    {"E0009", "`y`", "struct P do x :: Int end; fn main() do P { ^y: 1 } end"},
    {"E0014", "expected `Int`, found `String`",
     "actor a() do receive do 1 -> () end end; fn main() do send(spawn(a), ^\"s\") end"},
    {"E0017", "`receive`", "fn main() do let f = fn -> ^receive do x -> x end end end"},
    {"E0036", "`Int`", "fn f() -> Int do ^Some(1)? end" M},
    {"E0105", "`a`", "actor a() do ^a(); 1 end" M},
    {"E0101", "expected `)`, found `end`", "fn main() do (1 ^end"},
    {"E0018", "must return Pid", "supervisor S do child c do start: ^fn -> 1 end end end" M},
    /* -- E0100: characters, strings, comments, numbers -- */
    {"E0100", "`@`", "fn main() do ^@ end"},
    {"E0100", "`&`", "fn main() do 1 ^& 2 end"},
    {"E0100", "character", "fn main() do ^\xC3\xA9 end"},
    {"E0100", "UTF-8", "fn main() do \"ab^\xFF\" end"},
    {"E0100", "string", "fn main() do ^\"abc end"},
    {"E0100", "string", "fn main() do ^\"\"\"abc\" end"},
    {"E0100", "string", "fn main() do println(\"in ${\"a\"} ${^\"b)\n} end"},
    {"E0100", "comment", "fn main() do ^#= #= =# end"},
    {"E0100", "Int", "fn main() do ^9223372036854775808 end"},
    {"E0100", "Int", "fn main() do -(^9223372036854775808) end"},
    {"E0100", "Int", "fn main() do ^0xFFFFFFFFFFFFFFFF end"},
    {"E0100", "number", "fn main() do ^12ab end"},
    {"E0100", "number", "fn main() do ^0b2 end"},
    /* -- E0101 -- */
    {"E0101", "a definition", "^1"},
    {"E0101", "expected `=` or `do`, found `end`", "fn main() ^end"},
    {"E0101", "expected a name, found `(`", "fn ^() do 1 end"},
    {"E0101", "expected `end`, found `)`", "fn main() do ^) end"},
    {"E0101", "expected `do`, found the end of the file", "fn main() do case 1 ^"},
    {"E0101", "expected `end`, found the end of the file", "fn main() do 1\n^"},
    {"E0101", "expected `=`", "fn main() do let x ^1 end"},
    {"E0101", "`=>`", "fn main() do 1 ^=> 2 end"},
    {"E0101", "expected `->`", "fn main() do case 1 do 1 ^2 end end"},
    {"E0101", "found `where`", "fn main() do ^where end"},
    {"E0101", "after `pub`", "pub ^1"},
    {"E0101", "`${`", "fn main() do case \"a\" do \"b^${1}\" -> 1 end end"},
    {"E0101", "`call`", "service S do ^1 end" M},
    {"E0101", "`strategy`", "supervisor S do ^1 end" M},
    {"E0101", "expected `(`", "fn main() do spawn ^1 end"},
    {"E0101", "found `.`", "fn main() do 1\n^.x end"},
    {"E0101", "a member name", "fn main() do a.^1 end"},
    {"E0101", "a pattern", "fn main() do let ^+ = 1 end"},
    {"E0101", "a type", "fn f(x :: ^int) = 1" M},
    {"E0101", "a number", "supervisor S do max_restarts: ^many end" M},
    {"E0101", "an upper-case name", "type ^t = Int" M},
    {"E0101", "`do`", "fn main() do if true ^1 end end"},
    {"E0101", "found `|`", "fn main() do 1 ^| 2 end"},
    /* -- E0001 -- */
    {"E0001", "expected `Bool`, found `Int`", "fn main() do if ^1 do 2 end end"},
    {"E0001", "expected `Bool`, found `Int`", "fn main() do while ^1 do 2 end end"},
    {"E0001", "expected `Int`, found `String`", "fn main() do if true do 1 else 2; ^\"s\" end end"},
    {"E0001", "expected `Int`, found `Float`", "fn f(x :: Int) = x; fn g() = f(^1.5)" M},
    {"E0001", "expected `Int`, found `String`", "fn main() do case 1 do 1 -> 1; ^\"s\" -> 2 end end"},
    {"E0001", "expected `Int`, found `String`", "fn main() do case 1 do 1 -> 1; _ -> ^\"s\" end end"},
    {"E0001", "expected `Int`, found `Bool`", "fn main() do let x :: Int = ^true end"},
    {"E0001", "expected `Int`, found `String`", "fn main() do 1 + ^\"a\" end"},
    {"E0001", "expected `Int`, found `Float`", "fn main() do [1, ^2.0] end"},
    {"E0001", "expected `Bool`, found `Int`", "fn main() do false and ^1 end"},
    {"E0001", "expected `Bool`, found `Int`", "fn main() do not ^1 == 2 end"},
    {"E0001", "expected `Int`, found `Bool`", "fn f() -> Int do 1; 2; ^true end" M},
    {"E0001", "expected `Int`, found `()`", "fn f() -> Int do ^let x = 1 end" M},
    {"E0001", "expected `Int`, found `String`", "fn f() -> Int do if true do return ^\"s\" end; 1 end" M},
    {"E0001", "expected `Int`, found `()`", "fn f() -> Int do if true do ^return end; 1 end" M},
    {"E0001", "expected `T`, found `Int`", "fn f<T>(x :: T) -> T = ^1" M},
    {"E0001", "expected `A`, found `B`", "fn f<A, B>(x :: A, y :: B) -> A = ^y" M},
    {"E0001", "expected `Int`, found `String`", "fn f(0, x :: Int) = x; fn f(n, x :: ^String) = 1" M},
    {"E0001", "expected `Int`, found `String`", "struct P do x :: Int end; fn main() do P { x: ^\"s\" } end"},
    {"E0001", "expected `Pid<_>`, found `Int`", "fn main() do send(^1, 2) end"},
    {"E0001", "expected `List<_>`, found `Int`", "fn main() do for x in ^1 do x end end"},
    {"E0001", "expected `List<_>`, found `String`", "fn main() do ^(\"abc\")[0] end"},
    {"E0001", "expected `Int`, found `String`", "fn main() do [1][^\"a\"] end"},
    {"E0001", "expected `(Int, String)`, found `(_, _, _)`", "fn main() do let ^(a, b, c) = (1, \"\") end"},
    {"E0001", "expected `Int`, found `String`", "actor a(n :: Int) do () end; fn main() do spawn(a, ^\"s\") end"},
    {"E0001", "expected `Fun(Int) -> _`, found `Fun() -> Int`", "fn main() do List.map([1], ^fn -> 1 end) end"},
    {"E0001", "expected `Pid<Int>`, found `Pid<String>`",
     "fn f(p :: Pid<Int>) = 1; actor a() do receive do \"\" -> 1 end end; fn main() do f(^spawn(a)) end"},
    {"E0001", "found `Int`", "fn a() do receive do \"s\" -> 1 end end; actor b() do a(); receive do ^1 -> 2 end end" M},
    /* -- E0002 -- */
    {"E0002", "infinite", "fn f(x) = x(^x)" M},
    {"E0002", "infinite", "fn f(x) = [x] == ^x" M},
    {"E0002", "infinite", "^type A = List<A>" M},
    {"E0002", "infinite", "struct A do b :: B end; struct B do ^a :: (Int, A) end" M},
    /* -- E0003 -- */
    {"E0003", "takes 0 arguments, found 1", "fn f() = 1; fn main() do 1 + ^f(2) end"},
    {"E0003", "takes 3 arguments, found 1", "fn main() do case Some(1) do ^Down(r) -> 1; _ -> 2 end end"},
    {"E0003", "takes 1 arguments, found 2", "fn main() do case Some(1) do ^Some(a, b) -> 1 end end"},
    {"E0003", "takes 1 arguments, found 0", "fn main() do case Some(1) do ^Some -> 1 end end"},
    {"E0003", "takes 1 arguments, found 2", "fn f(x :: ^Option<Int, Int>) = 1" M},
    {"E0003", "takes 0 arguments, found 1", "fn f(x :: ^Int<Int>) = 1" M},
    {"E0003", "takes 1 arguments, found 0", "actor a(n) do () end; fn main() do ^spawn(a) end"},
    {"E0003", "takes 2 arguments, found 1", "fn main() do ^send(self()) end"},
    {"E0003", "takes 1 arguments, found 2", "fn main() do ^1 |> f(2) end; fn f(x) = x"},
    {"E0003", "takes 2 arguments, found 3", "fn main() do ^[1].get(1, 2) end"},
    {"E0003", "takes 1 arguments, found 2", "fn main() do ^Tuple.first((1, 2), 3) end"},
    {"E0003", "takes 0 arguments, found 1",
     "supervisor S do child c do start: fn -> self() end end end; fn main() do ^spawn(S, 1) end"},
    /* -- E0004, E0005 -- */
    {"E0004", "`nope`", "fn main() do ^nope end"},
    {"E0004", "`nope`", "fn main() do 1 + ^nope(2) end"},
    {"E0004", "`Nope`", "fn main() do ^Nope(2) end"},
    {"E0004", "`Nope`", "fn main() do ^Nope.f(2) end"},
    {"E0004", "`Nope`", "fn f(x :: ^Nope) = 1" M},
    {"E0004", "`Nope`", "fn main() do ^Nope { x: 1 } end"},
    {"E0004", "`Nope`", "fn main() do case 1 do ^Nope { x } -> 1 end end"},
    {"E0004", "`x`", "fn main() do if true do let x = 1 end; ^x end"},
    {"E0004", "`nope`", "fn main() do spawn(^nope) end"},
    {"E0004", "`List`", "fn main() do ^List end"},
    {"E0004", "`x`", "fn main() do let x = ^x end"},
    {"E0005", "`Int`", "fn main() do ^1(2) end"},
    {"E0005", "`Int`", "fn f(x :: Int) = ^x(1)" M},
    {"E0005", "`Option<_>`", "fn main() do ^None() end"},
    {"E0005", "`Int`", "fn main() do ^1 |> 2 end"},
    /* -- E0006 -- */
    {"E0006", "`Bool`", "fn main() do ^true + false end"},
    {"E0006", "`String`", "fn main() do ^-\"a\" end"},
    {"E0006", "`Int`", "fn main() do ^1 ++ 2 end"},
    {"E0006", "`Fun(_) -> _`", "fn main() do ^fn x -> x end == fn x -> x end end"},
    {"E0006", "`Fun(_) -> _`", "fn main() do println(\"a ${^fn x -> x end}\") end"},
    {"E0006", "`Box<Fun() -> Int>`",
     "struct Box<T> do item :: T end; fn main() do println(\"${^Box { item: fn -> 1 end }}\") end"},
    {"E0006", "`F`", "struct F do f :: Fun() -> Int end; fn main() do let a = F { f: fn -> 1 end }; ^a == a end"},
    {"E0006", "`String`", "fn add(a, b) = a + b; fn main() do add(^\"a\", \"b\") end"},
    {"E0006", "`Fun() -> Int`", "fn same(a, b) = a == b; fn main() do same(^fn -> 1 end, fn -> 2 end) end"},
    {"E0006", "`Fun() -> Int`", "fn main() do [1].map(fn x -> to_string(^fn -> x end) end) end"},
    /* -- E0009, E0030 -- */
    {"E0009", "`y`", "struct P do x :: Int end; fn f(p :: P) = ^p.y" M},
    {"E0009", "`y`", "struct P do x :: Int end; fn f(p :: P) = %{p | ^y: 1}" M},
    {"E0009", "`x`", "struct P do x :: Int end; fn main() do P { x: 1, ^x: 2 } end"},
    {"E0101", "expected a name, found `,`", "struct P do x :: Int^, y :: Int end"},
    {"E0009", "`y`", "struct P do x :: Int; y :: Int end; fn main() do ^P { x: 1 } end"},
    {"E0009", "`y`", "struct P do x :: Int end; fn f(P { ^y }) = 1" M},
    {"E0009", "`x`", "struct P do x :: Int end; fn f(P { x: 1, ^x }) = 1" M},
    {"E0009", "known", "fn f(p) = ^p.x" M},
    {"E0009", "known", "fn f(p) = %{^p | x: 1}" M},
    {"E0009", "known", "fn f(p) = ^p.m(1)" M},
    {"E0009", "known", "fn f(p) = Tuple.first(^p)" M},
    {"E0009", "element 2", "fn main() do Tuple.nth((1, 2), ^2) end"},
    {"E0009", "`Int`", "fn main() do ^1.x end"},
    {"E0030", "`nope`", "fn main() do ^[1].nope() end"},
    {"E0030", "`nope`", "struct P do x :: Int end; fn f(p :: P) = ^p.nope()" M},
    {"E0030", "`length`", "fn main() do ^(1, 2).length() end"},
    /* -- E0010, E0011 -- */
    {"E0010", "`Nope`", "fn main() do case 1 do ^Nope -> 1 end end"},
    {"E0010", "`Nope`", "type T do A end; fn main() do ^T.Nope end"},
    {"E0010", "`Nope`", "type T do A end; fn f(^T.Nope) = 1" M},
    {"E0011", "names", "fn main() do case (1, 2) do ^(a, 1) | (1, b) -> 1 end end"},
    {"E0011", "names", "fn main() do case Some(1) do ^Some(a) | None -> 1 end end"},
    /* -- E0013, E0025 -- */
    {"E0013", "guard", "fn g(x) = true; fn f(x) when ^g(x) = 1" M},
    {"E0013", "guard", "fn f(xs) when ^[1][0] == 1 = 1" M},
    {"E0013", "guard", "fn f(x) when 1 < ^(if x do 1 else 2 end) = 1" M},
    {"E0013", "guard", "fn main() do case [1] do xs when List.length(^map(xs, fn x -> x end)) > 0 -> 1 end end"},
    {"E0013", "guard", "fn f(x) when ^Process.alive(x) = 1" M},
    {"E0013", "guard", "fn f(x) when ^do true end = 1" M},
    {"E0025", "`Int`", "fn f(x) when ^1 = 1" M},
    {"E0025", "`String`", "fn main() do case 1 do x when ^\"${x}\" -> 1 end end"},
    /* -- E0014, E0016 -- */
    {"E0014", "`String`", "fn f(p :: Pid<Int>) = Timer.send_after(p, 10, ^\"s\")" M},
    {"E0014", "`Int`", "fn main() do send(self(), 1); send(self(), ^\"s\") end"},
    {"E0014", "expected `Int`, found `String`", "fn main() do receive do 1 -> 1 end; send(self(), ^\"s\") end"},
    {"E0016", "spawned", "fn f() = 1; fn main() do spawn(^f) end"},
    {"E0016", "spawned", "fn main() do spawn(^fn -> 1 end) end"},
    {"E0016", "spawned", "actor a() do () end; fn main() do let a = 1; spawn_link(^a) end"},
    /* -- E0017 -- */
    {"E0017", "`f`", "fn f() do receive do 1 -> 2 end end; fn main() do let g = fn -> ^f() end end"},
    {"E0017", "`f`", "fn f() do self() end; fn main() do let g = ^f end"},
    {"E0017", "`f`", "fn f() do g() end; fn g() do self() end; fn main() do Job.async(^f) end"},
    {"E0017", "`receive`", "actor a() do 1 terminate do ^receive do x -> x end end end" M},
    {"E0017", "`receive`", "service S do fn init() = ^receive do x -> x end end" M},
    {"E0017", "`receive`", "service S do fn init() = 1; cast C() do |s| ^receive do x -> x end end end" M},
    {"E0017", "`f`", "fn f() = self(); supervisor S do child c do start: fn -> ^f() end end end" M},
    /* -- E0018 .. E0021 -- */
    {"E0018", "must return Pid", "supervisor S do child c do start: ^1 end end" M},
    {"E0018", "must return Pid",
     "actor a(n) do () end; supervisor S do child c do start: ^fn n -> spawn(a, n) end end end" M},
    {"E0018", "must return Pid", "supervisor S do ^child c do restart: permanent end end" M},
    {"E0019", "`all`", "supervisor S do strategy: ^all end" M},
    {"E0019", "`c`",
     "supervisor S do child c do start: fn -> self() end end; ^child c do start: fn -> self() end end end" M},
    {"E0019", "one child", "supervisor S do strategy: ^simple_one_for_one end" M},
    {"E0020", "`often`", "supervisor S do child c do start: fn -> self() end; restart: ^often end end" M},
    {"E0021", "`never`", "supervisor S do child c do start: fn -> self() end; shutdown: ^never end end" M},
    {"E0019", "max_restarts is above", "^supervisor S do max_restarts: 1000000001 end" M},
    {"E0019", "window_ms is not in", "^supervisor S do max_seconds: 0 end" M},
    {"E0019", "window_ms is not in", "^supervisor S do max_seconds: 9223372036854775807 end" M},
    {"E0019", "auto_shutdown `some`", "supervisor S do auto_shutdown: ^some end" M},
    {"E0019", "auto_shutdown is none of",
     "^supervisor S do strategy: simple_one_for_one; auto_shutdown: any_significant; child c do start: fn -> self() end end end" M},
    {"E0021", "shutdown_ms is neither",
     "supervisor S do ^child c do start: fn -> self() end; shutdown: 4294967296 end end" M},
    {"E0020", "a significant child must",
     "supervisor S do auto_shutdown: any_significant; ^child c do start: fn -> self() end; significant: true end end" M},
    {"E0020", "a significant child must",
     "supervisor S do ^child c do start: fn -> self() end; restart: temporary; significant: true end end" M},
    {"E0020", "backoff_max_ms is below",
     "supervisor S do ^child c do start: fn -> self() end; backoff_min: 2; backoff_max: 1 end end" M},
    {"E0020", "a breaker needs",
     "supervisor S do ^child c do start: fn -> self() end; breaker_failures: 2; breaker_window: 10 end end" M},
    {"E0020", "a breaker needs", "supervisor S do ^child c do start: fn -> self() end; breaker_cooldown: 5 end end" M},
    {"E0101", "`true` or `false`", "supervisor S do child c do start: fn -> self() end; significant: ^maybe end end" M},
    /* -- E0022 .. E0024 -- */
    {"E0022", "catch-all", "^fn f(x) = 1; fn f(0) = 2" M},
    {"E0022", "catch-all", "fn f(0, 1) = 0; ^pub fn f(_, y) = 1; fn f(0, 0) = 2" M},
    {"E0022", "catch-all", "^fn f() = 1; fn f() = 2" M},
    {"E0023", "`f`", "fn f(0) = 1; fn g() = 2; ^fn f(1) = 2" M},
    {"E0023", "`f`", "fn f(0) = 1; struct P do x :: Int end; ^fn f(1) = 2" M},
    {"E0024", "`f`", "fn f(0) = 1; ^fn f(1, 2) = 2" M},
    {"E0024", "arguments", "fn main() do let f = fn 0 -> 1 | ^1, 2 -> 3 end end"},
    /* -- E0028, E0029 -- */
    {"E0028", "cannot derive `Foo`", "struct P do x :: Int end deriving(Eq, ^Foo)" M},
    {"E0029", "requires `Eq`", "type T do A end deriving(Display, ^Ord)" M},
    /* -- E0031 .. E0034 -- */
    {"E0031", "`Nope` not found", "^import Nope" M},
    {"E0031", "`List.Deep` not found", "^import List.Deep" M},
    {"E0031", "`Nope` not found", "^from Nope import f" M},
    {"E0034", "`nope`", "from List import map, ^nope" M},
    {"E0034", "`nope`", "fn main() do ^List.nope([]) end"},
    {"E0034", "`nope`", "service S do fn init() = 1 end; fn main() do ^S.nope() end"},
    {"E0034", "`GetCount`",
     "service S do fn init() = 1; call GetCount() do |s| (s, 1) end end; fn f(p) = ^S.GetCount(p)" M},
    {"E0034", "`start_child`",
     "supervisor S do child c do start: fn -> self() end end end; fn f(p) = ^S.start_child(p)" M},
    {"E0004", "`Prim`", "fn main() do ^Prim.f() end"},
    {"E0032", "`break`", "fn main() do ^break end"},
    {"E0032", "`break`", "fn main() do for x in [1] do fn -> ^break end end end"},
    {"E0033", "`continue`", "fn main() do while true do 1 end; ^continue end"},
    /* -- E0036, E0037 -- */
    {"E0036", "`Result<Int, String>`", "fn f(s) -> Int? do ^g(s)? end; fn g(s) -> Int!String = Ok(1)" M},
    {"E0036", "`Result<Int, Int>`", "fn f() -> Int!String do ^g()? end; fn g() -> Int!Int = Ok(1)" M},
    {"E0036", "`Option<Int>`", "actor a() do ^Some(1)? end" M},
    {"E0037", "`Int`", "fn main() do ^1? end"},
    {"E0037", "`List<Int>`", "fn f() -> Int? do ^[1]? end" M},
    /* -- E0102 .. E0104 -- */
    {"E0102", "`f`", "actor f() do () end; ^fn f() = 1" M},
    {"E0102", "`P`", "struct P do x :: Int end; ^type P = Int" M},
    {"E0102", "`A`", "type T do A end; type U do B; ^A end" M},
    {"E0102", "`x`", "struct P do x :: Int; ^x :: Int end" M},
    {"E0102", "`Int`", "^struct Int do x :: Float end" M},
    {"E0102", "`x`", "fn f(x, ^x) = 1" M},
    {"E0102", "`a`", "fn main() do let (a, (b, ^a)) = (1, (2, 3)) end"},
    {"E0102", "`init`", "service S do fn init(0) = 1; ^fn init(x) = 2 end" M},
    {"E0102", "`GetX`", "service S do fn init() = 1; call GetX() do |s| (s, 1) end; ^cast GetX() do |s| s end end" M},
    {"E0102", "`S`", "type S = Int; ^service S do fn init() = 1 end" M},
    {"E0103", "`main`", "^fn f() = 1"},
    {"E0103", "`main`", "^"},
    {"E0103", "parameters", "fn f() = 1; ^fn main(x) = 1"},
    {"E0104", "`init`", "^service S do call X() do |s| (s, 1) end end" M},
    {"E0104", "`init`", "service S do ^fn other() = 1 end" M},
    /* -- E0105 .. E0107 -- */
    {"E0105", "`a`", "actor a() do () end; fn main() do ^a() end"},
    {"E0105", "`a`", "actor a() do 1 + ^a() end" M},
    {"E0105", "`a`", "actor a() do let f = fn -> ^a() end; 1 end" M},
    {"E0105", "`a`", "actor a() do for x in [1] do ^a() end end" M},
    {"E0105", "`a`", "actor a() do () end; fn main() do let x = ^a end"},
    {"E0105", "`a`", "actor a() do 1 terminate do ^a() end end" M},
    {"E0106", "`for`", "fn main() do let r = ^1..2 end"},
    {"E0106", "`for`", "fn main() do for x in [^1..2] do x end end"},
    {"E0107", "message type", "actor a() do receive do [] -> () end end; fn main() do ^spawn(a) end"},
    {"E0107", "message type", "actor a() do receive do x -> println(\"${x}\") end end; fn main() do ^spawn(a) end"},
    {"E0107", "message type", "fn main() do ^receive do [] -> 1 end end"},
    /* -- E0108 .. E0110: mailboxes -- */
    {"E0108", "capacity 0", "actor a() mailbox(^0, block) do () end" M},
    {"E0108", "16777216", "actor a() mailbox(^16777217, block) do () end" M},
    {"E0101", "number of messages", "actor a() mailbox(^block) do () end" M},
    {"E0101", "`mailbox`", "fn f() ^mailbox(1, block) do () end" M},
    {"E0109", "`drop`", "actor a() mailbox(5, ^drop) do () end" M},
    {"E0109", "fall back", "actor a() mailbox(5, coalesce, ^coalesce) do () end" M},
    {"E0109", "casts", "service S ^mailbox(5, coalesce) do fn init() = 1 end" M},
    {"E0110", "(Int, Int)", "actor a() mailbox(5, coalesce(^x)) do receive do (1, 2) -> () end end" M},
    {"E0110", "do not have", "actor a() mailbox(5, coalesce(^2)) do receive do (1, 2) -> () end end" M},
    {"E0110", "a key is an Int", "actor a() mailbox(5, coalesce(^1)) do receive do (1, \"s\") -> () end end" M},
    {"E0110", "without a key", "actor a() ^mailbox(5, coalesce) do receive do (1, \"s\") -> () end end" M},
    {"E0110", "as a whole", "actor a() ^mailbox(5, coalesce) do receive do \"s\" -> () end end" M},
    {"E0110", "no struct", "actor a() mailbox(5, coalesce(^0)) do receive do 1 -> () end end" M},
    {"E0110", "do not have",
     "struct R do x :: Int end; actor a() mailbox(5, coalesce(^z)) do receive do R { x: 1 } -> () end end" M},
};

/* The program without its mark; line and column of the mark. */
static char *unmark(const char *program_text, int *line, int *col) {
    const char *mark = strchr(program_text, '^');
    assert_non_null(mark);
    *line = *col = 1;
    for (const char *c = program_text; c < mark; c++) {
        *col = *c == '\n' ? 1 : *col + 1;
        *line += *c == '\n';
    }
    char *text = strdup(program_text);
    memmove(text + (mark - program_text), mark + 1, strlen(mark + 1) + 1);
    return text;
}

static int count(const char *text, const char *part) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++) n++;
    return n;
}

static bool row_holds(const row *r) {
    int ok, line, col;
    char *program_text = unmark(r->program, &line, &col), want[64];
    char *text = source_check_one(program_text, strlen(program_text), &ok);
    snprintf(want, sizeof want, "p.skit:%d:%d: error[%s]: ", line, col, r->code);
    bool holds = !ok && strncmp(text, want, strlen(want)) == 0 && strstr(text, r->word) && count(text, "error[") == 1;
    if (!holds) print_error("%s\n  wanted %s.. %s\n  got    %s\n", r->program, want, r->word, text);
    free(program_text);
    free(text);
    return holds;
}

static void each_code_has_its_place(void **state) {
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) failed += !row_holds(&rows[i]);
    assert_int_equal(failed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_code_has_its_place)};
    return cmocka_run_group_tests(tests, source_begin, source_end);
}
