/* SPDX-License-Identifier: Apache-2.0
 *
 * From the text of fastcgi.conf to struct fcgi_config.
 */
#ifndef FCGI_CONFIG_PARSE_H
#define FCGI_CONFIG_PARSE_H

#include <stddef.h>

#include "config/config.h"
#include "config/diag.h"

/* fcgi_config_load() for a text; `file` is its name in messages. */
struct fcgi_config *fcgi_config_parse(const char *file, const char *text,
                                      size_t len, struct fcgi_diag_list *diags);

#endif
