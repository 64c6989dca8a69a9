/* SPDX-License-Identifier: Apache-2.0
 *
 * What one value must be, and which keys a section must have. All of it follows
 * from the table of keys; what several keys say together is in cross.h.
 */
#ifndef FCGI_CONFIG_CHECK_H
#define FCGI_CONFIG_CHECK_H

#include "config/diag.h"
#include "config/scan.h"

/* Reports what is wrong with the value of `pair`, which is terminated. */
void fcgi_config_check_value(const struct fcgi_scan_pair *pair,
                             const char *value, const char *file,
                             struct fcgi_diag_list *diags);

/* Reports required keys that are missing, keys of which one alone may be
 * given, sections without keys, and a file without a server. */
void fcgi_config_check_keys(const struct fcgi_scan *scan, const char *file,
                            struct fcgi_diag_list *diags);

#endif
