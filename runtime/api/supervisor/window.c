/* window.c - how many events lie within a span of time (S9.6, S9.7). Two events G ms apart are together exactly if G < span. The
 * ring never holds more entries than the span has milliseconds, however fast the events come. */
#include "api/supervisor/supervisor.h"

enum { WINDOW_START = 8 };

static struct window_mark *window_at(const window_t *window, uint32_t i) {
    return &window->ring[(window->first + i) & (window->capacity - 1)];
}

static void window_grow(window_t *window) {
    uint32_t capacity = window->capacity ? 2 * window->capacity : WINDOW_START;
    struct window_mark *ring = buskin_gc_alloc_actor(capacity * sizeof *ring, 8);
    for (uint32_t i = 0; i < window->count; i++) ring[i] = *window_at(window, i);
    window->ring = ring;
    window->first = 0;
    window->capacity = capacity;
}

bool window_add(window_t *window, int64_t now, int64_t span_ms, uint64_t most) {
    while (window->count && now - window_at(window, 0)->ms >= span_ms) {
        window->events -= window_at(window, 0)->events;
        window->first++;
        window->count--;
    }
    if (!window->count || window_at(window, window->count - 1)->ms != now) {
        if (window->count == window->capacity) window_grow(window);
        *window_at(window, window->count++) = (struct window_mark){.ms = now};
    }
    window_at(window, window->count - 1)->events++;
    return ++window->events > most;
}
