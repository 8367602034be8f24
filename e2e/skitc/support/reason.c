/* reason.c - ExitReason of Skit and the reason codes of the runtime.
 *
 * Normal | Error(String) | Killed | Shutdown | Custom(String) | NoProc: the variant is the `user` number of the
 * object's descriptor, a text is its only field. Crashes and limits are Errors with the runtime's description.
 */
#include "skit.h"

enum { REASON_NORMAL, REASON_ERROR, REASON_KILLED, REASON_SHUTDOWN, REASON_CUSTOM, REASON_NOPROC };

typedef struct reason {
    const skit_string_t *text;
} reason_t;

__extension__ static const buskin_desc_t reason_error = {
    .size = 8, .npointers = 1, .user = REASON_ERROR, .name = "Error", .offsets = {0}};
__extension__ static const buskin_desc_t reason_custom = {
    .size = 8, .npointers = 1, .user = REASON_CUSTOM, .name = "Custom", .offsets = {0}};

static const buskin_desc_t reason_normal = {.flags = BUSKIN_DESC_IMMORTAL, .user = REASON_NORMAL, .name = "Normal"};
static const buskin_desc_t reason_killed = {.flags = BUSKIN_DESC_IMMORTAL, .user = REASON_KILLED, .name = "Killed"};
static const buskin_desc_t reason_shutdown = {
    .flags = BUSKIN_DESC_IMMORTAL, .user = REASON_SHUTDOWN, .name = "Shutdown"};
static const buskin_desc_t reason_noproc = {.flags = BUSKIN_DESC_IMMORTAL, .user = REASON_NOPROC, .name = "NoProc"};

/* Constant objects without a payload: the value is the address after the header. */
static const struct {
    const buskin_desc_t *desc;
    uint64_t payload;
} reason_constants[] = {{&reason_normal, 0}, {&reason_killed, 0}, {&reason_shutdown, 0}, {&reason_noproc, 0}};

SKIT_CODE static const void *reason_with(const buskin_desc_t *desc, const buskin_notice_t *why) {
    reason_t *reason = buskin_alloc(desc);
    reason->text = skit_string_of((const char *)(why + 1), why->length);
    return reason;
}

SKIT_CODE const void *skit_reason(const buskin_notice_t *why) {
    switch (why->code) {
    case BUSKIN_REASON_NORMAL: return &reason_constants[0].payload;
    case BUSKIN_REASON_KILL:
    case BUSKIN_REASON_KILLED: return &reason_constants[1].payload;
    case BUSKIN_REASON_SHUTDOWN: return &reason_constants[2].payload;
    case BUSKIN_REASON_NOPROC: return &reason_constants[3].payload;
    case BUSKIN_REASON_PANIC:
    case BUSKIN_REASON_CRASH:
    case BUSKIN_REASON_LIMIT: return reason_with(&reason_error, why);
    default: return reason_with(&reason_custom, why);
    }
}

SKIT_CODE const skit_string_t *skit_reason_text(const buskin_notice_t *why) {
    switch (why->code) {
    case BUSKIN_REASON_NORMAL: return skit_string_of("normal", 6);
    case BUSKIN_REASON_KILL:
    case BUSKIN_REASON_KILLED: return skit_string_of("killed", 6);
    case BUSKIN_REASON_SHUTDOWN: return skit_string_of("shutdown", 8);
    case BUSKIN_REASON_NOPROC: return skit_string_of("noproc", 6);
    default: return skit_string_of((const char *)(why + 1), why->length);
    }
}

/* An ExitReason as the runtime takes it. */
typedef struct reason_parts {
    uint32_t variant;
    uint32_t code;
    const void *bytes;
    uint64_t length;
} reason_parts_t;

SKIT_CODE static reason_parts_t reason_parts(const void *reason) {
    static const uint32_t codes[] = {
        [REASON_NORMAL] = BUSKIN_REASON_NORMAL, [REASON_ERROR] = BUSKIN_REASON_PANIC,
        [REASON_KILLED] = BUSKIN_REASON_KILLED, [REASON_SHUTDOWN] = BUSKIN_REASON_SHUTDOWN,
        [REASON_CUSTOM] = BUSKIN_REASON_USER,   [REASON_NOPROC] = BUSKIN_REASON_NOPROC,
    };
    const buskin_desc_t *desc = ((const buskin_desc_t *const *)reason)[-1];
    reason_parts_t parts = {.variant = desc->user, .code = codes[desc->user]};
    if (desc->user == REASON_ERROR || desc->user == REASON_CUSTOM) {
        const skit_string_t *text = ((const reason_t *)reason)->text;
        parts.bytes = text->bytes;
        parts.length = text->length;
    }
    return parts;
}

SKIT_CODE void skit_exit(const void *reason) {
    reason_parts_t parts = reason_parts(reason);
    buskin_actor_exit(parts.code, parts.bytes, parts.length);
}

/* Killed, sent, is the kill that cannot be trapped. */
SKIT_CODE void skit_exit_signal(int64_t to, const void *reason) {
    reason_parts_t parts = reason_parts(reason);
    uint32_t code = parts.variant == REASON_KILLED ? (uint32_t)BUSKIN_REASON_KILL : parts.code;
    buskin_actor_exit_signal((uint64_t)to, code, parts.bytes, parts.length);
}
