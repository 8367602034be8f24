/* children.c - the table of a supervisor's children: all of them in start order, and those that run by pid. */
#include "api/supervisor/supervisor.h"

#include <string.h>

enum { CHILDREN_START = 8 };

static child_t **children_room(uint32_t n) { return buskin_gc_alloc_actor(n * sizeof(child_t *), 8); }

/* -- In order -- */

child_t *children_add(children_t *children, const buskin_child_spec_t *spec, const void *args) {
    child_t *c = buskin_gc_alloc_actor(sizeof *c, 8);
    *c = (child_t){.spec = spec, .args = args, .index = children->count};
    if (spec->backoff_max_ms || spec->breaker_failures) c->retry = buskin_gc_alloc_actor(sizeof *c->retry, 8);
    if (children->count == children->capacity) {
        uint32_t capacity = children->capacity ? 2 * children->capacity : CHILDREN_START;
        child_t **list = children_room(capacity);
        if (children->count) memcpy(list, children->list, children->count * sizeof *list);
        children->list = list;
        children->capacity = capacity;
    }
    return children->list[children->count++] = c;
}

void children_forget(children_t *children, child_t *c, bool keep_order) {
    child_t **list = children->list;
    uint32_t last = --children->count;
    if (keep_order)
        memmove(&list[c->index], &list[c->index + 1], (last - c->index) * sizeof *list);
    else
        list[c->index] = list[last];
    list[last] = NULL;
    for (uint32_t i = c->index; i < (keep_order ? last : c->index + (c->index < last)); i++) list[i]->index = i;
}

child_t *children_named(const children_t *children, const char *name, uint64_t length) {
    for (uint32_t i = 0; i < children->count; i++) {
        child_t *c = children->list[i];
        if (strlen(c->spec->name) == length && !memcmp(c->spec->name, name, length)) return c;
    }
    return NULL;
}

/* -- By pid: linear probing, deletion by shifting back -- */

static uint32_t children_home(const children_t *children, uint64_t pid) {
    return (uint32_t)(pid * 0x9E3779B97F4A7C15u >> 32) & (children->slots - 1);
}

static uint32_t children_slot(const children_t *children, uint64_t pid) {
    uint32_t i = children_home(children, pid);
    while (children->by_pid[i] && children->by_pid[i]->pid != pid) i = (i + 1) & (children->slots - 1);
    return i;
}

child_t *children_find(const children_t *children, uint64_t pid) {
    return children->slots ? children->by_pid[children_slot(children, pid)] : NULL;
}

static void children_grow(children_t *children) {
    child_t **old = children->by_pid;
    uint32_t before = children->slots;
    children->slots = before ? 2 * before : CHILDREN_START;
    children->by_pid = children_room(children->slots);
    for (uint32_t i = 0; i < before; i++)
        if (old[i]) children->by_pid[children_slot(children, old[i]->pid)] = old[i];
}

void children_map(children_t *children, child_t *c) {
    if (4 * (children->running + 1) > 3 * children->slots) children_grow(children);
    children->by_pid[children_slot(children, c->pid)] = c;
    children->running++;
}

void children_unmap(children_t *children, child_t *c) {
    child_t **table = children->by_pid;
    uint32_t mask = children->slots - 1, hole = children_slot(children, c->pid);
    table[hole] = NULL;
    children->running--;
    for (uint32_t i = (hole + 1) & mask; table[i]; i = (i + 1) & mask) {
        uint32_t home = children_home(children, table[i]->pid);
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* it may not move before its home */
        table[hole] = table[i];
        table[i] = NULL;
        hole = i;
    }
}
