/*
 * Whatever the input, the front end answers with a diagnostic or a program: files cut off, not text,
 * nested without end, or mutated at random (from a fixed seed).
 */
#include "skit_source.h"

static const char seed_program[] =
    "from List import map\n"
    "struct P<T> do x :: Int; y :: T end deriving(Eq, Ord)\n"
    "type Tree<T> do Leaf; Node(Tree<T>, T, Tree<T>) end\n"
    "type Msg do Ping(Pid, Int); Word(String); Stop end\n"
    "fn sum(Leaf) = 0\n"
    "fn sum(Node(l, n, r)) when n > -1 and n < 1_000 = sum(l) + n + sum(r)\n"
    "fn sum(Node(l, _, r)) = sum(l) + sum(r)\n"
    "fn parse(s :: String) -> Int!String do\n"
    "  case String.to_int(s) do Some(n) -> Ok(n); None -> Err(\"bad ${s} \\\"${1.5e3}\\\"\") end\n"
    "end\n"
    "fn twice(f :: Fun(Int) -> Int, x) = x |> f |> f\n"
    "actor ping(n :: Int, out :: Pid<String>) do\n"
    "  receive do\n"
    "    Ping(from, k) when k > n -> do send(from, \"${n}\"); ping(n + k, out) end\n"
    "    Word(\"a\" | \"b\") | Stop -> send(out, \"end\")\n"
    "    Exit(_, Error(why)) as s -> println(\"${s} ${why}\")\n"
    "  after 10 * 2 -> ping(n, out)\n"
    "  end\n"
    "  terminate do |r| println(\"${r}\") end\n"
    "end\n"
    "service Bank do\n"
    "  fn init(n :: Int) -> (Int, List<Int>) = (n, [])\n"
    "  call Take(k :: Int) :: Bool do |s| let (n, log) = s; if k > n do return (s, false) end; ((n - k, k :: Int), true) end\n"
    "  cast Reset() do |_s| (0, []) end\n"
    "end\n"
    "supervisor Sup do strategy: one_for_all; max_restarts: 3\n"
    "  child a do start: fn -> spawn(ping, 1, self()) end; restart: permanent; shutdown: brutal_kill end\n"
    "end\n"
    "fn main() do\n"
    "  let p = spawn(ping, 1, self())\n"
    "  let (a, [b, _] as c) = (1, [2, 3])\n"
    "  let q = %{P { x: 1, y: \"\"\"t\n\"\"\" } | x: a * b % 2}\n"
    "  for i in 0..3 when i != 1 do if i == 2 do break end; [i, q.x][0] end\n"
    "  while not true do continue end\n"
    "  let f = fn 0 -> 1 | n when n > 3 -> n - 1 | _ -> 2 end\n"
    "  println(\"${twice(f, 3)} ${map(c, fn x do x <= 3 end)} ${sum(Node(Leaf, 1, Leaf))}\") # end\n"
    "end\n";

static uint64_t seed = 88172645463325252u;

static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* Compiles; a failure must be a diagnostic with a place. */
static void answers(const char *text, size_t len) {
    int ok;
    char *result = source_check_one(text, len, &ok);
    if (!ok && !(strncmp(result, "p.skit:", 7) == 0 && strstr(result, ": error[E")))
        fail_msg("no diagnostic: %s", result);
    free(result);
}

static void expect_error(const char *text, size_t len, const char *want) {
    int ok;
    char *result = source_check_one(text, len, &ok);
    if (ok || !strstr(result, want)) fail_msg("wanted %s, got %.300s", want, result);
    free(result);
}

#define EXPECT_ERROR(text, want) expect_error(text, sizeof(text) - 1, want)

/* -- Bytes --------------------------------------------------------------------------------------------------- */

