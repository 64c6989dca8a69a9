/* SPDX-License-Identifier: Apache-2.0
 *
 * The last step of fcgi_config_parse(): what was read, as one structure.
 */
#ifndef FCGI_CONFIG_BUILD_H
#define FCGI_CONFIG_BUILD_H

#include <confuse.h>

#include "config/config.h"
#include "config/scan.h"

/*
 * The configuration of a file in which nothing is wrong, from its scan and the
 * tree that libconfuse made of it; both stay the caller's. NULL where memory
 * is short.
 */
struct fcgi_config *
fcgi_config_build(const char *file, const struct fcgi_scan *scan, cfg_t *tree);

#endif
