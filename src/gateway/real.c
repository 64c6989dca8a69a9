/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/params.h"

/* Follows the links of a name that comes in two pieces; false where there is no
 * such file, or its name is too long. */
static bool follow(struct fcgi_text folder, struct fcgi_text file,
                   char out[static PATH_MAX])
{
    char name[PATH_MAX];

    return folder.length + file.length < sizeof(name) &&
           snprintf(name, sizeof(name), "%.*s%.*s", (int)folder.length,
                    folder.data, (int)file.length, file.data) > 0 &&
           realpath(name, out) != NULL;
}

static struct fcgi_text text(const char *name)
{
    return (struct fcgi_text){name, strlen(name)};
}

void fcgi_real_find(struct fcgi_real *real, struct fcgi_http_request *request,
                    struct fcgi_script *script)
{
    static const struct fcgi_text none = {"", 0};
    struct fcgi_text *root = &request->document_root;
    /* A ~user's folder is another. */
    bool below = script->folder.length == root->length &&
                 (root->length == 0 ||
                  memcmp(script->folder.data, root->data, root->length) == 0);

    if (follow(*root, none, real->root))
        *root = text(real->root);
    if (below)
        script->folder = *root;
    if (follow(script->folder, script->file, real->file)) {
        script->folder = text(real->file);
        script->file = none;
    }
}

bool fcgi_real_params(struct fcgi_buffer *out,
                      const struct fcgi_http_request *request,
                      const struct fcgi_script *script,
                      const struct fcgi_server_config *config,
                      const char *software)
{
    struct fcgi_http_request told = *request;
    struct fcgi_script found = *script;
    struct fcgi_real real;

    /* With a DocumentRoot the names are those of another machine. */
    if (config->real_path && config->document_root == NULL &&
        script->verdict != FCGI_PATH_FILE)
        fcgi_real_find(&real, &told, &found);
    return fcgi_params_build(out, &told, &found, software) == 0;
}