static void bytes_that_are_no_text(void **state) {
    (void)state;
    EXPECT_ERROR("fn main() do 0 end\0", "p.skit:1:19: error[E0100]");
    EXPECT_ERROR("fn main() do \"a\0b\" end", "p.skit:1:16: error[E0100]");
    EXPECT_ERROR("# \xC0\x80\nfn main() do 0 end", "p.skit:1:3: error[E0100]");
    EXPECT_ERROR("# \xED\xA0\x80", "error[E0100]");
    EXPECT_ERROR("# \xF4\x90\x80\x80", "error[E0100]");
    EXPECT_ERROR("# \xE2\x82", "error[E0100]");
    static const char good[] = "\xEF\xBB\xBF"
                               "fn main() do \"\xE2\x82\xAC\xF0\x9F\x98\x80\" end";
    int ok;
    free(source_check_one(good, sizeof good - 1, &ok));
    assert_true(ok);
    for (int c = 0; c < 256; c++) {
        char text[] = "fn main() do x end";
        text[13] = (char)c;
        answers(text, strlen("fn main() do x end"));
        answers(text + 13, 1);
    }
}

/* -- Depth --------------------------------------------------------------------------------------------------- */

static void repeat(const char *before, const char *open, const char *close, int n, const char *want) {
    size_t room = strlen(before) + (strlen(open) + strlen(close)) * (size_t)n + 64, len = 0;
    char *text = malloc(room);
    len += (size_t)sprintf(text, "fn main() do %s", before);
    for (int i = 0; i < n; i++) len += (size_t)sprintf(text + len, "%s", open);
    len += (size_t)sprintf(text + len, "1");
    for (int i = 0; i < n; i++) len += (size_t)sprintf(text + len, "%s", close);
    len += (size_t)sprintf(text + len, " end");
    if (want)
        expect_error(text, len, want);
    else
        answers(text, len);
    free(text);
}

static void nesting_is_bounded(void **state) {
    (void)state;
    static const char *const open[] = {
        "(",         "[",     "not ",      "-",  "if true do ", "\"${",  "fn -> ",
        "f(",        "{",     "do ",       "%{", "Some(",       "case ", "receive do x -> ",
        "for x in ", "1 + (", "let x = (", "#=", "return ",     "1 |> ("};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) repeat("", open[i], "", 100000, NULL);
    repeat("", "(", ")", 100, NULL);
    repeat("", "(", ")", 100000, "nested too deeply");
    repeat("", "1 + ", "", 100000, "nested too deeply");
    repeat("", "\"a\" <> \"b\" |> ", "", 100000, "nested too deeply");
    repeat("x", "", ".y", 100000, "nested too deeply");
    repeat("case 1 do ", "x :: ", " -> 1 end", 100000, "nested too deeply");
    repeat("let x :: ", "List<", ">", 100000, "nested too deeply");
    repeat("let x :: Int", "", "?", 100000, "error[E0101]");
}

static void long_is_not_deep(void **state) {
    (void)state;
    repeat("", "2; ", "", 100000, NULL);
    repeat("if true do 1 ", "else if true do 2 ", "", 20000, NULL);
    repeat("[", "1, ", "", 100000, NULL);
    size_t room = 40 * 20000 + 64, len = 0;
    char *text = malloc(room);
    for (int i = 0; i < 20000; i++) len += (size_t)sprintf(text + len, "fn f%d(x) = f%d(x)\n", i, i + 1);
    len += (size_t)sprintf(text + len, "fn f20000(x) = x\nfn main() do f0(1) end");
    int ok;
    char *result = source_check_one(text, len, &ok);
    assert_true(ok);
    free(result);
    free(text);
}

