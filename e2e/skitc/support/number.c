/* number.c - texts of numbers, and numbers of texts.
 *
 * A Float is written with the shortest digits that read back as the same value, never with an exponent. Most
 * floats of a program have few decimals: for these, the smallest k with v * 10^k a whole number m and
 * m / 10^k == v gives the digits, because both are exact below 2^53 and division rounds correctly. The others
 * take the free-format algorithm of Steele, White and Dybvig on small fixed-size integers: no tables, no heap,
 * under a kilobyte of stack.
 *
 * Reading has the mirror-image fast path (a whole number below 2^53 times or over an exact power of ten); the rest
 * is strtod's, on a terminated copy and with the stack it needs probed first, because a stack overflow inside
 * the C library could not be contained.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "skit.h"

static const double number_tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const double NUMBER_EXACT = 9007199254740992.0; /* 2^53 */

/* -- Integers as text ------------------------------------------------------------------------------------------- */

SKIT_CODE size_t skit_pid_text(uint64_t pid, char *out) {
    char reversed[SKIT_INT_CHARS];
    size_t n = 0;
    do reversed[n++] = (char)('0' + pid % 10);
    while ((pid /= 10) != 0);
    for (size_t i = 0; i < n; i++) out[i] = reversed[n - 1 - i];
    return n;
}

SKIT_CODE size_t skit_int_text(int64_t i, char *out) {
    if (i >= 0) return skit_pid_text((uint64_t)i, out);
    out[0] = '-';
    return 1 + skit_pid_text(0 - (uint64_t)i, out + 1);
}

/* -- Natural numbers of up to 1,216 bits ------------------------------------------------------------------------ */

enum { BIG_WORDS = 38 };

typedef struct big {
    uint32_t words; /* in use; the highest is not zero */
    uint32_t word[BIG_WORDS];
} big_t;

SKIT_CODE static void big_set(big_t *b, uint64_t value, uint32_t shift) {
    memset(b, 0, sizeof *b);
    uint32_t at = shift / 32;
    __extension__ unsigned __int128 shifted = (unsigned __int128)value << (shift % 32);
    for (; shifted != 0; shifted >>= 32) b->word[at++] = (uint32_t)shifted;
    b->words = at;
}

SKIT_CODE static void big_multiply(big_t *b, uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < b->words; i++) {
        carry += (uint64_t)b->word[i] * factor;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) b->word[b->words++] = (uint32_t)carry;
}

SKIT_CODE static void big_multiply_ten(big_t *b, int power) {
    for (; power >= 9; power -= 9) big_multiply(b, 1000000000);
    for (; power > 0; power--) big_multiply(b, 10);
}

