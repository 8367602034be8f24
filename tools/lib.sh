# Shared by the shell tools: where the tree is, and a quiet build. Source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# build PRESET [TARGET...]: configures when needed and builds, one builder at a time for each preset. Says
# nothing unless it fails, then everything.
build() {
    local preset=$1 dir=$root/build/$1 log=$root/build/$1.log
    shift
    mkdir -p "$root/build"
    (
        flock 9
        { [ -f "$dir/build.ninja" ] || (cd "$root" && cmake --preset "$preset"); } > "$log" 2>&1 &&
            ninja -C "$dir" "$@" >> "$log" 2>&1
    ) 9> "$root/build/$preset.lock" || {
        cat "$log" >&2
        die "the $preset build failed"
    }
}
