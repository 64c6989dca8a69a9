/* SPDX-License-Identifier: Apache-2.0
 *
 * Small pictures of how numbers went, as SVG that stands in a page of HTML.
 * Pure. Colours are those that the page's style gives to the classes `bars`,
 * and `line0`, `line1` and so on.
 */
#ifndef FCGI_GATEWAY_CHART_H
#define FCGI_GATEWAY_CHART_H

#include <stddef.h>

#include "gateway/buffer.h"

/* Bars of `n` numbers, the largest of which is as high as the picture. `title`
 * is for who does not see it. */
void fcgi_chart_bars(struct fcgi_buffer *out, const char *title,
                     const uint64_t *values, size_t n);

/* Lines of `n` numbers each, in one scale of logarithms; 0 is a gap. */
void fcgi_chart_lines(struct fcgi_buffer *out, const char *title,
                      const uint64_t *const *lines, size_t n_lines, size_t n);

#endif
