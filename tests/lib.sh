# For the tests that are shell scripts. BUILD, SOURCE, CC and NM come from ctest; these are for use by hand.
: "${SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${BUILD:=$SOURCE/build/release}" "${CC:=cc}" "${NM:=nm}"
set -eu
tmp=$(mktemp -d)
trap '[ $BASHPID != $$ ] || rm -rf "$tmp"' EXIT # a background job that is killed before it runs has the trap, too

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# must WHAT COMMAND...: it succeeds. must_fail WHAT PATTERN COMMAND...: it fails and its output has the pattern.
must() {
    local what=$1 out
    shift
    out=$("$@" 2>&1) || fail "$what: status $?: $out"
}

must_fail() {
    local what=$1 pattern=$2 out
    shift 2
    if out=$("$@" 2>&1); then fail "$what: succeeded: $out"; fi
    grep -q -e "$pattern" <<< "$out" || fail "$what: no '$pattern' in: $out"
}
