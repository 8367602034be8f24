/* mailbox.c - what is told of an actor's mailbox; 0 for one that has ended. */
#include "skit.h"

static buskin_process_info_t mailbox_info(int64_t pid) {
    buskin_process_info_t info = {.size = sizeof info};
    if (pid == 0 || buskin_process_info((uint64_t)pid, &info) != BUSKIN_OK) info = (buskin_process_info_t){0};
    return info;
}

SKIT_CODE int64_t skit_mailbox_length(int64_t pid) { return (int64_t)mailbox_info(pid).mailbox_length; }
SKIT_CODE int64_t skit_mailbox_waiting(int64_t pid) { return mailbox_info(pid).mailbox_senders; }
SKIT_CODE int64_t skit_mailbox_accepted(int64_t pid) { return (int64_t)mailbox_info(pid).mailbox_accepted; }
SKIT_CODE int64_t skit_mailbox_dropped(int64_t pid) { return (int64_t)mailbox_info(pid).mailbox_dropped; }
SKIT_CODE int64_t skit_mailbox_failed(int64_t pid) { return (int64_t)mailbox_info(pid).mailbox_failed; }
SKIT_CODE int64_t skit_mailbox_coalesced(int64_t pid) { return (int64_t)mailbox_info(pid).mailbox_coalesced; }
