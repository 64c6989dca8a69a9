/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/chart.h"

#include <stdarg.h>
#include <stdio.h>

#define STEP 5U /* of one number */
#define HEIGHT 60U
#define MARGIN 3U /* above and below a line */

__attribute__((format(printf, 2, 3))) static void add(struct fcgi_buffer *out,
                                                      const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fcgi_buffer_add_text(out, text);
}

static void begin(struct fcgi_buffer *out, const char *title, size_t n)
{
    size_t width = n * STEP;

    add(out,
        "<svg viewBox=\"0 0 %zu %u\" preserveAspectRatio=\"none\" role=\"img\" "
        "aria-label=\"%s\"><path class=\"ground\" d=\"M0 %uH%zu\"/>",
        width, HEIGHT, title, HEIGHT, width);
}

void fcgi_chart_bars(struct fcgi_buffer *out, const char *title,
                     const uint64_t *values, size_t n)
{
    uint64_t most = 0;

    for (size_t i = 0; i < n; i++)
        most = values[i] > most ? values[i] : most;
    begin(out, title, n);
    fcgi_buffer_add_text(out, "<path class=\"bars\" d=\"");
    for (size_t i = 0; i < n; i++)
        if (values[i] > 0) /* the least is seen, too */
            add(out, "M%zu %uv-%uh%uV%uz", i * STEP, HEIGHT,
                1 + (unsigned)(values[i] * (HEIGHT - 1) / most), STEP - 1,
                HEIGHT);
    fcgi_buffer_add_text(out, "\"/></svg>");
}

/* Quarters of a power of two, which is near enough for a picture. */
static unsigned logarithm(uint64_t value)
{
    unsigned bit;

    if (value < 4)
        return (unsigned)value;
    bit = 63 - (unsigned)__builtin_clzll(value);
    return bit * 4 - 4 + (unsigned)(value >> (bit - 2) & 3);
}

struct scale {
    unsigned least, most;
};

static struct scale scale_of(const uint64_t *const *lines, size_t n_lines,
                             size_t n)
{
    struct scale scale = {UINT32_MAX, 0};

    for (size_t line = 0; line < n_lines; line++) {
        for (size_t i = 0; i < n; i++) {
            unsigned value = logarithm(lines[line][i]);

            if (value > 0 && value < scale.least)
                scale.least = value;
            if (value > scale.most)
                scale.most = value;
        }
    }
    /* A line that hardly moves does not look as if it did. */
    if (scale.most < scale.least + 8)
        scale.most = scale.least + 8;
    return scale;
}

static void add_line(struct fcgi_buffer *out, const uint64_t *values, size_t n,
                     const struct scale *scale)
{
    unsigned high = scale->most - scale->least;
    char command = 'M';

    for (size_t i = 0; i < n; i++) {
        unsigned above = logarithm(values[i]) - scale->least;

        if (values[i] == 0) {
            command = 'M';
            continue;
        }
        /* One that stands alone is a line, too. */
        add(out, "%c%zu %uh%u", command, i * STEP,
            HEIGHT - MARGIN - above * (HEIGHT - 2 * MARGIN) / high, STEP);
        command = 'L';
    }
}

void fcgi_chart_lines(struct fcgi_buffer *out, const char *title,
                      const uint64_t *const *lines, size_t n_lines, size_t n)
{
    const struct scale scale = scale_of(lines, n_lines, n);

    begin(out, title, n);
    for (size_t line = 0; line < n_lines; line++) {
        add(out, "<path class=\"line line%zu\" d=\"", line);
        add_line(out, lines[line], n, &scale);
        fcgi_buffer_add_text(out, "\"/>");
    }
    fcgi_buffer_add_text(out, "</svg>");
}
