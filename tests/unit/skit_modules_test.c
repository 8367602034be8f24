/* Programs of several files (section 18 of the language): what is visible where, and what is wrong with files. */
#include "skit_source.h"

/* The result of compiling the files, to be freed. */
static char *check(const source_text *files, int n, bool want) {
    int ok;
    char *text = source_check(files, n, &ok);
    if (ok != want) fail_msg("%s", text);
    return text;
}

static source_text file(const char *name, const char *text) { return (source_text){name, text, strlen(text)}; }

static void expect(const source_text *files, int n, bool want, const char *part) {
    char *text = check(files, n, want);
    if (!strstr(text, part)) fail_msg("wanted %s, got %s", part, text);
    free(text);
}

static const char limiter[] = "pub fn allow(n) = secret(n)\nfn secret(n) = n + 1.0\n";
static const char shapes[] = "pub struct Point do x :: Int; y :: Int end\n"
                             "pub type Shape do Circle(Float); Square(Point) end\n"
                             "pub type Kind do Fast; Slow(Int) end\n"
                             "type Hidden do Ghost end\n"
                             "pub fn area(Circle(r)) = r\n"
                             "pub fn area(Square(p)) = (p.x * p.y).to_float()\n"
                             "pub fn kind() = Slow(1)\n"
                             "pub fn apply(f, x) = f(x)\n";
static const char bank[] =
    "from Shapes import Shape\n"
    "pub service Account do fn init(n) = n; call Get() do |n| (n, n) end end\n"
    "pub supervisor Top do child c do start: fn -> Account.start(1) end end end\n"
    "pub actor echo(out) do receive do Circle(r) -> send(out, \"${r}\"); _ -> echo(out) end end\n";

static void names_are_imported(void **state) {
    (void)state;
    source_text files[] = {file("main.skit", "from Shapes import Shape, Point, area, apply\nfrom List import length\n"
                                             "fn f() = area(Square(Point { x: 1, y: 2 }))\n"
                                             "fn g(Circle(r)) = r\nfn g(Shape.Square(Point { x })) = x.to_float()\n"
                                             "fn h() = (apply(fn x -> x + 1 end, 2), apply(length, [\"a\"]))\n"
                                             "fn main() do 0 end"),
                           file("shapes.skit", shapes)};
    expect(files, 2, true, "fn f() -> Float\nfn g(Shape) -> Float\nfn h() -> (Int, Int)\n");
}

static void names_are_qualified(void **state) {
    (void)state;
    source_text files[] = {file("main.skit",
                                "import RateLimiter\nimport Shapes\nimport Bank\nimport List\n"
                                "fn a() = RateLimiter.allow(1.0)\n"
                                "fn b() = case Shapes.kind() do Shapes.Fast -> 0; Shapes.Slow(n) -> n end\n"
                                "fn c() = (Shapes.Kind.Fast, Shapes.Slow(2))\n"
                                "fn d() = (Bank.Account.start(1), Bank.Account.get(spawn(Bank.Top)))\n"
                                "fn e(out) = spawn(Bank.echo, out)\n"
                                "fn f() = map([1.5], RateLimiter.allow)\n"
                                "fn main() do 0 end"),
                           file("rate_limiter.skit", limiter), file("shapes.skit", shapes), file("bank.skit", bank)};
    expect(files, 4, true,
           "fn a() -> Float\nfn b() -> Int\nfn c() -> (Kind, Kind)\nfn d() -> (Pid, Int)\n"
           "fn e(Pid<String>) -> Pid<Shape>\nfn f() -> List<Float>\n");
}

static void files_may_import_each_other(void **state) {
    (void)state;
    source_text files[] = {
        file("main.skit", "from B import odd\npub fn even(n) = if n == 0 do true else odd(n - 1) end\n"
                          "fn main() do even(4) end"),
        file("b.skit", "from Main import even\npub fn odd(n) = if n == 0 do false else even(n - 1) end")};
    expect(files, 2, true, "fn odd(Int) -> Bool\n");
}

static void private_and_unknown_names_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *main, *want;
    } rows[] = {
        {"from Shapes import Point, Hidden\nfn main() do 0 end", "main.skit:1:27: error[E0034]: "},
        {"from Shapes import nope\nfn main() do 0 end", "main.skit:1:20: error[E0034]: "},
        {"import RateLimiter\nfn main() do RateLimiter.secret(1) end", "main.skit:2:14: error[E0034]: "},
        {"import RateLimiter\nfn main() do allow(1) end", "main.skit:2:14: error[E0004]: "},
        {"fn main() do RateLimiter.allow(1) end", "main.skit:1:14: error[E0004]: "},
        {"import Shapes\nfn f(p :: Point) = 1; fn main() do 0 end", "main.skit:2:11: error[E0004]: "},
        {"import Shapes\nfn main() do case 1 do Shapes.Ghost -> 1 end end", "main.skit:2:24: error[E0010]: "},
        {"import Nope\nfn main() do 0 end", "main.skit:1:1: error[E0031]: "},
        {"import Prelude\nfn main() do 0 end", "main.skit:1:1: error[E0031]: "},
        {"from Shapes import area\nfn area(x) = x\nfn main() do 0 end", "main.skit:1:20: error[E0102]: "},
        {"fn f() = 1", "main.skit:1:1: error[E0103]: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        source_text files[] = {file("main.skit", rows[i].main), file("rate_limiter.skit", limiter),
                               file("shapes.skit", shapes)};
        expect(files, 3, false, rows[i].want);
    }
}

static void each_file_has_its_diagnostics(void **state) {
    (void)state;
    source_text files[] = {file("main.skit", "fn main() do 1 + 2.0 end"),
                           file("other.skit", "fn f() = 1\nfn g() = f(1)")};
    expect(files, 2, false, "main.skit:1:18: error[E0001]: ");
    expect(files, 2, false, "other.skit:2:10: error[E0003]: ");
}

static void two_modules_of_one_name_are_refused(void **state) {
    (void)state;
    int ok;
    source_text files[] = {{"main.skit", "fn main() do 0 end", 18}, {"a_b.skit", "", 0}, {"aB.skit", "", 0}};
    char *text = source_check(files, 3, &ok);
    assert_false(ok);
    assert_non_null(strstr(text, "aB.skit:1:1: error[E0102]: module `AB` is defined twice"));
    free(text);
}

static void missing_files_are_reported(void **state) {
    (void)state;
    char *text = NULL;
    size_t len;
    const char *paths[] = {"/nonexistent/x.skit", "/tmp"};
    FILE *out = open_memstream(&text, &len);
    assert_null(skit_front(paths, 2, NULL, out));
    fclose(out);
    assert_non_null(strstr(text, "/nonexistent/x.skit:1:1: error[E0031]: file not"));
    assert_non_null(strstr(text, "/tmp:1:1: error[E0031]: file not readable"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_imported),
        cmocka_unit_test(names_are_qualified),
        cmocka_unit_test(files_may_import_each_other),
        cmocka_unit_test(private_and_unknown_names_are_refused),
        cmocka_unit_test(each_file_has_its_diagnostics),
        cmocka_unit_test(two_modules_of_one_name_are_refused),
        cmocka_unit_test(missing_files_are_reported),
    };
    return cmocka_run_group_tests(tests, source_begin, source_end);
}
