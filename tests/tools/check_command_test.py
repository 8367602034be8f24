#!/usr/bin/env python3
"""buskin-check as a command: options, formats, suppressions, exit statuses, and a large module in time."""
import json
import os
import pathlib
import re
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release"))
CHECK = BUILD / "bin/buskin-check"
BAD = ROOT / "e2e/bad-ir/c16_blocking_call_bad.ll"
NULL = ROOT / "e2e/bad-ir/c29_null_argument_bad.ll"
EPOCH = re.search(r"epoch abi = (.*)", (ROOT / "abi" / "abi.lock").read_text())[1]
GOOD = ROOT / "e2e/bad-ir/c16_blocking_call_good.ll"
UNKNOWN = ROOT / "e2e/bad-ir/c01_entry_computed_unknown.ll"


def run(*args):
    done = subprocess.run([str(CHECK), *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def expect(what, condition, *shown):
    if not condition:
        raise SystemExit(f"FAIL {what}: {shown}")


def statuses():
    for args, status in [([GOOD], 0), ([BAD], 1), ([GOOD, BAD], 1), ([UNKNOWN], 0), ([], 2), (["--list-rules"], 0),
                         ([BAD, ROOT / "none.ll"], 2), (["--fail-on=unknown", UNKNOWN], 1), (["--fail-on=error", BAD], 0),
                         (["--nonsense", GOOD], 2), (["--format=xml", GOOD], 2), ([f"--abi-version={EPOCH}", GOOD], 0),
                         (["--abi-version=9.9", GOOD], 2), (["--abi-version=0.1x", GOOD], 2), (["--prefix=1x_", GOOD], 2),
                         (["--prefix=mesh_", NULL], 0), (["--frame-limit=abc", GOOD], 2), (["--help"], 0), (["--version"], 0)]:
        got = run(*args)
        expect(f"{args} gives {status}", got[0] == status, got)
    got = run(GOOD)
    expect("a clean module prints nothing", got == (0, "", ""), got)
    got = run("--color=always", BAD)[1]
    expect("colour", "\033[1;35mwarning\033[0m [C16 blocking-call] in fetch: read may block" in got, got)


def documents():
    status, out, _ = run("--format=json", BAD, GOOD, ROOT / "none.ll")
    bad, good, none = json.loads(out)["files"]
    expect("json", status == 2 and none["unusable"] and not good["findings"], out)
    finding = bad["findings"][0]
    expect("json finding", (finding["rule"], finding["function"], finding["severity"]) == (16, "fetch", "warning"), finding)
    _, out, _ = run("--format=sarif", BAD, UNKNOWN, ROOT / "none.ll")
    log = json.loads(out)
    result = log["runs"][0]
    expect("sarif", log["version"] == "2.1.0" and len(result["tool"]["driver"]["rules"]) >= 35, out[:500])
    expect("sarif results", [r["ruleId"] for r in result["results"]] == ["C16", "C1"], result["results"])
    for r in result["results"]:
        expect("rule index", result["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"], r)
    expect("sarif invocation", result["invocations"][0]["executionSuccessful"] is False, result["invocations"])


def rules():
    listed = run("--list-rules")[1].splitlines()
    expect("rules", len(listed) >= 35 and all(re.match(rf"C{n} ", line) for n, line in enumerate(listed, 1)), listed)
    for n in range(1, len(listed) + 1):
        status, text, _ = run(f"--explain={n}")
        expect("explain", status == 0 and text.startswith(f"C{n} ") and all(w in text for w in ("Why:", "Bad:", "Good:", "Fix:")), text)
    expect("explain C12", run("--explain=C12")[1] == run("--explain=12")[1])
    for n in ("0", "999", "C", "12x", "-1"):
        expect("no such rule", run(f"--explain={n}")[0] == 2, n)


def suppressions(work):
    path = work / "accepted"
    path.write_text("# reads once\nC16 fet*: before the first actor starts\n")
    status, out, error = run(f"--suppressions={path}", BAD)
    expect("suppressed", status == 0 and "1 suppressed" in out and not error, status, out, error)
    log = json.loads(run(f"--suppressions={path}", "--format=sarif", BAD)[1])
    said = log["runs"][0]["results"][0]["suppressions"][0]
    expect("reason", said["justification"] == "before the first actor starts", said)
    path.write_text("C16 other: why\n")
    status, _, error = run(f"--suppressions={path}", BAD)
    expect("unused", status == 1 and "nothing to suppress" in error, status, error)
    for text in ("C16 fetch\n", "C16 fetch:   \n", "C99 f: x\n", "hello\n"):
        path.write_text(text)
        status, _, error = run(f"--suppressions={path}", BAD)
        expect("a reason is needed", status == 2 and "accepted:1" in error, text, status, error)
    expect("no such file", run("--suppressions=/none", BAD)[0] == 2)


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sizes(work):
    """Four times as many instructions take about four times as long. In processor time, as the machine may be busy."""
    base = (ROOT / "e2e/bad-ir/c12_reduction_check_good.ll").read_text()
    body = re.search(r"^define .*?^}\n", base, re.S | re.M)[0]
    count = len([line for line in body.splitlines() if line.startswith("  ")])
    times = []
    for n in (100000 // count, 400000 // count):
        path = work / "large.ll"
        path.write_text(base + "".join(body.replace("@sum(", f"@sum{k}(") for k in range(n)))
        best = 99
        for _ in range(3):
            start = processor_time()
            status, out, error = run(path)
            best = min(best, processor_time() - start)
            expect("large module", status == 0, out[:300], error)
        times.append(best)
    print(f"100,000 instructions in {times[0]:.2f} s, 400,000 in {times[1]:.2f} s")
    expect("time", times[0] < 5, times)  # a quarter of a second on a machine of its own
    expect("linear", times[1] < 9 * times[0] + 0.5, times)


def limits(work):
    big = work / "big.ll"
    with big.open("w") as out:
        out.write('target triple = "x86_64-pc-linux-gnu"\n')
        for n in range(200000):
            out.write(f"@g{n} = global [4 x i64] [i64 {n}, i64 2, i64 3, i64 4]\n")
    status, _, error = run("--memory-limit=120", big)
    expect("memory limit", status == 2 and "memory" in error and error.count("\n") == 1, status, error)
    if big.stat().st_size > 0:
        status, _, error = run("--time-limit=1", "--memory-limit=8000", *([big] * 1))
        expect("time limit or answer", status in (1, 2) and error.count("\n") <= 1, status, error)
    full = subprocess.run(f"'{CHECK}' --list-rules > /dev/full", shell=True, capture_output=True, text=True)
    expect("a full disk", full.returncode == 2, full)


with tempfile.TemporaryDirectory() as name:
    statuses()
    documents()
    rules()
    suppressions(pathlib.Path(name))
    sizes(pathlib.Path(name))
    limits(pathlib.Path(name))
print("ok")
