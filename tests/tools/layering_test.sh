#!/usr/bin/env bash
# tools/layering holds for the tree, and refuses a planted upward include.
. "$(dirname "$0")/../lib.sh"

must "the tree" "$SOURCE/tools/layering"

mkdir -p "$tmp/runtime"/{api,sched,actor,mem,base,port/cpu} "$tmp/abi"
touch "$tmp/abi/buskin.h" "$tmp/runtime/base/list.h" "$tmp/runtime/sched/worker.h" "$tmp/runtime/port/port.h"
printf '#include <stdio.h>\n#include "base/list.h"\n#include "buskin.h"\n' > "$tmp/runtime/mem/heap.c"
printf '#include "port.h"\n' > "$tmp/runtime/port/cpu/x.c"
must "downward includes" "$SOURCE/tools/layering" "$tmp/runtime"

planted() {
    printf '%s\n' "$3" > "$tmp/runtime/$2"
    must_fail "$1" "$4" "$SOURCE/tools/layering" "$tmp/runtime"
    rm "$tmp/runtime/$2"
}
planted "an upward include" mem/bad.c '#include "sched/worker.h"' 'bad.c:1: .*goes up from mem to sched'
planted "an upward include with blanks" port/bad.h '  #  include "base/list.h"' 'goes up from port to base'
planted "an include by .." mem/bad.c '#include "../sched/worker.h"' 'names its layer by ..'
planted "an include of nothing" mem/bad.c '#include "base/lisp.h"' 'names no file'
rm -r "$tmp/runtime"/*/*
must_fail "no sources" 'no sources' "$SOURCE/tools/layering" "$tmp/runtime"
