#!/usr/bin/env python3
"""The checker finds nothing in good modules: every program of e2e/programs/ at -O0 to -O3, as skitc emits it and after each LLVM's own
-O1 to -O3 on top of that (a sample of the programs), and the C programs of e2e/bad-ir/clean/ at every level of clang.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
SKITC = BUILD / "bin/skitc"
CHECKERS = [p for p in (BUILD / "bin/buskin-check", BUILD / "bin/buskin-check-22") if p.exists()]
WHOLE = "CHECK_ALL" in os.environ


def run(*command, cwd=None):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd)


def emit(work, program, level):
    """One module for each file of the program."""
    others = sorted((program.with_suffix("")).glob("*.skit"))
    folder = work / f"{program.stem}.O{level}"
    folder.mkdir()
    if run(SKITC, "emit", f"-O{level}", "--emit=bc", program, *others, cwd=folder).returncode:
        return []
    return [module.rename(work / f"{program.stem}.{module.stem}.O{level}.bc") for module in folder.glob("*.bc")]


def optimise(work, module, version, level):
    out = work / f"{module.stem}.opt{version}.O{level}.bc"
    opt = pathlib.Path(f"/usr/lib/llvm-{version}/bin/opt")
    if opt.exists() and run(opt, f"-O{level}", module, "-o", out).returncode == 0:
        return [out]
    return []


def compile_c(work, source, level, debug):
    out = work / f"{source.stem}.O{level}{debug}.c.bc"
    done = run("clang-19", "-std=gnu17", f"-O{level}", *([debug] if debug else []), f"-I{ROOT}/abi", "-c", "-emit-llvm", source,
               "-o", out)
    if done.returncode:
        sys.exit(done.stderr)
    return [out]


def collect(pool, jobs):
    return [module for modules in pool.map(lambda job: job[0](*job[1:]), jobs) for module in modules]


def main():
    programs = sorted((ROOT / "e2e/programs").glob("*.skit"))
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = pathlib.Path(name)
        emitted = collect(pool, [(emit, work, p, level) for p in programs for level in range(4)])
        plain = [m for m in emitted if m.suffixes[-2] == ".O0"]
        again = collect(pool, [(optimise, work, m, version, level) for m in (plain if WHOLE else plain[::8])
                               for version in (19, 22) for level in (1, 2, 3)])
        c = collect(pool, [(compile_c, work, s, level, debug) for s in sorted((ROOT / "e2e/bad-ir/clean").glob("*.c"))
                           for level in range(4) for debug in ("", "-g")])
        bad = 0
        for checker in CHECKERS:
            # An older LLVM cannot read what a newer one wrote.
            modules = [m for m in emitted + again + c if ".opt22." not in m.name or checker.name.endswith("-22")]
            done = run(checker, "--fail-on=unknown", "--color=never", *modules)
            print(f"{checker.name}: {len(modules)} modules, status {done.returncode}")
            bad += done.returncode != 0
            print("\n".join((done.stdout + done.stderr).splitlines()[:20]))
        print(f"{len(emitted)} of Skit, {len(again)} optimised once more, {len(c)} of C")
        return bad or len(emitted) < 100 or len(c) < 8 or not CHECKERS


sys.exit(main())
