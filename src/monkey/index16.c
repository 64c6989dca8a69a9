/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files, and the rules of a virtual host.
 */
#include "monkey/index16.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool mk16_index_is_ours(const void *arg, const char *path, size_t length)
{
    const struct mk16_host *vhost = arg;
    const struct mk16_list *node;

    for (node = vhost->handlers.next; node != &vhost->handlers;
         node = node->next) {
        const struct mk16_host_handler *rule =
            MK16_ENTRY(node, const struct mk16_host_handler, head);
        regmatch_t span = {.rm_so = 0, .rm_eo = (regoff_t)length};
        regex_t regex;

        /* The core has compiled it, with the same library. */
        _Static_assert(sizeof(regex) == sizeof(rule->match), "regex_t");
        memcpy(&regex, rule->match, sizeof(regex));
        if (rule->name != NULL && strcmp(rule->name, "fastcgi") == 0 &&
            regexec(&regex, path, 1, &span, REG_STARTEND) == 0)
            return true;
    }
    return false;
}

/* Replaces a text of the core's by itself with more behind it; the core frees
 * the new one. False where memory is short. */
static bool append(const struct mk16_api *api, struct mk16_ptr *text,
                   const char *own, const struct mk16_string_line *more)
{
    size_t length = text->len + (size_t)more->len;
    char *copy = api->mem_alloc(length + 1);

    if (copy == NULL)
        return false;
    memcpy(copy, text->data, text->len);
    memcpy(copy + text->len, more->val, (size_t)more->len);
    copy[length] = '\0';
    if (text->data != own)
        api->mem_free(text->data);
    text->data = copy;
    text->len = length;
    return true;
}

/* Whether the index file is there; of a ~user's folder the core knows the
 * name already. */
static bool is_index(const struct mk16_request *sr,
                     const struct mk16_string_line *index)
{
    const struct mk16_ptr *root =
        sr->user_home ? &sr->real_path : &sr->host_conf->documentroot;
    int uri = sr->user_home ? 0 : (int)sr->uri_processed.len;
    char name[PATH_MAX];
    struct stat st;
    int n =
        snprintf(name, sizeof(name), "%.*s%.*s%.*s", (int)root->len, root->data,
                 uri, sr->uri_processed.data, index->len, index->val);

    return n > 0 && n < (int)sizeof(name) && stat(name, &st) == 0 &&
           S_ISREG(st.st_mode);
}

void mk16_index_find(const struct mk16_api *api, struct mk16_request *sr)
{
    const struct mk16_list *names = api->config->index_files, *node;
    const struct mk16_ptr *uri = &sr->uri_processed;
    char path[PATH_MAX];
    int n;

    if (names == NULL || uri->len == 0 || uri->data[uri->len - 1] != '/')
        return;
    for (node = names->next; node != names; node = node->next) {
        const struct mk16_string_line *index =
            MK16_ENTRY(node, const struct mk16_string_line, head);

        if (!is_index(sr, index))
            continue;
        n = snprintf(path, sizeof(path), "%.*s%.*s", (int)uri->len, uri->data,
                     index->len, index->val);
        if (n < (int)sizeof(path) &&
            mk16_index_is_ours(sr->host_conf, path, (size_t)n) &&
            append(api, &sr->uri_processed, sr->uri.data, index) &&
            sr->user_home)
            append(api, &sr->real_path, sr->real_path_static, index);
        break;
    }
}
