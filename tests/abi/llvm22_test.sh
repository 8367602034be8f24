#!/usr/bin/env bash
# The shims and their tests build against LLVM 22 without a warning and pass: nothing depends on version 19 alone.
. "$(dirname "$0")/../lib.sh"

llvm=$(command -v llvm-config-22 || echo /usr/lib/llvm-22/bin/llvm-config)
[ -x "$llvm" ] || fail "llvm-22-dev is missing: tools/setup installs it"
flags=(-std=gnu17 -O1 -Wall -Wextra -Werror -D_GNU_SOURCE= -I"$SOURCE/codegen-shims" -I"$SOURCE/abi"
    -I"$SOURCE/tests/unit" -isystem "$("$llvm" --includedir)")
for file in "$SOURCE"/codegen-shims/*.c "$SOURCE/abi/abi_table.c"; do
    must "compile $file" "$CC" "${flags[@]}" -c "$file" -o "$tmp/$(basename "$file" .c).o"
done
for name in cg_table_test cg_objects_test cg_actor_test cg_receive_test cg_request_test cg_memory_test cg_fresh_test cg_layout_test cg_misuse_test \
    cg_checks_test; do
    must "build $name" "$CC" "${flags[@]}" "$SOURCE/tests/unit/$name.c" "$tmp"/*.o $("$llvm" --ldflags --libs) \
        -Wl,-rpath,"$("$llvm" --libdir)" -lcmocka -o "$tmp/$name"
    must "$name" "$tmp/$name"
done
