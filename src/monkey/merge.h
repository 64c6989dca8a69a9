/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths without empty and `.` segments. What guards a folder compares paths as
 * they are, while the file system finds the same file by `//admin/x.php`.
 */
#ifndef FCGI_MONKEY_MERGE_H
#define FCGI_MONKEY_MERGE_H

#include <stdbool.h>

#include "monkey/abi.h"

#define fcgi_monkey_merge_path FCGI_MONKEY_NAME(merge_path)
#define fcgi_monkey_merge_request FCGI_MONKEY_NAME(merge_request)

/* Copies a path without such segments, and a NUL behind it; `to` may be `path`.
 * Returns its length. */
size_t fcgi_monkey_merge_path(char *to, const char *path, size_t length);

/*
 * In stage 20, where Monkey's auth plugin or a rule's authorizer guards folders
 * of the virtual host: takes them out of the path of a request. False where
 * memory is short: the request must not go on.
 */
bool fcgi_monkey_merge_request(const struct mk_api *api, struct mk_request *sr);

#endif
