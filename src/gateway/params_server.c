/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server's keys make of a request's variables. It works on the encoded
 * pairs, so that a request can go to a server with other keys when the first
 * cannot be reached, long after its fields are gone.
 */
#include <string.h>

#include "gateway/params.h"
#include "proto/record.h"

bool fcgi_params_are_plain(const struct fcgi_server_config *config)
{
    return config->document_root == NULL && config->params.count == 0 &&
           config->hidden_params.count == 0 && config->pass_authorization;
}

/* The next pair of a block that we have made ourselves; false at its end. */
static bool next(const struct fcgi_buffer *params, size_t *at,
                 struct fcgi_text *name, struct fcgi_text *value)
{
    struct fcgi_pair pair;
    const char *text;
    size_t used =
        fcgi_pair_decode(params->data + *at, params->length - *at, &pair);

    if (used == 0)
        return false;
    text = (const char *)params->data + *at + used;
    *name = (struct fcgi_text){text, pair.name_length};
    *value = (struct fcgi_text){text + pair.name_length, pair.value_length};
    *at += used + pair.name_length + (size_t)pair.value_length;
    return true;
}

static bool is(struct fcgi_text name, const char *other)
{
    return strlen(other) == name.length &&
           memcmp(name.data, other, name.length) == 0;
}

struct fcgi_text fcgi_params_find(const struct fcgi_buffer *params,
                                  const char *name)
{
    struct fcgi_text found, value;
    size_t at = 0;

    while (at < params->length && next(params, &at, &found, &value))
        if (is(found, name))
            return value;
    return (struct fcgi_text){NULL, 0};
}

/* A pair whose value comes in two pieces. */
static void add(struct fcgi_buffer *out, struct fcgi_text name,
                struct fcgi_text first, struct fcgi_text second)
{
    struct fcgi_pair pair;
    uint8_t lengths[8];
    size_t used;

    pair.name_length = (uint32_t)name.length;
    pair.value_length = (uint32_t)(first.length + second.length);
    used = fcgi_pair_encode(lengths, sizeof(lengths), &pair);
    out->failed = out->failed || used == 0 ||
                  first.length + second.length > FCGI_MAX_PAIR;
    fcgi_buffer_add(out, lengths, used);
    fcgi_buffer_add(out, name.data, name.length);
    fcgi_buffer_add(out, first.data, first.length);
    fcgi_buffer_add(out, second.data, second.length);
}

static bool is_hidden(const struct fcgi_server_config *config,
                      struct fcgi_text name)
{
    if (!config->pass_authorization && is(name, "HTTP_AUTHORIZATION"))
        return true;
    for (size_t i = 0; i < config->hidden_params.count; i++)
        if (is(name, config->hidden_params.items[i]))
            return true;
    for (size_t i = 0; i < config->params.count; i++)
        if (is(name, config->params.items[i].name))
            return true; /* it is set to something else */
    return false;
}

/* Which variable stands behind the document root in one that names a file;
 * NULL where the variable has no document root in it. */
static const char *below_root(struct fcgi_text name)
{
    if (is(name, "SCRIPT_FILENAME"))
        return "SCRIPT_NAME";
    if (is(name, "PATH_TRANSLATED"))
        return "PATH_INFO";
    return is(name, "DOCUMENT_ROOT") ? "" : NULL;
}

/* The last of several Params of one name holds: the server's own stand behind
 * those for all. */
static bool is_last(const struct fcgi_pairs *params, size_t i)
{
    for (size_t j = i + 1; j < params->count; j++)
        if (strcmp(params->items[i].name, params->items[j].name) == 0)
            return false;
    return true;
}

static void add_params(struct fcgi_buffer *out, const struct fcgi_pairs *params)
{
    const struct fcgi_text none = {NULL, 0};

    for (size_t i = 0; i < params->count; i++) {
        const char *name = params->items[i].name;
        const char *value = params->items[i].value;

        if (is_last(params, i))
            add(out, (struct fcgi_text){name, strlen(name)},
                (struct fcgi_text){value, strlen(value)}, none);
    }
}

/* Whether a variable is the document root with `tail` behind it: a file of a
 * ~user's is elsewhere, and keeps its name. */
static bool is_below_root(const struct fcgi_buffer *plain,
                          struct fcgi_text value, struct fcgi_text tail)
{
    struct fcgi_text root = fcgi_params_find(plain, "DOCUMENT_ROOT");

    return root.length > 0 && value.length == root.length + tail.length &&
           memcmp(value.data, root.data, root.length) == 0 &&
           (tail.length == 0 ||
            memcmp(value.data + root.length, tail.data, tail.length) == 0);
}

int fcgi_params_adapt(struct fcgi_buffer *out, const struct fcgi_buffer *plain,
                      const struct fcgi_server_config *config)
{
    const struct fcgi_text none = {NULL, 0};
    struct fcgi_text root = none, name, value;
    size_t at = 0;

    if (config->document_root != NULL) {
        root.data = config->document_root;
        root.length = strlen(root.data);
        while (root.length > 0 && root.data[root.length - 1] == '/')
            root.length--;
    }
    while (at < plain->length && next(plain, &at, &name, &value)) {
        const char *behind = root.data != NULL ? below_root(name) : NULL;
        struct fcgi_text tail = none;

        if (is_hidden(config, name))
            continue;
        if (behind != NULL)
            tail = fcgi_params_find(plain, behind);
        if (behind != NULL && is_below_root(plain, value, tail))
            add(out, name, root, tail);
        else
            add(out, name, value, none);
    }
    add_params(out, &config->params);
    return out->failed ? -1 : 0;
}
