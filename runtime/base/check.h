/* check.h - the three classes of things that go wrong, and the branch hints.
 *
 *   a caller's misuse     answered with a status by runtime/api, never here
 *   the environment       a NULL or false result that the caller handles
 *   a broken invariant    BUG_IF: one line on standard error and abort, in every build
 *   CHECK                 the same, in debug builds only (BUSKIN_DEBUG)
 */
#ifndef BUSKIN_CHECK_H
#define BUSKIN_CHECK_H

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

_Noreturn void bug(const char *file, int line, const char *what);

#define BUG_IF(condition)                                             \
    do {                                                              \
        if (unlikely(condition)) bug(__FILE__, __LINE__, #condition); \
    } while (0)

#ifdef BUSKIN_DEBUG
#define CHECK(condition) BUG_IF(!(condition))
#else
#define CHECK(condition) ((void)sizeof(condition))
#endif

#endif
