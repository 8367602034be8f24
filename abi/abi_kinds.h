/* abi_kinds.h - how abi.def is read.
 *
 * A row of abi.def names kinds and effects. This header gives each kind its C type and its LLVM text, once,
 * so that every reading of the table (prototypes, IR declarations, symbol lists, JSON, the frozen dump) says
 * the same. abi_table.h is the reading for programs; conformance.c the one that checks buskin.h.
 *
 * LLVM text is what LLVM 19 parses (later versions upgrade it). Two columns, because an attribute such as
 * nocapture is an error on a result: the first holds for parameters and results, the second for parameters.
 * i32 carries signext or zeroext so that one text serves targets whose C convention wants it. Nothing says
 * `dereferenceable` or `willreturn` that a yielding call could break.
 */
#ifndef BUSKIN_ABI_KINDS_H
#define BUSKIN_ABI_KINDS_H

#include "buskin.h"

/* KIND(name, C type, LLVM type, attributes, attributes of a parameter only) */
#define BUSKIN_ABI_KINDS(KIND)                                              \
    KIND(VOID, void, "void", "", "")                                        \
    KIND(U8, uint8_t, "i8", "noundef zeroext", "")                          \
    KIND(I32, int32_t, "i32", "noundef signext", "")                        \
    KIND(STATUS, int32_t, "i32", "noundef signext", "")                     \
    KIND(U32, uint32_t, "i32", "noundef zeroext", "")                       \
    KIND(I64, int64_t, "i64", "noundef", "")                                \
    KIND(U64, uint64_t, "i64", "noundef", "")                               \
    KIND(PID, uint64_t, "i64", "noundef", "")                               \
    KIND(REF, uint64_t, "i64", "noundef", "")                               \
    KIND(PTR, void *, "ptr", "noundef nonnull", "")                         \
    KIND(PTRN, void *, "ptr", "noundef", "")                                \
    KIND(IN, const void *, "ptr", "noundef", "readonly nocapture")          \
    KIND(INOUT, void *, "ptr", "noundef nonnull", "nocapture")              \
    KIND(OUTN, void *, "ptr", "noundef", "writeonly nocapture")             \
    KIND(OBJ, void *, "ptr", "noundef nonnull align 8", "")                 \
    KIND(OBJN, void *, "ptr", "noundef align 8", "")                        \
    KIND(DESC, const buskin_desc_t *, "ptr", "noundef nonnull", "readonly") \
    KIND(DESCN, const buskin_desc_t *, "ptr", "noundef", "readonly")        \
    KIND(TEXT, const char *, "ptr", "noundef", "readonly")                  \
    KIND(ENTRY, buskin_abi_entry *, "ptr", "noundef nonnull", "")           \
    KIND(CALLBACK, buskin_abi_callback *, "ptr", "noundef nonnull", "")

typedef void buskin_abi_entry(const void *args);
typedef void buskin_abi_callback(void *arg);

/* EFFECT(name, attributes of the function, attributes of the result) */
#define BUSKIN_ABI_EFFECTS(EFFECT)              \
    EFFECT(YIELDS, "", "")                      \
    EFFECT(COLLECTS, "", "")                    \
    EFFECT(NULLABLE, "", "")                    \
    EFFECT(MUST_USE, "", "")                    \
    EFFECT(NORETURN, "noreturn", "")            \
    EFFECT(PURE, "memory(none) willreturn", "") \
    EFFECT(COLD, "cold", "")                    \
    EFFECT(FRESH, "", "noalias")

#define BUSKIN_ABI_THREADS(THREADS) THREADS(ANY) THREADS(ACTOR) THREADS(HOME) THREADS(MAIN)
#define BUSKIN_ABI_LEGACY(LEGACY) LEGACY(SAME) LEGACY(VOID_RETURN)
#define BUSKIN_ABI_ACCESS(ACCESS) ACCESS(R) ACCESS(W) ACCESS(RW) ACCESS(INIT)

/* The records of layout.def. Their sizes are frozen too: programs allocate them. */
#define BUSKIN_ABI_RECORDS(RECORD) \
    RECORD(context)                \
    RECORD(desc)                   \
    RECORD(message_header)         \
    RECORD(message)                \
    RECORD(notice)                 \
    RECORD(receive)                \
    RECORD(spawn_desc)             \
    RECORD(request)                \
    RECORD(process_info)           \
    RECORD(heap_stats)             \
    RECORD(child_spec)             \
    RECORD(supervisor_spec)        \
    RECORD(child_info)             \
    RECORD(crash)                  \
    RECORD(filter)                 \
    RECORD(filter_entry)           \
    RECORD(handle)                 \
    RECORD(cleanup)

/* No row of abi.def has more parameters. */
#define BUSKIN_ABI_MAX_PARAMS 8

/* The two data symbols that emitted code names. The epoch is loaded by every main and entry thunk, so that
 * an archive of another epoch is a link error that says so; the context is the target of the inlined
 * buskin_context(): a thread-local buskin_context_t *. */
#define BUSKIN_ABI_PASTE_(a, b, c, d) a##b##c##d
#define BUSKIN_ABI_PASTE(a, b, c, d) BUSKIN_ABI_PASTE_(a, b, c, d)
#define BUSKIN_ABI_EPOCH_SYMBOL BUSKIN_ABI_PASTE(buskin_abi_epoch_, BUSKIN_ABI_MAJOR, _, BUSKIN_ABI_MINOR)
#define BUSKIN_ABI_CONTEXT_SYMBOL buskin_tls_context

#endif /* BUSKIN_ABI_KINDS_H */
