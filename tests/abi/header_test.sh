#!/usr/bin/env bash
# The public header compiles alone, as C and as C++, without a warning.
. "$(dirname "$0")/../lib.sh"

flags=(-fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$BUILD/include")
printf '#include "buskin.h"\nint main(void) { return buskin_version() == 0; }\n' > "$tmp/one.c"
for std in c11 gnu17 c2x; do
    must "as $std" "$CC" -std=$std "${flags[@]}" "$tmp/one.c"
    must "as $std, clang" clang-19 -std=$std "${flags[@]}" "$tmp/one.c"
done
for std in c++11 c++20; do
    must "as $std" clang-19 -x c++ -std=$std "${flags[@]}" -Wno-c99-extensions "$tmp/one.c"
done
