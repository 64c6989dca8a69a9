/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request is passed on at all. Pure: any thread.
 */
#ifndef FCGI_GATEWAY_JUDGE_H
#define FCGI_GATEWAY_JUDGE_H

#include "config/network.h"
#include "gateway/host.h"
#include "gateway/path.h"

/*
 * Puts the true client into a request (origin.h), and judges it. Returns 0, or the
 * status to refuse it with, and `*why` as static text. `script` is what
 * fcgi_path_split() found.
 */
int fcgi_judge(struct fcgi_http_request *request,
               const struct fcgi_script *script,
               const struct fcgi_networks *trusted, const char **why);

#endif
