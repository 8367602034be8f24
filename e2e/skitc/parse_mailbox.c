/* parse_mailbox.c - how many messages may wait, and what a full mailbox does: between an actor's parameters and its `do`.
 *
 *   mailbox  = "mailbox" "(" INT "," policy [ "," policy ] ")" ;
 *   policy   = "block" | "drop_new" | "drop_old" | "fail" | "coalesce" [ "(" ( lname | INT ) ")" ] ;
 *
 * The second policy belongs to coalesce: what a full mailbox does with a message that replaces none.
 */
#include <string.h>

#include "buskin.h"
#include "parse.h"

static uint32_t parse_policy(parser *p, bool is_fallback) {
    static const struct {
        const char *word;
        uint32_t policy;
    } policies[] = {{"block", BUSKIN_POLICY_BLOCK},
                    {"drop_new", BUSKIN_POLICY_DROP_NEW},
                    {"drop_old", BUSKIN_POLICY_DROP_OLD},
                    {"fail", BUSKIN_POLICY_FAIL},
                    {"coalesce", BUSKIN_POLICY_COALESCE}};
    const token *t = parse_expect(p, T_LNAME);
    for (unsigned i = 0; i < sizeof policies / sizeof *policies - is_fallback; i++)
        if (strcmp(t->text, policies[i].word) == 0) return policies[i].policy;
    diag_fail(p->f, t->pos, E_POLICY, "`%s` is no mailbox policy%s: `block`, `drop_new`, `drop_old`%s", t->text,
              is_fallback ? " to fall back on" : "", is_fallback ? " or `fail`" : ", `fail` or `coalesce`");
}

static void parse_key(parser *p, mailbox_spec *m) {
    m->key_pos = m->pos;
    if (!parse_accept(p, T_LPAREN)) return;
    m->key_pos = parse_peek(p)->pos;
    if (parse_at(p, T_INT))
        m->key_index = (int64_t)(parse_next(p)->as.integer & INT64_MAX);
    else
        m->key_name = parse_expect(p, T_LNAME)->text;
    parse_expect(p, T_RPAREN);
}

static int64_t parse_capacity(parser *p) {
    pos at = parse_peek(p)->pos;
    if (!parse_at(p, T_INT)) parse_fail(p, "the number of messages that may wait");
    uint64_t n = parse_next(p)->as.integer;
    if (n == 0)
        diag_fail(p->f, at, E_CAPACITY, "a mailbox of capacity 0 takes nothing; without `mailbox` it has no limit");
    if (n > BUSKIN_MAILBOX_MAX)
        diag_fail(p->f, at, E_CAPACITY, "the capacity of a mailbox is at most %d", BUSKIN_MAILBOX_MAX);
    return (int64_t)n;
}

mailbox_spec *parse_mailbox(parser *p) {
    if (!parse_word(p, "mailbox")) return NULL;
    mailbox_spec *m = NEW(&p->f->arena, mailbox_spec);
    *m = (mailbox_spec){.pos = parse_next(p)->pos, .fallback = BUSKIN_POLICY_DROP_NEW, .key_index = -1};
    parse_expect(p, T_LPAREN);
    m->capacity = parse_capacity(p);
    parse_expect(p, T_COMMA);
    m->policy = parse_policy(p, false);
    if (m->policy == BUSKIN_POLICY_COALESCE) {
        parse_key(p, m);
        if (parse_accept(p, T_COMMA)) m->fallback = parse_policy(p, true);
    }
    parse_expect(p, T_RPAREN);
    return m;
}
