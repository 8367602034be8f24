/* lower_loop.c - for, while, break, continue.
 *
 * `for` builds its list front to back: the state of the loop is the first node and the last one, whose tail the next
 * node becomes, so a list of any length takes constant stack and no second pass. The state lives in frame slots, which
 * the passes turn into values. Where the value is dropped (a statement) no list is made.
 */
#include "lower.h"

typedef struct gather {
    type *element;
    LLVMValueRef first, last; /* frame slots */
} gather;

static gather gather_open(body *b, expr *e) {
    gather g = {.element = ground_in(b, e->type)->args[0]};
    g.first = body_slot(b, b->l->ptr, "first");
    g.last = body_slot(b, b->l->ptr, "last");
    LLVMBuildStore(b->b, LLVMConstNull(b->l->ptr), g.first);
    LLVMBuildStore(b->b, LLVMConstNull(b->l->ptr), g.last);
    return g;
}

static void gather_add(body *b, gather *g, LLVMValueRef value) {
    LLVMValueRef node = data_cons(b, g->element, value, LLVMConstNull(b->l->ptr));
    LLVMValueRef last = LLVMBuildLoad2(b->b, b->l->ptr, g->last, "");
    LLVMBasicBlockRef begin = body_block(b, "begin"), append = body_block(b, "append"), added = body_block(b, "added");
    LLVMBuildCondBr(b->b, LLVMBuildIsNull(b->b, last, ""), begin, append);
    body_position(b, begin);
    LLVMBuildStore(b->b, node, g->first);
    LLVMBuildBr(b->b, added);
    body_position(b, append);
    data_store(b, type_basic(b->l->p, TYPE_STRING), last, 1, node); /* the tail: a pointer field */
    LLVMBuildBr(b->b, added);
    body_position(b, added);
    LLVMBuildStore(b->b, node, g->last);
}

/* Where the loop stands: a list's node or a number, in a frame slot. */
typedef struct cursor {
    bool is_range;
    LLVMTypeRef type;
    LLVMValueRef slot, high;
    type *element;
} cursor;

static cursor cursor_open(body *b, expr *e) {
    cursor c = {.is_range = e->as.loop.iter == NULL};
    c.type = c.is_range ? b->l->i64 : b->l->ptr;
    LLVMValueRef start = lower_expr(b, c.is_range ? e->as.loop.low : e->as.loop.iter);
    if (c.is_range)
        c.high = lower_expr(b, e->as.loop.high);
    else
        c.element = ground_in(b, e->as.loop.iter->type)->args[0];
    c.slot = body_slot(b, c.type, "cursor");
    LLVMBuildStore(b->b, start, c.slot);
    return c;
}

/* Whether there is a next element, given where the cursor stands. */
static LLVMValueRef cursor_more(body *b, const cursor *c, LLVMValueRef at) {
    return c->is_range ? LLVMBuildICmp(b->b, LLVMIntSLT, at, c->high, "") : LLVMBuildIsNotNull(b->b, at, "");
}

/* The element at `at`; the cursor moves on. */
static LLVMValueRef cursor_take(body *b, const cursor *c, LLVMValueRef at) {
    LLVMValueRef value = c->is_range ? at : data_head(b, c->element, at);
    LLVMValueRef next = c->is_range ? LLVMBuildAdd(b->b, at, body_i64(b, 1), "") : data_tail(b, at);
    LLVMBuildStore(b->b, next, c->slot);
    return value;
}

LLVMValueRef lower_for(body *b, expr *e, bool wanted) {
    cursor c = cursor_open(b, e);
    gather g = {0};
    if (wanted) g = gather_open(b, e);
    loop around = {.leave = body_block(b, "for.end"), .next = body_block(b, "for.next"), .outer = b->loop};
    LLVMBasicBlockRef step = body_block(b, "for.body");
    LLVMBuildBr(b->b, around.next);
    body_position(b, around.next);
    LLVMValueRef at = LLVMBuildLoad2(b->b, c.type, c.slot, "");
    LLVMBuildCondBr(b->b, cursor_more(b, &c, at), step, around.leave);
    body_position(b, step);
    b->loop = &around;
    LLVMValueRef value = cursor_take(b, &c, at);
    body_at(b, e->as.loop.pattern->pos);
    match_or_panic(b, e->as.loop.pattern, value, "no match in for");
    if (e->as.loop.guard != NULL) {
        LLVMBasicBlockRef chosen = body_block(b, "for.when");
        LLVMBuildCondBr(b->b, lower_expr(b, e->as.loop.guard), chosen, around.next);
        body_position(b, chosen);
    }
    if (wanted)
        gather_add(b, &g, lower_expr(b, e->as.loop.body));
    else
        lower_effect(b, e->as.loop.body);
    LLVMBuildBr(b->b, around.next);
    b->loop = around.outer;
    body_position(b, around.leave);
    return wanted ? LLVMBuildLoad2(b->b, b->l->ptr, g.first, "") : LLVMGetPoison(b->l->ptr);
}

LLVMValueRef lower_while(body *b, expr *e) {
    loop around = {.leave = body_block(b, "while.end"), .next = body_block(b, "while"), .outer = b->loop};
    LLVMBasicBlockRef step = body_block(b, "while.body");
    LLVMBuildBr(b->b, around.next);
    body_position(b, around.next);
    b->loop = &around;
    LLVMBuildCondBr(b->b, lower_expr(b, e->as.loop.iter), step, around.leave);
    body_position(b, step);
    lower_effect(b, e->as.loop.body);
    LLVMBuildBr(b->b, around.next);
    b->loop = around.outer;
    body_position(b, around.leave);
    return body_unit(b);
}

LLVMValueRef lower_jump(body *b, expr *e) {
    LLVMBuildBr(b->b, e->kind == EXPR_BREAK ? b->loop->leave : b->loop->next);
    body_unreachable(b);
    return LLVMGetPoison(type_ll(b->l, ground_in(b, e->type)));
}
