/* Inferred signatures: generalisation, constraints, mailboxes, annotations, and what the rules of section 4 allow. */
#include "skit_source.h"

#define M "; fn main() do 0 end"

typedef struct row {
    const char *want; /* a line of the dump */
    const char *program;
} row;

static const row rows[] = {
    /* -- Generalisation and constraints -- */
    {"fn id(a) -> a", "fn id(x) = x" M},
    {"fn add(a, a) -> a where a: num", "fn add(x, y) = x + y" M},
    {"fn join(a, a) -> a where a: cat", "fn join(x, y) = x ++ y" M},
    {"fn same(a, a) -> Bool where a: data", "fn same(x, y) = x == y" M},
    {"fn show(a, a) -> String where a: num data", "fn show(x, y) = \"${x + y}\"" M},
    {"fn pair(a, b) -> (b, a)", "fn pair(x, y) = (y, x)" M},
    {"fn map(List<a>, Fun(a) -> b) -> List<b>", "fn map(xs, f) = for x in xs do f(x) end" M},
    {"fn compose(Fun(a) -> b, Fun(c) -> a) -> Fun(c) -> b", "fn compose(f, g) = fn x -> f(g(x)) end" M},
    {"fn f(a) -> b", "fn f(x) = panic(\"no\")" M},
    {"fn even(a) -> Bool where a: num data",
     "fn even(n) = odd(n + n); fn odd(n) = if n == n do true else even(n) end" M},
    {"fn g() -> (Int, String)", "fn id(x) = x; fn g() = (id(1), id(\"s\"))" M},
    {"fn first(List<(a, b)>) -> a", "fn first(xs) do let (x, _) = List.head(xs); x end" M},
    {"fn sum(List<Int>) -> Int", "fn sum(xs) = List.reduce(xs, 0, fn a, b -> a + b end)" M},
    {"fn f(a) -> a where a: num data", "fn f<T>(x :: T) -> T = if x < x + x do x else x end" M},
    {"fn f() -> List<()>", "fn f() = for x in [1] do println(\"\") end" M},
    {"fn f() -> List<a>", "fn f() = []" M},
    {"fn f(Bool) -> Int", "fn f(b) = if b do 1 else panic(\"\") end" M},
    {"fn f(Bool) -> ()", "fn f(b) do if b do 1 end end" M},
    {"fn f(a) -> ()", "fn f(x) do end" M},
    {"fn f(Int) -> Int", "fn f(x) do while true do break end; for i in 0..x do continue end; return x end" M},
    /* -- Annotations, aliases, predeclared types -- */
    {"fn f(Option<Int>) -> Result<Int, String>", "fn f(x :: Int?) -> Int!String = Ok(1)" M},
    {"fn f(Option<Option<Int>>) -> Result<Int, Result<Int, String>>", "fn f(x :: Int?\?) -> Int!Int!String = Ok(1)" M},
    {"fn f(Option<Int>) -> Int", "fn f(x :: Option) = case x do Some(n) -> n + 1; None -> 0 end" M},
    {"fn f((Int, String)) -> Int", "type Pair<A, B> = (A, B); fn f(p :: Pair<Int, String>) = 1" M},
    {"fn f(List<(Int, Int)>) -> Int", "type Ps = List<P>; type P = (Int, Int); fn f(p :: Ps) = 1" M},
    {"fn f(()) -> ()", "fn f(x :: Unit) -> () = nil" M},
    {"fn f(Fun(Int, Pid) -> Int) -> Int", "fn f(g :: Fun(Int, Pid) -> Int) = 1" M},
    {"fn f() -> List<List<Int>>", "fn f() do let x :: List<List<Int>>= [[1]]; x end" M},
    {"fn f(Box<a>) -> a", "struct Box<T> do item :: T end; fn f(Box { item }) = item" M},
    {"fn f(Tree<a>) -> Int", "type Tree<T> do Leaf; Node(l :: Tree<T>, T, Tree<T>) end; fn f(Leaf) = 0; "
                             "fn f(Node(l, _, r)) = f(l) + f(r)" M},
    {"fn f() -> Option<Int>", "type Mine do None end; fn f() = if true do Option.None else Some(1) end" M},
    {"fn f() -> Mine", "type Mine do None end; fn f() = None" M},
    {"fn f(String) -> Int", "fn println(x) = x + 1; fn f(s :: String) = println(String.length(s))" M},
    {"fn f() -> Fun(Int) -> Option<Int>", "fn f() do let g = Some; g(1); g end" M},
    {"fn f() -> Fun(a) -> Option<a>", "fn f() = Some" M},
    {"fn f(Int, Int) -> Ordering", "fn f(a :: Int, b) = compare(a, b)" M},
    /* -- Fields, methods, pipes -- */
    {"fn f(P) -> Int", "struct P do x :: Int; g :: Fun(Int) -> Int end; fn f(p :: P) = p.g(p.x)" M},
    {"fn f(P) -> P", "struct P do x :: Int end; fn f(p :: P) = %{p | x: p.x + 1}" M},
    {"fn f(List<Int>) -> String", "fn f(xs :: List<Int>) = xs.map(fn x -> x + 1 end).length().to_string()" M},
    {"fn f(String) -> Bool", "fn f(s :: String) = s.trim().contains(\"a\")" M},
    {"fn f(Int) -> Float", "fn f(n :: Int) = n.to_float() * Math.pi" M},
    {"fn f() -> Int", "fn f() = [1, 2] |> map(fn x -> x * 2 end) |> List.length" M},
    {"fn f() -> (Int, String, Int)",
     "fn f() do let t = (1, \"a\"); (Tuple.first(t), Tuple.nth(t, 1), Tuple.size(t)) end" M},
    {"fn f(List<a>) -> a", "fn f(xs) = xs[0]" M},
    {"fn f() -> Int", "fn f() = [1, 2].get(0)" M},
    {"fn f() -> Bool", "fn f() = true |> (fn x -> not x end)" M},
    /* -- Newlines: these have the type only if they are read as section 1 says -- */
    {"fn f() -> Int", "fn f() do\n \"a\"\n -2\nend" M},
    {"fn f() -> List<Int>", "fn f() do\n \"a\"\n [1]\nend" M},
    {"fn f() -> (Int, Int)", "fn f() do\n \"a\"\n (1, 2)\nend" M},
    {"fn f() -> Bool", "fn f() do\n 1\n !true\nend" M},
    {"fn f() -> String", "fn f() do\n \"a\"\n\n <> \"b\"\n ++ \"c\"\nend" M},
    {"fn f() -> Int", "fn f() do\n \"a\"\n |> String.length()\nend" M},
    {"fn f() -> Bool", "fn f() do\n true\n and\n\n false\n || 1 ==\n 2\nend" M},
    {"fn f() -> Float", "fn f() = (1.0\n - 2.0)" M},
    {"fn f() -> Int", "fn f() =\n\n 1" M},
    {"fn f() -> Int", "fn f() do let x =\n 1\n x end" M},
    {"fn f() -> List<Int>", "fn f() = [1,\n 2\n - 1,\n]" M},
    {"fn f() -> List<Int>", "fn f() = map([1], fn x do\n \"a\"\n -x\n end)" M},
    {"fn f() -> List<Int>", "fn f() = ([if true do\n \"a\"\n -1\n else\n 2 end]\n)" M},
    {"fn f() -> Int", "fn f() do case 1 do\n 1 ->\n  2\n -1 -> 3\n n when n > 1 -> 4; _ -> 5 end end" M},
    {"fn f() -> Int", "fn f() do let g = fn 0 -> 1\n | n ->\n \"a\"\n -n\n end\n g(1) end" M},
    {"fn f() -> Int", "fn f() do 1 2 \"a\" let x = 3 x end" M},
    {"fn f() -> Int", "fn f() do\r 1\r\n 2 # c\n ## d\n #= e #= f =# \n =# end" M},
    {"fn f() -> ()", "fn f() do if true do return\n 1 end end" M},
    {"fn f() -> String", "fn f() = \"a ${ \"b ${ (1\n - 2) }\" ++ \"}\" } c\"" M},
    {"fn f() -> String", "struct P do x :: Int end; fn f() = \"${P { x: 1 }} ${%{P { x: 1 } | x: 2}.x}\"" M},
    {"fn f() -> Int", "fn f() = not true == false |> (fn b -> if b do 1 else 2 end end)" M},
    {"fn f() -> Bool", "fn f() = 1 + 2 * 3 - 4 < 5 == (6 > 7) or \"a\" <> \"b\" == \"ab\" and !false" M},
    /* -- Closures -- */
    {"fn f() -> Fun(Int, Int) -> Int", "fn f() = fn a, b -> a + b * 1 end" M},
    {"fn f() -> Fun() -> Int", "fn f() = fn -> 1 end" M},
    {"fn f() -> Fun((a, b)) -> a", "fn f() = fn ((a, b)) -> a end" M},
    {"fn f() -> Fun(Int) -> String", "fn f() = fn 0 -> \"z\" | n when n > 3 -> \"b\" | _ -> \"c\" end" M},
    {"fn f() -> List<Int>", "struct P do x :: Int end; fn f() = List.map([P { x: 1 }], fn p -> p.x end)" M},
    {"fn f() -> Result<Int, String>",
     "fn f() do let g = fn s -> Ok(h(s)? + 1) end; g(\"\") end; fn h(s) -> Int!String = Ok(1)" M},
    /* -- Processes -- */
    {"actor a(Int) receives String", "actor a(n) do receive do \"x\" -> a(n + 1) end end" M},
    {"actor b() receives Int", "actor a() do b() end; actor b() do receive do 1 -> a() end end" M},
    {"actor any() receives a", "actor any() do receive do _ -> any() end end" M},
    {"fn f() -> Int receives a", "fn f() do receive do Down(r, _, _) -> r; Exit(_, _) -> 0 end end" M},
    {"fn f() -> Int receives Int", "fn f() do receive do Down(r, _, _) | r -> r end end" M},
    {"fn f() -> Signal receives String", "fn f() do receive do Exit(_, _) as s -> s; \"x\" -> panic(\"\") end end" M},
    {"fn f() -> Pid<a> receives a", "fn f() = self()" M},
    {"fn f() -> Pid", "fn f() do let g = fn -> self() end; g() end" M},
    {"fn f() -> Int receives Int", "fn f() = g() + 1; fn g() = receive do n -> n + 0 end" M},
    {"fn f(Pid<a>, a) -> ()", "fn f(p, x) = send(p, x)" M},
    {"fn f() -> Pid<Int>", "fn f() = Job.async(fn -> 1 end)" M},
    {"fn f() -> (Pid<Int>, Int)", "actor a() do receive do 1 -> 2 end end; fn f() = spawn_monitor(a)" M},
    {"fn f(Pid<Int>) -> Int", "fn f(p :: Pid<Int>) do let q :: Pid = p; let r :: Pid<String> = q; 1 end" M},
    {"actor a(Pid<(Pid<a>, Int)>) receives a", "actor a(p) do send(p, (self(), 1)) end" M},
    /* -- Services and supervisors -- */
    {"fn id2(Int, Pid) -> Int",
     "service S do fn init() = 0; call Get() do |n| (n, List.length([id(n, self())])) end end;"
     " fn id(x, p) = if true do x else id2(x, p) end; fn id2(x, p) = if false do S.get(p); x else x end" M},
    {"service S(Int) keeps (Int, Int)",
     "service S do fn init(n) = (n, 0); cast Up() do |s| let (a, b) = s; (a + 1, b) end end" M},
    {"service S(Int) keeps Int",
     "service S do fn init(n) do n end; call Get() do |n| (n, n) end end; fn f() = S.start(1)" M},
    {"  call get_all(Int) -> Int",
     "service S do fn init() = 0; call GetAll(k) do |n| if k > 0 do return (n, k) end; (n, 1) end end" M},
    {"fn f(Pid) -> Int", "service S do fn init() = 0; call Get() do |n| (n, n) end end; fn f(p) = S.get(p)" M},
    {"fn f(Pid) -> Pid",
     "supervisor S do strategy: simple_one_for_one; child c do start: fn(n :: Int) -> self() end end end; "
     "fn f(p) = S.start_child(p, 1)" M},
    {"fn f(Pid) -> Option<Pid>",
     "supervisor S do child c do start: fn -> self() end end end; fn f(p) = S.child(p, \"c\")" M},
};

