/* gate.c - every module passes the checker before it is written. What the checker finds is a bug of this compiler, so
 * it stops the build; what it cannot decide is left alone. */
#include "lower.h"

#include <stdio.h>

#include "check/buskin_check.h"

static void show(void *data, const buskin_check_finding_t *finding) {
    char line[2048];
    (void)data;
    if (finding->severity < BUSKIN_CHECK_WARNING) return;
    buskin_check_line(finding, line, sizeof line);
    fprintf(stderr, "skitc: internal error: %s\n", line);
    if (finding->instruction[0]) fprintf(stderr, "    %s\n", finding->instruction);
}

int lower_check_unit(lowering *l, int32_t index) {
    const buskin_check_sink_t sink = {show, NULL};
    int findings = buskin_check_module(l->units[index].ir, NULL, &sink);
    if (findings < 0) fprintf(stderr, "skitc: no memory for the check\n");
    return findings != 0;
}