SKIT_CODE static int big_compare(const big_t *a, const big_t *b) {
    if (a->words != b->words) return a->words < b->words ? -1 : 1;
    for (uint32_t i = a->words; i-- > 0;)
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

/* a + b against c, without a place for the sum. */
SKIT_CODE static int big_compare_sum(const big_t *a, const big_t *b, const big_t *c) {
    int64_t above = 0; /* a + b - c over the words done, in units of the current one */
    for (uint32_t i = BIG_WORDS; i-- > 0;) {
        above = above * 4294967296 + a->word[i] + b->word[i] - c->word[i];
        if (above > 1) return 1;
        if (above < -2) return -1;
    }
    return (above > 0) - (above < 0);
}

/* a -= b, where a >= b */
SKIT_CODE static void big_subtract(big_t *a, const big_t *b) {
    int64_t borrow = 0;
    for (uint32_t i = 0; i < a->words; i++) {
        borrow += (int64_t)a->word[i] - b->word[i];
        a->word[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    while (a->words > 0 && a->word[a->words - 1] == 0) a->words--;
}

/* -- Floats as text --------------------------------------------------------------------------------------------- */

/* The shortest digits of f > 0: the value is 0.DIGITS * 10^point. Answers how many. */
SKIT_CODE static int number_shortest(double f, char *digits, int *point) {
    uint64_t bits;
    memcpy(&bits, &f, 8);
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52);
    bool uneven = mantissa == 0 && exponent > 1; /* the neighbour below is nearer than the one above */
    if (exponent == 0)
        exponent = 1;
    else
        mantissa |= UINT64_C(1) << 52;
    exponent -= 1075;
    bool even = (mantissa & 1) == 0; /* then the ends of its interval read back as f, too */

    /* f = rest / scale; above and below are half the distances to the neighbours, on the same scale. */
    big_t rest, scale, above, below;
    uint32_t up = exponent > 0 ? (uint32_t)exponent : 0;
    uint32_t down = exponent < 0 ? (uint32_t)-exponent : 0;
    big_set(&rest, mantissa, up + 1 + uneven);
    big_set(&scale, 1, down + 1 + uneven);
    big_set(&above, 1, up + uneven);
    big_set(&below, 1, up);

    int log2 = exponent + 63 - __builtin_clzll(mantissa);
    int k = (int)ceil(log2 * 0.30102999566398120 - 1e-10);
    big_multiply_ten(&scale, k);
    big_multiply_ten(&rest, -k);
    big_multiply_ten(&above, -k);
    big_multiply_ten(&below, -k);
    int high = big_compare_sum(&rest, &above, &scale);
    if (even ? high >= 0 : high > 0) {
        k++;
    } else {
        big_multiply(&rest, 10);
        big_multiply(&above, 10);
        big_multiply(&below, 10);
    }
    *point = k;
    for (int n = 0;;) {
        char digit = '0';
        while (big_compare(&rest, &scale) >= 0) {
            big_subtract(&rest, &scale);
            digit++;
        }
        int low = big_compare(&rest, &below);
        high = big_compare_sum(&rest, &above, &scale);
        bool round_down = even ? low <= 0 : low < 0;
        bool round_up = even ? high >= 0 : high > 0;
        if (round_down || round_up) {
            if (round_up && (!round_down || big_compare_sum(&rest, &rest, &scale) >= 0)) digit++;
            digits[n++] = digit;
            return n;
        }
        digits[n++] = digit;
        big_multiply(&rest, 10);
        big_multiply(&above, 10);
        big_multiply(&below, 10);
    }
}

/* Writes 0.DIGITS * 10^point without an exponent. */
SKIT_CODE static size_t number_place(const char *digits, int n, int point, char *out) {
    char *at = out;
    if (point <= 0) {
        memcpy(at, "0.", 2);
        memset(at + 2, '0', (size_t)-point);
        at += 2 - point;
    }
    for (int i = 0; i < n || i < point; i++) {
        if (i == point && i > 0) *at++ = '.';
        *at++ = i < n ? digits[i] : '0';
    }
    return (size_t)(at - out);
}

/* The fast path for f > 0: answers 0 where it does not apply. */
SKIT_CODE static size_t number_few_decimals(double f, char *out) {
    for (int k = 0; k <= 15; k++) {
        double whole = f * number_tens[k];
        if (whole >= 1e15) return 0;
        uint64_t m = (uint64_t)(whole + 0.5);
        if (m == 0 || (double)m / number_tens[k] != f) continue;
        char digits[SKIT_INT_CHARS];
        int n = (int)skit_pid_text(m, digits);
        return number_place(digits, n, n - k, out);
    }
    return 0;
}

SKIT_CODE size_t skit_float_text(double f, char *out) {
    if (f != f) {
        memcpy(out, "NaN", 3);
        return 3;
    }
    char *at = out;
    if (signbit(f)) {
        *at++ = '-';
        f = -f;
    }
    if (isinf(f)) {
        memcpy(at, "inf", 3);
        return (size_t)(at + 3 - out);
    }
    if (f == 0) {
        *at++ = '0';
        return (size_t)(at - out);
    }
    size_t n = number_few_decimals(f, at);
    if (n == 0) {
        char digits[SKIT_INT_CHARS];
        int point;
        int count = number_shortest(f, digits, &point);
        n = number_place(digits, count, point, at);
    }
    return (size_t)(at - out) + n;
}

/* -- Numbers of texts ------------------------------------------------------------------------------------------- */

/* What stands between the outer blanks. */
SKIT_CODE static void number_trimmed(const skit_string_t *s, const char **first, const char **last) {
    *first = s->bytes;
    *last = s->bytes + s->length;
    while (*first < *last && strchr(" \t\r\n", **first) != NULL && **first != 0) ++*first;
    while (*first < *last && strchr(" \t\r\n", (*last)[-1]) != NULL && (*last)[-1] != 0) --*last;
}

static inline bool number_is_digit(const char *at, const char *last) { return at < last && *at >= '0' && *at <= '9'; }

SKIT_CODE bool skit_string_to_int(const skit_string_t *s, int64_t *value) {
    const char *at, *last;
    number_trimmed(s, &at, &last);
    bool negative = at < last && *at == '-';
    at += negative;
    if (at == last) return false;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t n = 0;
    for (; at < last; at++) {
        if (!number_is_digit(at, last)) return false;
        uint64_t digit = (uint64_t)(*at - '0');
        if (n > (limit - digit) / 10) return false;
        n = n * 10 + digit;
    }
    *value = (int64_t)(negative ? 0 - n : n);
    return true;
}

/* A decimal text taken apart: mantissa * 10^exponent, exact unless more than 19 digits were dropped. */
typedef struct decimal {
    uint64_t mantissa;
    int exponent;
    bool exact;
} decimal_t;

/* Digits with an optional fraction and exponent; false for anything else. */
SKIT_CODE static bool number_decimal(const char *at, const char *last, decimal_t *d) {
    *d = (decimal_t){.exact = true};
    if (!number_is_digit(at, last)) return false;
    for (bool fraction = false; at < last; at++) {
        if (*at == '.' && !fraction && number_is_digit(at + 1, last)) {
            fraction = true;
            continue;
        }
        if (!number_is_digit(at, last)) break;
        if (d->mantissa < 1000000000000000000)
            d->mantissa = d->mantissa * 10 + (uint64_t)(*at - '0');
        else
            d->exact = false;
        d->exponent -= fraction;
    }
    if (at < last && (*at == 'e' || *at == 'E')) {
        at++;
        bool negative = at < last && *at == '-';
        at += at < last && (*at == '-' || *at == '+');
        if (!number_is_digit(at, last)) return false;
        int e = 0;
        for (; number_is_digit(at, last); at++) e = e < 100000 ? e * 10 + (*at - '0') : e;
        d->exponent += negative ? -e : e;
    }
    return at == last;
}

/* Faults here, where it ends the actor alone, if less than 8 KiB of stack are left for the C library. */
SKIT_CODE __attribute__((noinline)) static void number_probe_stack(void) {
    volatile char room[1024];
    char *low = buskin_context()->stack_limit;
    for (ptrdiff_t depth = 0; depth <= 8192; depth += 1024)
        if (low != NULL && (char *)&room - depth < low) *((volatile char *)&room - depth) = 0;
}

SKIT_CODE bool skit_string_to_float(const skit_string_t *s, double *value) {
    const char *at, *last;
    decimal_t d;
    number_trimmed(s, &at, &last);
    bool negative = at < last && *at == '-';
    at += negative;
    if (!number_decimal(at, last, &d)) return false;
    double f;
    if (d.exact && (double)d.mantissa < NUMBER_EXACT && d.exponent >= -22 && d.exponent <= 22) {
        f = (double)d.mantissa;
        f = d.exponent < 0 ? f / number_tens[-d.exponent] : f * number_tens[d.exponent];
    } else {
        size_t length = (size_t)(last - at);
        skit_string_t *copy = skit_string_new(length + 1); /* zeroed: terminated */
        memcpy(copy->bytes, at, length);
        number_probe_stack();
        f = strtod(copy->bytes, NULL);
    }
    *value = negative ? -f : f;
    return true;
}
