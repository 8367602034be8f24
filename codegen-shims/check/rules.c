/* rules.c - rules.def as data. */
#include "buskin_check.h"

#define RULE(number, severity, name, title, why, bad, good, fix) \
    {number, BUSKIN_CHECK_##severity, name, title, why, bad, good, fix},
const buskin_check_rule_t buskin_check_rules[] = {
#include "rules.def"
};
const unsigned buskin_check_rule_count = sizeof buskin_check_rules / sizeof *buskin_check_rules;
