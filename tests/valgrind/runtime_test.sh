#!/usr/bin/env bash
# LIMIT: 400. Tests of the runtime under valgrind; and an error that is planted is found.
. "${SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/valgrind/memcheck.sh"

for name in pool_test fragment_test heap_test; do
    memcheck "$BUILD/tests/unit/$name" > "$tmp/out" 2>&1 || fail "$name: status $? $(tail -20 "$tmp/out")"
done

cat > "$tmp/planted.c" << 'EOF'
#include <stdlib.h>
int main(void) {
    volatile char *p = malloc(8);
    p = p + 1;
    return p[7] ? 0 : 0;
}
EOF
"$CC" -O0 "$tmp/planted.c" -o "$tmp/planted"
if memcheck "$tmp/planted" 2> /dev/null; then fail "an error went unnoticed"; fi
