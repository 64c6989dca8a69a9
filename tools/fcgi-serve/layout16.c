/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts of Monkey 1.6, and how the Monkeys that have them behave
 * otherwise: B is 1.6.9.
 */
#include "layout.h"

const struct serve_layout serve_layouts[] = {
    {
        .name = "B",
        .has_liana = true,
        .version = "1.6.9",
        SERVE_LAYOUT_SINCE_167(mk_conn_b),
    },
    {
        .name = "A",
        .has_liana = true,
        .version = "1.6.6",
        .status_is_exact = true,
        SERVE_LAYOUT(mk_conn_a, mk_channel_a),
    },
    {
        .name = "1.6.5",
        .has_liana = true,
        .version = "1.6.5",
        .status_is_exact = true,
        .handler_times_out = true,
        SERVE_LAYOUT(mk_conn_a, mk_channel_a),
    },
    {
        .name = "unknown",
        .has_liana = true,
        .version = "1.6.10",
        SERVE_LAYOUT_SINCE_167(serve_conn_unknown),
    },
    {.name = NULL},
};
