#!/usr/bin/env bash
# Every C source is as .clang-format says.
. "$(dirname "$0")/../lib.sh"
must "tools/format --check (tools/format repairs it)" "$SOURCE/tools/format" --check
