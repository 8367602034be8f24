/* symbol.c - by libbacktrace, which reads the program's own DWARF, and falls back to its symbol table.
 *
 * Its memory comes from mmap, so it works in a process whose malloc does not. It is told of every error by a callback;
 * all of them mean the same here: no source line is known.
 */
#include "port/symbol.h"

#include <backtrace.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

typedef struct search {
    struct backtrace_state *state;
    symbol_found *found;
    void *data;
    bool any;
} search_t;

static void on_error(void *data, const char *message, int number) { (void)data, (void)message, (void)number; }

/* Line tables alone name no functions: the symbol table does. */
static void on_name(void *data, uintptr_t pc, const char *name, uintptr_t value, uintptr_t size) {
    (void)pc, (void)value, (void)size;
    *(const char **)data = name;
}

/* Names come with the folder of the compilation before them, even absolute ones. */
static const char *tidy(const char *file) {
    const char *absolute = strstr(file, "//");
    if (absolute) return absolute + 1;
    return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

static int on_place(void *data, uintptr_t pc, const char *file, int line, const char *function) {
    search_t *s = data;
    if (!file && !function) return 0;
    if (!function) backtrace_syminfo(s->state, pc, on_name, on_error, &function);
    if (file) file = tidy(file);
    s->any = true;
    s->found(s->data, function, file, line);
    return 0;
}

/* Two threads may both make one; the second stays unused. */
static struct backtrace_state *state_of_process(void) {
    static _Atomic(void *) state;
    void *now = atomic_load_explicit(&state, memory_order_acquire), *none = NULL;
    if (now) return now;
    now = backtrace_create_state(NULL, true, on_error, NULL);
    /* pairs with the load above: what was made is visible to whoever reads the pointer */
    if (now && !atomic_compare_exchange_strong(&state, &none, now)) now = none;
    return now;
}

bool symbol_find(uint64_t pc, symbol_found *found, void *data) {
    search_t search = {.state = state_of_process(), .found = found, .data = data};
    if (!search.state) return false;
    backtrace_pcinfo(search.state, pc, on_place, on_error, &search);
    if (search.any) return true;
    const char *name = NULL;
    backtrace_syminfo(search.state, pc, on_name, on_error, &name);
    if (name) found(data, name, NULL, 0);
    return name != NULL;
}
