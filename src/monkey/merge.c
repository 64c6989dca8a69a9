/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/merge.h"

#include <string.h>

#include "monkey/auth.h"
#include "monkey/rules.h"

size_t fcgi_monkey_merge_path(char *to, const char *path, size_t length)
{
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        if (n > 0 && to[n - 1] == '/') {
            if (path[i] == '/')
                continue;
            if (path[i] == '.' && (i + 1 == length || path[i + 1] == '/'))
                continue;
        }
        to[n++] = path[i];
    }
    to[n] = '\0';
    return n;
}

bool fcgi_monkey_merge_request(const struct mk_api *api, struct mk_request *sr)
{
    struct mk_ptr *path = &sr->uri_processed;
    char *copy;
    size_t n;

    if ((memmem(path->data, path->len, "//", 2) == NULL &&
         memmem(path->data, path->len, "/.", 2) == NULL) ||
        (!fcgi_monkey_auth_guards(sr->host_conf) &&
         !fcgi_monkey_rules_guard(sr->host_conf)))
        return true;
    copy = api->mem_alloc(path->len + 1);
    if (copy == NULL)
        return false;
    n = fcgi_monkey_merge_path(copy, path->data, path->len);
    if (path->data != sr->uri.data)
        api->mem_free(path->data);
    *path = (struct mk_ptr){copy, n};
    return true;
}
