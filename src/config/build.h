/* SPDX-License-Identifier: Apache-2.0
 *
 * The last step of fcgi_config_parse(): the configuration as one structure.
 */
#ifndef FCGI_CONFIG_BUILD_H
#define FCGI_CONFIG_BUILD_H

#include <confuse.h>

#include "config/config.h"
#include "config/scan.h"

/*
 * Builds the configuration of a file without errors from its scan and
 * libconfuse's tree; both stay the caller's. Returns NULL if there is no
 * memory.
 */
struct fcgi_config *
fcgi_config_build(const char *file, const struct fcgi_scan *scan, cfg_t *tree);

#endif
