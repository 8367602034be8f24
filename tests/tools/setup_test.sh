#!/usr/bin/env bash
# tools/setup is quiet when nothing is missing, installs exactly what is, and says so when it cannot. The package
# commands are stand-ins.
. "$(dirname "$0")/../lib.sh"

mkdir "$tmp/bin"
stand_in() { { echo '#!/bin/sh'; cat; } > "$tmp/bin/$1" && chmod +x "$tmp/bin/$1"; }
setup() { PATH="$tmp/bin:$PATH" "$SOURCE/tools/setup" "$@"; }

stand_in dpkg-query <<< 'echo installed'
out=$(setup 2>&1) || fail "nothing missing: status $?"
[ -z "$out" ] || fail "nothing missing, yet it says: $out"

stand_in dpkg-query <<< 'case $3 in cmake) exit 1 ;; ninja-build) echo config-files ;; *) echo installed ;; esac'
stand_in id <<< 'echo 0'
stand_in apt-get <<< "echo \"\$*\" >> $tmp/calls"
must "two packages missing" setup
grep -q '^install .* cmake ninja-build$' "$tmp/calls" || fail "apt-get was called with: $(cat "$tmp/calls")"

stand_in dpkg-query <<< 'case $3 in libcmocka-dev) exit 1 ;; *) echo installed ;; esac'
rm "$tmp/calls"
must "a package of the tests is missing, and no tests wanted" setup
[ ! -e "$tmp/calls" ] || fail "apt-get was called with: $(cat "$tmp/calls")"
must "a package of the tests is missing" setup test
grep -q '^install .* libcmocka-dev$' "$tmp/calls" || fail "apt-get was called with: $(cat "$tmp/calls")"
must_fail "an unknown word" 'usage' setup tests

stand_in dpkg-query <<< 'case $3 in cmake) exit 1 ;; ninja-build) echo config-files ;; *) echo installed ;; esac'
stand_in apt-get <<< 'echo "E: no network" >&2; exit 100'
must_fail "apt-get fails" 'E: no network' setup
must_fail "apt-get fails" 'could not install cmake ninja-build' setup

stand_in id <<< 'echo 1000'
stand_in sudo <<< "echo \"sudo \$*\" >> $tmp/calls"
must "with sudo" setup
grep -q '^sudo .*apt-get install .* cmake ninja-build$' "$tmp/calls" || fail "calls: $(cat "$tmp/calls")"