/* Types that double with every line must not take time or memory that doubles. */
static void types_do_not_explode(void **state) {
    (void)state;
    char text[8192];
    int len = sprintf(text, "fn main() do let x0 = 1\n");
    for (int i = 1; i < 60; i++) len += sprintf(text + len, "let x%d = (x%d, x%d)\n", i, i - 1, i - 1);
    len += sprintf(text + len, "println(\"${x59}\") end");
    expect_error(text, (size_t)len, "error[E0002]");
    len = sprintf(text, "type A0 = Int\n");
    for (int i = 1; i < 60; i++) len += sprintf(text + len, "type A%d = (A%d, A%d)\n", i, i - 1, i - 1);
    len += sprintf(text + len, "fn f(x :: A59) = x == x\nfn main() do 0 end");
    expect_error(text, (size_t)len, "error[E0002]");
    len = sprintf(text, "fn g0(x) = (x, x)\n");
    for (int i = 1; i < 40; i++) len += sprintf(text + len, "fn g%d(x) = g%d(g%d(x))\n", i, i - 1, i - 1);
    len += sprintf(text + len, "fn main() do g39(1) end");
    expect_error(text, (size_t)len, "error[E0002]");
    len = sprintf(text, "fn same(a, b) = [a, b]\nfn main() do\nlet f = fn x0");
    for (int i = 1; i < 50; i++) len += sprintf(text + len, ", x%d", i);
    len += sprintf(text + len, " -> (1");
    for (int i = 1; i < 50; i++) len += sprintf(text + len, ", same(x%d, (x%d, x%d))", i - 1, i, i);
    len += sprintf(text + len, ") end\n0 end");
    expect_error(text, (size_t)len, "error[E0002]");
}

/* -- Cuts and mutations -------------------------------------------------------------------------------------- */

static void every_prefix_answers(void **state) {
    (void)state;
    for (size_t len = 0; len < sizeof seed_program; len++) answers(seed_program, len);
}

static void mutate(char *text, size_t *len, size_t room) {
    static const char *const parts[] = {"end",
                                        "do",
                                        "fn",
                                        "(",
                                        ")",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        "\"",
                                        "${",
                                        "->",
                                        "::",
                                        "|",
                                        "Some(",
                                        "receive do",
                                        "\n",
                                        "when",
                                        "=",
                                        "..",
                                        "?",
                                        "!",
                                        "if",
                                        "case",
                                        "a",
                                        "Leaf",
                                        "0",
                                        "<",
                                        ">",
                                        "self()",
                                        "spawn",
                                        "return ",
                                        "#=",
                                        "=#",
                                        "\xFF",
                                        "as",
                                        "terminate do",
                                        ",",
                                        ".x"};
    size_t at = draw(*len + 1), n = draw(12);
    const char *part = parts[draw(sizeof parts / sizeof *parts)];
    switch (draw(4)) {
    case 0: /* remove */
        if (at + n > *len) n = *len - at;
        memmove(text + at, text + at + n, *len - at - n);
        *len -= n;
        return;
    case 1: /* insert */
        n = strlen(part);
        if (*len + n > room) return;
        memmove(text + at + n, text + at, *len - at);
        memcpy(text + at, part, n);
        *len += n;
        return;
    case 2: /* copy from elsewhere */
        if (*len < 40) return;
        memmove(text + draw(*len - 30), text + draw(*len - 30), draw(30));
        return;
    default:
        if (at < *len) text[at] = (char)draw(256);
    }
}

static void mutated_programs_answer(void **state) {
    (void)state;
    static char text[sizeof seed_program + 400];
    int rounds = getenv("SKIT_FUZZ_ROUNDS") ? atoi(getenv("SKIT_FUZZ_ROUNDS")) : 1500;
    if (getenv("SKIT_FUZZ_SEED")) seed = strtoull(getenv("SKIT_FUZZ_SEED"), NULL, 0) | 1;
    for (int i = 0; i < rounds; i++) {
        size_t len = sizeof seed_program - 1;
        memcpy(text, seed_program, len);
        for (uint64_t n = 1 + draw(4); n; n--) mutate(text, &len, sizeof text);
        answers(text, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_text),  cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(long_is_not_deep),        cmocka_unit_test(every_prefix_answers),
        cmocka_unit_test(mutated_programs_answer), cmocka_unit_test(types_do_not_explode),
    };
    return cmocka_run_group_tests(tests, source_begin, source_end);
}
