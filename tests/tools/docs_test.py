#!/usr/bin/env python3
"""The documents agree with the tree: relative links lead somewhere, each part has a README, and a README that lists a
source folder's files names all of them."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = ["abi", "codegen-shims", "docs", "e2e", "runtime", "tests", "tools"]
LISTED = ["abi", "codegen-shims", "e2e/skitc", "e2e/skitc/support"] + \
         [f"runtime/{layer}" for layer in ("port", "base", "mem", "actor", "sched", "api")]
SOURCES = {".c", ".h", ".S", ".def", ".skit"}
LINK = re.compile(r"\]\(([^)#:]+)\)")


def documents():
    return [path for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts]


def broken_links():
    for document in documents():
        for target in LINK.findall(document.read_text()):
            if not (document.parent / target).exists():
                yield f"{document.relative_to(ROOT)}: no {target}"


def missing_readmes():
    return [f"{part}/README.md is missing" for part in PARTS + LISTED if not (ROOT / part / "README.md").exists()]


def unlisted_files():
    for folder in LISTED:
        readme = ROOT / folder / "README.md"
        text = readme.read_text() if readme.exists() else ""
        # `mailbox.c`, or both halves of a subject as `mailbox.{h,c}` or `mailbox`.
        named = set(re.findall(r"`([A-Za-z0-9_/]+)", text))
        for source in sorted((ROOT / folder).iterdir()):
            if source.suffix in SOURCES and source.stem not in named:
                yield f"{folder}/README.md does not name {source.name}"


complaints = [*broken_links(), *missing_readmes(), *unlisted_files()]
print("\n".join(complaints) or f"{len(documents())} documents agree with the tree")
sys.exit(1 if complaints else 0)
