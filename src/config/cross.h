/* SPDX-License-Identifier: Apache-2.0
 *
 * What several keys say together: contradictions, and keys without effect.
 */
#ifndef FCGI_CONFIG_CROSS_H
#define FCGI_CONFIG_CROSS_H

#include "config/config.h"
#include "config/diag.h"
#include "config/scan.h"

/* For a file whose values are all right: `config` was built from `scan`. */
void fcgi_config_check_cross(const struct fcgi_scan *scan,
                             const struct fcgi_config *config,
                             struct fcgi_diag_list *diags);

#endif
