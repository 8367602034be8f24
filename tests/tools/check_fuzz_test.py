#!/usr/bin/env python3
"""buskin-check on malformed, truncated and hostile files: status 0, 1 or 2, in time, and with 2 one line that says why. What LLVM
accepts must never crash the checker itself. CHECK_FUZZ=N tries N files instead of 100, and CHECK_SEED=N draws others:
left alone, a run tries what the last one did.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release"))
CHECKERS = [p for p in (BUILD / "bin/buskin-check", BUILD / "bin/buskin-check-22") if p.exists()]
TOKENS = [b"ptr", b"i64", b"null", b"%0", b"@buskin_actor_spawn", b"call", b"load", b"store", b"alloca", b"br label", b"phi",
          b"getelementptr", b"poison", b"undef", b"i1", b"i8", b"double", b"<4 x i64>", b"musttail", b"unreachable", b"0",
          b"-1", b"18446744073709551615", b"!0", b"#0", b"{", b"}", b"zeroinitializer"]


def mutate(random, data):
    data = bytearray(data)
    for _ in range(random.randint(1, 6)):
        if not data:
            break
        at = random.randrange(len(data))
        kind = random.randrange(6)
        if kind == 0:
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[at:at + random.randint(1, 40)]
        elif kind == 2:
            start = random.randrange(len(data))
            data[at:at] = data[start:start + random.randint(1, 200)]
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            words = bytes(data).split(b" ")
            words[random.randrange(len(words))] = random.choice(TOKENS)
            data = bytearray(b" ".join(words))
        else:
            lines = bytes(data).split(b"\n")
            a, b = random.randrange(len(lines)), random.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
            data = bytearray(b"\n".join(lines))
    return bytes(data)


def complaint(checker, path):
    """What is wrong with how the checker takes that file, or None."""
    try:
        done = subprocess.run([checker, "--time-limit=20", "--memory-limit=2048", path], capture_output=True, timeout=250)
    except subprocess.TimeoutExpired:
        return "it hangs"
    error = done.stderr.decode("utf-8", "replace")
    if done.returncode not in (0, 1, 2):
        return f"status {done.returncode}"
    if done.returncode == 2 and (error.count("\n") != 1 or len(error) > 1000):
        return f"not one line: {error[:500]!r}"
    if "bug of buskin-check" in error:
        return error.strip()
    return None


def special(work):
    """Files that are hostile by design."""
    head = (ROOT / "e2e/bad-ir/c18_data_layout_good.ll").read_bytes()
    deep = b"@g = global " + b"{ " * 20000 + b"i8" + b" }" * 20000 + b" zeroinitializer\n"
    nested = b"define void @f() {\n  %x = add i64 " + b"add (i64 1, i64 " * 20000 + b"1" + b")" * 20000 + b", 1\n  ret void\n}\n"
    files = {"empty.ll": b"", "nul.ll": b"\0" * 100, "deep.ll": deep, "nested.ll": nested, "magic.bc": b"BC\xc0\xde",
             "wrapper.bc": b"\xde\xc0\x17\x0b" + b"\xff" * 64, "huge_type.ll": head + b"@g = external global [18446744073709551615 x i64]\n",
             "huge_alloca.ll": head + b"define void @g() {\n %x = alloca [4611686018427387904 x i64]\n ret void\n}\n",
             "layout.ll": b'target datalayout = "p:99999:1"\n', "names.ll": head + b'define void @"\\00\\FF\\0A\\1B[31m"() {\n ret void\n}\n',
             "triple.ll": head.replace(b"x86_64-pc-linux-gnu", b"nonsense-%s-%n")}
    for name, data in files.items():
        (work / name).write_bytes(data)
    os.mkfifo(work / "fifo")
    (work / "closed.ll").write_bytes(head)
    (work / "closed.ll").chmod(0)
    return [work / name for name in files] + [work / "fifo", work / "closed.ll", work / "none.ll", work, pathlib.Path("/dev/zero")]


def main():
    seed = int(os.environ.get("CHECK_SEED", 1))
    count = int(os.environ.get("CHECK_FUZZ", 100))
    rng = random.Random(seed)
    bases = [p.read_bytes() for p in sorted((ROOT / "e2e/bad-ir").glob("*.ll"))]
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for program in sorted((ROOT / "e2e/programs").glob("p*.skit")):
            for kind in ("ll", "bc"):
                out = work / f"base.{kind}"
                emitted = subprocess.run([BUILD / "bin/skitc", "emit", f"--emit={kind}", program, "-o", out], capture_output=True)
                bases += [out.read_bytes()] * 3 if emitted.returncode == 0 else []
        for path in special(work):
            for checker in CHECKERS:
                why = complaint(checker, path)
                bad += why is not None
                if why:
                    print(f"{checker.name} {path.name}: {why}")
        for n in range(count):
            path = work / "mutant"
            path.write_bytes(mutate(rng, rng.choice(bases)))
            checker = CHECKERS[n % len(CHECKERS)]
            why = complaint(checker, path)
            if why:
                kept = pathlib.Path(tempfile.gettempdir()) / f"check-fuzz-{seed}-{n}"
                kept.write_bytes(path.read_bytes())
                print(f"{checker.name} on {kept}: {why}")
                bad += 1
    print(f"seed {seed}: {count} files, {bad} failures")
    return bad != 0 or not CHECKERS


sys.exit(main())
