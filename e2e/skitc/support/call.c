/* call.c - what a program is told where no reply came: of calls that fail, requests to supervisors, awaited jobs. */
#include "skit.h"

SKIT_CODE static BUSKIN_NORETURN void call_failed(const char *name, int64_t length, const skit_string_t *why,
                                                  const char *file, uint32_t line, uint32_t col) {
    skit_text_t t;
    skit_text_begin(&t);
    skit_text_bytes(&t, "call ", 5);
    skit_text_bytes(&t, name, length);
    skit_text_bytes(&t, " failed: ", 9);
    skit_text_string(&t, why);
    skit_panic(skit_text_end(&t), file, line, col);
}

/* why is NULL for a call to itself. */
SKIT_CODE void skit_call_failed(const char *name, int64_t length, const buskin_notice_t *why, const char *file,
                                uint32_t line, uint32_t col) {
    const skit_string_t *text = why != NULL ? skit_reason_text(why) : skit_string_of("call to itself", 14);
    call_failed(name, length, text, file, line, col);
}

SKIT_CODE void skit_supervisor_failed(const char *name, int64_t length, int64_t pid, int64_t status, const char *file,
                                      uint32_t line, uint32_t col) {
    const skit_string_t *text = skit_string_of("refused", 7);
    if (status == BUSKIN_ENOPROC)
        text = skit_string_of("noproc", 6);
    else if ((uint64_t)pid == buskin_actor_self())
        text = skit_string_of("call to itself", 14);
    else if (status == BUSKIN_EINVAL)
        text = skit_string_of("another kind of supervisor", 26);
    call_failed(name, length, text, file, line, col);
}

/* The message with the value, on the owner's heap; or NULL and an error. timeout_ms < 0: as long as it takes. */
SKIT_CODE const void *skit_job_await(int64_t pid, int64_t timeout_ms, const skit_string_t **error) {
    int32_t status;
    const buskin_message_t *m = buskin_job_await((uint64_t)pid, timeout_ms, &status);
    if (m != NULL && status == BUSKIN_OK) return m;
    if (m != NULL) {
        *error = skit_reason_text((const buskin_notice_t *)(m + 1));
        buskin_message_release(m);
    } else if (status == BUSKIN_ETIMEOUT) {
        *error = skit_string_of("timeout", 7);
    } else {
        *error = skit_string_of("noproc", 6);
    }
    return NULL;
}
