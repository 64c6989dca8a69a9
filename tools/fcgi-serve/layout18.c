/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts of Monkey 1.8: 1.8.9, and two that a plugin had better refuse.
 * "1.8.8" says by its plugin `liana` what it is.
 */
#include "layout.h"

const struct serve_layout serve_layouts[] = {
    {
        .name = "1.8.9",
        .version = "1.8.9",
        SERVE_LAYOUT_SINCE_167(mk_conn),
    },
    {
        .name = "1.8.8",
        .has_liana = true,
        .version = "1.8.8",
        SERVE_LAYOUT_SINCE_167(mk_conn),
    },
    {
        .name = "unknown",
        .version = "1.8.10",
        SERVE_LAYOUT_SINCE_167(serve_conn_unknown),
    },
    {.name = NULL},
};
