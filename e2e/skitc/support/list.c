/* list.c - list operations that do not look at the elements.
 *
 * Every node is 16 bytes, so one function serves all element types; the descriptor that says whether the head
 * is an object comes from the caller. Results are built front to back through the link of the last node, so a
 * list of any length takes constant stack. Each 64 nodes cost a reduction check.
 */
#include "skit.h"

/* Descriptors with offsets: a flexible array member is initialised through a GNU extension. */
__extension__ const buskin_desc_t skit_list_scalar_desc = {.size = 16, .npointers = 1, .name = "List", .offsets = {8}};
__extension__ const buskin_desc_t skit_list_object_desc = {
    .size = 16, .npointers = 2, .name = "List", .offsets = {0, 8}};

enum { LIST_NODES_PER_CHECK = 64 };

static inline void list_count(uint64_t *nodes) {
    if (++*nodes % LIST_NODES_PER_CHECK == 0) buskin_reduction_check();
}

SKIT_CODE static skit_list_t *list_node(const buskin_desc_t *desc, uint64_t head) {
    skit_list_t *node = buskin_alloc(desc);
    node->head = head;
    return node;
}

/* Copies the first n nodes of xs and links the copy to rest. */
SKIT_CODE static const skit_list_t *list_copied(const buskin_desc_t *desc, const skit_list_t *xs, uint64_t n,
                                                const skit_list_t *rest) {
    skit_list_t *first = NULL;
    skit_list_t **link = &first;
    for (uint64_t i = 0; i < n && xs != NULL; list_count(&i), xs = xs->tail) {
        skit_list_t *node = list_node(desc, xs->head);
        *link = node;
        link = &node->tail;
    }
    *link = (skit_list_t *)(uintptr_t)rest;
    return first;
}

SKIT_CODE int64_t skit_list_length(const skit_list_t *xs) {
    uint64_t n = 0;
    for (; xs != NULL; xs = xs->tail) list_count(&n);
    return (int64_t)n;
}

SKIT_CODE const skit_list_t *skit_list_concat(const buskin_desc_t *node, const skit_list_t *xs, const skit_list_t *ys) {
    return ys == NULL ? xs : list_copied(node, xs, UINT64_MAX, ys);
}

SKIT_CODE const skit_list_t *skit_list_take(const buskin_desc_t *node, const skit_list_t *xs, int64_t n) {
    return n <= 0 ? NULL : list_copied(node, xs, (uint64_t)n, NULL);
}

SKIT_CODE const skit_list_t *skit_list_reverse(const buskin_desc_t *node, const skit_list_t *xs) {
    skit_list_t *reversed = NULL;
    uint64_t n = 0;
    for (; xs != NULL; xs = xs->tail, list_count(&n)) {
        skit_list_t *first = list_node(node, xs->head);
        first->tail = reversed;
        reversed = first;
    }
    return reversed;
}

SKIT_CODE const skit_list_t *skit_list_drop(const skit_list_t *xs, int64_t n) {
    for (uint64_t i = 0; (int64_t)i < n && xs != NULL; xs = xs->tail) list_count(&i);
    return xs;
}

SKIT_CODE const skit_list_t *skit_list_last(const skit_list_t *xs) {
    uint64_t n = 0;
    for (; xs->tail != NULL; xs = xs->tail) list_count(&n);
    return xs;
}
