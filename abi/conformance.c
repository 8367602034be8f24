/* conformance.c - buskin.h against abi.def and layout.def, by the compiler. It emits no code.
 *
 * buskin.h is written by hand for reading, the tables for machines; here each row becomes a function type that
 * must be compatible with the header's declaration, and each field an offset and a size. The table says "a
 * pointer" where the header says to what, so the pointees are listed below: a new function with a pointer of
 * its own type needs its line, or the comparison fails.
 */
#include "abi_kinds.h"

/* -- Pointees: EXACT_<function>_<parameter or result> ---------------------------------------------------- */

#define EXACT_context_result ~, buskin_context_t *
#define EXACT_version_result ~, const char *
#define EXACT_actor_receive_result ~, const void *
#define EXACT_receive_tags_result ~, const void *
#define EXACT_receive_tags_tags ~, const uint64_t *
#define EXACT_receive_peek_result ~, const void *
#define EXACT_receive_peek_r ~, buskin_receive_t *
#define EXACT_receive_skip_r ~, buskin_receive_t *
#define EXACT_receive_take_r ~, buskin_receive_t *
#define EXACT_receive_drop_r ~, buskin_receive_t *
#define EXACT_message_release_message ~, const void *
#define EXACT_spawn_desc ~, const buskin_spawn_desc_t *
#define EXACT_spawn_ref ~, uint64_t *
#define EXACT_spawn_main_desc ~, const buskin_spawn_desc_t *
#define EXACT_panic_text ~, const char *
#define EXACT_actor_register_name ~, const char *
#define EXACT_actor_unregister_name ~, const char *
#define EXACT_actor_whereis_name ~, const char *
#define EXACT_actor_monitor_name_name ~, const char *
#define EXACT_send_to_name_name ~, const char *
#define EXACT_timer_send_to_name_name ~, const char *
#define EXACT_call_result ~, const void *
#define EXACT_call_status ~, int32_t *
#define EXACT_heap_stats_stats ~, buskin_heap_stats_t *
#define EXACT_process_info_info ~, buskin_process_info_t *
#define EXACT_rt_crash_hook_hook ~, void (*)(const buskin_crash_t *)
#define EXACT_job_spawn_desc ~, const buskin_spawn_desc_t *
#define EXACT_job_await_result ~, const void *
#define EXACT_job_await_status ~, int32_t *
#define EXACT_supervisor_check_spec ~, const buskin_supervisor_spec_t *
#define EXACT_supervisor_explain_spec ~, const buskin_supervisor_spec_t *
#define EXACT_supervisor_explain_text ~, char *
#define EXACT_supervisor_start_spec ~, const buskin_supervisor_spec_t *
#define EXACT_supervisor_start_ref ~, uint64_t *
#define EXACT_supervisor_start_status ~, int32_t *
#define EXACT_supervisor_start_child_status ~, int32_t *
#define EXACT_supervisor_add_child_spec ~, const buskin_child_spec_t *
#define EXACT_supervisor_add_child_status ~, int32_t *
#define EXACT_supervisor_stop_child_name ~, const char *
#define EXACT_supervisor_restart_child_name ~, const char *
#define EXACT_supervisor_restart_child_status ~, int32_t *
#define EXACT_supervisor_delete_child_name ~, const char *
#define EXACT_supervisor_child_name ~, const char *
#define EXACT_supervisor_which_children_children ~, buskin_child_info_t *
#define EXACT_shared_handle_release ~, void (*)(void *)
#define EXACT_shared_alloc_release ~, void (*)(void *)
#define EXACT_send_move_message ~, const void *
#define EXACT_cleanup_push_record ~, buskin_cleanup_t *
#define EXACT_cleanup_push_run ~, void (*)(void *)
#define EXACT_cleanup_pop_record ~, buskin_cleanup_t *

/* -- A row as a function type ---------------------------------------------------------------------------- */

#define KIND_TYPE(name, c, llvm, attrs, param_attrs) typedef c kind_##name;
BUSKIN_ABI_KINDS(KIND_TYPE)

/* The pointee's line where there is one, which moves the kind's own type to the third place. */
#define TYPE(fn, name, kind) TYPE_OF(EXACT_##fn##_##name, kind_##kind)
#define TYPE_OF(exact, standard) SECOND(exact, standard, )
#define SECOND(first, second, ...) second

/* EACH(fn, (kind, name), ...) is the list of the parameters' types. */
#define PARAM(fn, pair) PARAM_OF(fn, PAIR pair)
#define PAIR(kind, name) kind, name
#define PARAM_OF(...) PARAM_TYPE(__VA_ARGS__)
#define PARAM_TYPE(fn, kind, name) TYPE(fn, name, kind)
#define EACH1(f, a) PARAM(f, a)
#define EACH2(f, a, ...) PARAM(f, a), EACH1(f, __VA_ARGS__)
#define EACH3(f, a, ...) PARAM(f, a), EACH2(f, __VA_ARGS__)
#define EACH4(f, a, ...) PARAM(f, a), EACH3(f, __VA_ARGS__)
#define EACH5(f, a, ...) PARAM(f, a), EACH4(f, __VA_ARGS__)
#define EACH6(f, a, ...) PARAM(f, a), EACH5(f, __VA_ARGS__)
#define EACH7(f, a, ...) PARAM(f, a), EACH6(f, __VA_ARGS__)
#define EACH8(f, a, ...) PARAM(f, a), EACH7(f, __VA_ARGS__)
#define EACH_NAMED(_1, _2, _3, _4, _5, _6, _7, _8, each, ...) each
#define EACH(fn, ...) EACH_NAMED(__VA_ARGS__, EACH8, EACH7, EACH6, EACH5, EACH4, EACH3, EACH2, EACH1, )(fn, __VA_ARGS__)

#define UNPACK(...) __VA_ARGS__
#define CALL(macro, ...) macro(__VA_ARGS__)
#define NOARGS (VOID, none)
#define ARG(kind, name) (kind, name)
#define BUSKIN_FN(since, ret, name, params, effects, threads, legacy)                   \
    typedef TYPE(name, result, ret) row_##name(CALL(EACH, name, UNPACK params));        \
    _Static_assert(__builtin_types_compatible_p(__typeof__(buskin_##name), row_##name), \
                   "buskin_" #name ": buskin.h and abi.def differ");

#include "abi.def"

/* -- A field as an offset and a size --------------------------------------------------------------------- */

#define BUSKIN_FIELD(record, field, offset, bytes, access)                               \
    _Static_assert(offsetof(buskin_##record##_t, field) == (offset),                     \
                   #record "." #field ": buskin.h and layout.def differ in the offset"); \
    _Static_assert(FIELD_SIZE_##bytes(buskin_##record##_t, field) == (bytes),            \
                   #record "." #field ": buskin.h and layout.def differ in the size");
#define FIELD_SIZE_0(record, field) (sizeof(record) - offsetof(record, field)) /* a flexible array */
#define FIELD_SIZE_1(record, field) sizeof(((record *)0)->field)
#define FIELD_SIZE_2(record, field) FIELD_SIZE_1(record, field)
#define FIELD_SIZE_4(record, field) FIELD_SIZE_1(record, field)
#define FIELD_SIZE_8(record, field) FIELD_SIZE_1(record, field)

#include "layout.def"

_Static_assert(sizeof(buskin_context_t) == 64, "the context is one cache line");
