#!/usr/bin/env bash
# The archives and the shared library export the table and nothing else; each symbol is defined in runtime/api
# and only there.
. "$(dirname "$0")/../lib.sh"

sort "$BUILD/generated/abi.symbols" > "$tmp/table"
[ -s "$tmp/table" ] || fail "the symbol list is empty"

exported() { "$NM" "$@" --defined-only | awk 'NF == 3 { print $3 }' | sed 's/@.*//' | grep -v '^BUSKIN_' | sort; }
same() { diff "$tmp/table" "$tmp/$1" > "$tmp/diff" || fail "$1 and the table differ: $(cat "$tmp/diff")"; }

exported -g "$BUILD/lib/libbuskin.a" > "$tmp/libbuskin.a"
same libbuskin.a
exported -D "$BUILD/lib/libbuskin.so" > "$tmp/libbuskin.so"
same libbuskin.so

extra=$(exported -g "$BUILD/lib/libbuskin-codegen.a" | grep -v '^buskin_c\(g\|heck\)_' || true)
[ -z "$extra" ] || fail "libbuskin-codegen.a also exports $extra"

objects=$BUILD/runtime/CMakeFiles/buskin-shared.dir # one object per source, unlike the archive's
find "$objects" -name '*.o' ! -path '*/api/*' -print0 | xargs -0 "$NM" -g --defined-only |
    awk 'NF == 3 { print $3 }' | sort > "$tmp/elsewhere"
[ -s "$tmp/elsewhere" ] || fail "no objects in $objects"
elsewhere=$(comm -12 "$tmp/table" "$tmp/elsewhere")
[ -z "$elsewhere" ] || fail "defined outside runtime/api: $elsewhere"
