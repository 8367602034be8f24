# memcheck COMMAND...: runs it under valgrind, each actor on a stack of its own; its output. An error, or a block that nobody refers to
# any more at the end, fails the test. Stacks are recognised by how far the stack pointer moves: no frame is that large.
. "$SOURCE/tests/lib.sh"

memcheck() {
    local status=0
    BUSKIN_STACKS=own BUSKIN_WORKERS=2 valgrind -q --max-stackframe=200000 --error-exitcode=99 --leak-check=full \
        --errors-for-leak-kinds=definite --suppressions="$SOURCE/tests/valgrind/runtime.supp" --log-file="$tmp/log" "$@" ||
        status=$?
    if grep -q '^==' "$tmp/log"; then
        cat "$tmp/log" >&2
        return 99
    fi
    return $status
}
