/*
 * front.c - the front end's phases, in order: read, parse, declare, import, types, resolve, infer, default.
 * Each ends the compilation if it found errors, since the next relies on it.
 */
#include "front.h"

#include <errno.h>
#include <stdlib.h>

#include "infer.h"

#define ARENA(f) (&(f)->arena)

/* -- Reading ------------------------------------------------------------------------------------------------- */

enum { MAX_SOURCE = 1 << 30 };

static char *read_all(FILE *in, size_t *len) {
    size_t room = 1 << 14;
    char *text = malloc(room);
    *len = 0;
    while (text && *len < MAX_SOURCE) {
        size_t got = fread(text + *len, 1, room - *len, in);
        if (got == 0) return text;
        *len += got;
        if (*len < room) continue;
        char *bigger = realloc(text, room *= 2);
        if (!bigger) free(text);
        text = bigger;
    }
    free(text);
    errno = EFBIG;
    return NULL;
}

static void file_read(front *f, void *arg) {
    source_file *file = arg;
    pos at = {(int32_t)(file - f->program.files), 1, 1};
    FILE *in = fopen(file->path, "rb");
    if (!in) diag_fail(f, at, E_MODULE, "file not found or not readable: %s", strerror(errno));
    char *text = read_all(in, &file->len);
    bool failed = !text || ferror(in);
    int reason = errno;
    fclose(in);
    if (text && !failed) file->text = arena_copy(ARENA(f), text, file->len);
    free(text);
    if (failed) diag_fail(f, at, E_MODULE, "file not readable: %s", strerror(reason));
}

/* `some/rate_limiter.skit` is the module RateLimiter. */
static const char *module_name(front *f, const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    size_t len = dot && dot != base ? (size_t)(dot - base) : strlen(base), n = 0;
    char *name = arena_alloc(ARENA(f), len + 1);
    bool is_first = true;
    for (size_t i = 0; i < len; i++) {
        bool is_lower = base[i] >= 'a' && base[i] <= 'z';
        bool is_word = is_lower || (base[i] >= 'A' && base[i] <= 'Z') || (base[i] >= '0' && base[i] <= '9');
        if (is_word) name[n++] = is_first && is_lower ? (char)(base[i] - 32) : base[i];
        is_first = !is_word;
    }
    return name_intern(ARENA(f), &f->names, name, n);
}

static module *module_new(front *f, int32_t file) {
    module *m = NEW(ARENA(f), module);
    m->file = file;
    m->name = module_name(f, f->program.files[file].path);
    m->front = NEW(ARENA(f), module_names);
    return m;
}

static void check_module_names(front *f, void *arg) {
    module *m = arg;
    for (int32_t i = 0; i < m->file; i++)
        if (f->program.modules[i]->name == m->name)
            diag_fail(f, (pos){m->file, 1, 1}, E_DOUBLED, "module `%s` is defined twice", m->name);
}

static void front_files(front *f, const char *const *paths, int npaths, const char *prelude) {
    program *p = &f->program;
    p->nfiles = p->nmodules = npaths + (prelude ? 1 : 0);
    p->files = NEW_ARRAY(ARENA(f), source_file, p->nfiles);
    p->modules = NEW_ARRAY(ARENA(f), module *, p->nmodules);
    for (int i = 0; i < npaths; i++) p->files[i].path = arena_copy(ARENA(f), paths[i], strlen(paths[i]));
    if (prelude) p->files[npaths] = (source_file){"prelude", prelude, strlen(prelude)};
    for (int32_t i = 0; i < p->nmodules; i++) {
        p->modules[i] = module_new(f, i);
        p->modules[i]->is_prelude = i == npaths;
        if (i < npaths && diag_try(f, file_read, &p->files[i])) diag_try(f, check_module_names, p->modules[i]);
    }
}

/* -- Phases over modules ------------------------------------------------------------------------------------- */

