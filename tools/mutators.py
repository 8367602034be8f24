"""The mutants of a C source, for tools/mutate: small mistakes, each at one place.

The source is read as tokens, not parsed. It relies on .clang-format: a binary operator stands between blanks, a unary one does
not. What it makes of a place where that misleads it does not compile, and is not counted. Left alone are comments, texts,
preprocessor lines, declarations, and the checks of invariants: a mutant there is a mistake in a test.
"""
import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<number>\d[\w.]*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""",
    re.VERBOSE | re.MULTILINE | re.DOTALL)

SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/",
    "/": "*", "%": "/", "&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=",
    "<<=": ">>=", ">>=": "<<=",
}
STEPS = {"++": "--", "--": "++"}
WORDS = {"true": "false", "false": "true", "break": "continue", "continue": "break"}
CHECKS = {"CHECK", "BUG_IF", "_Static_assert", "static_assert", "__attribute__", "sizeof", "offsetof", "asm", "__asm__"}
ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "break", "continue", "goto", "typedef", "struct",
            "enum", "union", "static", "extern", "const", "volatile", "void", "_Alignas", "sizeof"} | CHECKS
PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Mutant:
    """In file, the text from start to end becomes `text`."""
    file: str
    start: int
    end: int
    text: str

    def apply(self, source):
        return source[:self.start] + self.text + source[self.end:]


class Tokens:
    def __init__(self, source):
        self.source = source
        self.all = [(m.lastgroup, m[0], m.start(), m.end()) for m in TOKEN.finditer(source) if m.lastgroup != "blank"]
        self.partner = self.match()

    def match(self):
        partner, open_ = {}, []
        for i, (_, text, _, _) in enumerate(self.all):
            if text in PAIRS:
                open_.append(i)
            elif open_ and text == PAIRS[self.text(open_[-1])]:
                partner[open_.pop()] = i
        return partner

    def kind(self, i):
        return self.all[i][0] if 0 <= i < len(self.all) else ""

    def text(self, i):
        return self.all[i][1] if 0 <= i < len(self.all) else ""

    def start(self, i):
        return self.all[i][2]

    def end(self, i):
        return self.all[i][3]

    def spaced(self, i):
        """Between blanks: a binary operator, since clang-format wrote it. An operator may begin or end a line."""
        return self.source[self.start(i) - 1].isspace() and self.source[self.end(i)].isspace()


def number(text):
    """The literal that is one more; 1 becomes 0."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text)
    if not found:
        return None
    value = int(found[1], 0) if not re.fullmatch(r"0\d+", found[1]) else int(found[1], 8)
    return f"{0 if value == 1 else value + 1}{found[2]}"


def statement_end(tokens, i):
    """The index of the semicolon that ends the expression statement which begins at i; None if none does."""
    first, second = tokens.text(i), tokens.text(i + 1)
    if tokens.kind(i) == "word":
        if first in KEYWORDS or not (second in ASSIGNS or second in STEPS or second in ("(", "->", ".", "[")):
            return None
    elif first not in ("*", "(", "++", "--"):
        return None
    while tokens.text(i) not in ("", ";", "}"):
        i = tokens.partner.get(i, i) + 1
    return i if tokens.text(i) == ";" else None


def begins_statement(tokens, i):
    """Is it the first token of a statement? Behind the condition of an if, while or for, too."""
    before = tokens.text(i - 1)
    if before in (";", "{", "}", "else", "do"):
        return True
    if before != ")":
        return False
    opening = next((k for k, v in tokens.partner.items() if v == i - 1), None)
    return opening is not None and tokens.text(opening - 1) in ("if", "while", "for")


def is_length(tokens, i):
    """Does the bracket at i begin the length of an array, in its declaration?"""
    return (tokens.text(i) == "[" and i in tokens.partner and tokens.text(tokens.partner[i] + 1) in ("=", ";")
            and (tokens.kind(i - 2) == "word" and tokens.text(i - 2) not in KEYWORDS or tokens.text(i - 2) == "*"))


def swap_token(tokens, i):
    kind, text = tokens.kind(i), tokens.text(i)
    if kind == "sign":
        if text in SWAPS and tokens.spaced(i):
            yield SWAPS[text]
        elif text in STEPS:
            yield STEPS[text]
        elif text == "!" or text == "~":
            yield ""
        elif text == "?":
            yield "&& 0 ?"
            yield "|| 1 ?"
    elif kind == "number" and number(text) is not None:
        yield number(text)
    elif kind == "word" and text in WORDS:
        yield WORDS[text]


def mutants(file, source):
    """All mutants of the file, in the order of their places."""
    tokens = Tokens(source)

    def replaced(first, last, text):
        """From token first to token last; as many lines as before, so that lines keep their numbers."""
        start, end = tokens.start(first), tokens.end(last)
        return Mutant(file, start, end, text + "\n" * (source.count("\n", start, end) - text.count("\n")))

    i, depth, parens = 0, 0, 0
    while i < len(tokens.all):
        text = tokens.text(i)
        if text in CHECKS and tokens.text(i + 1) == "(":
            i = tokens.partner.get(i + 1, i + 1) + 1
            continue
        if is_length(tokens, i):
            i = tokens.partner[i] + 1
            continue
        depth += (text == "{") - (text == "}")
        parens += (text == "(") - (text == ")")
        for changed in swap_token(tokens, i):
            yield replaced(i, i, changed)
        if text in ("if", "while") and tokens.text(i + 1) == "(" and i + 1 in tokens.partner:
            first, last = i + 1, tokens.partner[i + 1]
            yield replaced(first, last, f"(!{source[tokens.start(first):tokens.end(last)]})")
        if depth and not parens:
            if text == "return":
                end = next(k for k in range(i, len(tokens.all)) if tokens.text(k) == ";")
                if end == i + 1:
                    yield replaced(i, end, ";")
                elif not (end == i + 2 and tokens.text(i + 1) in ("0", "NULL", "true", "false")):
                    yield replaced(i, end, "return 0;")
            elif begins_statement(tokens, i):
                end = statement_end(tokens, i)
                if end is not None:
                    yield replaced(i, end, ";")
        i += 1
