"""expect.py - a Skit program, what it says must happen, and whether that happens: for tools/e2e and tools/seeds."""
import os
import subprocess

HOW = """A program says it in lines of this form:

    #> text             one line of standard output; together they are all of it, in this order
    #! exit N           exit status, 0 unless said
    #! stderr: text     standard error contains this
    #! args A B         arguments of the program
    #! env NAME=VALUE   its environment
    #! files a.skit b.skit   further files of the program, in the folder that has the program's name
    #! workers 1 2      on these numbers of workers only
    #! timeout N        seconds, 200 unless said: for a program that hangs, not for a busy machine
    #! skip PRESET...   not in these builds (say why beside it)
    #! rejected         the compiler refuses it: status 1, nothing built; `stderr:` is the compiler's then

A program that says nothing about its output says that there is none.
"""

DIRECTIVES = {"exit", "stderr:", "args", "env", "files", "workers", "timeout", "skip", "rejected"}


class Case:
    """A program and its expectations."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.files, self.args, self.stderr, self.env = [path], [], [], {}
        self.exit, self.timeout, self.rejected, self.workers, self.skip = 0, 200, False, None, []
        self.stdout, self.says = "", False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            self.says |= line.startswith(("#>", "#!"))
            if line.startswith("#>"):
                self.stdout += line[3:] + "\n"
            elif line.startswith("#!") and not line.startswith("#!/"):
                self.directive(number, *(line[2:].strip().split(" ", 1) + [""])[:2])

    def directive(self, number, word, rest):
        if word not in DIRECTIVES:
            raise ValueError(f"{self.path}:{number}: unknown directive `#! {word}`")
        if word == "exit":
            self.exit = int(rest)
        elif word == "stderr:":
            self.stderr.append(rest)
        elif word == "args":
            self.args = rest.split()
        elif word == "env":
            self.env.update([rest.split("=", 1)])
        elif word == "files":
            self.files += [self.path.with_suffix("") / name for name in rest.split()]
        elif word == "workers":
            self.workers = [int(n) for n in rest.split()]
        elif word == "timeout":
            self.timeout = int(rest)
        elif word == "skip":
            self.skip = rest.split()
        elif word == "rejected":
            self.rejected = True


def execute(command, timeout, env=None):
    """(status, stdout, stderr); the status is a sentence when there is none."""
    try:
        done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=timeout, env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as late:
        out, err = (late.stdout or b""), (late.stderr or b"")
        return f"none after {timeout} s", out.decode(errors="replace"), err.decode(errors="replace")
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def compare(case, status, out, err, want_status, want_out):
    """What differs, as text; empty when nothing does."""
    said = []
    if status != want_status:
        said.append(f"status {status}, expected {want_status}")
    if out != want_out:
        got, want = out.splitlines(), want_out.splitlines()
        at = next((i for i, (g, w) in enumerate(zip(got, want)) if g != w), min(len(got), len(want)))
        show = [repr(lines[at]) if at < len(lines) else "nothing more" for lines in (got, want)]
        said.append(f"output line {at + 1}: {show[0]}, expected {show[1]}")
    for text in case.stderr:
        if text not in err:
            said.append(f"standard error lacks {text!r}")
    if said and err:
        said.append("standard error: " + err[-800:].strip())
    return "\n    ".join(said)