static void module_parse(front *f, void *arg) {
    module *m = arg;
    ((module_names *)m->front)->items = parse_module(f, m);
}

static void module_declare(front *f, void *arg) {
    module *m = arg;
    names_declare(f, m, ((module_names *)m->front)->items);
}

static void module_import(front *f, void *arg) { names_import(f, arg); }

static void module_types(front *f, void *arg) { names_types(f, arg); }

static void all_data(front *f, void *arg) {
    (void)arg;
    names_data(f);
}

static bool each_module(front *f, void (*phase)(front *, void *)) {
    for (int32_t i = 0; i < f->program.nmodules; i++) diag_try(f, phase, f->program.modules[i]);
    return diag_count(f) == 0;
}

/* -- The prelude --------------------------------------------------------------------------------------------- */

static void bind_builtin(front *f, module *prelude, builtin *b) {
    if (b->how != PRELUDE) return;
    entity *e = map_get(&((module_names *)prelude->front)->values, front_name(f, b->symbol));
    if (!e || e->kind != ENTITY_FUNCTION) return;
    b->prelude = e->as.function;
    ((node *)b->prelude->front)->builtin = b;
}

static void bind_prelude(front *f) {
    module *last = f->program.modules[f->program.nmodules - 1];
    for (int i = 0; last->is_prelude && i < BI_COUNT; i++) bind_builtin(f, last, &f->program.builtins[i]);
}

/* -- Main ---------------------------------------------------------------------------------------------------- */

static void find_main(front *f, void *arg) {
    (void)arg;
    program *p = &f->program;
    for (int32_t i = 0; i < p->modules[0]->nfunctions; i++)
        if (strcmp(p->modules[0]->functions[i]->name, "main") == 0) p->main = p->modules[0]->functions[i];
    if (!p->main) diag_fail(f, (pos){0, 1, 1}, E_MAIN, "the program has no function `main`");
    if (p->main->nparams) diag_fail(f, p->main->pos, E_MAIN, "`main` takes no parameters");
}

/* Defaults for everything still open; main itself is the first instance. */
static void front_finish(front *f) {
    program *p = &f->program;
    f->level = 0;
    type **vec = scheme_instance(f, p->main->scheme, NULL);
    types_default(f);
    p->main_inst = inst_ground(p, vec, p->main->scheme->nparams, NULL);
}

static void front_bodies(front *f) {
    node_list nodes = {0};
    /* the prelude last read is the first typed: method calls find its functions only during inference */
    for (int32_t i = f->program.nmodules; i-- > 0;) resolve_nodes(f, f->program.modules[i], &nodes);
    bind_prelude(f);
    for (int32_t i = 0; i < nodes.n; i++) resolve_node(f, nodes.items[i]);
    components c = resolve_components(f, &nodes);
    resolve_mailboxes(&c);
    for (int32_t i = 0, begin = 0; i < c.ends.n; begin = c.ends.items[i++])
        infer_component(f, c.order.items + begin, c.ends.items[i] - begin);
    if (diag_count(f) == 0 && diag_try(f, find_main, NULL)) front_finish(f);
}

static void front_phases(front *f, const char *const *paths, int npaths, const char *prelude) {
    names_begin(f);
    front_files(f, paths, npaths, prelude);
    if (diag_count(f) || !each_module(f, module_parse)) return;
    if (!each_module(f, module_declare) || !each_module(f, module_import) || !each_module(f, module_types)) return;
    if (diag_try(f, all_data, NULL)) front_bodies(f);
}

program *skit_front(const char *const *paths, int npaths, const char *prelude, FILE *errors) {
    front *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->program.front = f;
    front_phases(f, paths, npaths, prelude);
    if (diag_count(f) == 0) return &f->program;
    diag_print(f, errors);
    program_free(&f->program);
    return NULL;
}

void program_free(program *p) {
    front *f = p->front;
    arena_free(&f->arena);
    free(f);
}
