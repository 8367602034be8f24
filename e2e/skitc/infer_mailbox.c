/* infer_mailbox.c - the key of a mailbox that coalesces.
 *
 * Two messages have the same key if one word of their data is equal: lower_message.c sends a tuple or struct as its fields, a
 * variant as its index and fields, anything else as one slot. So the key is a field that is no object, the variant, or the
 * whole message.
 */
#include <string.h>

#include "buskin.h"
#include "infer.h"

static bool is_word(type *t) {
    t = type_repr(t);
    return t->kind == TYPE_INT || t->kind == TYPE_FLOAT || t->kind == TYPE_BOOL || t->kind == TYPE_PID;
}

static _Noreturn void key_fail(front *f, const mailbox_spec *m, type *message, const char *what) {
    diag_fail(f, m->key_pos, E_KEY, "messages of type `%s` cannot be coalesced %s", type_text(&f->program, message),
              what);
}

static int32_t struct_key(front *f, const mailbox_spec *m, type *t) {
    for (int32_t i = 0; m->key_name != NULL && i < t->decl->nfields; i++)
        if (strcmp(t->decl->fields[i].name, m->key_name) == 0) return i;
    key_fail(f, m, t,
             m->key_name != NULL ? "by a field that they do not have"
                                 : "without a key: name a field, `coalesce(field)`");
}

static int32_t tuple_key(front *f, const mailbox_spec *m, type *t) {
    if (m->key_index >= 0 && m->key_index < t->nargs) return (int32_t)m->key_index;
    key_fail(f, m, t,
             m->key_index >= 0 ? "by an element that they do not have"
                               : "without a key: say which element, `coalesce(0)` for the first");
}

void infer_mailbox(front *f, actor *a) {
    mailbox_spec *m = a->bound;
    if (m == NULL || m->policy != BUSKIN_POLICY_COALESCE) return;
    type *t = type_repr(a->mailbox);
    if (t->kind == TYPE_TUPLE || t->kind == TYPE_STRUCT) {
        int32_t i = t->kind == TYPE_STRUCT ? struct_key(f, m, t) : tuple_key(f, m, t);
        type *key = t->kind == TYPE_STRUCT ? t->decl->fields[i].type : t->args[i];
        if (!is_word(key)) key_fail(f, m, t, "by that: a key is an Int, Float, Bool or Pid");
        m->key = 8 * (uint32_t)i;
        return;
    }
    if (m->key_name != NULL || m->key_index >= 0) key_fail(f, m, t, "by a field: they are no struct or tuple");
    if (t->kind != TYPE_SUM && !is_word(t)) key_fail(f, m, t, "as a whole: use a struct or tuple with a key");
}