static bool has_line(const char *text, const char *line) {
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n') return true;
    return false;
}

static void signatures(void **state) {
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int ok;
        char *text = source_check_one(rows[i].program, strlen(rows[i].program), &ok);
        bool holds = ok && has_line(text, rows[i].want);
        if (!holds) print_error("%s\n  wanted %s\n  got    %s\n", rows[i].program, rows[i].want, text);
        failed += !holds;
        free(text);
    }
    assert_int_equal(failed, 0);
}

/* Each row of builtins.def that names a prelude function has the type that was inferred for it. */
static void the_prelude_has_its_rows(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/p.skit", source_dir);
    source_write(path, &(source_text){"p.skit", "fn main() do 0 end", 18});
    const char *paths[] = {path};
    program *p = skit_front(paths, 1, source_prelude, stderr);
    unlink(path);
    assert_non_null(p);
    int rows_found = 0;
    for (int i = 0; i < BI_COUNT; i++) {
        const builtin *b = &p->builtins[i];
        if (b->how != PRELUDE) continue;
        const function *fn = b->prelude;
        if (!fn) fail_msg("the prelude has no `%s`", b->symbol);
        assert_int_equal(b->type->nargs - 1, fn->nparams);
        for (int32_t k = 0; k < fn->nparams; k++)
            assert_string_equal(type_text(p, b->type->args[k]), type_text(p, fn->params[k]));
        assert_string_equal(type_text(p, b->type->args[fn->nparams]), type_text(p, fn->result));
        assert_int_equal(b->scheme->nparams, fn->scheme->nparams);
        for (int32_t k = 0; k < fn->scheme->nparams; k++)
            assert_int_equal(b->scheme->constraints[k], fn->scheme->constraints[k]);
        rows_found++;
    }
    assert_true(rows_found > 0);
    program_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(signatures), cmocka_unit_test(the_prelude_has_its_rows)};
    return cmocka_run_group_tests(tests, source_begin, source_end);
}
