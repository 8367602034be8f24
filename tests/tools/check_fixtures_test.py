#!/usr/bin/env python3
"""Each module of e2e/bad-ir/ gives the findings that it says in its first line, with each LLVM that is here:

    ; expect: C5            that rule, as an error or a warning, and no other
    ; expect: unknown C5    that rule, undecided, and no other
    ; expect: clean

No rule is without a failing and a passing module, or without a mutator.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release"))
RANK = {"error": "", "warning": "", "unknown": "unknown "}


def checkers():
    found = [BUILD / "bin/buskin-check", BUILD / "bin/buskin-check-22"]
    return [path for path in found if path.exists()]


def findings(checker, modules):
    run = subprocess.run([checker, "--format=json", *modules], capture_output=True, text=True)
    for result in json.loads(run.stdout)["files"]:
        said = {RANK[f["severity"]] + f"C{f['rule']}" for f in result["findings"] if f["severity"] in RANK}
        yield result["file"], " ".join(sorted(said)) or result["unusable"] or "clean"


def main():
    modules = sorted(map(str, (ROOT / "e2e/bad-ir").glob("*.ll")))
    wanted = {m: re.match(r"; expect: (.*)", pathlib.Path(m).read_text())[1] for m in modules}
    bad = 0
    for checker in checkers():
        for module, said in findings(checker, modules):
            if said != wanted[module]:
                print(f"{checker.name}: {pathlib.Path(module).name}: expected {wanted[module]}, found {said}")
                bad += 1
    rules = subprocess.run([BUILD / "bin/buskin-check", "--list-rules"], capture_output=True, text=True, check=True)
    numbers = re.findall(r"^C(\d+)", rules.stdout, re.M)
    mutators = re.findall(r"^MUTATOR\((\d+),", (ROOT / "tools/check-mutants/mutators.def").read_text(), re.M)
    for n in numbers:
        names = [pathlib.Path(m).name for m in modules if pathlib.Path(m).name.startswith(f"c{int(n):02}_")]
        lacks = [kind for kind in ("_bad.ll", "_good.ll") if not any(m.endswith(kind) for m in names)]
        lacks += [] if n in mutators else ["mutator"]
        for what in lacks:
            print(f"C{n} has no {what}")
            bad += 1
    print(f"{len(modules)} modules, {len(numbers)} rules, {len(checkers())} checkers, {bad} failures")
    return bad != 0 or not modules or len(numbers) < 35


sys.exit(main())
