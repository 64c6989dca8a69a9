/* SPDX-License-Identifier: Apache-2.0
 *
 * Which paths may be handed to an application at all.
 */
#ifndef FCGI_GATEWAY_PATH_H
#define FCGI_GATEWAY_PATH_H

#include "gateway/host.h"

/*
 * Judges a decoded path. Returns 0, or the status to refuse it with: NUL, CR
 * and LF in it have no honest use, and applications cut names at them
 * (CVE-2019-11043). Any thread.
 */
int fcgi_path_check(struct fcgi_text path);

#endif
