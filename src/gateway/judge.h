/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a request is passed on at all. Pure: any thread.
 */
#ifndef FCGI_GATEWAY_JUDGE_H
#define FCGI_GATEWAY_JUDGE_H

#include "gateway/host.h"
#include "gateway/path.h"

/* Why a request is not passed on: 0, or the status to refuse it with, and `*why`
 * as static text; that of fcgi_origin_find() is in it before, or NULL. `script` is
 * what fcgi_path_split() found. */
int fcgi_judge(const struct fcgi_http_request *request,
               const struct fcgi_script *script, const char **why);

#endif
