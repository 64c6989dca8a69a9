/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the tree. All mistakes of one are reported, not the first alone, and
 * those at which Monkey does not stop, too.
 */
#include "conf.h"

#include <stdlib.h>

#include "config/file.h"
#include "list.h"
#include "log.h"
#include "mem.h"

/* The texts of a file and of those that it includes. */
struct texts {
    struct fcgi_diag_list *diags;
    char **items;
    size_t count;
};

static const char *load(void *data, const char *path, size_t *length)
{
    struct texts *texts = data;
    char *text;

    if (fcgi_config_read_file(path, &text, length, texts->diags) < 0)
        return NULL;
    texts->items = serve_mem_realloc(texts->items, (texts->count + 1) *
                                                       sizeof(*texts->items));
    texts->items[texts->count++] = text;
    return text;
}

static void report(const struct fcgi_diag_list *diags)
{
    for (size_t i = 0; i < diags->count; i++) {
        char line[1024];

        fcgi_diag_format(&diags->items[i], line, sizeof(line));
        if (diags->items[i].severity != FCGI_DIAG_WARNING)
            serve_err("%s", line);
    }
}

bool serve_conf_read(struct fcgi_tree *tree, const char *file)
{
    struct fcgi_diag_list diags = {0};
    struct texts texts = {.diags = &diags};
    size_t length;
    const char *text = load(&texts, file, &length);
    bool good = text != NULL;

    *tree = (struct fcgi_tree){0};
    if (good)
        good = fcgi_monkeyconf_read(tree, MK_ABI == 18, file, text, length,
                                    &diags, load, &texts);
    report(&diags);
    fcgi_diag_list_free(&diags);
    for (size_t i = 0; i < texts.count; i++)
        free(texts.items[i]);
    serve_mem_free(texts.items);
    return good;
}

struct mk_list *serve_conf_split(const char *line)
{
    struct mk_list *list = serve_mem_alloc(sizeof(*list));
    struct fcgi_monkeyconf_word part;

    serve_list_init(list);
    while (part = fcgi_monkeyconf_word(&line), part.length > 0) {
        struct mk_string_line *word = serve_mem_alloc_z(sizeof(*word));

        word->val = serve_mem_cut(part.at, part.length);
        word->len = (int)part.length;
        serve_list_add(&word->head, list);
    }
    return list;
}

void serve_conf_split_free(struct mk_list *list)
{
    if (list == NULL)
        return;
    for (SERVE_EACH(struct mk_string_line, word, head, list)) {
        serve_mem_free(word->val);
        serve_mem_free(word);
    }
    serve_mem_free(list);
}
