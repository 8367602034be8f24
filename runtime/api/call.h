/* call.h - requests and replies, for other entries. */
#ifndef BUSKIN_API_CALL_H
#define BUSKIN_API_CALL_H

#include "api/caller.h"

/* As buskin_call, with any tag. */
const void *call_any(uint64_t to, uint64_t tag, const buskin_desc_t *desc, const void *value, int64_t timeout_ms,
                     int32_t *status);
/* As buskin_reply, within caller_run. desc may be NULL. */
uint64_t call_reply(caller_t *c, uint64_t from, uint64_t ref, const buskin_desc_t *desc, const void *value);

#endif
