/* support_ids.h - the rows of support.def by number, for the compiler. */
#ifndef SKIT_SUPPORT_IDS_H
#define SKIT_SUPPORT_IDS_H

typedef enum skit_fn_id {
#define SKIT_FN(ret, name, args, effect) SKIT_FN_##name,
#include "support.def"
#undef SKIT_FN
    SKIT_FN_COUNT
} skit_fn_id;

#endif
