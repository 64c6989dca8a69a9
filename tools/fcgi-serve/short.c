/* SPDX-License-Identifier: Apache-2.0
 *
 * The short form: one document root, one FastCGI application.
 *
 * The plugin must read its configuration from a file, so one is made, in a
 * directory that nobody else may enter. It goes as soon as the plugin has read
 * it, so that not even a crash leaves it behind.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "listen.h"
#include "log.h"
#include "mem.h"
#include "mime.h"
#include "serve.h"
#include "setup.h"
#include "vhost.h"

/* For both ABIs; the plugin knows what is a script. */
#define MATCH "/.* fastcgi"

static char *directory;

static void remove_all(const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        char *path = serve_mem_printf("%s%s", directory, names[i]);

        remove(path);
        serve_mem_free(path);
    }
}

void serve_short_free(void)
{
    static const char *const names[] = {
        "/plugins/fastcgi/fastcgi.conf",
        "/plugins/fastcgi",
        "/plugins",
        "",
    };

    if (directory == NULL)
        return;
    remove_all(names, 4);
    serve_mem_free(directory);
    directory = NULL;
}

static int write_file(const char *path)
{
    const struct serve_texts *params = &serve.options->params;
    const char *front = serve.options->front_controller;
    const char *target = serve.options->target;
    const char *key = target[0] == '/' ? "ServerPath" : "ServerAddr";
    FILE *out = fopen(path, "wxe");
    int failed;

    if (out == NULL)
        return -1;
    fprintf(out,
            "[FASTCGI_SERVER]\n    ServerName default\n    %s %s\n"
            "    Extensions %s\n",
            key, target, serve.options->extensions);
    if (front != NULL)
        fprintf(out, "    FrontController %s\n", front);
    /* What is no php-fpm of ours may see other files, or need none. */
    if (serve.options->app != NULL || serve.options->is_target)
        fputs("    CheckScript Off\n", out);
    for (size_t i = 0; i < params->count; i++) {
        const char *param = params->items[i];
        int name = (int)strcspn(param, "=");

        fprintf(out, "    Param %.*s %s\n", name, param, param + name + 1);
    }
    failed = ferror(out);
    return fclose(out) != 0 || failed ? -1 : 0;
}

static int write_tree(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path;
    int r = -1;

    directory = serve_mem_printf("%s/fcgi-serve-XXXXXX",
                                 tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    if (mkdtemp(directory) == NULL) {
        serve_err("%s: cannot be made: %s", directory, strerror(errno));
        serve_mem_free(directory);
        directory = NULL;
        return -1;
    }
    path = serve_mem_printf("%s/plugins/fastcgi/fastcgi.conf", directory);
    for (int cut = (int)strlen(directory); path[cut] == '/';) {
        char *slash = strchr(path + cut + 1, '/');

        if (slash == NULL)
            break;
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
        cut = (int)(slash - path);
    }
    r = write_file(path);
    if (r < 0)
        serve_err("%s: cannot be written: %s", path, strerror(errno));
    serve_mem_free(path);
    return r;
}

static void set_config(const char *docroot)
{
    struct mk_config *c = &serve.config;

    c->serverconf = serve_mem_dup(directory);
#if MK_ABI == 16
    c->path_config = serve_mem_dup(directory);
#endif
    c->keep_alive = 1;
    c->resume = 1;
    c->symlink = 1;
    c->max_keep_alive_request = 1000;
    c->max_request_size = 10240;
    c->default_mimetype = serve_mem_dup("text/plain\r\n");
    c->index_files = serve_conf_split("index.php index.html");
    serve_listen_add_parts(serve.options->address, "2001");
    serve_vhost_add(docroot, MATCH);
}

int serve_setup_short(void)
{
    const char *docroot = serve.options->docroot;
    char real[PATH_MAX];
    struct stat st;

    if (realpath(docroot, real) == NULL || stat(real, &st) != 0) {
        serve_err("%s: %s", docroot, strerror(errno));
        return -1;
    }
    if (!S_ISDIR(st.st_mode)) {
        serve_err("%s: is not a directory", docroot);
        return -1;
    }
    if (write_tree() < 0)
        return -1;
    set_config(real);
    return serve_mime_read(NULL);
}
